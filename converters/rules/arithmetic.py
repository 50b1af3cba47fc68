"""Sums of streams, and arithmetic with constants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spiking import Add, Clamp, Elementwise, Multiply, Relu, Scale

from ..builder import ABSORBS, EXCLUDES, LARGEST, LOWEST, UNLIKELY, Builder, Reject, Stream
from .least import least
from .registry import rule
from .written_out import normalised


@rule("add.Tensor", "add.Scalar")
def add(b: Builder, x: Any, y: Any, *, alpha: float = 1) -> Stream:
    """Add two streams, or a constant as a bias."""
    if is_constant(x):
        return add(b, scaled(b, y, alpha), x)
    if is_constant(y):
        return shifted(b, x, y * alpha)
    return b.add(Add, [x, scaled(b, y, alpha)], np.broadcast_shapes(x.shape, y.shape))


@rule("sub.Tensor", "sub.Scalar", "subtract.Tensor", "subtract.Scalar")
def sub(b: Builder, x: Any, y: Any, *, alpha: float = 1) -> Stream:
    """Add with a negative second stream."""
    return add(b, x, y, alpha=-alpha)


@rule("rsub.Scalar", "rsub.Tensor")
def rsub(b: Builder, x: Any, y: Any, alpha: float = 1) -> Stream:
    """Add with a negative first stream."""
    made = add(b, y, x, alpha=-alpha)
    return b.mask(made) if isinstance(y, int | float) and y == alpha == 1 and b.integer(x) else made  # 1 − mask


@rule("maximum.default", "max.other")
def maximum(b: Builder, x: Any, y: Any) -> Stream:
    """Neuron: max(a, low) for a number; for two values y + max(x − y, 0), with a neuron for the part above."""
    stream, low = (y, number(x, len(y.shape))) if is_constant(x) else (x, number(y, len(x.shape)))
    if isinstance(low, int | float):
        return stream if low <= LOWEST else b.neuron(stream, Clamp(float(low), LARGEST))
    return add(b, b.neuron(sub(b, x, y), Relu()), y)


@rule("minimum.default", "min.other")
def minimum(b: Builder, x: Any, y: Any) -> Stream:
    """Neuron: min(a, high) for a number; for two values x − max(x − y, 0), with a neuron for the part above."""
    stream, high = (y, number(x, len(y.shape))) if is_constant(x) else (x, number(y, len(x.shape)))
    if isinstance(high, int | float):
        return stream if high >= -LOWEST else b.neuron(stream, Clamp(-LARGEST, float(high)))
    return sub(b, x, b.neuron(sub(b, x, y), Relu()))


@rule("neg.default", "negative.default")
def neg(b: Builder, x: Stream) -> Stream:
    """Scale by −1."""
    return scaled(b, x, -1.0)


@rule("mul.Tensor", "mul.Scalar", "multiply.Tensor", "multiply.Scalar")
def mul(b: Builder, x: Any, y: Any) -> Stream:
    """Scale by a constant, or the product of two streams."""
    if is_constant(x):
        x, y = y, x
    if is_constant(y):
        return _excluding(b, x, y) if isinstance(y, int | float) and y <= EXCLUDES else scaled(b, x, y)
    norm = normalised(b, x, y) or normalised(b, y, x)
    made = norm or b.add(Multiply, [x, y], np.broadcast_shapes(x.shape, y.shape))
    return replace(made, boolean=x.boolean and y.boolean)


@rule("div.Tensor", "div.Scalar", "divide.Tensor", "divide.Scalar", "true_divide.Tensor")
def div(b: Builder, x: Any, y: Any) -> Stream:
    """Scale by the inverse of a constant, or the product with a neuron's reciprocal."""
    if is_constant(y):
        return scaled(b, x, 1.0 / y)
    norm = None if is_constant(x) else normalised(b, x, y, divides=True)
    return norm or mul(b, x, b.neuron(y, Elementwise("reciprocal", least(b, y))))


@rule("addcmul.default")
def addcmul(b: Builder, x: Any, y: Any, z: Any, *, value: float = 1) -> Stream:
    """Add, to a product: x + value·y·z."""
    return add(b, x, y * z if is_constant(y) and is_constant(z) else mul(b, y, z), alpha=value)


@rule("addcdiv.default")
def addcdiv(b: Builder, x: Any, y: Any, z: Any, *, value: float = 1) -> Stream:
    """Add, to a quotient: x + value·y/z."""
    return add(b, x, y / z if is_constant(y) and is_constant(z) else div(b, y, z), alpha=value)


def _excluding(b: Builder, x: Stream, value: float) -> Stream:
    """A mask times what excludes; an input that is read so must hold zeros and ones."""
    if not b.flag(x):
        return scaled(b, x, value)
    made = scaled(b, b.mask(x), UNLIKELY)
    if value <= ABSORBS:
        b.excluding.add(made.node)
    return made


def shifted(b: Builder, x: Stream, value: Any) -> Stream:
    """Return x + constant, broadcast as torch does."""
    x = b.expand(x, np.broadcast_shapes(x.shape, np.shape(value)))
    return b.add(Scale, [x], bias=b.constant(value, x.sample))


def scaled(b: Builder, x: Stream, value: Any) -> Stream:
    """Return x · constant, broadcast as torch does."""
    if isinstance(value, int | float) and value == 1:
        return x
    known = not (isinstance(value, Tensor) and value.is_meta)
    if known and not bool(torch.isfinite(torch.as_tensor(value)).all()):
        raise Reject("scales by NaN or infinity")
    x = b.expand(x, np.broadcast_shapes(x.shape, np.shape(value)))
    return b.add(Scale, [x], weight=b.constant(value, x.sample))


def number(value: Any, rank: int) -> Any:
    """Return a constant tensor of one entry, and of no more axes than it meets, as a number; all else as it is."""
    single = isinstance(value, Tensor) and value.numel() == 1 and value.ndim <= rank and not value.is_meta
    return value.item() if single else value


def is_constant(value: Any) -> bool:
    """Return whether a value does not depend on the input."""
    return isinstance(value, Tensor | int | float)
