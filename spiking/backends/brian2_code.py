"""What a population computes in one tick, as text in Brian2's equation language; needs no Brian2.

Every expression means what backends/reference.py says, in the same order of operations. Every line of a function
makes a new name: the numpy target turns y = y*k into a product in place, and y may be another array by a new name.
"""

from __future__ import annotations

from ..alphabets import Alphabet
from ..functions import Clamp, Function, Identity, LeakyRelu, MaxPool, Relu
from ..nodes import Neuron
from .base import Plan

TICK = "tick = t_in_timesteps + 1"


def pieces(functions: tuple[Function, ...]) -> list[tuple[MaxPool | None, list[Function]]]:
    """Split a composition at its max-pools: a pool (None in the first piece) and what follows it elementwise."""
    found: list[tuple[MaxPool | None, list[Function]]] = [(None, [])]
    for function in functions:
        if isinstance(function, MaxPool):
            found.append((function, []))
        else:
            found[-1][1].append(function)
    return found


def largest(taps: int) -> tuple[list[str], str]:
    """Return lines, and the name that is max(y0, y1, …) after them."""
    lines, value = [], "y0"
    for k in range(1, taps):
        lines.append(f"m{k} = clip({value}, y{k}, inf)")
        value = f"m{k}"
    return lines, value


def chained(functions: list[Function], value: str) -> tuple[list[str], str]:
    """Return lines, and the name that is f(value) after them."""
    lines = []
    for k, function in enumerate(functions):
        lines.append(f"f{k} = {_elementwise(function, value)}")
        value = f"f{k}"
    return lines, value


def emission(neuron: Neuron, plan: Plan, value: str) -> list[str]:
    """Return the lines from y (`value`) to the spike q: r = y + v0 − s, q = emit(r), s += q."""
    assert neuron.alphabet is not None  # run() refuses drafts
    lines = [f"r = {value} + v0 - s", f"q = {_letter(neuron.alphabet)}"]
    awake = [tick for tick in range(1, plan.steps + 1) if plan.speaks(neuron, tick)]
    if len(awake) < plan.steps:
        first, last = (awake[0], awake[-1]) if awake else (1, 0)
        lines.append(f"q = q*int(tick >= {first})*int(tick <= {last})")
    return [*lines, "s = s + q"]


def _elementwise(function: Function, y: str) -> str:
    match function:
        case Identity():
            return y
        case Relu():
            return f"clip({y}, 0.0, inf)"
        case LeakyRelu():
            return f"{y}*int({y} >= 0) + {float(function.slope)!r}*{y}*int({y} < 0)"
        case Clamp():
            return f"clip({y}, {float(function.low)!r}, {float(function.high)!r})"
    raise TypeError(f"no meaning for {type(function).__name__}")


def _letter(alphabet: Alphabet) -> str:
    """Return the spike for r as an expression; a ladder of comparisons, never a logarithm, which rounds."""
    theta = repr(float(alphabet.threshold))
    if alphabet.kind == "binary":
        return f"u*int(r/u >= {theta})"
    rungs = [f"int(abs(r)/u >= {theta})"]
    rungs += [f"{2.0 ** (k - 1)!r}*int(abs(r)/u >= {0.75 * 2.0**k!r})" for k in range(1, alphabet.levels)]
    return f"sign(r)*u*({' + '.join(rungs)})"
