"""A number with its band and its unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from spiking import si


@dataclass(frozen=True)
class Quantity:
    """low <= value <= high, in SI.

    low and high   the corners: every parameter of the platform where the cost is lowest, every one where it is highest
    at_least       something that belongs in here has no price: the true figure is larger
    """

    value: float
    low: float
    high: float
    unit: str
    at_least: bool = False

    def __float__(self) -> float:
        """Return the nominal value."""
        return self.value

    def __add__(self, other: Quantity) -> Quantity:
        """Return the sum: nominal to nominal, corner to corner."""
        if self.unit != other.unit:
            raise ValueError(f"cannot add {self.unit} and {other.unit}")
        ends = self.low + other.low, self.high + other.high
        return Quantity(self.value + other.value, *ends, self.unit, self.at_least or other.at_least)

    def __str__(self) -> str:
        """Return the value and its band for people."""
        if self.at_least and self.high == 0:
            return "unpriced"
        if self.low == self.high:
            return self.nominal
        return f"{self.nominal} ({scaled(self.low, self.unit)} … {scaled(self.high, self.unit)})"

    @property
    def nominal(self) -> str:
        """The value alone, with "≥" where a price is missing."""
        if self.at_least and self.high == 0:
            return "unpriced"
        return ("≥ " if self.at_least else "") + scaled(self.value, self.unit)

    def to_dict(self) -> dict[str, object]:
        """Return the fields for JSON."""
        return asdict(self)


def quantity(values: tuple[float, float, float], unit: str, at_least: bool = False) -> Quantity:
    """Return the quantity of a nominal value and its two corners, in either order."""
    return Quantity(values[0], min(values), max(values), unit, at_least)


def total(items: Iterable[Quantity], unit: str) -> Quantity:
    """Return the sum; its corners are the sums of the corners."""
    result = Quantity(0.0, 0.0, 0.0, unit)
    for item in items:
        result = result + item
    return result


def scaled(value: float, unit: str) -> str:
    """Return a number for people: SI prefixes where they help."""
    if unit == "1":
        return f"{value:,.4g}" if value < 1e6 else f"{value:.3g}"
    if unit == "1/s":
        return f"{value:,.3g} /s" if value < 1000 else f"{value:,.0f} /s"
    return si(value, unit)
