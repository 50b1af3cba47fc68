"""The pages whose code is run: `python -m tests.pages [page …]` rewrites what stands below each block."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
import tempfile
from itertools import zip_longest
from pathlib import Path
from typing import Any

from spiking.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs" / "guide").glob("*.md")))
PYTHON = r"(?P<code>```python\n(?P<source>.*?)```\n)(?:\n?```text\n.*?```\n)?"
CONSOLE = r"```console\n(?P<session>.*?)```\n"
BLOCK = re.compile(f"{PYTHON}|{CONSOLE}", re.DOTALL)


def executed(page: Path) -> str:
    """Return a page with the real output below every Python block that prints, and below every command.

    The blocks run in order, in one namespace and in one empty folder.
    """
    space: dict[str, Any] = {"__name__": page.stem}

    def run(block: re.Match[str]) -> str:
        if block["session"] is not None:
            commands = [line for line in block["session"].splitlines() if line.startswith("$ spiking ")]
            return "```console\n" + "".join(f"{line}\n{_command(line)}" for line in commands) + "```\n"
        out = _printed(lambda: exec(compile(block["source"], page.name, "exec"), space))
        return f"{block['code']}\n```text\n{out}```\n" if out else block["code"]

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return BLOCK.sub(run, page.read_text(encoding="utf-8"))


def differences(new: str, old: str) -> list[tuple[str, str]]:
    """Lines that differ in a word, or in a number by more than 1 %: other processors add in another order."""
    pairs = zip_longest(new.splitlines(), old.splitlines(), fillvalue="(no line)")
    return [(a, b) for a, b in pairs if not _alike(a, b)]


def _alike(new: str, old: str) -> bool:
    words = zip_longest(new.split(), old.split(), fillvalue="")
    return all(a == b or _close(a, b) for a, b in words)


def _close(a: str, b: str) -> bool:
    with contextlib.suppress(ValueError):
        x, y = (float(word.strip("[]").replace(",", "")) for word in (a, b))
        return abs(x - y) <= 0.01 * abs(y)
    return False


def _command(line: str) -> str:
    def call() -> None:
        assert main(shlex.split(line)[2:]) == 0, line

    return _printed(call)


def _printed(call: Any) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        call()
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().strip("\n").splitlines())


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]) if sys.argv[1:] else PAGES:
        page = page.resolve()
        page.write_text(executed(page), encoding="utf-8")
