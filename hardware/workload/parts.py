"""What a trace is made of: places where events arrive, layers that integrate them, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..bounds import LARGEST, curve_fault, said, whole

OF_PLACE = dict.fromkeys(("weights", "reads", "unrolled", "physical", "dynamic", "fan_in", "values", "macs"), 0)
OF_PLACE |= {"taps": 1, "channels": 1, "calls": 1, "stage": 0, "passes": 0, "wiring": 0}
OF_LAYER = {"neurons": 1, "integrators": 1, "columns": 1, "time_steps": 1}
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

    name       of the node; in a recurrent cell, of the one at the first time step
    kind       of the node, such as "Conv"
    weights    W, unique; 0 where an earlier place has them
    reads      stored values that one dense evaluation reads: weights, shared ones too, and cached keys and values
    unrolled   S, every use of a weight in space: the MAC convention, padding counted
    physical   Σ_source (synapses off the padding)·(columns of the source), fixed wiring composed; products: 0
    dynamic    gating synapses of a product
    fan_in     physical synapses on one output, away from the border
    taps       unique weights that one source element meets
    channels   sets of weights that differ: input channels of a kernel, inputs of a matrix; 1 for plain wiring
    values     elements read and written: I + O
    macs       multiply-accumulates of one dense inference, all time steps of a recurrent cell together
    calls      dense evaluations one after another: those time steps, where they cannot be one matrix product
    sources    inputs, neurons and products whose events arrive
    matrix     what a dense machine computes; None for wiring
    events     (ticks,) synapses driven
    stage      synaptic stages on the longest path up to here, this one included
    passes     elementwise functions of the output, each a pass over it where nothing is fused
    halo       share of the input map that must have arrived before a stream of patches gives its first output
    barrier    no output before the whole map has arrived
    wiring     synapses behind its sums, beyond handing each on once, where a sum is formed once and wired on
    inside     (inputs, outputs) that a fused kernel neither reads nor writes: the scores of an attention
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
    stage: int = 1
    passes: int = 0
    halo: float = 0.0
    barrier: bool = False
    inside: tuple[int, int] = (0, 0)
    wiring: int = 0

    @property
    def event(self) -> str:
        """The action that an event here is."""
        return "gating_event" if self.dynamic else "synaptic_event"

    @property
    def reuse(self) -> tuple[float, int]:
        """(R_space, R_time): S/W (NaN without weights), and uses one after another of the same synapse."""
        uses = self.unrolled + self.dynamic
        time = max(round(self.macs / uses), 1) if uses else 1
        return (self.unrolled / self.weights if self.weights else float("nan")), time


@dataclass(frozen=True, eq=False)
class Layer:
    """Something that integrates: a neuron node, a readout, or the two operands of a product.

    name         of the node; in a recurrent cell, of the one at the first time step
    neurons      its outputs
    integrators  elements that sum up events; more than neurons where a function pools
    columns      binary neurons for each neuron, on hardware without payloads
    functions    labels of its functions that need more than comparisons, such as "softmax"
    time_steps   of a recurrent cell in one dense inference, its sequence length; 1 elsewhere
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
    time_steps: int = 1

    @property
    def compartments(self) -> int:
        """max(integrators, neurons · columns): a column shares its integrator."""
        return max(self.integrators, self.neurons * self.columns)


def count_faults(name: str, owner: Place | Layer, least: dict[str, int]) -> Iterator[str]:
    """Yield what is wrong with the counts of a place or layer: field -> the least it may be."""
    wrong = [f"{key} {said(getattr(owner, key))}" for key, low in least.items() if not whole(getattr(owner, key), low)]
    if wrong:
        yield f"counts of '{name}' make no sense: {', '.join(wrong)}"


def curve_faults(label: str, curve: object, ticks: int) -> Iterator[str]:
    """Yield what is wrong with events or spikes, (ticks,)."""
    wrong = curve_fault(curve, ticks) or ("" if getattr(curve, "dtype", None) == np.float64 else "must be of float64")
    if wrong:
        yield f"{label} {wrong}"


def place_faults(place: Place, sizes: dict[str, int], ticks: int) -> Iterator[str]:
    """Yield what is wrong with a place of a trace with senders of these sizes."""
    yield from count_faults(place.name, place, OF_PLACE)
    yield from curve_faults(f"events of '{place.name}'", place.events, ticks)
    if not isinstance(place.halo, int | float) or not 0 <= place.halo <= LARGEST:
        yield f"halo of '{place.name}' must be a number of at least 0, not {said(place.halo)}"
    matrix, inside = place.matrix, place.inside
    if matrix is not None and not (isinstance(matrix, Matrix) and all(whole(side, 1) for side in matrix)):
        yield f"matrix of '{place.name}' must be None or a Matrix of whole numbers of at least 1, not {said(matrix)}"
    if not (isinstance(inside, tuple) and len(inside) == 2 and all(map(whole, inside))):
        yield f"inside of '{place.name}' must be two whole numbers, not {said(inside)}"
    elif whole(place.values) and sum(inside) > place.values:
        yield f"'{place.name}' keeps more inside than it reads and writes: {said(inside)} of {place.values}"
    if not isinstance(place.sources, tuple) or not place.sources:
        yield f"'{place.name}' has no source: {said(place.sources)}"
        return
    for source in place.sources:
        if not isinstance(source, str) or not whole(sizes.get(source), 1):
            yield f"'{place.name}' has a source of unknown size, {said(source)}"
