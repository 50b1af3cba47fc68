"""A comparison as one page: everything inside, nothing fetched, and every figure recomputed when a setting moves."""

from __future__ import annotations

from typing import Any, NamedTuple

from spiking import __version__, si

from ..analysis.comparison import Comparison
from ..analysis.records import CostReport
from ..models.base import GROUPS, Constraint
from ..platform.loading import CITED, cited, references
from ..platform.parameter import Parameter
from ..quantity import Quantity, scaled
from ..workload.trace import Trace
from . import words
from .page_data import embedded
from .pages import FILES
from .text import BREAK_EVEN_NOTE, break_even_rows, run_line

SCRIPTS = ("format.js", "kinds.js", "cores.js", "model.js", "charts.js", "figures.js", "tables.js", "page.js")


class Cell(NamedTuple):
    """A cell of a table: the figure, and what stands small below it."""

    main: str
    below: str = ""


def html(comparison: Comparison, *, title: str = "", command: str = "") -> str:
    """Return a comparison as one self-contained HTML page, right without scripts, and recomputing itself with them.

    title     heading of the page; by default the network's
    command   that made the page, for its foot

    Raises InvalidInput for a trace of more than 4,000 ticks: the page carries every one of them.
    """
    from jinja2 import Environment, StrictUndefined

    work = comparison.reports[0].work
    pages = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    first = comparison.rows[0]
    verdict = comparison.verdict
    return pages.from_string(_file("report.html")).render(
        title=title or (f"What {work.name} costs" if work.name else "What this network costs"),
        run=run_line(work),
        network=_network(work),
        assumed=work.assumed,
        verdict=words.sentence(verdict),
        wins=[(win, words.flips(win)) for win in verdict.wins],
        left_out=words.left_out(verdict),
        even=break_even_rows(comparison),
        even_note=BREAK_EVEN_NOTE,
        batch=comparison.batch,
        rows=[_row(one) for one in comparison.rows],
        first=first,
        facts=_facts(first),
        limits=[_limit(one) for one in first.constraints],
        layers=_layers(first),
        platforms=[_platform(one) for one in comparison.rows],
        remarks=comparison.assumptions,
        bibliography=list(cited(price for row in comparison.rows for price in row.prices).items()),
        cited=_cited,
        version=__version__,
        command=command,
        style=_file("style.css"),
        script="\n".join(map(_file, SCRIPTS)),
        data=embedded(comparison),
    )


