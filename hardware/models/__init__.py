"""From counts and parameters to a cost: a cost function for each kind of machine."""
