"""The table of elementwise functions: one row says all that the engines which evaluate text need to know of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# the functions that NumPy and Brian2 call by the same name
SHARED: tuple[str, ...] = ("abs", "arccos", "arcsin", "arctan", "ceil", "clip", "cos")
SHARED += ("exp", "expm1", "log", "log1p", "sin", "sqrt", "tanh")


@dataclass(frozen=True)
class Formula:
    """y = f(a) as text, in the words that NumPy and Brian2 share, for all real a and without overflow where f has none.

    text         of `a` and the fields of the function's class; int(condition) is 0 or 1
    slopes       bounds of f'(a), rounded outward to five decimals; None where there are none, or a field sets them
    homogeneous  whether f(c·a) = c·f(a) for c > 0, so that a running sum can stand for a running mean
    """

    text: str
    slopes: tuple[float, float] | None = None
    homogeneous: bool = False

    @property
    def calls(self) -> frozenset[str]:
        """The functions the text uses."""
        return frozenset(re.findall(r"(\w+)\(", self.text))

    def written(self, names: Mapping[str, str]) -> str:
        """Return the text with other words for `a` and the fields."""
        return re.sub(r"\b[A-Za-z_]\w*", lambda found: names.get(found[0], found[0]), self.text)


SIGMOID = "exp(clip(a, -inf, 0.0))/(1.0 + exp(-abs(a)))"  # no overflow on either side
SOFTPLUS = "(clip(a, 0.0, inf) + log1p(exp(-abs(a))))"
NONZERO = "(clip(a, floor, inf)*int(a >= 0) + clip(a, -inf, -floor)*int(a < 0))"

ROUNDED = "(-ceil(-a - 0.5))"  # the largest whole number up to a + 1/2

NAMED: dict[str, Formula] = {  # what Elementwise may name; sqrt(2/π) = 0.79788…
    "gelu": Formula("a*(1.0 + erf(a/sqrt(2.0)))/2.0", (-0.12891, 1.12891)),
    "gelu_tanh": Formula("a*(1.0 + tanh(0.7978845608028654*(a + 0.044715*a**3)))/2.0", (-0.129, 1.129)),
    "silu": Formula(f"a*({SIGMOID})", (-0.09984, 1.09984)),
    "sigmoid": Formula(SIGMOID, (0.0, 0.25)),
    "tanh": Formula("tanh(a)", (0.0, 1.0)),
    "exp": Formula("exp(a)"),
    "log": Formula("log(clip(a, floor, inf))"),
    "sqrt": Formula("sqrt(clip(a, 0.0, inf))"),
    "rsqrt": Formula("1.0/sqrt(clip(a, floor, inf))"),
    "reciprocal": Formula(f"1.0/{NONZERO}"),
    "hardswish": Formula("a*clip(a + 3.0, 0.0, 6.0)/6.0", (-0.5, 1.5)),
    "hardsigmoid": Formula("clip(a + 3.0, 0.0, 6.0)/6.0", (0.0, 0.16667)),
    "softplus": Formula(f"{SOFTPLUS}*int(a <= 20.0) + a*int(a > 20.0)", (0.0, 1.0)),
    "mish": Formula(f"a*tanh({SOFTPLUS})", (-0.11253, 1.0885)),
    "floor": Formula("-ceil(-a)"),
    "ceil": Formula("ceil(a)"),
    "trunc": Formula("ceil(clip(a, -inf, 0.0)) - ceil(-clip(a, 0.0, inf))"),
    "round": Formula(f"{ROUNDED} - int({ROUNDED} == a + 0.5)*({ROUNDED} + 2.0*ceil(-{ROUNDED}/2.0))"),  # ties to even
    "sign": Formula("1.0*int(a > 0) - 1.0*int(a < 0)"),
    "sin": Formula("sin(a)", (-1.0, 1.0)),
    "cos": Formula("cos(a)", (-1.0, 1.0)),
    "erf": Formula("erf(a)", (0.0, 1.12838)),
    "atan": Formula("arctan(a)"),
    "asin": Formula("arcsin(clip(a, -1.0, 1.0))"),
    "acos": Formula("arccos(clip(a, -1.0, 1.0))"),
}
FORMULAS: dict[str, Formula] = {  # and the classes of functions.py
    **NAMED,
    "Identity": Formula("a", (1.0, 1.0), homogeneous=True),
    "Relu": Formula("clip(a, 0.0, inf)", (0.0, 1.0), homogeneous=True),
    "LeakyRelu": Formula("a*int(a >= 0) + slope*a*int(a < 0)", homogeneous=True),
    "Clamp": Formula("clip(a, low, high)", (0.0, 1.0)),
    "Abs": Formula("abs(a)", (-1.0, 1.0), homogeneous=True),
    "Elu": Formula("scale*(a*int(a > 0) + alpha*expm1(clip(a, -inf, 0.0)*rate)*int(a <= 0))"),
}
