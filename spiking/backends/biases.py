"""What the biases of a network add up to, before any input arrives."""

from __future__ import annotations

import numpy as np

from ..linear_maps import Embedding, Synapse
from ..network import Network
from ..nodes import Node
from .base import Array
from .reference import linear


def summed_biases(network: Network) -> dict[str, Array | None]:
    """Return the constant each node sends whenever biases are injected, (*shape) in float64; None is zero.

    Linear maps carry constants on; neurons and products keep them.
    """

    def sent(node: Node, above: list[Array | None]) -> Array | None:
        if not isinstance(node, Synapse) or isinstance(node, Embedding):
            return None
        shapes = [network.shapes[name] for name in node.inputs]
        xs = [np.zeros((1, *s)) if c is None else c[None] for c, s in zip(above, shapes, strict=True)]
        value = linear(node, xs, shapes, inject=True)[0]
        return value if np.any(value) else None

    return network.propagate(sent)
