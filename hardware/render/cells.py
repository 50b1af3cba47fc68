"""One value as a cell: of plain text and Markdown, of CSV, of the page. pages/format.js writes the same as `page`."""

from __future__ import annotations

from math import isinf

from spiking import si

from ..quantity import Quantity, scaled

Value = None | bool | str | float | Quantity | tuple[float, float]
Raw = str | float


def text(value: Value, unit: str) -> str:
    """Return a value for a reader: "–" where there is none; counts in full, averages and ratios to one decimal."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, Quantity):
        return value.nominal
    if isinstance(value, tuple):
        return span(*value, unit)
    if unit == "%":
        return f"{100 * value:,.1f} %"
    if unit == "load":
        return _load(value)
    if unit == "1":
        return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
    return scaled(value, unit)


def page(value: Value, unit: str) -> str:
    """Return a value for the page: as in text, but counts are cut to three digits and an empty text is "–"."""
    if unit == "1" and isinstance(value, int | float) and not isinstance(value, bool):
        return amount(value)
    return text(value, unit) or "–"


def csv(value: Value) -> Raw:
    """Return a value for a program: in SI units, unrounded; empty where there is none."""
    if isinstance(value, tuple):
        raise TypeError("a band needs two columns of CSV: its low and its high end")
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Quantity):
        return "" if value.nominal == "unpriced" else value.value
    return value


def span(low: float, high: float, unit: str) -> str:
    """Return a band."""
    return f"{scaled(low, unit)} … {scaled(high, unit)}"


def amount(value: float) -> str:
    """Return a count: whole below ten thousand, then with a prefix."""
    if value >= 9999.5:
        return si(value, "").strip()
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.3g}"


def _load(share: float) -> str:
    if isinf(share):
        return "none available"
    if share >= 10:
        return f"{share:,.0f} ×"
    return "< 1%" if 0 < share < 0.01 else f"{share:,.0%}"
