"""Who wins, by what, at which batch, and what would flip it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import inf, nan
from typing import Any, Literal, NamedTuple

from spiking import InvalidInput

from ..platform.loading import Platform
from ..workload.trace import Trace
from .crossing import crossing, root
from .pricing import Cost, Model
from .records import CostReport

Metric = Literal["energy", "latency", "edp"]
METRICS: dict[Metric, str] = {"energy": "J", "latency": "s", "edp": "J·s"}
BATCHES = tuple(2**k for k in range(11))
EVENTS = ("brain", "event_driven", "neuromorphic")  # kinds whose cost grows with the activity
TURNS = 1e4  # up to how many times more or less activity another winner is looked for


@dataclass(frozen=True)
class Flip:
    """What alone would make another platform the first.

    by         what changes: a "number" of a platform, to the other end of its band; the "batch"; or the "activity"
    parameter  the number's name; empty for batch and activity
    platform   whose number it is; empty for batch and activity
    unit       of `nominal` and `value`
    nominal    the number as stated, the batch as compared, or 1 time the activity
    value      where another one is the first: the nearest larger power of two of a batch, the nearest activity
    winner     who is the first then
    unfit      the network does not fit the former first any more
    """

    by: Literal["number", "batch", "activity"]
    parameter: str
    platform: str
    unit: str
    nominal: float
    value: float
    winner: str
    unfit: bool = False


@dataclass(frozen=True)
class Win:
    """The first of a metric.

    winner     its name, and `value` its figure in SI
    second     the best of another platform; empty without one
    ratio      of the second to the first; infinite where the first is 0
    flips      what alone would make another one the first; numbers with the widest effect before batch and activity
    firm       whether the first stays the first with all of its numbers and all of the others' against it
    at_least   a price is missing in the first's or the second's figure: the order is not certain
    """

    metric: Metric
    winner: str
    value: float
    second: str
    ratio: float
    flips: tuple[Flip, ...]
    firm: bool
    at_least: bool


@dataclass(frozen=True)
class Omission:
    """A platform that takes no part: it has no clock, no price, or the network exceeds its `limit`."""

    platform: str
    lacks: Literal["clock", "price", "room"]
    limit: str = ""


@dataclass(frozen=True)
class Verdict:
    """The winners by energy, latency and their product, at one batch.

    omitted    who takes no part, and why
    none_fits  the network fits none of them: they are compared all the same
    """

    batch: int
    wins: tuple[Win, ...]
    omitted: tuple[Omission, ...] = ()
    none_fits: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, in SI units."""
        wins = [{**asdict(win), "ratio": win.ratio if win.ratio < inf else None} for win in self.wins]
        return {"batch": self.batch, "wins": wins, "omitted": [asdict(omission) for omission in self.omitted]}


@dataclass(frozen=True)
class BreakEven:
    """Events for each MAC at which a spiking platform needs the energy of a dense one; see `break_even`."""

    spiking: str
    dense: str
    activity: float


class Entrant(NamedTuple):
    """A report that competes, the model behind it, and the platform it counts for: a variant is no rival of its own."""

    report: CostReport
    model: Model
    owner: str

    @property
    def name(self) -> str:
        """The platform's name."""
        return self.report.platform.name

    @property
    def spiking(self) -> bool:
        """Whether its cost grows with the activity."""
        return self.report.platform.kind in EVENTS

    def figure(self, metric: Metric) -> float:
        """Return what is reported, nominal."""
        latency = self.report.latency_s
        return _figure(metric, Cost(self.report.energy.total.value, None if latency is None else latency.value))

    def at(self, metric: Metric, batch: int, activity: float = 1.0) -> float:
        """Return the nominal figure at another batch or another activity."""
        return _figure(metric, self.model.cost(self.model.values(), batch, activity))

    def end(self, metric: Metric, end: Literal["optimistic", "pessimistic"], only: str = "") -> float:
        """Return the figure with all numbers, or one, at an end of their bands."""
        return _figure(metric, self.model.cost(self.model.values(end, only), self.report.batch))


def judge(entrants: Sequence[Entrant]) -> Verdict:
    """Compare reports of one trace and one batch: each metric has its winner, and what would dethrone it."""
    clocked = [e for e in entrants if e.report.latency_s is not None and e.report.energy.total.value > 0]
    fitting = [entrant for entrant in clocked if entrant.report.feasible]
    taking = fitting or clocked
    return Verdict(
        batch=entrants[0].report.batch,
        wins=tuple(_win(metric, taking) for metric in METRICS if taking),
        omitted=tuple(_omission(entrant.report) for entrant in entrants if entrant not in taking),
        none_fits=bool(clocked and not fitting),
    )


def break_evens(entrants: Sequence[Entrant]) -> tuple[BreakEven, ...]:
    """Return the break-even of every spiking platform with every dense one; none for a trace without either."""
    work, batch = entrants[0].report.work, entrants[0].report.batch
    if not (work.events and work.macs):
        return ()
    clocked = [entrant for entrant in entrants if entrant.report.latency_s is not None]
    spiking = [entrant for entrant in clocked if entrant.report.platform.kind in ("brain", "neuromorphic")]
    dense = [entrant for entrant in entrants if entrant.report.platform.kind == "von_neumann"]
    return tuple(BreakEven(s.name, d.name, _break_even(s.model, d.model, batch)) for d in dense for s in spiking)


