"""The captured program: calls in order, with the names of what they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from spiking import InvalidInput


@dataclass(frozen=True)
class Op:
    """One call of the source program.

    name     unique within the program
    target   ATen name with overload, in-place calls under their own name: "conv2d.default", "relu_.default"
    call     the function itself, for calls that do not depend on the input
    args     positional arguments: constants, and Ref where another op's value is used; `kwargs` by name
    shape    of the result at batch 1; of the first, if there are several
    path     module path
    line     source line, "file.py:12"
    """

    name: str
    target: str
    call: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shape: tuple[int, ...]
    path: str
    line: str

    @property
    def plain(self) -> str:
        """The ATen name without overload and in-place mark: "relu" for "relu_.default"."""
        name = self.target.partition(".")[0]
        return name.removesuffix("_") if self.in_place else name

    @property
    def in_place(self) -> bool:
        """Whether the call overwrites its first argument; `__and__` and its like do not."""
        name = self.target.partition(".")[0]
        return name.endswith("_") and not name.endswith("__")


@dataclass(frozen=True)
class Ref:
    """The value of another op, an input or a constant, by name."""

    name: str


@dataclass(frozen=True)
class Graph:
    """A captured program at batch 1.

    inputs     name -> shape, batch axis included
    constants  name -> parameter, buffer or literal tensor
    ops        the calls, in order
    outputs    name -> what is returned under it
    streams    names of what depends on the inputs
    integers   the inputs of integer or boolean type; `masks` are the boolean ones among them
    flags      inputs of another type that held zeros and ones only, as far as was seen
    """

    inputs: dict[str, tuple[int, ...]]
    constants: dict[str, Tensor]
    ops: tuple[Op, ...]
    outputs: dict[str, Ref]
    streams: frozenset[str] = frozenset()
    integers: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.ops)

    def only(self, outputs: Sequence[str] | None) -> Graph:
        """Return the graph with only the outputs of those names; None keeps all."""
        if outputs is None:
            return self
        missing = [name for name in outputs if name not in self.outputs]
        if missing:
            raise InvalidInput(f"the model has no output {', '.join(missing)}; it has: {', '.join(self.outputs)}")
        return replace(self, outputs={name: self.outputs[name] for name in outputs})


def references(value: Any) -> list[str]:
    """Return the names of all values that arguments refer to."""
    match value:
        case Ref():
            return [value.name]
        case tuple() | list():
            return [name for item in value for name in references(item)]
        case dict():
            return references(list(value.values()))
    return []


def ordered(schema: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call as its schema orders them, whichever way a version of torch gave them.

    What may stand in a place stands there, up to the last that is not its default; what may not, by name unless it is.
    """
    given = dict(zip((argument.name for argument in schema.arguments), args, strict=False)) | dict(kwargs)
    placed: list[Any] = []
    named: dict[str, Any] = {}
    needed = 0
    for argument in schema.arguments:
        value = given.get(argument.name, argument.default_value)
        usual = argument.has_default_value() and type(value) is type(argument.default_value)
        usual = usual and value == argument.default_value
        if argument.kwarg_only:
            named |= {} if usual else {argument.name: value}
        else:
            placed.append(value)
            needed = needed if usual else len(placed)
    return tuple(placed[:needed]), named
