"""Brian2: physically unrolled. Every use of a weight is one synapse, a neuron sends at most one spike a tick."""

from __future__ import annotations

from ..errors import CapacityError, InvalidInput
from ..fan_out import laid_out
from ..functions import Function
from ..groups import ArgMax
from ..network import Network
from .base import Backend, BatchResult, Inputs, Plan, Runner, joined
from .brian2_circuit import Circuit, generating
from .brian2_stages import lacks
from .compose import links

CODEGEN = ("numpy", "cython")
LARGEST = 100_000_000  # synapses of one sample: about 6 GB
TOGETHER = 20_000_000  # synapses of the samples that run side by side


class Brian2(Backend):
    """Brian2 with one synapse for every use of a weight, on a clock of 10 ms; float64.

    Inputs and products are populations too, and a bias is the synapse of an element that sends 1. A function that
    reads a group has helper populations, which are not counted. `codegen` is "numpy" (nothing to compile)
    or "cython".
    """

    name = "brian2"
    options = ("codegen",)

    def lacks(self, function: Function) -> bool:
        return lacks(function) and not isinstance(function, ArgMax)  # an output's, and readouts are decoded in NumPy

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
                return joined([circuit.run({name: given[cut] for name, given in x.items()}) for cut in cuts])

        return run


def _guard(network: Network) -> None:
    """Refuse what does not fit in memory, from shapes alone."""
    wanted = sum(laid_out(network).values())
    if wanted > LARGEST:
        raise CapacityError(
            f"backend 'brian2' lays out every synapse: {wanted:,} for one sample, more than {LARGEST:,}. "
            "Use backend 'norse', which shares weights, or a smaller network"
        )
