"""How many synapses one spike of each element drives: its fan-out, carried back through wiring to who sends it.

A fan has the shape of what it belongs to, but an axis along which all entries agree is one entry seen many times: a
layer of millions of neurons with the same fan-out costs nothing.
"""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import linear_maps as maps
from .counts import count, windows_reached, windows_reading
from .functions import Shape
from .network import Network, is_wiring, network_given
from .nodes import Input, MatMul, Multiply, Neuron, Node, Output, Product
from .unroll import axis_taps
from .wiring import pad

Fan = NDArray[np.float64]
Index = NDArray[np.int64]


def fan_out(node: Node, index: int, shapes: list[Shape]) -> Fan:
    """Return, for each element of input `index` of a weighted node or product, how many synapses one spike drives."""
    shape = shapes[index]
    match node:
        case maps.Embedding():
            return same(node.weight.shape[1], shape)  # an id is one event of a one-hot population
        case maps.Linear():
            return same(node.weight.shape[0], shape)
        case maps.Conv():
            spatial = reduce(np.multiply.outer, windows_reading(node, shape))
            return np.broadcast_to(spatial * (node.weight.shape[0] // node.groups), shape)
        case maps.ConvTranspose():
            return windows_reached(node, shape)
        case MatMul() | Multiply():
            gated = count(node, *shapes).dynamic
            return same(gated / prod(shape), shape)
    raise TypeError(f"{type(node).__name__} has no weights")


def fan_outs(network: Network) -> dict[str, dict[str, Fan]]:
    """Return for each place events arrive how many synapses one spike of each source element drives there.

    Places are the weighted nodes and products, and the neurons and outputs reached through wiring alone (a shortcut
    is one synapse a neuron). Sources are inputs, neurons and products; wiring in between is composed.
    """
    network_given(network)

    def back(node: Node, fan: Fan) -> list[Fan]:
        shapes = [network.shapes[name] for name in node.inputs]
        return [behind(node, index, shapes, fan) for index in range(len(shapes))] if is_wiring(node) else []

    table: dict[str, dict[str, Fan]] = {}
    for node in network:
        shapes = [network.shapes[name] for name in node.inputs]
        if isinstance(node, maps.Weighted | Product):
            arriving = [fan_out(node, index, shapes) for index in range(len(shapes))]
        elif isinstance(node, Neuron | Output):
            arriving = [same(1.0, shapes[0])]
        else:
            continue
        reached = network.pull_back(list(zip(node.inputs, arriving, strict=True)), back, joined)
        found = {name: fan for name, fan in reached.items() if isinstance(network[name], Input | Neuron | Product)}
        if found:
            table[node.name] = found
    return table


def fan_totals(network: Network) -> dict[str, dict[str, int]]:
    """Return `fan_outs` summed over the elements of each source: the synapses from it to each place."""
    return {
        place: {source: round(total(fan)) for source, fan in sources.items()}
        for place, sources in fan_outs(network).items()
    }


def laid_out(network: Network) -> dict[str, int]:
    """Return for each input, neuron and product the synapses it has when the network is laid out without sharing.

        synapses = paths from the elements of a source, through linear maps alone, to what integrates

    The integrators are neurons, outputs and the two sides of a gate; every time step of a recurrent cell has its own.
    A product sends by its gates, an id by the whole vocabulary. Two paths between one pair of elements count twice,
    as they are before they are summed. The synapses that carry a bias are left out.
    """
    arriving = []
    for node in network:
        if isinstance(node, Neuron | Product | Output):
            shapes = [network.shapes[name] for name in node.inputs]
            reads = [_gates(node, shapes) if isinstance(node, Product) else prod(shape) for shape in shapes]
            fans = [same(n / prod(shape), shape) for n, shape in zip(reads, shapes, strict=True)]
            arriving += list(zip(node.inputs, fans, strict=True))

    def back(node: Node, fan: Fan) -> list[Fan]:
        shapes = [network.shapes[name] for name in node.inputs]
        if isinstance(node, maps.Weighted):
            return [_through(node, shapes[0], fan)]
        return [behind(node, index, shapes, fan) for index in range(len(shapes))] if is_wiring(node) else []

    table = {}
    for name, fan in network.pull_back(arriving, back, joined).items():
        node, shape = network[name], network.shapes[name]
        shapes = [network.shapes[above] for above in node.inputs]
        times = _gates(node, shapes) / prod(shape) if isinstance(node, Product) else 1
        table[name] = round(total(fan) * times)
    return table


def handed_on(network: Network) -> dict[str, int]:
    """Return for each weighted node the synapses that the wiring behind it takes, beyond handing each sum on once.

        synapses = paths from its sums, through wiring alone, to neurons, outputs and products − sums

    A sum that goes to one integrator is formed there: 0. A running sum of n, a second reader, a kernel of
    interpolation take synapses of their own, once the sums before them are formed.
    """

    def back(node: Node, fan: Fan) -> list[Fan]:
        shapes = [network.shapes[name] for name in node.inputs]
        return [behind(node, index, shapes, fan) for index in range(len(shapes))] if is_wiring(node) else []

    readers = [node for node in network_given(network) if isinstance(node, Neuron | Product | Output)]
    arriving = [(name, same(1.0, network.shapes[name])) for node in readers for name in node.inputs]
    found = network.pull_back(arriving, back, joined)
    paths = {name: round(total(fan)) for name, fan in found.items() if isinstance(network[name], maps.Weighted)}
    return {name: max(n - prod(network.shapes[name]), 0) for name, n in paths.items()}


def same(value: float, shape: Shape) -> Fan:
    """Return the fan of elements that all drive `value` synapses."""
    return np.broadcast_to(np.float64(value), shape)


def total(fan: Fan) -> float:
    """Return the synapses that all elements drive together."""
    core = _core(fan)
    return float(core.sum()) * (fan.size // core.size)


def joined(fan: Fan, other: Fan) -> Fan:
    """Return the sum of two fans of one shape."""
    return np.broadcast_to(_core(fan) + _core(other), fan.shape)


def behind(node: Node, index: int, shapes: list[Shape], fan: Fan) -> Fan:
    """Return the fan of input `index` of a wiring node whose output has the fan `fan`; a weight of zero counts too."""
    shape = shapes[index]
    match node:
        case maps.Scale():
            return fan
        case maps.Add():
            return _unspread(fan, shape)
        case maps.Reshape():
            core = _core(fan)
            return same(core.item(), shape) if core.size == 1 else _lean(np.reshape(fan, shape))
        case maps.Permute():
            return fan.transpose(np.argsort([a + len(shape) for a in node.axes]))
        case maps.Concat():
            start = sum(s[node.axis] for s in shapes[:index])
            return _cut(fan, node.axis, slice(start, start + shape[node.axis]))
        case maps.Slice():
            return _spread(fan, node.axis, np.arange(node.start, node.stop, node.step), shape[node.axis])
        case maps.Gather():
            return _spread(fan, node.axis, node.indices, shape[node.axis])
        case maps.Pad():
            return _unpadded(node, fan)
        case maps.Mix():
            back = np.moveaxis(np.tensordot(_wide(fan, node.axis), node.matrix != 0, (node.axis, 0)), -1, node.axis)
            return _laid(back, node.axis, fan.shape)
        case maps.AvgPool():
            windows = zip(range(-len(node.kernel), 0), node.kernel, node.stride, node.padding, strict=True)
            for axis, kernel, stride, padding in windows:
                first = np.arange(fan.shape[axis]) * stride - padding
                fan = _windowed(fan, axis, first, first + kernel, shape[axis])
            return fan
        case maps.Mean():
            axes = tuple(a + len(shape) for a in node.axes)
            return np.broadcast_to(fan if node.keepdims else np.expand_dims(fan, axes), shape)
    raise TypeError(f"{type(node).__name__} is not wiring")


def _gates(node: Product, shapes: list[Shape]) -> int:
    """Scalar multiplications of a product."""
    return count(node, *shapes).dynamic


def _through(node: maps.Weighted, shape: Shape, fan: Fan) -> Fan:
    """The fan of the input of a weighted node whose output has the fan `fan`."""
    match node:
        case maps.Linear():
            return np.broadcast_to(_summed(fan, -1), shape)
        case maps.Embedding():
            return np.broadcast_to(_summed(fan, -1)[..., 0] * node.weight.shape[0], shape)
        case maps.Conv():
            channels = shape[0] // node.groups
            axes = axis_taps(node, shape, fan.shape[1:])
        case maps.ConvTranspose():
            channels = shape[0] // node.groups
            axes = [[(i, o) for o, i in taps] for taps in axis_taps(node.adjoint, fan.shape, shape[1:])]
        case _:
            raise TypeError(f"{type(node).__name__} has no weights")
    if _core(fan).shape[0] == 1:
        fan = np.broadcast_to(_core(fan) * (fan.shape[0] // node.groups), (shape[0], *fan.shape[1:]))
    else:
        grouped = fan.reshape(node.groups, -1, *fan.shape[1:]).sum(axis=1)
        fan = _lean(np.repeat(grouped, channels, axis=0))
    for axis, taps in enumerate(axes, start=-len(axes)):
        fan = _tapped(fan, axis, taps, shape[axis])
    return fan


def _tapped(fan: Fan, axis: int, taps: list[tuple[Index, Index]], size: int) -> Fan:
    """Give every position of an axis the sum over the outputs that its taps, (input, output), connect it with."""
    wide = np.moveaxis(_wide(fan, axis), axis, 0)
    back = np.zeros((size, *wide.shape[1:]))
    for inner, outer in taps:
        np.add.at(back, inner, wide[outer])
    return _laid(np.moveaxis(back, 0, axis), axis, fan.shape)


def _summed(fan: Fan, axis: int) -> Fan:
    """The core summed over all entries of one axis, which is kept."""
    core = _core(fan)
    return np.asarray(core.sum(axis=axis, keepdims=True) * (fan.shape[axis] // core.shape[axis]))


def _core(fan: Fan) -> Fan:
    """What differs: one entry of each axis along which all are the same entry."""
    return fan[tuple(slice(0, 1) if step == 0 else slice(None) for step in fan.strides)]


def _lean(fan: NDArray[Any]) -> Fan:
    """The same fan, with every axis along which its entries agree held once."""
    core = fan
    for axis, size in enumerate(fan.shape):
        first = np.take(core, [0], axis)
        if size > 1 and np.array_equal(np.broadcast_to(first, core.shape), core):
            core = first
    return np.broadcast_to(np.ascontiguousarray(core), fan.shape)


def _spread(fan: Fan, axis: int, places: Index, size: int) -> Fan:
    """Bring the entries along an axis to their places on an axis of `size`; what falls on one place adds up."""
    core = np.moveaxis(_core(fan), axis, 0)
    if len(core) == 1:
        back = core * np.bincount(places, minlength=size).reshape(-1, *(1,) * (core.ndim - 1))
    else:
        back = np.zeros((size, *core.shape[1:]))
        np.add.at(back, places, core)
    return _laid(np.moveaxis(back, 0, axis), axis, fan.shape)


def _windowed(fan: Fan, axis: int, first: Index, stop: Index, size: int) -> Fan:
    """Give every position of an axis the sum over the windows first … stop − 1 that hold it."""
    wide = np.moveaxis(_wide(fan, axis), axis, 0)
    steps = np.zeros((size + 1, *wide.shape[1:]))
    np.add.at(steps, np.clip(first, 0, size), wide)
    np.subtract.at(steps, np.clip(stop, 0, size), wide)
    return _laid(np.moveaxis(steps.cumsum(0)[:size], 0, axis), axis, fan.shape)


def _wide(fan: Fan, axis: int) -> Fan:
    """The core, with one axis at its full length."""
    core = _core(fan)
    return np.broadcast_to(core, (*core.shape[:axis], fan.shape[axis], *core.shape[core.ndim + axis + 1 :]))


def _laid(core: Fan, axis: int, like: Shape) -> Fan:
    """The fan of a core whose one axis has a length of its own; the other axes are those of `like`."""
    shape = (*like[:axis], core.shape[axis], *like[len(like) + axis + 1 :])
    return np.broadcast_to(_core(_lean(core)), shape)


def _unspread(fan: Fan, shape: Shape) -> Fan:
    """Add up what was broadcast from `shape`."""
    if fan.shape == shape:
        return fan
    core, lead = _core(fan), fan.ndim - len(shape)
    spread = [a for a, size in enumerate(fan.shape) if a < lead or (shape[a - lead] == 1 and size > 1)]
    times = prod(fan.shape[a] // core.shape[a] for a in spread)
    summed = core.sum(axis=tuple(spread), keepdims=True) * times
    return np.broadcast_to(summed.reshape(summed.shape[lead:]), shape)


def _unpadded(node: maps.Pad, fan: Fan) -> Fan:
    """Drop what is padding; what the node cut away drives nothing."""
    if min(*node.before, *node.after) < 0:
        return _lean(pad(fan, tuple(-b for b in node.before), tuple(-a for a in node.after)))
    for axis, (before, after) in enumerate(zip(node.before, node.after, strict=True), start=-len(node.before)):
        fan = _cut(fan, axis, slice(before, fan.shape[axis] - after))
    return fan


def _cut(fan: Fan, axis: int, part: slice) -> Fan:
    return fan[(*(slice(None),) * (fan.ndim + axis), part)]
