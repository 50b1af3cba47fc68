"""What words on the command line stand for."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from models import samples
from torch import Tensor, nn

from spiking import InvalidInput, SpikeRecord, cli
from spiking.cli import main
from spiking.shell_values import named, number

WORDS = {"12pJ": 12e-12, "3": 3.0, "1.5e-3": 1.5e-3, "2 kHz": 2000.0, "-4µs": -4e-6, "8GB/s": 8e9, "7 m": None}
WORDS |= {
    "10mm²": 1e-5,
    "4\u03bcs": 4e-6,
    "3 µm²": 3e-12,
    "2km²": 2e6,
    "4m²": 4.0,
    "5mm": 5e-3,
    "3 TFLOP/s": 3e12,
    "5m": None,
}


@pytest.mark.parametrize("text", WORDS)
def test_a_number_may_have_a_prefix_and_a_unit(text: str) -> None:
    if WORDS[text] is None:
        with pytest.raises(ValueError, match=text):
            number(text)
    else:
        assert number(text) == pytest.approx(WORDS[text])


def test_the_shell_says_why_a_bare_m_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "kws", "--platform", "brain", "--set", "tick=5m"]) == 2
    assert "5m can be metres and thousandths: write 5e-3" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "J", "12 apples", "1..2", "pJ12", "12pp"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        number(text)


def test_names_and_values() -> None:
    assert named("--param", ["a=1", "b=2.5", "c=auto", "d=True"]) == {"a": 1, "b": 2.5, "c": "auto", "d": True}
    with pytest.raises(InvalidInput, match="--param takes NAME=VALUE, not 'a'"):
        named("--param", ["a"])
    with pytest.raises(InvalidInput, match="each name once, not a, a"):
        named("--param", ["a=1", "a=2"])


def written(folder: Path, *names: str) -> str:
    """A file of arrays, each holding its place among them."""
    np.savez(folder / "held.npz", **{name: np.full(3, i) for i, name in enumerate(names)})
    return str(folder / "held.npz")


HELD = {  # arrays in the file, inputs of the network -> the inputs, which array the labels are, what is left out
    "x": (("x",), ("input",), "x", None, []),
    "x and labels": (("x", "labels"), ("input",), "x", 1, []),
    "x and y": (("x", "y"), ("input",), "x", 1, []),
    "x and another": (("x", "z"), ("input",), "x", None, ["z"]),
    "inputs and label": (("label", "inputs"), ("a",), "inputs", 0, []),
    "the only one": (("images", "y"), ("input",), "images", 1, []),
    "by name": (("b", "x"), ("b",), "b", None, ["x"]),
    "x and y by name": (("x", "y"), ("x", "y"), ["x", "y"], None, []),
    "y alone by name": (("y", "labels"), ("y",), "y", 1, []),
    "several and labels": (("a", "b", "labels", "c"), ("a", "b"), ["a", "b"], 2, ["c"]),
}


@pytest.mark.parametrize("case", HELD)
def test_inputs_and_labels_in_a_file(case: str, tmp_path: Path) -> None:
    names, wanted, inputs, truth, rest = HELD[case]
    found, labels, others = cli.samples(written(tmp_path, *names), wanted)
    if isinstance(inputs, str):
        assert found[0] == names.index(inputs)
    else:
        assert {name: int(x[0]) for name, x in found.items()} == {name: names.index(name) for name in inputs}
    assert (labels is None) if truth is None else (labels[0] == truth)
    assert others == rest


@pytest.mark.parametrize(("names", "wanted"), [(("a", "b"), ("x",)), (("x", "y"), ("a", "b")), (("labels",), ("x",))])
def test_a_file_without_the_inputs_is_refused(names: tuple[str, ...], wanted: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=f"holds {', '.join(names)}; the model takes {', '.join(wanted)}"):
        cli.samples(written(tmp_path, *names), wanted)


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(4, 3), nn.Linear(5, 3)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.relu(self.left(a)) + self.right(b)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A program of two inputs, and a file with both of them."""
    torch.manual_seed(0)
    given = {"a": samples(1, 4), "b": samples(1, 5)}
    torch.export.save(torch.export.export(Two().eval(), (), given), tmp_path / "two.pt2")
    np.savez(tmp_path / "data.npz", a=samples(12, 4).numpy(), b=samples(12, 5).numpy())
    return tmp_path


def test_a_network_of_two_inputs_from_the_shell(files: Path) -> None:
    data, net = str(files / "data.npz"), str(files / "net.npz")
    assert main(["convert", str(files / "two.pt2"), "--data", data, "-o", net, "--error", "0.05"]) == 0
    setting = ["--steps", "3", "--device", "cpu", "--batch-size", "5", "-o", str(files / "run.npz")]
    assert main(["run", net, "--inputs", data, *setting]) == 0
    assert len(SpikeRecord.load(files / "run.npz").readout[-1]) == 12


