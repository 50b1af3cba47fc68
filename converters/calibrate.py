"""Calibrate: one streaming pass over the data, statistics for every neuron, no stored activations."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from operator import itemgetter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import Embedding, InvalidInput, Linear, Product, SpikingNetwork, SpikingWarning, Weighted, fitting

Array = NDArray[Any]
NO_SAMPLES = "the calibration data hold no samples; an iterator can be read only once, a list can be reused"
OCTAVES, FINE = 48, 32  # of the histogram of log2|y|: 32 bins an octave, so a percentile is within 2.2 %


NOTHING = 1e-30  # of a layer that stays below, float32 keeps no unit
BROKEN, FEW = 20.0, 0.1  # a sample that many times the median rms is broken, if no more than that share are


@dataclass
class Range:
    """What the neurons of one node were seen to do.

    count      values of f(a) seen, over all neurons and samples
    squares    Σ f(a)² over them
    largest    max |f(a)|
    lowest     min f(a), at most 0
    channels   histogram of log2|f(a)| for each channel, (C, bins); what is zero counts in the first bin
    top        log2 of the upper end of the histogram; it rises with the values
    axis       the channel axis, negative
    whole      whether every f(a) was a whole number
    samples    of each sample mean f(a)² and max |f(a)|, (2, B) for each batch
    """

    count: int = 0
    squares: float = 0.0
    largest: float = 0.0
    lowest: float = 0.0
    channels: Array = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    top: int | None = None
    axis: int = 0
    whole: bool = True
    samples: list[Array] = field(default_factory=list)

    @property
    def rms(self) -> float:
        """Root mean square of f(a)."""
        return float(np.sqrt(self.squares / self.count)) if self.count else 0.0

    def leave_out(self) -> Array:
        """Leave samples out whose rms is more than BROKEN times the median, if they are few; return which."""
        each, highest = np.concatenate(self.samples, axis=1)
        broken = each > BROKEN**2 * np.median(each)
        if not np.median(each) > 0 or not 0 < broken.sum() <= FEW * len(each):
            return np.zeros(0, np.int64)
        self.count = round(self.count * (1 - broken.mean()))
        self.squares = float(each[~broken].mean()) * self.count
        self.largest = float(highest[~broken].max())
        return np.flatnonzero(broken)

    def percentile(self, percent: float) -> Array:
        """Return what |f(a)| stays below in `percent` of the cases, for each channel (C,); 0 where all were 0."""
        total = self.channels.sum(axis=1, keepdims=True)
        reached = np.cumsum(self.channels, axis=1) >= total * percent / 100
        first = reached.argmax(axis=1)
        value = 2.0 ** ((self.top or 0) - OCTAVES + first / FINE)
        return np.where(first == 0, 0.0, value)


def calibrate(network: SpikingNetwork, data: Iterable[dict[str, Array]], percentiles: bool) -> dict[str, Range]:
    """Return the range of every neuron of a draft network over batches (B, …).

    A layer that is always zero counts as one of rms 1 and is warned of, as are samples far larger than all others.
    Raises InvalidInput for an empty iterable, wrong shapes, NaN or infinite values, and data that are all zero.
    """
    module = network.dense()
    ranges = {name: Range(axis=axis) for name, axis in _channel_axes(network).items()}

    def watch(name: str, y: Tensor) -> None:
        seen = ranges[name]
        low, high = (float(v) for v in torch.aminmax(y))
        seen.count += y.numel()
        squares = y.double().square()
        seen.squares += float(squares.sum())
        highest = y.abs().reshape(len(y), -1).amax(1).double()
        seen.samples.append(torch.stack([squares.reshape(len(y), -1).mean(1), highest]).numpy())
        seen.largest = max(seen.largest, high, -low)
        seen.lowest = min(seen.lowest, low)
        seen.whole = seen.whole and _whole(y.flatten()[:64]) and _whole(y)
        if percentiles:
            _count(seen, y)

    samples, awake = 0, False
    with torch.inference_mode():
        for batch in data:
            x = {name: torch.as_tensor(np.ascontiguousarray(v)) for name, v in fitting(batch, network.inputs).items()}
            size = len(next(iter(x.values())))
            if not size:
                continue
            samples += size
            awake = awake or any(bool(v.any()) for v in x.values())
            module(**x, watch=watch)
    _check(ranges, samples, awake)
    _odd(ranges, samples)
    silent = {
        name: replace(seen, count=1, squares=1.0, largest=1.0, whole=False)
        for name, seen in ranges.items()
        if seen.largest < NOTHING
    }
    return ranges | silent


def _whole(y: Tensor) -> bool:
    """Whether values are whole numbers, but for the rounding of float32 sums; beyond 2^24 float32 has no others."""
    size = y.abs()
    return bool((((y - y.round()).abs() <= 1e-5 * (1 + size)) & (size < 2**24)).all())


def _check(ranges: dict[str, Range], samples: int, awake: bool) -> None:
    if not samples:
        raise InvalidInput(NO_SAMPLES)
    bad = [name for name, seen in ranges.items() if not np.isfinite(seen.squares)]
    if bad:
        raise InvalidInput(
            f"the source network overflows at: {', '.join(bad)}; check its weights and the input's scale"
        )
    if ranges and not awake and not any(seen.largest for seen in ranges.values()):
        raise InvalidInput(
            f"all {samples} calibration samples are zero, and so is every layer: there is no unit to find"
        )


def _odd(ranges: dict[str, Range], samples: int) -> None:
    """Warn of layers without a value to measure them by, and of samples that no other is like, and leave these out."""
    silent = [name for name, seen in ranges.items() if seen.largest < NOTHING]
    if silent:
        warnings.warn(
            f"{len(silent)} layer(s) stayed 0 on {samples} calibration samples: {_some(silent)}; nothing tells how "
            "large their values are, so their units are those of a layer of rms 1; they send nothing while they stay 0",
            SpikingWarning,
            stacklevel=4,
        )
    broken = {name: found for name, seen in ranges.items() if (found := seen.leave_out()).size}
    if broken:
        which = sorted({int(k) for found in broken.values() for k in found})
        warnings.warn(
            f"{len(which)} of {samples} calibration samples ({_some(which)}, counted from 0) are more than {BROKEN:g} "
            f"times as large as the others at {len(broken)} layer(s), {_some(list(broken))}: taken as broken, and left "
            "out of the units; remove them, or give more like them",
            SpikingWarning,
            stacklevel=4,
        )


def _some(names: Sequence[object]) -> str:
    return ", ".join(map(str, names[:5])) + (f", … {len(names) - 5} more" if len(names) > 5 else "")


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


def _count(seen: Range, y: Tensor) -> None:
    """Add |y| to the histogram, whose upper end moves up where y is larger than all that was seen before."""
    largest = float(y.abs().max())
    needed = int(np.floor(np.log2(largest))) + 2 if largest else None  # an octave above, for rounding up
    if needed is not None and (seen.top is None or needed > seen.top):
        rise = (needed - seen.top) * FINE if seen.top is not None else 0
        if seen.channels.size and rise:
            seen.channels = _shifted(seen.channels, rise)
        seen.top = needed
    found = _histogram(y, seen.axis, seen.top or 0)
    seen.channels = found if not seen.channels.size else seen.channels + found


def _shifted(counts: Array, by: int) -> Array:
    """The counts some bins further down; what falls out below counts as zero, in the first bin."""
    moved = np.zeros_like(counts)
    kept = counts[:, by:]
    moved[:, : kept.shape[1]] = kept
    moved[:, 0] += counts[:, :by].sum(axis=1)
    return moved


def _histogram(y: Tensor, axis: int, top: int) -> Array:
    bins = OCTAVES * FINE
    channels = y.movedim(axis, 0).flatten(1) if y.ndim > 1 else y[None]
    tiny = torch.finfo(torch.float32).tiny
    place = (channels.abs().double().clamp_min(tiny).log2() - (top - OCTAVES)) * FINE
    index = place.ceil().clamp_(0, bins - 1).long()  # the upper edge of the bin: a percentile is never too small
    offset = torch.arange(len(channels))[:, None] * bins
    return torch.bincount((index + offset).flatten(), minlength=len(channels) * bins).view(-1, bins).numpy()
