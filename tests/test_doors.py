"""The doors: what is no model, no data, no number and no device gets one clear error; what is odd gets a warning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models import mlp, samples
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from converters import convert
from spiking import (
    Activity,
    InvalidInput,
    SpikeRecord,
    SpikingNetwork,
    SpikingWarning,
    run,
)


@pytest.fixture(scope="module")
def network() -> SpikingNetwork:
    return convert(mlp(), samples(20, 6))


def simulate(network: SpikingNetwork, inputs: Any = None, **how: Any) -> SpikeRecord:
    given = samples(20, 6) if inputs is None else inputs
    return run(network, given, **{"steps": 6, "progress": False, "backend": "norse", **how})


ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "steps a float": ({"steps": 8.0}, "steps must be a whole number of at least 1, not 8.0"),
    "steps a text": ({"steps": "8"}, "steps must be a whole number of at least 1, not '8'"),
    "steps a boolean": ({"steps": True}, "steps must be a whole number of at least 1, not True"),
    "steps without end": ({"steps": 10**21}, "steps must be at most 1,000,000, not 1000000000000000000000"),
    "steps a list": ({"steps": [8]}, "steps must be a whole number of at least 1, not a list"),
    "batch_size a float": ({"batch_size": 5.0}, "batch_size must be a whole number of at least 1, not 5.0"),
    "batch_size zero": ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
    "delay a boolean": ({"delay": True}, "delay must be 0 or 1, not True"),
    "delay a text": ({"delay": "1"}, "delay must be 0 or 1, not '1'"),
    "wavefront a text": ({"delay": 1, "wavefront": "no"}, "wavefront must be True or False, not 'no'"),
    "record a number": ({"record": 3}, "record must be a name or a list of names, not 3"),
    "device unknown": (
        {"device": "nowhere"},
        "device 'nowhere' cannot be used here with float32; this machine has",
    ),
    "device not here": ({"device": "cuda:99"}, "device 'cuda:99' cannot be used here"),
    "device without values": ({"device": "meta"}, "device 'meta' cannot be used here"),
    "device a number": ({"device": 1.5}, "device must be the name of a torch device, not 1.5"),
    "dtype a list": ({"dtype": ["float32"]}, "dtype must be 'float32' or 'float64', not a list"),
    "backend a number": ({"backend": 3}, "there is no backend '3'; there are: reference, norse, brian2"),
}


@pytest.mark.parametrize("what", ARGUMENTS)
def test_arguments_of_run_are_named(network: SpikingNetwork, what: str) -> None:
    setting, reason = ARGUMENTS[what]
    with pytest.raises(InvalidInput) as caught:
        simulate(network, **setting)
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", ["steps", "batch_size", "delay"])
@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
def test_whole_numbers_of_numpy_are_whole_numbers(network: SpikingNetwork, name: str, kind: type) -> None:
    setting = {"steps": 6, "batch_size": 7, "delay": 1}
    made = simulate(network, **setting | {name: kind(setting[name])})
    np.testing.assert_array_equal(made.readout, simulate(network, **setting).readout)


@pytest.mark.parametrize("what", [None, "net.npz", mlp(), SpikingNetwork, 3])
def test_what_is_no_network_cannot_run(what: Any) -> None:
    with pytest.raises(InvalidInput, match=r"network must be a SpikingNetwork, not .*; convert"):
        run(what, samples(4, 6), steps=4)


def test_a_tuple_of_arrays_can_mean_two_things(network: SpikingNetwork) -> None:
    pair = (samples(4, 6), samples(4, 6))
    for door in (lambda: simulate(network, pair), lambda: convert(mlp(), pair)):
        with pytest.raises(InvalidInput, match=r"(?s)several inputs.*dict.*or batches.*list"):
            door()
    assert simulate(network, list(pair)).activity.samples == 8


def test_nested_lists_are_no_batches(network: SpikingNetwork) -> None:
    lists = samples(4, 6).tolist()
    for door in (lambda: simulate(network, lists), lambda: convert(mlp(), lists)):
        with pytest.raises(InvalidInput, match="of nested lists make one"):
            door()


# records: labels and references


def truth(many: int = 20) -> Tensor:
    return torch.arange(many) % 4


def shuffled() -> DataLoader[Any]:
    draw = torch.Generator().manual_seed(3)
    return DataLoader(TensorDataset(samples(20, 6), truth()), batch_size=6, shuffle=True, generator=draw)


LABELLED: dict[str, Callable[[], Any]] = {
    "shuffled loader": shuffled,
    "pairs": lambda: [(samples(20, 6)[:8], truth()[:8]), (samples(20, 6)[8:], truth()[8:])],
    "lists of labels": lambda: [(samples(20, 6), truth().tolist())],
    "dict": lambda: {"input": samples(20, 6), "labels": truth()},
    "stream of dicts": lambda: [
        {"input": samples(20, 6)[k : k + 5], "label": truth()[k : k + 5]} for k in range(0, 20, 5)
    ],
    "column": lambda: [(samples(20, 6), truth()[:, None])],
}


@pytest.mark.parametrize("kind", LABELLED)
def test_labels_that_came_with_the_inputs_are_kept(network: SpikingNetwork, kind: str, tmp_path: Path) -> None:
    """In the order in which the samples came: the accuracy does not depend on a loader's shuffle."""
    record = simulate(network, LABELLED[kind]())
    whole = simulate(network)
    assert record.labels is not None
    np.testing.assert_array_equal(record.accuracy(), whole.accuracy(truth()))
    record.save(tmp_path / "record.npz")
    np.testing.assert_array_equal(SpikeRecord.load(tmp_path / "record.npz").labels, record.labels)


