"""What the demos bring along; that they run and print what they promise is tested with the documentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
DEMOS = ROOT / "demos"


def test_the_digits_are_small_and_hold_what_they_say() -> None:
    file = DEMOS / "digits.npz"
    assert file.stat().st_size < 64 * 1024
    with np.load(file, allow_pickle=False) as data:
        for name, size in (("test", 360), ("calibration", 200)):
            assert data[name].shape == (size, 8, 8)
            assert data[name].dtype == np.uint8
            assert data[name].max() == 16
            assert set(data[f"{name}_labels"]) == set(range(10))
        seen = {image.tobytes() for image in data["calibration"]}
        assert not any(image.tobytes() in seen for image in data["test"])


def test_the_weights_are_small_and_those_of_the_models() -> None:
    count = {}
    for name in ("cnn", "vit", "lstm"):
        file = DEMOS / f"digits_{name}.npz"
        assert file.stat().st_size < 96 * 1024
        with np.load(file, allow_pickle=False) as held:
            count[name] = sum(held[key].size for key in held.files if "weight" in key)
    assert count["cnn"] == 6032 + 16 + 32  # two convolutions and a linear layer, and two batch norms
    assert count["lstm"] == 4 * 32 * (8 + 32) + 320  # input and hidden weights of four gates, and the head
