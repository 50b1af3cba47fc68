"""Arithmetic alone: the papers' habit of additions against multiply-accumulates."""

from __future__ import annotations

from ..workload.trace import Trace
from .base import Charge, Kind, Outcome, Slot, Unpriced, Values, function_charges
from .curves import total

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
    events = []
    for place in work.places:
        action = "mac" if any(source in work.inputs for source in place.sources) else "synaptic_event"
        events.append(Charge(place.name, action, "dynamic", total(place.events), action))
    updates = [
        Charge(layer.name, "neuron_update", "dynamic", layer.neurons * layer.time_steps * work.steps, "neuron_update")
        for layer in work.layers
    ]
    functions = function_charges(work.layers, lambda layer: work.steps * layer.time_steps)
    dense = [Charge(place.name, "mac", "dynamic", place.macs, "mac") for place in work.places if place.macs]
    return Outcome(
        charges=events + updates + functions,
        latency=None,
        alternatives={"dense source": dense},
        unpriced=[
            Unpriced("(chip)", "memory", "dynamic", "the convention counts arithmetic alone"),
            Unpriced("(chip)", "static", "static", "the convention has no power without work"),
            Unpriced("(host)", "io", "io", "the convention has no input and output"),
            Unpriced("(chip)", "latency", "time", "the convention has no clock"),
        ],
        assumptions=(
            "a graded event is a shift and an addition, priced as one addition",
            "where an analog input arrives every event is priced as a multiply-accumulate",
            "biases are left out, as in the dense count",
        ),
    )


KIND = Kind("operation_count", SLOTS, cost)
