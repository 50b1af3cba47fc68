"""What a neuron may send in one tick."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .arguments import array, shown
from .errors import InvalidInput
from .fields import Weights
from .shape_only import is_missing

Kind = Literal["binary", "ternary", "graded"]
LATE = 2.0  # units: what a neuron still sends behind its window
NEAREST: dict[Kind, float] = {"binary": 1.0, "ternary": 0.5, "graded": 0.75}


@dataclass(frozen=True, eq=False)
class Alphabet:
    """The values one spike can take, and the rule that picks one for a residual r.

        q = |r| / u
        binary    d = u              if r/u >= theta                        {0, u}
        ternary   d = sign(r)·u      if q >= theta                          {-u, 0, u}
        graded    d = sign(r)·u·2^k  k = the largest with q >= 0.75·2^k,    {±u·2^k}, k < levels
                                     and q >= theta for k = 0

    `0.75·2^k` is the midpoint between 2^(k-1) and 2^k: the nearest power of two is sent.
    theta defaults to 1 (binary: the classical threshold), 0.5 (ternary) and 0.75 (graded).

    Shapes   unit: () or broadcastable to the neuron's shape
    Units    unit: those of the source activation; theta: fractions of the unit
    Source   graded: signed multi-threshold neuron, ECMT 2024 and DCGS 2025
    """

    kind: Kind
    unit: Weights
    levels: int = 1
    theta: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", _unit(self.unit))
        if self.theta is None and isinstance(self.kind, str) and self.kind in NEAREST:
            object.__setattr__(self, "theta", NEAREST[self.kind])
        if isinstance(self.levels, bool) or not isinstance(self.levels, int | np.integer):
            raise InvalidInput(f"levels must be a whole number, not {shown(self.levels)}")
        if isinstance(self.theta, bool) or not isinstance(self.theta, int | float | np.integer | np.floating | None):
            raise InvalidInput(f"theta must be a number, not {shown(self.theta)}")

    @property
    def threshold(self) -> float:
        """theta as a number: the smallest |r|/u that is sent."""
        return NEAREST[self.kind] if self.theta is None else self.theta

    @property
    def late(self) -> float:
        """The smallest |r|/u that is sent behind a window: a small change is left, a large error never is."""
        return max(LATE, self.threshold)

    @property
    def reach(self) -> float:
        """The |r|/u that is too much for one spike: the largest leaves half of itself or more."""
        return 1.5 * 2.0 ** (self.levels - 1)

    @property
    def bits(self) -> float:
        """Information of one tick of one neuron: log2 of the number of letters, silence included."""
        return math.log2(1 + self.columns)

    @property
    def columns(self) -> int:
        """Binary neurons that stand for one neuron on hardware without payloads: one per non-silent letter."""
        return {"binary": 1, "ternary": 2, "graded": 2 * self.levels}[self.kind]

    def faults(self) -> Iterator[str]:
        """Yield one line per broken invariant."""
        if self.kind not in NEAREST:
            yield f"alphabet '{self.kind}' is not one of {', '.join(NEAREST)}"
            return
        known = not is_missing(self.unit)
        if known and (self.unit.size == 0 or not np.all(np.isfinite(self.unit)) or not np.all(self.unit > 0)):
            yield "the alphabet's unit must be finite and positive everywhere"
        if not math.isfinite(self.threshold) or self.threshold <= 0:
            yield f"theta must be finite and positive, not {self.theta}"
        if self.kind == "graded" and self.threshold > 1.5:
            yield f"a graded theta must not exceed 1.5 (the midpoint of the first two levels), not {self.theta}"
        if not 1 <= self.levels <= 30:
            yield f"levels must lie in 1 .. 30, not {self.levels}"
        elif self.kind != "graded" and self.levels != 1:
            yield f"a {self.kind} alphabet has one level, not {self.levels}"


def binary(unit: float | NDArray[np.floating], theta: float = 1.0) -> Alphabet:
    """The alphabet {0, u}; with f = identity this is the soft-reset integrate-and-fire neuron."""
    return Alphabet("binary", _unit(unit), 1, theta)


def ternary(unit: float | NDArray[np.floating], theta: float = 0.5) -> Alphabet:
    """The alphabet {-u, 0, u}."""
    return Alphabet("ternary", _unit(unit), 1, theta)


def graded(unit: float | NDArray[np.floating], levels: int, theta: float = 0.75) -> Alphabet:
    """The alphabet {±u·2^k}, k < levels."""
    return Alphabet("graded", _unit(unit), levels, theta)


def _unit(value: float | NDArray[np.floating]) -> NDArray[np.float64]:
    if is_missing(value):
        return value
    made = array(value)
    if made.dtype.kind not in "fiu":
        raise InvalidInput(f"unit must be a positive number or an array of them, not {shown(value)}")
    return made.astype(np.float64)
