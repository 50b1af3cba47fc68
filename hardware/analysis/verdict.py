"""Who wins, by what, at which batch, and what would flip it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from spiking import InvalidInput

from ..platform.loading import Platform
from ..quantity import scaled
from ..workload.trace import Trace
from .pricing import bare, fits
from .records import CostReport

Metric = Literal["energy", "latency", "edp"]
METRICS: dict[Metric, tuple[str, str]] = {
    "energy": ("needs the least energy an inference", "J"),
    "latency": ("answers first", "s"),
    "edp": ("has the least energy × delay", "J·s"),
}
BATCHES = tuple(2**k for k in range(11))
EVENTS = ("brain", "event_driven", "neuromorphic")  # kinds whose cost grows with the activity
SHOWN = 4  # flips of a metric in print; all of them are in to_dict()
SPAN = 1e9  # up to how many times more or less activity a break-even is looked for
TURNS = 1e4  # and another winner


@dataclass(frozen=True)
class Win:
    """The first of a metric.

    ratio      of the second to the first; infinite where the first is 0
    flips      what alone would make another one the first: a number at the other end of its band, a batch, an activity
    firm       whether the first stays the first with all of its numbers pessimistic and all of the second's optimistic
    at_least   a price is missing in the first's or the second's figure: the order is not certain
    """

    metric: Metric
    winner: str
    value: float
    second: str
    ratio: float
    flips: tuple[str, ...]
    firm: bool
    at_least: bool


@dataclass(frozen=True)
class Verdict:
    """The winners by energy, latency and their product, at one batch."""

    batch: int
    wins: tuple[Win, ...]
    left_out: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """One sentence: winner, metric, batch, and what would flip it."""
        if not self.wins:
            return f"At batch {self.batch} there is nothing to compare: {'; '.join(self.left_out)}."
        parts = [_said(win) for win in self.wins if win.metric != "edp"]
        energy = self.wins[0]
        if not energy.second:
            return f"At batch {self.batch} {'; '.join(parts)}."
        flips = f"it flips with {', or with '.join(energy.flips[:3])}" if energy.flips else "no single number flips it"
        sure = "" if energy.firm else "; all bands together could"
        doubt = "; a figure is incomplete (≥), so the order is not certain" if energy.at_least else ""
        return f"At batch {self.batch} {'; '.join(parts)}. By energy {flips}{sure if not energy.flips else ''}{doubt}."

    def __str__(self) -> str:
        """Return the sentence, and one line for each metric."""
        lines = [self.sentence]
        for win in self.wins:
            against = f", {_times(win.ratio)} less than {win.second}" if win.second else ""
            lines.append(f"  {win.metric:<8}{win.winner}: {scaled(win.value, METRICS[win.metric][1])}{against}")
            lines += [f"          flips with {flip}" for flip in win.flips[:SHOWN]]
            more = len(win.flips) - SHOWN
            lines += [f"          and {more} more, each alone"] * (more > 0)
        return "\n".join([*lines, *(f"  left out: {line}" for line in self.left_out)])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, in SI units."""
        wins = [{**asdict(win), "ratio": win.ratio if win.ratio < float("inf") else None} for win in self.wins]
        return {"batch": self.batch, "sentence": self.sentence, "wins": wins, "left_out": list(self.left_out)}


def judge(reports: Sequence[CostReport], variants: Mapping[str, CostReport]) -> Verdict:
    """Compare reports of one trace and one batch: each metric has its winner, and what would dethrone it.

    A platform without a clock, or on which the network does not fit, takes no part; if it fits none, all with one do.

    variants   platform -> a variant of it, such as quantised: the better of the two stands for the platform
    """
    rows = [*reports, *variants.values()]
    clocked = [row for row in rows if row.latency_s is not None and row.energy.total.value > 0]
    fitting = [row for row in clocked if row.feasible]
    taking = fitting or clocked
    left_out = [f"{row.platform.name}: {_why(row)}" for row in rows if row not in taking]
    if clocked and not fitting:
        left_out.append("the network fits none of them: they are compared all the same")
    owners = {row.platform.name: row.platform.name for row in reports}
    owners |= {variant.platform.name: name for name, variant in variants.items()}
    wins = tuple(_win(metric, taking, owners) for metric in METRICS if taking)
    return Verdict(rows[0].batch, wins, tuple(left_out))


def _champions(metric: Metric, rows: Sequence[CostReport], owners: Mapping[str, str]) -> list[CostReport]:
    """The better of a platform and its variant, for each platform; the best first."""
    best: dict[str, CostReport] = {}
    for row in sorted(rows, key=lambda row: _nominal(row, metric)):
        best.setdefault(owners[row.platform.name], row)
    return list(best.values())


def break_even(work: Trace, spiking: Platform, dense: Platform, batch: int = 1) -> float:
    """Return p*, the events for each MAC at which both platforms need the same energy for an inference.

        E_spiking(p*) = E_dense, static, host and idle shares included;  p = events / MACs of the dense network

    0 where the spiking platform needs more without a single event; infinite where it needs less at any activity.
    Raises InvalidInput for a trace without events or MACs.
    """
    if not work.events or not work.macs:
        raise InvalidInput("a break-even needs a trace with events and MACs")
    goal = bare(work, dense, dense.values(), batch)[0]
    factor = _root(lambda f: bare(work.scaled(f), spiking, spiking.values(), batch)[0] - goal)
    return factor * work.events / work.macs


