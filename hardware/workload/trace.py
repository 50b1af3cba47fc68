"""One trace for every machine: the counts of a network and its activity, before any price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from spiking import InvalidInput, escaping, table

from ..bounds import LARGEST, complaint, number, said, whole
from .parts import OF_LAYER, Curve, Layer, Place, count_faults, curve_faults, place_faults

PARTS = {"places": tuple, "layers": tuple, "senders": dict, "columns": dict, "sizes": dict}
RUN = {"ticks": 1, "steps": 1, "delay": 0, "stages": 1, "samples": 0, "neurons": 0}  # counts, and the least of each
ASSUMED = 0.1  # spikes of a neuron in one inference, where nothing ran and nothing else is said


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """The counts of one inference. A recurrent cell is one set of places and layers, named after its first time step.

        ticks = steps (delay 1)        ticks = stages − 1 + steps (delay 0: the same spikes, pipelined over the layers)

    network   its size in words
    order     places and whatever sends or integrates, in the network's order
    steps     of the run, or for which each layer fires
    delay     0: a step reaches every layer; 1: a spike is seen one tick later
    stages    synaptic stages on the longest path: neuron layers, and the readout's
    ticks     length of every curve
    bits      most bits that a spike carries
    neurons   in space: a recurrent cell has the same ones at every time step
    interval  ticks from one inference to the next when they stream: steps (delay 0), ticks (delay 1, as it ran)
    places    where events arrive, in order; the counts of the network are their sums
    layers    what integrates, in order
    senders   input and neuron nodes -> (ticks,) spikes
    columns   neuron nodes -> binary neurons for each neuron, on hardware without payloads
    sizes     input, neuron and product nodes -> elements, columns included
    inputs    names of the input nodes
    assumptions   sentences: what the counts take for granted
    samples   how many samples the activity was measured on; 0: it was assumed
    name      of a network from shapes, as in the zoo; "" where it has none
    """

    network: str
    order: tuple[str, ...]
    steps: int
    delay: int
    stages: int
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
    name: str = ""

    def __repr__(self) -> str:
        """Return one line."""
        return f"Trace({self.network}, {self.ticks} ticks, {self.events:,.0f} events)"

    def __str__(self) -> str:
        """Return the counts for people: a line for each place where events arrive."""
        last = ["total", "", str(self.stages), *(f"{n:,}" for n in (self.weights, self.unrolled, self.dynamic))]
        last += [f"{self.unrolled / self.weights:,.1f}" if self.weights else "–", "", "", f"{self.events:,.1f}"]
        head = ["place", "kind", "stage", "weights W", "synapses S", "gating"]
        head += ["R space", "R time", "in turn", "syn. events"]
        note = "R batch is the batch: a machine that holds several inferences at once reads each weight once for all"
        return "\n".join(
            [escaping.cell(self.headline), "", table(head, list(map(_cells, self.places)), last, left=2), note]
        )

    @property
    def assumed(self) -> bool:
        """Whether the activity is an assumption: nothing ran."""
        return self.samples == 0

    @property
    def headline(self) -> str:
        """One line about the network, the run and where its activity is from."""
        measured = f"measured on {self.samples:,} sample{'s' if self.samples > 1 else ''}"
        run = f"{self.steps} step{'s' if self.steps > 1 else ''}, delay {self.delay}, {self.bits:.1f} bits per spike"
        basis = "assumed" if self.assumed else measured
        return f"{self.network} · {run} · activity {basis}, {self.rate:.3g} spikes a neuron"

    @property
    def rate(self) -> float:
        """Spikes of a neuron in one inference, on average; at each time step of a recurrent cell. NaN without any."""
        sending = [layer for layer in self.layers if layer.name in self.senders]
        neurons = sum(layer.neurons * layer.time_steps for layer in sending)
        return float(sum(layer.spikes.sum() for layer in sending)) / neurons if neurons else float("nan")

    def scaled(self, factor: float) -> Trace:
        """Return the trace with every spike and event times `factor`. Raises InvalidInput: factor."""
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 <= factor <= LARGEST:
            raise InvalidInput(f"the activity can be scaled by a finite number of at least 0, not by {said(factor)}")
        places = {place.name: replace(place, events=place.events * factor) for place in self.places}
        layers = tuple(
            replace(layer, spikes=layer.spikes * factor, places=tuple(places[place.name] for place in layer.places))
            for layer in self.layers
        )
        senders = {name: curve * factor for name, curve in self.senders.items()}
        made = replace(self, places=tuple(places.values()), layers=layers, senders=senders)
        made.__dict__["placements"] = self.placements
        return made

    @cached_property
    def placements(self) -> dict[Any, Any]:
        """Where the layers lie on cores, by what decides it (models/placement.py); the same for all its multiples."""
        return {}

    def check(self) -> Trace:
        """Return the trace itself, or raise InvalidInput with every count that does not describe an inference."""
        if self._found:
            raise InvalidInput(complaint("the trace does not describe an inference:", self._found))
        return self

    @cached_property
    def _found(self) -> tuple[str, ...]:
        return tuple(self._faults())

    def _faults(self) -> Iterator[str]:
        unfit = [name for name, kind in PARTS.items() if not isinstance(getattr(self, name), kind)]
        if unfit:
            yield from (f"{name} must be a {PARTS[name].__name__}" for name in unfit)
            return
        if not self.places or not self.layers:
            yield "it has no place where events arrive, or no layer that integrates them"
        wrong = [name for name, least in RUN.items() if not whole(getattr(self, name), least)]
        if wrong or self.steps > self.ticks or self.delay > 1 or not number(self.bits) or self.bits < 0:
            counts = ", ".join(f"{name} {said(getattr(self, name))}" for name in (*RUN, "bits"))
            yield f"counts of the run make no sense: {counts}"
            return
        for name, columns in self.columns.items():
            if not whole(columns, 1):
                yield f"columns of '{name}' must be a whole number of at least 1, not {said(columns)}"
        known = {place.name for place in self.places if isinstance(place, Place)}
        places: dict[Place, None] = dict.fromkeys(self.places)
        for layer in self.layers:
            if not isinstance(layer, Layer):
                yield f"{said(layer)} is not a Layer"
                continue
            if not isinstance(layer.places, tuple) or not isinstance(layer.functions, tuple):
                yield f"places and functions of '{layer.name}' must be tuples"
                continue
            places |= dict.fromkeys(layer.places)
            yield from count_faults(layer.name, layer, OF_LAYER)
            yield from curve_faults(f"spikes of '{layer.name}'", layer.spikes, self.ticks)
            if not known.issuperset(getattr(place, "name", None) for place in layer.places):
                yield f"'{layer.name}' integrates at a place that the trace does not have"
        for place in places:
            if isinstance(place, Place):
                yield from place_faults(place, self.sizes, self.ticks)
            else:
                yield f"{said(place)} is not a Place"
        for name, curve in self.senders.items():
            yield from curve_faults(f"spikes of '{name}'", curve, self.ticks)

    @property
    def interval(self) -> int:
        """Ticks from one inference to the next in a stream."""
        return self.ticks if self.delay else self.steps

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
    def laid(self) -> int:
        """Synapses laid down where every one is a thing of its own: physical, and the wiring behind sums."""
        return self.physical + sum(place.wiring for place in self.places)

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


def _cells(place: Place) -> list[str]:
    space, time = place.reuse
    return [
        place.name,
        place.kind.lower(),
        str(place.stage),
        *(f"{n:,}" if n else "–" for n in (place.weights, place.unrolled, place.dynamic)),
        f"{space:,.1f}" if place.weights else "–",
        str(time),
        f"{place.calls:,}",
        f"{place.events.sum():,.1f}",
    ]
