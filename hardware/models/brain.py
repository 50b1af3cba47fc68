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
    copies,
    event_charges,
    function_charges,
    latency_constraint,
    limits,
    most,
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
        synapses = Σ_place (Σ_source wired · columns + wiring)          E' = synapses · P_synapse · latency / batch

    E' is another count of E, not more of it.

    Units    s, J per inference; tick s, E_event J, P_synapse W/synapse
    Source   events and rest: Attwell & Laughlin 2001; Levy & Calvert 2021. Clock: Feldman & Ballard 1982
    """
    latency = (work.ticks + (batch - 1) * work.interval) * values["tick"]
    needs = [
        ("synapses", work.laid, "synapse_budget"),
        ("fan_in", most([place.fan_in for place in work.places]), "fan_in_max"),
        ("dynamic_synapses", work.dynamic, "dynamic_synapses"),
    ]
    rest = Charge("(rest)", "rest", "static", work.laid * latency / batch, "resting_power")
    return Outcome(
        charges=event_charges(work) + function_charges(work.layers, lambda layer: work.ticks),
        latency=latency,
        alternatives={"resting share": [rest]},
        constraints=_depth(work, values) + latency_constraint(latency, values) + limits(needs, values),
        ticks=work.ticks,
        copies=copies(work.physical, work),
        assumptions=(*_assumptions(work), *work.assumptions, *streamed(batch, work.interval)),
    )


def _depth(work: Trace, values: Values) -> list[Constraint]:
    """The budget against what no parallelism shortens: the stages one after another."""
    depth = work.stages * values["tick"]
    return [Constraint("depth", depth, values["latency_budget"], "s")] if "latency_budget" in values else []


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
