"""What is wrong with the nodes of a network: their fields, their names and edges, and the shapes that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from .fields import DEEPEST, MOST, mistyped, unreal
from .functions import Shape
from .nodes import Node, Output

Nodes = Sequence[Node]


def label(node: Node) -> str:
    """Return a node as a fault names it."""
    return f"{type(node).__name__} '{node.name}'"


def unnamed(nodes: object) -> Iterator[str]:
    """Yield one line for each node without which nothing else can be said: no node at all, no name, no inputs."""
    if not isinstance(nodes, tuple):
        yield f"nodes must be a tuple, not a {type(nodes).__name__}"
        return
    for at, node in enumerate(nodes):
        if not isinstance(node, Node):
            yield f"node {at} is a {type(node).__name__}, not a node"
            continue
        for fault in mistyped(node):
            if fault.startswith(("name ", "inputs")):
                yield f"{type(node).__name__} {at}: {fault}"


def edges(nodes: Nodes) -> Iterator[str]:
    """Yield one line for each name that is empty or used twice, and each input that is not there."""
    seen: dict[str, Node] = {}
    names = {node.name for node in nodes}
    for node in nodes:
        if not node.name:
            yield f"a {type(node).__name__} has no name"
        if node.name in seen:
            yield f"{label(node)}: the name is used twice"
        for name in node.inputs:
            if name not in names:
                yield f"{label(node)}: input '{name}' does not exist"
            elif name not in seen:
                yield f"{label(node)}: input '{name}' comes after it; nodes must be in topological order"
            elif isinstance(seen[name], Output):
                yield f"{label(node)}: input '{name}' is an output, which nothing can read"
        yield from (f"{label(node)}: {fault}" for fault in contents(node))
        seen[node.name] = node


def contents(node: Node) -> Iterator[str]:
    """Yield what is wrong with a node by itself; what it means is asked only of fields that have their types."""
    wrong = mistyped(node)
    yield from wrong
    if not wrong:
        yield from unreal(node)
        yield from node.faults()


def inferred(nodes: Nodes) -> tuple[dict[str, Shape], list[str]]:
    """Return the output shape of every node that has one, and a line for each whose shape does not follow."""
    shapes: dict[str, Shape] = {}
    faults = []
    for node in nodes:
        if any(name not in shapes for name in node.inputs) or mistyped(node):
            continue  # reported as a dangling input, the input's own fault, or a field of the wrong type
        wanted = node.arity
        if (wanted >= 0 and len(node.inputs) != wanted) or (wanted < 0 and len(node.inputs) < 2):
            need = "at least 2" if wanted < 0 else str(wanted)
            faults.append(f"{label(node)}: needs {need} input(s), has {len(node.inputs)}")
            continue
        try:
            shapes[node.name] = _possible(node.infer(*(shapes[name] for name in node.inputs)))
        except (ValueError, TypeError, ArithmeticError) as error:
            faults.append(f"{label(node)}: {error}")
    return shapes, faults


def _possible(shape: Shape) -> Shape:
    """The shape itself, if an engine can hold an array of it."""
    if len(shape) > DEEPEST:
        raise ValueError(f"a shape of {len(shape)} axes is too deep; {DEEPEST} are possible")
    if min(shape, default=1) < 1:
        raise ValueError(f"the shape {shape} holds nothing; every axis must be at least 1")
    if prod(shape) > MOST:
        raise ValueError(f"the shape {shape} has too many entries; {MOST:,} are possible")
    return shape
