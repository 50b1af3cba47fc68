"""What cost functions do with curves, against NumPy on all of them at once; and what a model keeps of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import load_platform
from hardware.analysis.pricing import Model
from hardware.models import curves
from hardware.workload.zoo import net

VALUES = st.lists(st.lists(st.integers(0, 3).map(float), min_size=5, max_size=5), min_size=1, max_size=6)


@given(VALUES)
def test_the_highest_of_several_curves_and_which_it_is(values: list[list[float]]) -> None:
    given_curves = [np.array(value) for value in values]
    before = [curve.copy() for curve in given_curves]
    stacked = np.array(values)
    assert np.array_equal(curves.highest(given_curves), stacked.max(axis=0))
    assert np.array_equal(curves.which_highest(given_curves), stacked.argmax(axis=0))  # the first of equals
    assert np.array_equal(curves.added(given_curves, 5), stacked.sum(axis=0))
    assert all(map(np.array_equal, given_curves, before))


def test_the_sum_of_no_curves_is_nothing() -> None:
    assert np.array_equal(curves.added([], 4), np.zeros(4))


@pytest.mark.parametrize(
    ("interval", "folded"), [(4, [1, 2, 3, 4]), (3, [5, 2, 3]), (1, [10]), (6, [1, 2, 3, 4, 0, 0])]
)
def test_a_curve_folded(interval: int, folded: list[float]) -> None:
    assert curves.folded(np.array([1.0, 2, 3, 4]), interval).tolist() == folded


def test_a_model_keeps_no_curves_of_what_it_has_evaluated() -> None:
    """One for each layer and tick, at each set of numbers: a chain of 3,000 layers would fill the memory."""
    model = Model(net("kws").trace(), load_platform("loihi1"))
    assert model.outcome(model.values(), 1).details == ()
