"""Brian2 alone: the clock, the layout of the synapses, batches, limits, and what is not exact in binary."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from test_backends import differences, simulate
from zoo import ZOO, Case, build, conv, head, images, linear, relu

from spiking import (
    AvgPool,
    CapacityError,
    Clamp,
    Embedding,
    Identity,
    Input,
    InvalidInput,
    LeakyRelu,
    Linear,
    MatMul,
    MaxPool,
    Multiply,
    Neuron,
    Output,
    Pad,
    Permute,
    Scale,
    SpikingNetwork,
    fan_outs,
    graded,
    run,
    synapses,
)
from spiking.backends import Plan
from spiking.backends import brian2 as engine
from spiking.backends.brian2_circuit import Circuit, generating
from spiking.backends.compose import ONE, links
from spiking.backends.reference import linear as evaluate


def circuit(case: Case, steps: int = 4, delay: int = 0, copies: int = 1) -> Circuit:
    with generating("numpy"):
        return Circuit(case.network, Plan(steps, delay), links(case.network), copies)


def test_the_clock_ticks_at_100_hertz() -> None:
    made = circuit(ZOO["conv1d"](), steps=7)
    with generating("numpy"):
        made.run({"x": images(2, 9)[:1]})
    assert float(made.clock.dt) == 0.01
    assert float(made.net.t) == pytest.approx(0.07)


def test_a_neuron_sends_at_most_one_spike_a_tick() -> None:
    made = circuit(ZOO["depthwise_conv"](), steps=20, delay=1)
    with generating("numpy"):
        made.run({"x": 10 * images(4, 4, 4)[:1]})
    for name in ("n1", "n2", "n3"):
        pairs = list(zip(made.monitors[name].i, made.monitors[name].t_, strict=True))
        assert len(pairs) == len(set(pairs)) > 100


def test_every_use_of_a_weight_is_one_synapse() -> None:
    """The synapses Brian2 holds are those the account counts, biases aside."""
    case = ZOO["strided_conv"]()
    made = circuit(case, copies=2)
    held = sum(len(thing) for thing in made.net.objects if hasattr(thing, "connect"))
    counted = sum(fan.sum() for sources in fan_outs(case.network).values() for fan in sources.values())
    biases = sum(link.wires.pre.size for link in links(case.network) if link.source == ONE)
    assert held == 2 * (counted + biases)


def test_a_synapse_of_weight_zero_is_kept() -> None:
    case = build("sigma-delta", (2,), Linear("l", ("x",), np.array([[0.0, 1.0], [0.0, 0.0]])), Output("out", ("l",)))
    (link,) = links(case.network)
    assert link.wires.value.tolist() == [0.0, 0.0, 1.0, 0.0]


def test_a_chain_is_one_matrix() -> None:
    """Convolution, then average: the composed synapses and biases are the two maps one after the other."""
    network = build(
        "rate",
        (2, 6, 6),
        conv("c1", "x", 3, 2, 3, 3),
        AvgPool("p1", ("c1",), (3, 3), (1, 1), (1, 1)),
        relu("n1", "p1"),
        *head("n1", 48),
    ).network
    x = images(2, 6, 6)
    middle = evaluate(network["c1"], [x], [(2, 6, 6)], inject=True)
    wanted = evaluate(network["p1"], [middle], [(3, 4, 4)], inject=True)
    got = np.zeros((3, 48))
    for link in (found for found in links(network) if found.target == "n1"):
        source = np.ones((3, 1)) if link.source == ONE else x.reshape(3, -1)
        np.add.at(got, (slice(None), link.wires.post), source[:, link.wires.pre] * link.wires.value)
        assert len({*zip(link.wires.pre, link.wires.post, strict=True)}) == link.wires.pre.size
    np.testing.assert_allclose(got, wanted.reshape(3, 48), rtol=1e-12, atol=1e-12)


def test_batches_of_any_size_run_on_one_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three samples two at a time, then one, then none: the same as all at once."""
    case = ZOO["residual"]()
    whole = engine.Brian2().prepare(case.network, Plan(6, 1))(case.given)
    monkeypatch.setattr(engine, "TOGETHER", 2 * sum(link.wires.pre.size for link in links(case.network)))
    split = engine.Brian2().prepare(case.network, Plan(6, 1, keep=frozenset({"n2"})))
    again = split(case.given)
    np.testing.assert_array_equal(whole.readouts["out"], again.readouts["out"])
    for name, counts in whole.counts.items():
        np.testing.assert_array_equal(counts, again.counts[name])
    np.testing.assert_array_equal(split({"x": case.x[2:]}).rasters["n2"], again.rasters["n2"][:, 2:])
    assert split({"x": case.x[:0]}).readouts["out"].shape == (6, 0, 5)


def test_an_image_alone_runs_as_in_a_batch() -> None:
    case = ZOO["gated"]()
    runner = engine.Brian2().prepare(case.network, Plan(6))
    alone = [runner({"x": x[None]}).readouts["out"] for x in case.x]
    np.testing.assert_array_equal(np.concatenate(alone, axis=1), runner(case.given).readouts["out"])


@pytest.mark.parametrize("cell", ["", "rnn"])
def test_more_synapses_than_fit_are_refused_before_any_is_made(cell: str) -> None:
    """6,000² · 3 = 108,000,000, be the 3 tokens or moments; the weights are one number, broadcast."""
    matrix = Linear("l", ("x",), np.broadcast_to(np.float32(0.5), (6000, 6000)), cell=cell)
    network = SpikingNetwork((Input("x", (), (3, 6000)), matrix, Output("out", ("l",))))
    with pytest.raises(CapacityError, match=r"108,000,000 .* more than 100,000,000.*norse"):
        engine.Brian2().prepare(network, Plan(1))


