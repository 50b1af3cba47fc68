"""A spiking network simulated by events on a von Neumann machine: each event fetches its synapse from anywhere."""

from __future__ import annotations

from typing import NamedTuple

from ..workload.parts import Place
from ..workload.trace import Trace
from .base import Charge, Constraint, Kind, Outcome, Slot, Values, copies, function_charges, latency_constraint
from .curves import total

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


class Read(NamedTuple):
    """The synapses read at one place: seconds, and busy seconds at full power."""

    name: str
    seconds: float
    busy: float


def cost(work: Trace, values: Values, batch: int) -> Outcome:
    """Time by the memory that scattered synapses are read from, energy by the power drawn meanwhile.

        t = events·bytes/(η_gather·BW) + ticks·(places + layers)·t_launch          for each inference
        E = [P_idle + P_active·(φ + (1 − φ)·u)]·t,  u = events·bytes/(BW·t)

    Units    s for the batch, one inference after another; J per inference
    Source   η_gather: Knight & Nowotny 2018, Frontiers in Neuroscience 12 (a cortical microcircuit on four GPUs)
    """
    launches = work.ticks * (len(work.places) + len(work.layers)) * values["launch"]
    read = [_read(place, values) for place in work.places]
    single = launches + sum([place.seconds for place in read])
    charges = [Charge(place.name, "busy", "dynamic", place.busy, "active_power") for place in read]
    waiting = Charge("(chip)", "launch", "dynamic", values["busy_floor"] * launches, "active_power")
    outside = [
        Charge("(chip)", "static", "static", single, "idle_power"),
        Charge("(host)", "host", "io", single, "host_power"),
    ]
    held = (work.laid + work.dynamic) * values["bytes_per_synapse"]
    memory = Constraint("memory", held, values["memory"], "B")
    return Outcome(
        charges=[*charges, waiting, *function_charges(work.layers, lambda layer: work.ticks), *outside],
        latency=batch * single,
        constraints=[memory, *latency_constraint(batch * single, values)],
        ticks=work.ticks,
        copies=copies(work.physical, work),
        assumptions=(
            "every synapse is stored by itself and read when a spike crosses it; updates hide behind that",
            *work.assumptions,
            *([f"a batch of {batch} runs one after another"] if batch > 1 else []),
        ),
        details=read,
    )


def _read(place: Place, values: Values) -> Read:
    amount = total(place.events) * values["bytes_per_synapse"]
    seconds = amount / (values["gather_efficiency"] * values["memory_bandwidth"])
    full = amount / values["memory_bandwidth"]
    busy = values["busy_floor"] * seconds + (1 - values["busy_floor"]) * full
    return Read(place.name, seconds, busy)


KIND = Kind("event_driven", SLOTS, cost)
