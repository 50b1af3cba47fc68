"""Every rule against torch: the same function without spikes, and within a predicted distance with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from models import DEEP, RULES, Two, rule_model, samples
from oracle import ROUNDING, bound, converted, faithful
from torch import nn

from converters import supported
from converters.rules.registry import RULES as TABLE
from converters.rules.registry import rule
from spiking import Identity, Input, Linear, Neuron, Output, SpikingNetwork, Weighted, graded, run

STEPS = {"sigma-delta": 40, "rate": 64}
QUICK = settings(max_examples=25, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_its_operation(name: str) -> None:
    model, x = rule_model(name)
    faithful(converted(model, x, "sigma-delta"), model, x, STEPS["sigma-delta"])


@pytest.mark.parametrize("name", sorted(set(RULES) - DEEP))
def test_a_rule_is_its_operation_at_a_rate(name: str) -> None:
    """A constant current through one layer: the count of spikes is off by at most one half."""
    model, x = rule_model(name)
    network = converted(model, x, "rate")
    assert max(network.depth.values()) <= 1
    faithful(network, model, x, STEPS["rate"], backend="norse")
