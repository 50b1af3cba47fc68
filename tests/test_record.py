"""run(): what it takes, how it streams, what it refuses; and the curves a record draws."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from spiking import (
    Activity,
    Input,
    InvalidInput,
    InvalidNetwork,
    Linear,
    Neuron,
    Output,
    Relu,
    SpikeRecord,
    SpikingNetwork,
    UnsupportedNode,
    batches,
    fingerprint,
    graded,
    run,
)
from spiking.backends.reference import Reference

ENGINES = ["reference", "norse"]


def network(**neuron: Any) -> SpikingNetwork:
    """(6,) -> 8 neurons -> (4,), dyadic."""
    rng = np.random.default_rng(0)
    first, last = (rng.integers(-32, 33, size=shape) / 64 for shape in ((8, 6), (4, 8)))
    nodes = (
        Input("x", (), (6,)),
        Linear("l1", ("x",), first, np.full(8, 0.25)),
        Neuron("n1", ("l1",), (Relu(),), **{"alphabet": graded(0.125, 4), **neuron}),
        Linear("l2", ("n1",), last),
        Output("out", ("l2",)),
    )
    return SpikingNetwork(nodes)


def images(many: int = 7) -> np.ndarray:
    return np.random.default_rng(1).integers(-16, 17, size=(many, 6)).astype(np.float32) / 16


def simulate(inputs: Any, engine: str = "reference", **how: Any) -> SpikeRecord:
    return run(network(), inputs, **{"steps": 4, "backend": engine, "record": True, "progress": False, **how})


def same(a: SpikeRecord, b: SpikeRecord) -> bool:
    """Equal readouts, rasters, spikes and events."""
    pairs = [(a.readouts, b.readouts), (a.rasters, b.rasters)]
    pairs += [(a.activity.spikes, b.activity.spikes), (a.activity.events, b.activity.events)]
    return all(x.keys() == y.keys() and all(np.array_equal(x[k], y[k]) for k in x) for x, y in pairs)


def made(readout: Any) -> SpikeRecord:
    """A record with one readout (T, B, C)."""
    table = np.asarray(readout, dtype=float)
    return SpikeRecord({"out": table}, Activity(len(table), table.shape[1], 0, "", {}, {}), "by hand")


def loader(many: int, batch: int) -> DataLoader[Any]:
    return DataLoader(TensorDataset(torch.as_tensor(images(many)), torch.zeros(many)), batch_size=batch)


INPUTS: dict[str, Any] = {
    "tensor": lambda: torch.as_tensor(images()),
    "tensor with gradient": lambda: torch.as_tensor(images()).requires_grad_(),
    "float64": lambda: images().astype(np.float64),
    "bfloat16": lambda: torch.as_tensor(images()).bfloat16(),  # multiples of 1/16 up to 1 are exact in 8 bits
    "list of arrays": lambda: [images()[:3], images()[3:6], images()[6:]],
    "pairs with labels": lambda: [(images()[:3], 0), (images()[3:], 1)],
    "generator": lambda: (images()[k : k + 2] for k in range(0, 7, 2)),
    "loader": lambda: loader(7, 3),
    "with an empty batch": lambda: [images()[:3], images()[:0], images()[3:]],
    "not contiguous": lambda: np.asfortranarray(images()),
    "read only": lambda: np.frombuffer(images().tobytes(), np.float32).reshape(7, 6),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", INPUTS)
def test_every_kind_of_input_gives_the_same_run(kind: str, engine: str) -> None:
    assert same(simulate(INPUTS[kind](), engine), simulate(images(), engine))


@pytest.mark.parametrize("engine", ENGINES)
def test_other_images_give_another_run(engine: str) -> None:
    """The control: the comparison sees one pixel of one image."""
    changed = images()
    changed[6, 0] += 0.5
    assert not same(simulate(changed, engine), simulate(images(), engine))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_batch_size_changes_nothing(engine: str, size: int) -> None:
    assert same(simulate(images(), engine, batch_size=size), simulate(images(), engine))


@pytest.mark.parametrize("kind", [np.uint8, np.int64, bool])
def test_whole_numbers_are_numbers(kind: type) -> None:
    """Eight-bit images and event frames run as they are."""
    pixels = np.random.default_rng(2).integers(0, 2, size=(5, 6))
    assert same(simulate(pixels.astype(kind)), simulate(pixels.astype(np.float64)))


def test_the_inputs_are_left_as_they_were() -> None:
    x = images()
    for engine in ENGINES:
        simulate(x, engine)
    np.testing.assert_array_equal(x, images())


class Stream:
    """Six batches, made when asked for; counts how many are alive at once."""

    def __init__(self) -> None:
        self.alive, self.most, self.asked = 0, 0, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for k in range(6):
            batch = images(6)[k : k + 1].copy()
            self.alive, self.asked = self.alive + 1, self.asked + 1
            self.most = max(self.most, self.alive)
            weakref.finalize(batch, self.gone)
            yield batch
            del batch

    def gone(self) -> None:
        self.alive -= 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stream_is_read_once_and_never_held(engine: str) -> None:
    """While a batch is made, the one before may still be in hand: two at once, not six."""
    stream = Stream()
    record = simulate(iter(stream), engine, record=())
    assert same(record, simulate(images(6), engine, record=()))
    assert (stream.asked, stream.alive) == (6, 0)
    assert stream.most <= 2


def test_the_counter_of_living_batches_counts() -> None:
    """The control: a list holds all six."""
    stream = Stream()
    held = list(stream)
    assert stream.most == len(held) == 6


def test_a_record_says_what_it_is() -> None:
    record = simulate(images(), delay=1)
    assert repr(record) == "SpikeRecord(7 samples, 4 steps, delay 1, reference)"
    assert (record.steps, record.delay, record.activity.samples) == (4, 1, 7)
    assert record.activity.network == fingerprint(network())
    assert record.readout.shape == (4, 7, 4)
    assert record.rasters["n1"].shape == (4, 7, 8)


def test_only_what_is_asked_for_is_kept() -> None:
    assert dict(simulate(images(), record=()).rasters) == {}
    assert list(simulate(images(), record=["n1"]).rasters) == ["n1"]
    assert list(simulate(images(), record="n1").rasters) == ["n1"]


def test_activity_is_an_average_over_samples() -> None:
    """Spikes: the share of the raster that is not zero; events: l1 is driven by the input once, l2 by every spike."""
    record = simulate(images())
    spikes = np.count_nonzero(record.rasters["n1"], axis=(1, 2)) / 7
    np.testing.assert_allclose(record.activity.spikes["n1"], spikes)
    pixels = np.count_nonzero(images()) / 7
    np.testing.assert_allclose(record.activity.spikes["x"], [pixels, 0, 0, 0])
    np.testing.assert_allclose(record.activity.events["l1"], [8 * pixels, 0, 0, 0])
    np.testing.assert_allclose(record.activity.events["l2"], 4 * spikes)
    assert record.activity.total_spikes == pytest.approx(pixels + spikes.sum())
    assert record.activity.total_events == pytest.approx(8 * pixels + 4 * spikes.sum())


def test_accuracy_is_a_curve() -> None:
    """Three samples, two ticks: winners 0, 1, 1 and then 0, 1, 0, against the labels 0, 1, 0."""
    record = made([[[2, 1], [0, 1], [0, 3]], [[2, 1], [0, 1], [4, 3]]])
    assert record.accuracy([0, 1, 0]).tolist() == [2 / 3, 1]
    assert record.accuracy(torch.tensor([[0], [1], [1]])).tolist() == [1, 2 / 3]


def test_agreement_is_with_the_winner_of_the_source() -> None:
    record = made([[[2, 1], [0, 1]], [[0, 1], [0, 1]]])
    assert record.agreement([[9, 8], [5, 7]]).tolist() == [1, 0.5]


def test_relative_error_is_a_ratio_of_lengths() -> None:
    """Off by (0, 4) and then by nothing, of a length of 5: 0.8, 0."""
    record = made([[[3, 0]], [[3, 4]]])
    assert record.relative_error([[3, 4]]).tolist() == [0.8, 0]


def test_a_curve_refuses_what_does_not_fit() -> None:
    record = made(np.ones((2, 3, 4)))
    cases = {
        "2 labels for 3 samples": lambda: record.accuracy([0, 1]),
        r"the reference \(3,\) must have the readout's shape \(3, 4\)": lambda: record.agreement(np.ones(3)),
        r"the reference \(4, 3\) must have": lambda: record.relative_error(np.ones((4, 3))),
        "the reference is zero everywhere": lambda: record.relative_error(np.zeros((3, 4))),
        r"need a readout \(T, B, classes\), not \(2, 3, 4, 4\)": lambda: made(np.ones((2, 3, 4, 4))).accuracy([0] * 3),
    }
    for reason, ask in cases.items():
        with pytest.raises(InvalidInput, match=reason):
            ask()


def test_two_outputs_have_to_be_named() -> None:
    record = SpikeRecord({"a": np.ones((1, 1, 1)), "b": np.ones((1, 1, 1))}, Activity(1, 1, 0, "", {}, {}), "by hand")
    with pytest.raises(InvalidInput, match="the network has 2 outputs; name one: a, b"):
        _ = record.readout


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "steps": ({"steps": 0}, "steps must be at least 1, not 0"),
    "delay": ({"delay": 2}, "delay must be 0 or 1, not 2"),
    "wavefront": ({"wavefront": True}, "a wavefront needs delay=1"),
    "record": ({"record": ["n1", "n9"]}, "there is no neuron node 'n9' to record"),
    "record a matrix": ({"record": ["l1"]}, "there is no neuron node 'l1' to record"),
    "backend": ({"backend": "spinnaker"}, "there is no backend 'spinnaker'; there are: reference, norse, brian2"),
    "option": ({"device": "cpu"}, "backend 'reference' has no option device; it has: none"),
    "norse option": ({"backend": "norse", "codegen": "numpy"}, "has no option codegen; it has: device, dtype"),
    "dtype": ({"backend": "norse", "dtype": "float16"}, "dtype must be 'float32' or 'float64', not 'float16'"),
    "batch size": ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
    "shape": ({"inputs": np.ones((3, 5))}, r"'x' takes \(B, 6\), not \(3, 5\)"),
    "no batch": ({"inputs": np.ones(6)}, r"'x' takes \(B, 6\), not \(6,\)"),
    "a number": ({"inputs": np.ones(())}, r"inputs must have a batch axis in front: \(B, …\)"),
    "NaN": ({"inputs": np.array([[np.nan] * 2 + [0] * 4])}, "'x' holds 2 NaN or infinite values"),
    "infinity": ({"inputs": torch.full((1, 6), torch.inf)}, "'x' holds 6 NaN or infinite values"),
    "complex": ({"inputs": np.ones((1, 6), complex)}, "'x' must be real numbers, not complex128"),
    "words": ({"inputs": np.array([["a"] * 6])}, "'x' must be real numbers, not <U1"),
    "no samples": ({"inputs": np.ones((0, 6))}, "there is nothing to run: the inputs hold no samples"),
    "no batches": ({"inputs": []}, "there is nothing to run"),
    "a text": ({"inputs": "images.npz"}, "inputs must be an array, a tensor or an iterable of batches, not str"),
    "nothing": ({"inputs": None}, "not NoneType"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_run_is_refused_with_its_reason(what: str) -> None:
    setting, reason = REFUSED[what]
    setting = {"inputs": images(), **setting}
    inputs, engine = setting.pop("inputs"), setting.pop("backend", "reference")
    with pytest.raises(InvalidInput, match=reason):
        simulate(inputs, engine, **setting)


def test_all_faults_of_a_call_come_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        simulate(images(), steps=-1, delay=3, record=["a", "b"])
    assert str(caught.value).splitlines() == [
        "cannot run:",
        "  steps must be at least 1, not -1",
        "  delay must be 0 or 1, not 3",
        "  there is no neuron node 'a' to record",
        "  there is no neuron node 'b' to record",
    ]


def test_a_bad_later_batch_is_refused_too() -> None:
    with pytest.raises(InvalidInput, match=r"not \(2, 5\)"):
        simulate([images(), np.ones((2, 5))])


def test_a_draft_is_not_run() -> None:
    with pytest.raises(InvalidInput, match=r"1 neuron node\(s\) have no alphabet yet: n1; convert\(\) sets one"):
        run(network(alphabet=None), images(), steps=1, progress=False)


def test_an_invalid_network_is_not_run() -> None:
    with pytest.raises(InvalidNetwork, match="start and window must be at least 1"):
        run(network(start=0), images(), steps=1, progress=False)


def test_two_inputs_are_fed_by_name() -> None:
    nodes = (Input("a", (), (2,)), Input("b", (), (2,)), Output("o", ("a",)), Output("p", ("b",)))
    network = SpikingNetwork(nodes)
    given = {"a": np.ones((3, 2)), "b": np.full((3, 2), 2.0)}
    for engine in ("reference", "norse"):
        record = run(network, given, steps=1, backend=engine, progress=False)
        assert record.readouts["o"].mean() == 1.0
        assert record.readouts["p"].mean() == 2.0
    with pytest.raises(InvalidInput, match="'b' is missing"):
        run(network, np.ones((1, 2)), steps=1, progress=False)
    with pytest.raises(InvalidInput, match="differ in their number of samples"):
        run(network, {**given, "b": np.ones((2, 2))}, steps=1, progress=False)


def test_an_engine_names_every_node_it_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reference, "cannot", {Relu: "has no rectifier", Linear: "has no matrix"})
    with pytest.raises(UnsupportedNode) as caught:
        simulate(images())
    assert str(caught.value).splitlines() == [
        "backend 'reference' cannot run 3 node(s):",
        "  Linear 'l1': has no matrix",
        "  Relu 'n1': has no rectifier",
        "  Linear 'l2': has no matrix",
    ]


def test_batches_are_views_of_an_array() -> None:
    """Nothing is copied on the way."""
    x = images()
    assert [len(b["x"]) for b in batches(x, 3)] == [3, 3, 1]
    assert all(np.shares_memory(b["x"], x) for b in batches(x, 3))


@pytest.mark.parametrize("delay", [0, 1])
def test_the_module_is_the_last_tick_of_the_run(delay: int) -> None:
    module = network().module(steps=4, delay=delay)
    readout = simulate(images(), "norse", delay=delay).readout
    np.testing.assert_array_equal(module(torch.as_tensor(images())).numpy(), readout[-1])
    with pytest.raises(InvalidInput, match=r"'x' takes \(B, 6\); given: .*\(2, 3\)"):
        module(torch.ones(2, 3))
    with pytest.raises(InvalidInput, match="steps must be at least 1, not 0"):
        network().module(steps=0)


def test_many_steps_approach_the_network_without_spikes() -> None:
    """16 ticks by thirds: far below 1e-4 of the readout; after the first tick not yet."""
    fine = network(alphabet=graded(2.0**-16, 20))
    wanted = fine.dense()(torch.as_tensor(images())).numpy()
    record = run(fine, images(), steps=16, backend="reference", progress=False)
    assert record.relative_error(wanted)[-1] < 1e-4 < record.relative_error(wanted)[0]


def test_a_small_reference_is_not_zero() -> None:
    """1e-30 squared is 0 in float32."""
    small = np.full((1, 2), 1e-30, np.float32)
    activity = Activity(1, 1, 0, "", spikes={}, events={})
    record = SpikeRecord({"y": 2 * small[None]}, activity, "reference")
    np.testing.assert_allclose(record.relative_error(small), [1.0])
