"""Selections: constant indices, splits, stacks, repeats."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from torch import Tensor
from torch import bool as bool_type

from ..builder import Builder, Reject, Stream, replaced
from .registry import rule
from .shape import cat, gathered, permute, select, slice_, unsqueeze


@rule("split.Tensor")
def split(b: Builder, x: Stream, size: int, dim: int = 0) -> list[Stream]:
    """Slices of equal size along one axis."""
    total = x.shape[dim]
    return [slice_(b, x, dim, k, min(k + size, total)) for k in range(0, total, size)]


@rule("split_with_sizes.default", "split.sizes")
def split_with_sizes(b: Builder, x: Stream, sizes: Any, dim: int = 0) -> list[Stream]:
    """Slices of given sizes along one axis."""
    stops = np.cumsum(sizes)
    return [slice_(b, x, dim, int(stop - size), int(stop)) for size, stop in zip(sizes, stops, strict=True)]


@rule("chunk.default", "tensor_split.sections")
def chunk(b: Builder, x: Stream, chunks: int, dim: int = 0) -> list[Stream]:
    """Slices of equal size, their number given."""
    return split(b, x, -(-x.shape[dim] // chunks), dim)


@rule("unbind.int")
def unbind(b: Builder, x: Stream, dim: int = 0) -> list[Stream]:
    """Slices: every entry of an axis, which goes away."""
    return [select(b, x, dim, k) for k in range(x.shape[dim])]


@rule("getitem")
def getitem(b: Builder, values: Any, index: int) -> Any:
    """One of several results."""
    if isinstance(values, Stream):  # a rejected call stands for all its results
        return values
    if values[index] is None:
        raise Reject(f"reads result {index} of a call that has none here: the place of a maximum sends no spikes")
    return values[index]


@rule("stack.default")
def stack(b: Builder, xs: list[Any], dim: int = 0) -> Stream:
    """Concat along a new axis."""
    return cat(b, [unsqueeze(b, x, dim) if isinstance(x, Stream) else x.unsqueeze(dim) for x in xs], dim)


@rule("repeat.default")
def repeat(b: Builder, x: Stream, times: Any) -> Stream:
    """Gather: the whole repeated along each axis."""
    x = b.reshape(x, (*(1,) * (len(times) - len(x.shape)), *x.shape))
    for dim, n in enumerate(times):
        if n > 1:
            x = gathered(b, x, dim, np.tile(np.arange(x.shape[dim]), n))
    return x


@rule("repeat_interleave.self_int")
def repeat_interleave(b: Builder, x: Stream, times: int, dim: int | None = None, **more: Any) -> Stream:
    """Gather: each entry several times along one axis."""
    if dim is None:
        x, dim = b.reshape(x, (1, prod(x.shape))), 1
    return gathered(b, x, dim, np.repeat(np.arange(x.shape[dim]), times))


@rule("roll.default")
def roll(b: Builder, x: Stream, shifts: Any, dims: Any = ()) -> Stream:
    """Gather: an axis rotated."""
    if not dims:
        if x.shape[:1] == (1,):
            raise Reject("rolls over all axes at once, which mixes the samples of a batch; give it dims")
        return b.reshape(roll(b, b.reshape(x, (1, prod(x.shape))), shifts, [1]), x.shape)
    shifts, dims = ([v] if isinstance(v, int) else v for v in (shifts, dims))
    for shift, dim in zip(shifts, dims, strict=True):
        x = gathered(b, x, dim, np.roll(np.arange(x.shape[dim]), shift))
    return x


@rule("flip.default")
def flip(b: Builder, x: Stream, dims: Any) -> Stream:
    """Gather: an axis reversed."""
    for dim in dims:
        x = gathered(b, x, dim, np.arange(x.shape[dim])[::-1].copy())
    return x


def index(b: Builder, x: Stream, indices: Any) -> Stream:
    """Return x at constant indices of one axis, or of several together; a boolean mask is where it is true."""
    indices = _expanded(indices)
    used = [d for d, i in enumerate(indices) if i is not None]
    if not used:
        return x
    if used != list(range(used[0], used[-1] + 1)):  # their places go to the front, as torch has it
        order = used + [d for d in range(len(x.shape)) if d not in used]
        return index(b, permute(b, x, order), [indices[d] for d in used])
    arrays = np.broadcast_arrays(*(_indices(indices[d]) for d in used))
    flat = np.ravel_multi_index([a % x.shape[d] for a, d in zip(arrays, used, strict=True)], [x.shape[d] for d in used])
    low, high = used[0], used[-1] + 1
    merged = b.reshape(x, (*x.shape[:low], prod(x.shape[low:high]), *x.shape[high:]))
    return b.reshape(gathered(b, merged, low, flat.ravel()), (*x.shape[:low], *flat.shape, *x.shape[high:]))


def gather(b: Builder, x: Stream, dim: int, indices: Any) -> Stream:
    """Return x at a constant index for each entry."""
    at, found = dim % len(x.shape), _indices(indices)
    grid = list(np.indices(found.shape))
    grid[at] = found
    flat = np.ravel_multi_index(grid, x.shape)
    return b.reshape(gathered(b, b.reshape(x, (1, prod(x.shape))), 1, flat.ravel()), found.shape)


@rule("unfold.default")
def unfold(b: Builder, x: Stream, dim: int, size: int, step: int) -> Stream:
    """Gather: windows along one axis, as a new last axis."""
    at = dim % len(x.shape)
    starts = np.arange(0, x.shape[at] - size + 1, step)
    made = gathered(b, x, at, (starts[:, None] + np.arange(size)).ravel())
    windows = b.reshape(made, replaced(x.shape, at, len(starts), size))
    order = [d for d in range(len(windows.shape)) if d != at + 1]
    return permute(b, windows, [*order, at + 1])


def _expanded(indices: Any) -> list[Any]:
    """Indices with a boolean mask of several axes as the numbers of its true places, an array an axis."""
    made: list[Any] = []
    for value in indices:
        is_mask = isinstance(value, Tensor) and value.dtype == bool_type
        made += value.nonzero(as_tuple=True) if is_mask and not value.is_meta else [value]
    return made


def _indices(value: Any) -> Any:
    if not isinstance(value, Tensor):
        raise Reject("takes indices that depend on the input")
    found = value.detach().cpu().numpy()
    return np.flatnonzero(found) if found.dtype == bool and found.ndim == 1 else found.astype(np.int64)
