"""Who wins, by what, at which batch, and what flips it: each word of a verdict is computed again from the reports."""

from __future__ import annotations

import csv
import json
import math
import re
from dataclasses import replace
from io import StringIO

import pytest

from hardware import Comparison, CostReport, Trace, break_even, compare, estimate, load_platform, net
from hardware.api import BATCHES
from hardware.render.exports import markdown
from hardware.render.words import flip as flip_text
from hardware.workload.shapes import Shapes
from spiking import InvalidInput

FEW = ("brain", "loihi1", "a100")
MANY = (*FEW, "northpole", "v100_events", "tpu_v5e", "truenorth", "horowitz45nm")
NETS = {name: net(name).trace() for name in ("kws", "lstm", "pilotnet", "mobilenet_v2")}
METRICS = ("energy", "latency", "edp")


def figure(report: CostReport, metric: str) -> float:
    assert report.latency_s is not None
    energy, seconds = report.energy.total.value, report.latency_s.value
    return {"energy": energy, "latency": seconds, "edp": energy * seconds}[metric]


def again(work: Trace, name: str, batch: int, **numbers: float) -> CostReport:
    """Price a row by its name: "a100 8 bit" is a100 at 8 bits."""
    if name.endswith(" 8 bit"):
        name = name.removesuffix(" 8 bit")
        numbers = {
            "activation_bits": 8,
            "weight_bits": min(load_platform(name).prices["weight_bits"].value, 8),
            **numbers,
        }
    return estimate(work, platform=name, batch=batch, **numbers)


def owner(name: str) -> str:
    return name.removesuffix(" 8 bit")


def standing(work: Trace, names: tuple[str, ...], batch: int) -> list[CostReport]:
    """Return who takes part, priced one by one: those on which it fits, or all if it fits none."""
    rows = []
    for name in names:
        rows.append(estimate(work, platform=name, batch=batch))
        numbers = rows[-1].platform.prices
        if "peak_8" in numbers and numbers["activation_bits"].value > 8:
            eight = again(work, f"{name} 8 bit", batch)
            rows.append(replace(eight, platform=eight.platform.named(f"{name} 8 bit", "")))
    clocked = [row for row in rows if row.latency_s is not None and row.energy.total.value > 0]
    return [row for row in clocked if row.feasible] or clocked


def best(work: Trace, names: tuple[str, ...], batch: int, metric: str) -> str:
    return owner(min(standing(work, names, batch), key=lambda row: figure(row, metric)).platform.name)


@pytest.mark.parametrize("batch", [1, 16, 256])
@pytest.mark.parametrize("name", NETS)
def test_the_winner_is_the_least(name: str, batch: int) -> None:
    work = NETS[name]
    verdict = compare(work, platforms=MANY, batch=batch).verdict
    assert verdict.batch == batch
    assert [win.metric for win in verdict.wins] == list(METRICS)
    for win in verdict.wins:
        rows = standing(work, MANY, batch)
        found: dict[str, float] = {}
        for row in rows:
            key = owner(row.platform.name)
            found[key] = min(found.get(key, math.inf), figure(row, win.metric))
        first, second = sorted(found, key=lambda key: found[key])[:2]
        assert (owner(win.winner), owner(win.second)) == (first, second)
        assert win.value == pytest.approx(found[first])
        assert win.ratio == pytest.approx(found[second] / found[first])
        assert owner(win.winner) != owner(win.second)


