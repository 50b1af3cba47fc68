"""The table `network.summary()` prints, and the one a notebook shows."""

from __future__ import annotations

from math import isfinite, prod
from typing import Any, Literal, NamedTuple

from . import escaping
from .arguments import whole
from .blocks import WIRING, Block, finest, grouped, letters
from .counts import Synapses, synapses
from .errors import InvalidInput
from .fan_out import laid_out
from .formatting import html_table, table
from .network import Network, Origin
from .nodes import Neuron

Depth = int | Literal["auto"] | None
HEAD = ["block", "holds", "shape", "neurons", "weights W", "synapses S", "reuse R"]
MORE = ["gating", "alphabet", "unit", "depth", "error"]  # each is left out where no row has any


class Rows(NamedTuple):
    """A table before it is text."""

    head: list[str]
    rows: list[list[str]]
    last: list[str]
    left: int


def summary(network: Network, depth: Depth = "auto") -> str:
    """Return one row per block, or per node with depth None, and a line of totals.

    Raises InvalidInput for a depth that is none.
    """
    found = _rows(network, depth)
    laid = sum(laid_out(network).values())
    notes = f"{_deep(network)} · {laid:,} synapses when laid out without sharing"
    dynamic = sum(found.dynamic for found in synapses(network).values())
    if dynamic:
        notes += f" · {dynamic:,} gating synapses (·) in products"
    return "\n".join([table(found.head, found.rows, found.last, found.left), escaping.lines(notes + _errors(network))])


def summary_html(network: Network) -> str:
    """Return the blocks as a table for a notebook."""
    found = _rows(network, "auto")
    note = _deep(network) + _errors(network)
    return html_table(found.head, found.rows, found.last, found.left, title=repr(network), note=note)


def _rows(network: Network, depth: Any) -> Rows:
    if depth is None:
        return _by_node(network)
    if isinstance(depth, str) and depth == "auto":
        return _by_block(grouped(network, finest(network)))
    try:
        return _by_block(grouped(network, whole("depth", depth)))
    except InvalidInput as error:
        raise InvalidInput(f'{error}; "auto" picks one, None shows every node') from None


def _by_block(blocks: list[Block]) -> Rows:
    total = Block("total")
    for block in blocks:
        for name in ("nodes", "neurons", "weights", "synapses", "gating"):
            setattr(total, name, getattr(total, name) + getattr(block, name))
    rows = [_cells(block) for block in blocks]
    last = ["total", f"{total.nodes:,} nodes", "", f"{total.neurons:,}", f"{total.weights:,}", f"{total.synapses:,}"]
    last += [f"{total.reuse:,.1f}" if total.weights else "–", f"·{total.gating:,}", "", "", "", ""]
    head = HEAD + MORE
    kept = [i for i, title in enumerate(head) if title in HEAD or any(row[i] != "–" for row in rows)]
    return Rows([head[i] for i in kept], [[row[i] for i in kept] for row in rows], [last[i] for i in kept], 3)


def _cells(block: Block) -> list[str]:
    shape = "–" if block.name == WIRING else "×".join(map(str, block.shape)) or "1"
    tied = "tied" if block.synapses else "–"
    return [
        block.name,
        _holds(block),
        shape,
        f"{block.neurons:,}" if block.neurons else "–",
        f"{block.weights:,}" if block.weights else tied,
        f"{block.synapses:,}" if block.synapses else "–",
        f"{block.reuse:,.1f}" if block.weights else "–",
        f"·{block.gating:,}" if block.gating else "–",
        _ends(sorted(block.alphabets, key=lambda name: block.alphabets[name])).replace("…graded ±", "…"),
        _ends([f"{unit:.2g}" for unit in block.units or ()]),
        _ends([f"{layer:,}" for layer in block.depths or ()]),
        _error(block),
    ]


def _holds(block: Block) -> str:
    """Kinds and counts: "Linear, 3 Neuron, 12 wiring × 28 time steps"."""
    parts = [f"{many:,} {kind}" if many > 1 else kind for kind, many in block.kinds.items()]
    parts += [f"{block.wiring:,} wiring"] if block.wiring else []
    return ", ".join(parts) + (f" × {block.moments:,} time steps" if block.moments > 1 else "")


def _ends(names: list[str]) -> str:
    """The first and the last: "2…5", or "2" if they are the same; "–" for none."""
    return "…".join(dict.fromkeys([names[0], names[-1]])) if names else "–"


def _error(block: Block) -> str:
    """Of neurons in units of the activation, of an output as a share."""
    known = [f"{block.error:.2g}"] if isfinite(block.error) else []
    known += [f"{100 * block.relative:.2g} %"] if isfinite(block.relative) else []
    return ", ".join(known) or "–"


def _by_node(network: Network) -> Rows:
    """A row per node; products show their gating synapses in the S column with a dot.

    W is "tied" where an earlier node has the weights; a later time step of a recurrent cell shows whose it is.
    """
    counted = synapses(network)
    rows = []
    for node in network:
        origin = network.origins.get(node.name, Origin())
        shape = network.shapes[node.name]
        row = [node.name, _kind(node), origin.op or "–", "×".join(map(str, shape)) or "1"]
        first = network.moments.get(node.name, node.name)
        found = counted.get(node.name)
        if first != node.name and (found is not None or isinstance(node, Neuron)):
            row += ["·" if isinstance(node, Neuron) else "–", "–", f"= {first}", "–"]
        else:
            row += [f"{prod(shape):,}" if isinstance(node, Neuron) else "–", *_synapses(found)]
        rows.append(row)
    weights = sum(found.weights for found in counted.values())
    unrolled = sum(found.unrolled for found in counted.values())
    reuse = f"{unrolled / weights:,.1f}" if weights else "–"
    last = ["total", "", "", "", f"{network.bodies:,}", f"{weights:,}", f"{unrolled:,}", reuse]
    return Rows(["node", "kind", "source op", *HEAD[2:]], rows, last, 4)


def _synapses(found: Synapses | None) -> list[str]:
    """W, S and R of a node."""
    if found is None:
        return ["–", "–", "–"]
    if found.dynamic:
        return ["–", f"·{found.dynamic:,}", "–"]
    reuse = f"{found.reuse:,.1f}" if found.weights else "–"
    reuse += f" × {found.moments} time steps" if found.moments > 1 else ""
    return [f"{found.weights:,}" if found.weights else "tied", f"{found.unrolled:,}", reuse]


def _deep(network: Network) -> str:
    depth = max((network.depth[out.name] for out in network.outputs), default=0)
    text = f"{network.schedule} · {depth} neuron layers deep"
    if network.bodies != network.neurons:
        text += f" · {network.neurons:,} neurons when every time step of a cell is laid out"
    return text


def _errors(network: Network) -> str:
    """How far the outputs were from the source's when the network was converted; "" if nothing was measured."""
    errors = {node.name: network.origins.get(node.name, Origin()).error for node in network.outputs}
    known = [f"{escaping.cell(name)} {error:.2g}" for name, error in errors.items() if isfinite(error)]
    return f"\nrelative error after 8 ticks on the calibration samples: {', '.join(known)}" if known else ""


def _kind(node: object) -> str:
    if isinstance(node, Neuron):
        return "Neuron draft" if node.alphabet is None else f"Neuron {letters(node.alphabet)}"
    return type(node).__name__
