"""The linear maps of the vocabulary: synapses with weights of their own, and fixed wiring.

Shapes are those of one sample; axes are negative. A chain of wiring nodes is itself one linear map, so it needs no
neuron of its own: an engine with physical synapses composes it with the weights it leads to.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from .fields import Indices, Matrix, Weights
from .functions import Shape, broadcasts
from .groups import pooled
from .nodes import Array, Node


class Synapse(Node):
    """A fixed linear map of one tick's events. A bias is injected once (sigma-delta) or every tick (rate)."""


class Weighted(Synapse):
    """A synapse node with weights of its own."""

    weight: Weights


@dataclass(frozen=True, eq=False)
class Linear(Weighted):
    """y[…, o] = Σ_i weight[o, i]·x[…, i] + bias[o]

    Shapes   weight (O, I); bias (O,) or (…, O); x (…, I) -> (…, O)
    """

    weight: Matrix
    bias: Weights | None = None

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if self.weight.ndim != 2:
            raise ValueError(f"weight must be (out, in), not {self.weight.shape}")
        if not shape or shape[-1] != self.weight.shape[1]:
            raise ValueError(f"weight {self.weight.shape} needs a last axis of {self.weight.shape[1]}, not {shape}")
        return _biased((*shape[:-1], self.weight.shape[0]), self.bias)


@dataclass(frozen=True, eq=False)
class Embedding(Weighted):
    """y[…, d] = Σ_v weight[v, d]·x[…, v] for a one-hot x: the row of each id of an input with a vocabulary.

    Shapes   weight (V, D); ids (…) -> (…, D)
    """

    weight: Matrix

    def infer(self, *shapes: Shape) -> Shape:
        if self.weight.ndim != 2:
            raise ValueError(f"weight must be (vocabulary, features), not {self.weight.shape}")
        return (*shapes[0], self.weight.shape[1])


@dataclass(frozen=True, eq=False)
class Conv(Weighted):
    """Cross-correlation over the last n axes, as torch's conv1d, conv2d and conv3d, zero padded.

    Shapes   weight (O, I/groups, *kernel); bias (O, 1, …) or (O, *out); x (I, *in) -> (O, *out)
    """

    weight: Weights
    bias: Weights | None = None
    stride: Shape = (1, 1)
    padding: Shape = (0, 0)
    dilation: Shape = (1, 1)
    groups: int = 1

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        n = self.weight.ndim - 2
        if not 1 <= n <= 3 or len(shape) != n + 1:
            raise ValueError(f"weight {self.weight.shape} needs {n + 1} axes (channels first), not {shape}")
        if not len(self.stride) == len(self.padding) == len(self.dilation) == n:
            raise ValueError(f"stride, padding and dilation must have {n} entries each")
        if min(*self.stride, *self.dilation, self.groups) < 1 or min(self.padding) < 0:
            raise ValueError("stride, dilation and groups must be at least 1, padding at least 0")
        if shape[0] != self.weight.shape[1] * self.groups or self.weight.shape[0] % self.groups:
            raise ValueError(f"weight {self.weight.shape} with groups={self.groups} does not fit {shape[0]} channels")
        axes = zip(shape[1:], self.weight.shape[2:], self.stride, self.padding, self.dilation, strict=True)
        out = tuple(pooled(*axis) for axis in axes)
        if min(out) < 1:
            raise ValueError(f"kernel {self.weight.shape[2:]} is larger than the padded input {shape[1:]}")
        return _biased((self.weight.shape[0], *out), self.bias)


