"""Torch as oracle, with a bound that is predicted and not tuned.

A settled neuron keeps a residual no spike of its alphabet would lessen. Each residual travels on through absolute
weights and functions that stretch nothing, so the readout may be off by their sum and by no more:

    neuron    e' = Lip(f)·e + ρ          ρ = θ·u (sigma-delta), max(v0, u − v0)/T or u/2T (rate, binary or ternary)
    linear    e' = |W|·e
    product   e' = |A|·e_B + e_A·|B| + e_A·e_B
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from converters import convert
from spiking import (
    Function,
    Input,
    LeakyRelu,
    MatMul,
    MaxPool,
    Neuron,
    Node,
    Output,
    Product,
    SpikeRecord,
    SpikingNetwork,
    run,
)
from spiking.backends.reference import apply, linear
from spiking.wiring import aligned

Array = NDArray[Any]
ROUNDING = 1e-5  # float32 against float64, as a share of the largest output


def outputs(model: nn.Module, x: torch.Tensor) -> Array:
    """What the source answers, in evaluation mode."""
    with torch.no_grad():
        return np.asarray(model.eval()(x).numpy(), dtype=np.float64)


def residual(neuron: Neuron, schedule: str, steps: int) -> Array:
    """The most a settled neuron can be off by itself, as a share of the readout: ρ."""
    alphabet = neuron.alphabet
    assert alphabet is not None
    if schedule == "sigma-delta":
        return alphabet.threshold * alphabet.unit
    if alphabet.kind == "ternary":
        return alphabet.unit / 2 / steps
    v0 = np.zeros(()) if neuron.v0 is None else neuron.v0
    return np.maximum(v0, alphabet.unit - v0) / steps


def stretched(functions: tuple[Function, ...], e: Array) -> Array:
    """How far f(a) can move when a moves by e."""
    for function in functions:
        if isinstance(function, MaxPool):
            e = apply((function,), e)  # the largest error of the window
        elif isinstance(function, LeakyRelu):
            e = max(1.0, abs(function.slope)) * e
    return e


def bound(network: SpikingNetwork, x: Array, steps: int) -> Array:
    """The most each entry of the readout can differ from the source after `steps` ticks: (B, …)."""
    value: dict[str, Array] = {}
    error: dict[str, Array] = {}
    for node in network:
        v, e = [value[name] for name in node.inputs], [error[name] for name in node.inputs]
        shapes = [network.shapes[name] for name in node.inputs]
        if isinstance(node, Input):
            v, e = [x], [np.zeros_like(x)]
        elif isinstance(node, Neuron):
            v = [apply(node.function, v[0])]
            e = [stretched(node.function, e[0]) + residual(node, network.schedule, steps)]
        elif isinstance(node, Product):
            (a, b), (ea, eb) = (aligned(z, shapes) for z in (v, e))
            times = np.matmul if isinstance(node, MatMul) else np.multiply
            v, e = [times(a, b)], [times(abs(a), eb) + times(ea, abs(b)) + times(ea, eb)]
        elif not isinstance(node, Output):
            v, e = [linear(node, v, shapes, True)], [linear(_absolute(node), e, shapes, False)]
        value[node.name], error[node.name] = v[0], e[0]
    return error[network.outputs[0].name]


def _absolute(node: Node) -> Node:
    weight = getattr(node, "weight", None)
    return node if weight is None else replace(node, weight=abs(weight))  # type: ignore[call-arg]


def settled(record: SpikeRecord, network: SpikingNetwork) -> bool:
    """Whether every neuron is silent at the last tick: under sigma-delta nothing moves any more."""
    return all(record.activity.spikes[node.name][-1] == 0 for node in network.populations)


def faithful(
    network: SpikingNetwork, model: nn.Module, x: torch.Tensor, steps: int, backend: str = "reference"
) -> None:
    """Fail unless the network is the model: without spikes to rounding, with spikes to the predicted bound."""
    wanted = outputs(model, x)
    slack = ROUNDING * np.abs(wanted).max()
    with torch.no_grad():
        dense = network.dense()(x).numpy()
    assert dense.shape == wanted.shape
    assert np.abs(dense - wanted).max() <= slack, "dense() is not the model"
    record = run(network, x, steps=steps, backend=backend, progress=False)
    if network.schedule == "sigma-delta":
        assert settled(record, network), f"not settled after {steps} ticks"
    gap = np.abs(record.readout[-1] - wanted)
    allowed = bound(network, x.numpy().astype(np.float64), steps) + slack
    assert np.all(gap <= allowed), f"off by {gap.max():.3g}, allowed {allowed.ravel()[gap.argmax()]:.3g}"


def converted(model: nn.Module, x: torch.Tensor, method: str) -> SpikingNetwork:
    """Convert on the very samples to be tested, so that no value lies outside an alphabet's range."""
    if method == "rate":
        return convert(model, x, method="rate", percentile=100.0)
    return convert(model, x, precision=2.0**-8)
