"""Networks from shapes: the counts of the literature to the digit, against brute force and against the tally."""

from __future__ import annotations

import itertools
from math import ceil, prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.workload.assumed_activity import assumed
from hardware.workload.counting import tally
from hardware.workload.shapes import Shapes
from hardware.workload.trace import Trace
from hardware.workload.zoo import net, nets
from spiking import (
    Conv,
    Embedding,
    Identity,
    Input,
    InvalidInput,
    Linear,
    MatMul,
    Neuron,
    Output,
    Relu,
    Reshape,
    Softmax,
    SpikingNetwork,
    binary,
)

NEEDED: dict[str, dict[str, Any]] = {"gemv": {"m": 7680, "k": 2560}, "gemm": {"m": 7680, "n": 1500, "k": 2560}}
MEBI16 = 128 * 128 * 1024  # bytes of synapses on a Loihi of 128 cores


def traced(name: str, **options: Any) -> Trace:
    return net(name, **(options or NEEDED.get(name, {}))).trace()


def place(trace: Trace, name: str) -> Any:
    return next(one for one in trace.places if one.name == name)


# --- the networks of the literature


@pytest.mark.parametrize(
    ("name", "unrolled", "dynamic", "weights", "neurons", "stages"),
    [
        ("resnet50", 4_089_184_256, 0, 25_557_032 - 53_120 - 1000, 11_114_984, 50),  # parameters − norms − biases
        ("vgg16", 15_470_264_320, 0, 138_357_544 - 13_416, 13_556_712, 16),
        ("vit_b", 16_848_500_736, 2 * 12 * 197**2 * 768, 86_292_480, 23_895_544, 74),
        ("vit_ti", 1_074_851_328, 2 * 12 * 197**2 * 192, 5_647_872, 5_974_636, 74),
        ("pilotnet", 14_550_054, 0, 349_998, 158_509 - 200 * 66 * 3, 9),
        ("kws", 172_800, 0, 172_800, 541, 3),
        ("mobilenet_v1", 568_740_352, 0, 4_209_088, 5_043_688, 28),
        ("mobilenet_v2", 300_774_272, 0, 3_469_760, 6_679_112, 53),
    ],
)
def test_counts_of_the_literature(
    name: str, unrolled: int, dynamic: int, weights: int, neurons: int, stages: int
) -> None:
    trace = traced(name)
    assert (trace.unrolled, trace.dynamic, trace.weights) == (unrolled, dynamic, weights)
    assert (trace.neurons, trace.stages, trace.ticks) == (neurons, stages, stages)
    assert trace.macs == unrolled + dynamic
    assert trace.samples == trace.delay == 0


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("resnet50", "4.089 G, 0.000 G, 25.50 M, 160.3, 11.11 M, 50"),
        ("vgg16", "15.470 G, 0.000 G, 138.34 M, 111.8, 13.56 M, 16"),
        ("vit_b", "16.849 G, 0.715 G, 86.29 M, 195.2, 23.90 M, 74"),
        ("vit_ti", "1.075 G, 0.179 G, 5.65 M, 190.3, 5.97 M, 74"),
        ("pilotnet", "0.015 G, 0.000 G, 0.35 M, 41.6, 0.12 M, 9"),
    ],
)
def test_as_printed(name: str, printed: str) -> None:
    t = traced(name)
    assert printed == (
        f"{t.unrolled / 1e9:.3f} G, {t.dynamic / 1e9:.3f} G, {t.weights / 1e6:.2f} M, {t.unrolled / t.weights:.1f}, "
        f"{t.neurons / 1e6:.2f} M, {t.stages}"
    )


