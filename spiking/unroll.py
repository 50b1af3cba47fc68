"""Every use of a weight as one synapse: the connections of a linear map, one by one, as arrays."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .functions import Shape
from .linear_maps import Add, AvgPool, Conv, ConvTranspose, Embedding, Linear, Mean, Mix, Scale
from .nodes import Node
from .wiring import REARRANGING, divisors, reach, rearrange

Index = NDArray[np.int64]


class Taps(NamedTuple):
    """Synapses of one input of one node: from flat element `pre` to flat element `post`, with its `value`.

    `which` is the flat index of the weight used, or -1 for wiring.
    """

    pre: Index
    post: Index
    which: Index
    value: NDArray[np.float64]


def taps(node: Node, index: int, shapes: list[Shape]) -> Taps:
    """Enumerate the synapses of input `index` of a linear node whose inputs have `shapes`; padding makes none."""
    shape = shapes[index]
    match node:
        case Linear():
            return _linear(node, shape)
        case Conv():
            return _conv(node, shape, node.infer(shape)[1:])
        case ConvTranspose():
            back = _conv(node.adjoint, node.infer(shape), shape[1:])
            return Taps(back.post, back.pre, back.which, back.value)
        case Embedding():
            return _embedding(node, shape)
        case Mix():
            return _mix(node, shape)
        case AvgPool():
            return _pool(node, shape)
        case Mean():
            return _mean(node, shape)
        case Scale():
            weight = np.ones(shape) if node.weight is None else np.broadcast_to(node.weight, shape)
            return _wires(np.arange(prod(shape)), weight.ravel().astype(np.float64))
        case Add():
            return _wires(np.broadcast_to(_numbered(shape), node.infer(*shapes)).ravel())
        case _ if isinstance(node, REARRANGING):
            marks = [_numbered(s) + 1 if i == index else np.zeros(s, np.int64) for i, s in enumerate(shapes)]
            return _wires(rearrange(node, list(marks), shapes).ravel() - 1)
    raise TypeError(f"{type(node).__name__} is not a linear map")


def _numbered(shape: Shape) -> Index:
    return np.arange(prod(shape), dtype=np.int64).reshape(shape)


def _wires(source: Index, value: NDArray[np.float64] | None = None) -> Taps:
    """Wiring from `source[post]`; -1 is a padded zero, and no synapse."""
    post = np.flatnonzero(source >= 0)
    weight = np.ones(post.size) if value is None else value[post]
    return Taps(source[post], post, np.full(post.size, -1), weight)


def _linear(node: Linear, shape: Shape) -> Taps:
    out, size = node.weight.shape
    rows = prod(shape[:-1])
    row, o, i = (a.ravel() for a in np.meshgrid(*map(np.arange, (rows, out, size)), indexing="ij"))
    which = o * size + i
    return Taps(row * size + i, row * out + o, which, node.weight.ravel()[which].astype(np.float64))


def _embedding(node: Embedding, shape: Shape) -> Taps:
    """Each place of the input is a one-hot population: element place·V + v."""
    places, size = prod(shape), node.weight.size
    which = np.tile(np.arange(size), places)
    place = np.repeat(np.arange(places), size)
    vocabulary, features = node.weight.shape
    pre = place * vocabulary + which // features
    return Taps(pre, place * features + which % features, which, node.weight.ravel()[which].astype(np.float64))


def _mix(node: Mix, shape: Shape) -> Taps:
    out, inner = np.nonzero(node.matrix)
    behind = prod(shape[node.axis + 1 :] if node.axis < -1 else ())
    front = prod(shape[: len(shape) + node.axis])
    a, k, c = (m.ravel() for m in np.meshgrid(np.arange(front), np.arange(out.size), np.arange(behind), indexing="ij"))
    pre = (a * node.matrix.shape[1] + inner[k]) * behind + c
    post = (a * node.matrix.shape[0] + out[k]) * behind + c
    return Taps(pre, post, np.full(pre.size, -1), node.matrix[out, inner][k].astype(np.float64))


def axis_taps(node: Conv | AvgPool, shape: Shape, out: Shape) -> list[list[tuple[Index, Index]]]:
    """For each axis and each kernel position that reaches the map: the input and output positions it connects.

    `out` says how many windows each axis has, for the adjoint of a padded output fewer than would fit.
    """
    kernel = node.weight.shape[2:] if isinstance(node, Conv) else node.kernel
    dilation = node.dilation if isinstance(node, Conv) else (1,) * len(kernel)
    sizes = shape[-len(kernel) :]
    kernel = reach(kernel, dilation, node.padding, sizes)
    setting = zip(sizes, kernel, node.stride, node.padding, dilation, out, strict=True)
    axes = []
    for size, span, stride, padding, step, windows in setting:
        o = np.arange(windows)
        where = [o * stride - padding + k * step for k in range(span)]
        inside = [(i >= 0) & (i < size) for i in where]
        axes.append([(i[real], o[real]) for i, real in zip(where, inside, strict=True)])
    return axes


def _conv(node: Conv, shape: Shape, out: Shape) -> Taps:
    sizes = shape[1:]
    kernel = node.weight.shape[2:]
    channels, wide = node.weight.shape[:2]
    axes = axis_taps(node, shape, out)
    o, c = (a[..., None] for a in np.meshgrid(np.arange(channels), np.arange(wide), indexing="ij"))
    source = o // (channels // node.groups) * wide + c  # the input channel a weight reads
    parts: list[tuple[Index, Index, Index]] = []
    for position in product(*(range(len(axis)) for axis in axes)):
        pairs = [axis[k] for axis, k in zip(axes, position, strict=True)]
        inner = _flat([p[0] for p in pairs], sizes)
        outer = _flat([p[1] for p in pairs], out)
        which = (o * wide + c) * prod(kernel) + int(np.ravel_multi_index(position, kernel))
        pre = source * prod(sizes) + inner
        parts.append((pre.ravel(), *(np.broadcast_to(a, pre.shape).ravel() for a in (o * prod(out) + outer, which))))
    pre, post, which = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Taps(pre, post, which, node.weight.ravel()[which].astype(np.float64))


def _flat(positions: list[Index], sizes: Shape) -> Index:
    """The flat index of every combination of per-axis positions."""
    grid = np.meshgrid(*positions, indexing="ij")
    flat: Index = np.zeros((), np.int64)
    for axis, size in zip(grid, sizes, strict=True):
        flat = flat * size + axis
    return flat.ravel()


def _pool(node: AvgPool, shape: Shape) -> Taps:
    n = len(node.kernel)
    sizes, out = shape[-n:], node.infer(shape)[-n:]
    axes = axis_taps(node, shape, out)
    share = 1 / divisors(node, shape).ravel()
    maps = np.arange(prod(shape[:-n]))[:, None]
    pres, posts = [], []
    for position in product(*(range(len(axis)) for axis in axes)):
        pairs = [axis[k] for axis, k in zip(axes, position, strict=True)]
        pres.append((maps * prod(sizes) + _flat([p[0] for p in pairs], sizes)).ravel())
        posts.append((maps * prod(out) + _flat([p[1] for p in pairs], out)).ravel())
    pre, post = np.concatenate(pres), np.concatenate(posts)
    return Taps(pre, post, np.full(pre.size, -1), share[post % prod(out)])


def _mean(node: Mean, shape: Shape) -> Taps:
    kept = tuple(1 if i - len(shape) in node.axes else s for i, s in enumerate(shape))
    post = np.broadcast_to(_numbered(kept), shape).ravel()
    pre = np.arange(prod(shape))
    return Taps(pre, post, np.full(pre.size, -1), np.full(pre.size, prod(kept) / prod(shape)))
