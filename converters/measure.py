"""What a conversion says of its own result: how far from the source after a few ticks, and which neurons cause it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spiking import Neuron, Node, SpikingNetwork, SpikingWarning, run

from .methods.base import PROBE_TICKS, Method

Array = NDArray[Any]
NAMED = 3  # neurons that it names


def measured(
    network: SpikingNetwork, draft: SpikingNetwork, probe: Mapping[str, torch.Tensor], method: Method
) -> SpikingNetwork:
    """Return the network with its errors after a few ticks in its origins; warns if an output is far from the source.

    A neuron's error is the largest distance, an output's is ‖readout − y‖₂ / ‖y‖₂.
    """
    exact: dict[str, Array] = {}
    with torch.inference_mode():
        found = draft.dense()(**probe, watch=lambda name, y: exact.update({name: y.numpy()}))
    answers = found if isinstance(found, dict) else {network.outputs[0].name: found}
    record = run(network, probe, steps=PROBE_TICKS, backend="norse", record=True, progress=False)
    share = PROBE_TICKS if network.schedule == "rate" else 1
    sent = {name: train.sum(axis=0) / share for name, train in record.rasters.items()}
    errors = {name: float(np.abs(value - exact[name]).max()) for name, value in sent.items()}
    outputs = {name: _relative(record.readouts[name][-1], y.numpy()) for name, y in answers.items()}
    _warn(network, method, outputs, {name: _relative(value, exact[name]) for name, value in sent.items()})
    origins = dict(network.origins)
    for name, error in (errors | outputs).items():
        origins[name] = replace(origins[name], error=error)
    return replace(network, origins=origins)


def _relative(have: Array, want: Array) -> float:
    scale = float(np.linalg.norm(want))
    return float(np.linalg.norm(have - want)) / scale if scale else float("nan")


def _warn(network: SpikingNetwork, method: Method, outputs: dict[str, float], neurons: dict[str, float]) -> None:
    far = {name: error for name, error in outputs.items() if error > method.tolerated}
    if not far:
        return
    said = ", ".join(f"'{name}' {error:.2g}" for name, error in far.items())
    causes = [
        f"'{name}' ({network.origins[name].op}, {before:.2g} → {after:.2g})"
        for name, before, after in _causes(network, neurons)
    ]
    cause = f"; the error rises most at {', '.join(causes)}" if causes else ""
    warnings.warn(
        f"after {PROBE_TICKS} ticks on the calibration samples the spiking network is far from the source: relative "
        f"error {said}{cause}; {method.advice}",
        SpikingWarning,
        stacklevel=4,
    )


def _causes(network: SpikingNetwork, errors: dict[str, float]) -> list[tuple[str, float, float]]:
    """The neurons at which the relative error rises most, with the largest of what feeds them and their own."""
    rises: list[tuple[str, float, float]] = []

    def follow(node: Node, above: list[float]) -> float:
        before = max(above, default=0.0)
        if not isinstance(node, Neuron):
            return before
        after = errors[node.name]
        if after > before:
            rises.append((node.name, before, after))
        return after if np.isfinite(after) else before

    network.propagate(follow)
    return sorted(rises, key=lambda rise: rise[1] - rise[2])[:NAMED]
