"""The network in PyTorch: Norse cells for the neurons, one tensor operation for each linear map.

Nothing here recurs, so a node takes all its ticks at once: a stream of events is held as the ticks that can be
non-zero, (n, B, …), and a linear map sees them folded into the batch. Biases never travel: each neuron knows the
constant its linear maps add up to, and takes it at tick 1 (sigma-delta) or at every tick (rate).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..arguments import front, lag, ticks
from ..errors import InvalidInput
from ..functions import Function, Shape
from ..linear_maps import Synapse
from ..network import Network
from ..nodes import Input, MatMul, Neuron, Node, Output, Product
from .base import Array, Backend, BatchResult, Inputs, Plan, Runner, finite, joined
from .biases import summed_biases
from .cells import Cell
from .devices import placed
from .functions_torch import Composition, lacks
from .linear import Map, tensor

FOLD = 64  # samples × ticks that run together: more leaves the caches, measured in benchmarks/norse_speed.py

HELD = 1024  # samples × ticks whose events are held at once: memory grows with the ticks of one sample at most


class Train(NamedTuple):
    """Events of one node: what it sends at ticks first … first + len(data) − 1, (n, B, …); zero at all others.

    left   of a neuron: what it has not sent after the last tick, (B, …); None is nothing
    """

    first: int
    data: Tensor
    left: Tensor | None = None

    @property
    def last(self) -> int:
        """The last tick that can be non-zero."""
        return self.first + len(self.data) - 1

    def at(self, tick: int) -> Tensor | None:
        """What is sent at one tick; None is nothing."""
        return self.data[tick - self.first] if self.first <= tick <= self.last else None

    def cut(self, first: int, last: int) -> Tensor:
        """The ticks first … last, with zeros where nothing is sent."""
        low, high = max(first, self.first), min(last, self.last)
        whole = self.data.new_zeros(max(last - first + 1, 0), *self.data.shape[1:])
        if low <= high:
            whole[low - first : high - first + 1] = self.data[low - self.first : high - self.first + 1]
        return whole


class SynapseLayer(nn.Module):
    """A linear map of trains: only the ticks at which an input may be non-zero are computed."""

    def __init__(self, node: Node, shapes: list[Shape], steps: int) -> None:
        super().__init__()
        self.map, self.steps = Map(node, shapes), steps

    def forward(self, *trains: Train) -> Train:
        """Map all ticks at once, folded into the batch."""
        first = min(t.first for t in trains)
        last = min(max(t.last for t in trains), self.steps)
        full = [t.data if (t.first, t.last) == (first, last) else t.cut(first, last) for t in trains]
        n, batch = full[0].shape[:2]
        if n == 0:  # the shape still has to follow
            full = [d.new_zeros(1, *d.shape[1:]) for d in full]
        folded = self.map(*(d.flatten(0, 1) for d in full))
        return Train(first, folded.unflatten(0, (-1, batch))[:n])


class NeuronLayer(nn.Module):
    """A population: its cell, the constant it receives, and the ticks at which it may fire."""

    constant: Tensor | None

    def __init__(self, network: Network, node: Neuron, constant: Array | None, plan: Plan) -> None:
        super().__init__()
        self.plan, self.rate = plan, network.schedule == "rate"
        self.first, self.last = plan.first(node), plan.last(node)
        self.cell = Cell(node, network.shapes[node.name], self.rate)
        self.register_buffer("constant", None if constant is None else tensor(constant))

    def forward(self, train: Train) -> Train:
        """Run the cell over its ticks; what is sent is shifted by the delay."""
        if self.first > self.plan.steps:
            return Train(1, train.data.new_zeros(0, train.data.shape[1], *self.cell.shape))
        a = train.data.new_zeros(train.data.shape[1:])
        state = self.cell.rest(a)._replace(last=self.last)
        spikes = []
        for tick in range(1, self.plan.steps + 1):
            arriving = train.at(tick)
            if self.constant is not None and (self.rate or tick == 1):
                arriving = self.constant.expand_as(a) if arriving is None else arriving + self.constant
            if tick < self.first:
                state = state._replace(a=state.a if arriving is None else state.a + arriving, tick=tick)
            else:
                sent, state = self.cell(a if arriving is None else arriving, state)
                spikes.append(sent)
                if tick > self.last and self._settled(tick, train, sent):
                    break
        return Train(self.first + self.plan.delay, torch.stack(spikes), state.r - spikes[-1])

    def _settled(self, tick: int, train: Train, sent: Tensor) -> bool:
        """Whether nothing can follow: nothing more arrives, and nothing was sent."""
        return not self.rate and tick >= train.last and not bool(sent.any())


class ProductLayer(nn.Module):
    """A product: the differences of A∘B, tick after tick, with the constants both sides receive."""

    left: Tensor | None
    right: Tensor | None

    def __init__(
        self, node: Product, shapes: list[Shape], constant: list[Array | None], plan: Plan, rate: bool
    ) -> None:
        super().__init__()
        self.node, self.plan, self.rate, self.shapes = node, plan, rate, shapes
        self.register_buffer("left", None if constant[0] is None else tensor(constant[0]))
        self.register_buffer("right", None if constant[1] is None else tensor(constant[1]))

    def forward(self, *trains: Train) -> Train:
        """Integrate both sides and send what their product gained."""
        constants = (self.left, self.right)
        both = [c is not None for c in constants]
        first = 1 if all(both) or self.rate else min(t.first for t in trains)
        last = self.plan.steps if self.rate else max(first, *(t.last for t in trains))
        ticks = torch.arange(first, last + 1, device=trains[0].data.device, dtype=trains[0].data.dtype)
        held = []
        for train, constant, shape in zip(trains, constants, self.shapes, strict=True):
            whole = train.cut(first, last).cumsum(0)
            column = ticks.view(-1, *(1,) * (whole.ndim - 1))
            if constant is not None:
                whole = whole + (constant * column if self.rate else constant)
            lifted = (1,) * (max(map(len, self.shapes)) - len(shape))
            held.append(whole.reshape(*whole.shape[:2], *lifted, *shape))
        now = held[0] @ held[1] if isinstance(self.node, MatMul) else held[0] * held[1]
        if self.rate:
            now = now / ticks.view(-1, *(1,) * (now.ndim - 1))
        return Train(first, torch.cat([now[:1], now[1:] - now[:-1]]))


class ReadoutLayer(nn.Module):
    """The output's integrator, decoded after each tick."""

    constant: Tensor | None

    def __init__(self, node: Output, constant: Array | None, plan: Plan, rate: bool) -> None:
        super().__init__()
        self.name, self.plan, self.rate, self.function = node.name, plan, rate, Composition(node)
        self.register_buffer("constant", None if constant is None else tensor(constant))

    def forward(self, train: Train) -> Tensor:
        """Return the readout (T, B, …)."""
        a = train.cut(1, self.plan.steps).cumsum(0)
        ticks = torch.arange(1, self.plan.steps + 1, device=a.device, dtype=a.dtype).view(-1, *(1,) * (a.ndim - 1))
        if self.constant is not None:
            a = a + (self.constant * ticks if self.rate else self.constant)
        read: Tensor = self.function((a / ticks if self.rate else a).flatten(0, 1))
        if not read.is_floating_point():  # an index hides that it was taken among no numbers
            finite(self.name, bool(torch.isfinite(a).all()))
        return torch.as_tensor(read).reshape(*a.shape[:2], *read.shape[1:])