@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("name", NETS)
def test_what_flips_flips(name: str, batch: int) -> None:
    """Each number alone, the batch (and none before it), and the activity to 1 %, put back into estimate()."""
    work = NETS[name]
    for win in compare(work, platforms=MANY, batch=batch).verdict.wins:
        for flip in win.flips:
            assert owner(flip.winner) != owner(win.winner)
            if flip.by == "number":
                price = load_platform(owner(flip.platform)).prices[flip.parameter]
                slot = load_platform(owner(flip.platform)).slots[flip.parameter]
                mine = flip.platform == win.winner
                value = price.high if (slot.better == "high") != mine else price.low
                assert (flip.value, flip.nominal, flip.unit) == (value, price.value, price.unit)
                moved = figure(again(work, flip.platform, batch, **{flip.parameter: value}), win.metric)
                if mine:
                    others = [r for r in standing(work, MANY, batch) if owner(r.platform.name) != owner(win.winner)]
                    assert moved > min(figure(row, win.metric) for row in others), flip
                    assert flip.winner == win.second
                else:
                    assert moved < win.value, flip
                    assert flip.winner == flip.platform
            elif flip.by == "batch":
                assert (flip.nominal, flip.value > batch) == (batch, True)
                assert best(work, MANY, int(flip.value), win.metric) == owner(flip.winner)
                if flip.unfit:
                    assert not again(work, win.winner, int(flip.value)).feasible
                for earlier in (2**k for k in range(11) if batch < 2**k < flip.value):
                    assert best(work, MANY, earlier, win.metric) == owner(win.winner), (flip, earlier)
            else:
                assert flip.by == "activity"
                assert flip.nominal == 1 != flip.value
                outer, inner = (1.01, 0.99) if flip.value > 1 else (0.99, 1.01)
                assert best(work.scaled(flip.value * outer), MANY, batch, win.metric) == owner(flip.winner), flip
                assert best(work.scaled(flip.value * inner), MANY, batch, win.metric) == owner(win.winner), flip


@pytest.mark.parametrize("name", NETS)
def test_what_is_not_said_does_not_flip(name: str) -> None:
    """No number of anyone, no larger power of two up to 1,024 and no other activity is left out."""
    work = NETS[name]
    for win in compare(work, platforms=FEW, batch=1).verdict.wins:
        assert any(flip.by == "batch" for flip in win.flips) == any(
            best(work, FEW, 2**k, win.metric) != owner(win.winner) for k in range(1, 11)
        )
        said = {(flip.parameter, flip.platform) for flip in win.flips}
        others = [row for row in standing(work, FEW, 1) if owner(row.platform.name) != owner(win.winner)]
        for row in others:
            for key, price in row.platform.prices.items():
                ends = {price.low, price.high} if price.low < price.high else set()
                cheap = [
                    figure(again(work, row.platform.name, 1, **{key: end}), win.metric) < win.value for end in ends
                ]
                assert any(cheap) <= ((key, row.platform.name) in said or not_champion(row, others, win.metric))


def not_champion(row: CostReport, others: list[CostReport], metric: str) -> bool:
    """Whether another precision of the platform stands for it."""
    same = [one for one in others if owner(one.platform.name) == owner(row.platform.name)]
    return min(same, key=lambda one: figure(one, metric)) is not row


def test_activity_flips_both_ways() -> None:
    """A spiking winner is overtaken by more activity, a dense one by less."""
    work = NETS["kws"]
    brain = compare(work, platforms=["brain", "a100"], synaptic_event=1e-9).verdict.wins[0]
    assert brain.winner == "brain"
    (more,) = (flip.value for flip in brain.flips if flip.by == "activity")
    assert more > 1
    busy = compare(work.scaled(2 * more), platforms=["brain", "a100"], synaptic_event=1e-9).verdict.wins[0]
    assert busy.winner == "a100 8 bit"
    (less,) = (flip.value for flip in busy.flips if flip.by == "activity")
    assert less == pytest.approx(0.5, rel=0.01)


def test_two_spiking_platforms_are_scaled_together() -> None:
    """brain against loihi1: both need more with more activity, so it is the difference that must cross 0."""
    work = NETS["kws"]
    win = compare(work, platforms=["brain", "loihi1"], synaptic_event=60e-12).verdict.wins[0]
    assert win.winner == "brain"
    assert not [flip for flip in win.flips if flip.by == "activity"]  # 60 pJ against 60 pJ and more


