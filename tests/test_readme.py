"""The README is true: its code runs, its output is real, its tables are those of the code."""

from __future__ import annotations

import contextlib
import re
from itertools import zip_longest

import pytest
from tables import README, executed, written

BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    return [(m[1], m[2]) for m in BLOCK.finditer(README.read_text())]


def test_code_runs_and_prints_what_stands_below_it() -> None:
    text = README.read_text()
    assert text.count("```text") >= 2
    assert differences(executed(text), text) == [], "run `python -m tests.tables`"


def differences(new: str, old: str) -> list[tuple[str, str]]:
    """Lines that differ in a word, or in a number by more than 1 %: other processors add in another order."""
    pairs = zip_longest(new.splitlines(), old.splitlines(), fillvalue="(no line)")
    return [(a, b) for a, b in pairs if not alike(a, b)]


def alike(new: str, old: str) -> bool:
    words = zip_longest(new.split(), old.split(), fillvalue="")
    return all(a == b or _close(a, b) for a, b in words)


def _close(a: str, b: str) -> bool:
    with contextlib.suppress(ValueError):
        x, y = (float(word.strip("[]").replace(",", "")) for word in (a, b))
        return abs(x - y) <= 0.01 * abs(y)
    return False


@pytest.mark.parametrize(("new", "old"), [("a 1.00 b", "a 1.02 b"), ("a b", "a c"), ("a", "a b")])
def test_the_comparison_can_fail(new: str, old: str) -> None:
    assert differences(new, old)


def test_tables_are_generated() -> None:
    text = README.read_text()
    assert written(text) == text, "run `python -m tests.tables`"


def test_the_two_commands_are_there() -> None:
    commands = [code for kind, code in blocks() if kind == "sh"]
    assert any("make demo" in code for code in commands)
    assert any("make test" in code for code in commands)


def test_pictures_exist() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README.read_text())
    assert pictures
    assert all((README.parent / path).exists() for path in pictures)
