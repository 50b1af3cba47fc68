"""What the biases of a network add up to, before any input arrives."""

from __future__ import annotations

import numpy as np

from ..network import SpikingNetwork
from ..synapses import Embedding, Synapse
from .base import Array
from .reference import linear


def constants(network: SpikingNetwork) -> dict[str, Array | None]:
    """Return the constant each node sends whenever biases are injected, (*shape) in float64; None is zero.

    Linear maps carry constants on; neurons and products keep them.
    """
    found: dict[str, Array | None] = {}
    for node in network:
        found[node.name] = None
        if isinstance(node, Synapse) and not isinstance(node, Embedding):
            shapes = [network.shapes[name] for name in node.inputs]
            above = [found[name] for name in node.inputs]
            xs = [np.zeros((1, *s)) if c is None else c[None] for c, s in zip(above, shapes, strict=True)]
            value = linear(node, xs, shapes, inject=True)[0]
            found[node.name] = value if np.any(value) else None
    return found
