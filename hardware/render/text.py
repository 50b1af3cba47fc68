"""Reports and comparisons as plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from spiking import escaping, table

from ..analysis.comparison import Comparison, Sweep
from ..analysis.records import CostReport
from ..analysis.verdict import Metric
from ..models.base import Constraint, Unpriced
from ..platform.parameter import Parameter
from ..quantity import scaled
from . import columns, tables, words
from .other_tools import peers
from .rows import node_rows, parameter_row, platform_row, totals


def report(r: CostReport) -> str:
    """Return a cost report for people."""
    head = [f"{r.platform.name} · {r.platform.title} · boundary: {r.platform.boundary}"]
    head.append(f"{r.work.headline} · batch {r.batch}")
    return escaping.lines("\n".join([*head, "", nodes(r), "", facts(r), "", *notes(r)]))


def nodes(r: CostReport) -> str:
    """Return the table of nodes; its energies add up to the total."""
    return table(*node_table(r))


def node_table(r: CostReport) -> tuple[list[str], list[list[str]], list[str]]:
    """Return head, rows and totals of the table of nodes."""
    return tables.text_table(columns.NODES, node_rows(r), totals(r))


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
    lines.append(("energy", f"{e.total} per inference"))
    parts = (("dynamic", e.dynamic), ("static", e.static), ("io", e.io))
    lines += [(f"  {name}", str(part) if part is not None else "no separate figure") for name, part in parts]
    lines += [(f"  or {name}", f"{other} instead") for name, other in r.alternatives.items()]
    if r.edp is not None:
        lines.append(("EDP", f"{r.edp}, energy of one × latency of the batch of {r.batch}"))
    if r.power is not None:
        lines.append(("power", str(r.power)))
    reuse = f", R = S/W = {r.reuse:,.1f}" if r.weights else ""
    lines.append(("synapses", f"W {r.weights:,} unique, S {r.synapses:,} unrolled{reuse}"))
    if r.ticks is not None:
        lines.append(("", f"{r.physical_synapses:,} physical: no padding; columns and shortcuts counted"))
        if work.laid > work.physical:
            lines.append(("", f"{work.laid - work.physical:,} of wiring behind sums, where every synapse is its own"))
    if work.dynamic:
        lines.append(("", f"{work.dynamic:,} gating, in products"))
    if r.ticks is not None:
        lines.append(("ticks", f"{r.ticks} for {work.stages} synaptic stages one after another"))
    if r.copies is not None:
        lines.append(("copies", f"{r.copies:,.1f} of each weight, on average"))
    if r.pace:
        lines.append(("pace", r.pace))
    if r.cores is not None:
        lines.append(("cores", words.cores(r)))
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
    violated = [limit for limit in constraints if limit.violated]
    if violated:
        return "not feasible, " + "; ".join(map(_against, violated))
    return "feasible, tightest " + next(_against(limit) for limit in constraints if limit.name == binding)


def notes(r: CostReport) -> list[str]:
    """Return what is missing, what the prices rest on, and what was assumed."""
    lines = []
    if r.unpriced:
        lines.append(f"≥  {len(r.unpriced)} {'item has' if len(r.unpriced) == 1 else 'items have'} no price here:")
        lines += [f"     {line}" for line in _grouped(r.unpriced)]
    bases = Counter(parameter.basis for parameter in r.prices)
    lines.append(f"prices: {', '.join(f'{n} {basis}' for basis, n in bases.items())}; report.sources() lists them")
    return [*lines, "assumed:", *(f"  · {line}" for line in r.assumptions)]


def sources(parameters: Iterable[Parameter]) -> str:
    """Return a table of parameters and where they are from."""
    head, lines, _ = tables.text_table(columns.PARAMETERS, map(parameter_row, parameters))
    return table(head, lines, left=len(head))


def platform_table(c: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table of platforms."""
    head, lines, _ = tables.text_table(columns.PLATFORMS, map(platform_row, c.rows))
    return head, lines


