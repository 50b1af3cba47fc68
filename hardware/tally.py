"""Counting a network and its activity."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod

import numpy as np

from spiking import (
    Activity,
    Conv,
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
    UnsupportedNode,
    Weighted,
    count,
    fan_outs,
    fingerprint,
)

from .workload import Curve, Layer, Matrix, Place, Workload

IN_THE_UPDATE = {"Identity", "Relu", "LeakyRelu", "Clamp", "MaxPool"}  # an add and a comparison: part of any neuron
COUNTED = (Linear, Conv, MatMul, Multiply)


def workload(network: SpikingNetwork, activity: Activity) -> Workload:
    """Count a network and its activity.

    Raises InvalidInput with every fault of the activity, UnsupportedNode with every node that cannot be counted.
    """
    strange = [n for n in network if isinstance(n, Weighted | Product) and not isinstance(n, COUNTED)]
    if strange:
        names = [f"{type(node).__name__} '{node.name}'" for node in strange]
        raise UnsupportedNode(
            "\n  ".join([f"{len(names)} node(s) cannot be costed, nobody knows their synapses:", *names])
        )
    fans_at = fan_outs(network)
    faults = list(_faults(network, activity, set(fans_at)))
    if faults:
        raise InvalidInput("\n  ".join(["the activity does not fit:", *faults]) if len(faults) > 1 else faults[0])
    depth = max(network.depth[out.name] for out in network.outputs)
    ticks = activity.steps if activity.delay else depth + activity.steps
    columns = {n.name: n.alphabet.columns for n in network.populations if n.alphabet is not None}

    def curve(values: Curve, before: int) -> Curve:
        begin = 0 if activity.delay else max(before - 1, 0)  # delay 0 says nothing of time: layer d speaks at tick d
        return np.pad(np.asarray(values, dtype=np.float64), (begin, ticks - activity.steps - begin))

    places = {}
    for name, fans in fans_at.items():
        wired = {source: round(float(fan.sum())) for source, fan in fans.items()}
        before = max(network.depth[source] for source in fans)
        places[name] = _place(network, name, wired, columns, curve(activity.events[name], before))
    senders = {name: curve(spikes, network.depth[name]) for name, spikes in activity.spikes.items()}
    silent = np.zeros(ticks)
    layers = [
        Layer(
            node.name,
            prod(network.shapes[node.name]),
            sum(prod(network.shapes[above]) for above in node.inputs),
            columns.get(node.name, 1),
            tuple(sorted(_apart(node))),
            senders.get(node.name, silent),
            tuple(places[name] for name in _feeders(network, node, places)),
        )
        for node in network
        if isinstance(node, Neuron | Output | Product)
    ]
    known = {*places, *senders, *(layer.name for layer in layers)}
    sizes = {
        node.name: prod(network.shapes[node.name]) * columns.get(node.name, 1)
        for node in network
        if isinstance(node, Input | Neuron | Product)
    }
    return Workload(
        network=f"{len(network.nodes)} nodes, {network.neurons:,} neurons, {network.schedule}",
        order=tuple(node.name for node in network if isinstance(node, Input | Product) or node.name in known),
        steps=activity.steps,
        delay=activity.delay,
        depth=depth,
        ticks=ticks,
        samples=activity.samples,
        neurons=network.neurons,
        bits=max((n.alphabet.bits for n in network.populations if n.alphabet is not None), default=0.0),
        places=tuple(places.values()),
        layers=tuple(layers),
        senders=senders,
        columns=columns,
        sizes=sizes,
        inputs=frozenset(node.name for node in network.inputs),
        assumptions=tuple(_assumptions(network, layers, len(columns))),
    )


def _faults(network: SpikingNetwork, activity: Activity, places: set[str]) -> Iterator[str]:
    wanted = fingerprint(network)
    if activity.network != wanted:
        yield f"activity of another network: it belongs to {activity.network}, this one is {wanted}; run it again"
        return
    if activity.steps < 1 or activity.delay not in (0, 1) or activity.samples < 0:
        yield f"steps {activity.steps}, delay {activity.delay}, samples {activity.samples} are of no run"
        return
    spiking = {node.name for node in network if isinstance(node, Input | Neuron)}
    for label, curves, names in (
        ("spikes", activity.spikes, spiking),
        ("events", activity.events, places),
    ):
        for name in sorted(names - set(curves)):
            yield f"{label} of '{name}' are missing"
        for name, values in curves.items():
            if np.shape(values) != (activity.steps,):
                yield f"{label} of '{name}' must have shape ({activity.steps},), not {np.shape(values)}"
            elif not np.all(np.isfinite(values)) or np.any(np.asarray(values) < 0):
                yield f"{label} of '{name}' are NaN, infinite or negative"


def _place(network: SpikingNetwork, name: str, wired: dict[str, int], columns: dict[str, int], events: Curve) -> Place:
    node = network[name]
    shapes = [network.shapes[above] for above in node.inputs]
    outputs = prod(network.shapes[name])
    found = count(node, *shapes)
    physical = 0 if isinstance(node, Product) else sum(n * columns.get(source, 1) for source, n in wired.items())
    matrix, taps, channels = None, 1, 1
    match node:
        case Linear():
            matrix = Matrix(prod(shapes[0][:-1]), node.weight.shape[0], node.weight.shape[1], 1)
            taps, channels = node.weight.shape
        case Conv():
            outs, ins, *kernel = node.weight.shape
            matrix = Matrix(outputs // outs, outs // node.groups, ins * prod(kernel), node.groups)
            taps, channels = node.weight.size // shapes[0][0], shapes[0][0]
        case MatMul():
            *_, rows, width = network.shapes[name]
            matrix = Matrix(rows, width, shapes[0][-1], outputs // (rows * width))
        case Multiply():
            matrix = Matrix(1, 1, 1, outputs)
    fan_in = ceil(physical / outputs)
    if isinstance(node, Weighted) and found.physical:
        fan_in = ceil(node.weight[0].size * physical / found.physical)
    return Place(
        name=name,
        kind=type(node).__name__,
        weights=found.weights,
        unrolled=found.unrolled,
        physical=physical,
        dynamic=found.dynamic,
        fan_in=fan_in,
        taps=taps,
        channels=channels,
        values=sum(map(prod, shapes)) + outputs,
        sources=tuple(wired),
        matrix=matrix,
        events=events,
    )


def _apart(node: Node) -> set[str]:
    return {type(f).__name__ for f in node.function} - IN_THE_UPDATE if isinstance(node, Neuron) else set()


def _feeders(network: SpikingNetwork, node: Node, places: dict[str, Place]) -> list[str]:
    """The places whose events reach an integrator through fixed wiring; itself where it is one."""
    found: dict[str, None] = {node.name: None} if node.name in places else {}
    stack = [] if isinstance(node, Product) else list(node.inputs)
    seen: set[str] = set()
    while stack:
        above = network[stack.pop()]
        if above.name in seen or isinstance(above, Input | Neuron | Product):
            continue
        seen.add(above.name)
        if isinstance(above, Weighted):
            found[above.name] = None
        else:
            stack.extend(above.inputs)
    return [place for place in places if place in found]


def _assumptions(network: SpikingNetwork, layers: list[Layer], lettered: int) -> Iterator[str]:
    uses: dict[str, int] = {}
    for layer in layers:
        for place in layer.places:
            uses[place.name] = uses.get(place.name, 0) + 1
    shared = [name for name, times in uses.items() if times > 1]
    if shared:
        yield f"{len(shared)} weighted node(s) feed several layers: each sum is formed once and handed on"
    drafts = len(network.populations) - lettered
    if drafts:
        yield f"{drafts} neuron node(s) have no alphabet yet: taken as binary"
    if any(node.alphabet is not None and node.alphabet.columns > 1 for node in network.populations):
        yield "no payloads: a graded neuron is a column of binary ones on one integrator, each with its own synapses"
    yield "an analog input value is one event for each synapse it drives"
