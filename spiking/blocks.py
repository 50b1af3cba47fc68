"""The nodes of a network in blocks, by the module they came from: the rows of a summary that fits on a screen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import isfinite, prod

import numpy as np

from .alphabets import Alphabet
from .counts import Synapses, synapses
from .functions import Shape
from .network import Network, Origin, is_wiring
from .nodes import Neuron, Node
from .shape_only import is_missing

WIRING = "(wiring)"
SCREEN = 24  # rows of an automatic summary, if there is a depth that gives so few


@dataclass
class Block:
    """What the nodes of one block have in all; a recurrent cell counts once in space, whatever its time steps.

    nodes       all of them, wiring and later time steps included
    kinds       how many nodes of each kind, wiring and later time steps left out
    times       first node of a cell -> its time steps
    shape       of the last node, in the network's order
    neurons     in space
    weights     unique, W
    synapses    unrolled, S
    gating      synapses in products
    alphabets   of its neurons, in the order of their size; "draft" without one
    units       of its neurons, least and most, in those of the source activation
    depths      neuron layers up to its nodes, least and most: with delay 1 the ticks at which they may first send
    error       seen in calibration: the largest distance of its neurons from the source activation; NaN if unknown
    relative    the largest relative error of its outputs; NaN if unknown
    """

    name: str
    nodes: int = 0
    wiring: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    times: Counter[str] = field(default_factory=Counter)
    shape: Shape = ()
    neurons: int = 0
    weights: int = 0
    synapses: int = 0
    gating: int = 0
    alphabets: dict[str, int] = field(default_factory=dict)
    units: tuple[float, float] | None = None
    depths: tuple[int, int] | None = None
    error: float = float("nan")
    relative: float = float("nan")

    @property
    def reuse(self) -> float:
        """R = S/W, NaN without weights."""
        return self.synapses / self.weights if self.weights else float("nan")

    @property
    def moments(self) -> int:
        """Time steps of the recurrent cell in it: the most that one of its nodes has."""
        return max(self.times.values(), default=1)


def grouped(network: Network, depth: int) -> list[Block]:
    """Return the blocks: nodes whose names, or whose cells', share the first `depth` components.

    Wiring belongs to the block of its name. Where there is nothing else in such a block, it is in one called
    "(wiring)", the last.
    """
    counted = synapses(network)
    solid = {_place(node, depth) for node in network if not is_wiring(node)}
    blocks: dict[str, Block] = {}
    for node in network:
        place = _place(node, depth)
        name = place if place in solid else WIRING
        block = blocks.setdefault(name, Block(name))
        block.nodes += 1
        block.shape = network.shapes[node.name]
        if is_wiring(node):
            block.wiring += 1
        else:
            _take(block, network, node, counted.get(node.name))
    return sorted(blocks.values(), key=lambda block: block.name == WIRING)


def finest(network: Network) -> int:
    """Return the largest depth that gives at most 24 blocks beside the wiring; 1 if there is none."""
    solid = [node for node in network if not is_wiring(node)]
    deepest = max((_parts(node) for node in solid), key=len, default=[""])
    for depth in range(len(deepest), 1, -1):
        if len({_place(node, depth) for node in solid}) <= SCREEN:
            return depth
    return 1


def _take(block: Block, network: Network, node: Node, found: Synapses | None) -> None:
    """Count a node that is no wiring."""
    first = network.moments.get(node.name, node.name)
    block.times[first] = block.times[first] + 1 if found is None else max(block.times[first], found.moments)
    layer = network.depth[node.name]
    block.depths = (
        (layer, layer) if block.depths is None else (min(block.depths[0], layer), max(block.depths[1], layer))
    )
    error = network.origins.get(node.name, Origin()).error
    if isinstance(node, Neuron):
        block.error = _larger(block.error, error)
        _sends(block, node.alphabet)
    else:
        block.relative = _larger(block.relative, error)
    if found is not None:
        block.weights += found.weights
        block.synapses += found.unrolled
        block.gating += found.dynamic
    if first == node.name:
        block.kinds[type(node).__name__] += 1
        block.neurons += prod(network.shapes[node.name]) if isinstance(node, Neuron) else 0


def _sends(block: Block, alphabet: Alphabet | None) -> None:
    if alphabet is None:
        block.alphabets["draft"] = 0
        return
    block.alphabets[letters(alphabet)] = alphabet.columns
    if not is_missing(alphabet.unit):
        low, high = float(np.min(alphabet.unit)), float(np.max(alphabet.unit))
        known = block.units or (low, high)
        block.units = min(low, known[0]), max(high, known[1])


def letters(alphabet: Alphabet) -> str:
    """Return what is sent in words: "graded ±7"."""
    return f"graded ±{alphabet.levels}" if alphabet.kind == "graded" else str(alphabet.kind)


def _larger(known: float, value: float) -> float:
    """The larger of two errors, of which either may be unknown."""
    return value if isfinite(value) and not known >= value else known


def _place(node: Node, depth: int) -> str:
    return ".".join(_parts(node)[:depth])


def _parts(node: Node) -> list[str]:
    return (node.cell or node.name).split(".")
