"""The generated parts of the README, tables and output: `python -m tests.tables` rewrites them, a test compares."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parents[1] / "README.md"


def support_table() -> str:
    """Every rule by what it becomes, with the ATen calls it takes."""
    from converters import supported

    groups: dict[str, list[str]] = {}
    for target, text in supported().items():
        name = target.removesuffix(".default").replace(".", "\u200b.")
        groups.setdefault(text.rstrip("."), []).append(f"`{name}`")
    rows = sorted(f"| {', '.join(names)} | {text.replace('|', '∣')} |" for text, names in groups.items())
    return "\n".join(["| ATen call | what it becomes |", "|---|---|", *rows])


def platform_table() -> str:
    """Every platform with its one line."""
    from hardware import platforms

    rows = [f"| `{name}` | {text} |" for name, text in platforms().items()]
    return "\n".join(["| platform | |", "|---|---|", *rows])


TABLES = {"ops": support_table, "platforms": platform_table}


def written(text: str) -> str:
    """The README with every generated part as it should be now."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        assert pattern.search(text), f"README.md has no place for the table '{name}'"
        text = pattern.sub(lambda _, b=begin, e=end, m=make: f"{b}\n{m()}\n{e}", text)
    return text


BLOCK = re.compile(r"(```python\n(.*?)```\n)(?:```text\n.*?```\n)?", re.DOTALL)


def executed(text: str) -> str:
    """The README with the real output below every Python block that prints, the blocks run in order."""
    space: dict[str, Any] = {}

    def run(block: re.Match[str]) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block[2], "README.md", "exec"), space)
        lines = "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())
        return f"{block[1]}```text\n{lines}\n```\n" if lines else block[1]

    return BLOCK.sub(run, text)


if __name__ == "__main__":
    README.write_text(executed(written(README.read_text())))
