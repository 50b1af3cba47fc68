"""What a field of a record must hold, read from its annotation: one gate for what users build and what files bring."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from .arguments import shown
from .shape_only import ShapeOnly

WIDEST = 2**63  # whole numbers stay below it, as every engine's do
MOST = 2**48  # entries of one array: far above what any memory holds, far below where products overflow
DEEPEST = 16  # axes of one array: engines add some, and NumPy ends at 32
WORDS = {"f": "float32 or float64", "iu": "integers", "fiu": "real numbers"}


@dataclass(frozen=True)
class Entries:
    """What the entries of an array are.

    kinds   dtype kinds, as NumPy names them: f floats (32 or 64 bits), i and u integers, b booleans
    rank    number of axes; None: any
    """

    kinds: str = "f"
    rank: int | None = None


@dataclass(frozen=True)
class Beyond:
    """A number that may be infinite, and with `nan` unknown."""

    nan: bool = False


Check = Callable[[str, Any], Sequence[str]]
Weights = Annotated[NDArray[Any], Entries()]
Matrix = Annotated[NDArray[Any], Entries(rank=2)]
Indices = Annotated[NDArray[Any], Entries("iu", 1)]
Limit = Annotated[float, Beyond()]
Measured = Annotated[float, Beyond(nan=True)]


def mistyped(record: Any, skip: tuple[str, ...] = ()) -> list[str]:
    """Return one line for each field, of the record or of a record in it, that is not of its declared type."""
    kind: Any = type(record)
    return [fault for name, check in _checks(kind) if name not in skip for fault in check(name, getattr(record, name))]


def unreal(record: Any) -> Iterator[str]:
    """Yield one line for each field, of a well-typed record or of a record in it, with NaN or infinite entries."""
    for field in fields(record):
        value = getattr(record, field.name)
        for at, item in enumerate(value) if isinstance(value, tuple) else ():
            if is_dataclass(item):
                yield from (f"{field.name}[{at}].{fault}" for fault in unreal(item))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and not np.all(np.isfinite(value)):
            yield f"{field.name} has NaN or infinite entries"
        elif is_dataclass(value) and not isinstance(value, ShapeOnly):
            yield from (f"{field.name}.{fault}" for fault in unreal(value))


@cache
def _checks(kind: type) -> list[tuple[str, Check]]:
    """The fields of a class, each with the check that its annotation stands for."""
    hints = get_type_hints(kind, include_extras=True)
    return [(field.name, _check(hints[field.name])) for field in fields(kind)]


def _check(wanted: Any) -> Check:
    """The check of an annotation: a name and a value in, one line for each misfit out."""
    kind, parts = get_origin(wanted), get_args(wanted)
    if kind is Annotated:
        return partial(_array if isinstance(parts[1], Entries) else _beyond, parts[1])
    if kind in (Union, UnionType):
        return partial(_one_of, NoneType in parts, [_check(part) for part in parts if part is not NoneType])
    if kind is Literal:
        return partial(_choice, parts)
    if kind is tuple:
        return partial(_items, _check(parts[0]))
    if kind is not None and issubclass(kind, Mapping):
        return partial(_table, _check(parts[1]))
    if wanted in SIMPLE:
        return partial(_simple, *SIMPLE[wanted])
    return partial(_instance, wanted)


def _simple(holds: Callable[[Any], bool], words: str, name: str, value: Any) -> Sequence[str]:
    return () if holds(value) else [f"{name} must be {words}, not {shown(value)}"]


def _beyond(wanted: Beyond, name: str, value: Any) -> Sequence[str]:
    fits = _is_number(value) and (wanted.nan or not math.isnan(value))
    return () if fits else [f"{name} must be a number, not {shown(value)}"]


def _choice(words: tuple[str, ...], name: str, value: Any) -> Sequence[str]:
    fits = isinstance(value, str) and value in words
    return () if fits else [f"{name} {shown(value)} is not one of {', '.join(words)}"]


def _instance(kind: type, name: str, value: Any) -> Sequence[str]:
    if not isinstance(value, kind):
        return [f"{name} must be of the kind {kind.__name__}, not {shown(value)}"]
    return [f"{name}.{fault}" for fault in mistyped(value)] if is_dataclass(value) else ()


def _array(wanted: Entries, name: str, value: Any) -> Sequence[str]:
    if isinstance(value, np.matrix | np.ma.MaskedArray) or not isinstance(value, np.ndarray | ShapeOnly):
        return [f"{name} must be an array, not {shown(value)}"]
    if isinstance(value, ShapeOnly):
        shaped = not mistyped(value) and min(value.shape, default=0) >= 0
        if not shaped or math.prod(value.shape) > MOST:
            return [f"{name} has no possible shape"]
    kind, width = value.dtype.kind, value.dtype.itemsize
    least = 4 if kind == "f" and isinstance(value, np.ndarray) else 1  # a width alone can be priced at any
    if kind not in wanted.kinds or not least <= width <= 8 or not value.dtype.isnative:
        return [f"{name} must hold {WORDS[wanted.kinds]}, not {value.dtype.str}"]
    if wanted.rank is not None and value.ndim != wanted.rank:
        return [f"{name} must have {wanted.rank} axes, not {value.ndim}: {value.shape}"]
    return [f"{name} {value.shape} is empty"] if 0 in value.shape else ()


def _one_of(optional: bool, checks: list[Check], name: str, value: Any) -> Sequence[str]:
    """A value of one kind of a union, the last of which may be an array; a misfit is told by the nearest."""
    if optional and value is None:
        return ()
    found = [check(name, value) for check in checks]
    return found[-1 if isinstance(value, np.ndarray | ShapeOnly) else 0] if all(found) else ()


def _items(check: Check, name: str, value: Any) -> Sequence[str]:
    if not isinstance(value, tuple):
        return [f"{name} must be a tuple, not {shown(value)}"]
    return [fault for at, item in enumerate(value) for fault in check(f"{name}[{at}]", item)]


def _table(check: Check, name: str, value: Any) -> Sequence[str]:
    if not isinstance(value, Mapping):
        return [f"{name} must be a table, not {shown(value)}"]
    keys = [f"{name} has the key {shown(key)}, which is no text" for key in value if not _is_text(key)]
    return keys + [fault for key, item in value.items() for fault in check(f"{name}[{shown(key)}]", item)]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return isinstance(value, float | np.floating) or abs(int(value)) < WIDEST


def _is_text(value: Any) -> bool:
    """Whether a value is text that a file can hold and a terminal can show."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


SIMPLE: dict[Any, tuple[Callable[[Any], bool], str]] = {
    str: (_is_text, "text"),
    bool: (lambda value: isinstance(value, bool | np.bool_), "True or False"),
    int: (lambda value: _is_number(value) and not isinstance(value, float | np.floating), "a whole number of 64 bits"),
    float: (lambda value: _is_number(value) and math.isfinite(value), "a finite number"),
    np.dtype[Any]: (lambda value: isinstance(value, np.dtype), "a type of numbers"),
}
