"""Memory on one side, arithmetic on the other: CPUs, GPUs and TPUs, on the dense source network."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from spiking import InvalidInput

from ..workload.trace import Matrix, Place, Trace
from .base import Bound, Charge, Constraint, Kind, Outcome, Slot, Values, function_charges, latency_constraint

WIDTHS = (4, 8, 16, 32)  # bits of the arithmetic
RATE = "the rate of the arithmetic at some width"

SLOTS = (
    Slot("prices", "active_power", "W", required=False),
    Slot("prices", "idle_power", "W", required=False),
    Slot("prices", "host_power", "W", required=False),
    *(Slot("prices", f"flop_{bits}", "J", required=False) for bits in WIDTHS),
    Slot("prices", "memory_byte", "J/B", required=False),
    Slot("prices", "cache_byte", "J/B", required=False),
    *(Slot("speeds", f"peak_{n}", "FLOP/s", False, "high", one_of=RATE, positive=True) for n in WIDTHS),
    Slot("speeds", "memory_bandwidth", "B/s", better="high", positive=True),
    Slot("speeds", "cache_bandwidth", "B/s", better="high", positive=True),
    Slot("speeds", "compute_efficiency", "1", better="high", positive=True, most=1),
    Slot("speeds", "memory_efficiency", "1", better="high", positive=True, most=1),
    Slot("speeds", "busy_floor", "1", most=1),
    Slot("speeds", "launch", "s"),
    Slot("speeds", "framework", "s"),
    Slot("limits", "processors", "1", better="high", positive=True),
    Slot("limits", "tile", "1", positive=True),
    Slot("limits", "granule", "1", positive=True),
    Slot("limits", "cache", "B", better="high"),
    Slot("limits", "resident_share", "1", better="high", most=1),
    Slot("limits", "memory", "B", better="high"),
    Slot("limits", "weight_bits", "bit", positive=True),
    Slot("limits", "activation_bits", "bit", positive=True),
    Slot("limits", "fused", "1", better="high", most=1),
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


def cost(work: Trace, values: Values, batch: int) -> Outcome:
    """Time by a roofline for each layer, energy by the power it draws meanwhile; per inference, at this batch.

        t = max(F/(η_c·η_w·η_g·P), Q/(η_m·BW), Q_cache/(η_m·BW_cache)) + launches·t_launch,  F = 2·MACs·B
        E = [P_idle + P_active·(φ + (1 − φ)·u)]·t / B,  u = max(F/P, Q/BW)/t
        E' = (F·e_flop + Q·e_memory + Q_cache·e_cache + P_idle·t) / B           (bottom-up, instead of E)
        η_w = tiles/(⌈tiles/processors⌉·processors),  η_g = Π_side side/(⌈side/granule⌉·granule)
        Q = weights unless all of them stay in the cache, plus activations that outgrow half of it

    The time steps of a recurrent cell come one after another, each with two launches (matrix, gates), each reading the
    weights anew unless the cell's own stay in the cache. Fused, elementwise functions and the scores of an attention
    cost nothing of their own; otherwise each is a launch and a pass over the output.

    Units    s for the batch; J per inference; both with the host's share
    Errors   InvalidInput where the platform has no arithmetic as wide as activation_bits
    Source   roofline: Williams, Waterman, Patterson, CACM 2009; busy floor φ: measured on K4000 and Orin
    """
    width = _width(values)
    size = values["weight_bits"] / 8
    held = sum(place.reads for place in work.places if place.weights) * size
    cached = sum(place.reads for place in work.places if place.dynamic) * values["activation_bits"] / 8 * batch
    resident = held <= values["resident_share"] * values["cache"]
    timed = [_time(place, place.matrix, values, batch, resident) for place in work.places if place.matrix is not None]
    latency = values["framework"] + sum(layer.seconds for layer in timed)
    live = max((place.values for place in work.places), default=0) * values["activation_bits"] / 8 * batch
    outside = [
        Charge("(chip)", "static", "static", latency / batch, "idle_power"),
        Charge("(host)", "host", "io", latency / batch, "host_power"),
    ]
    functions = function_charges(work.layers, lambda layer: layer.time_steps)
    busy = [Charge(layer.name, "busy", "dynamic", layer.busy / batch, "active_power") for layer in timed]
    idle = values["busy_floor"] * values["framework"] / batch
    waiting = Charge("(chip)", "framework", "dynamic", idle, "active_power")
    counted = [
        Charge(layer.name, action, "dynamic", amount / batch, price)
        for layer in timed
        for action, price, amount in (
            ("flop", f"flop_{width}", layer.flop),
            ("memory_byte", "memory_byte", layer.memory),
            ("cache_byte", "cache_byte", layer.cache),
        )
    ]
    needed = held + cached + live
    return Outcome(
        charges=(*busy, waiting, *functions, *outside),
        latency=latency,
        alternatives={"bottom-up": (*counted, *functions, *outside)},
        constraints=(Constraint("memory", needed, values["memory"], "B"), *latency_constraint(latency, values)),
        bounds={layer.name: Bound(layer.bound) for layer in timed},
        copies=1.0,
        assumptions=tuple(_assumptions(values, width, batch, resident)),
    )


def _width(values: Values) -> int:
    """The narrowest arithmetic the platform has that holds the activations."""
    there = [bits for bits in WIDTHS if f"peak_{bits}" in values]
    wide = [bits for bits in there if bits >= values["activation_bits"]]
    if not wide:
        raise InvalidInput(
            f"activation_bits is {values['activation_bits']:g}, but the arithmetic is {max(there)} bits wide at most; "
            f"ask for activation_bits={max(there)}"
        )
    return wide[0]


def _time(place: Place, matrix: Matrix, values: Values, batch: int, resident: bool) -> Timed:
    calls, byte, peak = place.calls, values["activation_bits"] / 8, values[f"peak_{_width(values)}"]
    launches = 2.0 * calls if calls > 1 else 1.0
    flop = 2.0 * place.macs * batch
    elements = place.values
    if values["fused"]:
        elements -= sum(place.inside)
        launches = 0.0 if place.inside[0] else launches
    activations = elements * byte * batch
    stored = place.reads * byte * batch if place.dynamic else place.reads * values["weight_bits"] / 8
    again = 1 if not place.dynamic and stored <= values["resident_share"] * values["cache"] else calls
    memory = 0.0 if resident and not place.dynamic else stored * again
    outgrown = activations > values["cache"] / 2
    memory += activations * calls if outgrown else 0.0
    cache = (stored + activations) * calls
    if not values["fused"]:
        swept = 2.0 * place.passes * calls * byte * batch * matrix.rows * matrix.columns * matrix.groups
        cache += swept
        memory += swept if outgrown else 0.0
        launches += place.passes * calls
    rate = values["compute_efficiency"] * _wave(matrix, values, batch) * _filled(matrix, values) * peak
    parts = {
        "compute": flop / rate,
        "memory": memory / (values["memory_efficiency"] * values["memory_bandwidth"]),
        "cache": cache / (values["memory_efficiency"] * values["cache_bandwidth"]),
        "launch": launches * values["launch"],
    }
    seconds = max(parts["compute"], parts["memory"], parts["cache"]) + parts["launch"]
    full = max(flop / peak, memory / values["memory_bandwidth"])
    busy = values["busy_floor"] * seconds + (1 - values["busy_floor"]) * full
    return Timed(place.name, seconds, busy, flop, memory, cache, max(parts, key=lambda name: parts[name]))


def _wave(matrix: Matrix, values: Values, batch: int) -> float:
    """Share of the processors at work, averaged over the waves of tiles; long inner sums split up to four ways."""
    split = min(max(matrix.inner // 512, 1), 4)
    rows, columns = ceil(matrix.rows * batch / values["tile"]), ceil(matrix.columns / values["tile"])
    tiles = rows * columns * matrix.groups * split
    return tiles / (ceil(tiles / values["processors"]) * values["processors"])


def _filled(matrix: Matrix, values: Values) -> float:
    """Share of the smallest matrix the arithmetic works on that is not padding, along the two sides of the weights."""
    edge, share = values["granule"], 1.0
    for side in (matrix.columns, matrix.inner):
        share *= side / (ceil(side / edge) * edge)
    return share


def _assumptions(values: Values, width: int, batch: int, resident: bool) -> list[str]:
    where = "stay in the cache between inferences" if resident else "are read from memory once a batch"
    bits = f"{values['weight_bits']:g}-bit weights, {values['activation_bits']:g}-bit values, {width}-bit arithmetic"
    fused = "are fused into the layer before" if values["fused"] else "are launches and passes of their own"
    return [
        f"the dense source network, evaluated once in {bits}: the activity changes nothing",
        f"weights {where}, one copy of each; elementwise functions {fused}",
        f"latency is that of the whole batch of {batch}; energy is per inference, at the same batch",
    ]


KIND = Kind("von_neumann", SLOTS, cost)
