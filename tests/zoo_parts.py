"""What the networks of the zoo are made of: dyadic weights and inputs, and the nodes most of them share.

Weights are multiples of 1/64, inputs of 1/16, units and slopes powers of two, averages run over powers of two: every
sum is a dyadic number far inside 24 bits, and every value where functions are comparisons. Each function of `ZOO`
returns a network and a batch of three samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from spiking import (
    Alphabet,
    Conv,
    Input,
    Linear,
    Neuron,
    Node,
    Output,
    Relu,
    Reshape,
    SpikingNetwork,
    binary,
    graded,
    ternary,
)

RELU = (Relu(),)
ONE_BIT = binary(0.25)
SIGNED = ternary(0.25)
GRADED = graded(0.125, 4)


class Case(NamedTuple):
    """A network and a batch to run it on: an array, or a dict of them if there are several inputs."""

    network: SpikingNetwork
    x: Any

    @property
    def given(self) -> dict[str, np.ndarray]:
        """The batch by input name."""
        return self.x if isinstance(self.x, dict) else {self.network.inputs[0].name: self.x}


ZOO: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    """Enter a network in the zoo under its function's name."""
    ZOO[make.__name__] = make
    return make


def weights(*shape: int, seed: int = 0) -> np.ndarray:
    """Multiples of 1/64 in -1/2 .. 1/2."""
    return np.random.default_rng([seed, *shape]).integers(-32, 33, size=shape) / 64


def images(*shape: int) -> np.ndarray:
    """Three samples, multiples of 1/16 in -1 .. 1."""
    return np.random.default_rng([7, *shape]).integers(-16, 17, size=(3, *shape)) / 16


def conv(name: str, above: str, out: int, wide: int, *kernel: int, **setting: Any) -> Conv:
    """A convolution with bias, by default of stride 1 without padding."""
    n = len(kernel)
    setting = {"stride": (1,) * n, "padding": (0,) * n, "dilation": (1,) * n} | setting
    bias = weights(out, *(1,) * n, seed=len(name))
    return Conv(name, (above,), weights(out, wide, *kernel, seed=ord(name[-1])), bias, **setting)


def linear(name: str, above: str, out: int, wide: int) -> Linear:
    """A matrix with bias."""
    return Linear(name, (above,), weights(out, wide, seed=ord(name[-1])), weights(out, seed=3))


def relu(name: str, above: str, alphabet: Alphabet = GRADED, **setting: Any) -> Neuron:
    """A rectified neuron."""
    return Neuron(name, (above,), RELU, alphabet, **setting)


def head(above: str, size: int) -> Iterator[Node]:
    """Flatten, one matrix, output."""
    yield Reshape("flat", (above,), (size,))
    yield linear("head", "flat", 5, size)
    yield Output("out", ("head",))


def build(schedule: Any, shape: tuple[int, ...], *nodes: Node) -> Case:
    """Close a network over an input `x` of `shape`."""
    return Case(SpikingNetwork((Input("x", (), shape), *nodes), schedule, "zoo").check(), images(*shape))


def seen(schedule: Any, doors: dict[Input, np.ndarray], *nodes: Node) -> Case:
    """Close a network over several inputs, or over ids."""
    network = SpikingNetwork((*doors, *nodes), schedule, "zoo").check()
    return Case(network, {door.name: x for door, x in doors.items()})
