"""Train the CNN of the demos on 1,437 handwritten digits of 8×8 pixels, and write demos/digits.npz (ten seconds).

    pip install "hectohertz[train]"
    python demos/train_digits.py

The number of epochs is fixed and the 360 test images are looked at once, after the last. The file holds the weights,
the test images, and the first 200 training images for calibration; the demos need nothing else.

Source   UCI ML optical recognition of handwritten digits, as in scikit-learn (its extra `train`);
         Alpaydin & Kaynak 1998, doi:10.24432/C50P49, CC BY 4.0
"""

from __future__ import annotations

import numpy as np
import torch
from digits import FILE, DigitsCNN, pixels
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

TEST, CALIBRATION = 360, 200
EPOCHS, BATCH, RATE, DECAY = 40, 64, 5e-3, 1e-4


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # the layers are small, and sums keep their order
    torch.use_deterministic_algorithms(True)
    images, labels = shuffled()
    model = trained(images[TEST:], labels[TEST:])
    with torch.no_grad():
        right = model(pixels(images[:TEST])).argmax(1).numpy() == labels[:TEST]
    known, truth = images[TEST:][:CALIBRATION], labels[TEST:][:CALIBRATION]
    weights = {f"model/{name}": value.numpy() for name, value in model.state_dict().items()}
    parts = {"test": images[:TEST], "test_labels": labels[:TEST], "calibration": known, "calibration_labels": truth}
    np.savez_compressed(FILE, **weights, **parts)
    print(f"{100 * right.mean():.1f} % of {TEST} test images; {FILE.name}: {FILE.stat().st_size / 1024:.0f} kB")


def shuffled() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return all images (1797, 8, 8), 0 .. 16, and labels, in an order fixed by seed 0."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    return data.images[order].astype(np.uint8), data.target[order].astype(np.uint8)


def trained(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> nn.Module:
    """Return the model after the fixed number of epochs, the learning rate falling as a cosine."""
    model, x, y = DigitsCNN(), pixels(images), torch.from_numpy(labels).long()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        schedule.step()
    return model.eval()


if __name__ == "__main__":
    main()