def _root(excess: Callable[[float], float]) -> float:
    """Where a growing function crosses 0: 0 if it starts above, infinite if it stays below."""
    if excess(0.0) >= 0 or excess(1 / SPAN) >= 0:
        return 0.0
    return float("inf") if excess(SPAN) < 0 else _crossing(excess, 1 / SPAN, SPAN, 1e-9)


def _crossing(excess: Callable[[float], float], below: float, above: float, precision: float) -> float:
    """The factor between two at which a function crosses 0: negative at `below`, not so at `above`."""
    while abs(above / below - 1) > precision:
        middle = (below * above) ** 0.5
        below, above = (middle, above) if excess(middle) < 0 else (below, middle)
    return above


def _win(metric: Metric, taking: Sequence[CostReport], owners: Mapping[str, str]) -> Win:
    ranked = _champions(metric, taking, owners)
    first, value = ranked[0], _nominal(ranked[0], metric)
    if len(ranked) == 1:
        return Win(metric, first.platform.name, value, "", float("nan"), (), True, first.energy.total.at_least)
    second = ranked[1]
    other = _nominal(second, metric)
    worst = _of(metric, bare(first.work, first.platform, first.platform.values("pessimistic"), first.batch))
    rivals = [row for row in taking if owners[row.platform.name] != owners[first.platform.name]]
    best = [_of(metric, bare(r.work, r.platform, r.platform.values("optimistic"), r.batch)) for r in rivals]
    incomplete = first.energy.total.at_least or second.energy.total.at_least
    return Win(
        metric,
        first.platform.name,
        value,
        second.platform.name,
        other / value if value else float("inf"),
        (
            *_numbers(metric, ranked, value, other),
            *_batches(metric, first, taking, owners),
            *_activities(metric, ranked),
        ),
        worst < min(best),
        incomplete and metric != "latency",
    )


def _numbers(metric: Metric, ranked: Sequence[CostReport], value: float, other: float) -> list[str]:
    """Each number that alone would change the first place; those with the widest effect first."""
    moved = []
    for row, end, limit in ((ranked[0], "pessimistic", other), *((rival, "optimistic", value) for rival in ranked[1:])):
        for name, number in row.platform.prices.items():
            if number.low == number.high:
                continue
            there = _of(metric, bare(row.work, row.platform, row.platform.values(end, only=name), row.batch))
            if (there > limit) if end == "pessimistic" else (there < limit):
                at = row.platform.values(end, only=name)[name]
                effect = there / limit if end == "pessimistic" else limit / max(there, 1e-300)
                moved.append((effect, f"{name} of {row.platform.name} at {scaled(at, number.unit)}"))
    return [text for _, text in sorted(moved, reverse=True)]


def _batches(
    metric: Metric, first: CostReport, taking: Sequence[CostReport], owners: Mapping[str, str]
) -> Iterator[str]:
    """The smallest larger batch at which another platform is first; what does not fit then takes no part."""
    for batch in BATCHES:
        if batch <= first.batch:
            continue
        costs = {row: _of(metric, bare(row.work, row.platform, row.platform.values(), batch)) for row in taking}
        ranked = sorted(taking, key=lambda row: costs[row])
        best = next((row for row in ranked if fits(row.work, row.platform, batch)), ranked[0])
        if owners[best.platform.name] != owners[first.platform.name]:
            lost = first.feasible and not fits(first.work, first.platform, batch)
            why = f", {first.platform.name} not feasible" if lost else ""
            yield f"batch {batch} ({best.platform.name} is first then{why})"
            return


def _activities(metric: Metric, ranked: Sequence[CostReport]) -> Iterator[str]:
    """The nearest larger and the nearest smaller activity at which another platform is first."""
    first, *rivals = ranked
    still = min((_nominal(row, metric) for row in rivals if row.platform.kind not in EVENTS), default=float("inf"))
    moving = [row for row in rivals if row.platform.kind in EVENTS]

    def excess(factor: float) -> float:
        work = first.work.scaled(factor)
        own = _at(metric, first, work) if first.platform.kind in EVENTS else _nominal(first, metric)
        return own - min([still, *(_at(metric, row, work) for row in moving)])

    if moving or first.platform.kind in EVENTS:
        for end in (TURNS, 1 / TURNS):
            if excess(end) > 0:
                yield f"{_crossing(excess, 1.0, end, 1e-4):.3g} times the activity"


def _at(metric: Metric, row: CostReport, work: Trace) -> float:
    return _of(metric, bare(work, row.platform, row.platform.values(), row.batch))


def _of(metric: Metric, costs: tuple[float, float | None]) -> float:
    energy, latency = costs
    time = float("inf") if latency is None else latency
    return {"energy": energy, "latency": time, "edp": energy * time}[metric]


def _nominal(row: CostReport, metric: Metric) -> float:
    latency = None if row.latency_s is None else row.latency_s.value
    return _of(metric, (row.energy.total.value, latency))


def _said(win: Win) -> str:
    text, unit = METRICS[win.metric]
    against = f", {_times(win.ratio)} {'sooner' if win.metric == 'latency' else 'less'} than {win.second}"
    return f"{win.winner} {text}, {scaled(win.value, unit)}{against if win.second else ''}"


def _times(ratio: float) -> str:
    return f"{ratio:,.3g} ×" if ratio < 1000 else f"{ratio:,.0f} ×"


def _why(row: CostReport) -> str:
    if row.latency_s is None:
        return "no clock"
    if row.energy.total.value <= 0:
        return "no price"
    return f"not feasible ({row.binding})"
