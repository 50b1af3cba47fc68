"""Pooling: averages are linear maps, a maximum is a neuron over a group."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from spiking import AvgPool, MaxPool, Mean

from .arithmetic import scaled
from .linear import spread
from .registry import Reject, rule
from .shape import permute

if TYPE_CHECKING:
    from ..lower import Builder, Stream


@rule("max_pool1d.default", "max_pool2d.default", "max_pool3d.default")
def max_pool(
    b: Builder, x: Stream, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False
) -> Stream:
    """Neuron: the largest of a window."""
    n = _rank(b, kernel)
    size = spread(kernel, n)
    function = MaxPool(size, spread(stride or size, n), spread(padding, n), spread(dilation, n), ceil)
    return b.neuron(x, function, _batched(x, function.infer(x.sample)))


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
    n = _rank(b, kernel) if isinstance(kernel, int) else len(kernel)
    size = spread(kernel, n)
    node = AvgPool("", (), size, spread(stride or size, n), spread(padding, n), ceil, count_padding, divisor)
    fields = {k: getattr(node, k) for k in ("kernel", "stride", "padding", "ceil", "count_padding", "divisor")}
    return b.add(AvgPool, [x], _batched(x, node.infer(x.sample)), **fields)


@rule("mean.dim", "mean.default")
def mean(b: Builder, x: Stream, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Stream:
    """Mean over axes."""
    axes = tuple(b.axis(x, d) for d in ([dim] if isinstance(dim, int) else dim or range(1, len(x.shape))))
    kept = [
        1 if i - len(x.shape) in axes else s for i, s in enumerate(x.shape) if keepdim or i - len(x.shape) not in axes
    ]
    made = b.add(Mean, [x], tuple(kept), axes=axes, keepdims=keepdim)
    return b.reshape(made, ()) if dim is None and not keepdim else made  # the batch of one goes away too


@rule("sum.dim_IntList", "sum.default")
def total(b: Builder, x: Stream, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Stream:
    """Mean over axes, times their size."""
    made = mean(b, x, dim, keepdim)
    return scaled(b, made, float(prod(x.shape) // prod(made.shape)))


@rule("amax.default")
def amax(b: Builder, x: Stream, dim: Any = (), keepdim: bool = False) -> Stream:
    """Neuron over a group: the largest along axes."""
    gone = sorted({d % len(x.shape) for d in ([dim] if isinstance(dim, int) else dim)})
    kept = [d for d in range(len(x.shape)) if d not in gone]
    size = prod(x.shape[d] for d in gone)
    flat = b.reshape(permute(b, x, [*kept, *gone]), (*(x.shape[d] for d in kept), size))
    function = MaxPool((size,), (size,), (0,), (1,))
    made = b.neuron(flat, function, (*flat.shape[:-1], 1))
    return b.reshape(made, tuple(1 if d in gone else s for d, s in enumerate(x.shape) if keepdim or d not in gone))


@rule("max.dim")
def max_dim(b: Builder, x: Stream, dim: int, keepdim: bool = False) -> tuple[Stream, None]:
    """Neuron over a group: the largest along an axis; its index has no spikes."""
    return amax(b, x, dim, keepdim), None


@rule("adaptive_max_pool1d.default", "adaptive_max_pool2d.default", "adaptive_max_pool3d.default")
def adaptive_max_pool(b: Builder, x: Stream, size: Any) -> tuple[Stream, None]:
    """Neuron: the largest of equal windows."""
    n = len(size)
    wanted = tuple(s if o is None else int(o) for s, o in zip(x.shape[-n:], size, strict=True))
    if any(s % o for s, o in zip(x.shape[-n:], wanted, strict=True)):
        raise Reject(f"has windows of different sizes ({x.shape[-n:]} to {wanted}); make the input divide")
    kernel = tuple(s // o for s, o in zip(x.shape[-n:], wanted, strict=True))
    function = MaxPool(kernel, kernel, (0,) * n, (1,) * n)
    return b.neuron(x, function, _batched(x, function.infer(x.sample))), None


def _rank(b: Builder, fallback: Any) -> int:
    assert b.op is not None
    digits = [c for c in b.op.target.split(".")[0] if c.isdigit()]
    return int(digits[-1]) if digits else len(fallback)


def _batched(x: Stream, sample: tuple[int, ...]) -> tuple[int, ...]:
    return (1, *sample) if x.sample != x.shape else sample
