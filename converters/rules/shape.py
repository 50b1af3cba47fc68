"""Structure: reshapes, permutations, slices, concatenation; and calls that change nothing."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import torch

from spiking import Concat, Gather, Permute, Scale, Slice

from ..builder import Builder, Reject, Stream, replaced
from .registry import rule


@rule(
    "dropout.default",
    "feature_dropout.default",
    "alpha_dropout.default",
    "feature_alpha_dropout.default",
    "contiguous.default",
    "clone.default",
    "alias.default",
    "detach.default",
    "lift_fresh_copy.default",
    "type_as.default",
)
def same(b: Builder, x: Stream, *rest: Any, **more: Any) -> Stream:
    """Nothing: the value passes through."""
    if "dropout" in b.op.target and rest[1]:
        raise Reject("is switched on; convert in eval mode, or remove the training=True")
    return x


@rule("view.default", "reshape.default", "_unsafe_view.default")
def view(b: Builder, x: Stream, size: Any) -> Stream:
    """Reshape."""
    known = prod(n for n in size if n != -1)
    return b.reshape(x, tuple(prod(x.shape) // known if n == -1 else int(n) for n in size))


@rule("flatten.using_ints")
def flatten(b: Builder, x: Stream, start: int = 0, end: int = -1) -> Stream:
    """Reshape: the axes start … end become one."""
    rank = len(x.shape)
    low, high = start % rank, end % rank
    return b.reshape(x, (*x.shape[:low], prod(x.shape[low : high + 1]), *x.shape[high + 1 :]))


@rule("unflatten.int")
def unflatten(b: Builder, x: Stream, dim: int, sizes: Any) -> Stream:
    """Reshape: one axis becomes several."""
    known = prod(n for n in sizes if n != -1)
    return b.reshape(x, replaced(x.shape, dim, *(x.shape[dim] // known if n == -1 else int(n) for n in sizes)))


@rule("squeeze.default", "squeeze.dim", "squeeze.dims")
def squeeze(b: Builder, x: Stream, dim: Any = None) -> Stream:
    """Reshape: without axes of size one."""
    dims = range(len(x.shape)) if dim is None else [dim] if isinstance(dim, int) else dim
    gone = {d % len(x.shape) for d in dims}
    return b.reshape(x, tuple(s for i, s in enumerate(x.shape) if i not in gone or s != 1))


@rule("view_as.default", "reshape_as.default")
def view_as(b: Builder, x: Stream, other: Any) -> Stream:
    """Reshape."""
    return b.reshape(x, tuple(other.shape))


@rule("movedim.int", "movedim.intlist", "moveaxis.int", "moveaxis.intlist")
def movedim(b: Builder, x: Stream, source: Any, destination: Any) -> Stream:
    """Permute: axes moved to other places, the rest in order."""
    rank = len(x.shape)
    old, new = ([d % rank for d in ([v] if isinstance(v, int) else v)] for v in (source, destination))
    rest = iter(d for d in range(rank) if d not in old)
    return permute(b, x, [old[new.index(d)] if d in new else next(rest) for d in range(rank)])


@rule("unsqueeze.default")
def unsqueeze(b: Builder, x: Stream, dim: int) -> Stream:
    """Reshape: a new axis of size one."""
    at = dim % (len(x.shape) + 1)
    return b.reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


@rule("permute.default")
def permute(b: Builder, x: Stream, dims: Any) -> Stream:
    """Permute; only axes longer than one move, the rest is a reshape."""
    order = [d % len(x.shape) for d in dims]
    shape = tuple(x.shape[d] for d in order)
    long = [d for d in range(len(x.shape)) if x.shape[d] > 1]
    moved = [long.index(d) for d in order if x.shape[d] > 1]
    if moved == sorted(moved):
        return b.reshape(x, shape)
    if x.sample != x.shape and order[0] == 0:
        return b.add(Permute, [x], shape, axes=tuple(d - len(x.shape) for d in order[1:]))
    core = b.reshape(x, (1, *(x.shape[d] for d in long)))
    turned = (1, *(core.sample[m] for m in moved))
    return b.reshape(b.add(Permute, [core], turned, axes=tuple(m - len(long) for m in moved)), shape)


@rule("transpose.int", "swapaxes.default", "swapdims.default")
def transpose(b: Builder, x: Stream, first: int, second: int) -> Stream:
    """Permute: two axes swapped."""
    order = list(range(len(x.shape)))
    order[first], order[second] = order[second], order[first]
    return permute(b, x, order)


@rule("t.default", "numpy_T.default")
def t(b: Builder, x: Stream) -> Stream:
    """Permute: the transpose of a matrix."""
    return permute(b, x, list(reversed(range(len(x.shape)))))


@rule("slice.Tensor")
def slice_(b: Builder, x: Stream, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    """Slice along one axis."""
    size = x.shape[dim]
    low, high, _ = slice(start, end, step).indices(size)
    if (low, high, step) == (0, size, 1):
        return x
    if high <= low:
        return torch.zeros(replaced(x.shape, dim, 0), device=b.device)  # nothing is left: a constant without entries
    shape = replaced(x.shape, dim, len(range(low, high, step)))
    return b.add(Slice, [x], shape, axis=b.axis(x, dim), start=low, stop=high, step=step)


@rule("select.int")
def select(b: Builder, x: Stream, dim: int, index: int) -> Stream:
    """Slice: one entry of an axis, which goes away."""
    index %= x.shape[dim]
    return b.reshape(slice_(b, x, dim, index, index + 1), replaced(x.shape, dim))


@rule("cat.default", "concat.default", "concatenate.default")
def cat(b: Builder, xs: list[Stream], dim: int = 0) -> Stream:
    """Concat along one axis."""
    xs = [x for x in xs if prod(x.shape)]
    if not all(isinstance(x, Stream) for x in xs):
        return _joined(b, xs, dim)
    if dim % len(xs[0].shape) == 0 and any(x.shape[0] == 1 for x in xs):
        made = cat(b, [b.reshape(x, (1, *x.shape)) for x in xs], 1)
        return b.reshape(made, made.shape[1:])
    shape = replaced(xs[0].shape, dim, sum(x.shape[dim] for x in xs))
    return b.add(Concat, xs, shape, axis=b.axis(xs[0], dim)) if len(xs) > 1 else xs[0]


def _joined(b: Builder, xs: list[Any], dim: int) -> Stream:
    """Concatenate streams and constants: the streams with room between them, the constants as a bias."""
    at = dim % len(xs[0].shape)
    if at == 0:  # a new axis in front, so that a leading axis of one is not taken for the batch
        made = _joined(b, [b.reshape(x, (1, *x.shape)) if isinstance(x, Stream) else x[None] for x in xs], 1)
        return b.reshape(made, made.shape[1:])
    first = next(x for x in xs if isinstance(x, Stream))
    room = [x if isinstance(x, Stream) else _zeros(b, first, tuple(x.shape)) for x in xs]
    made = cat(b, room, at)
    parts = [torch.zeros(x.shape, device=b.device) if isinstance(x, Stream) else x.float() for x in xs]
    joined = b.add(Scale, [made], None, "constant", bias=b.constant(torch.cat(parts, at), made.sample))
    return replace(joined, boolean=all(x.boolean if isinstance(x, Stream) else x.dtype == torch.bool for x in xs))


def _zeros(b: Builder, x: Stream, shape: tuple[int, ...]) -> Stream:
    """A stream of zeros of a shape, cut from x: the place a constant takes in a concatenation."""
    flat = b.reshape(x, (1, prod(x.shape)))
    taken = b.add(Gather, [flat], None, "place", axis=-1, indices=np.zeros(prod(shape), np.int64))
    return b.reshape(b.add(Scale, [taken], None, "zero", weight=np.zeros((), np.float32)), shape)


@rule("expand.default", "expand_as.default", "broadcast_to.default")
def expand(b: Builder, x: Stream, size: Any, *, implicit: bool = False) -> Stream:
    """Gather: axes of size one repeated."""
    wanted = size.shape if isinstance(size, Stream) else size
    lead = len(wanted) - len(x.shape)
    return b.expand(x, tuple(x.shape[i - lead] if n == -1 else int(n) for i, n in enumerate(wanted)))


def gathered(b: Builder, x: Stream, dim: int, indices: Any) -> Stream:
    """Return x taken at indices along a dim, which may be the batch axis of one."""
    at, indices = dim % len(x.shape), np.asarray(indices, np.int64)
    if x.sample != x.shape and at == 0:
        made = gathered(b, b.reshape(x, (1, *x.shape)), 1, indices)
        return b.reshape(made, made.shape[1:])
    return b.add(Gather, [x], replaced(x.shape, at, len(indices)), axis=at - len(x.shape), indices=indices)
