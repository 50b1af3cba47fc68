"""What there is to pay for: the counts of a network and its activity, before any price."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]


class Matrix(NamedTuple):
    """A node as `groups` matrix products (rows, inner) @ (inner, columns): what a dense machine computes."""

    rows: int
    columns: int
    inner: int
    groups: int


@dataclass(frozen=True, eq=False)
class Place:
    """A node where events arrive.

    weights    W, unique; 0 where an earlier place has them
    reads      weights that one dense evaluation reads, shared ones too
    unrolled   S, every use of a weight in space: the MAC convention, padding counted
    physical   Σ_source (synapses off the padding)·(columns of the source), fixed wiring composed; products: 0
    dynamic    gating synapses of a product
    fan_in     physical synapses on one output, away from the border
    taps       unique weights that one source element meets
    channels   sets of weights that differ: input channels of a kernel, inputs of a matrix; 1 for plain wiring
    values     elements read and written: I + O
    macs       multiply-accumulates of one dense inference, all moments of a recurrent cell together
    calls      dense evaluations one after another: those moments, where they cannot be one matrix product
    events     (ticks,) synapses driven
    """

    name: str
    kind: str
    weights: int
    reads: int
    unrolled: int
    physical: int
    dynamic: int
    fan_in: int
    taps: int
    channels: int
    values: int
    macs: int
    calls: int
    sources: tuple[str, ...]
    matrix: Matrix | None
    events: Curve


@dataclass(frozen=True, eq=False)
class Layer:
    """Something that integrates: a neuron node, a readout, or the two operands of a product.

    neurons      values it gives
    integrators  elements that sum up events; more than neurons where a function pools
    columns      binary neurons for each neuron, on hardware without payloads
    functions    labels of its functions that are no part of a plain update
    moments      how often it answers in one dense inference: the sequence, in a recurrent cell
    spikes       (ticks,) sent
    places       where the events it integrates arrive
    """

    name: str
    neurons: int
    integrators: int
    columns: int
    functions: tuple[str, ...]
    spikes: Curve
    places: tuple[Place, ...]
    moments: int = 1

    @property
    def compartments(self) -> int:
        """max(integrators, neurons · columns): a column shares its integrator."""
        return max(self.integrators, self.neurons * self.columns)


@dataclass(frozen=True, eq=False)
class Workload:
    """The counts of one inference. The moments of a recurrent cell are one place or layer, under the first one's name.

        ticks = steps (delay 1)        ticks = depth + steps (delay 0: the same spikes, pipelined over the layers)

    order     places and whatever sends or integrates, in the network's order
    senders   input and neuron nodes -> (ticks,) spikes
    columns   neuron nodes -> binary neurons for each neuron
    sizes     input, neuron and product nodes -> elements, columns included
    samples   how many samples the activity was measured on; 0: it was assumed
    """

    network: str
    order: tuple[str, ...]
    steps: int
    delay: int
    depth: int
    ticks: int
    samples: int
    neurons: int
    bits: float
    places: tuple[Place, ...]
    layers: tuple[Layer, ...]
    senders: dict[str, Curve]
    columns: dict[str, int]
    sizes: dict[str, int]
    inputs: frozenset[str]
    assumptions: tuple[str, ...]

    @cached_property
    def weights(self) -> int:
        """W over the network."""
        return sum(place.weights for place in self.places)

    @cached_property
    def unrolled(self) -> int:
        """S over the network, gating synapses left out."""
        return sum(place.unrolled for place in self.places)

    @cached_property
    def physical(self) -> int:
        """Synapses laid down when unrolled on hardware without payloads."""
        return sum(place.physical for place in self.places)

    @cached_property
    def dynamic(self) -> int:
        """Gating synapses of products."""
        return sum(place.dynamic for place in self.places)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of one dense inference."""
        return sum(place.macs for place in self.places)

    @cached_property
    def events(self) -> float:
        """Synaptic events of one inference."""
        return float(sum(place.events.sum() for place in self.places))