@pytest.mark.parametrize("dense", ["a100", "jetson_orin", "northpole", "raspberry_pi3"])
@pytest.mark.parametrize("batch", [1, 64])
def test_break_even_is_where_the_energies_meet(dense: str, batch: int) -> None:
    work = NETS["kws"]
    p = break_even(work, load_platform("brain"), load_platform(dense), batch)
    goal = estimate(work, platform=dense, batch=batch).energy.total.value
    factor = p * work.macs / work.events
    there = estimate(work.scaled(factor), platform="brain", batch=batch).energy.total.value
    assert there == pytest.approx(goal, rel=1e-6)
    assert p == pytest.approx(goal / (work.macs * 100e-15), rel=1e-6)


def test_break_even_at_both_ends() -> None:
    """Loihi's static and host power alone cost more than a batch on a GPU; without a price an event costs nothing."""
    work = NETS["kws"]
    loihi, a100 = load_platform("loihi1"), load_platform("a100")
    assert estimate(work.scaled(0), platform=loihi).energy.total.value > 0
    assert break_even(work, loihi, a100, 1024) == 0
    free = load_platform("brain").replaced({"synaptic_event": 0})
    assert break_even(work, free, a100) == math.inf
    with pytest.raises(InvalidInput, match="a break-even needs a trace with events and MACs"):
        break_even(work.scaled(0), loihi, a100)


def test_break_even_far_out() -> None:
    """A crossing a million times away is found, not cut off."""
    work = NETS["kws"]
    for joules in (1e-15, 1e-7, 1.0):
        brain = load_platform("brain").replaced({"synaptic_event": joules})
        p = break_even(work, brain, load_platform("a100"))
        goal = estimate(work, platform="a100").energy.total.value
        assert p == pytest.approx(goal / (work.macs * joules), rel=1e-6)


def test_the_quantised_variant_is_the_platform_at_8_bits() -> None:
    work = NETS["mobilenet_v2"]
    both = compare(work, platforms=FEW, batch=4)
    assert set(both.quantised) == {"a100"}
    eight = estimate(work, platform="a100", batch=4, weight_bits=8, activation_bits=8)
    assert both["a100 8 bit"].energy == eight.energy
    assert both["a100 8 bit"].latency_s == eight.latency_s
    assert [row.platform.name for row in both.rows] == [*FEW, "a100 8 bit"]
    few_bits = compare(work, platforms=["a100"], batch=4, weight_bits=4)["a100 8 bit"].platform.values()
    assert (few_bits["weight_bits"], few_bits["activation_bits"]) == (4, 8)
    assert compare(work, platforms=["northpole"]).quantised == {}


@pytest.mark.parametrize("batch", [1, 64])
def test_a_variant_is_no_rival_of_its_own(batch: int) -> None:
    alone = compare(NETS["lstm"], platforms=["a100"], batch=batch).verdict
    assert [(win.winner, win.second, win.flips) for win in alone.wins] == [("a100 8 bit", "", ())] * 3
    assert "1/" not in alone.sentence
    assert alone.to_dict()["wins"][0]["ratio"] is None
    for win in compare(NETS["lstm"], platforms=["a100", "l4", "northpole"], batch=batch).verdict.wins:
        assert owner(win.winner) != owner(win.second)


@pytest.mark.parametrize("batch", [1, 32])
def test_edp_is_of_one_batch(batch: int) -> None:
    for report in compare(NETS["kws"], platforms=FEW, batch=batch).rows:
        assert report.edp is not None
        assert report.edp.value == pytest.approx(figure(report, "energy") * figure(report, "latency"))
        assert report.batch == batch
        assert report.throughput is not None
        assert report.throughput.value == pytest.approx(batch / figure(report, "latency"))


