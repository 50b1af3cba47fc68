"""What an argument must be: checked at the door, once, with its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import index
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidInput

LONGEST = 1_000_000  # ticks: more than two hours of physical time at 100 Hz; readouts are kept for each of them


def whole(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """Return a whole number of Python or NumPy; raises InvalidInput for booleans, floats, text, and out of bounds."""
    try:
        made = None if isinstance(value, bool | np.bool_) else index(value)
    except TypeError:
        made = None
    if made is None:
        raise InvalidInput(f"{name} must be a whole number of at least {least}, not {shown(value)}")
    if made < least:
        raise InvalidInput(f"{name} must be at least {least}, not {made}")
    if most is not None and made > most:
        raise InvalidInput(f"{name} must be at most {most:,}, not {shown(made)}")
    return made


def ticks(steps: Any) -> int:
    """Return a number of ticks; raises InvalidInput."""
    return whole("steps", steps, 1, LONGEST)


def lag(delay: Any) -> int:
    """Return a delay, 0 or 1 tick; raises InvalidInput."""
    if isinstance(delay, bool | np.bool_) or not isinstance(delay, int | np.integer) or delay not in (0, 1):
        raise InvalidInput(f"delay must be 0 or 1, not {shown(delay)}")
    return int(delay)


def front(wavefront: Any) -> bool | None:
    """Return whether neurons keep to their window, or None for the default; raises InvalidInput."""
    return None if wavefront is None else flag("wavefront", wavefront)


def real(name: str, value: Any, expected: str = "a number") -> float:
    """Return a finite number; raises InvalidInput for booleans, text and all else."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise InvalidInput(f"{name} must be {expected}, not {shown(value)}")
    if not np.isfinite(value):
        raise InvalidInput(f"{name} must be {expected}, not {value}")
    return float(value)


def flag(name: str, value: Any) -> bool:
    """Return a boolean; raises InvalidInput."""
    if not isinstance(value, bool | np.bool_):
        raise InvalidInput(f"{name} must be True or False, not {shown(value)}")
    return bool(value)


def names(name: str, value: Any) -> tuple[str, ...]:
    """Return one name or several as a tuple; raises InvalidInput for what is neither."""
    if isinstance(value, str):
        return (value,)
    listed = (
        isinstance(value, Iterable) and not isinstance(value, bytes | Mapping) and getattr(value, "shape", None) != ()
    )
    made = tuple(value) if listed else (None,)
    if not all(isinstance(item, str) for item in made):
        raise InvalidInput(f"{name} must be a name or a list of names, not {shown(value)}")
    return made


def path(name: str, value: Any) -> Path:
    """Return the path of a file; raises InvalidInput for what is none."""
    if not isinstance(value, str | PathLike):
        raise InvalidInput(f"{name} must be the path of a file, not {shown(value)}")
    return Path(value)


def existing(name: str, value: Any) -> Path:
    """Return the path of a file that is there; raises InvalidInput for no path, FileNotFoundError for no file."""
    found = path(name, value)
    if not found.exists():
        raise FileNotFoundError(f"no such file: {found}")
    return found


def several(name: str, value: Any, expected: str) -> list[Any]:
    """Return the items of a list, an array or another iterable; raises InvalidInput for text and what is none."""
    if isinstance(value, str | bytes | Mapping | type) or getattr(value, "shape", None) == ():
        raise InvalidInput(f"{name} must be {expected}, not {shown(value)}")
    if not isinstance(value, Iterable):
        raise InvalidInput(f"{name} must be {expected}, not {shown(value)}")
    return list(value)


def array(x: Any) -> NDArray[Any]:
    """Return a tensor of any device, with or without gradient, or what is like an array, as an array."""
    if hasattr(x, "detach"):
        x = x.detach().cpu()
        x = (x.float() if str(x.dtype) == "torch.bfloat16" else x).numpy()  # NumPy has no bfloat16
    try:
        made = np.asarray(x)
    except ValueError as error:  # rows of different lengths
        raise InvalidInput(f"an array was expected; what was given does not make one: {error}") from error
    return made if made.dtype.isnative else made.astype(made.dtype.newbyteorder("="))


def shown(value: Any) -> str:
    """Return a value as an error shows it: numbers and text as they are, all else by its type."""
    if value is None or isinstance(value, str | int | float | np.generic):
        try:
            text = repr(value.item() if isinstance(value, np.generic) else value)
        except ValueError:
            return "a number of too many digits"
        return text if len(text) <= 80 else f"{text[:77]}..."
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    if isinstance(value, type):
        return f"the class {kind}"
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"
