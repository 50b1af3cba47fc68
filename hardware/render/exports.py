"""Reports and comparisons as CSV and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spiking import csv_text

from ..analysis.comparison import Comparison
from ..analysis.records import CostReport
from . import columns, tables, text, words
from .rows import entry_rows, platform_row


def report_csv(report: CostReport) -> str:
    """Return one line for each node and action: count × price = energy, in SI units; empty where there is none.

    The figures of a node, such as its events, stand on each of its lines: they are not to be summed over the lines.
    """
    lines = (
        tables.csv_line(columns.ENTRIES, row) + tables.csv_line(columns.NODES, row.node) for row in entry_rows(report)
    )
    return csv_text(tables.csv_head(columns.ENTRIES) + tables.csv_head(columns.NODES), lines)


def comparison_csv(comparison: Comparison) -> str:
    """Return one line for each platform; empty where a platform has no such figure."""
    lines = (tables.csv_line(columns.PLATFORMS, platform_row(r, comparison.verdict)) for r in comparison.rows)
    return csv_text(tables.csv_head(columns.PLATFORMS), lines)


def report_markdown(report: CostReport) -> str:
    """Return the report for a Markdown page: facts, the table of nodes, what it rests on."""
    head, rows, last = text.node_table(report)
    facts = "\n".join(f"- **{name}** {line}" if name else f"  {line}" for name, line in text.fact_lines(report))
    notes = "\n".join(f"- {_plain(line)}" for line in text.notes(report))
    title = f"## {report.platform.name}: {_plain(report.platform.title)}"
    run = f"{_plain(report.work.headline)} · batch {report.batch}"
    return "\n\n".join([title, run, facts, markdown(head, [*rows, last]), notes]) + "\n"


def comparison_markdown(comparison: Comparison) -> str:
    """Return the comparison for a Markdown page: verdict, tables of platforms and of break-evens, what it rests on."""
    verdict = comparison.verdict
    head, rows = text.platform_table(comparison)
    parts, split, _ = tables.text_table(columns.PARTS, map(platform_row, comparison.rows))
    lines = [words.sentence(verdict), _plain(comparison.work.headline), markdown(head, rows), markdown(parts, split)]
    even, pairs = text.break_even_rows(comparison)
    lines += [markdown(even, pairs)] if pairs else []
    notes = [f"{win.metric} flips with {flip}" for win in verdict.wins for flip in words.flips(win)]
    notes += [f"left out: {line}" for line in words.left_out(verdict)]
    notes += [text.work_line(comparison), *text.break_even_notes(pairs), *text.shortfalls(comparison)]
    return "\n\n".join([*lines, "\n".join(f"- {_plain(line)}" for line in [*notes, *comparison.assumptions])]) + "\n"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table: names on the left, figures on the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _plain(cell: str) -> str:
    """A cell that cannot end its column."""
    return cell.replace("|", "\\|").replace("\n", " ").strip()
