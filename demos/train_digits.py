"""How they were trained
=====================

Train the networks of the demos on 1,437 handwritten digits of 8×8 pixels (a minute or two).

::

    pip install "hectohertz[train]"
    python demos/train_digits.py

The number of epochs is fixed and the 360 test images are looked at once, after the last. ``digits.npz`` holds the test
images and the first 200 training images for calibration, ``digits_cnn.npz``, … the weights; the demos need no more.
Not executed for the gallery: it needs scikit-learn.

Source: UCI ML optical recognition of handwritten digits, as in scikit-learn (the extra ``train``);
Alpaydin & Kaynak 1998, doi:10.24432/C50P49, CC BY 4.0
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from converters.examples import FILE, MODELS, pixels, weights

TEST, CALIBRATION = 360, 200
BATCH, DECAY = 64, 1e-4
SETTINGS = {"cnn": (40, 5e-3), "vit": (60, 3e-3), "lstm": (60, 5e-3)}  # epochs and learning rate


def main() -> None:
    torch.set_num_threads(1)  # the layers are small, and sums keep their order
    torch.use_deterministic_algorithms(True)
    images, labels = shuffled()
    known, truth = images[TEST:][:CALIBRATION], labels[TEST:][:CALIBRATION]
    parts = {"test": images[:TEST], "test_labels": labels[:TEST], "calibration": known, "calibration_labels": truth}
    np.savez_compressed(FILE, **parts)
    for name, (epochs, rate) in SETTINGS.items():
        torch.manual_seed(0)
        model = trained(MODELS[name](), images[TEST:], labels[TEST:], epochs, rate)
        with torch.no_grad():
            right = model(pixels(images[:TEST])).argmax(1).numpy() == labels[:TEST]
        np.savez_compressed(weights(name), **{key: value.numpy() for key, value in model.state_dict().items()})
        size = weights(name).stat().st_size / 1024
        print(f"{name}: {100 * right.mean():.1f} % of {TEST} test images; {size:.0f} kB of weights")


def shuffled() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return all images (1797, 8, 8), 0 .. 16, and labels, in an order fixed by seed 0."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    return data.images[order].astype(np.uint8), data.target[order].astype(np.uint8)


def trained(
    model: nn.Module, images: NDArray[np.uint8], labels: NDArray[np.uint8], epochs: int, rate: float
) -> nn.Module:
    """Return the model after the fixed number of epochs, the learning rate falling as a cosine."""
    x, y = pixels(images), torch.from_numpy(labels).long()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        schedule.step()
    return model.eval()


if __name__ == "__main__":
    main()
