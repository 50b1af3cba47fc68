"""compare(): the same network, activity and batch on several platforms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spiking import Activity, InvalidInput, SpikingNetwork

from .estimate import estimate
from .platform import Platform, load_platform
from .report import CostReport


@dataclass(frozen=True, eq=False)
class Comparison:
    """Cost reports side by side, all of one network, one activity and one batch."""

    reports: tuple[CostReport, ...]
    batch: int

    def __repr__(self) -> str:
        """Return one line."""
        return f"Comparison({', '.join(r.platform.name for r in self.reports)}, batch {self.batch})"

    def __str__(self) -> str:
        """Return the comparison for people."""
        from .text import comparison

        return comparison(self)

    def __getitem__(self, name: str) -> CostReport:
        """Return the report of a platform, by its name."""
        return {report.platform.name: report for report in self.reports}[name]

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What every row rests on, in the words of the rows."""
        parallel = [r.platform.name for r in self.reports if r.platform.kind == "von_neumann"]
        serial = [r.platform.name for r in self.reports if r.platform.kind in ("brain", "neuromorphic")]
        lines = []
        if self.batch > 1 and serial:
            lines.append(f"{', '.join(serial)}: a batch runs one after another")
        if parallel:
            lines.append(f"{', '.join(parallel)}: the dense source network, once an inference")
        return tuple(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the reports as plain values, in SI units."""
        return {"batch": self.batch, "reports": [report.to_dict() for report in self.reports]}

    def to_json(self) -> str:
        """Return `to_dict()` as JSON."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


def compare(
    network: SpikingNetwork,
    activity: Activity,
    platforms: Sequence[str | Path | Platform] = ("brain", "loihi1", "a100"),
    *,
    batch: int = 1,
    **budgets: float | None,
) -> Comparison:
    """Estimate one network on several platforms, at the same batch.

    budgets    limits to replace on each platform that has them; one that none has is an error

    Raises what `estimate` raises; InvalidInput without a platform, or with one named twice.
    """
    chosen = [load_platform(platform) for platform in platforms]
    names = [platform.name for platform in chosen]
    if not names or len(set(names)) < len(names):
        raise InvalidInput(f"compare at least one platform, each once, not [{', '.join(names)}]")
    known = {platform.name: {s.name for s in platform.slots.values() if s.section == "limits"} for platform in chosen}
    for name in budgets:
        if not any(name in limits for limits in known.values()):
            raise InvalidInput(f"'{name}' is no limit of {', '.join(names)}")
    reports = []
    for platform in chosen:
        own = {name: value for name, value in budgets.items() if name in known[platform.name]}
        reports.append(estimate(network, activity, platform, batch=batch, **own))
    return Comparison(tuple(reports), batch)
