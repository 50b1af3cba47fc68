"""What the wiring nodes do to an array with any axes in front; one row per class, shared by all NumPy code."""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .functions import Shape
from .linear_maps import Add, AvgPool, Concat, Gather, Mean, Mix, Pad, Permute, Reshape, Scale, Slice
from .nodes import Node

Array = NDArray[Any]
REARRANGING = (Reshape, Permute, Slice, Pad, Gather, Concat)


def rearrange(node: Node, xs: list[Array], shapes: list[Shape]) -> Array:
    """Return the linear part (no bias) of a wiring node; `shapes` are its input shapes without the front axes."""
    x, shape = xs[0], shapes[0]
    front = x.shape[: x.ndim - len(shape)]
    match node:
        case Add():
            return reduce(np.add, aligned(xs, shapes))
        case Scale():
            return x if node.weight is None else x * node.weight
        case Concat():
            return np.concatenate(xs, axis=node.axis)
        case Reshape():
            return x.reshape(*front, *node.shape)
        case Permute():
            return x.transpose(*range(len(front)), *(a + x.ndim for a in node.axes))
        case Slice():
            behind = [slice(None)] * (-node.axis - 1)
            return _cut(x, [slice(node.start, node.stop, node.step), *behind])
        case Pad():
            return pad(x, node.before, node.after)
        case Gather():
            return np.asarray(np.take(x, node.indices, axis=node.axis))
        case Mean():
            return np.asarray(x.mean(axis=node.axes, keepdims=node.keepdims))
        case Mix():
            return np.asarray(np.moveaxis(np.tensordot(x, node.matrix, (node.axis, 1)), -1, node.axis))
        case AvgPool():
            n = len(node.kernel)
            kernel = reach(node.kernel, (1,) * n, node.padding, shape[-n:])
            taps = windows(x, kernel, node.stride, node.padding, node.infer(shape)[-n:], 0.0)
            return np.asarray(taps.sum(axis=-1) / divisors(node, shape))
    raise TypeError(f"{type(node).__name__} is not a wiring node")


def aligned(xs: list[Array], shapes: list[Shape]) -> list[Array]:
    """Insert axes behind the front ones, so that samples of different rank broadcast against each other."""
    rank = max(map(len, shapes))
    return [
        x.reshape(*x.shape[: x.ndim - len(s)], *(1,) * (rank - len(s)), *s) for x, s in zip(xs, shapes, strict=True)
    ]


def pad(x: Array, before: Shape, after: Shape, value: float = 0.0) -> Array:
    """Pad the last axes of x with `value`; negative counts cut."""
    still = [(0, 0)] * (x.ndim - len(before))
    grow = [(max(b, 0), max(a, 0)) for b, a in zip(before, after, strict=True)]
    cut = [slice(max(-b, 0), -max(-a, 0) or None) for b, a in zip(before, after, strict=True)]
    return np.pad(_cut(x, cut), still + grow, constant_values=value)


def windows(
    x: Array, kernel: Shape, stride: Shape, padding: Shape, out: Shape, fill: float, dilation: Shape | None = None
) -> Array:
    """Return the windows of the last axes: (…, *in) -> (…, *out, taps); what lies outside the map is `fill`."""
    n = len(kernel)
    dilation = dilation or (1,) * n
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    need = [(o - 1) * t + s for o, t, s in zip(out, stride, spans, strict=True)]
    sizes = x.shape[-n:]
    behind = tuple(max(m - p - s, 0) for m, p, s in zip(need, padding, sizes, strict=True))
    grown = pad(x, padding, behind, fill)
    view: Array = sliding_window_view(grown, spans, axis=tuple(range(-n, 0)))  # type: ignore[call-overload]
    pick = [slice(0, (o - 1) * t + 1, t) for o, t in zip(out, stride, strict=True)]
    view = _cut(view, [*pick, *(slice(None, None, d) for d in dilation)])
    return view.reshape(*view.shape[:-n], prod(kernel))


def reach(kernel: Shape, dilation: Shape, padding: Shape, sizes: Shape) -> Shape:
    """Return how much of a kernel can lie on a map.

    The first window starts at −padding: tap k of any window is on the map only if k·dilation < size + padding.
    """
    axes = zip(kernel, dilation, padding, sizes, strict=True)
    return tuple(min(k, -(-(size + p) // d)) for k, d, p, size in axes)


def _cut(x: Array, slices: list[slice]) -> Array:
    """Slice the last axes of x."""
    return x[(slice(None),) * (x.ndim - len(slices)) + tuple(slices)]


def divisors(node: AvgPool, shape: Shape) -> Array:
    """Return how many entries each window of an average pool divides by: torch's rules, (*out)."""
    n = len(node.kernel)
    out = node.infer(shape)[-n:]
    if node.divisor is not None:
        return np.full(out, float(node.divisor))
    axes = []
    for size, k, t, p, o in zip(shape[-n:], node.kernel, node.stride, node.padding, out, strict=True):
        start = np.arange(o) * t - p
        stop = np.minimum(start + k, size + p)
        if not node.count_padding:
            start, stop = np.maximum(start, 0), np.minimum(stop, size)
        axes.append((stop - start).astype(np.float64))
    return reduce(np.multiply.outer, axes)
