"""Figures measured on silicon, and what the shipped numbers say of them."""

from .gpus import benchmark, large_batches, latency, power
from .kernels import processors, products, recurrent, tokens
from .keyword_spotter import batch_one, batches, scaled_up
from .neuromorphic_chips import microcircuit, odin, pilotnet, truenorth
from .row import Group, Row

GROUPS = (
    *(batch_one, batches, scaled_up, latency, benchmark, power, recurrent, products),
    *(tokens, processors, large_batches, pilotnet, microcircuit, truenorth, odin),
)

__all__ = ["GROUPS", "Group", "Row"]
