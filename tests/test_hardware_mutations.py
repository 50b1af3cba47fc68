"""Whatever is done to a platform file, an activity or a trace: one error that says what is wrong, or finite figures."""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from torch import nn

import hardware
from converters import outline
from hardware import CostReport, Platform, Quantity, Trace, assumed, estimate, load_platform, net, trace
from hardware.models.registry import KINDS
from hardware.workload.parts import Matrix
from spiking import (
    Function,
    Input,
    InvalidFile,
    InvalidInput,
    Linear,
    Neuron,
    Output,
    Relu,
    SpikingError,
    SpikingNetwork,
    binary,
)

FOLDER = Path(hardware.__file__).parent / "platform"
MUTATED = ("brain", "loihi1", "a100", "horowitz45nm", "v100_events")
HEAD = ("name", "kind", "title", "boundary", "extends")
SECTIONS = ("prices", "speeds", "limits", "functions")
FIELDS = ("value", "low", "high", "unit", "source", "basis", "scope", "page")
UNITS = ("J", "J/B", "W", "W/synapse", "s", "1", "bit", "B", "B/s", "FLOP/s", "mJ", "kJ", "eV", "GB/s", "", "j", "µs")
NUMBERS = (
    *(0, -0.0, 1, -1, 0.5, -1e-12, 1e-9, 1e9, 1e29, 1e31, 1e-29, 1e-31, 1e60, 1e-60, 1e61, 1e308, -1e308),
    *(5e-324, 1e-300, math.nan, math.inf, -math.inf, 10**400, -(10**400), 2**63, 16, 17, 33, 64),
)

NIGHTLY = os.environ.get("HECTOHERTZ_FUZZ") == "1"


def quick(examples: int) -> settings:
    """Return the same examples in every run: 10,000 in all by `make fuzz`, 500 else."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    count = examples if NIGHTLY else examples // 20
    return settings(max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=slow)


def mlp(*widths: int) -> SpikingNetwork:
    """Return fully connected layers of binary neurons."""
    nodes: list = [Input("x", (), (widths[0],))]
    for i, (before, after) in enumerate(pairwise(widths), start=1):
        nodes.append(Linear(f"fc{i}", (nodes[-1].name,), np.ones((after, before))))
        if i < len(widths) - 1:
            nodes.append(Neuron(f"if{i}", (f"fc{i}",), (Relu(),), binary(0.5)))
    return SpikingNetwork((*nodes, Output("y", (nodes[-1].name,)))).check()


SMALL = mlp(6, 5, 3)
ACTIVITY = assumed(SMALL, steps=4)
TRACE = trace(SMALL, ACTIVITY)
KWS = net("kws").trace()


# --- what must hold


def quantities(report: CostReport) -> Iterator[Quantity]:
    e = report.energy
    yield from (entry.energy for entry in report.entries)
    yield from report.alternatives.values()
    optional = (e.dynamic, e.static, e.io, e.total, report.latency_s, report.throughput, report.power, report.edp)
    yield from (one for one in optional if one is not None)


def sound(report: CostReport) -> None:
    """Fail unless every figure is finite, in its band, and what costs without a price says "≥"."""
    for one in quantities(report):
        assert all(map(math.isfinite, (one.low, one.value, one.high))), one
        assert 0 <= one.low <= one.value <= one.high, one
    for limit in report.constraints:
        assert math.isfinite(limit.needed), limit
        assert math.isfinite(limit.available), limit
    prices = report.platform.prices
    counted = KINDS[report.platform.kind].cost(report.work, report.platform.values(), report.batch)
    free = {(c.node, c.action) for c in counted.charges if c.count > 0 and c.price not in prices}
    assert free <= {(one.node, one.action) for one in report.unpriced}
    assert report.energy.total.at_least == any(one.group != "time" for one in report.unpriced)
    late = [one for one in report.unpriced if one.group == "time"]
    assert not late or report.latency_s is None or report.latency_s.at_least


def refused(error: SpikingError, *named: str) -> None:
    """Fail unless the complaint speaks of what was changed."""
    assert any(name in str(error) for name in named), (str(error), named)


# --- platform files


def merged(name: str) -> dict[str, Any]:
    """Return a shipped file with everything it extends."""
    file = next(
        path for path in (FOLDER / "shipped" / f"{name}.toml", FOLDER / "families" / f"{name}.toml") if path.exists()
    )
    raw = tomllib.loads(file.read_text())
    if "extends" not in raw:
        return raw
    base = merged(raw.pop("extends"))
    for key, value in raw.items():
        base[key] = {**base.get(key, {}), **value} if isinstance(value, dict) else value
    return base


def toml(value: Any) -> str:
    """Return a value as TOML on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def text_of(raw: dict[str, Any]) -> str:
    """Return a platform as the text of a file: the head first, a section at a time, an entry on a line."""
    lines = [f"{json.dumps(key)} = {toml(value)}" for key, value in raw.items() if not isinstance(value, dict)]
    for section, entries in raw.items():
        if isinstance(entries, dict):
            lines += [f"\n[{json.dumps(section)}]"]
            lines += [f"{json.dumps(key)} = {toml(entry)}" for key, entry in entries.items()]
    return "\n".join(lines) + "\n"


