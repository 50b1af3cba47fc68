"""Layers onto cores: how many each takes, and which resource of the core decides it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from ..workload.parts import Layer, Place
from ..workload.trace import Trace
from .base import Values


@dataclass(frozen=True)
class Placed:
    """A layer on its cores.

        cores = max(⌈compartments/C⌉, ⌈bits/M⌉, ⌈axons in/A_in⌉, ⌈axons out/A_out⌉)
        copies = ⌈share · cores / ⌈axons in/A_in⌉⌉,   share = synapses of one source element / integrators of the layer

    layer      the layer, and the names of the places where its events arrive
    cores      it takes
    bound      the resource that decides it
    demand     resource -> cores it alone would take, not rounded
    copies     source -> cores a spike of it goes to: those with the neurons it reaches, neighbors being kept together
    stored     weights laid down, every copy of each
    Source     core: Davies et al. 2018, IEEE Micro 38(1); synapse formats as in nengo-loihi 1.1
    """

    layer: Layer
    places: tuple[str, ...]
    cores: int
    bound: str
    demand: dict[str, float]
    copies: dict[str, int]
    stored: float


READ = (  # the numbers that decide a placement
    *("compartments", "synapse_memory", "axons_in", "axons_out", "weight_bits", "index_bits", "header_bits"),
    *("word_bits", "block_synapses", "kernel_sharing"),
)


def place(work: Trace, values: Values) -> list[Placed]:
    """Place the layers, last first: how many cores a spike must reach decides the axons of those before.

    The activity decides nothing, so a trace and its multiples share their placements.
    """
    key = tuple(values.get(name) for name in READ)
    if key not in work.placements:
        work.placements[key] = _placed(work, values)
    found: list[Placed] = work.placements[key]
    return found


def _placed(work: Trace, values: Values) -> list[Placed]:
    reached: dict[str, int] = {}
    placed = []
    for layer in reversed(work.layers):
        shares = _shares(layer, work)
        sets = [_sets(here, work, values) for here in layer.places]
        demand = {
            "compartments": layer.compartments / values["compartments"],
            "synapse memory": sum(n * _axon(size, values) for n, size in sets) / (8 * values["synapse_memory"]),
        }
        if "axons_in" in values:
            demand["axons in"] = sum(work.sizes[source] for source in shares) / values["axons_in"]
        if "axons_out" in values:
            demand["axons out"] = layer.compartments * reached.get(layer.name, 0) / values["axons_out"]
        bound = max(demand, key=lambda name: demand[name])
        cores = max(ceil(demand[bound]), 1)
        parts = max(ceil(demand.get("axons in", 1)), 1)  # cores among which the inputs are divided
        copies = {source: max(ceil(share * cores / parts), 1) for source, share in shares.items()}
        for source, times in copies.items():
            reached[source] = reached.get(source, 0) + times
        names = tuple(here.name for here in layer.places)
        placed.append(Placed(layer, names, cores, bound, demand, copies, float(sum(n * size for n, size in sets))))
    return placed[::-1]


def _shares(layer: Layer, work: Trace) -> dict[str, float]:
    """For each source of a layer, the share of the layer that one of its spikes reaches."""
    shares: dict[str, float] = {}
    for here in layer.places:
        for source in here.sources:
            synapses = here.physical / _axons(here, work)
            shares[source] = max(shares.get(source, 0.0), min(synapses / layer.integrators, 1.0))
    return shares


def _axons(here: Place, work: Trace) -> int:
    return sum(work.sizes[source] for source in here.sources)


def _sets(here: Place, work: Trace, values: Values) -> tuple[int, int]:
    """(sets, size): how many lists of synapses a place stores, and how long each is.

    One list for each axon. With kernel sharing, the axons of a core with the same weights share one: a list for each
    input channel and column. A core holds a few channels at as many positions as it has compartments; where a map is
    larger than that its kernels are laid down again: ⌈positions/compartments⌉ times.
    """
    axons = _axons(here, work)
    if values.get("kernel_sharing") and not here.dynamic:
        columns = max(work.columns.get(source, 1) for source in here.sources)
        positions = max(here.unrolled / (here.channels * here.taps), 1)
        return here.channels * columns * ceil(positions / values["compartments"]), here.taps
    return axons, ceil(here.physical / axons)


def _axon(synapses: int, values: Values) -> float:
    """Bits of one list: blocks of synapses, each with a header, in whole words."""
    word, header = values.get("word_bits", 1.0), values.get("header_bits", 0.0)
    block = int(values.get("block_synapses", max(synapses, 1)))
    whole, rest = divmod(synapses, block)
    return word * sum(
        times * ceil((n * (values["weight_bits"] + values.get("index_bits", 0.0)) + header) / word)
        for times, n in ((whole, block), (1, rest))
        if n
    )
