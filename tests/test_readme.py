"""The README is short and true: its code runs, its output is real, its picture is drawn from what it says."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from pages import README, ROOT, differences, executed

from hardware import platforms

BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    return [(m[1], m[2]) for m in BLOCK.finditer(README.read_text())]


def test_code_runs_and_prints_what_stands_below_it() -> None:
    text = README.read_text()
    assert "```text" in text
    assert differences(executed(README), text) == [], "run `python -m tests.pages`"


@pytest.mark.parametrize(("new", "old"), [("a 1.00 b", "a 1.02 b"), ("a b", "a c"), ("a", "a b")])
def test_the_comparison_can_fail(new: str, old: str) -> None:
    assert differences(new, old)


def test_it_is_read_in_a_minute() -> None:
    assert len(README.read_bytes()) <= 8_000


def test_the_two_commands_are_there() -> None:
    commands = [code for kind, code in blocks() if kind == "sh"]
    assert any("make demo" in code for code in commands)
    assert any("make test" in code for code in commands)


def test_its_number_of_platforms_is_right() -> None:
    assert f"on {len(platforms())} platforms" in README.read_text()


def test_what_it_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README.read_text())
    assert len(links) >= 8
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_picture_is_drawn_from_the_run(tmp_path: Path) -> None:
    drawing = runpy.run_path(str(ROOT / "docs" / "picture.py"))
    drawing["main"](tmp_path / "picture.png")
    drawn, shipped = (path.read_bytes() for path in (tmp_path / "picture.png", ROOT / "docs" / "picture.png"))
    assert drawn.startswith(b"\x89PNG")
    assert 0.8 < len(drawn) / len(shipped) < 1.25  # fonts and processors differ a little
