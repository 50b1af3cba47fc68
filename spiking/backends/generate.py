"""Text, token by token: what earlier positions sent stays where it arrived, and is not sent again.

At position p every node runs on the slice of p alone, its neurons from rest, `steps` ticks with delay 0. The product
of queries and keys, and of scores and values, reads all positions: the integrator of its second factor is the memory.

    A_p∘B = A_p∘B_{<p} + A_p∘b_p      B_{<p} final, b_p integrating while token p is on its way

With B_{<p} = what those positions had sent after `steps` ticks. Later positions are zero: the mask rules them out.
As in norse.py a node takes all its ticks at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..arguments import LONGEST, array, whole
from ..errors import InvalidInput
from ..functions import Shape
from ..linear_maps import Reshape, Scale
from ..network import Network
from ..nodes import Input, MatMul, Neuron, Node, Output, Product
from .base import Array, Plan
from .biases import summed_biases
from .cells import Code
from .devices import placed
from .linear import tensor
from .norse import ProductLayer, ReadoutLayer, SynapseLayer, Train
from .positions import Place, at_one, lacks, places


@dataclass(frozen=True, eq=False)
class Generation:
    """The result of `generate`.

    tokens   (B, n): the prompt and what followed
    spikes   (n − 1,): of one sequence, by the position that sent them, all neurons and ticks
    seconds  wall-clock time of those n − 1 positions
    """

    tokens: Array
    spikes: Array
    seconds: float


class Cut(NamedTuple):
    """A buffer of a layer that differs by position: `whole` along `axis`."""

    owner: nn.Module
    name: str
    whole: str
    axis: int


class PositionLayer(nn.Module):
    """A population at one position: its targets at all ticks together, then spike by spike."""

    constant: Tensor | None

    def __init__(self, node: Neuron, constant: Array | None, steps: int) -> None:
        super().__init__()
        self.steps, self.code = steps, Code(node, rate=False)
        self.register_buffer("constant", None if constant is None else tensor(constant))

    def forward(self, train: Train) -> Train:
        """Return what the neurons send at ticks 1 … steps; after its last tick a train adds nothing."""
        a = train.data.cumsum(0)
        targets = self.code.function(a if self.constant is None else a + self.constant)
        targets = targets if self.code.v0 is None else targets + self.code.v0
        sent = torch.zeros_like(targets[0])
        spikes = []
        for tick in range(self.steps):
            spikes.append(self.code.emit(targets[min(tick, len(targets) - 1)] - sent))
            sent = sent + spikes[-1]
        return Train(1, torch.stack(spikes))


class MemoryLayer(nn.Module):
    """A product that reads all positions: what B has sent so far stays.

    columns  B = Kᵀ (…, K, L): a token adds a column, A_p∘B is its scores (…, 1, L)
    rows     B = V (…, L, N): a token adds a row, A_p holds the weights (…, 1, L)
    """

    past: Tensor
    left: Tensor | None
    right: Tensor | None

    def __init__(self, shapes: list[Shape], columns: bool, constant: list[Array | None]) -> None:
        super().__init__()
        self.shapes, self.columns = shapes, columns
        self.rank = max(map(len, shapes))
        self.register_buffer("past", torch.zeros(0, dtype=torch.float64), persistent=False)
        self.register_buffer("left", None if constant[0] is None else tensor(constant[0]))
        self.register_buffer("right", None if constant[1] is None else tensor(constant[1]))

    def begin(self, batch: int) -> None:
        """Forget everything."""
        whole = (batch, *(1,) * (self.rank - len(self.shapes[1])), *self.shapes[1])
        self.past = self.past.new_zeros(whole)

    def forward(self, a: Train, b: Train, position: int) -> Train:
        """Return what the product gains at each tick (n, B, …, 1, N), and remember b."""
        last = max(a.last, b.last)
        left = self._held(a.cut(1, last), self.left)[..., 0, :].movedim(0, -2)  # ticks become rows: (B, …, n, K)
        right = self._held(b.cut(1, last), self.right)
        now = left @ self.past
        if self.columns:
            own = right[..., 0].movedim(0, -2)
            now[..., position] += (left * own).sum(-1)
            self.past[..., position] = right[-1, ..., 0]
        else:
            own = right[..., 0, :].movedim(0, -2)
            now += left[..., position, None] * own
            self.past[..., position, :] = right[-1, ..., 0, :]
        now = now.movedim(-2, 0)
        return Train(1, torch.cat([now[:1], now[1:] - now[:-1]]).unsqueeze(-2))

    def _held(self, data: Tensor, constant: Tensor | None) -> Tensor:
        whole = data.cumsum(0)
        whole = whole if constant is None else whole + constant
        lifted = (1,) * (self.rank - whole.ndim + 2)
        return whole.reshape(*whole.shape[:2], *lifted, *whole.shape[2:])


class Decoder(nn.Module):
    """A language model that takes one position at a time: begin(batch), then forward(ids (B,)) -> logits (B, V).

    Raises InvalidInput (no language model, steps), UnsupportedNode (every node that mixes positions).
    """

    def __init__(self, network: Network, steps: int) -> None:
        super().__init__()
        _refuse([*_whole("steps", steps, LONGEST), *lacks(network.check())])
        self.network, self.length = network, network.inputs[0].shape[0]
        constant = summed_biases(network)
        self.places = places(network, constant)
        constant = {name: None if value is None else _thin(value) for name, value in constant.items()}
        plan = Plan(steps)
        self.layers = nn.ModuleList(_layer(node, network, self.places, constant, plan) for node in network)
        self.cuts = [cut for node, layer in zip(network, self.layers, strict=True) for cut in self._cuts(node, layer)]
        self.position, self.spikes = 0, 0

    def begin(self, batch: int) -> None:
        """Start a text in each of a batch."""
        self.position = 0
        for layer in self.layers:
            if isinstance(layer, MemoryLayer):
                layer.begin(batch)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the readout (B, V) of the next position after its last tick; `spikes` counts what its neurons sent."""
        for owner, name, full, axis in self.cuts:
            setattr(owner, name, getattr(owner, full).narrow(axis, self.position, 1))
        held: dict[str, Any] = {}
        sent = []
        for node, layer in zip(self.network, self.layers, strict=True):
            arriving = [held[name] for name in node.inputs]
            if isinstance(node, Input):
                held[node.name] = Train(1, ids.view(1, -1, 1))
            elif isinstance(layer, MemoryLayer):
                held[node.name] = layer(*arriving, self.position)
            else:
                held[node.name] = layer(*arriving)
            if isinstance(node, Neuron):
                sent.append(torch.count_nonzero(held[node.name].data))
        self.position += 1
        self.spikes = int(torch.stack(sent).sum())
        readout: Tensor = held[self.network.outputs[0].name][-1]
        return readout.squeeze(1)

    def _cuts(self, node: Node, layer: nn.Module) -> Iterator[Cut]:
        """Move every buffer that differs by position behind one that holds the slice of the position."""
        inner = self.places[node.inputs[0]].query if node.inputs else 0
        for module in layer.modules():
            for name, value in list(module.named_buffers(recurse=False)):
                axis = inner
                if isinstance(layer, MemoryLayer | ProductLayer):
                    if name == "past":
                        continue
                    axis = self.places[node.inputs[name == "right"]].query
                elif not isinstance(layer, PositionLayer | ReadoutLayer) and not isinstance(node, Scale):
                    continue  # weights are the same at all positions
                if value.ndim >= -axis and value.shape[axis] == self.length > 1:
                    module.register_buffer(f"{name}_whole", value)
                    yield Cut(module, name, f"{name}_whole", axis)


