"""Counting a network and its activity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np

from spiking import (
    Activity,
    Conv,
    ConvTranspose,
    Embedding,
    Input,
    InvalidInput,
    Linear,
    MatMul,
    Multiply,
    Neuron,
    Node,
    Output,
    Product,
    SpikingNetwork,
    Synapses,
    UnsupportedNode,
    Weighted,
    count,
    fan_totals,
    fingerprint,
    handed_on,
    is_wiring,
    synapses,
)

from ..bounds import complaint, curve_fault, said, whole
from .parts import Curve, Layer, Place
from .places import counted_place
from .trace import Trace

SENDING = (Input, Neuron, Product)
COUNTED = (Linear, Conv, ConvTranspose, Embedding, MatMul, Multiply)
NOTHING = Synapses(0, 0, 0, 0)


def tally(network: SpikingNetwork, activity: Activity) -> Trace:
    """Count a network and its activity.

    Raises InvalidInput with every fault of the activity, UnsupportedNode with every node that cannot be counted.
    """
    strange = [n for n in network if isinstance(n, Weighted | Product) and not isinstance(n, COUNTED)]
    if strange:
        names = [f"{type(node).__name__} '{node.name}'" for node in strange]
        raise UnsupportedNode("\n  ".join([f"{len(names)} node(s) cannot be costed, synapse count undefined:", *names]))
    run = _Run(network, activity, fan_totals(network), handed_on(network))
    faults = list(_faults(network, activity, set(run.fans)))
    if faults:
        raise InvalidInput(complaint("the activity does not fit:", faults))
    places, senders = _places(run), _senders(run)
    layers = _layers(run, places, senders)
    named = {*places, *senders, *layers}
    once = [node for node in network if run.home[node.name] == node.name]
    return Trace(
        network=f"{len(network.nodes)} nodes, {network.bodies:,} neurons, {network.schedule}",
        order=tuple(n.name for n in once if isinstance(n, Input | Product) or n.name in named),
        steps=activity.steps,
        delay=activity.delay,
        stages=run.stages,
        ticks=run.ticks,
        samples=activity.samples,
        neurons=network.bodies,
        bits=max((n.alphabet.bits for n in network.populations if n.alphabet is not None), default=0.0),
        places=tuple(places.values()),
        layers=tuple(layers.values()),
        senders=senders,
        columns=run.columns,
        sizes={n.name: _elements(network, n) * run.columns.get(n.name, 1) for n in once if isinstance(n, SENDING)},
        inputs=frozenset(node.name for node in network.inputs),
        assumptions=tuple(_assumptions(network, list(layers.values()))),
    )


@dataclass(frozen=True)
class _Run:
    """A network, its activity, and how its nodes and ticks are counted.

    fans      place -> source -> synapses of one spike of each of its elements, summed
    wiring    place -> synapses behind its sums, beyond handing each on once
    home      node -> the node that it is: of a recurrent cell, the one at the first time step
    columns   neuron node -> binary neurons for each neuron
    stages    synaptic stages on the longest path
    """

    network: SpikingNetwork
    activity: Activity
    fans: Mapping[str, Mapping[str, int]]
    wiring: Mapping[str, int]

    @cached_property
    def home(self) -> dict[str, str]:
        return {node.name: self.network.moments.get(node.name, node.name) for node in self.network}

    @cached_property
    def columns(self) -> dict[str, int]:
        return {self.home[n.name]: n.alphabet.columns for n in self.network.populations if n.alphabet is not None}

    @cached_property
    def stages(self) -> int:
        return 1 + max(self.network.depth[out.name] for out in self.network.outputs)

    @cached_property
    def ticks(self) -> int:
        return self.activity.steps if self.activity.delay else self.stages - 1 + self.activity.steps

    def curve(self, values: Curve, before: int) -> Curve:
        """Lay a curve over the ticks, `before` layers behind the input.

        Delay 0 says nothing of time: what layer d sends is read a tick later.
        """
        begin = 0 if self.activity.delay else before
        return np.pad(np.asarray(values, dtype=np.float64), (begin, self.ticks - self.activity.steps - begin))


def _places(run: _Run) -> dict[str, Place]:
    """The places by name; the time steps of a recurrent cell are one."""
    owned = synapses(run.network)
    places: dict[str, Place] = {}
    for name, fans in run.fans.items():
        before = max(run.network.depth[source] for source in fans)
        events = run.curve(run.activity.events[name], before)
        wired = _wired(run, name)
        made = counted_place(run.network, name, wired, owned.get(name, NOTHING), events, before + 1)
        made, home = replace(made, wiring=run.wiring.get(name, 0)), run.home[name]
        places[home] = _both(places[home], made) if home in places else made
    return places


def _senders(run: _Run) -> dict[str, Curve]:
    """Spikes of inputs and neurons, by name, each tick."""
    senders: dict[str, Curve] = {}
    for name, spikes in run.activity.spikes.items():
        sent, home = run.curve(spikes, run.network.depth[name]), run.home[name]
        senders[home] = senders[home] + sent if home in senders else sent
    return senders


def _layers(run: _Run, places: dict[str, Place], senders: dict[str, Curve]) -> dict[str, Layer]:
    """What integrates, by name; a recurrent cell gathers its places over its time steps."""
    layers: dict[str, Layer] = {}
    order = {name: i for i, name in enumerate(places)}
    for node in run.network:
        if not isinstance(node, Neuron | Output | Product):
            continue
        feeding = sorted(_feeding(run, node) & places.keys(), key=order.__getitem__)
        fed = tuple(places[name] for name in feeding)
        known = layers.get(run.home[node.name])
        if known is None:
            layers[node.name] = _layer(run, node, senders.get(node.name, np.zeros(run.ticks)), fed)
        else:
            more = tuple(place for place in fed if place not in known.places)
            layers[known.name] = replace(known, places=known.places + more, time_steps=known.time_steps + 1)
    return layers


def _wired(run: _Run, name: str) -> dict[str, int]:
    """Physical synapses from each source to a place: the rows of a cell's weights are one set of synapses in time."""
    node, fans, found = run.network[name], run.fans[name], Counter[str]()
    rows = count(node, *(run.network.shapes[above] for above in node.inputs)).moments
    for source, n in fans.items():
        if n or len(fans) == 1:
            found[run.home[source]] += n
    return {source: n // rows * run.columns.get(source, 1) for source, n in found.items()}


def _both(first: Place, later: Place) -> Place:
    """One place at two time steps."""
    return replace(
        first,
        sources=tuple(dict.fromkeys((*first.sources, *later.sources))),
        physical=max(first.physical, later.physical),
        wiring=max(first.wiring, later.wiring),
        macs=first.macs + later.macs,
        calls=first.calls + later.calls,
        events=first.events + later.events,
    )


def _layer(run: _Run, node: Node, spikes: Curve, places: tuple[Place, ...]) -> Layer:
    shapes = run.network.shapes
    return Layer(
        node.name,
        prod(shapes[node.name]),
        sum(prod(shapes[above]) for above in node.inputs),
        run.columns.get(node.name, 1),
        tuple(sorted({f.label for f in node.function if not f.plain})) if isinstance(node, Neuron) else (),
        spikes,
        places,
    )


def _feeding(run: _Run, node: Node) -> set[str]:
    """The places whose events reach an integrator through fixed wiring; itself where it is one."""
    above = () if isinstance(node, Product) else run.network.upstream(node.name, through=is_wiring)
    return {run.home[node.name], *(run.home[n.name] for n in above if isinstance(n, Weighted))}


def _elements(network: SpikingNetwork, node: Node) -> int:
    """Lines a sender has: its elements, or each word of each id."""
    return prod(network.shapes[node.name]) * max(node.vocabulary if isinstance(node, Input) else 1, 1)


def _assumptions(network: SpikingNetwork, layers: list[Layer]) -> Iterator[str]:
    uses = Counter(place.name for layer in layers for place in layer.places)
    shared = sum(times > 1 for times in uses.values())
    if shared:
        yield f"{shared} weighted node(s) feed several layers: each sum is formed once and handed on"
    wiring = sum(place.wiring for place in {place.name: place for layer in layers for place in layer.places}.values())
    if wiring:
        yield f"{wiring:,} synapses of wiring hand sums on to several integrators: laid down, but no events are theirs"
    drafts = sum(node.alphabet is None for node in network.populations)
    if drafts:
        yield f"{drafts} neuron node(s) have no alphabet yet: taken as binary"
    if any(node.alphabet is not None and node.alphabet.columns > 1 for node in network.populations):
        yield "no payloads: a graded neuron is a column of binary ones on one integrator, each with its own synapses"
    if any(layer.time_steps > 1 for layer in layers):
        yield "a recurrent cell is one set of neurons and synapses, used again at every time step"
    yield "an analog input value is one event for each synapse it drives"


def _faults(network: SpikingNetwork, activity: Activity, places: set[str]) -> Iterator[str]:
    wanted = fingerprint(network)
    if not isinstance(activity.network, str) or activity.network != wanted:
        yield f"activity of another network: it belongs to {said(activity.network)}, this one is {wanted}; run it again"
        return
    if not whole(activity.steps, 1) or not whole(activity.samples) or not whole(activity.delay) or activity.delay > 1:
        counts = f"steps {said(activity.steps)}, delay {said(activity.delay)}, samples {said(activity.samples)}"
        yield f"{counts} do not describe a run: steps is at least 1, delay 0 or 1, samples at least 0"
        return
    spiking = {node.name for node in network if isinstance(node, Input | Neuron)}
    for label, curves, names in (("spikes", activity.spikes, spiking), ("events", activity.events, places)):
        if not isinstance(curves, Mapping):
            yield f"{label} must map the names of nodes to curves, not be {said(curves)}"
            continue
        for name in sorted(names - set(curves)):
            yield f"{label} of '{name}' are missing"
        for name, values in curves.items():
            wrong = curve_fault(values, activity.steps) if name in names else "belong to no node of the network"
            if wrong:
                yield f"{label} of '{name}' {wrong}"