RAW = {name: merged(name) for name in MUTATED}
PRETTY = {name: text_of(raw) for name, raw in RAW.items()}

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
values = st.one_of(
    st.sampled_from([*NUMBERS, "", " ", "one", "None", "ünï ✓", True, False, [], [1, 2], {}, {"value": 1}, {"a": {}}]),
    st.sampled_from(NUMBERS),
    st.floats(),
    texts,
    st.recursive(st.integers(-3, 3), lambda inner: st.lists(inner, max_size=2), max_leaves=3),
)
OPERATIONS = (
    *("field", "field", "number", "number", "number", "band", "drop field", "drop", "drop section", "rename"),
    *("prefix", "move", "head", "drop head", "entry", "section", "unit", "extends", "function", "scale", "add"),
)
mutations = st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 10**6), values)


def mutate(raw: dict[str, Any], operation: str, at: int, value: Any) -> set[str]:
    """Change a platform in place; return the names of which a complaint may speak."""
    entries = [(s, k) for s in SECTIONS if isinstance(raw.get(s), dict) for k in raw[s]]
    section, key = entries[at % len(entries)] if entries else ("prices", "none")
    table = raw[section] if isinstance(raw.get(section), dict) else raw.setdefault(f"{section}2", {})
    entry = table.get(key)
    field = FIELDS[(at // 7) % len(FIELDS)]
    head = HEAD[(at // 7) % len(HEAD)]
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else NUMBERS[at % len(NUMBERS)]
    if operation in ("field", "number", "band", "drop field", "unit", "scale") and not isinstance(entry, dict):
        operation = "entry"
    match operation:
        case "field":
            entry[field] = value
        case "number":
            entry[FIELDS[at % 3]] = number
        case "band":
            entry["low"], entry["high"] = entry.get("high", entry.get("value")), entry.get("low", -1)
        case "drop field":
            entry.pop(field, None)
        case "unit":
            entry["unit"] = UNITS[at % len(UNITS)]
        case "scale":
            for name in ("value", "low", "high"):
                if isinstance(entry.get(name), int | float) and abs(entry[name]) < 1e100:
                    entry[name] = entry[name] * 10.0 ** (at % 120 - 60)
        case "drop":
            table.pop(key, None)
            return {section, key, "one of"}
        case "drop section":
            raw.pop(section, None)
            return {section}
        case "rename":
            table[value if isinstance(value, str) else f"{key}2"] = table.pop(key, value)
            return {section}
        case "prefix":
            table[f"{section}.{key}"] = table.pop(key, value)
            return {section}
        case "move":
            other = SECTIONS[at % 4]
            raw.setdefault(other, {})
            if isinstance(raw[other], dict):
                raw[other][key] = table.pop(key, value)
            return {section, other}
        case "head":
            raw[head] = value
            return {head, *SECTIONS}
        case "drop head":
            raw.pop(head, None)
            return {head, *SECTIONS}
        case "extends":
            raw["extends"] = (*RAW, "gpu", "server_gpu", "families/gpu", "mine", "../brain", value)[at % 11]
            return {"extends", *SECTIONS}
        case "section":
            raw[section] = value
            return {section}
        case "function":
            raw["functions"] = {value if isinstance(value, str) else "softmax": entry}
            return {"functions"}
        case "add":
            raw[value if isinstance(value, str) else "color"] = entry
            return {""}
        case _:
            table[key] = value
    return {key}


def judged(path: Path, content: bytes, named: set[str]) -> Platform | None:
    """Load a file; fail unless it is refused by its name and one of `named`, or gives sound reports."""
    path.write_bytes(content)
    try:
        platform = load_platform(path)
    except InvalidFile as error:
        said = str(error)
        assert path.name in said
        if "is not TOML" not in said and "extends: one of" not in said:
            assert "fault(s):" in said
            assert any(name in said for name in named), (said, named)
        return None
    try:
        report = estimate(TRACE, platform=platform)
    except InvalidInput as error:
        refused(error, "activation_bits")  # the arithmetic is too narrow for the values
        return None
    sound(report)
    return platform


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("platforms")


@pytest.mark.parametrize("name", MUTATED)
def test_what_is_mutated_is_sound_before(room: Path, name: str) -> None:
    platform = judged(room / f"{name}.toml", PRETTY[name].encode(), set())
    assert platform is not None
    assert platform.prices == load_platform(name).prices


@pytest.mark.fuzz
@quick(4500)
@given(st.sampled_from(MUTATED), st.lists(mutations, min_size=1, max_size=3))
def test_mutated_platforms(room: Path, name: str, changes: list) -> None:
    raw, named = deepcopy(RAW[name]), set()
    for operation, at, value in changes:
        named |= mutate(raw, operation, at, value)
    platform = judged(room / f"{name}.toml", text_of(raw).encode(), named)
    if platform is not None and changes[0][1] % 16 == 0:
        report = estimate(TRACE, platform=platform, batch=64)
        sound(report)
        assert str(report)
        assert json.loads(report.to_json())["platform"] == name


@pytest.mark.fuzz
@quick(1500)
@given(
    st.sampled_from(MUTATED),
    st.sampled_from(("cut", "drop", "twice", "swap", "insert", "replace", "bytes")),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    texts,
)
@example("brain", "insert", 0, 0, "a = 0x" + "f" * 5000 + "\n")
@example("brain", "insert", 0, 0, "a = " + "9" * 5000 + "\n")
@example("brain", "insert", 0, 0, "a = " + "[" * 5000 + "\n")
@example("brain", "insert", 0, 0, "\ufeff")
def test_mutated_text(room: Path, name: str, what: str, at: int, to: int, put: str) -> None:
    text = PRETTY[name]
    i, j = at % len(text), to % len(text)
    i, j = min(i, j), max(i, j)
    lines = text.splitlines(keepends=True)
    line = lines[at % len(lines)]
    content = {
        "cut": text[:i],
        "drop": text[:i] + text[min(j, i + to % 40) :],
        "twice": text.replace(line, line + line, 1),
        "swap": text[:i] + text[j : j + 1] + text[i + 1 : j] + text[i : i + 1] + text[j + 1 :],
        "insert": put + text if at == 0 else text[:i] + put + text[i:],
        "replace": text[:i] + put + text[i + 1 :],
        "bytes": text[:i],
    }[what].encode()
    judged(room / f"{name}.toml", content + b"\xff\xfe" * (what == "bytes"), {""})


@pytest.mark.parametrize("name", [*MUTATED, "loihi2", "truenorth", "odin", "spinnaker2"])
def test_a_number_that_is_dropped_is_never_0(room: Path, name: str) -> None:
    """Each optional price or time of which the network makes use: without it, the report says "≥"."""
    raw = merged(name)
    whole = estimate(TRACE, platform=name)
    used = {entry.price.name for entry in whole.entries if entry.price is not None and entry.count > 0}
    unused = ("t_host", "t_barrier_chips" if whole.chips == 1 else "t_barrier")  # no host, or no such barrier
    dropped = 0
    for section in ("prices", "speeds"):
        for key in raw.get(section, {}):
            changed = deepcopy(raw)
            del changed[section][key]
            platform = judged(room / f"{name}.toml", text_of(changed).encode(), {key})
            if platform is None:
                continue
            report = estimate(TRACE, platform=platform)
            said = {one.action for one in report.unpriced}
            if section == "prices" and key in used:
                dropped += 1
                assert report.energy.total.at_least
                assert len(report.unpriced) > len(whole.unpriced)
            elif key.startswith("t_") and "t_step_min" not in raw["speeds"] and key not in unused:
                dropped += 1
                assert key in said
                assert report.latency_s is None or report.latency_s.at_least
    assert dropped >= 1


def test_several_chips_without_a_barrier_say_so() -> None:
    """odin states the barrier of one chip: on more of them the time is longer than what is known."""
    one, many = (estimate(TRACE, platform="odin", cores_per_chip=n) for n in (8, 1))
    assert (one.chips, many.chips) == (1, 2)
    assert one.latency_s is not None
    assert many.latency_s is not None
    assert (one.latency_s.at_least, many.latency_s.at_least) == (False, True)
    assert "t_barrier_chips" in {entry.action for entry in many.unpriced}


@pytest.mark.parametrize("name", [*MUTATED, "loihi2", "truenorth", "odin"])
def test_a_number_at_its_extremes(name: str) -> None:
    """Each number of a platform at 30 values, most of them absurd: refused by name, or finite figures."""
    platform = load_platform(name)
    for key in platform.slots:
        for value in NUMBERS:
            try:
                changed = platform.replaced({key: value})
            except InvalidInput as error:
                refused(error, key)
                continue
            try:
                report = estimate(TRACE, platform=changed)
            except InvalidInput as error:
                refused(error, "activation_bits")
                continue
            sound(report)


# --- named cases


GOOD = """
name = "mine"
kind = "operation_count"
title = "one number"
boundary = "chip"
[prices]
synaptic_event = { value = 2e-12, low = 1e-12, high = 3e-12, unit = "J", scope = "marginal", basis = "measured", \
source = "my bench" }
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (', source = "my bench"', "", "prices.synaptic_event.source: missing; say where the number is from"),
        ('source = "my bench"', 'source = "  "', "prices.synaptic_event.source: missing; say where"),
        ("value = 2e-12, low = 1e-12", "value = -2e-12, low = -3e-12", "prices.synaptic_event: .* not be negative"),
        ('unit = "J"', 'unit = "mJ"', "prices.synaptic_event.unit: 'mJ' is unknown; 'J' was expected"),
        ("value = 2e-12", "value = 4e-12", "prices.synaptic_event: low <= value <= high does not hold"),
        ("value = 2e-12", f"value = {10**400}", "prices.synaptic_event: value, low and high must be finite"),
        ("value = 2e-12", f"value = 0x{'f' * 5000}", "prices.synaptic_event: value, low and high must be finite"),
        ("value = 2e-12, low = 1e-12", "value = 1e-70, low = 1e-71", "prices.synaptic_event: .* finite numbers"),
        ("value = 2e-12", "value = 2e-12, value = 2e-12", "is not TOML: .*line 7"),
        ('title = "one number"', 'title = "one"\ntitle = "two"', "is not TOML: .*line 5"),
        ("[prices]", "[prices]\n[prices]", "is not TOML: .*prices"),
        ('name = "mine"', 'name = "yours"', "name: 'yours' must be the file's own, 'mine'"),
        ('name = "mine"', 'name = "mine"\nextends = "mine"', "extends: one of .* was expected, not 'mine'"),
    ],
)
def test_a_file_that_must_fail(room: Path, old: str, new: str, fault: str) -> None:
    assert old in GOOD
    (room / "mine.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(InvalidFile, match=rf"(?s)mine\.toml.*{fault}"):
        load_platform(room / "mine.toml")


def test_families_cannot_go_round_in_circles() -> None:
    """What is shipped ends: no file extends itself, by whatever way."""
    for file in (FOLDER / "families").glob("*.toml"):
        assert merged(file.stem)


@pytest.mark.parametrize("batch", [0, -1, True, False, 1.5, 1.0, 10**30, 10**12 + 1, "1", None, math.nan])
def test_a_batch_that_must_fail(batch: Any) -> None:
    for ask in (estimate, hardware.compare):
        with pytest.raises(InvalidInput, match="batch must be a whole number from 1 to 1e12, not"):
            ask(TRACE, batch=batch)


@pytest.mark.parametrize("batch", [1, 2, 10**12])
@pytest.mark.parametrize("name", [*MUTATED, "loihi2", "truenorth"])
def test_a_batch_that_must_not(name: str, batch: int) -> None:
    sound(estimate(TRACE, platform=name, batch=batch))


def test_an_activity_of_another_network() -> None:
    other = mlp(6, 4, 3)
    with pytest.raises(InvalidInput, match="activity of another network: it belongs to"):
        estimate(SMALL, assumed(other))


def test_an_activity_beside_a_trace() -> None:
    with pytest.raises(InvalidInput, match="a trace has its activity already"):
        estimate(TRACE, ACTIVITY)


# --- activities

JUNK: tuple[Any, ...] = (
    *(None, True, "four", "", b"x", 0, -1, 1.5, 4.0, math.nan, math.inf, 10**30, 10**400, [], {}, (), [4]),
    *(np.int64(4), np.float64(4), np.array(4), np.array([4, 4]), object()),
)


def curves(ticks: int) -> st.SearchStrategy[Any]:
    """Curves of events, and what is none."""
    good = np.ones(ticks)
    return st.one_of(
        st.sampled_from(
            [
                *(good, good * 0, good * 1e12, good.astype(int), good.astype(np.float32), good > 0, good.tolist()),
                *(good * np.nan, good * np.inf, -good, good * 1e308, good * 1e31, good * 1e29, good[:-1], good[:0]),
                *(
                    good.astype(object),
                    good.astype(str),
                    good.astype(complex),
                    good[:, None],
                    good[None],
                    [[1], [1, 2]],
                ),
                *(np.where(good.cumsum() > 1, good, np.nan), np.array([None] * ticks), np.array([{}] * ticks)),
                *(np.full(ticks, "2020-01-01", "M8[D]"), np.full(ticks, 6e4, np.float16), np.full(ticks, 10**400)),
            ]
        ),
        st.sampled_from(JUNK),
        st.lists(st.floats(), min_size=ticks, max_size=ticks).map(np.array),
        st.lists(st.floats(0, 1e6), min_size=ticks, max_size=ticks).map(np.array),
    )


names = st.sampled_from(["x", "if1", "fc1", "fc2", "y", "nobody", "", 3, None, ("x",)])


@pytest.mark.fuzz
@quick(2500)
@given(
    st.sampled_from(("steps", "samples", "delay", "network", "spikes", "events", "one spikes", "one events")),
    st.sampled_from(JUNK),
    names,
    curves(4),
    st.sampled_from(["drop", "put"]),
    st.sampled_from(["brain", "loihi1", "a100", "horowitz45nm", "v100_events"]),
)
def test_mutated_activities(what: str, junk: Any, name: Any, curve: Any, how: str, platform: str) -> None:
    changed: Any = junk
    if what.startswith("one "):
        what = what[4:]
        changed = dict(getattr(ACTIVITY, what))
        if how == "drop":
            changed.pop(name, None)
        else:
            changed[name] = curve
    activity = replace(ACTIVITY, **{what: changed})
    try:
        report = estimate(SMALL, activity, platform)
    except InvalidInput as error:
        refused(error, what, "shape")
        return
    sound(report)
    if what in ("steps", "delay"):  # only what means the same as before, or is of another clock
        assert activity.steps == 4
    if what in ("spikes", "events"):
        for key, held in getattr(activity, what).items():
            assert np.shape(held) == (4,), key
            assert np.all(np.isfinite(np.asarray(held, float))), key


def test_an_equal_activity_costs_the_same() -> None:
    """Integers, single precision and lists are numbers all the same."""
    for made in (np.asarray, np.float32, np.ndarray.tolist, lambda c: c.astype(int)):
        events = {name: made(curve.copy()) for name, curve in ACTIVITY.events.items()}
        report = estimate(SMALL, replace(ACTIVITY, events=events), "brain")
        assert report.energy.total.value == pytest.approx(estimate(SMALL, ACTIVITY, "brain").energy.total.value, rel=1)


# --- traces

COUNTS = ("weights", "reads", "unrolled", "physical", "dynamic", "fan_in", "values", "macs")
PLACE = (*COUNTS, "taps", "channels", "calls", "stage", "passes", "halo", "inside", "sources", "matrix", "events")
LAYER = ("neurons", "integrators", "columns", "time_steps", "functions", "spikes", "places")
WHOLE = ("steps", "delay", "stages", "ticks", "samples", "neurons", "bits", "senders", "columns", "sizes")
GONE = replace(KWS.places[0], name="gone")
TRACES: tuple[Any, ...] = (
    *(*JUNK, 2, 3, 7, 10**6, 1e31, 10**31, -0.5),
    *((1,), (0, 0), (-1, 0), (1, -1), ("x",), ("nobody",), {"x": 0}, {"x": math.nan}, {"x": 1}, (GONE,), (3,)),
    *((1, 1, 1, 1), Matrix(1, 1, 1, 1), Matrix(0, 1, 1, 1)),
)


def shifted(work: Trace, part: str, field: str, at: int, value: Any) -> Trace:
    """Return the trace with one field of the whole, or of one of its places or layers, replaced."""
    if part == "whole":
        return replace(work, **{field: value})
    if part == "place":
        old = work.places[at % len(work.places)]
        new = replace(old, **{field: value})
        swap = lambda places: tuple(new if one is old else one for one in places)  # noqa: E731
        layers = tuple(replace(layer, places=swap(layer.places)) for layer in work.layers)
        return replace(work, places=swap(work.places), layers=layers)
    old_layer = work.layers[at % len(work.layers)]
    changed = replace(old_layer, **{field: value})
    return replace(work, layers=tuple(changed if one is old_layer else one for one in work.layers))


fields = st.one_of(
    st.tuples(st.just("whole"), st.sampled_from(WHOLE), st.sampled_from(TRACES)),
    st.tuples(st.just("place"), st.sampled_from(PLACE), st.sampled_from(TRACES)),
    st.tuples(st.just("place"), st.just("events"), curves(KWS.ticks)),
    st.tuples(st.just("layer"), st.sampled_from(LAYER), st.sampled_from(TRACES)),
    st.tuples(st.just("layer"), st.just("spikes"), curves(KWS.ticks)),
)


@pytest.mark.fuzz
@quick(1500)
@given(fields, st.integers(0, 2), st.sampled_from(["brain", "loihi1", "a100", "horowitz45nm", "v100_events"]))
def test_mutated_traces(change: tuple[str, str, Any], at: int, platform: str) -> None:
    work = shifted(KWS, *change[:2], at, change[2])
    try:
        report = estimate(work, platform=platform)
    except InvalidInput:
        return
    sound(report)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: replace(t, ticks=0), "ticks 0"),
        (lambda t: replace(t, ticks=t.ticks + 1), r"events of 'fc1' must have shape \(4,\), not \(3,\)"),
        (lambda t: replace(t, places=()), "no place where events arrive"),
        (lambda t: replace(t, sizes={}), "has a source of unknown size"),
        (lambda t: shifted(t, "place", "macs", 0, -1), "counts of '.*' make no sense: macs -1"),
        (lambda t: shifted(t, "place", "macs", 0, math.nan), "counts of '.*' make no sense: macs nan"),
        (lambda t: shifted(t, "place", "calls", 0, 0), "counts of '.*' make no sense"),
        (lambda t: shifted(t, "place", "events", 0, np.full(t.ticks, np.nan)), "are NaN, infinite or negative"),
        (lambda t: t.scaled(math.nan), "scaled by a finite number of at least 0, not by nan"),
        (lambda t: t.scaled(-1), "scaled by a finite number of at least 0, not by -1"),
    ],
)
def test_a_trace_that_must_fail(change: Callable[[Trace], Trace], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        estimate(change(KWS), platform="brain")


# --- nodes that nobody has priced


@dataclass(frozen=True)
class Wobble(Function):
    """A function that no platform knows."""


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.mix(x, x, x)[0]


class Cell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTM(8, 4, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cell(x)[0][:, -1]


def group_norm() -> SpikingNetwork:
    return outline(nn.Sequential(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.ReLU()).eval(), torch.zeros(1, 1, 6, 6))


def wobble() -> SpikingNetwork:
    nodes = [replace(n, function=(Wobble(),)) if isinstance(n, Neuron) else n for n in SMALL]
    return SpikingNetwork(tuple(nodes)).check()


HARD: dict[str, tuple[Callable[[], Any], set[str], set[str]]] = {  # what, on event-driven hardware, on a GPU
    "LSTM": (lambda: outline(Cell().eval(), torch.zeros(1, 3, 8)), {"gating_event", "sigmoid", "tanh"}, {"sigmoid"}),
    "attention": (lambda: outline(Attention().eval(), torch.zeros(1, 5, 8)), {"gating_event", "softmax"}, {"softmax"}),
    "GroupNorm": (group_norm, {"group_norm"}, {"group_norm"}),
    "unknown function": (wobble, {"wobble"}, {"wobble"}),
    "LSTM of the zoo": (lambda: net("lstm").trace(), {"gating_event"}, set()),
    "attention of the zoo": (lambda: net("vit_ti").trace(), {"gating_event"}, set()),
}


@pytest.mark.parametrize("name", ["brain", "loihi1", "a100", "loihi2", "truenorth"])
@pytest.mark.parametrize("what", HARD)
def test_what_nobody_priced_is_said(what: str, name: str) -> None:
    """A cost or an entry in unpriced: every product and function is one or the other, and the total knows."""
    make, events, dense = HARD[what]
    work = trace(make())
    report = estimate(work, platform=name)
    sound(report)
    unpriced = {one.action for one in report.unpriced}
    assert (dense if name == "a100" else events) <= unpriced
    if unpriced:
        assert report.energy.total.nominal.startswith("≥ ")
        assert "≥" in str(report)
    for place in work.places:
        if place.dynamic and name == "a100":  # a product is arithmetic there, and costs
            at_each_moment = place.matrix is None  # the second launch of each moment of a cell
            assert at_each_moment or report.by_node()[place.name].value > 0
        elif place.dynamic:
            assert (place.name, "gating_event") in {(one.node, one.action) for one in report.unpriced}
    for layer in work.layers:
        for function in layer.functions:
            assert (layer.name, function) in {(one.node, one.action) for one in report.unpriced}
    priced = report.platform.replaced({"gating_event": 1e-12}) if name != "a100" else report.platform
    again = estimate(work, platform=priced)
    assert {one.action for one in again.unpriced} == unpriced - {"gating_event"}
    assert again.energy.total.value >= report.energy.total.value
