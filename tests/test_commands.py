"""Every command that a docstring or a page gives runs as it is written there, from a fresh clone."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [
    *(path for folder in ("benchmarks", "demos", "docs", "tests") for path in sorted((ROOT / folder).glob("*.py"))),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "docs" / "guide").glob("*.md"),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
]
COMMAND = re.compile(r"\bpython (?P<module>-m [a-z_]+\.\w+)|\bpython (?P<file>(?:\w+/)+\w+\.py)")


def commands() -> list[str]:
    """Modules and files of this project that are said to be run by `python`."""
    found = {
        match["module"] or match["file"] for path in SOURCES for match in COMMAND.finditer(path.read_text("utf-8"))
    }
    return sorted(found)


def test_there_are_commands_of_both_kinds() -> None:
    assert {"-m benchmarks.norse_speed", "-m tests.pages", "demos/quickstart.py"} <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_what_is_said_to_run_is_there(command: str) -> None:
    path = command.removeprefix("-m ").replace(".", "/") + ".py" if command.startswith("-m ") else command
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("command", [name for name in commands() if name.startswith("-m benchmarks.")])
def test_a_benchmark_says_what_it_does(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [command, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / (command.removeprefix("-m ").replace(".", "/") + ".py")), run_name="__main__")
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


def test_a_benchmark_is_found_from_the_clone() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.cost_speed", "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
