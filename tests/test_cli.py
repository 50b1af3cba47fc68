"""The command line, end to end: files in, tables on stdout, progress on stderr, one message on bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from spiking import SpikeRecord, SpikingNetwork
from spiking.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an exported program, calibration samples and labelled test samples."""
    home = tmp_path_factory.mktemp("cli")
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3)).eval()
    x = torch.rand(20, 1, 8, 8)
    torch.export.save(torch.export.export(model, (x[:1],)), home / "model.pt2")
    np.savez(home / "calibration.npz", x=x.numpy())
    np.savez(home / "test.npz", x=x.numpy(), labels=model(x).argmax(1).numpy())
    return home


@pytest.fixture(scope="module")
def network(folder: Path) -> Path:
    """The converted network's file."""
    assert (
        main(["convert", f"{folder}/model.pt2", "--data", f"{folder}/calibration.npz", "-o", f"{folder}/snn.npz"]) == 0
    )
    return folder / "snn.npz"


@pytest.fixture(scope="module")
def record(folder: Path, network: Path) -> Path:
    """The record of a run."""
    run = ["run", str(network), "--inputs", f"{folder}/test.npz", "--steps", "6", "-o", f"{folder}/run.npz"]
    assert main(run) == 0
    return folder / "run.npz"


def test_convert_writes_a_network(network: Path) -> None:
    made = SpikingNetwork.load(network)
    assert [type(node).__name__ for node in made] == ["Input", "Conv", "Neuron", "Reshape", "Linear", "Output"]


def test_run_prints_a_curve(folder: Path, network: Path, record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(network), "--inputs", f"{folder}/test.npz", "--steps", "6", "--json", "-"]) == 0
    shown = json.loads(capsys.readouterr().out)
    kept = SpikeRecord.load(record)
    assert shown["accuracy"] == list(kept.accuracy(np.load(folder / "test.npz")["labels"]))
    assert sum(shown["events/sample"]) == pytest.approx(kept.activity.total_events)
    assert kept.steps == len(shown["events/sample"]) == 6


def test_cost_of_one_and_of_many_platforms(network: Path, record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", str(network), str(record), "--platform", "loihi1"]) == 0
    assert "loihi1" in capsys.readouterr().out
    assert main(["cost", str(network), str(record), "--platform", "brain", "a100", "--json", "-"]) == 0
    assert "a100" in json.dumps(json.loads(capsys.readouterr().out))


def test_show_is_the_summary(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(network)]) == 0
    assert capsys.readouterr().out.strip() == SpikingNetwork.load(network).summary()


@pytest.mark.parametrize("what", ["ops", "methods", "backends", "platforms"])
def test_list(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", what]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_json_to_a_file(network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(network), "--json", str(tmp_path / "out.json")]) == 0
    assert json.loads((tmp_path / "out.json").read_text())["neurons"] == 144
    assert "Neuron" in capsys.readouterr().out


BAD = {
    "no file": ["show", "nowhere.npz"],
    "not a network": ["show", "{folder}/test.npz"],
    "a record is no network": ["show", "{folder}/run.npz"],
    "not a program": ["convert", "{folder}/test.npz", "--data", "{folder}/calibration.npz", "-o", "{folder}/x.npz"],
    "no inputs": ["run", "{folder}/snn.npz", "--inputs", "{folder}/model.pt2", "--steps", "2"],
    "no steps": ["run", "{folder}/snn.npz", "--inputs", "{folder}/test.npz", "--steps", "0"],
    "no backend": ["run", "{folder}/snn.npz", "--inputs", "{folder}/test.npz", "--steps", "2", "--backend", "x"],
    "no platform": ["cost", "{folder}/snn.npz", "{folder}/run.npz", "--platform", "tpu9"],
    "batch 0": ["cost", "{folder}/snn.npz", "{folder}/run.npz", "--platform", "a100", "--batch", "0"],
    "no method": [
        *("convert", "{folder}/model.pt2", "--data", "{folder}/calibration.npz"),
        *("-o", "{folder}/x.npz", "--method", "magic"),
    ],
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_message_and_exit_2(
    case: str, folder: Path, record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record.exists()
    assert main([word.format(folder=folder) for word in BAD[case]]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "spiking: " in shown.err
    assert "Traceback" not in shown.err


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(FileNotFoundError):
        main(["show", "nowhere.npz", "--debug"])


def test_help_answers_without_an_engine() -> None:
    ask = "try: main(['--help'])\nexcept SystemExit: print('torch' in sys.modules)"
    code = f"import sys; from spiking.cli import main\n{ask}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("False")


def test_module_runs() -> None:
    done = subprocess.run([sys.executable, "-m", "spiking", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("hectohertz ")