def test_resnet50_has_54_weighted_layers_of_which_4_are_shortcuts() -> None:
    trace = traced("resnet50")
    weighted = [one for one in trace.places if one.weights]
    assert len(weighted) == 54
    assert sum("downsample" in one.name for one in weighted) == 4
    strided = [one.name for one in weighted if one.matrix.rows == 784 and "layer2.0.conv2" in one.name]
    assert strided == ["layer2.0.conv2"]  # version 1.5: the 3×3 has the stride
    assert place(trace, "layer2.0.conv1").matrix.rows == 56 * 56
    assert sum(one.kind == "Add" for one in trace.places) == 16


@pytest.mark.parametrize(
    ("name", "by_neurons", "by_synapses"),
    [("resnet50", "84.8", "243.7"), ("vgg16", "103.4", "922"), ("vit_b", "182", "1004"), ("vit_ti", "45.6", "64.1")],
)
def test_room_on_loihi(name: str, by_neurons: str, by_synapses: str) -> None:
    """131,072 neurons and 16 MiB of 8 bit synapses, unrolled, a chip."""
    trace = traced(name)
    assert sum(layer.compartments for layer in trace.layers) == trace.neurons
    for printed, chips in ((by_neurons, trace.neurons / (128 * 1024)), (by_synapses, trace.unrolled / MEBI16)):
        assert f"{chips:.{1 if '.' in printed else 0}f}" == printed


def test_shared_kernels_of_resnet50_take_195_cores() -> None:
    assert ceil(traced("resnet50").weights / (128 * 1024)) == 195


@pytest.mark.parametrize(
    ("lanes", "synapses", "serial"),
    [(1, 2.55e7, 614), (16, 3.77e8, 38.6), (196, 2.48e9, 3.21), (3136, 4.00e9, 0.57), (12544, 4.089e9, 0.54)],
)
def test_uniform_lanes_of_resnet50(lanes: int, synapses: float, serial: float) -> None:
    layers = [one for one in traced("resnet50").places if one.weights]
    assert sum(one.weights * min(lanes, one.matrix.rows) for one in layers) == pytest.approx(synapses, rel=5e-3)
    assert sum(ceil(one.matrix.rows / lanes) for one in layers) / 100 == pytest.approx(serial, rel=5e-3)


@pytest.mark.parametrize(
    ("name", "ticks", "synapses", "latency"),
    [
        ("resnet50", 1, 4.09e9, 0.50),
        ("resnet50", 4, 1.04e9, 0.53),
        ("resnet50", 16, 2.77e8, 0.65),
        ("resnet50", 49, 8.55e7, 0.98),
        ("resnet50", 196, 3.37e7, 2.45),
        ("resnet50", 784, 2.64e7, 8.33),
        ("resnet50", 12544, 2.55e7, 126),
        ("vgg16", 1, 1.55e10, 0.16),
        ("vgg16", 16, 1.09e9, 0.31),
        ("vgg16", 49, 4.4e8, 0.64),
        ("vgg16", 196, 2.0e8, 2.1),
        ("vit_b", 197, 8.63e7, 2.7),
    ],
)
def test_balanced_lanes(name: str, ticks: int, synapses: float, latency: float) -> None:
    trace = traced(name)
    width = sum(one.weights * ceil(one.matrix.rows / ticks) for one in trace.places if one.weights)
    assert width == pytest.approx(synapses, rel=1e-2)
    assert (ticks + trace.stages - 1) / 100 == pytest.approx(latency, rel=2e-2)


def test_attention_is_one_barrier_a_block_and_causal_attention_none() -> None:
    assert sum(one.barrier for one in traced("vit_b").places) == 12
    assert sum(one.barrier for one in traced("llama2_7b").places) == 0


def test_the_halos_of_resnet50() -> None:
    """((k − 1)/2·W + (k − 1)/2)/(H·W) of the map that is read: 7×7 at 224, 3×3 at 56 ×4, 28 ×4, 14 ×6, 7 ×2."""
    halos = 3 * 225 / 224**2 + 4 * 57 / 56**2 + 4 * 29 / 28**2 + 6 * 15 / 14**2 + 2 * 8 / 7**2
    assert sum(one.halo for one in traced("resnet50").places) == pytest.approx(halos)
    assert round(halos, 2) == 1.02


