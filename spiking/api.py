"""SpikingNetwork: the record of a network, and the verbs that stand before what reads, writes and runs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .coverage import Coverage, coverage
from .network import Network
from .store import load_network, save_network
from .summary import summary

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

    def summary(self) -> str:
        """Return a table: node, source op, shape, neurons, unique weights W, unrolled synapses S, reuse R = S/W."""
        return summary(self)

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
