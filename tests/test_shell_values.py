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


@pytest.mark.parametrize("text", WORDS)
def test_a_number_may_have_a_prefix_and_a_unit(text: str) -> None:
    if WORDS[text] is None:
        with pytest.raises(ValueError, match=text):
            number(text)
    else:
        assert number(text) == pytest.approx(WORDS[text])


@pytest.mark.parametrize("text", ["", "J", "12 apples", "1..2", "pJ12", "12pp"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        number(text)


def test_names_and_values() -> None:
    assert named("--param", ["a=1", "b=2.5", "c=auto", "d=True"]) == {"a": 1, "b": 2.5, "c": "auto", "d": True}
    with pytest.raises(InvalidInput, match="--param takes NAME=VALUE, not 'a'"):
        named("--param", ["a"])


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


def test_parameters_of_a_method_by_name(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["convert", str(files / "two.pt2"), "--data", str(files / "data.npz"), "-o", str(files / "net.npz")]
    assert main([*call, "--method", "rate", "--param", "percentile=99.0"]) == 0
    assert main([*call, "--param", "percentle=99.0"]) == 2
    assert "method 'sigma-delta' takes" in capsys.readouterr().err


def test_options_of_a_network_of_the_zoo(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "gru:hidden=64,steps=5", "--platform", "brain"]) == 0
    small = capsys.readouterr().out
    assert main(["cost", "gru", "--platform", "brain"]) == 0
    assert small != capsys.readouterr().out
    assert main(["cost", "gru:hiden=64", "--platform", "brain"]) == 2


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
