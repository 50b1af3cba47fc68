"""Reports and comparisons as tables for a notebook."""

from __future__ import annotations

from spiking import html_table

from ..analysis.comparison import Comparison
from ..analysis.records import CostReport
from . import text, words


def report(r: CostReport) -> str:
    """Return the table of nodes, and what the report says below it."""
    head, rows, last = text.node_table(r)
    facts = [[name, line] for name, line in text.fact_lines(r)]
    title = (
        f"{r.platform.name} · {r.platform.title} · boundary: {r.platform.boundary}\n{r.work.headline} · batch {r.batch}"
    )
    gaps = [line for line in text.notes(r) if line.startswith("≥")]
    return html_table(head, rows, last, title=title) + html_table(["figure", ""], facts, left=2, note="\n".join(gaps))


def comparison(c: Comparison) -> str:
    """Return the table of platforms, and the verdict below it."""
    head, rows = text.platform_table(c)
    lines = [words.sentence(c.verdict), *(f"left out: {line}" for line in words.left_out(c.verdict))]
    return html_table(
        head, rows, title=f"{c.work.headline} · batch {c.batch}", note="\n".join([*lines, *text.shortfalls(c)])
    )
