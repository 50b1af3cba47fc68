"""Masks: a constant one chooses between values, one from the input excludes them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from spiking import Add, Function, Scale

from ..builder import BOUND, EXCLUDES, LOWEST, STRUCTURE, UNLIKELY, Builder, Reject, Stream
from .arithmetic import add, mul, rsub, scaled, shifted, sub
from .compare import logical_not
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
        return add(b, x, _excluded(b, logical_not(b, mask)))
    if isinstance(y, Stream) and _never(x):
        return add(b, y, _excluded(b, mask))
    if isinstance(x, Stream):
        return add(b, mul(b, mask, sub(b, x, y)), y)
    if isinstance(y, Stream):
        return add(b, mul(b, mask, rsub(b, y, x)), y)
    low, high = _finite(y), _finite(x)
    made = shifted(b, scaled(b, mask, high - low), low)
    if bool((torch.minimum(low, high) == UNLIKELY).any()):
        b.excluding.add(made.node)
    return made


def _excluded(b: Builder, mask: Stream) -> Stream:
    made = scaled(b, mask, UNLIKELY)
    b.excluding.add(made.node)
    return made


def bounded(b: Builder, x: Stream) -> tuple[Function, ...]:
    """Return what a softmax puts before itself where a mask of the input excludes: max(a, UNLIKELY/2).

    What is excluded stays so, and where all is, as in a row that is padding, all parts are equal as in the source.
    """
    waiting = [x.node]
    while waiting:
        node = b.nodes[waiting.pop()]
        if node.name in b.excluding:
            return BOUND
        waiting += node.inputs if isinstance(node, (Add, Scale, *STRUCTURE)) else ()
    return ()


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


def masked_bias(b: Builder, mask: Any) -> Any:
    """Return 0 where a boolean mask allows, LOWEST where it does not; a float mask passes, kept finite."""
    if not isinstance(mask, Tensor):
        return _chosen(b, mask, 0.0, LOWEST)
    return torch.where(mask, 0.0, LOWEST) if mask.dtype == torch.bool else mask.clamp(LOWEST, -LOWEST)


def _kept(value: Any, mask: Tensor) -> Tensor:
    """A constant where a constant mask chooses it; −∞ becomes a number that a softmax reads as never."""
    return torch.where(mask > 0, torch.as_tensor(value, dtype=torch.float32).clamp(LOWEST, -LOWEST), 0.0)


@rule("tril.default", "triu.default")
def triangle(b: Builder, x: Stream, diagonal: int = 0) -> Stream:
    """Scale: the entries on one side of a diagonal, zeros on the other."""
    ones = torch.ones(x.shape[-2:], device=b.device)
    return scaled(b, x, ones.tril(diagonal) if b.op.plain == "tril" else ones.triu(diagonal))
