"""The record of a network: named nodes in topological order, what follows from them, and the walks over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Literal, Self, TypeVar

from .arguments import LONGEST, shown, whole
from .errors import InvalidInput, InvalidNetwork
from .faults import edges, inferred, label, unnamed
from .fields import Measured, mistyped
from .functions import Shape
from .linear_maps import Embedding, Synapse, Weighted
from .nodes import Input, Neuron, Node, Output, Product
from .shape_only import incomplete

Schedule = Literal["sigma-delta", "rate"]
SCHEDULES: tuple[Schedule, ...] = ("sigma-delta", "rate")
TICK = 10e-3  # s: one tick of the physical clock, 100 Hz
Value = TypeVar("Value")
Through = Callable[[Node], bool]


def is_linear(node: Node) -> bool:
    """Whether a walk through linear maps passes a node; it ends at inputs, neurons, products and outputs."""
    return isinstance(node, Synapse)


def is_wiring(node: Node) -> bool:
    """Whether a walk through wiring, linear maps without weights of their own, passes a node; it ends at weights."""
    return isinstance(node, Synapse) and not isinstance(node, Weighted)


@dataclass(frozen=True)
class Origin:
    """Where a node came from, and how exact it is.

    `error` is measured after eight ticks on the first calibration samples: the largest distance between what a neuron
    had sent and the source activation, and the relative L2 error of an output; NaN for all other nodes.
    """

    op: str = ""
    path: str = ""
    line: str = ""
    error: Measured = float("nan")


@dataclass(frozen=True, eq=False)
class Network:
    """The record behind `SpikingNetwork`, which describes it and adds the verbs."""

    nodes: tuple[Node, ...]
    schedule: Schedule = "sigma-delta"
    method: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __contains__(self, item: object) -> bool:
        return item in self.by_name if isinstance(item, str) else any(item is node for node in self.nodes)

    def __getitem__(self, name: str) -> Node:
        try:
            return self.by_name[name]
        except (KeyError, TypeError):
            raise KeyError(f"there is no node {name!r}; there are: {', '.join(self.by_name)}") from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.nodes)} nodes, {self.neurons:,} neurons, {self.schedule})"

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The output shape of every node, without batch; raises InvalidNetwork if any does not follow."""
        shapes, faults = self._inferred
        if faults:
            raise InvalidNetwork(f"{len(faults)} fault(s) in the network:", faults)
        return shapes

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The input nodes, in order."""
        return tuple(n for n in self.nodes if isinstance(n, Input))

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The output nodes, in order."""
        return tuple(n for n in self.nodes if isinstance(n, Output))

    @property
    def populations(self) -> tuple[Neuron, ...]:
        """The neuron nodes, in order."""
        return tuple(n for n in self.nodes if isinstance(n, Neuron))

    @property
    def neurons(self) -> int:
        """How many neurons there are in all."""
        return sum(prod(self.shapes[n.name]) for n in self.populations)

    @property
    def bodies(self) -> int:
        """How many neurons there are in space: a recurrent cell has the same ones at every time step."""
        later = {name for name, first in self.moments.items() if name != first}
        return sum(prod(self.shapes[n.name]) for n in self.populations if n.name not in later)

    @cached_property
    def depth(self) -> dict[str, int]:
        """Neuron layers on the longest path up to and including each node: with delay 1 the first tick it may fire."""
        return self.propagate(lambda node, above: max(above, default=0) + isinstance(node, Neuron))

    def upstream(self, name: str, through: Through = lambda node: True) -> tuple[Node, ...]:
        """Return the nodes above `name`, depth first: its inputs, and what lies above those that `through` lets pass.

        A node that `through` does not let pass is among them; what lies above it is not, unless reached otherwise.
        """
        return self._reached(name, self._above, through)

    def downstream(self, name: str, through: Through = lambda node: True) -> tuple[Node, ...]:
        """Return the nodes below `name`, depth first: its readers, and what reads those that `through` lets pass."""
        return self._reached(name, lambda node: self.consumers(node.name), through)

    def sources(self, name: str) -> tuple[str, ...]:
        """Return the inputs, neurons and products whose events reach node `name` through linear maps alone."""
        return tuple(n.name for n in self.upstream(name, is_linear) if isinstance(n, Input | Neuron | Product))

    def weights_above(self, name: str) -> str:
        """Return the first weighted node or product from which wiring leads to `name`, or `name` itself; "" is none."""
        return self._weights_above[self[name].name]

    @cached_property
    def _weights_above(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for node in self.nodes:
            above = next((found[name] for name in node.inputs if found.get(name)), "")
            below = node.name if isinstance(node, Weighted | Product) else ""
            found[node.name] = above if is_wiring(node) else below
        return found

    def propagate(self, rule: Callable[[Node, list[Value]], Value]) -> dict[str, Value]:
        """Return for every node, in order, rule(node, the values of its inputs)."""
        values: dict[str, Value] = {}
        for node in self.nodes:
            values[node.name] = rule(node, [values[name] for name in node.inputs])
        return values

    def pull_back(
        self,
        arriving: Sequence[tuple[str, Value]],
        back: Callable[[Node, Value], Sequence[Value]],
        join: Callable[[Value, Value], Value],
    ) -> dict[str, Value]:
        """Carry values against the edges, from where they arrive to where `back` ends them; return those at the ends.

        back(node, value) gives the value of each input of the node, or none where the walk ends. Values that meet
        are joined, and a node's turn comes once all its readers had theirs.
        """
        pending: dict[str, Value] = {}

        def bring(pairs: Sequence[tuple[str, Value]]) -> None:
            for name, value in pairs:
                pending[name] = join(pending[name], value) if name in pending else value

        bring(arriving)
        ends: dict[str, Value] = {}
        place = max((self._places[name] for name in pending), default=0)
        while pending:  # whatever arrives, arrives above
            node, place = self.nodes[place], place - 1
            if node.name in pending:
                value = pending.pop(node.name)
                onward = back(node, value)
                bring(list(zip(node.inputs, onward, strict=False)))
                if not onward:
                    ends[node.name] = value
        return ends

    def undecided(self) -> list[str]:
        """Return what is wrong if neurons have no alphabet, as `convert` leaves none of them: a line, or nothing."""
        drafts = [node.name for node in self.populations if node.alphabet is None]
        some = ", ".join(drafts[:5])
        return [f"{len(drafts)} neuron node(s) have no alphabet yet: {some}; convert() sets one"] if drafts else []

    def consumers(self, name: str) -> tuple[Node, ...]:
        """Return the nodes that read node `name`."""
        return self._consumers.get(self._known(name).name, ())

    def _known(self, name: str) -> Node:
        """The node of a name; raises InvalidInput."""
        if not isinstance(name, str) or name not in self.by_name:
            raise InvalidInput(f"name must be that of a node, not {shown(name)}; there are: {', '.join(self.by_name)}")
        return self.by_name[name]

    def _above(self, node: Node) -> list[Node]:
        return [self.by_name[name] for name in node.inputs if name in self.by_name]

    def _reached(self, name: str, beside: Callable[[Node], Sequence[Node]], through: Through) -> tuple[Node, ...]:
        found: dict[str, Node] = {}
        stack = [*reversed(beside(self._known(name)))]
        while stack:
            node = stack.pop()
            if node.name not in found:
                found[node.name] = node
                stack.extend(reversed(beside(node)) if through(node) else ())
        return tuple(found.values())

    @cached_property
    def _places(self) -> dict[str, int]:
        return {node.name: place for place, node in enumerate(self.nodes)}

    @cached_property
    def _consumers(self) -> dict[str, tuple[Node, ...]]:
        table: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                table.setdefault(name, []).append(node)
        return {name: tuple(nodes) for name, nodes in table.items()}

    def ties(self, name: str) -> tuple[str, ...]:
        """Return the weighted nodes that use the very weights of node `name`, itself among them, in order."""
        return self._ties.get(name, ())

    @cached_property
    def _ties(self) -> dict[str, tuple[str, ...]]:
        weighted = [node for node in self.nodes if isinstance(node, Weighted)]
        owners: dict[int, list[str]] = {}
        for node in weighted:
            owners.setdefault(id(node.weight), []).append(node.name)
        return {node.name: tuple(owners[id(node.weight)]) for node in weighted}

    @cached_property
    def moments(self) -> dict[str, str]:
        """Each node of a recurrent cell -> the first of its kind at that place: the same one at its first time step."""
        first: dict[tuple[str, str], str] = {}
        return {n.name: first.setdefault((n.cell, type(n).__name__), n.name) for n in self.nodes if n.cell}

    def check(self) -> Self:
        """Return the network itself, or raise InvalidNetwork with every fault at once."""
        faults = list(unnamed(self.nodes)) or list(dict.fromkeys(self._faults()))
        if faults:
            raise InvalidNetwork(f"{len(faults)} fault(s) in the network:", faults)
        return self

    def wavefront(self, window: int | None) -> Self:
        """Return the network with every neuron's start at its depth and the given window (None: stays open)."""
        window = None if window is None else whole("window", window, 1, LONGEST)
        nodes = (
            replace(node, start=self.depth[node.name], window=window) if isinstance(node, Neuron) else node
            for node in self.nodes
        )
        return replace(self, nodes=tuple(nodes))

    def valued(self) -> Self:
        """Return the network itself, or raise InvalidNetwork if it has shapes but no values."""
        holes = [node.name for node in self.nodes if incomplete(node)]
        if holes:
            raise InvalidNetwork(
                f"the network has no weights: it was captured from shapes alone; it can be costed, not run "
                f"({len(holes)} node(s) without values, '{holes[0]}' the first)"
            )
        return self

    @cached_property
    def _inferred(self) -> tuple[dict[str, Shape], list[str]]:
        return inferred(self.nodes)

    def _faults(self) -> Iterator[str]:
        yield from mistyped(self, skip=("nodes",))
        if not self.inputs:
            yield "the network has no input"
        if not self.outputs:
            yield "the network has no output"
        yield from edges(self.nodes)
        yield from self._inferred[1]
        dead = [n for n in self.nodes if not isinstance(n, Output) and not self.consumers(n.name)]
        for node in dead:
            yield f"{label(node)}: nothing reads it"
        if len(self.by_name) == len(self.nodes):
            yield from self._graded_inputs()
            yield from self._vocabularies()

    def _vocabularies(self) -> Iterator[str]:
        for source in self.inputs:
            for reader in self.consumers(source.name):
                if mistyped(reader):
                    continue
                rows = reader.weight.shape[0] if isinstance(reader, Embedding) else 0
                if rows != source.vocabulary:
                    have = f"a vocabulary of {source.vocabulary}" if source.vocabulary else "no vocabulary"
                    need = f"{rows} rows" if rows else "real numbers"
                    yield f"{label(reader)}: takes {need}, but input '{source.name}' has {have}"
        for node in self.nodes:
            for name in node.inputs if isinstance(node, Embedding) else ():
                if not isinstance(self.by_name.get(name), Input):
                    yield f"{label(node)}: only an input has ids to look up, not '{name}'"

    def _graded_inputs(self) -> Iterator[str]:
        for node in self.nodes:
            if isinstance(node, Weighted | Product) and all(name in self.by_name for name in node.inputs):
                for name in node.inputs:
                    fed = self.weights_above(name)
                    if fed:
                        yield f"{label(node)}: is fed by '{fed}' without a neuron in between; insert a relay before it"


def network_given(network: object) -> Network:
    """Return the network itself; raises InvalidInput for anything else."""
    if not isinstance(network, Network):
        raise InvalidInput(f"network must be a SpikingNetwork, not {shown(network)}; convert() makes one")
    return network
