"""Graded spikes that carry what changed: the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, floor, log2
from typing import ClassVar

import numpy as np
from torch import Tensor, inference_mode

from spiking import InvalidInput, Neuron, SpikingNetwork, arguments, graded, run

from ..calibrate import Range
from .base import PROBE_TICKS, Method

FINEST = 9  # halvings of the unit that "auto" tries
PRECISIONS = {"fast": 1 / 4, "default": 1 / 8, "exact": 1 / 16}


@dataclass(frozen=True)
class SigmaDelta(Method):
    """Sigma-delta coding with signed power-of-two spikes.

        u = α·rms(f(a)) over the calibration data, one for each layer; where all f(a) are whole numbers, as those of
            masks and counts, the power of two below that, 1 at most: they are sums of spikes
        K = 1 + ⌈log2(max|f(a)| / 1.5u)⌉ levels

    precision  α: "fast" 1/4, "default" 1/8, "exact" 1/16, or a number; smaller is more exact and sends more;
               "auto": the coarsest of 1/2, 1/4, … within `error` after eight ticks on the first calibration samples
    error      largest relative L2 error of the outputs that "auto" accepts
    window     ticks a neuron stays open behind the wavefront, under delay 1
    """

    name: ClassVar[str] = "sigma-delta"
    citation: ClassVar[str] = (
        "Yoon 2016, arXiv:1610.00355 (sigma-delta neurons); multi-threshold neurons after Huang et al. 2024 (ECMT) "
        "and Huang et al. 2025 (differential coding)"
    )

    advice: ClassVar[str] = "run more ticks, or convert with a finer precision (precision='auto' looks for one)"

    precision: str | float = "default"
    error: float = 0.05
    window: int = 3

    def __post_init__(self) -> None:
        if isinstance(self.precision, str) and self.precision not in (*PRECISIONS, "auto"):
            known = ", ".join(PRECISIONS)
            raise InvalidInput(f"precision must be one of {known}, auto, or a number, not '{self.precision}'")
        if not isinstance(self.precision, str):
            arguments.real("precision", self.precision, f"one of {', '.join(PRECISIONS)}, auto, or a number")
        arguments.whole("window", self.window)
        arguments.real("error", self.error)
        if not 0 < self.error < 1:
            raise InvalidInput(f"error must lie in (0, 1), not {self.error}")
        if not 0 < self.alpha <= 4:
            raise InvalidInput(f"precision must lie in (0, 4], not {self.precision}")

    @property
    def alpha(self) -> float:
        """The unit as a fraction of the layer's rms."""
        return PRECISIONS.get(self.precision, 1.0) if isinstance(self.precision, str) else float(self.precision)

    @property
    def tolerated(self) -> float:  # type: ignore[override]
        """Relative error above which `convert` warns: what "auto" was asked for, if that is more than usual."""
        return max(Method.tolerated, self.error) if self.precision == "auto" else Method.tolerated

    def settled(self, network: SpikingNetwork, ranges: dict[str, Range], probe: Mapping[str, Tensor]) -> SigmaDelta:
        if self.precision != "auto":
            return self
        with inference_mode():
            found = network.dense()(**probe)
        exact = found if isinstance(found, dict) else {network.outputs[0].name: found}
        size = np.hypot.reduce([float(y.norm()) for y in exact.values()])
        reached = []
        for halvings in range(1, FINEST + 1):
            method = replace(self, precision=2.0**-halvings)
            record = run(method.assign(network, ranges), probe, steps=PROBE_TICKS, backend="norse", progress=False)
            gaps = [float(np.linalg.norm(record.readouts[name][-1] - y.numpy())) for name, y in exact.items()]
            reached.append(float(np.hypot.reduce(gaps) / size))
            if reached[-1] <= self.error:
                return method
        best = min(reached)
        raise InvalidInput(
            f"no precision down to 1/{2**FINEST} reaches a relative error of {self.error} after {PROBE_TICKS} ticks; "
            f"the best reached {best:.3g}: allow that much, or give a precision and run more ticks"
        )

    def assign(self, network: SpikingNetwork, ranges: dict[str, Range]) -> SpikingNetwork:
        nodes = []
        for node in network:
            if isinstance(node, Neuron):
                seen = ranges[node.name]
                unit = float(np.float32(self.alpha * seen.rms))  # the same unit in every engine, whatever its width
                if seen.whole:
                    unit = min(1.0, 2.0 ** floor(log2(unit)))
                levels = 1 + max(ceil(log2(seen.largest / (1.5 * unit))), 0)
                node = replace(node, alphabet=graded(unit, levels))
            nodes.append(node)
        made = replace(network, nodes=tuple(nodes), schedule="sigma-delta", method=self.name)
        return made.wavefront(self.window)
