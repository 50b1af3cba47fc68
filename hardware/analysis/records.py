"""The report as a value: one table of node × action, its sums, and what stands behind them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from ..models.base import GROUPS, Bound, Constraint, Group, Unpriced
from ..platform.loading import Platform, cited
from ..platform.parameter import Parameter
from ..quantity import Quantity, quantity, total
from ..workload.trace import Trace


@dataclass(frozen=True)
class Entry:
    """energy = count · price, of one action at one node, per inference; without a price, at least nothing."""

    node: str
    action: str
    group: Group
    count: float
    price: Parameter | None
    energy: Quantity


@dataclass(frozen=True)
class Energy:
    """total = dynamic + static + io, per inference; None where the platform's kind has no such part."""

    dynamic: Quantity | None
    static: Quantity | None
    io: Quantity | None
    total: Quantity


@dataclass(frozen=True)
class Band:
    """What one number of the platform does alone, moved through its band while all others stay nominal.

    name      of the number
    energy    J per inference, least and most
    latency   s until the batch is answered, least and most; None without a clock
    """

    name: str
    energy: tuple[float, float]
    latency: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class CostReport:
    """What one inference of a network costs on a platform, at a batch size.

    work          the counts that were priced
    batch         inferences asked for at once
    latency_s     until the whole batch is answered; None where the platform has no clock
    entries       node × action: every energy in here is a sum over it
    unpriced      what costs and has no price here: the energy is at least what is said
    alternatives  the energy counted in another way; not in any sum
    constraints   needed and available, at the nominal numbers
    bounds        node -> what limits it
    ticks         steps from the first input to the last readout; None where the platform has no such step
    cores, chips  that the network takes; None where it is not divided into such
    pace          what decides how long a step takes
    copies        physical copies of a weight, on average
    assumptions   what the figures rest on, a line each
    bands         what each uncertain number alone does, the widest first; empty where only the price was asked for
    """

    platform: Platform
    work: Trace
    batch: int
    latency_s: Quantity | None
    entries: tuple[Entry, ...]
    unpriced: tuple[Unpriced, ...]
    alternatives: Mapping[str, Quantity]
    constraints: tuple[Constraint, ...]
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    ticks: int | None = None
    cores: int | None = None
    chips: int | None = None
    pace: str = ""
    copies: float | None = None
    assumptions: tuple[str, ...] = ()
    bands: tuple[Band, ...] = ()

    def __repr__(self) -> str:
        """Return one line."""
        return f"CostReport({self.platform.name}, batch {self.batch}, {self.energy.total.nominal} per inference)"

    @cached_property
    def energy(self) -> Energy:
        """J per inference, split into dynamic, static and io."""
        found = self._sum(lambda entry: entry.group)
        missing = {gap.group for gap in self.unpriced}
        for group in missing.intersection(GROUPS):
            found[group] = found.get(group, Quantity(0, 0, 0, "J")) + Quantity(0, 0, 0, "J", at_least=True)
        return Energy(found.get("dynamic"), found.get("static"), found.get("io"), total(found.values(), "J"))

    @property
    def throughput(self) -> Quantity | None:
        """Inferences a second: batch / latency."""
        t = self.latency_s
        if t is None or t.low == 0:
            return None
        return quantity((self.batch / t.value, self.batch / t.low, self.batch / t.high), "1/s")

    @property
    def power(self) -> Quantity | None:
        """W while it runs: energy · throughput, each corner by itself."""
        t, e = self.latency_s, self.energy.total
        if t is None or t.low == 0:
            return None
        corners = e.value / t.value, e.low / t.low, e.high / t.high
        return quantity((corners[0] * self.batch, corners[1] * self.batch, corners[2] * self.batch), "W", e.at_least)

    @property
    def edp(self) -> Quantity | None:
        """J·s: energy of one inference × latency of the batch, at this one batch."""
        t, e = self.latency_s, self.energy.total
        if t is None:
            return None
        corners = e.value * t.value, e.low * t.low, e.high * t.high
        return quantity(corners, "J·s", e.at_least or t.at_least)

    @property
    def outside(self) -> tuple[Unpriced, ...]:
        """What has no price and is no entry either."""
        known = {(entry.node, entry.action) for entry in self.entries}
        return tuple(gap for gap in self.unpriced if (gap.node, gap.action) not in known)

    @property
    def synapses(self) -> int:
        """S, unrolled, in the MAC convention."""
        return self.work.unrolled

    @property
    def physical_synapses(self) -> int:
        """Synapses to lay down when unrolled: padding left out, columns and shortcuts counted."""
        return self.work.physical

    @property
    def weights(self) -> int:
        """W, unique."""
        return self.work.weights

    @property
    def reuse(self) -> float:
        """R = S/W; NaN without weights."""
        return self.synapses / self.weights if self.weights else float("nan")

    @property
    def feasible(self) -> bool:
        """Whether every constraint holds at the nominal numbers."""
        return not any(limit.violated for limit in self.constraints)

    @property
    def binding(self) -> str:
        """The first violated constraint, or the tightest; "none" without any."""
        violated = [limit for limit in self.constraints if limit.violated]
        tightest = max(self.constraints, key=lambda limit: limit.load, default=None)
        first = violated[0] if violated else tightest
        return "none" if first is None else first.name

    @property
    def slack(self) -> dict[str, float]:
        """Constraint -> available − needed, in its unit."""
        return {limit.name: limit.slack for limit in self.constraints}

    @property
    def dominant(self) -> str:
        """The number whose band moves the energy most; "none" if none does."""
        widest = max(self.bands, key=lambda band: band.energy[1] - band.energy[0], default=None)
        return "none" if widest is None or widest.energy[0] == widest.energy[1] else widest.name

    @property
    def prices(self) -> tuple[Parameter, ...]:
        """The numbers of the platform that this report rests on."""
        charged = {entry.price.name for entry in self.entries if entry.price is not None}
        return tuple(p for n, p in self.platform.parameters.items() if p.section != "functions" or n in charged)

    def by_node(self) -> dict[str, Quantity]:
        """Return J per inference by node."""
        return self._sum(lambda entry: entry.node)

    def every_node(self) -> dict[str, Quantity]:
        """Return `by_node()` with the nodes that have no price at all: at least nothing there."""
        found = self.by_node()
        for gap in self.unpriced:
            if gap.group != "time":
                found.setdefault(gap.node, Quantity(0, 0, 0, "J", at_least=True))
        return found

    def by_action(self) -> dict[str, Quantity]:
        """Return J per inference by action."""
        return self._sum(lambda entry: entry.action)

    def citations(self) -> tuple[str, ...]:
        """Return the literature behind the numbers used, as a bibliography."""
        return tuple(f"[{key}] {text}" for key, text in cited(self.prices).items())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, in SI units."""
        quantities = {"latency": self.latency_s, "throughput": self.throughput, "power": self.power, "edp": self.edp}
        return {
            "platform": self.platform.name,
            "kind": self.platform.kind,
            "boundary": self.platform.boundary,
            "batch": self.batch,
            "activity": {"basis": "assumed" if self.work.assumed else "measured", "samples": self.work.samples},
            "steps": self.work.steps,
            "delay": self.work.delay,
            "stages": self.work.stages,
            "ticks": self.ticks,
            "bits_per_spike": self.work.bits,
            **{name: None if q is None else q.to_dict() for name, q in quantities.items()},
            "energy": asdict(self.energy),
            "alternatives": {name: q.to_dict() for name, q in self.alternatives.items()},
            "synapses": {
                "weights": self.weights,
                "unrolled": self.synapses,
                "physical": self.physical_synapses,
                "laid": self.work.laid,
                "dynamic": self.work.dynamic,
                "reuse": self.reuse if self.weights else None,
            },
            "events": self.work.events,
            "macs": self.work.macs,
            "cores": self.cores,
            "chips": self.chips,
            "pace": self.pace,
            "copies_per_weight": self.copies,
            "feasible": self.feasible,
            "binding": self.binding,
            "constraints": [{**asdict(limit), "slack": limit.slack} for limit in self.constraints],
            "bounds": {name: bound._asdict() for name, bound in self.bounds.items()},
            "dominant": self.dominant,
            "bands": [asdict(band) for band in self.bands],
            "entries": [
                {**asdict(entry), "price": entry.price.name if entry.price else None} for entry in self.entries
            ],
            "unpriced": [asdict(gap) for gap in self.unpriced],
            "prices": [asdict(price) for price in self.prices],
            "assumptions": list(self.assumptions),
        }

    def to_json(self) -> str:
        """Return `to_dict()` as JSON."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def _sum(self, key: Callable[[Entry], str]) -> dict[str, Quantity]:
        groups: dict[str, list[Quantity]] = {}
        for entry in self.entries:
            groups.setdefault(key(entry), []).append(entry.energy)
        return {name: total(items, "J") for name, items in groups.items()}
