"""What a population computes in one tick, as text in Brian2's equation language; needs no Brian2.

Every expression means what backends/reference.py and backends/functions_numpy.py say, in the same order of operations
where Brian2 has the same operations.
"""

from __future__ import annotations

from ..alphabets import Alphabet
from ..functions import Abs, Clamp, Elementwise, Elu, Function, Identity, LeakyRelu, Power, Relu
from ..nodes import Neuron
from .base import Plan
from .functions_numpy import TANH_GELU

READ_CLOCK = "tick = t_in_timesteps + 1"
SIGMOID = "exp(clip({y}, -inf, 0.0))/(1.0 + exp(-abs({y})))"  # no overflow on either side
SOFTPLUS = "(clip({y}, 0.0, inf) + log1p(exp(-abs({y}))))"

ELEMENTWISE: dict[str, str] = {
    "gelu": "{y}*(1.0 + erf({y}/sqrt(2.0)))/2.0",
    "gelu_tanh": f"{{y}}*(1.0 + tanh({float(TANH_GELU)!r}*({{y}} + 0.044715*{{y}}**3)))/2.0",
    "silu": f"{{y}}*({SIGMOID})",
    "sigmoid": SIGMOID,
    "tanh": "tanh({y})",
    "exp": "exp({y})",
    "log": "log({y})",
    "sqrt": "sqrt({y})",
    "rsqrt": "1.0/sqrt({y})",
    "reciprocal": "1.0/{y}",
    "hardswish": "{y}*clip({y} + 3.0, 0.0, 6.0)/6.0",
    "hardsigmoid": "clip({y} + 3.0, 0.0, 6.0)/6.0",
    "softplus": f"{SOFTPLUS}*int({{y}} <= 20.0) + {{y}}*int({{y}} > 20.0)",
    "mish": f"{{y}}*tanh({SOFTPLUS})",
    "sin": "sin({y})",
    "cos": "cos({y})",
    "erf": "erf({y})",
}


def largest(names: list[str]) -> str:
    """Return max(…) over names as an expression."""
    value = names[0]
    for name in names[1:]:
        value = f"clip({value}, {name}, inf)"
    return value


def elementwise(function: Function, y: str, slope: str = "") -> str:
    """Return f(y) for a name y; a slope that differs between elements is the name `slope`."""
    match function:
        case Identity():
            return y
        case Relu():
            return f"clip({y}, 0.0, inf)"
        case LeakyRelu():
            return f"{y}*int({y} >= 0) + {slope or repr(float(function.slope))}*{y}*int({y} < 0)"
        case Clamp():
            return f"clip({y}, {float(function.low)!r}, {float(function.high)!r})"
        case Abs():
            return f"abs({y})"
        case Elementwise():
            return ELEMENTWISE[function.name].format(y=_inside(function, y))
        case Elu():
            alpha, scale, rate = (repr(float(v)) for v in (function.alpha, function.scale, function.rate))
            return f"{scale}*({y}*int({y} > 0) + {alpha}*expm1(clip({y}, -inf, 0.0)*{rate})*int({y} <= 0))"
        case Power():
            exponent = float(function.exponent)
            return f"{y}**{int(exponent)}" if exponent.is_integer() else f"clip({y}, 0.0, inf)**{exponent!r}"
    raise TypeError(f"no meaning for {type(function).__name__}")


def emission(neuron: Neuron, plan: Plan, value: str) -> list[str]:
    """Return the lines from y (`value`) to the spike q: r = y + v0 − s, q = emit(r), s += q."""
    assert neuron.alphabet is not None  # run() refuses drafts
    lines = [f"r = {value} + v0 - s", f"q = {_letter(neuron.alphabet)}"]
    awake = [tick for tick in range(1, plan.steps + 1) if plan.speaks(neuron, tick)]
    if len(awake) < plan.steps:
        first, last = (awake[0], awake[-1]) if awake else (1, 0)
        lines.append(f"q = q*int(tick >= {first})*int(tick <= {last})")
    return [*lines, "s = s + q"]


def _inside(function: Elementwise, y: str) -> str:
    """Return y where the function is defined, as functions_numpy.inside."""
    floor = repr(float(function.floor))
    if function.least is not None:
        return f"clip({y}, {float(function.least)!r}, inf)"
    if function.name == "reciprocal":
        return f"(clip({y}, {floor}, inf)*int({y} >= 0) + clip({y}, -inf, -{floor})*int({y} < 0))"
    return y


def _letter(alphabet: Alphabet) -> str:
    """Return the spike for r as an expression; a ladder of comparisons, never a logarithm, which rounds."""
    theta = repr(float(alphabet.threshold))
    if alphabet.kind == "binary":
        return f"u*int(r/u >= {theta})"
    rungs = [f"int(abs(r)/u >= {theta})"]
    rungs += [f"{2.0 ** (k - 1)!r}*int(abs(r)/u >= {0.75 * 2.0**k!r})" for k in range(1, alphabet.levels)]
    return f"sign(r)*u*({' + '.join(rungs)})"
