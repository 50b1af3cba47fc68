"""Synapses against ticks: a layer with fewer copies of its weights takes the map in parts, one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import ceil, isfinite, isqrt, log
from numbers import Integral
from typing import Any, Literal, NamedTuple, get_args

from spiking import InvalidInput, arguments

from ..quantity import Quantity, quantity
from ..workload.parts import Place
from ..workload.trace import Trace

Policy = Literal["balanced", "uniform"]
Mode = Literal["streamed", "serial"]
CELL = 0.152e-6  # mm² a bit: SRAM at 28 nm, Akopyan et al. 2015, IEEE TCAD 34(10)
FILLED = (0.7, 0.8, 0.5)  # share of an array that is cells: nominal, low and high end of the area; assumed


class _Part(NamedTuple):
    """A place that takes a map.

    positions  M, elements of the map that share the weights
    unrolled   S, synapses at all positions; `dynamic`, those of a product
    stage      on the longest path up to here
    halo       share of the map that must have arrived before the first output
    barrier    no output before the whole map has arrived
    uses       times the same synapse is used in one inference, one after another: the moments of a recurrent cell
    """

    positions: int
    unrolled: int
    dynamic: int
    stage: int
    halo: float
    barrier: bool
    uses: int


@dataclass(frozen=True)
class Point:
    """A network laid down in L_l lanes for each place l, that of M_l positions takes n_l passes: n_l = ⌈M_l/L_l⌉.

        uniform    L_l = min(⌈max M/n⌉, M_l)            balanced    L_l = ⌈M_l/n⌉
        width = Σ W_l·L_l       utilisation = s·Σ S_l·uses/(width·interval)       interval = s·max n_l·uses
        serial = s·Σ max n_l, over the stages           lower = stages − 1 + s·max n_l
        streamed = stages − 1 + s + s·Σ (N − 1 + Σ min(halo·N, N − 1)), over the parts between barriers

    with N the largest n_l between two barriers, s the ticks that one pass takes, and uses the moments of a recurrent
    cell. A barrier waits for the N − 1 patches behind the first, a halo for its share of the N. All of it in ticks.

    policy      how the lanes are divided among the places: "balanced" or "uniform"
    passes      n: no place takes more of them
    width       synapses laid down
    gating      synapses of products, which need no copies: counted apart
    interval    ticks from one inference to the next when they stream: as long as the busiest place takes
    serial      ticks where a layer begins when the one before has finished; branches run side by side
    streamed    ticks where a layer begins with the first patch for which it has everything
    lower       `streamed` without halos and barriers: no order of work is faster
    latency     `streamed` or `serial`, by the mode of the front
    utilisation share of the synapse-ticks of a stream in which the synapse is used
    """

    policy: Policy
    passes: int
    width: int
    gating: int
    interval: int
    serial: int
    streamed: int
    lower: int
    latency: int
    utilisation: float

    @property
    def back_to_back(self) -> int:
        """Synapse-ticks of an inference where they stream."""
        return self.width * self.interval

    @property
    def single_shot(self) -> int:
        """Synapse-ticks of an inference alone."""
        return self.width * self.latency


@dataclass(frozen=True)
class Choice:
    """The narrowest point within a budget of time.

    point      None where none answers in time
    available  ticks within the budget
    fastest    ticks that the fastest point takes
    tick       s
    """

    point: Point | None
    available: int
    fastest: int
    tick: float

    @property
    def feasible(self) -> bool:
        """Whether any point meets the budget."""
        return self.point is not None


@dataclass(frozen=True, eq=False)
class Front:
    """The points of a network, from the widest to the narrowest.

    network     what it is, in words
    mode        which time is the latency: "streamed" or "serial"
    weights     Σ W_l, what one lane for each place takes
    unrolled    S, what a lane for each position takes
    dynamic     gating synapses of products
    stages      synaptic stages on the longest path
    events      synaptic events of an inference: the same at every point, so that energy differs by rest alone
    """

    network: str
    mode: Mode
    weights: int
    unrolled: int
    dynamic: int
    stages: int
    events: float
    points: tuple[Point, ...]

    def __repr__(self) -> str:
        """Return one line."""
        return f"Front({self.network}, {len(self.points)} point(s), {self.mode})"

    @property
    def pareto(self) -> tuple[Point, ...]:
        """The points that no other beats in latency and width."""
        return self.best("latency", "width")

    def best(self, *figures: str) -> tuple[Point, ...]:
        """Return the points that no other beats in these figures of a Point, all of them better when smaller.

        Such as best("latency", "width", "single_shot"): rest costs power for each synapse and tick.
        Raises InvalidInput for a figure that a point does not have.
        """
        known = set(_figures(self.points[0])) - {"policy"}
        strange = [name for name in figures if name not in known]
        if strange or not figures:
            raise InvalidInput(f"no figure {strange} of a point; there are {', '.join(sorted(known))}")
        vectors = [tuple(getattr(point, name) for name in figures) for point in self.points]
        kept: list[Point] = []
        floors: list[tuple[float, ...]] = []
        for vector, point in sorted(zip(vectors, self.points, strict=True), key=lambda pair: pair[0]):
            if not any(all(f <= v for f, v in zip(floor, vector, strict=True)) for floor in floors):
                kept.append(point)
                floors.append(vector)
        return tuple(kept)

    @cached_property
    def knee(self) -> Point:
        """The Pareto point farthest below the line between its ends, both axes logarithmic.

        Source    the knee of Satopää et al. 2011, "Finding a Kneedle in a Haystack", ICDCS workshops
        """
        points = self.pareto
        first, last = points[0], points[-1]
        across, down = log(last.latency / first.latency), log(first.width / last.width)
        if across == 0 or down == 0:
            return first

        def below(point: Point) -> float:
            return log(first.width / point.width) / down - log(point.latency / first.latency) / across

        return max(points, key=below)

    def within(self, latency_budget: float, tick: float = 0.01) -> Choice:
        """Return the narrowest point that answers in time.

        latency_budget, tick   s

        Raises InvalidInput for a budget or a tick that is no time.
        """
        if not (isfinite(latency_budget) and isfinite(tick)) or latency_budget < 0 or tick <= 0:
            raise InvalidInput(f"budget and tick must be times in s, not {latency_budget} and {tick}")
        available = int(latency_budget / tick * (1 + 1e-9))
        meeting = [point for point in self.pareto if point.latency <= available]
        narrowest = min(meeting, key=lambda point: point.width, default=None)
        return Choice(narrowest, available, min(point.latency for point in self.points), tick)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        head = {name: value for name, value in vars(self).items() if name not in ("points", "knee")}
        pareto = set(self.pareto)
        marks = [{"pareto": point in pareto, "knee": point is self.knee} for point in self.points]
        points = [{**_figures(point), **mark} for point, mark in zip(self.points, marks, strict=True)]
        return {**head, "points": points}


def area(synapses: float, bits: float = 8.0) -> Quantity:
    """Return the mm² that synapses of `bits` take as SRAM at 28 nm: synapses·bits·cell/share of the array in cells.

    The band is that of the share, 0.5 to 0.8. Raises InvalidInput for counts that are none.
    """
    if not (isfinite(synapses) and isfinite(bits)) or synapses < 0 or bits <= 0:
        raise InvalidInput(f"synapses and bits must be counts, not {synapses} and {bits}")
    nominal, low, high = (synapses * bits * CELL / share for share in FILLED)
    return quantity((nominal, low, high), "mm²")


def laid_out(
    work: Trace,
    ticks: Iterable[int] | None = None,
    policy: Policy = "balanced",
    mode: Mode = "streamed",
) -> Front:
    """Return the points of a trace at these numbers of passes; by default at all at which the width changes.

    Only R_space is traded: M_l positions share W_l weights. The moments of a recurrent cell share theirs in time
    already. A product has no weights: its gating synapses are counted apart, its rows take their passes, and its
    barrier starts the stream again, as does a layer of one position behind a map.
    Raises InvalidInput (ticks, policy, mode; no weights).
    """
    if str(policy) not in get_args(Policy) or str(mode) not in get_args(Mode):
        raise InvalidInput(
            f"policy is one of {', '.join(get_args(Policy))}, mode one of {', '.join(get_args(Mode))}, "
            f"not {policy!r} and {mode!r}"
        )
    parts = list(_parts(work.places))
    if not any(part.unrolled for part in parts):
        raise InvalidInput("the network has no weights to lay down in lanes")
    expected = "whole numbers of at least 1"
    wanted = list(_useful(parts, policy) if ticks is None else arguments.several("ticks", ticks, expected))
    wrong = [n for n in wanted if isinstance(n, bool) or not isinstance(n, Integral) or n < 1]
    if wrong or not wanted:
        raise InvalidInput(f"ticks are {expected}, not {wrong}")
    wanted = [int(n) for n in wanted]
    return Front(
        network=work.network,
        mode=mode,
        weights=sum(part.unrolled // part.positions for part in parts),
        unrolled=work.unrolled,
        dynamic=work.dynamic,
        stages=work.stages,
        events=work.events,
        points=tuple(_point(work, parts, n, policy, mode) for n in sorted(set(wanted))),
    )


def _parts(places: Iterable[Place]) -> Iterator[_Part]:
    for place in places:
        if not place.unrolled and not place.dynamic:
            continue  # fixed wiring: no weights, no time
        shared = place.unrolled != (place.weights or place.reads) or place.dynamic
        positions = place.matrix.rows if place.matrix is not None and shared else 1
        uses = place.reuse[1] if place.unrolled else 1
        yield _Part(positions, place.unrolled, place.dynamic, place.stage, place.halo, place.barrier, uses)


def _useful(parts: Sequence[_Part], policy: Policy) -> Iterator[int]:
    """Every ⌈M/L⌉: between two of them no place can give up a lane."""
    maps = {part.positions for part in parts if part.unrolled}
    for m in maps if policy == "balanced" else {max(maps)}:
        root = isqrt(m) + 1
        yield from (ceil(m / ceil(m / n)) for n in range(1, root + 1))
        yield from (ceil(m / lane) for lane in range(1, root + 1))


def _point(work: Trace, parts: Sequence[_Part], n: int, policy: Policy, mode: Mode) -> Point:
    largest = max(part.positions for part in parts if part.unrolled)
    wide = ceil(largest / n)
    laid = [ceil(p.positions / n) if policy == "balanced" else min(wide, p.positions) for p in parts]
    passes = [ceil(part.positions / lane) for part, lane in zip(parts, laid, strict=True)]
    each = max(work.ticks - work.stages + 1, 1)
    interval = each * max(n_l * part.uses for n_l, part in zip(passes, parts, strict=True))
    width = sum(part.unrolled * lane // part.positions for part, lane in zip(parts, laid, strict=True))
    used = sum(part.unrolled * part.uses for part in parts) * each
    stages: dict[int, list[tuple[_Part, int]]] = {}
    for pair in zip(parts, passes, strict=True):
        stages.setdefault(pair[0].stage, []).append(pair)
    moments = work.stages - len(stages)  # the further moments of recurrent cells
    serial = each * (sum(max(n_l for _, n_l in here) for here in stages.values()) + moments)
    streamed = work.stages - 1 + each + ceil(each * _waits([stages[s] for s in sorted(stages)]) - 1e-9)
    return Point(
        policy=policy,
        passes=n,
        width=width,
        gating=sum(ceil(part.dynamic * lane / part.positions) for part, lane in zip(parts, laid, strict=True)),
        interval=interval,
        serial=serial,
        streamed=streamed,
        lower=work.stages - 1 + each * max(passes),
        latency=streamed if mode == "streamed" else serial,
        utilisation=used / (width * interval),
    )


def _waits(stages: Sequence[Sequence[tuple[_Part, int]]]) -> float:
    """Passes beyond the first that the last stage waits for: (N − 1) + Σ min(halo·N, N − 1) in each run of a stream."""
    waits, halos, longest, spread = 0.0, [0.0], 1, 1
    for here in stages:
        positions = max(part.positions for part, _ in here)
        if any(part.barrier for part, _ in here) or positions == 1 < spread:
            waits += _run(longest, halos)
            halos, longest, spread = [0.0], 1, 1
        halos.append(max(part.halo for part, _ in here))
        longest, spread = max(longest, max(n for _, n in here)), max(spread, positions)
    return waits + _run(longest, halos)


def _run(n: int, halos: Sequence[float]) -> float:
    return n - 1 + sum(min(halo * n, n - 1) for halo in halos)


def _figures(point: Point) -> dict[str, Any]:
    return {**asdict(point), "back_to_back": point.back_to_back, "single_shot": point.single_shot}
