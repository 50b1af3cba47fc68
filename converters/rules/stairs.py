"""Quantisation-aware networks: a stair is a function of a neuron."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from spiking import Clamp, Elementwise, Neuron

from ..builder import Builder, Reject, Stream
from .arithmetic import scaled, shifted
from .registry import rule


@rule("floor.default", "ceil.default", "round.default", "trunc.default", "fix.default", "sign.default", "sgn.default")
def stair(b: Builder, x: Stream) -> Stream:
    """Neuron: the function of that name; round takes halves to the even number."""
    return b.neuron(x, Elementwise({"fix": "trunc", "sgn": "sign"}.get(b.op.plain, b.op.plain)))


@rule("fake_quantize_per_tensor_affine.default", "fake_quantize_per_tensor_affine.tensor_qparams")
def fake_quantize(b: Builder, x: Stream, scale: Any, zero: Any, low: int, high: int) -> Stream:
    """Neuron: scale·(min(max(round(a/scale) + zero, low), high) − zero)."""
    return _quantised(b, x, torch.as_tensor(scale), torch.as_tensor(zero), low, high)


@rule("fake_quantize_per_channel_affine.default")
def fake_quantize_channels(
    b: Builder, x: Stream, scale: Tensor, zero: Tensor, axis: int, low: int, high: int
) -> Stream:
    """Neuron: scale·(min(max(round(a/scale) + zero, low), high) − zero), a scale for each channel."""
    shape = [-1 if d == axis % len(x.shape) else 1 for d in range(len(x.shape))]
    return _quantised(b, x, scale.reshape(shape), zero.reshape(shape), low, high)


def _quantised(b: Builder, x: Stream, scale: Tensor, zero: Tensor, low: int, high: int) -> Stream:
    if not bool((zero == zero.flatten()[0]).all()):
        raise Reject("has zero points that differ between channels; use symmetric quantisation there")
    first = float(zero.flatten()[0])
    levels = (Elementwise("round"), Clamp(low - first, high - first))
    return scaled(b, b.add(Neuron, [scaled(b, x, 1.0 / scale)], function=levels), scale)


@rule("log_sigmoid.default")
def log_sigmoid(b: Builder, x: Stream) -> Stream:
    """Neuron: log σ(a) = −softplus(−a)."""
    return scaled(b, b.neuron(scaled(b, x, -1.0), Elementwise("softplus")), -1.0)


@rule("log1p.default")
def log1p(b: Builder, x: Stream) -> Stream:
    """Neuron: log(1 + a)."""
    return b.neuron(shifted(b, x, 1.0), Elementwise("log"))


@rule("expm1.default")
def expm1(b: Builder, x: Stream) -> Stream:
    """Neuron: exp(a) − 1."""
    return shifted(b, b.neuron(x, Elementwise("exp")), -1.0)
