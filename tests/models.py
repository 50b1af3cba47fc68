"""Small torch models: one for every rule, and a few whole networks.

A rule's model is h = relu(first(x)), y = op(h): one layer of neurons, then the operation under test, so that its
operand is spikes. `first` makes a map (4, 6, 6), a sequence (4, 9), a vector (8,), tokens (5, 8) or a volume
(4, 4, 4, 4).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Op = Callable[[Tensor], Tensor]
FIRST: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "map": (partial(nn.Conv2d, 2, 4, 3, padding=1), (2, 6, 6)),
    "sequence": (partial(nn.Conv1d, 2, 4, 3, padding=1), (2, 9)),
    "vector": (partial(nn.Linear, 6, 8), (6,)),
    "tokens": (partial(nn.Linear, 6, 8), (5, 6)),
    "volume": (partial(nn.Conv3d, 2, 4, 2), (2, 5, 5, 5)),
}


class After(nn.Module):
    """y = op(relu(first(x)))"""

    def __init__(self, first: nn.Module, op: nn.Module | Op) -> None:
        super().__init__()
        self.first, self.op = first, op

    def forward(self, x: Tensor) -> Tensor:
        return self.op(F.relu(self.first(x)))


class Bare(nn.Module):
    """y = op(first(x)): the activation itself is under test."""

    def __init__(self, first: nn.Module, op: nn.Module | Op) -> None:
        super().__init__()
        self.first, self.op = first, op

    def forward(self, x: Tensor) -> Tensor:
        return self.op(self.first(x))


class Two(nn.Module):
    """y = op(relu(first(x)), relu(second(x)))"""

    def __init__(self, first: nn.Module, second: nn.Module, op: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.second, self.op = first, second, op

    def forward(self, x: Tensor) -> Tensor:
        return self.op(F.relu(self.first(x)), F.relu(self.second(x)))


class Residual(nn.Module):
    """y = relu(conv(h) + h), h = relu(first(x)): the textbook block, with the in-place calls people write."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn = normed(nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn(self.conv(x))
        y += x
        return F.relu(y, inplace=True)


def normed(bn: nn.Module) -> nn.Module:
    """A batch norm with statistics and gains of its own, some negative."""
    with torch.no_grad():
        for value in (bn.running_mean, bn.weight, bn.bias):
            value.normal_()
        bn.running_var.uniform_(0.5, 2.0)
    return bn


def cnn() -> nn.Module:
    """conv, bn, relu, conv, bn, relu, pool, linear: (2, 6, 6) -> (5,)."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        normed(nn.BatchNorm2d(4)),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1),
        normed(nn.BatchNorm2d(4)),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
    )


def mlp() -> nn.Module:
    """linear, relu, dropout, linear: (6,) -> (4,)."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4))


