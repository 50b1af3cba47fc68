"""estimate(): count, price, and price again at the ends of every band."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spiking import Activity, InvalidInput, SpikingNetwork

from ..bounds import said
from ..models.base import Charge, Outcome, Unpriced, Values
from ..models.registry import KINDS
from ..platform.loading import Platform, load_platform
from ..quantity import Quantity, quantity, total
from ..workload.assumed_activity import assumed
from ..workload.counting import tally
from ..workload.trace import Trace
from .records import Band, CostReport, Entry


def trace(network: SpikingNetwork | Trace, activity: Activity | None = None) -> Trace:
    """Count a network and its activity: the one trace that every platform prices.

    network    a spiking network, with weights or without (an outline); or a trace made from shapes, returned as it is
    activity   of a run of this very network; by default it is assumed that every neuron sends one spike

    Raises InvalidInput (activity of another network, NaN, activity beside a trace), UnsupportedNode.
    """
    if isinstance(network, Trace):
        if activity is not None:
            raise InvalidInput("a trace has its activity already; leave the argument out, or give a SpikingNetwork")
        return network.check()
    if not isinstance(network, SpikingNetwork):
        kind = type(network).__name__
        raise InvalidInput(f"network must be a SpikingNetwork or a Trace, not {kind}; convert() or outline() it first")
    if activity is not None and not isinstance(activity, Activity):
        raise InvalidInput(
            f"activity must be an Activity, not {type(activity).__name__}; a record's is record.activity"
        )
    return tally(network.check(), assumed(network) if activity is None else activity)


def estimate(
    network: SpikingNetwork | Trace,
    activity: Activity | None = None,
    platform: str | Path | Platform = "loihi1",
    *,
    batch: int = 1,
    **numbers: float | None,
) -> CostReport:
    """Estimate what one inference costs in time, energy and room.

    network    and its activity: see `trace`
    platform   a name of `platforms()`, the path of a .toml file, or a Platform
    batch      inferences asked for at once; latency is of all of them, energy of each
    numbers    of the platform to replace, such as latency_budget=0.15, weight_bits=4 or tick=5e-3; None lifts one

    Raises InvalidInput (see `trace`; batch, unknown platform or number), UnsupportedNode.
    """
    check_batch(batch)
    return price(trace(network, activity), load_platform(platform).replaced(numbers), batch)


def check_batch(batch: int) -> None:
    """Raise InvalidInput unless it is a whole number of at least 1, and one that can be computed with."""
    if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= 10**12:
        raise InvalidInput(f"batch must be a whole number from 1 to 1e12, not {said(batch)}")


def price(work: Trace, platform: Platform, batch: int) -> CostReport:
    """Put the prices of a platform on counts: nominal, all optimistic, all pessimistic."""
    cost = KINDS[platform.kind].cost
    ends = [platform.values(end) for end in ("value", "optimistic", "pessimistic")]
    corners = [cost(work, values, batch) for values in ends]
    nominal = corners[0]
    entries = _entries([one.charges for one in corners], platform)
    alternatives = {
        name: total((entry.energy for entry in _entries([one.alternatives[name] for one in corners], platform)), "J")
        for name in nominal.alternatives
    }
    missing = {
        (entry.node, entry.action): Unpriced(entry.node, entry.action, entry.group, f"no price on {platform.name}")
        for entry in entries
        if entry.price is None
    }
    times = [one.latency or 0.0 for one in corners]
    latency = None if nominal.latency is None else quantity(_three(times), "s", nominal.at_least)
    return CostReport(
        platform=platform,
        work=work,
        batch=batch,
        latency_s=latency,
        entries=entries,
        unpriced=(*missing.values(), *nominal.unpriced),
        alternatives=alternatives,
        constraints=nominal.constraints,
        bounds=nominal.bounds,
        ticks=nominal.ticks,
        cores=nominal.cores,
        chips=nominal.chips,
        pace=nominal.pace,
        copies=nominal.copies,
        assumptions=(*nominal.assumptions, *_remarks(corners, entries, alternatives)),
    )


def bare(work: Trace, platform: Platform, values: Values, batch: int) -> tuple[float, float | None]:
    """Return J an inference and s for the batch at one set of numbers; what has no price adds nothing."""
    outcome = KINDS[platform.kind].cost(work, values, batch)
    return sum(_joules(charge, values) for charge in outcome.charges if charge.price in values), outcome.latency


def fits(work: Trace, platform: Platform, batch: int) -> bool:
    """Return whether every constraint holds at the nominal numbers."""
    outcome = KINDS[platform.kind].cost(work, platform.values(), batch)
    return not any(one.violated for one in outcome.constraints)


def _joules(charge: Charge, values: Values) -> float:
    """energy = count · price: the one place where it is computed."""
    return charge.count * values[charge.price]


def _entries(corners: Sequence[Sequence[Charge]], platform: Platform) -> tuple[Entry, ...]:
    """Price the charges at the three corners. What never happened needs no price."""
    ends = [platform.values(end) for end in ("value", "optimistic", "pessimistic")]
    entries = []
    for charges in zip(*corners, strict=True):
        first = charges[0]
        found = platform.prices.get(first.price)
        if found is None and max(charge.count for charge in charges) == 0:
            continue
        if found is None:
            energy = Quantity(0.0, 0.0, 0.0, "J", at_least=True)
        else:
            energy = quantity(_three([_joules(c, v) for c, v in zip(charges, ends, strict=True)]), "J")
        entries.append(Entry(first.node, first.action, first.group, first.count, found, energy))
    return tuple(entries)


def one_at_a_time(work: Trace, platform: Platform, batch: int) -> tuple[Band, ...]:
    """Move one number at a time; widest first."""
    bands = []
    for name, number in platform.prices.items():
        if number.low == number.high:
            continue
        costs = [bare(work, platform, platform.values(end, only=name), batch) for end in ("optimistic", "pessimistic")]
        energies, times = [one[0] for one in costs], [one[1] for one in costs if one[1] is not None]
        bands.append(Band(name, (min(energies), max(energies)), (min(times), max(times)) if times else None))
    return tuple(sorted(bands, key=lambda band: band.energy[0] - band.energy[1]))


def _remarks(corners: list[Outcome], entries: tuple[Entry, ...], others: dict[str, Quantity]) -> list[str]:
    lines = []
    verdicts = [not any(one.violated for one in corner.constraints) for corner in corners]
    if len(set(verdicts)) > 1:
        ends = ["feasible" if verdict else "not feasible" for verdict in verdicts[1:]]
        at = f"{ends[0]} at the low-cost end of every band, {ends[1]} at the high-cost end"
        lines.append(f"the verdict is not certain: {at}")
    energy = sum(entry.energy.value for entry in entries)
    if "bottom-up" in others and energy and others["bottom-up"].value:
        ratio = energy / others["bottom-up"].value
        if not 0.5 <= ratio <= 2:
            lines.append(f"WARNING: top-down is {ratio:.3g} × bottom-up, more than a factor of 2 apart")
    return lines


def _three(values: list[float]) -> tuple[float, float, float]:
    nominal, low, high = values
    return nominal, low, high
