"""The living definition of every node: plain NumPy, one tick at a time, no tricks.

    tick t = 1 .. T
      input     sends x at tick 1 (sigma-delta) or at every tick (rate)
      synapse   sends weight·d + bias, the bias at tick 1 (sigma-delta) or at every tick (rate)
      neuron    a += d;  r = f(a) + v0 − s;  sends the spike of its alphabet nearest r;  s += sent
      product   sends A'∘B' − A∘B
      output    a += d; the readout is f(a) (sigma-delta) or f(a/t) (rate)

With delay 1 a neuron's spike is seen one tick later; everything else takes no time. Every backend must equal this
one spike for spike on networks whose sums are exact in floating point (weights that are multiples of 2^-k).

Arrays carry the batch in front: d, a, s are (B, *shape).
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from ..alphabets import Alphabet
from ..functions import Function, Shape
from ..linear_maps import Conv, ConvTranspose, Embedding, Linear, Scale
from ..network import Network
from ..nodes import Input, MatMul, Neuron, Node, Output, Product
from ..unroll import taps
from ..wiring import aligned, rearrange, windows
from .base import Array, Backend, BatchResult, Inputs, Plan, Runner, finite, tally
from .functions_numpy import apply, lacks


def emit(alphabet: Alphabet, r: Array, late: bool = False) -> Array:
    """Return the spike for the residual r: the rule in `Alphabet`; behind a window, for a large residual alone."""
    unit = alphabet.unit
    if late:
        r = np.where(np.abs(r) / unit >= alphabet.late, r, 0.0)
    if alphabet.kind == "binary":
        return np.where(r / unit >= alphabet.threshold, unit, 0.0)
    q = np.abs(r) / unit
    level = np.where(q >= alphabet.threshold, 1.0, 0.0)
    for k in range(1, alphabet.levels):
        level = np.where(q >= 0.75 * 2.0**k, 2.0**k, level)
    return np.asarray(np.sign(r) * unit * level)


def target(neuron: Neuron, a: Array, tick: int, schedule: str) -> Array:
    """Return y = f(a), or t·f(a/t) under the rate schedule; the same where f is homogeneous."""
    if schedule == "rate" and not all(f.homogeneous for f in neuron.function):
        return tick * apply(neuron.function, a / tick)
    return apply(neuron.function, a)


def linear(node: Node, xs: list[Array], shapes: list[Shape], inject: bool) -> Array:
    """Return what a synapse node sends for its inputs; the bias is added if `inject`."""
    match node:
        case Embedding():
            y = xs[0] @ node.weight.astype(np.float64)
        case Linear():
            y = xs[0] @ node.weight.T.astype(np.float64)
        case Conv():
            y = convolve(node, xs[0], shapes[0])
        case ConvTranspose():
            y = spread(node, xs[0], shapes[0])
        case _:
            y = rearrange(node, xs, shapes)
    bias = node.bias if isinstance(node, Linear | Conv | ConvTranspose | Scale) else None
    return y if bias is None or not inject else np.asarray(y + bias)


def convolve(node: Conv, x: Array, shape: Shape) -> Array:
    """Return the convolution of x (B, I, *in) -> (B, O, *out): every window times every kernel, group by group."""
    out = node.infer(shape)
    taps = windows(x, node.weight.shape[2:], node.stride, node.padding, out[1:], 0.0, node.dilation)
    batch, g = len(x), node.groups
    kernels = node.weight.reshape(g, out[0] // g, node.weight.shape[1], -1).astype(np.float64)
    grouped = taps.reshape(batch, g, shape[0] // g, -1, taps.shape[-1])
    return np.asarray(np.einsum("bgcpk,gock->bgop", grouped, kernels, optimize=True).reshape(batch, *out))


def spread(node: ConvTranspose, x: Array, shape: Shape) -> Array:
    """Return the transposed convolution of x (B, I, *in) -> (B, O, *out): every input adds its kernel."""
    out = node.infer(shape)
    synapses = taps(node, 0, [shape])
    y = np.zeros((len(x), prod(out)))
    flat = x.reshape(len(x), -1)
    for b in range(len(x)):
        y[b] = np.bincount(synapses.post, weights=flat[b, synapses.pre] * synapses.value, minlength=prod(out))
    return y.reshape(len(x), *out)


def one_hot(ids: Array, vocabulary: int) -> Array:
    """Return the event of each id in its one-hot population: (…) -> (…, vocabulary)."""
    return np.asarray(ids[..., None] == np.arange(vocabulary), dtype=np.float64)


class Reference(Backend):
    """NumPy, float64; the meaning every other backend is tested against."""

    name = "reference"

    def lacks(self, function: Function) -> bool:
        return lacks(function)

    def prepare(self, network: Network, plan: Plan) -> Runner:
        def run(x: Inputs) -> BatchResult:
            return _run(network, plan, x)

        return run


def _run(network: Network, plan: Plan, x: Inputs) -> BatchResult:
    result = BatchResult({}, {}, {})
    steps = {node.name: _start(node, network, plan, x, result) for node in network}
    history: dict[str, list[Array]] = {name: [] for name in steps}
    for tick in range(1, plan.steps + 1):
        sent: dict[str, Array] = {}
        for node in network:
            sent[node.name] = steps[node.name](tick, [sent[name] for name in node.inputs])
            if isinstance(node, Output):
                history[node.name].append(sent[node.name])
            elif isinstance(node, Neuron):
                history[node.name].append(sent[node.name])
                if plan.delay:
                    before = history[node.name][-2:-1]
                    sent[node.name] = before[0] if before else np.zeros_like(sent[node.name])
    result.readouts.update({node.name: np.stack(history[node.name]) for node in network.outputs})
    spikes = {node.name: np.stack(history[node.name]) for node in network.populations}
    result.counts.update({name: tally(train) for name, train in spikes.items()})
    result.rasters.update({name: spikes[name] for name in plan.keep if name in spikes})
    return result


Step = Callable[[int, list[Array]], Array]


def _start(node: Node, network: Network, plan: Plan, x: Inputs, result: BatchResult) -> Step:
    """Return the node's step: (tick, what arrives) -> what it sends; its state lives in the closure."""
    batch, rate = len(next(iter(x.values()))), network.schedule == "rate"
    shapes = [network.shapes[name] for name in node.inputs]

    def inject(tick: int) -> bool:
        return rate or tick == 1

    if isinstance(node, Input):
        given = x[node.name].astype(np.float64) if not node.vocabulary else one_hot(x[node.name], node.vocabulary)
        return lambda tick, _: given if inject(tick) else np.zeros_like(given)
    if isinstance(node, Neuron):
        return _neuron(node, network, plan, batch, result)
    if isinstance(node, Product):
        return _product(node, shapes, batch, rate)
    if isinstance(node, Output):
        a = np.zeros((batch, *shapes[0]))

        def read(tick: int, arriving: list[Array]) -> Array:
            nonlocal a
            a = a + arriving[0]
            decoded = apply(node.function, a / tick if rate else a)
            if decoded.dtype.kind != "f":  # an index hides that it was taken among no numbers
                finite(node.name, bool(np.all(np.isfinite(a))))
            return decoded

        return read
    return lambda tick, arriving: linear(node, arriving, shapes, inject(tick))


