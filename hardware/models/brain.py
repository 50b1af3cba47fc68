"""Fully parallel, one slow clock, every synapse a thing of its own: a brain."""

from __future__ import annotations

from ..workload.trace import Trace
from .base import (
    Charge,
    Constraint,
    Kind,
    Outcome,
    Slot,
    Values,
    function_charges,
    latency_constraint,
    streamed,
)

SLOTS = (
    Slot("prices", "synaptic_event", "J", required=False),
    Slot("prices", "gating_event", "J", required=False),
    Slot("prices", "resting_power", "W/synapse", required=False),
    Slot("speeds", "tick", "s", positive=True),
    Slot("limits", "latency_budget", "s", required=False, better="high"),
    Slot("limits", "synapse_budget", "1", required=False, better="high"),
    Slot("limits", "fan_in_max", "1", required=False, better="high"),
    Slot("limits", "dynamic_synapses", "1", required=False, better="high"),
)


def cost(work: Trace, values: Values, batch: int) -> Outcome:
    """Energy, time and room on a machine with one element for each synapse.

        latency = (ticks + (batch − 1)·interval)·tick         E = events · E_event  (all-in: contains rest)
        synapses = Σ_place Σ_source wired · columns           E' = synapses · P_synapse · latency / batch

    E' is another count of E, not more of it.

    Units    s, J per inference; tick s, E_event J, P_synapse W/synapse
    Source   events and rest: Attwell & Laughlin 2001; Levy & Calvert 2021. Clock: Feldman & Ballard 1982
    """
    latency = (work.ticks + (batch - 1) * work.interval) * values["tick"]
    charges = [
        Charge(place.name, action, "dynamic", float(place.events.sum()), action)
        for place in work.places
        for action in ["gating_event" if place.dynamic else "synaptic_event"]
    ]
    rest = Charge("(rest)", "rest", "static", work.physical * latency / batch, "resting_power")
    return Outcome(
        charges=tuple(charges + function_charges(work.layers, lambda _: work.ticks)),
        latency=latency,
        alternatives={"resting share": (rest,)},
        constraints=tuple(_constraints(work, values, latency)),
        ticks=work.ticks,
        copies=(work.physical / work.weights) if work.weights else None,
        assumptions=(*_assumptions(work), *work.assumptions, *streamed(batch, work.interval)),
    )


def _constraints(work: Trace, values: Values, latency: float) -> list[Constraint]:
    found = []
    if "latency_budget" in values:
        found.append(Constraint("depth", work.stages * values["tick"], values["latency_budget"], "s"))
    found += latency_constraint(latency, values)
    widest = max((place.fan_in for place in work.places), default=0)
    for name, needed, limit in (
        ("synapses", work.physical, "synapse_budget"),
        ("fan_in", widest, "fan_in_max"),
        ("dynamic_synapses", work.dynamic, "dynamic_synapses"),
    ):
        if limit in values:
            found.append(Constraint(name, needed, values[limit], "1"))
    return found


def _assumptions(work: Trace) -> list[str]:
    lines = [
        "one tick for each synaptic stage; pooling, shortcuts and the functions of neurons take none",
        "the price of an event is all-in: it contains rest and transport; the resting share is another count, not more",
    ]
    if work.delay == 0:
        lines.append(
            f"the activity has no delay: its {work.steps} step(s) are laid over {work.stages} stages as a wavefront, "
            f"{work.stages} + {work.steps} − 1 = {work.ticks} ticks"
        )
    return lines


KIND = Kind("brain", SLOTS, cost)
