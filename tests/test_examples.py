"""The examples that come with the package; that the demos print what they promise is tested with the documentation."""

from __future__ import annotations

import numpy as np
import pytest

from converters.examples import FILE, MODELS, digits, weights
from spiking import InvalidInput


def test_the_digits_are_small_and_hold_what_they_say() -> None:
    assert FILE.stat().st_size < 64 * 1024
    with np.load(FILE, allow_pickle=False) as data:
        for name, size in (("test", 360), ("calibration", 200)):
            assert data[name].shape == (size, 8, 8)
            assert data[name].dtype == np.uint8
            assert data[name].max() == 16
            assert set(data[f"{name}_labels"]) == set(range(10))
        seen = {image.tobytes() for image in data["calibration"]}
        assert not any(image.tobytes() in seen for image in data["test"])


def test_the_weights_are_small_and_those_of_the_models() -> None:
    count = {}
    for name in MODELS:
        file = weights(name)
        assert file.stat().st_size < 96 * 1024
        with np.load(file, allow_pickle=False) as held:
            count[name] = sum(held[key].size for key in held.files if "weight" in key)
    assert count["cnn"] == 6032 + 16 + 32  # two convolutions and a linear layer, and two batch norms
    assert count["lstm"] == 4 * 32 * (8 + 32) + 320  # input and hidden weights of four gates, and the head


@pytest.mark.parametrize("name", MODELS)
def test_an_example_is_a_model_that_knows_its_digits(name: str) -> None:
    model, calibration, images, labels = digits(name)
    assert (tuple(calibration.shape), tuple(images.shape), labels.shape) == ((200, 1, 8, 8), (360, 1, 8, 8), (360,))
    right = model(images).argmax(1).numpy() == labels
    assert right.mean() > 0.95


def test_an_unknown_example_names_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="there is no example 'resnet'; there are: cnn, vit, lstm"):
        digits("resnet")
