"""The digits CNN of the demos, with its trained weights, its test images and its calibration images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

FILE = Path(__file__).with_name("digits.npz")


class DigitsCNN(nn.Module):
    """Two convolutions and a linear layer.   Shapes   (B, 1, 8, 8) -> (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = block(1, 16)
        self.layer2 = block(16, 32)
        self.head = nn.Linear(32 * 2 * 2, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return self.head(self.layer2(self.layer1(x)).flatten(1))


def block(inputs: int, outputs: int) -> nn.Sequential:
    """Return 3×3 convolution, batch norm, ReLU and 2×2 average pool."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.AvgPool2d(2))


def pixels(images: NDArray[np.uint8]) -> torch.Tensor:
    """Return images (B, 8, 8) of 0 .. 16 as (B, 1, 8, 8) of 0 .. 1."""
    return torch.from_numpy(images.astype(np.float32) / 16).unsqueeze(1)


def load() -> tuple[nn.Module, torch.Tensor, torch.Tensor, NDArray[np.uint8]]:
    """Return the model in eval mode, 200 calibration images, 360 test images and the labels of the latter."""
    with np.load(FILE, allow_pickle=False) as data:
        model = DigitsCNN()
        model.load_state_dict({name: torch.from_numpy(data[f"model/{name}"]) for name in model.state_dict()})
        return model.eval(), pixels(data["calibration"]), pixels(data["test"]), data["test_labels"]
