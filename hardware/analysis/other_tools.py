"""What other published tools say of the same trace, and why it is not what this package says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from ..quantity import Quantity
from ..workload.parts import Place
from ..workload.trace import Trace

Net = Literal["dense", "spiking"]

# keras-spiking 0.3.0: device -> (J an event, J a neuron update, spiking, where its authors took them)
DEGNAN = "Degnan, Marr & Hasler 2016, IEEE TVLSI 24(1)"
HOEPPNER = "Höppner et al. 2019, arXiv 1903.08941"
DEVICES = {
    "cpu": (8.6e-9, 8.6e-9, False, DEGNAN),
    "gpu": (0.3e-9, 0.3e-9, False, DEGNAN),
    "arm": (0.9e-9, 0.9e-9, False, DEGNAN),
    "loihi": ((23.6 + 3.5) * 1e-12, 81e-12, True, "Davies et al. 2018, IEEE Micro 38(1), table 2"),
    "spinnaker": (13.3e-9, 26e-9, True, HOEPPNER),
    "spinnaker2": (450e-12, 2.19e-9, True, HOEPPNER),
}
MAC, ADD = 4.6e-12, 0.9e-12  # J, fp32 at 45 nm: Horowitz 2014, ISSCC
BYTE = 24.96e-12  # J/B: 3.12 pJ a bit, as SpikingJelly takes it from STEP
WORD = 4  # B, fp32
HOROWITZ = "Horowitz 2014, ISSCC, 45 nm fp32"

MEMORY = ("weight fetches and their reuse", "state and activation traffic")
SYSTEM = ("static power", "host and I/O", "latency", "area", "batch")
LINEAR = ("Linear", "Conv")


class _Tool(NamedTuple):
    """A tool: the kinds of place it counts, and what it does on the rest."""

    name: str
    version: str
    kinds: tuple[str, ...]
    ignores: tuple[str, ...]
    silence: str
    recurrent: str


KERAS = _Tool(
    "keras-spiking",
    "0.3.0",
    LINEAR,
    (*MEMORY, "network beyond one hop", "barrier", *SYSTEM),
    "layers it has no rule for count 0, with a warning",
    "recurrent layers count 0, with a warning",
)
SYOPS = _Tool(
    "syops",
    "0.0.5",
    (*LINEAR, "ConvTranspose"),
    (*MEMORY, "neuron updates", "network on chip", "barrier", *SYSTEM),
    "attention adds 0 to ACs and MACs, other layers are skipped, without a word",
    "recurrent layers add 0 to ACs and MACs, without a word",
)
JELLY = _Tool(
    "SpikingJelly",
    "2.0.0",
    LINEAR,
    ("reuse of a fetched weight: each use is a read", "network on chip", "barrier", *SYSTEM),
    "no reads for attention and no operations where it is fused, without a word",
    "recurrent layers count 0, with a warning",
)
BENCH = _Tool(
    "NeuroBench",
    "2.3.0",
    LINEAR,
    ("energy of any kind", *MEMORY, "network on chip", "barrier", "static power", "host and I/O", "latency", "batch"),
    "attention, embeddings and transposed convolutions count 0, without a word",
    "recurrent layers end it: TypeError, it raises a string",
)


@dataclass(frozen=True)
class Peer:
    """What one tool says of one trace.

    tool      its name; `version`, the one whose formulas these are
    device    whose energies it takes; "none" where it has no energy
    net       what it is asked about: the "dense" source network, or the "spiking" one
    energy    J per inference; None where it has no energy, "≥" where it leaves something out
    counts    what it counts, per inference
    formula   how it gets there
    ignores   what costs on a machine and has no term in it
    missed    operations of this trace that it does not see: what they are -> dense MACs
    remarks   what it does with them, and what else to know
    fails     it stops with an error instead
    source    of its numbers
    """

    tool: str
    version: str
    device: str
    net: Net
    energy: Quantity | None
    counts: dict[str, float]
    formula: str
    ignores: tuple[str, ...]
    missed: dict[str, int]
    remarks: tuple[str, ...]
    fails: bool
    source: str


@dataclass(frozen=True, eq=False)
class Peers:
    """The rows of all tools for one trace."""

    work: Trace
    rows: tuple[Peer, ...]

    def __repr__(self) -> str:
        """Return one line."""
        return f"Peers({self.work.network}, {len(self.rows)} rows)"

    def __getitem__(self, key: str | tuple[str, str]) -> Peer:
        """Return the row of (tool, device or net), or the only one of a tool; KeyError otherwise."""
        tool, which = (key, "") if isinstance(key, str) else key
        found = [row for row in self.rows if row.tool == tool and which in ("", row.device, row.net)]
        if len(found) != 1:
            raise KeyError(f"{len(found)} rows of {key!r}; there are {[(r.tool, r.device, r.net) for r in self.rows]}")
        return found[0]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, in SI units."""
        return {"network": self.work.network, "macs": self.work.macs, "rows": [asdict(row) for row in self.rows]}


