"""Small spiking networks whose sums are exact in floating point, so engines can be compared spike for spike.

Here: the linear maps, comparisons and products. zoo_more.py has the other functions, several inputs and ids.
"""

from __future__ import annotations

import numpy as np
import zoo_more
from zoo_parts import GRADED, ONE_BIT, SIGNED, ZOO, Case, build, case, conv, head, images, linear, relu, weights

from spiking import (
    Add,
    AvgPool,
    Clamp,
    Concat,
    Conv,
    Gather,
    Identity,
    LeakyRelu,
    MatMul,
    MaxPool,
    Mean,
    Multiply,
    Neuron,
    Node,
    Output,
    Pad,
    Permute,
    Relu,
    Reshape,
    Scale,
    Slice,
    binary,
    ternary,
)

__all__ = ["ZOO", "Case", "build", "case", "conv", "head", "images", "linear", "relu", "weights", "zoo_more"]


@case
def strided_conv() -> Case:
    """Stride 2 along one axis and 1 along the other."""
    c = conv("c1", "x", 3, 2, 3, 3, stride=(2, 1), padding=(1, 1))
    return build("sigma-delta", (2, 6, 5), c, relu("n1", "c1"), *head("n1", 45))


@case
def depthwise_conv() -> Case:
    """Depthwise, then grouped, then pointwise; rate-coded integrate-and-fire with half a threshold at the start."""
    half = {"v0": np.array(0.125)}
    return build(
        "rate",
        (4, 4, 4),
        conv("c1", "x", 4, 1, 3, 3, padding=(1, 1), groups=4),
        Neuron("n1", ("c1",), (Identity(),), ONE_BIT, **half),
        conv("c2", "n1", 6, 2, 2, 2, groups=2),
        Neuron("n2", ("c2",), (Identity(),), ONE_BIT, **half),
        conv("c3", "n2", 3, 6, 1, 1),
        Neuron("n3", ("c3",), (Identity(),), ONE_BIT, **half),
        *head("n3", 27),
    )


@case
def dilated_conv() -> Case:
    """Dilation and uneven padding."""
    c = conv("c1", "x", 3, 2, 3, 2, padding=(2, 1), dilation=(2, 3))
    return build("sigma-delta", (2, 5, 5), c, relu("n1", "c1", SIGNED), *head("n1", 60))


@case
def conv1d() -> Case:
    """One spatial axis, ternary, rate."""
    c = conv("c1", "x", 4, 2, 3, stride=(2,), padding=(1,))
    return build("rate", (2, 9), c, relu("n1", "c1", SIGNED), *head("n1", 20))


@case
def conv3d() -> Case:
    """Three spatial axes."""
    c = conv("c1", "x", 2, 2, 2, 3, 2, padding=(0, 1, 0))
    return build("sigma-delta", (2, 3, 3, 3), c, relu("n1", "c1", ONE_BIT), *head("n1", 24))


@case
def residual() -> Case:
    """A block whose shortcut skips every other pixel and pads the channels; sums of spikes need no neuron."""
    return build(
        "sigma-delta",
        (2, 6, 6),
        conv("c1", "x", 2, 2, 3, 3, padding=(1, 1)),
        relu("n1", "c1"),
        conv("c2", "n1", 4, 2, 3, 3, stride=(2, 2), padding=(1, 1)),
        relu("n2", "c2"),
        conv("c3", "n2", 4, 4, 3, 3, padding=(1, 1)),
        Slice("rows", ("n1",), -2, 0, 6, 2),
        Slice("columns", ("rows",), -1, 0, 6, 2),
        Pad("shortcut", ("columns",), (1, 0, 0), (1, 0, 0)),
        Add("sum", ("c3", "shortcut")),
        relu("n3", "sum"),
        *head("n3", 36),
    )


@case
def concat() -> Case:
    """Two branches, one after the other, and the input once more."""
    return build(
        "rate",
        (2, 4, 4),
        conv("c1", "x", 2, 2, 3, 3, padding=(1, 1)),
        relu("n1", "c1"),
        conv("c2", "n1", 3, 2, 1, 1),
        relu("n2", "c2"),
        Concat("both", ("n1", "n2", "x"), -3),
        conv("c3", "both", 2, 7, 3, 3),
        relu("n3", "c3"),
        *head("n3", 8),
    )


@case
def pooled() -> Case:
    """A convolution averaged before the neuron, and one after it; windows at the border divide by 1, 2 or 4."""
    return build(
        "sigma-delta",
        (2, 6, 6),
        conv("c1", "x", 4, 2, 3, 3, padding=(1, 1)),
        AvgPool("p1", ("c1",), (2, 2), (2, 2), (1, 1), count_padding=False),
        relu("n1", "p1"),
        AvgPool("p2", ("n1",), (2, 2), (1, 1), (0, 0)),
        *head("p2", 36),
    )


@case
def mean_head() -> Case:
    """Global average, then a matrix."""
    return build(
        "rate",
        (2, 4, 4),
        conv("c1", "x", 4, 2, 3, 3, padding=(1, 1)),
        relu("n1", "c1", ONE_BIT),
        Mean("mean", ("n1",), (-2, -1)),
        *head("mean", 4),
    )


@case
def max_pool() -> Case:
    """Maxima over 2 × 2 of what has arrived so far."""
    pool = MaxPool((2, 2), (2, 2), (0, 0), (1, 1))
    c = conv("c1", "x", 3, 2, 3, 3, padding=(1, 1))
    return build("sigma-delta", (2, 6, 6), c, Neuron("n1", ("c1",), (Relu(), pool), GRADED), *head("n1", 27))


