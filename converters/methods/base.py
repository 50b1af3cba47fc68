"""What a conversion method is: parameters, a citation, and an alphabet for every neuron."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from spiking import SpikingNetwork

from ..calibrate import Range

PROBE_TICKS = 8  # how long a network runs to be compared with its source


@dataclass(frozen=True)
class Method(ABC):
    """A conversion algorithm: `assign` gives every draft neuron its alphabet from what calibration saw.

    name         its key in METHODS
    citation     the papers it follows
    percentiles  whether calibration has to keep histograms
    averages     whether an average of spikes is sent on as spikes of its own
    tolerated    relative error of an output after PROBE_TICKS above which `convert` warns
    advice       what to do then
    """

    name: ClassVar[str]
    citation: ClassVar[str]
    percentiles: ClassVar[bool] = False
    averages: ClassVar[bool] = True
    tolerated: ClassVar[float] = 0.1
    advice: ClassVar[str] = "run more ticks"

    def settled(self, network: SpikingNetwork, ranges: dict[str, Range], probe: Mapping[str, Tensor]) -> Method:
        """Return the method with every open parameter decided on a few calibration samples."""
        return self

    @abstractmethod
    def assign(self, network: SpikingNetwork, ranges: dict[str, Range]) -> SpikingNetwork:
        """Return the network with an alphabet for every neuron."""
