"""Counts of single layers from their shapes: what hardware/shapes.py puts together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, prod
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from .trace import Curve, Matrix, Place

Shape: TypeAlias = tuple[int, ...]
Size: TypeAlias = int | Sequence[int]
Padding: TypeAlias = Literal["same"] | int | Sequence[int]
GATES = 3  # products of a gated cell: i·g, f·c, o·tanh c (LSTM); r·Uh, z·h, (1 − z)·n (GRU)
LATER = np.zeros(0)  # events, until the activity is known


@dataclass(frozen=True)
class Handle:
    """A tensor: who sends it, its shape without the batch, stages until its last and its first moment are there."""

    names: tuple[str, ...]
    shape: Shape
    stage: int = 0
    first: int = 0


@dataclass
class Body:
    """A layer in the making: the places that feed it, the one its functions follow, and how many were put there."""

    neurons: int
    integrators: int
    stage: int
    first: int
    moments: int
    main: str
    places: list[str] = field(default_factory=list)
    passes: int = 0

    @property
    def span(self) -> int:
        """Stages from its first moment to its last."""
        return self.stage - self.first


class Axis(NamedTuple):
    """One axis of a convolution: windows, taps off the padding in all of them, taps of the kernel."""

    windows: int
    real: int
    kernel: int


def axes(size: Shape, kernel: Size, stride: Size, padding: Padding) -> tuple[list[Axis], list[str]]:
    """Lay windows over each axis of a map; and what is wrong with them.

    "same" gives ⌈size/stride⌉ windows, with (kernel − 1)/2 in front, or less where the windows need less.
    """
    n = len(size)
    kernels, strides = _each(kernel, n), _each(stride, n)
    paddings = [-1] * n if padding == "same" else _each(padding, n)
    faults = [] if n else ["a map has channels and at least one axis"]
    for label, given in (("kernel", kernels), ("stride", strides), ("padding", paddings)):
        least = 1 if label != "padding" else 0 if padding != "same" else -1
        if len(given) != n or any(not whole(one, least) for one in given):
            faults.append(f"{label} must be {n} whole number(s) of at least {max(least, 0)}, not {tuple(given)}")
    if faults:
        return [], faults
    found = [_axis(*setting) for setting in zip(size, kernels, strides, paddings, strict=True)]
    if any(axis.windows < 1 for axis in found):
        faults.append(f"a kernel of {tuple(kernels)} does not fit into {size} with padding {tuple(paddings)}")
    return found, faults


@lru_cache(maxsize=4096)
def _axis(size: int, kernel: int, stride: int, padding: int) -> Axis:
    if padding < 0:
        windows = ceil(size / stride)
        before = min((kernel - 1) // 2, max((windows - 1) * stride + kernel - size, 0))
    else:
        windows, before = (size + 2 * padding - kernel) // stride + 1, padding
    begin = np.arange(windows) * stride - before
    real = np.minimum(begin + kernel, size) - np.maximum(begin, 0)
    return Axis(windows, int(np.maximum(real, 0).sum()), kernel)


def _each(value: Size, n: int) -> list[int]:
    return [value] * n if isinstance(value, int) else list(value)


def whole(value: object, least: int = 1) -> bool:
    """A whole number of at least `least`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def positive(**sizes: int) -> list[str]:
    """What is wrong with sizes that must be whole numbers from 1 on."""
    return [f"{name} must be a whole number of at least 1, not {n!r}" for name, n in sizes.items() if not whole(n)]


def quoted(names: Sequence[str]) -> str:
    """'a', 'b'."""
    return ", ".join(f"'{name}'" for name in names)


def joined(handles: Sequence[Handle], shape: Shape) -> Handle:
    """Return several tensors seen as one: all their senders, ready when the last of them is."""
    names = tuple(dict.fromkeys(name for handle in handles for name in handle.names))
    return Handle(names, shape, max(one.stage for one in handles), max(one.first for one in handles))


def weighted(name: str, kind: str, x: Handle, matrix: Matrix, calls: int, passes: int, **other: Any) -> Place:
    """Return the place of a matrix of weights, each of them met once by a row; `other` fields than this gives."""
    rows, columns, inner, groups = matrix
    size = columns * inner * groups
    fields: dict[str, Any] = {
        "weights": size,
        "reads": size,
        "unrolled": rows * size,
        "physical": rows * size,
        "dynamic": 0,
        "fan_in": inner,
        "taps": columns,
        "channels": inner,
        "values": max(prod(x.shape) // calls, 1) + rows * columns * groups,
        "macs": rows * size * calls,
        "calls": calls,
        "passes": passes,
    }
    return Place(name=name, kind=kind, sources=x.names, matrix=matrix, events=LATER, **{**fields, **other})


def product(name: str, sources: Sequence[Handle], matrix: Matrix, reads: int, values: int, passes: int) -> Place:
    """Return the place of a product of two streams: its synapses are gated by one of them."""
    gated = prod(matrix)
    return between(name, "MatMul", joined(sources, ()).names, 0, gated, values, 1, matrix, reads, passes)


def between(
    name: str,
    kind: str,
    sources: tuple[str, ...],
    physical: int,
    dynamic: int,
    values: int,
    calls: int,
    matrix: Matrix | None = None,
    reads: int = 0,
    passes: int = 0,
) -> Place:
    """Return a place without weights: wiring, or synapses that something else gates."""
    return Place(
        name=name,
        kind=kind,
        weights=0,
        reads=reads,
        unrolled=0,
        physical=physical,
        dynamic=dynamic,
        fan_in=min(physical, 1),
        taps=1,
        channels=1,
        values=values,
        macs=dynamic * calls,
        calls=calls,
        sources=sources,
        matrix=matrix,
        events=LATER,
        passes=passes,
    )


def spread(amount: float, begin: int, span: int, steps: int, ticks: int) -> Curve:
    """Lay an amount over ticks: evenly over the moments, `span` + 1 of them, and each over its `steps`."""
    curve = np.zeros(ticks)
    length = span + steps
    begin = min(begin, ticks - length)
    if span == 0 or steps == 1:
        curve[begin : begin + length] = amount / length
    else:
        one = np.convolve(np.full(span + 1, 1 / (span + 1)), np.full(steps, 1 / steps))
        curve[begin : begin + length] = amount * one
    return curve
