"""Every rule against torch: the same function without spikes, and within a predicted distance with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from models import DEEP, RULES, Two, rule_model, samples
from oracle import bound, converted, faithful
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


@pytest.mark.parametrize("method", STEPS)
@pytest.mark.parametrize("name", ["multiply", "add", "cat"])
def test_two_streams_meet(name: str, method: str) -> None:
    op = {"multiply": torch.mul, "add": torch.add, "cat": lambda a, b: torch.cat([a, b], 1)}[name]
    torch.manual_seed(0)
    model, x = Two(nn.Linear(6, 8), nn.Linear(6, 8), op).eval(), samples(6, 6)
    network = converted(model, x, method)
    faithful(network, model, x, STEPS[method])


def test_the_oracle_sees_a_broken_weight() -> None:
    """The control: one weight of 24 is off by a tenth, and both halves of the oracle say so."""
    model, x = rule_model("linear")
    network = converted(model, x, "sigma-delta")
    damaged = network["op"].weight.copy()
    damaged[0, 0] += 0.1
    broken = replace(network, nodes=tuple(replace(n, weight=damaged) if n.name == "op" else n for n in network))
    with pytest.raises(AssertionError, match="is not the model"):
        faithful(broken, model, x, 40)
    gap = np.abs(run(broken, x, steps=40, backend="reference", progress=False).readout[-1] - model(x).detach().numpy())
    assert np.any(gap > bound(network, x.numpy(), 40))


def test_the_oracle_sees_a_network_cut_short() -> None:
    model, x = rule_model("residual")
    with pytest.raises(AssertionError, match="not settled after 2 ticks"):
        faithful(converted(model, x, "sigma-delta"), model, x, 2)


def test_the_bound_is_reached() -> None:
    """Two neurons of unit 1 hold 0.74 each, just under θ·u = 0.75; weights 2 and −3 see 0.74·2 + 0.74·3 = 3.7.

    The bound is 0.75·(2 + 3) = 3.75: nothing below 3.7 would have been true.
    """
    weights = Linear("l", ("n",), np.array([[2.0, -3.0]]))
    neuron = Neuron("n", ("x",), (Identity(),), graded(1.0, 4))
    network = SpikingNetwork((Input("x", (), (2,)), neuron, weights, Output("out", ("l",))))
    x = np.array([[0.74, -0.74]])
    off = np.abs(run(network, x, steps=9, backend="reference", progress=False).readout[-1] - x @ [[2.0], [-3.0]])
    assert off == pytest.approx(np.array([[3.7]]))
    assert bound(network, x, 9) == pytest.approx(np.array([[3.75]]))


@st.composite
def convolutions(draw: st.DrawFn) -> nn.Module:
    groups, wide, out = (draw(st.integers(1, 2)) for _ in range(3))
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride, dilation = draw(pair), draw(pair), draw(pair)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    torch.manual_seed(draw(st.integers(0, 99)))
    bias = draw(st.booleans())
    return nn.Conv2d(2 * wide, out * 2, kernel, stride, padding, dilation, 2 if groups == 2 else 1, bias)


@QUICK
@given(convolutions(), st.integers(3, 8), st.integers(3, 8))
def test_any_convolution(conv: nn.Conv2d, height: int, width: int) -> None:
    spans = [d * (k - 1) + 1 for d, k in zip(conv.dilation, conv.kernel_size, strict=True)]
    assume(all(size + 2 * p >= span for size, p, span in zip((height, width), conv.padding, spans, strict=True)))
    model, x = nn.Sequential(nn.ReLU(), conv).eval(), samples(3, conv.in_channels, height, width)
    faithful(converted(model, x, "sigma-delta"), model, x, 40)


@st.composite
def pools(draw: st.DrawFn) -> tuple[nn.Module, int]:
    """A pool over one axis of a map, and the size of that axis; the other axis is pooled by 2."""
    kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    padding, ceil = draw(st.integers(0, kernel // 2)), draw(st.booleans())
    window = {"kernel_size": (kernel, 2), "stride": (stride, 2), "padding": (padding, 0), "ceil_mode": ceil}
    if draw(st.booleans()):
        divisor = draw(st.sampled_from([None, 3]))
        return nn.AvgPool2d(**window, count_include_pad=draw(st.booleans()), divisor_override=divisor), kernel
    return nn.MaxPool2d(**window, dilation=(draw(st.integers(1, 2)), 1)), kernel


@QUICK
@given(pools(), st.integers(1, 7))
def test_any_pool(made: tuple[nn.Module, int], more: int) -> None:
    pool, kernel = made
    x = samples(3, 2, 2 * kernel + more, 5).abs()
    model = nn.Sequential(nn.ReLU(), pool).eval()
    faithful(converted(model, x, "sigma-delta"), model, x, 40)


def test_a_rule_is_registered_once() -> None:
    with pytest.raises(ValueError, match=r"relu\.default already has the rule relu"):
        rule("relu.default")(lambda b, x: x)
    assert TABLE["relu.default"].__name__ == "relu"


def test_every_rule_says_what_it_makes() -> None:
    """The support table is one line a call: 'Kind: how', 'Nothing', or the kind alone."""
    assert set(supported()) == set(TABLE)
    assert all(line.endswith(".") and len(line) > 5 for line in supported().values())


def test_a_weight_shared_by_two_calls_is_used_twice() -> None:
    """One module called twice: two nodes, equal weights, different names."""
    torch.manual_seed(0)
    layer = nn.Linear(6, 6)
    model = nn.Sequential(layer, nn.ReLU(), layer).eval()
    x = samples(6, 6)
    network = converted(model, x, "sigma-delta")
    first, second = (node for node in network if isinstance(node, Weighted))
    assert first.name != second.name
    np.testing.assert_array_equal(first.weight, second.weight)
    faithful(network, model, x, 40)
