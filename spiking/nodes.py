"""The closed vocabulary: everything is a linear map (linear_maps.py), a neuron or a product.

A node is a frozen record of NumPy arrays without batch and without time. Axes are negative. `infer` gives the
output shape and raises ValueError with a reason; `backends/reference.py` says what each node means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .alphabets import Alphabet
from .fields import Weights
from .functions import Function, Shape, broadcasts
from .groups import ArgMax

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Node:
    """A named node; `inputs` are the names of the nodes that feed it, in order.

    cell   place in a recurrent cell: nodes of one kind and one cell are the same elements at other time steps
    """

    name: str
    inputs: tuple[str, ...]
    cell: str = field(default="", kw_only=True)

    arity = 1  # number of inputs; -1: two or more

    def infer(self, *shapes: Shape) -> Shape:
        """Return the output shape for the input shapes, or raise ValueError with the reason."""
        raise NotImplementedError

    def faults(self) -> Iterator[str]:
        """Yield one line per broken invariant of a node whose fields have their types."""
        yield from ()


@dataclass(frozen=True, eq=False)
class Input(Node):
    """The analog or event input x, injected once (sigma-delta) or at every tick (rate).

    With a `vocabulary` of V the input is ids 0 … V−1 and stands for one event each in a one-hot population.
    A `binary` input holds zeros and ones only: a mask.
    """

    shape: Shape = ()
    vocabulary: int = 0
    binary: bool = False
    arity = 0

    def infer(self, *shapes: Shape) -> Shape:
        return self.shape

    def faults(self) -> Iterator[str]:
        if self.vocabulary < 0:
            yield f"vocabulary must not be negative, as {self.vocabulary} is"


@dataclass(frozen=True, eq=False)
class Output(Node):
    """The readout: a ← a + input, read as f(a) (sigma-delta) or f(a/t) (rate); f is computed by whoever reads it."""

    function: tuple[Function, ...] = ()

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        for function in self.function:
            shape = function.infer(shape)
        return shape

    def faults(self) -> Iterator[str]:
        for function in self.function:
            yield from function.faults()


class Product(Node):
    """A bilinear map of two spike streams: emits A'∘B' − A∘B, A and B being what has arrived so far.

    Each spike on one side adds a row of the other side's integrator. Under the rate schedule A∘B is divided by t.
    """

    arity = 2


@dataclass(frozen=True, eq=False)
class MatMul(Product):
    """A∘B = A @ B.   Shapes   (…, M, K), (…, K, N) -> (…, M, N)"""

    def infer(self, *shapes: Shape) -> Shape:
        a, b = shapes
        if len(a) < 2 or len(b) < 2 or a[-1] != b[-2]:
            raise ValueError(f"{a} @ {b} is not a matrix product")
        return (*np.broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1])


@dataclass(frozen=True, eq=False)
class Multiply(Product):
    """A∘B = A·B, elementwise; the inputs broadcast against each other."""

    def infer(self, *shapes: Shape) -> Shape:
        return np.broadcast_shapes(*shapes)


@dataclass(frozen=True, eq=False)
class Neuron(Node):
    """Integrate, compare with what was sent, send the difference.

        a ← a + input        y = f(a)        r = y + v0 − s        d = emit(r)        s ← s + d

    f is the composition of `function`, first to last, and reads t·f(a/t) under the rate schedule; emit is the
    alphabet's rule. Before tick `start` the neuron integrates but stays silent, and from tick start + window on
    it sends only residuals of two units or more: an error beyond calibration never stays (the wavefront, applied under
    delay 1). f = identity, binary: the soft-reset integrate-and-fire neuron.
    Without an alphabet the neuron is a draft: it sends r itself, and only `dense()` runs it.

    Shapes   a: input shape; y, r, s, d: f's output shape
    Units    those of the source activation; start, window in ticks, the first tick is 1
    Source   sigma-delta: Yoon 2016; soft reset: Rueckauer et al. 2017, Front. Neurosci. 11:682
    """

    function: tuple[Function, ...]
    alphabet: Alphabet | None = None
    v0: Weights | None = None
    start: int = 1
    window: int | None = None

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        for function in self.function:
            shape = function.infer(shape)
        unit = () if self.alphabet is None else self.alphabet.unit.shape
        v0 = () if self.v0 is None else self.v0.shape
        if not broadcasts(unit, shape) or not broadcasts(v0, shape):
            raise ValueError(f"unit {unit} and v0 {v0} must broadcast to {shape}")
        return shape

    def faults(self) -> Iterator[str]:
        for function in self.function:
            yield from function.faults()
        if any(isinstance(function, ArgMax) for function in self.function):
            yield "an argmax sends no spikes; only an output may have one"
        if self.alphabet is not None:
            yield from self.alphabet.faults()
        if self.start < 1 or (self.window is not None and self.window < 1):
            yield f"start and window must be at least 1, not {self.start} and {self.window}"


KINDS: tuple[type[Node], ...] = (Input, Output, Neuron, MatMul, Multiply)