def _layer(
    node: Node, network: Network, places: dict[str, Place], constant: dict[str, Array | None], plan: Plan
) -> nn.Module:
    """The layer of norse.py for one position."""
    above = [places[name] for name in node.inputs]
    whole = [network.shapes[name] for name in node.inputs]
    shapes = [at_one(shape, place) for shape, place in zip(whole, above, strict=True)]
    arriving = [constant[name] for name in node.inputs]
    match node:
        case Input():
            return nn.Identity()
        case Neuron():
            return PositionLayer(node, arriving[0], plan.steps)
        case MatMul() if above[0].query != above[1].query or places[node.name].query == -2:
            return MemoryLayer(whole, above[1].query == -1, arriving)
        case Product():
            return ProductLayer(node, shapes, arriving, plan, rate=False)
        case Output():
            return ReadoutLayer(node, arriving[0], plan, rate=False)
        case Reshape():
            node = replace(node, shape=at_one(node.shape, places[node.name]))
    return SynapseLayer(node, shapes, plan.steps)


def _thin(value: Array) -> Array:
    """Return an array of which axes along which nothing differs are one long: the mask of all heads is one mask."""
    for axis in range(value.ndim):
        first = value.take([0], axis)
        value = first if np.all(value == first) else value
    return value


def generate(
    network: Network, ids: ArrayLike, *, steps: int, max_new_tokens: int, device: str = "cpu", dtype: str = "float32"
) -> Generation:
    """Return the prompt and its greedy continuation; see SpikingNetwork.generate."""
    prompt = _prompt(network, ids, steps, max_new_tokens)
    place, kind = placed(device, dtype)
    model = Decoder(network, steps).eval().to(device=place, dtype=kind)
    tokens = torch.as_tensor(prompt, device=place)
    spikes = []
    with torch.inference_mode():
        begin = perf_counter()
        model.begin(len(tokens))
        for position in range(prompt.shape[1] + max_new_tokens - 1):
            logits = model(tokens[:, position])
            spikes.append(model.spikes / len(tokens))
            if position + 1 == tokens.shape[1]:
                tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], 1)
        seconds = perf_counter() - begin
    return Generation(tokens.cpu().numpy(), np.array(spikes), seconds)


def _prompt(network: Network, ids: ArrayLike, steps: int, new: int) -> Array:
    """Return the prompt as (B, n), or raise InvalidInput with every fault."""
    source, given = network.check().inputs[0], array(ids)
    prompt = given[None] if given.ndim == 1 else given
    faults = [*_whole("steps", steps, LONGEST), *_whole("max_new_tokens", new), *lacks(network)]
    if prompt.ndim != 2 or not prompt.size or prompt.dtype.kind not in "iu":
        faults.append(f"the prompt must be integers (n,) or (B, n), at least one, not {given.dtype} {given.shape}")
    elif source.vocabulary and len(source.shape) == 1:
        if not 0 <= prompt.min() <= prompt.max() < source.vocabulary:
            have = f"{prompt.min()} … {prompt.max()}"
            faults.append(f"the prompt holds ids {have}, and the vocabulary is 0 … {source.vocabulary - 1}")
        if prompt.shape[1] + new > source.shape[0]:
            length = f"{prompt.shape[1]} + {new} tokens"
            faults.append(f"prompt and continuation have {length}; the network was captured at {source.shape[0]}")
    _refuse(faults)
    return prompt.astype(np.int64)


def _whole(name: str, value: int, most: int | None = None) -> list[str]:
    try:
        whole(name, value, 1, most)
    except InvalidInput as error:
        return [str(error)]
    return []


def _refuse(faults: list[str]) -> None:
    if faults:
        raise InvalidInput("\n  ".join(["cannot generate:", *faults]))
