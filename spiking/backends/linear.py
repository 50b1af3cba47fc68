"""The linear maps in torch: each takes its inputs' events without bias, any number of leading axes folded into one."""

from __future__ import annotations

from functools import reduce

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import linear_maps as maps
from ..functions import Shape
from ..nodes import Node
from ..wiring import divisors, reach

CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
AVERAGES = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def tensor(array: np.ndarray | float) -> Tensor:
    """Return an array as a float64 tensor of its own; a finished module is cast to its working type as a whole."""
    return torch.tensor(np.asarray(array), dtype=torch.float64)


class Map(nn.Module):
    """One linear node: forward(*inputs (N, *shape)) -> (N, *out)."""

    weight: Tensor
    indices: Tensor
    matrix: Tensor
    share: Tensor

    def __init__(self, node: Node, shapes: list[Shape]) -> None:
        super().__init__()
        self.node, self.shapes = node, shapes
        weight = getattr(node, "weight", None)
        if weight is not None:
            self.register_buffer("weight", tensor(weight))
        if isinstance(node, maps.Gather):
            self.register_buffer("indices", torch.tensor(node.indices.astype(np.int64)))
        if isinstance(node, maps.Mix):
            self.register_buffer("matrix", tensor(node.matrix))
        if isinstance(node, maps.AvgPool):
            self.register_buffer("share", tensor(1 / divisors(node, shapes[0])))

    def extra_repr(self) -> str:
        return f"{type(self.node).__name__} '{self.node.name}'"

    def forward(self, *inputs: Tensor) -> Tensor:
        """Apply the map to inputs (N, *shape)."""
        x, node = inputs[0], self.node
        match node:
            case maps.Embedding():
                return F.embedding(x.long(), self.weight)
            case maps.Linear():
                return F.linear(x, self.weight)
            case maps.Conv():
                convolve = CONVOLUTIONS[len(node.stride)]
                return convolve(x, self.weight, None, node.stride, node.padding, node.dilation, node.groups)
            case maps.ConvTranspose():
                back = TRANSPOSED[len(node.stride)]
                setting = (node.stride, node.padding, node.output_padding, node.groups, node.dilation)
                return back(x, self.weight, None, *setting)
            case maps.Mix():
                moved = x.movedim(node.axis, -1)
                return F.linear(moved, self.matrix).movedim(-1, node.axis)
            case maps.Scale():
                return x if node.weight is None else x * self.weight
            case maps.Add():
                return reduce(torch.add, (_lift(v, max(map(len, self.shapes))) for v in inputs))
            case maps.Concat():
                return torch.cat(inputs, node.axis)
            case maps.Reshape():
                return x.reshape(len(x), *node.shape)
            case maps.Permute():
                return x.permute(0, *(a + x.ndim for a in node.axes))
            case maps.Slice():
                return x[(*_whole(x.ndim + node.axis), slice(node.start, node.stop, node.step))]
            case maps.Pad():
                pairs = zip(reversed(node.before), reversed(node.after), strict=True)
                return F.pad(x, [n for pair in pairs for n in pair])
            case maps.Gather():
                return x.index_select(node.axis, self.indices)
            case maps.Mean():
                return x.mean(node.axes, keepdim=node.keepdims)
            case maps.AvgPool():
                return self._average(x, node)
        raise TypeError(f"{type(node).__name__} is not a linear map")

    def _average(self, x: Tensor, node: maps.AvgPool) -> Tensor:
        n = len(node.kernel)
        maps = x.reshape(-1, 1, *x.shape[-n:])
        out = node.infer(self.shapes[0])[-n:]
        sizes = reach(node.kernel, (1,) * n, node.padding, x.shape[-n:])
        last = zip(out, sizes, node.stride, node.padding, x.shape[-n:], strict=True)
        behind = [max((o - 1) * t + k - p - size, 0) for o, k, t, p, size in last]
        pairs = zip(reversed(node.padding), reversed(behind), strict=True)
        grown = F.pad(maps, [m for pair in pairs for m in pair])
        kernel = torch.ones(1, 1, *sizes, dtype=x.dtype, device=x.device)
        if not any(node.padding) and not any(behind) and node.divisor is None:
            return AVERAGES[n](x.reshape(-1, *x.shape[-n:]), sizes, node.stride).reshape(*x.shape[:-n], *out)
        summed = CONVOLUTIONS[n](grown, kernel, None, node.stride)
        cut = summed[(slice(None), slice(None), *(slice(0, o) for o in out))]
        return cut.reshape(*x.shape[:-n], *out) * self.share


def _whole(axes: int) -> tuple[slice, ...]:
    return (slice(None),) * axes


def _lift(x: Tensor, rank: int) -> Tensor:
    """Put axes of one behind the folded one, so that samples of different rank broadcast."""
    return x.reshape(len(x), *(1,) * (rank - x.ndim + 1), *x.shape[1:])
