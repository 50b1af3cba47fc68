"""Sums of streams, and arithmetic with constants."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from spiking import Add, Elementwise, MatMul, Mean, Multiply, Neuron, Norm, Relu, Reshape, Scale

from .linear import linear
from .registry import Reject, rule
from .shape import permute

if TYPE_CHECKING:
    from ..lower import Builder, Stream

# what a mask from the input adds: it meets the scores in one sum, so it must not swallow their last bits
UNLIKELY = -512.0


@rule("add.Tensor")
def add(b: Builder, x: Any, y: Any, *, alpha: float = 1) -> Stream:
    """Add two streams, or a constant as a bias."""
    if _constant(x):
        return add(b, scaled(b, y, alpha), x)
    if _constant(y):
        return shifted(b, x, y * alpha)
    return summed(b, x, scaled(b, y, alpha))


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
    shape = np.broadcast_shapes(x.shape, y.shape)
    return product(b, x, y, shape)


@rule("div.Tensor", "div.Scalar")
def div(b: Builder, x: Any, y: Any) -> Stream:
    """Scale by the inverse of a constant, or the product with a neuron's reciprocal."""
    if _constant(y):
        return scaled(b, x, 1.0 / y)
    return mul(b, x, b.neuron(y, Elementwise("reciprocal")))


@rule("matmul.default", "mm.default", "bmm.default")
def matmul(b: Builder, x: Any, y: Any) -> Stream:
    """Linear, by a constant matrix; or the product of two streams."""
    if _constant(y):
        if y.ndim != 2:
            raise Reject(f"multiplies by a constant of {y.ndim} axes; a matrix has a rule")
        return linear(b, x, y.t())
    if _constant(x):
        if x.ndim != 2:
            raise Reject(f"multiplies by a constant of {x.ndim} axes; a matrix has a rule")
        return turned(b, linear(b, turned(b, y), x))
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
        raise Reject(f"'{equation}' is no product of two operands with named axes")
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


def turned(b: Builder, x: Stream) -> Stream:
    """Return x with its last two axes in the other order."""
    order = list(range(len(x.shape)))
    return permute(b, x, [*order[:-2], order[-1], order[-2]])


def product(b: Builder, x: Stream, y: Stream, shape: tuple[int, ...]) -> Stream:
    """Return x·y; x·(1/√(mean x² + ε)) is a neuron's own function, RMSNorm."""
    found = _rms(b, x, y) or _rms(b, y, x)
    return found if found is not None else b.add(Multiply, [x, y], shape)


def _rms(b: Builder, x: Stream, gain: Stream) -> Stream | None:
    """Recognise gain = rsqrt(mean(x²) + ε) over the last axis, spelled out in the source."""
    nodes = b.by_name
    root = nodes.get(gain.node)
    if not (isinstance(root, Neuron) and [f.label for f in root.function] == ["rsqrt"]):
        return None
    shift = nodes[root.inputs[0]]
    if not (isinstance(shift, Scale) and shift.weight is None and shift.bias is not None and shift.bias.size == 1):
        return None
    mean = nodes[shift.inputs[0]]
    if not (isinstance(mean, Mean) and mean.axes == (-1,) and mean.keepdims):
        return None
    square = nodes[mean.inputs[0]]
    if not (isinstance(square, Neuron) and [f.label for f in square.function] == ["power 2"]):
        return None
    if square.inputs[0] != x.node:
        return None
    return b.neuron(x, Norm(1, float(shift.bias.ravel()[0]), center=False))


def shifted(b: Builder, x: Stream, value: Any) -> Stream:
    """Return x + constant, broadcast as torch does."""
    shape = np.broadcast_shapes(x.shape, np.shape(value))
    x = b.expand(x, shape)
    return b.add(Scale, [x], shape, bias=b.constant(value, x.sample))


def summed(b: Builder, x: Stream, y: Stream) -> Stream:
    """Return x + y, broadcast as torch does."""
    return b.add(Add, [x, y], np.broadcast_shapes(x.shape, y.shape))


def scaled(b: Builder, x: Stream, value: Any) -> Stream:
    """Return x · constant, broadcast as torch does."""
    if isinstance(value, int | float) and value == 1:
        return x
    known = not (isinstance(value, Tensor) and value.is_meta)
    if known and not bool(torch.isfinite(torch.as_tensor(value)).all()):
        raise Reject("scales by NaN or infinity")
    shape = np.broadcast_shapes(x.shape, np.shape(value))
    x = b.expand(x, shape)
    return b.add(Scale, [x], shape, weight=b.constant(value, x.sample))


def _constant(value: Any) -> bool:
    return isinstance(value, Tensor | int | float)