def _file(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


# --- what stands in the page before any script runs; hardware/pages/tables.js writes the same


def _row(r: CostReport) -> list[Cell]:
    """One platform in the comparison."""
    e = r.energy.total
    return [
        Cell(r.platform.name, r.platform.boundary),
        _cell(r.latency_s),
        Cell("–" if r.throughput is None else r.throughput.nominal),
        _cell(e),
        Cell("–" if r.edp is None else r.edp.nominal),
        Cell("–" if r.power is None else r.power.nominal),
        _feasible(r),
        Cell("–" if r.copies is None else _amount(r.copies)),
    ]


def _cell(q: Quantity | None) -> Cell:
    if q is None:
        return Cell("–")
    exact = q.low == q.high
    return Cell(q.nominal, "" if exact else f"{scaled(q.low, q.unit)} … {scaled(q.high, q.unit)}")


def _feasible(r: CostReport) -> Cell:
    if not r.constraints:
        return Cell("–", "no limit applies")
    return Cell("yes", f"tightest: {_words(r.binding)}") if r.feasible else Cell("no", f"exceeds: {_words(r.binding)}")


def _facts(r: CostReport) -> list[tuple[str, str]]:
    """What there is to say about one platform, a line each."""
    work, e = r.work, r.energy
    many = f" for the batch of {r.batch:,}" if r.batch > 1 else ""
    lines = [("Latency", "unpriced" if r.latency_s is None else f"{r.latency_s}{many}")]
    lines += [("Throughput", str(r.throughput))] * (r.throughput is not None)
    lines.append(("Energy", f"{e.total}"))
    parts = [(name, getattr(e, name)) for name in GROUPS]
    lines += [(f"of it {name}", "none of its own" if part is None else str(part)) for name, part in parts]
    lines += [(f"or {name}", f"{other}, instead") for name, other in r.alternatives.items()]
    lines += [("Power", str(r.power))] * (r.power is not None)
    lines += [("Energy × delay", str(r.edp))] * (r.edp is not None)
    lines.append(("Synaptic events", _amount(work.events)))
    if r.ticks is not None:
        lines.append(("Ticks", f"{r.ticks:,} for {work.stages:,} synaptic stages"))
    lines += [("Pace", r.pace)] * bool(r.pace)
    if r.cores is not None and r.chips is not None:
        lines.append(("Cores", f"{r.cores:,} on {r.chips:,} {'chip' if r.chips == 1 else 'chips'}"))
    if r.copies is not None:
        lines.append(("Copies", f"{_amount(r.copies)} of each weight, on average"))
    if r.unpriced:
        lines.append(("Unpriced", ", ".join(dict.fromkeys(_words(one.action) for one in r.unpriced))))
    return lines


def _limit(one: Constraint) -> list[str]:
    load = f"{one.load:.0%}" if one.load < 10 else f"{one.load:,.0f} ×"
    load = "< 1%" if 0 < one.load < 0.01 else "no room at all" if one.load == float("inf") else load
    return [
        _words(one.name),
        scaled(one.needed, one.unit),
        scaled(one.available, one.unit),
        load,
        "exceeded" if one.violated else "met",
    ]


def _layers(r: CostReport) -> list[list[str]]:
    """The nodes, those with most energy first."""
    work = r.work
    places = {one.name: one for one in work.places}
    layers = {one.name: one for one in work.layers}
    energies = r.every_node()
    whole = r.energy.total.value
    names = list(dict.fromkeys([*work.order, *energies]))
    rows = []
    for name in sorted(names, key=lambda name: -energies[name].value if name in energies else 0.0):
        here, layer, energy = places.get(name), layers.get(name), energies.get(name)
        sent = work.senders.get(name)
        rows.append(
            [
                name,
                _amount(layer.neurons) if layer is not None and sent is not None else "–",
                _amount(here.weights) if here is not None and here.weights else "–",
                _amount(here.unrolled + here.dynamic) if here is not None else "–",
                _amount(float(sent.sum())) if sent is not None else "–",
                _amount(float(here.events.sum())) if here is not None else "–",
                "–" if energy is None else energy.nominal,
                f"{100 * energy.value / whole:.1f} %" if energy is not None and energy.value and whole else "–",
                words.bound(r.bounds.get(name)) or "–",
            ]
        )
    return rows


def _network(work: Trace) -> list[tuple[str, str]]:
    """W, S and R of the network: the same on every platform."""
    found = [("W", _amount(work.weights), "unique weights"), ("S", _amount(work.unrolled), "synapses when unrolled")]
    if work.weights:
        found.append(("R", _amount(work.unrolled / work.weights), "= S/W, uses of each weight"))
    if work.dynamic:
        found.append(("", _amount(work.dynamic), "gating synapses, in products"))
    if work.macs:
        events = f"synaptic events, {work.events / work.macs:.2g} for each of {_amount(work.macs)} dense MACs"
        found.append(("", _amount(work.events), events))
    return [(f"{symbol} {value}".strip(), what) for symbol, value, what in found]


# --- the foot


def _platform(r: CostReport) -> dict[str, Any]:
    """What stands behind the figures of one platform."""
    return {
        "name": r.platform.name,
        "title": r.platform.title,
        "boundary": r.platform.boundary,
        "prices": [_price(one) for one in r.prices],
        "unpriced": _gaps(r),
        "assumptions": r.assumptions,
        "dominant": r.dominant,
    }


def _price(p: Parameter) -> dict[str, Any]:
    exact = p.low == p.high
    return {
        "name": _words(p.name),
        "value": scaled(p.value, p.unit),
        "band": "exact" if exact else f"{scaled(p.low, p.unit)} … {scaled(p.high, p.unit)}",
        "unit": "–" if p.unit == "1" else p.unit,
        "basis": f"{p.basis}, {p.scope}" if p.scope else p.basis,
        "source": p.source,
        "page": p.page,
    }


def _gaps(r: CostReport) -> list[str]:
    """One line for each thing without a price, the nodes that lack it counted."""
    found: dict[tuple[str, str], int] = {}
    for one in r.unpriced:
        key = (_words(one.action), one.why)
        found[key] = found.get(key, 0) + 1
    return [f"{what}{f' (at {n} nodes)' if n > 1 else ''}: {why}" for (what, why), n in found.items()]


def _cited(source: str) -> list[tuple[str, str]]:
    """Cut a source into text and citations: (text, "") and (text, key) in turn; unknown keys stay text."""
    known = references()
    found, end = [], 0
    for match in CITED.finditer(source):
        if match[1] in known:
            found += [(source[end : match.start()], ""), (match[0], match[1])]
            end = match.end()
    return [(text, key) for text, key in [*found, (source[end:], "")] if text]


# --- words and numbers


def _words(name: str) -> str:
    return name.removeprefix("functions.").replace("_", " ")


def _amount(value: float) -> str:
    """A count: whole below ten thousand, then with a prefix."""
    if value >= 9999.5:
        return si(value, "").strip()
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.3g}"
