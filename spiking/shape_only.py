"""Arrays that have a shape and no values: the weights of a network captured from shapes alone. They take no memory."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NoReturn, TypeGuard, cast

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidNetwork

Array = NDArray[Any]
FLOAT32 = np.dtype(np.float32)


@dataclass(frozen=True)
class ShapeOnly:
    """The shape and type of an array without values, in its place in a node; views of it are ShapeOnly too.

    Reading values, as NumPy's functions do, raises InvalidNetwork.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any] = FLOAT32

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(self._view.size)

    @property
    def T(self) -> ShapeOnly:
        """The array with its axes in reverse order."""
        return ShapeOnly(self.shape[::-1], self.dtype)

    def reshape(self, *shape: Any) -> ShapeOnly:
        """Return the array with another shape of as many entries; one axis may be −1."""
        return ShapeOnly(self._view.reshape(*shape).shape, self.dtype)

    def __getitem__(self, index: Any) -> ShapeOnly:
        return ShapeOnly(self._view[index].shape, self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise InvalidNetwork(
            f"an array {self.shape} has no values to read: its network was captured from shapes alone; "
            "it can be costed, not run"
        )

    @property
    def _view(self) -> Array:
        return np.broadcast_to(np.zeros((), self.dtype), self.shape)


def missing(shape: tuple[int, ...]) -> Array:
    """Return a `ShapeOnly` of 32-bit numbers in the place of an array."""
    return cast(Array, ShapeOnly(tuple(shape)))


def is_missing(value: object) -> TypeGuard[Array]:
    """Return whether an array has a shape and no values; a NaN that someone computed is a fault, not a hole."""
    return isinstance(value, ShapeOnly)


def incomplete(value: object) -> bool:
    """Return whether a node, or anything else it holds, has an array without values."""
    match value:
        case ShapeOnly():
            return True
        case tuple():
            return any(map(incomplete, value))
        case _ if is_dataclass(value):
            return any(incomplete(getattr(value, field.name)) for field in fields(value))
    return False
