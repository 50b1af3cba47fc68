"""A neuron's function as a chain of populations: what each reads from those before it; needs no Brian2.

Elementwise functions stay in the population they meet. One that reads a group adds helpers: maxima are taken eight
at a time, sums by a population with one element a group, and every member reads its group's value back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import prod

import numpy as np

from ..functions import Function, Shape
from ..groups import GroupNorm, LogSoftmax, MaxPool, Norm, Softmax
from ..unroll import Index
from ..wiring import Array, reach, windows
from .brian2_code import LANGUAGE, elementwise, largest

GROUPS = (MaxPool, Softmax, LogSoftmax, Norm, GroupNorm)
WIDE = 8  # how many elements one helper compares


@dataclass(eq=False)
class Stage:
    """One population: y = value, after `lines`; or, with a `term`, the sum of that term over its members.

    size        how many elements it has, of one sample
    value       its y, an expression or the name of the last line
    lines       assignments before it, in order, in Brian2's language
    term        what a sum adds up, of each element of `members`: y_pre is that element's y
    reads       name -> number of the stage read, and the flat index of the element read there, (size,)
    constants   name -> a parameter of each element, (size,)
    members     of a sum: the stage summed over, and the element each of its elements adds to
    """

    size: int
    value: str = ""
    reads: dict[str, tuple[int, Index]] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    term: str = ""
    members: tuple[int, Index] | None = None

    @property
    def variables(self) -> list[str]:
        """The declarations of what is read."""
        return [f"{name} : 1 (linked)" for name in self.reads] + [f"{name} : 1 (constant)" for name in self.constants]

    def then(self, text: str) -> None:
        """Go on from the value: a new name each time, for the numpy target turns y = y*k into a product in place."""
        name = f"f{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        self.value = name


def lacks(function: Function) -> bool:
    """Return whether there are no stages for a function."""
    formula = function.formula
    return not isinstance(function, GROUPS) if formula is None else not formula.calls <= LANGUAGE


def stages(functions: tuple[Function, ...], shape: Shape, value: str) -> list[Stage]:
    """Return the populations that compute f, first to last; the first reads its integrator as `value`."""
    made = [Stage(prod(shape), value)]
    for function in functions:
        match function:
            case MaxPool():
                _linked(made, len(made) - 1, _pool(function, shape))
            case Softmax() | LogSoftmax():
                _softmax(made, _groups(shape, (function.axis,)), isinstance(function, LogSoftmax))
            case Norm():
                _normalised(made, _groups(shape, tuple(range(-function.axes, 0))), function, shape)
            case GroupNorm():
                _normalised(made, np.arange(prod(shape)).reshape(function.groups, -1), function, shape)
            case _:
                _elementwise(made[-1], function, shape)
        shape = function.infer(shape)
    return made


def _elementwise(stage: Stage, function: Function, shape: Shape) -> None:
    given = {}
    for name in (parameter.name for parameter in fields(function)):
        value = getattr(function, name)
        if np.ndim(value):
            given[name] = f"{name}{len(stage.constants)}"
            stage.constants[given[name]] = np.broadcast_to(value, shape).ravel()
    stage.then(elementwise(function, stage.value, given))


def _softmax(made: list[Stage], groups: Index, log: bool) -> None:
    """exp(a − max)/Σ exp(a − max), or its logarithm."""
    source, of, every = len(made) - 1, _of(groups), np.arange(groups.size)
    highest = _highest(made, groups)
    shifted = {"member": (source, every), "highest": (highest, of)}
    made.append(Stage(groups.size, "exp(member - highest)", shifted))
    raised, total = len(made) - 1, _total(made, "y_pre", groups)
    if log:
        made.append(Stage(groups.size, reads={**shifted, "total": (total, of)}))
        made[-1].then("(member - highest) - log(total)")
    else:
        made.append(Stage(groups.size, reads={"raised": (raised, every), "total": (total, of)}))
        made[-1].then("raised/total")


def _normalised(made: list[Stage], groups: Index, function: Norm | GroupNorm, shape: Shape) -> None:
    """weight·(a − m)/√(v + eps) + bias, the mean of squares over each group after its mean was taken away."""
    source, of, every, size = len(made) - 1, _of(groups), np.arange(groups.size), float(groups.shape[1])
    if isinstance(function, GroupNorm) or function.center:
        total = _total(made, "y_pre", groups)
        centring = {"member": (source, every), "total": (total, of)}
        made.append(Stage(groups.size, f"member - total/{size!r}", centring))
        source = len(made) - 1
    squares = _total(made, "y_pre*y_pre", groups)
    made.append(Stage(groups.size, reads={"centred": (source, every), "squares": (squares, of)}))
    made[-1].then(f"centred/sqrt(squares/{size!r} + {float(function.eps)!r})")
    for name, sign in (("weight", "*"), ("bias", "+")):
        value = getattr(function, name)
        if value is not None:
            made[-1].constants[name] = np.broadcast_to(value, shape).ravel()
            made[-1].then(f"{made[-1].value} {sign} {name}")


def _highest(made: list[Stage], groups: Index) -> int:
    """Add the populations that find the maximum of each group; return the number of the last one."""
    source = len(made) - 1
    while True:
        count = -(-groups.shape[1] // WIDE)
        padded = np.pad(groups, ((0, 0), (0, count * WIDE - groups.shape[1])), mode="edge")
        used = min(WIDE, groups.shape[1])
        _linked(made, source, padded.reshape(-1, WIDE).T[:used])
        if count == 1:
            return len(made) - 1
        source, groups = len(made) - 1, np.arange(len(groups) * count).reshape(-1, count)


def _linked(made: list[Stage], source: int, reads: Index) -> None:
    """Add a population whose every element is the largest of the elements it reads, (reads, size)."""
    names = {f"y{k}": (source, where) for k, where in enumerate(reads)}
    made.append(Stage(reads.shape[1], reads=names))
    made[-1].then(largest(list(names)))


def _total(made: list[Stage], term: str, groups: Index) -> int:
    """Add a population that sums `term` over each group of the last one; return its number."""
    made.append(Stage(len(groups), term=term, members=(len(made) - 1, _of(groups))))
    return len(made) - 1


def _groups(shape: Shape, axes: Shape) -> Index:
    """Return the flat positions of the members of each group along `axes` (negative): (groups, members)."""
    last = tuple(range(-len(axes), 0))
    marks = np.moveaxis(np.arange(prod(shape)).reshape(shape), axes, last)
    return marks.reshape(-1, prod(shape[axis] for axis in axes))


def _of(groups: Index) -> Index:
    """Return the group of each element."""
    of = np.empty(groups.size, np.int64)
    of[groups] = np.arange(len(groups))[:, None]
    return of


def _pool(pool: MaxPool, shape: Shape) -> Index:
    """Return the flat positions each window reads, (taps, out); a padded one is replaced by one that is inside."""
    marks = np.arange(prod(shape)).reshape(shape)
    n = len(pool.kernel)
    out = pool.infer(shape)[-n:]
    kernel = reach(pool.kernel, pool.dilation, pool.padding, shape[-n:])
    reads = windows(marks, kernel, pool.stride, pool.padding, out, -1, pool.dilation)
    reads = reads.reshape(-1, reads.shape[-1])
    return np.where(reads < 0, reads.max(axis=-1, keepdims=True), reads).T
