"""What happened in a run: the readout tick by tick, and the activity that a cost is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import arguments
from .arguments import LONGEST, array, whole
from .errors import InvalidFile, InvalidInput
from .fields import Entries, mistyped
from .files import write_text
from .formatting import csv_text
from .record_table import COLUMNS, Line, data_frame, long_lines, totals_html
from .store import read, write

Array = NDArray[Any]
Values = Annotated[Array, Entries("fiu")]
Classes = Annotated[Array, Entries("iu", 1)]
Curve = Annotated[NDArray[np.float64], Entries("f", 1)]


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
    labels     (B,): the classes that came with the inputs, None if none did
    saturated  neuron node -> share of its neurons that after the last tick keep more than one spike sends: too few
               ticks, or an input far beyond calibration
    """

    readouts: Mapping[str, Values]
    activity: Activity
    backend: str
    rasters: Mapping[str, Values] = field(default_factory=dict)
    labels: Classes | None = None
    saturated: Mapping[str, float] = field(default_factory=dict)

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

    def accuracy(self, labels: ArrayLike | None = None, *, top: int = 1) -> Curve:
        """Return the share of samples whose label has one of the `top` largest readouts, for each tick (T,).

        labels   whole numbers (B,); by default those that came with the inputs
        """
        scores = self._scores()
        if labels is None and self.labels is None:
            raise InvalidInput("the inputs of this run came without labels; give accuracy(labels)")
        truth = array(self.labels if labels is None else labels).ravel()
        if len(truth) != scores.shape[1]:
            raise InvalidInput(f"{len(truth)} labels for {scores.shape[1]} samples")
        if truth.dtype.kind not in "iufb" or np.any(truth != np.floor(truth)):
            raise InvalidInput(f"labels must be whole numbers, one for each sample, not {truth.dtype}")
        classes = scores.shape[2]
        if np.any((truth < 0) | (truth >= classes)):
            raise InvalidInput(f"labels must lie in 0 … {classes - 1}, not {truth.min():g} … {truth.max():g}")
        if whole("top", top, 1, classes) == 1:
            return np.asarray((scores.argmax(axis=-1) == truth).mean(axis=1))
        best = np.argsort(-scores, axis=-1, kind="stable")[..., :top]
        return np.asarray((best == truth[:, None]).any(axis=-1).mean(axis=1))

    def agreement(self, reference: Any) -> Curve:
        """Return the share of samples with the same winner as the reference output (B, C), for each tick (T,).

        reference   an array, a tensor, or what the source returned: a dict or a tuple with the output in it
        """
        wanted = self._like(reference).argmax(axis=-1)
        return np.asarray((self._scores().argmax(axis=-1) == wanted).mean(axis=1))

    def relative_error(self, reference: Any) -> Curve:
        """Return ‖readout − reference‖₂ / ‖reference‖₂ over all samples, for each tick (T,)."""
        wanted = self._like(reference).astype(np.float64)  # squares of what float32 holds may be 0 in it
        scale = float(np.linalg.norm(wanted))
        if scale == 0:
            raise InvalidInput("the reference is zero everywhere: a relative error against it has no meaning")
        gap = (self.readout - wanted).reshape(self.steps, -1)
        return np.asarray(np.linalg.norm(gap, axis=1) / scale)

    def to_dataframe(self) -> Any:
        """Return the activity as a pandas.DataFrame, a row for each layer and tick.

            layer      node
            step       tick, 1 … T
            spikes     non-zero values the node sends at this tick, per sample
            events     synaptic events that arrive at the node at this tick, per sample
            saturated  share of its neurons left with more than one spike sends, on the row of the last tick

        NaN where a node has no such figure. `attrs` of the frame has samples, steps, delay, backend and network.

        Raises MissingPackage without pandas; `to_csv` writes the same table without it.
        """
        frame = data_frame(self._lines())
        a = self.activity
        about = {"samples": a.samples, "steps": a.steps, "delay": a.delay, "backend": self.backend}
        frame.attrs.update({**about, "network": a.network})
        return frame

    def to_csv(self, path: str | Path) -> None:
        """Write the table of `to_dataframe` as CSV, whole or not at all; empty where a node has no such figure.

        A name that a spreadsheet would take for a formula (= + - @ first) gets an apostrophe in front.
        """
        write_text(arguments.path("path", path), csv_text(COLUMNS, self._lines()))

    def _repr_html_(self) -> str:
        """Return spikes and events of each layer, summed over the ticks, as a table for a notebook."""
        return totals_html(repr(self), self.activity.spikes, self.activity.events, self.saturated)

    def save(self, path: str | Path) -> None:
        """Write the record as .npz, without pickle and atomically."""
        arrays: dict[str, Array] = {}
        a = self.activity
        groups = {"readout": self.readouts, "raster": self.rasters, "spikes": a.spikes, "events": a.events}
        for group, table in groups.items():
            arrays.update({f"{group}/{name}": value for name, value in table.items()})
        arrays.update({f"saturated/{name}": np.array(share) for name, share in self.saturated.items()})
        if self.labels is not None:
            arrays["labels/labels"] = self.labels
        content = {"steps": a.steps, "samples": a.samples, "delay": a.delay, "network": a.network}
        write(path, "record", {**content, "backend": self.backend}, arrays)

    @staticmethod
    def load(path: str | Path) -> SpikeRecord:
        """Read a record written by `save`; raises InvalidFile if it is not ours, is cut short or was altered."""
        content, arrays = read(path, "record")
        kinds = ("readout", "raster", "spikes", "events", "labels", "saturated")
        groups: dict[str, dict[str, Array]] = {kind: {} for kind in kinds}
        try:
            for key, value in arrays.items():
                group, name = key.split("/", 1)
                groups[group][name] = value
            numbers = {key: content[key] for key in ("steps", "samples", "delay", "network")}
            activity = Activity(**numbers, spikes=groups["spikes"], events=groups["events"])
            labels = groups["labels"].get("labels")
            shares = groups["saturated"].items()
            saturated: Any = {name: value if value.ndim else value.item() for name, value in shares}
            made = SpikeRecord(groups["readout"], activity, content["backend"], groups["raster"], labels, saturated)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidFile(f"{path} does not hold a valid record: {error}") from error
        faults = mistyped(made) or list(made._faults())
        if faults:
            raise InvalidFile("\n  ".join([f"{path} does not hold a valid record:", *faults]))
        return made

    def _faults(self) -> Iterator[str]:
        """Yield where a record whose fields have their types contradicts itself: all arrays have its ticks, samples."""
        a = self.activity
        if not (1 <= a.steps <= LONGEST and a.samples >= 1 and a.delay in (0, 1)):
            yield f"a run of {a.steps} ticks, {a.samples} samples and delay {a.delay} is impossible"
        if not self.readouts:
            yield "it has no readout"
        for group, table in (("readout", self.readouts), ("raster", self.rasters)):
            for name, values in table.items():
                if values.shape[:2] != (a.steps, a.samples):
                    yield f"{group} '{name}' {values.shape} must begin with {(a.steps, a.samples)}: ticks, samples"
                elif not np.all(np.isfinite(values)):
                    yield f"{group} '{name}' has NaN or infinite entries"
        for group, table in (("spikes", a.spikes), ("events", a.events)):
            for name, curve in table.items():
                if curve.shape != (a.steps,):
                    yield f"{group} of '{name}' {curve.shape} must be one number for each of {a.steps} ticks"
                elif not np.all(np.isfinite(curve) & (curve >= 0)):
                    yield f"{group} of '{name}' are NaN, infinite or negative"
        if self.labels is not None and self.labels.shape != (a.samples,):
            yield f"labels {self.labels.shape} must be one for each of {a.samples} samples"
        yield from (
            f"saturated '{name}' is {share}, no share" for name, share in self.saturated.items() if not 0 <= share <= 1
        )

    def _lines(self) -> list[Line]:
        return long_lines(self.steps, self.activity.spikes, self.activity.events, self.saturated)

    def _scores(self) -> Array:
        readout = self.readout
        if readout.ndim != 3:
            raise InvalidInput(f"accuracy and agreement need a readout (T, B, classes), not {readout.shape}")
        return readout

    def _like(self, reference: Any) -> Array:
        wanted = array(self._output_of(reference))
        if wanted.shape != self.readout.shape[1:]:
            raise InvalidInput(f"the reference {wanted.shape} must have the readout's shape {self.readout.shape[1:]}")
        if wanted.dtype.kind not in "fiub":
            raise InvalidInput(f"the reference must be real numbers, not {wanted.dtype}")
        if not np.all(np.isfinite(wanted)):
            raise InvalidInput(f"the reference holds {np.count_nonzero(~np.isfinite(wanted))} NaN or infinite values")
        return wanted

    def _output_of(self, reference: Any) -> Any:
        """The readout's counterpart in a structured output, by name, or the only array in it."""
        if hasattr(reference, "shape"):
            return reference
        if isinstance(reference, Mapping):
            table = dict(reference)
        elif isinstance(reference, tuple) and any(hasattr(value, "shape") for value in reference):
            table = dict(zip(map(str, range(len(reference))), reference, strict=True))
        elif is_dataclass(reference):
            table = {held.name: getattr(reference, held.name) for held in fields(reference)}
        else:
            return reference
        (name,) = self.readouts
        arrays = {key: value for key, value in table.items() if hasattr(value, "shape")}
        if name in arrays:
            return arrays[name]
        if len(arrays) == 1:
            return next(iter(arrays.values()))
        raise InvalidInput(
            f"the reference has {', '.join(map(str, table)) or 'nothing'}, and no '{name}': give that one"
        )
