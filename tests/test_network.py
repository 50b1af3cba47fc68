"""The network as a thing: its faults all at once, its summary, and what it costs in synapses, counted twice."""

from __future__ import annotations

import copy
import pickle
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiking import (
    Add,
    AvgPool,
    Clamp,
    Concat,
    Conv,
    Gather,
    Identity,
    Input,
    InvalidNetwork,
    Linear,
    MatMul,
    MaxPool,
    Mean,
    Multiply,
    Neuron,
    Node,
    Origin,
    Output,
    Pad,
    Permute,
    Product,
    Relu,
    Reshape,
    Scale,
    Slice,
    SpikingNetwork,
    Weighted,
    binary,
    count,
    fan_outs,
    graded,
    is_linear,
    is_wiring,
    run,
    synapses,
    ternary,
)
from spiking.unroll import taps

QUICK = settings(max_examples=30, deadline=None, derandomize=True, database=None)
ONES = np.ones


def unit(name: str, above: str, **setting: object) -> Neuron:
    return Neuron(name, (above,), (Relu(),), graded(0.25, 4), **setting)  # type: ignore[arg-type]


def faults(*nodes: Node, schedule: str = "sigma-delta") -> list[str]:
    """The faults of a network, one line each."""
    with pytest.raises(InvalidNetwork) as caught:
        SpikingNetwork(nodes, schedule).check()  # type: ignore[arg-type]
    assert str(caught.value).splitlines()[0] == f"{len(caught.value.faults)} fault(s) in the network:"
    return list(caught.value.faults)


X = Input("x", (), (4,))
OUT = Output("out", ("x",))


def test_every_fault_is_reported_at_once(golden: Callable[[str, str], None]) -> None:
    """Twelve kinds of fault in one network, and one reading tells them all."""
    nodes = (
        X,
        Linear("nan", ("x",), np.array([[np.nan, 0, 0, 0]])),
        Linear("wide", ("x",), ONES((2, 5))),
        Neuron("n", ("nan",), (Clamp(1.0, 0.0),), graded(-1.0, 31)),
        Linear("lost", ("nobody",), ONES((2, 2))),
        Linear("early", ("late",), ONES((2, 1))),
        Neuron("late", ("n",), (Identity(),), binary(1.0), start=0),
        Linear("unread", ("late",), ONES((2, 1))),
        Add("alone", ("n",)),
        Linear("twice", ("nan",), ONES((1, 1))),
        Neuron("n", ("x",), (Relu(),)),
        Output("out", ("twice",)),
        Linear("after", ("out",), ONES((1, 1))),
    )
    with pytest.raises(InvalidNetwork) as caught:
        SpikingNetwork(nodes, "poisson").check()  # type: ignore[arg-type]
    golden("network_faults", str(caught.value))


def test_a_sound_network_returns_itself() -> None:
    network = SpikingNetwork((X, OUT))
    assert network.check() is network


