"""What a spiking network costs in time, energy and synapses, on brains, neuromorphic chips and von Neumann machines."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .assume import assumed
from .compare import Comparison, compare
from .estimate import estimate, trace
from .platform import Platform, load_platform, platforms, references
from .quantity import Quantity
from .report import CostReport
from .trace import Trace
from .verdict import Verdict, break_even

if TYPE_CHECKING:
    from .front import Front, lanes
    from .shapes import Shapes
    from .tools import Peers, peers
    from .validation import Validation, validate
    from .zoo import net, nets

LATER = {"Front": "front", "lanes": "front", "Shapes": "shapes", "Peers": "tools", "peers": "tools"}
LATER |= {"Validation": "validation", "validate": "validation", "net": "zoo", "nets": "zoo"}

__all__ = [
    "Comparison",
    "CostReport",
    "Front",
    "Peers",
    "Platform",
    "Quantity",
    "Shapes",
    "Trace",
    "Validation",
    "Verdict",
    "assumed",
    "break_even",
    "compare",
    "estimate",
    "lanes",
    "load_platform",
    "net",
    "nets",
    "peers",
    "platforms",
    "references",
    "trace",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Load what few need when it is first asked for."""
    if name not in LATER:
        raise AttributeError(f"module 'hardware' has no attribute '{name}'")
    return getattr(import_module(f".{LATER[name]}", __name__), name)
