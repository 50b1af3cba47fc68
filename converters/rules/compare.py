"""Comparisons and logic: masks made of ids, of other masks, of counts, and of values with a step neuron."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from math import ceil, floor, prod
from typing import Any

import numpy as np
import torch

from spiking import Clamp, Elementwise, Neuron

from ..builder import Array, Builder, Reject, Stream
from .arithmetic import add, is_constant, mul, number, scaled, shifted, sub
from .counts import counted
from .ids import by_id, tabulated
from .pool import total
from .registry import rule

TESTS: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "gt", "lt", "ge", "le")
}
MIRRORED = {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge", "eq": "eq", "ne": "ne"}
STEP = (Elementwise("ceil"), Clamp(0.0, 1.0))  # 1 where a > 0, 0 elsewhere


@rule(*(f"{name}.{kind}" for name in TESTS for kind in ("Scalar", "Tensor")))
def compare(b: Builder, x: Any, y: Any) -> Any:
    """A table of ones and zeros for ids, 1 − x or nothing for a mask, a step neuron for a count or another value."""
    name = b.op.plain
    if is_constant(x):
        x, y, name = y, x, MIRRORED[name]
    y = number(y, len(x.shape))
    if not isinstance(y, int | float):
        x, y = (sub(b, x, y) if isinstance(y, Stream) else shifted(b, x, -y.float())), 0
    return compared(b, x, name, y)


def compared(b: Builder, x: Stream, name: str, value: float) -> Any:
    """Return the mask of where x stands in a relation, one of TESTS, to a number."""
    test = TESTS[name]
    if x.boolean or (x.node in b.whole and not _looked_up(b, x)):
        return _of_mask(b, x, test(0, value), test(1, value))
    ids = by_id(b, x)
    if ids is not None and ids.source in b.vocabularies:

        def rows(values: Array) -> Array:
            return np.asarray(test(values, value), np.float32)[:, None]

        made = tabulated(b, x, ids, rows, b.vocabularies[ids.source])
        return replace(b.reshape(made, x.shape), boolean=True) if isinstance(made, Stream) else made[..., 0] > 0
    if counted(b, x.node) is not None:
        return _of_count(b, x, name, value)
    if name in ("eq", "ne"):
        raise Reject("asks whether a computed value equals another: that holds nowhere, or is chance; use < or >")
    if name in ("gt", "le"):
        over = _step(b, shifted(b, x, -float(value)))
        return over if name == "gt" else logical_not(b, over)
    under = _step(b, shifted(b, scaled(b, x, -1.0), float(value)))
    return under if name == "lt" else logical_not(b, under)


def _looked_up(b: Builder, x: Stream) -> bool:
    """Whether x holds ids that a table has a row for."""
    return any(root in b.vocabularies for root in b.roots[x.node])


def _of_mask(b: Builder, x: Stream, off: bool, on: bool) -> Any:
    """What a mask becomes whose zeros become `off` and ones `on`; an integer input read so must be one."""
    if off == on:
        if x.boolean:
            return torch.full(x.shape, on)
        raise Reject("compares ids that no table is looked up by: how many there are is not known")
    x = b.mask(x)
    return x if on else logical_not(b, x)


def _of_count(b: Builder, x: Stream, name: str, value: float) -> Stream:
    """A whole number at half-way points: x ≥ k where x − k + ½ > 0."""
    if name in ("eq", "ne"):
        least, beyond = (_reached(b, x, k) for k in (value, value + 1))
        equal = replace(sub(b, least, beyond), boolean=True)
        return equal if name == "eq" else logical_not(b, equal)
    reached = _reached(b, x, floor(value) + 1 if name in ("gt", "le") else ceil(value))
    return reached if name in ("gt", "ge") else logical_not(b, reached)


def _reached(b: Builder, x: Stream, k: float) -> Stream:
    return _step(b, shifted(b, x, 0.5 - k))


def _step(b: Builder, x: Stream) -> Stream:
    return replace(b.add(Neuron, [x], function=STEP), boolean=True)


@rule("to.dtype", "to.dtype_layout", "to.device", "_to_copy.default")
def to(b: Builder, x: Stream, *rest: Any, **more: Any) -> Any:
    """Nothing: the value passes through; what becomes boolean is compared with 0."""
    if torch.bool not in (*rest, more.get("dtype")):
        return x
    return _truth(b, x)


def _truth(b: Builder, x: Stream) -> Any:
    """Where a value is not 0."""
    return x if x.boolean else compared(b, x, "ne", 0)


@rule("logical_not.default", "bitwise_not.default")
def logical_not(b: Builder, x: Stream) -> Stream:
    """Scale: 1 − x, for a mask."""
    return replace(shifted(b, scaled(b, _boolean(x), -1.0), 1.0), boolean=True)


@rule("logical_and.default", "bitwise_and.Tensor", "__and__.Tensor")
def logical_and(b: Builder, x: Any, y: Any) -> Stream:
    """Scale by a constant mask; the product of two."""
    x, y = (y, x) if is_constant(x) else (x, y)
    made = scaled(b, _boolean(x), y.float()) if is_constant(y) else mul(b, _boolean(x), _boolean(y))
    return replace(made, boolean=True)


@rule("logical_or.default", "bitwise_or.Tensor", "__or__.Tensor")
def logical_or(b: Builder, x: Any, y: Any) -> Stream:
    """Scale and bias by a constant mask; of two x + y − x·y."""
    x, y = (y, x) if is_constant(x) else (x, y)
    if is_constant(y):
        made = shifted(b, scaled(b, _boolean(x), 1 - y.float()), y.float())
    else:
        made = sub(b, add(b, x, y), mul(b, _boolean(x), _boolean(y)))
    return replace(made, boolean=True)


@rule("logical_xor.default", "bitwise_xor.Tensor", "__xor__.Tensor")
def logical_xor(b: Builder, x: Any, y: Any) -> Stream:
    """Scale and bias by a constant mask; of two x + y − 2·x·y."""
    x, y = (y, x) if is_constant(x) else (x, y)
    if is_constant(y):
        made = shifted(b, scaled(b, _boolean(x), 1 - 2 * y.float()), y.float())
    else:
        made = sub(b, add(b, x, y), scaled(b, mul(b, _boolean(x), _boolean(y)), 2.0))
    return replace(made, boolean=True)


@rule("any.dim", "any.dims")
def any_(b: Builder, x: Stream, dim: Any, keepdim: bool = False) -> Stream:
    """A step neuron over the number of ones along axes."""
    count = total(b, _truth(b, x), dim, keepdim)
    return replace(count, boolean=True) if prod(count.shape) == prod(x.shape) else _reached(b, count, 1)


@rule("all.dim", "all.dims")
def all_(b: Builder, x: Stream, dim: Any, keepdim: bool = False) -> Stream:
    """Not any zero along axes."""
    return logical_not(b, any_(b, logical_not(b, _truth(b, x)), dim, keepdim))


@rule("remainder.Scalar", "floor_divide.default", "bitwise_and.Scalar", "__and__.Scalar")
def by_table(b: Builder, x: Stream, value: float) -> Any:
    """A table of the results, for ids."""
    ids = by_id(b, x)
    if ids is None or ids.source not in b.vocabularies:
        raise Reject("works on whole numbers that depend on the input; only ids of a table of known size can be")
    call = b.op.call

    def rows(values: Array) -> Array:
        return np.asarray(call(torch.as_tensor(values.astype(np.int64)), value).numpy(), np.float32)[:, None]

    made = tabulated(b, x, ids, rows, b.vocabularies[ids.source])
    return b.reshape(made, x.shape) if isinstance(made, Stream) else made[..., 0]


def _boolean(x: Any) -> Stream:
    if not x.boolean:
        raise Reject("combines values that are not masks")
    return x  # type: ignore[no-any-return]
