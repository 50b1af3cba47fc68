"""How many weights, synapses and events: exact counts, from shapes alone."""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .functions import Shape
from .network import SpikingNetwork
from .nodes import Input, MatMul, Multiply, Neuron, Node, Output, Product
from .synapses import Conv, Linear, Weighted
from .unroll import taps

Counts = NDArray[np.float64]


class Synapses(NamedTuple):
    """What one node costs in synapses.

    weights   unique weights W, biases left out
    unrolled  S, one synapse for every use of a weight: the MAC convention, padding counted
    physical  the same without the taps that fall on padding
    dynamic   synapses whose weight is another neuron's state: gating synapses of a product
    """

    weights: int
    unrolled: int
    physical: int
    dynamic: int

    @property
    def reuse(self) -> float:
        """R = S/W; NaN without weights."""
        return self.unrolled / self.weights if self.weights else float("nan")


def count(node: Node, *shapes: Shape) -> Synapses:
    """Count the synapses of one node whose inputs have `shapes`.

    Linear: S = rows·O·I. Conv: S = O·|out|·(I/groups)·|kernel|. MatMul: M·K·N dynamic. Wiring, neurons: none.
    """
    match node:
        case Linear():
            used = prod(shapes[0][:-1]) * node.weight.size
            return Synapses(node.weight.size, used, used, 0)
        case Conv():
            out = node.infer(*shapes)
            pairs = node.weight.shape[0] * node.weight.shape[1]
            used = pairs * prod(out[1:]) * prod(node.weight.shape[2:])
            real = pairs * prod(int(fan.sum()) for fan in _fan_axes(node, shapes[0]))
            return Synapses(node.weight.size, used, real, 0)
        case MatMul():
            gated = prod(node.infer(*shapes)) * shapes[0][-1]
            return Synapses(0, 0, 0, gated)
        case Multiply():
            return Synapses(0, 0, 0, prod(node.infer(*shapes)))
    return Synapses(0, 0, 0, 0)


def synapses(network: SpikingNetwork) -> dict[str, Synapses]:
    """Count the synapses of every weighted node and product of a network."""
    return {
        node.name: count(node, *(network.shapes[name] for name in node.inputs))
        for node in network
        if isinstance(node, Weighted | Product)
    }


def fan_out(node: Node, index: int, shapes: list[Shape]) -> Counts:
    """Return, for each element of input `index` of a weighted node or product, how many synapses one spike drives."""
    shape = shapes[index]
    match node:
        case Linear():
            return np.full(shape, float(node.weight.shape[0]))
        case Conv():
            spatial = reduce(np.multiply.outer, _fan_axes(node, shape))
            return np.broadcast_to(spatial * (node.weight.shape[0] // node.groups), shape).astype(np.float64)
        case MatMul() | Multiply():
            gated = count(node, *shapes).dynamic
            return np.full(shape, gated / prod(shape))
    raise TypeError(f"{type(node).__name__} has no weights")


def fan_outs(network: SpikingNetwork) -> dict[str, dict[str, Counts]]:
    """Return for each place events arrive how many synapses one spike of each source element drives there.

    Places are the weighted nodes and products, and the neurons and outputs reached through wiring alone (a shortcut
    is one synapse a neuron). Sources are inputs, neurons and products; wiring in between is composed.
    """
    table: dict[str, dict[str, Counts]] = {}
    for node in network:
        shapes = [network.shapes[name] for name in node.inputs]
        for index, name in enumerate(node.inputs):
            arriving: Counts
            if isinstance(node, Weighted | Product):
                arriving = fan_out(node, index, shapes)
            elif isinstance(node, Neuron | Output):
                arriving = np.ones(shapes[0])
            else:
                continue
            _pull(network, name, arriving, table.setdefault(node.name, {}))
    return {name: sources for name, sources in table.items() if sources}


def _pull(network: SpikingNetwork, name: str, counts: Counts, found: dict[str, Counts]) -> None:
    """Carry counts at the output of `name` back through wiring to the sources, which collect them in `found`."""
    node = network[name]
    if isinstance(node, Input | Neuron | Product):
        found[name] = found[name] + counts if name in found else counts
    elif not isinstance(node, Weighted):
        shapes = [network.shapes[above] for above in node.inputs]
        for index, above in enumerate(node.inputs):
            pre, post, _, _ = taps(node, index, shapes)
            back = np.bincount(pre, weights=counts.ravel()[post], minlength=prod(shapes[index]))
            _pull(network, above, back.reshape(shapes[index]).astype(np.float64), found)


def _fan_axes(node: Conv, shape: Shape) -> list[Counts]:
    """For each spatial axis, the number of windows that read each input position."""
    axes = []
    out = node.infer(shape)[1:]
    setting = zip(shape[1:], node.weight.shape[2:], node.stride, node.padding, node.dilation, out, strict=True)
    for size, kernel, stride, padding, dilation, windows in setting:
        fan = np.zeros(size)
        for k in range(kernel):
            where = np.arange(windows) * stride - padding + k * dilation
            np.add.at(fan, where[(where >= 0) & (where < size)], 1)
        axes.append(fan)
    return axes