def test_the_widest_neuron_of_vgg16_is_its_first_matrix() -> None:
    trace = traced("vgg16")
    assert max(one.fan_in for one in trace.places) == place(trace, "fc1").fan_in == 25_088


def test_reuse() -> None:
    """A convolution: positions; ViT: tokens; a recurrent matrix: 1 in space, T in time."""
    assert place(traced("resnet50"), "layer1.0.conv2").reuse == (56 * 56, 1)
    assert place(traced("vit_b"), "block0.qkv").reuse == (197, 1)
    assert place(traced("rnn", hidden=64, steps=30), "rnn.recurrent").reuse == (1, 30)


def test_pilotnet_as_lava_prints_it() -> None:
    rows = [(one.matrix.rows, one.matrix.columns) for one in traced("pilotnet").places]
    convs = [(99 * 32, 24), (49 * 15, 36), (24 * 7, 48), (22 * 4, 64), (20 * 2, 64)]
    assert rows == [*convs, (1, 100), (1, 50), (1, 10), (1, 1)]


def test_a_copy_of_the_keyword_spotter() -> None:
    """10 layers of 256, read by the second hidden layer; none leaves the spotter itself."""
    one, two = traced("kws", copies=1), traced("kws", copies=2)
    assert two.neurons - one.neurons == 2560
    assert two.unrolled - one.unrolled == 655_360 + 256 * 256
    assert place(two, "fc2").weights - place(one, "fc2").weights == 256 * 256
    assert two.stages == one.stages == traced("kws").stages + 10


def test_recurrent_layers() -> None:
    """DeepBench leaves the input matrix out; stages are the time steps."""
    plain = traced("rnn", hidden=512, steps=25)
    assert (plain.weights, plain.unrolled, plain.dynamic, plain.neurons, plain.stages) == (512**2, 512**2, 0, 512, 25)
    for name, gates in (("lstm", 4), ("gru", 3)):
        trace = traced(name, hidden=512, steps=25)
        assert trace.weights == trace.unrolled == gates * 512**2
        assert trace.dynamic == 3 * 512
        main = place(trace, f"{name}.recurrent")
        assert (main.calls, main.macs, main.reads) == (25, 25 * gates * 512**2, gates * 512**2)
    fed = traced("lstm", hidden=512, steps=25, features=240)
    into = place(fed, "lstm.input")
    assert fed.weights == 4 * 512 * (512 + 240)
    assert (into.matrix.rows, into.calls, into.unrolled, into.macs) == (25, 1, 4 * 512 * 240, 25 * 4 * 512 * 240)


def test_cells_in_a_row_hand_on_moment_by_moment() -> None:
    stack = Shapes("stack", (20, 8))
    x = stack.recurrent(stack.input, "a", 8)
    x = stack.recurrent(x, "b", 8)
    x = stack.linear(x, "each", 3)
    assert (x.stage, x.first) == (20 + 1 + 1, 3)
    assert stack.trace().stages == 20 + 1 + 1


def test_rnnt_is_that_of_mlperf() -> None:
    """Encoder 5 × LSTM-1024, prediction 2 × LSTM-320, joint 512, 29 letters: 45.3 M weights."""
    encoder = 4 * 1024 * (240 + 1024) + 4 * 1024 * 2048 + 4 * 1024 * 3072 + 2 * 4 * 1024 * 2048
    prediction = 28 * 320 + 2 * 4 * 320 * 640
    joint = 1024 * 512 + 320 * 512 + 512 * 29
    trace = traced("rnnt", frames=210, labels=90)
    assert trace.weights == encoder + prediction + joint
    assert round(trace.weights / 1e6, 1) == 45.3
    assert place(trace, "encoder.0.recurrent").calls == 210
    assert place(trace, "encoder.paired.0.recurrent").calls == 105
    assert place(trace, "prediction.0.input").calls == 90
    assert place(trace, "joint").calls == 105 + 90