def test_a_sweep_is_a_comparison_at_each_batch() -> None:
    work = NETS["kws"]
    found = compare(work, platforms=FEW, tick=5e-3).sweep()
    assert [one.batch for one in found] == list(BATCHES)
    for one in found:
        alone = compare(work, platforms=FEW, batch=one.batch, tick=5e-3)
        assert one.to_dict() == alone.to_dict()
        assert one.verdict.sentence.startswith(f"At batch {one.batch} ")


def test_what_does_not_fit_takes_no_part_unless_all_do_not() -> None:
    work = NETS["lstm"]
    some = compare(work, platforms=["loihi1", "a100", "northpole"]).verdict
    assert "loihi1: not feasible (dynamic_synapses)" in some.left_out
    assert all("loihi1" not in (win.winner, win.second) for win in some.wins)
    none = compare(work, platforms=["brain", "loihi1"]).verdict
    assert "the network fits none of them: they are compared all the same" in none.left_out
    assert {win.winner for win in none.wins} <= {"brain", "loihi1"}
    nothing = compare(work, platforms=["horowitz45nm"]).verdict
    assert (nothing.wins, nothing.left_out) == ((), ("horowitz45nm: no clock",))
    assert nothing.sentence == "At batch 1 there is nothing to compare: horowitz45nm: no clock."
    assert str(nothing) == f"{nothing.sentence}\n  left out: horowitz45nm: no clock"


def test_the_sentence_is_true() -> None:
    """Winner, metric, batch and flip; the incomplete figure is said to be one."""
    verdict = compare(NETS["lstm"], platforms=["loihi1", "a100"], batch=8, dynamic_synapses=1e9).verdict
    energy = verdict.wins[0]
    assert energy.at_least
    assert "a figure is incomplete (≥), so the order is not certain" in verdict.sentence
    assert verdict.sentence.startswith(f"At batch 8 {energy.winner} needs the least energy per inference, ")
    complete = compare(NETS["kws"], platforms=["brain", "a100"]).verdict
    assert "≥" not in complete.sentence
    assert not complete.wins[0].at_least


@pytest.mark.parametrize("name", NETS)
def test_firm_means_against_every_band(name: str) -> None:
    for win in compare(NETS[name], platforms=FEW).verdict.wins:
        rows = standing(NETS[name], FEW, 1)
        ends = {"energy": lambda r: (r.energy.total.low, r.energy.total.high)}
        ends["latency"] = lambda r: (r.latency_s.low, r.latency_s.high)
        ends["edp"] = lambda r: (r.edp.low, r.edp.high)
        mine = next(ends[win.metric](row)[1] for row in rows if row.platform.name == win.winner)
        rest = [ends[win.metric](row)[0] for row in rows if owner(row.platform.name) != owner(win.winner)]
        assert win.firm == (mine < min(rest, default=math.inf))


# --- exports


@pytest.fixture(scope="module")
def both() -> Comparison:
    return compare(NETS["kws"], platforms=MANY, batch=4)


def test_csv_of_a_comparison_reads_back(both: Comparison) -> None:
    rows = list(csv.DictReader(StringIO(both.to_csv())))
    assert [row["platform"] for row in rows] == [report.platform.name for report in both.rows]
    for row, report in zip(rows, both.rows, strict=True):
        total, seconds = report.energy.total, report.latency_s
        assert None not in row
        assert (float(row["energy_J"]), float(row["energy_low"]), float(row["energy_high"])) == (
            *(total.value, total.low, total.high),
        )
        assert int(row["batch"]) == 4
        assert int(row["at_least"]) == total.at_least
        assert int(row["feasible"]) == report.feasible
        assert row["binding"] == report.binding
        if seconds is None:
            assert row["latency_s"] == row["latency_low"] == row["throughput"] == row["edp_Js"] == ""
        else:
            assert (float(row["latency_s"]), float(row["latency_high"])) == (seconds.value, seconds.high)
            assert float(row["edp_Js"]) == figure(report, "edp")
        assert row["copies_per_weight"] == ("" if report.copies is None else str(report.copies))


