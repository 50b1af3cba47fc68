"""The table of conversion methods, one file each."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from spiking import InvalidInput

from .base import Method
from .rate import RateCoding
from .sigma_delta import SigmaDelta

METHODS: dict[str, type[Method]] = {"sigma-delta": SigmaDelta, "rate": RateCoding}

__all__ = ["METHODS", "Method", "RateCoding", "SigmaDelta", "method_named"]


def method_named(name: Any, parameters: dict[str, Any]) -> Method:
    """Return a method with its parameters; raises InvalidInput for names that there are not."""
    if not isinstance(name, str) or name not in METHODS:
        raise InvalidInput(f"there is no method '{name}'; there are: {', '.join(METHODS)}")
    known = [field.name for field in fields(METHODS[name])]
    if not set(parameters) <= set(known):
        raise InvalidInput(f"method '{name}' takes {', '.join(known)}; given: {', '.join(parameters)}")
    return METHODS[name](**parameters)