@pytest.mark.parametrize(
    ("name", "billions", "cached"),
    [("llama2_7b", 6.738, 2 * 32 * 4096), ("llama2_70b", 68.975, 2 * 80 * 1024), ("llama3_8b", 8.030, 2 * 32 * 1024)],
)
def test_llama(name: str, billions: float, cached: int) -> None:
    """One token reads every weight once but one row of the embedding, and the cached keys and values."""
    empty, long = traced(name, context=0), traced(name, context=1000)
    table = place(empty, "words")
    assert round(empty.weights / 1e9, 3) == billions
    assert table.reads == table.matrix.columns < table.weights
    assert sum(one.reads for one in empty.places) == empty.weights - table.weights + table.reads
    assert sum(one.reads for one in long.places) - sum(one.reads for one in empty.places) == 1000 * cached
    assert long.stages == 1 + 6 * sum("qkv" in one.name for one in long.places) + 1


@pytest.mark.parametrize(("name", "sequence", "millions"), [("bert_base", 128, 108), ("bert_large", 384, 333)])
def test_bert(name: str, sequence: int, millions: int) -> None:
    trace = traced(name)
    width, depth = {"bert_base": (768, 12), "bert_large": (1024, 24)}[name]
    assert trace.weights == depth * 12 * width**2 + 30522 * width + 2 * width
    assert round(trace.weights / 1e6) == millions
    assert trace.dynamic == depth * 2 * sequence**2 * width
    assert place(trace, "words").macs == sequence * width


def test_other_image_networks() -> None:
    """Weights: the published parameters less norms, biases and scales."""
    assert round(traced("convnext_t").unrolled / 1e9, 2) == 4.46
    assert round(traced("mixer_b16").unrolled / 1e9, 1) == 12.6
    assert round(traced("vit_l").weights / 1e6, 1) == 303.8
    assert round(traced("vit_s").weights / 1e6, 1) == 21.9


def test_products() -> None:
    assert traced("gemv").weights == traced("gemv").macs == 7680 * 2560
    assert place(traced("gemm"), "gemm").matrix == (1500, 7680, 2560, 1)


def test_the_microcircuit() -> None:
    trace = traced("microcircuit")
    assert (trace.neurons, trace.unrolled, trace.ticks) == (77_169, 300_000_000, 10_000)
    assert trace.events == pytest.approx(9.38e8)
    assert trace.senders["cortex"].sum() / trace.neurons == pytest.approx(9.38e8 / 3e8)  # 3.1 Hz


@pytest.mark.parametrize("name", nets())
def test_every_network_has_a_sound_trace(name: str) -> None:
    trace = traced(name)
    assert trace.check() is trace
    by_name = {one.name: one for one in trace.places}
    assert {one.name for layer in trace.layers for one in layer.places} == set(by_name)
    assert set(trace.order) == {*by_name, *trace.senders, *(layer.name for layer in trace.layers)} | trace.inputs
    assert all(source in trace.sizes for one in trace.places for source in one.sources)
    assert all(prod(one.matrix) * one.calls == one.macs for one in trace.places if one.kind in ("Conv", "MatMul"))
    for one in trace.places:
        if one.weights and one.kind == "Linear":
            assert prod(one.matrix) * one.calls == one.macs
    assert trace.neurons == sum(layer.neurons for layer in trace.layers)


# --- activity


