"""Layers onto cores: how many each takes, and which resource of the core decides it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from .model import Values
from .workload import Layer, Place, Workload


@dataclass(frozen=True)
class Placed:
    """A layer on its cores.

        cores = max(⌈compartments/C⌉, ⌈bits/M⌉, ⌈axons in/A_in⌉, ⌈axons out/A_out⌉)
        copies = ⌈share · cores / ⌈axons in/A_in⌉⌉,   share = synapses of one source element / integrators of the layer

    copies     source -> cores a spike of it goes to: those with the neurons it reaches, neighbors being kept together
    Source     core: Davies et al. 2018, IEEE Micro 38(1); synapse formats as in nengo-loihi 1.1
    """

    layer: Layer
    cores: int
    bound: str
    copies: dict[str, int]


def place(work: Workload, values: Values) -> list[Placed]:
    """Place the layers, last first: how many cores a spike must reach decides the axons of those before."""
    reached: dict[str, int] = {}
    placed = []
    for layer in reversed(work.layers):
        shares = _shares(layer, work)
        demand = {
            "compartments": layer.compartments / values["compartments"],
            "synapse memory": sum(_bits(p, work, values) for p in layer.places) / (8 * values["synapse_memory"]),
            "axons in": sum(work.sizes[source] for source in shares) / values["axons_in"],
            "axons out": layer.compartments * reached.get(layer.name, 0) / values["axons_out"],
        }
        bound = max(demand, key=lambda name: demand[name])
        cores = max(ceil(demand[bound]), 1)
        parts = max(ceil(demand["axons in"]), 1)  # cores among which the inputs are divided
        copies = {source: max(ceil(share * cores / parts), 1) for source, share in shares.items()}
        for source, times in copies.items():
            reached[source] = reached.get(source, 0) + times
        placed.append(Placed(layer, cores, bound, copies))
    return placed[::-1]


def _shares(layer: Layer, work: Workload) -> dict[str, float]:
    """For each source of a layer, the share of the layer that one of its spikes reaches."""
    shares: dict[str, float] = {}
    for here in layer.places:
        for source in here.sources:
            synapses = here.physical / _axons(here, work)
            shares[source] = max(shares.get(source, 0.0), min(synapses / layer.integrators, 1.0))
    return shares


def _axons(here: Place, work: Workload) -> int:
    return sum(work.sizes[source] for source in here.sources)


def _bits(here: Place, work: Workload, values: Values) -> float:
    """Memory of one place: an axon's synapses in blocks, each with a header, in whole words.

    With kernel sharing, axons with the same weights share them: one set for each input channel and column.
    """
    axons = _axons(here, work)
    if values["kernel_sharing"]:
        columns = max(work.columns.get(source, 1) for source in here.sources)
        return here.channels * columns * _axon(here.taps, values)
    return axons * _axon(ceil(here.physical / axons), values)


def _axon(synapses: int, values: Values) -> float:
    block, word = int(values["block_synapses"]), values["word_bits"]
    whole, rest = divmod(synapses, block)
    return word * sum(
        times * ceil((n * (values["weight_bits"] + values["index_bits"]) + values["header_bits"]) / word)
        for times, n in ((whole, block), (1, rest))
        if n
    )
