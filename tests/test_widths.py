"""Numbers of other types: what becomes infinite in the engine's type is refused, all else is read as it is meant."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from converters import convert
from converters.examples import digits
from spiking import InvalidInput, InvalidNetwork, Neuron, SpikingNetwork, fingerprint, graded, run

MODEL, CALIBRATION, IMAGES, LABELS = digits("cnn")
ENGINES = ("reference", "norse", "brian2")


@pytest.fixture(scope="module")
def network() -> SpikingNetwork:
    return convert(MODEL, CALIBRATION)


def answer(network: SpikingNetwork, x: object, engine: str = "norse") -> NDArray[np.float32]:
    return run(network, x, steps=4, backend=engine, progress=False).readout


def test_an_input_beyond_float32_is_refused_where_float32_computes(network: SpikingNetwork) -> None:
    x = np.full((1, 1, 8, 8), 1e39)
    with pytest.raises(InvalidInput, match=r"'x' holds values up to 1e\+39; .* float32, which ends at 3.4e\+38"):
        answer(network, x)
    for how in ({"backend": "norse", "dtype": "float64"}, {"backend": "reference"}):
        assert np.all(np.isfinite(run(network, x, steps=4, progress=False, **how).readout))  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", [1e300, 1e38, 1e-300])
def test_a_unit_beyond_float32_is_refused_where_float32_computes(network: SpikingNetwork, unit: float) -> None:
    """1e38 fits, its largest spike of 4 units does not; 1e-300 is 0 in float32."""
    nodes = (replace(n, alphabet=graded(unit, 3)) if isinstance(n, Neuron) else n for n in network)
    with pytest.raises(InvalidNetwork, match=r"do not fit float32.*\n  'layer1.2': its unit"):
        answer(replace(network, nodes=tuple(nodes)), IMAGES[:1])


@pytest.mark.parametrize("kind", [torch.uint8, torch.int16])
def test_integer_pixels_calibrate(kind: torch.dtype) -> None:
    made, same = ((CALIBRATION[:16] * 16).to(k) for k in (kind, torch.float32))
    np.testing.assert_array_equal(*(answer(convert(MODEL, c), IMAGES[:2] * 16) for c in (made, same)))


def test_an_empty_last_batch_adds_nothing(network: SpikingNetwork) -> None:
    np.testing.assert_array_equal(answer(network, [IMAGES[:3], IMAGES[:0]]), answer(network, IMAGES[:3]))
    made, same = (convert(MODEL, data) for data in ([CALIBRATION[:16], CALIBRATION[:0]], CALIBRATION[:16]))
    np.testing.assert_array_equal(answer(made, IMAGES[:3]), answer(same, IMAGES[:3]))


def test_a_window_may_be_a_number_of_numpy() -> None:
    made = convert(MODEL, CALIBRATION[:16], window=np.int64(4))
    assert [type(n.window) for n in made.populations] == [int] * 3
    assert fingerprint(made) == fingerprint(convert(MODEL, CALIBRATION[:16], window=4))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_order_of_bytes_does_not_matter(network: SpikingNetwork, engine: str) -> None:
    x = IMAGES[:2].numpy()
    np.testing.assert_array_equal(answer(network, x.astype(">f4"), engine), answer(network, x, engine))
    labelled = run(network, [(x.astype(">f4"), LABELS[:2].astype(">i8"))], steps=4, backend=engine, progress=False)
    assert labelled.accuracy()[-1] == labelled.accuracy(LABELS[:2])[-1]


def test_two_threads_on_one_network_get_the_same(network: SpikingNetwork) -> None:
    found: dict[int, NDArray[np.float32]] = {}
    threads = [Thread(target=lambda k=k: found.update({k: answer(network, IMAGES)})) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(2):
        np.testing.assert_array_equal(found[k], answer(network, IMAGES))


def test_autocast_changes_nothing(network: SpikingNetwork) -> None:
    plain = answer(network, IMAGES)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        np.testing.assert_array_equal(answer(network, IMAGES), plain)


@pytest.mark.parametrize(("steps", "samples"), [(4, 16), (64, 16), (256, 4), (1024, 1), (5000, 1)])
def test_long_runs_hold_fewer_samples_at_once(network: SpikingNetwork, steps: int, samples: int) -> None:
    """At most 1024 samples × ticks, or one sample."""
    module: Any = network.module(steps)
    assert [len(part["x"]) for part in module.chunks({"x": IMAGES[:16]})] == [samples] * (16 // samples)
