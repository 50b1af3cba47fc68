"""Counts and numbers to a report: nominal, and at both ends of every band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from ..models.base import Charge, Outcome, Unpriced, Values
from ..models.registry import KINDS
from ..platform.loading import Platform
from ..quantity import Quantity, quantity, total
from ..workload.trace import Trace
from .records import CostReport, Entry

End = Literal["value", "optimistic", "pessimistic"]
ENDS: tuple[End, ...] = ("value", "optimistic", "pessimistic")


class Cost(NamedTuple):
    """J per inference, and s for the batch; None without a clock. What has no price adds nothing."""

    energy: float
    latency: float | None


class Model:
    """The cost model of one platform on one trace, which is evaluated once for each set of speeds and limits.

        E = Σ count · price          counts and latency follow from speeds, limits, batch and activity alone

    so that a price costs no evaluation. The cost function is not even given the prices.
    """

    def __init__(self, work: Trace, platform: Platform) -> None:
        self.work, self.platform = work, platform
        self._cost = KINDS[platform.kind].cost
        self._ends = {end: platform.values(end) for end in ENDS}
        self._shaping = [name for name, p in platform.parameters.items() if p.section not in ("prices", "functions")]
        self._outcomes: dict[tuple[float, ...], Outcome] = {}

    def values(self, end: End = "value", only: str = "") -> Values:
        """Return the numbers by name: nominal, or all (or `only` one) at one end of their bands."""
        return {**self._ends["value"], only: self._ends[end][only]} if only else self._ends[end]

    def outcome(self, values: Values, batch: int, activity: float = 1.0) -> Outcome:
        """Return what the cost function says at these speeds and limits, at so many times the activity."""
        shaping = {name: values[name] for name in self._shaping}
        key = (batch, activity, *shaping.values())
        if key not in self._outcomes:
            work = self.work if activity == 1.0 else self.work.scaled(activity)
            found = self._cost(work, shaping, batch)
            self._outcomes[key] = replace(found, details=())  # curves of every layer, which only the page reads
        return self._outcomes[key]

    def cost(self, values: Values, batch: int, activity: float = 1.0) -> Cost:
        """Return energy and latency at one set of numbers."""
        outcome = self.outcome(values, batch, activity)
        priced = (charge for charge in outcome.charges if charge.price in values)
        return Cost(sum(_joules(charge, values) for charge in priced), outcome.latency)

    def fits(self, batch: int) -> bool:
        """Return whether every constraint holds at the nominal numbers."""
        return not any(limit.violated for limit in self.outcome(self.values(), batch).constraints)


def price(work: Trace, platform: Platform, batch: int) -> CostReport:
    """Put the numbers of a platform on counts; without what each of them does alone."""
    return priced(Model(work, platform), batch)


def priced(model: Model, batch: int) -> CostReport:
    """Return the report of a model: nominal, and with all numbers at either end of their bands."""
    platform = model.platform
    corners = [model.outcome(model.values(end), batch) for end in ENDS]
    nominal = corners[0]
    entries = _entries([corner.charges for corner in corners], model)
    alternatives = {
        name: total((entry.energy for entry in _entries([corner.alternatives[name] for corner in corners], model)), "J")
        for name in nominal.alternatives
    }
    missing = {
        (entry.node, entry.action): Unpriced(entry.node, entry.action, entry.group, f"no price on {platform.name}")
        for entry in entries
        if entry.price is None
    }
    times = [corner.latency or 0.0 for corner in corners]
    latency = None if nominal.latency is None else quantity(_three(times), "s", nominal.at_least)
    return CostReport(
        platform=platform,
        work=model.work,
        batch=batch,
        latency_s=latency,
        entries=entries,
        unpriced=(*missing.values(), *nominal.unpriced),
        alternatives=alternatives,
        constraints=tuple(nominal.constraints),
        bounds=nominal.bounds,
        ticks=nominal.ticks,
        cores=nominal.cores,
        chips=nominal.chips,
        pace=nominal.pace,
        copies=nominal.copies,
        assumptions=(*nominal.assumptions, *_remarks(corners, entries, alternatives)),
    )


def _joules(charge: Charge, values: Values) -> float:
    """energy = count · price: the one place where it is computed."""
    return charge.count * values[charge.price]


def _entries(corners: Sequence[Sequence[Charge]], model: Model) -> tuple[Entry, ...]:
    """Price the charges at the three corners. What never happened needs no price."""
    ends = [model.values(end) for end in ENDS]
    entries = []
    for charges in zip(*corners, strict=True):
        first = charges[0]
        found = model.platform.parameters.get(first.price)
        if found is None and max(charge.count for charge in charges) == 0:
            continue
        if found is None:
            energy = Quantity(0.0, 0.0, 0.0, "J", at_least=True)
        else:
            energy = quantity(_three([_joules(c, v) for c, v in zip(charges, ends, strict=True)]), "J")
        entries.append(Entry(first.node, first.action, first.group, first.count, found, energy))
    return tuple(entries)


def _remarks(corners: list[Outcome], entries: tuple[Entry, ...], others: dict[str, Quantity]) -> list[str]:
    lines = []
    feasible = [not any(limit.violated for limit in corner.constraints) for corner in corners]
    if len(set(feasible)) > 1:
        low, high = ("feasible" if fits else "not feasible" for fits in feasible[1:])
        lines.append(
            f"the verdict is not certain: {low} at the low-cost end of every band, {high} at the high-cost end"
        )
    energy = sum(entry.energy.value for entry in entries)
    if "bottom-up" in others and energy and others["bottom-up"].value:
        ratio = energy / others["bottom-up"].value
        if not 0.5 <= ratio <= 2:
            lines.append(f"WARNING: top-down is {ratio:.3g} × bottom-up, more than a factor of 2 apart")
    return lines


def _three(values: list[float]) -> tuple[float, float, float]:
    nominal, low, high = values
    return nominal, low, high
