"""Sums of streams, and arithmetic with constants."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spiking import Add, Elementwise, MatMul, Mean, Multiply, Neuron, Norm, Power, Relu, Reshape, Scale

from ..builder import UNLIKELY, Builder, Reject, Stream
from .linear import linear
from .registry import rule
from .shape import permute


@rule("add.Tensor")
def add(b: Builder, x: Any, y: Any, *, alpha: float = 1) -> Stream:
    """Add two streams, or a constant as a bias."""
    if _constant(x):
        return add(b, scaled(b, y, alpha), x)
    if _constant(y):
        return shifted(b, x, y * alpha)
    return b.add(Add, [x, scaled(b, y, alpha)], np.broadcast_shapes(x.shape, y.shape))


@rule("sub.Tensor")
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
    """Add: y + max(x − y, 0), with a neuron for the part above."""
    return add(b, b.neuron(sub(b, x, y), Relu()), y)


@rule("minimum.default", "min.other")
def minimum(b: Builder, x: Any, y: Any) -> Stream:
    """Add: x − max(x − y, 0), with a neuron for the part above."""
    return sub(b, x, b.neuron(sub(b, x, y), Relu()))


@rule("neg.default")
def neg(b: Builder, x: Stream) -> Stream:
    """Scale by −1."""
    return scaled(b, x, -1.0)


@rule("mul.Tensor", "mul.Scalar")
def mul(b: Builder, x: Any, y: Any) -> Stream:
    """Scale by a constant, or the product of two streams."""
    if _constant(x):
        x, y = y, x
    if _constant(y):
        return scaled(b, x, max(y, UNLIKELY) if x.boolean and isinstance(y, int | float) else y)
    return _rms(b, x, y) or _rms(b, y, x) or b.add(Multiply, [x, y], np.broadcast_shapes(x.shape, y.shape))


@rule("div.Tensor", "div.Scalar")
def div(b: Builder, x: Any, y: Any) -> Stream:
    """Scale by the inverse of a constant, or the product with a neuron's reciprocal."""
    if _constant(y):
        return scaled(b, x, 1.0 / y)
    return mul(b, x, b.neuron(y, Elementwise("reciprocal")))


@rule("matmul.default", "mm.default", "bmm.default")
def matmul(b: Builder, x: Any, y: Any) -> Stream:
    """Linear, by a constant matrix; or the product of two streams."""
    for operand in (x, y):
        if _constant(operand) and operand.ndim != 2:
            raise Reject(f"multiplies by a constant with {operand.ndim} axes; only a constant matrix is supported")
    if _constant(y):
        return linear(b, x, y.t())
    if _constant(x):
        return transposed(b, linear(b, transposed(b, y), x))
    if len(x.shape) < 2 or len(y.shape) < 2:
        raise Reject("multiplies by a vector; give it a second axis")
    shape = (*np.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1])
    return b.add(MatMul, [matrix(b, x), matrix(b, y)], shape)


@rule("addmm.default")
def addmm(b: Builder, bias: Any, x: Stream, weight: Any, *, beta: float = 1, alpha: float = 1) -> Stream:
    """Linear: bias + x W."""
    if not _constant(weight) or beta != 1 or alpha != 1:
        raise Reject("needs a constant matrix, and beta = alpha = 1")
    return add(b, linear(b, x, weight.t()), bias)


@rule("baddbmm.default")
def baddbmm(b: Builder, bias: Any, x: Any, y: Any, *, beta: float = 1, alpha: float = 1) -> Stream:
    """Product of two streams, scaled, plus a bias."""
    return add(b, scaled(b, matmul(b, x, y), alpha), bias * beta if _constant(bias) else scaled(b, bias, beta))


@rule("einsum.default")
def einsum(b: Builder, equation: str, operands: Any, path: Any = None) -> Stream:
    """Permutations around one product of two streams, or of a stream and a constant."""
    if "." in equation or len(operands) != 2:
        raise Reject(f"'{equation}' is not a product of two operands with named axes")
    left, right = operands
    inputs, _, out = equation.replace(" ", "").partition("->")
    first, second = inputs.split(",")
    if len(set(first)) < len(first) or len(set(second)) < len(second):
        raise Reject(f"'{equation}' repeats an axis within one operand")
    shared = [c for c in first if c in second]
    batch, inner = [c for c in shared if c in out], [c for c in shared if c not in out]
    rows, columns = [c for c in first if c not in second], [c for c in second if c not in first]
    sizes = {**dict(zip(first, left.shape, strict=True)), **dict(zip(second, right.shape, strict=True))}
    x = _matrix_of(b, left, first, batch, rows, inner, sizes)
    y = _matrix_of(b, right, second, batch, inner, columns, sizes)
    made = matmul(b, x, y)
    order = [*batch, *rows, *columns]
    return permute(b, b.reshape(made, tuple(sizes[c] for c in order)), [order.index(c) for c in out])


def _matrix_of(
    b: Builder, x: Any, axes: str, batch: list[str], rows: list[str], columns: list[str], sizes: dict[str, int]
) -> Any:
    """Permute and reshape an operand to (batch, rows, columns); without the batch axis if it is one."""
    order = [axes.index(c) for c in (*batch, *rows, *columns)]
    shape = [prod(sizes[c] for c in group) for group in (batch, rows, columns)]
    if _constant(x):
        made = x.permute(order).reshape(shape)
        return made[0] if shape[0] == 1 else made
    return b.reshape(permute(b, x, order), tuple(shape))


def matrix(b: Builder, x: Stream) -> Stream:
    """Return x with at least two axes in its sample."""
    if len(x.sample) >= 2:
        return x
    return b.add(Reshape, [x], (1, *x.shape), "matrix", shape=x.shape)


def transposed(b: Builder, x: Stream) -> Stream:
    """Return x with its last two axes in the other order."""
    return permute(b, x, [*range(len(x.shape) - 2), -1, -2])


def _rms(b: Builder, x: Stream, gain: Stream) -> Stream | None:
    """RMSNorm of x, if gain is 1/√(mean x² + ε) over the last axis, spelled out in the source."""
    path = [b.nodes[gain.node]]
    while len(path) < 4 and path[-1].inputs:
        path.append(b.nodes[path[-1].inputs[0]])
    match path:
        case [
            Neuron(function=(Elementwise("rsqrt"),)),
            Scale(weight=None, bias=np.ndarray(size=1) as epsilon),
            Mean(axes=(-1,), keepdims=True),
            Neuron(function=(Power(2),), inputs=(x.node,)),
        ]:
            return b.neuron(x, Norm(1, float(epsilon.item()), center=False))
    return None


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


def _constant(value: Any) -> bool:
    return isinstance(value, Tensor | int | float)
