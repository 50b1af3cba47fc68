"""Counts of single layers from their shapes: the parts that shapes.py puts together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, prod
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from .parts import Curve, Matrix, Place

Shape: TypeAlias = tuple[int, ...]
Size: TypeAlias = int | Sequence[int]
Padding: TypeAlias = Literal["same"] | int | Sequence[int]
GATES = 3  # products of a gated cell: i·g, f·c, o·tanh c (LSTM); r·Uh, z·h, (1 − z)·n (GRU)
LATER = np.zeros(0)  # events, until the activity is known


@dataclass(frozen=True)
class Handle:
    """A tensor on its way through a network of shapes.

    names    inputs and layers that send it
    shape    without the batch
    stage    synaptic stages until all of it is there
    first    stages until its first row is there: less than `stage` behind a recurrent cell
    """

    names: tuple[str, ...]
    shape: Shape
    stage: int = 0
    first: int = 0


@dataclass
class LayerDraft:
    """A layer in the making.

    neurons      outputs at one time step
    integrators  elements that sum up events, at one time step
    stage        synaptic stages until its last time step, this one included
    first        stages until its first time step
    time_steps   of a recurrent cell; 1 elsewhere
    main         the place that its functions follow
    places       all places that feed it, in order
    passes       functions put behind it so far, sums included
    """

    neurons: int
    integrators: int
    stage: int
    first: int
    time_steps: int
    main: str
    places: list[str] = field(default_factory=list)
    passes: int = 0

    @property
    def span(self) -> int:
        """Stages from its first time step to its last."""
        return self.stage - self.first


class Axis(NamedTuple):
    """One axis of a convolution.

    windows   positions of the kernel
    real      taps off the padding, over all windows
    kernel    taps of the kernel
    """

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
        if len(given) != n or not all(is_size(length, least) for length in given):
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


def is_size(value: object, least: int = 1) -> bool:
    """Whether it is a Python integer of at least `least`: products of NumPy's overflow."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def positive(**sizes: int) -> list[str]:
    """Return what is wrong with sizes that must be whole numbers of at least 1."""
    return [f"{name} must be a whole number of at least 1, not {n!r}" for name, n in sizes.items() if not is_size(n)]


def quoted(names: Sequence[str]) -> str:
    """Return names as an error lists them: 'a', 'b'."""
    return ", ".join(f"'{name}'" for name in names)


def joined(handles: Sequence[Handle], shape: Shape) -> Handle:
    """Return several tensors seen as one: all their senders, ready when the last of them is."""
    names = tuple(dict.fromkeys(name for handle in handles for name in handle.names))
    return Handle(names, shape, max(h.stage for h in handles), max(h.first for h in handles))


def weighted(name: str, kind: str, x: Handle, matrix: Matrix, calls: int, passes: int, **other: Any) -> Place:
    """Return the place of a matrix that meets each row once; `other` gives the fields that differ from its."""
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
    """Return the place of a matrix product of two streams: one gates the synapses of the other."""
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
    """Return a place without weights: wiring, or gating synapses."""
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
    """Lay an amount over ticks: evenly over `span` + 1 time steps a tick apart, and each over its `steps` ticks."""
    curve = np.zeros(ticks)
    length = span + steps
    begin = min(begin, ticks - length)
    if span == 0 or steps == 1:
        curve[begin : begin + length] = amount / length
    else:
        curve[begin : begin + length] = amount * np.convolve(_even(span + 1), _even(steps))
    return curve


def _even(n: int) -> Curve:
    return np.full(n, 1 / n)
