"""The least value that an operand of log, rsqrt or a quotient may have, where the source adds an ε of its own."""

from __future__ import annotations

import numpy as np

from spiking import (
    Abs,
    AvgPool,
    Clamp,
    Elementwise,
    Gather,
    MaxPool,
    Mean,
    Neuron,
    Node,
    Power,
    Relu,
    Reshape,
    Scale,
    Slice,
    Softmax,
)

from ..builder import Builder, Stream

FLOOR = Elementwise("log").floor
MOVES = (AvgPool, Gather, Mean, Reshape, Slice)  # what of values ≥ 0 makes values ≥ 0


def least(b: Builder, x: Stream) -> float:
    """Return ε for x = y + ε: exactly it where y ≥ 0, and no more than the default floor where y may be negative."""
    node = b.nodes[x.node]
    while isinstance(node, Gather | Reshape):
        node = b.nodes[node.inputs[0]]
    if not isinstance(node, Scale) or node.bias is None or node.bias.size != 1 or not node.bias.item() > 0:
        return FLOOR
    added = float(node.bias.item())
    certain = (node.weight is None or bool(np.all(node.weight >= 0))) and _positive(b, b.nodes[node.inputs[0]])
    return added if certain else min(added, FLOOR)


def _positive(b: Builder, node: Node) -> bool:
    """Whether a node cannot be negative, whatever the input."""
    while isinstance(node, MOVES):
        node = b.nodes[node.inputs[0]]
    if isinstance(node, Scale):
        parts = [part for part in (node.weight, node.bias) if part is not None]
        return all(bool(np.all(part >= 0)) for part in parts) and _positive(b, b.nodes[node.inputs[0]])
    if not isinstance(node, Neuron):
        return False
    match node.function[-1]:
        case Relu() | Abs() | Softmax():
            return True
        case Clamp(low, _):
            return low >= 0
        case Power(exponent):
            return exponent % 2 == 0 or not float(exponent).is_integer()
        case Elementwise(name):
            return name in ("exp", "sigmoid", "softplus", "sqrt", "rsqrt", "hardsigmoid")
        case MaxPool():
            return _positive(b, b.nodes[node.inputs[0]])
    return False
