"""Every engine equals the reference spike for spike, or says which nodes it cannot run and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engines import FAKES, REASON
from zoo import ZOO, Case, build, conv, head, relu

from spiking import (
    BACKENDS,
    Elementwise,
    Function,
    Linear,
    Neuron,
    Node,
    Norm,
    Output,
    SpikeRecord,
    SpikingNetwork,
    UnsupportedNode,
    binary,
    graded,
    run,
    ternary,
)
from spiking.backends import backend
from spiking.formulas import NAMED
from spiking.groups import FUNCTIONS

ENGINES = [name for name in BACKENDS if name != "reference"]
SETTINGS = {"instant": (0, False), "delayed": (1, False), "wavefront": (1, True)}
ALPHABETS = {"binary": binary(0.25), "ternary": ternary(0.125), "graded": graded(0.125, 3)}


def simulate(case: Case, engine: str, setting: str, steps: int = 8) -> SpikeRecord:
    """Run a case with every spike recorded; a wavefront opens each layer for three ticks."""
    delay, wavefront = SETTINGS[setting]
    network = case.network.wavefront(3) if wavefront else case.network
    how = {"steps": steps, "delay": delay, "wavefront": wavefront, "record": True, "progress": False}
    if engine == "norse" and not dyadic(case.network):
        how["dtype"] = "float64"
    return run(network, case.x, backend=engine, **how)


def functions(network: SpikingNetwork) -> list[Function]:
    """Every function of a neuron or an output."""
    return [f for node in network if isinstance(node, Neuron | Output) for f in node.function]


def dyadic(network: SpikingNetwork) -> bool:
    """Whether functions are comparisons, so that every value of a dyadic network is exact."""
    return all(f.plain for f in functions(network))


def differences(a: SpikeRecord, b: SpikeRecord, error: float = 0.0) -> list[str]:
    """Name every table in which run b differs from a, at any tick, in any sample, in any bit of b's own precision.

    Readouts may differ by `error`; what was sent may not.
    """
    pairs = {
        "readout": (a.readouts, b.readouts),
        "raster": (a.rasters, b.rasters),
        "spikes": (a.activity.spikes, b.activity.spikes),
        "events": (a.activity.events, b.activity.events),
    }
    found = []
    for table, (left, right) in pairs.items():
        assert left.keys() == right.keys()
        allowed = error if table == "readout" else 0.0
        found += [f"{table} {name}" for name in left if not equal(left[name], right[name], allowed)]
    return found


def equal(wanted: np.ndarray, got: np.ndarray, error: float = 0.0) -> bool:
    """Equal at every place, in the precision of `got`: a quotient rounded by way of 64 bits is the same in 32."""
    if error:
        return np.allclose(wanted, got, rtol=0.0, atol=error)
    return np.array_equal(wanted.astype(got.dtype), got)


def agrees(case: Case, engine: str, setting: str) -> None:
    """Fail unless an engine equals the reference; skip with the reason if it refuses the network."""
    reasons = list(backend(engine).reasons(case.network))
    if reasons:
        with pytest.raises(UnsupportedNode):
            simulate(case, engine, setting)
        pytest.skip("; ".join(reasons))
    error = 0.0 if dyadic(case.network) else 1e-9
    assert differences(simulate(case, "reference", setting), simulate(case, engine, setting), error) == []


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_spike_equals_the_reference(engine: str, name: str, setting: str) -> None:
    agrees(ZOO[name](), engine, setting)


@pytest.mark.parametrize("schedule", ["sigma-delta", "rate"])
@pytest.mark.parametrize("kind", ALPHABETS)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_alphabet_under_both_schedules(engine: str, kind: str, schedule: str) -> None:
    c = conv("c1", "x", 3, 2, 3, 3, padding=(1, 1))
    case = build(schedule, (2, 4, 4), c, relu("n1", "c1", ALPHABETS[kind]), *head("n1", 48))
    agrees(case, engine, "instant")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_broken_weight_is_seen(engine: str) -> None:
    case = ZOO["conv1d"]()
    damaged = case.network["head"].weight.copy()
    damaged[0, 0] += 1 / 64
    broken = Case(swapped(case.network, replace(case.network["head"], weight=damaged)), case.x)
    found = differences(simulate(case, "reference", "delayed"), simulate(broken, engine, "delayed"))
    assert found == ["readout out"]  # the spikes above the head are the same


@pytest.mark.parametrize("engine", ENGINES)
def test_a_broken_function_is_seen(engine: str) -> None:
    """An eps of 2e-5 for 1e-5 changes no spike but the readout, by far more than the error that is allowed."""
    case = ZOO["log_softmax"]()
    before, after = Norm(1), Norm(1, 2e-5)
    normed, broken = (Case(swapped(case.network, Output("out", ("l2",), (norm,))), case.x) for norm in (before, after))
    agrees(normed, engine, "delayed")
    wanted, got = simulate(normed, "reference", "delayed"), simulate(broken, engine, "delayed")
    assert differences(wanted, got, 1e-9) == ["readout out"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_threshold_is_met_by_equality(engine: str) -> None:
    """x = 1/2 twice makes 1, the threshold: sent at tick 2 of the rate schedule, not at tick 1."""
    network = build("rate", (1,), Linear("l", ("x",), np.eye(1)), relu("n", "l", binary(1.0)), *head("n", 1)).network
    record = simulate(Case(network, np.full((1, 1), 0.5)), engine, "instant", steps=4)
    assert record.rasters["n"].ravel().tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("name", ZOO)
def test_the_zoo_is_alive(name: str) -> None:
    """Nothing is proved by comparing silence: every neuron node sends something."""
    case = ZOO[name]()
    record = simulate(case, "reference", "wavefront")
    assert all(np.any(record.rasters[node.name]) for node in case.network.populations)


def test_the_zoo_holds_every_node_and_function() -> None:
    networks = [make().network for make in ZOO.values()]
    held = {type(node) for network in networks for node in network}
    assert held == {c for c in concrete(Node) if c.__module__.startswith("spiking.")}
    used = [f for network in networks for f in functions(network)]
    assert {type(f) for f in used} == set(FUNCTIONS.values())
    assert {f.name for f in used if isinstance(f, Elementwise)} == set(NAMED)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_an_engine_cannot_do_has_a_reason(engine: str) -> None:
    assert all(len(reason) > 10 for reason in backend(engine).cannot.values())


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backends of engines.py, each a file and a row of the table, as any other."""
    for name, row in FAKES.items():
        monkeypatch.setitem(BACKENDS, name, row)


