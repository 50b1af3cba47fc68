"""What the page computes with: the trace and the numbers of its platforms, as JSON inside the page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from spiking import InvalidInput, escaping

from ..analysis.comparison import Comparison
from ..analysis.records import CostReport
from ..models.placement import Placed, place
from ..workload.parts import Curve
from . import columns, words
from .tables import script_table

MOST_TICKS = 4_000


def embedded(comparison: Comparison) -> str:
    """Return the data as JSON that cannot end the script element it stands in.

    Raises InvalidInput for a trace of more than 4,000 ticks: every one of them is in there.
    """
    ticks = comparison.reports[0].work.ticks
    if ticks > MOST_TICKS:
        raise InvalidInput(
            f"a page carries every tick of every layer, {MOST_TICKS:,} at most, not {ticks:,}; "
            "str(comparison) has no such limit"
        )
    return escaping.script(json.dumps(_data(comparison), allow_nan=False, separators=(",", ":")))


def _data(c: Comparison) -> dict[str, Any]:
    """The trace and the platforms, in what model.js expects."""
    work = c.reports[0].work
    return {
        "batch": c.batch,
        "verdict": words.sentence(c.verdict),
        "network": {
            **_fields(work, "steps", "stages", "ticks", "interval", "neurons"),
            **_fields(work, "weights", "unrolled", "physical", "laid", "dynamic", "macs"),
        },
        "columns": {
            "platforms": script_table(columns.PLATFORMS),
            "limits": script_table(columns.LIMITS),
            "layers": script_table(columns.NODES),
        },
        "order": work.order,
        "inputs": sorted(work.inputs),
        "senders": [[name, packed(curve)] for name, curve in work.senders.items()],
        "places": [
            {
                **_fields(place, "name", "stage", "weights", "reads", "unrolled", "physical", "dynamic", "fan_in"),
                **_fields(place, "values", "macs", "calls", "passes", "sources", "matrix", "inside"),
                "events": packed(place.events),
            }
            for place in work.places
        ],
        "layers": [
            {
                **_fields(layer, "name", "neurons", "columns", "compartments", "functions", "time_steps"),
                "places": [place.name for place in layer.places],
            }
            for layer in work.layers
        ],
        "platforms": [_numbers(report) for report in c.rows],
    }


def _numbers(r: CostReport) -> dict[str, Any]:
    """The numbers of a platform at the three corners; where its cores lie, since no control changes that."""
    platform = r.platform
    corners = [platform.values(end) for end in ("value", "optimistic", "pessimistic")]
    found: dict[str, Any] = {
        "name": platform.name,
        "kind": platform.kind,
        "title": platform.title,
        "boundary": platform.boundary,
        "numbers": {name: [values[name] for values in corners] for name in corners[0]},
    }
    if platform.kind == "neuromorphic":
        found["placements"] = [_placement(place(r.work, values)) for values in corners]
    return found


def _placement(layers: Sequence[Placed]) -> dict[str, Any]:
    return {
        "cores": [layer.cores for layer in layers],
        "bounds": [layer.bound for layer in layers],
        "copies": [list(layer.copies.items()) for layer in layers],
        "stored": [layer.stored for layer in layers],
    }


def _fields(record: object, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def packed(curve: Curve) -> list[Any]:
    """[first tick, values, length] without the zeros at both ends; one value stands for all of them."""
    there = np.flatnonzero(curve)
    if not len(there):
        return [0, [], 0]
    part = curve[there[0] : there[-1] + 1]
    return [int(there[0]), (part[:1] if np.all(part == part[0]) else part).tolist(), len(part)]
