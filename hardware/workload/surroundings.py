"""What stands around a place: the functions behind it, the map in front of it."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from spiking import Add, Conv, Identity, Input, MatMul, Neuron, Node, Product, Softmax, SpikingNetwork, Weighted

from .trace import Place


def surrounded(network: SpikingNetwork, node: Node, place: Place) -> Place:
    """Return the place with its passes, halo, barrier and what a fused attention keeps inside."""
    readers, sums = _behind(network, node)
    functions = [f for reader in readers for f in reader.function if not isinstance(f, Identity)]
    scores = isinstance(node, MatMul) and any(isinstance(f, Softmax) for f in functions)
    outer = prod(network.shapes[node.name]) if scores else 0
    inner = 0
    if isinstance(node, MatMul):
        above = [network[name] for name in network.sources(node.name)]
        inner = sum(
            prod(network.shapes[one.name])
            for one in above
            if isinstance(one, Neuron) and any(isinstance(f, Softmax) for f in one.function)
        )
    return replace(
        place,
        passes=len(functions) + sums,
        halo=halo(node.weight.shape[2:], network.shapes[node.inputs[0]][1:]) if isinstance(node, Conv) else 0.0,
        barrier=scores,
        inside=(inner, outer),
    )


def halo(kernel: tuple[int, ...], size: tuple[int, ...]) -> float:
    """Share of a map that is in before the first output of a kernel centred on its corner, read row by row.

    ((k − 1)/2·W + (k − 1)/2) / (H·W) in two dimensions.
    """
    rows = [prod(size[axis + 1 :]) for axis in range(len(size))]
    return sum((k - 1) / 2 * row for k, row in zip(kernel, rows, strict=True)) / max(prod(size), 1)


def _behind(network: SpikingNetwork, node: Node) -> tuple[list[Neuron], int]:
    """The neurons that read a node through fixed wiring alone, and how many sums lie on the way."""
    found: dict[str, Neuron] = {}
    sums: set[str] = set()
    stack = list(network.consumers(node.name))
    seen: set[str] = set()
    while stack:
        below = stack.pop()
        if below.name in seen:
            continue
        seen.add(below.name)
        if isinstance(below, Neuron):
            found[below.name] = below
        elif not isinstance(below, Input | Product | Weighted):
            if isinstance(below, Add):
                sums.add(below.name)
            stack.extend(network.consumers(below.name))
    return list(found.values()), len(sums)
