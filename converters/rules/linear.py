"""Weights: linear and the convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from spiking import Conv, Linear, Pad, missing

from .registry import Reject, rule

if TYPE_CHECKING:
    from ..lower import Builder, Stream


@rule("linear.default")
def linear(b: Builder, x: Stream, weight: Tensor, bias: Tensor | None = None) -> Stream:
    """Linear: y = x Wᵀ + b over the last axis."""
    fixed(weight, bias)
    if weight.ndim != 2 or not x.sample:
        raise Reject(f"needs a weight (out, in) and an input with features, not {tuple(weight.shape)} and {x.shape}")
    fields = {"weight": b.weight(weight), "bias": None if bias is None else array(bias)}
    return b.add(Linear, [x], (*x.shape[:-1], weight.shape[0]), **fields)


@rule("conv1d.default", "conv2d.default", "conv3d.default")
def conv(
    b: Builder,
    x: Stream,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Stream:
    """Conv: cross-correlation with groups, stride, padding and dilation."""
    fixed(weight, bias)
    n = weight.ndim - 2
    if len(x.sample) != n + 1:
        raise Reject(f"takes (batch, channels, {n} axes), not {x.shape}")
    names = ("stride", "padding", "dilation")
    values = (stride, padding, dilation)
    setting: dict[str, Any] = {name: spread(value, n) for name, value in zip(names, values, strict=True)}
    node = Conv("", (), b.weight(weight), None, **setting, groups=groups)
    shape = (1, *node.infer(x.sample))
    column = None if bias is None else array(bias).reshape(-1, *(1,) * n)
    return b.add(Conv, [x], shape, weight=node.weight, bias=column, **setting, groups=groups)


@rule("conv1d.padding", "conv2d.padding", "conv3d.padding")
def conv_named(
    b: Builder,
    x: Stream,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: str = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Stream:
    """Conv with padding "same" or "valid"."""
    n = weight.ndim - 2
    if padding == "valid":
        return conv(b, x, weight, bias, stride, 0, dilation, groups)
    spans = [d * (k - 1) for d, k in zip(spread(dilation, n), weight.shape[2:], strict=True)]
    if all(span % 2 == 0 for span in spans):
        return conv(b, x, weight, bias, stride, [span // 2 for span in spans], dilation, groups)
    before, after = tuple(s // 2 for s in spans), tuple(s - s // 2 for s in spans)
    grown = tuple(size + span for size, span in zip(x.shape[-n:], spans, strict=True))
    padded = b.add(Pad, [x], (*x.shape[:-n], *grown), "pad", before=before, after=after)
    return conv(b, padded, weight, bias, stride, 0, dilation, groups)


def spread(value: Any, n: int) -> tuple[int, ...]:
    """Return an int or a list of 1 or n ints as n ints."""
    values = [value] if isinstance(value, int) else list(value)
    return tuple(int(v) for v in (values * n if len(values) == 1 else values))


def array(value: Tensor) -> np.ndarray[Any, Any]:
    """Return a tensor as a NumPy array that no later training step can change; without values if it has none."""
    if value.is_meta:
        return missing(tuple(value.shape))
    return np.array(value.detach().cpu().float().numpy())


def fixed(*values: Tensor | None) -> None:
    """Reject a weight or bias that depends on the input."""
    if not all(value is None or isinstance(value, Tensor) for value in values):
        raise Reject("has a weight or bias that depends on the input")
