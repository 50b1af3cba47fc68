"""The table `network.summary()` prints."""

from __future__ import annotations

from math import isfinite, prod

from . import escaping
from .counts import synapses
from .fan_out import laid_out
from .formatting import table
from .network import Network, Origin
from .nodes import Neuron


def summary(network: Network) -> str:
    """Return one row per node and a line of totals; products show their gating synapses in the S column with a dot.

    W is "tied" where an earlier node has the weights; a later time step of a recurrent cell shows whose it is.
    """
    counted = synapses(network)
    rows = []
    for node in network:
        origin = network.origins.get(node.name, Origin())
        shape = network.shapes[node.name]
        row = [node.name, _kind(node), origin.op or "–", "×".join(map(str, shape)) or "1"]
        first = network.moments.get(node.name, node.name)
        row.append(f"{prod(shape):,}" if isinstance(node, Neuron) else "–")
        found = counted.get(node.name)
        if first != node.name and (found is not None or isinstance(node, Neuron)):
            row[4:] = ["·" if isinstance(node, Neuron) else "–", "–", f"= {first}", "–"]
        elif found is None:
            row += ["–", "–", "–"]
        elif found.dynamic:
            row += ["–", f"·{found.dynamic:,}", "–"]
        else:
            reuse = f"{found.reuse:,.1f}" if found.weights else "–"
            reuse += f" × {found.moments} time steps" if found.moments > 1 else ""
            row += [f"{found.weights:,}" if found.weights else "tied", f"{found.unrolled:,}", reuse]
        rows.append(row)
    weights = sum(found.weights for found in counted.values())
    unrolled = sum(found.unrolled for found in counted.values())
    reuse = f"{unrolled / weights:,.1f}" if weights else "–"
    last = ["total", "", "", "", f"{network.bodies:,}", f"{weights:,}", f"{unrolled:,}", reuse]
    head = ["node", "kind", "source op", "shape", "neurons", "weights W", "synapses S", "reuse R"]
    depth = max((network.depth[out.name] for out in network.outputs), default=0)
    dynamic = sum(found.dynamic for found in counted.values())
    notes = f"\n{network.schedule} · {depth} neuron layers deep"
    if network.bodies != network.neurons:
        notes += f" · {network.neurons:,} neurons when every time step of a cell is laid out"
    laid = sum(laid_out(network).values())
    notes += f" · {laid:,} synapses when laid out without sharing"
    if dynamic:
        notes += f" · {dynamic:,} gating synapses (·) in products"
    return table(head, rows, last, left=4) + escaping.lines(notes + _errors(network))


def _errors(network: Network) -> str:
    """How far the outputs were from the source's when the network was converted; "" if nothing was measured."""
    errors = {node.name: network.origins.get(node.name, Origin()).error for node in network.outputs}
    known = [f"{escaping.cell(name)} {error:.2g}" for name, error in errors.items() if isfinite(error)]
    return f"\nrelative error after 8 ticks on the calibration samples: {', '.join(known)}" if known else ""


def _kind(node: object) -> str:
    if isinstance(node, Neuron):
        letters = "draft" if node.alphabet is None else str(node.alphabet.kind)
        if node.alphabet is not None and node.alphabet.kind == "graded":
            letters += f" ±{node.alphabet.levels}"
        return f"Neuron {letters}"
    return type(node).__name__
