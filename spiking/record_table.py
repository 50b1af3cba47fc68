"""The activity of a record as a table: a row for each layer and tick, for spreadsheets and data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import MissingPackage
from .formatting import html_table

COLUMNS = ("layer", "step", "spikes", "events", "saturated")
Curves = Mapping[str, NDArray[np.float64]]
Line = tuple[str, int, float | None, float | None, float | None]


def long_lines(steps: int, spikes: Curves, events: Curves, saturated: Mapping[str, float]) -> list[Line]:
    """Return a line for each layer and tick; None where a layer has no such figure, or has it at the last tick only."""
    lines: list[Line] = []
    for name in dict.fromkeys([*spikes, *events, *saturated]):
        for t in range(steps):
            share = saturated.get(name) if t == steps - 1 else None
            lines.append((name, t + 1, _at(spikes, name, t), _at(events, name, t), share))
    return lines


def data_frame(lines: Sequence[Line]) -> Any:
    """Return the lines as a pandas.DataFrame, NaN where there is no figure; raises MissingPackage without pandas."""
    try:
        import pandas
    except ImportError as error:
        raise MissingPackage(
            f"to_dataframe needs pandas, which cannot be imported ({error}): pip install pandas; "
            "or write the same table with to_csv(path)"
        ) from error
    types = dict(zip(COLUMNS, ("object", "int64", "float64", "float64", "float64"), strict=True))
    return pandas.DataFrame(lines, columns=list(COLUMNS)).astype(types)


def totals_html(title: str, spikes: Curves, events: Curves, saturated: Mapping[str, float]) -> str:
    """Return the sums over all ticks as a table for a notebook: a row for each layer."""
    names = dict.fromkeys([*spikes, *events, *saturated])
    rows = [
        [
            name,
            f"{spikes[name].sum():,.1f}" if name in spikes else "–",
            f"{events[name].sum():,.1f}" if name in events else "–",
            f"{100 * saturated[name]:.2g} %" if name in saturated else "–",
        ]
        for name in names
    ]
    last = ["total", *(f"{sum(map(np.sum, curves.values())):,.1f}" for curves in (spikes, events)), ""]
    head = ["layer", "spikes a sample", "synaptic events a sample", "saturated"]
    return html_table(head, rows, last, title=title)


def _at(curves: Curves, name: str, t: int) -> float | None:
    return float(curves[name][t]) if name in curves else None
