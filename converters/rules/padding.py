"""Padding: with zeros, another constant, the border, a mirror image, or the other end."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from spiking import Pad, Scale

from ..builder import Builder, Reject, Stream
from .registry import rule
from .shape import gathered, slice_

MODES: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}  # torch's name: NumPy's


@rule("pad.default", "constant_pad_nd.default")
def pad(b: Builder, x: Stream, amounts: Any, mode: Any = "constant", value: float | None = None) -> Stream:
    """Pad with a constant, a bias on the border where it is not zero; Gather for reflect, replicate and circular."""
    if not isinstance(mode, str):
        mode, value = "constant", mode
    pairs = [(int(low), int(high)) for low, high in zip(amounts[::2], amounts[1::2], strict=True)]  # last axis first
    while pairs and pairs[-1] == (0, 0):
        pairs.pop()
    if len(pairs) > len(x.sample):
        raise Reject("pads the batch axis")
    if mode != "constant":
        return _moved(b, x, pairs, MODES[mode])
    for k, (low, high) in enumerate(pairs, 1):  # a negative amount cuts
        size = x.shape[-k]
        x = slice_(b, x, len(x.shape) - k, max(-low, 0), size - max(-high, 0))
    before, after = (tuple(max(pair[side], 0) for pair in reversed(pairs)) for side in (0, 1))
    if not any(before + after):
        return x
    made = b.add(Pad, [x], before=before, after=after)
    if not value:
        return made
    inside = torch.nn.functional.pad(torch.ones(x.sample), [max(n, 0) for pair in pairs for n in pair])
    border = torch.where(inside > 0, 0.0, float(value))
    return b.add(Scale, [made], None, "border", bias=b.constant(border, made.sample))


@rule(*(f"{kind}_pad{n}d.default" for kind in ("reflection", "replication") for n in (1, 2, 3)))
def pad_by_moving(b: Builder, x: Stream, amounts: Any) -> Stream:
    """Gather: the border, or its mirror image."""
    return pad(b, x, amounts, "reflect" if b.op.plain.startswith("reflection") else "replicate")


def _moved(b: Builder, x: Stream, pairs: list[tuple[int, int]], mode: Any) -> Stream:
    for k, (low, high) in enumerate(pairs, 1):
        if low or high:
            size = x.shape[-k]
            places = np.pad(np.arange(size), (max(low, 0), max(high, 0)), mode)
            places = places[max(-low, 0) : len(places) - max(-high, 0)]
            x = gathered(b, x, len(x.shape) - k, places)
    return x
