"""Outputs whose batch axis is not the first come batch first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spiking import Node, Origin, Output, Reshape, SpikingNetwork

Array = NDArray[Any]


def batch_first(
    network: SpikingNetwork, wanted: dict[str, Array], size: int
) -> tuple[SpikingNetwork, dict[str, Array]]:
    """Return the network, and the source's outputs for `size` samples, with the batch axis of every output in front.

    A final state (layers, B, features), say, is read as (B, layers, features). One sample does not tell the axes apart.
    """
    moved = dict(wanted)
    nodes: list[Node] = []
    origins = dict(network.origins)
    for node in network:
        key = next(iter(wanted)) if len(wanted) == 1 else node.name
        axis = _axis(network.shapes[node.name], wanted[key].shape, size) if isinstance(node, Output) else None
        if axis is None:
            nodes.append(node)
            continue
        moved[key] = np.moveaxis(wanted[key], axis, 0)
        first = Reshape(f"{node.name}.batch_first", node.inputs, shape=moved[key].shape[1:])
        nodes += [first, replace(node, inputs=(first.name,))]
        origins[first.name] = Origin("output")
    return replace(network, nodes=tuple(nodes), origins=origins), moved


def _axis(sample: tuple[int, ...], whole: tuple[int, ...], size: int) -> int | None:
    """The axis that is 1 for one sample and `size` for all of them, if it is one axis and not the first."""
    if size < 2 or len(sample) != len(whole):
        return None
    found = [k for k in range(1, len(whole)) if (*whole[:k], 1, *whole[k + 1 :]) == sample and whole[k] == size]
    return found[0] if len(found) == 1 else None
