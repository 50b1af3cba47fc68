"""Mutated command lines: each is an answer or one message, never a traceback."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

from spiking import cli
from spiking.cli import main

NIGHTLY = os.environ.get("HECTOHERTZ_FUZZ") == "1"
CHUNKS, EACH = 20, 130 if NIGHTLY else 15

COMMANDS = (
    "convert model.pt2 --data calibration.npz -o made.npz",
    "convert model.pt2 --data calibration.npy -o made.npz --precision fast --error 0.1 --param window=2",
    "convert model.pt2 --data calibration.npz -o made.npz --method rate --param percentile=99.5",
    "run snn.npz --inputs calibration.npz --steps 3",
    "run snn.npz --inputs test.npz --steps 3 --backend reference --delay 1 --batch-size 2 -o made.npz --json -",
    "run snn.npz --inputs test.npz --steps 3 --backend norse --device cpu",
    "cost snn.npz run.npz --platform brain --batch 2 --set tick=5ms latency_budget=none",
    "cost snn.npz --platform brain loihi1 a100 --activity 0.2 --peers --json made.json",
    "cost model.pt2 --platform brain --csv made.csv --markdown made.md --html made.html",
    "cost kws --platform loihi1 a100 --batch 1 8",
    "cost gru:hidden=8,steps=3,features=4 --platform brain --batch 1",
    "cost gemm:m=3,n=4,k=5 --platform platform.toml",
    "show snn.npz --graph made.dot",
    "show model.pt2 --json -",
    "list nets",
    "list platforms --json -",
    "doctor",
    "--version",
)
WORDS = (
    *(
        "",
        " ",
        "-",
        "--",
        "=",
        ":",
        ",",
        "a=",
        "=b",
        "a=b",
        "-1",
        "0",
        "1",
        "2.5",
        "1e400",
        "-1e-400",
        "nan",
        "inf",
        "none",
    ),
    *(
        "None",
        "True",
        "1" + "0" * 30,
        "9" * 5000,
        "1_0",
        "\u0663",
        "12pJ",
        "5m",
        "1e3e3",
        "0x10",
        "1/0",
        "{}",
        "[1]",
        "('",
    ),
    *("(" * 300, "[" * 3000, "é", "日本", "\x1b[31m", "a\nb", "\udcff", "a" * 5000, "$HOME", "~", "%s", "{0}", "*"),
    *(
        "/dev/null",
        "/dev/full",
        "/dev/zero",
        ".",
        "..",
        "/",
        "folder",
        "/nowhere/made.npz",
        "nowhere",
        "model.pt2",
        "snn.npz",
        "run.npz",
    ),
    *("test.npz", "calibration.npy", "platform.toml", "empty.npz", "short.npz", "short.pt2", "words.pt2", "loop.npz"),
    *(
        "--help",
        "-h",
        "--json",
        "--platform",
        "--set",
        "--batch",
        "--param",
        "--data",
        "-o",
        "--graph",
        "--what",
        "--activity",
    ),
    *(
        "brain",
        "loihi1",
        "a100",
        "kws",
        "kws:",
        "kws:copies=x",
        "lstm:steps=1" + "0" * 13,
        "gemm:m=1,n=1",
        "resnet50:size=1",
    ),
    *(
        "tick=none",
        "tick=1e-300",
        "tick=1e300",
        "tick=0",
        "batch=1",
        "window=0",
        "precision=auto",
        "percentile=0",
        "device=x",
    ),
    *("rate", "reference", "brian3", "cuda:99", "mps", "made.svg", "made.png", "ops", "methods"),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands work on, and what is broken about such files."""
    home = tmp_path_factory.mktemp("files")
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)).eval(), torch.rand(6, 4)
    torch.export.save(torch.export.export(model, (x[:1],)), home / "model.pt2")
    np.savez(home / "calibration.npz", x=x.numpy())
    np.save(home / "calibration.npy", x.numpy())
    np.savez(home / "test.npz", x=x.numpy(), labels=model(x).argmax(1).numpy())
    assert main(["convert", f"{home}/model.pt2", "--data", f"{home}/calibration.npz", "-o", f"{home}/snn.npz"]) == 0
    assert (
        main(["run", f"{home}/snn.npz", "--inputs", f"{home}/test.npz", "--steps", "3", "-o", f"{home}/run.npz"]) == 0
    )
    (home / "platform.toml").write_text('extends = "brain"\n')
    (home / "empty.npz").touch()
    (home / "words.pt2").write_text("no program")
    for name in ("snn.npz", "model.pt2"):
        content = (home / name).read_bytes()
        (home / name.replace("snn", "short").replace("model", "short")).write_bytes(content[: len(content) // 2])
    (home / "folder").mkdir()
    return home


def mutated(random: Random) -> list[str]:
    """A command line with one to three faults, or one with none of them."""
    words = random.choice(COMMANDS).split()
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        at, word = random.randrange(len(words)), random.choice(WORDS)
        match random.choice(("replace", "replace", "replace", "insert", "drop", "double", "swap", "join", "letter")):
            case "replace":
                words[at] = word
            case "insert":
                words.insert(at + 1, word)
            case "drop":
                words.pop(at)
            case "double":
                words.insert(at, words[at])
            case "swap":
                other = random.randrange(len(words))
                words[at], words[other] = words[other], words[at]
            case "join":
                words[at] += word
            case "letter":
                cut = random.randrange(len(words[at]) + 1)
                words[at] = words[at][:cut] + random.choice("0-=:.,é\x07\udcff ") + words[at][cut + 1 :]
        words = words or ["list"]
    return words


def ended(words: list[str], capsys: pytest.CaptureFixture[str]) -> int:
    """Run a command line; returns its exit code, and fails unless it is an answer or one message."""
    try:
        code = main(words)
    except SystemExit as stop:  # of argparse
        code = int(stop.code or 0)
    except Exception as error:
        raise AssertionError(f"{words!r} ended in {type(error).__name__}: {error}") from error
    said = capsys.readouterr()
    assert code in (0, 2), (words, code)
    assert "Traceback" not in said.out + said.err, words
    if code:
        assert said.out == "", words
        assert said.err.startswith("usage: ") or said.err.count("spiking: ") >= 1, words
        assert "\x1b" not in said.err or said.err.startswith("usage: "), words
    return code


@pytest.mark.fuzz
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_mutated_command_line_is_an_answer_or_a_message(
    chunk: int, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = set()
    for case in range(EACH):
        folder = tmp_path / str(case)
        shutil.copytree(files, folder)
        (folder / "loop.npz").symlink_to("loop.npz")
        monkeypatch.chdir(folder)
        codes.add(ended(mutated(Random(1000 * chunk + case)), capsys))
        shutil.rmtree(folder, ignore_errors=True)
    assert codes == {0, 2}  # a chunk that is all refused, or all accepted, tries nothing


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("convert /dev/zero --data calibration.npz -o made.npz", "it is no regular file"),
        ("cost lstm:steps=10000000000000 --platform brain", "more ticks than can be kept"),
        (f"convert model.pt2 --data calibration.npz -o made.npz --param window={'(' * 3000}", "window must be"),
    ],
)
def test_what_would_take_all_memory_is_refused(
    words: str, why: str, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(files)
    assert main(words.split()) == 2
    assert why in capsys.readouterr().err


def test_a_lack_of_memory_is_one_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(own: str) -> None:
        raise MemoryError("Unable to allocate 72.8 TiB")

    monkeypatch.setattr(cli, "examined", full)
    assert main(["doctor"]) == 2
    assert capsys.readouterr().err == "spiking: there is not enough memory for this (Unable to allocate 72.8 TiB)\n"


@pytest.mark.parametrize("error", [TypeError("multiple values"), KeyError("x"), RecursionError(), UnicodeError("x")])
def test_the_test_itself_can_fail(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(own: str) -> None:
        raise error

    monkeypatch.setattr(cli, "examined", broken)
    with pytest.raises(AssertionError, match=f"ended in {type(error).__name__}"):
        ended(["doctor"], capsys)
