"""Integrate-and-fire neurons whose rate is the activation: the classical baseline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spiking import InvalidInput, Neuron, SpikingNetwork, arguments, binary, ternary

from ..calibrate import Range
from .base import Method


@dataclass(frozen=True)
class RateCoding(Method):
    """Soft-reset integrate-and-fire neurons under a constant current.

        θ_c = the 99.9 percentile of f(a) in channel c        v0 = θ_c / 2

    A neuron whose activation can be negative sends ±θ_c, at the same half threshold.

    percentile  of f(a), for each channel
    """

    name: ClassVar[str] = "rate"
    citation: ClassVar[str] = (
        "Rueckauer et al. 2017, Front. Neurosci. 11:682 (soft reset, percentile); Bu et al. 2022, ICLR (v0 = θ/2)"
    )
    percentiles: ClassVar[bool] = True
    averages: ClassVar[bool] = False  # the classical conversion feeds pooled spikes straight to the next weights

    tolerated: ClassVar[float] = 0.5  # a rate has but PROBE_TICKS + 1 values by then
    advice: ClassVar[str] = "a rate needs many ticks, and a percentile that fits the data"

    percentile: float = 99.9

    def __post_init__(self) -> None:
        arguments.real("percentile", self.percentile)
        if not 0 < self.percentile <= 100:
            raise InvalidInput(f"percentile must lie in (0, 100], not {self.percentile}")

    def assign(self, network: SpikingNetwork, ranges: dict[str, Range]) -> SpikingNetwork:
        nodes = []
        for node in network:
            if isinstance(node, Neuron):
                seen, rank = ranges[node.name], len(network.shapes[node.name])
                unit = _column(
                    np.minimum(seen.percentile(self.percentile), seen.largest), seen.largest, rank, seen.axis
                )
                if seen.lowest < 0:
                    node = replace(node, alphabet=ternary(unit))
                else:
                    node = replace(node, alphabet=binary(unit), v0=np.asarray(unit / 2))
            nodes.append(node)
        return replace(network, nodes=tuple(nodes), schedule="rate", method=self.name)


def _column(threshold: NDArray[Any], largest: float, rank: int, axis: int) -> NDArray[Any]:
    """One threshold a channel, shaped for the neuron, or one for a vector; the largest value for a silent channel."""
    if rank < 2:
        return np.full((), threshold.max() or largest, np.float32)
    return np.where(threshold > 0, threshold, largest).astype(np.float32).reshape(-1, *(1,) * (-axis - 1))
