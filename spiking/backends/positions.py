"""Where the positions of a text are in every node of a language model, and whether each reads only those before it.

The input is ids (L,). A node's `query` axis holds the position its values belong to. The product of queries with keys
has a second axis of positions, `keys`, which the product with values sums over; there what belongs to later
positions must be zero: `causal`. Any other mixing of positions cannot be done token by token and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from .. import linear_maps as maps
from ..errors import UnsupportedNode
from ..functions import Function, Shape
from ..groups import ArgMax, GroupNorm, LogSoftmax, MaxPool, Norm, Softmax
from ..network import Network
from ..nodes import Input, MatMul, Multiply, Neuron, Node, Output
from .base import Array
from .functions_numpy import apply

EXCLUDED = -1e4  # constant scores at or below: masks are written as anything from -1e4 (half precision) to -inf


@dataclass(frozen=True)
class Place:
    """Where the positions of a text lie in one node's values; axes are negative, those of one sample.

    query    the axis along which each value belongs to a position
    keys     the axis of the positions it is compared with, from Q Kᵀ until the product with V sums over it; else None
    causal   whether values are zero wherever the key comes after the query
    """

    query: int
    keys: int | None = None
    causal: bool = False


class Mixes(Exception):
    """Why a node cannot be evaluated one position at a time."""


def places(network: Network, constant: Mapping[str, Array | None]) -> dict[str, Place]:
    """Return the place of positions in every node; raises UnsupportedNode naming every node that mixes them.

    constant   what each node sends before any input, at all positions (backends/biases.py)
    """
    found: dict[str, Place] = {}
    faults = []
    for node in network:
        above = [found[name] for name in node.inputs if name in found]
        if len(above) < len(node.inputs):
            continue  # stands behind a fault
        try:
            found[node.name] = _place(node, above, network, constant)
        except Mixes as reason:
            faults.append(f"{type(node).__name__} '{node.name}': {reason}")
    if faults:
        raise UnsupportedNode("\n  ".join([f"cannot generate, {len(faults)} node(s) mix positions:", *faults]))
    return found


def at_one(shape: Shape, place: Place) -> Shape:
    """Return a sample shape at one position."""
    axis = place.query + len(shape)
    return (*shape[:axis], 1, *shape[axis + 1 :])


def _place(node: Node, above: list[Place], network: Network, constant: Mapping[str, Array | None]) -> Place:
    shapes = [network.shapes[name] for name in node.inputs]
    match node:
        case Input():
            return Place(-1)
        case MatMul():
            return _product(above, shapes)
        case maps.Add() | Multiply():
            return _together(node, above, shapes)
        case Neuron() | Output():
            value = constant[node.inputs[0]]
            place, shape = above[0], shapes[0]
            for function in node.function:
                place = _function(function, place, shape)
                shape = function.infer(shape)
            return replace(place, causal=_zero_later(node, above[0], place, shapes[0], value))
        case maps.Concat():
            return _concat(node, above)
        case maps.Scale():
            return _scale(node, above[0], shapes[0])
    return _linear(node, above[0], shapes[0], network.shapes[node.name])


def _linear(node: Node, place: Place, shape: Shape, out: Shape) -> Place:
    """Maps with one input."""
    match node:
        case maps.Embedding():
            return Place(place.query - 1)
        case maps.Linear():
            return _untouched(place, (-1,), "its weights")
        case maps.Reshape():
            return _moved(place, {a: _regrouped(shape, out, a) for a in range(-len(shape), 0)}, "a reshape")
        case maps.Permute():
            return _moved(place, {a: k - len(shape) for k, a in enumerate(node.axes)}, "")
        case maps.Slice() | maps.Gather() | maps.Mix():
            return _untouched(place, (node.axis,), f"a {type(node).__name__.lower()} along it")
        case maps.Pad():
            sides = zip(range(-len(node.before), 0), node.before, node.after, strict=True)
            return _untouched(place, tuple(a for a, *both in sides if any(both)), "padding along it")
        case maps.AvgPool():
            return _untouched(place, tuple(range(-len(node.kernel), 0)), "pooling over it")
        case maps.Conv():
            return _convolution(node, place)
        case maps.Mean():
            return _mean(node, place, len(shape))
    raise Mixes(f"a {type(node).__name__} cannot be evaluated one position at a time")


def _untouched(place: Place, axes: Shape, what: str) -> Place:
    """The place stays if none of the axes a map works along is the query; keys it works along are keys no more."""
    if place.query in axes:
        raise Mixes(f"axis {place.query} holds the positions, and {what} mixes them")
    return replace(place, keys=None, causal=False) if place.keys in axes else place


def _moved(place: Place, to: Mapping[int, int | None], what: str) -> Place:
    query = to[place.query]
    keys = None if place.keys is None else to[place.keys]
    if query is None:
        raise Mixes(f"axis {place.query} holds the positions, and {what} merges or splits it")
    return Place(query, keys, place.causal and keys is not None)


def _regrouped(shape: Shape, out: Shape, axis: int) -> int | None:
    """The axis of `out` that is the same as `axis` of `shape`, row-major: as long, with as many entries around it."""
    at = axis + len(shape)
    same = (k for k in range(len(out)) if out[k] == shape[at] and prod(out[:k]) == prod(shape[:at]))
    return next((k - len(out) for k in same), None)


def _convolution(node: maps.Conv, place: Place) -> Place:
    n = len(node.stride)
    reach = zip(range(-n, 0), node.weight.shape[2:], node.stride, node.padding, strict=True)
    wide = tuple(a for a, *setting in reach if setting != [1, 1, 0])
    return _untouched(place, (-n - 1, *wide), "a convolution over it")


def _mean(node: maps.Mean, place: Place, rank: int) -> Place:
    if place.keys in node.axes and place.causal:  # zeros add nothing
        place = Place(place.query)
    place = _untouched(place, node.axes, "a mean over it")
    kept = [a for a in range(-rank, 0) if node.keepdims or a not in node.axes]
    return _moved(place, {a: k - len(kept) for k, a in enumerate(kept)}, "a mean")


def _scale(node: maps.Scale, place: Place, shape: Shape) -> Place:
    """A weight of zero for all later keys makes a stream causal, a bias on them ends it."""
    if place.keys is None:
        return place
    bias = None if node.bias is None else _later(place, shape, node.bias)
    clean = bias is None or not np.any(bias)
    silent = node.weight is not None and not np.any(_later(place, shape, node.weight))
    return replace(place, causal=clean and (silent or place.causal))


def _concat(node: maps.Concat, above: list[Place]) -> Place:
    if len({(p.query, p.keys) for p in above}) > 1:
        raise Mixes("it joins values whose positions lie along different axes")
    joined = replace(above[0], causal=all(p.causal for p in above))
    return _untouched(joined, (node.axis,), "joining along it")


def _together(node: maps.Add | Multiply, above: list[Place], shapes: list[Shape]) -> Place:
    """Sums and products element by element: axes count from the right, so positions must meet there."""
    if len({p.query for p in above}) > 1:
        raise Mixes("it joins values whose positions lie along different axes")
    keys = {p.keys for p in above if p.keys is not None}
    if len(keys) > 1:
        raise Mixes("it joins values whose keys lie along different axes")
    some = any if isinstance(node, Multiply) else all
    return Place(above[0].query, next(iter(keys), None), some(p.causal for p in above))


def _product(above: list[Place], shapes: list[Shape]) -> Place:
    """Queries times keys (a second axis of positions appears), scores times values (it is summed), or neither."""
    a, b = above
    if a.query < -2 and b.query == a.query and a.keys is None and b.keys is None:
        return Place(a.query)
    if a.query == -2 and a.keys is None and b.query == -1 and b.keys is None:
        return Place(-2, -1)
    if a.query == -2 and a.keys == -1 and b.query == -2 and b.keys is None:
        if not a.causal:
            raise Mixes("it sums over all positions, later ones too: their scores are not masked")
        return Place(-2)
    if a.query == -1 or b.query == -2:
        raise Mixes("it sums over positions that are not the keys of a query")
    raise Mixes(f"positions lie along axis {a.query} of one factor and {b.query} of the other")


def _read(function: Function, shape: Shape) -> Shape:
    """The axes of an integrator that one value of f reads along."""
    match function:
        case Softmax() | LogSoftmax() | ArgMax():
            return (function.axis,)
        case Norm():
            return tuple(range(-function.axes, 0))
        case MaxPool():
            return tuple(range(-len(function.kernel), 0))
        case GroupNorm():
            return tuple(range(-len(shape), 0))
    return ()


def _function(function: Function, place: Place, shape: Shape) -> Place:
    if place.query in _read(function, shape):
        raise Mixes(f"axis {place.query} holds the positions, and a {function.label} over it mixes them")
    if isinstance(function, ArgMax):
        kept = [a for a in range(-len(shape), 0) if a != function.axis]
        return _moved(place, {function.axis: None, **{a: k - len(kept) for k, a in enumerate(kept)}}, "")
    return place


def _zero_later(node: Neuron | Output, before: Place, after: Place, shape: Shape, constant: Array | None) -> bool:
    """Whether f is zero for all later keys: a mask has ruled them out, or they are zero and f keeps zeros."""
    if before.keys is None or after.keys is None:
        return False
    value = np.zeros(shape) if constant is None else constant
    ruled = bool(np.all(_later(before, shape, value) <= EXCLUDED))
    if not ruled and any(before.keys in _read(f, shape) for f in node.function):
        raise Mixes("it reads the scores of all positions, later ones too: they are not masked")
    if not ruled and not before.causal:
        return False
    y = apply(node.function, value[None])[0]
    return not np.any(_later(after, y.shape, y))


def _later(place: Place, shape: Shape, value: Array) -> Array:
    """The entries of an array, broadcast to a sample shape, whose key comes after the query: (…, pairs)."""
    assert place.keys is not None
    whole = np.moveaxis(np.broadcast_to(value, shape), (place.query, place.keys), (-2, -1))
    return whole[..., np.triu(np.ones(whole.shape[-2:], dtype=bool), 1)]


def lacks(network: Network) -> list[str]:
    """Return one line for each thing that keeps a network from being a language model, ids (L,) -> logits (L, V)."""
    faults = []
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        faults.append(f"it has {len(network.inputs)} inputs and {len(network.outputs)} outputs, but needs one of each")
    ids, out = network.inputs[0], network.outputs[0]
    wanted, shape = (*ids.shape, ids.vocabulary), network.shapes[out.name]
    if not ids.vocabulary or len(ids.shape) != 1:
        kind = "ids" if ids.vocabulary else "numbers"
        faults.append(f"input '{ids.name}' takes {kind} {ids.shape}, but must take token ids (L,)")
    elif shape != wanted:
        faults.append(f"output '{out.name}' gives {shape}, but must give logits {wanted}")
    if network.schedule != "sigma-delta":
        faults.append(f"its schedule is {network.schedule}, but must be sigma-delta: a running mean is never final")
    return faults + network.undecided()
