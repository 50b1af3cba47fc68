"""Neurons: each activation is a neuron with that function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spiking import Clamp, LeakyRelu, Relu

from .registry import Reject, rule

if TYPE_CHECKING:
    from ..lower import Builder, Stream


@rule("relu.default")
def relu(b: Builder, x: Stream) -> Stream:
    """Neuron: max(a, 0)."""
    return b.neuron(x, Relu())


@rule("relu6.default")
def relu6(b: Builder, x: Stream) -> Stream:
    """Neuron: min(max(a, 0), 6)."""
    return b.neuron(x, Clamp(0.0, 6.0))


@rule("hardtanh.default")
def hardtanh(b: Builder, x: Stream, low: float = -1.0, high: float = 1.0) -> Stream:
    """Neuron: min(max(a, low), high)."""
    return b.neuron(x, Clamp(float(low), float(high)))


@rule("clamp.default", "clip.default")
def clamp(b: Builder, x: Stream, low: float | None = None, high: float | None = None) -> Stream:
    """Neuron: min(max(a, low), high)."""
    if low is None and high is None:
        raise Reject("has neither a lower nor an upper bound")
    return b.neuron(
        x, Clamp(float("-inf") if low is None else float(low), float("inf") if high is None else float(high))
    )


@rule("leaky_relu.default")
def leaky_relu(b: Builder, x: Stream, slope: float = 0.01) -> Stream:
    """Neuron: a if a ≥ 0, else slope·a."""
    return b.neuron(x, LeakyRelu(float(slope)))
