"""The table of backends; an engine is imported when it is first used."""

from __future__ import annotations

from importlib import import_module

from ..errors import InvalidInput
from .base import Backend, BatchResult, Plan, Runner

TABLE: dict[str, tuple[str, str, str]] = {  # name -> module, class, what it is
    "reference": (".reference", "Reference", "NumPy, float64: the definition of every node"),
    "norse": (".norse", "Norse", "PyTorch with Norse cells; CPU or GPU, batched"),
    "brian2": (".brian2", "Brian2", "physically unrolled: every use of a weight is one synapse"),
}


def backend(name: str) -> Backend:
    """Return a backend by name; raises InvalidInput with the names there are."""
    if not isinstance(name, str) or name not in TABLE:
        raise InvalidInput(f"there is no backend '{name}'; there are: {', '.join(TABLE)}")
    module, cls, _ = TABLE[name]
    made = getattr(import_module(module, __name__), cls)()
    assert isinstance(made, Backend)
    return made


__all__ = ["TABLE", "Backend", "BatchResult", "Plan", "Runner", "backend"]
