"""Reports and comparisons as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spiking import table

from ..analysis.comparison import Comparison, Sweep
from ..analysis.records import CostReport
from ..models.base import Constraint
from ..platform.parameter import Parameter
from ..quantity import Quantity, scaled
from ..workload.trace import Trace
from . import words
from .other_tools import peers


def report(r: CostReport) -> str:
    """Return a cost report for people."""
    head = [f"{r.platform.name} · {r.platform.title} · boundary: {r.platform.boundary}"]
    head.append(f"{run_line(r.work)} · batch {r.batch}")
    return "\n".join([*head, "", nodes(r), "", facts(r), "", *notes(r)])


def run_line(work: Trace) -> str:
    """Return one line about the network and its activity."""
    return work.headline


def nodes(r: CostReport) -> str:
    """Return the table of nodes; its energies add up to the total."""
    return table(*node_rows(r))


def node_rows(r: CostReport) -> tuple[list[str], list[list[str]], list[str]]:
    """Return head, rows and sums of the table of nodes."""
    places = {place.name: place for place in r.work.places}
    layers = {layer.name: layer for layer in r.work.layers}
    energies = r.every_node()
    whole = r.energy.total
    rows = []
    for name in dict.fromkeys([*r.work.order, *energies]):
        place, layer, energy = places.get(name), layers.get(name), energies.get(name)
        sent = r.work.senders.get(name)
        rows.append(
            [
                name,
                f"{layer.neurons:,}" if layer and sent is not None else "–",
                f"{place.macs:,}" if place and place.macs else "–",
                "–" if sent is None else f"{sent.sum():,.1f}",
                f"{place.events.sum():,.1f}" if place else "–",
                energy.nominal if energy else "–",
                f"{100 * energy.value / whole.value:.1f} %" if energy and energy.value and whole.value else "–",
                words.bound(r.bounds.get(name)),
            ]
        )
    spikes = sum(curve.sum() for curve in r.work.senders.values())
    last = ["total", f"{r.work.neurons:,}", f"{r.work.macs:,}", f"{spikes:,.1f}"]
    last += [f"{r.work.events:,.1f}", whole.nominal, "", ""]
    head = ["node", "neurons", "synapses S", "spikes", "syn. events", "energy", "share", "bound by"]
    if not r.bounds:
        head, rows, last = head[:-1], [row[:-1] for row in rows], last[:-1]
    return head, rows, last


def facts(r: CostReport) -> str:
    """Return latency, throughput, energy, power, room and verdict, one line each."""
    lines = fact_lines(r)
    width = max(len(name) for name, _ in lines) + 2
    return "\n".join(f"{name:<{width}}{text}" for name, text in lines)


def fact_lines(r: CostReport) -> list[tuple[str, str]]:
    """Return what the report says, as name and text; no name where a line goes on."""
    e, work = r.energy, r.work
    many = f" for the batch of {r.batch}" if r.batch > 1 else ""
    clock = "" if r.latency_s is None else f"{r.latency_s}{many}"
    lines = [("latency", clock or "unpriced")]
    if r.throughput is not None:
        lines.append(("throughput", str(r.throughput)))
    lines.append(("energy", f"{e.total} an inference"))
    parts = (("dynamic", e.dynamic), ("static", e.static), ("io", e.io))
    lines += [(f"  {name}", str(part) if part is not None else "none of its own") for name, part in parts]
    lines += [(f"  or {name}", f"{other} instead") for name, other in r.alternatives.items()]
    if r.edp is not None:
        lines.append(("EDP", f"{r.edp}, energy of one × latency of the batch of {r.batch}"))
    if r.power is not None:
        lines.append(("power", str(r.power)))
    reuse = f", R = S/W = {r.reuse:,.1f}" if r.weights else ""
    lines.append(("synapses", f"W {r.weights:,} unique, S {r.synapses:,} unrolled{reuse}"))
    if r.ticks is not None:
        lines.append(("", f"{r.physical_synapses:,} physical: no padding; columns and shortcuts counted"))
    if work.dynamic:
        lines.append(("", f"{work.dynamic:,} gating, in products"))
    if r.ticks is not None:
        lines.append(("ticks", f"{r.ticks} for {work.stages} synaptic stages one after another"))
    if r.copies is not None:
        lines.append(("copies", f"{r.copies:,.1f} of each weight, on average"))
    if r.pace:
        lines.append(("pace", r.pace))
    if r.cores is not None:
        lines.append(("cores", f"{r.cores:,} on {r.chips:,} chip(s)"))
    lines.append(("verdict", verdict(r.constraints, r.binding)))
    widest = next((band for band in r.bands if band.name == r.dominant), None)
    if widest is not None:
        low, high = (scaled(end, "J") for end in widest.energy)
        lines.append(("band", f"mostly {widest.name}: alone it moves the energy from {low} to {high}"))
    return lines


def verdict(constraints: Sequence[Constraint], binding: str) -> str:
    """Return whether it fits, and what decides: all that is violated, or the tightest."""
    if not constraints:
        return "no limit applies"
    violated = [one for one in constraints if one.violated]
    if violated:
        return "not feasible, " + "; ".join(_against(one) for one in violated)
    return "feasible, tightest " + next(_against(one) for one in constraints if one.name == binding)


def notes(r: CostReport) -> list[str]:
    """Return what is missing, what the prices rest on, and what was assumed."""
    lines = []
    if r.unpriced:
        lines.append(f"≥  {len(r.unpriced)} thing(s) have no price here:")
        missing = _grouped((f"{one.action} of", one.node, one.why) for one in r.unpriced)
        lines += [f"     {what}: {why}" for what, why in missing]
    bases: dict[str, int] = {}
    for price in r.prices:
        bases[price.basis] = bases.get(price.basis, 0) + 1
    lines.append(f"prices: {', '.join(f'{n} {basis}' for basis, n in bases.items())}; report.sources() lists them")
    return [*lines, "assumed:", *(f"  · {line}" for line in r.assumptions)]


def sources(prices: Iterable[Parameter]) -> str:
    """Return a table of prices and where they are from."""
    rows = [[p.name, scaled(p.value, p.unit), _ends(p), p.basis, p.scope or "–", _where(p)] for p in prices]
    return table(["number", "value", "band", "basis", "scope", "source"], rows, left=6)


def _where(price: Parameter) -> str:
    return f"{price.source} ({price.page})" if price.page else price.source


def platform_rows(c: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table of platforms."""
    rows = []
    for r in c.rows:
        rows.append(
            [
                r.platform.name,
                "–" if r.latency_s is None else r.latency_s.nominal,
                "–" if r.throughput is None else r.throughput.nominal,
                r.energy.total.nominal,
                _band(r.energy.total),
                "–" if r.edp is None else r.edp.nominal,
                ("yes" if r.feasible else "no") if r.constraints else "–",
                r.binding,
            ]
        )
    return [
        "platform",
        "latency",
        "throughput",
        "energy/inf.",
        "band of the energy",
        "EDP",
        "feasible",
        "binding",
    ], rows


