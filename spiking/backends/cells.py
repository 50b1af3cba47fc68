"""The neuron as a Norse cell: step(x, state, parameters, dt) -> (spikes, state)."""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..alphabets import NEAREST
from ..functions import Shape
from ..network import TICK
from ..nodes import Neuron
from .functions_torch import Composition
from .linear import tensor

with warnings.catch_warnings():  # Norse compiles with torch.jit at import, which this torch deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", FutureWarning)  # a later torch says it louder
    from norse.torch.module.snn import SNNCell

# for each width: the integer of that width, half of the mantissa's range, and the mask of sign and exponent
BITS = {torch.float32: (torch.int32, 1 << 22, -(1 << 23)), torch.float64: (torch.int64, 1 << 51, -(1 << 52))}


class State(NamedTuple):
    """What a neuron holds: its integrator a, what it has sent s, the tick it has seen, the last of its window.

    r      its residual at that tick, before it sent
    """

    a: Tensor
    s: Tensor
    tick: int
    last: int | None = None
    r: Tensor | None = None


class Code(nn.Module):
    """The parameters of a cell, from one neuron node; what it sends is coded in units.

    function   f, of the integrator a
    scaled     whether y = t·f(a/t): the rate schedule, where f is not homogeneous
    kind       of the alphabet: binary, ternary or graded
    late       the smallest |r|/unit that is sent behind a window
    theta      the smallest |r|/unit that is sent; `below` is the largest float32 below it
    top        the largest level in units, 2^(levels − 1)
    unit       (), or broadcastable to the neurons, in units of the activation
    v0         what the residual starts from, as unit; None is 0
    """

    unit: Tensor
    v0: Tensor | None

    def __init__(self, neuron: Neuron, rate: bool) -> None:
        super().__init__()
        alphabet = neuron.alphabet
        assert alphabet is not None  # run() refuses drafts
        self.function = Composition(neuron)
        self.scaled = rate and not all(f.homogeneous for f in neuron.function)
        self.kind, self.theta, self.top = alphabet.kind, alphabet.threshold, 2.0 ** (alphabet.levels - 1)
        self.late, self.reach = alphabet.late, alphabet.reach
        self.below = float(np.nextafter(np.float32(self.theta), np.float32(0)))  # hardshrink keeps what is above it
        self.register_buffer("unit", tensor(alphabet.unit))
        self.register_buffer("v0", None if neuron.v0 is None else tensor(neuron.v0))

    def saturated(self, left: Tensor) -> int:
        """Count the neurons that keep more than one spike sends."""
        return int(torch.count_nonzero(left.abs() / self.unit >= self.reach))

    def target(self, a: Tensor, tick: int) -> Tensor:
        """Return y = f(a), or t·f(a/t) under the rate schedule where that differs."""
        y: Tensor = self.function(a / tick) * tick if self.scaled else self.function(a)
        return y

    def emit(self, r: Tensor, late: bool = False) -> Tensor:
        """Return the spike nearest r: the alphabet's rule.

        The nearest power of two is the sign and exponent after half of the mantissa's range was added: exact at
        midpoints. What stays below theta is shrunk to zero first, and zero stays zero.
        """
        q = r / self.unit
        q = torch.where(q.abs() >= self.late, q, 0.0) if late else q
        if self.kind == "binary":
            return (q >= self.theta).to(r.dtype) * self.unit
        sent = F.hardshrink(q, math.nextafter(self.theta, 0.0) if r.dtype == torch.float64 else self.below)
        if self.kind == "ternary":
            return sent.sign_().mul_(self.unit)
        integer, half, mask = BITS[r.dtype]
        level = sent.view(integer).add(half).bitwise_and_(mask).view(r.dtype)
        if self.theta < NEAREST["graded"]:  # between theta and 0.75 the smallest spike is sent
            level = torch.where(level == 0, level, level.sign() * level.abs().clamp_min(1.0))
        return level.clamp_(-self.top, self.top).mul_(self.unit)


def step(x: Tensor, state: State, p: Code, dt: float) -> tuple[Tensor, State]:
    """One tick of one neuron layer: integrate, compare with what was sent, send the nearest spike."""
    a, tick = state.a + x, state.tick + 1
    r = p.target(a, tick) - state.s
    r = r if p.v0 is None else r + p.v0
    sent = p.emit(r, state.last is not None and tick > state.last)
    return sent, State(a, state.s + sent, tick, state.last, r)


class Cell(SNNCell):  # type: ignore[misc]  # Norse carries no types
    """A neuron layer under Norse's conventions: forward(x, state) -> (spikes, state), state made at first use."""

    def __init__(self, neuron: Neuron, shape: Shape, rate: bool, tick: float = TICK) -> None:
        super().__init__(step, self.rest, Code(neuron, rate), dt=tick)
        self.shape = shape

    def rest(self, x: Tensor) -> State:
        """Return the state before the first tick, for an input like x."""
        return State(torch.zeros_like(x), x.new_zeros(len(x), *self.shape), 0)
