"""Every use of a weight, one by one, adds up to the map itself."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

from spiking import (
    Add,
    AvgPool,
    Concat,
    Conv,
    Gather,
    Linear,
    Mean,
    Neuron,
    Node,
    Pad,
    Permute,
    Relu,
    Reshape,
    Scale,
    Slice,
    count,
)
from spiking.backends.reference import linear
from spiking.unroll import taps

Shape = tuple[int, ...]
rng = np.random.default_rng(0)
ONE = ("x",)
TWO = ("x", "y")


def conv(*shape: int, **setting: object) -> Conv:
    n = len(shape) - 2
    setting = {"stride": (1,) * n, "padding": (0,) * n, "dilation": (1,) * n} | setting
    return Conv("c", ONE, rng.normal(size=shape), **setting)  # type: ignore[arg-type]


WEIGHTED: dict[str, tuple[Node, list[Shape]]] = {
    "linear": (Linear("l", ONE, rng.normal(size=(4, 3))), [(3,)]),
    "linear on tokens": (Linear("l", ONE, rng.normal(size=(4, 3))), [(2, 5, 3)]),
    "conv1d": (conv(4, 2, 3, stride=(2,), padding=(1,)), [(2, 7)]),
    "conv2d": (conv(3, 2, 3, 2, stride=(2, 1), padding=(1, 1)), [(2, 5, 6)]),
    "dilated": (conv(3, 2, 3, 3, padding=(2, 3), dilation=(2, 3)), [(2, 6, 7)]),
    "grouped": (conv(6, 2, 2, 3, padding=(0, 1), groups=3), [(6, 4, 4)]),
    "depthwise": (conv(4, 1, 3, 3, padding=(1, 1), groups=4), [(4, 3, 3)]),
    "conv3d": (conv(2, 2, 2, 1, 2, padding=(1, 0, 1)), [(2, 3, 2, 3)]),
    "all padding": (conv(1, 1, 3, 3, padding=(3, 3), stride=(3, 3)), [(1, 2, 2)]),
}
WIRING: dict[str, tuple[Node, list[Shape]]] = {
    "average": (AvgPool("a", ONE, (2, 3), (1, 2), (1, 1)), [(2, 5, 5)]),
    "average inside": (AvgPool("a", ONE, (3, 3), (2, 2), (1, 1), ceil=True, count_padding=False), [(2, 6, 5)]),
    "average ceil": (AvgPool("a", ONE, (2,), (2,), (0,), ceil=True), [(3, 5)]),
    "average by 5": (AvgPool("a", ONE, (2, 2), (2, 2), (0, 0), divisor=5), [(4, 4)]),
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
    xs = [rng.normal(size=(1, *shape)) for shape in shapes]
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
