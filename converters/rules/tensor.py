"""Look-ups and selections: embeddings, constant indices and masks, splits, repeats, cumulative sums."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from spiking import Embedding, Gather, Mix

from .arithmetic import UNLIKELY, add, scaled, shifted
from .registry import Reject, rule
from .shape import cat, permute, select, slice_, unsqueeze

if TYPE_CHECKING:
    from ..lower import Builder, Stream

NEVER = -1e30  # what a constant mask adds: exp of it is 0, and sums of it stay finite


@rule("embedding.default")
def embedding(
    b: Builder, weight: Any, ids: Any, padding: int = -1, scale: bool = False, sparse: bool = False
) -> Stream:
    """Embedding: the row of each id, as the one event of a one-hot population."""
    if not isinstance(weight, Tensor):
        raise Reject("looks up in a table that depends on the input")
    b.ids(ids, len(weight))
    return b.add(Embedding, [ids], (*ids.shape, weight.shape[1]), weight=b.weight(weight))


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
    """Slices, as many as asked."""
    return split(b, x, -(-x.shape[dim] // chunks), dim)


@rule("unbind.int")
def unbind(b: Builder, x: Stream, dim: int = 0) -> list[Stream]:
    """Slices of one along an axis, without it."""
    return [select(b, x, dim, k) for k in range(x.shape[dim])]


@rule("getitem")
def getitem(b: Builder, values: Any, index: int) -> Any:
    """One of several results."""
    return values if hasattr(values, "node") else values[index]  # a rejected call stands for all its results


@rule("stack.default")
def stack(b: Builder, xs: list[Any], dim: int = 0) -> Stream:
    """Concat along a new axis."""
    return cat(b, [unsqueeze(b, x, dim) if hasattr(x, "node") else x.unsqueeze(dim) for x in xs], dim)


@rule("repeat.default")
def repeat(b: Builder, x: Stream, times: Any) -> Stream:
    """Gather: the whole again and again along each axis."""
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
    """Gather: an axis turned round."""
    for shift, dim in zip(shifts, dims, strict=True):
        x = gathered(b, x, dim, np.roll(np.arange(x.shape[dim]), shift))
    return x


@rule("flip.default")
def flip(b: Builder, x: Stream, dims: Any) -> Stream:
    """Gather: an axis backwards."""
    for dim in dims:
        x = gathered(b, x, dim, np.arange(x.shape[dim])[::-1].copy())
    return x


@rule("index_select.default")
def index_select(b: Builder, x: Stream, dim: int, index: Any) -> Stream:
    """Gather at constant indices along one axis."""
    return gathered(b, x, dim, _indices(index))


@rule("index.Tensor")
def index(b: Builder, x: Stream, indices: Any) -> Stream:
    """Gather at constant indices of one axis, or of neighbouring axes together."""
    used = [d for d, i in enumerate(indices) if i is not None]
    if not used or used != list(range(used[0], used[-1] + 1)):
        raise Reject("indexes axes that are not neighbours")
    arrays = np.broadcast_arrays(*(_indices(indices[d]) for d in used))
    flat = np.ravel_multi_index([a % x.shape[d] for a, d in zip(arrays, used, strict=True)], [x.shape[d] for d in used])
    low, high = used[0], used[-1] + 1
    merged = b.reshape(x, (*x.shape[:low], prod(x.shape[low:high]), *x.shape[high:]))
    return b.reshape(gathered(b, merged, low, flat.ravel()), (*x.shape[:low], *flat.shape, *x.shape[high:]))


@rule("gather.default")
def gather(b: Builder, x: Stream, dim: int, indices: Any, *, sparse_grad: bool = False) -> Stream:
    """Gather, a constant index for each entry."""
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
    split_up = b.reshape(made, (*x.shape[:at], len(starts), size, *x.shape[at + 1 :]))
    order = [d for d in range(len(split_up.shape)) if d != at + 1]
    return permute(b, split_up, [*order, at + 1])


@rule("where.self", "where.ScalarOther", "where.ScalarSelf", "where.Scalar")
def where(b: Builder, mask: Any, x: Any, y: Any) -> Any:
    """Scale by a constant mask and its complement; a mask from the input chooses between constants."""
    if not isinstance(mask, Tensor):
        if hasattr(x, "node") or hasattr(y, "node") or not mask.boolean:
            raise Reject("chooses between values by a mask that depends on the input")
        low, high = (torch.as_tensor(v, dtype=torch.float32).clamp(UNLIKELY, -UNLIKELY) for v in (y, x))
        return shifted(b, scaled(b, mask, high - low), low)
    on, off = mask.float(), 1 - mask.float()
    parts = [scaled(b, v, m) if hasattr(v, "node") else _kept(v, m) for v, m in ((x, on), (y, off))]
    return add(b, *parts)


@rule("masked_fill.Scalar", "masked_fill.Tensor")
def masked_fill(b: Builder, x: Any, mask: Any, value: Any) -> Any:
    """Scale by a constant mask, and a bias; or, for a mask from the input, a bias that rules the rest out."""
    if isinstance(mask, Tensor):
        return where(b, mask, value, x)
    never = torch.as_tensor(value, dtype=torch.float32).clamp(UNLIKELY, -UNLIKELY)
    if float(never) > UNLIKELY or not mask.boolean:
        raise Reject("fills by a mask that depends on the input, with a value that does not rule the rest out")
    return add(b, x, scaled(b, mask, never))


@rule("cumsum.default")
def cumsum(b: Builder, x: Stream, dim: int, *, dtype: Any = None) -> Stream:
    """Mix: the sum so far along one axis."""
    return b.add(Mix, [x], x.shape, axis=b.axis(x, dim), matrix=np.tri(x.shape[dim], dtype=np.float32))


@rule("logical_not.default", "bitwise_not.default")
def logical_not(b: Builder, x: Stream) -> Stream:
    """Scale: 1 − x, for a mask."""
    return b.mask(shifted(b, scaled(b, _boolean(x), -1.0), 1.0))


@rule("logical_and.default", "bitwise_and.Tensor", "__and__.Tensor")
def logical_and(b: Builder, x: Any, y: Any) -> Stream:
    """Scale: a mask from the input with a constant one."""
    if not hasattr(x, "node"):
        x, y = y, x
    if hasattr(y, "node"):
        raise Reject("combines two masks that both depend on the input")
    return b.mask(scaled(b, _boolean(x), y.float()))


@rule("eq.Scalar", "ne.Scalar", "gt.Scalar", "lt.Scalar", "ge.Scalar")
def compare(b: Builder, x: Stream, value: float) -> Stream:
    """Nothing, or 1 − x, for a mask of zeros and ones compared with one of them."""
    assert b.op is not None
    name = b.op.target.split(".")[0]
    if not b.integer(x) or (name, value) not in TRUE | FALSE:
        raise Reject("compares a value that depends on the input; only masks of 0 and 1 have a rule")
    return b.mask(x) if (name, value) in TRUE else logical_not(b, b.mask(x))


TRUE = {("eq", 1), ("ne", 0), ("gt", 0), ("ge", 1)}
FALSE = {("eq", 0), ("ne", 1), ("lt", 1)}


def masked_bias(b: Builder, mask: Any) -> Any:
    """Return 0 where a boolean mask allows, NEVER where it does not; a float mask passes, kept finite."""
    if not isinstance(mask, Tensor):
        return shifted(b, scaled(b, mask, -UNLIKELY), UNLIKELY)
    return torch.where(mask, 0.0, NEVER) if mask.dtype == torch.bool else mask.clamp(NEVER, -NEVER)


def gathered(b: Builder, x: Stream, dim: int, indices: Any) -> Stream:
    """Return x taken at indices along a dim, which may be the batch axis of one."""
    at = dim % len(x.shape)
    if x.sample != x.shape and at == 0:
        inner = b.add(
            Gather, [b.reshape(x, (1, *x.shape))], (1, len(indices), *x.shape[1:]), axis=-len(x.shape), indices=indices
        )
        return b.reshape(inner, (len(indices), *x.shape[1:]))
    shape = (*x.shape[:at], len(indices), *x.shape[at + 1 :])
    return b.add(Gather, [x], shape, axis=at - len(x.shape), indices=np.asarray(indices, np.int64))


def _kept(value: Any, mask: Tensor) -> Tensor:
    """A constant where a constant mask chooses it; −∞ becomes a number that a softmax reads as never."""
    return torch.where(mask > 0, torch.as_tensor(value, dtype=torch.float32).clamp(NEVER, -NEVER), 0.0)


def _indices(value: Any) -> Any:
    if not isinstance(value, Tensor):
        raise Reject("takes indices that depend on the input")
    found = value.detach().cpu().numpy()
    return np.flatnonzero(found) if found.dtype == bool and found.ndim == 1 else found.astype(np.int64)


def _boolean(x: Stream) -> Stream:
    if not x.boolean:
        raise Reject("combines values that are no masks")
    return x
