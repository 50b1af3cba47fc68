"""The front of lanes as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from spiking import escaping, table

from ..analysis.lanes import Choice, Front, Point
from ..quantity import scaled

SHOWN = 16  # lines of a printed front


def front(found: Front) -> str:
    """Return the front for people: a line for each of a few points, the knee marked."""
    shown = _few(found.points, found.knee)
    rows = [_cells(point, " *" if point is found.knee else "") for point in shown]
    head = ["passes", "synapses", "used", "serial", "streamed", "at least", "syn.·ticks, stream", "alone"]
    lines = [
        f"{found.network} · {found.points[0].policy} lanes · times in ticks, latency {found.mode}",
        f"W {scaled(found.weights, '1')} … S {scaled(found.unrolled, '1')} synapses, {found.stages} stages, "
        f"{scaled(found.events, '1')} events at every point",
        "",
        table(head, rows),
        "",
        f"* the knee; {len(shown)} of {len(found.points)} point(s)",
    ]
    if found.dynamic:
        ends = (f"{scaled(end.gating, '1')} at {end.passes:,}" for end in (found.points[0], found.points[-1]))
        lines.append(f"products: gating synapses apart, {' and '.join(ends)} pass(es)")
    return escaping.lines("\n".join(lines))


def choice(found: Choice) -> str:
    """Return one sentence: the narrowest point in time, or how long the fastest takes."""
    budget = f"{found.available} ticks of {scaled(found.tick, 's')}"
    if found.point is None:
        shortest = scaled(found.fastest * found.tick, "s")
        return f"infeasible within {budget}: the fastest takes {found.fastest} ticks, {shortest}"
    width, taken = scaled(found.point.width, "1"), scaled(found.point.latency * found.tick, "s")
    how = f"{width} synapses in passes of {found.point.passes}"
    return f"feasible within {budget}: {how}, {found.point.latency} ticks, {taken}"


def _cells(point: Point, mark: str) -> list[str]:
    times = [f"{n:,}" for n in (point.serial, point.streamed, point.lower)]
    work = [f"{n:.3g}" for n in (point.back_to_back, point.single_shot)]
    return [f"{point.passes:,}{mark}", scaled(point.width, "1"), f"{point.utilisation:.2f}", *times, *work]


def _few(points: Sequence[Point], knee: Point) -> list[Point]:
    """A few points for people: the ends, the knee, and some evenly between them on a logarithmic scale."""
    if len(points) <= SHOWN:
        return list(points)
    logs = [log(point.passes) for point in points]
    marks = [logs[0] + (logs[-1] - logs[0]) * i / (SHOWN - 1) for i in range(SHOWN)]
    nearest = {min((abs(place - mark), i) for i, place in enumerate(logs))[1] for mark in marks}
    return [point for i, point in enumerate(points) if i in nearest or point is knee]
