"""Tables as plain text, HTML and CSV, and numbers with prefixes; the one formatter of every report."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from html import escape
from io import StringIO

from . import escaping

PREFIXES = {1e9: "G", 1e6: "M", 1e3: "k", 1.0: "", 1e-3: "m", 1e-6: "µ", 1e-9: "n", 1e-12: "p", 1e-15: "f"}
NOTEBOOK = 60  # rows of a table in a notebook
CELL = "padding:2px 8px;text-align:"
RULE = ";border-top:1px solid currentColor"  # no colour of its own: light and dark notebooks have theirs


def table(head: Sequence[str], rows: Sequence[Sequence[str]], last: Sequence[str] = (), left: int = 1) -> str:
    """Return rows under a head, with totals below a rule if `last` is given; the first `left` columns align left."""
    head, *rows = [[escaping.cell(text) for text in line] for line in (head, *rows)]
    lines = [head, *rows, *([last] if last else [])]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]

    def text(line: Sequence[str]) -> str:
        cells = [c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))]
        return "  ".join(cells).rstrip()

    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([text(head), rule, *map(text, rows), *([rule, text(last)] if last else [])])


def si(value: float, unit: str, digits: int = 3) -> str:
    """Return a number with an SI prefix: si(2.1e-5, "J") is "21.0 µJ"."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    scale = next((s for s in PREFIXES if abs(value) >= s * 0.9995), min(PREFIXES))
    scaled = value / scale
    decimals = max(digits - 1 - max(math.floor(math.log10(abs(scaled))), 0), 0)
    return f"{scaled:,.{decimals}f} {PREFIXES[scale]}{unit}"


def html_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    last: Sequence[str] = (),
    left: int = 1,
    *,
    title: str = "",
    note: str = "",
) -> str:
    """Return a table as HTML that stands for itself: no script, no colour, every text escaped; at most 60 rows.

    title, note   text above and below; lines stay lines
    """

    def line(cells: Sequence[str], tag: str, style: str = "") -> str:
        sides = ["left" if i < left else "right" for i in range(len(cells))]
        made = (
            f'<{tag} style="{CELL}{side}{style}">{escape(escaping.cell(cell))}</{tag}>'
            for cell, side in zip(cells, sides, strict=True)
        )
        return f"<tr>{''.join(made)}</tr>"

    more = len(rows) - NOTEBOOK
    shown = [line(row, "td") for row in rows[:NOTEBOOK]]
    shown += [line([f"… and {more:,} more", *[""] * (len(head) - 1)], "td")] if more > 0 else []
    shown += [line(last, "td", RULE)] if last else []
    body = f"<thead>{line(head, 'th')}</thead><tbody>{''.join(shown)}</tbody>"
    grid = f'<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">{body}</table>'
    above, below = (
        f'<div style="white-space:pre-wrap">{escape(escaping.lines(text))}</div>' if text else ""
        for text in (title, note)
    )
    return f"<div>{above}{grid}{below}</div>"


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> str:
    """Return rows under a head as CSV; None is empty, and a text that a spreadsheet would compute gets a ' in front."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([escaping.csv(cell) if isinstance(cell, str) else cell for cell in row] for row in [head, *rows])
    return out.getvalue()
