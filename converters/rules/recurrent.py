"""Recurrent layers: the cell once for each moment of the sequence, its weights shared over time.

`b.cell` names the place of every node in the cell, so that the moments of one neuron or synapse are known to be one.
State that weights or products take at the next moment is sent as spikes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import Tensor

from spiking import Identity, Relu

from .activation import elementwise_named
from .arithmetic import add, mul, rsub, scaled
from .linear import linear
from .registry import Reject, rule
from .shape import cat, select, slice_
from .tensor import stack

if TYPE_CHECKING:
    from ..lower import Builder, Stream

Step = Callable[[Any, list[Any]], list[Any]]  # (input gates of one moment, state) -> new state, the output first


@rule("lstm.input")
def lstm(b: Builder, x: Stream, state: Any, weights: Any, *setting: Any) -> tuple[Any, ...]:
    """Products and sigmoid and tanh neurons, moment after moment."""

    def cell(w: list[Any]) -> Step:
        def step(gates: Any, held: list[Any]) -> list[Any]:
            h, c = held
            i, f, g, o = _quarters(b, add(b, gates, _recurrent(b, h, w)), 4)
            with b.cell("input"):
                fresh = mul(b, elementwise_named(b, i, "sigmoid"), _gate(b, "new", g, "tanh"))
            with b.cell("forget"):
                kept = _times(b, elementwise_named(b, f, "sigmoid"), _sent(b, "memory", c))
            c = fresh if kept is None else add(b, kept, fresh)
            with b.cell("output"):
                h = mul(b, elementwise_named(b, o, "sigmoid"), _gate(b, "state", c, "tanh"))
            return [_sent(b, "sent", h), c]

        return step

    out, last = _layers(b, x, state, weights, setting, cell)
    return out, *last


@rule("gru.input")
def gru(b: Builder, x: Stream, state: Any, weights: Any, *setting: Any) -> tuple[Any, ...]:
    """Products and sigmoid and tanh neurons, moment after moment."""

    def cell(w: list[Any]) -> Step:
        def step(gates: Any, held: list[Any]) -> list[Any]:
            (h,) = held
            xr, xz, xn = _quarters(b, gates, 3)
            hr, hz, hn = _quarters(b, _recurrent(b, h, w), 3)
            with b.cell("reset"):
                hn = mul(b, elementwise_named(b, add(b, xr, hr), "sigmoid"), hn)
            z = _gate(b, "update", add(b, xz, hz), "sigmoid")
            with b.cell("new"):
                fresh = mul(b, rsub(b, z, 1.0), elementwise_named(b, add(b, xn, hn), "tanh"))
            with b.cell("keep"):
                kept = _times(b, z, h)
            return [_sent(b, "sent", fresh if kept is None else add(b, fresh, kept))]

        return step

    out, last = _layers(b, x, [state], weights, setting, cell)
    return out, *last


@rule("rnn_tanh.input", "rnn_relu.input")
def rnn(b: Builder, x: Stream, state: Any, weights: Any, *setting: Any) -> tuple[Any, ...]:
    """A neuron, moment after moment."""
    assert b.op is not None
    relu = b.op.target.startswith("rnn_relu")

    def cell(w: list[Any]) -> Step:
        def step(gates: Any, held: list[Any]) -> list[Any]:
            a = add(b, gates, _recurrent(b, held[0], w))
            return [b.neuron(a, Relu()) if relu else elementwise_named(b, a, "tanh")]

        return step

    out, last = _layers(b, x, [state], weights, setting, cell)
    return out, *last


def _layers(
    b: Builder, x: Stream, state: Any, weights: Any, setting: tuple[Any, ...], cell: Callable[[list[Any]], Step]
) -> tuple[Stream, list[Stream]]:
    """Run every layer and direction; state entries are (layers·directions, batch, features), constant."""
    biased, layers, dropout, training, bidirectional, batch_first = setting
    if training and dropout:
        raise Reject("has dropout switched on; convert in eval mode")
    if not all(isinstance(s, Tensor) for s in state):
        raise Reject("starts from a state that depends on the input")
    directions, each = 1 + bidirectional, len(weights) // (layers * (1 + bidirectional))
    if each != 2 * (1 + biased):
        raise Reject("projects its hidden state (proj_size); without projection it has a rule")
    time = 1 if batch_first else 0
    lasts: list[list[Stream]] = []
    for layer in range(layers):
        outs = []
        for direction in range(directions):
            k = layer * directions + direction
            w = list(weights[k * each : (k + 1) * each])
            held = [None if s.is_meta or not s[k].any() else s[k] for s in state]
            with b.cell(f"layer{layer}" + ("_reverse" if direction else "")):
                out, last = _direction(b, x, w, biased, held, time, bool(direction), cell(w))
            outs.append(out)
            lasts.append(last)
        x = outs[0] if len(outs) == 1 else cat(b, outs, 2)
    finals = [stack(b, [last[n] for last in lasts], 0) for n in range(len(state))]
    return x, finals


def _direction(
    b: Builder, x: Stream, w: list[Any], biased: bool, held: list[Any], time: int, backwards: bool, step: Step
) -> tuple[Stream, list[Stream]]:
    with b.cell("input"):
        gates = linear(b, x, w[0], w[2] if biased else None)
    moments = range(x.shape[time])
    outs: dict[int, Stream] = {}
    for t in reversed(moments) if backwards else moments:
        held = step(select(b, gates, time, t), held)
        outs[t] = held[0]
    return stack(b, [outs[t] for t in moments], time), held


def _recurrent(b: Builder, h: Any, w: list[Any]) -> Any:
    """What the state adds to the gates: a Linear, its bias alone at the first moment, or a constant."""
    bias = w[3] if len(w) == 4 else None
    if h is None:
        return 0.0 if bias is None else bias
    if isinstance(h, Tensor):
        return h @ w[1].t() + (0.0 if bias is None else bias)
    with b.cell("hidden"):
        return linear(b, h, w[1], bias)


def _gate(b: Builder, place: str, a: Any, name: str) -> Stream:
    """A neuron at a place of the cell."""
    with b.cell(place):
        return elementwise_named(b, a, name)


def _sent(b: Builder, place: str, state: Any) -> Any:
    """A relay for a state at a place of the cell; a constant, or no state yet, needs none."""
    if state is None or isinstance(state, Tensor):
        return state
    with b.cell(place):
        return b.neuron(state, Identity())


def _quarters(b: Builder, gates: Any, parts: int) -> list[Any]:
    """Cut gates into equal parts along the last axis."""
    if isinstance(gates, Tensor):
        return list(gates.chunk(parts, -1))
    if isinstance(gates, float):
        return [gates] * parts
    size = gates.shape[-1] // parts
    dim = len(gates.shape) - 1
    return [slice_(b, gates, dim, k * size, (k + 1) * size) for k in range(parts)]


def _times(b: Builder, gate: Stream, value: Any) -> Stream | None:
    """A gate times a state; None where there is no state yet."""
    if value is None:
        return None
    return scaled(b, gate, value) if isinstance(value, Tensor) else mul(b, gate, value)
