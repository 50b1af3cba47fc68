"""What happened in a run: the readout tick by tick, and the activity that a cost is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InvalidFile, InvalidInput
from .store import read, write

Array = NDArray[Any]
Curve = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Activity:
    """Spikes and synaptic events of a run, per tick, averaged over its samples: all that `hardware` needs.

    spikes   input and neuron nodes: non-zero values sent, (T,)
    events   places events arrive (weighted nodes, products, and neurons and outputs fed through wiring alone):
             synapses driven, border-exact, (T,)
    network  fingerprint of the network that ran
    """

    steps: int
    samples: int
    delay: int
    network: str
    spikes: Mapping[str, Curve]
    events: Mapping[str, Curve]

    @property
    def total_spikes(self) -> float:
        """Spikes of one sample over all ticks and neurons, input injections included."""
        return float(sum(curve.sum() for curve in self.spikes.values()))

    @property
    def total_events(self) -> float:
        """Synaptic events of one sample over all ticks and places."""
        return float(sum(curve.sum() for curve in self.events.values()))


@dataclass(frozen=True, eq=False)
class SpikeRecord:
    """The result of `run`.

    readouts   output node -> (T, B, …): the decoded output after each tick
    rasters    kept nodes -> (T, B, …): the value sent at each tick
    """

    readouts: Mapping[str, Array]
    activity: Activity
    backend: str
    rasters: Mapping[str, Array] = field(default_factory=dict)

    def __repr__(self) -> str:
        a = self.activity
        return f"SpikeRecord({a.samples:,} samples, {a.steps} steps, delay {a.delay}, {self.backend})"

    @property
    def steps(self) -> int:
        """Number of ticks T."""
        return self.activity.steps

    @property
    def delay(self) -> int:
        """Ticks between a spike and its arrival."""
        return self.activity.delay

    @property
    def readout(self) -> Array:
        """The readout (T, B, …) of a network with one output."""
        if len(self.readouts) != 1:
            raise InvalidInput(f"the network has {len(self.readouts)} outputs; name one: {', '.join(self.readouts)}")
        return next(iter(self.readouts.values()))

    def accuracy(self, labels: ArrayLike) -> Curve:
        """Return the share of samples whose largest readout is the label, for each tick (T,)."""
        truth = np.asarray(labels).ravel()
        winner = self._winner()
        if len(truth) != winner.shape[1]:
            raise InvalidInput(f"{len(truth)} labels for {winner.shape[1]} samples")
        return np.asarray((winner == truth).mean(axis=1))

    def agreement(self, reference: ArrayLike) -> Curve:
        """Return the share of samples with the same winner as the reference output (B, C), for each tick (T,)."""
        return np.asarray((self._winner() == self._like(reference).argmax(axis=-1)).mean(axis=1))

    def relative_error(self, reference: ArrayLike) -> Curve:
        """Return ‖readout − reference‖₂ / ‖reference‖₂ over all samples, for each tick (T,)."""
        wanted = self._like(reference)
        scale = float(np.linalg.norm(wanted))
        if scale == 0:
            raise InvalidInput("the reference is zero everywhere: a relative error against it has no meaning")
        gap = (self.readout - wanted).reshape(self.steps, -1)
        return np.asarray(np.linalg.norm(gap, axis=1) / scale)

    def save(self, path: str | Path) -> None:
        """Write the record as .npz, without pickle and atomically."""
        arrays: dict[str, Array] = {}
        a = self.activity
        groups = {"readout": self.readouts, "raster": self.rasters, "spikes": a.spikes, "events": a.events}
        for group, table in groups.items():
            arrays.update({f"{group}/{name}": value for name, value in table.items()})
        content = {"steps": a.steps, "samples": a.samples, "delay": a.delay, "network": a.network}
        write(path, "record", {**content, "backend": self.backend}, arrays)

    @staticmethod
    def load(path: str | Path) -> SpikeRecord:
        """Read a record written by `save`; raises InvalidFile if it is not ours, is cut short or was altered."""
        content, arrays = read(path, "record")
        groups: dict[str, dict[str, Array]] = {"readout": {}, "raster": {}, "spikes": {}, "events": {}}
        try:
            for key, value in arrays.items():
                group, name = key.split("/", 1)
                groups[group][name] = value
            numbers = {key: content[key] for key in ("steps", "samples", "delay", "network")}
            activity = Activity(**numbers, spikes=groups["spikes"], events=groups["events"])
            return SpikeRecord(groups["readout"], activity, content["backend"], groups["raster"])
        except (KeyError, ValueError) as error:
            raise InvalidFile(f"{path} does not hold a valid record: {error}") from error

    def _winner(self) -> Array:
        readout = self.readout
        if readout.ndim != 3:
            raise InvalidInput(f"accuracy and agreement need a readout (T, B, classes), not {readout.shape}")
        return np.asarray(readout.argmax(axis=-1))

    def _like(self, reference: ArrayLike) -> Array:
        wanted = np.asarray(reference)
        if wanted.shape != self.readout.shape[1:]:
            raise InvalidInput(f"the reference {wanted.shape} must have the readout's shape {self.readout.shape[1:]}")
        return wanted
