"""The generated parts of README and docs: `python -m tests.tables` rewrites them, a test compares."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parents[1] / "README.md"
VALIDATION = README.parent / "docs" / "validation.md"


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


def validation_page() -> str:
    """Every figure of silicon beside its prediction."""
    from hardware import validate

    return VALIDATION_HEAD + validate().to_markdown()


VALIDATION_HEAD = """# The cost models against silicon

`spiking validate` recomputes this page from the shipped numbers. A fold is the larger of predicted/measured and
measured/predicted; a group passes if each of its scored rows is within its tolerance. No number is tuned to a row: the
few that were fitted to one say so in their platform file, and that row is shown without a tolerance. Misses stay in.

![Predicted over measured, a column for each group, tolerances as bars](validation.png)

"""


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
    VALIDATION.write_text(validation_page())
