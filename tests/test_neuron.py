"""One neuron in closed form: how often it fires, how near it comes, and what it may send."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, log, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiking import (
    Alphabet,
    Function,
    Identity,
    Input,
    Linear,
    Neuron,
    Output,
    Relu,
    SpikeRecord,
    SpikingNetwork,
    binary,
    graded,
    run,
    ternary,
)
from spiking.backends.reference import emit

ENGINES = ["reference", "norse"]
QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)
TRAIN = ["n1", "n2", "n3"]


def single(alphabet: Alphabet, schedule: str, function: Function | None = None, **setting: object) -> SpikingNetwork:
    """x -> neuron -> out, one element each."""
    neuron = Neuron("n", ("x",), (function or Identity(),), alphabet, **setting)  # type: ignore[arg-type]
    return SpikingNetwork((Input("x", (), (1,)), neuron, Output("out", ("n",))), schedule)  # type: ignore[arg-type]


def drive(network: SpikingNetwork, x: float, steps: int, engine: str = "reference", **how: object) -> np.ndarray:
    """What the neuron sends at each tick for one constant input: (T,)."""
    record = run(network, np.array([[x]]), steps=steps, backend=engine, record=["n"], progress=False, **how)
    return record.rasters["n"][:, 0, 0]


@pytest.mark.parametrize("engine", ENGINES)
@QUICK
@given(st.integers(1, 64), st.data(), st.integers(1, 40))
def test_integrate_and_fire_counts_like_a_clock(engine: str, theta64: int, data: st.DataObject, steps: int) -> None:
    """floor((v0 + T·x)/θ) spikes for 0 ≤ x ≤ θ and 0 ≤ v0 < θ, in 64ths: the sums are exact in any precision."""
    x64 = data.draw(st.integers(0, theta64), label="x·64")
    v64 = data.draw(st.integers(0, theta64 - 1), label="v0·64")
    network = single(binary(theta64 / 64), "rate", v0=np.array(v64 / 64))
    sent = drive(network, x64 / 64, steps, engine)
    assert np.count_nonzero(sent) == floor(Fraction(v64 + steps * x64, theta64))
    assert set(sent) <= {0, theta64 / 64}


def test_above_the_threshold_it_fires_every_tick_and_no_more() -> None:
    """The control of the law above: x = 3θ is outside it, and 8 ticks hold 8 spikes, not 24."""
    assert np.count_nonzero(drive(single(binary(1.0), "rate"), 3.0, 8)) == 8


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("alphabet", [ternary(0.25), graded(0.25, 3)], ids=["ternary", "graded"])
@QUICK
@given(st.integers(-256, 256))
def test_signed_alphabets_are_odd(engine: str, alphabet: Alphabet, x64: int) -> None:
    network = single(alphabet, "sigma-delta")
    np.testing.assert_array_equal(drive(network, -x64 / 64, 8, engine), -drive(network, x64 / 64, 8, engine))


@pytest.mark.parametrize("engine", ENGINES)
@QUICK
@given(st.floats(-8, 8, width=32), st.sampled_from([0.75, 0.5, 1.0, 1.5]))
def test_a_graded_neuron_settles_within_its_threshold(engine: str, x: float, theta: float) -> None:
    """|a − s| < θ·u.

    One spike leaves at most a third of q = |r|/u: within 0.75·2^k … 1.5·2^k the furthest from 2^k is the upper end.
    Down from 8/u = 64 to 1/2 takes ceil(log3(128)) = 5 ticks.
    """
    sent = drive(single(graded(0.125, 7, theta), "sigma-delta"), x, 5, engine)
    assert abs(x - sent.sum()) < theta * 0.125
    assert drive(single(graded(0.125, 7, theta), "sigma-delta"), x, 9, engine)[5:].tolist() == [0] * 4


@QUICK
@given(st.floats(0.1, 40.0))
def test_the_readout_converges_geometrically(x: float) -> None:
    """The distance after t ticks is at most x/3^t, until it is below 0.75 u."""
    network = single(graded(2.0**-12, 20), "sigma-delta")
    off = np.abs(run(network, [np.array([[x]])], steps=12, backend="reference", progress=False).readout[:, 0, 0] - x)
    assert np.all(off <= np.maximum(x / 3.0 ** np.arange(1, 13), 0.75 * 2.0**-12) * (1 + 1e-9))
    assert off[-1] < 0.75 * 2.0**-12


@pytest.mark.parametrize("engine", ENGINES)
def test_a_neuron_out_of_range_catches_up_at_its_largest_spike(engine: str) -> None:
    """K = 3, u = 1: the largest spike is 4. x = 21 = 4 + 4 + 4 + 4 + 4 + 1."""
    assert drive(single(graded(1.0, 3), "sigma-delta"), 21.0, 8, engine).tolist() == [4, 4, 4, 4, 4, 1, 0, 0]


def nearest(q: Fraction, levels: int) -> int:
    """The power of two nearest q ≥ 0, ties up, by trying them all; 0 where that is below 1, the largest at most."""
    if q == 0:
        return 0
    best = min((Fraction(2) ** k for k in range(-12, levels + 8)), key=lambda p: (abs(q - p), -p))
    return 0 if best < 1 else int(min(best, 2 ** (levels - 1)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("levels", [1, 2, 5])
def test_the_nearest_power_of_two_is_sent_ties_up(engine: str, levels: int) -> None:
    """Every residual −12 … 12 in steps of 1/32, in units of 1/4: midpoints 0.75, 1.5, 3, 6 are among them."""
    q32 = np.arange(-384, 385)
    wanted = [np.sign(q) * nearest(Fraction(abs(int(q)), 32), levels) / 4 for q in q32]
    neuron = Neuron("n", ("x",), (Identity(),), graded(0.25, levels))
    network = SpikingNetwork((Input("x", (), q32.shape), neuron, Output("out", ("n",))))
    x = (q32 / 32 * 0.25)[None]
    np.testing.assert_array_equal(run(network, x, steps=1, backend=engine, progress=False).readout[0, 0], wanted)


def test_the_brute_force_knows_the_midpoints() -> None:
    """Its control, by hand: 0.75 lies between 1/2 and 1, 1.5 between 1 and 2, 3 between 2 and 4."""
    values = [Fraction(v) for v in ("0.74", "0.75", "1.49", "1.5", "2.99", "3", "100")]
    assert [nearest(v, 3) for v in values] == [0, 1, 1, 2, 2, 4, 4]


@pytest.mark.parametrize(
    ("alphabet", "below", "at", "sent"),
    [
        (binary(0.5), 0.499, 0.5, 0.5),
        (binary(0.5, theta=0.5), 0.249, 0.25, 0.5),
        (ternary(0.5), 0.249, 0.25, 0.5),
        (ternary(0.5, theta=1.0), 0.499, 0.5, 0.5),
        (graded(0.5, 3), 0.374, 0.375, 0.5),
        (graded(0.5, 3, theta=0.5), 0.249, 0.25, 0.5),
        (graded(0.5, 3, theta=1.25), 0.624, 0.625, 0.5),
    ],
)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_threshold_includes_itself(engine: str, alphabet: Alphabet, below: float, at: float, sent: float) -> None:
    network = single(alphabet, "sigma-delta")
    assert drive(network, below, 1, engine).tolist() == [0]
    assert drive(network, at, 1, engine).tolist() == [sent]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("schedule", ["sigma-delta", "rate"])
@pytest.mark.parametrize("alphabet", [binary(0.3), ternary(0.3), graded(0.3, 4)], ids=["binary", "ternary", "graded"])
def test_what_is_sent_is_a_letter(engine: str, schedule: str, alphabet: Alphabet, rng: np.random.Generator) -> None:
    """s never leaves the grid u·ℤ, and every spike is a letter of the alphabet."""
    neuron = Neuron("n", ("l",), (Relu(),), alphabet)
    nodes = (Input("x", (), (5,)), Linear("l", ("x",), rng.normal(size=(20, 5))), neuron, Output("out", ("n",)))
    network = SpikingNetwork(nodes, schedule)  # type: ignore[arg-type]
    x = rng.normal(size=(9, 5))
    raster = run(network, x, steps=12, backend=engine, record=True, progress=False).rasters["n"]
    letters = {"binary": {0, 1}, "ternary": {-1, 0, 1}, "graded": {-8, -4, -2, -1, 0, 1, 2, 4, 8}}[alphabet.kind]
    assert {*np.round(raster / 0.3, 4).ravel()} <= letters
    sums = raster.astype(np.float64).cumsum(0) / 0.3
    assert np.abs(sums - np.round(sums)).max() < 1e-5
    assert np.any(raster)


def chain(alphabet: Alphabet, rng: np.random.Generator, bias: bool = False) -> SpikingNetwork:
    """Three layers one after the other; without biases nothing happens in a layer before its input arrives."""
    nodes: list = [Input("x", (), (6,))]
    for k, name in enumerate(TRAIN):
        above = nodes[-1].name
        weight = rng.integers(-32, 33, size=(6, 6)) / 64
        nodes.append(Linear(f"l{k}", (above,), weight, rng.integers(-32, 33, size=6) / 64 if bias else None))
        nodes.append(Neuron(name, (f"l{k}",), (Relu(),), alphabet))
    return SpikingNetwork((*nodes, Output("out", ("n3",))))


def both_delays(network: SpikingNetwork, engine: str, rng: np.random.Generator) -> list[SpikeRecord]:
    x = rng.integers(-32, 33, size=(4, 6)) / 16
    how = {"steps": 12, "backend": engine, "record": True, "progress": False, "wavefront": False}
    return [run(network, x, delay=delay, **how) for delay in (0, 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", ENGINES)
def test_in_a_chain_a_delay_is_a_shift(engine: str, rng: np.random.Generator) -> None:
    """Layer k sends at tick t + k − 1 what it would have sent at t; the readout comes 3 ticks later."""
    instant, delayed = both_delays(chain(graded(0.125, 4), rng), engine, rng)
    for k, name in enumerate(TRAIN):
        np.testing.assert_array_equal(delayed.rasters[name][k:], instant.rasters[name][: 12 - k])
        assert not np.any(delayed.rasters[name][:k])
        assert np.any(instant.rasters[name])
    np.testing.assert_array_equal(delayed.readout[3:], instant.readout[:9])


def test_with_biases_a_delay_is_no_shift(rng: np.random.Generator) -> None:
    """The control: a bias is injected at tick 1 in every layer, before the input is there."""
    instant, delayed = both_delays(chain(graded(0.125, 4), rng, bias=True), "reference", rng)
    assert not np.array_equal(delayed.rasters["n2"][1:], instant.rasters["n2"][:11])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("start", "window"), [(1, None), (3, None), (3, 2), (1, 1), (9, 4), (20, None)])
def test_behind_its_window_a_neuron_sends_large_residuals_alone(engine: str, start: int, window: int | None) -> None:
    """At a rate of one half the neuron would send at ticks 2, 4, 6, …; silent, it integrates and keeps what it owes.

    It sends from max(start, 2) to the end of its window, one spike a tick until it has caught up, and behind the window
    whenever it owes two spikes.
    """
    network = single(binary(1.0), "rate", start=start, window=window)
    sent = drive(network, 0.5, 12, engine, delay=1)
    last = 12 if window is None else min(start + window - 1, 12)
    expected, owed = [], 0.0
    for tick in range(1, 13):
        owed += 0.5
        fires = start <= tick and owed >= (1 if tick <= last else 2)
        expected.append(int(fires))
        owed -= fires
    assert sent.tolist() == expected
    free = drive(network, 0.5, 12, engine, delay=1, wavefront=False)
    assert free.tolist() == [0, 1] * 6


def test_a_wavefront_opens_each_layer_at_its_depth(rng: np.random.Generator) -> None:
    network = chain(graded(0.125, 4), rng, bias=True).wavefront(2)
    assert [(n.start, n.window) for n in network.populations] == [(1, 2), (2, 2), (3, 2)]
    x = rng.normal(size=(4, 6))
    rasters = run(network, x, steps=8, delay=1, backend="reference", record=True, progress=False).rasters
    for k, name in enumerate(TRAIN, 1):
        spoke = np.flatnonzero(rasters[name].any(axis=(1, 2))) + 1
        assert spoke.tolist() == [k, k + 1]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_neuron_takes_back_what_was_too_much(engine: str) -> None:
    """Bias −1 and x = 3 by way of a slower neuron: relu sends, then corrects with negative spikes.

    n2 reads relu(3 − n1(x)): n1 sends 2 at tick 1 and 1 at tick 2, so n2 first sees 1 and then 0.
    """
    nodes = (
        Input("x", (), (1,)),
        Neuron("n1", ("x",), (Identity(),), graded(1.0, 2)),
        Linear("l", ("n1",), np.array([[-1.0]]), np.array([3.0])),
        Neuron("n2", ("l",), (Relu(),), graded(1.0, 2)),
        Output("out", ("n2",)),
    )
    record = run(SpikingNetwork(nodes), np.array([[3.0]]), steps=4, backend=engine, record=True, progress=False)
    assert record.rasters["n1"].ravel().tolist() == [2, 1, 0, 0]
    assert record.rasters["n2"].ravel().tolist() == [1, -1, 0, 0]
    assert record.readout.ravel().tolist() == [1, 0, 0, 0]


def test_an_alphabet_knows_its_size() -> None:
    """Letters with silence: 2, 3 and 1 + 2K; columns of one-bit neurons: one for each letter that is not silence."""
    sizes = {"binary": binary(1.0), "ternary": ternary(1.0), "graded": graded(1.0, 4)}
    assert {name: a.columns for name, a in sizes.items()} == {"binary": 1, "ternary": 2, "graded": 8}
    assert [a.bits for a in sizes.values()] == [log2(2), log2(3), log2(9)]


def test_a_unit_may_differ_by_neuron() -> None:
    units = np.array([1.0, 0.5, 0.25])
    assert emit(ternary(units), np.array([0.5, 0.5, 0.1])).tolist() == [1.0, 0.5, 0.0]
    assert emit(graded(units, 3), np.array([1.5, 1.5, 1.5])).tolist() == [2.0, 2.0, 1.0]


def test_ticks_to_settle_are_as_predicted() -> None:
    """From q = 64 to below 1/2 by thirds: ceil(log3(128)) = 5, as used above."""
    assert ceil(log(64 / 0.5, 3)) == 5
