"""What each neuron function means, in torch: rows of its own, an independent check of formulas.py.

Parameters are buffers, so they move with the module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import UnsupportedNode
from ..functions import Abs, Clamp, Elementwise, Elu, Function, Identity, LeakyRelu, Power, Relu
from ..groups import ArgMax, GroupNorm, LogSoftmax, MaxPool, Norm, Softmax
from ..nodes import Neuron, Output
from .linear import tensor

POOLS = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}

ELEMENTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_tanh": lambda a: F.gelu(a, approximate="tanh"),
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "reciprocal": torch.reciprocal,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "softplus": F.softplus,
    "mish": F.mish,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "atan": torch.atan,
    "asin": torch.asin,
    "acos": torch.acos,
    "trunc": torch.trunc,
    "round": torch.round,
    "sign": torch.sign,
    "sin": torch.sin,
    "cos": torch.cos,
    "erf": torch.erf,
}


class Composition(nn.Sequential):
    """f of a neuron or an output, the composition of its functions, first to last.

    Raises UnsupportedNode if torch lacks one.
    """

    def __init__(self, node: Neuron | Output) -> None:
        for function in filter(lacks, node.function):
            raise UnsupportedNode(
                f"{type(node).__name__} '{node.name}': torch has no function '{function.label}'; "
                "add it to backends/functions_torch.py, or run the network with backend 'reference'"
            )
        super().__init__(*(Applied(function) for function in node.function))


class Applied(nn.Module):
    """One function of an integrator (B, …)."""

    weight: Tensor | None
    bias: Tensor | None
    slope: Tensor

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function
        if isinstance(function, Norm | GroupNorm):
            for name in ("weight", "bias"):
                value = getattr(function, name)
                self.register_buffer(name, None if value is None else tensor(value))
        if isinstance(function, LeakyRelu):
            self.register_buffer("slope", tensor(function.slope))

    def extra_repr(self) -> str:
        return self.function.label

    def forward(self, a: Tensor) -> Tensor:
        """Return f(a)."""
        return MEANING[type(self.function)](self.function, self, a)

    def affine(self, y: Tensor) -> Tensor:
        """Return weight·y + bias."""
        y = y if self.weight is None else y * self.weight
        return y if self.bias is None else y + self.bias


MEANING: dict[type[Function], Callable[[Any, Applied, Tensor], Tensor]] = {  # of a function, its buffers and a
    Identity: lambda f, held, a: a,
    Relu: lambda f, held, a: torch.relu(a),
    LeakyRelu: lambda f, held, a: torch.where(a >= 0, a, held.slope * a),
    Clamp: lambda f, held, a: a.clamp(f.low, f.high),
    Abs: lambda f, held, a: a.abs(),
    Elementwise: lambda f, held, a: ELEMENTWISE[f.name](_inside(f, a)),
    Elu: lambda f, held, a: f.scale * torch.where(a > 0, a, f.alpha * torch.expm1(a.clamp_max(0) * f.rate)),
    Power: lambda f, held, a: (a if float(f.exponent).is_integer() else a.clamp_min(0)).pow(float(f.exponent)),
    MaxPool: lambda f, held, a: _max_pool(f, a),
    Softmax: lambda f, held, a: a.softmax(f.axis),
    LogSoftmax: lambda f, held, a: a.log_softmax(f.axis),
    Norm: lambda f, held, a: held.affine(_normalised(f, a)),
    GroupNorm: lambda f, held, a: held.affine(torch.group_norm(a, f.groups, eps=f.eps)),
    ArgMax: lambda f, held, a: a.argmax(f.axis),
}


def lacks(function: Function) -> bool:
    """Return whether torch has no such function."""
    return type(function) not in MEANING or (isinstance(function, Elementwise) and function.name not in ELEMENTWISE)


def _normalised(function: Norm, a: Tensor) -> Tensor:
    axes = tuple(range(-function.axes, 0))
    centred = a - a.mean(axes, keepdim=True) if function.center else a
    return centred * torch.rsqrt(centred.square().mean(axes, keepdim=True) + function.eps)


def _inside(function: Elementwise, a: Tensor) -> Tensor:
    """Return a where the function is defined."""
    match function.name:
        case "log" | "rsqrt":
            return a.clamp_min(function.floor)
        case "sqrt":
            return a.clamp_min(0.0)
        case "asin" | "acos":
            return a.clamp(-1.0, 1.0)
        case "reciprocal":
            return torch.where(a < 0, a.clamp_max(-function.floor), a.clamp_min(function.floor))
    return a


def _max_pool(function: MaxPool, a: Tensor) -> Tensor:
    n = len(function.kernel)
    maps = a.reshape(-1, *a.shape[-n - 1 :]) if a.ndim > n + 1 else a
    setting = (function.kernel, function.stride, function.padding, function.dilation, function.ceil)
    y = POOLS[n](maps, *setting)
    return y.reshape(*a.shape[:-n], *y.shape[-n:])
