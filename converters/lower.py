"""Lower: every captured call becomes nodes of the spiking vocabulary, or a line of one error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch

from spiking import Input, InvalidInput, Node, Origin, Output, SpikingNetwork, UnsupportedOperation

from .builder import Builder, Misfit, Reject, Stream
from .program import Graph, Op, Ref, references
from .rules.registry import find

CASTS = ("to", "_to_copy")


def lower(graph: Graph) -> SpikingNetwork:
    """Return the network with draft neurons.

    Raises UnsupportedOperation naming every call without a rule, InvalidInput for a graph of more than one sample.
    """
    _refuse([(op, "") for op in graph.ops if op.name in graph.streams and find(op.target) is None], len(graph))
    device = "meta" if any(value.is_meta for value in graph.constants.values()) else "cpu"
    builder = Builder(graph.integers, graph.outputs, device)
    builder.flags = graph.flags
    builder.binary |= graph.masks
    values: dict[str, Any] = dict(graph.constants)
    for name, shape in graph.inputs.items():
        if shape and shape[0] != 1:
            raise InvalidInput(f"input '{name}' was captured with shape {shape}; capture one sample, (1, …)")
        builder.put(Input(name, (), shape[1:]), Origin("input"))
        values[name] = Stream(name, shape, name in graph.masks)
    builder.vocabularies |= _vocabularies(graph)
    values |= {name: builder.numbers(name) for name in builder.vocabularies}
    rejected = []
    spoiled: set[str] = set()  # rejected calls, and those that read them
    for op in graph.ops:
        builder.op = op
        follows = not spoiled.isdisjoint(references((op.args, op.kwargs)))
        try:
            values[op.name] = _value(op, builder, values, op.name in graph.streams)
        except Exception as reason:
            if not isinstance(reason, Reject) and not follows:
                raise
            if not follows or (isinstance(reason, Reject) and not isinstance(reason, Misfit)):
                rejected.append((op, str(reason)))
            spoiled.add(op.name)
            values[op.name] = builder.unknown(op)
        if follows:
            spoiled.add(op.name)
        if op.in_place and isinstance(op.args[0], Ref):
            values[op.args[0].name] = values[op.name]  # whoever reads the argument later sees the result
    _refuse(rejected, len(graph))
    return _network(builder, {name: values[ref.name] for name, ref in graph.outputs.items()})


def _vocabularies(graph: Graph) -> dict[str, int]:
    """How many ids the inputs hold: the rows of the shortest table that they, as they come or moved, are looked up in.

    Where that never happens, of those that something computed from them alone is looked up in.
    """
    moved: dict[str, str] = {name: name for name in graph.integers}
    roots: dict[str, set[str]] = {name: {name} for name in graph.inputs}
    direct: dict[str, int] = {}
    computed: dict[str, int] = {}
    for op in graph.ops:
        names = references((op.args, op.kwargs))
        above = {moved.get(name, "") for name in names if name in graph.streams or name in graph.inputs}
        moved[op.name] = above.pop() if _moves(op) and len(above) == 1 else ""
        roots[op.name] = set().union(*(roots.get(name, set()) for name in names))
        if op.target != "embedding.default" or len(op.args) < 2 or not isinstance(op.args[1], Ref):
            continue
        table, ids = graph.constants.get(names[0]), op.args[1].name
        for found, sources in ((direct, {moved.get(ids, "")}), (computed, roots.get(ids, set()))):
            source = next(iter(sources), "")
            if table is not None and len(sources) == 1 and source in graph.integers:
                found[source] = min(found.get(source, len(table)), len(table))
    return computed | direct


def _moves(op: Op) -> bool:
    """Whether a call only moves values about, or casts them."""
    rule = find(op.target)
    return rule is not None and (
        rule.__module__.rpartition(".")[2] in ("shape", "indexing", "scatter") or op.plain in CASTS
    )


def _network(builder: Builder, outputs: dict[str, Any]) -> SpikingNetwork:
    """What was built, its inputs with what the program reads in them, without nodes that no output depends on.

    An input that nothing reads stays: it is an error of the model, reported by check().
    """
    nodes: list[Node] = []
    for node in builder.nodes.values():
        if isinstance(node, Input):
            vocabulary = builder.vocabularies.get(node.name, 0)
            node = replace(node, vocabulary=vocabulary, binary=node.name in builder.binary)
        nodes.append(node)
    for name, value in outputs.items():
        if not isinstance(value, Stream):
            raise UnsupportedOperation(f"output '{name}' does not depend on the input: there is nothing to convert")
        nodes.append(Output(name, (value.node,)))
    origins = builder.origins | dict.fromkeys(outputs, Origin("output"))
    network = SpikingNetwork(tuple(nodes))
    alive = {*outputs, *(node.name for name in outputs for node in network.upstream(name))}
    kept = tuple(node for node in nodes if node.name in alive or isinstance(node, Input))
    return replace(network, nodes=kept, origins={node.name: origins[node.name] for node in kept})


def _value(op: Op, builder: Builder, values: dict[str, Any], stream: bool) -> Any:
    args = _resolve(op.args, values)
    kwargs = _resolve(op.kwargs, values)
    try:
        if not stream or not _depends((args, kwargs)):
            if op.in_place:
                args = [args[0].clone(), *args[1:]]  # never on the model's own memory
            with torch.no_grad():
                return op.call(*(_shaped(value, builder.device) for value in args), **kwargs)
        rule = find(op.target)
        assert rule is not None
        return rule(builder, *args, **kwargs)
    except RuntimeError as error:
        if builder.device != "meta":
            raise
        raise Reject(f"needs values, and a model on torch's meta device has none ({error})") from error


def _depends(value: Any) -> bool:
    """Whether a stream is among the arguments."""
    match value:
        case tuple() | list():
            return any(map(_depends, value))
        case dict():
            return any(map(_depends, value.values()))
    return isinstance(value, Stream)


def _shaped(value: Any, device: str) -> Any:
    """A tensor of a stream's shape, for calls that read nothing else of it."""
    return torch.zeros(value.shape, device=device) if isinstance(value, Stream) else value


def _resolve(value: Any, values: dict[str, Any]) -> Any:
    match value:
        case Ref(name):
            return values[name]
        case tuple() | list():
            return [_resolve(item, values) for item in value]
        case dict():
            return {key: _resolve(item, values) for key, item in value.items()}
    return value


def _refuse(faults: Iterable[tuple[Op, str]], total: int) -> None:
    """Raise UnsupportedOperation with a line for every call and reason, if there are any."""
    groups: dict[tuple[str, str], list[Op]] = {}
    for op, reason in faults:
        groups.setdefault((op.target, reason), []).append(op)
    if not groups:
        return
    rows = []
    for (target, _), ops in groups.items():
        paths = list(dict.fromkeys(op.path or "(top)" for op in ops))
        shown = ", ".join(paths[:4]) + (f", … {len(paths) - 4} more" if len(paths) > 4 else "")
        line = next((op.line for op in ops if op.line), "")
        rows.append((f"aten.{target}", f"×{len(ops)}", shown, line, "×".join(map(str, ops[0].shape))))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{sum(map(len, groups.values()))} of {total} operations cannot be converted:"]
    for row, (_, reason) in zip(rows, groups, strict=True):
        lines.append("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if reason:
            lines.append(f"      {reason}")
    lines.append(
        "  All rules: `spiking list ops`. A way out: replace the call by supported ones, leave that part of the model\n"
        "  outside the conversion, or add a rule (CONTRIBUTING.md, one function in converters/rules/)."
    )
    raise UnsupportedOperation("\n".join(lines))
