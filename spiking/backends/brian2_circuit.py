"""The Brian2 objects of a spiking network: one group a population, one Synapses a pair, on a 100 Hz clock.

    level   delay 0: how many neuron and product nodes lie above; delay 1: input 0, product 1, neuron 2
    tick    for each level: compute (emit), threshold (fire), deliver (send)
    read    the outputs: after the last send; with delay 1 before it, as a neuron's spike arrives one tick later

Every spike carries q, its payload; every synapse adds w·q to what its target has integrated.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from math import prod
from typing import Any

import numpy as np
from scipy.special import erf

from ..functions import Shape
from ..network import TICK, Network
from ..nodes import Array, Input, Neuron, Node, Output, Product
from .base import BatchResult, Inputs, Plan
from .brian2_code import READ_CLOCK, emission
from .brian2_stages import Stage, stages
from .compose import ONE, Link, elements, gates
from .functions_numpy import apply
from .reference import one_hot

SENDING = "s : 1\nr : 1\nq : 1\nu : 1 (constant)\nv0 : 1 (constant)"


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Brian2's log below errors, its deprecated calls unseen and its own exception hook out."""
    log = logging.getLogger("brian2")
    level, hook = log.level, sys.excepthook
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.setLevel(level)
            sys.excepthook = hook


with quiet():
    b2: Any = import_module("brian2")  # has no types
    ERF: Any = b2.Function(erf, arg_units=[1], return_unit=1)
    ERF.implementations.add_implementation("cython", "from libc.math cimport erf", name="erf")
    KNOWN = {"erf": ERF}  # the only function of the vocabulary that Brian2's language lacks


@contextmanager
def generating(target: str) -> Iterator[None]:
    """Generate code for `target`, expressions kept as they are written: reordered sums would round differently."""
    codegen = b2.prefs.codegen
    before = codegen.target, codegen.loop_invariant_optimisations
    codegen.target, codegen.loop_invariant_optimisations = target, False
    try:
        with quiet():
            yield
    finally:
        codegen.target, codegen.loop_invariant_optimisations = before


