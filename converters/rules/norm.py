"""Normalisation with fixed statistics: a scale, folded into the weights beside it where it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from spiking import Scale

from .linear import array
from .registry import Reject, rule

if TYPE_CHECKING:
    from ..lower import Builder, Stream


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
    column = (-1, *(1,) * (len(x.shape) - 2))
    fields = {"weight": array(gain.reshape(column)), "bias": array(shift.reshape(column))}
    return b.add(Scale, [x], x.shape, **fields)
