"""A spiking network simulated by events on a von Neumann machine: each event fetches its synapse from anywhere."""

from __future__ import annotations

from ..workload.trace import Trace
from .base import Charge, Constraint, Kind, Outcome, Slot, Values, function_charges, latency_constraint

SLOTS = (
    Slot("prices", "active_power", "W", required=False),
    Slot("prices", "idle_power", "W", required=False),
    Slot("prices", "host_power", "W", required=False),
    Slot("speeds", "memory_bandwidth", "B/s", better="high", positive=True),
    Slot("speeds", "gather_efficiency", "1", better="high", positive=True, most=1),
    Slot("speeds", "busy_floor", "1", most=1),
    Slot("speeds", "launch", "s"),
    Slot("limits", "bytes_per_synapse", "B"),
    Slot("limits", "memory", "B", better="high"),
    Slot("limits", "latency_budget", "s", required=False, better="high"),
)


def cost(work: Trace, values: Values, batch: int) -> Outcome:
    """Time by the memory that scattered synapses are read from, energy by the power drawn meanwhile.

        t = events·bytes/(η_gather·BW) + ticks·(places + layers)·t_launch          for each inference
        E = [P_idle + P_active·(φ + (1 − φ)·u)]·t,  u = events·bytes/(BW·t)

    Units    s for the batch, one inference after another; J per inference
    Source   η_gather: Knight & Nowotny 2018, Frontiers in Neuroscience 12 (a cortical microcircuit on four GPUs)
    """
    launches = work.ticks * (len(work.places) + len(work.layers)) * values["launch"]
    traffic = {place.name: float(place.events.sum()) * values["bytes_per_synapse"] for place in work.places}
    charges, single = [], launches
    for name, amount in traffic.items():
        seconds = amount / (values["gather_efficiency"] * values["memory_bandwidth"])
        full = amount / values["memory_bandwidth"]
        busy = values["busy_floor"] * seconds + (1 - values["busy_floor"]) * full
        charges.append(Charge(name, "busy", "dynamic", busy, "active_power"))
        single += seconds
    charges.append(Charge("(chip)", "launch", "dynamic", values["busy_floor"] * launches, "active_power"))
    charges += function_charges(work.layers, lambda _: work.ticks)
    charges.append(Charge("(chip)", "static", "static", single, "idle_power"))
    charges.append(Charge("(host)", "host", "io", single, "host_power"))
    held = (work.physical + work.dynamic) * values["bytes_per_synapse"]
    return Outcome(
        charges=tuple(charges),
        latency=batch * single,
        constraints=(Constraint("memory", held, values["memory"], "B"), *latency_constraint(batch * single, values)),
        ticks=work.ticks,
        copies=work.physical / work.weights if work.weights else None,
        assumptions=(
            "every synapse is stored by itself and read when a spike crosses it; updates hide behind that",
            *work.assumptions,
            *([f"a batch of {batch} runs one after another"] * (batch > 1)),
        ),
    )


KIND = Kind("event_driven", SLOTS, cost)
