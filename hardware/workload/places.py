"""A place where events arrive, counted: its synapses, its matrix, and the functions and maps it is wired to."""

from __future__ import annotations

from math import ceil, prod

from spiking import (
    Add,
    Conv,
    ConvTranspose,
    Embedding,
    Identity,
    Linear,
    MatMul,
    Multiply,
    Neuron,
    Node,
    Product,
    Softmax,
    SpikingNetwork,
    Synapses,
    Weighted,
    count,
    is_wiring,
    macs,
)

from .parts import Curve, Matrix, Place


def counted_place(
    network: SpikingNetwork, name: str, wired: dict[str, int], owned: Synapses, events: Curve, stage: int
) -> Place:
    """Return the place at node `name`.

    wired    source -> physical synapses from it, columns of the source counted
    owned    synapses that are this node's own: weights that an earlier node has are none
    """
    node, shapes = network[name], [network.shapes[above] for above in network[name].inputs]
    outputs = prod(network.shapes[name])
    alone = count(node, *shapes)
    physical = 0 if isinstance(node, Product) else sum(wired.values())
    reads = alone.weights
    if isinstance(node, Embedding):
        physical, reads = owned.physical, outputs
    fan_in = physical / outputs
    if isinstance(node, Weighted) and alone.physical:
        fan_in = _inner(node) * physical / alone.physical
    channels = _channels(node, shapes[0])
    below = network.downstream(name, through=is_wiring)
    functions = [f for reader in below if isinstance(reader, Neuron) for f in reader.function]
    scores = isinstance(node, MatMul) and any(isinstance(f, Softmax) for f in functions)
    return Place(
        name=name,
        kind=type(node).__name__,
        weights=owned.weights,
        reads=reads,
        unrolled=owned.unrolled,
        physical=physical,
        dynamic=owned.dynamic,
        fan_in=ceil(fan_in),
        taps=node.weight.size // channels if isinstance(node, Weighted) else 1,
        channels=channels,
        values=sum(map(prod, shapes)) + outputs,
        macs=macs(node, *shapes),
        calls=1,
        sources=tuple(wired),
        matrix=_matrix(node, shapes, network.shapes[name]),
        events=events,
        stage=stage,
        passes=sum(not isinstance(f, Identity) for f in functions) + sum(isinstance(reader, Add) for reader in below),
        halo=halo(node.weight.shape[2:], shapes[0][1:]) if isinstance(node, Conv) else 0.0,
        barrier=scores,
        inside=(_scores_read(network, node), outputs if scores else 0),
    )


def halo(kernel: tuple[int, ...], size: tuple[int, ...]) -> float:
    """Share of a map that is in before the first output of a kernel centred on its corner, read row by row.

    ((k − 1)/2·W + (k − 1)/2) / (H·W) in two dimensions.
    """
    rows = [prod(size[axis + 1 :]) for axis in range(len(size))]
    return sum((k - 1) / 2 * row for k, row in zip(kernel, rows, strict=True)) / max(prod(size), 1)


def _matrix(node: Node, shapes: list[tuple[int, ...]], output: tuple[int, ...]) -> Matrix | None:
    """The matrix product that a dense machine computes for a node; None for wiring."""
    outputs = prod(output)
    match node:
        case Linear():
            outs, ins = node.weight.shape
            return Matrix(prod(shapes[0][:-1]), outs, ins, 1)
        case Embedding():
            return Matrix(prod(shapes[0]), node.weight.shape[1], 1, 1)
        case Conv():
            outs, ins, *kernel = node.weight.shape
            return Matrix(outputs // outs, outs // node.groups, ins * prod(kernel), node.groups)
        case ConvTranspose():
            ins, outs, *kernel = node.weight.shape
            return Matrix(prod(shapes[0][1:]), outs * prod(kernel), ins // node.groups, node.groups)
        case MatMul():
            *_, rows, width = output
            return Matrix(rows, width, shapes[0][-1], outputs // (rows * width))
        case Multiply():
            return Matrix(1, 1, 1, outputs)
    return None


def _channels(node: Node, shape: tuple[int, ...]) -> int:
    """Sets of weights that differ: inputs of a matrix, ids of a table, input channels of a kernel."""
    match node:
        case Linear():
            return int(node.weight.shape[1])
        case Embedding():
            return int(node.weight.shape[0])
        case Conv() | ConvTranspose():
            return shape[0]
    return 1


def _inner(node: Weighted) -> int:
    """Synapses on one output, away from the border."""
    match node:
        case Embedding():
            return int(node.weight.shape[0])
        case ConvTranspose():
            ins, _, *kernel = node.weight.shape
            return int(ins // node.groups * prod(ceil(k / t) for k, t in zip(kernel, node.stride, strict=True)))
    return int(node.weight[0].size)


def _scores_read(network: SpikingNetwork, node: Node) -> int:
    """Scores that the second product of an attention reads: what a fused kernel never writes out."""
    above = [network[name] for name in network.sources(node.name)] if isinstance(node, MatMul) else []
    softmaxes = [n for n in above if isinstance(n, Neuron) and any(isinstance(f, Softmax) for f in n.function)]
    return sum(prod(network.shapes[neuron.name]) for neuron in softmaxes)
