"""The source function in torch: the network with every neuron sending f(a) itself. For calibration and comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor, nn

from ..network import SpikingNetwork
from ..nodes import Input, MatMul, Neuron, Node, Output, Product
from ..synapses import Synapse
from .cells import apply
from .linear import Map, tensor

Watch = Callable[[str, Tensor], None]


class DenseModule(nn.Module):
    """forward(x (B, …)) -> output (B, …), or a dict by name: the limit of the spiking network for many steps.

    `watch(name, value)` is called with every neuron's f(a), if given.
    """

    def __init__(self, network: SpikingNetwork) -> None:
        super().__init__()
        self.network = network
        self.layers = nn.ModuleList(_layers(network))

    def forward(self, x: Tensor, watch: Watch | None = None) -> Tensor | dict[str, Tensor]:
        """Return the analog output."""
        held: dict[str, Tensor] = {}
        for node, layer in zip(self.network, self.layers, strict=True):
            held[node.name] = x if isinstance(node, Input) else layer(*(held[name] for name in node.inputs))
            if watch is not None and isinstance(node, Neuron):
                watch(node.name, held[node.name])
        found = {out.name: held[out.name] for out in self.network.outputs}
        return next(iter(found.values())) if len(found) == 1 else found


class _Affine(nn.Module):
    bias: Tensor | None

    def __init__(self, node: Node, shapes: list[tuple[int, ...]]) -> None:
        super().__init__()
        self.map = Map(node, shapes)
        bias = getattr(node, "bias", None)
        self.register_buffer("bias", None if bias is None else tensor(bias))

    def forward(self, *inputs: Tensor) -> Tensor:
        y: Tensor = self.map(*inputs)
        return y if self.bias is None else y + self.bias


class _Function(nn.Module):
    def __init__(self, neuron: Neuron) -> None:
        super().__init__()
        self.function = neuron.function

    def forward(self, a: Tensor) -> Tensor:
        return apply(self.function, a)


class _Product(nn.Module):
    def __init__(self, node: Product) -> None:
        super().__init__()
        self.node = node

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        rank = max(a.ndim, b.ndim)
        a, b = (x.reshape(len(x), *(1,) * (rank - x.ndim), *x.shape[1:]) for x in (a, b))
        return a @ b if isinstance(self.node, MatMul) else a * b


def _layers(network: SpikingNetwork) -> Iterator[nn.Module]:
    for node in network:
        match node:
            case Neuron():
                yield _Function(node)
            case Product():
                yield _Product(node)
            case Synapse():
                yield _Affine(node, [network.shapes[name] for name in node.inputs])
            case Input() | Output():
                yield nn.Identity()


def dense(network: SpikingNetwork) -> DenseModule:
    """Return the network without spikes as a torch module."""
    return DenseModule(network.check()).float().eval()
