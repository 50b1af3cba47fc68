"""Fold: scales into the weights beside them, functions into one neuron; relays where weights meet weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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

from .builder import BOUND

Array = NDArray[Any]
Shape = tuple[int, ...]
Merge = Callable[[SpikingNetwork, Node], Node | None]  # (network, node) -> the node and the one above it as one


def fold(network: SpikingNetwork, averages: bool = True) -> SpikingNetwork:
    """Return an equal network with fewer nodes, and with relays wherever an operand of weights must be spikes.

    averages   whether an average of spikes gets a relay before the weights it feeds
    """
    for merge in (scale_after, scale_before, fuse):
        merged: SpikingNetwork | None = network
        while merged is not None:
            network, merged = merged, _merged(merged, merge)
    return relay(read_out(network), averages)


def scale_after(network: SpikingNetwork, scale: Node) -> Node | None:
    """Weights, then a scale: γ(Wx + b) + β = (γW)x + (γb + β)."""
    if not isinstance(scale, Scale):
        return None
    weighted = network[scale.inputs[0]]
    if not isinstance(weighted, Conv | Linear) or len(network.consumers(weighted.name)) > 1:
        return None
    channels = _channels(weighted, network.shapes[weighted.name])
    if not _foldable(network, weighted, scale, channels):
        return None
    biases = [bias for bias in (weighted.bias, scale.bias) if bias is not None]
    if _valueless(weighted, scale):
        bias = missing(np.broadcast_shapes(channels, *(bias.shape for bias in biases))) if biases else None
        return replace(weighted, weight=missing(weighted.weight.shape), bias=bias)
    gain = np.broadcast_to(np.float32(1) if scale.weight is None else scale.weight, channels)
    bias = np.zeros(channels) if weighted.bias is None else weighted.bias * gain
    bias = bias if scale.bias is None else bias + scale.bias
    weight = weighted.weight * gain.reshape(-1, *(1,) * (weighted.weight.ndim - 1))
    return replace(weighted, weight=weight.astype(np.float32), bias=bias.astype(np.float32))


def scale_before(network: SpikingNetwork, weighted: Node) -> Node | None:
    """A scale, then weights: W(γx + β) + b = (Wγ)x + (Wβ + b); with padding the last term is a map."""
    if not isinstance(weighted, Conv | Linear):
        return None
    scale = network[weighted.inputs[0]]
    if not isinstance(scale, Scale) or len(network.consumers(scale.name)) > 1:
        return None
    shape = network.shapes[scale.name]
    channels = _channels(weighted, shape)
    if not _foldable(network, weighted, scale, channels):
        return None
    if _valueless(weighted, scale):
        bias = None if weighted.bias is None else missing(weighted.bias.shape)
        if scale.bias is not None:
            bias = missing(network.shapes[weighted.name])  # one for each place
        return replace(weighted, inputs=scale.inputs, weight=missing(weighted.weight.shape), bias=bias)
    gain = np.broadcast_to(np.float32(1) if scale.weight is None else scale.weight, channels).ravel()
    if isinstance(weighted, Conv):
        outputs, inputs, *kernel = weighted.weight.shape
        group = np.arange(outputs) // (outputs // weighted.groups)
        gain = gain[group[:, None] * inputs + np.arange(inputs)].reshape(outputs, inputs, *(1,) * len(kernel))
    weight = (weighted.weight * gain).astype(np.float32)
    bias = np.zeros((), np.float32) if weighted.bias is None else weighted.bias
    if scale.bias is not None:
        bias = bias + _response(weighted, np.broadcast_to(scale.bias, shape))
    return replace(weighted, inputs=scale.inputs, weight=weight, bias=bias.astype(np.float32) if np.any(bias) else None)


def fuse(network: SpikingNetwork, neuron: Node) -> Node | None:
    """A neuron that only feeds a neuron: one neuron with both functions."""
    if not isinstance(neuron, Neuron):
        return None
    above = network[neuron.inputs[0]]
    if not isinstance(above, Neuron) or len(network.consumers(above.name)) > 1:
        return None
    return replace(neuron, inputs=above.inputs, function=above.function + neuron.function)


def read_out(network: SpikingNetwork) -> SpikingNetwork:
    """A softmax, log-softmax or argmax that only an output reads is what the reader computes: no neuron."""
    changed: dict[str, Node] = {}
    dropped: set[str] = set()
    for out in network.outputs:
        above = network[out.inputs[0]]
        if not isinstance(above, Neuron) or len(network.consumers(above.name)) > 1:
            continue
        rest, last = above.function[:-1], above.function[-1]
        if not isinstance(last, Softmax | LogSoftmax | ArgMax):
            continue
        if rest and rest != BOUND:
            changed[above.name] = replace(above, function=rest)
            changed[out.name] = replace(out, function=(last,))
        else:
            dropped.add(above.name)
            changed[out.name] = replace(out, inputs=above.inputs, function=above.function)
    nodes = (changed.get(node.name, node) for node in network if node.name not in dropped)
    return _rebuilt(network, nodes, network.origins)


def relay(network: SpikingNetwork, averages: bool) -> SpikingNetwork:
    """Put a neuron with f = identity before every operand of weights or of a product that is not made of spikes.

    An average of spikes is not a spike either: composed with the weights behind it, it would multiply their synapses
    by its window. Only the weights of a readout, which no neuron waits for, take averages as they are: one tick less.
    """
    nodes: list[Node] = []
    origins = dict(network.origins)
    relays: dict[str, str] = {}
    for node in network:
        if isinstance(node, Weighted | Product):
            for name in node.inputs:
                if name not in relays and _analog(network, node, name, averages):
                    relays[name] = f"{name}.relay"
                    cell = f"{network[name].cell}.relay" if network[name].cell else ""
                    nodes.append(Neuron(relays[name], (name,), (Identity(),), cell=cell))
                    origins[relays[name]] = replace(origins.get(name, Origin()), op="relay")
            node = replace(node, inputs=tuple(relays.get(name, name) for name in node.inputs))
        nodes.append(node)
    return _rebuilt(network, nodes, origins)


def _analog(network: SpikingNetwork, node: Node, name: str, averages: bool) -> bool:
    """Whether the operand `name` of `node` is not made of spikes, or, where that counts, is an average of spikes."""
    operand = network[name]
    reached = (operand, *(network.upstream(name, through=_wiring) if _wiring(operand) else ()))
    if any(isinstance(above, Weighted | Product) for above in reached):
        return True
    if not averages or not any(isinstance(above, AvgPool | Mean | Mix) for above in reached):
        return False
    below = network.downstream(node.name, through=_wiring)
    return any(isinstance(reader, Neuron | Product | Weighted) for reader in below)


def _wiring(node: Node) -> bool:
    """Whether a node is a linear map without weights of its own."""
    return isinstance(node, Synapse) and not isinstance(node, Weighted)


def _merged(network: SpikingNetwork, merge: Merge) -> SpikingNetwork | None:
    """Merge wherever it fits, each node taking part once; None if it fits nowhere."""
    changed: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    dropped: set[str] = set()
    origins = dict(network.origins)
    for node in network:
        above = node.inputs[0] if node.inputs else ""
        if above in changed or above in dropped:
            continue
        new = merge(network, node)
        if new is not None:
            # the two nodes become one, at the place of the later and under the name of the one with the weights
            dropped.add(above)
            changed[node.name] = new
            renamed[node.name] = new.name
            ops = "+".join(origins[name].op for name in (above, node.name) if name in origins)
            origins[new.name] = replace(origins.get(new.name, Origin()), op=ops)
    if not changed:
        return None
    nodes = []
    for node in network:
        if node.name not in dropped:
            new = changed.get(node.name, node)
            nodes.append(replace(new, inputs=tuple(renamed.get(name, name) for name in new.inputs)))
    return _rebuilt(network, nodes, origins)


def _rebuilt(network: SpikingNetwork, nodes: Iterable[Node], origins: Mapping[str, Origin]) -> SpikingNetwork:
    """The network of other nodes, with those origins that are theirs."""
    kept = tuple(nodes)
    return replace(network, nodes=kept, origins={n.name: origins[n.name] for n in kept if n.name in origins})


def _channels(weighted: Conv | Linear, shape: Shape) -> Shape:
    """The shape of one number a channel, for a value beside the weights: (C, 1, …) for a Conv, (C,) for a Linear."""
    return (shape[0], *(1,) * (len(shape) - 1)) if isinstance(weighted, Conv) else shape[-1:]


def _foldable(network: SpikingNetwork, weighted: Conv | Linear, scale: Scale, channels: Shape) -> bool:
    """Whether the scale is one number a channel, and no other node uses the very same weights."""
    gain = () if scale.weight is None else scale.weight.shape
    return np.broadcast_shapes(gain, channels) == channels and len(network.ties(weighted.name)) == 1


def _valueless(weighted: Conv | Linear, scale: Scale) -> bool:
    """Whether weights, scale or biases have a shape and no values."""
    return any(map(is_missing, (weighted.weight, weighted.bias, scale.weight, scale.bias)))


def _response(weighted: Conv | Linear, value: Array) -> Array:
    """What the weights return for a constant input; per channel where no border shows, else a map."""
    x, weight = torch.tensor(value, dtype=torch.float64), torch.tensor(weighted.weight, dtype=torch.float64)
    if isinstance(weighted, Linear):
        return (x @ weight.t()).numpy()
    convolve = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}[len(weighted.stride)]
    setting = (list(weighted.stride), list(weighted.padding), list(weighted.dilation), weighted.groups)
    y = convolve(x[None], weight, None, *setting)[0].numpy()
    first = y[(slice(None), *(slice(0, 1),) * (y.ndim - 1))]
    return first if np.allclose(y, first, rtol=1e-6, atol=0) else y
