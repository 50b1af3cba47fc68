"""Plots: what is drawn where, and what cannot be drawn."""

from __future__ import annotations

import numpy as np
import pytest

from spiking import Activity, InvalidInput, SpikeRecord
from spiking.plot import COLOURS, accuracy_over_time, raster

LABELS = [0, 1]


def record(delay: int) -> SpikeRecord:
    """Two samples, three ticks: 'a' has 4 neurons, 'b' 100; sample 1 sends four spikes."""
    a, b = np.zeros((3, 2, 2, 2)), np.zeros((3, 2, 100))
    a[0, 1, 0, 0], a[2, 1, 1, 1] = 0.5, -2.0  # neuron 0 at tick 1; neuron 3 at tick 3, two levels up
    b[1, 1, 99] = 1.0
    b[1, 1, 1] = 1.0  # not among the neurons drawn
    readout = np.array([[[1, 0], [1, 0]], [[1, 0], [0, 1]], [[1, 0], [0, 1]]], dtype=float)
    spikes = {"x": np.zeros(3), "a": np.zeros(3), "b": np.zeros(3)}
    return SpikeRecord({"out": readout}, Activity(3, 2, delay, "", spikes, {}), "reference", {"b": b, "a": a})


def dots(ax: object, colour: str) -> dict[tuple[float, float], float]:
    """Return position -> area of the dots of one colour."""
    from matplotlib.colors import to_rgba

    found = {}
    for group in ax.collections:
        if len(group.get_offsets()) and tuple(group.get_facecolor()[0]) == to_rgba(colour):
            found |= {
                tuple(map(float, xy)): float(s) for xy, s in zip(group.get_offsets(), group.get_sizes(), strict=True)
            }
    return found


def test_a_raster_has_a_dot_for_each_spike_at_its_tick_sign_and_size() -> None:
    ax = raster(record(delay=0), sample=1, most=50)
    positive, negative = dots(ax, COLOURS[0]), dots(ax, COLOURS[1])
    assert list(positive) == [(1, 0), (2, 4 + 3 + 49)]  # 'b' stands three rows above the four neurons of 'a'
    assert list(negative) == [(3, 3)]
    assert negative[3, 3] > positive[1, 0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a\n4 neurons", "b\n50 of 100"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["+", "−"]


def test_time_is_in_milliseconds_only_under_delay_1() -> None:
    assert list(dots(raster(record(delay=1), ["a"], 1), COLOURS[1])) == [(30, 3)]
    assert raster(record(delay=1)).get_xlabel() == "time, ms"
    assert raster(record(delay=0)).get_xlabel() == "time, ticks"
    both = accuracy_over_time({"0": record(0), "1": record(1)}, LABELS)
    assert both.get_xlabel() == "time, ticks"
    assert accuracy_over_time(record(1), LABELS).get_xlabel() == "time, ms"


def test_a_silent_sample_is_an_empty_raster_without_a_legend() -> None:
    ax = raster(record(delay=0), sample=0)
    assert sum(len(group.get_offsets()) for group in ax.collections) == 0
    assert ax.get_legend() is None


def test_accuracy_is_drawn_in_percent_with_the_source_as_a_dashed_line() -> None:
    ax = accuracy_over_time({"one": record(0), "two": record(0)}, LABELS, source=0.9)
    dashed, one, two = ax.get_lines()
    assert dashed.get_linestyle() == "--"
    assert list(dashed.get_ydata()) == [90, 90]
    assert list(one.get_xdata()) == [1, 2, 3]
    assert list(one.get_ydata()) == list(two.get_ydata()) == [50, 100, 100]
    assert one.get_color() != two.get_color()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["source 90.0 %", "one", "two"]


def test_an_ax_that_is_given_comes_back_drawn_on() -> None:
    from matplotlib.figure import Figure

    left, right = Figure().subplots(1, 2)
    assert raster(record(0), ax=left) is left
    assert accuracy_over_time(record(0), LABELS, ax=right) is right


def test_what_cannot_be_drawn_is_said() -> None:
    bare = record(0)
    with pytest.raises(InvalidInput, match="record=True"):
        raster(SpikeRecord(bare.readouts, bare.activity, "reference"))
    with pytest.raises(InvalidInput, match="not recorded: c; recorded: b, a"):
        raster(bare, ["a", "c"])
    with pytest.raises(InvalidInput, match="no sample 2; the record holds 0 … 1"):
        raster(bare, sample=2)
    with pytest.raises(InvalidInput, match="no records"):
        accuracy_over_time({}, LABELS)
    with pytest.raises(InvalidInput, match="3 labels for 2 samples"):
        accuracy_over_time(bare, [0, 1, 1])


def test_importing_the_plots_does_not_import_matplotlib() -> None:
    import subprocess
    import sys

    code = "import sys, spiking.plot; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
