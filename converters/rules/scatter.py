"""Writing into a part of a value: what was there beside what is written, each place taken from one of them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..builder import Builder, Reject, Stream
from .registry import rule
from .shape import cat, gathered


@rule("slice_scatter.default")
def slice_scatter(
    b: Builder, x: Any, source: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Stream:
    """Gather from both: entries start, start + step, … of an axis are replaced."""
    at = dim % len(x.shape)
    written = np.arange(x.shape[at])[slice(start, end, step)]
    if not len(written):
        return x  # type: ignore[no-any-return]  # nothing is written
    places = np.arange(x.shape[at])
    places[written] = x.shape[at] + np.arange(len(written))
    shape = (*x.shape[:at], len(written), *x.shape[at + 1 :])
    return gathered(b, cat(b, [x, _spread(b, source, shape)], at), at, places)


@rule("select_scatter.default")
def select_scatter(b: Builder, x: Any, source: Any, dim: int, index: int) -> Stream:
    """Gather from both: one entry of an axis is replaced."""
    at = dim % len(x.shape)
    shape = (*x.shape[:at], 1, *x.shape[at + 1 :])
    rows = source.reshape(shape) if isinstance(source, Tensor) else b.reshape(source, shape)
    index %= x.shape[at]
    return slice_scatter(b, x, rows, at, index, index + 1)


@rule("copy.default")
def copy(b: Builder, x: Any, source: Any, non_blocking: bool = False) -> Any:
    """Nothing: the value that is written, in the shape it is written to."""
    return _spread(b, source, tuple(x.shape))


@rule("fill.Tensor", "fill.Scalar", "zero.default")
def fill(b: Builder, x: Stream, value: Any = 0.0) -> Tensor:
    """Nothing: a constant."""
    if isinstance(value, Stream):
        raise Reject("fills with a value that depends on the input")
    return torch.full(x.shape, float(value), device=b.device)


def _spread(b: Builder, source: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(source, Tensor):
        return source.float().expand(shape)
    return source if prod(source.shape) == prod(shape) and source.shape == shape else b.expand(source, shape)
