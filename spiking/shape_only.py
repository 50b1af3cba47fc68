"""Arrays that have a shape and no values: the weights of a network captured from shapes alone. They take no memory."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_NOTHING = np.full((), np.nan, np.float32)
_NOTHING.flags.writeable = False


def missing(shape: tuple[int, ...]) -> Array:
    """Return an array of a shape without values: one NaN, seen `shape` times."""
    return np.broadcast_to(_NOTHING, shape)


def is_missing(value: object) -> TypeGuard[Array]:
    """Return whether an array is a `missing` one, or a view of one; a NaN that came about otherwise is a fault."""
    while isinstance(value, np.ndarray):
        if value is _NOTHING:
            return True
        value = value.base
    return False


def incomplete(value: object) -> bool:
    """Return whether a node, or anything else it holds, has an array without values."""
    match value:
        case np.ndarray():
            return is_missing(value)
        case tuple():
            return any(map(incomplete, value))
        case _ if is_dataclass(value):
            return any(incomplete(getattr(value, one.name)) for one in fields(value))
    return False
