"""What goes in and what comes out: several inputs, ids, masks, structured outputs, other types, exported programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from models import mlp, samples
from oracle import answers, bounds, faithful
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from converters import convert
from spiking import InvalidInput, SpikingNetwork, run

STEPS = 24
Inputs = dict[str, Tensor]


def spoken(network: SpikingNetwork, model: nn.Module, x: Tensor | Inputs) -> None:
    """Fail unless every named readout of a network is what the source answers under that name, to the bound."""
    record = run(network, x, steps=STEPS, backend="reference", progress=False)
    given = {k: v.numpy() for k, v in x.items()} if isinstance(x, dict) else x.numpy()
    allowed = bounds(network, given, STEPS)
    wanted = answers(model, x)
    for name, readout in record.readouts.items():
        want = wanted
        for key in name.split("."):
            want = want[int(key)] if key.isdigit() else want[key] if isinstance(want, dict) else getattr(want, key)
        gap = np.abs(readout[-1] - want.numpy())
        assert np.all(gap <= allowed[name] + 1e-5 * np.abs(want.numpy()).max()), name


# several inputs


class Three(nn.Module):
    """relu(image)·gate + text; `gate` and `text` are keywords."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.gate, self.text = nn.Linear(6, 8), nn.Linear(3, 8), nn.Embedding(7, 8)

    def forward(self, image: Tensor, *, gate: Tensor, text: Tensor) -> Tensor:
        return F.relu(self.image(image)) * torch.sigmoid(self.gate(gate)) + self.text(text).mean(1)


def three(batch: int = 6, seed: int = 0) -> Inputs:
    draw = torch.Generator().manual_seed(seed)
    text = torch.randint(0, 7, (batch, 4), generator=draw)
    return {"image": samples(batch, 6, seed=seed), "gate": samples(batch, 3, seed=seed + 1), "text": text}


def model_of_three() -> nn.Module:
    torch.manual_seed(0)
    return Three().eval()


def test_inputs_by_name() -> None:
    model, x = model_of_three(), three()
    network = convert(model, x, precision=2.0**-8)
    assert {n.name: (n.shape, n.vocabulary) for n in network.inputs} == {
        "image": ((6,), 0),
        "gate": ((3,), 0),
        "text": ((4,), 7),
    }
    faithful(network, model, x, STEPS)


def test_inputs_come_in_any_order() -> None:
    model, x = model_of_three(), three()
    network = convert(model, dict(reversed(x.items())), precision=2.0**-8)
    faithful(network, model, x, STEPS)


def test_calibration_may_be_a_stream_of_dicts() -> None:
    """Read once; the units are those of the same samples in one dict."""
    model, whole = model_of_three(), three(12)

    def stream() -> Iterator[Inputs]:
        for k in range(0, 12, 4):
            yield {name: value[k : k + 4] for name, value in whole.items()}

    network, other = convert(model, stream()), convert(model, whole)
    for a, b in zip(network.populations, other.populations, strict=True):
        assert a.alphabet.unit == pytest.approx(b.alphabet.unit)


def test_a_run_may_be_a_stream_of_dicts() -> None:
    model, x = model_of_three(), three()
    network = convert(model, x)
    parts = [{name: value[k : k + 3] for name, value in x.items()} for k in (0, 3)]
    streamed, whole = (run(network, given, steps=4, backend="reference", progress=False) for given in (parts, x))
    np.testing.assert_array_equal(streamed.readout, whole.readout)


def changed(**more: Any) -> dict[str, Any]:
    return {**three(), **more}


UNFIT: dict[str, tuple[Any, str]] = {
    "one is missing": ({k: v for k, v in three().items() if k != "gate"}, "the inputs lack gate; given: image, text"),
    "a bare array": (three()["image"], "'gate' is missing"),
    "another shape": (changed(gate=samples(6, 4)), r"'gate' takes \(B, 3\), not \(6, 4\)"),
    "another count": (changed(gate=samples(5, 3)), "the inputs differ in their number of samples"),
    "an id too large": (changed(text=torch.full((6, 4), 7)), "'text' takes ids 0 … 6, as integers"),
    "an id below zero": (changed(text=torch.full((6, 4), -1)), "'text' takes ids 0 … 6, as integers"),
    "ids that are no integers": (changed(text=torch.ones(6, 4)), "'text' takes ids 0 … 6, as integers"),
    "a NaN": (changed(gate=torch.full((6, 3), float("nan"))), "'gate' holds 18 NaN or infinite values"),
}


