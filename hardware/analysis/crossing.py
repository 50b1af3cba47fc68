"""Where a growing function of the activity crosses zero."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite, log, sqrt

SPAN = 1e9  # up to how many times more or less activity is looked at


def root(excess: Callable[[float], float]) -> float:
    """Return where a growing function crosses 0: 0 if it starts above, infinite if it stays below."""
    if excess(0.0) >= 0 or excess(1 / SPAN) >= 0:
        return 0.0
    return inf if excess(SPAN) < 0 else crossing(excess, 1 / SPAN, SPAN, 1e-9)


def crossing(excess: Callable[[float], float], below: float, above: float, precision: float) -> float:
    """Return a factor at which a function is not negative, within a relative `precision` of one at which it is.

    below, above   where it is negative, and where it is not; either may be the larger

    The costs are piecewise linear in the activity, so the false position is exact once the bracket lies on one piece;
    a step beside it then closes the bracket. Where two steps did not halve the bracket's logarithm, the middle does.
    """
    low, high = excess(below), excess(above)
    widths = [inf, inf]
    while abs(above / below - 1) > precision:
        width = abs(log(above / below))
        middle = sqrt(below * above)
        if width <= widths[-2] / 2:
            middle = _false_position(below, low, above, high, middle, precision / 2)
        value = excess(middle)
        below, low, above, high = (middle, value, above, high) if value < 0 else (below, low, middle, value)
        widths.append(width)
    return above


def _false_position(below: float, low: float, above: float, high: float, middle: float, margin: float) -> float:
    """Where the line through both ends crosses 0, no closer to either than the margin; the middle without a line."""
    if not isfinite(high - low):
        return middle
    aim = below - low * (above - below) / (high - low)
    least, most = sorted((below, above))
    return min(max(aim, least * (1 + margin)), most / (1 + margin))
