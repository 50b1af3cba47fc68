"""What each neuron function means, in torch: rows of its own, an independent check of formulas.py.

Parameters are buffers, so they move with the module.
"""

from __future__ import annotations

from collections.abc import Callable

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
    "sin": torch.sin,
    "cos": torch.cos,
    "erf": torch.erf,
}


GROUPS = (MaxPool, Softmax, LogSoftmax, Norm, GroupNorm, ArgMax)


def lacks(function: Function) -> bool:
    """Return whether torch has no such function."""
    if isinstance(function, Elementwise):
        return function.name not in ELEMENTWISE
    return not isinstance(function, (Identity, Relu, LeakyRelu, Clamp, Abs, Elu, Power, *GROUPS))


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
        function = self.function
        match function:
            case Identity():
                return a
            case Relu():
                return torch.relu(a)
            case LeakyRelu():
                return torch.where(a >= 0, a, self.slope * a)
            case Clamp():
                return a.clamp(function.low, function.high)
            case Abs():
                return a.abs()
            case Elementwise():
                return ELEMENTWISE[function.name](_inside(function, a))
            case Elu():
                negative = function.alpha * torch.expm1(a.clamp_max(0) * function.rate)
                return function.scale * torch.where(a > 0, a, negative)
            case Power():
                return (a if function.exponent.is_integer() else a.clamp_min(0)).pow(function.exponent)
            case MaxPool():
                return _max_pool(function, a)
            case Softmax():
                return a.softmax(function.axis)
            case LogSoftmax():
                return a.log_softmax(function.axis)
            case Norm():
                return self._normalised(a, function)
            case GroupNorm():
                y = F.group_norm(a, function.groups, eps=function.eps)
                return self._affine(y)
            case ArgMax():
                return a.argmax(function.axis)
        raise AssertionError(f"Composition refuses {type(function).__name__}")

    def _normalised(self, a: Tensor, function: Norm) -> Tensor:
        axes = tuple(range(-function.axes, 0))
        centred = a - a.mean(axes, keepdim=True) if function.center else a
        return self._affine(centred * torch.rsqrt(centred.square().mean(axes, keepdim=True) + function.eps))

    def _affine(self, y: Tensor) -> Tensor:
        y = y if self.weight is None else y * self.weight
        return y if self.bias is None else y + self.bias


def _inside(function: Elementwise, a: Tensor) -> Tensor:
    """Return a where the function is defined."""
    match function.name:
        case "log" | "rsqrt":
            return a.clamp_min(function.floor)
        case "sqrt":
            return a.clamp_min(0.0)
        case "reciprocal":
            return torch.where(a < 0, a.clamp_max(-function.floor), a.clamp_min(function.floor))
    return a


def _max_pool(function: MaxPool, a: Tensor) -> Tensor:
    n = len(function.kernel)
    maps = a.reshape(-1, *a.shape[-n - 1 :]) if a.ndim > n + 1 else a
    setting = (function.kernel, function.stride, function.padding, function.dilation, function.ceil)
    y = POOLS[n](maps, *setting)
    return y.reshape(*a.shape[:-n], *y.shape[-n:])