@pytest.mark.parametrize("what", UNFIT)
def test_inputs_that_do_not_fit_are_named(what: str) -> None:
    network = convert(model_of_three(), three())
    given, reason = UNFIT[what]
    with pytest.raises(InvalidInput, match=reason):
        run(network, given, steps=2, backend="reference", progress=False)


def test_calibration_ids_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidInput, match="'text' takes ids 0 … 6, as integers"):
        convert(model_of_three(), [three(), changed(text=torch.full((6, 4), 7))])


def test_ids_out_of_range_in_the_first_calibration_batch_are_refused() -> None:
    with pytest.raises(InvalidInput, match="'text' takes ids 0 … 6, as integers"):
        convert(model_of_three(), changed(text=torch.full((6, 4), 7)))


def test_an_input_that_nothing_reads_is_no_input() -> None:
    class Deaf(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = mlp()

        def forward(self, x: Tensor, unread: Tensor) -> Tensor:
            return self.inner(x)

    network = convert(Deaf().eval(), {"x": samples(4, 6), "unread": samples(4, 2)})
    assert [n.name for n in network.inputs] == ["x"]


# padding


class Encoder(nn.Module):
    """A transformer layer over padded tokens; `kind` says what 1 or True means."""

    def __init__(self, nested: bool = True) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
        self.inner = nn.TransformerEncoder(layer, 1, enable_nested_tensor=nested)

    def forward(self, x: Tensor, attention_mask: Tensor) -> Tensor:
        return self.inner(x, src_key_padding_mask=attention_mask == 0)


class Hidden(Encoder):
    """The same; True hides a token."""

    def forward(self, x: Tensor, attention_mask: Tensor) -> Tensor:
        return self.inner(x, src_key_padding_mask=attention_mask)


LENGTHS = torch.tensor([5, 3, 2, 4])
SEEN = torch.arange(5) < LENGTHS[:, None]


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("kind", [torch.int64, torch.bool])
def test_padding_does_not_reach_what_it_does_not_hide(kind: torch.dtype, nested: bool) -> None:
    """Compared where the mask allows: torch's fast path blanks the rest. The short sample alone says the same."""
    torch.manual_seed(0)
    model = (Encoder(nested) if kind == torch.int64 else Hidden(nested)).eval()
    mask = SEEN.to(kind) if kind == torch.int64 else ~SEEN
    x = {"x": samples(4, 5, 8), "attention_mask": mask}
    network = convert(model, x, precision=2.0**-12)
    record = run(network, x, steps=STEPS, backend="reference", progress=False)
    allowed = bounds(network, {k: v.numpy() for k, v in x.items()}, STEPS)["output"] + 1e-5
    wanted = answers(model, x).numpy()
    gap = np.abs(record.readout[-1] - wanted)
    assert np.all(gap[SEEN] <= allowed[SEEN])
    assert allowed[SEEN].max() < np.abs(wanted).max()
    short = {"x": x["x"][1:2, :3], "attention_mask": mask[1:2, :3]}
    np.testing.assert_allclose(answers(model, short).numpy(), wanted[1:2, :3], atol=1e-5)


def test_padding_that_is_not_hidden_reaches_the_rest() -> None:
    """The control: without the mask the tokens that it would have kept differ."""
    torch.manual_seed(0)
    model = Hidden().eval()
    x = {"x": samples(4, 5, 8), "attention_mask": ~SEEN}
    network = convert(model, x)
    bare = {**x, "attention_mask": torch.zeros_like(SEEN)}
    with torch.no_grad():
        hidden, shown = network.dense()(**x), network.dense()(**bare)
    assert np.abs((hidden - shown).numpy()[1, :3]).max() > 0.05


def test_two_masks_from_the_input_are_joined() -> None:
    class Joined(nn.Module):
        def forward(self, x: Tensor, a: Tensor, b: Tensor) -> Tensor:
            return F.softmax(x.masked_fill(a & b, float("-inf")), -1)

    x = {"x": samples(8, 5), "a": torch.eye(8, 5).bool(), "b": torch.arange(8)[:, None].expand(8, 5) % 2 == 0}
    record = run(convert(Joined(), x, precision=2.0**-6), x, steps=12, backend="reference", progress=False)
    assert record.relative_error(Joined()(**x))[-1] < 0.01


# structured outputs


@dataclass
class Answer:
    logits: Tensor
    hidden: tuple[Tensor, Tensor]


pytree.register_dataclass(Answer)


class Told(nn.Module):
    """An answer in any structure."""

    def __init__(self, build: Callable[[Tensor, Tensor, Tensor], Any]) -> None:
        super().__init__()
        self.build, self.inner, self.head = build, nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Any:
        h = F.relu(self.inner(x))
        return self.build(self.head(h), h, -h)


STRUCTURES: dict[str, tuple[Callable[[Tensor, Tensor, Tensor], Any], list[str]]] = {
    "tuple": (lambda y, h, g: (y, h), ["0", "1"]),
    "list": (lambda y, h, g: [y, h, g], ["0", "1", "2"]),
    "dict": (lambda y, h, g: {"logits": y, "hidden": h}, ["logits", "hidden"]),
    "nested": (lambda y, h, g: {"logits": y, "hidden": (h, g)}, ["logits", "hidden.0", "hidden.1"]),
    "dataclass": (lambda y, h, g: Answer(y, (h, g)), ["logits", "hidden.0", "hidden.1"]),
    "with None": (lambda y, h, g: {"logits": y, "loss": None, "hidden": h}, ["logits", "hidden"]),
}


def told(name: str) -> tuple[nn.Module, list[str]]:
    torch.manual_seed(0)
    build, names = STRUCTURES[name]
    return Told(build).eval(), names


@pytest.mark.parametrize("name", STRUCTURES)
def test_outputs_have_the_names_of_their_fields(name: str) -> None:
    model, names = told(name)
    network = convert(model, samples(6, 6), precision=2.0**-8)
    assert sorted(out.name for out in network.outputs) == sorted(names)
    spoken(network, model, samples(6, 6))


@pytest.mark.parametrize(
    ("told_as", "name"),
    [
        (lambda y, h, g: y, "output"),
        (lambda y, h, g: (y,), "output"),
        (lambda y, h, g: {"logits": y}, "logits"),
        (lambda y, h, g: {"heads": [y]}, "heads.0"),
    ],
)
def test_one_output_is_called_output_unless_it_has_a_key(told_as: Callable[..., Any], name: str) -> None:
    torch.manual_seed(0)
    network = convert(Told(told_as).eval(), samples(6, 6))
    assert [out.name for out in network.outputs] == [name]


def test_some_outputs_are_kept() -> None:
    model, _ = told("nested")
    network = convert(model, samples(6, 6), outputs=["hidden.1"], precision=2.0**-8)
    assert [out.name for out in network.outputs] == ["hidden.1"]
    assert "head" not in network.by_name
    spoken(network, model, samples(6, 6))


def test_an_output_that_does_not_exist_is_named() -> None:
    model, _ = told("dict")
    with pytest.raises(InvalidInput, match="the model has no output logit; it has: "):
        convert(model, samples(6, 6), outputs=["logit"])


def test_two_outputs_swapped_are_seen() -> None:
    """The control of `spoken`: the same network beside a model that answers in another order."""
    model, _ = told("list")
    other = Told(lambda y, h, g: [y, g, h]).eval()
    other.load_state_dict(model.state_dict())
    with pytest.raises(AssertionError, match="1"):
        spoken(convert(model, samples(6, 6), precision=2.0**-8), other, samples(6, 6))


# types


def test_a_model_in_float64() -> None:
    model, x = mlp().double().eval(), samples(6, 6).double()
    network = convert(model, x, precision=2.0**-8)
    record = run(network, x, steps=STEPS, backend="reference", progress=False)
    wanted = answers(model, x).numpy()
    allowed = bounds(network, x.numpy(), STEPS)["output"] + 1e-5 * np.abs(wanted).max()
    assert np.all(np.abs(record.readout[-1] - wanted) <= allowed)


def test_a_model_in_bfloat16() -> None:
    """Its weights in float32 arithmetic, which is what 8 bits of mantissa round; the source keeps its own type."""
    model, x = mlp().to(torch.bfloat16).eval(), samples(6, 6).to(torch.bfloat16)
    twin = mlp().to(torch.bfloat16).float().eval()
    faithful(convert(model, x, precision=2.0**-8), twin, x.float(), STEPS)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}


