"""Backends that the conformance suite must not let pass: one refuses a node, two are broken on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from spiking import MatMul, SpikingNetwork, Weighted
from spiking.backends import BatchResult, Plan, Runner
from spiking.backends.base import Inputs, tally
from spiking.backends.reference import Reference

REASON = "two streams of spikes cannot meet on this chip"


class Refusing(Reference):
    """The reference, but for products of matrices."""

    name = "refusing"
    cannot: ClassVar[dict[type, str]] = {MatMul: REASON}


class Late(Reference):
    """The reference, with the first spike of the first sample one tick late."""

    name = "late"

    def prepare(self, network: SpikingNetwork, plan: Plan) -> Runner:
        right = super().prepare(network, replace(plan, keep=frozenset(n.name for n in network.populations)))

        def run(x: Inputs) -> BatchResult:
            result = right(x)
            for train in result.rasters.values():
                flat = train[:, 0].reshape(plan.steps, -1)
                moved = [(tick, k) for tick, k in zip(*flat.nonzero(), strict=True) if tick + 1 < plan.steps]
                if moved:
                    tick, k = moved[0]
                    flat[[tick, tick + 1], k] = 0.0, flat[tick, k]
                    train[:, 0] = flat.reshape(train[:, 0].shape)
                    break
            counts = {name: tally(train) for name, train in result.rasters.items()}
            return BatchResult(result.readouts, counts, {name: result.rasters[name] for name in plan.keep})

        return run


class Wrong(Reference):
    """The reference, with the second weight of the last weighted node 1/64 too large."""

    name = "wrong"

    def prepare(self, network: SpikingNetwork, plan: Plan) -> Runner:
        node = [n for n in network if isinstance(n, Weighted)][-1]
        weight = node.weight.copy()
        weight.flat[1] += 1 / 64
        damaged = replace(node, weight=weight)
        nodes = tuple(damaged if n is node else n for n in network)
        return super().prepare(replace(network, nodes=nodes), plan)


FAKES = {kind.name: ("engines", kind.__name__, str(kind.__doc__)) for kind in (Refusing, Late, Wrong)}
