"""Lower: every captured call becomes nodes of the spiking vocabulary, or a line of one error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import Function, Gather, Input, Neuron, Node, Origin, Output, Reshape, SpikingNetwork, UnsupportedOperation

from .capture import Graph, Op, Ref
from .rules import Reject
from .rules.registry import find

Array = NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Stream:
    """A value that depends on the input: the node that sends it, and its torch shape at batch 1."""

    node: str
    shape: Shape

    @property
    def sample(self) -> Shape:
        """The shape without the batch axis: a leading axis of 1 is the batch."""
        return self.shape[1:] if self.shape[:1] == (1,) else self.shape


class Builder:
    """What a rule needs to add nodes: names, axes, shapes and constants."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.origins: dict[str, Origin] = {}
        self.op: Op | None = None

    def add(self, kind: type[Node], inputs: Iterable[Stream], result: Shape, tag: str = "", /, **fields: Any) -> Stream:
        """Add a node with a result of that torch shape; `tag` tells several nodes of one call apart."""
        assert self.op is not None
        base = self.op.path or self.op.name
        name = self._unique(f"{base}.{tag}" if tag else base)
        self.nodes.append(kind(name, tuple(x.node for x in inputs), **fields))
        self.origins[name] = Origin(self.op.target.split(".")[0].removesuffix("_"), self.op.path, self.op.line)
        return Stream(name, tuple(result))

    def neuron(self, x: Stream, function: Function, shape: Shape | None = None) -> Stream:
        """Add a draft neuron with function f."""
        return self.add(Neuron, [x], x.shape if shape is None else shape, function=(function,))

    def axis(self, x: Stream, dim: int) -> int:
        """Return dim of x as a negative axis of the sample, or reject a dim that is the batch."""
        axis = dim if dim < 0 else dim - len(x.shape)
        if axis < -len(x.sample):
            raise Reject(f"works along axis {dim}, which is the batch")
        return axis

    def reshape(self, x: Stream, shape: Shape) -> Stream:
        """Give x another torch shape; adds no node if the sample keeps its shape."""
        wanted = Stream(x.node, tuple(shape))
        if wanted.sample == x.sample:
            return wanted
        return self.add(Reshape, [x], wanted.shape, "reshape", shape=wanted.sample)

    def expand(self, x: Stream, shape: Shape) -> Stream:
        """Broadcast x to a torch shape."""
        wanted = Stream(x.node, tuple(shape)).sample
        grown = (1,) * (len(wanted) - len(x.sample)) + x.sample
        if prod(grown) == prod(wanted):
            return self.reshape(x, shape)
        if grown != x.sample:
            x = self.add(Reshape, [x], (1, *grown), "reshape", shape=grown)
        for axis in range(-len(wanted), 0):
            if grown[axis] != wanted[axis]:
                made = (1, *x.sample[:axis], wanted[axis], *x.sample[len(x.sample) + axis + 1 :])
                x = self.add(Gather, [x], made, "expand", axis=axis, indices=np.zeros(wanted[axis], np.int64))
        return Stream(x.node, tuple(shape))

    def constant(self, value: Tensor | float, sample: Shape) -> Array:
        """Return a constant as an array that broadcasts to a sample shape."""
        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value, dtype=np.float32)
        if array.dtype.kind not in "fiub":
            raise Reject(f"has a constant of type {array.dtype}")
        while array.ndim > len(sample) and array.shape[0] == 1:
            array = array[0]
        return array.astype(np.float32)

    def _unique(self, name: str) -> str:
        taken = self.origins
        if name not in taken:
            return name
        assert self.op is not None
        named = f"{name}.{self.op.target.split('.')[0].removesuffix('_')}"
        if named not in taken:
            return named
        return next(f"{named}_{k}" for k in range(2, len(taken) + 3) if f"{named}_{k}" not in taken)


