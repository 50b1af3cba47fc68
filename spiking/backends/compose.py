"""Sparse composition: the linear maps between two populations, chained into one, as the synapses of one sample.

Nodes become populations of point elements: an input, neuron or output has one per entry (an id one per word of its
vocabulary), a product one *gate* per scalar multiplication. Arrays are those of `unroll.taps`; entries from several
paths between one pair are summed.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..functions import Shape
from ..network import Network
from ..nodes import Input, MatMul, Neuron, Node, Output, Product
from ..unroll import Index, taps
from .biases import summed_biases

ONE = ""  # the source of every bias: an element that sends 1 whenever biases are injected


class Wires(NamedTuple):
    """Synapses from element `pre` to element `post`, with weight `value`."""

    pre: Index
    post: Index
    value: NDArray[np.float64]


class Link(NamedTuple):
    """The synapses from one population to input `port` of another."""

    source: str
    target: str
    port: int
    wires: Wires


def links(network: Network) -> list[Link]:
    """Return every synapse of a network, biases included, grouped by source, target and port."""
    found, biases = [], summed_biases(network)
    for node in network:
        if not isinstance(node, Neuron | Product | Output):
            continue
        for port, name in enumerate(node.inputs):
            arriving = wires(network, name)
            bias = biases[name]
            if bias is not None:
                biased = np.flatnonzero(bias)
                arriving[ONE] = Wires(np.zeros_like(biased), biased, bias.ravel()[biased])
            if isinstance(node, Product):
                reads = gates(node, [network.shapes[above] for above in node.inputs])[port]
                fan = Wires(reads, np.arange(reads.size), np.ones(reads.size))
                arriving = {source: after(fan, w) for source, w in arriving.items()}
            found += [Link(source, node.name, port, w) for source, w in arriving.items() if w.pre.size]
    return found


def wires(network: Network, name: str) -> dict[str, Wires]:
    """Return for each source the synapses that lead from its elements to the output entries of node `name`."""

    def back(node: Node, onward: Wires) -> list[Wires]:
        if isinstance(node, Input | Neuron | Product):
            return []
        shapes = [network.shapes[above] for above in node.inputs]
        maps = (taps(node, index, shapes) for index in range(len(shapes)))
        return [after(onward, Wires(pre, post, value)) for pre, post, _, value in maps]

    node = network[name]
    size = elements(node) if isinstance(node, Input) else prod(network.shapes[name])
    found = network.pull_back([(name, _each(np.arange(size)))], back, _both)
    for source, onward in found.items():
        sender = network[source]
        if isinstance(sender, Product):
            into = gates(sender, [network.shapes[above] for above in sender.inputs])[2]
            found[source] = after(onward, Wires(np.arange(into.size), into, np.ones(into.size)))
    return {source: _summed(onward) for source, onward in found.items()}


def elements(node: Input) -> int:
    """Return how many elements send an input: one an entry, or a one-hot population of the vocabulary for each id."""
    return prod(node.shape) * max(1, node.vocabulary)


def gates(node: Product, shapes: list[Shape]) -> tuple[Index, Index, Index]:
    """Return for each scalar multiplication of a product the flat entries it reads and the one it adds to.

    Shapes   (gates,) each; gates: (…, M, N, K) for MatMul, the output shape for Multiply
    """
    a, b = (np.arange(prod(shape)).reshape(shape) for shape in shapes)
    out = np.arange(prod(node.infer(*shapes))).reshape(node.infer(*shapes))
    if isinstance(node, MatMul):
        a, b, out = a[..., :, None, :], b.swapaxes(-1, -2)[..., None, :, :], out[..., None]
    left, right, into = (index.ravel() for index in np.broadcast_arrays(a, b, out))
    return left, right, into


def after(outer: Wires, inner: Wires) -> Wires:
    """Return the chain `inner`, then `outer`: every pair that meets in the middle, unsummed."""
    order = np.argsort(inner.post, kind="stable")
    middle = inner.post[order]
    begin = np.searchsorted(middle, outer.pre, side="left")
    many = np.searchsorted(middle, outer.pre, side="right") - begin
    out = np.repeat(np.arange(outer.pre.size), many)
    rank = np.arange(out.size) - np.repeat(np.cumsum(many) - many, many)  # 0, 1, … within each outer synapse
    into = order[begin[out] + rank]
    return Wires(inner.pre[into], outer.post[out], inner.value[into] * outer.value[out])


def _each(index: Index) -> Wires:
    """One synapse of weight 1 from each element to itself."""
    return Wires(index, index, np.ones(index.size))


def _both(*parts: Wires) -> Wires:
    return Wires(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _summed(wires: Wires) -> Wires:
    """Return one synapse a pair, sorted by source."""
    order = np.lexsort((wires.post, wires.pre))
    pre, post, value = (column[order] for column in wires)
    if not pre.size:
        return Wires(pre, post, value)
    first = np.flatnonzero(np.r_[True, (np.diff(pre) != 0) | (np.diff(post) != 0)])
    return Wires(pre[first], post[first], np.add.reduceat(value, first))