def _band(q: Quantity) -> str:
    return f"{scaled(q.low, q.unit)} … {scaled(q.high, q.unit)}" if q.high else "–"


def comparison(c: Comparison) -> str:
    """Return platforms side by side, at one batch."""
    work = c.work
    lines = [run_line(work), f"batch {c.batch} everywhere: latency is that of the batch, energy that of one inference"]
    lines += ["", table(*platform_rows(c)), "", words.verdict_lines(c.verdict), ""]
    ratio = f", {work.events / work.macs:.2g} events a MAC" if work.macs else ""
    lines.append(f"{work.events:,.0f} synaptic events against {work.macs:,} MACs of the dense source{ratio}")
    lines += break_evens(c)
    for r in c.reports:
        if not r.feasible:
            lines.append(f"{r.platform.name}: {verdict(r.constraints, r.binding)}")
    for r in c.reports:
        if r.unpriced:
            what = ", ".join(dict.fromkeys(one.action for one in r.unpriced))
            lines.append(f"{r.platform.name}: ≥, no price for {what}")
    return "\n".join([*lines, *c.assumptions, *(["", peers(c.peers)] if c.peers is not None else [])])


def sweep(found: Sweep) -> str:
    """Return latency of the batch and energy of an inference, a column for each batch, and who is first."""
    names = [row.platform.name for row in found[0].rows]
    head = [f"batch {one.batch:,}" for one in found]
    parts = [run_line(found[0].work)]
    for title, figure in (("latency of the batch", _latency), ("energy of an inference", _energy)):
        rows = [[name, *(figure(one[name]) for one in found)] for name in names]
        parts.append(table([title, *head], rows))
    rows = [
        [claim, *(next((w.winner for w in one.verdict.wins if w.metric == metric), "–") for one in found)]
        for metric, claim in words.CLAIMS.items()
    ]
    lines = [*parts, table(["", *head], rows)]
    unfit = any(not row.feasible for one in found for row in one.rows)
    return "\n\n".join([*lines, *(["!  not feasible: takes no part in who is first"] if unfit else [])])


def _latency(r: CostReport) -> str:
    return "–" if r.latency_s is None else r.latency_s.nominal + ("" if r.feasible else " !")


def _energy(r: CostReport) -> str:
    return r.energy.total.nominal + ("" if r.feasible else " !")


def break_evens(c: Comparison) -> list[str]:
    """Return a table of the activity at which a spiking platform needs what a dense one needs."""
    head, rows = break_even_rows(c)
    if not rows:
        return []
    note = [BREAK_EVEN_NOTE] if any(cell in ("0", "any") for row in rows for cell in row) else []
    return ["", table(head, rows), *note, ""]


BREAK_EVEN_NOTE = "0: it needs more without a single event; any: it needs less at any activity"


def break_even_rows(c: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of that table: dense platforms down, spiking ones across; none without both."""
    dense = dict.fromkeys(pair.dense for pair in c.even)
    cells = {(pair.dense, pair.spiking): _activity(pair.activity) for pair in c.even}
    spiking = dict.fromkeys(pair.spiking for pair in c.even)
    rows = [[name, *(cells[name, other] for other in spiking)] for name in dense]
    return (["break-even, in events a MAC", *spiking], rows) if rows else ([], [])


def _activity(p: float) -> str:
    return "any" if p == float("inf") else f"{p:,.0f}" if p >= 1000 else f"{p:.3g}"


def _against(one: Constraint) -> str:
    return f"{one.name}: {scaled(one.needed, one.unit)} of {scaled(one.available, one.unit)}"


def _ends(price: Parameter) -> str:
    return "exact" if price.low == price.high else f"{scaled(price.low, price.unit)} … {scaled(price.high, price.unit)}"


def _grouped(items: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Join the nodes that lack the same thing for the same reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for what, node, why in items:
        groups.setdefault((what, why), []).append(node)
    return [(f"{what} {', '.join(names)}", why) for (what, why), names in groups.items()]
