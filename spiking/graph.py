"""The network as a picture: Graphviz dot text, or SVG where Graphviz is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from . import escaping
from .counts import synapses
from .errors import InvalidInput, SpikingError
from .files import write_text
from .linear_maps import Weighted
from .network import Network, Origin
from .nodes import Input, Neuron, Node, Output, Product

LOOKS: tuple[tuple[type[Node], str], ...] = (
    (Input, 'shape=cds, fillcolor="#e5e5e5"'),
    (Output, 'shape=cds, fillcolor="#e5e5e5"'),
    (Neuron, 'shape=ellipse, fillcolor="#cfe3f3"'),
    (Product, 'shape=diamond, fillcolor="#f6dcc4"'),
    (Weighted, 'shape=box, fillcolor="#d8ecd8"'),
    (Node, 'shape=box, fillcolor="#ffffff", color="#999999"'),
)


def dot(network: Network) -> str:
    """Return the network as dot text: a box for weights, an ellipse for neurons, a diamond for products."""
    counted = synapses(network)
    lines = ["digraph network {", "  rankdir=TB;", '  node [style=filled, fontname="Helvetica", fontsize=10];']
    for node in network:
        look = next(style for kind, style in LOOKS if isinstance(node, kind))
        shape = "×".join(map(str, network.shapes[node.name])) or "1"
        op = network.origins.get(node.name, Origin()).op
        words = [node.name, " ".join(word for word in (type(node).__name__, op and f"({op})", shape) if word)]
        if node.name in counted and counted[node.name].weights:
            words.append(f"W {counted[node.name].weights:,}")
        lines.append(f"  {escaping.dot(node.name)} [{look}, label={escaping.dot(*words)}];")
    lines += [
        f"  {escaping.dot(above)} -> {escaping.dot(node.name)};"
        for node in network
        for above in dict.fromkeys(node.inputs)
    ]
    return "\n".join([*lines, "}", ""])


def draw(network: Network, path: str | Path) -> Path:
    """Write the picture to a .dot or .svg file and return where; without Graphviz an .svg becomes a .dot beside it."""
    target = Path(path)
    if target.suffix not in (".dot", ".svg"):
        raise InvalidInput(f"a drawing of a network ends with .dot or .svg, not '{target.suffix}'")
    program = shutil.which("dot")
    if target.suffix == ".svg" and program:
        done = subprocess.run(
            [program, "-Tsvg"], input=dot(network), capture_output=True, encoding="utf-8", check=False
        )
        if done.returncode:
            raise SpikingError(f"Graphviz could not draw the network ({done.stderr.strip()}); write a .dot file")
        write_text(target, done.stdout)
        return target
    target = target.with_suffix(".dot")
    write_text(target, dot(network))
    return target
