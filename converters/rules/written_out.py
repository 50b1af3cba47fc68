"""Norms that a source spells out: x divided by √(α·mean x² + β), however it is written."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from spiking import Clamp, Elementwise, Gather, Mean, Neuron, Node, Norm, Power, Reshape, Scale

from ..builder import Builder, Stream
from .shape import permute

TINY = 1e-12  # in place of an ε of 0, and of the least norm that a source divides by


def normalised(b: Builder, x: Stream, gain: Stream, divides: bool = False) -> Stream | None:
    """Return x/√(α·mean x² + β) as one neuron over a group, if gain is 1/√(…) or, with `divides`, √(…); None else.

    x may be centred before: what is measured and what is divided must be the same value, not the same call.
    """
    node = _above(b, b.nodes[gain.node], Gather, Reshape)
    node, floor = _floored(b, node)
    root = "sqrt" if divides else "rsqrt"
    if not (isinstance(node, Neuron) and len(node.function) == 1 and _is_root(node.function[0], root)):
        return None
    node, slope, offset = _affine(b, b.nodes[node.inputs[0]])
    if not (isinstance(node, Mean) and node.keepdims and slope > 0 and offset >= 0):
        return None
    square = b.nodes[node.inputs[0]]
    if not (isinstance(square, Neuron) and square.function == (Power(2.0),)):
        return None
    if not alike(b, square.inputs[0], x.node):
        return None
    eps = max(offset, floor**2) / slope
    return _norm(b, x, node.axes, max(eps, TINY), 1 / np.sqrt(slope))


def _norm(b: Builder, x: Stream, axes: tuple[int, ...], eps: float, gain: float) -> Stream:
    """RMSNorm over any axes of x, times a gain: they are last in the group that a neuron reads."""
    rank = len(x.shape)
    gone = sorted(axis % rank for axis in axes)
    order = [d for d in range(rank) if d not in gone] + gone
    weight = None if gain == 1 else np.full((1,) * len(gone), gain, np.float32)
    made = b.neuron(permute(b, x, order), Norm(len(gone), float(eps), weight, center=False))
    return permute(b, made, [order.index(d) for d in range(rank)])


def alike(b: Builder, left: str, right: str) -> bool:
    """Return whether two nodes compute the same value: one node, or equal nodes of inputs alike."""
    if left == right:
        return True
    x, y = b.nodes[left], b.nodes[right]
    if type(x) is not type(y) or not x.inputs or len(x.inputs) != len(y.inputs):
        return False
    own = [field.name for field in fields(x) if field.name not in ("name", "inputs", "cell")]
    if not all(_equal(getattr(x, name), getattr(y, name)) for name in own):
        return False
    return all(alike(b, p, q) for p, q in zip(x.inputs, y.inputs, strict=True))


def _equal(x: Any, y: Any) -> bool:
    if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
        return np.shape(x) == np.shape(y) and bool(np.all(np.asarray(x) == np.asarray(y)))
    return bool(x == y)


def _above(b: Builder, node: Node, *kinds: type[Node]) -> Node:
    """The first node upwards that does not only broadcast or reshape."""
    while isinstance(node, kinds) and not (isinstance(node, Gather) and np.any(node.indices)):
        node = b.nodes[node.inputs[0]]
    return node


def _floored(b: Builder, node: Node) -> tuple[Node, float]:
    """The node that a lower bound cuts off, and the bound; the node itself and 0 without one."""
    match node:
        case Neuron(function=(Clamp(low, high),)) if low >= 0 and high > 1e30:
            return _above(b, b.nodes[node.inputs[0]], Gather, Reshape), low
        case Neuron(function=(inner, Clamp(low, high))) if low >= 0 and high > 1e30:
            return replace(node, function=(inner,)), low
    return node, 0.0


def _is_root(function: Any, name: str) -> bool:
    if isinstance(function, Power):
        return float(function.exponent) == {"sqrt": 0.5, "rsqrt": -0.5}[name]
    return isinstance(function, Elementwise) and function.name == name


def _affine(b: Builder, node: Node) -> tuple[Node, float, float]:
    """The node whose value a chain of scales reads, their slope and their offset; NaN where it is not one number."""
    slope, offset = 1.0, 0.0
    while isinstance(node, Scale | Reshape):
        if isinstance(node, Scale):
            weight, bias = _number(node.weight, 1.0), _number(node.bias, 0.0)
            slope, offset = slope * weight, offset + slope * bias
        node = b.nodes[node.inputs[0]]
    return node, slope, offset


def _number(value: Any, default: float) -> float:
    if value is None:
        return default
    return float(value.flat[0]) if value.size and np.all(value == value.flat[0]) else float("nan")
