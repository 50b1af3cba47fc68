"""What a spiking network costs in time, energy and synapses, on brains, neuromorphic chips and von Neumann machines."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .analysis.verdict import break_even
from .api import Comparison, CostReport, Front, Peers, Verdict, compare, estimate, lanes, peers, trace
from .platform.loading import Platform, load_platform, platforms, references
from .quantity import Quantity
from .workload.assumed_activity import assumed
from .workload.trace import Trace

if TYPE_CHECKING:
    from .validation.results import Validation, validate
    from .workload.shapes import Shapes
    from .workload.zoo import net, nets

LATER = {
    **dict.fromkeys(("Validation", "validate"), "validation.results"),
    **dict.fromkeys(("net", "nets"), "workload.zoo"),
    "Shapes": "workload.shapes",
}

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
