"""compare(): the same network, activity and batch on several platforms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spiking import Activity, InvalidInput, SpikingNetwork

from ..platform.loading import Platform, load_platform
from ..workload.trace import Trace
from .pricing import check_batch, price, trace
from .records import CostReport
from .verdict import Verdict, judge

if TYPE_CHECKING:
    from .other_tools import Peers

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Cost reports side by side, all of one network, one activity and one batch.

    quantised  platform -> the dense network at 8 bits, where it has such arithmetic: the fair rival of few-bit spikes
    peers      what other tools would have said of the same trace, if asked for
    """

    reports: tuple[CostReport, ...]
    batch: int
    quantised: Mapping[str, CostReport] = field(default_factory=dict)
    peers: Peers | None = None

    def __repr__(self) -> str:
        """Return one line."""
        return f"Comparison({', '.join(r.platform.name for r in self.reports)}, batch {self.batch})"

    def __str__(self) -> str:
        """Return the comparison for people."""
        from ..render.text import comparison

        return comparison(self)

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

    @cached_property
    def verdict(self) -> Verdict:
        """Who wins, by what, at which batch, and what would flip it."""
        return judge(self.reports, self.quantised)

    def sweep(self, batches: Sequence[int] = BATCHES) -> Sweep:
        """Return the comparison at other batches: energy, latency and throughput each at the same one."""
        for batch in batches:
            check_batch(batch)
        chosen = [row.platform for row in self.reports]
        return Sweep(tuple(_comparison(self.work, chosen, batch) for batch in batches))

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What every row rests on, in the words of the rows."""
        parallel = [r.platform.name for r in self.reports if r.platform.kind == "von_neumann"]
        serial = [r.platform.name for r in self.reports if r.platform.kind in ("brain", "neuromorphic")]
        lines = []
        if self.batch > 1 and serial:
            lines.append(f"{', '.join(serial)}: a batch streams through, one after another")
        if parallel:
            lines.append(f"{', '.join(parallel)}: the dense source network, once an inference")
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

    def to_csv(self) -> str:
        """Return a line for each platform as CSV, in SI units."""
        from ..render.exports import comparison_csv

        return comparison_csv(self)

    def to_markdown(self) -> str:
        """Return the comparison as Markdown."""
        from ..render.exports import comparison_markdown

        return comparison_markdown(self)

    def to_html(self, command: str = "") -> str:
        """Return the comparison as one self-contained page that recomputes itself; `command` made it."""
        from ..render.page import html

        return html(self, command=command)


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

    def __str__(self) -> str:
        """Return latency and energy of every platform at every batch."""
        from ..render.text import sweep

        return sweep(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparisons as plain values, in SI units."""
        return {"batches": [one.batch for one in self], "comparisons": [one.to_dict() for one in self]}


def compare(
    network: SpikingNetwork | Trace,
    activity: Activity | None = None,
    platforms: Sequence[str | Path | Platform] = ("brain", "loihi1", "a100"),
    *,
    batch: int = 1,
    peers: bool = False,
    **numbers: float | None,
) -> Comparison:
    """Estimate one network on several platforms, at the same batch.

    peers      say too what other tools would have said of the same trace, and why it differs
    numbers    to replace on each platform that has them; one that none has is an error

    Raises what `estimate` raises; InvalidInput without a platform, or with one named twice.
    """
    check_batch(batch)
    chosen = [load_platform(platform) for platform in platforms]
    names = [platform.name for platform in chosen]
    if not names or len(set(names)) < len(names):
        raise InvalidInput(f"compare at least one platform, each once, not [{', '.join(names)}]")
    for name in numbers:
        if not any(name in platform.slots for platform in chosen):
            raise InvalidInput(f"'{name}' is no number of {', '.join(names)}")
    changed = [
        platform.replaced({name: value for name, value in numbers.items() if name in platform.slots})
        for platform in chosen
    ]
    work = trace(network, activity)
    found = _comparison(work, changed, batch)
    if not peers:
        return found
    from .other_tools import peers as ask

    return replace(found, peers=ask(work))


def _comparison(work: Trace, chosen: Sequence[Platform], batch: int) -> Comparison:
    reports = tuple(price(work, platform, batch) for platform in chosen)
    quantised = {p.name: price(work, q, batch) for p in chosen if (q := _quantised(p)) is not None}
    return Comparison(reports, batch, quantised)


def _quantised(platform: Platform) -> Platform | None:
    """The platform at 8 bits, if it has such arithmetic and is not there already."""
    numbers = platform.prices
    if platform.kind != "von_neumann" or "peak_8" not in numbers or numbers["activation_bits"].value <= 8:
        return None
    bits = min(numbers["weight_bits"].value, 8.0)
    return platform.replaced({"weight_bits": bits, "activation_bits": 8.0}).named(
        f"{platform.name} 8 bit", f"{platform.title}: the dense network quantised to 8 bits"
    )
