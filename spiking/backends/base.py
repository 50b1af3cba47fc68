"""What a backend is: a name, a list of what it cannot do, and one batch at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidNetwork
from ..functions import Function
from ..network import Network
from ..nodes import Neuron, Output

Array = NDArray[Any]


@dataclass(frozen=True)
class Plan:
    """How a network is to be run: ticks, delay, whether starts and windows apply, which rasters to keep."""

    steps: int
    delay: int = 0
    wavefront: bool = False
    keep: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)

    def first(self, neuron: Neuron) -> int:
        """The tick (from 1) from which a neuron may fire."""
        return neuron.start if self.wavefront else 1

    def last(self, neuron: Neuron) -> int:
        """The last tick of its window; behind it only a residual of alphabet.late units or more is sent."""
        if not self.wavefront or neuron.window is None:
            return self.steps
        return min(neuron.start + neuron.window - 1, self.steps)


@dataclass(frozen=True, eq=False)
class BatchResult:
    """What one batch did.

    readouts   output -> (T, B, …)
    counts     neuron -> (T, …): how often each neuron sent something, summed over the batch
    rasters    kept neuron -> (T, B, …): the value sent
    saturated  neuron -> in how many samples and elements more was left unsent after the last tick than one spike sends
    lost       neurons that hold NaN or infinite values after the last tick: their sums left the numbers of the type
    """

    readouts: dict[str, Array]
    counts: dict[str, Array]
    rasters: dict[str, Array]
    saturated: dict[str, int] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)


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

    def width(self, plan: Plan) -> str:
        """Return the name of the floating-point type it computes in."""
        return "float64"

    def lacks(self, function: Function) -> bool:
        """Return whether this backend has no such function."""
        return False

    def reasons(self, network: Network) -> Iterator[str]:
        """Yield one line for each node this backend cannot run."""
        for node in network:
            for part in (node, *(node.function if isinstance(node, Neuron | Output) else ())):
                if type(part) in self.cannot:
                    yield f"{type(part).__name__} '{node.name}': {self.cannot[type(part)]}"
                elif isinstance(part, Function) and self.lacks(part):
                    what = f"it has no function '{part.label}'; use another backend, or add it to this one"
                    yield f"{type(node).__name__} '{node.name}': {what}"


def tally(sent: Array) -> Array:
    """Count non-zero values of (T, B, …) over the batch: (T, …)."""
    return np.asarray(np.count_nonzero(sent, axis=1))


def finite(name: str, numbers: bool) -> None:
    """Raise InvalidNetwork unless what an output reads from are numbers."""
    if not numbers:
        raise InvalidNetwork(f"output '{name}' reads NaN or infinite values: scale the weights")


def joined(parts: Iterable[BatchResult]) -> BatchResult:
    """Return the result of consecutive parts of one batch; counts are added as the parts come, to hold one table."""
    readouts: dict[str, list[Array]] = {}
    rasters: dict[str, list[Array]] = {}
    counts: dict[str, Array] = {}
    saturated: dict[str, int] = {}
    lost: set[str] = set()
    for part in parts:
        for whole, pieces in ((readouts, part.readouts), (rasters, part.rasters)):
            for name, value in pieces.items():
                whole.setdefault(name, []).append(value)
        for name, count in part.counts.items():
            counts[name] = counts[name] + count if name in counts else count
        for name, number in part.saturated.items():
            saturated[name] = saturated.get(name, 0) + number
        lost |= part.lost
    return BatchResult(_along(readouts), counts, _along(rasters), saturated, lost)


def _along(table: dict[str, list[Array]]) -> dict[str, Array]:
    return {name: np.concatenate(pieces, axis=1) for name, pieces in table.items()}