class Views(nn.Module):
    """Writing into a part of a value changes the value."""

    def __init__(self, write: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.write, self.inner = write, nn.Linear(6, 8)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.inner(x))
        self.write(h)
        return h * 2.0


WRITES: dict[str, Callable[[Tensor], Any]] = {
    "add into a slice": lambda h: h[:, 2:5].add_(1.0),
    "scale a view": lambda h: h.view(-1, 2, 4)[:, 1].mul_(3.0),
    "assign": lambda h: h.__setitem__((slice(None), 0), 0.5),
}


@pytest.mark.parametrize("name", WRITES)
def test_writing_into_a_view_is_right(name: str) -> None:
    torch.manual_seed(0)
    model, x = Views(WRITES[name]).eval(), samples(6, 6)
    faithful(convert(model, x, precision=2.0**-8), model, x, STEPS)


def test_writing_into_the_value_itself_is_right() -> None:
    torch.manual_seed(0)
    model, x = Views(lambda h: h.mul_(2.0).add_(1.0)).eval(), samples(6, 6)
    faithful(convert(model, x, precision=2.0**-8), model, x, STEPS)


# exported programs


@pytest.mark.parametrize("batch", ["dynamic", "one"])
def test_an_exported_program(batch: str) -> None:
    model, x = mlp().eval(), samples(6, 6)
    free = {"dynamic_shapes": ({0: torch.export.Dim("batch", max=99)},)} if batch == "dynamic" else {}
    program = torch.export.export(model, (x if free else x[:1],), strict=False, **free)
    network = convert(program, x, precision=2.0**-8)
    faithful(network, model, x, STEPS)


