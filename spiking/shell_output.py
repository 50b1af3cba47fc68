"""What the command line writes: results to stdout, all else to stderr; names in them are no more than names."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import escaping
from .files import write_text


def say(text: str) -> None:
    """Write one line to stderr."""
    print(escaping.cell(text), file=sys.stderr)


def complain(text: str) -> None:
    """Write one message to stderr; its further lines are set in, so that no name in it looks like another message."""
    first, *more = escaping.lines(text).split("\n")
    print("\n".join([f"spiking: {first}", *(f"  {line.strip()}" for line in more)]), file=sys.stderr)


@contextmanager
def warnings_in_words() -> Iterator[None]:
    """Show a warning as a message, without the line of code that it comes from."""

    def shown(message: Warning | str, *where: object) -> None:
        complain(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = shown  # type: ignore[assignment]
        yield


def result(text: str, data: Any, target: str | None) -> None:
    """Write a result: as text to stdout, and as JSON to a file; "-" writes JSON to stdout instead."""
    encoded = "" if target is None else json.dumps(data, indent=2)
    if target not in (None, "-"):
        write_text(str(target), encoded + "\n")
    print(encoded if target == "-" else escaping.lines(text))