@dataclass(frozen=True, eq=False)
class ConvTranspose(Weighted):
    """The adjoint of a convolution over the last n axes, as torch's conv_transpose1d, 2d and 3d.

    Shapes   weight (I, O/groups, *kernel); bias (O, 1, …) or (O, *out); x (I, *in) -> (O, *out)
    """

    weight: Weights
    bias: Weights | None = None
    stride: Shape = (1, 1)
    padding: Shape = (0, 0)
    output_padding: Shape = (0, 0)
    dilation: Shape = (1, 1)
    groups: int = 1

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        n = self.weight.ndim - 2
        fits = 1 <= n <= 3 and len(shape) == n + 1 and self.groups >= 1
        if not fits or shape[0] != self.weight.shape[0] or shape[0] % self.groups:
            raise ValueError(f"weight {self.weight.shape} with groups={self.groups} does not fit {shape}")
        settings = (self.stride, self.padding, self.output_padding, self.dilation)
        if any(len(setting) != n for setting in settings):
            raise ValueError(f"stride, padding, output_padding and dilation must have {n} entries each")
        if min(*self.stride, *self.dilation) < 1 or min(*self.padding, *self.output_padding) < 0:
            raise ValueError("stride and dilation must be at least 1, padding and output_padding at least 0")
        steps = zip(self.output_padding, self.stride, self.dilation, strict=True)
        if any(extra >= max(t, d) for extra, t, d in steps):
            raise ValueError(f"output_padding {self.output_padding} must be below stride or dilation")
        axes = zip(shape[1:], self.weight.shape[2:], *settings, strict=True)
        out = tuple((size - 1) * t - 2 * p + d * (k - 1) + extra + 1 for size, k, t, p, extra, d in axes)
        if min(out) < 1:
            raise ValueError(f"padding {self.padding} leaves nothing of {shape}")
        return _biased((self.weight.shape[1] * self.groups, *out), self.bias)

    @property
    def adjoint(self) -> Conv:
        """The convolution from this node's output to its input whose every synapse runs the other way."""
        return Conv("", (), self.weight, None, self.stride, self.padding, self.dilation, self.groups)


@dataclass(frozen=True, eq=False)
class AvgPool(Synapse):
    """y[o] = Σ_window x / d over the last len(kernel) axes.

    d is the window inside the padded map (`count_padding`) or inside the map alone, or `divisor`: torch's rules.
    """

    kernel: Shape
    stride: Shape
    padding: Shape
    ceil: bool = False
    count_padding: bool = True
    divisor: int | None = None

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        n = len(self.kernel)
        if not len(self.stride) == len(self.padding) == n or len(shape) < n:
            raise ValueError(f"kernel, stride and padding must have the same length, at most {len(shape)}")
        if not 1 <= n <= 3:
            raise ValueError(f"an average pool takes 1 to 3 axes, not {n}")
        if any(2 * p > k for p, k in zip(self.padding, self.kernel, strict=True)) or self.divisor == 0:
            raise ValueError("padding must be at most half the kernel, and the divisor not 0")
        if min(*self.kernel, *self.stride) < 1 or min(self.padding) < 0:
            raise ValueError("kernel and stride must be at least 1, padding at least 0")
        axes = zip(shape[-n:], self.kernel, self.stride, self.padding, strict=True)
        out = tuple(pooled(s, k, t, p, 1, self.ceil) for s, k, t, p in axes)
        if min(out) < 1:
            raise ValueError(f"window {self.kernel} is larger than the padded input {shape}")
        return (*shape[:-n], *out)


@dataclass(frozen=True, eq=False)
class Mean(Synapse):
    """y = mean of x over `axes` (negative)."""

    axes: Shape
    keepdims: bool = False

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        axes = {_axis(a, shape) for a in self.axes}
        if not 0 < len(axes) == len(self.axes):
            raise ValueError(f"axes {self.axes} must be different ones, at least one")
        kept = [1 if i in axes else s for i, s in enumerate(shape) if self.keepdims or i not in axes]
        return tuple(kept)


@dataclass(frozen=True, eq=False)
class Mix(Synapse):
    """y = matrix·x along `axis`: fixed wiring, no trained weights (interpolation, uneven pooling, sums so far).

    Shapes   matrix (out, in)
    """

    axis: int
    matrix: Matrix

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        axis = _axis(self.axis, shape)
        if self.matrix.ndim != 2 or self.matrix.shape[1] != shape[axis]:
            raise ValueError(f"matrix {self.matrix.shape} does not fit axis {self.axis} of {shape}")
        return (*shape[:axis], self.matrix.shape[0], *shape[axis + 1 :])


@dataclass(frozen=True, eq=False)
class Scale(Synapse):
    """y = weight·x + bias, elementwise; weight and bias broadcast to x."""

    weight: Weights | None = None
    bias: Weights | None = None

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        for name in ("weight", "bias"):
            value = getattr(self, name)
            if value is not None and not broadcasts(value.shape, shape):
                raise ValueError(f"{name} {value.shape} does not broadcast to {shape}")
        return shape