@pytest.mark.usefixtures("fakes")
def test_an_engine_that_refuses_a_node_says_so_and_is_skipped_there_only() -> None:
    with pytest.raises(pytest.skip.Exception, match=f"MatMul 'scores': {REASON}; MatMul 'mixed': {REASON}"):
        agrees(ZOO["attention_head"](), "refusing", "instant")
    with pytest.raises(UnsupportedNode) as refused:
        simulate(ZOO["attention_head"](), "refusing", "instant")
    lines = ["backend 'refusing' cannot run 2 node(s):", f"MatMul 'scores': {REASON}", f"MatMul 'mixed': {REASON}"]
    assert str(refused.value).split("\n  ") == lines
    agrees(ZOO["gated"](), "refusing", "delayed")


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", ZOO)
def test_one_late_spike_is_caught(name: str, setting: str) -> None:
    with pytest.raises(AssertionError, match="raster"):
        agrees(ZOO[name](), "late", setting)


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", sorted(ZOO.keys() - {"argmax", "conv_transpose1d", "upsample"}))
def test_one_wrong_weight_is_caught(name: str, setting: str) -> None:
    """An argmax stays the same, and in two cases nothing is sent to this very weight."""
    with pytest.raises(AssertionError, match="readout out"):
        agrees(ZOO[name](), "wrong", setting)


def swapped(network: SpikingNetwork, node: Node) -> SpikingNetwork:
    """The network with one node replaced by another of the same name."""
    return replace(network, nodes=tuple(node if n.name == node.name else n for n in network.nodes))


def concrete(cls: type) -> set[type]:
    """Every leaf below a class."""
    below = cls.__subclasses__()
    return {cls} if not below else set().union(*map(concrete, below))
