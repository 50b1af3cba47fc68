"""Many small digital cores that share their circuits over time, with events in between: Loihi and its kin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from typing import NamedTuple

from ..workload.parts import Curve
from ..workload.trace import Trace
from .base import (
    Bound,
    Charge,
    Kind,
    Outcome,
    Slot,
    Unpriced,
    Values,
    copies,
    event_charges,
    first_largest,
    function_charges,
    keys,
    latency_constraint,
    limits,
    most,
    rounded,
    streamed,
)
from .curves import (
    added,
    at_least,
    at_most,
    folded,
    highest,
    share_not_above,
    short_of,
    times,
    total,
    total_where,
    which_highest,
    without_parts,
)
from .placement import Placed, place

SLOTS = (
    Slot("prices", "synaptic_event", "J", required=False),
    Slot("prices", "gating_event", "J", required=False),
    Slot("prices", "update_active", "J", required=False),
    Slot("prices", "update_inactive", "J", required=False),
    Slot("prices", "message", "J", required=False),
    Slot("prices", "hop", "J", required=False),
    Slot("prices", "static_power", "W", required=False),
    Slot("prices", "host_power", "W", required=False),
    Slot("speeds", "t_synaptic_event", "s", required=False),
    Slot("speeds", "t_update_active", "s", required=False),
    Slot("speeds", "t_update_inactive", "s", required=False),
    Slot("speeds", "t_message", "s", required=False),
    Slot("speeds", "t_barrier", "s", required=False),
    Slot("speeds", "t_barrier_chips", "s", required=False),
    Slot("speeds", "t_host", "s", required=False),
    Slot("speeds", "t_step_min", "s", required=False),
    Slot("speeds", "spread", "1", required=False),
    Slot("speeds", "skew", "1", required=False),
    Slot("limits", "compartments", "1", better="high", positive=True),
    Slot("limits", "synapse_memory", "B", better="high", positive=True),
    Slot("limits", "axons_in", "1", required=False, better="high", positive=True),
    Slot("limits", "axons_out", "1", required=False, better="high", positive=True),
    Slot("limits", "weight_bits", "bit", positive=True),
    Slot("limits", "index_bits", "bit", required=False),
    Slot("limits", "header_bits", "bit", required=False),
    Slot("limits", "word_bits", "bit", required=False, positive=True),
    Slot("limits", "block_synapses", "1", required=False, positive=True, least=1),
    Slot("limits", "kernel_sharing", "1", required=False, better="high", most=1),
    Slot("limits", "cores_per_tile", "1", required=False, positive=True),
    Slot("limits", "cores_per_chip", "1", better="high", positive=True),
    Slot("limits", "chips", "1", required=False, better="high"),
    Slot("limits", "fan_in_max", "1", required=False, better="high"),
    Slot("limits", "dynamic_synapses", "1", required=False, better="high"),
    Slot("limits", "latency_budget", "s", required=False, better="high"),
)
WORK = ("t_synaptic_event", "t_update_active", "t_update_inactive", "t_message")
RESOURCES = ("synaptic events", "updates", "messages")
UNCLOCKED = (
    Unpriced("(chip)", "latency", "time", "nobody has published what its events take"),
    Unpriced("(chip)", "static", "static", "power without a time is no energy"),
    Unpriced("(host)", "host", "io", "power without a time is no energy"),
)


class Load(NamedTuple):
    """What the busiest core of a layer does.

    active   updates of compartments with something to integrate, all ticks together
    parts    s by tick: synaptic events, updates, messages; busy: their sum
    """

    name: str
    active: float
    parts: Sequence[Curve]
    busy: Curve


class Steps(NamedTuple):
    """The steps of a chip.

    slowest   s by tick, of the core that takes longest or of the real-time step; first: the layer it belongs to
    waited    s for barrier and host
    single    s of one inference; period: s from one to the next in a stream
    """

    slowest: Curve
    first: Curve
    waited: float
    single: float
    period: float


def cost(work: Trace, values: Values, batch: int) -> Outcome:
    """Energy, time and room on time-multiplexed cores.

        t_step  = max(max_core (events·t_syn + active·t_act + inactive·t_in + messages·t_msg), t_step_min)
                  + t_barrier + t_host;  the busiest core of a layer has skew times its mean load
        latency = Σ_step t_step + (batch − 1)·(Σ t_step over one interval, all layers at work)
        E       = events·E_syn + active·E_act + inactive·E_in + messages·(E_msg + hops·E_hop)
                  + P_static·chips·latency/batch + P_host·latency/batch
        hops    = spread · (2/3)·√(tiles of a chip)
        active  = min(events arriving in the tick · columns, compartments)

    Units    s; J per inference
    Source   Davies et al. 2018, IEEE Micro 38(1) 82–99, table 2; 2/3·√n: mean Manhattan distance on a square
    """
    placed = place(work, values)
    cores = sum([layer.cores for layer in placed])
    chips = ceil(cores / values["cores_per_chip"])
    events = {here.name: here.events for here in work.places}
    loads = [without_parts(_load(layer, events, work, values)) for layer in placed]
    steps = _steps([load.busy for load in loads], work, values, chips)
    clocked = any(name in values for name in (*WORK, "t_step_min"))
    latency = steps.single + (batch - 1) * steps.period if clocked else None
    needs = [
        ("dynamic_synapses", work.dynamic, "dynamic_synapses"),
        ("chips", chips, "chips"),
        ("fan_in_max", most([here.fan_in for here in work.places]), "fan_in_max"),
    ]
    charges = event_charges(work) + _updates(work, loads) + _messages(work, placed, _hops(cores, values))
    return Outcome(
        charges=charges + function_charges(work.layers, lambda layer: work.ticks) + _power(latency, chips, batch),
        latency=latency,
        unpriced=_untimed(chips, values) if clocked else UNCLOCKED,
        constraints=limits(needs, values) + (latency_constraint(latency, values) if latency is not None else []),
        bounds={layer.layer.name: Bound(layer.bound, layer.cores) for layer in placed},
        ticks=work.ticks,
        cores=cores,
        chips=chips,
        at_least=clocked and len(_untimed(chips, values)) > 0,
        pace=_pace(loads, placed, steps, events, work, values) if clocked else "",
        copies=copies(sum([layer.stored for layer in placed]), work),
        assumptions=(*_assumptions(work), *work.assumptions, *streamed(batch, work.interval)),
        details=loads,
    )


def _hops(cores: int, values: Values) -> float:
    tiles = min(cores, values["cores_per_chip"]) / values.get("cores_per_tile", 1.0)
    return values.get("spread", 1.0) * 2 / 3 * sqrt(tiles)


def _load(placed: Placed, arriving: Mapping[str, Curve], work: Trace, values: Values) -> Load:
    layer = placed.layer
    events = added([arriving[name] for name in placed.places], work.ticks)
    active = at_most(times(events, layer.columns), layer.compartments)
    senders = [source for source in placed.copies if source in work.senders]
    messages = added([times(work.senders[source], placed.copies[source]) for source in senders], work.ticks)
    share = values.get("skew", 1.0) / placed.cores
    idle = times(short_of(active, layer.compartments), values.get("t_update_inactive", 0.0))
    parts = [
        times(events, values.get("t_synaptic_event", 0.0) * share),
        times(added([times(active, values.get("t_update_active", 0.0)), idle], work.ticks), share),
        times(messages, values.get("t_message", 0.0) * share),
    ]
    return Load(layer.name, total(active), parts, added(parts, work.ticks))


def _steps(busy: Sequence[Curve], work: Trace, values: Values, chips: int) -> Steps:
    """What the busiest core, the barrier and the host make of each step, and of the steps of a stream."""
    fixed = values.get("t_barrier" if chips == 1 else "t_barrier_chips", 0.0) + values.get("t_host", 0.0)
    least = values.get("t_step_min", 0.0)
    slowest = at_least(highest(busy), least)
    steady = at_least(highest([folded(curve, work.interval) for curve in busy]), least)
    single, period = total(slowest) + work.ticks * fixed, total(steady) + work.interval * fixed
    return Steps(slowest, which_highest(busy), work.ticks * fixed, single, period)


def _updates(work: Trace, loads: Sequence[Load]) -> list[Charge]:
    charges = []
    for layer, load in zip(work.layers, loads):  # noqa: B905  # PScript's zip is not strict
        idle = layer.compartments * work.ticks - load.active
        charges.append(Charge(load.name, "update_active", "dynamic", load.active, "update_active"))
        charges.append(Charge(load.name, "update_inactive", "dynamic", idle, "update_inactive"))
    return charges


def _messages(work: Trace, placed: Sequence[Placed], hops: float) -> list[Charge]:
    reached: dict[str, int] = {}
    for layer in placed:
        for source in keys(layer.copies):
            reached[source] = reached.get(source, 0) + layer.copies[source]
    charges = []
    for source in keys(work.senders):
        messages = total(work.senders[source]) * reached.get(source, 0)
        charges.append(Charge(source, "message", "dynamic", messages, "message"))
        charges.append(Charge(source, "hop", "dynamic", messages * hops, "hop"))
    return charges


def _power(latency: float | None, chips: int, batch: int) -> list[Charge]:
    """What whole chips and the host draw meanwhile; without a time it is no energy."""
    if latency is None:
        return []
    chip = Charge("(chip)", "static", "static", chips * latency / batch, "static_power")
    return [chip, Charge("(host)", "host", "io", latency / batch, "host_power")]


def _untimed(chips: int, values: Values) -> list[Unpriced]:
    """What takes a time that nobody knows; under a real-time step it hides behind that."""
    barrier = "t_barrier" if chips == 1 else "t_barrier_chips"
    missing = [] if "t_step_min" in values else [name for name in (*WORK, barrier) if name not in values]
    return [Unpriced("(chip)", name, "time", "nobody has published it") for name in missing]


def _pace(
    loads: Sequence[Load],
    placed: Sequence[Placed],
    steps: Steps,
    events: Mapping[str, Curve],
    work: Trace,
    values: Values,
) -> str:
    """Say what decides a step: the core and resource that decide most of the time, or what no core can shorten."""
    worked = total(steps.slowest)
    if steps.waited >= worked:
        share = rounded(steps.waited / (steps.waited + worked)) if steps.waited else ""
        return f"barrier and host take {share} of the time" if steps.waited else ""
    idle = share_not_above(steps.slowest, values.get("t_step_min", 0.0))
    if idle > 0.5:
        return f"the real-time step: {rounded(idle)} of the steps have nothing slower"
    shares = [total_where(steps.slowest, steps.first, k) for k in range(len(loads))]
    slowest = first_largest(shares)
    parts = _load(placed[slowest], events, work, values).parts
    resource = RESOURCES[first_largest([total_where(part, steps.first, slowest) for part in parts])]
    return f"the cores of '{loads[slowest].name}' decide {rounded(shares[slowest] / worked)} of the time, by {resource}"


def _assumptions(work: Trace) -> list[str]:
    lines = [
        "cores are filled layer by layer and never shared; the load of a layer spreads over its cores but for the skew",
        "neighbors share a core: a spike goes to the cores of the neurons it reaches and no others",
        "a neuron is updated every step; it counts as active where events arrive, at most one neuron an event",
        "whole chips draw static power, used or not",
    ]
    if work.delay == 0:
        lines.append(
            f"the activity has no delay: its {work.steps} step(s) are laid over {work.stages} stages as a pipeline, "
            f"{work.ticks} chip steps in all"
        )
    return lines


KIND = Kind("neuromorphic", SLOTS, cost)