def lower(graph: Graph) -> SpikingNetwork:
    """Return the network with draft neurons; raises UnsupportedOperation naming every call without a rule."""
    _refuse([(op, "") for op in graph.ops if op.name in graph.streams and find(op.target) is None], len(graph))
    builder = Builder()
    values: dict[str, Any] = dict(graph.constants)
    for name, shape in graph.inputs.items():
        stream = Stream(name, shape)
        builder.nodes.append(Input(name, (), stream.sample))
        builder.origins[name] = Origin("input")
        values[name] = stream
    rejected = []
    for op in graph.ops:
        builder.op = op
        try:
            values[op.name] = _value(op, builder, values, op.name in graph.streams)
        except Reject as reason:
            rejected.append((op, str(reason)))
            values[op.name] = Stream(next(iter(graph.inputs)), op.shape)
        if op.target.split(".")[0].endswith("_") and isinstance(op.args[0], Ref):
            values[op.args[0].name] = values[op.name]  # in place: whoever reads the argument later sees the result
    _refuse(rejected, len(graph))
    for k, ref in enumerate(graph.outputs):
        value = values[ref.name]
        if not isinstance(value, Stream):
            raise UnsupportedOperation(f"output '{ref.name}' does not depend on the input: there is nothing to convert")
        name = "output" if len(graph.outputs) == 1 else f"output.{ref.name}"
        name = f"{name}_{k}" if name in builder.origins else name  # a value may be returned twice
        builder.nodes.append(Output(name, (value.node,)))
        builder.origins[name] = Origin("output")
    return _alive(SpikingNetwork(tuple(builder.nodes), origins=builder.origins))


def _value(op: Op, builder: Builder, values: dict[str, Any], stream: bool) -> Any:
    args = _resolve(op.args, values)
    kwargs = _resolve(op.kwargs, values)
    if not stream:
        if op.target.split(".")[0].endswith("_"):
            args = (args[0].clone(), *args[1:])  # in place, but never on the model's own memory
        with torch.no_grad():
            return op.call(*args, **kwargs)
    found = find(op.target)
    assert found is not None
    return found(builder, *args, **kwargs)


def _resolve(value: Any, values: dict[str, Any]) -> Any:
    match value:
        case Ref(name):
            return values[name]
        case tuple() | list():
            return [_resolve(v, values) for v in value]
        case dict():
            return {k: _resolve(v, values) for k, v in value.items()}
    return value


def _alive(network: SpikingNetwork) -> SpikingNetwork:
    """Drop what no output reads; an input that nothing reads is an error of the model, reported by check()."""
    wanted: set[str] = set()
    stack = [out.name for out in network.outputs]
    while stack:
        name = stack.pop()
        if name not in wanted:
            wanted.add(name)
            stack.extend(network[name].inputs)
    nodes = tuple(n for n in network if n.name in wanted or isinstance(n, Input))
    return replace(network, nodes=nodes, origins={n.name: network.origins[n.name] for n in nodes})


def _refuse(faults: list[tuple[Op, str]], total: int) -> None:
    if not faults:
        return
    groups: dict[tuple[str, str], list[Op]] = {}
    for op, reason in faults:
        groups.setdefault((op.target, reason), []).append(op)
    lines = []
    for (target, reason), ops in groups.items():
        paths = list(dict.fromkeys(op.path or "(top)" for op in ops))
        shown = ", ".join(paths[:4]) + (f", … {len(paths) - 4} more" if len(paths) > 4 else "")
        where = next((op.line for op in ops if op.line), "")
        shape = "×".join(map(str, ops[0].shape))
        lines.append((f"aten.{target}", f"×{len(ops)}", shown, where, shape, reason))
    widths = [max(len(row[i]) for row in lines) for i in range(5)]
    text = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=False)).rstrip() for row in lines]
    text = [f"  {t}" + (f"\n      {row[5]}" if row[5] else "") for t, row in zip(text, lines, strict=True)]
    head = f"{len(faults)} of {total} operations cannot be converted:"
    tail = (
        "  All rules: `spiking list ops`. A way out: replace the call by supported ones, leave that part of the model\n"
        "  outside the conversion, or add a rule (CONTRIBUTING.md, one function in converters/rules/)."
    )
    raise UnsupportedOperation("\n".join([head, *text, tail]))
