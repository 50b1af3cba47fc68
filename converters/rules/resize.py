"""Making maps larger, smaller or rearranged: interpolation, transposed convolution, pixel shuffles, im2col."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from spiking import ConvTranspose, Mix

from .linear import fixed, spread
from .pool import avg_pool, mean
from .registry import rule
from .shape import pad, permute
from .tensor import gathered

if TYPE_CHECKING:
    from ..lower import Builder, Stream


@rule("upsample_nearest1d.vec", "upsample_nearest2d.vec", "upsample_nearest3d.vec")
def nearest(b: Builder, x: Stream, size: Any, factors: Any) -> Stream:
    """Gather: each pixel again and again."""
    return _each_axis(b, x, size, factors, "nearest", None)


@rule("upsample_nearest2d.default", "upsample_nearest1d.default")
def nearest_sized(b: Builder, x: Stream, size: Any, *scales: Any) -> Stream:
    """Gather: each pixel again and again, to a size."""
    return _each_axis(b, x, size, None, "nearest", None)


@rule("upsample_linear1d.vec", "upsample_bilinear2d.vec", "upsample_trilinear3d.vec")
def linear_resize(b: Builder, x: Stream, size: Any, align: bool, factors: Any) -> Stream:
    """Mix: linear interpolation, an axis at a time."""
    return _each_axis(b, x, size, factors, "linear", align)


@rule("upsample_bilinear2d.default")
def linear_sized(b: Builder, x: Stream, size: Any, align: bool, *scales: Any) -> Stream:
    """Mix: linear interpolation to a size, an axis at a time."""
    return _each_axis(b, x, size, None, "linear", align)


@rule("upsample_bicubic2d.vec")
def cubic_resize(b: Builder, x: Stream, size: Any, align: bool, factors: Any) -> Stream:
    """Mix: cubic interpolation, an axis at a time."""
    return _each_axis(b, x, size, factors, "bicubic", align)


def _each_axis(b: Builder, x: Stream, size: Any, factors: Any, mode: str, align: bool | None) -> Stream:
    n = len(x.shape) - 2
    for k in range(n):
        old = x.shape[2 + k]
        scale = None if factors is None else float(factors[k])
        new = int(size[k]) if size is not None else int(np.floor(old * scale))  # type: ignore[operator]
        if new == old and (scale is None or scale == 1):
            continue
        x = mixed(b, x, 2 + k, _response(old, new, scale, mode, align))
    return x


def _response(old: int, new: int, scale: float | None, mode: str, align: bool | None) -> Any:
    """The matrix (new, old) of torch's own interpolation along one axis."""
    eye = torch.eye(old)[:, None, :, None].expand(-1, 1, -1, 2 if mode == "bicubic" else 1)
    target: dict[str, Any] = {"size": (new, eye.shape[3])} if scale is None else {"scale_factor": (scale, 1.0)}
    kind = {"nearest": "nearest", "linear": "bilinear", "bicubic": "bicubic"}[mode]
    extra = {} if align is None else {"align_corners": align}
    made = torch.nn.functional.interpolate(eye.contiguous(), **target, mode=kind, **extra)
    return made[:, 0, :, 0].t().numpy()


