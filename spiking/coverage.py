"""How much of the source's arithmetic is done by events, and what still needs an arithmetic unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from . import escaping
from .counts import macs
from .fan_out import fan_totals
from .formatting import table
from .linear_maps import Weighted
from .network import Network, Origin
from .nodes import Input, Neuron, Output, Product


@dataclass
class Row:
    """What became of one kind of source op.

    events       multiply-accumulates of weights fed by spikes: additions of a weight at each event
    analog       multiply-accumulates of weights fed by an analog input
    products     multiply-accumulates of two spike streams: gating synapses
    functions    function beyond comparisons -> evaluations a tick, one for each neuron and function
    readouts     function the reader of an output computes -> evaluations
    """

    op: str
    nodes: int = 0
    neurons: int = 0
    events: int = 0
    analog: int = 0
    products: int = 0
    functions: dict[str, int] = field(default_factory=dict)
    readouts: dict[str, int] = field(default_factory=dict)

    @property
    def wiring(self) -> bool:
        """Whether it became synapses without weights of their own: composed with those behind, or a shortcut."""
        return not (self.neurons or self.events or self.analog or self.products or self.readouts)


@dataclass(frozen=True)
class Coverage:
    """A network's rows by source op, and their sums. Every call of the source is in it: none stays unconverted."""

    rows: tuple[Row, ...]

    @property
    def total(self) -> Row:
        """The sums over all rows."""
        whole = Row("total")
        for row in self.rows:
            for name in ("nodes", "neurons", "events", "analog", "products"):
                setattr(whole, name, getattr(whole, name) + getattr(row, name))
            _merge(whole.functions, row.functions)
            _merge(whole.readouts, row.readouts)
        return whole

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one dense inference of the source."""
        whole = self.total
        return whole.events + whole.analog + whole.products

    def __str__(self) -> str:
        """Return a table, and the shares in words."""
        head = ["source op", "nodes", "neurons", "MACs by events", "on analog input", "in products", "functions a tick"]
        whole = self.total
        wiring = [row.op for row in self.rows if row.wiring]
        shown = [_cells(row) for row in self.rows if not row.wiring]
        shown += [["wiring", str(sum(row.nodes for row in self.rows if row.wiring)), *"–––––"]] if wiring else []
        notes = [*_notes(whole, self.macs), f"wiring: {', '.join(wiring)}"] if wiring else _notes(whole, self.macs)
        return "\n".join([table(head, shown, [*_cells(whole)[:-1], ""], left=1), *map(escaping.cell, notes)])


def coverage(network: Network) -> Coverage:
    """Count what does the arithmetic of a network, by source op."""
    totals = fan_totals(network)
    analog_inputs = {node.name for node in network.inputs if not node.vocabulary}
    rows: dict[str, Row] = {}
    for node in network:
        if isinstance(node, Input):
            continue
        op = network.origins.get(node.name, Origin()).op or type(node).__name__.lower()
        row = rows.setdefault(op, Row(op))
        row.nodes += 1
        shape = network.shapes[node.name]
        match node:
            case Weighted():
                used, fans = macs(node, *(network.shapes[name] for name in node.inputs)), totals[node.name]
                share = sum(fan for source, fan in fans.items() if source in analog_inputs)
                analog = round(used * share / sum(fans.values()))
                row.analog += analog
                row.events += used - analog
            case Product():
                row.products += macs(node, *(network.shapes[name] for name in node.inputs))
            case Neuron():
                row.neurons += prod(shape)
                _merge(row.functions, {f.label: prod(shape) for f in node.function if not f.plain})
            case Output():
                _merge(row.readouts, {f.label: prod(network.shapes[node.inputs[0]]) for f in node.function})
    return Coverage(tuple(rows.values()))


def _merge(into: dict[str, int], more: dict[str, int]) -> None:
    for name, times in more.items():
        into[name] = into.get(name, 0) + times


def _cells(row: Row) -> list[str]:
    numbers = [f"{n:,}" if n else "–" for n in (row.nodes, row.neurons, row.events, row.analog, row.products)]
    calls = [f"{name} {times:,}" for name, times in row.functions.items()]
    calls += [f"{name} {times:,}, read out" for name, times in row.readouts.items()]
    return [row.op, *numbers, ", ".join(calls) or "–"]


def _notes(whole: Row, used: int) -> list[str]:
    parts = ((whole.events, "by events"), (whole.analog, "on analog input"), (whole.products, "in products of spikes"))
    shares = [f"{100 * n / max(used, 1):.2f} % {what}" for n, what in parts]
    lines = [f"{used:,} MACs: {', '.join(shares)}"]
    calls = sum(whole.functions.values())
    if calls:
        names = ", ".join(whole.functions)
        lines.append(f"{calls:,} evaluations a tick need an arithmetic unit beside the integrator: {names}")
    else:
        lines.append("no neuron needs an arithmetic unit beside its integrator")
    if whole.readouts:
        lines.append(f"left to whoever reads the output: {', '.join(whole.readouts)}")
    lines.append("nothing is left unconverted")
    return lines
