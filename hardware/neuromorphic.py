"""Many small digital cores that share their circuits over time, with events in between: Loihi and its kin."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np

from .model import (
    Charge,
    Constraint,
    Kind,
    Outcome,
    Slot,
    Values,
    function_charges,
    latency_constraint,
    one_after_another,
)
from .placement import Placed, place
from .workload import Curve, Workload

SLOTS = (
    Slot("prices", "synaptic_event", "J", required=False),
    Slot("prices", "gating_event", "J", required=False),
    Slot("prices", "update_active", "J", required=False),
    Slot("prices", "update_inactive", "J", required=False),
    Slot("prices", "message", "J", required=False),
    Slot("prices", "hop", "J", required=False),
    Slot("prices", "static_power", "W", required=False),
    Slot("prices", "host_power", "W", required=False),
    Slot("speeds", "t_synaptic_event", "s"),
    Slot("speeds", "t_update_active", "s"),
    Slot("speeds", "t_update_inactive", "s"),
    Slot("speeds", "t_message", "s"),
    Slot("speeds", "t_barrier", "s"),
    Slot("speeds", "t_barrier_chips", "s"),
    Slot("speeds", "t_host", "s"),
    Slot("speeds", "spread", "1"),
    Slot("limits", "compartments", "1", better="high"),
    Slot("limits", "synapse_memory", "B", better="high"),
    Slot("limits", "axons_in", "1", better="high"),
    Slot("limits", "axons_out", "1", better="high"),
    Slot("limits", "weight_bits", "bit"),
    Slot("limits", "index_bits", "bit"),
    Slot("limits", "header_bits", "bit"),
    Slot("limits", "word_bits", "bit"),
    Slot("limits", "block_synapses", "1"),
    Slot("limits", "kernel_sharing", "1", better="high"),
    Slot("limits", "cores_per_tile", "1"),
    Slot("limits", "cores_per_chip", "1", better="high"),
    Slot("limits", "chips", "1", required=False, better="high"),
    Slot("limits", "dynamic_synapses", "1", required=False, better="high"),
    Slot("limits", "latency_budget", "s", required=False, better="high"),
)


def cost(work: Workload, values: Values, batch: int) -> Outcome:
    """Energy, time and room on time-multiplexed cores.

        t_step  = max_layer (events·t_syn + active·t_act + inactive·t_in + messages·t_msg) / cores + t_barrier + t_host
        latency = batch · Σ_step t_step
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
    hops = values["spread"] * 2 / 3 * sqrt(min(cores, values["cores_per_chip"]) / values["cores_per_tile"])
    single = _latency(work, placed, values, chips)
    charges = [*_charges(work, placed, hops), *function_charges(work.layers, lambda _: work.ticks)]
    charges.append(Charge("(chip)", "static", "static", chips * single, "static_power"))
    charges.append(Charge("(host)", "host", "io", single, "host_power"))
    room = (("dynamic_synapses", work.dynamic), ("chips", chips))
    constraints = [Constraint(name, needed, values[name], "1") for name, needed in room if name in values]
    return Outcome(
        charges=tuple(charges),
        latency=batch * single,
        constraints=(*constraints, *latency_constraint(batch * single, values)),
        bounds={one.layer.name: f"{one.bound} × {one.cores}" for one in placed},
        ticks=work.ticks,
        cores=cores,
        chips=chips,
        assumptions=(*_assumptions(work), *work.assumptions, *one_after_another(batch)),
    )


def _active(one: Placed) -> Curve:
    """Compartments with something to integrate, each tick: no more than events arrive, nor than there are."""
    arriving = sum((here.events for here in one.layer.places), np.zeros_like(one.layer.spikes))
    return np.minimum(arriving * one.layer.columns, one.layer.compartments)


def _charges(work: Workload, placed: list[Placed], hops: float) -> list[Charge]:
    charges = []
    for here in work.places:
        action = "gating_event" if here.dynamic else "synaptic_event"
        charges.append(Charge(here.name, action, "dynamic", float(here.events.sum()), action))
    for one in placed:
        name, active = one.layer.name, float(_active(one).sum())
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


def _latency(work: Workload, placed: list[Placed], values: Values, chips: int) -> float:
    """Sum the slowest layer's time over the ticks; its load is spread evenly over its cores."""
    slowest = np.zeros(work.ticks)
    for one in placed:
        active = _active(one)
        load = sum((here.events for here in one.layer.places), np.zeros(work.ticks)) * values["t_synaptic_event"]
        load = load + active * values["t_update_active"]
        load = load + (one.layer.compartments - active) * values["t_update_inactive"]
        for source, times in one.copies.items():
            if source in work.senders:
                load = load + work.senders[source] * times * values["t_message"]
        slowest = np.maximum(slowest, load / one.cores)
    barrier = values["t_barrier"] if chips == 1 else values["t_barrier_chips"]
    return float(slowest.sum()) + work.ticks * (barrier + values["t_host"])


def _assumptions(work: Workload) -> list[str]:
    lines = [
        "cores are filled layer by layer and never shared; the load of a layer spreads evenly over its cores",
        "neighbors share a core: a spike goes to the cores of the neurons it reaches and no others",
        "a neuron is updated every step; it counts as active where events arrive, at most one neuron an event",
        "whole chips draw static power, used or not",
    ]
    if work.delay == 0:
        lines.append(
            f"the activity has no delay: its {work.steps} steps are laid over {work.depth} layers as a pipeline, "
            f"{work.ticks} chip steps in all"
        )
    return lines


KIND = Kind("neuromorphic", SLOTS, cost)
