"""Pooling and reductions: averages and sums are linear maps, a maximum is a neuron over a group."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from spiking import AvgPool, MaxPool, Mean, Mix

from ..builder import Builder, Stream, replaced
from .arithmetic import scaled
from .linear import spread
from .registry import rule
from .shape import gathered, permute


@rule("max_pool1d.default", "max_pool2d.default", "max_pool3d.default")
def max_pool(
    b: Builder, x: Stream, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False
) -> Stream:
    """Neuron: the largest of a window."""
    n = _rank(b)
    size = spread(kernel, n)
    return b.neuron(x, MaxPool(size, spread(stride or size, n), spread(padding, n), spread(dilation, n), ceil))


@rule("avg_pool1d.default", "avg_pool2d.default", "avg_pool3d.default")
def avg_pool(
    b: Builder,
    x: Stream,
    kernel: Any,
    stride: Any = (),
    padding: Any = 0,
    ceil: bool = False,
    count_padding: bool = True,
    divisor: int | None = None,
) -> Stream:
    """AvgPool: the mean of a window."""
    n = _rank(b)
    size = spread(kernel, n)
    window = {"kernel": size, "stride": spread(stride or size, n), "padding": spread(padding, n)}
    return b.add(AvgPool, [x], **window, ceil=ceil, count_padding=count_padding, divisor=divisor)


@rule("mean.dim", "mean.default")
def mean(b: Builder, x: Stream, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Stream:
    """Mean over axes."""
    axes = tuple(b.axis(x, d) for d in ([dim] if isinstance(dim, int) else dim or range(1, len(x.shape))))
    made = b.add(Mean, [x], axes=axes, keepdims=keepdim)
    return b.reshape(made, ()) if dim is None and not keepdim else made  # the batch of one goes away too


@rule("sum.dim_IntList", "sum.default")
def total(b: Builder, x: Stream, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Stream:
    """Mean over axes, times their size."""
    made = mean(b, x, dim, keepdim)
    return scaled(b, made, float(prod(x.shape) // prod(made.shape)))


@rule("cumsum.default")
def cumsum(b: Builder, x: Stream, dim: int, *, dtype: Any = None) -> Stream:
    """Mix: the running sum along one axis."""
    return b.add(Mix, [x], axis=b.axis(x, dim), matrix=np.tri(x.shape[dim], dtype=np.float32))


@rule("amax.default")
def amax(b: Builder, x: Stream, dim: Any = (), keepdim: bool = False) -> Stream:
    """Neuron over a group: the largest along axes."""
    gone = sorted({d % len(x.shape) for d in ([dim] if isinstance(dim, int) else dim)})
    kept = [d for d in range(len(x.shape)) if d not in gone]
    size = prod(x.shape[d] for d in gone)
    flat = b.reshape(permute(b, x, [*kept, *gone]), (*(x.shape[d] for d in kept), size))
    made = b.neuron(flat, MaxPool((size,), (size,), (0,), (1,)))
    return b.reshape(made, tuple(1 if d in gone else s for d, s in enumerate(x.shape) if keepdim or d not in gone))


@rule("max.dim")
def max_dim(b: Builder, x: Stream, dim: int, keepdim: bool = False) -> tuple[Stream, None]:
    """Neuron over a group: the largest along an axis; its index has no spikes."""
    return amax(b, x, dim, keepdim), None


@rule("adaptive_max_pool1d.default", "adaptive_max_pool2d.default", "adaptive_max_pool3d.default")
def adaptive_max_pool(b: Builder, x: Stream, size: Any) -> tuple[Stream, None]:
    """Neuron: the largest of equal windows."""
    old, new = _sizes(x, size)
    if any(o % n for o, n in zip(old, new, strict=True)):
        for dim, (inputs, outputs) in enumerate(zip(old, new, strict=True), len(x.shape) - len(new)):
            x = _uneven_max(b, x, dim, inputs, outputs)
        return x, None
    kernel = tuple(o // n for o, n in zip(old, new, strict=True))
    return b.neuron(x, MaxPool(kernel, kernel, (0,) * len(kernel), (1,) * len(kernel))), None


@rule("adaptive_avg_pool1d.default", "adaptive_avg_pool2d.default", "adaptive_avg_pool3d.default")
def adaptive_avg_pool(b: Builder, x: Stream, size: Any) -> Stream:
    """Mean, AvgPool where the windows are equal, or one averaging matrix an axis."""
    old, new = _sizes(x, size)
    if new == (1,) * len(new) != old:
        return mean(b, x, list(range(-len(new), 0)), True)
    if new != old and not any(o % n for o, n in zip(old, new, strict=True)):
        return avg_pool(b, x, [o // n for o, n in zip(old, new, strict=True)])
    for dim, (inputs, outputs) in enumerate(zip(old, new, strict=True), len(x.shape) - len(new)):
        if inputs != outputs:
            matrix = np.zeros((outputs, inputs), np.float32)
            for row in range(outputs):
                low, high = row * inputs // outputs, -(-(row + 1) * inputs // outputs)
                matrix[row, low:high] = 1 / (high - low)
            x = mixed(b, x, dim, matrix)
    return x


def _uneven_max(b: Builder, x: Stream, dim: int, inputs: int, outputs: int) -> Stream:
    """The largest of windows of different sizes along one axis: the shorter ones name their last entry twice."""
    starts = [row * inputs // outputs for row in range(outputs)]
    stops = [-(-(row + 1) * inputs // outputs) for row in range(outputs)]
    widest = max(stop - start for start, stop in zip(starts, stops, strict=True))
    places = [min(start + k, stop - 1) for start, stop in zip(starts, stops, strict=True) for k in range(widest)]
    windows = b.reshape(gathered(b, x, dim, places), replaced(x.shape, dim, outputs, widest))
    return amax(b, windows, dim + 1)


def _sizes(x: Stream, size: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The sizes before and after adaptive pooling; None keeps an axis as it is."""
    old = x.shape[-len(size) :]
    return old, tuple(o if n is None else int(n) for o, n in zip(old, size, strict=True))


def mixed(b: Builder, x: Stream, dim: int, matrix: Any) -> Stream:
    """Return a fixed linear map of one dim; a plain selection is a Gather."""
    if (np.count_nonzero(matrix, axis=1) == 1).all() and (matrix.max(axis=1) == 1).all():
        return gathered(b, x, dim, matrix.argmax(axis=1))
    result = replaced(x.shape, dim, len(matrix))
    return b.add(Mix, [x], result, axis=b.axis(x, dim), matrix=np.asarray(matrix, np.float32))


def _rank(b: Builder) -> int:
    """How many axes a pooling window has: 2 for "max_pool2d"."""
    return int(next(letter for letter in b.op.plain if letter.isdigit()))
