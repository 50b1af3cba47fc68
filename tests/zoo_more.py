"""The rest of the zoo: ids, several inputs, attention, recurrence, and the functions that are no comparisons."""

from __future__ import annotations

import numpy as np
from zoo_parts import GRADED, SIGNED, Case, build, case, conv, head, images, linear, relu, seen, weights

from spiking import (
    Abs,
    Add,
    ArgMax,
    Clamp,
    Concat,
    ConvTranspose,
    Elementwise,
    Elu,
    Embedding,
    Function,
    Gather,
    GroupNorm,
    Identity,
    Input,
    LeakyRelu,
    Linear,
    LogSoftmax,
    MatMul,
    MaxPool,
    Mix,
    Multiply,
    Neuron,
    Node,
    Norm,
    Output,
    Permute,
    Power,
    Relu,
    Scale,
    Slice,
    Softmax,
    graded,
)

FINE = graded(1 / 64, 6)


def neuron(name: str, above: str, *functions: Function) -> Neuron:
    """A neuron with fine graded spikes."""
    return Neuron(name, (above,), functions, FINE)


def ids(*shape: int, vocabulary: int) -> np.ndarray:
    """Three samples of ids."""
    return np.random.default_rng([11, *shape]).integers(0, vocabulary, size=(3, *shape))


def attention(name: str, above: str, *mask: Node) -> list[Node]:
    """One head over four tokens of width 4: softmax(q kᵀ / 2 + mask) v."""
    return [
        linear("lq", above, 4, 4),
        Neuron("q", ("lq",), (Identity(),), GRADED),
        linear("lk", above, 4, 4),
        Neuron("k", ("lk",), (Identity(),), GRADED),
        linear("lv", above, 4, 4),
        Neuron("v", ("lv",), (Identity(),), SIGNED),
        Permute("turned", ("k",), (-1, -2)),
        MatMul("scores", ("q", "turned")),
        Scale("half", ("scores",), np.array(0.5)),
        *mask,
        neuron("p", mask[-1].name if mask else "half", Softmax()),
        MatMul(name, ("p", "v")),
    ]


@case
def embedding() -> Case:
    """Ids of a vocabulary of 6 become rows, a bias says where they stand."""
    return seen(
        "sigma-delta",
        {Input("ids", (), (5,), 6): ids(5, vocabulary=6)},
        Embedding("rows", ("ids",), weights(6, 4)),
        Scale("placed", ("rows",), None, weights(5, 4, seed=1)),
        relu("n1", "placed"),
        *head("n1", 20),
    )


@case
def embedding_rate() -> Case:
    """Ids that are injected at every tick, averaged over places, and a scalar id beside them."""
    return seen(
        "rate",
        {Input("ids", (), (4,), 5): ids(4, vocabulary=5), Input("kind", (), (), 3): ids(vocabulary=3)},
        Embedding("rows", ("ids",), weights(5, 4)),
        Embedding("kinds", ("kind",), weights(3, 4, seed=1)),
        Add("sum", ("rows", "kinds")),
        relu("n1", "sum", SIGNED),
        *head("n1", 16),
    )


@case
def two_inputs() -> Case:
    """Two inputs of different shape, each through a matrix of its own, added."""
    doors = {Input("left", (), (3, 4)): images(3, 4), Input("right", (), (5,)): images(5)}
    nodes = (linear("l1", "left", 6, 4), linear("l2", "right", 6, 5), Add("sum", ("l1", "l2")))
    return seen("sigma-delta", doors, *nodes, relu("n1", "sum"), *head("n1", 18))


@case
def attention_head() -> Case:
    """Softmax between two products."""
    return build("sigma-delta", (4, 4), *attention("mixed", "x"), neuron("n1", "mixed", Identity()), *head("n1", 16))


@case
def masked_attention() -> Case:
    """No token sees the ones behind it: a constant bias of −1e30."""
    hidden = np.where(np.tri(4) > 0, 0.0, -1e30)
    nodes = attention("mixed", "x", Scale("mask", ("half",), None, hidden))
    return build("sigma-delta", (4, 4), *nodes, neuron("n1", "mixed", Identity()), *head("n1", 16))


@case
def wide_softmax() -> Case:
    """Groups of ten along the first axis, values in the hundreds, under the rate schedule."""
    large = Scale("large", ("x",), np.array(512.0))
    return build("rate", (10, 3), large, neuron("n1", "large", Softmax(-2)), *head("n1", 30))


@case
def layer_norm() -> Case:
    """A pre-norm residual block, and a norm over two axes without weights."""
    return build(
        "sigma-delta",
        (3, 8),
        neuron("n1", "x", Norm(1, 1e-5, weights(8, seed=4), weights(8, seed=5))),
        linear("l1", "n1", 8, 8),
        Add("sum", ("l1", "x")),
        neuron("n2", "sum", Norm(2), Relu()),
        *head("n2", 24),
    )


