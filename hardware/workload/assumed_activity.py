"""The activity of a network that did not run: assumed() of a network, reassumed() of a trace."""

from __future__ import annotations

from math import prod

import numpy as np

from spiking import Activity, Input, InvalidInput, Neuron, Product, SpikingNetwork, fan_totals, fingerprint

from .parts import Curve
from .trace import ASSUMED, Trace


def assumed(
    network: SpikingNetwork, *, spikes_per_neuron: float = ASSUMED, steps: int | None = None, delay: int = 1
) -> Activity:
    """Return an activity in which every neuron sends the same number of spikes; its costs say "assumed".

        events = spikes of a source / its elements · synapses from it to the place

    spikes_per_neuron  over the whole inference, spread evenly over the ticks at which the neuron may fire
    steps              ticks; by default until the last window has closed and its spikes have arrived (delay 1), or 8
                       (delay 0)

    Every input element injects one event, at tick 1, or at every tick under the rate schedule.
    Raises InvalidInput: spikes_per_neuron, steps, delay.
    """
    last = max((n.start + (n.window or 1) for n in network.populations), default=1)
    steps = (last if delay else 8) if steps is None else steps
    if delay not in (0, 1) or steps < 1 or not 0 <= spikes_per_neuron <= steps:
        raise InvalidInput(
            f"delay must be 0 or 1, steps at least 1, spikes_per_neuron from 0 to steps, not {delay}, {steps} and "
            f"{spikes_per_neuron}"
        )
    sent: dict[str, Curve] = {}  # source -> spikes of one of its elements, each tick
    for node in network:
        match node:
            case Input():
                sent[node.name] = np.zeros(steps)
                sent[node.name][: None if network.schedule == "rate" else 1] = 1
            case Neuron():
                sent[node.name] = _spread(node, spikes_per_neuron, steps, delay)
            case Product():
                sides = [sent[source] for name in node.inputs for source in _senders(network, name)]
                sent[node.name] = (np.sum(sides, axis=0) > 0).astype(np.float64)
    totals = fan_totals(network)
    events = {
        place: np.sum([sent[source] * n for source, n in sources.items()], axis=0) for place, sources in totals.items()
    }
    spikes = {n.name: sent[n.name] * prod(network.shapes[n.name]) for n in network if isinstance(n, Input | Neuron)}
    return Activity(steps, 0, delay, fingerprint(network), spikes, events)


def reassumed(work: Trace, rate: float) -> Trace:
    """Return a trace with all activity scaled so that its neurons send `rate` spikes on average.

    Raises InvalidInput: rate; an activity that was measured, or has no spikes to scale.
    """
    if not work.assumed:
        raise InvalidInput(f"the activity was measured, {work.rate:.3g} spikes a neuron: no other can be assumed")
    if not work.rate > 0:
        raise InvalidInput("the trace has no spikes that could be scaled to another activity; count it with some")
    return work.scaled(rate / work.rate)


def _spread(node: Neuron, spikes: float, steps: int, delay: int) -> Curve:
    """Spikes of one neuron, each tick: even over its window behind the wavefront, or over all ticks without delay."""
    first = node.start - 1 if delay else 0
    stop = steps if not delay or node.window is None else min(first + node.window, steps)
    if spikes > max(stop - first, 0):
        raise InvalidInput(
            f"'{node.name}' may fire at {max(stop - first, 0)} of {steps} ticks: too few for {spikes} spikes"
        )
    curve = np.zeros(steps)
    curve[first:stop] = spikes / max(stop - first, 1)
    return curve


def _senders(network: SpikingNetwork, name: str) -> tuple[str, ...]:
    """The node itself if it sends, else the sources it is wired from."""
    return (name,) if isinstance(network[name], Input | Neuron | Product) else network.sources(name)
