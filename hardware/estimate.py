"""estimate(): count, price, and price again at the ends of every band."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spiking import Activity, InvalidInput, SpikingNetwork

from .kinds import KINDS
from .model import Charge, Outcome, Unpriced, Values
from .platform import Platform, load_platform
from .quantity import Quantity, quantity, total
from .report import Band, CostReport, Entry
from .tally import workload
from .workload import Workload


def estimate(
    network: SpikingNetwork,
    activity: Activity,
    platform: str | Path | Platform = "loihi1",
    *,
    batch: int = 1,
    **budgets: float | None,
) -> CostReport:
    """Estimate what one inference costs in time, energy and room.

    activity   of a run of this very network; with samples 0 it counts as assumed
    platform   a name of `platforms()`, the path of a .toml file, or a Platform
    batch      inferences asked for at once; latency is of all of them, energy of each
    budgets    limits of the platform to replace, such as latency_budget=0.15; None lifts one

    Raises InvalidInput (activity of another network, NaN, batch, unknown platform or budget), UnsupportedNode.
    """
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise InvalidInput(f"batch must be a whole number of at least 1, not {batch!r}")
    if not isinstance(activity, Activity):
        raise InvalidInput(
            f"activity must be an Activity, not {type(activity).__name__}; a record's is record.activity"
        )
    chosen = load_platform(platform).limited(budgets)
    return price(workload(network.check(), activity), chosen, batch)


def price(work: Workload, platform: Platform, batch: int) -> CostReport:
    """Put the prices of a platform on counts: nominal, all cheap, all dear, and each number by itself."""
    cost = KINDS[platform.kind].cost
    ends = [platform.values(end) for end in ("value", "cheap", "dear")]
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
    latency = None if nominal.latency is None else quantity(_three([one.latency or 0.0 for one in corners]), "s")
    return CostReport(
        platform=platform,
        work=work,
        batch=batch,
        latency_s=latency,
        entries=entries,
        unpriced=(*missing.values(), *nominal.unpriced),
        alternatives=alternatives,
        constraints=nominal.constraints,
        bands=tuple(_bands(work, platform, batch)),
        bounds=nominal.bounds,
        ticks=nominal.ticks,
        cores=nominal.cores,
        chips=nominal.chips,
        assumptions=(*nominal.assumptions, *_remarks(corners, entries, alternatives)),
    )


def _joules(charge: Charge, values: Values) -> float:
    """energy = count · price: the one place where it is computed."""
    return charge.count * values[charge.price]


def _entries(corners: Sequence[Sequence[Charge]], platform: Platform) -> tuple[Entry, ...]:
    """Price the charges at the three corners. What never happened needs no price."""
    ends = [platform.values(end) for end in ("value", "cheap", "dear")]
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


def _bands(work: Workload, platform: Platform, batch: int) -> list[Band]:
    """Move one number at a time; widest first."""
    cost = KINDS[platform.kind].cost
    bands = []
    for name, number in platform.prices.items():
        if number.low == number.high:
            continue
        ends = [platform.values(end, only=name) for end in ("cheap", "dear")]
        outcomes = [cost(work, values, batch) for values in ends]
        energies = [
            sum(_joules(charge, values) for charge in one.charges if charge.price in values)
            for one, values in zip(outcomes, ends, strict=True)
        ]
        times = [one.latency for one in outcomes if one.latency is not None]
        bands.append(Band(name, (min(energies), max(energies)), (min(times), max(times)) if times else None))
    return sorted(bands, key=lambda band: band.energy[0] - band.energy[1])


def _remarks(corners: list[Outcome], entries: tuple[Entry, ...], others: dict[str, Quantity]) -> list[str]:
    lines = []
    verdicts = [not any(one.violated for one in corner.constraints) for corner in corners]
    if len(set(verdicts)) > 1:
        ends = ["feasible" if verdict else "not feasible" for verdict in verdicts[1:]]
        lines.append(f"the verdict is not certain: {ends[0]} at the cheap end of every band, {ends[1]} at the dear end")
    energy = sum(entry.energy.value for entry in entries)
    if "bottom-up" in others and energy and others["bottom-up"].value:
        ratio = energy / others["bottom-up"].value
        if not 0.5 <= ratio <= 2:
            lines.append(f"WARNING: top-down is {ratio:.2g} × bottom-up, more than a factor of 2 apart")
    return lines


def _three(values: list[float]) -> tuple[float, float, float]:
    nominal, cheap, dear = values
    return nominal, cheap, dear
