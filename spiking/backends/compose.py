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
from ..network import SpikingNetwork
from ..nodes import Input, MatMul, Neuron, Output, Product
from ..unroll import Index, taps
from .constants import constants

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


def links(network: SpikingNetwork) -> list[Link]:
    """Return every synapse of a network, biases included, grouped by source, target and port."""
    found, biases = [], constants(network)
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


def wires(network: SpikingNetwork, name: str) -> dict[str, Wires]:
    """Return for each source the synapses that lead from its elements to the output entries of node `name`."""
    found: dict[str, list[Wires]] = {}
    _pull(network, name, None, found)
    return {source: _summed(parts) for source, parts in found.items()}


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


def _pull(network: SpikingNetwork, name: str, onward: Wires | None, found: dict[str, list[Wires]]) -> None:
    """Follow node `name` back to its sources; `onward` leads from its output to where the search began."""
    node = network[name]
    shapes = [network.shapes[above] for above in node.inputs]
    if isinstance(node, Product):
        into = gates(node, shapes)[2]
        collect = Wires(np.arange(into.size), into, np.ones(into.size))
        found.setdefault(name, []).append(collect if onward is None else after(onward, collect))
    elif isinstance(node, Input | Neuron):
        every = np.arange(elements(node) if isinstance(node, Input) else prod(network.shapes[name]))
        found.setdefault(name, []).append(Wires(every, every, np.ones(every.size)) if onward is None else onward)
    else:
        for index, above in enumerate(node.inputs):
            pre, post, _, value = taps(node, index, shapes)
            step = Wires(pre, post, value)
            _pull(network, above, step if onward is None else after(onward, step), found)


def _summed(parts: list[Wires]) -> Wires:
    """Join wires, one synapse a pair, sorted by source."""
    pre, post, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((post, pre))
    pre, post, value = pre[order], post[order], value[order]
    if not pre.size:
        return Wires(pre, post, value)
    first = np.flatnonzero(np.r_[True, (np.diff(pre) != 0) | (np.diff(post) != 0)])
    return Wires(pre[first], post[first], np.add.reduceat(value, first))