class _Seen(NamedTuple):
    """What a tool finds in a trace: weighted places it has a rule for, what it misses, neurons behind them."""

    places: tuple[Place, ...]
    missed: dict[str, int]
    neurons: int
    recurrent: bool


def ask(work: Trace, analog_input: bool = True) -> Peers:
    """Ask every tool: its formula, on the counts of our trace.

    The tools count every use of a weight in space, padding too, and are asked about binary spikes of height 1; a bias,
    norms, pooling and functions are left out.
    """
    rows = [*_keras(work), *_syops(work, analog_input), *_jelly(work, analog_input), _bench(work, analog_input)]
    return Peers(work, tuple(rows))


def _keras(work: Trace) -> Iterator[Peer]:
    """Connections·E_syn + neurons·E_neu on machines that do not spike, events·E_syn + neurons·steps·E_neu on others."""
    seen = _seen(work, KERAS)
    dense = float(sum(place.macs for place in seen.places))
    events = _events(seen.places)
    for device, (event, update, spiking, source) in DEVICES.items():
        times = work.steps if spiking else 1
        counts = {"connections": dense, "neuron updates": float(seen.neurons * times)}
        if spiking:
            counts = {"events": events, "neuron updates": float(seen.neurons * times)}
        formula = "events·E_syn + neurons·steps·E_neu" if spiking else "connections·E_syn + neurons·E_neu"
        energy = (events if spiking else dense) * event + seen.neurons * times * update
        yield _row(KERAS, device, "spiking" if spiking else "dense", energy, counts, formula, seen, (), source)


def _syops(work: Trace, analog: bool) -> Iterator[Peer]:
    """MACs·4.6 pJ of the dense network; events·0.9 pJ of the spiking one, its analog input as MACs."""
    seen = _seen(work, SYOPS)
    dense = float(sum(place.macs for place in seen.places))
    yield _row(SYOPS, "45 nm", "dense", dense * MAC, {"MACs": dense}, "MACs·4.6 pJ", seen, (), HOROWITZ)
    macs, spikes = _split(work, seen.places, analog)
    counts = {"ACs": spikes, "MACs": macs}
    formula = "ACs·0.9 pJ + MACs·4.6 pJ; ACs = rate·dense uses, MACs where the input is analog"
    yield _row(SYOPS, "45 nm", "spiking", spikes * ADD + macs * MAC, counts, formula, seen, _graded(work), HOROWITZ)


def _jelly(work: Trace, analog: bool) -> Iterator[Peer]:
    """The same operations, and 4 B·24.96 pJ for each use of a weight; a membrane read and written at each step."""
    seen = _seen(work, JELLY)
    source = f"{HOROWITZ}; 3.12 pJ a bit after STEP"
    dense = float(sum(place.macs for place in seen.places))
    counts = {"MACs": dense, "bytes": dense * WORD}
    energy = dense * MAC + counts["bytes"] * BYTE
    yield _row(JELLY, "45 nm", "dense", energy, counts, "MACs·4.6 pJ + bytes·24.96 pJ", seen, (), source)
    macs, spikes = _split(work, seen.places, analog)
    bytes_ = WORD * (macs + spikes + 2 * seen.neurons * work.steps)
    counts = {"ACs": spikes, "MACs": macs, "bytes": bytes_}
    energy = spikes * ADD + macs * MAC + bytes_ * BYTE
    formula = "ACs·0.9 pJ + MACs·4.6 pJ + bytes·24.96 pJ; bytes = 4·(weight uses + 2·neurons·steps)"
    yield _row(JELLY, "45 nm", "spiking", energy, counts, formula, seen, _graded(work), source)


