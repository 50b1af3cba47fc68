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
from .summary import Depth

SAMPLES, LABELS = ("x", "inputs"), ("labels", "label", "y")
UNITS = ("J", "W", "s", "Hz", "B", "bit", "B/s", "FLOP/s", "/s", "J/B", "W/synapse", "V", "A", "m", "m²")
SIZES = {name: scale for scale, name in PREFIXES.items() if name} | {"u": 1e-6, "\u03bc": 1e-6, "T": 1e12}
DIGITS = r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
NUMBER = re.compile(rf"(?P<number>{DIGITS})\s*(?P<word>.*)")


def number(text: str) -> float:
    """Return a number that may have an SI prefix and a unit: 12pJ is 1.2e-11; raises ValueError for anything else."""
    with suppress(ValueError):
        return float(text)
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    digits, word = found["number"], found["word"]
    if word == "m":
        raise ValueError(f"{text} can be metres and thousandths: write {digits}e-3, or {digits}")
    if not word or word in UNITS:
        return float(digits)
    prefix, unit = word[0], word[1:]
    if prefix not in SIZES or (unit and unit not in UNITS):
        raise ValueError(text)
    return float(digits) * (SIZES[prefix] ** 2 if unit == "m²" else SIZES[prefix])  # mm² is (mm)², not m(m²)


def value(text: str) -> Any:
    """Return a number, True, False or None as it is written; any other word as it is."""
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):  # of text that is nested too deep
        return text


def named(option: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return NAME=VALUE words as a dict; raises InvalidInput for what is not one."""
    pairs = [text.partition("=") for text in texts]
    wrong = [text for text, (name, _, given) in zip(texts, pairs, strict=True) if not name.isidentifier() or not given]
    if wrong:
        raise InvalidInput(f"{option} takes NAME=VALUE, not '{wrong[0]}'")
    found = {name: value(given) for name, _, given in pairs}
    if len(found) < len(pairs):
        raise InvalidInput(f"{option} takes each name once, not {', '.join(name for name, _, _ in pairs)}")
    return found


def arrays(path: str) -> dict[str, Any]:
    """Return the arrays of a .npz file by name; the one of a .npy file is called x."""
    source = existing("path", path)
    try:
        found = np.load(source, allow_pickle=False)
        return {"x": found} if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except (ValueError, EOFError, OSError, KeyError, BadZipFile, TokenError, RuntimeError, MemoryError) as error:
        raise InvalidFile(f"{path} is not a .npy or .npz file of plain arrays ({error})") from error


def samples(path: str, names: Sequence[str]) -> tuple[Any, Any, list[str]]:
    """Return the inputs in a file, the labels or None, and the names of the arrays that are neither.

    Arrays with the names of the network's inputs are these; else the only input is the array named x or inputs, or the
    only one that is no label. Labels are called labels, label or y.
    """
    held = arrays(path)
    truth = next((held[name] for name in LABELS if name in held and name not in names), None)
    free = [name for name in held if name not in LABELS]
    chosen = [name for name in SAMPLES if name in held] or free
    if len(names) == 1 and (names[0] in held or len(chosen) == 1 or chosen[:1] == ["x"]):
        used = [names[0]] if names[0] in held else chosen[:1]
        inputs = held[used[0]]
    elif all(name in held for name in names):
        inputs, used = {name: held[name] for name in names}, list(names)
    else:
        has, wanted = ", ".join(held) or "nothing", ", ".join(names)
        raise InvalidInput(f"{path} holds {has}; the model takes {wanted}: name the arrays so, and labels 'labels'")
    return inputs, truth, [name for name in held if name not in used and name not in LABELS]


def depth(text: str) -> Depth:
    """Return a depth of a summary: a whole number, auto, or all; raises InvalidInput."""
    if text in ("auto", "all"):
        return "auto" if text == "auto" else None
    if text.isdecimal() and int(text) >= 1:
        return int(text)
    raise InvalidInput(f"--depth takes a whole number of at least 1, auto or all, not '{text}'")
