"""What words on the command line stand for: numbers with units, options of a network, data files."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Sequence
from contextlib import suppress
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile

import numpy as np

from .arguments import existing
from .errors import InvalidFile, InvalidInput
from .formatting import PREFIXES

UNITS = ("J", "W", "s", "Hz", "B", "B/s", "/s", "V", "A", "m", "m²")
SIZES = {name or "1": scale for scale, name in PREFIXES.items()} | {"u": 1e-6, "T": 1e12}
DIGITS = r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
NUMBER = re.compile(rf"(?P<number>{DIGITS})\s*(?P<prefix>[fpnuµmkMGT]?)(?P<unit>.*)")


def number(text: str) -> float:
    """Return a number that may have an SI prefix and a unit: 12pJ is 1.2e-11; raises ValueError for anything else."""
    with suppress(ValueError):
        return float(text)
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    prefix, unit = found["prefix"], found["unit"]
    if prefix and not unit and prefix == "m":  # a metre, not a thousandth of nothing
        raise ValueError(text)
    if unit and unit not in UNITS:
        raise ValueError(text)
    return float(found["number"]) * (SIZES[prefix] if prefix else 1.0)


def value(text: str) -> Any:
    """Return a number, True, False or None as it is written; any other word as it is."""
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def named(option: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return NAME=VALUE words as a dict; raises InvalidInput for what is not one."""
    pairs = [text.partition("=") for text in texts]
    wrong = [text for text, (name, _, given) in zip(texts, pairs, strict=True) if not name.isidentifier() or not given]
    if wrong:
        raise InvalidInput(f"{option} takes NAME=VALUE, not '{wrong[0]}'")
    return {name: value(given) for name, _, given in pairs}


def arrays(path: str) -> tuple[Any, Any]:
    """Return inputs and labels of a .npy or .npz file.

    The array named x or inputs, the only one, or all of them by name; labels are called labels or y.
    """
    source = existing("path", path)
    try:
        found = np.load(source, allow_pickle=False)
        held = {"x": found} if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except (ValueError, EOFError, OSError, KeyError, BadZipFile, TokenError, RuntimeError, MemoryError) as error:
        raise InvalidFile(f"{path} is not a .npy or .npz file of plain arrays ({error})") from error
    labels = next((held.pop(name) for name in ("labels", "y") if name in held), None)
    if not held:
        raise InvalidInput(f"{path} holds no inputs; name them 'x', or as the model does, and the labels 'labels'")
    inputs = next((held[name] for name in ("x", "inputs") if name in held and len(held) == 1), None)
    if inputs is None and len(held) == 1:
        inputs = next(iter(held.values()))
    return held if inputs is None else inputs, labels
