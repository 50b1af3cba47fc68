"""Plain text tables and numbers, aligned; the one formatter of every report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from . import escaping

PREFIXES = {1e9: "G", 1e6: "M", 1e3: "k", 1.0: "", 1e-3: "m", 1e-6: "µ", 1e-9: "n", 1e-12: "p", 1e-15: "f"}


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