BAD: dict[str, tuple[Node, str]] = {
    "matrix": (Linear("b", ("x",), ONES((2, 3))), "needs a last axis of 3"),
    "matrix rank": (Linear("b", ("x",), ONES(4)), "weight must have 2 axes, not 1: (4,)"),
    "matrix bias": (Linear("b", ("x",), ONES((2, 4)), ONES(3)), "bias (3,) does not broadcast"),
    "convolution": (Conv("b", ("x",), ONES((2, 4, 3, 3))), "needs 3 axes"),
    "mean": (Mean("b", ("x",), (-2,)), "axis -2 is not one of"),
    "positive axis": (Mean("b", ("x",), (0,)), "axis 0 is not one of"),
    "scale": (Scale("b", ("x",), ONES(3)), "weight (3,) does not broadcast to (4,)"),
    "infinite scale": (Scale("b", ("x",), np.full(4, np.inf)), "weight has NaN or infinite entries"),
    "reshape": (Reshape("b", ("x",), (3,)), "does not have as many entries"),
    "permute": (Permute("b", ("x",), (-2,)), "not a permutation"),
    "slice": (Slice("b", ("x",), -1, 2, 5), "not a slice of an axis of 4"),
    "pad": (Pad("b", ("x",), (-4,), (0,)), "leaves nothing"),
    "gather": (Gather("b", ("x",), -1, np.array([4])), "lie outside an axis of 4"),
    "gather by floats": (Gather("b", ("x",), -1, np.array([0.5])), "indices must hold integers, not <f8"),
    "average": (AvgPool("b", ("x",), (5,), (1,), (0,)), "larger than the padded input"),
    "average stride": (AvgPool("b", ("x",), (2,), (0,), (0,)), "at least 1"),
    "maximum": (Neuron("b", ("x",), (MaxPool((5,), (1,), (0,), (1,)),), binary(1.0)), "larger than shape"),
    "maximum stride": (Neuron("b", ("x",), (MaxPool((2,), (0,), (0,), (1,)),), binary(1.0)), "at least 1"),
    "maximum padding": (Neuron("b", ("x",), (MaxPool((2,), (1,), (2,), (1,)),), binary(1.0)), "at most half"),
    "maximum lengths": (Neuron("b", ("x",), (MaxPool((2,), (1, 1), (0,), (1,)),), binary(1.0)), "same length"),
    "unit shape": (Neuron("b", ("x",), (Relu(),), binary(ONES(3))), "unit (3,) and v0 () must broadcast to (4,)"),
    "unit zero": (Neuron("b", ("x",), (Relu(),), binary(0.0)), "finite and positive"),
    "theta": (Neuron("b", ("x",), (Relu(),), graded(1.0, 2, theta=1.6)), "must not exceed 1.5"),
    "levels": (Neuron("b", ("x",), (Relu(),), graded(1.0, 0)), "1 .. 30, not 0"),
    "window": (Neuron("b", ("x",), (Relu(),), binary(1.0), window=0), "at least 1"),
    "v0": (Neuron("b", ("x",), (Relu(),), binary(1.0), v0=np.array(np.nan)), "v0 has NaN"),
    "product": (Multiply("b", ("x",)), "needs 2 input(s), has 1"),
    "product shapes": (MatMul("b", ("x", "x")), "is not a matrix product"),
    "concat": (Concat("b", ("x",), -1), "needs at least 2 input(s), has 1"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_node_is_named_with_its_reason(what: str) -> None:
    node, reason = BAD[what]
    lines = faults(X, node, Output("out", ("b",)))
    assert len(lines) == len(set(lines)) >= 1
    assert all(line.startswith(f"{type(node).__name__} 'b': ") for line in lines)
    assert any(reason in line for line in lines)


def test_a_network_needs_an_input_and_an_output() -> None:
    assert faults() == ["the network has no input", "the network has no output"]


def test_weights_are_not_fed_by_weights() -> None:
    """Linear -> Linear is a graded operand; wiring in between hides nothing, a neuron cures it."""
    above, wiring = Linear("a", ("x",), ONES((4, 4))), Reshape("r", ("a",), (2, 2))
    below = Linear("b", ("r",), ONES((3, 2)))
    (line,) = faults(X, above, wiring, below, Output("out", ("b",)))
    assert line == "Linear 'b': is fed by 'a' without a neuron in between; insert a relay before it"
    cured = Linear("b", ("n",), ONES((3, 2)))
    SpikingNetwork((X, above, wiring, unit("n", "r"), cured, Output("out", ("b",)))).check()


def block() -> SpikingNetwork:
    """A convolution, a shortcut that skips and pads, a maximum, a product, and a matrix."""
    nodes = (
        Input("image", (), (2, 6, 6)),
        Conv("conv1", ("image",), ONES((4, 2, 3, 3)), padding=(1, 1)),
        unit("relu1", "conv1"),
        Conv("conv2", ("relu1",), ONES((6, 2, 3, 3)), stride=(2, 2), padding=(1, 1), groups=2),
        Slice("rows", ("relu1",), -2, 0, 6, 2),
        Slice("columns", ("rows",), -1, 0, 6, 2),
        Pad("shortcut", ("columns",), (1, 0, 0), (1, 0, 0)),
        Add("sum", ("conv2", "shortcut")),
        Neuron("relu2", ("sum",), (Relu(), MaxPool((2, 2), (1, 1), (0, 0), (1, 1))), ternary(0.25)),
        Mean("mean", ("relu2",), (-2, -1), keepdims=True),
        Multiply("gate", ("relu2", "mean")),
        Neuron("relay", ("gate",), (Identity(),), graded(0.25, 3)),
        AvgPool("pool", ("relay",), (2, 2), (2, 2), (0, 0)),
        Reshape("flat", ("pool",), (6,)),
        Linear("head", ("flat",), ONES((5, 6))),
        Output("out", ("head",)),
    )
    origins = {"conv1": Origin("conv2d+batch_norm", "stem", "net.py:7"), "relu1": Origin("relu")}
    return SpikingNetwork(nodes, origins=origins).check()


def test_the_summary_is_a_table(golden: Callable[[str, str], None]) -> None:
    golden("network_summary", block().summary(depth=None))


def test_the_summary_adds_up() -> None:
    """W = 4·2·9 + 6·2·9 + 5·6, S = 72·36 + 108·9 + 30, neurons = 4·36 + 6·4 + 6·4."""
    last = next(line for line in block().summary(depth=None).splitlines() if line.startswith("total")).split()
    weights, unrolled, neurons = 72 + 108 + 30, 72 * 36 + 108 * 9 + 30, 144 + 24 + 24
    assert last == ["total", f"{neurons:,}", f"{weights:,}", f"{unrolled:,}", f"{unrolled / weights:.1f}"]


def test_depth_counts_neuron_layers_on_the_longest_path() -> None:
    depth = block().depth
    assert [depth[n] for n in ("image", "conv1", "relu1", "shortcut", "sum", "relu2", "gate", "relay", "out")] == [
        0, 0, 1, 1, 1, 2, 2, 3, 3,
    ]  # fmt: skip


def test_sources_look_through_wiring() -> None:
    network = block()
    assert network.sources("relu2") == ("relu1",)  # by two ways
    assert network.sources("gate") == ("relu2",)
    assert network.sources("head") == ("relay",)
    assert network.sources("image") == ()


def test_a_3x3_convolution_by_hand() -> None:
    """64 -> 64 channels on 32 × 32, 'same'.

    W = 64·64·9 = 36,864. S = W·32·32 = 37,748,736: R = 1,024.
    Along one axis the three taps have 31 + 32 + 31 = 94 places inside: 64·64·94² = 36,192,256 are real.
    """
    node = Conv("c", ("x",), np.zeros((64, 64, 3, 3), np.float32), padding=(1, 1))
    counted = count(node, (64, 32, 32))
    assert counted == (36_864, 37_748_736, 36_192_256, 0, 1)
    assert counted.reuse == 1_024 == 32 * 32


def test_a_matrix_is_used_once_or_once_a_token() -> None:
    node = Linear("l", ("x",), np.zeros((10, 6)), np.zeros(10))
    assert count(node, (6,)) == (60, 60, 60, 0, 1)
    assert count(node, (197, 6)).reuse == 197


def test_products_hold_gates_and_no_weights() -> None:
    assert count(MatMul("m", ("a", "b")), (2, 3, 4), (2, 4, 5)) == (0, 0, 0, 2 * 3 * 4 * 5, 1)
    assert count(Multiply("m", ("a", "b")), (2, 3), (1, 3)) == (0, 0, 0, 6, 1)
    assert np.isnan(count(Multiply("m", ("a", "b")), (2, 3), (1, 3)).reuse)


def routes(network: SpikingNetwork, name: str, element: int) -> Counter[tuple[str, int]]:
    """Every way from a source element to one output element of a node through wiring, walked one tap at a time."""
    node = network[name]
    if isinstance(node, Input | Neuron | Product):
        return Counter({(name, element): 1})
    found: Counter[tuple[str, int]] = Counter()
    if isinstance(node, Weighted):
        return found
    shapes = [network.shapes[above] for above in node.inputs]
    for index, above in enumerate(node.inputs):
        wired = taps(node, index, shapes)
        for pre in wired.pre[wired.post == element]:
            found.update(routes(network, above, int(pre)))
    return found


def brute_fan_outs(network: SpikingNetwork) -> dict[str, dict[str, np.ndarray]]:
    """fan_outs() with loops: for each place, each element it reads, each route to it."""
    table: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for node in network:
        if not isinstance(node, Weighted | Product | Neuron | Output):
            continue
        shapes = [network.shapes[above] for above in node.inputs]
        for index, above in enumerate(node.inputs):
            driven = np.ones(prod(shapes[index]))
            if isinstance(node, Weighted):
                driven = np.bincount(taps(node, index, shapes).pre, minlength=driven.size)
            elif isinstance(node, MatMul):
                driven *= shapes[1][-1] if index == 0 else shapes[0][-2]
            elif isinstance(node, Multiply):
                driven *= prod(node.infer(*shapes)) // driven.size
            for element, many in enumerate(driven):
                for (source, place), ways in routes(network, above, element).items():
                    shape = network.shapes[source]
                    fan = table[node.name].setdefault(source, np.zeros(shape))
                    fan[np.unravel_index(place, shape)] += many * ways
    return dict(table)


def same(found: dict[str, dict[str, np.ndarray]], wanted: dict[str, dict[str, np.ndarray]]) -> bool:
    return found.keys() == wanted.keys() and all(
        found[place].keys() == wanted[place].keys()
        and all(np.array_equal(found[place][source], wanted[place][source]) for source in found[place])
        for place in found
    )


def test_fan_out_of_a_block_is_what_its_taps_say() -> None:
    network = block()
    found, wanted = fan_outs(network), brute_fan_outs(network)
    assert same(found, wanted)
    wanted["head"]["relay"][0, 0, 0] += 1
    assert not same(found, wanted)  # the comparison itself can fail


def test_a_shortcut_is_one_synapse_a_neuron() -> None:
    """relu2's integrator (6, 3, 3) reads 4 of its 6 channels by the shortcut: 4·3·3 synapses from relu1."""
    fan = fan_outs(block())["relu2"]["relu1"]
    assert fan.sum() == 4 * 3 * 3
    assert {*fan.ravel()} == {0, 1}


@QUICK
@given(st.data())
def test_fan_out_of_any_small_network(data: st.DataObject) -> None:
    """A convolution with any setting, a pool of any setting, then a matrix; and the source once more beside it."""
    k, stride, padding, dilation = (data.draw(st.integers(a, b)) for a, b in ((1, 3), (1, 2), (0, 1), (1, 2)))
    size = data.draw(st.integers(5, 7))
    conv = Conv("c", ("x",), ONES((2, 2, k, k)), None, (stride, 1), (padding, 0), (1, dilation))
    pool, step, ceil = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2)), data.draw(st.booleans())
    average = AvgPool("p", ("sum",), (pool, 1), (step, 1), (pool // 2, 0), ceil, data.draw(st.booleans()))
    shape = conv.infer((2, size, size))
    flat = prod(average.infer(shape))
    nodes = (
        Input("x", (), (2, size, size)),
        conv,
        unit("n", "c"),
        Gather("turned", ("n",), -3, np.array([1, 1])),
        Add("sum", ("n", "turned")),
        average,
        Reshape("flat", ("p",), (flat,)),
        Linear("l", ("flat",), ONES((3, flat))),
        Output("out", ("l",)),
    )
    network = SpikingNetwork(nodes).check()
    assert same(fan_outs(network), brute_fan_outs(network))


@pytest.mark.parametrize("schedule", ["sigma-delta", "rate"])
@pytest.mark.parametrize("delay", [0, 1])
def test_events_are_spikes_times_fan_out(schedule: str, delay: int, rng: np.random.Generator) -> None:
    """Σ over what is sent of the synapses it drives, taken from the rasters one spike at a time."""
    network = SpikingNetwork(block().nodes, schedule).check()  # type: ignore[arg-type]
    x = rng.integers(-4, 5, size=(3, 2, 6, 6)) / 8
    steps = 4
    record = run(network, x, steps=steps, delay=delay, backend="reference", record=True, progress=False)
    sent = {name: raster != 0 for name, raster in record.rasters.items()}
    sent["image"] = np.stack([x != 0 if schedule == "rate" or t == 0 else x > 9 for t in range(steps)])
    sent["gate"] = np.ones((steps, 3, *network.shapes["gate"]), bool)  # a product's stream is analog: all of it
    for place, sources in brute_fan_outs(network).items():
        wanted = sum((sent[s] * fan).reshape(steps, -1).sum(axis=1) for s, fan in sources.items()) / 3
        np.testing.assert_allclose(record.activity.events[place], wanted, rtol=1e-12)
    total = sum(curve.sum() for curve in record.activity.events.values())
    assert record.activity.total_events == pytest.approx(total)
    spikes = sum(table.sum() for name, table in sent.items() if name != "gate") / 3
    assert record.activity.total_spikes == pytest.approx(spikes)


def test_synapses_cover_every_weighted_node_and_product() -> None:
    assert set(synapses(block())) == {"conv1", "conv2", "gate", "head"}


def names(nodes: tuple[Node, ...]) -> list[str]:
    return [node.name for node in nodes]


def walked() -> SpikingNetwork:
    """x → a → n → p → s → b → out, with a second way from n to s, and m reading n: two inputs of a product."""
    nodes = (
        Input("x", (), (4,)),
        Linear("a", ("x",), ONES((4, 4))),
        unit("n", "a"),
        Permute("p", ("n",), (-1,)),
        Add("s", ("p", "n")),
        unit("m", "n"),
        Multiply("prod", ("s", "m")),
        unit("r", "prod"),
        Linear("b", ("r",), ONES((4, 4))),
        Output("out", ("b",)),
    )
    return SpikingNetwork(nodes).check()


def test_walks_go_through_what_they_are_told() -> None:
    network = walked()
    assert names(network.upstream("out")) == ["b", "r", "prod", "s", "p", "n", "a", "x", "m"]
    assert names(network.upstream("prod", is_wiring)) == ["s", "p", "n", "m"]
    assert names(network.upstream("r", is_wiring)) == ["prod"]
    assert names(network.upstream("x")) == []
    assert names(network.downstream("n", is_wiring)) == ["p", "s", "prod", "m"]
    assert names(network.downstream("r", is_wiring)) == ["b"]
    assert names(network.downstream("r", is_linear)) == ["b", "out"]
    assert names(network.downstream("out")) == []
    assert network.sources("prod") == ("n", "m")


def test_weights_above_are_those_without_a_neuron_between() -> None:
    network = walked()
    wanted = {"s": "", "r": "", "prod": "prod", "b": "b", "n": "", "x": ""}
    assert {name: network.weights_above(name) for name in wanted} == wanted


def test_values_go_down_in_order_and_come_back_joined() -> None:
    """Down: the number of ways from x. Up from s: 1 by p and 1 directly, so 2 at n, where the walk ends."""
    network = walked()
    ways = network.propagate(lambda node, above: sum(above) if above else 1)
    assert ways == {"x": 1, "a": 1, "n": 1, "p": 1, "s": 2, "m": 1, "prod": 3, "r": 3, "b": 3, "out": 3}
    ends = network.pull_back(
        [("s", 1), ("m", 5)], lambda node, value: [value] * len(node.inputs) if is_wiring(node) else [], int.__add__
    )
    assert ends == {"m": 5, "n": 2}


@pytest.mark.parametrize("made", [copy.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n)), replace])
def test_a_network_stays_a_network(made: Callable[[SpikingNetwork], SpikingNetwork]) -> None:
    """Copies are of the class with the verbs, whatever was computed before; so are those that methods return."""
    network = block()
    assert network.ties("head") == ("head",)
    for other in (made(network), made(network).wavefront(2), made(network).check(), made(network).valued()):
        assert type(other) is SpikingNetwork
        assert repr(other) == repr(network) == "SpikingNetwork(16 nodes, 192 neurons, sigma-delta)"
        assert other.ties("head") == ("head",)
        assert other.summary() == network.summary()


def test_a_network_cannot_be_written_to() -> None:
    with pytest.raises(FrozenInstanceError):
        block().label = "mine"  # type: ignore[attr-defined]
