"""How many weights, synapses and events: exact counts, from shapes alone."""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .functions import Shape
from .linear_maps import Conv, ConvTranspose, Embedding, Linear, Weighted
from .network import Network, network_given
from .nodes import MatMul, Multiply, Node, Product
from .unroll import Index, axis_taps

Counts = NDArray[np.float64]


class Synapses(NamedTuple):
    """What one node costs in synapses.

    weights   unique weights W, biases left out
    unrolled  S, one synapse for every use of a weight in space: the MAC convention, padding counted
    physical  the same without the taps that fall on padding
    dynamic   synapses whose weight is another neuron's state: gating synapses of a product
    moments   time steps: how often the very same synapses are used in turn, the sequence length in a recurrent cell
    """

    weights: int
    unrolled: int
    physical: int
    dynamic: int
    moments: int = 1

    @property
    def reuse(self) -> float:
        """R = S/W, the reuse in space; NaN without weights."""
        return self.unrolled / self.weights if self.weights else float("nan")


def count(node: Node, *shapes: Shape) -> Synapses:
    """Count the synapses of one node whose inputs have `shapes`.

    Linear: S = rows·O·I. Conv: S = O·|out|·(I/groups)·|kernel|. ConvTranspose: S = I·|in|·(O/groups)·|kernel|.
    Embedding: S = ids·V·D. MatMul: M·K·N dynamic. Wiring, neurons: none.
    The rows of a Linear of a recurrent cell are time steps: S = O·I, used `rows` times.
    """
    match node:
        case Embedding():
            used = prod(shapes[0]) * node.weight.size
            return Synapses(node.weight.size, used, used, 0)
        case Linear():
            rows, size = prod(shapes[0][:-1]), node.weight.size
            return Synapses(size, size, size, 0, rows) if node.cell else Synapses(size, rows * size, rows * size, 0)
        case Conv():
            out = node.infer(*shapes)
            pairs = node.weight.shape[0] * node.weight.shape[1]
            used = pairs * prod(out[1:]) * prod(node.weight.shape[2:])
            real = pairs * prod(int(fan.sum()) for fan in windows_reading(node, shapes[0]))
            return Synapses(node.weight.size, used, real, 0)
        case ConvTranspose():
            used = node.weight.size * prod(shapes[0][1:])
            return Synapses(node.weight.size, used, int(windows_reached(node, shapes[0]).sum()), 0)
        case MatMul():
            gated = prod(node.infer(*shapes)) * shapes[0][-1]
            return Synapses(0, 0, 0, gated)
        case Multiply():
            return Synapses(0, 0, 0, prod(node.infer(*shapes)))
    return Synapses(0, 0, 0, 0)


def macs(node: Node, *shapes: Shape) -> int:
    """Return the multiply-accumulates of one dense evaluation of a node.

    Every use of a weight, or of a gating synapse, at every time step. A look-up of n ids in a table (V, D) multiplies
    nothing; it counts as the n·D events it makes.
    """
    if isinstance(node, Embedding):
        return prod(shapes[0]) * int(node.weight.shape[1])
    found = count(node, *shapes)
    return (found.unrolled + found.dynamic) * found.moments


def synapses(network: Network) -> dict[str, Synapses]:
    """Count the synapses of every weighted node and product of a network, each of them once.

    Weights that several nodes share count for the first of them. So do the synapses of a recurrent cell, and their
    time steps; its later time steps count nothing.
    """
    table: dict[str, Synapses] = {}
    for node in network_given(network):
        if not isinstance(node, Weighted | Product):
            continue
        found = count(node, *(network.shapes[name] for name in node.inputs))
        first = network.moments.get(node.name, node.name)
        if first != node.name:
            known = table[first]
            table[first] = known._replace(moments=known.moments + found.moments)
            found = Synapses(0, 0, 0, 0, 0)
        elif isinstance(node, Weighted) and network.ties(node.name)[0] != node.name:
            found = found._replace(weights=0)
        table[node.name] = found
    return table


def windows_reached(node: ConvTranspose, shape: Shape) -> Counts:
    """Return for each input element the outputs its kernel reaches that are not cut away, (*shape)."""
    axes = axis_taps(node.adjoint, node.infer(shape), shape[1:])
    spatial = reduce(
        np.multiply.outer, [_times([o for _, o in taps], n) for taps, n in zip(axes, shape[1:], strict=True)]
    )
    return np.broadcast_to(spatial * node.weight.shape[1], shape)


def windows_reading(node: Conv, shape: Shape) -> list[Counts]:
    """Return for each spatial axis the number of windows that read each input position."""
    axes = axis_taps(node, shape, node.infer(shape)[1:])
    return [_times([i for i, _ in taps], n) for taps, n in zip(axes, shape[1:], strict=True)]


def _times(positions: list[Index], size: int) -> Counts:
    return np.bincount(np.concatenate(positions), minlength=size).astype(np.float64)
