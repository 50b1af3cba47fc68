"""What is far beyond calibration: no window keeps its error, and the record says what stayed unsent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converters import convert
from converters.examples import digits
from spiking import Input, Linear, Neuron, Output, Relu, SpikeRecord, SpikingNetwork, binary, graded, run, ternary

ENGINES = ("reference", "norse", "brian2")


def line(alphabet: object, schedule: str = "sigma-delta", window: int = 2) -> SpikingNetwork:
    """x -> relu -> 0.5 -> relu -> out, with a wavefront."""
    nodes = (
        Input("x", (), (2,)),
        Neuron("n1", ("x",), (Relu(),), alphabet),  # type: ignore[arg-type]
        Linear("half", ("n1",), np.eye(2) / 2, None),
        Neuron("n2", ("half",), (Relu(),), alphabet),  # type: ignore[arg-type]
        Output("out", ("n2",)),
    )
    return SpikingNetwork(nodes, schedule=schedule).wavefront(window)  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("alphabet", [graded(0.25, 3), ternary(0.5), binary(0.5)], ids=["graded", "ternary", "binary"])
def test_what_a_window_left_is_sent_behind_it(engine: str, alphabet: object) -> None:
    """x = 5 and 40 need far more than the two ticks of a window; in the end less than two units are owed a neuron.

    n1 owes less than 2u, so half of it reaches n2, which owes less than 2u itself: the readout is within 3u of x/2.
    """
    network = line(alphabet)
    x = np.array([[5.0, 40.0], [0.25, 3.0]])
    how = {"steps": 100, "delay": 1, "record": True, "progress": False}
    record = run(network, x, backend=engine, **how)  # type: ignore[arg-type]
    unit = float(network["n1"].alphabet.unit)  # type: ignore[attr-defined]
    assert np.all(np.abs(record.readout[-1] - x / 2) < 3 * unit)
    wanted = run(network, x, backend="reference", **how)  # type: ignore[arg-type]
    for name, train in wanted.rasters.items():
        np.testing.assert_array_equal(record.rasters[name], train)
    assert record.saturated == wanted.saturated


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("delay", [0, 1])
@pytest.mark.parametrize("schedule", ["sigma-delta", "rate"])
def test_the_record_counts_what_stayed_unsent(engine: str, delay: int, schedule: str) -> None:
    """One spike of 1 a tick. Of the four inputs 100 and 9 cannot be sent in 4 ticks, nor at a rate of 4; 1 and 0 can.

    n2 gets a half at every tick and keeps up.
    """
    x = np.array([[100.0, 1.0], [9.0, 0.0]])
    how = {"steps": 4, "delay": delay, "backend": engine, "progress": False}
    record = run(line(binary(1.0), schedule, 9), x, **how)  # type: ignore[arg-type]
    assert record.saturated == {"n1": 0.5, "n2": 0.0}


def test_what_stayed_unsent_is_kept_in_a_file(tmp_path: Path) -> None:
    record = run(line(binary(1.0)), np.array([[100.0, 1.0]]), steps=4, progress=False)
    record.save(tmp_path / "record.npz")
    assert SpikeRecord.load(tmp_path / "record.npz").saturated == record.saturated == {"n1": 0.5, "n2": 0.0}


def test_an_input_eight_times_too_large_gets_there() -> None:
    """The digits of 0 … 8 in place of 0 … 1: with delay 1 the classes are the source's, as with delay 0."""
    model, calibration, images, _ = digits("cnn")
    network = convert(model, calibration)
    source = model(images * 8).detach()
    for delay in (0, 1):
        record = run(network, images * 8, steps=15, delay=delay, progress=False)
        assert record.agreement(source)[-1] > 0.98
        assert record.relative_error(source)[-1] < 0.02
        assert max(record.saturated.values()) == 0
        assert run(network, images * 8, steps=4, delay=delay, progress=False).saturated["layer1.2"] > 0
