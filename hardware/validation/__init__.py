"""Figures measured on silicon, and what the shipped numbers say of them."""

from .across_devices import batch_one, batches, products, scaled_up
from .cpus import processors
from .gpus import benchmark, large_batches, latency, microcircuit, power, recurrent, tokens
from .neuromorphic_chips import odin, pilotnet, truenorth
from .row import Group, Row

GROUPS = (
    *(batch_one, batches, scaled_up, latency, benchmark, power, recurrent, products),
    *(tokens, processors, large_batches, pilotnet, microcircuit, truenorth, odin),
)

__all__ = ["GROUPS", "Group", "Row"]
