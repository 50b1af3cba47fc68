"""run(): check, stream the batches through a backend, and account for what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backends import BatchResult, Plan, backend
from .errors import InvalidInput, UnsupportedNode
from .fan_out import fan_outs
from .network import Network
from .nodes import Input
from .record import Activity, SpikeRecord
from .store import fingerprint

Array = NDArray[Any]


def run(
    network: Network,
    inputs: Any,
    *,
    steps: int,
    backend: str = "norse",
    delay: int = 0,
    wavefront: bool | None = None,
    record: Sequence[str] | bool = (),
    batch_size: int = 100,
    progress: bool | None = None,
    **options: Any,
) -> SpikeRecord:
    """Simulate `steps` ticks of a network.

    inputs      (B, …) array or tensor, a dict of them by input name, or an iterable of such batches or of
                (batch, label, …) tuples; streamed
    delay       0: a tick flows through the whole network; 1: a spike is seen one tick later
    wavefront   whether neurons keep to their start and window; by default with delay 1
    record      names of neuron nodes whose spikes to keep, (T, B, …); True keeps all
    batch_size  how many samples of an array run together
    progress    a bar on stderr; by default on a terminal only
    options     of the backend: norse takes device and dtype, brian2 takes codegen

    Raises InvalidInput (steps, delay, shapes, NaN, nothing to run), UnsupportedNode (all reasons at once).
    """
    network.check().valued()
    plan = _plan(network, steps, delay, wavefront, record, options)
    engine = _engine(network, backend, options)
    run_batch = engine.prepare(network, plan)
    total = _Total(network, plan)
    given = batches(inputs, batch_size, tuple(node.name for node in network.inputs))
    for batch in _progress(given, progress, f"{backend} · {steps} steps"):
        x = fitting(batch, network.inputs)
        if _samples(x):
            total.add(x, run_batch(x))
    return total.record(engine.name)


class _Total:
    """What the batches of a run did, together."""

    def __init__(self, network: Network, plan: Plan) -> None:
        self.network, self.plan, self.samples = network, plan, 0
        self.readouts: dict[str, list[Array]] = {}
        self.rasters: dict[str, list[Array]] = {}
        self.counts: dict[str, Array] = {}

    def add(self, x: dict[str, Array], result: BatchResult) -> None:
        """Add one batch."""
        self.samples += _samples(x)
        for whole, parts in ((self.readouts, result.readouts), (self.rasters, result.rasters)):
            for name, value in parts.items():
                whole.setdefault(name, []).append(value)
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
        return SpikeRecord(readouts, activity, engine, rasters)


def _samples(x: dict[str, Array]) -> int:
    return len(next(iter(x.values())))


def batches(inputs: Any, batch_size: int, names: tuple[str, ...] = ("x",)) -> Iterator[dict[str, Array]]:
    """Yield batches, input name -> (B, …), of an array, a tensor, a dict of them, an iterable of batches, a DataLoader.

    `names` are the network's inputs: a bare array is the first of them, and the only one.
    """
    if batch_size < 1:
        raise InvalidInput(f"batch_size must be at least 1, not {batch_size}")
    if _arraylike(inputs) or isinstance(inputs, Mapping):
        whole = _named(inputs, names)
        if any(len(x.shape) == 0 for x in whole.values()):
            raise InvalidInput("inputs must have a batch axis in front: (B, …)")
        sizes = {name: len(x) for name, x in whole.items()}
        if len(set(sizes.values())) > 1:
            raise InvalidInput(f"the inputs differ in their number of samples: {sizes}")
        for begin in range(0, next(iter(sizes.values()), 0), batch_size):
            yield {name: _array(x[begin : begin + batch_size]) for name, x in whole.items()}
    elif isinstance(inputs, Iterable) and not isinstance(inputs, str | bytes):
        for item in inputs:
            whole = _named(item[0] if isinstance(item, tuple | list) else item, names)
            yield {name: _array(x) for name, x in whole.items()}
    else:
        raise InvalidInput(f"inputs must be an array, a tensor or an iterable of batches, not {type(inputs).__name__}")


def fitting(batch: Mapping[str, Array], inputs: Sequence[Input]) -> dict[str, Array]:
    """Return the batch as it is, or raise InvalidInput with every fault: names, shapes, types, NaN, unknown ids."""
    faults = [f"'{node.name}' is missing" for node in inputs if node.name not in batch]
    known = {node.name: node for node in inputs}
    for name, x in batch.items():
        if name in known:
            faults += [f"'{name}' {fault}" for fault in _misfits(x, known[name])]
    if faults:
        raise InvalidInput("\n  ".join(["the inputs do not fit the network:", *faults]))
    return {name: batch[name] for name in known}


def _misfits(x: Array, node: Input) -> Iterator[str]:
    if x.dtype.kind not in "fiub":
        yield f"must be real numbers, not {x.dtype}"
    elif x.shape[1:] != node.shape:
        yield f"takes (B, {', '.join(map(str, node.shape))}), not {x.shape}"
    elif x.dtype.kind == "f" and not np.all(np.isfinite(x)):
        yield f"holds {np.count_nonzero(~np.isfinite(x))} NaN or infinite values"
    elif node.binary and not np.all((x == 0) | (x == 1)):
        yield "is a mask: it takes only zeros and ones"
    elif node.vocabulary and (x.dtype.kind not in "iu" or (x.size and not 0 <= x.min() <= x.max() < node.vocabulary)):
        yield f"takes ids 0 … {node.vocabulary - 1}, as integers"


def _arraylike(x: Any) -> bool:
    return hasattr(x, "shape") and hasattr(x, "__getitem__")


def _named(x: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(x, Mapping):
        return {names[0]: x}
    missing = [name for name in names if name not in x]
    if missing:
        raise InvalidInput(f"the inputs lack {', '.join(missing)}; given: {', '.join(map(str, x))}")
    return {name: x[name] for name in names}


def _array(x: Any) -> Array:
    if hasattr(x, "detach"):
        x = x.detach().cpu()
        x = (x.float() if str(x.dtype) == "torch.bfloat16" else x).numpy()  # NumPy has no bfloat16
    return np.asarray(x)


def _plan(
    network: Network, steps: int, delay: int, wavefront: bool | None, record: Any, options: dict[str, Any]
) -> Plan:
    faults = []
    if steps < 1:
        faults.append(f"steps must be at least 1, not {steps}")
    if delay not in (0, 1):
        faults.append(f"delay must be 0 or 1, not {delay}")
    if wavefront and delay == 0:
        faults.append("a wavefront needs delay=1: with delay 0 every layer has its whole input in the same tick")
    names = {node.name for node in network.populations}
    keep = names if record is True else {record} if isinstance(record, str) else set(record or ())
    faults += [f"there is no neuron node '{name}' to record" for name in sorted(keep - names)]
    faults += network.undecided()
    if faults:
        raise InvalidInput("\n  ".join(["cannot run:", *faults]) if len(faults) > 1 else faults[0])
    return Plan(steps, delay, bool(delay) if wavefront is None else wavefront, frozenset(keep), options)


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


def _progress(items: Iterator[dict[str, Array]], progress: bool | None, title: str) -> Iterable[dict[str, Array]]:
    from tqdm import tqdm

    hidden = None if progress is None else not progress
    shown: Iterable[dict[str, Array]] = tqdm(items, desc=title, unit="batch", leave=False, disable=hidden)
    return shown
