"""Sums of streams, and arithmetic with constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from spiking import Add, Multiply, Scale

from .linear import linear
from .registry import Reject, rule

if TYPE_CHECKING:
    from ..lower import Builder, Stream


@rule("add.Tensor")
def add(b: Builder, x: Any, y: Any, *, alpha: float = 1) -> Stream:
    """Add two streams, or a constant as a bias."""
    if _constant(x):
        return add(b, _scaled(b, y, alpha), x)
    if _constant(y):
        return shifted(b, x, y * alpha)
    return summed(b, x, _scaled(b, y, alpha))


@rule("sub.Tensor")
def sub(b: Builder, x: Any, y: Any, *, alpha: float = 1) -> Stream:
    """Add with a negative second stream."""
    return add(b, x, y, alpha=-alpha)


@rule("rsub.Scalar", "rsub.Tensor")
def rsub(b: Builder, x: Any, y: Any, alpha: float = 1) -> Stream:
    """Add with a negative first stream."""
    return add(b, y, x, alpha=-alpha)


@rule("neg.default")
def neg(b: Builder, x: Stream) -> Stream:
    """Scale by −1."""
    return _scaled(b, x, -1.0)


@rule("mul.Tensor", "mul.Scalar")
def mul(b: Builder, x: Any, y: Any) -> Stream:
    """Scale by a constant, or the product of two streams."""
    if _constant(x):
        x, y = y, x
    if _constant(y):
        return _scaled(b, x, y)
    shape = np.broadcast_shapes(x.shape, y.shape)
    return b.add(Multiply, [x, y], shape)


@rule("div.Tensor", "div.Scalar")
def div(b: Builder, x: Any, y: Any) -> Stream:
    """Scale by the inverse of a constant."""
    if not _constant(y) or _constant(x):
        raise Reject("divides by a value that depends on the input")
    return _scaled(b, x, 1.0 / y)


@rule("matmul.default", "mm.default")
def matmul(b: Builder, x: Any, y: Any) -> Stream:
    """Linear, by a constant matrix on the right."""
    if _constant(x) or not _constant(y) or y.ndim != 2:
        raise Reject("only a product with a constant matrix on the right, x @ W, has a rule")
    return linear(b, x, y.t())


def shifted(b: Builder, x: Stream, value: Any) -> Stream:
    """Return x + constant, broadcast as torch does."""
    shape = np.broadcast_shapes(x.shape, np.shape(value))
    x = b.expand(x, shape)
    return b.add(Scale, [x], shape, bias=b.constant(value, x.sample))


def summed(b: Builder, x: Stream, y: Stream) -> Stream:
    """Return x + y, broadcast as torch does."""
    return b.add(Add, [x, y], np.broadcast_shapes(x.shape, y.shape))


def _scaled(b: Builder, x: Stream, value: Any) -> Stream:
    if isinstance(value, int | float) and value == 1:
        return x
    shape = np.broadcast_shapes(x.shape, np.shape(value))
    x = b.expand(x, shape)
    weight = b.constant(value, x.sample)
    if not np.all(np.isfinite(weight)):
        raise Reject("scales by NaN or infinity")
    return b.add(Scale, [x], shape, weight=weight)


def _constant(value: Any) -> bool:
    return isinstance(value, Tensor | int | float)
