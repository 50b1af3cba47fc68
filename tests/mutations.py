"""Files and arguments with one thing wrong in them, made from right ones; and what became of each, counted."""

from __future__ import annotations

import io
import json
import resource
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from spiking import SpikingError, store

Content = dict[str, Any]
Arrays = dict[str, np.ndarray]
KINDS = ("refused", "right", "rounded", "wrong", "traceback", "hang")
SLOW = 20.0  # seconds after which a case counts as a hang
TYPES = ("f2", "f4", "f8", "g", ">f8", ">i4", "i1", "i4", "i8", "u1", "u8", "?", "c16", "S3", "U2", "M8[s]", "V4")
FIGURES = (np.nan, np.inf, -np.inf, 1e300, -1e300, 1e38, 5e-324, 2.0**-40, 0.0, -0.0, 1.0, -1.0, 0.5, 4.0, 1e6, 1e16)
VALUES: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 3, 31, -2, 2.5, 1.0, -0.5, 0.0, 1e308, 1e-320, 10**30, 2**63, -(2**63)),
    *(float("nan"), float("inf"), float("-inf"), "", "wrong", "x", "a\0b", "\ud800", "é", "1"),
    *([], [1], [0, 0], [-1], [1, 1, 1, 1], [None], ["x"], [[]], {}, {"array": "none"}, {"array": 1}, {"a": 1}),
    *({"function": "Relu"}, {"function": "none"}, [{"function": "Abs"}], [{"function": "Softmax", "axis": 9}]),
    *("rate", "sigma-delta", "binary", "graded", [1] * 40, 10**9, 10**5, "Linear", "Neuron", "Output"),
)


def altered_array(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An array with another type, rank, shape or other entries."""
    with np.errstate(all="ignore"):
        match int(rng.integers(8)):
            case 0 | 1 | 2:
                made = np.array(array)
                if made.size and made.dtype.kind in "fiu":
                    figure = FIGURES[rng.integers(len(FIGURES))]
                    where = rng.integers(made.size) if rng.random() < 0.7 else slice(None)
                    np.put(made, np.arange(made.size)[where], np.float64(figure).astype(made.dtype))
                return made
            case 3:
                kind = TYPES[rng.integers(len(TYPES))]
                return np.zeros(array.shape, kind) if kind[0] in "SUMV" else array.astype(kind)
            case 4:
                return [array[None], array.ravel(), array.T, array[..., None]][rng.integers(4)]
            case 5:
                axis = int(rng.integers(max(array.ndim, 1)))
                return array if not array.ndim else np.repeat(array, 2, axis)
            case 6:
                kept = 0 if rng.random() < 0.3 else max(len(array) - 1, 1) if array.ndim else 0
                return array[:kept] if array.ndim else array
            case _:
                return rng.integers(-64, 65, array.shape) / 16.0


def altered_arrays(content: Content, arrays: Arrays, rng: np.random.Generator) -> tuple[Content, Arrays]:
    """One array altered, dropped or exchanged for another."""
    names = sorted(arrays)
    name, other = (names[rng.integers(len(names))] for _ in range(2))
    made = {**arrays, name: altered_array(arrays[name], rng)}
    how = rng.random()
    if how < 0.05:
        del made[name]
    elif how < 0.1:
        made[name] = arrays[other]
    return content, made


def altered_header(content: Content, arrays: Arrays, rng: np.random.Generator) -> tuple[Content, Arrays]:
    """One entry of the header, at any depth, replaced, dropped, doubled or renamed."""
    made = deepcopy(content)
    places: list[tuple[Any, Any]] = []
    stack: list[Any] = [made]
    while stack:
        part = stack.pop()
        keys = list(part) if isinstance(part, dict) else range(len(part))
        for key in keys:
            places.append((part, key))
            stack.extend([part[key]] if isinstance(part[key], dict | list) else [])
    part, key = places[rng.integers(len(places))]
    how = rng.random()
    if how < 0.08:
        del part[key]
    elif how < 0.13 and isinstance(part, list):
        part.insert(key, part[key])
    elif how < 0.18 and isinstance(part, dict):
        part["wrong"] = part.pop(key)
    elif how < 0.5 and isinstance(part[key], int | float):
        part[key] = part[key] + [1, -1, 0.5, 2][rng.integers(4)]
    else:
        part[key] = deepcopy(VALUES[rng.integers(len(VALUES))])
    return made, arrays


def packed(kind: str, content: Content, arrays: Arrays) -> bytes:
    """A file of ours with this content, its digest right."""
    file = io.BytesIO()
    digest = store._digest(content, arrays)
    head = {"format": store.FORMAT, "kind": kind, "version": store.VERSION, "content": content, "digest": digest}
    named: dict[str, Any] = {f"a/{key}": value for key, value in arrays.items()}
    np.savez(file, header=np.frombuffer(json.dumps(head).encode(), np.uint8), **named)
    return file.getvalue()


def altered_bytes(whole: bytes, rng: np.random.Generator) -> bytes:
    """A file with bytes flipped, cut off, taken out or put in."""
    made, at = bytearray(whole), int(rng.integers(len(whole)))
    match int(rng.integers(5)):
        case 0:
            return bytes(made[:at])
        case 1:
            made[at : at + int(rng.integers(1, 64))] = b""
        case 2:
            made[at:at] = rng.bytes(int(rng.integers(1, 64)))
        case _:
            for place in [at, *rng.integers(len(whole), size=int(rng.integers(3)))]:
                made[place] ^= 1 << int(rng.integers(8))
    return bytes(made)


class Tally:
    """What became of every case, and the first of those that should not be."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.bad: list[str] = []
        self.before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def case(self, what: str, judge: Callable[[], str]) -> None:
        """Count one case: `judge` says whether it was right, and raises what it was refused with."""
        begin = time.perf_counter()
        try:
            verdict = judge()
        except (SpikingError, FileNotFoundError):
            verdict = "refused"
        except Exception as error:
            verdict = "traceback"
            self.bad.append(f"{what}: {type(error).__name__}: {str(error)[:200]}")
        if verdict.startswith("wrong"):
            self.bad.append(f"{what}: {verdict}")
            verdict = "wrong"
        if time.perf_counter() - begin > SLOW:
            self.bad.append(f"{what}: slow")
            self.counts["hang"] += 1
        self.counts[verdict] += 1

    def said(self, title: str) -> str:
        """One line for the log."""
        all_cases = sum(self.counts[kind] for kind in KINDS[:-1])
        numbers = ", ".join(f"{self.counts[kind]:,} {kind}" for kind in KINDS)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        memory = f"peak {peak // 1024} MB (+{(peak - self.before) // 1024})"
        return f"{title}: {all_cases:,} cases: {numbers}; {memory}"


def written(path: Path, whole: bytes) -> Path:
    """Write a file as it is."""
    path.write_bytes(whole)
    return path
