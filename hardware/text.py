"""Reports and comparisons as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from spiking import table

from .model import Constraint
from .price import Price
from .quantity import Quantity, scaled
from .workload import Workload

if TYPE_CHECKING:
    from .compare import Comparison
    from .report import CostReport


def report(r: CostReport) -> str:
    """Return a cost report for people."""
    head = f"{r.platform.name} · {r.platform.title}\n{run_line(r.work)} · batch {r.batch}"
    return "\n".join([head, "", nodes(r), "", facts(r), "", *notes(r)])


def run_line(work: Workload) -> str:
    """Return one line about the network and its activity."""
    activity = f"activity measured on {work.samples:,} samples" if work.samples else "activity assumed"
    if work.samples == 1:
        activity = "activity measured on 1 sample"
    run = f"{work.steps} steps, delay {work.delay}, {work.bits:.1f} bits a spike"
    return f"{work.network} · {run} · {activity}"


def nodes(r: CostReport) -> str:
    """Return the table of nodes; its energies add up to the total."""
    places = {place.name: place for place in r.work.places}
    layers = {layer.name: layer for layer in r.work.layers}
    energies = r.by_node()
    for one in r.unpriced:
        if one.group != "time":
            energies.setdefault(one.node, Quantity(0, 0, 0, "J", at_least=True))
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
                r.bounds.get(name, ""),
            ]
        )
    spikes = sum(curve.sum() for curve in r.work.senders.values())
    last = ["total", f"{r.work.neurons:,}", f"{r.work.macs:,}", f"{spikes:,.1f}"]
    last += [f"{r.work.events:,.1f}", whole.nominal, "", ""]
    head = ["node", "neurons", "synapses S", "spikes", "syn. events", "energy", "share", "bound by"]
    if not r.bounds:
        head, rows, last = head[:-1], [row[:-1] for row in rows], last[:-1]
    return table(head, rows, last)


def facts(r: CostReport) -> str:
    """Return latency, throughput, energy, power, room and verdict, one line each."""
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
    if r.power is not None:
        lines.append(("power", str(r.power)))
    reuse = f", R = S/W = {r.reuse:,.1f}" if r.weights else ""
    lines.append(("synapses", f"W {r.weights:,} unique, S {r.synapses:,} unrolled{reuse}"))
    if r.ticks is not None:
        lines.append(("", f"{r.physical_synapses:,} physical: no padding; columns and shortcuts counted"))
    if work.dynamic:
        lines.append(("", f"{work.dynamic:,} gating, in products"))
    if r.ticks is not None:
        lines.append(("ticks", f"{r.ticks} for {work.depth} neuron layers"))
    if r.cores is not None:
        lines.append(("cores", f"{r.cores:,} on {r.chips:,} chip(s)"))
    lines.append(("verdict", verdict(r.constraints, r.binding)))
    widest = next((band for band in r.bands if band.name == r.dominant), None)
    if widest is not None:
        low, high = (scaled(end, "J") for end in widest.energy)
        lines.append(("band", f"mostly {widest.name}: alone it moves the energy from {low} to {high}"))
    width = max(len(name) for name, _ in lines) + 2
    return "\n".join(f"{name:<{width}}{text}" for name, text in lines)


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


def sources(prices: Iterable[Price]) -> str:
    """Return a table of prices and where they are from."""
    rows = [[p.name, scaled(p.value, p.unit), _ends(p), p.basis, p.scope or "–", p.source] for p in prices]
    return table(["number", "value", "band", "basis", "scope", "source"], rows, left=6)


def comparison(c: Comparison) -> str:
    """Return platforms side by side, at one batch."""
    rows = []
    for r in c.reports:
        rows.append(
            [
                r.platform.name,
                "–" if r.latency_s is None else r.latency_s.nominal,
                "–" if r.throughput is None else r.throughput.nominal,
                r.energy.total.nominal,
                f"{scaled(r.energy.total.low, 'J')} … {scaled(r.energy.total.high, 'J')}",
                ("yes" if r.feasible else "no") if r.constraints else "–",
                r.binding,
            ]
        )
    head = ["platform", "latency", "throughput", "energy/inf.", "band of the energy", "feasible", "binding"]
    work = c.reports[0].work
    lines = [run_line(work), f"batch {c.batch} everywhere: latency is that of the batch, energy that of one inference"]
    lines += ["", table(head, rows), ""]
    ratio = f", {work.events / work.macs:.2g} events a MAC" if work.macs else ""
    lines.append(f"{work.events:,.0f} synaptic events against {work.macs:,} MACs of the dense source{ratio}")
    for r in c.reports:
        if not r.feasible:
            lines.append(f"{r.platform.name}: {verdict(r.constraints, r.binding)}")
    for r in c.reports:
        if r.unpriced:
            what = ", ".join(dict.fromkeys(one.action for one in r.unpriced))
            lines.append(f"{r.platform.name}: ≥, no price for {what}")
    return "\n".join([*lines, *c.assumptions])


def _against(one: Constraint) -> str:
    return f"{one.name}: {scaled(one.needed, one.unit)} of {scaled(one.available, one.unit)}"


def _ends(price: Price) -> str:
    return "exact" if price.low == price.high else f"{scaled(price.low, price.unit)} … {scaled(price.high, price.unit)}"


def _grouped(items: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Join the nodes that lack the same thing for the same reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for what, node, why in items:
        groups.setdefault((what, why), []).append(node)
    return [(f"{what} {', '.join(names)}", why) for (what, why), names in groups.items()]
