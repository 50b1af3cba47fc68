"""Masks: a constant one chooses between values, one from the input excludes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..builder import EXCLUDES, LOWEST, UNLIKELY, Builder, Reject, Stream
from .arithmetic import add, mul, rsub, scaled, shifted, sub
from .registry import rule


@rule("where.self", "where.ScalarOther", "where.ScalarSelf", "where.Scalar")
def where(b: Builder, mask: Any, x: Any, y: Any) -> Any:
    """Scale by a constant mask and its complement; by a mask from the input a product, or a bias that excludes."""
    if not isinstance(mask, Tensor):
        return _chosen(b, mask, x, y)
    on, off = mask.float(), 1 - mask.float()
    parts = [scaled(b, v, m) if isinstance(v, Stream) else _kept(v, m) for v, m in ((x, on), (y, off))]
    return add(b, *parts)


def _chosen(b: Builder, mask: Stream, x: Any, y: Any) -> Any:
    """x where a mask from the input is 1, y where it is 0: y + mask·(x − y)."""
    if not mask.boolean:
        raise Reject("chooses by a value that depends on the input and is not a mask of zeros and ones")
    if isinstance(x, Stream) and _never(y):
        return add(b, x, scaled(b, logical_not(b, mask), UNLIKELY))
    if isinstance(y, Stream) and _never(x):
        return add(b, y, scaled(b, mask, UNLIKELY))
    if isinstance(x, Stream):
        return add(b, mul(b, mask, sub(b, x, y)), y)
    if isinstance(y, Stream):
        return add(b, mul(b, mask, rsub(b, y, x)), y)
    low, high = _finite(y), _finite(x)
    return shifted(b, scaled(b, mask, high - low), low)


def _never(value: Any) -> bool:
    """Whether a value is a constant that excludes everywhere."""
    return not isinstance(value, Stream) and bool((torch.as_tensor(value) <= EXCLUDES).all())


def _finite(value: Any) -> Tensor:
    """A constant with UNLIKELY in the place of what excludes, its other numbers as they are."""
    value = torch.as_tensor(value, dtype=torch.float32)
    return torch.where(value <= EXCLUDES, UNLIKELY, value)


@rule("masked_fill.Scalar", "masked_fill.Tensor")
def masked_fill(b: Builder, x: Any, mask: Any, value: Any) -> Any:
    """Scale by a constant mask, and a bias; by a mask from the input a product, or a bias that excludes."""
    return where(b, mask, value, x)


@rule("logical_not.default", "bitwise_not.default")
def logical_not(b: Builder, x: Stream) -> Stream:
    """Scale: 1 − x, for a mask."""
    return b.mask(shifted(b, scaled(b, _boolean(x), -1.0), 1.0))


@rule("logical_and.default", "bitwise_and.Tensor", "__and__.Tensor")
def logical_and(b: Builder, x: Any, y: Any) -> Stream:
    """Scale: a mask from the input with a constant one."""
    if isinstance(x, Tensor):
        x, y = y, x
    if isinstance(y, Stream):
        raise Reject("combines two masks that both depend on the input")
    return b.mask(scaled(b, _boolean(x), y.float()))


# comparisons of a mask that give the mask itself, and those that give its complement
TRUE = {("eq", 1), ("ne", 0), ("gt", 0), ("ge", 1)}
FALSE = {("eq", 0), ("ne", 1), ("lt", 1)}


@rule("eq.Scalar", "ne.Scalar", "gt.Scalar", "lt.Scalar", "ge.Scalar", "le.Scalar")
def compare(b: Builder, x: Stream, value: float) -> Stream:
    """Nothing, or 1 − x, for a mask compared with 0 or 1; Embedding of ones and zeros for ids compared with one."""
    if x.node in b.whole and not x.boolean and _vocabulary(b, x):
        return _looked_up(b, x, value)
    test = b.op.plain, value
    if not b.integer(x) or test not in TRUE | FALSE:
        raise Reject("compares a value that depends on the input; only masks of 0 and 1 can be compared, with 0 or 1")
    return b.mask(x) if test in TRUE else logical_not(b, b.mask(x))


def _vocabulary(b: Builder, x: Stream) -> int:
    """How many ids the input holds that x is part of; 0 if it is not looked up in a table."""
    return max((b.vocabularies.get(root, 0) for root in b.roots[x.node]), default=0)


def _looked_up(b: Builder, x: Stream, value: Any) -> Stream:
    """A comparison of ids: a table with 1 for each id for which it holds, and 0 for the others."""
    ids = torch.arange(_vocabulary(b, x))
    table = getattr(torch, b.op.plain)(ids, value).float().numpy()[:, None]
    made = b.looked_up(x, table)
    return replace(b.reshape(made, x.shape), boolean=True)


def masked_bias(b: Builder, mask: Any) -> Any:
    """Return 0 where a boolean mask allows, LOWEST where it does not; a float mask passes, kept finite."""
    if not isinstance(mask, Tensor):
        return _chosen(b, mask, 0.0, LOWEST)
    return torch.where(mask, 0.0, LOWEST) if mask.dtype == torch.bool else mask.clamp(LOWEST, -LOWEST)


def _kept(value: Any, mask: Tensor) -> Tensor:
    """A constant where a constant mask chooses it; −∞ becomes a number that a softmax reads as never."""
    return torch.where(mask > 0, torch.as_tensor(value, dtype=torch.float32).clamp(LOWEST, -LOWEST), 0.0)


def _boolean(x: Stream) -> Stream:
    if not x.boolean:
        raise Reject("combines values that are not masks")
    return x
