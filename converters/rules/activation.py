"""Neurons: each activation is a neuron with that function."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from spiking import Abs, ArgMax, Clamp, Elementwise, Elu, LeakyRelu, LogSoftmax, Neuron, Power, Relu, Softmax

from ..builder import LARGEST, Builder, Reject, Stream, array
from .arithmetic import add, maximum, minimum, mul, number, scaled
from .least import least
from .masks import bounded
from .registry import rule
from .shape import slice_


@rule("relu.default")
def relu(b: Builder, x: Stream) -> Stream:
    """Neuron: max(a, 0)."""
    return b.neuron(x, Relu())


@rule("relu6.default")
def relu6(b: Builder, x: Stream) -> Stream:
    """Neuron: min(max(a, 0), 6)."""
    return b.neuron(x, Clamp(0.0, 6.0))


@rule("hardtanh.default")
def hardtanh(b: Builder, x: Stream, low: float = -1.0, high: float = 1.0) -> Stream:
    """Neuron: min(max(a, low), high)."""
    return b.neuron(x, Clamp(float(low), float(high)))


@rule("clamp.default", "clip.default")
def clamp(b: Builder, x: Stream, low: float | None = None, high: float | None = None) -> Stream:
    """Neuron: min(max(a, low), high)."""
    if low is None and high is None:
        raise Reject("has neither a lower nor an upper bound")
    if low is not None and float(low) == 0 and high is None:
        return b.neuron(x, Relu())
    bounds = (-LARGEST if low is None else float(low), LARGEST if high is None else float(high))
    return b.neuron(x, Clamp(*bounds))


@rule("clamp.Tensor", "clip.Tensor", "clamp_min.Tensor", "clamp_max.Tensor")
def clamp_by(b: Builder, x: Stream, *bounds: Any, **named: Any) -> Stream:
    """Neuron: min(max(a, low), high); bounds that differ from place to place, or come from the input, one by one."""
    given = dict(zip(("max",) if b.op.plain == "clamp_max" else ("min", "max"), bounds, strict=False)) | named
    low, high = (number(given.get(name), len(x.shape)) for name in ("min", "max"))
    if not isinstance(low, Tensor | Stream) and not isinstance(high, Tensor | Stream):
        return clamp(b, x, low, high)
    x = x if low is None else maximum(b, x, low)
    return x if high is None else minimum(b, x, high)


@rule("leaky_relu.default")
def leaky_relu(b: Builder, x: Stream, slope: float = 0.01) -> Stream:
    """Neuron: a if a ≥ 0, else slope·a."""
    return b.neuron(x, LeakyRelu(float(slope)))


ACTIVATIONS = ("silu", "sigmoid", "tanh", "hardswish", "hardsigmoid", "mish")
MATH = ("exp", "log", "sqrt", "rsqrt", "reciprocal", "sin", "cos", "erf", "atan", "asin", "acos")


@rule(*(f"{name}.default" for name in (*ACTIVATIONS, *MATH)))
def elementwise(b: Builder, x: Stream) -> Stream:
    """Neuron: the function of that name."""
    return b.neuron(x, Elementwise(b.op.plain, least(b, x)))


@rule("log2.default", "log10.default")
def logarithm(b: Builder, x: Stream) -> Stream:
    """Neuron: log(a), over the logarithm of the base."""
    base = 2.0 if b.op.plain == "log2" else 10.0
    return scaled(b, b.neuron(x, Elementwise("log", least(b, x))), 1 / math.log(base))


@rule("exp2.default")
def exp2(b: Builder, x: Stream) -> Stream:
    """Neuron: exp(a·log 2)."""
    return b.neuron(scaled(b, x, math.log(2.0)), Elementwise("exp"))


@rule("sinh.default", "cosh.default")
def hyperbolic(b: Builder, x: Stream) -> Stream:
    """Two neurons: (exp(a) ∓ exp(−a))/2."""
    up, down = (b.neuron(scaled(b, x, sign), Elementwise("exp")) for sign in (1.0, -1.0))
    return scaled(b, add(b, up, down, alpha=-1.0 if b.op.plain == "sinh" else 1.0), 0.5)


@rule("gelu.default")
def gelu(b: Builder, x: Stream, *, approximate: str = "none") -> Stream:
    """Neuron: a·Φ(a), exact or by tanh."""
    return b.neuron(x, Elementwise("gelu" if approximate == "none" else "gelu_tanh"))


@rule("elu.default")
def elu(b: Builder, x: Stream, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Stream:
    """Neuron: a if a > 0, else α(exp(a) − 1)."""
    return b.neuron(x, Elu(float(alpha), float(scale), float(input_scale)))


@rule("selu.default")
def selu(b: Builder, x: Stream) -> Stream:
    """Neuron: the self-normalising ELU."""
    return b.neuron(x, Elu(1.6732632423543772, 1.0507009873554805))


@rule("celu.default")
def celu(b: Builder, x: Stream, alpha: float = 1.0) -> Stream:
    """Neuron: a if a > 0, else α(exp(a/α) − 1)."""
    return b.neuron(x, Elu(float(alpha), 1.0, 1 / float(alpha)))


@rule("prelu.default")
def prelu(b: Builder, x: Stream, weight: Tensor) -> Stream:
    """Neuron: a if a ≥ 0, else slope·a, a slope for each channel."""
    if weight.numel() == 1 and not weight.is_meta:
        return b.neuron(x, LeakyRelu(weight.item()))
    return b.neuron(x, LeakyRelu(array(weight.reshape(-1, *(1,) * (len(x.shape) - 2)))))


@rule("abs.default")
def abs_(b: Builder, x: Stream) -> Stream:
    """Neuron: |a|."""
    return b.neuron(x, Abs())


@rule("pow.Tensor_Scalar", "square.default")
def power(b: Builder, x: Stream, exponent: float = 2) -> Stream:
    """Neuron: a to a constant power."""
    return b.neuron(x, Power(float(exponent)))


@rule("clamp_min.default")
def clamp_min(b: Builder, x: Stream, low: float) -> Stream:
    """Neuron: max(a, low)."""
    return clamp(b, x, low)


@rule("clamp_max.default")
def clamp_max(b: Builder, x: Stream, high: float) -> Stream:
    """Neuron: min(a, high)."""
    return clamp(b, x, None, high)


@rule("softmax.int", "_softmax.default")
def softmax(b: Builder, x: Stream, dim: int, dtype: Any = None) -> Stream:
    """Neuron over a group: exp(a) / Σ exp(a)."""
    return b.add(Neuron, [x], function=(*bounded(b, x), Softmax(b.axis(x, dim))))


@rule("log_softmax.int", "_log_softmax.default")
def log_softmax(b: Builder, x: Stream, dim: int, dtype: Any = None) -> Stream:
    """Neuron over a group: a − log Σ exp(a); read out directly where it is the output."""
    return b.neuron(x, LogSoftmax(b.axis(x, dim)))


@rule("argmax.default")
def argmax(b: Builder, x: Stream, dim: int | None = None, keepdim: bool = False) -> Stream:
    """Readout: the index of the largest; only as an output."""
    if dim is None or keepdim:
        raise Reject("needs a dim, and keepdim=False")
    return b.neuron(x, ArgMax(b.axis(x, dim)))


@rule("glu.default")
def glu(b: Builder, x: Stream, dim: int = -1) -> Stream:
    """Product of one half with the sigmoid of the other."""
    half = x.shape[dim] // 2
    gate = b.neuron(slice_(b, x, dim, half, 2 * half), Elementwise("sigmoid"))
    return mul(b, slice_(b, x, dim, 0, half), gate)
