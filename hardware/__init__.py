"""What a spiking network costs in time, energy and synapses, on brains, neuromorphic chips and von Neumann machines."""

from .assume import assumed
from .compare import Comparison, compare
from .estimate import estimate
from .platform import Platform, load_platform, platforms
from .quantity import Quantity
from .report import CostReport

__all__ = [
    "Comparison",
    "CostReport",
    "Platform",
    "Quantity",
    "assumed",
    "compare",
    "estimate",
    "load_platform",
    "platforms",
]
