"""The numbers of a machine: parameters with bands and sources, the files that hold them, and their schema."""
