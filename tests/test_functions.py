"""Neuron functions: one table, two ways to evaluate its text, and torch as the independent check."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch
from zoo import build, head

from spiking import (
    Abs,
    Clamp,
    Elementwise,
    Elu,
    Function,
    Identity,
    LeakyRelu,
    Linear,
    Neuron,
    Output,
    Power,
    Relu,
    SpikingNetwork,
    UnsupportedNode,
    graded,
    run,
)
from spiking.backends.brian2_code import LANGUAGE
from spiking.backends.functions_numpy import WORDS, apply
from spiking.backends.functions_torch import Composition
from spiking.formulas import FORMULAS, NAMED, Formula

AXIS = np.concatenate([np.linspace(-12, 12, 9601), [-300.0, -20.5, -1e-9, 1e-9, 20.5, 300.0]])
FUNCTIONS: dict[str, Function] = {
    **{name: Elementwise(name, 0.125) for name in NAMED},
    "Identity": Identity(),
    "Relu": Relu(),
    "LeakyRelu": LeakyRelu(0.1),
    "LeakyRelu by channel": LeakyRelu(np.linspace(-1, 1, AXIS.size)),
    "Clamp": Clamp(-0.3, 2.5),
    "Abs": Abs(),
    "Elu": Elu(1.5, 1.25, 0.75),
    "square": Power(2.0),
    "cube": Power(3.0),
    "root": Power(0.3),
}
BOUNDED = [name for name, formula in FORMULAS.items() if formula.slopes]


def test_every_row_is_here() -> None:
    assert set(FORMULAS) <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_text_means_what_torch_means(name: str) -> None:
    layer = Composition(Neuron("n", ("x",), (FUNCTIONS[name],))).double()
    wanted = layer(torch.tensor(AXIS)).numpy()
    np.testing.assert_allclose(apply((FUNCTIONS[name],), AXIS), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", BOUNDED)
def test_slopes_are_bounds_and_are_met(name: str) -> None:
    """Differences over 1/400 lie between the bounds and come within 0.003 of each."""
    function, bounds = FUNCTIONS[name], FORMULAS[name].slopes
    assert bounds is not None
    slopes = np.diff(apply((function,), AXIS[:9601])) / np.diff(AXIS[:9601])
    assert bounds[0] - 1e-12 * 400 <= slopes.min() <= bounds[0] + 3e-3
    assert bounds[1] - 3e-3 <= slopes.max() <= bounds[1] + 1e-12 * 400


@pytest.mark.parametrize("name", FUNCTIONS)
def test_homogeneous_is_what_it_says(name: str) -> None:
    scaled = apply((FUNCTIONS[name],), 2 * AXIS), 2 * apply((FUNCTIONS[name],), AXIS)
    assert np.array_equal(*scaled) == FUNCTIONS[name].homogeneous


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_text_uses_what_both_languages_have_and_its_own_fields(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.formula is not None
    assert function.formula.calls <= LANGUAGE & WORDS.keys()
    marked = function.formula.written({"a": "1", **{field.name: "1" for field in fields(function)}})
    assert set(Formula(marked).calls) == set(function.formula.calls)
    eval(marked, {**{name: lambda *_: 1 for name in LANGUAGE}, "inf": 1, "__builtins__": {}})


def test_names_are_replaced_whole() -> None:
    """`a` is a name of its own in clip, tanh and alpha."""
    text = Formula("alpha*a + tanh(a)*clip(a, 1e-3, inf)").written({"a": "(a/tick)", "alpha": "0.5"})
    assert text == "0.5*(a/tick) + tanh((a/tick))*clip((a/tick), 1e-3, inf)"


def network(function: Function) -> tuple[SpikingNetwork, np.ndarray]:
    neuron = Neuron("n", ("l",), (function,), graded(0.125, 3))
    case = build("sigma-delta", (3,), Linear("l", ("x",), np.eye(3)), neuron, *head("n", 3))
    return case.network, case.x


def test_a_new_row_runs_where_text_is_evaluated_and_is_missed_by_name_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(NAMED, "squash", Formula("a/(1.0 + abs(a))", (0.0, 1.0)))
    made, x = network(Elementwise("squash"))
    records = [run(made, x, steps=4, backend=name, record=True, progress=False) for name in ("reference", "brian2")]
    assert np.any(records[0].rasters["n"])
    assert np.array_equal(records[0].rasters["n"], records[1].rasters["n"])
    with pytest.raises(UnsupportedNode, match=r"'norse' cannot run 1 node.*\n.*'n': it has no function 'squash'; use"):
        run(made, x, steps=4, backend="norse")
    for door in (made.dense, lambda: made.module(4)):
        with pytest.raises(UnsupportedNode, match=r"Neuron 'n': torch has no function 'squash'; add it to"):
            door()


def test_a_word_that_no_engine_has_is_missed_by_the_name_of_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NAMED, "gamma", Formula("lgamma(a)"))
    made, x = network(Elementwise("gamma"))
    for name in ("reference", "brian2"):
        with pytest.raises(UnsupportedNode, match=f"'{name}' cannot run .*\n.*'n': it has no function 'gamma'"):
            run(made, x, steps=4, backend=name)
    with pytest.raises(UnsupportedNode, match="NumPy has no function 'gamma'"):
        apply((Elementwise("gamma"),), AXIS)


def test_a_class_that_no_engine_knows_is_missed_by_name() -> None:
    class Median(Function):
        """y = the median of a"""

    made, x = network(Median())
    for name in ("reference", "brian2", "norse"):
        with pytest.raises(UnsupportedNode, match=f"'{name}' cannot run .*\n.*'n': it has no function 'median'"):
            run(made, x, steps=4, backend=name)
    with pytest.raises(UnsupportedNode, match="Output 'o': torch has no function 'median'"):
        Composition(Output("o", ("n",), (Median(),)))
