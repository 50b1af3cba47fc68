"""The function a neuron applies to its integrator before it compares with what it has sent.

Axes are negative, so that time and batch may stand in front. Every engine has one row per class here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Function:
    """y = f(a): elementwise unless the class says which group of the integrator one value reads."""

    @property
    def homogeneous(self) -> bool:
        """Whether f(c·a) = c·f(a) for c > 0, so that a running sum can stand for a running mean."""
        return True

    @property
    def signed(self) -> bool:
        """Whether f can be negative."""
        return True

    def infer(self, shape: Shape) -> Shape:
        """Return the shape of f(a) for an integrator of `shape`."""
        return shape

    def faults(self) -> Iterator[str]:
        """Yield one line per broken invariant."""
        return iter(())


@dataclass(frozen=True)
class Identity(Function):
    """y = a"""


@dataclass(frozen=True)
class Relu(Function):
    """y = max(a, 0)"""

    @property
    def signed(self) -> bool:
        return False


@dataclass(frozen=True)
class LeakyRelu(Function):
    """y = a if a >= 0 else slope·a"""

    slope: float = 0.01

    def faults(self) -> Iterator[str]:
        if not math.isfinite(self.slope):
            yield f"slope must be finite, not {self.slope}"


@dataclass(frozen=True)
class Clamp(Function):
    """y = min(max(a, low), high)"""

    low: float
    high: float

    @property
    def homogeneous(self) -> bool:
        return False

    @property
    def signed(self) -> bool:
        return self.low < 0

    def faults(self) -> Iterator[str]:
        if not self.low < self.high:
            yield f"clamp needs low < high, not {self.low} and {self.high}"


def broadcasts(small: Shape, shape: Shape) -> bool:
    """Return whether an array of shape `small` broadcasts to `shape`."""
    pairs = zip(reversed(small), reversed(shape), strict=False)
    return len(small) <= len(shape) and all(a in (1, b) for a, b in pairs)


def pooled(size: int, kernel: int, stride: int, padding: int, dilation: int = 1, ceil: bool = False) -> int:
    """Return the number of windows along one axis, by torch's rule: with `ceil`, a last one must start inside."""
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (-(-span // stride) if ceil else span // stride) + 1
    if ceil and (count - 1) * stride >= size + padding:
        count -= 1
    return count


@dataclass(frozen=True)
class MaxPool(Function):
    """y[o] = max of a over the window of o: the last len(kernel) axes are pooled, padding never wins.

    Shapes   (…, *in) -> (…, *out), out = floor((in + 2·padding − dilation·(kernel−1) − 1) / stride) + 1
    """

    kernel: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    ceil: bool = False

    def infer(self, shape: Shape) -> Shape:
        for fault in self.faults():
            raise ValueError(fault)
        n = len(self.kernel)
        if len(shape) < n:
            raise ValueError(f"max_pool over {n} axes needs at least {n} axes, not shape {shape}")
        window = zip(shape[-n:], self.kernel, self.stride, self.padding, self.dilation, strict=True)
        out = tuple(pooled(s, k, t, p, d, self.ceil) for s, k, t, p, d in window)
        if min(out) < 1:
            raise ValueError(f"max_pool window {self.kernel} is larger than shape {shape}")
        return (*shape[:-n], *out)

    def faults(self) -> Iterator[str]:
        if not len(self.kernel) == len(self.stride) == len(self.padding) == len(self.dilation) > 0:
            yield "max_pool's kernel, stride, padding and dilation must have the same length"
        elif min(*self.kernel, *self.stride, *self.dilation) < 1 or min(self.padding) < 0:
            yield "max_pool's kernel, stride and dilation must be at least 1, padding at least 0"
        elif any(2 * p > k for p, k in zip(self.padding, self.kernel, strict=True)):
            yield "max_pool's padding must be at most half its kernel"


FUNCTIONS: dict[str, type[Function]] = {c.__name__: c for c in (Identity, Relu, LeakyRelu, Clamp, MaxPool)}
