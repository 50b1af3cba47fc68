"""The demos run as a user runs them, and print what their docstrings promise."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
DEMOS = ROOT / "demos"


def promised(script: Path) -> list[str]:
    """Return the indented lines at the end of a script's docstring, after 'Expected'."""
    text = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    return [line.strip() for line in text.split("Expected", 1)[1].splitlines()[1:] if line.strip()]


def test_quickstart_prints_what_it_promises_and_draws(tmp_path: Path) -> None:
    script = DEMOS / "quickstart.py"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, script], cwd=tmp_path, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    output = " ".join(done.stdout.split())
    assert len(promised(script)) >= 7
    assert [line for line in promised(script) if line not in output] == []
    for platform in ("brain", "loihi1", "a100", "horowitz45nm"):
        assert f"\n{platform} " in done.stdout
    drawn = tmp_path / "out" / "quickstart.png"
    assert str(drawn.relative_to(tmp_path)) in done.stdout
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert drawn.stat().st_size > 30_000
    assert (tmp_path / "out" / "quickstart.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_costs_prints_what_it_promises(tmp_path: Path) -> None:
    script = DEMOS / "costs.py"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, script], cwd=tmp_path, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    output = " ".join(done.stdout.split())
    assert len(promised(script)) >= 3
    assert [line for line in promised(script) if line not in output] == []
    assert (tmp_path / "out" / "costs.html").stat().st_size > 50_000


def test_the_digits_are_small_and_hold_what_they_say() -> None:
    file = DEMOS / "digits.npz"
    assert file.stat().st_size < 64 * 1024
    with np.load(file, allow_pickle=False) as data:
        for name, size in (("test", 360), ("calibration", 200)):
            assert data[name].shape == (size, 8, 8)
            assert data[name].dtype == np.uint8
            assert data[name].max() == 16
            assert set(data[f"{name}_labels"]) == set(range(10))
        seen = {image.tobytes() for image in data["calibration"]}
        assert not any(image.tobytes() in seen for image in data["test"])


@pytest.mark.parametrize("name", ["transformer", "recurrent"])
def test_a_demo_prints_what_it_promises(name: str) -> None:
    script = DEMOS / f"{name}.py"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    output = " ".join(done.stdout.split())
    assert len(promised(script)) >= 3
    assert [line for line in promised(script) if line not in output] == []


def test_the_weights_are_small_and_those_of_the_models() -> None:
    count = {}
    for name in ("cnn", "vit", "lstm"):
        file = DEMOS / f"digits_{name}.npz"
        assert file.stat().st_size < 96 * 1024
        with np.load(file, allow_pickle=False) as held:
            count[name] = sum(held[key].size for key in held.files if "weight" in key)
    assert count["cnn"] == 6032 + 16 + 32  # two convolutions and a linear layer, and two batch norms
    assert count["lstm"] == 4 * 32 * (8 + 32) + 320  # input and hidden weights of four gates, and the head