class Circuit:
    """A network laid out `copies` times side by side, one copy a sample."""

    def __init__(self, network: Network, plan: Plan, links: list[Link], copies: int) -> None:
        self.network, self.plan, self.copies = network, plan, copies
        self.clock = b2.Clock(dt=TICK * b2.second)
        self.net = b2.Network()
        self.net.schedule, self.level = _schedule(network, plan.delay)
        self.arrives: dict[str, Any] = {}  # population -> the group its synapses end on
        self.sends: dict[str, Any] = {ONE: self._input(1)}
        self.monitors: dict[str, Any] = {}
        for node in network:
            self._population(node)
        for link in links:
            self._synapses(link)
        self.sends[ONE].x = 1.0
        self.net.store()

    def run(self, x: Inputs) -> BatchResult:
        """Run up to `copies` samples, input -> (B, *shape), from a fresh state."""
        self.net.restore()
        for source in self.network.inputs:
            given = one_hot(x[source.name], source.vocabulary) if source.vocabulary else x[source.name]
            self.sends[source.name].x[: given.size] = given.astype(np.float64).ravel()
        self.net.run(self.plan.steps * self.clock.dt, namespace={})
        batch = len(next(iter(x.values())))
        readouts = {node.name: self._readout(node, batch) for node in self.network.outputs}
        counts: dict[str, Array] = {}
        rasters: dict[str, Array] = {}
        saturated: dict[str, int] = {}
        for node in self.network.populations:
            tick, index, value = self._spikes(node.name, batch)
            shape = self.network.shapes[node.name]
            size = prod(shape)
            flat = np.bincount(tick * size + index % size, minlength=self.plan.steps * size)
            counts[node.name] = flat.reshape(self.plan.steps, *shape)
            saturated[node.name] = self._saturated(node, batch * size)
            if node.name in self.plan.keep:
                train = np.zeros((self.plan.steps, batch * size))
                train[tick, index] = value
                rasters[node.name] = train.reshape(self.plan.steps, batch, *shape)
        return BatchResult(readouts, counts, rasters, saturated)

    def _saturated(self, node: Neuron, size: int) -> int:
        """Count the neurons that keep more than one spike sends; before its start a neuron owes nothing."""
        assert node.alphabet is not None
        group = self.sends[node.name]
        left = np.abs(np.asarray(group.r) - np.asarray(group.q)) / np.asarray(group.u)
        late = self.plan.first(node) > self.plan.steps
        return 0 if late else int(np.count_nonzero(left[:size] >= node.alphabet.reach))

    def _readout(self, node: Output, batch: int) -> Array:
        steps, shape = self.plan.steps, self.network.shapes[node.inputs[0]]
        a = np.asarray(self.monitors[node.name].a).T.reshape(steps, self.copies, *shape)[:, :batch]
        if self.network.schedule == "rate":
            a = a / np.arange(1, steps + 1).reshape(-1, *(1,) * (a.ndim - 1))
        read = apply(node.function, a.reshape(steps * batch, *shape))
        return read.reshape(steps, batch, *read.shape[1:])

    def _spikes(self, name: str, batch: int) -> tuple[Array, Array, Array]:
        """Return tick (from 0), element and value of every spike of the first `batch` copies."""
        monitor = self.monitors[name]
        index = np.asarray(monitor.i)
        real = index < batch * prod(self.network.shapes[name])
        tick = np.rint(np.asarray(monitor.t_) / TICK).astype(np.int64)
        return tick[real], index[real].astype(np.int64), np.asarray(monitor.q)[real]

    def _population(self, node: Node) -> None:
        name = node.name
        if isinstance(node, Input):
            self.sends[name] = self._input(elements(node))
        elif isinstance(node, Neuron):
            self._neuron(node)
        elif isinstance(node, Product):
            self._product(node)
        elif isinstance(node, Output):
            self.arrives[name] = self._group(prod(self.network.shapes[node.inputs[0]]), "a : 1")
            self.monitors[name] = self._add(b2.StateMonitor(self.arrives[name], "a", record=True, when="read"))

    def _input(self, size: int) -> Any:
        """Return a group that sends its x at tick 1, or at every tick under the rate schedule."""
        group = self._group(size, "x : 1\nq : 1", level=0)
        once = "" if self.network.schedule == "rate" else "*int(t_in_timesteps == 0)"
        group.run_regularly(f"q = x{once}", when="emit0")
        return group

    def _neuron(self, node: Neuron) -> None:
        """One group for each stage of the function: the first integrates, the last sends."""
        assert node.alphabet is not None  # run() refuses drafts
        level, shape = self.level[node.name], self.network.shapes[node.name]
        mean = self.network.schedule == "rate" and not all(f.homogeneous for f in node.function)
        chain = stages(node.function, self.network.shapes[node.inputs[0]], "(a/tick)" if mean else "a")
        groups: list[Any] = []
        for order, stage in enumerate(chain):
            last = order == len(chain) - 1
            variables = [*["a : 1"][order:], SENDING if last else "y : 1", *stage.variables]
            group = self._group(stage.size, "\n".join(variables), level if last else None)
            if last:
                ending = emission(node, self.plan, f"tick*{stage.value}" if mean else stage.value)
            else:
                ending = [f"y = {stage.value}"]
            if stage.members is None:
                group.run_regularly("\n".join([READ_CLOCK, *stage.lines, *ending]), when=f"emit{level}", order=order)
            groups.append(group)
            self._connect(stage, groups, f"emit{level}", order)
        groups[-1].u = self._everywhere(node.alphabet.unit, shape)
        groups[-1].v0 = self._everywhere(np.zeros(()) if node.v0 is None else node.v0, shape)
        self.arrives[node.name], self.sends[node.name] = groups[0], groups[-1]
        self.monitors[node.name] = self._add(b2.SpikeMonitor(groups[-1], variables="q"))

    def _connect(self, stage: Stage, groups: list[Any], when: str, order: int) -> None:
        """Give the last group what its stage reads of those before it."""
        group = groups[-1]
        for name, (source, where) in stage.reads.items():
            index = self._copied(where, len(groups[source]) // self.copies)
            setattr(group, name, b2.linked_var(groups[source], "y", index=index))
        for name, value in stage.constants.items():
            setattr(group, name, np.tile(value, self.copies))
        if stage.members is not None:
            source, of = stage.members
            plain = {"clock": self.clock, "namespace": {}}
            made = b2.Synapses(groups[source], group, f"y_post = {stage.term} : 1 (summed)", **plain)
            made.connect(i=np.arange(len(groups[source])), j=self._copied(of, stage.size))
            made.summed_updaters["y_post"].when, made.summed_updaters["y_post"].order = when, order
            self._add(made)

    def _product(self, node: Product) -> None:
        """Gates: each holds both factors and sends the change of their product, or of its share of the mean."""
        level = self.level[node.name]
        size = len(gates(node, [self.network.shapes[name] for name in node.inputs])[0])
        group = self._group(size, "a : 1\nb : 1\ns : 1\nq : 1", level)
        share = "/tick" if self.network.schedule == "rate" else ""
        group.run_regularly(f"{READ_CLOCK}\nq = a*b{share} - s\ns = a*b{share}", when=f"emit{level}")
        self.arrives[node.name] = self.sends[node.name] = group

    def _synapses(self, link: Link) -> None:
        source, target = self.sends[link.source], self.arrives[link.target]
        arrive = f"{'ab'[link.port]}_post += w*q_pre"
        plain = {"delay": 0 * b2.second, "clock": self.clock, "namespace": {}}
        made = b2.Synapses(source, target, "w : 1 (constant)", on_pre=arrive, **plain)
        pre = self._copied(link.wires.pre, len(source) // self.copies)
        post = self._copied(link.wires.post, len(target) // self.copies)
        made.connect(i=pre, j=post)
        made.w = np.tile(link.wires.value, self.copies)
        made.pre.when = f"send{self.level[link.source]}"
        self._add(made)

    def _group(self, size: int, variables: str, level: int | None = None) -> Any:
        """Return a group of `size` elements a copy; with a level it sends its q whenever that is not 0."""
        fires = {} if level is None else {"threshold": "q != 0", "reset": ""}
        group = b2.NeuronGroup(size * self.copies, variables, clock=self.clock, namespace=KNOWN, **fires)
        if level is not None:
            group.thresholder["spike"].when = f"fire{level}"
        return self._add(group)

    def _add(self, thing: Any) -> Any:
        self.net.add(thing)
        return thing

    def _copied(self, index: Array, size: int) -> Array:
        """Return indices into one sample's elements for all copies, one after the other."""
        return np.asarray(np.add.outer(np.arange(self.copies) * size, index).ravel())

    def _everywhere(self, value: Array, shape: Shape) -> Array:
        """Return a parameter for every element of every copy."""
        return np.tile(np.broadcast_to(value, shape).ravel(), self.copies)


def _schedule(network: Network, delay: int) -> tuple[list[str], dict[str, int]]:
    """Return the slots of one tick, and the level of every node."""

    def rank(node: Node, above: list[int]) -> int:
        if delay:
            return 2 if isinstance(node, Neuron) else int(isinstance(node, Product))
        return max(above, default=0) + isinstance(node, Neuron | Product)

    level = {ONE: 0, **network.propagate(rank)}
    slots = [f"{slot}{k}" for k in range(max(level.values()) + 1) for slot in ("emit", "fire", "send")]
    late = delay == 1 and bool(network.populations)
    slots.insert(len(slots) - late, "read")
    return ["start", "groups", *slots, "resets", "end"], level
