"""The rows of the tables: what there is to say of a platform, a node, an entry, a limit, a parameter."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..analysis.records import CostReport, Entry
from ..analysis.verdict import Verdict
from ..models.base import Constraint, Unpriced
from ..platform.parameter import Parameter
from ..quantity import Quantity
from ..workload.parts import Layer, Place
from ..workload.trace import Trace
from . import words
from .cells import span


@dataclass(frozen=True)
class PlatformRow:
    """A platform in a comparison.

    fits       whether every limit is kept; None where no limit applies
    limit      which one decides
    flips      what would put another one first where this one is, by metric; "" without a comparison
    left_out   why it takes no part in who is first; "" where it does
    """

    report: CostReport
    fits: bool | None
    limit: str
    flips: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class NodeRow:
    """A node of a network on one platform; None where it has no such figure.

    counts    of the place where events arrive; those of the whole trace in the row of totals
    synapses  S, gating ones included
    whole     energy of the whole inference
    """

    name: str
    counts: Place | Trace | None
    layer: Layer | None
    neurons: int | None
    weights: int | None
    synapses: int | None
    macs: int | None
    spikes: float | None
    events: float | None
    energy: Quantity | None
    whole: Quantity | None
    bound: str


@dataclass(frozen=True)
class EntryRow:
    """A count of one action at a node, its price and their product; without a price there are only the names."""

    node: NodeRow
    action: str
    group: str
    count: float | None
    price: Parameter | None
    energy: Quantity | None
    at_least: bool


@dataclass(frozen=True)
class LimitRow:
    """A limit of a platform, and how much of it the network needs; counts are plain numbers."""

    name: str
    needed: Quantity | float
    available: Quantity | float
    load: float
    state: str


@dataclass(frozen=True)
class ParameterRow:
    """A parameter of a platform; `label` and `grounds` are its name and its basis as the page shows them."""

    name: str
    label: str
    value: Quantity
    band: str
    unit: str
    basis: str
    scope: str | None
    grounds: str
    source: str


def platform_row(r: CostReport, verdict: Verdict | None = None) -> PlatformRow:
    """Return the row of a platform, with its part in a verdict."""
    row = PlatformRow(r, r.feasible if r.constraints else None, words.limit(r))
    if verdict is None:
        return row
    name = r.platform.name
    flips = [f"{win.metric}: {text}" for win in verdict.wins if win.winner == name for text in words.flips(win)]
    missing = [words.why(omission) for omission in verdict.omitted if omission.platform == name]
    return replace(row, flips="; ".join(flips), left_out="; ".join(missing))


def node_rows(r: CostReport) -> list[NodeRow]:
    """Return a row for each node, in the network's order; those of the chip and the host come last."""
    places = {place.name: place for place in r.work.places}
    layers = {layer.name: layer for layer in r.work.layers}
    energies = r.every_node()
    whole = r.energy.total
    rows = []
    for name in dict.fromkeys([*r.work.order, *energies]):
        place, layer, sent = places.get(name), layers.get(name), r.work.senders.get(name)
        row = NodeRow(
            name,
            place,
            layer,
            neurons=layer.neurons if layer and sent is not None else None,
            weights=place.weights or None if place else None,
            synapses=place.unrolled + place.dynamic if place else None,
            macs=place.macs or None if place else None,
            spikes=None if sent is None else float(sent.sum()),
            events=float(place.events.sum()) if place else None,
            energy=energies.get(name),
            whole=whole,
            bound=words.bound(r.bounds.get(name)),
        )
        rows.append(row)
    return rows


def totals(r: CostReport) -> NodeRow:
    """Return the row under the nodes: the sums over all of them."""
    work = r.work
    return NodeRow(
        "total",
        work,
        None,
        neurons=work.neurons,
        weights=work.weights,
        synapses=work.unrolled + work.dynamic,
        macs=work.macs,
        spikes=float(sum(curve.sum() for curve in work.senders.values())),
        events=work.events,
        energy=r.energy.total,
        whole=None,
        bound="",
    )


def entry_rows(r: CostReport) -> list[EntryRow]:
    """Return a row for each node and action: the entries, then what is unpriced and is no entry."""
    nodes = {row.name: row for row in node_rows(r)}
    return [_entry(entry, nodes) for entry in r.entries] + [_gap(gap, nodes) for gap in r.outside]


def limit_row(limit: Constraint) -> LimitRow:
    """Return the row of a limit."""

    def exactly(value: float) -> Quantity | float:
        return value if limit.unit == "1" else Quantity(value, value, value, limit.unit)

    needed, available = exactly(limit.needed), exactly(limit.available)
    return LimitRow(words.label(limit.name), needed, available, limit.load, "exceeded" if limit.violated else "met")


def parameter_row(p: Parameter) -> ParameterRow:
    """Return the row of a parameter."""
    return ParameterRow(
        name=p.name,
        label=words.label(p.name),
        value=p.quantity,
        band="exact" if p.low == p.high else span(p.low, p.high, p.unit),
        unit="" if p.unit == "1" else p.unit,
        basis=p.basis,
        scope=p.scope,
        grounds=f"{p.basis}, {p.scope}" if p.scope else p.basis,
        source=f"{p.source} ({p.page})" if p.page else p.source,
    )


def _entry(entry: Entry, nodes: dict[str, NodeRow]) -> EntryRow:
    energy = None if entry.price is None else entry.energy
    node = nodes[entry.node]
    return EntryRow(node, entry.action, entry.group, entry.count, entry.price, energy, entry.energy.at_least)


def _gap(gap: Unpriced, nodes: dict[str, NodeRow]) -> EntryRow:
    nothing = NodeRow(gap.node, None, None, None, None, None, None, None, None, None, None, "")
    return EntryRow(nodes.get(gap.node, nothing), gap.action, gap.group, None, None, None, True)