class SpikingModule(nn.Module):
    """A spiking network as a torch module: forward(x (B, …)) -> the readout after the last tick, (B, …).

    State lives inside one call: there is nothing to reset. Several outputs come as a dict by name.
    """

    def __init__(self, network: Network, plan: Plan) -> None:
        super().__init__()
        network.check()
        self.network, self.plan = network, plan
        self.layers = nn.ModuleList(_layers(network, plan))
        self.spent = [[n for n in dict.fromkeys(node.inputs) if network.consumers(n)[-1] is node] for node in network]

    def extra_repr(self) -> str:
        return f"{self.plan.steps} steps, delay {self.plan.delay}, {self.network.schedule}"

    def chunks(self, given: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
        """Cut a batch into parts whose ticks run together."""
        size = max(1, min(FOLD // min(self.plan.steps, 4), HELD // self.plan.steps))
        batch = len(next(iter(given.values())))
        return ({name: x[k : k + size] for name, x in given.items()} for k in range(0, batch, size))

    def trains(self, given: dict[str, Tensor]) -> Iterator[tuple[Node, Any]]:
        """Yield each node with its train, or its readout, for a batch: input -> (B, …)."""
        held: dict[str, Any] = {}
        inject = self.plan.steps if self.network.schedule == "rate" else 1
        for node, layer, spent in zip(self.network, self.layers, self.spent, strict=True):
            if isinstance(node, Input):
                x = given[node.name]
                held[node.name] = Train(1, x.expand(inject, *x.shape))
            else:
                held[node.name] = layer(*(held[name] for name in node.inputs))
            yield node, held[node.name]
            for name in spent:
                del held[name]

    def forward(self, *inputs: Tensor, **named: Tensor) -> Any:
        """Return the readout after the last tick: (B, …), or a dict of them."""
        given = {**dict(zip((node.name for node in self.network.inputs), inputs, strict=False)), **named}
        faults = [
            f"'{node.name}' takes (B, {', '.join(map(str, node.shape))})"
            for node in self.network.inputs
            if node.name not in given or given[node.name].shape[1:] != node.shape
        ]
        if faults or len(given) != len(self.network.inputs):
            shapes = {name: tuple(x.shape) for name, x in given.items()}
            raise InvalidInput(f"the inputs do not fit: {'; '.join(faults)}; given: {shapes}")
        parts: dict[str, list[Tensor]] = {out.name: [] for out in self.network.outputs}
        for chunk in self.chunks(given):
            for node, value in self.trains(chunk):
                if isinstance(node, Output):
                    parts[node.name].append(value[-1])
        whole = {name: torch.cat(values) for name, values in parts.items()}
        return next(iter(whole.values())) if len(whole) == 1 else whole


def _layers(network: Network, plan: Plan) -> Iterator[nn.Module]:
    constant = summed_biases(network)
    rate = network.schedule == "rate"
    for node in network:
        shapes = [network.shapes[name] for name in node.inputs]
        arriving = [constant[name] for name in node.inputs]
        match node:
            case Neuron():
                yield NeuronLayer(network, node, arriving[0], plan)
            case Product():
                yield ProductLayer(node, shapes, arriving, plan, rate)
            case Output():
                yield ReadoutLayer(node, arriving[0], plan, rate)
            case Synapse():
                yield SynapseLayer(node, shapes, plan.steps)
            case _:
                yield nn.Identity()


def module(network: Network, steps: int, *, delay: int = 0, wavefront: bool | None = None) -> SpikingModule:
    """Return the network as a torch module that runs `steps` ticks; see SpikingNetwork.module."""
    late, held = lag(delay), front(wavefront)
    return SpikingModule(network, Plan(ticks(steps), late, bool(late) if held is None else held)).float().eval()


class Norse(Backend):
    """PyTorch with Norse cells. Options: device (a torch device), dtype ("float32" or "float64")."""

    name = "norse"
    options = ("device", "dtype")

    def lacks(self, function: Function) -> bool:
        return lacks(function)

    def width(self, plan: Plan) -> str:
        return str(_placed(plan)[1]).removeprefix("torch.")

    def prepare(self, network: Network, plan: Plan) -> Runner:
        device, dtype = _placed(plan)
        built = SpikingModule(network, plan).eval().to(device=device, dtype=dtype)

        def run(x: Inputs) -> BatchResult:
            with torch.inference_mode(), torch.autocast(device.type, enabled=False):  # its widths are not the engine's
                arrays = {name: np.require(v, requirements=["C", "W"]) for name, v in x.items()}
                whole = {name: torch.as_tensor(v).to(device) for name, v in arrays.items()}
                for node in network.inputs:
                    whole[node.name] = whole[node.name].to(torch.long if node.vocabulary else dtype)
                return joined(_account(built, chunk, plan) for chunk in built.chunks(whole))

        return run


def _placed(plan: Plan) -> tuple[torch.device, torch.dtype]:
    return placed(plan.options.get("device", "cpu"), plan.options.get("dtype", "float32"))


def _account(built: SpikingModule, x: dict[str, Tensor], plan: Plan) -> BatchResult:
    result = BatchResult({}, {}, {})
    for (node, value), layer in zip(built.trains(x), built.layers, strict=True):
        if isinstance(node, Output):
            result.readouts[node.name] = value.cpu().numpy()
        elif isinstance(node, Neuron):
            sent = Train(value.first - plan.delay, value.data)  # booked at the tick it was sent
            counts = np.zeros((plan.steps, *value.data.shape[2:]), dtype=np.int64)
            counts[sent.first - 1 : sent.last] = torch.count_nonzero(sent.data, dim=1).cpu().numpy()
            result.counts[node.name] = counts
            assert isinstance(layer, NeuronLayer)
            result.saturated[node.name] = 0 if value.left is None else layer.cell.p.saturated(value.left)
            if value.left is not None and not bool(torch.isfinite(value.left).all()):
                result.lost.add(node.name)
            if node.name in plan.keep:
                result.rasters[node.name] = sent.cut(1, plan.steps).cpu().numpy()
    return result
