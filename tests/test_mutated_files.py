"""A file with anything wrong in it is refused with one clear error, or means the same on every engine."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutations import Tally, altered_array, altered_arrays, altered_bytes, altered_header, packed, written
from test_misuse import CALLS, WRONG
from zoo import ZOO

from spiking import InvalidNetwork, SpikeRecord, SpikingError, SpikingNetwork, run, store
from spiking.network import Network

NIGHTLY = os.environ.get("HECTOHERTZ_FUZZ") == "1"
LARGEST = 1_000_000  # entries of an input that a test still makes
PARTS = 4
APART = 30  # binary orders between the largest and the smallest value: a product of two still fits 64 bits


def many(nightly: int) -> int:
    """How many cases one part tries."""
    return (nightly if NIGHTLY else nightly // 100) // PARTS


@cache
def zoo(name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    return store.encode(ZOO[name]().network)


def inputs(network: SpikingNetwork) -> dict[str, np.ndarray]:
    """Two samples that fit: dyadic numbers, ids, or a mask."""
    rng = np.random.default_rng(3)
    made = {}
    for node in network.inputs:
        if np.prod(node.shape, dtype=float) > LARGEST:
            raise InvalidNetwork("its input is too large for a test")
        below = node.vocabulary or (2 if node.binary else 0)
        shape = (2, *node.shape)
        made[node.name] = rng.integers(0, below, shape) if below else rng.integers(-16, 17, shape) / 16
    return made


def same(network: SpikingNetwork, delay: int) -> str:
    """Run on both engines: "right" if they agree in finite numbers, or what is wrong."""
    x = inputs(network)
    setting: dict[str, Any] = {"steps": 3, "delay": delay, "progress": False}
    found = [
        run(network, x, backend="norse", dtype="float64", **setting).readouts,
        run(network, x, backend="reference", **setting).readouts,
    ]
    rounds = far_apart(network)
    for name in found[1]:
        norse, reference = (readouts[name] for readouts in found)
        if norse.shape != reference.shape:
            return f"wrong shape of '{name}': {norse.shape} and {reference.shape}"
        if not (np.all(np.isfinite(norse)) and np.all(np.isfinite(reference))):
            return f"wrong: '{name}' is not finite"
        if rounds:
            continue
        scale = max(1.0, float(np.abs(reference).max(initial=0)))
        gap = float(np.abs(norse / scale - reference / scale).max(initial=0))
        if gap > 1e-6:
            return f"wrong: '{name}' differs by {gap:.3g} of {scale:.3g}"
    return "rounded" if rounds else "right"


def far_apart(network: SpikingNetwork) -> bool:
    """Whether weights and units lie so far apart that sums of them round, so that engines that add in another order
    may send other spikes, and neither is wrong."""
    arrays = [np.abs(np.asarray(a, dtype=float)) for a in store.encode(network)[1].values()]
    exponents = [np.frexp(a[a > 0])[1] for a in arrays if np.any(a > 0)]
    return bool(exponents) and max(e.max() for e in exponents) - min(e.min() for e in exponents) > APART


def judged_network(path: Path, delay: int) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return same(SpikingNetwork.load(path), delay)


def judged_record(path: Path) -> str:
    record = SpikeRecord.load(path)
    numbers = [record.activity.total_spikes, record.activity.total_events, *record.saturated.values()]
    for call in (record.accuracy, lambda: record.agreement(record.readout[-1])):
        try:
            numbers += list(call())
        except SpikingError:
            continue
    shapes = {values.shape[:2] for table in (record.readouts, record.rasters) for values in table.values()}
    if shapes != {(record.steps, record.activity.samples)}:
        return f"wrong: {shapes} in a record of {record.steps} ticks and {record.activity.samples} samples"
    record.save(path)
    again = SpikeRecord.load(path)
    whole = np.all(np.isfinite(numbers)) and repr(again) == repr(record)
    return "right" if whole else f"wrong: {numbers}"


Alter = Callable[[dict[str, Any], dict[str, np.ndarray], np.random.Generator], Any]


def networks(path: Path, alter: Alter | None, part: int, cases: int) -> Tally:
    """Mutated networks of the zoo, in turn."""
    tally, names = Tally(), sorted(ZOO)
    for case in range(cases):
        seed = case * PARTS + part
        rng, name = np.random.default_rng([seed, 11]), names[seed % len(names)]
        content, arrays = zoo(name)
        if alter is None:
            whole = altered_bytes(packed("network", content, arrays), rng)
        else:
            whole = packed("network", *alter(content, arrays, rng))
        where = written(path, whole)
        tally.case(f"{name} {seed}", lambda: judged_network(where, seed % 2))  # noqa: B023
    return tally


def settled(tally: Tally, title: str) -> None:
    """Say the counts; nothing is wrong, nothing escapes, some is refused and some accepted."""
    print(tally.said(title))
    assert tally.bad == []
    assert tally.counts["refused"]


@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("what", "cases"), [("arrays", 20_000), ("header", 20_000), ("bytes", 4_000)])
def test_mutated_networks(what: str, cases: int, part: int, tmp_path: Path) -> None:
    alter = {"arrays": altered_arrays, "header": altered_header, "bytes": None}[what]
    settled(networks(tmp_path / "n.npz", alter, part, many(cases)), f"networks, {what} {part}")


@cache
def record() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A record's content and arrays."""
    import tempfile

    case = ZOO["residual"]()
    made = run(case.network, [(case.x, np.array([0, 1, 2]))], steps=4, backend="reference", record=True, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        made.save(Path(folder) / "r.npz")
        return store.read(Path(folder) / "r.npz", "record")


@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("what", ["arrays", "header"])
def test_mutated_records(what: str, part: int, tmp_path: Path) -> None:
    alter = {"arrays": altered_arrays, "header": altered_header}[what]
    tally = Tally()
    for case in range(many(4_000)):
        rng = np.random.default_rng([case * PARTS + part, 13])
        where = written(tmp_path / "r.npz", packed("record", *alter(*record(), rng)))
        tally.case(f"record {case}", lambda: judged_record(where))  # noqa: B023
    settled(tally, f"records, {what} {part}")


def wrong_value(right: Any, rng: np.random.Generator) -> Any:
    """Something else than the right argument: of another kind, nested, or an altered array."""
    how = rng.random()
    if isinstance(right, np.ndarray) and how < 0.5:
        return altered_array(right, rng)
    wrong = list(WRONG.values())[rng.integers(len(WRONG))]
    if how < 0.7:
        return wrong
    return [(wrong,), [wrong], {"x": wrong}, [right, wrong], np.array(None), [[right]]][rng.integers(6)]


@pytest.mark.fuzz
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_calls(part: int) -> None:
    """Every public function with one or two of its arguments wrong."""
    tally, doors = Tally(), sorted(CALLS)
    for case in range(many(6_000)):
        seed = case * PARTS + part
        rng, door = np.random.default_rng([seed, 17]), doors[seed % len(doors)]
        call, right = CALLS[door]
        names = rng.permutation(sorted(right))[: rng.integers(1, 3)]
        given = {**right, **{str(name): wrong_value(right[str(name)], rng) for name in names}}

        def judge() -> str:
            made = call(**given)  # noqa: B023
            numbers = made.readouts.values() if isinstance(made, SpikeRecord) else ()
            return "right" if all(np.all(np.isfinite(y)) for y in numbers) else "wrong: not finite"

        tally.case(f"{door}, {', '.join(map(str, names))}, {seed}", judge)
    settled(tally, f"calls {part}")


def test_the_count_itself_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the gate, the same files get through to tracebacks; with an engine that errs, answers are wrong."""
    monkeypatch.setattr(Network, "check", lambda self: self)
    open_gate = networks(tmp_path / "n.npz", altered_arrays, 0, 300)
    assert open_gate.counts["traceback"] > 10
    monkeypatch.undo()
    monkeypatch.setattr("spiking.backends.reference.emit", lambda alphabet, r, late=False: r)
    other_engine = networks(tmp_path / "n.npz", altered_arrays, 0, 60)
    assert other_engine.counts["wrong"] > 5


def test_right_files_are_right(tmp_path: Path) -> None:
    """The control: nothing altered, nothing refused."""
    tally = networks(tmp_path / "n.npz", lambda content, arrays, rng: (content, arrays), 0, len(ZOO))
    assert tally.bad == []
    assert set(tally.counts) <= {"right", "rounded"}
    assert tally.counts["right"] > len(ZOO) / 2
