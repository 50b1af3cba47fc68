"""The spiking network: named nodes in topological order, and what each came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .errors import InvalidNetwork
from .functions import Shape
from .missing import incomplete
from .nodes import Input, Neuron, Node, Output, Product
from .synapses import Embedding, Weighted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import nn

    from .backends.generate import Generation
    from .coverage import Coverage

Schedule = Literal["sigma-delta", "rate"]
SCHEDULES: tuple[Schedule, ...] = ("sigma-delta", "rate")


@dataclass(frozen=True)
class Origin:
    """Where a node came from, and how exact it is.

    `error` is the largest distance between what a neuron had sent after eight ticks and the source activation, over
    the first calibration samples; NaN for nodes that are no neurons.
    """

    op: str = ""
    path: str = ""
    line: str = ""
    error: float = float("nan")


@dataclass(frozen=True, eq=False)
class SpikingNetwork:
    """Named nodes in topological order; NumPy arrays only, no batch, no time.

        sigma-delta   input and biases are injected at tick 1; the readout is a running sum
        rate          input and biases are injected every tick; the readout is a running mean

    `method` names the conversion that made it, `origins` say where each node came from.
    """

    nodes: tuple[Node, ...]
    schedule: Schedule = "sigma-delta"
    method: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __getitem__(self, name: str) -> Node:
        return self.by_name[name]

    def __repr__(self) -> str:
        return f"SpikingNetwork({len(self.nodes)} nodes, {self.neurons:,} neurons, {self.schedule})"

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The output shape of every node, without batch; raises InvalidNetwork if any does not follow."""
        shapes, faults = self._infer()
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
        return sum(_size(self.shapes[n.name]) for n in self.populations)

    @property
    def bodies(self) -> int:
        """How many neurons there are in space: the moments of a recurrent cell are one neuron at many times."""
        later = {name for name, first in self.moments.items() if name != first}
        return sum(_size(self.shapes[n.name]) for n in self.populations if n.name not in later)

    @cached_property
    def depth(self) -> dict[str, int]:
        """Neuron layers on the longest path up to and including each node: with delay 1 the tick it can first speak."""
        depth: dict[str, int] = {}
        for node in self.nodes:
            above = max((depth[name] for name in node.inputs), default=0)
            depth[node.name] = above + isinstance(node, Neuron)
        return depth

    def sources(self, name: str) -> tuple[str, ...]:
        """Return the inputs, neurons and products whose events reach node `name` through linear maps alone."""
        found: dict[str, None] = {}
        stack = list(reversed(self[name].inputs))
        seen: set[str] = set()
        while stack:
            above = stack.pop()
            if above in seen:
                continue
            seen.add(above)
            if isinstance(self[above], Input | Neuron | Product):
                found[above] = None
            else:
                stack.extend(reversed(self[above].inputs))
        return tuple(found)

    def consumers(self, name: str) -> tuple[Node, ...]:
        """Return the nodes that read node `name`."""
        return self._consumers.get(name, ())

    @cached_property
    def _consumers(self) -> dict[str, tuple[Node, ...]]:
        table: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                table.setdefault(name, []).append(node)
        return {name: tuple(nodes) for name, nodes in table.items()}

    def ties(self, name: str) -> tuple[str, ...]:
        """Return the weighted nodes that use the very weights of node `name`, itself among them, in order."""
        node = self[name]
        return self._owners[id(node.weight)] if isinstance(node, Weighted) else ()

    @cached_property
    def _owners(self) -> dict[int, tuple[str, ...]]:
        table: dict[int, list[str]] = {}
        for node in self.nodes:
            if isinstance(node, Weighted):
                table.setdefault(id(node.weight), []).append(node.name)
        return {key: tuple(names) for key, names in table.items()}

    @cached_property
    def moments(self) -> dict[str, str]:
        """Each node of a recurrent cell -> the first of its kind at that place, which it is at another moment."""
        first: dict[tuple[str, str], str] = {}
        return {n.name: first.setdefault((n.cell, type(n).__name__), n.name) for n in self.nodes if n.cell}

    def check(self) -> SpikingNetwork:
        """Return the network itself, or raise InvalidNetwork with every fault at once."""
        faults = list(dict.fromkeys(self._faults()))
        if faults:
            raise InvalidNetwork(f"{len(faults)} fault(s) in the network:", faults)
        return self

    def wavefront(self, window: int | None) -> SpikingNetwork:
        """Return the network with every neuron's start at its depth and the given window (None: stays open)."""
        nodes = (
            replace(node, start=self.depth[node.name], window=window) if isinstance(node, Neuron) else node
            for node in self.nodes
        )
        return replace(self, nodes=tuple(nodes))

    def valued(self) -> SpikingNetwork:
        """Return the network itself, or raise InvalidNetwork if it has shapes but no values."""
        holes = [node.name for node in self.nodes if incomplete(node)]
        if holes:
            raise InvalidNetwork(
                f"the network has no weights: it was captured from shapes alone; it can be costed, not run "
                f"({len(holes)} node(s) without values, '{holes[0]}' the first)"
            )
        return self

    def summary(self) -> str:
        """Return a table: node, source op, shape, neurons, unique weights W, unrolled synapses S, reuse R = S/W."""
        from .summary import summary

        return summary(self)

    def coverage(self) -> Coverage:
        """Return how much of the source's arithmetic is done by events, and what needs an arithmetic unit."""
        from .coverage import coverage

        return coverage(self)

    def save(self, path: str | Path) -> None:
        """Write the network as .npz, without pickle and atomically."""
        from .store import save_network

        save_network(self, path)

    @staticmethod
    def load(path: str | Path) -> SpikingNetwork:
        """Read a network written by `save`; raises InvalidFile if it is not ours, is cut short or was altered."""
        from .store import load_network

        return load_network(path)

    def module(self, steps: int, *, delay: int = 0, wavefront: bool | None = None) -> nn.Module:
        """Return a torch.nn.Module that runs `steps` ticks on Norse: forward(x) -> readout at the last tick."""
        from .backends.norse import module

        return module(self.valued(), steps, delay=delay, wavefront=wavefront)

    def generate(
        self, ids: ArrayLike, *, steps: int, max_new_tokens: int, device: str = "cpu", dtype: str = "float32"
    ) -> Generation:
        """Return the greedy continuation of a prompt by a language model, `steps` ticks with delay 0 for each token.

        ids  (n,) or (B, n); prompt and new tokens must fit the length L the network was captured at. What a position
        has sent is kept, so a token costs what it adds and the keys it reads, not the text read again.

        Raises InvalidInput (all at once), UnsupportedNode (every node that mixes positions in another way than
        causal attention).
        """
        from .backends.generate import generate

        return generate(self.valued(), ids, steps=steps, max_new_tokens=max_new_tokens, device=device, dtype=dtype)

    def dense(self) -> nn.Module:
        """Return a torch.nn.Module of the same function without spikes: every neuron sends f(a)."""
        from .backends.dense import dense

        return dense(self.valued())

    def _infer(self) -> tuple[dict[str, Shape], list[str]]:
        shapes: dict[str, Shape] = {}
        faults = []
        for node in self.nodes:
            if any(name not in shapes for name in node.inputs):
                continue  # reported as a dangling input, or the input's own fault
            wanted = node.arity
            if (wanted >= 0 and len(node.inputs) != wanted) or (wanted < 0 and len(node.inputs) < 2):
                need = "at least 2" if wanted < 0 else str(wanted)
                faults.append(f"{_label(node)}: needs {need} input(s), has {len(node.inputs)}")
                continue
            try:
                shapes[node.name] = node.infer(*(shapes[name] for name in node.inputs))
            except (ValueError, TypeError) as error:
                faults.append(f"{_label(node)}: {error}")
        return shapes, faults

    def _faults(self) -> Iterator[str]:
        if self.schedule not in SCHEDULES:
            yield f"schedule '{self.schedule}' is not one of {', '.join(SCHEDULES)}"
        if not self.inputs:
            yield "the network has no input"
        if not self.outputs:
            yield "the network has no output"
        seen: set[str] = set()
        names = {node.name for node in self.nodes}
        for node in self.nodes:
            if not node.name:
                yield f"a {type(node).__name__} has no name"
            if node.name in seen:
                yield f"{_label(node)}: the name is taken twice"
            for name in node.inputs:
                if name not in names:
                    yield f"{_label(node)}: input '{name}' does not exist"
                elif name not in seen:
                    yield f"{_label(node)}: input '{name}' comes after it; nodes must be in topological order"
                elif isinstance(self.by_name[name], Output):
                    yield f"{_label(node)}: input '{name}' is an output, which nothing can read"
            for fault in node.faults():
                yield f"{_label(node)}: {fault}"
            seen.add(node.name)
        yield from self._infer()[1]
        dead = [n for n in self.nodes if not isinstance(n, Output) and not self.consumers(n.name)]
        for node in dead:
            yield f"{_label(node)}: nothing reads it"
        if len(seen) == len(self.nodes):
            yield from self._graded_inputs()
            yield from self._vocabularies()

    def _vocabularies(self) -> Iterator[str]:
        for source in self.inputs:
            for reader in self.consumers(source.name):
                rows = reader.weight.shape[0] if isinstance(reader, Embedding) else 0
                if rows != source.vocabulary:
                    have = f"a vocabulary of {source.vocabulary}" if source.vocabulary else "no vocabulary"
                    need = f"{rows} rows" if rows else "real numbers"
                    yield f"{_label(reader)}: takes {need}, but input '{source.name}' has {have}"
        for node in self.nodes:
            if isinstance(node, Embedding) and not isinstance(self.by_name.get(node.inputs[0]), Input):
                yield f"{_label(node)}: only an input has ids to look up, not '{node.inputs[0]}'"

    def _graded_inputs(self) -> Iterator[str]:
        for node in self.nodes:
            if isinstance(node, Weighted | Product) and all(name in self.by_name for name in node.inputs):
                for name in node.inputs:
                    path = self._weights_above(name)
                    if path:
                        yield f"{_label(node)}: is fed by '{path}' without a neuron between; put a relay before it"

    def _weights_above(self, name: str) -> str:
        stack, seen = [name], set()
        while stack:
            node = self.by_name.get(stack.pop())
            if node is None or node.name in seen:
                continue
            seen.add(node.name)
            if isinstance(node, Weighted | Product):
                return node.name
            if not isinstance(node, Neuron):
                stack.extend(node.inputs)
        return ""


def _label(node: Node) -> str:
    return f"{type(node).__name__} '{node.name}'"


def _size(shape: Shape) -> int:
    size = 1
    for n in shape:
        size *= n
    return size
