"""The function a neuron applies to its integrator before it compares with what it has sent: elementwise ones.

Axes are negative, so that time and batch may stand in front. formulas.py says what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .fields import Limit, Weights
from .formulas import FORMULAS, NAMED, Formula

EXACT = 2**53  # whole numbers below it are the same as integers and as floats
Array = NDArray[Any]
Shape = tuple[int, ...]


def fitted(function: Function, shape: Shape, **fields: Any) -> Shape:
    """Return `shape`; raises ValueError unless every array among the fields broadcasts to it."""
    for name, value in fields.items():
        if hasattr(value, "shape") and not broadcasts(value.shape, shape):
            raise ValueError(f"{function.label}'s {name} {value.shape} does not broadcast to {shape}")
    return shape


def broadcasts(small: Shape, shape: Shape) -> bool:
    """Return whether an array of shape `small` broadcasts to `shape`."""
    pairs = zip(reversed(small), reversed(shape), strict=False)
    return len(small) <= len(shape) and all(a in (1, b) for a, b in pairs)


@dataclass(frozen=True)
class Function:
    """y = f(a): elementwise unless the class says which group of the integrator one value reads."""

    @property
    def label(self) -> str:
        """The function's name in tables."""
        return type(self).__name__.lower()

    @property
    def plain(self) -> bool:
        """Whether comparisons are enough: no arithmetic unit beside a neuron's own integrator."""
        return False

    @property
    def formula(self) -> Formula | None:
        """The row of formulas.py that says what f is; None where one value reads a group."""
        return FORMULAS.get(type(self).__name__)

    @property
    def homogeneous(self) -> bool:
        """Whether f(c·a) = c·f(a) for c > 0, so that a running sum can stand for a running mean."""
        return self.formula is not None and self.formula.homogeneous

    def infer(self, shape: Shape) -> Shape:
        """Return the shape of f(a) for an integrator of `shape`."""
        return shape

    def faults(self) -> Iterator[str]:
        """Yield one line per broken invariant of a function whose fields have their types."""
        yield from ()


class Plain(Function):
    """A function made of comparisons."""

    @property
    def plain(self) -> bool:
        return True


@dataclass(frozen=True)
class Identity(Plain):
    """y = a"""


@dataclass(frozen=True)
class Relu(Plain):
    """y = max(a, 0)"""


@dataclass(frozen=True, eq=False)
class LeakyRelu(Plain):
    """y = a if a >= 0 else slope·a; slope is a number, or one for each channel, shaped to broadcast.   PReLU too."""

    slope: float | Weights = 0.01

    def infer(self, shape: Shape) -> Shape:
        return fitted(self, shape, slope=self.slope)


@dataclass(frozen=True)
class Clamp(Plain):
    """y = min(max(a, low), high)"""

    low: Limit
    high: Limit

    def faults(self) -> Iterator[str]:
        if not self.low < self.high:
            yield f"clamp needs low < high, not {self.low} and {self.high}"


@dataclass(frozen=True)
class Abs(Plain):
    """y = |a|"""


@dataclass(frozen=True)
class Elementwise(Function):
    """y = name(a), a name of formulas.py, as torch defines it.

    log and rsqrt read max(a, floor), sqrt max(a, 0), asin and acos a kept within ±1, reciprocal a kept at least floor
    away from 0 on its side: what is on its way may pass through values the source never shows.
    """

    name: str
    floor: float = 1e-6

    @property
    def formula(self) -> Formula | None:
        return NAMED.get(self.name)

    @property
    def label(self) -> str:
        return self.name

    def faults(self) -> Iterator[str]:
        if self.name not in NAMED:
            yield f"there is no function '{self.name}'; there are: {', '.join(NAMED)}"
        if not self.floor > 0:
            yield f"floor must be positive, not {self.floor}"


@dataclass(frozen=True)
class Elu(Function):
    """y = scale·a if a > 0 else scale·alpha·(exp(rate·a) − 1).   SELU and CELU too."""

    alpha: float = 1.0
    scale: float = 1.0
    rate: float = 1.0


@dataclass(frozen=True)
class Power(Function):
    """y = a^exponent; for exponents that are not whole numbers a is read as max(a, 0)."""

    exponent: float

    @property
    def formula(self) -> Formula:
        exponent = float(self.exponent)
        if not exponent.is_integer():
            return Formula(f"clip(a, 0.0, inf)**{exponent!r}")
        return Formula(f"a**{int(exponent)}" if abs(exponent) < EXACT else f"a**{exponent!r}")

    @property
    def label(self) -> str:
        return f"power {self.exponent:g}"
