"""Small language models: hand-made nodes from ids to logits, and what each position reads out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from spiking import (
    Embedding,
    Identity,
    Input,
    Neuron,
    Node,
    Output,
    Permute,
    SpikingNetwork,
    graded,
)
from spiking.backends.generate import Decoder

LENGTH, WORDS = 6, 4
TRIL = np.tril(np.ones((LENGTH, LENGTH)))
NEVER = np.where(TRIL > 0, 0.0, -1e30)
UNITS = {"n1": 0.25, "w1": 0.5, "n2": 0.25, "q": 0.25, "k": 0.25, "w2": 0.0625, "n3": 0.125}
LEVELS = 4


def neuron(name: str, above: str, function: object = None) -> Neuron:
    f = Identity() if function is None else function
    return Neuron(name, (above,), (f,), graded(UNITS.get(name, 0.25), LEVELS))  # type: ignore[arg-type]


def readouts(network: SpikingNetwork, ids: Tensor, steps: int) -> np.ndarray:
    """Return what each position reads out when a text is fed token by token: (B, n, V)."""
    model = Decoder(network, steps).float().eval()
    model.begin(len(ids))
    with torch.inference_mode():
        return torch.stack([model(word) for word in ids.T], 1).numpy()


def language_model(*nodes: Node, last: str) -> SpikingNetwork:
    """Ids to logits by way of x (L, 4), n and its transpose nt, what is given, and a head."""
    first: list[Node] = [
        Input("ids", (), (LENGTH,), WORDS),
        Embedding("e", ("ids",), np.eye(WORDS)),
        neuron("n", "e"),
        Permute("nt", ("n",), (-1, -2)),
    ]
    made = (*first, *nodes, Output("out", (last,)))
    read = {name for node in made for name in node.inputs}
    return SpikingNetwork(tuple(node for node in made if node.name in read or isinstance(node, Output))).check()
