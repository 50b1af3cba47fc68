"""The source function in torch: the network with every neuron sending f(a) itself. For calibration and comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor, nn

from ..linear_maps import Synapse
from ..network import Network
from ..nodes import Input, MatMul, Neuron, Node, Output, Product
from .functions_torch import Composition
from .linear import Map, tensor

Watch = Callable[[str, Tensor], None]


class DenseModule(nn.Module):
    """forward(*inputs (B, …)) -> output (B, …), or a dict by name: the limit of the spiking network for many steps.

    `watch(name, value)` is called with every neuron's f(a), if given.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.layers = nn.ModuleList(_layers(network))
        self.ids = {node.name: node.vocabulary > 0 for node in network.inputs}

    def forward(self, *inputs: Tensor, watch: Watch | None = None, **named: Tensor) -> Tensor | dict[str, Tensor]:
        """Return the analog output; inputs come in the network's order, or by name."""
        held = {**dict(zip((node.name for node in self.network.inputs), inputs, strict=False)), **named}
        held = {name: x if x.is_floating_point() or self.ids[name] else x.float() for name, x in held.items()}
        for node, layer in zip(self.network, self.layers, strict=True):
            if not isinstance(node, Input):
                held[node.name] = layer(*(held[name] for name in node.inputs))
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


class _Product(nn.Module):
    def __init__(self, node: Product) -> None:
        super().__init__()
        self.node = node

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        rank = max(a.ndim, b.ndim)
        a, b = (x.reshape(len(x), *(1,) * (rank - x.ndim), *x.shape[1:]) for x in (a, b))
        return a @ b if isinstance(self.node, MatMul) else a * b


def _layers(network: Network) -> Iterator[nn.Module]:
    for node in network:
        match node:
            case Neuron() | Output():
                yield Composition(node)
            case Product():
                yield _Product(node)
            case Synapse():
                yield _Affine(node, [network.shapes[name] for name in node.inputs])
            case Input():
                yield nn.Identity()


def dense(network: Network) -> DenseModule:
    """Return the network without spikes as a torch module."""
    return DenseModule(network.check()).float().eval()
