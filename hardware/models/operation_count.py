"""Arithmetic alone: the papers' habit of additions against multiply-accumulates."""

from __future__ import annotations

from ..workload.trace import Trace
from .base import Charge, Kind, Outcome, Slot, Unpriced, Values, function_charges

SLOTS = (
    Slot("prices", "synaptic_event", "J", required=False),
    Slot("prices", "mac", "J", required=False),
    Slot("prices", "neuron_update", "J", required=False),
)


def cost(work: Trace, values: Values, batch: int) -> Outcome:
    """Energy of the additions of a spiking network, beside the multiply-accumulates of its dense source.

        E = (events off the input) · E_add + (events of the analog input) · E_mac
        dense source = MACs · E_mac

    Units    J per inference; the batch changes nothing
    Source   Horowitz, ISSCC 2014 (45 nm, fp32); as used by Rathi & Roy 2021 and the papers after it
    """
    charges = []
    for place in work.places:
        action = "mac" if work.inputs.intersection(place.sources) else "synaptic_event"
        charges.append(Charge(place.name, action, "dynamic", float(place.events.sum()), action))
    for layer in work.layers:
        updates = layer.neurons * layer.time_steps * work.steps
        charges.append(Charge(layer.name, "neuron_update", "dynamic", updates, "neuron_update"))
    dense = tuple(Charge(place.name, "mac", "dynamic", place.macs, "mac") for place in work.places if place.macs)
    missing = (
        Unpriced("(chip)", "memory", "dynamic", "the convention counts arithmetic alone"),
        Unpriced("(chip)", "static", "static", "the convention has no power without work"),
        Unpriced("(host)", "io", "io", "the convention has no input and output"),
        Unpriced("(chip)", "latency", "time", "the convention has no clock"),
    )
    return Outcome(
        charges=tuple(charges + function_charges(work.layers, lambda layer: work.steps * layer.time_steps)),
        latency=None,
        alternatives={"dense source": dense},
        unpriced=missing,
        assumptions=(
            "a graded event is a shift and an addition, priced as one addition",
            "where an analog input arrives every event is priced as a multiply-accumulate",
            "biases are left out, as in the dense count",
        ),
    )


KIND = Kind("operation_count", SLOTS, cost)
