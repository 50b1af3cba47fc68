"""Brian2: physically unrolled. Every use of a weight is one synapse, a neuron sends at most one spike a tick."""

from __future__ import annotations

import numpy as np

from ..counts import count
from ..errors import CapacityError, InvalidInput
from ..linear_maps import Weighted
from ..network import Network
from ..nodes import Product
from .base import Backend, BatchResult, Inputs, Plan, Runner
from .brian2_circuit import Circuit, generating
from .compose import links

CODEGEN = ("numpy", "cython")
LARGEST = 100_000_000  # synapses of one sample: about 6 GB
TOGETHER = 20_000_000  # synapses of the samples that run side by side


class Brian2(Backend):
    """Brian2 with one synapse for every use of a weight, on a clock of 10 ms; float64.

    Inputs and products are populations too, and a bias is the synapse of an element that sends 1. A function that
    reads a group has helper populations, which are no part of the account. `codegen` is "numpy" (nothing to compile)
    or "cython".
    """

    name = "brian2"
    options = ("codegen",)

    def prepare(self, network: Network, plan: Plan) -> Runner:
        """Unroll the network; raises CapacityError if one sample has too many synapses, InvalidInput (codegen)."""
        target = plan.options.get("codegen", "numpy")
        if target not in CODEGEN:
            raise InvalidInput(f"codegen must be one of {', '.join(CODEGEN)}, not '{target}'")
        _guard(network)
        found = links(network)
        together = max(1, TOGETHER // max(1, sum(link.wires.pre.size for link in found)))
        circuit: Circuit | None = None

        def run(x: Inputs) -> BatchResult:
            nonlocal circuit
            batch = len(next(iter(x.values())))
            copies = max(1, min(batch, together))
            with generating(target):
                if circuit is None or circuit.copies < copies:
                    circuit = Circuit(network, plan, found, copies)
                cuts = [slice(k, k + circuit.copies) for k in range(0, max(1, batch), circuit.copies)]
                return _joined([circuit.run({name: given[cut] for name, given in x.items()}) for cut in cuts])

        return run


def _guard(network: Network) -> None:
    """Refuse what does not fit in memory, from counts alone; each moment of a recurrent cell is laid out."""
    weighted = [node for node in network if isinstance(node, Weighted | Product)]
    counts = [count(node, *(network.shapes[name] for name in node.inputs)) for node in weighted]
    wanted = sum(s.physical * s.moments + 3 * s.dynamic for s in counts)  # a gate has two ways in, one out
    if wanted > LARGEST:
        raise CapacityError(
            f"backend 'brian2' lays out every synapse: {wanted:,} for one sample, more than {LARGEST:,}. "
            "Use backend 'norse', which shares weights, or a smaller network"
        )


def _joined(parts: list[BatchResult]) -> BatchResult:
    first = parts[0]
    return BatchResult(
        {name: np.concatenate([p.readouts[name] for p in parts], axis=1) for name in first.readouts},
        {name: np.sum([p.counts[name] for p in parts], axis=0) for name in first.counts},
        {name: np.concatenate([p.rasters[name] for p in parts], axis=1) for name in first.rasters},
    )
