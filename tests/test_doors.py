"""The doors: what is no model, no data, no number and no device gets one clear error; what is odd gets a warning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from models import mlp, samples
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from converters import convert, outline, survey
from hardware import compare, estimate, load_platform, peers
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


# convert, outline, survey: what is no model, no data, no output

MODELS: dict[str, tuple[Any, str]] = {
    "state dict": (mlp().state_dict(), "not an OrderedDict: a state dict holds weights and no calls; build the module"),
    "class": (nn.Linear, r"not the class Linear: make an instance, Linear\(…\)"),
    "path": ("model.pt", "not 'model.pt': a path has to be read first"),
    "path object": (Path("model.pt2"), r"not a \w+: a path has to be read first, by torch\.export\.load"),
    "function": (F.relu, "not a function: put a function into the forward of a module"),
    "nothing": (None, "not None"),
    "number": (3, "not 3"),
}


@pytest.mark.parametrize("door", [convert, outline, survey], ids=lambda door: door.__name__)
@pytest.mark.parametrize("what", MODELS)
def test_what_is_no_model_is_named(door: Callable[..., Any], what: str) -> None:
    model, reason = MODELS[what]
    with pytest.raises(InvalidInput, match=f"{door.__name__} takes a torch.nn.Module or an exported program, {reason}"):
        door(model, samples(4, 6))


def test_a_network_is_converted_already(network: SpikingNetwork) -> None:
    with pytest.raises(InvalidInput, match="not a SpikingNetwork: that has been converted already"):
        convert(network, samples(4, 6))


@pytest.mark.parametrize(
    "data", [None, 3, "images.npz", mlp(), Tensor, {}, torch.tensor(1.0), [None], [3.0], {"x": None}]
)
def test_what_is_no_data_is_named(data: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        convert(mlp(), data)
    assert type(caught.value) is InvalidInput
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("example", [None, 3, "x", [1.0, 2.0], {"x": "y"}, {}, torch.tensor(1.0), Tensor])
@pytest.mark.parametrize("door", [outline, survey], ids=lambda door: door.__name__)
def test_what_is_no_example_is_named(door: Callable[..., Any], example: Any) -> None:
    with pytest.raises(InvalidInput, match=f"{door.__name__}"):
        door(mlp(), example)


class Small(nn.Module):
    """(B, 3, 8, 8) -> (B, 4)"""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(3, 4, 3), nn.Linear(144, 4)

    def forward(self, image: Tensor) -> Tensor:
        return self.out(F.relu(self.conv(image)).flatten(1))


MISSHAPEN: dict[str, tuple[Any, str]] = {
    "channels last": (samples(4, 8, 8, 3), r"\(1, 8, 8, 3\) float32: .* to have 3 channels, but got 8"),
    "no batch": (samples(3, 8, 8), r"\(1, 8, 8\) float32: .* channels"),
    "too small": (samples(4, 3, 5, 5), r"\(1, 3, 5, 5\) float32: mat1 and mat2 shapes cannot be multiplied"),
    "whole numbers": (torch.ones(4, 3, 8, 8, dtype=torch.int64), r"\(1, 3, 8, 8\) int64: "),
    "another name": ({"picture": samples(4, 3, 8, 8)}, r"picture \(1, 3, 8, 8\) float32: .*unexpected keyword"),
}


@pytest.mark.parametrize("what", MISSHAPEN)
def test_data_that_the_model_itself_refuses(what: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The error is the model's own, in one line; nothing of the tracer is printed or advised."""
    data, reason = MISSHAPEN[what]
    with pytest.raises(InvalidInput, match=f"Small itself does not take one sample of the data, {reason}") as caught:
        convert(Small(), data)
    assert "control flow" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert capfd.readouterr().err == ""


class Named(nn.Module):
    """A dict, as many models return."""

    def __init__(self, *keys: str) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({key: nn.Linear(6, 4) for key in keys})

    def forward(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        return {key: head(x) for key, head in self.heads.items()}


@pytest.mark.parametrize("keys", [("logits",), ("logits", "boxes")])
def test_outputs_have_the_names_of_their_keys(keys: tuple[str, ...]) -> None:
    model, x = Named(*keys).eval(), samples(12, 6)
    assert [node.name for node in convert(model, x).outputs] == list(keys)
    for asked in ("logits", ["logits"], ("logits",)):
        assert [node.name for node in convert(model, x, outputs=asked).outputs] == ["logits"]
    record = run(convert(model, x, outputs="logits"), x, steps=8, progress=False)
    assert record.relative_error(model(x))[-1] < 0.1


@pytest.mark.parametrize("door", [convert, outline], ids=lambda door: door.__name__)
def test_unknown_outputs_are_listed(door: Callable[..., Any]) -> None:
    model, x = Named("logits", "boxes"), samples(12, 6)
    for asked in ("scores", ["scores"]):
        with pytest.raises(InvalidInput, match="the model has no output scores; it has: logits, boxes"):
            door(model, x, outputs=asked)
    for asked in (3, [3], {"logits": 1}):
        with pytest.raises(InvalidInput, match="outputs must be a name or a list of names"):
            door(model, x, outputs=asked)


def test_labels_in_a_dict_are_no_input() -> None:
    """The model could take them, to make a loss; the network has no use for them."""
    batch = {"x": samples(12, 6), "labels": truth(12)}
    for data in (batch, [batch]):
        network = convert(Named("logits").eval(), data)
        assert [node.name for node in network.inputs] == ["x"]
        record = run(network, data, steps=4, progress=False)
        np.testing.assert_array_equal(record.labels, truth(12))


# hardware


def test_one_platform_is_a_list_of_one(network: SpikingNetwork) -> None:
    activity = simulate(network).activity
    for platform in ("brain", load_platform("brain")):
        assert [report.platform.name for report in compare(network, activity, platform).reports] == ["brain"]
    with pytest.raises(InvalidInput, match="unknown platform 'brian'; there are "):
        compare(network, activity, "brian")


@pytest.mark.parametrize("wrong", [None, 3, [3], ["brain", None], [["brain"]], b"brain", nn.Linear])
def test_what_is_no_platform_is_named(network: SpikingNetwork, wrong: Any) -> None:
    with pytest.raises(InvalidInput, match=r"platforms? (must be|takes)"):
        compare(network, platforms=wrong)
    with pytest.raises(InvalidInput, match="platform takes"):
        estimate(network, platform=wrong)


def test_flags_are_booleans_and_batches_are_not(network: SpikingNetwork) -> None:
    with pytest.raises(InvalidInput, match="peers must be True or False, not 'yes'"):
        compare(network, peers="yes")
    with pytest.raises(InvalidInput, match="analog_input must be True or False, not 1"):
        peers(network, analog_input=1)
    with pytest.raises(InvalidInput, match="batch must be a whole number from 1 to 1e12, not True"):
        estimate(network, batch=True)
    assert str(estimate(network, batch=np.int64(4))) == str(estimate(network, batch=4))
