"""Plots of a record: who sent what when, and how soon the answer is right.

Every function takes an optional `ax`, returns the ax and shows nothing: `raster(record).figure.savefig("raster.png")`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from . import escaping
from .errors import InvalidInput
from .network import TICK
from .record import SpikeRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe & Ito 2008, for every eye
MARKERS = "osD^vP"
INK, FAINT = "#333333", "#CCCCCC"
ROWS = 160  # neurons in a raster, about: each has its own line then


def raster(
    record: SpikeRecord, names: Sequence[str] | None = None, sample: int = 0, ax: Axes | None = None, *, most: int = 64
) -> Axes:
    """Draw one dot for each spike of one sample: time to the right, neurons upwards, one node above the other.

    names   of recorded nodes, from the bottom up; by default all
    most    how many neurons of a node are drawn, evenly spaced over it; fewer where many nodes share the plot

    Blue is positive, orange negative; a dot's area grows with log2 of the spike over the smallest one of its node.

    Units   ms of a 100 Hz clock under delay 1; ticks under delay 0, where a tick has no duration
    Raises  InvalidInput: nothing recorded, a name not recorded, no such sample
    """
    chosen = _recorded(record, names, sample)
    ax = _prepared(ax, record.steps, record.delay, height=max(4.0, 0.35 * len(chosen)))
    most = min(most, max(ROWS // len(chosen), 8))
    floor, middles, seen = 0.0, [], set()
    between = "\n" if len(chosen) <= 5 else ", "
    for name in chosen:
        sent = record.rasters[name][:, sample].reshape(record.steps, -1)
        shown = np.unique(np.linspace(0, sent.shape[1] - 1, min(most, sent.shape[1])).astype(int))
        size = np.abs(sent)
        least = size[size > 0].min(initial=np.inf)
        tick, row = np.nonzero(sent[:, shown])
        value = sent[tick, shown[row]]
        area = 4 + 3 * np.log2(np.abs(value) / least)
        x = (tick + 1) * _unit(record.delay)
        for sign, colour in ((1, COLOURS[0]), (-1, COLOURS[1])):
            some = np.sign(value) == sign
            ax.scatter(x[some], floor + row[some], area[some], colour, linewidths=0)
            seen |= {sign} if some.any() else set()
        middles.append(
            (floor + (len(shown) - 1) / 2, f"{escaping.plot(name)}{between}{_of(len(shown), sent.shape[1])}")
        )
        floor += len(shown) + 3
        if name != chosen[-1]:
            ax.axhline(floor - 2, color=FAINT, linewidth=0.8)
    ax.set_yticks([y for y, _ in middles], [text for _, text in middles])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-2, floor - 2)
    ax.set_title(f"Spikes of sample {sample}, {record.backend}", loc="left", color=INK)
    if seen == {1, -1}:
        _signs(ax)
    return ax


def accuracy_over_time(
    records: SpikeRecord | Mapping[str, SpikeRecord],
    labels: ArrayLike,
    source: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of right answers after each tick, one curve for each named record.

    source  the accuracy of the source network, 0 .. 1: a dashed line

    Units   %; ms of a 100 Hz clock if all records have delay 1, ticks otherwise
    Raises  InvalidInput: no records, or not one label for each sample
    """
    named = {records.backend: records} if isinstance(records, SpikeRecord) else dict(records)
    if not named:
        raise InvalidInput("there are no records to draw")
    curves = {name: 100 * record.accuracy(labels) for name, record in named.items()}
    delay = min(record.delay for record in named.values())
    steps = max(record.steps for record in named.values())
    ax = _prepared(ax, steps, delay)
    if source is not None:
        ax.axhline(100 * source, color=INK, linewidth=1, linestyle="--", label=f"source {100 * source:.1f} %")
    for i, (name, curve) in enumerate(curves.items()):
        time = np.arange(1, len(curve) + 1) * _unit(delay)
        (line,) = ax.plot(time, curve, linewidth=1.6, color=COLOURS[i % len(COLOURS)], label=escaping.plot(name))
        line.set(marker=MARKERS[i % len(MARKERS)], markersize=5.5, markeredgecolor="white", markeredgewidth=0.6)
    ax.set_ylim(0, 104)
    ax.set_ylabel("accuracy, %", color=INK)
    ax.set_title(f"Accuracy on {np.asarray(labels).size:,} samples", loc="left", color=INK)
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    ax.legend(frameon=False, loc="lower right", labelcolor=INK)
    return ax


def _recorded(record: SpikeRecord, names: Sequence[str] | None, sample: int) -> list[str]:
    if not record.rasters:
        raise InvalidInput("no spikes were recorded: run with record=True, or with the names of neuron nodes")
    chosen = [name for name in record.activity.spikes if name in record.rasters] if names is None else list(names)
    missing = [name for name in chosen if name not in record.rasters]
    if missing or not chosen:
        raise InvalidInput(f"not recorded: {', '.join(missing) or 'nothing'}; recorded: {', '.join(record.rasters)}")
    if not 0 <= sample < record.activity.samples:
        raise InvalidInput(f"there is no sample {sample}; the record holds 0 … {record.activity.samples - 1:,}")
    return chosen


def _prepared(ax: Axes | None, steps: int, delay: int, height: float = 4.0) -> Axes:
    """Return the ax, or that of a figure of its own, with open sides and a clock below."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MultipleLocator

    if ax is None:
        ax = Figure(figsize=(6, height), dpi=150, layout="constrained").subplots()
    stride = next(n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, steps) if steps <= 10 * n)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(INK)
    ax.tick_params(colors=INK)
    ax.xaxis.set_major_locator(MultipleLocator(_unit(delay) * stride))
    ax.set_xlim(0.5 * _unit(delay), (steps + 0.5) * _unit(delay))
    ax.set_xlabel("time, ms" if delay else "time, ticks", color=INK)
    ax.set_axisbelow(True)
    return ax


def _unit(delay: int) -> float:
    """Return what one tick is on the time axis."""
    return 1e3 * TICK if delay else 1.0


def _of(shown: int, size: int) -> str:
    return f"{size:,} neurons" if shown == size else f"{shown:,} of {size:,}"


def _signs(ax: Axes) -> None:
    """Say above the ax, on the right, which colour is which sign."""
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], color=COLOURS[i], marker="o", markersize=4, linestyle="") for i in (0, 1)]
    tight = {"borderaxespad": 0.2, "handletextpad": 0, "columnspacing": 0.8, "bbox_to_anchor": (1.01, 0.985)}
    ax.legend(marks, ["+", "−"], loc="lower right", ncols=2, frameon=False, labelcolor=INK, **tight)
