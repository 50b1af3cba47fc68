"""What a field of a record must hold, read from its annotation: one gate for what users build and what files bring."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from .arguments import shown
from .shape_only import ShapeOnly

WIDEST = 2**63  # whole numbers stay below it, as every engine's do
MOST = 2**48  # entries of one array: far above what any memory holds, far below where products overflow
DEEPEST = 16  # axes of one array: engines add some, and NumPy ends at 32
WORDS = {"f": "float32 or float64", "iu": "integers", "fiub": "real numbers"}


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


Weights = Annotated[NDArray[Any], Entries()]
Matrix = Annotated[NDArray[Any], Entries(rank=2)]
Indices = Annotated[NDArray[Any], Entries("iu", 1)]
Limit = Annotated[float, Beyond()]
Measured = Annotated[float, Beyond(nan=True)]


def mistyped(record: Any, skip: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield one line for each field, of the record or of a record in it, that is not of its declared type."""
    kind: Any = type(record)
    for name, wanted in _declared(kind).items():
        if name not in skip:
            yield from misfits(name, getattr(record, name), wanted)


def misfits(name: str, value: Any, wanted: Any) -> Iterator[str]:
    """Yield one line for each part of a value that is not of the type `wanted`."""
    kind, parts = get_origin(wanted), get_args(wanted)
    if kind is Annotated:
        yield from _annotated(name, value, *parts)
    elif kind in (Union, UnionType):
        yield from _one_of(name, value, parts)
    elif kind is Literal:
        if not isinstance(value, str) or value not in parts:
            yield f"{name} {shown(value)} is not one of {', '.join(parts)}"
    elif kind is tuple:
        yield from _items(name, value, parts[0])
    elif kind is not None and issubclass(kind, Mapping):
        yield from _table(name, value, parts[1])
    elif wanted in SIMPLE:
        holds, words = SIMPLE[wanted]
        if not holds(value):
            yield f"{name} must be {words}, not {shown(value)}"
    elif not isinstance(value, wanted):
        yield f"{name} must be of the kind {wanted.__name__}, not {shown(value)}"
    elif is_dataclass(value):
        yield from (f"{name}.{fault}" for fault in mistyped(value))


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
def _declared(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def _annotated(name: str, value: Any, wanted: Any, *notes: Any) -> Iterator[str]:
    note = next((note for note in notes if isinstance(note, Entries | Beyond)), None)
    if isinstance(note, Entries):
        yield from _array(name, value, note)
    elif isinstance(note, Beyond):
        if not _is_number(value) or (math.isnan(value) and not note.nan):
            yield f"{name} must be a number, not {shown(value)}"
    else:
        yield from misfits(name, value, wanted)


def _array(name: str, value: Any, wanted: Entries) -> Iterator[str]:
    if isinstance(value, np.matrix | np.ma.MaskedArray) or not isinstance(value, np.ndarray | ShapeOnly):
        yield f"{name} must be an array, not {shown(value)}"
        return
    if isinstance(value, ShapeOnly):
        wrong = [*mistyped(value)] or [f"axis of {n}" for n in value.shape if n < 0]
        if wrong or math.prod(value.shape) > MOST:
            yield f"{name} has no possible shape"
            return
    kind, width = value.dtype.kind, value.dtype.itemsize
    if kind not in wanted.kinds or width > 8 or (kind == "f" and width < 4) or not value.dtype.isnative:
        yield f"{name} must hold {WORDS.get(wanted.kinds, wanted.kinds)}, not {value.dtype.str}"
    elif wanted.rank is not None and value.ndim != wanted.rank:
        yield f"{name} must have {wanted.rank} axes, not {value.ndim}: {value.shape}"
    elif 0 in value.shape:
        yield f"{name} {value.shape} is empty"


def _one_of(name: str, value: Any, kinds: tuple[Any, ...]) -> Iterator[str]:
    """A value must be of one kind of a union; a misfit is told by the kind it comes nearest."""
    if value is None and NoneType in kinds:
        return
    found = [list(misfits(name, value, kind)) for kind in kinds if kind is not NoneType]
    if all(found):
        yield from found[-1 if isinstance(value, np.ndarray | ShapeOnly) else 0]


def _items(name: str, value: Any, wanted: Any) -> Iterator[str]:
    if not isinstance(value, tuple):
        yield f"{name} must be a tuple, not {shown(value)}"
        return
    for at, item in enumerate(value):
        yield from misfits(f"{name}[{at}]", item, wanted)


def _table(name: str, value: Any, wanted: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{name} must be a table, not {shown(value)}"
        return
    for key, item in value.items():
        if not _is_text(key):
            yield f"{name} has the key {shown(key)}, which is no text"
        yield from misfits(f"{name}[{shown(key)}]", item, wanted)


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
