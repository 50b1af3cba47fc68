"""Memory on one side, arithmetic on the other: CPUs, GPUs and TPUs, on the dense source network."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from .model import Charge, Constraint, Kind, Outcome, Slot, Values, function_charges, latency_constraint
from .workload import Matrix, Place, Workload

SLOTS = (
    Slot("prices", "active_power", "W", required=False),
    Slot("prices", "idle_power", "W", required=False),
    Slot("prices", "host_power", "W", required=False),
    Slot("prices", "flop", "J", required=False),
    Slot("prices", "memory_byte", "J/B", required=False),
    Slot("prices", "cache_byte", "J/B", required=False),
    Slot("speeds", "peak", "FLOP/s", better="high"),
    Slot("speeds", "memory_bandwidth", "B/s", better="high"),
    Slot("speeds", "cache_bandwidth", "B/s", better="high"),
    Slot("speeds", "compute_efficiency", "1", better="high"),
    Slot("speeds", "memory_efficiency", "1", better="high"),
    Slot("speeds", "busy_floor", "1"),
    Slot("speeds", "launch", "s"),
    Slot("speeds", "framework", "s"),
    Slot("limits", "processors", "1", better="high"),
    Slot("limits", "tile", "1"),
    Slot("limits", "cache", "B", better="high"),
    Slot("limits", "resident_share", "1", better="high"),
    Slot("limits", "memory", "B", better="high"),
    Slot("limits", "bytes_per_value", "B"),
    Slot("limits", "latency_budget", "s", required=False, better="high"),
)


class Timed(NamedTuple):
    """One layer of the batch: seconds, busy seconds at full power, FLOP, bytes from memory and cache, what binds."""

    name: str
    seconds: float
    busy: float
    flop: float
    memory: float
    cache: float
    bound: str


def cost(work: Workload, values: Values, batch: int) -> Outcome:
    """Time by a roofline for each layer, energy by the power it draws meanwhile; per inference, at this batch.

        t = max(F/(η_c·η_w·P), Q/(η_m·BW), Q_cache/(η_m·BW_cache)) + t_launch,  F = 2·MACs·B,  for each of its calls
        E = [P_idle + P_active·(φ + (1 − φ)·u)]·t / B,  u = max(F/P, Q/BW)/t
        E' = (F·e_flop + Q·e_memory + Q_cache·e_cache + P_idle·t) / B           (bottom-up, instead of E)
        η_w = tiles/(⌈tiles/processors⌉·processors)
        Q = weights unless all of them stay in the cache, plus activations that outgrow half of it

    Units    s for the batch; J per inference; both with the host's share
    Source   roofline: Williams, Waterman, Patterson, CACM 2009; busy floor φ: measured on K4000 and Orin
    """
    held = sum(place.weights for place in work.places) * values["bytes_per_value"]
    resident = held <= values["resident_share"] * values["cache"]
    timed = [_time(place, place.matrix, values, batch, resident) for place in work.places if place.matrix is not None]
    latency = values["framework"] + sum(layer.seconds for layer in timed)
    live = max((place.values for place in work.places), default=0) * values["bytes_per_value"] * batch
    outside = [
        Charge("(chip)", "static", "static", latency / batch, "idle_power"),
        Charge("(host)", "host", "io", latency / batch, "host_power"),
    ]
    functions = function_charges(work.layers, lambda layer: layer.moments)
    busy = [Charge(layer.name, "busy", "dynamic", layer.busy / batch, "active_power") for layer in timed]
    idle = values["busy_floor"] * values["framework"] / batch
    waiting = Charge("(chip)", "framework", "dynamic", idle, "active_power")
    counted = [
        Charge(layer.name, price, "dynamic", amount / batch, price)
        for layer in timed
        for price, amount in (("flop", layer.flop), ("memory_byte", layer.memory), ("cache_byte", layer.cache))
    ]
    return Outcome(
        charges=(*busy, waiting, *functions, *outside),
        latency=latency,
        alternatives={"bottom-up": (*counted, *functions, *outside)},
        constraints=(Constraint("memory", held + live, values["memory"], "B"), *latency_constraint(latency, values)),
        bounds={layer.name: layer.bound for layer in timed},
        assumptions=tuple(_assumptions(work, batch, resident)),
    )


def _time(place: Place, matrix: Matrix, values: Values, batch: int, resident: bool) -> Timed:
    size, flop = values["bytes_per_value"], 2.0 * place.macs / place.calls * batch
    weights, activations = place.reads * size, place.values * size * batch
    memory = (0.0 if resident else weights) + (activations if activations > values["cache"] / 2 else 0.0)
    cache = weights + activations
    wave = _wave(matrix, values, batch)
    parts = {
        "compute": flop / (values["compute_efficiency"] * wave * values["peak"]),
        "memory": memory / (values["memory_efficiency"] * values["memory_bandwidth"]),
        "cache": cache / (values["memory_efficiency"] * values["cache_bandwidth"]),
        "launch": values["launch"],
    }
    seconds = max(parts["compute"], parts["memory"], parts["cache"]) + parts["launch"]
    full = max(flop / values["peak"], memory / values["memory_bandwidth"])
    busy = values["busy_floor"] * seconds + (1 - values["busy_floor"]) * full
    seconds, busy, flop, memory, cache = (n * place.calls for n in (seconds, busy, flop, memory, cache))
    return Timed(place.name, seconds, busy, flop, memory, cache, max(parts, key=lambda name: parts[name]))


def _wave(matrix: Matrix, values: Values, batch: int) -> float:
    """Share of the processors at work, averaged over the waves of tiles; long inner sums split up to four ways."""
    split = min(max(matrix.inner // 512, 1), 4)
    rows, columns = ceil(matrix.rows * batch / values["tile"]), ceil(matrix.columns / values["tile"])
    tiles = rows * columns * matrix.groups * split
    return tiles / (ceil(tiles / values["processors"]) * values["processors"])


def _assumptions(work: Workload, batch: int, resident: bool) -> list[str]:
    where = "stay in the cache between inferences" if resident else "are read from memory once a batch"
    return [
        "the dense source network, evaluated once: its time and energy do not depend on the activity",
        f"weights {where}; elementwise functions are fused into the layer before",
        f"latency is that of the whole batch of {batch}; energy is per inference, at the same batch",
    ]


KIND = Kind("von_neumann", SLOTS, cost)
