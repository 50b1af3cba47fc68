"""Fold: scales into the weights beside them, functions into one neuron; relays where weights meet weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spiking import (
    ArgMax,
    AvgPool,
    Conv,
    Identity,
    Input,
    Linear,
    LogSoftmax,
    Mean,
    Mix,
    Neuron,
    Node,
    Origin,
    Product,
    Scale,
    Softmax,
    SpikingNetwork,
    Synapse,
    Weighted,
    is_missing,
    missing,
)

Array = NDArray[Any]


def fold(network: SpikingNetwork, averages: bool = True) -> SpikingNetwork:
    """Return an equal network with fewer nodes, and with relays wherever an operand of weights must be spikes.

    averages   whether an average of spikes gets a relay before the weights it feeds
    """
    for once in (scale_after, scale_before, fuse):
        found: SpikingNetwork | None = network
        while found is not None:
            network, found = found, _first(found, once)
    return relay(read_out(network), averages)


def scale_after(network: SpikingNetwork, scale: Node) -> list[Node] | None:
    """Weights, then a scale: γ(Wx + b) + β = (γW)x + (γb + β)."""
    if not isinstance(scale, Scale):
        return None
    above = network[scale.inputs[0]]
    if not isinstance(above, Conv | Linear) or len(network.consumers(above.name)) > 1:
        return None
    shape = network.shapes[above.name]
    channels = _channels(above, shape)
    gain = np.ones((), np.float32) if scale.weight is None else scale.weight
    if np.broadcast_shapes(gain.shape, channels) != channels:
        return None  # the scale differs within a channel: no weight is shared that way
    if len(network.ties(above.name)) > 1:
        return None  # nor with the other nodes that use the very same weights
    if any(map(is_missing, (above.weight, above.bias, scale.weight, scale.bias))):
        blind = (
            None if above.bias is None and scale.bias is None else missing(_meeting(channels, above.bias, scale.bias))
        )
        return [replace(above, weight=missing(above.weight.shape), bias=blind)]
    per_channel = np.broadcast_to(gain, channels).reshape(-1, *(1,) * (above.weight.ndim - 1))
    bias = np.zeros(channels) if above.bias is None else above.bias * np.broadcast_to(gain, channels)
    bias = bias if scale.bias is None else bias + scale.bias
    weight = (above.weight * per_channel).astype(np.float32)
    return [replace(above, name=above.name, weight=weight, bias=bias.astype(np.float32))]


def scale_before(network: SpikingNetwork, weighted: Node) -> list[Node] | None:
    """A scale, then weights: W(γx + β) + b = (Wγ)x + (Wβ + b); with padding the last term is a map."""
    if not isinstance(weighted, Conv | Linear):
        return None
    scale = network[weighted.inputs[0]]
    if not isinstance(scale, Scale) or len(network.consumers(scale.name)) > 1:
        return None
    shape = network.shapes[scale.name]
    channels = _channels(weighted, shape)
    gain = np.ones((), np.float32) if scale.weight is None else scale.weight
    if np.broadcast_shapes(gain.shape, channels) != channels or len(network.ties(weighted.name)) > 1:
        return None
    if any(map(is_missing, (weighted.weight, weighted.bias, scale.weight, scale.bias))):
        out = network.shapes[weighted.name]  # what a bias before the weights becomes: one for each place
        blind = weighted.bias if scale.bias is None else missing(out)
        blind = None if blind is None else missing(blind.shape)
        return [replace(weighted, inputs=scale.inputs, weight=missing(weighted.weight.shape), bias=blind)]
    per_channel = np.broadcast_to(gain, channels).ravel()
    bias = np.zeros((), np.float32) if weighted.bias is None else weighted.bias
    if isinstance(weighted, Conv):
        wide = weighted.weight.shape[1]
        source = np.arange(weighted.weight.shape[0]) // (weighted.weight.shape[0] // weighted.groups)
        column = per_channel[source[:, None] * wide + np.arange(wide)]
        weight = weighted.weight * column.reshape(*column.shape, *(1,) * (weighted.weight.ndim - 2))
    else:
        weight = weighted.weight * per_channel
    if scale.bias is not None:
        bias = bias + _response(weighted, np.broadcast_to(scale.bias, shape))
    kept = None if not np.any(bias) else bias.astype(np.float32)
    return [replace(weighted, inputs=scale.inputs, weight=weight.astype(np.float32), bias=kept)]


def fuse(network: SpikingNetwork, neuron: Node) -> list[Node] | None:
    """A neuron that only feeds a neuron: one neuron with both functions."""
    if not isinstance(neuron, Neuron):
        return None
    above = network[neuron.inputs[0]]
    if not isinstance(above, Neuron) or len(network.consumers(above.name)) > 1:
        return None
    return [replace(neuron, inputs=above.inputs, function=above.function + neuron.function)]


def read_out(network: SpikingNetwork) -> SpikingNetwork:
    """A softmax, log-softmax or argmax that only an output reads is what the reader computes: no neuron."""
    moved: dict[str, Node] = {}
    gone: set[str] = set()
    for out in network.outputs:
        above = network[out.inputs[0]]
        decoded = isinstance(above, Neuron) and isinstance(above.function[-1], Softmax | LogSoftmax | ArgMax)
        if decoded and len(network.consumers(above.name)) == 1:
            assert isinstance(above, Neuron)
            cut = above.function[:-1]
            last = above.function[-1:]
            kept = replace(above, function=cut) if cut else None
            moved[out.name] = replace(out, inputs=above.inputs if kept is None else out.inputs, function=last)
            gone |= set() if kept else {above.name}
            if kept is not None:
                moved[above.name] = kept
    nodes = tuple(moved.get(node.name, node) for node in network if node.name not in gone)
    origins = {name: origin for name, origin in network.origins.items() if name not in gone}
    return replace(network, nodes=nodes, origins=origins)


def relay(network: SpikingNetwork, averages: bool) -> SpikingNetwork:
    """Put a neuron with f = identity before every operand of weights or of a product that is not made of spikes.

    An average of spikes is no spike either: composed with the weights behind it, it would multiply their synapses by
    its window. Only the weights of a readout, which no neuron waits for, take averages as they are: one tick less.
    """
    nodes: list[Node] = []
    origins = dict(network.origins)
    made: dict[str, str] = {}
    for node in network:
        if isinstance(node, Weighted | Product):
            for name in node.inputs:
                analog = _weights_above(network, name) or (averages and _averaged(network, node, name))
                if analog and name not in made:
                    made[name] = f"{name}.relay"
                    cell = f"{network[name].cell}.relay" if network[name].cell else ""
                    nodes.append(Neuron(made[name], (name,), (Identity(),), cell=cell))
                    origins[made[name]] = replace(origins.get(name, Origin()), op="relay")
            node = replace(node, inputs=tuple(made.get(name, name) for name in node.inputs))
        nodes.append(node)
    return replace(network, nodes=tuple(nodes), origins=origins)


def _weights_above(network: SpikingNetwork, name: str) -> bool:
    """Whether weights or a product reach `name` without a neuron in between."""
    stack, seen = [name], set()
    while stack:
        node = network[stack.pop()]
        if isinstance(node, Weighted | Product):
            return True
        if not isinstance(node, Neuron | Input) and node.name not in seen:
            seen.add(node.name)
            stack.extend(node.inputs)
    return False


def _averaged(network: SpikingNetwork, node: Node, name: str) -> bool:
    """Whether `name` is an average of spikes, and `node` is not what an output reads."""
    stack, seen = [name], set()
    while stack:
        above = network[stack.pop()]
        if isinstance(above, AvgPool | Mean | Mix):
            return not _read(network, node)
        if isinstance(above, Synapse) and not isinstance(above, Weighted) and above.name not in seen:
            seen.add(above.name)
            stack.extend(above.inputs)
    return False


def _read(network: SpikingNetwork, node: Node) -> bool:
    """Whether only outputs read `node`, through wiring alone."""
    stack, seen = list(network.consumers(node.name)), set()
    while stack:
        below = stack.pop()
        if isinstance(below, Neuron | Product | Weighted):
            return False
        if below.name not in seen:
            seen.add(below.name)
            stack.extend(network.consumers(below.name))
    return True


Fold = Callable[[SpikingNetwork, Node], list[Node] | None]


def _first(network: SpikingNetwork, once: Fold) -> SpikingNetwork | None:
    """Apply a fold at every place it fits, each node taking part once; None if there is none."""
    changed: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    dropped: set[str] = set()
    origins = dict(network.origins)
    for node in network:
        above = node.inputs[0] if node.inputs else ""
        if above in changed or above in dropped:
            continue
        for new in once(network, node) or ():
            # the two nodes become one, at the place of the later and under the name of the one with the weights
            dropped.add(above)
            changed[node.name] = new
            ops = "+".join(origins[name].op for name in (above, node.name) if name in origins)
            origins[new.name] = replace(origins.get(new.name, Origin()), op=ops)
            if new.name != node.name:
                renamed[node.name] = new.name
    if not changed:
        return None
    nodes = []
    for node in network:
        if node.name not in dropped:
            new = changed.get(node.name, node)
            nodes.append(replace(new, inputs=tuple(renamed.get(name, name) for name in new.inputs)))
    names = {node.name for node in nodes}
    kept = {name: origin for name, origin in origins.items() if name in names}
    return replace(network, nodes=tuple(nodes), origins=kept)


def _meeting(shape: tuple[int, ...], *values: Array | None) -> tuple[int, ...]:
    """The shape that `shape` and arrays broadcast to together."""
    return np.broadcast_shapes(shape, *(value.shape for value in values if value is not None))


def _channels(node: Weighted, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of one number for each channel of a value beside `node`: (C, 1, …) for a Conv, (C,) for a Linear."""
    return (shape[0], *(1,) * (len(shape) - 1)) if isinstance(node, Conv) else shape[-1:]


def _response(node: Conv | Linear, value: Array) -> Array:
    """What the weights answer to a constant input; per channel where no border shows, else a map."""
    x, weight = torch.tensor(value, dtype=torch.float64), torch.tensor(node.weight, dtype=torch.float64)
    if isinstance(node, Linear):
        return (x @ weight.t()).numpy()
    convolve = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}[len(node.stride)]
    setting = (list(node.stride), list(node.padding), list(node.dilation), node.groups)
    y = convolve(x[None], weight, None, *setting)[0].numpy()
    first = y[(slice(None), *(slice(0, 1),) * (y.ndim - 1))]
    return first if np.allclose(y, first, rtol=1e-6, atol=0) else y
