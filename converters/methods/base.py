"""What a conversion method is: parameters, a citation, and an alphabet for every neuron."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from spiking import SpikingNetwork

from ..calibrate import Range


@dataclass(frozen=True)
class Method(ABC):
    """A conversion algorithm: `assign` gives every draft neuron its alphabet from what calibration saw."""

    name: ClassVar[str]
    citation: ClassVar[str]
    percentiles: ClassVar[bool] = False
    averages: ClassVar[bool] = True  # whether an average of spikes is sent on as spikes of its own

    @abstractmethod
    def assign(self, network: SpikingNetwork, ranges: dict[str, Range]) -> SpikingNetwork:
        """Return the network with an alphabet for every neuron."""
