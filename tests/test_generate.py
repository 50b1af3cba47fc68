"""Text token by token: against a loop of its own, against the source model, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from decoders import LENGTH, LEVELS, NEVER, TRIL, UNITS, WORDS, neuron, readouts
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from converters import convert
from spiking import (
    Add,
    Embedding,
    Input,
    InvalidInput,
    Linear,
    MatMul,
    Node,
    Output,
    Permute,
    Relu,
    Scale,
    Softmax,
    SpikingNetwork,
    run,
)
from spiking.backends.generate import Decoder


def dyadic(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-4, 5, shape) / 4


@pytest.fixture
def weights(rng: np.random.Generator) -> dict[str, np.ndarray]:
    shapes = {
        "table": (WORDS, 2),
        "place": (LENGTH, 2),
        "wq": (2, 2),
        "wk": (2, 2),
        "head": (WORDS, 2),
        "bias": (WORDS,),
    }
    return {name: dyadic(rng, *shape) for name, shape in shapes.items()}


def two_layers(w: dict[str, np.ndarray]) -> SpikingNetwork:
    """Attention by relu under a mask of zeros, then by softmax under a mask of −10³⁰."""
    nodes: list[Node] = [
        Input("ids", (), (LENGTH,), WORDS),
        Embedding("e", ("ids",), w["table"]),
        Scale("x", ("e",), None, w["place"]),
        neuron("n1", "x"),
        Permute("n1t", ("n1",), (-1, -2)),
        MatMul("s1", ("n1", "n1t")),
        Scale("masked", ("s1",), TRIL),
        neuron("w1", "masked", Relu()),
        MatMul("m1", ("w1", "n1")),
        Add("a1", ("m1", "n1")),
        neuron("n2", "a1"),
        Linear("lq", ("n2",), w["wq"]),
        Linear("lk", ("n2",), w["wk"]),
        neuron("q", "lq"),
        neuron("k", "lk"),
        Permute("kt", ("k",), (-1, -2)),
        MatMul("s2", ("q", "kt")),
        Scale("ruled", ("s2",), None, NEVER),
        neuron("w2", "ruled", Softmax()),
        MatMul("m2", ("w2", "n2")),
        neuron("n3", "m2"),
        Linear("logits", ("n3",), w["head"], w["bias"]),
        Output("out", ("logits",)),
    ]
    return SpikingNetwork(tuple(nodes)).check()


def nearest(r: np.ndarray, unit: float) -> np.ndarray:
    """The spike for each residual: the largest ±u·2^k with |r| at least 3/4 of it."""
    best = np.zeros_like(r)
    for k in range(LEVELS):
        best = np.where(np.abs(r) >= 0.75 * unit * 2**k, unit * 2**k, best)
    return np.sign(r) * best


def by_hand(w: dict[str, np.ndarray], ids: list[int], steps: int) -> tuple[list[np.ndarray], list[int]]:
    """The readouts and spike counts of the two layers; rows of earlier positions are final."""
    rows: dict[str, list[np.ndarray]] = {"n1": [], "n2": [], "k": []}
    readouts, counts = [], []
    for p, word in enumerate(ids):
        sent = {name: np.zeros(p + 1 if name in ("w1", "w2") else 2) for name in UNITS}
        count = 0

        def tell(name: str, target: np.ndarray, sent: dict[str, np.ndarray] = sent) -> int:
            spike = nearest(target - sent[name], UNITS[name])
            sent[name] = sent[name] + spike
            return int(np.count_nonzero(spike))

        for _ in range(steps):
            count += tell("n1", w["table"][word] + w["place"][p])
            first = np.array([*rows["n1"], sent["n1"]])
            count += tell("w1", np.maximum(first @ sent["n1"], 0))
            count += tell("n2", sent["w1"] @ first + sent["n1"])
            count += tell("q", w["wq"] @ sent["n2"]) + tell("k", w["wk"] @ sent["n2"])
            score = np.array([*rows["k"], sent["k"]]) @ sent["q"]
            share = np.exp(score - score.max())
            count += tell("w2", share / share.sum())
            count += tell("n3", sent["w2"] @ np.array([*rows["n2"], sent["n2"]]))
        for name, past in rows.items():
            past.append(sent[name])
        readouts.append(w["head"] @ sent["n3"] + w["bias"])
        counts.append(count)
    return readouts, counts


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_two_dyadic_layers_equal_a_loop_by_hand(weights: dict[str, np.ndarray], steps: int) -> None:
    ids = [2, 0, 3, 3, 1, 2]
    model = Decoder(two_layers(weights), steps).eval()
    readouts, counts = by_hand(weights, ids, steps)
    model.begin(1)
    for p, word in enumerate(ids):
        with torch.inference_mode():
            found = model(torch.tensor([word]))[0].numpy()
        assert np.array_equal(found, readouts[p]), p
        assert model.spikes == counts[p] > 0


def test_it_starts_again(weights: dict[str, np.ndarray]) -> None:
    model = Decoder(two_layers(weights), 3).eval()
    texts = []
    for _ in range(2):
        model.begin(1)
        with torch.inference_mode():
            texts.append([model(torch.tensor([word])) for word in (1, 2, 3)])
    assert all(torch.equal(a, b) for a, b in zip(*texts, strict=True))


class Heads(nn.Module):
    """Causal attention of two heads, torch's own or spelled out."""

    def __init__(self, plain: bool) -> None:
        super().__init__()
        self.plain, self.wide, self.out = plain, nn.Linear(16, 48), nn.Linear(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (y.unflatten(-1, (2, 8)).transpose(1, 2) for y in self.wide(x).split(16, -1))
        if self.plain:
            scores = q @ k.transpose(-1, -2) / 8**0.5
            mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
            y = scores.masked_fill(mask, float("-inf")).softmax(-1) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).flatten(2))


