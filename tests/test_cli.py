"""The command line, end to end: files in, tables on stdout, progress on stderr, one message on bad input."""

from __future__ import annotations

import csv
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


@pytest.mark.parametrize("what", ["ops", "methods", "backends", "platforms", "nets"])
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


# --- costs of networks that did not run, and files of all kinds


def shown(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    """Return what a command answers as JSON."""
    assert main([*words, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def test_cost_of_a_network_of_the_zoo(capsys: pytest.CaptureFixture[str]) -> None:
    from hardware import estimate, net

    assert main(["cost", "kws", "--platform", "loihi1"]) == 0
    assert "activity assumed" in capsys.readouterr().out
    found = shown(["cost", "kws", "--platform", "a100", "--batch", "16"], capsys)
    assert found["batch"] == 16
    assert (
        found["energy"]["total"]["value"] == estimate(net("kws").trace(), platform="a100", batch=16).energy.total.value
    )


def test_cost_without_a_record_is_assumed(network: Path, record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assumed = shown(["cost", str(network), "--platform", "brain"], capsys)
    measured = shown(["cost", str(network), str(record), "--platform", "brain"], capsys)
    assert assumed["activity"] == {"basis": "assumed", "samples": 0}
    assert measured["activity"] == {"basis": "measured", "samples": 20}
    assert assumed["macs"] == measured["macs"]


def test_cost_of_an_exported_program(folder: Path, network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The outline of the program has the synapses of the converted network."""
    found = shown(["cost", f"{folder}/model.pt2", "--platform", "brain"], capsys)
    assert found["activity"]["basis"] == "assumed"
    converted = shown(["cost", str(network), "--platform", "brain"], capsys)
    assert found["synapses"]["unrolled"] == converted["synapses"]["unrolled"] == 4 * 9 * 36 + 144 * 3


def test_set_replaces_and_lifts_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["cost", "kws", "--platform", "brain", "--set"]
    fast = shown([*words, "tick=5e-3", "latency_budget=none"], capsys)
    assert fast["latency"]["value"] == pytest.approx(fast["ticks"] * 5e-3)
    assert "latency" not in [one["name"] for one in fast["constraints"]]
    both = shown(["cost", "kws", "--platform", "brain", "a100", "--set", "tick=5e-3"], capsys)
    assert both["reports"][0]["latency"]["value"] == fast["latency"]["value"]


@pytest.mark.parametrize("platforms", [["brain"], ["brain", "a100", "horowitz45nm"]])
def test_cost_as_files(platforms: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["cost", "kws", "--platform", *platforms]
    assert main([*words, "--csv", f"{tmp_path}/a.csv", "--markdown", f"{tmp_path}/a.md"]) == 0
    said = capsys.readouterr()
    assert f"wrote {tmp_path}/a.csv" in said.err
    assert f"wrote {tmp_path}/a.md" in said.err
    assert "brain" in said.out
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()))
    found = shown(words, capsys)
    if len(platforms) == 1:
        assert sum(float(row["energy"] or 0) for row in rows) == pytest.approx(found["energy"]["total"]["value"])
    else:
        energies = [report["energy"]["total"]["value"] for report in found["reports"]]
        assert [float(row["energy_J"]) for row in rows] == energies
    assert "| --- |" in (tmp_path / "a.md").read_text(encoding="utf-8")


def test_cost_as_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("hardware.render.page")
    page = tmp_path / "a page.html"
    words = ["cost", "kws", "--platform", "brain", "a100", "--batch", "4", "--set", "tick=5e-3", "--html", str(page)]
    assert main(words) == 0
    assert f"wrote {page}" in capsys.readouterr().err
    text = page.read_text(encoding="utf-8")
    assert text.lstrip().lower().startswith("<!doctype html>")
    assert "spiking cost kws --platform brain a100 --batch 4 --set tick=5e-3 --html" in text


def test_validate(capsys: pytest.CaptureFixture[str]) -> None:
    from hardware import validate

    assert main(["validate"]) == 0
    assert capsys.readouterr().out == f"{validate()}\n"
    found = shown(["validate"], capsys)
    assert found["headline"] == validate().headline
    assert [group["key"] for group in found["groups"]] == [f"V{n}" for n in range(1, 16)]


def test_list_nets(capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(["list", "nets"], capsys)
    assert {"kws", "resnet50", "lstm", "vit_b", "llama2_7b"} <= set(found)
    assert main(["list", "nets"]) == 0
    assert all(name in capsys.readouterr().out for name in ["microcircuit"])


BAD_COSTS = {
    "unknown net": (["cost", "resnet51", "--platform", "a100"], "no network 'resnet51' in the zoo; there are resnet50"),
    "no number": (["cost", "kws", "--platform", "brain", "--set", "tick=fast"], "--set takes NAME=NUMBER"),
    "no value": (["cost", "kws", "--platform", "brain", "--set", "tick"], "--set takes NAME=NUMBER"),
    "no name": (["cost", "kws", "--platform", "brain", "--set", "=3"], "'brain' has no parameter ''"),
    "NaN": (["cost", "kws", "--platform", "brain", "--set", "tick=nan"], "tick must be a finite number, not nan"),
    "negative": (["cost", "kws", "--platform", "brain", "--set", "tick=-1"], "tick must be above 0, not -1"),
    "unknown number": (["cost", "kws", "--platform", "brain", "--set", "watts=3"], "'brain' has no parameter 'watts'"),
    "of nobody": (
        ["cost", "kws", "--platform", "brain", "a100", "--set", "x=3"],
        "none of brain, a100 has a parameter 'x'",
    ),
    "cannot do without": (["cost", "kws", "--platform", "brain", "--set", "tick=none"], "cannot do without tick"),
    "no number at all": (["cost", "kws", "--platform", "brain", "--set", "batch=3"], "'batch' is not one"),
    "twice": (["cost", "kws", "--platform", "brain", "brain"], "each once"),
    "no such file": (["cost", "nowhere.npz", "--platform", "brain"], "nowhere.npz"),
    "no such program": (["cost", "nowhere.pt2", "--platform", "brain"], "no such file: nowhere.pt2"),
    "no such record": (["cost", "{folder}/snn.npz", "nowhere.npz", "--platform", "brain"], "nowhere.npz"),
    "no such platform file": (["cost", "kws", "--platform", "mine.toml"], "no such platform file: mine.toml"),
    "no platform file": (["cost", "kws", "--platform", "{folder}/bad.toml"], "bad.toml is not TOML"),
    "batch": (["cost", "kws", "--platform", "brain", "--batch", "-1"], "batch must be a whole number from 1"),
    "beside a trace": (["cost", "kws", "{folder}/run.npz", "--platform", "brain"], "a trace has its activity already"),
    "of another network": (
        ["cost", "{folder}/model.pt2", "{folder}/run.npz", "--platform", "brain"],
        "activity of another network",
    ),
    "nowhere to write": (["cost", "kws", "--platform", "brain", "--csv", "{folder}/no/a.csv"], "No such file"),
}


@pytest.mark.parametrize("case", BAD_COSTS)
def test_bad_costs_are_one_message(case: str, folder: Path, record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert record.exists()
    (folder / "bad.toml").write_text("name = ")
    words, message = BAD_COSTS[case]
    capsys.readouterr()
    assert main([word.format(folder=folder) for word in words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("spiking: ")
    assert said.err.count("spiking: ") == 1
    assert message in said.err
    assert "Traceback" not in said.err


def test_cost_at_several_batches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "kws", "--platform", "brain", "a100", "--batch", "1", "64"]) == 0
    out = capsys.readouterr().out
    assert "latency of the batch" in out
    assert "batch 64" in out
    assert main(["cost", "kws", "--platform", "a100", "--batch", "1", "64", "--peers"]) == 0
    assert "what other tools say of kws" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--batch", "1", "8", "--csv", "a.csv"], "a file holds one batch size"),
        (["--csv", "a.txt", "--markdown", "a.txt"], "each output file needs a name of its own"),
        (["--batch", "1", "0"], "batch must be a whole number from 1"),
    ],
)
def test_cost_refuses(
    words: list[str],
    why: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["cost", "kws", "--platform", "a100", *words]) == 2
    assert why in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_shell_assumes_the_activity_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "pilotnet", "--platform", "loihi1", "--activity", "0.25"]) == 0
    assert "activity assumed, 0.25 spikes a neuron" in capsys.readouterr().out
    assert main(["cost", "pilotnet", "run.npz", "--platform", "loihi1", "--activity", "0.25"]) == 2
    assert "leave out --activity, or the record" in capsys.readouterr().err
