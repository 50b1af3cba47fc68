"""Real data and trained weights for benchmarks and tests: read where they are, never copied.

They live in a folder beside the checkout (../shared/data), or where HECTOHERTZ_DATA says.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

DATA = Path(os.environ.get("HECTOHERTZ_DATA", Path(__file__).resolve().parents[1].parent / "shared" / "data"))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def cifar10(split: str, mean: tuple[float, ...], std: tuple[float, ...]) -> tuple[Tensor, NDArray[np.uint8]]:
    """Return 1,000 CIFAR-10 images (1000, 3, 32, 32), normalised, and their labels; split is "train" or "test"."""
    from PIL import Image

    pixels = np.asarray(Image.open(DATA / "cifar10" / f"{split}_00.png")).reshape(-1, 32, 32, 3)
    x = torch.tensor(pixels.astype(np.float32) / 255).permute(0, 3, 1, 2)
    x = (x - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    return x.contiguous(), np.fromfile(DATA / "cifar10" / f"{split}_labels.u8", dtype=np.uint8)


class Block(nn.Module):
    """A CIFAR ResNet block with the parameter-free shortcut: every second pixel, channels padded on both sides."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outer)
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outer)
        self.stride, self.extra = stride, (outer - inner) // 2

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.extra:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.extra, self.extra))
        return F.relu(y + x)


class ResNet20(nn.Module):
    """CIFAR ResNet-20 (He et al. 2016)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(Block(16, 16, 1) for _ in range(3)))
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1))
        self.layer3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(F.avg_pool2d(x, x.size()[3]).view(x.size(0), -1))


def resnet20() -> nn.Module:
    """Return the trained CIFAR ResNet-20."""
    path = DATA / "weights" / "resnet20-cifar10" / "resnet20-12fca82f.th"
    state = torch.load(path, weights_only=True, map_location="cpu")["state_dict"]
    model = ResNet20()
    model.load_state_dict({name.removeprefix("module."): value for name, value in state.items()})
    return model.eval()
