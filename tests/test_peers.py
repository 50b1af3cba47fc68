"""What other tools say of a trace: their published formulas, on our counts, to the digits that their authors print."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware import Peers, peers
from hardware.workload.zoo import net
from spiking import Input, InvalidInput, Linear, Neuron, Output, Relu, SpikingNetwork, graded

# the keyword spotter: 390·256 + 256·256 + 256·29 = 172,800 connections, 256 + 256 + 29 = 541 neurons, 10 steps
CONNECTIONS, NEURONS, STEPS = 172_800, 541, 10


def kws(p: float) -> Peers:
    """Spikes as input too; p spikes of an element in each of 10 steps."""
    return peers(net("kws").trace(activity=p * STEPS, steps=STEPS), analog_input=False)


def energy(rows: Peers, tool: str, which: str) -> float:
    found = rows[tool, which].energy
    assert found is not None
    return found.value


def test_the_counts_of_the_keyword_spotter() -> None:
    rows = kws(0.1)
    assert rows.work.macs == CONNECTIONS == 390 * 256 + 256 * 256 + 256 * 29
    assert rows["keras-spiking", "cpu"].counts == {"connections": CONNECTIONS, "neuron updates": NEURONS}
    counts = rows["keras-spiking", "loihi"].counts
    assert counts == pytest.approx({"events": CONNECTIONS * 0.1 * STEPS, "neuron updates": NEURONS * STEPS})


@pytest.mark.parametrize(
    ("device", "joules", "printed"),
    [
        ("cpu", (172_800 + 541) * 8.6e-9, "1.49 mJ"),  # 1.486 mJ + 4.65 µJ
        ("gpu", (172_800 + 541) * 0.3e-9, "52.0 µJ"),  # 51.84 µJ + 0.16 µJ
        ("arm", (172_800 + 541) * 0.9e-9, "156 µJ"),  # 155.5 µJ + 0.49 µJ
    ],
)
def test_keras_spiking_on_machines_that_do_not_spike(device: str, joules: float, printed: str) -> None:
    """connections·E_syn + neurons·E_neu: the activity does not matter."""
    for p in (0.1, 1.0):
        row = kws(p)["keras-spiking", device]
        assert row.energy is not None
        assert row.energy.value == pytest.approx(joules)
        assert row.energy.nominal == printed


@pytest.mark.parametrize(
    ("device", "p", "joules"),
    [
        ("loihi", 0.1, 4.68288e-6 + 0.43821e-6),  # 172,800·27.1 pJ + 5,410·81 pJ = 5.12 µJ
        ("loihi", 1.0, 46.8288e-6 + 0.43821e-6),  # 1,728,000·27.1 pJ + 5,410·81 pJ = 47.3 µJ
        ("spinnaker", 0.1, 2.29824e-3 + 0.14066e-3),  # 172,800·13.3 nJ + 5,410·26 nJ
        ("spinnaker2", 0.1, 77.76e-6 + 11.8479e-6),  # 172,800·450 pJ + 5,410·2.19 nJ
    ],
)
def test_keras_spiking_on_chips(device: str, p: float, joules: float) -> None:
    """events·E_syn + neurons·steps·E_neu."""
    assert energy(kws(p), "keras-spiking", device) == pytest.approx(joules)


def test_syops() -> None:
    """172,800·4.6 pJ = 0.795 µJ; 172,800 events·0.9 pJ = 0.156 µJ."""
    rows = kws(0.1)
    assert energy(rows, "syops", "dense") == pytest.approx(0.79488e-6)
    assert energy(rows, "syops", "spiking") == pytest.approx(0.15552e-6)


def test_syops_takes_an_analog_input_for_macs() -> None:
    """The first layer again at each of 10 steps: 10·390·256·4.6 pJ; the other two 72,960 events·0.9 pJ."""
    rows = peers(net("kws").trace(activity=1.0, steps=STEPS))
    row = rows["syops", "spiking"]
    assert row.counts == pytest.approx({"ACs": 256 * 256 + 256 * 29, "MACs": 10 * 390 * 256})
    assert energy(rows, "syops", "spiking") == pytest.approx(998_400 * 4.6e-12 + 72_960 * 0.9e-12)


def test_spikingjelly() -> None:
    """4 B for each use of a weight: 0.795 µJ + 691,200 B·24.96 pJ = 18.05 µJ, 96 % of it memory."""
    rows = kws(0.1)
    arithmetic, memory = 0.79488e-6, 172_800 * 4 * 24.96e-12
    assert energy(rows, "SpikingJelly", "dense") == pytest.approx(arithmetic + memory)
    assert f"{(arithmetic + memory) * 1e6:.1f}" == "18.0"
    assert memory / (arithmetic + memory) == pytest.approx(0.956, abs=5e-4)
    # spiking: as many reads, additions instead, and 541 membranes read and written at 10 steps
    membranes = 541 * 10 * 2 * 4 * 24.96e-12
    assert energy(rows, "SpikingJelly", "spiking") == pytest.approx(0.15552e-6 + memory + membranes)


def test_spikingjelly_reads_a_shared_weight_at_each_use() -> None:
    """Bytes read over bytes stored are R = S/W: 160 of ResNet-50."""
    work = net("resnet50").trace()
    row = peers(work)["SpikingJelly", "dense"]
    assert row.counts["bytes"] / (4 * work.weights) == pytest.approx(work.unrolled / work.weights)
    assert work.unrolled / work.weights == pytest.approx(160.3, abs=0.05)


def test_neurobench_has_counts_and_no_joules() -> None:
    """Dense 172,800 uses at 10 steps."""
    row = kws(0.1)["NeuroBench"]
    assert row.energy is None
    assert row.counts == pytest.approx({"effective ACs": 172_800, "effective MACs": 0, "dense": 1_728_000})


def test_neurobench_leaves_padding_out() -> None:
    work = net("resnet50").trace()
    assert peers(work)["NeuroBench"].counts["dense"] == work.physical - sum(
        place.physical for place in work.places if place.kind == "Add"
    )
    assert work.physical < work.unrolled


# --- what they do not see


def test_attention_is_not_seen() -> None:
    """12 blocks · 2 products · 197·197·768 = 715 M of 17.56 G MACs."""
    rows = peers(net("vit_b").trace())
    for row in rows.rows:
        assert row.missed == {"products such as attention": 715_327_488}
        assert row.energy is None or row.energy.at_least
        assert any("715,327,488 MACs" in line for line in row.remarks)
    assert "4.1 %" in str(rows)


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_recurrent_layers_are_not_seen_either(name: str) -> None:
    """Nothing is left to count: the tools say 0, and NeuroBench stops."""
    rows = peers(net(name, hidden=16, steps=5, features=4).trace())
    assert rows["NeuroBench"].fails
    assert rows["NeuroBench"].counts == {}
    for row in rows.rows:
        assert row.missed == {"recurrent layers": rows.work.macs}
        assert row.energy is None or (row.energy.value, row.energy.at_least) == (0, True)
    text = str(rows)
    assert "fails" in text
    assert "100.0 %" in text
    assert any("TypeError" in line for line in rows["NeuroBench"].remarks)


def test_a_transducer_is_seen_in_part() -> None:
    rows = peers(net("rnnt").trace())
    row = rows["syops", "dense"]
    assert row.missed["recurrent layers"] > 0.9 * rows.work.macs
    assert row.counts["MACs"] == rows.work.macs - sum(row.missed.values()) > 0


def test_nothing_is_missed_of_plain_networks() -> None:
    for row in peers(net("resnet50").trace()).rows:
        assert row.missed == {}
        assert row.energy is None or not row.energy.at_least


def test_graded_spikes_are_said_to_be_taken_for_values() -> None:
    rng = np.random.default_rng(0)
    nodes = (
        Input("x", (), (4,)),
        Linear("fc1", ("x",), rng.normal(size=(8, 4))),
        Neuron("relu", ("fc1",), (Relu(),), graded(0.25, 3)),
        Linear("fc2", ("relu",), rng.normal(size=(3, 8))),
        Output("y", ("fc2",)),
    )
    rows = peers(SpikingNetwork(nodes).check())
    assert rows["keras-spiking", "cpu"].counts == {"connections": 8 * 4 + 3 * 8, "neuron updates": 8 + 3}
    assert rows["syops", "spiking"].counts["MACs"] == 8 * 4  # the input arrives once
    for tool in ("syops", "SpikingJelly"):
        assert any("analog" in line for line in rows[tool, "spiking"].remarks)
        assert not rows[tool, "dense"].remarks


# --- the object


def test_every_row_says_what_it_is() -> None:
    rows = kws(0.1)
    assert len(rows.rows) == 11
    for row in rows.rows:
        assert row.version
        assert row.source
        assert row.formula
        assert {"static power", "host and I/O", "latency", "batch"} <= set(row.ignores)
    plain = json.loads(json.dumps(rows.to_dict()))
    assert plain["macs"] == CONNECTIONS
    assert len(plain["rows"]) == 11
    assert "11 rows" in repr(rows)
    text = str(rows)
    for word in ("1.49 mJ", "52.0 µJ", "156 µJ", "5.12 µJ", "795 nJ", "156 nJ", "18.0 µJ", "batch 1"):
        assert word in text


def test_rows_are_found_by_name() -> None:
    rows = kws(0.1)
    assert rows["NeuroBench"].tool == "NeuroBench"
    for wrong in ("syops", "nobody", ("keras-spiking", "tpu"), ("syops", "45 nm")):
        with pytest.raises(KeyError):
            rows[wrong]


def test_nonsense_is_refused() -> None:
    with pytest.raises(InvalidInput):
        peers("kws")


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 10), st.floats(0, 5))
def test_spiking_rows_grow_with_the_activity_and_dense_ones_do_not(activity: float, factor: float) -> None:
    work = net("kws").trace(activity=activity, steps=2)
    before, after = (peers(one, analog_input=False) for one in (work, work.scaled(factor)))
    for one, other in zip(before.rows, after.rows, strict=True):
        if one.energy is None or other.energy is None:
            continue
        if one.net == "dense":
            assert one.energy == other.energy
        else:
            assert (other.energy.value >= one.energy.value) == (factor >= 1) or activity * abs(factor - 1) < 1e-6