@rule("adaptive_avg_pool1d.default", "adaptive_avg_pool2d.default", "adaptive_avg_pool3d.default")
def adaptive_avg_pool(b: Builder, x: Stream, size: Any) -> Stream:
    """Mean, AvgPool where the windows are equal, or one averaging matrix an axis."""
    n = len(size)
    wanted = tuple(s if o is None else int(o) for s, o in zip(x.shape[-n:], size, strict=True))
    sizes = x.shape[-n:]
    if wanted == (1,) * n and wanted != sizes:
        return mean(b, x, list(range(-n, 0)), True)
    if wanted != sizes and all(s % o == 0 for s, o in zip(sizes, wanted, strict=True)):
        return avg_pool(b, x, [s // o for s, o in zip(sizes, wanted, strict=True)])
    for k in range(-len(size), 0):
        old, new = x.shape[k], x.shape[k] if size[k] is None else int(size[k])
        if new != old:
            matrix = np.zeros((new, old), np.float32)
            for o in range(new):
                low, high = o * old // new, -(-(o + 1) * old // new)
                matrix[o, low:high] = 1 / (high - low)
            x = mixed(b, x, k % len(x.shape), matrix)
    return x


def mixed(b: Builder, x: Stream, dim: int, matrix: Any) -> Stream:
    """Return a fixed linear map of one dim; a plain selection is a Gather."""
    picks = (np.count_nonzero(matrix, axis=1) == 1).all() and (matrix.max(axis=1) == 1).all()
    if picks:
        return gathered(b, x, dim, matrix.argmax(axis=1))
    shape = (*x.shape[:dim], len(matrix), *x.shape[dim + 1 :])
    return b.add(Mix, [x], shape, axis=b.axis(x, dim), matrix=np.asarray(matrix, np.float32))


@rule("conv_transpose1d.default", "conv_transpose2d.input", "conv_transpose3d.input")
def conv_transpose(
    b: Builder,
    x: Stream,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Stream:
    """ConvTranspose: the adjoint of a convolution."""
    fixed(weight, bias)
    n = weight.ndim - 2
    column = None if bias is None else b.weight(bias).reshape(-1, *(1,) * n)
    names = ("stride", "padding", "output_padding", "dilation")
    values = (stride, padding, output_padding, dilation)
    setting: dict[str, Any] = {name: spread(value, n) for name, value in zip(names, values, strict=True)}
    node = ConvTranspose("", (), b.weight(weight), column, **setting, groups=groups)
    return b.add(
        ConvTranspose, [x], (1, *node.infer(x.sample)), weight=node.weight, bias=column, **setting, groups=groups
    )


@rule("pixel_shuffle.default")
def pixel_shuffle(b: Builder, x: Stream, factor: int) -> Stream:
    """Permute: channels become pixels."""
    n, c, h, w = x.shape
    made = permute(b, b.reshape(x, (n, c // factor**2, factor, factor, h, w)), [0, 1, 4, 2, 5, 3])
    return b.reshape(made, (n, c // factor**2, h * factor, w * factor))


@rule("pixel_unshuffle.default")
def pixel_unshuffle(b: Builder, x: Stream, factor: int) -> Stream:
    """Permute: pixels become channels."""
    n, c, h, w = x.shape
    made = permute(b, b.reshape(x, (n, c, h // factor, factor, w // factor, factor)), [0, 1, 3, 5, 2, 4])
    return b.reshape(made, (n, c * factor**2, h // factor, w // factor))


@rule("channel_shuffle.default")
def channel_shuffle(b: Builder, x: Stream, groups: int) -> Stream:
    """Permute: the channels of the groups take turns."""
    n, c, *space = x.shape
    made = permute(b, b.reshape(x, (n, groups, c // groups, prod(space))), [0, 2, 1, 3])
    return b.reshape(made, x.shape)


@rule("im2col.default")
def im2col(b: Builder, x: Stream, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Stream:
    """Gather: every window as a column."""
    kernel, dilation, padding, stride = (spread(v, 2) for v in (kernel, dilation, padding, stride))
    x = pad(b, x, [padding[1], padding[1], padding[0], padding[0]]) if any(padding) else x
    n, c, h, w = x.shape
    rows, columns = (
        np.arange((s - d * (k - 1) - 1) // t + 1)[None, :] * t + np.arange(k)[:, None] * d
        for s, k, d, t in zip((h, w), kernel, dilation, stride, strict=True)
    )
    flat = rows[:, None, :, None] * w + columns[None, :, None, :]
    taken = gathered(b, b.reshape(x, (n, c, h * w)), 2, flat.ravel())
    return b.reshape(taken, (n, c * prod(kernel), rows.shape[1] * columns.shape[1]))