@case
def rms_norm() -> Case:
    """Nothing is centred; the mean square is taken of running means."""
    nodes = linear("l1", "x", 8, 4), neuron("n1", "l1", Norm(1, 2.0**-10, weights(8, seed=4), center=False))
    return build("rate", (3, 4), *nodes, *head("n1", 24))


@case
def group_norm() -> Case:
    """Two groups of two channels, then every channel alone."""
    scaled = GroupNorm(2, 1e-5, weights(4, 1, 1, seed=4), weights(4, 1, 1, seed=5))
    return build(
        "sigma-delta",
        (2, 5, 5),
        conv("c1", "x", 4, 2, 3, 3),
        neuron("n1", "c1", scaled, Relu()),
        conv("c2", "n1", 4, 4, 2, 2),
        neuron("n2", "c2", GroupNorm(4)),
        *head("n2", 16),
    )


@case
def gelu_mlp() -> Case:
    """Both gelus, one after the other."""
    nodes = [linear("l1", "x", 8, 4), neuron("n1", "l1", Elementwise("gelu")), linear("l2", "n1", 6, 8)]
    return build("sigma-delta", (3, 4), *nodes, neuron("n2", "l2", Elementwise("gelu_tanh")), *head("n2", 18))


@case
def swiglu() -> Case:
    """silu(gate) ∘ up, then down."""
    return build(
        "sigma-delta",
        (3, 4),
        linear("lg", "x", 6, 4),
        neuron("gate", "lg", Elementwise("silu")),
        linear("lu", "x", 6, 4),
        neuron("up", "lu", Identity()),
        Multiply("gated", ("gate", "up")),
        neuron("n1", "gated", Identity()),
        *head("n1", 18),
    )


@case
def rnn() -> Case:
    """Three moments of h ← tanh(W x + U h + b), W, U and b shared; the last one gated by a sigmoid."""
    w, u, b = weights(4, 3), weights(4, 4), weights(4, seed=3)
    nodes: list[Node] = []
    for k in range(3):
        nodes.append(Slice(f"x{k}", ("x",), -2, k, k + 1))
        nodes.append(Linear(f"w{k}", (f"x{k}",), w, b))
        if k:
            nodes += [Linear(f"u{k}", (f"h{k - 1}",), u), Add(f"s{k}", (f"w{k}", f"u{k}"))]
        nodes.append(neuron(f"h{k}", f"s{k}" if k else "w0", Elementwise("tanh")))
    nodes += [neuron("open", "w2", Elementwise("sigmoid")), Multiply("gated", ("h2", "open"))]
    return build("sigma-delta", (3, 3), *nodes, neuron("n1", "gated", Identity()), *head("n1", 4))


@case
def lstm() -> Case:
    """Two moments of a long short-term memory, weights shared: gates i, f, g, o from one matrix."""
    w, u, b = weights(12, 4), weights(12, 3), weights(12, seed=3)
    nodes: list[Node] = []
    for k in range(2):
        nodes += [Slice(f"x{k}", ("x",), -2, k, k + 1), Linear(f"w{k}", (f"x{k}",), w, b)]
        if k:
            nodes += [Linear("u1", ("h0",), u), Add("s1", ("w1", "u1"))]
        for j, gate in enumerate("ifgo"):
            if gate != "f" or k:
                nodes.append(Slice(f"{gate}{k}.in", ("s1" if k else "w0",), -1, 3 * j, 3 * j + 3))
                nodes.append(neuron(f"{gate}{k}", f"{gate}{k}.in", Elementwise("tanh" if gate == "g" else "sigmoid")))
        nodes.append(Multiply(f"new{k}", (f"i{k}", f"g{k}")))
        if k:
            nodes += [Multiply("kept", ("f1", "c0")), Add("cell", ("new1", "kept"))]
        else:
            nodes.append(neuron("c0", "new0", Identity()))
        nodes.append(neuron(f"t{k}", "cell" if k else "new0", Elementwise("tanh")))
        nodes.append(Multiply(f"out{k}", (f"o{k}", f"t{k}")))
        nodes.append(neuron(f"h{k}", f"out{k}", Identity()))
    return build("sigma-delta", (2, 4), *nodes, *head("h1", 3))


@case
def conv_transpose() -> Case:
    """Upsampling by a grouped transposed convolution; padding and output padding."""
    setting = {"stride": (2, 2), "padding": (1, 0), "output_padding": (1, 0), "groups": 2}
    back = ConvTranspose("c1", ("x",), weights(4, 3, 3, 2), weights(6, 1, 1, seed=2), **setting)
    return build("sigma-delta", (4, 3, 2), back, relu("n1", "c1"), *head("n1", 144))


