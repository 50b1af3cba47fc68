"""The same network, activity and batch on several platforms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..platform.loading import Platform
from ..workload.trace import Trace
from .other_tools import Peers
from .pricing import Model, priced
from .records import CostReport
from .sensitivity import bands
from .verdict import BreakEven, Entrant, Verdict, break_evens, judge


@dataclass(frozen=True, eq=False)
class Comparison:
    """Cost reports side by side, all of one network, one activity and one batch.

    reports    one for each platform, in the order asked for
    quantised  platform -> the dense network at 8 bits, where it has such arithmetic: the fair rival of few-bit spikes
    verdict    who wins, by what, and what would flip it
    even       the activity at which a spiking platform needs the energy of a dense one, for each such pair
    peers      what other tools would have said of the same trace, if asked for
    """

    reports: tuple[CostReport, ...]
    batch: int
    quantised: Mapping[str, CostReport] = field(default_factory=dict)
    verdict: Verdict = None  # type: ignore[assignment]  # worked out of the reports where it is not given
    even: tuple[BreakEven, ...] = ()
    peers: Peers | None = None

    def __post_init__(self) -> None:
        if self.verdict is None:
            owners = [*(report.platform.name for report in self.reports), *self.quantised]
            rows = zip(self.rows, owners, strict=True)
            entrants = [Entrant(report, Model(report.work, report.platform), owner) for report, owner in rows]
            object.__setattr__(self, "verdict", judge(entrants))

    def __repr__(self) -> str:
        """Return one line."""
        return f"Comparison({', '.join(r.platform.name for r in self.reports)}, batch {self.batch})"

    def __getitem__(self, name: str) -> CostReport:
        """Return the report of a platform, by its name."""
        return {report.platform.name: report for report in self.rows}[name]

    @property
    def work(self) -> Trace:
        """The trace that all rows are made of."""
        return self.reports[0].work

    @property
    def rows(self) -> tuple[CostReport, ...]:
        """The reports, and the quantised ones behind them."""
        return (*self.reports, *self.quantised.values())

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What every row rests on, in the words of the rows."""
        parallel = [r.platform.name for r in self.reports if r.platform.kind == "von_neumann"]
        serial = [r.platform.name for r in self.reports if r.platform.kind in ("brain", "neuromorphic")]
        lines = []
        if self.batch > 1 and serial:
            lines.append(f"{', '.join(serial)}: a batch streams through, one after another")
        if parallel:
            lines.append(f"{', '.join(parallel)}: the dense source network, once per inference")
        return tuple(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the reports as plain values, in SI units."""
        return {
            "batch": self.batch,
            "verdict": self.verdict.to_dict(),
            "reports": [report.to_dict() for report in self.rows],
            **({"peers": self.peers.to_dict()} if self.peers is not None else {}),
        }

    def to_json(self) -> str:
        """Return `to_dict()` as JSON."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, eq=False)
class Sweep:
    """The same comparison at several batches."""

    comparisons: tuple[Comparison, ...]

    def __iter__(self) -> Iterator[Comparison]:
        return iter(self.comparisons)

    def __len__(self) -> int:
        return len(self.comparisons)

    def __getitem__(self, index: int) -> Comparison:
        """Return the comparison at one of the batches, by its place."""
        return self.comparisons[index]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparisons as plain values, in SI units."""
        return {
            "batches": [comparison.batch for comparison in self],
            "comparisons": [comparison.to_dict() for comparison in self],
        }


class Contest:
    """The platforms that compete for one trace, each with its model, and the quantised variants of those that have one.

    Comparisons at several batches share the models: what one has evaluated, the next does not evaluate again.
    """

    def __init__(self, work: Trace, platforms: Sequence[Platform]) -> None:
        self._models = {platform.name: Model(work, platform) for platform in platforms}
        variants = {platform.name: _quantised(platform) for platform in platforms}
        self._variants = {name: Model(work, variant) for name, variant in variants.items() if variant is not None}

    def at(self, batch: int) -> Comparison:
        """Return everything that is to be said of them at a batch."""
        platforms = [Entrant(_report(model, batch), model, name) for name, model in self._models.items()]
        variants = [Entrant(_report(model, batch), model, name) for name, model in self._variants.items()]
        entrants = [*platforms, *variants]
        return Comparison(
            reports=tuple(entrant.report for entrant in platforms),
            batch=batch,
            quantised={entrant.owner: entrant.report for entrant in variants},
            verdict=judge(entrants),
            even=break_evens(entrants),
        )


def _report(model: Model, batch: int) -> CostReport:
    return replace(priced(model, batch), bands=bands(model, batch))


def _quantised(platform: Platform) -> Platform | None:
    """The platform at 8 bits, if it has such arithmetic and is not there already."""
    numbers = platform.parameters
    if platform.kind != "von_neumann" or "peak_8" not in numbers or numbers["activation_bits"].value <= 8:
        return None
    bits = min(numbers["weight_bits"].value, 8.0)
    return platform.replaced({"weight_bits": bits, "activation_bits": 8.0}).named(
        f"{platform.name} 8 bit", f"{platform.title}: the dense network quantised to 8 bits"
    )