def test_the_rows_of_a_vocabulary_are_synapses_too() -> None:
    """128 places · 30,000 words · 32 features = 122,880,000; 30 places of 100 words and 8 features are 24,000."""
    weight = np.broadcast_to(np.float32(0.5), (30_000, 32))
    nodes = Input("ids", (), (128,), 30_000), Embedding("e", ("ids",), weight), Output("out", ("e",))
    with pytest.raises(CapacityError, match=r"122,880,000 .* more than 100,000,000.*norse"):
        engine.Brian2().prepare(SpikingNetwork(nodes), Plan(1))
    small = SpikingNetwork((Input("ids", (), (30,), 100), Embedding("e", ("ids",), np.ones((100, 8))), nodes[2]))
    (link,) = links(small)
    assert link.wires.pre.size == synapses(small)["e"].physical == 24_000


def test_several_inputs_are_cut_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three samples of ids and of a kind, two at a time, under the rate schedule."""
    case = ZOO["embedding_rate"]()
    whole = engine.Brian2().prepare(case.network, Plan(6))(case.given)
    monkeypatch.setattr(engine, "TOGETHER", 2 * sum(link.wires.pre.size for link in links(case.network)))
    split = engine.Brian2().prepare(case.network, Plan(6))(case.given)
    np.testing.assert_array_equal(whole.readouts["out"], split.readouts["out"])


def test_a_chain_that_leads_nowhere_has_no_synapses() -> None:
    """Only zeros are left of the input; the output is the bias."""
    nodes = Pad("p", ("x",), (3,), (-3,)), Scale("b", ("p",), None, np.array(0.25)), Output("out", ("b",))
    case = build("sigma-delta", (3,), *nodes)
    assert [link.source for link in links(case.network)] == [ONE]
    assert differences(simulate(case, "reference", "instant"), simulate(case, "brian2", "instant")) == []


def test_codegen_is_checked() -> None:
    case = ZOO["conv1d"]()
    with pytest.raises(InvalidInput, match="one of numpy, cython, not 'fortran'"):
        run(case.network, case.x, steps=1, backend="brian2", codegen="fortran", progress=False)
    with pytest.raises(InvalidInput, match="no option device"):
        run(case.network, case.x, steps=1, backend="brian2", device="cpu", progress=False)
    run(case.network, case.x, steps=1, backend="brian2", codegen="numpy", progress=False)


def test_brian2_is_left_as_it_was_found() -> None:
    """Preferences, log level, warning filters and the exception hook are as they were."""
    import brian2

    before = brian2.prefs.codegen.target, logging.getLogger("brian2").level, list(warnings.filters)
    simulate(ZOO["conv1d"](), "brian2", "instant")
    assert before == (brian2.prefs.codegen.target, logging.getLogger("brian2").level, list(warnings.filters))
    assert "brian" not in sys.excepthook.__name__


FUNCTIONS = {
    "clamp": (Clamp(-0.3, 0.7),),
    "leaky clamp": (LeakyRelu(0.1), Clamp(-0.05, 0.6)),
    "clamped maximum": (Clamp(0.0, 0.9), MaxPool((2, 2), (2, 2), (0, 0), (1, 1)), LeakyRelu(0.01)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_is_not_homogeneous_reads_the_running_mean(name: str) -> None:
    """t·f(a/t) rounds, but in float64 and in the same order as the reference does."""
    c = conv("c1", "x", 3, 2, 3, 3, padding=(1, 1))
    neuron = Neuron("n1", ("c1",), FUNCTIONS[name], graded(0.125, 3))
    case = build("rate", (2, 4, 4), c, neuron, *head("n1", 12 if "maximum" in name else 48))
    assert differences(simulate(case, "reference", "delayed"), simulate(case, "brian2", "delayed")) == []


def _matmul() -> Case:
    return build(
        "rate",
        (3, 4),
        linear("l1", "x", 4, 4),
        Neuron("a", ("l1",), (Identity(),), graded(0.1, 4)),
        linear("l2", "x", 4, 4),
        Neuron("b", ("l2",), (Identity(),), graded(0.07, 4)),
        Permute("t", ("b",), (-1, -2)),
        MatMul("p", ("a", "t")),
        Neuron("n", ("p",), (Identity(),), graded(0.3, 4)),
        *head("n", 9),
    )


def _multiply() -> Case:
    product = Multiply("p", ("a", "x"))
    neuron = Neuron("a", ("l1",), (Identity(),), graded(0.1, 4))
    last = relu("n", "p", graded(0.3, 4))
    return build("rate", (3, 4), linear("l1", "x", 4, 4), neuron, product, last, *head("n", 12))


@pytest.mark.parametrize("delay", [0, 1])
@pytest.mark.parametrize("make", [_matmul, _multiply])
def test_a_product_of_means_follows_the_reference(make: Callable[[], Case], delay: int) -> None:
    """A∘B/t rounds differently gate by gate; irregular inputs keep residuals off the thresholds, so spikes agree."""
    case = make()
    x = np.random.default_rng(5).normal(size=case.x.shape)
    setting = "delayed" if delay else "instant"
    reference, ours = (simulate(case._replace(x=x), name, setting, steps=12) for name in ("reference", "brian2"))
    np.testing.assert_array_equal(reference.rasters["n"], ours.rasters["n"])
    np.testing.assert_allclose(reference.readout, ours.readout, rtol=1e-12, atol=1e-12)
