"""Whole numbers that depend on the input: masks, and what sums and products make of them, with their bounds."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from math import prod
from typing import Any

import numpy as np
import torch

from spiking import (
    Abs,
    Add,
    Clamp,
    Elementwise,
    Embedding,
    Identity,
    Input,
    Linear,
    Mean,
    Mix,
    Multiply,
    Neuron,
    Node,
    Output,
    Relu,
    Scale,
    SpikingNetwork,
    is_missing,
)

from ..builder import STRUCTURE, Array, Builder, Shape

Bounds = tuple[Array, Array]  # the least and the largest value of each entry
STAIRS = ("floor", "ceil", "round", "trunc")


def counted(b: Builder, name: str) -> Bounds | None:
    """Return the bounds of each entry of a value that is a whole number whatever the input; None of any other."""
    found: dict[str, Bounds | None] = {}
    for root in b.roots[name]:
        found[root] = _given(b, root)
    for node in b.above(name):
        given = [found[above] for above in node.inputs if isinstance(node, Scale) or not _mean(b, above)]
        known = [bounds for bounds in given if bounds is not None]
        if isinstance(node, Neuron):
            found[node.name] = _of_neuron(node, known[0] if known else None, b.shapes[node.name])
        else:
            found[node.name] = _bounds(b, node, known) if len(known) == len(node.inputs) else None
    return None if _mean(b, name) else found[name]


def _mean(b: Builder, name: str) -> bool:
    """Whether a value is a sum divided by a number, to be read as a count only by the scale that multiplies it."""
    return isinstance(b.nodes[name], Mean)


def _given(b: Builder, name: str) -> Bounds | None:
    """Of a mask or of ids as they come."""
    shape = b.shapes[name]
    if name in b.vocabularies:
        return np.zeros(shape), np.full(shape, b.vocabularies[name] - 1.0)
    return (np.zeros(shape), np.ones(shape)) if name in b.binary else None


def _bounds(b: Builder, node: Node, given: list[Bounds]) -> Bounds | None:
    low, high = given[0]
    if any(map(is_missing, vars(node).values())):
        return None
    match node:
        case Add():
            low, high = (reduce(np.add, ends) for ends in zip(*given, strict=True))
            return low, high
        case Multiply():
            (a, c), (d, e) = given
            every = [a * d, a * e, c * d, c * e]
            return np.minimum.reduce(every), np.maximum.reduce(every)
        case Scale():
            weight = np.float64(1) if node.weight is None else node.weight.astype(np.float64)
            bias = np.float64(0) if node.bias is None else node.bias.astype(np.float64)
            ends = low * weight + bias, high * weight + bias
            whole = _whole(weight / _terms(b, node.inputs[0])) and _whole(bias)
            return (np.minimum(*ends), np.maximum(*ends)) if whole else None
        case Embedding():
            if not _whole(node.weight):
                return None
            shape = (*low.shape, node.weight.shape[1])
            return tuple(np.broadcast_to(f(node.weight, axis=0), shape) for f in (np.min, np.max))  # type: ignore
        case Mix() if _whole(node.matrix):
            return _by_sign(node, "matrix", low, high)
        case Linear() if _whole(node.weight) and (node.bias is None or _whole(node.bias)):
            return _by_sign(node, "weight", low, high)
        case Mean():
            return _moved(node, given)
    return _moved(node, given) if isinstance(node, STRUCTURE) else None


def _of_neuron(node: Neuron, given: Bounds | None, shape: Shape) -> Bounds | None:
    """Of f(a): stairs make a whole number of any, and bounds where there were none are those of a clamp."""
    low, high = given or (np.full(shape, -np.inf), np.full(shape, np.inf))
    whole = given is not None
    for function in node.function:
        match function:
            case Identity():
                continue
            case Relu():
                low, high = np.maximum(low, 0), np.maximum(high, 0)
            case Clamp(least, most) if _whole(least) and _whole(most):
                low, high = np.clip(low, least, most), np.clip(high, least, most)
            case Abs():
                crosses, ends = (low < 0) & (high > 0), (abs(low), abs(high))
                low, high = np.where(crosses, 0, np.minimum(*ends)), np.maximum(*ends)
            case Elementwise("sign"):
                low, high, whole = np.sign(low), np.sign(high), True
            case Elementwise(name) if name in STAIRS:
                low, high, whole = np.floor(low), np.ceil(high), True
            case _:
                return None
    return (low, high) if whole and np.isfinite(low).all() and np.isfinite(high).all() else None


def _terms(b: Builder, name: str) -> int:
    """How many values a node averages; 1 for one that does not."""
    node = b.nodes[name]
    return prod(b.shapes[node.inputs[0]]) // prod(b.shapes[name]) if isinstance(node, Mean) else 1


def _by_sign(node: Node, field: str, low: Array, high: Array) -> Bounds:
    """Through a linear map: its positive part takes the one end, its negative part the other."""
    weight = getattr(node, field)
    up, down = (replace(node, **{field: part}) for part in (np.maximum(weight, 0), np.minimum(weight, 0)))
    if getattr(node, "bias", None) is not None:
        down = replace(down, bias=None)  # type: ignore[call-arg]
    (up_low, up_high), (down_low, down_high) = (_moved(part, [(low, high)]) for part in (up, down))
    return up_low + down_high, up_high + down_low


def _moved(node: Node, given: list[Bounds]) -> Bounds:
    low, high = zip(*given, strict=True)
    first, second = (applied(node, [x[None] for x in ends])[0] for ends in (low, high))
    return first, second


def applied(node: Node, given: list[Array]) -> Array:
    """Return what one node makes of values (B, …)."""
    inputs = tuple(Input(f"in{k}", (), np.shape(x)[1:]) for k, x in enumerate(given))
    alone = SpikingNetwork((*inputs, replace(node, inputs=tuple(x.name for x in inputs)), Output("out", (node.name,))))
    with torch.no_grad():
        made = alone.dense().double()(*(torch.tensor(np.asarray(x), dtype=torch.float64) for x in given))
    return np.asarray(made.numpy())


def _whole(value: Any) -> bool:
    return bool(np.all(np.asarray(value) == np.round(value)))
