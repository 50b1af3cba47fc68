"""What a backend is: a name, a list of what it cannot do, and one batch at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..network import Network
from ..nodes import Neuron, Node, Output

Array = NDArray[Any]


@dataclass(frozen=True)
class Plan:
    """How a network is to be run: ticks, delay, whether starts and windows apply, which rasters to keep."""

    steps: int
    delay: int = 0
    wavefront: bool = False
    keep: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)

    def speaks(self, neuron: Neuron, tick: int) -> bool:
        """Whether a neuron may send at this tick (1 .. steps)."""
        if not self.wavefront:
            return True
        return neuron.start <= tick and (neuron.window is None or tick < neuron.start + neuron.window)


@dataclass(frozen=True, eq=False)
class BatchResult:
    """What one batch did.

    readouts   output -> (T, B, …)
    counts     neuron -> (T, …): how often each neuron sent something, summed over the batch
    rasters    kept neuron -> (T, B, …): the value sent
    """

    readouts: dict[str, Array]
    counts: dict[str, Array]
    rasters: dict[str, Array]


Inputs = dict[str, Array]
Runner = Callable[[Inputs], BatchResult]


class Backend(ABC):
    """A simulator: `prepare` builds the network once, the runner it returns takes a batch: input -> (B, *shape)."""

    name: ClassVar[str]
    cannot: ClassVar[dict[type, str]] = {}
    options: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def prepare(self, network: Network, plan: Plan) -> Runner:
        """Build the network for a plan."""

    def reasons(self, network: Network) -> Iterator[str]:
        """Yield one line for each node this backend cannot run."""
        for node in network:
            for part in _parts(node):
                if type(part) in self.cannot:
                    yield f"{type(part).__name__} '{node.name}': {self.cannot[type(part)]}"


def _parts(node: Node) -> Iterator[object]:
    yield node
    if isinstance(node, Neuron | Output):
        yield from node.function


def tally(sent: Array) -> Array:
    """Count non-zero values of (T, B, …) over the batch: (T, …)."""
    return np.asarray(np.count_nonzero(sent, axis=1))
