"""Pooling: averages are linear maps, a maximum is a neuron over a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spiking import AvgPool, MaxPool, Mean

from .linear import spread
from .registry import Reject, rule

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
    n = _rank(b, kernel)
    size = spread(kernel, n)
    node = AvgPool("", (), size, spread(stride or size, n), spread(padding, n), ceil, count_padding, divisor)
    fields = {k: getattr(node, k) for k in ("kernel", "stride", "padding", "ceil", "count_padding", "divisor")}
    return b.add(AvgPool, [x], _batched(x, node.infer(x.sample)), **fields)


@rule("adaptive_avg_pool1d.default", "adaptive_avg_pool2d.default", "adaptive_avg_pool3d.default")
def adaptive_avg_pool(b: Builder, x: Stream, size: Any) -> Stream:
    """AvgPool, where all windows have the same size."""
    n = _rank(b, size)
    sizes = x.shape[-n:]
    wanted = tuple(s if o is None else int(o) for s, o in zip(sizes, list(size) * (n // len(size)), strict=True))
    if wanted == sizes:
        return x
    if wanted == (1,) * n:
        return b.add(Mean, [x], (*x.shape[:-n], *wanted), axes=tuple(range(-n, 0)), keepdims=True)
    if all(s % o == 0 for s, o in zip(sizes, wanted, strict=True)):
        kernel = tuple(s // o for s, o in zip(sizes, wanted, strict=True))
        return b.add(AvgPool, [x], (*x.shape[:-n], *wanted), kernel=kernel, stride=kernel, padding=(0,) * n)
    raise Reject(f"has windows of different sizes ({sizes} to {wanted}); resize the input so that they divide")


@rule("mean.dim")
def mean(b: Builder, x: Stream, dim: Any, keepdim: bool = False, dtype: Any = None) -> Stream:
    """Mean over axes."""
    axes = tuple(b.axis(x, d) for d in ([dim] if isinstance(dim, int) else dim or range(1, len(x.shape))))
    kept = [
        1 if i - len(x.shape) in axes else s for i, s in enumerate(x.shape) if keepdim or i - len(x.shape) not in axes
    ]
    return b.add(Mean, [x], tuple(kept), axes=axes, keepdims=keepdim)


def _rank(b: Builder, fallback: Any) -> int:
    assert b.op is not None
    digits = [c for c in b.op.target.split(".")[0] if c.isdigit()]
    return int(digits[-1]) if digits else len(fallback)


def _batched(x: Stream, sample: tuple[int, ...]) -> tuple[int, ...]:
    return (1, *sample) if x.sample != x.shape else sample
