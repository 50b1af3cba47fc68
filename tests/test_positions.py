"""Where positions are in a network: which nodes mix them, which only look as if they did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from decoders import LENGTH, NEVER, TRIL, WORDS, language_model, neuron, readouts

from spiking import (
    Add,
    ArgMax,
    Conv,
    Elementwise,
    Embedding,
    Gather,
    Input,
    InvalidInput,
    Linear,
    MatMul,
    Mean,
    Multiply,
    Neuron,
    Node,
    Norm,
    Output,
    Pad,
    Permute,
    Relu,
    Reshape,
    Scale,
    Slice,
    Softmax,
    SpikingNetwork,
    UnsupportedNode,
    graded,
    run,
)

SCORES = MatMul("s", ("n", "nt"))
CENTRE = np.ones((WORDS, WORDS, 3))
BACK = Permute("back", ("c",), (-1, -2))
MIXING: dict[str, tuple[tuple[Node, ...], str, str]] = {
    "convolution": (
        (Conv("c", ("nt",), CENTRE, None, (1,), (1,), (1,)), BACK),
        "back",
        "Conv 'c': .* a convolution over",
    ),
    "mean": ((Mean("c", ("n",), (-2,), True), Add("y", ("n", "c"))), "y", "Mean 'c': .* a mean over it"),
    "last token": (
        (Slice("c", ("n",), -2, 5, 6), Gather("g", ("c",), -2, np.zeros(LENGTH, int))),
        "g",
        "Slice 'c': .* a slice along it",
    ),
    "shift": ((Pad("c", ("n",), (1, 0), (-1, 0)),), "c", "Pad 'c': .* padding along it"),
    "order": ((Gather("c", ("n",), -2, np.arange(LENGTH)[::-1].copy()),), "c", "Gather 'c': .* a gather along it"),
    "flat": (
        (Reshape("c", ("n",), (LENGTH * WORDS,)), Reshape("y", ("c",), (LENGTH, WORDS))),
        "y",
        "Reshape 'c': .* a reshape merges or splits it",
    ),
    "norm": ((neuron("c", "n", Norm(2)),), "c", "Neuron 'c': .* a layer_norm over it"),
    "not masked": (
        (SCORES, neuron("c", "s", Softmax()), MatMul("y", ("c", "n"))),
        "y",
        "Neuron 'c': .* later ones too: they are not masked",
    ),
    "masked too little": (
        (SCORES, Scale("m", ("s",), None, NEVER.clip(-20)), neuron("c", "m", Softmax()), MatMul("y", ("c", "n"))),
        "y",
        "Neuron 'c': .* they are not masked",
    ),
    "mask of ones": (
        (SCORES, neuron("w", "s", Relu()), MatMul("c", ("w", "n"))),
        "c",
        "MatMul 'c': .* later ones too: their scores are not masked",
    ),
    "mask undone": (
        (
            SCORES,
            Scale("m", ("s",), TRIL),
            neuron("w", "m", Elementwise("sigmoid")),  # half of nothing is not nothing
            MatMul("c", ("w", "n")),
        ),
        "c",
        "MatMul 'c': .* their scores are not masked",
    ),
    "queries": (
        (SCORES, Scale("m", ("s",), None, NEVER), neuron("c", "m", Softmax(-2)), MatMul("y", ("c", "n"))),
        "y",
        "Neuron 'c': .* a softmax over it",
    ),
    "features": (
        (MatMul("c", ("nt", "n")), neuron("r", "c"), MatMul("y", ("n", "r"))),
        "y",
        "MatMul 'c': it sums over positions that are not the keys",
    ),
    "crossed": (
        (
            Slice("a", ("n",), -1, 0, 1),
            Slice("b", ("nt",), -2, 0, 1),
            Add("c", ("a", "b")),
            Linear("y", ("c",), np.ones((WORDS, LENGTH))),
        ),
        "y",
        "Add 'c': it joins values whose positions lie along different axes",
    ),
}


@pytest.mark.parametrize("case", MIXING)
def test_what_mixes_positions_is_refused(case: str) -> None:
    nodes, last, reason = MIXING[case]
    with pytest.raises(UnsupportedNode, match=reason):
        language_model(*nodes, last=last).generate([0], steps=2, max_new_tokens=1)


def test_every_node_that_mixes_is_named() -> None:
    mean, other = Mean("c", ("n",), (-2,), True), neuron("d", "n", Norm(2))
    network = language_model(mean, other, Add("y", ("c", "d")), last="y")
    with pytest.raises(UnsupportedNode, match=r"2 node\(s\) mix(.|\n)*Mean 'c'(.|\n)*Neuron 'd'"):
        network.generate([0], steps=2, max_new_tokens=1)


WITHIN: dict[str, tuple[tuple[Node, ...], str]] = {
    "convolution": ((Conv("c", ("nt",), np.eye(WORDS)[..., None], None, (1,), (0,), (1,)), BACK), "back"),
    "product": ((Multiply("c", ("nt", "nt")), BACK), "back"),
    "softmax": ((neuron("c", "nt", Softmax(-2)), BACK), "back"),
    "mean": ((Mean("c", ("n",), (-1,), True), Add("y", ("n", "c"))), "y"),
    "matrix product": (
        (Reshape("r", ("n",), (LENGTH, 2, 2)), MatMul("c", ("r", "r")), Reshape("y", ("c",), (LENGTH, WORDS))),
        "y",
    ),
    "weights by position": (
        (Scale("c", ("n",), np.arange(LENGTH * WORDS, dtype=np.float32).reshape(LENGTH, WORDS)),),
        "c",
    ),
}


@pytest.mark.parametrize("case", WITHIN)
def test_what_works_within_a_position_equals_the_whole_run(case: str) -> None:
    nodes, last = WITHIN[case]
    network, ids = language_model(*nodes, last=last), np.array([[3, 0, 1, 2, 2, 1]])
    assert np.array_equal(readouts(network, torch.tensor(ids), 5), run(network, ids, steps=5).readout[-1])


def test_heads_may_share_keys_without_an_axis_for_them() -> None:
    fine = graded(1 / 256, 10)
    nodes: tuple[Node, ...] = (
        Reshape("r", ("n",), (LENGTH, 2, 2)),
        Permute("q", ("r",), (-2, -3, -1)),
        Slice("v", ("n",), -1, 0, 2),
        Permute("k", ("v",), (-1, -2)),
        MatMul("s", ("q", "k")),  # (2, L, 2) @ (2, L)
        Scale("m", ("s",), None, NEVER),
        Neuron("w", ("m",), (Softmax(),), fine),
        MatMul("c", ("w", "v")),
        Permute("t", ("c",), (-2, -3, -1)),
        Reshape("y", ("t",), (LENGTH, WORDS)),
    )
    network, ids = language_model(*nodes, last="y"), torch.tensor([[3, 0, 1, 2, 2, 1]])
    with torch.inference_mode():
        exact = network.dense()(ids).numpy()
    # two values in 0 … 1, each a sum over shares of at most 0.75/256 off
    assert np.abs(readouts(network, ids, 12) - exact).max() < LENGTH * 0.75 / 256


def test_only_a_language_model_can_generate() -> None:
    with pytest.raises(InvalidInput, match=r"takes numbers \(3, 4\)"):
        SpikingNetwork((Input("x", (), (3, 4)), Output("out", ("x",)))).generate([0], steps=2, max_new_tokens=1)
    with pytest.raises(InvalidInput, match=r"gives \(6, 2\), but must give logits \(6, 4\)"):
        language_model(Slice("c", ("n",), -1, 0, 2), last="c").generate([0], steps=2, max_new_tokens=1)
    ids = Input("more", (), (LENGTH,), WORDS)
    two = language_model(ids, Embedding("c", ("more",), np.eye(WORDS)), Add("y", ("n", "c")), last="y")
    with pytest.raises(InvalidInput, match="2 inputs and 1 outputs"):
        two.generate([0], steps=2, max_new_tokens=1)


def test_an_argmax_is_no_logits() -> None:
    network = language_model(last="n")
    network = replace(network, nodes=(*network.nodes[:-1], Output("out", ("n",), (ArgMax(),))))
    with pytest.raises(InvalidInput, match=r"gives \(6,\)"):
        network.generate([0], steps=2, max_new_tokens=1)
