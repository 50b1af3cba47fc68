"""Calls of programs after `run_decompositions()`: ATen's core calls, by the rules of the calls they come from."""

from __future__ import annotations

from typing import Any

from ..builder import Builder, Reject, Stream
from .linear import conv, conv_transpose
from .norm import batch_norm, group_norm, layer_norm
from .pool import adaptive_avg_pool, max_pool
from .registry import rule


@rule("convolution.default")
def convolution(
    b: Builder,
    x: Stream,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Stream:
    """Conv, or ConvTranspose."""
    if transposed:
        return conv_transpose(b, x, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv(b, x, weight, bias, stride, padding, dilation, groups)


@rule("native_layer_norm.default")
def native_layer_norm(b: Builder, x: Stream, shape: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, ...]:
    """Neuron over a group: γ(a − mean)/√(var + ε) + β."""
    return layer_norm(b, x, shape, weight, bias, eps), None, None


@rule("native_group_norm.default")
def native_group_norm(
    b: Builder, x: Stream, weight: Any, bias: Any, n: int, channels: int, space: int, groups: int, eps: float
) -> tuple[Any, ...]:
    """Neuron over a group of channels and all of space."""
    return group_norm(b, x, groups, weight, bias, eps), None, None


@rule("_native_batch_norm_legit_no_training.default")
def native_batch_norm(
    b: Builder, x: Stream, weight: Any, bias: Any, mean: Any, var: Any, momentum: float, eps: float
) -> tuple[Any, ...]:
    """Scale: by the running statistics."""
    return batch_norm(b, x, weight, bias, mean, var, False, momentum, eps, False), None, None


@rule("max_pool2d_with_indices.default", "max_pool3d_with_indices.default")
def max_pool_with_indices(
    b: Builder, x: Stream, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False
) -> tuple[Any, ...]:
    """Neuron: the largest of a window; its place has no spikes."""
    return max_pool(b, x, kernel, stride, padding, dilation, ceil), None


@rule("_adaptive_avg_pool2d.default", "_adaptive_avg_pool3d.default")
def core_adaptive_avg_pool(b: Builder, x: Stream, size: Any) -> Stream:
    """Mean, AvgPool where the windows are equal, or one averaging matrix an axis."""
    return adaptive_avg_pool(b, x, size)


@rule("native_dropout.default")
def native_dropout(b: Builder, x: Stream, p: float, train: bool | None) -> tuple[Any, ...]:
    """Nothing: the value passes through."""
    if train:
        raise Reject("is switched on; convert in eval mode")
    return x, None
