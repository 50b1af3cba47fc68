"""Calibrate: one streaming pass over the data, statistics for every neuron, no stored activations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from operator import itemgetter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import Embedding, InvalidInput, Linear, Product, SpikingNetwork, Weighted, fitting

Array = NDArray[Any]
NO_SAMPLES = "the calibration data hold no samples; an iterator can be read only once, a list can be reused"
OCTAVES, FINE = (-20, 20), 32  # the histogram of log2|y|: 32 bins an octave, so a percentile is within 2.2 %


@dataclass
class Range:
    """What the neurons of one node were seen to do.

    count      values of f(a) seen, over all neurons and samples
    squares    Σ f(a)² over them
    largest    max |f(a)|
    lowest     min f(a), at most 0
    channels   histogram of log2|f(a)| for each channel, (C, bins); what is zero counts in the first bin
    axis       the channel axis, negative
    """

    count: int = 0
    squares: float = 0.0
    largest: float = 0.0
    lowest: float = 0.0
    channels: Array = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    axis: int = 0

    @property
    def rms(self) -> float:
        """Root mean square of f(a)."""
        return float(np.sqrt(self.squares / self.count)) if self.count else 0.0

    def percentile(self, percent: float) -> Array:
        """Return what |f(a)| stays below in `percent` of the cases, for each channel (C,); 0 where all were 0."""
        total = self.channels.sum(axis=1, keepdims=True)
        reached = np.cumsum(self.channels, axis=1) >= total * percent / 100
        first = reached.argmax(axis=1)
        value = 2.0 ** (OCTAVES[0] + first / FINE)
        return np.where(first == 0, 0.0, value)


def calibrate(network: SpikingNetwork, data: Iterable[dict[str, Array]], percentiles: bool) -> dict[str, Range]:
    """Return the range of every neuron of a draft network over batches (B, …).

    Raises InvalidInput for an empty iterable, wrong shapes, NaN or infinite values, and neurons that are always zero.
    """
    module = network.dense()
    ranges = {name: Range(axis=axis) for name, axis in _channel_axes(network).items()}

    def watch(name: str, y: Tensor) -> None:
        seen = ranges[name]
        low, high = (float(v) for v in torch.aminmax(y))
        seen.count += y.numel()
        seen.squares += float(y.double().square().sum())
        seen.largest = max(seen.largest, high, -low)
        seen.lowest = min(seen.lowest, low)
        if percentiles:
            found = _histogram(y, seen.axis)
            seen.channels = found if not seen.channels.size else seen.channels + found

    samples = 0
    with torch.inference_mode():
        for batch in data:
            x = {name: torch.as_tensor(np.ascontiguousarray(v)) for name, v in fitting(batch, network.inputs).items()}
            samples += len(next(iter(x.values())))
            module(**x, watch=watch)
    _check(ranges, samples)
    return ranges


def _check(ranges: dict[str, Range], samples: int) -> None:
    if not samples:
        raise InvalidInput(NO_SAMPLES)
    bad = [name for name, seen in ranges.items() if not np.isfinite(seen.squares)]
    if bad:
        raise InvalidInput(
            f"the source network overflows at: {', '.join(bad)}; check its weights and the input's scale"
        )
    dead = [name for name, seen in ranges.items() if seen.largest == 0]
    if dead:
        raise InvalidInput(
            f"{len(dead)} layer(s) were always zero on {samples} calibration samples, so they have no unit: "
            f"{', '.join(dead)}; give data like those the network will see, or remove the layer"
        )


def _channel_axes(network: SpikingNetwork) -> dict[str, int]:
    """The channel axis of every neuron: first behind a convolution, (C, H, W) or (C, L), last behind a matrix, (L, C).

    Where both are above, the weights fewer edges away decide.
    """

    nearest: dict[str, tuple[float, bool]] = {}  # edges up to the weights, and whether they put channels last
    for node in network:
        if isinstance(node, Weighted | Product):
            nearest[node.name] = 0, isinstance(node, Linear | Embedding | Product)
        else:
            edges, last = min((nearest[name] for name in node.inputs), key=itemgetter(0), default=(inf, False))
            nearest[node.name] = edges + 1, last
    ranks = {node.name: len(network.shapes[node.name]) for node in network.populations}
    return {name: -1 if nearest[name][1] else -max(rank, 1) for name, rank in ranks.items()}


def _histogram(y: Tensor, axis: int) -> Array:
    bins = (OCTAVES[1] - OCTAVES[0]) * FINE
    channels = y.movedim(axis, 0).flatten(1) if y.ndim > 1 else y[None]
    place = (channels.abs().clamp_min(2.0 ** OCTAVES[0]).log2() - OCTAVES[0]) * FINE
    index = place.ceil().clamp_(0, bins - 1).long()  # the upper edge of the bin: a percentile is never too small
    offset = torch.arange(len(channels))[:, None] * bins
    return torch.bincount((index + offset).flatten(), minlength=len(channels) * bins).view(-1, bins).numpy()
