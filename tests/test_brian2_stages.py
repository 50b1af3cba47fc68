"""Brian2's text for each function, evaluated by NumPy, against what the function means."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from scipy.special import erf

from spiking import (
    Abs,
    Clamp,
    Elementwise,
    Elu,
    Function,
    GroupNorm,
    Identity,
    LeakyRelu,
    LogSoftmax,
    MaxPool,
    Norm,
    Power,
    Relu,
    Softmax,
)
from spiking.backends.brian2_stages import stages
from spiking.backends.functions_numpy import apply
from spiking.formulas import NAMED
from spiking.groups import FUNCTIONS

SPOKEN: dict[str, Any] = {
    **{
        name: getattr(np, name)
        for name in (
            "abs",
            "arccos",
            "arcsin",
            "arctan",
            "ceil",
            "exp",
            "expm1",
            "log",
            "log1p",
            "sqrt",
            "tanh",
            "sin",
            "cos",
        )
    },
    **{"clip": np.clip, "erf": erf, "inf": np.inf, "int": lambda truth: truth.astype(np.int64)},
}
rng = np.random.default_rng(3)
AXIS = np.concatenate([np.linspace(-6, 6, 97), [-300.0, -20.5, -1e-9, 0.0, 1e-9, 20.5, 300.0]])

ELEMENTWISE: dict[str, Function] = {
    "identity": Identity(),
    "relu": Relu(),
    "leaky relu": LeakyRelu(0.1),
    "slopes": LeakyRelu(rng.normal(size=AXIS.shape)),
    "clamp": Clamp(-0.3, 2.5),
    "abs": Abs(),
    "elu": Elu(1.5, 1.25, 0.75),
    "square": Power(2.0),
    "cube": Power(3.0),
    "root": Power(0.3),
    **{name: Elementwise(name, 0.125) for name in NAMED},
}
GROUPS: dict[str, tuple[tuple[Function, ...], tuple[int, ...]]] = {
    "softmax": ((Softmax(),), (2, 5)),
    "softmax of one": ((Softmax(),), (4, 1)),
    "softmax over eight": ((Softmax(-2),), (8, 3)),
    "softmax over nine": ((Softmax(-3),), (9, 2, 2)),
    "softmax over seventy": ((Softmax(),), (2, 70)),
    "log softmax": ((Relu(), LogSoftmax(-2), Abs()), (6, 3)),
    "layer norm": ((Norm(1, 1e-5, rng.normal(size=6), rng.normal(size=6)),), (3, 6)),
    "layer norm over two axes": ((Norm(2, 1e-3, None, rng.normal(size=(4, 1))),), (2, 4, 3)),
    "rms norm": ((Norm(1, 1e-5, rng.normal(size=6), center=False),), (3, 6)),
    "group norm": ((GroupNorm(2, 1e-5, rng.normal(size=(4, 1, 1)), rng.normal(size=(4, 1, 1))),), (4, 3, 2)),
    "instance norm": ((Elementwise("tanh"), GroupNorm(3), Relu()), (3, 5)),
    "max pool": ((MaxPool((2, 3), (1, 2), (1, 1), (1, 1)), Elementwise("gelu")), (2, 4, 5)),
    "one after the other": ((Norm(1), LeakyRelu(rng.normal(size=(2, 1))), Softmax()), (2, 12)),
}


def evaluated(functions: tuple[Function, ...], a: np.ndarray) -> np.ndarray:
    """Run the stages on one sample, as the populations of one tick do."""
    values: list[np.ndarray] = []
    for stage in stages(functions, a.shape, "a"):
        if stage.members is not None:
            source, of = stage.members
            term = np.broadcast_to(eval(stage.term, {"y_pre": values[source]}), of.shape)
            values.append(np.bincount(of, weights=term, minlength=stage.size))
            continue
        names = {**SPOKEN, "a": a.ravel(), **stage.constants}
        names.update({name: values[source][where] for name, (source, where) in stage.reads.items()})
        exec("\n".join([*stage.lines, f"y = {stage.value}"]), names)
        assert np.shape(names["y"]) == (stage.size,)
        values.append(names["y"])
    return values[-1]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_elementwise_function_is_its_text(name: str) -> None:
    with np.errstate(invalid="raise", divide="raise", over="raise"):
        got = evaluated((ELEMENTWISE[name],), AXIS)
    np.testing.assert_allclose(got, apply((ELEMENTWISE[name],), AXIS), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 300.0])
@pytest.mark.parametrize("name", GROUPS)
def test_a_group_function_is_its_stages(name: str, scale: float) -> None:
    functions, shape = GROUPS[name]
    a = rng.normal(size=shape) * scale
    with np.errstate(invalid="raise", divide="raise", over="raise"):
        got = evaluated(functions, a)
    np.testing.assert_allclose(got, apply(functions, a[None]).ravel(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mask", [-512.0, -1e30])
def test_a_masked_entry_gets_nothing(mask: float) -> None:
    a = np.array([[mask, 1.0, 2.0], [mask, mask, 700.0], [mask, mask, mask]])
    got = evaluated((Softmax(),), a).reshape(3, 3)
    np.testing.assert_allclose(got, apply((Softmax(),), a), rtol=1e-12, atol=0)
    np.testing.assert_allclose(got[2], 1 / 3)


def test_each_group_has_a_maximum_of_its_own() -> None:
    """Nine members, one more than a helper compares; a maximum 2,000 too high would leave 0/0."""
    a = np.stack([np.full(9, 1000.0), np.full(9, -1000.0)]) + rng.normal(size=(2, 9))
    np.testing.assert_allclose(evaluated((Softmax(),), a).reshape(2, 9), apply((Softmax(),), a), rtol=1e-12)


def test_every_function_of_a_neuron_is_here() -> None:
    here = {type(f) for f in ELEMENTWISE.values()} | {type(f) for functions, _ in GROUPS.values() for f in functions}
    assert {kind.__name__ for kind in set(FUNCTIONS.values()) - here} == {"ArgMax"}  # only an output can read it


def test_a_stage_reads_only_those_before_it() -> None:
    for functions, shape in GROUPS.values():
        chain = stages(functions, shape, "a")
        assert chain[0].size == prod(shape)
        for number, stage in enumerate(chain):
            sources = [stage.members] if stage.members is not None else stage.reads.values()
            assert all(source < number for source, _ in sources)