def test_without_labels_accuracy_asks_for_them(network: SpikingNetwork) -> None:
    some = [(samples(8, 6), truth(8)), samples(8, 6)]
    targets = [(samples(8, 6), torch.rand(8))]
    for inputs in (samples(8, 6), some, targets, [(samples(8, 6), 0)]):
        record = simulate(network, inputs)
        assert record.labels is None
        with pytest.raises(InvalidInput, match=r"without labels; give accuracy\(labels\)"):
            record.accuracy()


def made(readout: Any) -> SpikeRecord:
    table = np.asarray(readout, dtype=float)
    return SpikeRecord({"logits": table}, Activity(len(table), table.shape[1], 0, "", {}, {}), "by hand")


def test_the_label_among_the_largest() -> None:
    record = made([[[3, 2, 1, 0], [3, 2, 1, 0], [0, 1, 2, 3]]])
    labels = [1, 3, 3]
    assert [float(record.accuracy(labels, top=k)[0]) for k in (1, 2, 3, 4)] == pytest.approx([1 / 3, 2 / 3, 2 / 3, 1])


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([0, 4], "labels must lie in 0 … 3, not 0 … 4"),
        ([-1, 0], "labels must lie in 0 … 3, not -1 … 0"),
        ([0.5, 1], "labels must be whole numbers"),
        (["a", "b"], "labels must be whole numbers"),
        ([0], "1 labels for 2 samples"),
    ],
)
def test_labels_that_do_not_fit_are_named(labels: list[Any], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        made(np.eye(4)[None, :2]).accuracy(labels)


def test_top_must_fit_the_classes() -> None:
    record = made(np.eye(4)[None, :2])
    for top, reason in (
        (0, "top must be at least 1"),
        (5, "top must be at most 4"),
        (2.0, "top must be a whole number"),
    ):
        with pytest.raises(InvalidInput, match=reason):
            record.accuracy([0, 1], top=top)


@dataclass
class Answer:
    """As models return it: fields, some of them empty."""

    logits: Tensor
    hidden: Tensor | None = None


def references() -> dict[str, Any]:
    y = torch.eye(4)[:2].requires_grad_()
    extra = torch.zeros(2, 7)
    return {
        "needs a gradient": y,
        "list": y.tolist(),
        "dataclass": Answer(y, extra),
        "dict": {"hidden": extra, "logits": y},
        "dict with one array": {"prediction": y, "loss": None},
        "tuple with one array": (y,),
    }


@pytest.mark.parametrize("kind", references())
def test_a_reference_is_taken_as_the_source_gives_it(kind: str) -> None:
    record = made(np.eye(4)[None, :2])
    assert record.agreement(references()[kind]).tolist() == [1.0]
    assert record.relative_error(references()[kind]).tolist() == [0.0]


def test_a_reference_of_a_transformer_is_taken() -> None:
    outputs = pytest.importorskip("transformers.modeling_outputs")
    answer = outputs.SequenceClassifierOutput(logits=torch.eye(4)[:2].requires_grad_(), hidden_states=None)
    assert made(np.eye(4)[None, :2]).agreement(answer).tolist() == [1.0]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ({"a": torch.eye(4), "b": torch.eye(4)}, "the reference has a, b, and no 'logits': give that one"),
        (torch.full((2, 4), float("nan")), "the reference holds 8 NaN or infinite values"),
        ("logits", "must have the readout's shape"),
        ([[1.0], [1.0, 2.0]], "what was given does not make one"),
        (None, "must have the readout's shape"),
    ],
)
def test_a_reference_that_does_not_fit_is_named(reference: Any, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        made(np.eye(4)[None, :2]).relative_error(reference)


# ticks and depth


def test_too_few_ticks_for_the_depth_are_warned_of(network: SpikingNetwork) -> None:
    """With delay 1 the input needs a tick for each neuron layer; one fewer, and the readout does not depend on it."""
    depth = network.depth[network.outputs[0].name]
    x = samples(20, 6)
    with pytest.warns(SpikingWarning, match=rf"too few for {depth} neuron layers .*at least {depth + 1} ticks"):
        late = [simulate(network, given, steps=depth, delay=1).readout for given in (x, -x)]
    np.testing.assert_array_equal(*late)
    first, other = (simulate(network, given, steps=depth + 1, delay=1).readout for given in (x, -x))
    assert not np.array_equal(first, other)


def test_names_are_found_in_a_network(network: SpikingNetwork) -> None:
    names = [node.name for node in network]
    assert all(name in network for name in names)
    assert network.nodes[1] in network
    assert "nothing" not in network
    assert 3 not in network
    with pytest.raises(KeyError, match="there is no node 'nothing'; there are: "):
        network["nothing"]
