"""Whether numbers fit the floating-point type that an engine computes in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidInput, InvalidNetwork
from .network import Network
from .nodes import Neuron, Node

Array = NDArray[Any]


def inputs_fit(x: Mapping[str, Array], dtype: str) -> None:
    """Raise InvalidInput for values beyond the largest of a type: they would become infinite."""
    limit = float(np.finfo(dtype).max)
    for name, value in x.items():
        largest = float(np.abs(value).max(initial=0)) if value.dtype.kind == "f" else 0.0
        if largest > limit:
            raise InvalidInput(
                f"the inputs do not fit the network:\n  '{name}' holds values up to {largest:.3g}; the backend "
                f"computes in {dtype}, which ends at {limit:.3g}: {_way(dtype)}"
            )


def network_fits(network: Network, dtype: str) -> None:
    """Raise InvalidNetwork for parameters that become infinite in a type, and units that become 0: all at once."""
    faults = [f"'{node.name}': {fault}" for node in network for fault in _misfits(node, dtype)]
    if faults:
        what = f"{len(faults)} parameter(s) do not fit {dtype}, in which the backend computes: {_way(dtype)}"
        raise InvalidNetwork(what, faults)


def results_fit(readouts: Mapping[str, Array], lost: Collection[str], dtype: str) -> None:
    """Raise InvalidNetwork if a neuron or a readout left the numbers of a type: what follows from it is no answer."""
    faults = [f"neuron '{name}' holds NaN or infinite values" for name in sorted(lost)]
    faults += [
        f"the readout of '{name}' is NaN or infinite" for name, y in readouts.items() if not np.isfinite(y).all()
    ]
    if faults:
        what = f"the run left the numbers of {dtype}, in which the backend computes, in {len(faults)} place(s)"
        raise InvalidNetwork(f"{what}: {_way(dtype)}", faults)


def _misfits(node: Node, dtype: str) -> Iterator[str]:
    limit, least = float(np.finfo(dtype).max), float(np.finfo(dtype).tiny)
    for held in fields(node):
        value = getattr(node, held.name)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and float(np.abs(value).max(initial=0)) > limit:
            yield f"{held.name} reaches {np.abs(value).max():.3g}"
    if isinstance(node, Neuron) and node.alphabet is not None:
        unit = node.alphabet.unit
        if unit.max() > limit / node.alphabet.reach or unit.min() < least:
            yield f"its unit {unit.min():.3g} … {unit.max():.3g}, with {node.alphabet.levels} levels"


def _way(dtype: str) -> str:
    return "scale them" if dtype == "float64" else "scale them, or run with dtype='float64'"
