"""Reports and comparisons as tables for a notebook."""

from __future__ import annotations

from spiking import html_table

from ..analysis.comparison import Comparison
from ..analysis.records import CostReport
from . import text, words


def report(r: CostReport) -> str:
    """Return the table of nodes, and the figures and gaps below it."""
    head, rows, last = text.node_table(r)
    platform = f"{r.platform.name} · {r.platform.title} · boundary: {r.platform.boundary}"
    facts = [list(line) for line in text.fact_lines(r)]
    gaps = [line for line in text.notes(r) if line.startswith("≥")]
    costs = html_table(head, rows, last, title=f"{platform}\n{r.work.headline} · batch {r.batch}")
    return costs + html_table(["figure", ""], facts, left=2, note="\n".join(gaps))


def comparison(c: Comparison) -> str:
    """Return the table of platforms, and below it the verdict, what does not fit and what has no price."""
    head, rows = text.platform_table(c)
    lines = [words.sentence(c.verdict), *(f"left out: {line}" for line in words.left_out(c.verdict))]
    lines += text.shortfalls(c)
    return html_table(head, rows, title=f"{c.work.headline} · batch {c.batch}", note="\n".join(lines))
