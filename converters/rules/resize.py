"""Maps made larger, smaller or rearranged: interpolation, pixel shuffles, im2col."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch

from ..builder import Builder, Stream
from .linear import spread
from .padding import pad
from .pool import mixed
from .registry import rule
from .shape import gathered, permute


@rule("upsample_nearest1d.vec", "upsample_nearest2d.vec", "upsample_nearest3d.vec")
def nearest(b: Builder, x: Stream, size: Any, factors: Any) -> Stream:
    """Gather: each pixel repeated."""
    return _each_axis(b, x, size, factors, "nearest", None)


@rule("upsample_nearest2d.default", "upsample_nearest1d.default")
def nearest_sized(b: Builder, x: Stream, size: Any, *scales: Any) -> Stream:
    """Gather: each pixel repeated, to a size."""
    return _each_axis(b, x, size, None, "nearest", None)


@rule("upsample_linear1d.vec", "upsample_bilinear2d.vec", "upsample_trilinear3d.vec")
def linear_resize(b: Builder, x: Stream, size: Any, align: bool, factors: Any) -> Stream:
    """Mix: linear interpolation, an axis at a time."""
    return _each_axis(b, x, size, factors, "bilinear", align)


@rule("upsample_bilinear2d.default")
def linear_sized(b: Builder, x: Stream, size: Any, align: bool, *scales: Any) -> Stream:
    """Mix: linear interpolation to a size, an axis at a time."""
    return _each_axis(b, x, size, None, "bilinear", align)


@rule("upsample_bicubic2d.vec")
def cubic_resize(b: Builder, x: Stream, size: Any, align: bool, factors: Any) -> Stream:
    """Mix: cubic interpolation, an axis at a time."""
    return _each_axis(b, x, size, factors, "bicubic", align)


def _each_axis(b: Builder, x: Stream, size: Any, factors: Any, mode: str, align: bool | None) -> Stream:
    for dim in range(2, len(x.shape)):
        old = x.shape[dim]
        scale = None if factors is None else float(factors[dim - 2])
        new = int(np.floor(old * scale)) if scale is not None and size is None else int(size[dim - 2])
        if new != old or scale not in (None, 1):
            x = mixed(b, x, dim, _response(old, new, scale, mode, align))
    return x


def _response(old: int, new: int, scale: float | None, mode: str, align: bool | None) -> Any:
    """The matrix (new, old) of torch's own interpolation along one axis."""
    eye = torch.eye(old)[:, None, :, None].expand(-1, 1, -1, 2 if mode == "bicubic" else 1)
    target: dict[str, Any] = {"size": (new, eye.shape[3])} if scale is None else {"scale_factor": (scale, 1.0)}
    extra = {} if align is None else {"align_corners": align}
    made = torch.nn.functional.interpolate(eye.contiguous(), **target, mode=mode, **extra)
    return made[:, 0, :, 0].t().numpy()


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
    """Permute: the channels of the groups interleaved."""
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
