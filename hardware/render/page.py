"""A comparison as one page: everything inside, nothing fetched, and every figure recomputed when a setting moves."""

from __future__ import annotations

from collections import Counter
from typing import Any

from spiking import __version__, escaping

from ..analysis.comparison import Comparison
from ..analysis.records import CostReport
from ..models.base import GROUPS
from ..platform.loading import CITED, cited, references
from ..workload.trace import Trace
from . import columns, tables, words
from .cells import amount
from .page_data import embedded
from .pages import FILES
from .rows import NodeRow, limit_row, node_rows, parameter_row, platform_row
from .text import BREAK_EVEN_NOTE, break_even_rows

SCRIPTS = (
    *("format.js", "curves.js", "generated.js", "drawn.js", "model.js"),
    *("charts.js", "figures.js", "tables.js", "page.js"),
)


def html(comparison: Comparison, *, title: str = "", command: str = "") -> str:
    """Return a comparison as one self-contained HTML page, right without scripts, and recomputing itself with them.

    title     heading of the page; by default the network's
    command   that made the page, for its foot

    Raises InvalidInput for a trace of more than 4,000 ticks: the page carries every one of them.
    """
    from jinja2 import Environment, StrictUndefined

    work = comparison.reports[0].work
    pages = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_printable
    )
    first = comparison.rows[0]
    verdict = comparison.verdict
    return pages.from_string(_file("report.html")).render(
        title=title or (f"What {work.name} costs" if work.name else "What this network costs"),
        run=work.headline,
        network=_network(work),
        assumed=work.assumed,
        verdict=words.sentence(verdict),
        wins=[(win, words.flips(win)) for win in verdict.wins],
        left_out=words.left_out(verdict),
        even=break_even_rows(comparison),
        even_note=BREAK_EVEN_NOTE,
        batch=comparison.batch,
        compared=tables.page_table(columns.PLATFORMS, map(platform_row, comparison.rows)),
        first=first,
        facts=_facts(first),
        limits=tables.page_table(columns.LIMITS, map(limit_row, first.constraints)),
        layers=tables.page_table(columns.NODES, _by_energy(first)),
        share=columns.SHARE,
        platforms=[_platform(report) for report in comparison.rows],
        remarks=comparison.assumptions,
        bibliography=list(cited(price for row in comparison.rows for price in row.prices).items()),
        cited=_cited,
        version=__version__,
        command=command,
        style=_file("style.css"),
        script="\n".join(map(_file, SCRIPTS)),
        data=embedded(comparison),
    )


def _printable(value: Any) -> Any:
    """Names on one line; what the template has made or calls safe is a subclass of text, and stays."""
    return escaping.cell(value) if type(value) is str else value


def _file(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


# --- what stands in the page before any script runs; pages/tables.js writes the same


def _by_energy(r: CostReport) -> list[NodeRow]:
    """The nodes, those with most energy first."""
    return sorted(node_rows(r), key=lambda row: row.energy.value if row.energy else 0.0, reverse=True)


def _facts(r: CostReport) -> list[tuple[str, str]]:
    """What there is to say about one platform, a line each."""
    work, e = r.work, r.energy
    many = f" for the batch of {r.batch:,}" if r.batch > 1 else ""
    lines = [("Latency", "unpriced" if r.latency_s is None else f"{r.latency_s}{many}")]
    if r.throughput is not None:
        lines.append(("Throughput", str(r.throughput)))
    lines.append(("Energy", str(e.total)))
    parts = [(name, getattr(e, name)) for name in GROUPS]
    lines += [(f"of which {name}", "no separate figure" if part is None else str(part)) for name, part in parts]
    lines += [(f"or {name}", f"{other}, instead") for name, other in r.alternatives.items()]
    if r.power is not None:
        lines.append(("Power", str(r.power)))
    if r.edp is not None:
        lines.append(("Energy × delay", str(r.edp)))
    lines.append(("Synaptic events", amount(work.events)))
    if r.ticks is not None:
        lines.append(("Ticks", f"{r.ticks:,} for {work.stages:,} synaptic stages"))
    if r.pace:
        lines.append(("Pace", r.pace))
    if r.cores is not None:
        lines.append(("Cores", words.cores(r)))
    if r.copies is not None:
        lines.append(("Copies", f"{amount(r.copies)} of each weight, on average"))
    if r.unpriced:
        lines.append(("Unpriced", ", ".join(dict.fromkeys(words.label(gap.action) for gap in r.unpriced))))
    return lines


def _network(work: Trace) -> list[tuple[str, str]]:
    """W, S and R of the network: the same on every platform."""
    found = [("W", amount(work.weights), "unique weights"), ("S", amount(work.unrolled), "synapses when unrolled")]
    if work.weights:
        found.append(("R", amount(work.unrolled / work.weights), "= S/W, uses of each weight"))
    if work.dynamic:
        found.append(("", amount(work.dynamic), "gating synapses, in products"))
    if work.macs:
        events = f"synaptic events, {work.events / work.macs:.2g} for each of {amount(work.macs)} dense MACs"
        found.append(("", amount(work.events), events))
    return [(f"{symbol} {value}".strip(), what) for symbol, value, what in found]


# --- the foot


def _platform(r: CostReport) -> dict[str, Any]:
    """What stands behind the figures of one platform."""
    return {
        "name": r.platform.name,
        "title": r.platform.title,
        "boundary": r.platform.boundary,
        "parameters": tables.page_table(columns.PARAMETERS, map(parameter_row, r.prices)),
        "unpriced": _gaps(r),
        "assumptions": r.assumptions,
        "dominant": r.dominant,
    }


def _gaps(r: CostReport) -> list[str]:
    """One line for each thing without a price, the nodes that lack it counted."""
    nodes = Counter((words.label(gap.action), gap.why) for gap in r.unpriced)
    return [f"{what}{f' (at {n} nodes)' if n > 1 else ''}: {why}" for (what, why), n in nodes.items()]


def _cited(source: str) -> list[tuple[str, str]]:
    """Cut a source into text and citations: (text, "") and (text, key) in turn; unknown keys stay text."""
    known = references()
    found, end = [], 0
    for match in CITED.finditer(source):
        if match[1] in known:
            found += [(source[end : match.start()], ""), (match[0], match[1])]
            end = match.end()
    return [(text, key) for text, key in [*found, (source[end:], "")] if text]
