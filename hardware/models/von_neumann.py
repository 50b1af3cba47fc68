"""Memory on one side, arithmetic on the other: CPUs, GPUs and TPUs, on the dense source network."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from spiking import InvalidInput

from ..workload.parts import Matrix, Place
from ..workload.trace import Trace
from .base import (
    Bound,
    Charge,
    Constraint,
    Kind,
    Outcome,
    Slot,
    Values,
    first_largest,
    function_charges,
    latency_constraint,
    most,
)

WIDTHS = (4, 8, 16, 32)  # bits of the arithmetic
RESOURCES = ("compute", "memory", "cache", "launch")
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
    """One layer of the batch.

    seconds        it takes; busy: seconds at full power
    flop           operations; memory, cache: bytes from each, and level: of the slower one of the two
    bound          what takes longest
    """

    name: str
    seconds: float
    busy: float
    flop: float
    memory: float
    cache: float
    level: float
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
    byte = values["activation_bits"] / 8
    held = sum([place.reads for place in work.places if place.weights]) * values["weight_bits"] / 8
    cached = sum([place.reads for place in work.places if place.dynamic]) * byte * batch
    live = most([place.values for place in work.places]) * byte * batch
    resident = held <= values["resident_share"] * values["cache"]
    timed = [
        _time(place, place.matrix, values, batch, resident, values[f"peak_{width}"])
        for place in work.places
        if place.matrix is not None
    ]
    latency = values["framework"] + sum([layer.seconds for layer in timed])
    functions = function_charges(work.layers, lambda layer: layer.time_steps)
    outside = [
        Charge("(chip)", "static", "static", latency / batch, "idle_power"),
        Charge("(host)", "host", "io", latency / batch, "host_power"),
    ]
    busy = [Charge(layer.name, "busy", "dynamic", layer.busy / batch, "active_power") for layer in timed]
    idle = values["busy_floor"] * values["framework"] / batch
    waiting = Charge("(chip)", "framework", "dynamic", idle, "active_power")
    memory = Constraint("memory", held + cached + live, values["memory"], "B")
    return Outcome(
        charges=[*busy, waiting, *functions, *outside],
        latency=latency,
        alternatives={"bottom-up": _counted(timed, width, batch) + functions + outside},
        constraints=[memory, *latency_constraint(latency, values)],
        bounds={layer.name: Bound(layer.bound) for layer in timed},
        copies=1.0,
        assumptions=tuple(_assumptions(values, width, batch, resident)),
        details=timed,
    )


def _counted(timed: Sequence[Timed], width: int, batch: int) -> list[Charge]:
    """Operations and bytes of every layer, each at its own price."""
    charges = []
    for layer in timed:
        charges.append(Charge(layer.name, "flop", "dynamic", layer.flop / batch, f"flop_{width}"))
        charges.append(Charge(layer.name, "memory_byte", "dynamic", layer.memory / batch, "memory_byte"))
        charges.append(Charge(layer.name, "cache_byte", "dynamic", layer.cache / batch, "cache_byte"))
    return charges


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


def _time(place: Place, matrix: Matrix, values: Values, batch: int, resident: bool, peak: float) -> Timed:
    calls, byte = place.calls, values["activation_bits"] / 8
    launches = 2.0 * calls if calls > 1 else 1.0
    flop = 2.0 * place.macs * batch
    elements = place.values
    if values["fused"]:
        elements -= place.inside[0] + place.inside[1]
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
    compute_time = flop / rate
    memory_time = memory / (values["memory_efficiency"] * values["memory_bandwidth"])
    cache_time = cache / (values["memory_efficiency"] * values["cache_bandwidth"])
    launch_time = launches * values["launch"]
    seconds = max(compute_time, memory_time, cache_time) + launch_time
    full = max(flop / peak, memory / values["memory_bandwidth"])
    busy = values["busy_floor"] * seconds + (1 - values["busy_floor"]) * full
    bound = RESOURCES[first_largest([compute_time, memory_time, cache_time, launch_time])]
    level = memory if memory_time >= cache_time else cache
    return Timed(place.name, seconds, busy, flop, memory, cache, level, bound)


def _wave(matrix: Matrix, values: Values, batch: int) -> float:
    """Share of the processors at work, averaged over the waves of tiles; long inner sums split up to four ways."""
    split = min(max(matrix.inner // 512, 1), 4)
    tiles = ceil(matrix.rows * batch / values["tile"]) * ceil(matrix.columns / values["tile"]) * matrix.groups * split
    return tiles / (ceil(tiles / values["processors"]) * values["processors"])


def _filled(matrix: Matrix, values: Values) -> float:
    """Share of the smallest matrix the arithmetic works on that is not padding, along the two sides of the weights."""
    edge = values["granule"]
    columns = matrix.columns / (ceil(matrix.columns / edge) * edge)
    return columns * (matrix.inner / (ceil(matrix.inner / edge) * edge))


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
