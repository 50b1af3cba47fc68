"""Reports and comparisons as CSV and Markdown."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from ..analysis.comparison import Comparison
from ..analysis.records import CostReport
from . import text, words

ENTRIES = ("node", "action", "group", "count", "price", "unit_price", "unit", "energy", "low", "high", "at_least")
ROWS = (
    *("platform", "boundary", "batch", "latency_s", "latency_low", "latency_high", "throughput", "energy_J"),
    *("energy_low", "energy_high", "at_least", "edp_Js", "feasible", "binding", "copies_per_weight"),
)


def report_csv(report: CostReport) -> str:
    """Return one line for each node and action: count × price = energy, in SI units; empty where there is none."""
    lines = []
    for entry in report.entries:
        price, e = entry.price, entry.energy
        priced = (price.name, price.value, price.unit) if price is not None else ("", "", "")
        energy = ("", "", "") if price is None else (e.value, e.low, e.high)
        lines.append([entry.node, entry.action, entry.group, entry.count, *priced, *energy, int(e.at_least)])
    lines += [[one.node, one.action, one.group, "", "", "", "", "", "", "", 1] for one in report.outside]
    return _csv(ENTRIES, lines)


def comparison_csv(comparison: Comparison) -> str:
    """Return one line for each platform; nothing stands where a platform has no such figure."""
    lines = []
    for r in comparison.rows:
        t, e, rate = r.latency_s, r.energy.total, r.throughput
        time = ("", "", "") if t is None else (t.value, t.low, t.high)
        edp = "" if r.edp is None else r.edp.value
        speed = "" if rate is None else rate.value
        head = [r.platform.name, r.platform.boundary, r.batch, *time, speed]
        copies = "" if r.copies is None else r.copies
        lines.append([*head, e.value, e.low, e.high, int(e.at_least), edp, int(r.feasible), r.binding, copies])
    return _csv(ROWS, lines)


def report_markdown(report: CostReport) -> str:
    """Return the report for a Markdown page: facts, the table of nodes, what it rests on."""
    head, rows, last = text.node_rows(report)
    facts = "\n".join(f"- **{name}** {said}" if name else f"  {said}" for name, said in text.fact_lines(report))
    notes = "\n".join(f"- {_plain(line)}" for line in text.notes(report))
    title = f"## {report.platform.name}: {_plain(report.platform.title)}"
    line = f"{_plain(text.run_line(report.work))} · batch {report.batch}"
    return "\n\n".join([title, line, facts, markdown(head, [*rows, last]), notes]) + "\n"


def comparison_markdown(comparison: Comparison) -> str:
    """Return the comparison for a Markdown page: verdict, the table of platforms, what it rests on."""
    head, rows = text.platform_rows(comparison)
    lines = [words.sentence(comparison.verdict), _plain(text.run_line(comparison.work)), markdown(head, rows)]
    return "\n\n".join([*lines, "\n".join(f"- {_plain(line)}" for line in comparison.assumptions)]) + "\n"


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table: names on the left, figures on the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _plain(cell: str) -> str:
    """A cell that cannot end its column."""
    return cell.replace("|", "\\|").replace("\n", " ").strip()
