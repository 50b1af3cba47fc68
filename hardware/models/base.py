"""What a kind of platform is: the prices it needs, and one pure function from counts and prices to a cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from ..workload.parts import Layer
from ..workload.trace import Trace
from .curves import total

Group = Literal["dynamic", "static", "io"]
GROUPS: tuple[Group, ...] = ("dynamic", "static", "io")
Section = Literal["prices", "speeds", "limits"]
SECTIONS: tuple[Section, ...] = ("prices", "speeds", "limits")
Values = Mapping[str, float]


@dataclass(frozen=True)
class Slot:
    """A number that a platform of some kind may, or must, state.

    better   which end of the band gives the lower cost: "low" for prices and times, "high" for rates, budgets and room
    one_of   what it is one of several ways to state: at least one of them is needed
    positive 0 has no meaning: something is divided by it
    least    the smallest value with a meaning
    most     the largest value with a meaning: 1 for a share
    """

    section: Section
    name: str
    unit: str
    required: bool = True
    better: Literal["low", "high"] = "low"
    one_of: str = ""
    positive: bool = False
    least: float = 0.0
    most: float = math.inf


@dataclass(frozen=True)
class Charge:
    """energy = count · price: `count` times `action` at `node`, per inference, at the price called `price`."""

    node: str
    action: str
    group: Group
    count: float
    price: str


@dataclass(frozen=True)
class Unpriced:
    """Something that costs, for which the platform has no price."""

    node: str
    action: str
    group: Group | Literal["time"]
    why: str


@dataclass(frozen=True)
class Constraint:
    """needed <= available, in `unit`."""

    name: str
    needed: float
    available: float
    unit: str

    @property
    def slack(self) -> float:
        """What is left: available − needed; negative if violated."""
        return self.available - self.needed

    @property
    def load(self) -> float:
        """needed / available: above 1 if violated."""
        if self.available > 0:
            return self.needed / self.available
        return math.inf if self.needed > 0 else 0.0

    @property
    def violated(self) -> bool:
        """Whether more is needed than there is."""
        return self.needed > self.available


class Bound(NamedTuple):
    """The resource that limits a node, and the cores the node takes, on a machine that has any."""

    resource: str
    cores: int | None = None


@dataclass(frozen=True)
class Outcome:
    """The cost of one network at one set of prices.

    charges       per inference; the energy is their sum
    latency       s until the whole batch is answered; None without a clock
    alternatives  other ways to count the same energy: reported beside the charges, never added to them
    constraints   in the order of what a designer can least mend
    bounds        node -> what limits it
    ticks         steps from the first input to the last readout; None where the platform has no such step
    at_least      something on the way to the latency has no time: the true one is longer
    pace          what decides how long a step takes
    copies        physical copies of a weight, on average: 1 where it is stored once and shared
    details       what else was worked out on the way, for the figures of the page
    """

    charges: Sequence[Charge]
    latency: float | None
    constraints: Sequence[Constraint] = ()
    alternatives: Mapping[str, Sequence[Charge]] = field(default_factory=dict)
    unpriced: Sequence[Unpriced] = ()
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    ticks: int | None = None
    cores: int | None = None
    chips: int | None = None
    at_least: bool = False
    pace: str = ""
    copies: float | None = None
    assumptions: Sequence[str] = ()
    details: Sequence[Any] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of platform: its name, the numbers it reads, and its cost function of (trace, numbers, batch).

    The page's script is made from the cost functions (`python -m tests.page_script`): they are written in what Python
    and PScript share, and in curves.py.
    """

    name: str
    slots: tuple[Slot, ...]
    cost: Callable[[Trace, Values, int], Outcome]


def event_charges(work: Trace) -> list[Charge]:
    """Charge the events at every place, gating ones at their own price."""
    return [Charge(place.name, place.event, "dynamic", total(place.events), place.event) for place in work.places]


def function_charges(layers: Sequence[Layer], evaluations: Callable[[Layer], int]) -> list[Charge]:
    """Charge functions that are no part of a neuron's update, such as a softmax, at the price of their own label."""
    return [
        Charge(layer.name, name, "dynamic", layer.neurons * evaluations(layer), f"functions.{name}")
        for layer in layers
        for name in layer.functions
    ]


def latency_constraint(latency: float, values: Values) -> list[Constraint]:
    """Return the constraint of a latency budget, if there is one."""
    return [Constraint("latency", latency, values["latency_budget"], "s")] if "latency_budget" in values else []


def limits(needs: Sequence[tuple[str, float, str]], values: Values) -> list[Constraint]:
    """Return a constraint for each (name, needed, limit) of which the platform states the limit."""
    return [Constraint(name, needed, values[limit], "1") for name, needed, limit in needs if limit in values]


def copies(stored: float, work: Trace) -> float | None:
    """Return how often a weight is laid down, on average."""
    return stored / work.weights if work.weights else None


def most(values: Iterable[float]) -> float:
    """Return the largest value; 0 of none."""
    return max(values, default=0)


def first_largest(values: Sequence[float]) -> int:
    """Return the place of the largest value, the first of equals."""
    return list(values).index(max(values))


def keys(table: Mapping[str, Any]) -> list[str]:
    """Return the names in a table, in its order."""
    return list(table)


def rounded(share: float) -> str:
    """Return a share in words."""
    return f"{share:.0%}"


def streamed(batch: int, interval: int) -> list[str]:
    """Say what a batch means on a machine that holds one network state."""
    return [f"a batch of {batch} streams through: one inference every {interval} tick(s)"] if batch > 1 else []