def test_a_program_of_another_batch_is_refused() -> None:
    program = torch.export.export(mlp().eval(), (samples(3, 6),), strict=False)
    with pytest.raises(InvalidInput, match="export it with batch 1 or a dynamic batch"):
        convert(program, samples(6, 6))


def test_an_exported_program_of_several_inputs() -> None:
    model, x = model_of_three(), three()
    batch = torch.export.Dim("batch", max=99)
    program = torch.export.export(model, (), dict(x), strict=False, dynamic_shapes={name: {0: batch} for name in x})
    faithful(convert(program, x, precision=2.0**-8), model, x, STEPS)


# precision="auto"


@pytest.mark.parametrize("error", [0.2, 0.05, 0.01])
def test_auto_keeps_the_error(error: float) -> None:
    """Measured on the samples it was chosen on, after the eight ticks it was chosen for; half as fine is too coarse."""
    model, x = mlp().eval(), samples(16, 6)
    wanted = answers(model, x).numpy()
    record = run(convert(model, x, precision="auto", error=error), x, steps=8, progress=False)
    assert np.linalg.norm(record.readout[-1] - wanted) <= error * np.linalg.norm(wanted)


def test_auto_takes_the_coarsest_that_does() -> None:
    x = samples(16, 6)
    units = [
        convert(mlp().eval(), x, precision="auto", error=e).populations[0].alphabet.unit for e in (0.2, 0.05, 0.01)
    ]
    assert units == sorted(units, reverse=True)
    assert units[0] > units[-1]


def test_an_error_that_nothing_keeps_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"no precision down to 1/512 reaches a relative error of 1e-06"):
        convert(mlp().eval(), samples(16, 6), precision="auto", error=1e-6)


def test_a_mask_of_anything_but_zeros_and_ones_is_refused() -> None:
    """What was calibrated as a mask stays one: a 2 in it would be read as twice allowed."""

    class Gated(nn.Module):
        def forward(self, x: Tensor, keep: Tensor) -> Tensor:
            return torch.softmax(x.masked_fill(keep == 0, float("-inf")), -1) @ torch.eye(5)

    x, keep = torch.randn(6, 5), torch.ones(6, 5, dtype=torch.long)
    keep[:, 0] = 0
    network = convert(Gated(), {"x": x, "keep": keep})
    run(network, {"x": x, "keep": keep}, steps=2, progress=False)
    with pytest.raises(InvalidInput, match="'keep' is a mask: it takes only zeros and ones"):
        run(network, {"x": x, "keep": 2 * keep}, steps=2, progress=False)
