"""A report is a value: everything is computed when it is made, and reading it evaluates no cost model."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil, inf, log, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hardware
from hardware import Comparison, CostReport, compare, estimate, lanes, load_platform, net, peers
from hardware.analysis import comparison as comparison_records
from hardware.analysis import lanes as lane_records
from hardware.analysis import other_tools, records, verdict
from hardware.analysis.crossing import SPAN, crossing, root
from hardware.analysis.pricing import Model, price
from hardware.models.registry import KINDS

FEW = ("brain", "loihi1", "a100")
MANY = (*FEW, "northpole", "v100_events", "truenorth", "horowitz45nm")
NETS = {name: net(name).trace() for name in ("kws", "lstm", "pilotnet", "resnet50")}
READINGS: tuple[Callable[[CostReport | Comparison], object], ...] = (
    *(str, repr, lambda r: r.to_dict(), lambda r: r.to_json(), lambda r: r.to_csv(), lambda r: r.to_markdown()),
    lambda r: r.to_html(),
    lambda r: r._repr_html_(),
)


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count the calls of every cost function, by kind."""
    counts: Counter[str] = Counter()

    def counting(name: str, cost: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object) -> object:
            counts[name] += 1
            return cost(*arguments)

        return counted

    for name, kind in KINDS.items():
        monkeypatch.setitem(KINDS, name, replace(kind, cost=counting(name, kind.cost)))
    return counts


def uncertain(report: CostReport) -> list[str]:
    """The speeds and limits of a platform that have a band: the numbers that change more than a price."""
    numbers = report.platform.parameters.values()
    return [p.name for p in numbers if p.section in ("speeds", "limits") and p.low < p.high]


@pytest.mark.parametrize("name", NETS)
def test_a_comparison_evaluates_each_set_of_numbers_once(name: str, evaluations: Counter[str]) -> None:
    """For each row three corners, two ends of each uncertain speed and limit, and ten batches; 20 for each crossing.

    A crossing is looked for upwards and downwards by each of three metrics, and once for each break-even.
    """
    found = compare(NETS[name], platforms=FEW)
    rows = sum(3 + 2 * len(uncertain(row)) + 10 for row in found.rows)
    spiking = sum(row.platform.kind in verdict.EVENTS for row in found.rows)
    assert 0 < evaluations.total() <= rows + 20 * spiking * (2 * 3 + len(found.even))
    assert evaluations.total() <= 160


@pytest.mark.parametrize("platforms", [FEW, MANY])
def test_reading_a_comparison_evaluates_nothing(platforms: tuple[str, ...], evaluations: Counter[str]) -> None:
    found = compare(NETS["kws"], platforms=platforms, batch=4, peers=True)
    sweep = found.sweep([1, 4])
    assert evaluations.total() > 0
    evaluations.clear()
    for read in READINGS:
        assert read(found)
    assert all((str(found.verdict), found.verdict.to_dict(), str(found.peers), str(sweep), sweep.to_dict()))
    assert all(read(row) for row in found.rows for read in READINGS)
    assert evaluations.total() == 0


@pytest.mark.parametrize("platform", MANY)
def test_reading_a_report_evaluates_nothing(platform: str, evaluations: Counter[str]) -> None:
    found = estimate(NETS["lstm"], platform=platform)
    assert 0 < evaluations.total() <= 3 + 2 * len(uncertain(found))
    evaluations.clear()
    for read in READINGS:
        assert read(found)
    assert all((found.sources(), found.citations(), found.dominant, str(found.energy)))
    assert evaluations.total() == 0


def test_a_band_of_a_price_costs_no_evaluation(evaluations: Counter[str]) -> None:
    """Energy is linear in the prices: with certain speeds and limits, every corner is one evaluation."""
    numbers = {p.name: p.value for p in load_platform("loihi1").parameters.values() if p.section != "prices"}
    found = estimate(NETS["kws"], platform="loihi1", **numbers)
    assert len(found.bands) > 4
    assert found.energy.total.low < found.energy.total.high
    assert evaluations.total() == 1


def test_pricing_alone_leaves_the_bands_out(evaluations: Counter[str]) -> None:
    alone = price(NETS["kws"], load_platform("loihi1"), 1)
    assert evaluations.total() == 3
    assert alone.bands == ()
    assert alone.energy == estimate(NETS["kws"], platform="loihi1").energy


