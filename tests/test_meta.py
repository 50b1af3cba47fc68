"""Networks from shapes alone: captured on torch's meta device, counted and costed, never run."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from converters import convert, outline
from hardware import assumed, compare, estimate
from spiking import (
    Input,
    InvalidInput,
    InvalidNetwork,
    Linear,
    Neuron,
    Output,
    ShapeOnly,
    SpikingNetwork,
    Weighted,
    fan_outs,
    fan_totals,
    fingerprint,
    is_missing,
    missing,
    run,
    synapses,
)
from spiking.faults import contents

BACKENDS = ("norse", "reference", "brian2")


class Block(nn.Module):
    """Pre-norm attention and an MLP over tokens (1, 6, 8), with a constant mask and a table of positions."""

    def __init__(self, tokens: int = 6, width: int = 8) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.register_buffer("places", torch.randn(tokens, width))
        self.register_buffer("mask", torch.ones(tokens, tokens, dtype=torch.bool).tril())

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.places
        q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
        x = x + self.out(nn.functional.scaled_dot_product_attention(q, k, v, self.mask))
        return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))


def cnn() -> nn.Module:
    bn = nn.BatchNorm2d(8)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), bn, nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), nn.PReLU(), head
    )


MODELS = {"block": (Block, (1, 6, 8)), "cnn": (cnn, (1, 3, 8, 8)), "lstm": (lambda: Last(nn.LSTM(8, 4)), (1, 5, 8))}


class Last(nn.Module):
    """The last output of a recurrent layer."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.layer.batch_first = True

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[0][:, -1]


def on_meta(name: str) -> SpikingNetwork:
    make, shape = MODELS[name]
    with torch.device("meta"):
        return outline(make(), torch.zeros(shape))