class Small(nn.Module):
    """A decoder: learned positions, layer norm before, GELU."""

    def __init__(self, length: int = 10, words: int = 13) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, 16), nn.Parameter(torch.randn(length, 16))
        self.attention = nn.ModuleList(Heads(plain) for plain in (False, True))
        self.mlp = nn.ModuleList(nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16)) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(16) for _ in range(5))
        self.head = nn.Linear(16, words, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.words(ids) + self.places
        for k in range(2):
            x = x + self.attention[k](self.norms[2 * k](x))
            x = x + self.mlp[k](self.norms[2 * k + 1](x))
        return self.head(self.norms[4](x))


def llama() -> nn.Module:
    """RoPE, four heads over two, a gated network, the head tied to the embedding."""
    from benchmarks.llama import Llama

    return Llama(dim=16, hidden=24, layers=2, heads=4, kv_heads=2, vocabulary=13, length=10)


SOURCES = {"small": Small, "llama": llama}


def source(name: str) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    return SOURCES[name]().eval(), torch.randint(13, (24, 10))


@pytest.mark.parametrize("name", SOURCES)
def test_positions_one_by_one_and_all_at_once_meet_in_the_source(name: str) -> None:
    model, texts = source(name)
    exact = model(texts[:4]).detach().numpy()
    gaps = []
    for precision in (1 / 16, 1 / 256):
        network = convert(model, texts, precision=precision)
        single = readouts(network, texts[:4], steps=16)
        whole = run(network, texts[:4], steps=16).readout[-1]
        gaps.append([np.linalg.norm(y - exact) / np.linalg.norm(exact) for y in (single, whole)])
    coarse, fine = np.array(gaps)
    assert np.all(coarse < 0.15)
    assert np.all(fine < coarse / 8)  # a unit 16 times finer


@pytest.mark.parametrize("name", SOURCES)
def test_greedy_tokens_are_those_of_the_source(name: str) -> None:
    model, texts = source(name)
    network = convert(model, texts, precision=1 / 512)
    made = network.generate(texts[:6, :2].numpy(), steps=14, max_new_tokens=8)
    wanted = texts[:6, :2]
    for p in range(2, 10):
        padded = F.pad(wanted, (0, 10 - p))  # later tokens do not matter: the model is causal
        wanted = torch.cat([wanted, model(padded)[:, p - 1].argmax(-1, keepdim=True)], 1)
    assert made.tokens.tolist() == wanted.tolist()
    assert made.spikes.shape == (9,)
    assert made.seconds > 0


def test_a_batch_is_its_texts_one_by_one() -> None:
    model, texts = source("llama")
    network = convert(model, texts)
    both = network.generate(texts[:3, :4], steps=4, max_new_tokens=5, dtype="float64")
    alone = [network.generate(text[:4], steps=4, max_new_tokens=5, dtype="float64") for text in texts[:3]]
    assert both.tokens.tolist() == [one.tokens[0].tolist() for one in alone]
    assert both.spikes == pytest.approx(np.mean([one.spikes for one in alone], axis=0))


def test_a_token_costs_the_same_wherever_it_stands() -> None:
    model, texts = source("small")
    network = convert(model, texts)
    decoder = Decoder(network, 4).float().eval()
    decoder.begin(1)
    work, spikes = [], []
    for word in texts[0]:
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            decoder(word[None])
        work.append(counter.get_total_flops())
        spikes.append(decoder.spikes)
    assert len(set(work[1:])) == 1
    whole = run(network, texts[:1], steps=4).activity.spikes
    at_once = sum(whole[node.name].sum() for node in network.populations)
    assert sum(spikes) == pytest.approx(at_once, rel=0.1)  # each position speaks once, not once for every later token


@pytest.mark.parametrize(
    ("ids", "setting", "reason"),
    [
        ([0], {"steps": 0}, "steps must be at least 1"),
        ([0], {"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
        ([0, 1, 2], {"max_new_tokens": 4}, r"have 3 \+ 4 tokens; the network was captured at 6"),
        ([0, 4], {}, "holds ids 0 … 4, and the vocabulary is 0 … 3"),
        ([0, -1], {}, "holds ids -1 … 0"),
        ([], {}, "at least one"),
        ([0.5], {}, "must be integers"),
        ([[[0]]], {}, r"\(n,\) or \(B, n\)"),
        ([0], {"dtype": "float16"}, "dtype must be 'float32' or 'float64'"),
    ],
)
def test_wrong_prompts_and_settings(
    weights: dict[str, np.ndarray], ids: list[int], setting: dict[str, int], reason: str
) -> None:
    network = two_layers(weights)
    with pytest.raises(InvalidInput, match=reason):
        network.generate(ids, **{"steps": 2, "max_new_tokens": 2, **setting})  # type: ignore[arg-type]


def test_everything_wrong_is_said_at_once(weights: dict[str, np.ndarray]) -> None:
    network = two_layers(weights)
    draft = tuple(replace(n, alphabet=None) if n.name == "n1" else n for n in network)
    with pytest.raises(InvalidInput) as caught:
        SpikingNetwork(draft, "rate").generate([0, 9], steps=0, max_new_tokens=5)
    text = str(caught.value)
    for reason in ("steps must", "schedule is rate", "no alphabet yet: n1", "ids 0 … 9", "2 + 5 tokens"):
        assert reason in text
