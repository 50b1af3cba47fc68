"""Matrix products: by constants of any number of axes linear maps, of two streams products; einsum around them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spiking import Conv, MatMul, Reshape

from ..builder import Builder, Reject, Stream
from .arithmetic import add, is_constant, scaled
from .linear import linear
from .pool import total
from .registry import rule
from .shape import permute, select

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # names of the axes that "…" stands for


@rule("matmul.default", "mm.default", "bmm.default", "mv.default")
def matmul(b: Builder, x: Any, y: Any) -> Any:
    """Linear, by a constant matrix, or one for each entry of other axes; or the product of two streams."""
    if is_constant(x) and is_constant(y):
        return torch.matmul(x, y)
    if is_constant(y):
        return _by_constant(b, x, y)
    if is_constant(x):
        if x.ndim == 1:
            made = transposed(b, _by_constant(b, transposed(b, y), x[:, None]))
            return b.reshape(made, (*made.shape[:-2], made.shape[-1]))
        return transposed(b, _by_constant(b, transposed(b, y), x.mT))
    if len(x.shape) < 2 or len(y.shape) < 2:
        raise Reject("multiplies by a vector; give it a second axis")
    shape = (*np.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1])
    return b.add(MatMul, [matrix(b, x), matrix(b, y)], shape)


def _by_constant(b: Builder, x: Stream, y: Tensor) -> Stream:
    """Return x @ y for a constant y of one axis or more."""
    if y.ndim == 1:
        made = linear(b, x, y[None])
        return b.reshape(made, made.shape[:-1])
    lead = y.shape[:-2]
    if prod(lead) == 1:
        made = linear(b, x, y.reshape(y.shape[-2:]).t())
        return b.reshape(made, (*(1,) * (len(lead) + 2 - len(x.shape)), *made.shape))
    return _grouped(b, x, y)


def _grouped(b: Builder, x: Stream, y: Tensor) -> Stream:
    """Return x @ y with a matrix of its own for each entry of y's leading axes: a grouped convolution of width 1.

    x (…, n, k), y (…, k, m). Axes along which y is one matrix share it: they stand beside n.
    """
    rank = max(len(x.shape), y.ndim)
    x, y = _grown(b, x, rank), y.reshape(*(1,) * (rank - y.ndim), *y.shape)
    own = [d for d in range(rank - 2) if y.shape[d] > 1]
    shared = [d for d in range(rank - 2) if d not in own]
    x = b.expand(x, tuple(y.shape[d] if d in own else n for d, n in enumerate(x.shape)))
    order = [*own, rank - 1, *shared, rank - 2]
    groups, k, m = prod(y.shape[d] for d in own), y.shape[-2], y.shape[-1]
    side = [x.shape[d] for d in (*shared, rank - 2)]
    columns = b.reshape(permute(b, x, order), (1, groups * k, prod(side)))
    weight = y.reshape(groups, k, m).mT.reshape(groups * m, k, 1)
    setting: dict[str, Any] = {"stride": (1,), "padding": (0,), "dilation": (1,), "groups": groups}
    made = b.add(Conv, [columns], weight=b.weight(weight), bias=None, **setting)
    apart = b.reshape(made, (*(y.shape[d] for d in own), m, *side))
    return permute(b, apart, [order.index(d) for d in range(rank - 2)] + [rank - 1, len(own)])


def _grown(b: Builder, x: Stream, rank: int) -> Stream:
    return b.reshape(x, (*(1,) * (rank - len(x.shape)), *x.shape))


@rule("addmm.default")
def addmm(b: Builder, bias: Any, x: Any, weight: Any, *, beta: float = 1, alpha: float = 1) -> Stream:
    """Linear: β bias + α x W; or the product of two streams."""
    return add(b, _times(b, matmul(b, x, weight), alpha), _times(b, bias, beta))


@rule("baddbmm.default")
def baddbmm(b: Builder, bias: Any, x: Any, y: Any, *, beta: float = 1, alpha: float = 1) -> Stream:
    """Product of two streams, scaled, plus a bias."""
    return add(b, _times(b, matmul(b, x, y), alpha), _times(b, bias, beta))


def _times(b: Builder, x: Any, factor: float) -> Any:
    return x * factor if is_constant(x) else scaled(b, x, factor)


@rule("einsum.default")
def einsum(b: Builder, equation: str, operands: Any, path: Any = None) -> Stream:
    """Permutations and sums around products of two streams, or of a stream and a constant."""
    terms, out = _named(equation, [len(x.shape) for x in operands])
    made = (operands[0], terms[0])
    for k, (other, term) in enumerate(zip(operands[1:], terms[1:], strict=True), 1):
        needed = set(out).union(*terms[k + 1 :])
        made = _contracted(b, made, (other, term), needed)
    x, axes = made
    x, axes = _summed(b, x, axes, set(out))
    order = [axes.index(c) for c in out if c in axes]
    return permute(b, x, order) if isinstance(x, Stream) else x.permute(order)


def _named(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of every operand and of the result, with letters of their own for the axes of "…"."""
    inputs, arrow, out = equation.replace(" ", "").partition("->")
    terms, free = inputs.split(","), [c for c in LETTERS if c not in equation]
    hidden = max(rank - len(t.replace("...", "")) if "..." in t else 0 for t, rank in zip(terms, ranks, strict=True))
    names = "".join(free[:hidden])
    terms = [
        t.replace("...", names[hidden - (rank - len(t.replace("...", ""))) :] if "..." in t else "")
        for t, rank in zip(terms, ranks, strict=True)
    ]
    if not arrow:
        every = "".join(terms)
        out = names + "".join(sorted(c for c in set(every) if every.count(c) == 1 and c not in names))
    for term in terms:
        if len(set(term)) < len(term):
            raise Reject(f"'{equation}' repeats an axis within one operand")
    return terms, out.replace("...", names)


