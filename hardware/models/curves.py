"""What cost functions do with curves, one value for each tick. render/pages/curves.js does the same for the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from ..workload.parts import Curve

Load = TypeVar("Load", bound=Any)  # a tuple with names, `parts` among them


def zeros(ticks: int) -> Curve:
    """Return a curve of nothing."""
    return np.zeros(ticks)


def total(curve: Curve) -> float:
    """Return the sum over all ticks."""
    return float(curve.sum())


def added(curves: Sequence[Curve], ticks: int) -> Curve:
    """Return the sum of curves, tick by tick."""
    if not curves:
        return zeros(ticks)
    return sum(curves[1:], curves[0])


def times(curve: Curve, factor: float) -> Curve:
    """Return a curve, every value multiplied."""
    return curve if factor == 1 else curve * factor


def at_most(curve: Curve, most: float) -> Curve:
    """Return a curve, cut off above."""
    return np.minimum(curve, most)


def at_least(curve: Curve, least: float) -> Curve:
    """Return a curve, filled up below."""
    return np.maximum(curve, least)


def short_of(curve: Curve, whole: float) -> Curve:
    """Return what a curve lacks of a whole."""
    return whole - curve


def highest(curves: Sequence[Curve]) -> Curve:
    """Return the largest of several curves, tick by tick."""
    found = curves[0].copy()
    for curve in curves[1:]:  # one after another: a deep network has as many curves as each has ticks
        np.maximum(found, curve, out=found)
    return found


def which_highest(curves: Sequence[Curve]) -> Curve:
    """Return the number of the curve that is the largest, tick by tick; the first of equals."""
    found, which = curves[0].copy(), np.zeros(len(curves[0]))
    for number, curve in enumerate(curves[1:], start=1):
        higher = curve > found
        which[higher] = number
        np.maximum(found, curve, out=found)
    return which


def total_where(curve: Curve, which: Curve, number: int) -> float:
    """Return the sum over the ticks at which `which` is `number`."""
    return float(curve[which == number].sum())


def folded(curve: Curve, interval: int) -> Curve:
    """Return the sum of all stretches of `interval` ticks, one after another."""
    if len(curve) == interval:
        return curve
    padded = np.pad(curve, (0, -len(curve) % interval))
    return np.asarray(padded.reshape(-1, interval).sum(axis=0))


def share_not_above(curve: Curve, least: float) -> float:
    """Return the share of ticks at which a curve is not above a value."""
    return float(np.mean(curve <= least))


def without_parts(load: Load) -> Load:
    """Return the load of a layer without the curves that only the page draws: there are several for each layer."""
    kept: Load = load._replace(parts=())
    return kept