@pytest.mark.parametrize("name", MANY)
def test_csv_of_a_report_reads_back(name: str) -> None:
    """count · price = energy, line by line; without a price the price and the energy are empty and at_least is 1."""
    report = estimate(NETS["lstm"], platform=name)
    rows = list(csv.DictReader(StringIO(report.to_csv())))
    assert len(rows) == len(report.entries) + len(report.outside)
    energies = []
    for row in rows:
        if row["energy"]:
            assert float(row["energy"]) == pytest.approx(float(row["count"]) * float(row["unit_price"]))
            assert row["at_least"] == "0"
            energies.append(float(row["energy"]))
        else:
            assert (row["unit_price"], row["low"], row["high"], row["at_least"]) == ("", "", "", "1")
    assert sum(energies) == pytest.approx(report.energy.total.value)
    assert any(row["at_least"] == "1" for row in rows) == bool(report.unpriced)


def test_json_reads_back(both: Comparison) -> None:
    read = json.loads(both.to_json())
    assert read["batch"] == 4
    assert read["verdict"]["sentence"] == both.verdict.sentence
    for row, report in zip(read["reports"], both.rows, strict=True):
        assert row["platform"] == report.platform.name
        assert row["energy"]["total"]["value"] == report.energy.total.value
        assert row["latency"] is None or row["latency"]["value"] == figure(report, "latency")
        assert row["copies_per_weight"] == report.copies


def cells(line: str) -> list[str]:
    """Return the cells of a line of a Markdown table."""
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def test_markdown_reads_back(both: Comparison) -> None:
    lines = [cells(line) for line in both.to_markdown().splitlines() if line.startswith("|")]
    names = [report.platform.name for report in both.rows]
    each = 2 + len(names)  # the break-evens are a third table
    for head, rule, *rows in (lines[:each], lines[each : 2 * each]):
        assert {len(line) for line in (rule, *rows)} == {len(head)}
        assert set("".join(rule)) == set("-:")
        assert [row[0] for row in rows] == names
        for figure in ("energy/inf.", "static", "power"):
            if figure in head:
                wanted = [_figure(report, figure) for report in both.rows]
                assert [row[head.index(figure)] for row in rows] == wanted
    assert both.verdict.sentence in both.to_markdown()


def _figure(report: CostReport, title: str) -> str:
    energy = report.energy
    found = {"energy/inf.": energy.total, "static": energy.static, "power": report.power}[title]
    return "–" if found is None else found.nominal


def test_exports_say_split_room_flips_and_who_is_left_out() -> None:
    """What CSV has in columns, Markdown has in a second table and in its notes."""
    found = compare(NETS["lstm"], platforms=["loihi1", "spinnaker2", "a100", "h100"])
    rows = {row["platform"]: row for row in csv.DictReader(StringIO(found.to_csv()))}
    loihi, page = found["loihi1"], found.to_markdown()
    assert (int(rows["loihi1"]["cores"]), int(rows["loihi1"]["chips"])) == (loihi.cores, loihi.chips)
    assert float(rows["loihi1"]["static_J"]) == loihi.energy.static.value
    assert float(rows["loihi1"]["power_W"]) == loihi.power.value
    assert rows["spinnaker2"]["static_J"] == ""  # not 0: its average prices hold what static power it has
    assert rows["a100"]["cores"] == rows["a100"]["chips"] == ""
    assert rows["loihi1"]["left_out"] == "not feasible (dynamic_synapses)"
    assert "- left out: loihi1: not feasible (dynamic_synapses)" in page
    for win in found.verdict.wins:
        for flip in win.flips:
            assert f"- {win.metric} flips with {flip_text(flip, win.winner)}" in page
            assert f"{win.metric}: {flip_text(flip, win.winner)}" in rows[win.winner]["flips"]


