"""Weights: linear layers, convolutions and their transposes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from spiking import Conv, ConvTranspose, Linear, Pad

from ..builder import Builder, Reject, Stream, array, column
from .registry import rule
from .shape import permute


@rule("linear.default")
def linear(b: Builder, x: Stream, weight: Tensor, bias: Tensor | None = None) -> Stream:
    """Linear: y = x Wᵀ + b over the last axis."""
    fixed(weight, bias)
    if weight.ndim != 2 or not x.sample:
        raise Reject(f"needs a weight (out, in) and an input with features, not {tuple(weight.shape)} and {x.shape}")
    return b.add(Linear, [x], weight=b.weight(weight), bias=None if bias is None else array(bias))


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
    if len(x.sample) == len(x.shape) == n + 2 and n < 3:
        return _conv_each(b, x, weight, bias, stride, padding, dilation, groups)
    if len(x.sample) != n + 1:
        raise Reject(f"takes (batch, channels, {n} axes), not {x.shape}")
    setting = _setting(n, stride=stride, padding=padding, dilation=dilation)
    return b.add(Conv, [x], weight=b.weight(weight), bias=column(bias, n), **setting, groups=groups)


def _conv_each(
    b: Builder, x: Stream, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> Stream:
    """Conv where the leading axis is a batch merged with time, (T, C, …): one axis more, along which it is 1 wide."""
    n = weight.ndim - 2
    swapped = [1, 0, *range(2, n + 2)]
    maps = b.reshape(permute(b, x, swapped), (1, x.shape[1], x.shape[0], *x.shape[2:]))
    wide = {
        "stride": (1, *spread(stride, n)),
        "padding": (0, *spread(padding, n)),
        "dilation": (1, *spread(dilation, n)),
    }
    made = b.add(Conv, [maps], weight=b.weight(weight.unsqueeze(2)), bias=column(bias, n + 1), **wide, groups=groups)
    return permute(b, b.reshape(made, made.shape[1:]), swapped)


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
    padded = b.add(Pad, [x], None, "pad", before=before, after=after)
    return conv(b, padded, weight, bias, stride, 0, dilation, groups)


@rule("conv_transpose1d.default", "conv_transpose2d.input", "conv_transpose3d.input")
def conv_transpose(
    b: Builder,
    x: Stream,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Stream:
    """ConvTranspose: the adjoint of a convolution."""
    fixed(weight, bias)
    n = weight.ndim - 2
    setting = _setting(n, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation)
    return b.add(ConvTranspose, [x], weight=b.weight(weight), bias=column(bias, n), **setting, groups=groups)


def _setting(n: int, **values: Any) -> dict[str, tuple[int, ...]]:
    return {name: spread(value, n) for name, value in values.items()}


def spread(value: Any, n: int) -> tuple[int, ...]:
    """Return an int or a list of 1 or n ints as n ints."""
    values = [value] if isinstance(value, int) else list(value)
    return tuple(int(v) for v in (values * n if len(values) == 1 else values))


def fixed(*values: Tensor | None) -> None:
    """Reject a weight or bias that depends on the input."""
    if not all(value is None or isinstance(value, Tensor) for value in values):
        raise Reject("has a weight or bias that depends on the input")
