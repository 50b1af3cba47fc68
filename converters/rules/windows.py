"""Columns put back into a map, as windows that may overlap."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from spiking import ConvTranspose

from ..builder import Builder, Stream
from .linear import spread
from .registry import rule


@rule("col2im.default")
def col2im(b: Builder, x: Stream, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Stream:
    """ConvTranspose with one-hot weights: the windows of a map, summed where they overlap."""
    window, gap, border, step = (spread(v, 2) for v in (kernel, dilation, padding, stride))
    count = prod(window)
    channels = x.shape[-2] // count
    spans = [n + 2 * p - g * (k - 1) - 1 for n, p, g, k in zip(size, border, gap, window, strict=True)]
    grid = [span // s + 1 for span, s in zip(spans, step, strict=True)]
    extra = tuple(span % s for span, s in zip(spans, step, strict=True))
    weight = np.tile(np.eye(count, dtype=np.float32).reshape(count, 1, *window), (channels, 1, 1, 1))
    maps = b.reshape(x, (*x.shape[:-2], channels * count, *grid))
    setting = {"stride": step, "padding": border, "output_padding": extra, "dilation": gap}
    return b.add(ConvTranspose, [maps], weight=weight, bias=None, **setting, groups=channels)
