"""Counting a network and its activity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil, prod

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
    macs,
    synapses,
)

from ..bounds import curve_fault, said, whole
from .surroundings import surrounded
from .trace import Curve, Layer, Matrix, Place, Trace

SENDING = (Input, Neuron, Product)
COUNTED = (Linear, Conv, ConvTranspose, Embedding, MatMul, Multiply)


def tally(network: SpikingNetwork, activity: Activity) -> Trace:
    """Count a network and its activity.

    Raises InvalidInput with every fault of the activity, UnsupportedNode with every node that cannot be counted.
    """
    strange = [n for n in network if isinstance(n, Weighted | Product) and not isinstance(n, COUNTED)]
    if strange:
        names = [f"{type(node).__name__} '{node.name}'" for node in strange]
        raise UnsupportedNode(
            "\n  ".join([f"{len(names)} node(s) cannot be costed, nobody knows their synapses:", *names])
        )
    totals = fan_totals(network)
    faults = list(_faults(network, activity, set(totals)))
    if faults:
        raise InvalidInput("\n  ".join(["the activity does not fit:", *faults]) if len(faults) > 1 else faults[0])
    home = {node.name: network.moments.get(node.name, node.name) for node in network}
    stages = 1 + max(network.depth[out.name] for out in network.outputs)
    ticks = activity.steps if activity.delay else stages - 1 + activity.steps
    columns = {home[n.name]: n.alphabet.columns for n in network.populations if n.alphabet is not None}

    def curve(values: Curve, before: int) -> Curve:
        begin = 0 if activity.delay else before  # delay 0 says nothing of time: what layer d sends is read a tick later
        return np.pad(np.asarray(values, dtype=np.float64), (begin, ticks - activity.steps - begin))

    counted = synapses(network)
    places: dict[str, Place] = {}
    for name, fans in totals.items():
        before = max(network.depth[source] for source in fans)
        events = curve(activity.events[name], before)
        made = _place(network, name, _wired(network, name, fans, home), columns, events, counted, before + 1)
        known = places.get(home[name])
        places[home[name]] = made if known is None else _both(known, made)
    senders: dict[str, Curve] = {}
    for name, spikes in activity.spikes.items():
        sent = curve(spikes, network.depth[name])
        senders[home[name]] = senders[home[name]] + sent if home[name] in senders else sent
    layers: dict[str, Layer] = {}
    for node in network:
        if isinstance(node, Neuron | Output | Product):
            fed = [places[name] for name in _feeders(network, node, places, home)]
            known_layer = layers.get(home[node.name])
            if known_layer is None:
                layers[node.name] = _layer(network, node, columns, senders.get(node.name, np.zeros(ticks)), fed)
            else:
                more = tuple(place for place in fed if place not in known_layer.places)
                grown = replace(known_layer, places=known_layer.places + more, time_steps=known_layer.time_steps + 1)
                layers[home[node.name]] = grown
    known_names = {*places, *senders, *layers}
    once = [node for node in network if home[node.name] == node.name]
    return Trace(
        network=f"{len(network.nodes)} nodes, {network.bodies:,} neurons, {network.schedule}",
        order=tuple(n.name for n in once if isinstance(n, Input | Product) or n.name in known_names),
        steps=activity.steps,
        delay=activity.delay,
        stages=stages,
        ticks=ticks,
        samples=activity.samples,
        neurons=network.bodies,
        bits=max((n.alphabet.bits for n in network.populations if n.alphabet is not None), default=0.0),
        places=tuple(places.values()),
        layers=tuple(layers.values()),
        senders=senders,
        columns=columns,
        sizes={n.name: _elements(network, n) * columns.get(n.name, 1) for n in once if isinstance(n, SENDING)},
        inputs=frozenset(node.name for node in network.inputs),
        assumptions=tuple(_assumptions(network, list(layers.values()))),
    )


def _faults(network: SpikingNetwork, activity: Activity, places: set[str]) -> Iterator[str]:
    wanted = fingerprint(network)
    if not isinstance(activity.network, str) or activity.network != wanted:
        yield f"activity of another network: it belongs to {said(activity.network)}, this one is {wanted}; run it again"
        return
    if not whole(activity.steps, 1) or not whole(activity.samples) or not whole(activity.delay) or activity.delay > 1:
        counts = f"steps {said(activity.steps)}, delay {said(activity.delay)}, samples {said(activity.samples)}"
        yield f"{counts} are of no run"
        return
    spiking = {node.name for node in network if isinstance(node, Input | Neuron)}
    for label, curves, names in (
        ("spikes", activity.spikes, spiking),
        ("events", activity.events, places),
    ):
        if not isinstance(curves, Mapping):
            yield f"{label} must be curves by the names of nodes, not {said(curves)}"
            continue
        for name in sorted(names - set(curves)):
            yield f"{label} of '{name}' are missing"
        for name, values in curves.items():
            wrong = curve_fault(values, activity.steps) if name in names else "belong to nothing in the network"
            if wrong:
                yield f"{label} of '{name}' {wrong}"


def _wired(network: SpikingNetwork, name: str, fans: dict[str, int], home: dict[str, str]) -> dict[str, int]:
    """Synapses from each source to a place, in space: the rows of a cell's weights are one set of synapses in time."""
    node = network[name]
    rows = count(node, *(network.shapes[above] for above in node.inputs)).moments
    found: dict[str, int] = {}
    for source, n in fans.items():
        if n or len(fans) == 1:
            found[home[source]] = found.get(home[source], 0) + n
    return {source: n // rows for source, n in found.items()}


def _both(one: Place, other: Place) -> Place:
    """Two moments of one place."""
    sources = tuple(dict.fromkeys((*one.sources, *other.sources)))
    return replace(
        one,
        sources=sources,
        physical=max(one.physical, other.physical),
        macs=one.macs + other.macs,
        calls=one.calls + other.calls,
        events=one.events + other.events,
    )


def _layer(network: SpikingNetwork, node: Node, columns: dict[str, int], spikes: Curve, places: list[Place]) -> Layer:
    return Layer(
        node.name,
        prod(network.shapes[node.name]),
        sum(prod(network.shapes[above]) for above in node.inputs),
        columns.get(node.name, 1),
        tuple(sorted({f.label for f in node.function if not f.plain})) if isinstance(node, Neuron) else (),
        spikes,
        tuple(places),
    )


def _place(
    network: SpikingNetwork,
    name: str,
    wired: dict[str, int],
    columns: dict[str, int],
    events: Curve,
    counted: dict[str, Synapses],
    stage: int,
) -> Place:
    node = network[name]
    shapes = [network.shapes[above] for above in node.inputs]
    outputs = prod(network.shapes[name])
    found = counted.get(name, Synapses(0, 0, 0, 0))
    alone = count(node, *shapes)
    physical = 0 if isinstance(node, Product) else sum(n * columns.get(source, 1) for source, n in wired.items())
    reads, matrix, taps, channels, fan_in = alone.weights, None, 1, 1, ceil(physical / outputs)
    match node:
        case Linear():
            matrix = Matrix(prod(shapes[0][:-1]), node.weight.shape[0], node.weight.shape[1], 1)
            taps, channels = node.weight.shape
        case Embedding():
            ids, physical = prod(shapes[0]), found.physical
            reads, matrix = ids * node.weight.shape[1], Matrix(ids, node.weight.shape[1], 1, 1)
            channels, taps = node.weight.shape
        case Conv():
            outs, ins, *kernel = node.weight.shape
            matrix = Matrix(outputs // outs, outs // node.groups, ins * prod(kernel), node.groups)
            taps, channels = node.weight.size // shapes[0][0], shapes[0][0]
        case ConvTranspose():
            ins, outs, *kernel = node.weight.shape
            matrix = Matrix(prod(shapes[0][1:]), outs * prod(kernel), ins // node.groups, node.groups)
            taps, channels = node.weight.size // ins, ins
        case MatMul():
            *_, rows, width = network.shapes[name]
            matrix = Matrix(rows, width, shapes[0][-1], outputs // (rows * width))
        case Multiply():
            matrix = Matrix(1, 1, 1, outputs)
    if isinstance(node, Weighted) and alone.physical:
        fan_in = ceil(_inner(node) * physical / alone.physical)
    place = Place(
        name=name,
        kind=type(node).__name__,
        weights=found.weights,
        reads=reads,
        unrolled=found.unrolled,
        physical=physical,
        dynamic=found.dynamic,
        fan_in=fan_in,
        taps=taps,
        channels=channels,
        values=sum(map(prod, shapes)) + outputs,
        macs=macs(node, *shapes),
        calls=1,
        sources=tuple(wired),
        matrix=matrix,
        events=events,
        stage=stage,
    )
    return surrounded(network, node, place)


def _inner(node: Weighted) -> int:
    """Synapses on one output, away from the border."""
    match node:
        case Embedding():
            return int(node.weight.shape[0])
        case ConvTranspose():
            ins, _, *kernel = node.weight.shape
            return int(ins // node.groups * prod(ceil(k / t) for k, t in zip(kernel, node.stride, strict=True)))
    return int(node.weight[0].size)


def _elements(network: SpikingNetwork, node: Node) -> int:
    """Lines a sender has: its elements, or each word of each id."""
    return prod(network.shapes[node.name]) * max(node.vocabulary if isinstance(node, Input) else 1, 1)


def _feeders(network: SpikingNetwork, node: Node, places: dict[str, Place], home: dict[str, str]) -> list[str]:
    """The places whose events reach an integrator through fixed wiring; itself where it is one."""
    found: set[str] = {home[node.name]} & set(places)
    stack = [] if isinstance(node, Product) else list(node.inputs)
    seen: set[str] = set()
    while stack:
        above = network[stack.pop()]
        if above.name in seen or isinstance(above, Input | Neuron | Product):
            continue
        seen.add(above.name)
        if isinstance(above, Weighted):
            found.add(home[above.name])
        else:
            stack.extend(above.inputs)
    return sorted(found, key=list(places).index) if len(found) > 1 else list(found)


def _assumptions(network: SpikingNetwork, layers: list[Layer]) -> Iterator[str]:
    uses: dict[str, int] = {}
    for layer in layers:
        for place in layer.places:
            uses[place.name] = uses.get(place.name, 0) + 1
    shared = [name for name, times in uses.items() if times > 1]
    if shared:
        yield f"{len(shared)} weighted node(s) feed several layers: each sum is formed once and handed on"
    drafts = sum(node.alphabet is None for node in network.populations)
    if drafts:
        yield f"{drafts} neuron node(s) have no alphabet yet: taken as binary"
    if any(node.alphabet is not None and node.alphabet.columns > 1 for node in network.populations):
        yield "no payloads: a graded neuron is a column of binary ones on one integrator, each with its own synapses"
    if any(layer.time_steps > 1 for layer in layers):
        yield "the moments of a recurrent cell are one set of neurons and synapses, used again and again"
    yield "an analog input value is one event for each synapse it drives"
