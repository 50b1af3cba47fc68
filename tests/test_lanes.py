"""Synapses against ticks: every figure of a front from its own arithmetic, and what holds for any network."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware import Front, Trace, estimate, lanes, trace
from hardware.analysis.lanes import Point, area
from hardware.workload.parts import Layer, Matrix, Place
from hardware.workload.zoo import net
from spiking import Conv, Input, InvalidInput, Linear, Neuron, Output, Relu, Reshape, SpikingNetwork, binary


def chain(*layers: tuple[int, int], halos: tuple[float, ...] = (), barriers: frozenset[int] = frozenset()) -> Trace:
    """Layers in a row, (positions M, weights W) each; the event count is S."""
    places, stack = [], []
    ticks = len(layers)
    for i, (m, w) in enumerate(layers):
        curve = np.zeros(ticks)
        curve[i] = m * w
        counts = {"weights": w, "reads": w, "unrolled": m * w, "physical": m * w, "dynamic": 0, "macs": m * w}
        place = Place(
            name=f"w{i}",
            kind="Linear",
            fan_in=1,
            taps=1,
            channels=1,
            values=1,
            calls=1,
            sources=(f"n{i - 1}" if i else "x",),
            matrix=Matrix(m, w, 1, 1),
            events=curve,
            stage=i + 1,
            halo=halos[i] if halos else 0.0,
            barrier=i in barriers,
            **counts,
        )
        places.append(place)
        stack.append(Layer(f"n{i}", m, m, 1, (), np.zeros(ticks), (place,)))
    names = ["x", *(one.name for one in stack)]
    return Trace(
        network="chain",
        order=tuple(names),
        steps=1,
        delay=0,
        stages=ticks,
        ticks=ticks,
        samples=0,
        neurons=sum(m for m, _ in layers),
        bits=1.0,
        places=tuple(places),
        layers=tuple(stack),
        senders=dict.fromkeys(names, np.zeros(ticks)),
        columns={},
        sizes=dict.fromkeys(names, 1),
        inputs=frozenset(["x"]),
        assumptions=(),
    ).check()


def at(front: Front, passes: int) -> Point:
    return next(one for one in front.points if one.passes == passes)


RESNET, VGG, VIT = (net(name).trace(activity=0.1) for name in ("resnet50", "vgg16", "vit_b"))
TICKS = (1, 4, 16, 49, 196, 784, 12544)

# --- by hand


def test_two_layers_by_hand() -> None:
    """M = (8, 2), W = (10, 100): S = 80 + 200, W = 110."""
    work = chain((8, 10), (2, 100))
    balanced = lanes(work, ticks=(1, 2, 4, 8))
    #            ⌈8/n⌉ lanes of 10 + ⌈2/n⌉ lanes of 100
    assert [one.width for one in balanced.points] == [8 * 10 + 2 * 100, 4 * 10 + 100, 2 * 10 + 100, 10 + 100]
    assert [one.interval for one in balanced.points] == [1, 2, 4, 8]
    assert [one.serial for one in balanced.points] == [1 + 1, 2 + 2, 4 + 2, 8 + 2]
    assert [one.streamed for one in balanced.points] == [2, 3, 5, 9]  # n + 2 − 1
    assert [one.utilisation for one in balanced.points] == [1.0, 280 / 280, 280 / 480, 280 / 880]
    uniform = lanes(work, ticks=(1, 2, 4, 8), policy="uniform")  # 8, 4, 2 and 1 lanes for both, of 8 and 2 positions
    assert [one.width for one in uniform.points] == [280, 4 * 10 + 200, 2 * 10 + 200, 110]
    assert [one.serial for one in uniform.points] == [2, 2 + 1, 4 + 1, 8 + 2]


def test_a_barrier_starts_the_stream_again() -> None:
    """Patch 4 leaves layer 1 at tick 4; layer 2 waits for it and needs ticks 5 … 8; layer 3 ends at tick 9."""
    work = chain((4, 1), (4, 1), (4, 1), barriers=frozenset([1]))
    assert at(lanes(work, ticks=[4]), 4).streamed == 4 + 4 + 1
    assert at(lanes(work, ticks=[4]), 4).lower == 4 + 3 - 1
    assert at(lanes(work, ticks=[1]), 1).streamed == 3  # all at once: nothing to wait for


def test_a_layer_of_one_position_is_a_barrier_that_costs_nothing_at_the_end() -> None:
    assert at(lanes(chain((4, 1), (1, 4)), ticks=[4]), 4).streamed == 4 + 1
    # pooled in the middle, such as a gate: the map behind it streams anew
    assert at(lanes(chain((4, 1), (1, 4), (4, 1)), ticks=[4]), 4).streamed == 4 + 1 + 4


def test_a_halo_waits_for_its_share() -> None:
    """A quarter of 8 passes is 2 ticks more; it is never more than the whole map, 7 ticks more."""
    plain = chain((8, 1), (8, 1), halos=(0.0, 0.25))
    assert at(lanes(plain, ticks=[8]), 8).streamed == 8 + 1 + 2
    assert at(lanes(chain((8, 1), (8, 1), halos=(0.0, 0.99)), ticks=[8]), 8).streamed == 8 + 1 + 7
    assert at(lanes(plain, ticks=[1]), 1).streamed == 2


def test_a_rate_code_takes_its_steps_in_each_pass() -> None:
    """Three ticks a pass: interval 3·4; the last patch starts at tick 9, leaves layer 2 at 9 + 3 + 1."""
    work = net("pilotnet").trace(steps=3)
    one, many = lanes(work, ticks=[1]).points[0], lanes(work, ticks=[4]).points[0]
    assert (one.interval, one.lower, one.streamed) == (3, 9 - 1 + 3, work.ticks)
    assert (many.interval, many.lower) == (12, 9 - 1 + 12)


def test_products_are_counted_apart() -> None:
    """Scores and values of 197 rows: 12 blocks · 2 · 197·197·768 gating synapses, a row of them in each lane."""
    front = lanes(VIT, ticks=(1, 197))
    whole = 12 * 2 * 197 * 197 * 768
    assert front.dynamic == whole == 715_327_488
    assert at(front, 1).gating == whole
    assert at(front, 197).gating == whole // 197
    assert at(front, 1).width == VIT.unrolled


def test_a_recurrent_cell_has_nothing_to_trade() -> None:
    """R_space = 1: one point, W = S; its moments share in time already."""
    work = net("lstm", hidden=8, steps=5, features=4).trace()
    (only,) = lanes(work).points
    assert only.width == work.weights == work.unrolled == 4 * 8 * (8 + 4)
    assert (only.passes, only.streamed, only.interval, only.utilisation) == (1, 5, 5, 1.0)


def test_decoding_a_token_has_nothing_to_trade_and_a_prompt_has() -> None:
    one = lanes(net("llama2_7b").trace())
    assert len(one.points) == 1
    assert one.weights == one.unrolled
    many = lanes(net("bert_base", sequence=128).trace())
    assert many.points[0].width > 100 * many.points[-1].width


def test_from_a_spiking_network() -> None:
    """A 3×3 convolution on 8×8 and a readout: M = 64 and 1."""
    rng = np.random.default_rng(0)
    nodes = (
        Input("image", (), (2, 8, 8)),
        Conv("conv", ("image",), rng.normal(size=(4, 2, 3, 3)), None, (1, 1), (1, 1), (1, 1)),
        Neuron("relu", ("conv",), (Relu(),), binary(0.5)),
        Reshape("flat", ("relu",), (256,)),
        Linear("fc", ("flat",), rng.normal(size=(5, 256))),
        Output("logits", ("fc",)),
    )
    network = SpikingNetwork(nodes).check()
    front = lanes(network, ticks=(1, 8, 64))
    conv, fc = 4 * 2 * 9, 5 * 256
    assert [one.width for one in front.points] == [64 * conv + fc, 8 * conv + fc, conv + fc]
    assert front.points[0].latency == estimate(network, platform="brain").ticks
    assert front.weights == trace(network).weights
    assert front.unrolled == trace(network).unrolled


# --- ResNet-50, VGG-16 and ViT-B: figures to three digits


def test_resnet50_counts() -> None:
    assert (RESNET.weights, RESNET.unrolled, RESNET.stages) == (25_502_912, 4_089_184_256, 50)


@pytest.mark.parametrize(
    ("passes", "lane", "width", "serial_s", "pipelined_s"),
    [
        (12544, 1, 2.55e7, 614, 126),
        (784, 16, 3.77e8, 38.6, 8.37),
        (64, 196, 2.48e9, 3.21, 1.17),
        (4, 3136, 4.00e9, 0.57, 0.57),
        (1, 12544, 4.089e9, 0.54, 0.54),
    ],
)
def test_resnet50_uniform(passes: int, lane: int, width: float, serial_s: float, pipelined_s: float) -> None:
    """With its four shortcut branches in series too, as 54 layers instead of a longest path of 50."""
    point = lanes(RESNET, ticks=[passes], policy="uniform").points[0]
    branches = [3136, 784, 196, 49]  # output positions of the 1×1 convolutions beside the first block of a group
    assert f"{point.width:.2e}" == f"{width:.2e}"
    serial = point.serial + sum(ceil(m / min(lane, m)) for m in branches)
    assert float(f"{serial / 100:.3g}") == serial_s
    assert float(f"{(point.lower + 4) / 100:.3g}") == pipelined_s


@pytest.mark.parametrize(
    ("passes", "width", "utilisation", "lower_s"),
    [
        (1, 4.09e9, 1.00, 0.50),
        (4, 1.03e9, 0.99, 0.53),
        (16, 2.77e8, 0.92, 0.65),
        (49, 8.55e7, 0.98, 0.98),
        (196, 3.37e7, 0.62, 2.45),
        (784, 2.64e7, 0.20, 8.33),
        (12544, 2.55e7, 0.01, 125.93),
    ],
)
def test_resnet50_balanced(passes: int, width: float, utilisation: float, lower_s: float) -> None:
    point = lanes(RESNET, ticks=[passes]).points[0]
    assert f"{point.width:.2e}" == f"{width:.2e}"
    assert f"{point.utilisation:.2f}" == f"{utilisation:.2f}"
    assert point.lower / 100 == lower_s


def test_resnet50_halos() -> None:
    """Stride in the 3×3 convolutions: Σ (k − 1)/2·(W + 1)/W² over the map in front of each."""
    maps = [(7, 224), *[(3, 56)] * 4, *[(3, 28)] * 4, *[(3, 14)] * 6, *[(3, 7)] * 2]
    halos = sum((k - 1) / 2 * (w + 1) / w**2 for k, w in maps)
    assert halos == pytest.approx(1.01983, rel=1e-5)
    assert sum(place.halo for place in RESNET.places) == pytest.approx(halos)
    assert at(lanes(RESNET, ticks=[49]), 49).streamed == ceil(49 * (1 + halos) + 50 - 1) == 148
    # 48 times fewer synapses for three times the latency
    assert 4.089e9 / at(lanes(RESNET, ticks=[49]), 49).width == pytest.approx(48, rel=0.01)


@pytest.mark.parametrize(("passes", "synapse_ticks"), [(1, 2.04e11), (49, 8.4e9), (196, 8.3e9), (784, 2.2e10)], ids=str)
def test_resnet50_single_shot(passes: int, synapse_ticks: float) -> None:
    """width·(n + depth − 1) has a lowest point inside; width·n, in a stream, is lowest fully unrolled."""
    front = lanes(RESNET, ticks=TICKS)
    point = at(front, passes)
    assert point.width * point.lower == pytest.approx(synapse_ticks, rel=0.01)
    assert min(front.points, key=lambda one: one.back_to_back).passes == 1
    assert min(front.points, key=lambda one: one.single_shot).passes not in (1, 12544)


def test_what_streams_back_to_back_is_s_over_utilisation() -> None:
    for point in lanes(RESNET, ticks=TICKS).points:
        assert point.back_to_back == pytest.approx(RESNET.unrolled / point.utilisation)


@pytest.mark.parametrize(
    ("passes", "width", "lower_s"),
    [(1, 1.55e10, 0.16), (16, 1.09e9, 0.31), (49, 4.4e8, 0.64), (196, 2.0e8, 2.1)],
)
def test_vgg16_balanced(passes: int, width: float, lower_s: float) -> None:
    point = lanes(VGG, ticks=[passes]).points[0]
    assert point.width == pytest.approx(width, rel=0.01)
    assert point.lower / 100 == pytest.approx(lower_s, rel=0.01)


def test_vit_b_streams_but_for_its_attention() -> None:
    """12 barriers: each waits for the n − 1 patches behind the first. depth + 13·(n − 1), and a halo of the patches."""
    front = lanes(VIT, ticks=(1, 4, 13, 197))
    seen = {one.passes: one for one in front.points}
    assert f"{seen[197].width:.3g} {seen[197].utilisation:.2f}" == "8.63e+07 0.99"
    whole = {n: 74 + 13 * (n - 1) + ceil(min(n * VIT.places[0].halo, n - 1)) for n in seen}
    assert {n: one.streamed for n, one in seen.items()} == whole == {1: 74, 4: 114, 13: 231, 197: 2629}
    # 13·n + depth counts the first patch of each of the 13 runs twice: 126, 243 and 2635 ticks, and 87, not 74, at once
    assert all(0 <= 13 * n + 74 - ticks <= 13 for n, ticks in whole.items())
    # attention to the past alone lets it pass: n + depth − 1
    causal = replace(VIT, places=tuple(replace(place, barrier=False, halo=0.0) for place in VIT.places))
    assert at(lanes(causal, ticks=[197]), 197).streamed == 197 + 74 - 1 == at(front, 197).lower


@pytest.mark.parametrize(
    ("synapses", "mm2"),
    [
        (RESNET.unrolled, 7103),
        (RESNET.weights, 44),
        (VIT.unrolled, 29268),
        (VIT.weights, 150),
        (VGG.unrolled, 26874),
        (VGG.weights, 240),
    ],
)
def test_area_at_28_nm_and_8_bit(synapses: int, mm2: float) -> None:
    """bits·0.152 µm²/0.7 for each synapse."""
    found = area(synapses)
    assert round(found.value) == mm2
    assert found.value == pytest.approx(synapses * 8 * 0.152e-6 / 0.7)
    assert (found.low, found.high) == pytest.approx((found.value * 0.7 / 0.8, found.value * 0.7 / 0.5))
    assert area(synapses, bits=4).value == pytest.approx(found.value / 2)


# --- choosing


def test_within_a_budget() -> None:
    front = lanes(RESNET)
    no = front.within(0.150)
    assert (no.feasible, no.available, no.fastest) == (False, 15, 50)
    assert str(no) == "infeasible within 15 ticks of 10.0 ms: the fastest takes 50 ticks, 500 ms"
    yes = front.within(1.0)
    assert yes.point is not None
    assert yes.point.latency <= 100
    rest = [one for one in front.points if one.width < yes.point.width]
    assert all(one.latency > 100 for one in rest)
    assert "feasible within 100 ticks" in str(yes)
    assert front.within(0.150, tick=1e-3).feasible


def test_the_mode_decides_the_latency() -> None:
    streamed, serial = (lanes(RESNET, ticks=[49], mode=mode).points[0] for mode in ("streamed", "serial"))
    assert (streamed.latency, serial.latency) == (148, 2402)
    assert (serial.streamed, streamed.serial) == (148, 2402)


def test_knee_is_inside_and_on_the_front() -> None:
    front = lanes(RESNET)
    assert front.knee in front.pareto
    assert 16 < front.knee.passes < 784


def test_rest_breaks_the_ties() -> None:
    """Alone, synapse-ticks are a third thing to keep low: they add no point that the other two do not have."""
    front = lanes(RESNET, ticks=TICKS)
    assert front.best("latency", "width", "single_shot") == front.pareto
    assert [one.passes for one in front.best("single_shot")] == [49]
    assert [one.passes for one in front.best("back_to_back")] == [1]


def test_printed_and_as_plain_values() -> None:
    front = lanes(RESNET)
    text = str(front)
    assert "2.55e+07 … S 4.09e+09" in text
    assert "* the knee" in text
    assert len(text.splitlines()) < 30
    plain = json.loads(json.dumps(front.to_dict()))
    assert len(plain["points"]) == len(front.points)
    assert sum(one["knee"] for one in plain["points"]) == 1
    assert "Front(" in repr(front)
    assert "gating synapses apart" in str(lanes(VIT, ticks=[1]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: lanes(RESNET, ticks=[0]),
        lambda: lanes(RESNET, ticks=[]),
        lambda: lanes(RESNET, ticks=[1.5]),
        lambda: lanes(RESNET, policy="best"),
        lambda: lanes(RESNET, mode="fast"),
        lambda: lanes(RESNET, ticks=[1]).best("speed"),
        lambda: lanes(RESNET, ticks=[1]).best(),
        lambda: lanes(RESNET, ticks=[1]).within(-1),
        lambda: lanes(RESNET, ticks=[1]).within(1, tick=0),
        lambda: area(-1),
        lambda: area(1, bits=0),
        lambda: lanes("resnet50"),
    ],
)
def test_nonsense_is_refused(call) -> None:
    with pytest.raises(InvalidInput):
        call()


# --- what holds for any network

layers = st.lists(st.tuples(st.integers(1, 400), st.integers(1, 1000)), min_size=1, max_size=6)
halos = st.lists(st.floats(0, 2), min_size=6, max_size=6)
walls = st.frozensets(st.integers(0, 5))


@settings(deadline=None, max_examples=80)
@given(layers, halos, walls, st.sampled_from(["balanced", "uniform"]))
def test_fewer_synapses_never_answer_sooner(sizes, halos, walls, policy) -> None:
    work = chain(*sizes, halos=tuple(halos), barriers=walls)
    front = lanes(work, policy=policy)
    points = front.points
    assert points[0].width == work.unrolled
    assert points[-1].width == work.weights
    for before, after in pairwise(points):
        assert after.width <= before.width
        for time in ("serial", "streamed", "lower", "interval"):
            assert getattr(after, time) >= getattr(before, time)
    for one in points:
        assert work.weights <= one.width <= work.unrolled
        assert one.lower <= one.streamed
        assert 0 < one.utilisation <= 1 + 1e-12
        assert one.interval <= one.passes
    assert points[0].streamed == points[0].lower == work.stages


@settings(deadline=None, max_examples=60)
@given(layers, st.integers(1, 500))
def test_balanced_is_the_narrowest_that_keeps_up(sizes, n) -> None:
    """⌈M/n⌉ is the fewest lanes with which a place takes n passes: uniform ones are never fewer at that interval."""
    work = chain(*sizes)
    balanced, uniform = (lanes(work, ticks=[n], policy=policy).points[0] for policy in ("balanced", "uniform"))
    assert balanced.width <= uniform.width
    assert max(balanced.interval, uniform.interval) <= n
    assert uniform.serial <= balanced.serial  # and pay for it with idle lanes


def test_layer_by_layer_uniform_lanes_may_win() -> None:
    """No theorem: with the weights where the map is large, equal lanes take fewer synapses for the serial ticks."""
    work = chain((100, 100), (10, 10))
    uniform = lanes(work, ticks=[20], policy="uniform").points[0]  # 5 lanes each: 20 + 2 ticks
    assert (uniform.serial, uniform.width) == (22, 5 * 100 + 5 * 10)
    balanced = min((one for one in lanes(work).points if one.serial <= 22), key=lambda one: one.width)
    assert balanced.width > uniform.width


@settings(deadline=None, max_examples=60)
@given(layers, st.sampled_from(["balanced", "uniform"]))
def test_no_useful_value_is_left_out(sizes, policy) -> None:
    work = chain(*sizes)
    full = lanes(work, ticks=range(1, 401), policy=policy)
    few = lanes(work, policy=policy)
    assert len(few.points) <= len(full.points)
    assert [(one.latency, one.width) for one in few.pareto] == [(one.latency, one.width) for one in full.pareto]


@settings(deadline=None, max_examples=60)
@given(layers, halos, walls)
def test_the_pareto_set_is_what_nothing_beats(sizes, halos, walls) -> None:
    front = lanes(chain(*sizes, halos=tuple(halos), barriers=walls))
    kept = front.pareto
    for one in front.points:
        beaten = any(
            other.latency <= one.latency
            and other.width <= one.width
            and (other.latency, other.width) != (one.latency, one.width)
            for other in front.points
        )
        twin = any((other.latency, other.width) == (one.latency, one.width) for other in kept)
        assert beaten != twin
    assert front.knee in kept


@settings(deadline=None, max_examples=60)
@given(layers, st.integers(0, 300))
def test_the_choice_is_the_narrowest_in_time(sizes, ticks) -> None:
    front = lanes(chain(*sizes))
    choice = front.within(ticks * 0.01)
    meeting = [one.width for one in front.points if one.latency <= ticks]
    assert choice.feasible == bool(meeting)
    if choice.point is not None:
        assert choice.point.width == min(meeting)
    else:
        assert choice.fastest > ticks
