"""What a population computes in one tick, as text in Brian2's equation language; needs no Brian2.

Elementwise functions are those of formulas.py; the rest means what backends/reference.py says, in the same order of
operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from ..alphabets import Alphabet
from ..formulas import SHARED
from ..functions import Function
from ..nodes import Neuron
from .base import Plan

READ_CLOCK = "tick = t_in_timesteps + 1"
LANGUAGE = frozenset({*SHARED, "erf", "int"})  # erf is brian2_circuit's


def largest(names: list[str]) -> str:
    """Return max(…) over names as an expression."""
    value = names[0]
    for name in names[1:]:
        value = f"clip({value}, {name}, inf)"
    return value


def elementwise(function: Function, y: str, given: Mapping[str, str]) -> str:
    """Return f(y) for a name y; a field that differs between elements is the name `given` for it."""
    assert function.formula is not None
    values = {field.name: getattr(function, field.name) for field in fields(function)}
    numbers = {name: repr(float(value)) for name, value in values.items() if name not in given and name != "name"}
    return function.formula.written({**numbers, **given, "a": y})


def emission(neuron: Neuron, plan: Plan, value: str) -> list[str]:
    """Return the lines from y (`value`) to the spike q: r = y + v0 − s, q = emit(r), s += q."""
    assert neuron.alphabet is not None  # run() refuses drafts
    lines = [f"r = {value} + v0 - s", f"q = {_letter(neuron.alphabet)}"]
    first, last = plan.first(neuron), plan.last(neuron)
    if first > 1:
        lines.append(f"q = q*int(tick >= {first})")
    if last < plan.steps:
        lines.append(f"q = q*int(tick <= {last} or abs(r)/u >= {float(neuron.alphabet.late)!r})")
    return [*lines, "s = s + q"]


def _letter(alphabet: Alphabet) -> str:
    """Return the spike for r as an expression; a ladder of comparisons, never a logarithm, which rounds."""
    theta = repr(float(alphabet.threshold))
    if alphabet.kind == "binary":
        return f"u*int(r/u >= {theta})"
    rungs = [f"int(abs(r)/u >= {theta})"]
    rungs += [f"{2.0 ** (k - 1)!r}*int(abs(r)/u >= {0.75 * 2.0**k!r})" for k in range(1, alphabet.levels)]
    return f"sign(r)*u*({' + '.join(rungs)})"