def comparison(c: Comparison) -> str:
    """Return platforms side by side, at one batch."""
    lines = [c.work.headline, f"batch {c.batch} everywhere: latency is that of the batch, energy that of one inference"]
    lines += ["", table(*platform_table(c)), "", words.verdict_lines(c.verdict), ""]
    lines += [work_line(c), *break_evens(c), *shortfalls(c)]
    others = ["", peers(c.peers)] if c.peers is not None else []
    return escaping.lines("\n".join([*lines, *c.assumptions, *others]))


def work_line(c: Comparison) -> str:
    """Return how many events stand against how many MACs."""
    work = c.work
    ratio = f", {work.events / work.macs:.2g} events per MAC" if work.macs else ""
    return f"{work.events:,.0f} synaptic events against {work.macs:,} MACs of the dense source{ratio}"


def shortfalls(c: Comparison) -> list[str]:
    """Return a line for each platform that does not fit, and for each that lacks a price."""
    lines = [f"{r.platform.name}: {verdict(r.constraints, r.binding)}" for r in c.reports if not r.feasible]
    for r in c.reports:
        if r.unpriced:
            what = ", ".join(dict.fromkeys(gap.action for gap in r.unpriced))
            lines.append(f"{r.platform.name}: ≥, no price for {what}")
    return lines


def sweep(found: Sweep) -> str:
    """Return latency of the batch and energy of an inference, a column for each batch, and who is first."""
    names = [row.platform.name for row in found[0].rows]
    head = [f"batch {c.batch:,}" for c in found]
    parts = [found[0].work.headline]
    for title, figure in (("latency of the batch", _latency), ("energy of an inference", _energy)):
        parts.append(table([title, *head], [[name, *(figure(c[name]) for c in found)] for name in names]))
    parts.append(
        table(["", *head], [[claim, *(_winner(c, metric) for c in found)] for metric, claim in words.CLAIMS.items()])
    )
    if not all(row.feasible for c in found for row in c.rows):
        parts.append("!  not feasible: takes no part in who is first")
    return escaping.lines("\n\n".join(parts))


def _winner(c: Comparison, metric: Metric) -> str:
    return next((win.winner for win in c.verdict.wins if win.metric == metric), "–")


def _latency(r: CostReport) -> str:
    return "–" if r.latency_s is None else r.latency_s.nominal + ("" if r.feasible else " !")


def _energy(r: CostReport) -> str:
    return r.energy.total.nominal + ("" if r.feasible else " !")


def break_evens(c: Comparison) -> list[str]:
    """Return a table of the activity at which a spiking platform needs what a dense one needs."""
    head, rows = break_even_rows(c)
    if not rows:
        return []
    return ["", table(head, rows), *break_even_notes(rows), ""]


def break_even_notes(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return what the ends of the scale mean, where one is in the table."""
    return [BREAK_EVEN_NOTE] if any(cell in ("0", "any") for row in rows for cell in row) else []


BREAK_EVEN_NOTE = "0: it needs more without a single event; any: it needs less at any activity"


def break_even_rows(c: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of that table: dense platforms down, spiking ones across; none without both."""
    dense = dict.fromkeys(pair.dense for pair in c.even)
    cells = {(pair.dense, pair.spiking): _activity(pair.activity) for pair in c.even}
    spiking = dict.fromkeys(pair.spiking for pair in c.even)
    rows = [[name, *(cells[name, other] for other in spiking)] for name in dense]
    return (["break-even, in events per MAC", *spiking], rows) if rows else ([], [])


def _activity(p: float) -> str:
    return "any" if p == float("inf") else f"{p:,.0f}" if p >= 1000 else f"{p:.3g}"


def _against(limit: Constraint) -> str:
    return f"{limit.name}: {scaled(limit.needed, limit.unit)} of {scaled(limit.available, limit.unit)}"


def _grouped(unpriced: Iterable[Unpriced]) -> list[str]:
    """Return a line for each action without a price and its reason, with all the nodes that lack it."""
    nodes: dict[tuple[str, str], list[str]] = {}
    for gap in unpriced:
        nodes.setdefault((gap.action, gap.why), []).append(escaping.cell(gap.node))
    return [f"{action} of {', '.join(names)}: {why}" for (action, why), names in nodes.items()]
