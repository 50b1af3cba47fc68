"""Recurrent layers share weights in time, matrices over tokens share them in space: the counts tell them apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from converters import convert, outline
from hardware import assumed, estimate
from spiking import SpikingNetwork, fingerprint, run, synapses

T, D, H = 7, 8, 4  # moments, features, hidden
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
KINDS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Last(nn.Module):
    """head(the last output)"""

    def __init__(self, kind: str, layers: int = 1, bidirectional: bool = False) -> None:
        super().__init__()
        self.layer = KINDS[kind](D, H, layers, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(H * (1 + bidirectional), 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer(x)[0][:, -1])


def built(kind: str, **setting: int) -> SpikingNetwork:
    torch.manual_seed(0)
    return outline(Last(kind, **setting), torch.zeros(1, T, D))


def of(network: SpikingNetwork, word: str) -> list:
    return [found for name, found in synapses(network).items() if name.endswith(word) and found.moments]


@pytest.mark.parametrize("kind", list(KINDS))
def test_weights_count_once_and_are_used_in_time(kind: str) -> None:
    """Input weights: W = S = gates·H·D, T times. Hidden ones: gates·H·H, T − 1 times, for the first state is zero."""
    network = built(kind)
    (inner,), (hidden,) = of(network, "layer0.input"), of(network, "layer0.hidden")
    assert (inner.weights, inner.unrolled, inner.moments) == (GATES[kind] * H * D, GATES[kind] * H * D, T)
    assert (hidden.weights, hidden.unrolled, hidden.moments) == (GATES[kind] * H * H, GATES[kind] * H * H, T - 1)
    assert inner.reuse == hidden.reuse == 1
    total = sum(found.weights for found in synapses(network).values())
    assert total == sum(p.numel() for n, p in Last(kind).named_parameters() if "weight" in n)


def test_a_matrix_over_tokens_is_used_in_space() -> None:
    """The same shapes without a cell: R = T in space, once in time."""
    network = outline(nn.Sequential(nn.Linear(D, H), nn.ReLU(), nn.Linear(H, 3)), torch.zeros(1, T, D))
    assert [(found.reuse, found.moments) for found in synapses(network).values()] == [(T, 1), (T, 1)]


@pytest.mark.parametrize(("kind", "neurons", "gates"), [("rnn", 1, 0), ("lstm", 7, 3), ("gru", 5, 3)])
def test_a_cell_is_laid_out_once(kind: str, neurons: int, gates: int) -> None:
    """RNN: one neuron a unit. LSTM: i, f, g, o, tanh(c), and what is sent of h and c; products i·g, f·c, o·tanh(c).

    GRU: r, z, n, the hidden term that r gates, and what is sent of h; products r·(Wh), (1 − z)·n, z·h.
    """
    network = built(kind)
    assert network.bodies == neurons * H
    assert sum(found.dynamic for found in synapses(network).values()) == gates * H


def test_layers_and_directions_are_cells_of_their_own() -> None:
    """Two layers, both ways: input 4·H·D twice, then 4·H·2H twice; hidden 4·H·H four times; each its own moments."""
    network = built("lstm", layers=2, bidirectional=True)
    assert [found.weights for found in of(network, "input")] == [4 * H * D] * 2 + [4 * H * 2 * H] * 2
    assert [found.moments for found in of(network, "hidden")] == [T - 1] * 4
    assert network.bodies == 4 * 7 * H


def test_the_summary_says_so() -> None:
    text = built("lstm").summary(depth=None)
    (line,) = [row for row in text.splitlines() if row.startswith("layer.layer0.input ")]
    assert line.split()[-7:] == ["128", "128", "1.0", "×", f"{T}", "time", "steps"]
    assert text.count("= layer.layer0.hidden") == T - 2
    assert "when every time step of a cell is laid out" in text


def test_it_comes_back_from_a_file(tmp_path: Path) -> None:
    network = convert(Last("gru"), np.random.default_rng(0).normal(size=(8, T, D)))
    network.save(tmp_path / "gru.npz")
    again = SpikingNetwork.load(tmp_path / "gru.npz")
    assert synapses(again) == synapses(network)
    assert again.moments == network.moments
    assert fingerprint(again) == fingerprint(network)


def test_a_converted_cell_still_computes_the_source() -> None:
    torch.manual_seed(0)
    model, x = Last("lstm").eval(), torch.randn(16, T, D)
    network = convert(model, x, precision="exact")
    with torch.no_grad():
        gap = run(network, x, steps=12, progress=False).relative_error(model(x))[-1]
    assert gap < 0.05


@pytest.mark.parametrize("kind", list(KINDS))
def test_hardware_holds_one_copy_and_works_at_every_moment(kind: str) -> None:
    """Space: gates·H·(D + H) + H·3 synapses. Work: T input and T − 1 hidden matrices, and T or T − 1 of each gate."""
    network = built(kind)
    network = replace(network, nodes=tuple(replace(n, alphabet=None) if hasattr(n, "alphabet") else n for n in network))
    work = estimate(network, assumed(network), "brain").work
    g = GATES[kind]
    static = g * H * D * T + g * H * H * (T - 1) + 3 * H
    gated = {"rnn": 0, "lstm": H * (3 * T - 1), "gru": H * (3 * T - 2)}[kind]
    assert work.unrolled == work.weights == g * H * (D + H) + 3 * H
    assert work.macs == static + gated
    assert work.neurons == network.bodies
    hidden = next(place for place in work.places if place.name.endswith("hidden"))
    assert (hidden.calls, hidden.reads, hidden.physical) == (T - 1, g * H * H, g * H * H)
    assert len({place.name for place in work.places}) == len(work.places)


def test_a_gpu_takes_the_moments_one_after_another() -> None:
    """The input weights are one matrix product over T rows, one launch; the hidden ones T − 1, each with its gates."""
    network = outline(Last("rnn"), torch.zeros(1, T, D))
    report = estimate(network, assumed(network), "a100")
    launch = report.platform.values()["launch"]
    places = {place.name: place.calls for place in report.work.places if place.matrix is not None}
    assert sorted(places.values()) == [1, 1, T - 1]
    assert report.latency_s is not None
    assert report.latency_s.value == pytest.approx((1 + 2 * (T - 1) + 1) * launch, rel=0.01)
    assert report.bounds[next(name for name in places if name.endswith("hidden"))].resource == "launch"


def test_weights_are_fetched_at_every_moment_unless_they_stay() -> None:
    """H = 4,096 over 32 moments, 2·(D + H)·H bytes: 33.6 MB against half of 40 MB of cache, so memory sets the pace.

    At 2,048 it is 8.4 MB: the cell's own weights stay from moment to moment, and the launches set it.
    """
    wide = 4096
    with torch.device("meta"):
        network = outline(nn.RNN(D, wide, batch_first=True), torch.zeros(1, 32, D))
    report = estimate(network, assumed(network), "a100")
    values = report.platform.values()
    hidden = 2 * wide * wide / (values["memory_efficiency"] * values["memory_bandwidth"]) + 2 * values["launch"]
    inner = 2 * wide * D / (values["memory_efficiency"] * values["memory_bandwidth"]) + values["launch"]
    assert report.latency_s is not None
    assert report.latency_s.value == pytest.approx(31 * hidden + inner, rel=0.02)
    with torch.device("meta"):
        small = outline(nn.RNN(D, wide // 2, batch_first=True), torch.zeros(1, 32, D))
    stays = estimate(small, assumed(small), "a100").latency_s
    assert stays is not None
    cached = 2 * (wide // 2) ** 2 / (values["memory_efficiency"] * values["cache_bandwidth"])
    assert stays.value == pytest.approx(31 * (cached + 2 * values["launch"]) + 2 * values["launch"], rel=0.1)


def test_a_scale_does_not_tear_shared_weights_apart() -> None:
    """One matrix used twice, a scale behind one use: folded in, W would be two matrices of 16."""

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = nn.Linear(4, 4, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(self.mix(torch.relu(self.mix(x))) * 3)

    model = Twice()
    torch.manual_seed(0)
    network = convert(model, torch.randn(16, 4))
    assert sum(found.weights for found in synapses(network).values()) == 16
    assert [found.unrolled for found in synapses(network).values()] == [16, 16]
