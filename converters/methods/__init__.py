"""The table of conversion methods, one file each."""

from __future__ import annotations

from .base import Method
from .rate import RateCoding
from .sigma_delta import SigmaDelta

METHODS: dict[str, type[Method]] = {"sigma-delta": SigmaDelta, "rate": RateCoding}

__all__ = ["METHODS", "Method", "RateCoding", "SigmaDelta"]
