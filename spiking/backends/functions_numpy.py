"""What each neuron function means, in NumPy: the formula of an elementwise one, evaluated, and those over a group."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from types import CodeType
from typing import Any

import numpy as np
from scipy.special import erf

from ..errors import UnsupportedNode
from ..functions import Array, Function
from ..groups import ArgMax, GroupNorm, LogSoftmax, MaxPool, Norm, Softmax
from ..wiring import windows

UFUNCS = ("abs", "clip", "cos", "exp", "expm1", "log", "log1p", "sin", "sqrt", "tanh")
WORDS: dict[str, Any] = {
    **{name: getattr(np, name) for name in UFUNCS},
    **{"erf": erf, "int": np.int64, "inf": np.inf, "__builtins__": {}},
}
GROUPS = (MaxPool, Softmax, LogSoftmax, Norm, GroupNorm, ArgMax)


def lacks(function: Function) -> bool:
    """Return whether NumPy has no such function."""
    formula = function.formula
    return not isinstance(function, GROUPS) if formula is None else not formula.calls <= WORDS.keys()


def apply(functions: tuple[Function, ...], a: Array) -> Array:
    """Return f(a), f being the composition of `functions`; raises UnsupportedNode for one that NumPy lacks."""
    for function in functions:
        if lacks(function):
            raise UnsupportedNode(f"NumPy has no function '{function.label}'; add it to backends/functions_numpy.py")
        a = np.asarray(_apply(function, a))
    return a


def _apply(function: Function, a: Array) -> Any:
    match function:
        case MaxPool():
            out = function.infer(a.shape)[-len(function.kernel) :]
            setting = (function.kernel, function.stride, function.padding, out)
            return windows(a, *setting, -np.inf, function.dilation).max(axis=-1)
        case Softmax():
            e = np.exp(a - a.max(axis=function.axis, keepdims=True))
            return e / e.sum(axis=function.axis, keepdims=True)
        case LogSoftmax():
            shifted = a - a.max(axis=function.axis, keepdims=True)
            return shifted - np.log(np.exp(shifted).sum(axis=function.axis, keepdims=True))
        case Norm():
            axes = tuple(range(-function.axes, 0))
            return _affine(function, _normalised(a, axes, function.center, function.eps))
        case GroupNorm():
            groups = a.reshape(len(a), function.groups, -1)  # a is (batch, C, *space)
            return _affine(function, _normalised(groups, (-1,), True, function.eps).reshape(a.shape))
        case ArgMax():
            return a.argmax(axis=function.axis)
    assert function.formula is not None
    values = {field.name: getattr(function, field.name) for field in fields(function)}
    return eval(_compiled(function.formula.text), {**WORDS, **values, "a": a})


@cache
def _compiled(text: str) -> CodeType:
    return compile(text, text, "eval")


def _normalised(a: Array, axes: tuple[int, ...], center: bool, eps: float) -> Array:
    centred = a - a.mean(axis=axes, keepdims=True) if center else a
    return np.asarray(centred / np.sqrt(np.square(centred).mean(axis=axes, keepdims=True) + eps))


def _affine(function: Norm | GroupNorm, y: Array) -> Array:
    y = y if function.weight is None else y * function.weight
    return y if function.bias is None else y + function.bias