@dataclass(frozen=True, eq=False)
class Add(Synapse):
    """y = Σ_k x_k; the inputs broadcast against each other."""

    arity = -1

    def infer(self, *shapes: Shape) -> Shape:
        return np.broadcast_shapes(*shapes)


@dataclass(frozen=True, eq=False)
class Concat(Synapse):
    """y = the inputs, one after the other along `axis`."""

    axis: int
    arity = -1

    def infer(self, *shapes: Shape) -> Shape:
        axis = _axis(self.axis, shapes[0])
        rest = {s[:axis] + s[axis + 1 :] for s in shapes}
        if len(rest) > 1 or len({len(s) for s in shapes}) > 1:
            raise ValueError(f"shapes {', '.join(map(str, shapes))} differ along axes other than {self.axis}")
        return (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])


@dataclass(frozen=True, eq=False)
class Reshape(Synapse):
    """y = x with another shape, row-major."""

    shape: Shape

    def infer(self, *shapes: Shape) -> Shape:
        if prod(shapes[0]) != prod(self.shape) or min(self.shape, default=1) < 0:
            raise ValueError(f"{shapes[0]} does not have as many entries as {self.shape}")
        return self.shape


@dataclass(frozen=True, eq=False)
class Permute(Synapse):
    """y = x with its axes in the order `axes` (negative)."""

    axes: Shape

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if sorted(self.axes) != list(range(-len(shape), 0)):
            raise ValueError(f"axes {self.axes} are not a permutation of -{len(shape)} .. -1")
        return tuple(shape[a] for a in self.axes)


@dataclass(frozen=True, eq=False)
class Slice(Synapse):
    """y = x[start:stop:step] along `axis`."""

    axis: int
    start: int
    stop: int
    step: int = 1

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        axis = _axis(self.axis, shape)
        if not 0 <= self.start < self.stop <= shape[axis] or self.step < 1:
            raise ValueError(f"{self.start}:{self.stop}:{self.step} is not a slice of an axis of {shape[axis]}")
        return (*shape[:axis], len(range(self.start, self.stop, self.step)), *shape[axis + 1 :])


@dataclass(frozen=True, eq=False)
class Pad(Synapse):
    """y = x with zeros in front of and behind its last axes; negative counts cut.

    Shapes   before, after: one count for each of the last len(before) axes
    """

    before: Shape
    after: Shape

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        n = len(self.before)
        if len(self.after) != n or not 0 < n <= len(shape):
            raise ValueError(f"before and after must have the same length, at most {len(shape)}")
        out = tuple(s + b + a for s, b, a in zip(shape[-n:], self.before, self.after, strict=True))
        kept = (s + min(b, 0) + min(a, 0) for s, b, a in zip(shape[-n:], self.before, self.after, strict=True))
        if min(out) < 1 or min(kept) < 0:
            raise ValueError(f"padding {self.before}, {self.after} leaves nothing of {shape}")
        return (*shape[:-n], *out)


@dataclass(frozen=True, eq=False)
class Gather(Synapse):
    """y = x taken at `indices` along `axis`; an index may come twice."""

    axis: int
    indices: Indices

    def infer(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        axis = _axis(self.axis, shape)
        if self.indices.ndim != 1 or self.indices.size == 0 or self.indices.dtype.kind not in "iu":
            raise ValueError("indices must be integers (n,), at least one")
        if self.indices.min() < 0 or self.indices.max() >= shape[axis]:
            raise ValueError(f"indices lie outside an axis of {shape[axis]}")
        return (*shape[:axis], self.indices.size, *shape[axis + 1 :])


LINEAR_MAPS: tuple[type[Synapse], ...] = (
    *(Linear, Conv, ConvTranspose, Embedding, AvgPool, Mean, Mix, Scale),
    *(Add, Concat, Reshape, Permute, Slice, Pad, Gather),
)


def _biased(shape: Shape, bias: Array | None) -> Shape:
    if bias is not None and not broadcasts(bias.shape, shape):
        raise ValueError(f"bias {bias.shape} does not broadcast to {shape}")
    return shape


def _axis(axis: int, shape: Shape) -> int:
    if not -len(shape) <= axis < 0:
        raise ValueError(f"axis {axis} is not one of -{len(shape)} .. -1 of {shape}")
    return axis + len(shape)