def _neuron(node: Neuron, network: Network, plan: Plan, batch: int, result: BatchResult) -> Step:
    a = np.zeros((batch, *network.shapes[node.inputs[0]]))
    s = np.zeros((batch, *network.shapes[node.name]))
    v0 = 0.0 if node.v0 is None else node.v0
    alphabet = node.alphabet
    assert alphabet is not None  # run() refuses drafts

    def step(tick: int, arriving: list[Array]) -> Array:
        nonlocal a, s
        a = a + arriving[0]
        if tick < plan.first(node):
            return np.zeros_like(s)
        r = target(node, a, tick, network.schedule) + v0 - s
        sent = emit(alphabet, r, tick > plan.last(node))
        if tick == plan.steps:
            left = r - sent
            result.saturated[node.name] = int(np.count_nonzero(np.abs(left) / alphabet.unit >= alphabet.reach))
            if not np.all(np.isfinite(left)):
                result.lost.add(node.name)
        s = s + sent
        return sent

    return step


def _product(node: Product, shapes: list[Shape], batch: int, rate: bool) -> Step:
    held = [np.zeros((batch, *shape)) for shape in shapes]
    before = np.zeros((batch, *node.infer(*shapes)))

    def step(tick: int, arriving: list[Array]) -> Array:
        nonlocal held, before
        held = [a + d for a, d in zip(held, arriving, strict=True)]
        left, right = aligned(held, shapes)
        now = left @ right if isinstance(node, MatMul) else left * right
        now = now / tick if rate else now
        sent, before = now - before, now
        return sent

    return step
