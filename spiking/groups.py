"""The functions that read a group of the integrator: pooling, softmax and the normalisations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .fields import Weights
from .functions import Abs, Clamp, Elementwise, Elu, Function, Identity, LeakyRelu, Plain, Power, Relu, Shape, fitted


def pooled(size: int, kernel: int, stride: int, padding: int, dilation: int = 1, ceil: bool = False) -> int:
    """Return the number of windows along one axis, by torch's rule: with `ceil`, a last one must start inside."""
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (-(-span // stride) if ceil else span // stride) + 1
    if ceil and (count - 1) * stride >= size + padding:
        count -= 1
    return count


@dataclass(frozen=True)
class MaxPool(Plain):
    """y[o] = max of a over the window of o: the last len(kernel) axes are pooled, padding never wins.

    Shapes   (…, *in) -> (…, *out), out = floor((in + 2·padding − dilation·(kernel−1) − 1) / stride) + 1
    """

    kernel: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    ceil: bool = False

    @property
    def homogeneous(self) -> bool:
        return True

    def infer(self, shape: Shape) -> Shape:
        for fault in self.faults():
            raise ValueError(fault)
        n = len(self.kernel)
        if not 1 <= n <= 3:
            raise ValueError(f"max_pool takes 1 to 3 axes, not {n}")
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


@dataclass(frozen=True)
class Softmax(Function):
    """y = exp(a) / Σ exp(a) along `axis`."""

    axis: int = -1

    def infer(self, shape: Shape) -> Shape:
        return _along(self.axis, shape)


@dataclass(frozen=True)
class LogSoftmax(Function):
    """y = a − log Σ exp(a) along `axis`."""

    axis: int = -1

    def infer(self, shape: Shape) -> Shape:
        return _along(self.axis, shape)


@dataclass(frozen=True, eq=False)
class Norm(Function):
    """y = weight·(a − m)/√(v + eps) + bias over the last `axes` axes; weight and bias broadcast to a.

    m and v are mean and variance; without `center` m = 0 and v is the mean square (RMSNorm).
    """

    axes: int
    eps: float = 1e-5
    weight: Weights | None = None
    bias: Weights | None = None
    center: bool = True

    @property
    def label(self) -> str:
        return "layer_norm" if self.center else "rms_norm"

    def infer(self, shape: Shape) -> Shape:
        if not 1 <= self.axes <= len(shape):
            raise ValueError(f"{self.label} over {self.axes} axes does not fit {shape}")
        return fitted(self, shape, weight=self.weight, bias=self.bias)

    def faults(self) -> Iterator[str]:
        yield from _steady(self)


@dataclass(frozen=True, eq=False)
class GroupNorm(Function):
    """y = weight·(a − m)/√(v + eps) + bias, m and v over each of `groups` groups of channels and all of space.

    Shapes   a (C, *space); weight, bias (C, 1, …).   Instance norm: groups = C
    """

    groups: int
    eps: float = 1e-5
    weight: Weights | None = None
    bias: Weights | None = None

    @property
    def label(self) -> str:
        return "group_norm"

    def infer(self, shape: Shape) -> Shape:
        if not shape or self.groups < 1 or shape[0] % self.groups:
            raise ValueError(f"{self.groups} groups do not divide the channels of {shape}")
        return fitted(self, shape, weight=self.weight, bias=self.bias)

    def faults(self) -> Iterator[str]:
        yield from _steady(self)


@dataclass(frozen=True)
class ArgMax(Plain):
    """y = the index of the largest along `axis`, which goes away; only an output can read it."""

    axis: int = -1

    def infer(self, shape: Shape) -> Shape:
        axis = self.axis + len(_along(self.axis, shape))
        return (*shape[:axis], *shape[axis + 1 :])


def _along(axis: int, shape: Shape) -> Shape:
    """The shape itself, if it has the axis."""
    if not -len(shape) <= axis < 0:
        raise ValueError(f"axis {axis} is not one of -{len(shape)} .. -1 of {shape}")
    return shape


def _steady(function: Norm | GroupNorm) -> Iterator[str]:
    if function.eps < 0:
        yield f"{function.label}'s eps must not be negative, as {function.eps} is"


FUNCTIONS: dict[str, type[Function]] = {
    kind.__name__: kind
    for kind in (
        *(Identity, Relu, LeakyRelu, Clamp, Abs, Elementwise, Elu, Power),
        *(MaxPool, Softmax, LogSoftmax, Norm, GroupNorm, ArgMax),
    )
}
