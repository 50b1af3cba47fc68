"""Real data and trained weights for benchmarks and tests: read where they are, never copied.

They live in a folder beside the checkout (../shared/data), or where HECTOHERTZ_DATA says.
"""

from __future__ import annotations

import gzip
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


CIFAR = ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def mnist() -> tuple[Tensor, NDArray[np.uint8]]:
    """Return the 10,000 MNIST test images (10000, 1, 28, 28) in 0 … 1, and their labels."""
    images, labelled = ((DATA / "mnist" / f"t10k-{name}-ubyte.gz") for name in ("images-idx3", "labels-idx1"))
    pixels = np.frombuffer(gzip.decompress(images.read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress(labelled.read_bytes()), np.uint8, offset=8)
    return torch.tensor(pixels.reshape(-1, 1, 28, 28).astype(np.float32) / 255), labels


class ViT(nn.Module):
    """A small vision transformer: patches of 4, class token, post-norm encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, 128, 4, 4)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 128))
        self.pos_embed = nn.Parameter(torch.zeros(1, 65, 128))
        self.transformer = nn.TransformerEncoder(nn.TransformerEncoderLayer(128, 8, 256, batch_first=True), 6)
        self.mlp_head = nn.Sequential(nn.LayerNorm(128), nn.Linear(128, 10))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        return self.mlp_head(self.transformer(x)[:, 0])


def vit() -> nn.Module:
    """Return the trained small ViT."""
    model = ViT()
    path = DATA / "weights" / "vit-cifar10" / "vit_cifar10.pth"
    model.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    return model.eval()


class LeNet(nn.Module):
    """Two blocks of convolution, ReLU and max-pool, three linear layers."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        self.cv1, self.cv2 = (nn.Conv2d(w.shape[1], w.shape[0], w.shape[2]) for w in _weights(state, "cv1", "cv2"))
        self.fc1, self.fc2, self.fc3 = (nn.Linear(w.shape[1], w.shape[0]) for w in _weights(state, "fc1", "fc2", "fc3"))
        self.load_state_dict(state)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.cv1(x)), 2)
        x = F.max_pool2d(F.relu(self.cv2(x)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def _weights(state: dict[str, Tensor], *names: str) -> list[Tensor]:
    return [state[f"{name}.weight"] for name in names]


def lenet() -> nn.Module:
    """Return the trained LeNet with max-pooling."""
    path = DATA / "weights" / "lenet-maxpool-cifar10" / "cifar10_cnn.pth"
    return LeNet(torch.load(path, weights_only=True, map_location="cpu")).eval()


def cnn_mnist() -> nn.Module:
    """Return the trained bias-free MNIST network: three blocks of convolution, ReLU and average pool, two linear."""
    state = torch.load(DATA / "weights" / "cnn-mnist" / "mnist_params.pt", weights_only=True, map_location="cpu")
    layers: list[nn.Module] = []
    for name in ("0.weight", "3.weight", "6.weight"):
        out, inner, size, _ = state[name].shape
        layers += [nn.Conv2d(inner, out, size, bias=False), nn.ReLU(), nn.AvgPool2d(2)]
    head = [nn.Linear(*reversed(state[f"{k}.weight"].shape), bias=False) for k in (10, 12)]
    model = nn.Sequential(*layers, nn.Flatten(), head[0], nn.ReLU(), head[1])
    model.load_state_dict(state)
    return model.eval()
