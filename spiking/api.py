"""SpikingNetwork: the record of a network, and the verbs that stand before what reads, writes and runs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .coverage import Coverage, coverage
from .network import Network
from .store import load_network, save_network
from .summary import Depth, summary, summary_html

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import nn

    from .backends.generate import Generation


@dataclass(frozen=True, eq=False, repr=False)
class SpikingNetwork(Network):
    """Named nodes in topological order; NumPy arrays only, no batch, no time.

        sigma-delta   input and biases are injected at tick 1; the readout is a running sum
        rate          input and biases are injected every tick; the readout is a running mean

    `method` names the conversion that made it, `origins` say where each node came from. torch is imported by the
    first call of `module`, `generate` or `dense`.
    """

    def summary(self, depth: Depth = "auto") -> str:
        """Return a table of blocks, the nodes whose names share their first `depth` components.

        depth   a whole number; "auto": the largest that gives at most 24 rows; None: a row for every node

        A block has the kinds it holds and how many of each, the shape of its last node, neurons, unique weights W,
        unrolled synapses S, reuse R = S/W, gating synapses in products, the alphabets and units of its neurons
        (units in those of the source activation), its depth in neuron layers (with delay 1 the ticks at which it
        first sends), and the error seen in calibration: the largest distance of what a neuron had sent from the
        source activation, and of an output the relative error in %. Wiring, linear maps without weights, is counted
        in the block of its name, or in the row "(wiring)". A recurrent cell counts once in space.

        Raises InvalidInput for a depth that is none.
        """
        return summary(self, depth)

    def _repr_html_(self) -> str:
        """Return the blocks as a table for a notebook."""
        return summary_html(self)

    def coverage(self) -> Coverage:
        """Return how much of the source's arithmetic is done by events, and what needs an arithmetic unit."""
        return coverage(self)

    def save(self, path: str | Path) -> None:
        """Write the network as .npz, without pickle and atomically."""
        save_network(self, path)

    @staticmethod
    def load(path: str | Path) -> SpikingNetwork:
        """Read a network written by `save`; raises InvalidFile if it is not ours, is cut short or was altered."""
        return load_network(path, SpikingNetwork)

    def module(self, steps: int, *, delay: int = 0, wavefront: bool | None = None) -> nn.Module:
        """Return a torch.nn.Module that runs `steps` ticks on Norse: forward(x) -> readout at the last tick."""
        from .backends.norse import module

        return module(self.valued(), steps, delay=delay, wavefront=wavefront)

    def generate(
        self, ids: ArrayLike, *, steps: int, max_new_tokens: int, device: str = "cpu", dtype: str = "float32"
    ) -> Generation:
        """Return the greedy continuation of a prompt by a language model, `steps` ticks with delay 0 for each token.

        ids  (n,) or (B, n); prompt and new tokens must fit the length L the network was captured at. What a position
        has sent is kept, so a token costs what it adds and the keys it reads, not the text read again.

        Raises InvalidInput (all at once), UnsupportedNode (every node that mixes positions in another way than
        causal attention).
        """
        from .backends.generate import generate

        return generate(self.valued(), ids, steps=steps, max_new_tokens=max_new_tokens, device=device, dtype=dtype)

    def dense(self) -> nn.Module:
        """Return a torch.nn.Module of the same function without spikes: every neuron sends f(a)."""
        from .backends.dense import dense

        return dense(self.valued())
