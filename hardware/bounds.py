"""Checks of numbers, counts and curves, and how an error shows a value that fails them."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np

LARGEST, SMALLEST = 1e30, 1e-30  # products and quotients of several of them still fit a float


def number(value: object) -> bool:
    """Whether it is 0 or a finite number between the bounds; a bool is not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value == 0 or SMALLEST <= abs(value) <= LARGEST


def whole(value: object, least: int = 0) -> bool:
    """Whether it is a whole number from `least` up to the bound; a bool is not."""
    return isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= LARGEST


def curve_fault(curve: object, ticks: int) -> str:
    """Return what is wrong with events or spikes, (ticks,), as an error goes on; "" if nothing is."""
    try:
        found = np.asarray(curve)
    except ValueError:
        return "are not an array of numbers"
    if found.dtype.kind not in "iuf":
        return f"are not numbers but {found.dtype}"
    if found.shape != (ticks,):
        return f"must have shape ({said(ticks)},), not {found.shape}"
    if not np.all(np.isfinite(found)) or np.any(found < 0):
        return "are NaN, infinite or negative"
    return f"are above {LARGEST:g}" if float(found.max(initial=0)) > LARGEST else ""


def complaint(head: str, faults: Sequence[str]) -> str:
    """Return the text of an error: a single fault as it is, several as lines below the head."""
    return faults[0] if len(faults) == 1 else "\n  ".join([head, *faults])


def said(value: object) -> str:
    """Return a value as an error shows it: cut short; a number of thousands of digits cannot be written at all."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of too many digits"
    return text if len(text) <= 80 else f"{text[:77]}..."
