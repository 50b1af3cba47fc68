"""What each neuron function means, in NumPy: the formula of an elementwise one, evaluated, and those over a group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from types import CodeType
from typing import Any

import numpy as np
from scipy.special import erf, log_softmax, softmax

from ..errors import UnsupportedNode
from ..formulas import SHARED
from ..functions import Array, Function
from ..groups import ArgMax, GroupNorm, LogSoftmax, MaxPool, Norm, Softmax
from ..wiring import reach, windows

WORDS: dict[str, Any] = {
    **{name: getattr(np, name) for name in SHARED},
    **{"erf": erf, "int": np.int64, "inf": np.inf, "__builtins__": {}},
}


def apply(functions: tuple[Function, ...], a: Array) -> Array:
    """Return f(a), f being the composition of `functions`; raises UnsupportedNode for one that NumPy lacks."""
    for function in functions:
        if lacks(function):
            raise UnsupportedNode(f"NumPy has no function '{function.label}'; add it to backends/functions_numpy.py")
        a = np.asarray(_evaluated(function, a) if function.formula else GROUPS[type(function)](function, a))
    return a


def lacks(function: Function) -> bool:
    """Return whether NumPy has no such function."""
    return not function.formula.calls <= WORDS.keys() if function.formula else type(function) not in GROUPS


def _evaluated(function: Function, a: Array) -> Any:
    assert function.formula is not None
    values = {field.name: getattr(function, field.name) for field in fields(function)}
    return eval(_compiled(function.formula.text), {**WORDS, **values, "a": a})


@cache
def _compiled(text: str) -> CodeType:
    return compile(text, text, "eval")


def _max_pool(function: MaxPool, a: Array) -> Array:
    n = len(function.kernel)
    out = function.infer(a.shape)[-n:]
    kernel = reach(function.kernel, function.dilation, function.padding, a.shape[-n:])
    setting = (kernel, function.stride, function.padding, out)
    return np.asarray(windows(a, *setting, -np.inf, function.dilation).max(axis=-1))


def _norm(function: Norm, a: Array) -> Array:
    return _affine(function, _normalised(a, tuple(range(-function.axes, 0)), function.center, function.eps))


def _group_norm(function: GroupNorm, a: Array) -> Array:
    groups = a.reshape(len(a), function.groups, -1)  # a is (batch, C, *space)
    return _affine(function, _normalised(groups, (-1,), True, function.eps).reshape(a.shape))


def _normalised(a: Array, axes: tuple[int, ...], center: bool, eps: float) -> Array:
    centred = a - a.mean(axis=axes, keepdims=True) if center else a
    return np.asarray(centred / np.sqrt(np.square(centred).mean(axis=axes, keepdims=True) + eps))


def _affine(function: Norm | GroupNorm, y: Array) -> Array:
    y = y if function.weight is None else y * function.weight
    return y if function.bias is None else y + function.bias


GROUPS: dict[type[Function], Callable[[Any, Array], Array]] = {
    MaxPool: _max_pool,
    Softmax: lambda function, a: np.asarray(softmax(a, function.axis)),
    LogSoftmax: lambda function, a: np.asarray(log_softmax(a, function.axis)),
    Norm: _norm,
    GroupNorm: _group_norm,
    ArgMax: lambda function, a: np.asarray(a.argmax(axis=function.axis)),
}