@case
def conv_transpose1d() -> Case:
    """One spatial axis, dilated, output padding above the stride, after a neuron, under the rate schedule."""
    back = ConvTranspose("c2", ("n1",), weights(3, 2, 3), None, (1,), (1,), (1,), (2,))
    nodes = conv("c1", "x", 3, 2, 3, stride=(1,)), relu("n1", "c1", SIGNED), back, relu("n2", "c2")
    return build("rate", (2, 6), *nodes, *head("n2", 14))


@case
def upsample() -> Case:
    """Linear along one axis, nearest along the other, then sums of all that came before."""
    between = np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1]])
    return build(
        "sigma-delta",
        (2, 3, 3),
        conv("c1", "x", 2, 2, 1, 1),
        Mix("tall", ("c1",), -2, between),
        Gather("wide", ("tall",), -1, np.array([0, 0, 1, 1, 2, 2])),
        relu("n1", "wide"),
        Mix("so far", ("n1",), -1, np.tri(6)),
        Mix("channels", ("so far",), -3, weights(1, 2)),
        relu("n2", "channels"),
        *head("n2", 30),
    )


@case
def elus() -> Case:
    """ELU, SELU and CELU, one after the other."""
    selu, celu = Elu(1.6732632423543772, 1.0507009873554805), Elu(2.0, 1.0, 0.5)
    nodes = linear("l1", "x", 6, 4), neuron("n1", "l1", Elu()), linear("l2", "n1", 6, 6), neuron("n2", "l2", selu)
    return build("sigma-delta", (3, 4), *nodes, neuron("n3", "n2", celu), *head("n3", 18))


@case
def powers() -> Case:
    """Squares, cubes, roots of what is positive, and the inverse of one plus a square."""
    return build(
        "sigma-delta",
        (3, 4),
        linear("l1", "x", 4, 4),
        neuron("two", "l1", Power(2.0)),
        neuron("three", "l1", Power(3.0)),
        neuron("root", "l1", Power(0.75)),
        Scale("one more", ("two",), None, np.array(1.0)),
        neuron("less", "one more", Clamp(0.5, 4.0), Power(-1.0)),
        Concat("all", ("two", "three", "root", "less"), -1),
        *head("all", 48),
    )


@case
def absolute() -> Case:
    """|a|, once before a maximum."""
    pool = MaxPool((2,), (2,), (0,), (1,))
    nodes = linear("l1", "x", 6, 4), Neuron("n1", ("l1",), (Abs(),), GRADED), linear("l2", "n1", 6, 6)
    return build("rate", (3, 4), *nodes, Neuron("n2", ("l2",), (Abs(), pool), SIGNED), *head("n2", 9))


@case
def floors() -> Case:
    """Functions that are not defined everywhere read what lies outside at their floor."""
    names = ("log", "sqrt", "rsqrt", "reciprocal")
    nodes = [neuron(name, "l1", Elementwise(name, 0.25)) for name in names]
    return build("sigma-delta", (3, 4), linear("l1", "x", 4, 4), *nodes, Concat("all", names, -1), *head("all", 48))


@case
def curves() -> Case:
    """The elementwise functions that no other network has."""
    names = ("exp", "hardswish", "hardsigmoid", "softplus", "mish", "sin", "cos", "erf", "atan", "asin", "acos")
    nodes = [neuron(name, "l1", Elementwise(name)) for name in names]
    return build("sigma-delta", (2, 3), linear("l1", "x", 3, 3), *nodes, Concat("all", names, -1), *head("all", 66))


@case
def stairs() -> Case:
    """Functions that stay the same between their steps, where ties are rounded to the even number."""
    names = ("floor", "ceil", "trunc", "round", "sign")
    nodes = [neuron(name, "l1", Elementwise(name)) for name in names]
    return build("sigma-delta", (2, 3), linear("l1", "x", 3, 3), *nodes, Concat("all", names, -1), *head("all", 30))


@case
def log_softmax() -> Case:
    """Once in a neuron, once in the readout."""
    nodes = linear("l1", "x", 6, 4), neuron("n1", "l1", LogSoftmax()), linear("l2", "n1", 5, 6)
    return build("sigma-delta", (3, 4), *nodes, Output("out", ("l2",), (LogSoftmax(-2),)))


@case
def argmax() -> Case:
    """The readout is an index; the one beside it is rectified, then pooled, under the rate schedule."""
    nodes = linear("l1", "x", 6, 4), relu("n1", "l1"), linear("l2", "n1", 5, 6)
    pool = MaxPool((2,), (1,), (0,), (1,))
    outputs = Output("out", ("l2",), (ArgMax(),)), Output("best", ("l2",), (Relu(), pool))
    return build("rate", (3, 4), *nodes, *outputs)


@case
def prelu() -> Case:
    """A slope for every channel."""
    slopes = LeakyRelu(np.array([0.5, 0.125, -0.25]).reshape(3, 1, 1))
    nodes = conv("c1", "x", 3, 2, 2, 2), Neuron("n1", ("c1",), (slopes,), GRADED)
    return build("sigma-delta", (2, 4, 4), *nodes, *head("n1", 27))
