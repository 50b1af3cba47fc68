"""Torch as oracle, with a bound that is predicted and not tuned.

A settled neuron keeps a residual no spike of its alphabet would lessen. Each residual travels on through absolute
weights and functions, so the readout may be off by their sum and by no more:

    neuron    e' = reach(f, a, e) + ρ    ρ = θ·u (sigma-delta), max(v0, u − v0)/T or u/2T (rate, binary or ternary)
    linear    e' = |W|·e
    product   e' = |A|·e_B + e_A·|B| + e_A·e_B

reach(f, a, e) is the most f moves while each a_i moves by at most e_i. It is exact for elementwise functions and for
softmax, and above the truth for normalisations; no constant in it is chosen:

    elementwise   f at a − e, a + e and, where it lies between them, at the point where f turns
    softmax       p_i is largest with a_i + e_i and all others at a_j − e_j, smallest the other way round
    norm          y = c/σ, c = a − mean: |c' − c| ≤ e_i + mean(e),  |σ' − σ| ≤ δ = √mean(e²), hence
                  |y' − y| ≤ (e_i + mean(e))/(σ − δ) + |c|·δ/(σ(σ − δ))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from converters import convert
from spiking import (
    Elementwise,
    Function,
    GroupNorm,
    Input,
    LeakyRelu,
    LogSoftmax,
    MatMul,
    MaxPool,
    Neuron,
    Node,
    Norm,
    Output,
    Power,
    Product,
    Softmax,
    SpikeRecord,
    SpikingNetwork,
    run,
)
from spiking.backends.reference import apply, linear, one_hot
from spiking.wiring import aligned

Array = NDArray[Any]
ROUNDING = 1e-5  # float32 against float64, as a share of the largest output

# where an elementwise function turns, if it does; all others rise or fall everywhere
TURNS = {"gelu": -0.751791, "gelu_tanh": -0.752462, "silu": -1.278465, "mish": -1.192431, "hardswish": -1.5, "abs": 0.0}
WAVES = ("sin", "cos")  # they turn often; |f(a + d) − f(a)| ≤ |d|


def answers(model: nn.Module, x: torch.Tensor | Mapping[str, torch.Tensor]) -> Any:
    """What the source answers, in evaluation mode, to a bare input or to keyword inputs."""
    with torch.no_grad():
        model.eval()
        return model(**x) if isinstance(x, Mapping) else model(x)


def outputs(model: nn.Module, x: torch.Tensor | Mapping[str, torch.Tensor]) -> Array:
    """What the source answers, as one array."""
    return np.asarray(answers(model, x).numpy(), dtype=np.float64)


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


def reach(functions: tuple[Function, ...], a: Array, e: Array) -> Array:
    """How far the composition of `functions` can move from f(a) when each a_i moves by at most e_i."""
    for function in functions:
        e = _reach(function, a, e)
        a = apply((function,), a)
    return e


def _reach(function: Function, a: Array, e: Array) -> Array:
    match function:
        case MaxPool():
            return apply((function,), e)  # the largest error of the window
        case LeakyRelu():
            return np.maximum(1.0, np.abs(function.slope)) * e
        case Softmax() | LogSoftmax():
            return _reach_softmax(function, a, e)
        case Norm():
            return _reach_norm(function, a, e, tuple(range(-function.axes, 0)))
        case GroupNorm():
            grouped = (len(a), function.groups, -1)
            plain = Norm(1, function.eps)
            moved = _reach_norm(plain, a.reshape(grouped), np.broadcast_to(e, a.shape).reshape(grouped), (-1,))
            return moved.reshape(a.shape) * (1.0 if function.weight is None else np.abs(function.weight))
        case Elementwise() if function.name in WAVES:
            return e
    ends = [a - e, a + e]
    if function.label in TURNS or isinstance(function, Power):
        turn = TURNS.get(function.label, 0.0)
        ends.append(np.clip(turn, a - e, a + e))
    y = apply((function,), a)
    return np.max([np.abs(apply((function,), end) - y) for end in ends], axis=0)


def _reach_softmax(function: Softmax | LogSoftmax, a: Array, e: Array) -> Array:
    """Move one entry up and all others down, and the other way round."""
    axis = function.axis
    e = np.broadcast_to(e, a.shape)
    p = np.exp(a - a.max(axis, keepdims=True))
    y = apply((function,), a)
    found = []
    for sign in (1, -1):
        own, rest = p * np.exp(sign * e), p * np.exp(-sign * e)
        others = rest.sum(axis, keepdims=True) - rest
        share = own / (own + np.maximum(others, 0.0))
        found.append(np.abs((np.log(share) if isinstance(function, LogSoftmax) else share) - y))
    return np.max(found, axis=0)


def _reach_norm(function: Norm, a: Array, e: Array, axes: tuple[int, ...]) -> Array:
    e = np.broadcast_to(e, a.shape)
    centred, moved = a, e
    if function.center:
        centred, moved = a - a.mean(axes, keepdims=True), e + e.mean(axes, keepdims=True)
    sigma = np.sqrt(np.square(centred).mean(axes, keepdims=True) + function.eps)
    delta = np.sqrt(np.square(e).mean(axes, keepdims=True))
    least = np.where(sigma > delta, sigma - delta, 0.0)
    with np.errstate(divide="ignore"):
        y = moved / least + np.abs(centred) * delta / (sigma * least)
    return y * (1.0 if function.weight is None else np.abs(function.weight))


def bounds(network: SpikingNetwork, x: Array | Mapping[str, Any], steps: int) -> dict[str, Array]:
    """The most each entry of each readout can differ from the source after `steps` ticks: name -> (B, …)."""
    given = x if isinstance(x, Mapping) else {network.inputs[0].name: x}
    value: dict[str, Array] = {}
    error: dict[str, Array] = {}
    for node in network:
        v, e = [value[name] for name in node.inputs], [error[name] for name in node.inputs]
        shapes = [network.shapes[name] for name in node.inputs]
        if isinstance(node, Input):
            raw = np.asarray(given[node.name])
            held = one_hot(raw, node.vocabulary) if node.vocabulary else raw.astype(np.float64)
            v, e = [held], [np.zeros_like(held)]
        elif isinstance(node, Neuron):
            e = [reach(node.function, v[0], e[0]) + residual(node, network.schedule, steps)]
            v = [apply(node.function, v[0])]
        elif isinstance(node, Product):
            (a, b), (ea, eb) = (aligned(z, shapes) for z in (v, e))
            times = np.matmul if isinstance(node, MatMul) else np.multiply
            v, e = [times(a, b)], [times(abs(a), eb) + times(ea, abs(b)) + times(ea, eb)]
        elif isinstance(node, Output):
            v, e = [apply(node.function, v[0])], [reach(node.function, v[0], e[0])]
        else:
            v, e = [linear(node, v, shapes, True)], [linear(_absolute(node), e, shapes, False)]
        value[node.name], error[node.name] = v[0], e[0]
    return {out.name: error[out.name] for out in network.outputs}


def bound(network: SpikingNetwork, x: Array | Mapping[str, Any], steps: int) -> Array:
    """The same for the first output."""
    return bounds(network, x, steps)[network.outputs[0].name]


def _absolute(node: Node) -> Node:
    held = {name: getattr(node, name, None) for name in ("weight", "matrix")}
    positive = {name: abs(value) for name, value in held.items() if value is not None}
    return replace(node, **positive) if positive else node


def settled(record: SpikeRecord, network: SpikingNetwork) -> bool:
    """Whether every neuron is silent at the last tick: under sigma-delta nothing moves any more."""
    return all(record.activity.spikes[node.name][-1] == 0 for node in network.populations)


def same(network: SpikingNetwork, model: nn.Module, x: torch.Tensor | Mapping[str, torch.Tensor]) -> Array:
    """Fail unless the network without spikes is the model, to rounding; return what the model answers."""
    wanted = outputs(model, x)
    with torch.no_grad():
        dense = (network.dense()(**x) if isinstance(x, Mapping) else network.dense()(x)).numpy()
    assert dense.shape == wanted.shape
    assert np.abs(dense - wanted).max() <= ROUNDING * np.abs(wanted).max(), "dense() is not the model"
    return wanted


def faithful(
    network: SpikingNetwork,
    model: nn.Module,
    x: torch.Tensor | Mapping[str, torch.Tensor],
    steps: int,
    backend: str = "reference",
) -> None:
    """Fail unless the network is the model: without spikes to rounding, with spikes to the predicted bound."""
    wanted = same(network, model, x)
    record = run(network, x, steps=steps, backend=backend, progress=False)
    if network.schedule == "sigma-delta":
        assert settled(record, network), f"not settled after {steps} ticks"
    gap = np.abs(record.readout[-1] - wanted)
    given = {k: v.numpy() for k, v in x.items()} if isinstance(x, Mapping) else x.numpy().astype(np.float64)
    allowed = bound(network, given, steps) + ROUNDING * np.abs(wanted).max()
    assert np.all(gap <= allowed), f"off by {gap.max():.3g}, allowed {allowed.ravel()[gap.argmax()]:.3g}"


def converted(model: nn.Module, x: torch.Tensor, method: str) -> SpikingNetwork:
    """Convert on the very samples to be tested, so that no value lies outside an alphabet's range."""
    if method == "rate":
        return convert(model, x, method="rate", percentile=100.0)
    return convert(model, x, precision=2.0**-8)
