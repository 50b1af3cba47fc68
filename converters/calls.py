"""Which calls a model is made of, where, and what each would become: before anything is converted."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.export import ExportedProgram

from spiking import table

from .doors import model_given, tensors_given
from .rules.registry import find, first_line
from .torch_export import capture, example_of


@dataclass(frozen=True)
class Call:
    """One kind of call.

    target    ATen name with overload
    count     how often it occurs
    rule      what it becomes, "" without a rule
    paths     the modules it stands in
    constant  whether it does not depend on the input, and so needs no rule
    """

    target: str
    count: int
    rule: str
    paths: tuple[str, ...]
    constant: bool


@dataclass(frozen=True)
class Survey:
    """Every kind of call of a model; `str` is a table, calls without a rule first."""

    calls: tuple[Call, ...]

    @property
    def missing(self) -> tuple[Call, ...]:
        """Calls without a rule that depend on the input."""
        return tuple(call for call in self.calls if not call.rule and not call.constant)

    def __str__(self) -> str:
        rows = [
            [
                f"aten.{call.target}",
                f"{call.count:,}",
                call.rule or ("constant" if call.constant else "NO RULE"),
                ", ".join(call.paths[:3]) + (f", … {len(call.paths) - 3} more" if len(call.paths) > 3 else ""),
            ]
            for call in self.calls
        ]
        return table(["call", "times", "becomes", "where"], rows, left=4)


def survey(model: nn.Module | ExportedProgram, example: Tensor | dict[str, Tensor] | None = None) -> Survey:
    """Return the calls of a model for one sample; an exported program brings its own example.

    Raises InvalidInput without an example, UnsupportedOperation if torch.export cannot capture the model.
    """
    assert model_given(model, "survey")
    graph = capture(model, example_of(model, "survey") if example is None else tensors_given(example, "survey"))
    groups: dict[tuple[str, bool], list[str]] = {}
    for op in graph.ops:
        groups.setdefault((op.target, op.name not in graph.streams), []).append(op.path or "(top)")
    calls = []
    for (target, constant), paths in groups.items():
        rule = find(target)
        text = "" if rule is None or constant else first_line(rule).rstrip(".")
        calls.append(Call(target, len(paths), text, tuple(dict.fromkeys(paths)), constant))
    return Survey(tuple(sorted(calls, key=lambda call: (bool(call.rule) or call.constant, call.constant, call.target))))
