"""What each neuron function means, in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import erf, expit

from ..functions import Abs, Array, Clamp, Elementwise, Elu, Function, Identity, LeakyRelu, Power, Relu
from ..groups import ArgMax, GroupNorm, LogSoftmax, MaxPool, Norm, Softmax
from ..wiring import windows

TANH_GELU = np.sqrt(2 / np.pi)

ELEMENTWISE: dict[str, Callable[[Array], Array]] = {
    "gelu": lambda a: a * (1 + erf(a / np.sqrt(2))) / 2,
    "gelu_tanh": lambda a: a * (1 + np.tanh(TANH_GELU * (a + 0.044715 * a**3))) / 2,
    "silu": lambda a: a * expit(a),
    "sigmoid": expit,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "rsqrt": lambda a: 1 / np.sqrt(a),
    "reciprocal": lambda a: 1 / a,
    "hardswish": lambda a: a * np.clip(a + 3, 0, 6) / 6,
    "hardsigmoid": lambda a: np.clip(a + 3, 0, 6) / 6,
    "softplus": lambda a: np.where(a > 20, a, np.logaddexp(a, 0)),
    "mish": lambda a: a * np.tanh(np.logaddexp(a, 0)),
    "sin": np.sin,
    "cos": np.cos,
    "erf": erf,
}


def apply(functions: tuple[Function, ...], a: Array) -> Array:
    """Return f(a), f being the composition of `functions`."""
    for function in functions:
        a = np.asarray(_apply(function, a))
    return a


def _apply(function: Function, a: Array) -> Array:
    match function:
        case Identity():
            return a
        case Relu():
            return np.maximum(a, 0.0)
        case LeakyRelu():
            return np.where(a >= 0, a, function.slope * a)
        case Clamp():
            return np.clip(a, function.low, function.high)
        case Abs():
            return np.abs(a)
        case Elementwise():
            return ELEMENTWISE[function.name](inside(function, a))
        case Elu():
            negative = function.alpha * np.expm1(np.minimum(a, 0) * function.rate)
            return function.scale * np.where(a > 0, a, negative)
        case Power():
            return np.power(a if function.exponent.is_integer() else np.maximum(a, 0), function.exponent)
        case MaxPool():
            out = function.infer(a.shape)[-len(function.kernel) :]
            setting = (function.kernel, function.stride, function.padding, out)
            return np.asarray(windows(a, *setting, -np.inf, function.dilation).max(axis=-1))
        case Softmax():
            e = np.exp(a - a.max(axis=function.axis, keepdims=True))
            return np.asarray(e / e.sum(axis=function.axis, keepdims=True))
        case LogSoftmax():
            shifted = a - a.max(axis=function.axis, keepdims=True)
            return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=function.axis, keepdims=True)))
        case Norm():
            return _normalised(function, a, tuple(range(-function.axes, 0)), function.center)
        case GroupNorm():
            return _grouped(function, a)
        case ArgMax():
            return np.asarray(a.argmax(axis=function.axis))
    raise TypeError(f"no meaning for {type(function).__name__}")


def inside(function: Elementwise, a: Array) -> Array:
    """Return a where the function is defined."""
    if function.least is not None:
        return np.maximum(a, function.least)
    if function.name == "reciprocal":
        return np.where(a < 0, np.minimum(a, -function.floor), np.maximum(a, function.floor))
    return a


def _normalised(function: Norm | GroupNorm, a: Array, axes: tuple[int, ...], center: bool) -> Array:
    centred = a - a.mean(axis=axes, keepdims=True) if center else a
    y = centred / np.sqrt(np.square(centred).mean(axis=axes, keepdims=True) + function.eps)
    y = y if function.weight is None else y * function.weight
    return np.asarray(y if function.bias is None else y + function.bias)


def _grouped(function: GroupNorm, a: Array) -> Array:
    """a is (batch, C, *space)."""
    groups = a.reshape(len(a), function.groups, -1)
    centred = groups - groups.mean(axis=-1, keepdims=True)
    y = (centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + function.eps)).reshape(a.shape)
    y = y if function.weight is None else y * function.weight
    return np.asarray(y if function.bias is None else y + function.bias)