@case
def overlapping_max_pool() -> Case:
    """Padded maxima over 3 × 3 with stride 2, of signed values, between two other functions; ternary, rate."""
    pool = MaxPool((3, 3), (2, 2), (1, 1), (1, 1))
    functions = (LeakyRelu(0.5), pool, MaxPool((2,), (1,), (0,), (1,)), Identity())
    c = conv("c1", "x", 3, 2, 3, 3)
    return build("rate", (2, 8, 8), c, Neuron("n1", ("c1",), functions, SIGNED), *head("n1", 18))


@case
def relu6() -> Case:
    """A clamp, which is not homogeneous, at half its usual height."""
    c = conv("c1", "x", 3, 2, 3, 3)
    return build("sigma-delta", (2, 5, 5), c, Neuron("n1", ("c1",), (Clamp(0.0, 0.5),), GRADED), *head("n1", 27))


@case
def leaky_relu() -> Case:
    """Negative values are sent too."""
    c = conv("c1", "x", 3, 2, 3, 3)
    return build("sigma-delta", (2, 5, 5), c, Neuron("n1", ("c1",), (LeakyRelu(0.125),), GRADED), *head("n1", 27))


@case
def batch_norm() -> Case:
    """A scale with its bias left unfolded, on both sides of a neuron."""
    return build(
        "rate",
        (3, 4, 4),
        conv("c1", "x", 3, 3, 3, 3),
        Scale("b1", ("c1",), np.array([2.0, 0.5, -1.0]).reshape(3, 1, 1), weights(3, 1, 1)),
        relu("n1", "b1"),
        Scale("b2", ("n1",), np.array([0.5]), weights(3, 1, 1, seed=1)),
        *head("b2", 12),
    )


@case
def tokens() -> Case:
    """Channels last, taken out of order and twice, one matrix for every token."""
    return build(
        "sigma-delta",
        (4, 5),
        Permute("turn", ("x",), (-1, -2)),
        linear("l1", "turn", 6, 4),
        relu("n1", "l1"),
        Gather("take", ("n1",), -2, np.array([4, 0, 0, 2])),
        linear("l2", "take", 3, 6),
        Neuron("n2", ("l2",), (Identity(),), SIGNED),
        *head("n2", 12),
    )


@case
def deep() -> Case:
    """Five layers of ternary neurons with units of their own; the input and the first layer also reach the last."""
    nodes: list[Node] = []
    for k in range(1, 6):
        above = "x" if k == 1 else f"n{k - 1}"
        nodes.append(linear(f"l{k}", above, 8, 8))
        into = f"l{k}"
        if k == 5:
            nodes.append(Add("long", ("l5", "x", "n1")))
            into = "long"
        nodes.append(Neuron(f"n{k}", (into,), (Identity(),), ternary(2.0 ** -np.arange(1, 5).repeat(2))))
    return build("sigma-delta", (8,), *nodes, *head("n5", 8))


@case
def bias_map() -> Case:
    """A bias for every position and unit, threshold and start for every channel; a low threshold."""
    c = Conv("c1", ("x",), weights(3, 2, 3, 3), weights(3, 4, 4), padding=(1, 1))
    alphabet = binary(np.array([0.5, 0.25, 0.125]).reshape(3, 1, 1), theta=0.5)
    neuron = relu("n1", "c1", alphabet, v0=weights(3, 1, 1, seed=2))
    return build("rate", (2, 4, 4), c, neuron, *head("n1", 48))


@case
def broadcast() -> Case:
    """Sums that broadcast, one source by two paths, and two outputs, one of them fed by the input alone."""
    return build(
        "sigma-delta",
        (3, 4),
        linear("l1", "x", 4, 4),
        relu("n1", "l1"),
        Slice("row", ("n1",), -2, 1, 2),
        Reshape("vector", ("row",), (4,)),
        Add("sum", ("n1", "vector", "n1")),
        Neuron("n2", ("sum",), (Identity(),), GRADED),
        Output("direct", ("x",)),
        *head("n2", 12),
    )


@case
def attention_scores() -> Case:
    """Q @ Kᵀ for two heads: both sides signed, both changing in the same tick, the query with a bias."""
    return build(
        "sigma-delta",
        (2, 3, 4),
        linear("l1", "x", 4, 4),
        Neuron("q", ("l1",), (Identity(),), GRADED),
        Scale("scaled", ("q",), np.array(0.5), weights(4)),
        linear("l2", "x", 4, 4),
        Neuron("k", ("l2",), (Identity(),), SIGNED),
        Permute("turned", ("k",), (-3, -1, -2)),
        MatMul("scores", ("scaled", "turned")),
        Scale("half", ("scores",), np.array(0.5)),
        Neuron("n3", ("half",), (Identity(),), GRADED),
        *head("n3", 18),
    )


@case
def gated() -> Case:
    """Products that broadcast, of a neuron with the input and with itself."""
    return build(
        "sigma-delta",
        (3, 4),
        linear("l1", "x", 4, 4),
        relu("n1", "l1"),
        Slice("column", ("x",), -1, 1, 2),
        Multiply("gate", ("n1", "column")),
        Multiply("square", ("n1", "n1")),
        Add("sum", ("gate", "square", "n1")),
        Neuron("n2", ("sum",), (Identity(),), SIGNED),
        *head("n2", 12),
    )
