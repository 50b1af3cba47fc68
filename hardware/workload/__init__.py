"""What is counted: the trace of a network, of an outline, of shapes; assumed activity; the zoo."""