def test_inputs_of_a_program_may_have_a_place_or_a_name(files: Path) -> None:
    """Exported as (a, b), (a, b=b) and (b=b, a=a): the file names them all the same."""
    a, b = samples(1, 4), samples(1, 5)
    data, net = str(files / "data.npz"), files / "net.npz"
    made = []
    for args, kwargs in (((), {"a": a, "b": b}), ((a, b), {}), ((a,), {"b": b}), ((), {"b": b, "a": a})):
        torch.manual_seed(0)
        torch.export.save(torch.export.export(Two().eval(), args, kwargs), files / "two.pt2")
        assert main(["convert", str(files / "two.pt2"), "--data", data, "-o", str(net)]) == 0
        assert main(["run", str(net), "--inputs", data, "--steps", "3", "-o", str(files / "run.npz")]) == 0
        made.append(SpikeRecord.load(files / "run.npz").readout[-1])
    assert all(np.array_equal(made[0], other) for other in made[1:])


def test_a_program_of_one_input_reads_it_by_its_name(files: Path) -> None:
    model, x = nn.Sequential(nn.Linear(4, 3), nn.ReLU()).eval(), samples(12, 4)
    program = torch.export.export(model, (x[:1],))
    torch.export.save(program, files / "one.pt2")
    np.savez(files / "named.npz", **{program.graph_signature.user_inputs[0]: x.numpy(), "labels": np.zeros(12)})
    call = ["convert", str(files / "one.pt2"), "--data", str(files / "named.npz"), "-o", str(files / "one.npz")]
    assert main(call) == 0


def test_parameters_of_a_method_by_name(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["convert", str(files / "two.pt2"), "--data", str(files / "data.npz"), "-o", str(files / "net.npz")]
    assert main([*call, "--method", "rate", "--param", "percentile=99.0"]) == 0
    assert main([*call, "--param", "percentle=99.0"]) == 2
    assert "method 'sigma-delta' takes precision, error, window; given: percentle" in capsys.readouterr().err
    for name in ("method", "model", "calibration", "outputs"):
        assert main([*call, "--param", f"{name}=3"]) == 2
        assert f"takes precision, error, window; given: {name}" in capsys.readouterr().err


def test_a_network_of_one_input_reads_x_beside_labels(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(4, 3), nn.ReLU()).eval(), samples(12, 4)
    torch.export.save(torch.export.export(model, (x[:1],)), files / "one.pt2")
    np.savez(files / "xy.npz", x=x.numpy(), y=model(x).argmax(1).numpy(), weight=np.ones(12))
    data, net = str(files / "xy.npz"), str(files / "one.npz")
    assert main(["convert", str(files / "one.pt2"), "--data", data, "-o", net]) == 0
    assert main(["run", net, "--inputs", data, "--steps", "3"]) == 0
    said = capsys.readouterr()
    assert "accuracy" in said.out
    assert said.err.count(f"left out of {data}: weight") == 2


def test_what_is_no_program_is_called_by_its_name(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(Two().state_dict(), files / "zipped.pt2")
    torch.save(Two().state_dict(), files / "plain.pt2", _use_new_zipfile_serialization=False)
    for name in ("zipped", "plain"):
        call = ["convert", str(files / f"{name}.pt2"), "--data", str(files / "data.npz"), "-o", str(files / "n.npz")]
        assert main(call) == 2
        said = capsys.readouterr().err
        assert "it is a pickle" in said
        assert "torch.export.save(torch.export.export(" in said
        assert "too old" not in said


def test_a_program_is_not_run_before_it_is_converted(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(files / "two.pt2"), "--inputs", str(files / "data.npz"), "--steps", "3"]) == 2
    assert f"convert it first, with spiking convert {files / 'two.pt2'} --data" in capsys.readouterr().err
    assert main(["show", str(files / "two.pt2"), "--graph", str(files / "g.svg")]) == 2
    assert "convert it first" in capsys.readouterr().err


def test_options_of_a_network_of_the_zoo(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "gru:hidden=64,steps=5", "--platform", "brain"]) == 0
    small = capsys.readouterr().out
    assert main(["cost", "gru", "--platform", "brain"]) == 0
    assert small != capsys.readouterr().out
    for wrong in ("hiden=64", "name=gru"):
        assert main(["cost", f"gru:{wrong}", "--platform", "brain"]) == 2
        assert "its options are hidden, steps, features" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["network", "activity", "platform", "platforms", "batch", "peers"])
@pytest.mark.parametrize("platforms", [["brain"], ["brain", "a100"]])
def test_set_takes_no_argument_of_the_estimate(
    name: str, platforms: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cost", "kws", "--platform", *platforms, "--set", f"{name}=1"]) == 2
    assert f"'{name}' is not one" in capsys.readouterr().err


def test_the_doctor_says_what_is_there_and_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert torch.__version__.split("+")[0] in text
    assert "Graphviz is missing" in text


def test_an_interruption_is_one_line_and_130(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(own: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "examined", interrupted)
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == "spiking: interrupted\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_lacks_characters_is_written_to(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bytes_out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_out, encoding=encoding))
    assert main(["list", "nets"]) == 0
    assert b"resnet50" in bytes_out.getvalue()