def test_missing_arrays_take_no_memory_and_are_told_from_nan() -> None:
    """70 billion numbers, one of them held; a NaN that someone computed is a fault, not a hole."""
    array = missing((70_000, 1_000_000))
    assert array.size == 70_000_000_000
    assert is_missing(array)
    assert is_missing(array[3].reshape(1000, 1000).T)
    assert not is_missing(np.broadcast_to(np.float32(np.nan), (3, 4)))
    assert not is_missing(np.full((), np.nan))
    assert list(contents(Linear("l", ("x",), missing((4, 3))))) == []
    assert list(contents(Linear("l", ("x",), np.full((4, 3), np.nan)))) == ["weight has NaN or infinite entries"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_a_copy_of_an_outline_is_as_light_and_equal(copied: Callable[[SpikingNetwork], SpikingNetwork]) -> None:
    """1.07 G weights, 4.3 GB if they were allocated: a copy holds none, is sound, and shares what was shared."""
    with torch.device("meta"):
        first, second = nn.Linear(32768, 32768, bias=False), nn.Linear(32768, 32768, bias=False)
        second.weight = first.weight
        network = outline(nn.Sequential(first, nn.ReLU(), second), torch.zeros(1, 32768))
    assert network.ties("2") == ("0", "2")
    tracemalloc.start()
    again = copied(network)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6
    assert fingerprint(again.check()) == fingerprint(network)
    assert [n.weight for n in again if isinstance(n, Weighted)] == 2 * [ShapeOnly((32768, 32768))]
    assert again.ties("2") == ("0", "2")
    with pytest.raises(InvalidNetwork, match="costed, not run"):
        again.valued()


def test_values_that_nobody_has_cannot_be_read() -> None:
    with pytest.raises(InvalidNetwork, match=r"an array \(2, 3\) has no values to read: .* it can be costed, not run"):
        np.sum(missing((2, 3)))


def test_the_type_of_a_missing_array_comes_back_from_a_file(tmp_path: Path) -> None:
    half = ShapeOnly((4, 3), np.dtype(np.float16))
    network = SpikingNetwork((Input("x", (), (3,)), Linear("l", ("x",), half), Output("out", ("l",))))
    network.save(tmp_path / "half.npz")
    assert SpikingNetwork.load(tmp_path / "half.npz")["l"].weight == half


@pytest.mark.parametrize("name", list(MODELS))
def test_an_outline_counts_what_the_model_itself_counts(name: str) -> None:
    """The same nodes, shapes and synapses with and without values."""
    make, shape = MODELS[name]
    torch.manual_seed(0)
    full, blind = outline(make(), torch.zeros(shape)), on_meta(name)
    assert [(type(n), n.name, blind.shapes[n.name]) for n in blind] == [
        (type(n), n.name, full.shapes[n.name]) for n in full
    ]
    assert synapses(blind) == synapses(full)
    assert fan_totals(blind) == fan_totals(full)
    assert all(is_missing(n.weight) for n in blind if isinstance(n, Weighted))


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_cannot_run(backend: str) -> None:
    with pytest.raises(InvalidNetwork, match="captured from shapes alone; it can be costed, not run"):
        run(on_meta("cnn"), np.zeros((1, 3, 8, 8), np.float32), steps=2, backend=backend)


def test_neither_can_its_modules() -> None:
    network = on_meta("cnn")
    with pytest.raises(InvalidNetwork, match="costed, not run"):
        network.dense()
    with pytest.raises(InvalidNetwork, match="costed, not run"):
        network.module(4)


def test_convert_has_nothing_to_calibrate_on_meta() -> None:
    with torch.device("meta"):
        model = cnn()
    with pytest.raises(InvalidInput, match=r"outline\(model, example\)"):
        convert(model, np.zeros((4, 3, 8, 8), np.float32))


def test_it_comes_back_from_a_file_as_shapes(tmp_path: Path) -> None:
    network = on_meta("block")
    network.save(tmp_path / "outline.npz")
    again = SpikingNetwork.load(tmp_path / "outline.npz")
    assert fingerprint(again) == fingerprint(network)
    assert synapses(again) == synapses(network)
    assert all(is_missing(node.weight) for node in again if isinstance(node, Weighted))


def test_values_that_a_rule_must_read_are_asked_for_by_name() -> None:
    """A Gather needs its indices: without them the call is refused with module path and reason, not guessed."""

    class Picks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("order", torch.arange(4))

        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(x)[:, self.order]

    with torch.device("meta"):
        model = Picks()
    with pytest.raises(Exception, match=r"index.*\n.*needs values, and a model on torch's meta device has none"):
        outline(model, torch.zeros(1, 4))


def test_ties_hold_without_addresses() -> None:
    """A meta tensor has no address; an embedding and its head are still known to be one table: W = 16·8 once."""

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.mix = nn.Embedding(16, 8), nn.Linear(8, 8, bias=False)
            self.head = nn.Linear(8, 16, bias=False)
            self.head.weight = self.table.weight

        def forward(self, ids: Tensor) -> Tensor:
            return self.head(torch.relu(self.mix(self.table(ids))))

    with torch.device("meta"):
        network = outline(Tied(), torch.zeros(1, 3, dtype=torch.long))
    found = synapses(network)
    assert {name: one.weights for name, one in found.items()} == {"table": 128, "mix": 64, "head": 0}
    assert {name: one.unrolled for name, one in found.items()} == {"table": 3 * 128, "mix": 3 * 64, "head": 3 * 128}
    assert network.ties("head") == ("table", "head")
    assert "tied" in network.summary(depth=None)


def test_assumed_activity_is_arithmetic() -> None:
    """Half a spike a neuron drives half the synapses once.

    The second convolution is 3×3 without padding on a pooled map of 4×4: 2·2 outputs, 8·8·9·4 = 2,304 synapses from
    8·4·4 neurons, 1,152 events.
    """
    network = on_meta("cnn")
    activity = assumed(network, spikes_per_neuron=0.5)
    assert activity.samples == 0
    conv2 = [node.name for node in network if isinstance(node, Weighted)][1]
    assert fan_totals(network)[conv2] == {network.sources(conv2)[0]: 2304}
    assert activity.events[conv2].sum() == pytest.approx(1152)
    assert all(
        activity.spikes[n.name].sum() == pytest.approx(prod(network.shapes[n.name]) / 2) for n in network.populations
    )
    assert "activity assumed" in str(compare(network, activity))


def test_a_neuron_fires_within_its_window() -> None:
    network = on_meta("cnn")
    activity = assumed(network, spikes_per_neuron=1.5)
    for node in network.populations:
        assert isinstance(node, Neuron)
        ticks = np.flatnonzero(activity.spikes[node.name]) + 1
        assert list(ticks) == list(range(node.start, node.start + 3))
    with pytest.raises(InvalidInput, match="too few for 4 spikes"):
        assumed(network, spikes_per_neuron=4, steps=20)


@pytest.mark.parametrize("name", list(MODELS))
def test_a_fan_is_one_number_where_all_agree(name: str) -> None:
    """What a fan holds in memory is what differs, not what there is."""
    for sources in fan_outs(on_meta(name)).values():
        for fan in sources.values():
            held = prod(size for size, step in zip(fan.shape, fan.strides, strict=True) if step)
            assert held <= max(fan.shape) ** 2


def test_a_billion_weights_cost_nothing_to_hold() -> None:
    """4 layers of 16,384 × 16,384 over 64 tokens: W = 4·2^28 = 1.07 G, R = 64, 8.6 GB in bf16, and a few MB here."""
    with torch.device("meta"):
        layers = [layer for _ in range(4) for layer in (nn.Linear(16384, 16384, bias=False), nn.ReLU())]
        model = nn.Sequential(*layers[:-1])
        tracemalloc.start()
        network = outline(model, torch.zeros(1, 64, 16384))
    report = estimate(network, assumed(network), "a100")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.weights == 4 * 2**28
    assert report.reuse == 64
    assert peak < 100e6
    assert {c.name: c.needed for c in report.constraints}["memory"] == 2 * (4 * 2**28 + 2 * 64 * 16384)
