"""validate(): the cost models against measured silicon."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from spiking import table

from ..platform.loading import references
from ..quantity import scaled
from ..render.exports import markdown
from . import GROUPS, Group, Row


@dataclass(frozen=True)
class Validation:
    """Predictions from the shipped numbers beside what was measured; no number is tuned to a target.

    A number that was fitted to one row says so in its platform file; that row is shown and not scored.
    """

    groups: tuple[Group, ...]

    def __repr__(self) -> str:
        """Return one line."""
        return f"Validation({self.headline})"

    def __str__(self) -> str:
        """Return every row, group by group, and what misses."""
        return "\n".join(_lines(self))

    @property
    def predictions(self) -> tuple[Group, ...]:
        """The groups whose sources gave the platforms nothing but what their rows say."""
        return tuple(group for group in self.groups if not group.consistency)

    @property
    def passed(self) -> int:
        """How many of the predictions' groups pass."""
        return sum(group.passed for group in self.predictions)

    @property
    def headline(self) -> str:
        """One line: groups and rows within their tolerances."""
        rows = [row for group in self.predictions for row in group.rows if row.tolerance is not None]
        within = sum(row.passed for row in rows)
        groups = f"{self.passed} of {len(self.predictions)} groups"
        return f"{groups}, {within} of {len(rows)} scored rows within tolerance"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, in SI units."""
        return {
            "headline": self.headline,
            "groups": [
                {
                    **{name: getattr(group, name) for name in ("key", "title", "source", "consistency", "passed")},
                    "rows": [{**asdict(row), "fold": row.fold, "passed": row.passed} for row in group.rows],
                }
                for group in self.groups
            ],
        }

    def to_json(self) -> str:
        """Return `to_dict()` as JSON."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def to_markdown(self) -> str:
        """Return a table for each group, for a Markdown page."""
        parts = []
        for group in self.groups:
            head = f"### {group.key}: {group.title}\n\n{references()[group.source]}"
            parts.append(f"{head}\n\n{markdown(HEAD, [cells(row) for row in group.rows])}")
        return "\n\n".join([f"**{self.headline}**", *parts]) + "\n"


HEAD = ["", "predicted", "measured", "fold", "tolerance", "passes", ""]


def validate() -> Validation:
    """Recompute every target from the shipped numbers."""
    return Validation(tuple(make() for make in GROUPS))


def cells(row: Row) -> list[str]:
    """Return a row of the table."""
    scored = row.tolerance is not None
    limit = f"{row.tolerance:.2f}" if row.tolerance is not None else "–"
    said = ("yes" if row.passed else "NO") if scored else "–"
    values = scaled(row.predicted, row.unit), scaled(row.measured, row.unit)
    return [row.what, *values, f"{row.fold:.2f}", limit, said, row.why]


def _lines(found: Validation) -> Iterator[str]:
    for group in found.groups:
        kind = "consistency" if group.consistency else "passes" if group.passed else "MISSES"
        yield f"{group.key}  {group.title} · {kind}, worst fold {group.worst:.2f} · [{group.source}]"
        yield table(HEAD, [cells(row) for row in group.rows], left=1)
        yield ""
    yield found.headline
    for group in found.predictions:
        for row in group.rows:
            if not row.passed:
                folds = f"fold {row.fold:.2f}, tolerance {row.tolerance:.2f}"
                yield f"  misses: {group.key} {row.what}, {folds}. {row.why}".rstrip()