def test_events_are_spread_behind_their_stage() -> None:
    made = Shapes("mlp", 10)
    x = made.linear(made.linear(made.input, "a", 20), "b", 30)
    made.linear(x, "c", 40)
    trace = made.trace(activity=0.5, steps=4)
    assert (trace.stages, trace.ticks, trace.interval) == (3, 3 - 1 + 4, 4)
    assert place(trace, "a").events.tolist() == [25, 25, 25, 25, 0, 0]
    assert place(trace, "b").events.tolist() == [0, 75, 75, 75, 75, 0]
    assert place(trace, "c").events.tolist() == [0, 0, 150, 150, 150, 150]
    assert trace.senders["input"].tolist() == [1.25] * 4 + [0, 0]
    assert trace.senders["a"].tolist() == [0] + [2.5] * 4 + [0]
    assert trace.senders["b"].tolist() == [0, 0] + [3.75] * 4
    assert "c" not in trace.senders


def test_the_time_steps_of_a_cell_follow_each_other() -> None:
    made = Shapes("cell", (3, 2))
    made.recurrent(made.input, "h", 5, gates=1)
    trace = made.trace(activity=1, steps=2)
    assert trace.ticks == 3 - 1 + 2
    assert place(trace, "h.recurrent").events == pytest.approx(np.array([0.5, 1, 1, 0.5]) * 25)
    assert place(trace, "h.input").events.sum() == pytest.approx(3 * 10)


def test_known_events_and_spikes_replace_assumed_ones() -> None:
    made = Shapes("mlp", 10)
    made.linear(made.linear(made.input, "a", 20), "b", 30)
    trace = made.trace(events={"b": 7.0}, spikes={"a": 3.0})
    assert place(trace, "b").events.sum() == 7
    assert trace.senders["a"].sum() == 3
    assert "'a', 'b'" in trace.assumptions[0]


# --- sums, pools, products


def test_a_shortcut_is_a_synapse_a_neuron_of_the_layer_that_comes_last() -> None:
    made = Shapes("residual", (4, 6, 6))
    x = made.conv(made.input, "one", 4, 3, passes=1)
    y = made.add(x, made.conv(x, "two", 4, 3, passes=1))
    assert (y.names, y.stage) == (("two",), 2)
    made.linear(made.global_pool(y), "fc", 2)
    trace = made.trace(1.0)
    shortcut = place(trace, "two + one")
    assert (shortcut.unrolled, shortcut.physical, shortcut.macs, shortcut.sources) == (0, 144, 0, ("one",))
    assert shortcut.events.tolist() == [0, 144, 0]
    assert place(trace, "two").passes == 1 + 1 + 1  # its function, the sum, the pooling
    assert place(trace, "fc").fan_in == 4


def test_grouped_queries_share_their_keys() -> None:
    made = Shapes("gqa", (3, 32))
    q, k, v = made.split(made.linear(made.input, "qkv", 32 + 8 + 8), 32, 8, 8)
    made.attention(q, k, v, "mix", 8, kv_heads=2, keys=5, causal=True)
    trace = made.trace()
    scores, values = place(trace, "mix.scores"), place(trace, "mix.values")
    assert scores.dynamic == values.dynamic == 8 * 3 * (3 + 5) * 4
    assert scores.reads == values.reads == 5 * 8
    assert (scores.stage, values.stage) == (2, 3)
    assert scores.inside == (0, 8 * 3 * 8) == values.inside[::-1]


def test_gates_are_gating_synapses() -> None:
    made = Shapes("swiglu", 8)
    gate = made.linear(made.input, "gate", 16)
    made.linear(made.multiply(made.linear(made.input, "up", 16), gate), "down", 8)
    trace = made.trace()
    assert trace.dynamic == 16
    assert trace.stages == 2
    assert trace.macs == 3 * 8 * 16 + 16


# --- against brute force