def break_even(work: Trace, spiking: Platform, dense: Platform, batch: int = 1) -> float:
    """Return p*, the events for each MAC at which both platforms need the same energy for an inference.

        E_spiking(p*) = E_dense, static, host and idle shares included;  p = events / MACs of the dense network

    0 where the spiking platform needs more without a single event; infinite where it needs less at any activity.
    Raises InvalidInput for a trace without events or MACs.
    """
    if not work.events or not work.macs:
        raise InvalidInput("a break-even needs a trace with events and MACs")
    return _break_even(Model(work, spiking), Model(work, dense), batch)


def _break_even(spiking: Model, dense: Model, batch: int) -> float:
    goal, work = dense.cost(dense.values(), batch).energy, spiking.work
    factor = root(lambda activity: spiking.cost(spiking.values(), batch, activity).energy - goal)
    return factor * work.events / work.macs


def _win(metric: Metric, taking: Sequence[Entrant]) -> Win:
    ranked = _champions(metric, taking)
    first, value = ranked[0], ranked[0].figure(metric)
    incomplete = first.report.energy.total.at_least
    if len(ranked) == 1:
        return Win(metric, first.name, value, "", nan, (), True, incomplete)
    second = ranked[1]
    other = second.figure(metric)
    incomplete = incomplete or second.report.energy.total.at_least
    rivals = [entrant for entrant in taking if entrant.owner != first.owner]
    return Win(
        metric=metric,
        winner=first.name,
        value=value,
        second=second.name,
        ratio=other / value if value else inf,
        flips=(*_numbers(metric, ranked), *_batches(metric, first, taking), *_activities(metric, ranked)),
        firm=first.end(metric, "pessimistic") < min(rival.end(metric, "optimistic") for rival in rivals),
        at_least=incomplete and metric != "latency",
    )


def _champions(metric: Metric, taking: Sequence[Entrant]) -> list[Entrant]:
    """The better of a platform and its variant, for each platform; the best first."""
    best: dict[str, Entrant] = {}
    for entrant in sorted(taking, key=lambda entrant: entrant.figure(metric)):
        best.setdefault(entrant.owner, entrant)
    return list(best.values())


def _numbers(metric: Metric, ranked: Sequence[Entrant]) -> list[Flip]:
    """Each number that alone would change the first place; those with the widest effect first."""
    first, second = ranked[:2]
    moved = []
    for entrant in ranked:
        end: Literal["optimistic", "pessimistic"] = "pessimistic" if entrant is first else "optimistic"
        limit = second.figure(metric) if entrant is first else first.figure(metric)
        for name, number in entrant.report.platform.parameters.items():
            if number.low == number.high:
                continue
            there = entrant.end(metric, end, name)
            if (there > limit) if entrant is first else (there < limit):
                effect = there / limit if entrant is first else limit / max(there, 1e-300)
                value = entrant.model.values(end)[name]
                winner = second.name if entrant is first else entrant.name
                moved.append((effect, Flip("number", name, entrant.name, number.unit, number.value, value, winner)))
    moved.sort(key=lambda pair: (pair[0], pair[1].parameter, pair[1].platform), reverse=True)
    return [flip for _, flip in moved]


def _batches(metric: Metric, first: Entrant, taking: Sequence[Entrant]) -> Iterator[Flip]:
    """The smallest larger batch at which another platform is first; what does not fit then takes no part."""
    start = first.report.batch
    for batch in BATCHES:
        if batch <= start:
            continue
        ranked = sorted(taking, key=lambda entrant: entrant.at(metric, batch))
        best = next((entrant for entrant in ranked if entrant.model.fits(batch)), ranked[0])
        if best.owner != first.owner:
            unfit = first.report.feasible and not first.model.fits(batch)
            yield Flip("batch", "", "", "1", start, batch, best.name, unfit)
            return


def _activities(metric: Metric, ranked: Sequence[Entrant]) -> Iterator[Flip]:
    """The nearest larger and the nearest smaller activity at which another platform is first."""
    first, *rivals = ranked
    if not any(entrant.spiking for entrant in ranked):
        return

    def figure(entrant: Entrant, activity: float) -> float:
        return entrant.at(metric, first.report.batch, activity) if entrant.spiking else entrant.figure(metric)

    def best(activity: float) -> Entrant:
        return min(rivals, key=lambda rival: figure(rival, activity))

    def excess(activity: float) -> float:
        return figure(first, activity) - figure(best(activity), activity)

    for end in (TURNS, 1 / TURNS):
        if excess(end) > 0:
            found = crossing(excess, 1.0, end, 1e-4)
            yield Flip("activity", "", "", "1", 1.0, found, best(found).name)


def _figure(metric: Metric, cost: Cost) -> float:
    time = inf if cost.latency is None else cost.latency
    return {"energy": cost.energy, "latency": time, "edp": cost.energy * time}[metric]


def _omission(report: CostReport) -> Omission:
    if report.latency_s is None:
        return Omission(report.platform.name, "clock")
    if report.energy.total.value <= 0:
        return Omission(report.platform.name, "price")
    return Omission(report.platform.name, "room", report.binding)