def _bench(work: Trace, analog: bool) -> Peer:
    """Counts alone: operations with neither a zero weight nor a zero input, and all of them; padding left out."""
    seen = _seen(work, BENCH)
    macs, spikes = _split(work, seen.places, analog)
    dense = float(sum(min(place.macs, place.physical * place.reuse[1]) for place in seen.places) * work.steps)
    counts = {"effective ACs": spikes, "effective MACs": macs, "dense": dense}
    formula = "no joules: operations without a zero, and dense uses·steps"
    return _row(BENCH, "none", "spiking", None, counts, formula, seen, _graded(work), "counts only")


def _row(
    tool: _Tool,
    device: str,
    net: Net,
    energy: float | None,
    counts: dict[str, float],
    formula: str,
    seen: _Seen,
    remarks: tuple[str, ...],
    source: str,
) -> Peer:
    fails = seen.recurrent and tool is BENCH
    said = None if energy is None else Quantity(energy, energy, energy, "J", at_least=bool(seen.missed))
    told = [f"{n:,} MACs of {what} are missing" for what, n in seen.missed.items()]
    if set(seen.missed) - {RECURRENT}:
        told.append(tool.silence)
    if seen.recurrent:
        told.append(tool.recurrent)
    shown = {} if fails else counts
    return Peer(
        tool.name,
        tool.version,
        device,
        net,
        said,
        shown,
        formula,
        tool.ignores,
        seen.missed,
        (*told, *remarks),
        fails,
        source,
    )


RECURRENT, PRODUCTS = "recurrent layers", "products such as attention"


def _seen(work: Trace, tool: _Tool) -> _Seen:
    """Divide the trace into what a tool has a rule for and what it does not see."""
    cells = _cells_of(work)
    places: list[Place] = []
    missed: dict[str, int] = {}
    for place in work.places:
        if place.name in cells:
            label = RECURRENT
        elif place.dynamic:
            label = PRODUCTS
        elif place.kind in tool.kinds or not place.unrolled:
            places.append(place)
            continue
        else:
            label = f"{place.kind} layers"
        missed[label] = missed.get(label, 0) + place.macs
    known = {place.name for place in places if place.unrolled}
    behind = [layer for layer in work.layers if any(place.name in known for place in layer.places)]
    return _Seen(
        tuple(place for place in places if place.unrolled),
        {what: n for what, n in missed.items() if n},
        sum(layer.neurons for layer in behind),
        bool(cells),
    )


def _cells_of(work: Trace) -> set[str]:
    """Places of recurrent cells: those of every layer whose own output comes back to it."""
    reads = {layer.name: {name for place in layer.places for name in place.sources} for layer in work.layers}
    found: set[str] = set()
    for layer in work.layers:
        stack, above = list(reads[layer.name]), set[str]()
        while stack:
            name = stack.pop()
            if name not in above:
                above.add(name)
                stack.extend(reads.get(name, ()))
        if layer.name in above:
            found |= {place.name for place in layer.places}
    return found


def _events(places: tuple[Place, ...]) -> float:
    return float(sum(place.events.sum() for place in places))


def _split(work: Trace, places: tuple[Place, ...], analog: bool) -> tuple[float, float]:
    """(MACs, ACs): the dense uses behind an analog input at each tick at which it is there, and all other events."""
    first = [place for place in places if analog and set(place.sources) <= work.inputs]
    macs = sum(place.macs * int(np.count_nonzero(place.events)) for place in first)
    return float(macs), _events(tuple(place for place in places if place not in first))


def _graded(work: Trace) -> tuple[str, ...]:
    """What a tool that knows spikes by their values makes of others."""
    if work.bits <= 1:
        return ()
    return (f"spikes of {work.bits:.1f} bits: it would take values other than 0 and 1 for analog and charge MACs",)
