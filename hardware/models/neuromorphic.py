"""Many small digital cores that share their circuits over time, with events in between: Loihi and its kin."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np

from ..workload.trace import Curve, Trace
from .base import (
    Bound,
    Charge,
    Constraint,
    Kind,
    Outcome,
    Slot,
    Unpriced,
    Values,
    function_charges,
    latency_constraint,
    streamed,
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
    cores = sum(layer.cores for layer in placed)
    chips = ceil(cores / values["cores_per_chip"])
    tiles = min(cores, values["cores_per_chip"]) / values.get("cores_per_tile", 1.0)
    hops = values.get("spread", 1.0) * 2 / 3 * sqrt(tiles)
    arriving = [_arriving(one) for one in placed]
    active = [_active(one, events) for one, events in zip(placed, arriving, strict=True)]
    loads = [_load(*layer, work, values) for layer in zip(placed, arriving, active, strict=True)]
    barrier = "t_barrier" if chips == 1 else "t_barrier_chips"
    fixed = values.get(barrier, 0.0) + values.get("t_host", 0.0)
    least = values.get("t_step_min", 0.0)
    clocked = any(name in values for name in (*WORK, "t_step_min"))
    busy = [sum(load.values(), np.zeros(work.ticks)) for load in loads]
    slowest = np.maximum(np.max(busy, axis=0), least)
    single = float(slowest.sum()) + work.ticks * fixed
    period = float(_steady(np.array(busy), work.interval, least)) + work.interval * fixed
    latency = single + (batch - 1) * period if clocked else None
    missing = [] if "t_step_min" in values else [name for name in (*WORK, barrier) if name not in values]
    charges = [*_charges(work, placed, active, hops), *function_charges(work.layers, lambda _: work.ticks)]
    unpriced = []
    if latency is not None:
        charges.append(Charge("(chip)", "static", "static", chips * latency / batch, "static_power"))
        charges.append(Charge("(host)", "host", "io", latency / batch, "host_power"))
        unpriced += [Unpriced("(chip)", name, "time", "nobody has published it") for name in missing]
    else:
        unpriced.append(Unpriced("(chip)", "latency", "time", "nobody has published what its events take"))
        unpriced.append(Unpriced("(chip)", "static", "static", "power without a time is no energy"))
        unpriced.append(Unpriced("(host)", "host", "io", "power without a time is no energy"))
    widest = max((here.fan_in for here in work.places), default=0)
    room = (("dynamic_synapses", work.dynamic), ("chips", chips), ("fan_in_max", widest))
    constraints = [Constraint(name, needed, values[name], "1") for name, needed in room if name in values]
    return Outcome(
        charges=tuple(charges),
        latency=latency,
        unpriced=tuple(unpriced),
        constraints=(*constraints, *(latency_constraint(latency, values) if latency is not None else ())),
        bounds={one.layer.name: Bound(one.bound, one.cores) for one in placed},
        ticks=work.ticks,
        cores=cores,
        chips=chips,
        at_least=clocked and bool(missing),
        pace=_pace(placed, loads, slowest, fixed, least) if clocked else "",
        copies=sum(one.stored for one in placed) / work.weights if work.weights else None,
        assumptions=(*_assumptions(work), *work.assumptions, *streamed(batch, work.interval)),
    )


def _arriving(one: Placed) -> Curve:
    """Events that a layer integrates, each tick."""
    return sum((here.events for here in one.layer.places), np.zeros_like(one.layer.spikes))


def _active(one: Placed, arriving: Curve) -> Curve:
    """Compartments with something to integrate, each tick: no more than events arrive, nor than there are."""
    return np.minimum(arriving * one.layer.columns, one.layer.compartments)


def _charges(work: Trace, placed: list[Placed], worked: list[Curve], hops: float) -> list[Charge]:
    charges = []
    for here in work.places:
        action = "gating_event" if here.dynamic else "synaptic_event"
        charges.append(Charge(here.name, action, "dynamic", float(here.events.sum()), action))
    for one, updated in zip(placed, worked, strict=True):
        name, active = one.layer.name, float(updated.sum())
        charges.append(Charge(name, "update_active", "dynamic", active, "update_active"))
        idle = one.layer.compartments * work.ticks - active
        charges.append(Charge(name, "update_inactive", "dynamic", idle, "update_inactive"))
    reached: dict[str, int] = {}
    for one in placed:
        for source, times in one.copies.items():
            reached[source] = reached.get(source, 0) + times
    for source, spikes in work.senders.items():
        messages = float(spikes.sum()) * reached.get(source, 0)
        charges.append(Charge(source, "message", "dynamic", messages, "message"))
        charges.append(Charge(source, "hop", "dynamic", messages * hops, "hop"))
    return charges


def _load(one: Placed, events: Curve, active: Curve, work: Trace, values: Values) -> dict[str, Curve]:
    """Seconds that the busiest core of a layer works, each tick, by resource."""
    messages = sum((work.senders[s] * n for s, n in one.copies.items() if s in work.senders), np.zeros(work.ticks))
    idle = one.layer.compartments - active
    updates = active * values.get("t_update_active", 0.0) + idle * values.get("t_update_inactive", 0.0)
    times = (events * values.get("t_synaptic_event", 0.0), updates, messages * values.get("t_message", 0.0))
    share = values.get("skew", 1.0) / one.cores
    return {name: time * share for name, time in zip(RESOURCES, times, strict=True)}


def _steady(busy: Curve, interval: int, least: float) -> float:
    """Seconds of work between two inferences of a stream: every layer has another one in hand."""
    folded = np.zeros((len(busy), interval))
    for tick in range(busy.shape[1]):
        folded[:, tick % interval] += busy[:, tick]
    return float(np.maximum(folded.max(axis=0), least).sum())


def _pace(placed: list[Placed], loads: list[dict[str, Curve]], slowest: Curve, fixed: float, least: float) -> str:
    """Say what decides a step: the core and resource that decide most of the time, or what no core can shorten."""
    waited, worked = fixed * len(slowest), float(slowest.sum())
    if waited >= worked:
        return f"barrier and host take {waited / (waited + worked):.0%} of the time" if waited else ""
    if np.mean(slowest <= least) > 0.5:
        return f"the real-time step: {np.mean(slowest <= least):.0%} of the steps have nothing slower"
    sums = np.array([sum(load.values()) for load in loads])
    first = sums.argmax(axis=0)
    shares = np.array([slowest[first == k].sum() for k in range(len(placed))])
    k = int(shares.argmax())
    resource = max(loads[k], key=lambda name: loads[k][name][first == k].sum())
    return f"the cores of '{placed[k].layer.name}' decide {shares[k] / slowest.sum():.0%} of the time, by {resource}"


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
