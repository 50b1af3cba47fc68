"""Normalisation: by fixed statistics a scale, folded into the weights beside it; by those of a sample a neuron."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from spiking import GroupNorm, Norm, Scale

from ..builder import Builder, Reject, Stream, array, column
from .registry import rule


@rule("batch_norm.default")
def batch_norm(
    b: Builder,
    x: Stream,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor | None,
    var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn: bool,
) -> Stream:
    """Scale: γ/√(σ²+ε)·x + β − γμ/√(σ²+ε), by the running statistics."""
    if training or mean is None or var is None:
        raise Reject("uses the statistics of the batch; train with track_running_stats=True and convert in eval mode")
    gain = torch.rsqrt(var.double() + eps) * (1.0 if weight is None else weight.double())
    shift = (0.0 if bias is None else bias.double()) - gain * mean.double()
    space = len(x.shape) - 2
    return b.add(Scale, [x], weight=column(gain, space), bias=column(shift, space))


@rule("layer_norm.default")
def layer_norm(
    b: Builder,
    x: Stream,
    shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn: bool = True,
) -> Stream:
    """Neuron over a group: γ(a − mean)/√(var + ε) + β."""
    return b.neuron(x, Norm(len(shape), eps, _kept(weight), _kept(bias)))


@rule("rms_norm.default")
def rms_norm(b: Builder, x: Stream, shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Stream:
    """Neuron over a group: γa/√(mean a² + ε)."""
    small = torch.finfo(torch.float32).eps if eps is None else eps
    return b.neuron(x, Norm(len(shape), small, _kept(weight), center=False))


@rule("group_norm.default")
def group_norm(
    b: Builder,
    x: Stream,
    groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn: bool = True,
) -> Stream:
    """Neuron over a group of channels and all of space."""
    if len(x.sample) == len(x.shape):
        return _group_norm_each(b, x, groups, weight, bias, eps)
    space = len(x.shape) - 2
    return b.neuron(x, GroupNorm(groups, eps, column(weight, space), column(bias, space)))


def _group_norm_each(b: Builder, x: Stream, groups: int, weight: Any, bias: Any, eps: float) -> Stream:
    """The same where the leading axis is a batch merged with time: (T, C, …), a norm for each entry of it."""
    n, channels, *space = x.shape
    apart = b.reshape(x, (n, groups, channels // groups, *space))
    shape = (groups, channels // groups, *(1,) * len(space))
    gain, shift = (None if v is None else array(v.reshape(shape)) for v in (weight, bias))
    return b.reshape(b.neuron(apart, Norm(1 + len(space), eps, gain, shift)), x.shape)


@rule("instance_norm.default")
def instance_norm(
    b: Builder,
    x: Stream,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor | None,
    var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn: bool,
) -> Stream:
    """Neuron over the space of each channel; with running statistics a scale."""
    if not use_input_stats:
        return batch_norm(b, x, weight, bias, mean, var, False, momentum, eps, cudnn)
    return group_norm(b, x, x.shape[1], weight, bias, eps)


def _kept(value: Tensor | None) -> Any:
    return None if value is None else array(value)