def samples(*shape: int, seed: int = 1) -> Tensor:
    """Normal samples (B, …)."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _inplace(h: Tensor) -> Tensor:
    h = h * 2.0
    h += 0.5
    h.add_(h, alpha=0.25)
    return h.mul_(0.5)


def _relu_(a: Tensor) -> Tensor:
    return F.relu_(a)


def _lowered(h: Tensor) -> Tensor:
    aten = torch.ops.aten
    h = aten.constant_pad_nd.default(aten.div.Scalar(aten.mul.Scalar(h, 3.0), 2.0), [1, 0], 0.5)
    h = aten.to.dtype_layout(aten.lift_fresh_copy.default(aten.alias.default(h)), dtype=torch.float32)
    return aten._unsafe_view.default(h, [-1, 4, 42])


def _image_mean(h: Tensor) -> Tensor:
    return h.mean((2, 3))


B = Bare
A = After
RULES: dict[str, tuple[type[nn.Module], str, Callable[[], Any]]] = {
    # weights
    "conv2d": (A, "map", lambda: nn.Conv2d(4, 3, 3)),
    "conv2d stride": (A, "map", lambda: nn.Conv2d(4, 3, 3, stride=(2, 1), padding=(1, 0))),
    "conv2d dilation": (A, "map", lambda: nn.Conv2d(4, 3, (3, 2), padding=2, dilation=(2, 3))),
    "conv2d groups": (A, "map", lambda: nn.Conv2d(4, 6, 3, padding=1, groups=2)),
    "conv2d depthwise": (A, "map", lambda: nn.Conv2d(4, 8, 3, padding=1, groups=4, bias=False)),
    "conv2d same": (A, "map", lambda: nn.Conv2d(4, 3, 3, padding="same")),
    "conv2d same even": (A, "map", lambda: nn.Conv2d(4, 3, (2, 4), padding="same", dilation=(1, 1))),
    "conv2d same even dilated": (A, "map", lambda: nn.Conv2d(4, 3, (2, 3), padding="same", dilation=(3, 2))),
    "conv2d valid": (A, "map", lambda: nn.Conv2d(4, 3, 2, padding="valid", stride=2)),
    "conv1d": (A, "sequence", lambda: nn.Conv1d(4, 3, 3, stride=2, padding=2, dilation=2)),
    "conv1d groups": (A, "sequence", lambda: nn.Conv1d(4, 8, 2, groups=4)),
    "conv1d same even": (A, "sequence", lambda: nn.Conv1d(4, 3, 4, padding="same")),
    "conv3d": (A, "volume", lambda: nn.Conv3d(4, 3, 2, padding=(1, 0, 1))),
    "conv3d same": (A, "volume", lambda: nn.Conv3d(4, 3, (1, 2, 3), padding="same")),
    "linear": (A, "vector", lambda: nn.Linear(8, 3)),
    "linear no bias": (A, "vector", lambda: nn.Linear(8, 3, bias=False)),
    "linear on tokens": (A, "tokens", lambda: nn.Linear(8, 3)),
    "linear, linear": (A, "vector", lambda: nn.Sequential(nn.Linear(8, 5), nn.Linear(5, 3))),
    "mm by a constant": (A, "vector", lambda: _Parameter(torch.mm, 8, 3)),
    "matmul by a constant": (
        A,
        "tokens",
        lambda: partial(torch.matmul, other=torch.arange(24.0).reshape(8, 3) / 9 - 1),
    ),
    # normalisation
    "batch_norm then relu": (B, "map", lambda: nn.Sequential(normed(nn.BatchNorm2d(4)), nn.ReLU())),
    "batch_norm after relu": (A, "map", lambda: normed(nn.BatchNorm2d(4))),
    "batch_norm before padded conv": (
        A,
        "map",
        lambda: nn.Sequential(normed(nn.BatchNorm2d(4)), nn.Conv2d(4, 3, 3, padding=1)),
    ),
    "batch_norm before strided grouped conv": (
        A,
        "map",
        lambda: nn.Sequential(normed(nn.BatchNorm2d(4)), nn.Conv2d(4, 6, 3, 2, 1, groups=2, bias=False)),
    ),
    "batch_norm without gain": (A, "map", lambda: nn.BatchNorm2d(4, affine=False)),
    "batch_norm1d": (A, "vector", lambda: normed(nn.BatchNorm1d(8))),
    "batch_norm1d on sequences": (A, "sequence", lambda: normed(nn.BatchNorm1d(4))),
    "batch_norm before linear": (A, "vector", lambda: nn.Sequential(normed(nn.BatchNorm1d(8)), nn.Linear(8, 3))),
    # activations
    "relu": (B, "map", nn.ReLU),
    "relu in place": (B, "map", lambda: _relu_),
    "relu6": (B, "map", lambda: lambda a: F.relu6(4 * a)),
    "ReLU6": (B, "map", nn.ReLU6),
    "hardtanh": (B, "map", lambda: nn.Hardtanh(-0.3, 0.7)),
    "clamp": (B, "map", lambda: lambda a: a.clamp(-0.2, 0.5)),
    "clamp below": (B, "map", lambda: lambda a: a.clamp(min=0.1)),
    "clip": (B, "map", lambda: lambda a: a.clip(-0.2, 0.5)),
    "leaky_relu": (B, "map", lambda: nn.LeakyReLU(0.1)),
    "leaky_relu steep": (B, "map", lambda: nn.LeakyReLU(-1.5)),
    "relu then leaky then clamp": (B, "vector", lambda: nn.Sequential(nn.LeakyReLU(0.2), nn.Hardtanh(-0.1, 0.9))),
    # pooling
    "max_pool2d": (A, "map", lambda: nn.MaxPool2d(2)),
    "max_pool2d padded": (A, "map", lambda: nn.MaxPool2d(3, stride=2, padding=1)),
    "max_pool2d dilated": (A, "map", lambda: nn.MaxPool2d(2, stride=1, dilation=3)),
    "max_pool2d ceil": (A, "map", lambda: nn.MaxPool2d(4, stride=3, ceil_mode=True)),
    "max_pool2d of negatives": (B, "map", lambda: nn.MaxPool2d((3, 2), padding=1)),
    "max_pool1d": (A, "sequence", lambda: nn.MaxPool1d(3, stride=2, padding=1)),
    "max_pool1d ceil": (A, "sequence", lambda: nn.MaxPool1d(2, ceil_mode=True)),
    "max_pool3d": (A, "volume", lambda: nn.MaxPool3d(2)),
    "avg_pool3d": (A, "volume", lambda: nn.AvgPool3d(3, stride=1, padding=1)),
    "adaptive_avg_pool3d": (A, "volume", lambda: nn.AdaptiveAvgPool3d((1, 2, 4))),
    "avg_pool2d": (A, "map", lambda: nn.AvgPool2d(2)),
    "avg_pool2d padded": (A, "map", lambda: nn.AvgPool2d(3, stride=2, padding=1)),
    "avg_pool2d inside only": (A, "map", lambda: nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)),
    "avg_pool2d ceil": (A, "map", lambda: nn.AvgPool2d(4, stride=3, ceil_mode=True)),
    "avg_pool2d ceil padded": (A, "map", lambda: nn.AvgPool2d(4, stride=3, padding=2, ceil_mode=True)),
    "avg_pool2d by 5": (A, "map", lambda: nn.AvgPool2d(2, divisor_override=5)),
    "avg_pool1d": (A, "sequence", lambda: nn.AvgPool1d(3, stride=2, padding=1)),
    "adaptive_avg_pool2d to 1": (A, "map", lambda: nn.AdaptiveAvgPool2d(1)),
    "adaptive_avg_pool2d to 3×2": (A, "map", lambda: nn.AdaptiveAvgPool2d((3, 2))),
    "adaptive_avg_pool2d to itself": (A, "map", lambda: nn.AdaptiveAvgPool2d((None, 6))),
    "adaptive_avg_pool1d": (A, "sequence", lambda: nn.AdaptiveAvgPool1d(3)),
    "mean": (A, "map", lambda: _image_mean),
    "mean kept": (A, "map", lambda: lambda h: h.mean(-1, keepdim=True)),
    "mean over channels": (A, "map", lambda: lambda h: h.mean(1)),
    "mean of tokens": (A, "tokens", lambda: lambda h: h.mean(dim=1)),
    # arithmetic
    "add a constant": (A, "map", lambda: lambda h: h + 0.5),
    "add a parameter": (A, "tokens", lambda: _Parameter(lambda h, p: h + p, 5, 8)),
    "add to a constant": (A, "vector", lambda: lambda h: torch.add(torch.ones(8), h, alpha=0.5)),
    "add a wider constant": (A, "vector", lambda: lambda h: h[:, None] + torch.arange(3.0)[:, None]),
    "subtract a constant": (A, "map", lambda: lambda h: h - 0.25),
    "subtract from a constant": (A, "map", lambda: lambda h: 1.0 - h),
    "subtract with rsub": (A, "map", lambda: lambda h: torch.rsub(h, h[:, :1], alpha=2)),
    "negate": (A, "map", lambda: lambda h: -h),
    "multiply by a constant": (A, "map", lambda: lambda h: 3.0 * h),
    "multiply by a parameter": (A, "tokens", lambda: _Parameter(lambda h, p: h * p, 8)),
    "divide by a constant": (A, "map", lambda: lambda h: h / 3.0),
    "divide by a tensor": (A, "vector", lambda: lambda h: h / torch.arange(1.0, 9.0)),
    "add to itself": (A, "map", lambda: lambda h: h + h),
    "add, broadcast": (A, "map", lambda: lambda h: h + h.mean((2, 3), keepdim=True)),
    "add, alpha": (A, "map", lambda: lambda h: torch.add(h, h[:, :1], alpha=-0.5)),
    "subtract": (A, "map", lambda: lambda h: h - h[:, 1:2]),
    "multiply two streams": (A, "map", lambda: lambda h: h * h[:, :1]),
    "square": (A, "vector", lambda: lambda h: h * h),
    "in place": (A, "map", lambda: _inplace),
    # structure
    "cat": (A, "map", lambda: lambda h: torch.cat([h, h[:, :2], 2 * h], 1)),
    "concat, last axis": (A, "map", lambda: lambda h: torch.concat([h[..., 1:], h], -1)),
    "pad": (A, "map", lambda: lambda h: F.pad(h, (1, 2, 0, 3))),
    "pad channels": (A, "map", lambda: lambda h: F.pad(h, (0, 0, 0, 0, 1, 1))),
    "pad with a value": (A, "map", lambda: lambda h: F.pad(h, (1, 1), value=0.75)),
    "pad and cut": (A, "map", lambda: lambda h: F.pad(h, (-1, 2, 1, -2))),
    "pad with a value, then conv": (
        A,
        "map",
        lambda: nn.Sequential(nn.ConstantPad2d(1, -0.5), nn.Conv2d(4, 3, 3, padding=1)),
    ),
    "slice": (A, "map", lambda: lambda h: h[:, 1:3, ::2, -4:]),
    "select": (A, "map", lambda: lambda h: h[:, :, 2]),
    "select the last": (A, "tokens", lambda: lambda h: h[:, -1]),
    "narrow and chunk": (A, "map", lambda: lambda h: h[:, 2:, :, 5]),
    "flatten": (A, "map", lambda: nn.Flatten()),
    "flatten some": (A, "map", lambda: nn.Flatten(2, 3)),
    "unflatten": (A, "vector", lambda: nn.Unflatten(1, (2, -1))),
    "view": (A, "map", lambda: lambda h: h.view(h.shape[0], 2, -1)),
    "reshape": (A, "tokens", lambda: lambda h: h.reshape(-1, 4, 10)),
    "permute": (A, "map", lambda: lambda h: h.permute(0, 2, 3, 1)),
    "permute, then linear": (A, "map", lambda: _Channels()),
    "transpose": (A, "tokens", lambda: lambda h: h.transpose(1, 2)),
    "transpose, batch in the middle and back": (A, "tokens", lambda: _Turned()),
    "t": (A, "vector", lambda: lambda h: h.t().contiguous().t()),
    "squeeze": (A, "map", lambda: lambda h: h.mean(2, keepdim=True).squeeze(2)),
    "squeeze all but batch": (A, "map", lambda: lambda h: h.mean((2, 3), keepdim=True).squeeze(-1).squeeze(-1)),
    "squeeze several": (A, "map", lambda: lambda h: h.mean((2, 3), keepdim=True).squeeze((2, 3))),
    "squeeze everything": (A, "tokens", lambda: lambda h: h.mean(1, keepdim=True).squeeze()),
    "unsqueeze": (A, "vector", lambda: lambda h: h.unsqueeze(1).unsqueeze(-1)),
    "expand": (A, "vector", lambda: lambda h: h.unsqueeze(1).expand(-1, 3, 8)),
    "expand as": (A, "map", lambda: lambda h: h[:, :1].expand_as(h)),
    "dropout": (A, "vector", lambda: nn.Dropout(0.5)),
    "dropout2d": (A, "map", lambda: nn.Dropout2d(0.5)),
    "alpha dropout": (A, "vector", lambda: nn.AlphaDropout(0.5)),
    "feature alpha dropout": (A, "map", lambda: nn.FeatureAlphaDropout(0.5)),
    "identity": (A, "map", nn.Identity),
    "contiguous, clone, detach": (A, "map", lambda: lambda h: h.transpose(1, 2).contiguous().clone().detach()),
    "float": (A, "vector", lambda: lambda h: h.float().type_as(h).to(h.device, torch.float32)),
    "what only a lowered program holds": (A, "map", lambda: _lowered),
    # two layers of neurons
    "residual": (A, "map", Residual),
    "conv, relu, pool, linear": (
        A,
        "map",
        lambda: nn.Sequential(nn.Conv2d(4, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 3)),
    ),
    "pool, then linear": (A, "map", lambda: nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(36, 3))),
    "linear, add, linear": (A, "vector", lambda: _Shortcut()),
}
DEEP = {"linear, linear", "residual", "conv, relu, pool, linear", "linear, add, linear"}


class _Parameter(nn.Module):
    def __init__(self, op: Callable[[Tensor, Tensor], Tensor], *shape: int) -> None:
        super().__init__()
        self.op, self.p = op, nn.Parameter(torch.randn(*shape))

    def forward(self, h: Tensor) -> Tensor:
        return self.op(h, self.p)


class _Channels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, h: Tensor) -> Tensor:
        return self.linear(h.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class _Turned(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 3)

    def forward(self, h: Tensor) -> Tensor:
        return self.linear(h.transpose(0, 1)).transpose(0, 1)


class _Shortcut(nn.Module):
    """linear(h) + h, then linear: the sum holds weights, so it needs a relay."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, h: Tensor) -> Tensor:
        return self.outer(self.inner(h) + h)


def rule_model(name: str, batch: int = 6) -> tuple[nn.Module, Tensor]:
    """A rule's model, in evaluation mode, and samples for it."""
    wrap, kind, make = RULES[name]
    first, shape = FIRST[kind]
    torch.manual_seed(3)
    return wrap(first(), make()).eval(), samples(batch, *shape)