def _contracted(b: Builder, first: tuple[Any, str], second: tuple[Any, str], needed: set[str]) -> tuple[Any, str]:
    """One product of two operands; an axis that only one of them has and nobody needs is summed before."""
    (x, left), (y, right) = first, second
    sizes = {c: max(_size(x, left, c), _size(y, right, c)) for c in {*left, *right}}
    x, left = _summed(b, x, left, needed | set(right), sizes)
    y, right = _summed(b, y, right, needed | set(left), sizes)
    shared = [c for c in left if c in right]
    batch, inner = [c for c in shared if c in needed], [c for c in shared if c not in needed]
    rows, columns = [c for c in left if c not in right], [c for c in right if c not in left]
    made = matmul(b, _matrix_of(b, x, left, batch, rows, inner), _matrix_of(b, y, right, batch, inner, columns))
    axes = [*batch, *rows, *columns]
    shape = tuple(sizes[c] for c in axes)
    return (b.reshape(made, shape) if isinstance(made, Stream) else made.reshape(shape)), "".join(axes)


def _size(x: Any, axes: str, c: str) -> int:
    return int(x.shape[axes.index(c)]) if c in axes else 1


def _summed(b: Builder, x: Any, axes: str, needed: set[str], sizes: dict[str, int] | None = None) -> tuple[Any, str]:
    """Sum over the axes nobody needs; drop those of size 1 that broadcast against a longer one."""
    for c in axes:
        at = axes.index(c)
        broadcasts = sizes is not None and x.shape[at] == 1 < sizes[c]
        if c in needed and not broadcasts:
            continue
        if x.shape[at] == 1:
            x = x.select(at, 0) if is_constant(x) else select(b, x, at, 0)
        else:
            x = x.sum(at) if is_constant(x) else total(b, x, at)
        axes = axes.replace(c, "")
    return x, axes


def _matrix_of(b: Builder, x: Any, axes: str, batch: list[str], rows: list[str], columns: list[str]) -> Any:
    """Permute and reshape an operand to (batch, rows, columns)."""
    order = [axes.index(c) for c in (*batch, *rows, *columns)]
    shape = tuple(prod(_size(x, axes, c) for c in group) for group in (batch, rows, columns))
    if is_constant(x):
        return x.permute(order).reshape(shape)
    return b.reshape(permute(b, x, order), shape)


def matrix(b: Builder, x: Stream) -> Stream:
    """Return x with at least two axes in its sample."""
    if len(x.sample) >= 2:
        return x
    return b.add(Reshape, [x], (1, *x.shape), "matrix", shape=x.shape)


def transposed(b: Builder, x: Any) -> Any:
    """Return x with its last two axes in the other order."""
    if is_constant(x):
        return x.mT
    return permute(b, x, [*range(len(x.shape) - 2), -1, -2])
