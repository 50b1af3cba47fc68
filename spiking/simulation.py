"""run(): check, stream the batches through a backend, and account for what happened."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import arguments
from .backends import BatchResult, Plan, backend
from .errors import InvalidInput, SpikingWarning, UnsupportedNode
from .fan_out import fan_outs
from .inputs import fitting, labelled
from .network import Network, network_given
from .nodes import Input
from .record import Activity, SpikeRecord
from .store import fingerprint
from .widths import inputs_fit, network_fits, results_fit

Array = NDArray[Any]
Labelled = tuple[dict[str, Array], Array | None]


def run(
    network: Network,
    inputs: Any,
    *,
    steps: int,
    backend: str = "norse",
    delay: int = 0,
    wavefront: bool | None = None,
    record: Sequence[str] | str | bool = (),
    batch_size: int = 100,
    progress: bool | None = None,
    **options: Any,
) -> SpikeRecord:
    """Simulate `steps` ticks of a network.

    inputs      (B, …) array or tensor, a dict of them by input name, or an iterable of such batches or of
                (batch, label, …) tuples; streamed. Whole-number labels, or those of a dict's "labels", are kept
    delay       0: a tick flows through the whole network; 1: a spike is seen one tick later
    wavefront   whether neurons keep to their start and window; by default with delay 1
    record      names of neuron nodes whose spikes to keep, (T, B, …); True keeps all
    batch_size  how many samples of an array run together
    progress    a bar on stderr; by default on a terminal only
    options     of the backend: norse takes device and dtype, brian2 takes codegen

    Raises InvalidInput (steps, delay, shapes, NaN, nothing to run), UnsupportedNode (all reasons at once).
    """
    network_given(network).check().valued()
    batch_size = arguments.whole("batch_size", batch_size)
    progress = None if progress is None else arguments.flag("progress", progress)
    plan = _plan(network, steps, delay, wavefront, record, options)
    engine = _engine(network, backend, options)
    width = engine.width(plan)
    network_fits(network, width)
    run_batch = engine.prepare(network, plan)
    total = _Total(network, plan)
    given = labelled(inputs, batch_size, tuple(node.name for node in network.inputs))
    for batch, labels in _progress(given, progress, f"{backend} · {plan.steps} steps"):
        x = fitting(batch, network.inputs)
        inputs_fit(x, width)
        if _samples(x):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # said as an error below
                result = run_batch(x)
            results_fit(result.readouts, result.lost, width)
            total.add(x, result, labels)
    return total.record(engine.name)


class _Total:
    """What the batches of a run did, together."""

    def __init__(self, network: Network, plan: Plan) -> None:
        self.network, self.plan, self.samples = network, plan, 0
        self.readouts: dict[str, list[Array]] = {}
        self.rasters: dict[str, list[Array]] = {}
        self.counts: dict[str, Array] = {}
        self.saturated: dict[str, int] = {}
        self.labels: list[Array | None] = []

    def add(self, x: dict[str, Array], result: BatchResult, labels: Array | None) -> None:
        """Add one batch."""
        self.labels.append(labels)
        self.samples += _samples(x)
        for whole, parts in ((self.readouts, result.readouts), (self.rasters, result.rasters)):
            for name, value in parts.items():
                whole.setdefault(name, []).append(value)
        for name, number in result.saturated.items():
            self.saturated[name] = self.saturated.get(name, 0) + number
        for name, value in {**result.counts, **_injected(self.network, x, self.plan.steps)}.items():
            self.counts[name] = self.counts.get(name, 0) + value.astype(np.int64)

    def record(self, engine: str) -> SpikeRecord:
        """Return the record of the run; raises InvalidInput if there was nothing to run."""
        if not self.samples:
            raise InvalidInput("there is nothing to run: the inputs hold no samples")
        activity = _activity(self.network, self.plan, self.samples, self.counts)
        kept = [node.name for node in self.network.populations if node.name in self.plan.keep]
        readouts = {node.name: np.concatenate(self.readouts[node.name], axis=1) for node in self.network.outputs}
        rasters = {name: np.concatenate(self.rasters[name], axis=1) for name in kept}
        known = [labels for labels in self.labels if labels is not None]
        labels = np.concatenate(known) if len(known) == len(self.labels) else None
        sizes = {name: self.samples * prod(self.network.shapes[name]) for name in self.saturated}
        saturated = {name: number / sizes[name] for name, number in self.saturated.items()}
        return SpikeRecord(readouts, activity, engine, rasters, labels, saturated)


def _samples(x: dict[str, Array]) -> int:
    return len(next(iter(x.values())))


def _plan(
    network: Network, steps: int, delay: int, wavefront: bool | None, record: Any, options: dict[str, Any]
) -> Plan:
    faults = []
    for check, value in ((arguments.ticks, steps), (arguments.lag, delay), (arguments.front, wavefront)):
        try:
            check(value)
        except InvalidInput as error:
            faults.append(str(error))
    if wavefront is True and delay == 0:
        faults.append("a wavefront needs delay=1: with delay 0 every layer has its whole input in the same tick")
    names = {node.name for node in network.populations}
    keep = (
        names if record is True else set(arguments.names("record", () if record is None or record is False else record))
    )
    faults += [f"there is no neuron node '{name}' to record" for name in sorted(keep - names)]
    faults += network.undecided()
    if faults:
        raise InvalidInput("\n  ".join(["cannot run:", *faults]) if len(faults) > 1 else faults[0])
    plan = Plan(int(steps), int(delay), bool(delay if wavefront is None else wavefront), frozenset(keep), options)
    _deep_enough(network, plan)
    return plan


def _deep_enough(network: Network, plan: Plan) -> None:
    """Warn if no spike of the input can reach some output: with delay 1 that takes a tick for each neuron layer."""
    depth = max((network.depth[node.name] for node in network.outputs), default=0)
    if plan.delay and plan.steps <= depth:
        warnings.warn(
            f"{plan.steps} ticks are too few for {depth} neuron layers with delay 1: what the input causes reaches the "
            f"output at tick {depth + 1}; run at least {depth + 1} ticks, or use delay=0",
            SpikingWarning,
            stacklevel=4,
        )


def _engine(network: Network, name: str, options: dict[str, Any]) -> Any:
    engine = backend(name)
    unknown = sorted(set(options) - set(engine.options))
    if unknown:
        known = ", ".join(engine.options) or "none"
        raise InvalidInput(f"backend '{name}' has no option {', '.join(unknown)}; it has: {known}")
    reasons = list(engine.reasons(network))
    if reasons:
        raise UnsupportedNode("\n  ".join([f"backend '{name}' cannot run {len(reasons)} node(s):", *reasons]))
    return engine


def _injected(network: Network, x: dict[str, Array], steps: int) -> dict[str, Array]:
    """Count the injected events (T, …): at tick 1, or at every tick under the rate schedule; an id is one event."""
    table = {}
    for node in network.inputs:
        counts = np.zeros((steps, *node.shape), dtype=np.int64)
        sent = len(x[node.name]) if node.vocabulary else np.count_nonzero(x[node.name], axis=0)
        counts[: None if network.schedule == "rate" else 1] = sent
        table[node.name] = counts
    return table


def _activity(network: Network, plan: Plan, samples: int, counts: dict[str, Array]) -> Activity:
    """Turn counts per neuron into spikes per node and border-exact events per place, each per tick and sample.

    Events are booked at the tick the spike was sent. A product's analog stream is booked as one event per element.
    """
    flat = {name: table.reshape(plan.steps, -1) / samples for name, table in counts.items()}
    events = {}
    for place, sources in fan_outs(network).items():
        arriving = np.zeros(plan.steps)
        for name, fan in sources.items():
            if name in flat:
                arriving += flat[name] @ fan.ravel()
            elif not isinstance(network[name], Input):
                arriving += fan.sum()
        events[place] = arriving
    spikes = {name: table.sum(axis=1) for name, table in flat.items()}
    return Activity(plan.steps, samples, plan.delay, fingerprint(network), spikes, events)


def _progress(items: Iterator[Labelled], progress: bool | None, title: str) -> Iterable[Labelled]:
    from tqdm import tqdm

    hidden = None if progress is None else not progress
    shown: Iterable[Labelled] = tqdm(items, desc=title, unit="batch", leave=False, disable=hidden)
    return shown
