"""Figures measured on silicon, and what the shipped numbers say of them."""

from .events import microcircuit, odin, pilotnet, truenorth
from .graphics import benchmark, large_batches, latency, power
from .keywords import batch_one, batches, scaled_up
from .row import Group, Row
from .vectors import processors, products, recurrent, tokens

GROUPS = (
    *(batch_one, batches, scaled_up, latency, benchmark, power, recurrent, products),
    *(tokens, processors, large_batches, pilotnet, microcircuit, truenorth, odin),
)

__all__ = ["GROUPS", "Group", "Row"]
