"""Every use of a weight, one by one, adds up to the map itself."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from spiking import (
    Add,
    AvgPool,
    Concat,
    Conv,
    ConvTranspose,
    Embedding,
    Gather,
    Input,
    Linear,
    Mean,
    Mix,
    Neuron,
    Node,
    Output,
    Pad,
    Permute,
    Relu,
    Reshape,
    Scale,
    Slice,
    SpikingNetwork,
    count,
    fan_outs,
    synapses,
    ternary,
)
from spiking.backends.reference import linear
from spiking.fan_out import fan_out
from spiking.unroll import taps

Shape = tuple[int, ...]
rng = np.random.default_rng(0)
ONE = ("x",)
TWO = ("x", "y")


def conv(*shape: int, **setting: object) -> Conv:
    n = len(shape) - 2
    setting = {"stride": (1,) * n, "padding": (0,) * n, "dilation": (1,) * n} | setting
    return Conv("c", ONE, rng.normal(size=shape), **setting)  # type: ignore[arg-type]


def back(*shape: int, **setting: object) -> ConvTranspose:
    n = len(shape) - 2
    plain = {"stride": (1,) * n, "padding": (0,) * n, "output_padding": (0,) * n, "dilation": (1,) * n}
    return ConvTranspose("t", ONE, rng.normal(size=shape), **plain | setting)  # type: ignore[arg-type]


TRANSPOSED: dict[str, tuple[ConvTranspose, list[Shape]]] = {
    "back1d": (back(2, 3, 4, stride=(3,), padding=(2,), output_padding=(1,)), [(2, 5)]),
    "back2d": (back(2, 3, 3, 2, stride=(2, 1), padding=(1, 0)), [(2, 3, 4)]),
    "back grouped": (back(6, 2, 2, 3, stride=(2, 2), padding=(0, 1), groups=3), [(6, 3, 2)]),
    "back depthwise": (back(4, 1, 2, 2, stride=(2, 2), groups=4), [(4, 2, 3)]),
    "back dilated": (back(2, 2, 3, 3, padding=(1, 2), output_padding=(1, 0), dilation=(2, 2)), [(2, 4, 4)]),
    "back past the stride": (back(1, 2, 2, stride=(1,), output_padding=(2,), dilation=(3,)), [(1, 4)]),
    "back3d": (back(2, 2, 2, 1, 3, stride=(2, 1, 2), output_padding=(1, 0, 1)), [(2, 2, 2, 3)]),
    "back cut to the middle": (back(1, 1, 3, padding=(2,)), [(1, 4)]),
}


def sparse(*shape: int) -> np.ndarray:
    """A matrix with zeros, the first row all of them."""
    matrix = rng.normal(size=shape) * (rng.random(shape) < 0.6)
    matrix[0] = 0
    return matrix


def fed(node: Node, shape: Shape) -> Shape:
    """What events arrive on: an embedding reads a one-hot population for each id."""
    return (*shape, len(node.weight)) if isinstance(node, Embedding) else shape


WEIGHTED: dict[str, tuple[Node, list[Shape]]] = {
    "linear": (Linear("l", ONE, rng.normal(size=(4, 3))), [(3,)]),
    "linear on tokens": (Linear("l", ONE, rng.normal(size=(4, 3))), [(2, 5, 3)]),
    "conv1d": (conv(4, 2, 3, stride=(2,), padding=(1,)), [(2, 7)]),
    "conv2d": (conv(3, 2, 3, 2, stride=(2, 1), padding=(1, 1)), [(2, 5, 6)]),
    "dilated": (conv(3, 2, 3, 3, padding=(2, 3), dilation=(2, 3)), [(2, 6, 7)]),
    "grouped": (conv(6, 2, 2, 3, padding=(0, 1), groups=3), [(6, 4, 4)]),
    "depthwise": (conv(4, 1, 3, 3, padding=(1, 1), groups=4), [(4, 3, 3)]),
    "conv3d": (conv(2, 2, 2, 1, 2, padding=(1, 0, 1)), [(2, 3, 2, 3)]),
    **TRANSPOSED,
    "embedding": (Embedding("e", ONE, rng.normal(size=(5, 3))), [(2, 4)]),
    "embedding of one id": (Embedding("e", ONE, rng.normal(size=(5, 3))), [()]),
    "all padding": (conv(1, 1, 3, 3, padding=(3, 3), stride=(3, 3)), [(1, 2, 2)]),
}
WIRING: dict[str, tuple[Node, list[Shape]]] = {
    **{
        f"mix {axis}": (Mix("m", ONE, axis, sparse(2, size)), [(2, 3, 4)]) for axis, size in ((-3, 2), (-2, 3), (-1, 4))
    },
    "mix alone": (Mix("m", ONE, -1, sparse(6, 4)), [(4,)]),
    "average": (AvgPool("a", ONE, (2, 3), (1, 2), (1, 1)), [(2, 5, 5)]),
    "average inside": (AvgPool("a", ONE, (3, 3), (2, 2), (1, 1), ceil=True, count_padding=False), [(2, 6, 5)]),
    "average ceil": (AvgPool("a", ONE, (2,), (2,), (0,), ceil=True), [(3, 5)]),
    "average by 5": (AvgPool("a", ONE, (2, 2), (2, 2), (0, 0), divisor=5), [(4, 4)]),
    "average wider than the map": (AvgPool("a", ONE, (9, 3), (2, 2), (2, 1), ceil=True), [(2, 5, 4)]),
    "mean": (Mean("m", ONE, (-3, -1)), [(2, 3, 4)]),
    "mean kept": (Mean("m", ONE, (-2,), keepdims=True), [(2, 3, 4)]),
    "scale": (Scale("s", ONE, rng.normal(size=(3, 1)), rng.normal(size=4)), [(2, 3, 4)]),
    "bias alone": (Scale("s", ONE, None, rng.normal(size=4)), [(3, 4)]),
    "add": (Add("a", TWO), [(3, 4), (3, 4)]),
    "add broadcast": (Add("a", TWO), [(4,), (2, 3, 1)]),
    "concat": (Concat("c", TWO, -2), [(2, 3, 4), (2, 1, 4)]),
    "reshape": (Reshape("r", ONE, (6, 2)), [(3, 4)]),
    "permute": (Permute("p", ONE, (-1, -3, -2)), [(2, 3, 4)]),
    "slice": (Slice("s", ONE, -2, 1, 6, 2), [(7, 2)]),
    "pad": (Pad("p", ONE, (1, 0), (0, 2)), [(2, 3, 4)]),
    "pad and cut": (Pad("p", ONE, (-1, 2), (1, -2)), [(3, 4)]),
    "gather": (Gather("g", ONE, -2, np.array([2, 0, 0])), [(3, 4)]),
}


@pytest.mark.parametrize("name", WEIGHTED | WIRING)
def test_the_taps_are_the_map(name: str) -> None:
    """Σ value·x over the taps of every input, at each output, is what the reference computes without its bias."""
    node, shapes = (WEIGHTED | WIRING)[name]
    xs = [rng.normal(size=(1, *fed(node, shape))) for shape in shapes]
    got = np.zeros(node.infer(*shapes)).ravel()
    for index, x in enumerate(xs):
        pre, post, _, value = taps(node, index, shapes)
        np.add.at(got, post, x.ravel()[pre] * value)
    np.testing.assert_allclose(got, linear(node, xs, shapes, inject=False).ravel(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", WEIGHTED)
def test_there_are_as_many_taps_as_counted(name: str) -> None:
    node, shapes = WEIGHTED[name]
    pre, post, which, value = taps(node, 0, shapes)
    counted = count(node, *shapes)
    assert len(pre) == len(post) == len(which) == len(value) == counted.physical <= counted.unrolled
    assert len({*zip(pre, post, strict=True)}) == len(pre)


@pytest.mark.parametrize("name", WEIGHTED)
def test_the_fan_out_counts_the_taps(name: str) -> None:
    """One spike drives as many synapses as leave its element; of a one-hot population, any element."""
    node, shapes = WEIGHTED[name]
    leaving = np.bincount(taps(node, 0, shapes).pre, minlength=prod(fed(node, shapes[0])))
    counted = fan_out(node, 0, shapes)
    assert counted.shape == shapes[0]
    lifted = counted[..., None] if isinstance(node, Embedding) else counted
    np.testing.assert_array_equal(leaving.reshape(fed(node, shapes[0])), np.broadcast_to(lifted, fed(node, shapes[0])))


@pytest.mark.parametrize("name", TRANSPOSED)
def test_a_transposed_convolution_is_torchs(name: str) -> None:
    """So is the reference, whose sum runs over the taps; each input meets each weight of its channel once."""
    node, ((channels, *sizes),) = TRANSPOSED[name]
    transposed = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[len(sizes) - 1]
    x = rng.normal(size=(2, channels, *sizes))
    setting = (node.stride, node.padding, node.output_padding, node.groups, node.dilation)
    wanted = transposed(torch.tensor(x), torch.tensor(node.weight), None, *setting).numpy()
    np.testing.assert_allclose(linear(node, [x], [x.shape[1:]], inject=False), wanted, rtol=1e-12, atol=1e-12)
    assert count(node, x.shape[1:]).unrolled == channels * prod(sizes) * prod(node.weight.shape[1:])


@pytest.mark.parametrize("name", WIRING)
def test_wiring_carries_as_many_events_as_it_has_paths(name: str) -> None:
    """Events booked at a matrix behind the wiring: the non-zero entries of the wiring's column, times the matrix's."""
    node, shapes = WIRING[name]
    doors = [Input(name, (), shape) for name, shape in zip(node.inputs, shapes, strict=True)]
    behind = Linear("end", (node.name,), np.ones((3, node.infer(*shapes)[-1])))
    network = SpikingNetwork((*doors, node, behind, Output("out", ("end",)))).check()
    for index, door in enumerate(doors):
        xs = [np.zeros((prod(shapes[index]), *shape)) for shape in shapes]
        xs[index] = np.eye(prod(shapes[index])).reshape(-1, *shapes[index])
        reached = np.count_nonzero(linear(node, xs, shapes, inject=False).reshape(len(xs[index]), -1), axis=1)
        np.testing.assert_array_equal(fan_outs(network)["end"][door.name].ravel(), 3 * reached)


def test_an_id_is_one_event_of_its_population() -> None:
    """4 ids, 5 words, 3 features: 4·5·3 synapses of 15 weights, 3 of them driven by an id."""
    nodes = Input("x", (), (4,), 5), WEIGHTED["embedding"][0], Neuron("n", ("e",), (Relu(),), ternary(0.5))
    network = SpikingNetwork((*nodes, Output("out", ("n",)))).check()
    assert synapses(network)["e"][:4] == (15, 60, 60, 0)
    np.testing.assert_array_equal(fan_outs(network)["e"]["x"], np.full(4, 3.0))


def test_a_transposed_convolution_refuses_what_torch_refuses() -> None:
    for setting in ({"groups": 0}, {"stride": (0,)}, {"padding": (-1,)}, {"output_padding": (2,), "stride": (2,)}):
        with pytest.raises(ValueError, match=r"groups|at least|below"):
            back(2, 2, 3, **setting).infer((2, 5))


@pytest.mark.parametrize("name", WEIGHTED)
def test_a_tap_knows_which_weight_it_uses(name: str) -> None:
    """Each weight is used as often as it has places: the values are the weights at `which`."""
    node, shapes = WEIGHTED[name]
    found = taps(node, 0, shapes)
    np.testing.assert_array_equal(found.value, node.weight.ravel()[found.which])  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", WIRING)
def test_wiring_uses_no_weight_and_stays_inside(name: str) -> None:
    node, shapes = WIRING[name]
    for index, shape in enumerate(shapes):
        found = taps(node, index, shapes)
        assert set(found.which) == {-1}
        assert 0 <= found.pre.min() <= found.pre.max() < prod(shape)
        assert 0 <= found.post.min() <= found.post.max() < prod(node.infer(*shapes))


def test_a_padded_convolution_by_hand() -> None:
    """Kernel (a, b, c) on two pixels, padded by one: out 0 = b·x0 + c·x1, out 1 = a·x0 + b·x1."""
    node = Conv("c", ONE, np.array([[[1.0, 2.0, 3.0]]]), stride=(1,), padding=(1,), dilation=(1,))
    rows = sorted(zip(*(column.tolist() for column in taps(node, 0, [(1, 2)])), strict=True))
    assert rows == [(0, 0, 1, 2.0), (0, 1, 0, 1.0), (1, 0, 2, 3.0), (1, 1, 1, 2.0)]
    assert count(node, (1, 2)).unrolled == 6
    assert count(node, (1, 2)).physical == 4


def test_a_neuron_has_no_taps() -> None:
    with pytest.raises(TypeError, match="Neuron is not a linear map"):
        taps(Neuron("n", ONE, (Relu(),)), 0, [(3,)])