def test_a_name_cannot_break_a_table() -> None:
    shapes = Shapes("odd|net", (8,))
    shapes.linear(shapes.linear(shapes.input, "a|b", 4), "c\\|d", 2)
    report = estimate(shapes.trace(), platform="a100")
    lines = [cells(line) for line in report.to_markdown().splitlines() if line.startswith("|")]
    assert {len(line) for line in lines} == {len(lines[0])}
    assert "a|b" in [line[0] for line in lines]
    assert [row["node"] for row in csv.DictReader(StringIO(report.to_csv()))][:2] == ["a|b", "c\\|d"]
    assert len(cells(markdown(["x", "y"], [["a\n|b", "c"]]).splitlines()[-1])) == 2


# --- numbers, activity, copies


def test_numbers_replace_numbers() -> None:
    work = NETS["kws"]
    report = estimate(work, platform="loihi1", synaptic_event=50e-15, weight_bits=4, t_host=0)
    assert report.by_action()["synaptic_event"].value == pytest.approx(work.events * 50e-15)
    assert report.platform.values()["weight_bits"] == 4
    assert {price.source for price in report.prices if price.name in ("synaptic_event", "t_host")} == {
        "the caller's argument"
    }
    assert load_platform("loihi1").values()["weight_bits"] == 8
    budget = estimate(work, platform="brain", latency_budget=None)
    assert "latency" not in budget.slack


@pytest.mark.parametrize("factor", [0.0, 0.25, 3.0])
@pytest.mark.parametrize("name", NETS)
def test_a_trace_scales_with_its_activity(name: str, factor: float) -> None:
    """Events, spikes and what they cost are linear in the activity; counts and dense machines do not change."""
    work = NETS[name]
    more = work.scaled(factor)
    assert more.events == pytest.approx(factor * work.events)
    assert (more.weights, more.physical, more.macs, more.ticks) == (work.weights, work.physical, work.macs, work.ticks)
    for sender, curve in work.senders.items():
        assert more.senders[sender] == pytest.approx(factor * curve)
    for layer in more.layers:
        assert all(place in more.places for place in layer.places)
    brain = [estimate(one, platform="brain").energy.total.value for one in (work, more)]
    assert brain[1] == pytest.approx(factor * brain[0])
    dense = [estimate(one, platform="a100").energy.total for one in (work, more)]
    assert dense[0] == dense[1]


@pytest.mark.parametrize("name", ["kws", "pilotnet", "mobilenet_v2"])
def test_copies_of_a_weight(name: str) -> None:
    """Laid out in space there are as many as it has uses; where arithmetic shares its circuits there is one."""
    work = NETS[name]
    brain = estimate(work, platform="brain")
    assert brain.copies == pytest.approx(work.physical / work.weights)
    assert brain.copies <= brain.reuse
    if name == "kws":
        assert brain.copies == 1
    else:
        assert brain.copies > 10
    for dense in ("a100", "northpole", "tpu_v5e", "raspberry_pi3"):
        assert estimate(work, platform=dense).copies == 1
    unrolled, shared = (estimate(work, platform="loihi1", kernel_sharing=share).copies for share in (0, 1))
    assert 1 <= shared <= unrolled
    assert unrolled == pytest.approx(brain.copies, rel=0.1)


def test_a_sweep_prints_and_exports_every_batch() -> None:
    found = compare(net("kws").trace(), platforms=["brain", "a100"]).sweep((1, 64))
    assert len(found) == 2
    for words in ("latency of the batch", "energy of an inference", "answers first", "batch 64", "a100 8 bit"):
        assert words in str(found)
    assert found.to_dict()["batches"] == [1, 64]
    assert found[1]["a100"].energy.total.nominal in str(found)
    with pytest.raises(InvalidInput, match="batch must be a whole number"):
        compare(net("kws").trace(), platforms=["a100"]).sweep((1, 0))
