"""Small trained networks to try things on: a CNN, a ViT and an LSTM that read handwritten digits, with images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from spiking import InvalidInput, SpikeRecord

FOLDER = Path(__file__).parent
FILE = FOLDER / "digits.npz"


class DigitsCNN(nn.Module):
    """Two convolutions and a linear layer.   Shapes   (B, 1, 8, 8) -> (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = block(1, 16)
        self.layer2 = block(16, 32)
        self.head = nn.Linear(32 * 2 * 2, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        logits: torch.Tensor = self.head(self.layer2(self.layer1(x)).flatten(1))
        return logits


def block(inputs: int, outputs: int) -> nn.Sequential:
    """Return 3×3 convolution, batch norm, ReLU and 2×2 average pool."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.AvgPool2d(2))


class DigitsViT(nn.Module):
    """16 patches of 2×2, a class token, two pre-norm encoder layers.   Shapes   (B, 1, 8, 8) -> (B, 10)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, 2, 2)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, 17, width) * 0.02)
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.position
        logits: torch.Tensor = self.head(self.encoder(x)[:, 0])
        return logits


class DigitsLSTM(nn.Module):
    """Reads a digit row by row.   Shapes   (B, 1, 8, 8) -> (B, 10)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, width, batch_first=True)
        self.head = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        logits: torch.Tensor = self.head(self.lstm(x.squeeze(1))[0][:, -1])
        return logits


MODELS: dict[str, type[nn.Module]] = {"cnn": DigitsCNN, "vit": DigitsViT, "lstm": DigitsLSTM}


def pixels(images: NDArray[np.uint8]) -> torch.Tensor:
    """Return images (B, 8, 8) of 0 .. 16 as (B, 1, 8, 8) of 0 .. 1."""
    return torch.from_numpy(images.astype(np.float32) / 16).unsqueeze(1)


def weights(name: str) -> Path:
    """Return the file with the weights of one of MODELS."""
    return FOLDER / f"digits_{name}.npz"


def digits(name: str = "cnn") -> tuple[nn.Module, torch.Tensor, torch.Tensor, NDArray[np.uint8]]:
    """Return a model in eval mode, 200 calibration images, 360 test images and the labels of the latter.

    name     one of MODELS, trained by demos/train_digits.py
    Shapes   images (B, 1, 8, 8) of 0 .. 1 -> logits (B, 10)
    Source   UCI ML optical recognition of handwritten digits, as in scikit-learn

    Raises InvalidInput (name).
    """
    if name not in MODELS:
        raise InvalidInput(f"there is no example '{name}'; there are: {', '.join(MODELS)}")
    model = MODELS[name]()
    with np.load(weights(name), allow_pickle=False) as held:
        model.load_state_dict({key: torch.from_numpy(held[key]) for key in model.state_dict()})
    with np.load(FILE, allow_pickle=False) as data:
        return model.eval(), pixels(data["calibration"]), pixels(data["test"]), data["test_labels"]


def curves(record: SpikeRecord, source: NDArray[np.float32], labels: NDArray[np.uint8]) -> str:
    """Return the source's accuracy, and the spiking network's against it, tick by tick."""
    lines = [f"source accuracy {100 * (source.argmax(1) == labels).mean():.1f} % on {len(labels)} test images"]
    rows = zip(record.accuracy(labels), record.agreement(source), record.relative_error(source), strict=True)
    for t, (accuracy, agreement, error) in enumerate(rows, 1):
        lines.append(f"T={t}  {100 * accuracy:.1f} %  agreement {100 * agreement:.1f} %  relative error {error:.3f}")
    return "\n".join(lines)
