"""One measured figure and what the model says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..analysis.pricing import price
from ..analysis.records import CostReport
from ..platform.loading import load_platform
from ..workload.trace import Trace
from ..workload.zoo import net


@dataclass(frozen=True)
class Row:
    """A figure of silicon, and the prediction from the shipped numbers.

        fold = max(predicted/measured, measured/predicted)

    what        the device, the network and the quantity
    unit        of measured and predicted
    tolerance   the largest fold that passes; None where the row is shown and not scored
    why         of a row that is not scored, or that is known to miss: the cause
    """

    what: str
    unit: str
    measured: float
    predicted: float
    tolerance: float | None
    why: str = ""

    @property
    def fold(self) -> float:
        """How far apart the two are, as a factor of at least 1."""
        return max(self.predicted / self.measured, self.measured / self.predicted)

    @property
    def passed(self) -> bool:
        """Whether it is within its tolerance, or not scored."""
        return self.tolerance is None or self.fold <= self.tolerance


@dataclass(frozen=True)
class Group:
    """The rows of one source; it passes if each scored row does.

    key           V1, V2, …
    source        a key of references.toml
    consistency   its numbers come from the very source of the platform's: a check of arithmetic, not a prediction
    """

    key: str
    title: str
    source: str
    rows: tuple[Row, ...]
    consistency: bool = False

    @property
    def passed(self) -> bool:
        """Whether every scored row is within its tolerance."""
        return all(row.passed for row in self.rows)

    @property
    def worst(self) -> float:
        """The largest fold error of its scored rows."""
        return max((row.fold for row in self.rows if row.tolerance is not None), default=1.0)


@cache
def _trace(name: str, options: tuple[tuple[str, int], ...], activity: float, steps: int) -> Trace:
    return net(name, **dict(options)).trace(activity=activity, steps=steps)


def cost(
    name: str,
    platform: str,
    batch: int = 1,
    options: Mapping[str, int] | None = None,
    *,
    activity: float = 0.1,
    steps: int = 1,
    **numbers: Any,
) -> CostReport:
    """Price a network of the zoo on a platform."""
    trace = _trace(name, tuple(sorted((options or {}).items())), activity, steps)
    return price(trace, load_platform(platform).replaced(numbers), batch)


def seconds(report: CostReport) -> float:
    """Latency of the batch, nominal."""
    assert report.latency_s is not None
    return report.latency_s.value


def rate(report: CostReport) -> float:
    """Inferences a second, nominal."""
    return report.batch / seconds(report)