@settings(max_examples=60, deadline=None)
@given(
    size=st.lists(st.integers(1, 7), min_size=1, max_size=2),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.one_of(st.just("same"), st.integers(0, 2)),
    groups=st.integers(1, 3),
    wide=st.integers(1, 2),
)
def test_convolutions_against_a_loop(
    size: list[int], kernel: int, stride: int, padding: Any, groups: int, wide: int
) -> None:
    made = Shapes("conv", (2 * groups, *size))
    if padding != "same" and min(size) + 2 * padding < kernel:
        with pytest.raises(InvalidInput, match="does not fit into"):
            made.conv(made.input, "c", wide * groups, kernel, stride=stride, padding=padding, groups=groups)
        return
    out = made.conv(made.input, "c", wide * groups, kernel, stride=stride, padding=padding, groups=groups).shape
    real = 0
    for where in itertools.product(*(range(n) for n in out[1:])):
        for tap in itertools.product(range(kernel), repeat=len(size)):
            at = []
            for n, windows, w, t in zip(size, out[1:], where, tap, strict=True):
                before = min((kernel - 1) // 2, max((windows - 1) * stride + kernel - n, 0))
                at.append(w * stride - (before if padding == "same" else padding) + t)
            real += all(0 <= a < n for a, n in zip(at, size, strict=True))
    c = place(made.trace(), "c")
    assert c.physical == real * 2 * wide * groups
    assert c.unrolled == prod(out) * 2 * kernel ** len(size)
    assert c.weights == wide * groups * 2 * kernel ** len(size)
    if padding == "same":
        assert out[1:] == tuple(ceil(n / stride) for n in size)


@settings(max_examples=40, deadline=None)
@given(
    widths=st.lists(st.integers(1, 9), min_size=2, max_size=6),
    skips=st.booleans(),
    activity=st.floats(0, 3),
    steps=st.integers(1, 5),
)
def test_totals_are_sums_and_stages_rise(widths: list[int], skips: bool, activity: float, steps: int) -> None:
    made = Shapes("mlp", widths[0])
    x = made.input
    for i, width in enumerate(widths[1:]):
        y = made.linear(x, f"fc{i}", width)
        x = made.add(y, x) if skips and y.shape == x.shape and i else y
    trace = made.trace(activity, steps)
    pairs = list(itertools.pairwise(widths))
    assert trace.weights == trace.unrolled == trace.macs == sum(a * b for a, b in pairs)
    assert trace.stages == len(pairs)
    stage = {layer.name: max(one.stage for one in layer.places) for layer in trace.layers}
    for one in trace.places:
        assert one.stage > max(stage.get(source, 0) for source in one.sources)
    assert trace.events == pytest.approx(sum(one.events.sum() for one in trace.places))
    shortcuts = sum(one.physical for one in trace.places if one.kind == "Add")
    assert trace.events == pytest.approx(activity * (trace.macs + shortcuts))
    assert trace.physical == trace.unrolled + shortcuts


# --- against the tally of a spiking network


FIELDS = ("kind", "weights", "reads", "unrolled", "physical", "dynamic", "fan_in", "taps", "channels", "values")
FIELDS += ("macs", "calls", "matrix", "stage", "passes", "halo")


def same(trace: Trace, counted: Trace, names: dict[str, str]) -> None:
    for ours, theirs in names.items():
        for label in FIELDS:
            assert getattr(place(trace, ours), label) == getattr(place(counted, theirs), label), (ours, label)
    assert trace.stages == counted.stages


def counted(*nodes: Any) -> Trace:
    network = SpikingNetwork(nodes).check()
    return tally(network, assumed(network, steps=4, delay=0))


@settings(max_examples=25, deadline=None)
@given(
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
    padding=st.integers(0, 2),
    groups=st.sampled_from([1, 2]),
    outputs=st.sampled_from([2, 4]),
)
def test_convolutions_and_matrices_as_the_tally_counts_them(
    kernel: int, stride: int, padding: int, groups: int, outputs: int
) -> None:
    made = Shapes("cnn", (4, 6, 5))
    kwargs: dict[str, Any] = {"stride": stride, "padding": padding, "groups": groups}
    x = made.conv(made.input, "conv", outputs, kernel, passes=1, **kwargs)
    shape = (prod(x.shape),)
    made.linear(made.linear(made.reshape(x, shape), "fc1", 7, passes=1), "fc2", 3)
    other = counted(
        Input("x", (), (4, 6, 5)),
        Conv(
            "conv",
            ("x",),
            np.ones((outputs, 4 // groups, kernel, kernel)),
            None,
            (stride, stride),
            (padding, padding),
            (1, 1),
            groups,
        ),
        Neuron("n1", ("conv",), (Relu(),), binary(0.5)),
        Reshape("flat", ("n1",), shape),
        Linear("fc1", ("flat",), np.ones((7, *shape))),
        Neuron("n2", ("fc1",), (Relu(),), binary(0.5)),
        Linear("fc2", ("n2",), np.ones((3, 7))),
        Output("y", ("fc2",)),
    )
    trace = made.trace(steps=4)
    same(trace, other, {name: name for name in ("conv", "fc1", "fc2")})
    assert trace.ticks == other.ticks
    assert (trace.unrolled, trace.physical, trace.weights) == (other.unrolled, other.physical, other.weights)
    assert trace.sizes["conv"] == other.sizes["n1"]


def test_attention_as_the_tally_counts_it() -> None:
    made = Shapes("attention", (4, 6))
    q = made.linear(made.input, "q", 6)
    k = made.linear(made.input, "k", 6)
    v = made.linear(made.input, "v", 6)
    made.attention(q, k, v, "mix", 1)
    other = counted(
        Input("x", (), (4, 6)),
        *(Linear(name, ("x",), np.ones((6, 6))) for name in "qkv"),
        *(Neuron(f"{name}n", (name,), (Identity(),), binary(0.5)) for name in "qv"),
        Reshape("kt", ("k",), (6, 4)),
        Neuron("kn", ("kt",), (Identity(),), binary(0.5)),
        MatMul("scores", ("qn", "kn")),
        Neuron("p", ("scores",), (Softmax(-1),), binary(0.5)),
        MatMul("values", ("p", "vn")),
        Output("y", ("values",)),
    )
    same(made.trace(), other, {"q": "q", "v": "v", "mix.scores": "scores", "mix.values": "values"})
    for name, inside in (("scores", (0, 16)), ("values", (16, 0))):
        assert place(made.trace(), f"mix.{name}").inside == place(other, name).inside == inside
        assert place(made.trace(), f"mix.{name}").barrier == place(other, name).barrier


def test_a_look_up_as_the_tally_counts_it() -> None:
    made = Shapes("words", 5)
    made.linear(made.embedding(made.input, "table", 11, 8), "fc", 3)
    other = counted(
        Input("ids", (), (5,), vocabulary=11),
        Embedding("table", ("ids",), np.ones((11, 8))),
        Neuron("n", ("table",), (Identity(),), binary(0.5)),
        Linear("fc", ("n",), np.ones((3, 8))),
        Output("y", ("fc",)),
    )
    same(made.trace(), other, {"table": "table", "fc": "fc"})
    assert made.trace().sizes["input"] == other.sizes["ids"] == 5 * 11


# --- faults


def faulty(make: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        make(Shapes("bad", (4, 8, 8)))
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda s: s.conv(s.input, "c", 4, 9, padding=0), r"'c' does not fit.*9.*does not fit into \(8, 8\)"),
        (lambda s: s.conv(s.input, "c", 4, (3, 3, 3)), "kernel must be 2 whole number"),
        (lambda s: s.conv(s.input, "c", 4, 3, stride=0), "stride must be 2 whole number"),
        (lambda s: s.conv(s.input, "c", 4, 3, padding=-1), "padding must be 2 whole number.*at least 0"),
        (lambda s: s.conv(s.input, "c", 6, 3, groups=4), "4 groups do not divide 4 input and 6 output"),
        (lambda s: s.conv(s.take(s.input, 4), "c", 6, 3), "a map has channels"),
        (lambda s: s.linear(s.input, "fc", 0), "outputs must be a whole number of at least 1, not 0"),
        (lambda s: s.linear(s.input, "input", 3), "'input' is taken already"),
        (lambda s: s.linear(s.linear(s.input, "fc", 8), "fc", 3), "'fc' is taken already"),
        (lambda s: s.linear(Shapes("o", 4).feed("other", 4), "fc", 3), "'other' belong"),
        (lambda s: s.recurrent(s.input, "h", 3), "time steps, features"),
        (lambda s: s.recurrent(s.feed("t", (5, 4)), "h", 3, inputs=False), "as many features as units"),
        (lambda s: s.embedding(s.linear(s.input, "fc", 3), "e", 5, 4), "ids come from an input"),
        (lambda s: s.attention(s.input, s.input, s.input, "a", 2), "q, k and v are"),
        (lambda s: s.attention(*[s.feed("t", (5, 9))] * 3, "a", 2), "heads do not divide"),
        (lambda s: s.attention(*[s.feed("t", (5, 9))] * 3, "a", 3, keys=-1), "keys must be"),
        (lambda s: s.attention(s.feed("t", (5, 9)), *[s.feed("u", (5, 6))] * 2, "a", 3), "do not meet"),
        (lambda s: s.add(s.input, s.feed("t", (3, 3))), "two or more of one shape"),
        (lambda s: s.add(s.input), "two or more"),
        (lambda s: s.concat(s.input, s.feed("t", (3, 3))), "side by side"),
        (lambda s: s.reshape(s.input, (3, 3)), "does not make"),
        (lambda s: s.take(s.input, (300, 3)), "has no"),
        (lambda s: s.split(s.input, 3, 3), "do not sum up"),
        (lambda s: s.pool(s.input, 9, padding=0), "does not fit into"),
        (lambda s: s.apply(s.input), "no layer gives 'input'"),
        (lambda s: s.feed("t", ()), "an input has a shape"),
        (lambda s: s.feed("t", (3, 0)), "an input has a shape"),
        (lambda s: s.trace(), "the network has no layer; add one"),
    ],
)
def test_shapes_that_do_not_fit(make: Any, says: str) -> None:
    with pytest.raises(InvalidInput, match=f"(?s){says}"):
        make(Shapes("bad", (4, 8, 8)))


def test_faults_of_one_layer_come_together() -> None:
    said = faulty(lambda s: s.conv(s.conv(s.input, "c", 4, 3), "c", 0, 3, stride=0))
    assert "bad: 'c' does not fit" in said
    assert "taken already" in said
    assert "stride" in said
    assert "outputs must be" in said


def test_faults_of_an_activity_come_together() -> None:
    made = Shapes("mlp", 4)
    made.linear(made.input, "fc", 3)
    with pytest.raises(InvalidInput) as caught:
        made.trace(float("nan"), 0, events={"nobody": 1.0, "fc": -1.0}, spikes={"fc": 1.0})
    said = str(caught.value)
    for part in ("activity must be", "steps must be", "events of 'nobody'", "events of 'fc' must", "spikes of 'fc'"):
        assert part in said
    for wrong in (-1, float("inf"), "much", True):
        with pytest.raises(InvalidInput, match="activity must be"):
            made.trace(wrong)  # type: ignore[arg-type]


def test_faults_of_the_zoo() -> None:
    with pytest.raises(InvalidInput, match=r"no network 'resnet51'.*resnet50"):
        net("resnet51")
    with pytest.raises(InvalidInput, match=r"'resnet50'.*depth.*its options are size"):
        net("resnet50", depth=3)
    with pytest.raises(InvalidInput, match=r"'gemv'.*'m'"):
        net("gemv")
    with pytest.raises(InvalidInput, match="copies must be a whole number of at least 0, not -1"):
        net("kws", copies=-1)
    with pytest.raises(InvalidInput, match="sequence must be a whole number of at least 1"):
        net("bert_base", sequence=0)