def test_models_are_not_given_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that none can make a count depend on one, and every band of a price can be had for nothing."""
    seen: list[set[str]] = []
    for name, kind in list(KINDS.items()):
        cost = kind.cost
        monkeypatch.setitem(
            KINDS, name, replace(kind, cost=lambda w, v, b, cost=cost: seen.append(set(v)) or cost(w, v, b))
        )
    for platform in MANY:
        found = estimate(NETS["kws"], platform=platform)
        priced = {p.name for p in found.platform.parameters.values() if p.section in ("prices", "functions")}
        assert not priced.intersection(*seen)
        seen.clear()


@pytest.mark.parametrize("platform", [*FEW, "v100_events"])
@pytest.mark.parametrize("name", ["kws", "lstm"])
def test_a_band_is_what_the_number_does_alone(name: str, platform: str) -> None:
    """Each number by itself at both ends, put back into estimate()."""
    found = estimate(NETS[name], platform=platform, batch=2)
    assert found.bands
    for band in found.bands:
        parameter = found.platform.parameters[band.name]
        ends = [
            estimate(NETS[name], platform=platform, batch=2, **{band.name: end})
            for end in (parameter.low, parameter.high)
        ]
        energies = [end.energy.total.value for end in ends]
        assert band.energy == pytest.approx((min(energies), max(energies)))
        assert band.latency is not None
        times = [end.latency_s.value for end in ends]
        assert band.latency == pytest.approx((min(times), max(times)))


@pytest.mark.parametrize("batch", [1, 8])
def test_another_batch_or_activity_of_a_model_is_that_of_estimate(batch: int) -> None:
    work = NETS["pilotnet"]
    for platform in FEW:
        model = Model(work, load_platform(platform))
        for activity in (1.0, 0.25, 3.0):
            energy, latency = model.cost(model.values(), batch, activity)
            found = estimate(work.scaled(activity), platform=platform, batch=batch)
            assert energy == pytest.approx(found.energy.total.value, rel=1e-12)
            assert latency == found.latency_s.value
            assert model.fits(batch) == estimate(work, platform=platform, batch=batch).feasible


# --- what is public is a record with doors


def test_results_are_records_with_doors() -> None:
    work = NETS["kws"]
    found = compare(work, platforms=FEW, peers=True)
    pairs = (
        (found, hardware.Comparison, comparison_records.Comparison),
        (found.reports[0], hardware.CostReport, records.CostReport),
        (found["a100 8 bit"], hardware.CostReport, records.CostReport),
        (found.verdict, hardware.Verdict, verdict.Verdict),
        (found.peers, hardware.Peers, other_tools.Peers),
        (found.sweep([2])[0], hardware.Comparison, comparison_records.Comparison),
        (estimate(work), hardware.CostReport, records.CostReport),
        (peers(work), hardware.Peers, other_tools.Peers),
        (lanes(work), hardware.Front, lane_records.Front),
    )
    for result, front, record in pairs:
        assert type(result) is front
        assert isinstance(result, record)
        assert "__str__" in vars(front)
        assert "__str__" not in vars(record)
    assert "feasible within 100 ticks" in str(lanes(work).within(1.0))


def test_results_travel_and_change() -> None:
    found = compare(NETS["kws"], platforms=FEW, batch=2, peers=True)
    again = pickle.loads(pickle.dumps(found))
    assert type(again) is Comparison
    assert (str(again), again.to_dict()) == (str(found), found.to_dict())
    report = found.reports[0]
    renamed = replace(report, platform=report.platform.named("other", "another brain"))
    assert type(renamed) is CostReport
    assert renamed.bands == report.bands
    assert str(renamed).startswith("other · another brain")
    assert repr(renamed) == repr(report).replace("brain", "other")
    assert hardware.CostReport.__doc__ == records.CostReport.__doc__


# --- crossings


steps = st.lists(st.tuples(st.floats(0.01, 100), st.floats(0, 1e3)), min_size=1, max_size=6)


@given(st.floats(1e-3, 1e3), steps, st.sampled_from([1e-4, 1e-9]))
def test_a_crossing_is_found_on_every_growing_polygon(
    goal: float, pieces: list[tuple[float, float]], to: float
) -> None:
    """f(x) = x + Σ slope·max(x − knee, 0) − goal, and the same as a cost that is capped: f(x) = min(x, knee) + …"""

    def excess(x: float) -> float:
        return x + sum(slope * max(x - knee, 0) + min(slope * x, knee) for knee, slope in pieces) - goal

    calls: list[float] = []

    def counted(x: float) -> float:
        calls.append(x)
        return excess(x)

    found = crossing(counted, 1 / SPAN, SPAN, to)
    assert excess(found) >= 0 > excess(found / (1 + 1.001 * to))
    assert len(calls) <= 2 + 3 * ceil(log2(log(SPAN**2) / to))  # one step of three halves the logarithm at least
    assert crossing(excess, 1 / SPAN, SPAN, to) == found


def test_a_straight_line_takes_six_evaluations() -> None:
    calls: list[float] = []
    found = crossing(lambda x: calls.append(x) or 3 * x - 7, 1 / SPAN, SPAN, 1e-9)
    assert found == pytest.approx(7 / 3, rel=1e-9)
    assert len(calls) <= 6


def test_a_crossing_from_above_and_through_nothing() -> None:
    """Downwards, over a jump, and with an infinite figure on one side: the middle then, not the line."""
    assert crossing(lambda x: 2 - x, 10.0, 0.1, 1e-9) == pytest.approx(2, rel=1e-9)
    assert crossing(lambda x: -1.0 if x < 5 else 1.0, 0.1, 10.0, 1e-6) == pytest.approx(5, rel=1e-6)
    assert crossing(lambda x: -inf if x < 5 else 1.0, 0.1, 10.0, 1e-6) == pytest.approx(5, rel=1e-6)
    assert (root(lambda x: x + 1), root(lambda x: x / SPAN - 2)) == (0.0, inf)
    assert root(lambda x: x - 4) == pytest.approx(4, rel=1e-9)


def test_a_comparison_made_of_reports_works_its_verdict_out() -> None:
    found = compare(net("kws").trace(), None, ["brain", "northpole"])
    made = Comparison(found.reports, found.batch)
    assert made.verdict.to_dict() == found.verdict.to_dict()
    assert made.verdict.sentence == found.verdict.sentence
