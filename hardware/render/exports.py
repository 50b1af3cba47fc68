"""Reports and comparisons as CSV and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from spiking import csv_text, escaping

from ..analysis.comparison import Comparison
from ..analysis.records import CostReport
from . import columns, tables, text, words
from .other_tools import peers
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
    heads = ((f"- **{name}**" if name else " ", line) for name, line in text.fact_lines(report))
    facts = "\n".join(f"{begin} {escaping.markdown(line)}" for begin, line in heads)
    notes = "\n".join(f"- {escaping.markdown(line)}" for line in text.notes(report))
    title = f"## {escaping.markdown(report.platform.name)}: {escaping.markdown(report.platform.title)}"
    run = f"{escaping.markdown(report.work.headline)} · batch {report.batch}"
    return "\n\n".join([title, run, facts, markdown(head, [*rows, last]), notes]) + "\n"


def comparison_markdown(comparison: Comparison) -> str:
    """Return the comparison for a Markdown page: verdict, tables of platforms and of break-evens, what it rests on."""
    verdict = comparison.verdict
    head, rows = text.platform_table(comparison)
    parts, split, _ = tables.text_table(columns.PARTS, map(platform_row, comparison.rows))
    lines = [
        escaping.markdown(words.sentence(verdict)),
        escaping.markdown(comparison.work.headline),
        markdown(head, rows),
        markdown(parts, split),
    ]
    even, pairs = text.break_even_rows(comparison)
    lines += [markdown(even, pairs)] if pairs else []
    if comparison.peers is not None:
        lines.append(_verbatim(escaping.lines(peers(comparison.peers))))
    notes = [f"{win.metric} flips with {flip}" for win in verdict.wins for flip in words.flips(win)]
    notes += [f"left out: {line}" for line in words.left_out(verdict)]
    notes += [text.work_line(comparison), *text.break_even_notes(pairs), *text.shortfalls(comparison)]
    items = "\n".join(f"- {escaping.markdown(line)}" for line in [*notes, *comparison.assumptions])
    return "\n\n".join([*lines, items]) + "\n"


def _verbatim(shown: str) -> str:
    """A block of text behind a fence that no line of it can close."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", shown))])
    return f"{fence}text\n{shown}\n{fence}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table: names on the left, figures on the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(escaping.markdown(cell) for cell in line) + " |" for line in lines)
