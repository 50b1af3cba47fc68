"""Recurrent layers: the cell once for each time step of the sequence, its weights shared over time.

`b.cell` names the place of every node in the cell, so that one neuron or synapse at several time steps is known to be
one. State that weights or products take at the next time step is sent as spikes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from spiking import Elementwise, Identity, Relu

from ..builder import Builder, Reject, Stream
from .arithmetic import add, mul, rsub
from .indexing import stack
from .linear import linear
from .registry import rule
from .shape import cat, select, slice_

# (W_ih x_t + b_ih, the gates' share of the input; state; W_hh, b_hh) -> new state, the output first.
# State is a stream, a constant tensor, or None where it starts at zero.
Step = Callable[[Builder, Stream, list[Any], list[Any]], list[Any]]


def _lstm_step(b: Builder, gates: Stream, held: list[Any], recurrent: list[Any]) -> list[Any]:
    h, c = held
    weights, projection = (recurrent[:-1], recurrent[-1]) if len(recurrent) == 3 else (recurrent, None)
    i, f, g, o = _chunks(b, add(b, gates, _recurrent(b, h, weights)), 4)
    with b.cell("input"):
        fresh = mul(b, _neuron(b, i, "sigmoid"), _neuron(b, g, "tanh", "new"))
    with b.cell("forget"):
        kept = _times(b, _neuron(b, f, "sigmoid"), _sent(b, c, "memory"))
    c = fresh if kept is None else add(b, kept, fresh)
    with b.cell("output"):
        h = mul(b, _neuron(b, o, "sigmoid"), _neuron(b, c, "tanh", "state"))
    h = _sent(b, h, "sent")
    if projection is not None:
        with b.cell("projected"):
            h = linear(b, h, projection)
    return [h, c]


def _gru_step(b: Builder, gates: Stream, held: list[Any], recurrent: list[Any]) -> list[Any]:
    (h,) = held
    xr, xz, xn = _chunks(b, gates, 3)
    hr, hz, hn = _chunks(b, _recurrent(b, h, recurrent), 3)
    with b.cell("reset"):
        hn = mul(b, _neuron(b, add(b, xr, hr), "sigmoid"), hn)
    z = _neuron(b, add(b, xz, hz), "sigmoid", "update")
    with b.cell("new"):
        fresh = mul(b, rsub(b, z, 1.0), _neuron(b, add(b, xn, hn), "tanh"))
    with b.cell("keep"):
        kept = _times(b, z, h)
    return [_sent(b, fresh if kept is None else add(b, fresh, kept), "sent")]


def _rnn_step(b: Builder, gates: Stream, held: list[Any], recurrent: list[Any]) -> list[Any]:
    function = Relu() if b.op.plain.startswith("rnn_relu") else Elementwise("tanh")
    return [b.neuron(add(b, gates, _recurrent(b, held[0], recurrent)), function)]


@rule("lstm.input")
def lstm(b: Builder, x: Stream, state: Any, weights: Any, *setting: Any) -> tuple[Any, ...]:
    """Products and sigmoid and tanh neurons, one cell a time step.

        i, f, g, o = W_ih x_t + b_ih + W_hh h_{t−1} + b_hh
        c_t = σ(f) ∘ c_{t−1} + σ(i) ∘ tanh(g)
        h_t = σ(o) ∘ tanh(c_t)

    h and c are relayed as spikes.
    Source   Hochreiter & Schmidhuber 1997, Neural Comput. 9:1735, with the forget gate of Gers et al. 2000
    """

    out, (h, c) = _layers(b, x, state, weights, setting, _lstm_step)
    return out, h, c


@rule("gru.input")
def gru(b: Builder, x: Stream, state: Any, weights: Any, *setting: Any) -> tuple[Any, ...]:
    """Products and sigmoid and tanh neurons, one cell a time step.

        r, z = σ(W_i x_t + b_i + W_h h_{t−1} + b_h), each with its own rows of the weights
        n = tanh(W_in x_t + b_in + r ∘ (W_hn h_{t−1} + b_hn))
        h_t = (1 − z) ∘ n + z ∘ h_{t−1}

    h is relayed as spikes.
    Source   Cho et al. 2014, EMNLP, in cuDNN's form: r acts on the bias b_hn too
    """

    out, (h,) = _layers(b, x, [state], weights, setting, _gru_step)
    return out, h


@rule("rnn_tanh.input", "rnn_relu.input")
def rnn(b: Builder, x: Stream, state: Any, weights: Any, *setting: Any) -> tuple[Any, ...]:
    """A neuron, one cell a time step.

    h_t = f(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh), f = tanh or relu
    Source   Elman 1990, Cogn. Sci. 14:179
    """
    out, (h,) = _layers(b, x, [state], weights, setting, _rnn_step)
    return out, h


@rule("lstm_cell.default")
def lstm_cell(b: Builder, x: Stream, state: Any, *weights: Any) -> tuple[Any, ...]:
    """Products and sigmoid and tanh neurons: one time step of an LSTM."""
    h, c = _cell(b, x, list(state), weights, _lstm_step)
    return h, c


@rule("gru_cell.default")
def gru_cell(b: Builder, x: Stream, state: Any, *weights: Any) -> Any:
    """Products and sigmoid and tanh neurons: one time step of a GRU."""
    return _cell(b, x, [state], weights, _gru_step)[0]


@rule("rnn_tanh_cell.default", "rnn_relu_cell.default")
def rnn_cell(b: Builder, x: Stream, state: Any, *weights: Any) -> Any:
    """A neuron: one time step of a plain recurrent layer."""
    return _cell(b, x, [state], weights, _rnn_step)[0]


def _cell(b: Builder, x: Stream, state: list[Any], weights: tuple[Any, ...], step: Step) -> list[Any]:
    """One time step; weights are W_ih, W_hh and, with biases, b_ih, b_hh."""
    given = [value for value in weights if value is not None]
    held = [_begun(s) for s in state]
    return step(b, linear(b, x, *given[::2]), held, given[1::2])


def _begun(state: Any) -> Any:
    """A state as it is; None for one of zeros."""
    return None if isinstance(state, Tensor) and (state.is_meta or not state.any()) else state


def _layers(
    b: Builder, x: Stream, state: list[Any], weights: list[Any], setting: tuple[Any, ...], step: Step
) -> tuple[Stream, list[Stream]]:
    """Run every layer and direction; state entries are (layers·directions, batch, features)."""
    biased, layers, dropout, training, bidirectional, batch_first = setting
    if training and dropout:
        raise Reject("has dropout switched on; convert in eval mode")
    directions = 1 + bidirectional
    each = len(weights) // (layers * directions)
    if each not in (2 * (1 + biased), 2 * (1 + biased) + 1):  # the last one projects the hidden state
        raise Reject(f"has {each} weights a layer; packed sequences are not supported")
    lasts: list[list[Stream]] = []
    for layer in range(layers):
        outs = []
        for direction in range(directions):
            k = layer * directions + direction
            held = [_begun(s[k] if isinstance(s, Tensor) else select(b, s, 0, k)) for s in state]
            with b.cell(f"layer{layer}" + ("_reverse" if direction else "")):
                parameters = weights[k * each : (k + 1) * each]
                out, last = _direction(b, x, parameters, held, int(batch_first), bool(direction), step)
            outs.append(out)
            lasts.append(last)
        x = outs[0] if len(outs) == 1 else cat(b, outs, 2)
    return x, [stack(b, list(finals), 0) for finals in zip(*lasts, strict=True)]


def _direction(
    b: Builder, x: Stream, parameters: list[Any], held: list[Any], time: int, backwards: bool, step: Step
) -> tuple[Stream, list[Stream]]:
    """Run a layer along the axis `time`; parameters are W_ih, W_hh, with biases b_ih, b_hh, and a projection."""
    projection = parameters[-1:] if len(parameters) % 2 else []
    weights = parameters[: len(parameters) - len(projection)]
    recurrent = [*weights[1::2], *([None] * (2 - len(weights[1::2])) if projection else []), *projection]
    with b.cell("input"):
        gates = linear(b, x, *weights[::2])
    steps = range(x.shape[time])
    outs: dict[int, Stream] = {}
    for t in reversed(steps) if backwards else steps:
        held = step(b, select(b, gates, time, t), held, recurrent)
        outs[t] = held[0]
    return stack(b, [outs[t] for t in steps], time), held


def _recurrent(b: Builder, h: Any, recurrent: list[Any]) -> Any:
    """W_hh h + b_hh: a Linear; its bias alone where there is no state yet, or a constant for a constant state."""
    weight, bias = recurrent if len(recurrent) == 2 else (*recurrent, None)
    if isinstance(h, Stream):
        with b.cell("hidden"):
            return linear(b, h, weight, bias)
    return (0.0 if h is None else h @ weight.t()) + (0.0 if bias is None else bias)


def _neuron(b: Builder, a: Stream, name: str, place: str = "") -> Stream:
    """A neuron with an elementwise function, at a place of the cell."""
    if not place:
        return b.neuron(a, Elementwise(name))
    with b.cell(place):
        return b.neuron(a, Elementwise(name))


def _sent(b: Builder, state: Any, place: str) -> Any:
    """A relay for a state at a place of the cell; a constant, or no state yet, needs none."""
    if not isinstance(state, Stream):
        return state
    with b.cell(place):
        return b.neuron(state, Identity())


def _chunks(b: Builder, gates: Any, parts: int) -> list[Any]:
    """Cut gates into equal parts along the last axis."""
    if isinstance(gates, Tensor):
        return list(gates.chunk(parts, -1))
    if isinstance(gates, float):
        return [gates] * parts
    size, dim = gates.shape[-1] // parts, len(gates.shape) - 1
    return [slice_(b, gates, dim, k * size, (k + 1) * size) for k in range(parts)]


def _times(b: Builder, gate: Stream, value: Any) -> Stream | None:
    """A gate times a state; None where there is no state yet."""
    return None if value is None else mul(b, gate, value)
