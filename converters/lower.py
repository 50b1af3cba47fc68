"""Lower: every captured call becomes nodes of the spiking vocabulary, or a line of one error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, count
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import (
    Concat,
    Function,
    Gather,
    Input,
    Neuron,
    Node,
    Origin,
    Output,
    Pad,
    Permute,
    Reshape,
    Slice,
    SpikingNetwork,
    UnsupportedOperation,
    is_missing,
)

from .capture import Graph, Op, Ref, references
from .rules import Reject
from .rules.linear import array
from .rules.registry import find

Array = NDArray[Any]
Shape = tuple[int, ...]
HUGE = 1e30
STRUCTURE = (Concat, Gather, Pad, Permute, Reshape, Slice)  # what leaves a mask a mask


@dataclass(frozen=True)
class Stream:
    """A value that depends on the input: the node that sends it, and its torch shape at batch 1."""

    node: str
    shape: Shape
    boolean: bool = False

    @property
    def sample(self) -> Shape:
        """The shape without the batch axis: a leading axis of 1 is the batch."""
        return self.shape[1:] if self.shape[:1] == (1,) else self.shape


class Misfit(Reject):
    """Shapes do not fit; behind a rejected call that follows from it, and is not reported again."""


class Builder:
    """What a rule needs to add nodes: names, axes, shapes and constants."""

    def __init__(
        self, integers: frozenset[str] = frozenset(), reserved: Iterable[str] = (), device: str = "cpu"
    ) -> None:
        self.reserved = frozenset(reserved)
        self.device = device  # of constants: "meta" if they have shapes and no values
        self.integers = integers
        self.whole = set(integers)  # and whatever moves them about
        self.vocabularies: dict[str, int] = {}
        self.binary: set[str] = set()
        self.weights: dict[tuple[Any, ...], Array] = {}
        self.place = ""
        self.kept: list[Tensor] = []  # alive, so that no other tensor gets their address
        self.nodes: list[Node] = []
        self.by_name: dict[str, Node] = {}
        self.shapes: dict[str, Shape] = {}
        self.origins: dict[str, Origin] = {}
        self.op: Op | None = None

    def add(self, kind: type[Node], inputs: Sequence[Stream], result: Shape, tag: str = "", /, **fields: Any) -> Stream:
        """Add a node with a result of that torch shape; `tag` tells several nodes of one call apart."""
        assert self.op is not None
        base = ".".join(part for part in (self.op.path or self.op.name, self.place) if part)
        name = self._unique(f"{base}.{tag}" if tag else base)
        cell = f"{self.op.name}.{self.place}" if self.place else ""
        made = kind(name, tuple(x.node for x in inputs), cell=cell, **fields)
        self.put(made, Origin(self.op.target.split(".")[0].removesuffix("_"), self.op.path, self.op.line))
        stream = Stream(name, tuple(result), kind in STRUCTURE and all(x.boolean for x in inputs))
        if kind in STRUCTURE and self.whole.issuperset(made.inputs):
            self.whole.add(name)
        if self.shapes[name] == stream.sample:
            return stream
        return self.add(Reshape, [stream], stream.shape, "sample", shape=stream.sample)  # a leading axis became 1

    def put(self, node: Node, origin: Origin) -> None:
        """Append a node."""
        try:
            self.shapes[node.name] = node.infer(*(self.shapes[name] for name in node.inputs))
        except ValueError as error:
            raise Misfit(str(error)) from error
        self.nodes.append(node)
        self.by_name[node.name] = node
        self.origins[node.name] = origin

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
        wanted = replace(x, shape=tuple(shape))
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
        return replace(x, shape=tuple(shape))

    @contextmanager
    def cell(self, place: str) -> Iterator[None]:
        """Say that what is added inside belongs to a place in a recurrent cell; the same place is the same thing."""
        outside = self.place
        self.place = f"{outside}.{place}" if outside else place
        try:
            yield
        finally:
            self.place = outside

    def weight(self, value: Tensor) -> Array:
        """Return a tensor as an array; the same tensor gives the same array, so tied weights stay tied."""
        memory = value.untyped_storage()._cdata  # without values there is no address to tell tensors apart by
        key = (memory, value.storage_offset(), value.shape, value.stride(), value.dtype)
        if key not in self.weights:
            self.weights[key] = array(value)
            self.kept.append(value)
        return self.weights[key]

    def ids(self, x: Stream, vocabulary: int) -> None:
        """Say that an integer input holds ids of a vocabulary."""
        if x.node not in self.integers:
            raise Reject("looks up ids that are computed from the input")
        if self.vocabularies.setdefault(x.node, vocabulary) != vocabulary:
            raise Reject(f"looks the same ids up in tables of {self.vocabularies[x.node]} and {vocabulary} rows")

    def door(self, node: Input) -> Input:
        """Return an input with what the program turned out to read in it."""
        return replace(node, vocabulary=self.vocabularies.get(node.name, 0), binary=node.name in self.binary)

    def integer(self, x: Stream) -> bool:
        """Whether x is an integer input as it came, or a mask."""
        return x.boolean or x.node in self.whole

    def mask(self, x: Stream) -> Stream:
        """Return x marked as a mask of zeros and ones; an integer input that is read so must hold nothing else."""
        if not x.boolean:
            self.binary |= self.inputs_above(x.node)
        return replace(x, boolean=True)

    def inputs_above(self, name: str) -> set[str]:
        """Return the inputs that a node is made of."""
        stack, found = [name], set()
        while stack:
            at = stack.pop()
            above = self.by_name[at].inputs
            stack.extend(above)
            found |= set() if above else {at}
        return found

    def constant(self, value: Tensor | float, sample: Shape) -> Array:
        """Return a constant as an array that broadcasts to a sample shape."""
        if isinstance(value, Tensor) and value.is_complex():
            raise Reject(f"has a constant of type {value.dtype}")
        made = array(value) if isinstance(value, Tensor) else np.asarray(value, dtype=np.float32)
        while made.ndim > len(sample) and made.shape[0] == 1:
            made = made[0]
        # −∞ of a mask becomes a number that stays finite
        return made if is_missing(made) else np.asarray(np.clip(made, -HUGE, HUGE))

    def _unique(self, name: str) -> str:
        assert self.op is not None
        named = f"{name}.{self.op.target.split('.')[0].removesuffix('_')}"
        tries = chain((name, named), (f"{named}_{k}" for k in count(2)))
        return next(one for one in tries if one not in self.reserved and one not in self.origins)


def lower(graph: Graph) -> SpikingNetwork:
    """Return the network with draft neurons; raises UnsupportedOperation naming every call without a rule."""
    _refuse([(op, "") for op in graph.ops if op.name in graph.streams and find(op.target) is None], len(graph))
    device = "meta" if any(value.is_meta for value in graph.constants.values()) else "cpu"
    builder = Builder(graph.integers, graph.outputs, device)
    values: dict[str, Any] = dict(graph.constants)
    for name, shape in graph.inputs.items():
        stream = Stream(name, shape, name in graph.masks)
        builder.binary |= {name} & graph.masks
        builder.put(Input(name, (), shape[1:]), Origin("input"))
        values[name] = stream
    rejected = []
    spoiled: set[str] = set()  # rejected calls, and those that read them
    for op in graph.ops:
        builder.op = op
        try:
            values[op.name] = _value(op, builder, values, op.name in graph.streams)
        except Reject as reason:
            if not (isinstance(reason, Misfit) and spoiled.intersection(references((op.args, op.kwargs)))):
                rejected.append((op, str(reason)))
            spoiled.add(op.name)
            values[op.name] = Stream(next(iter(graph.inputs)), op.shape)
        if spoiled.intersection(references((op.args, op.kwargs))):
            spoiled.add(op.name)
        if op.target.split(".")[0].endswith("_") and isinstance(op.args[0], Ref):
            values[op.args[0].name] = values[op.name]  # in place: whoever reads the argument later sees the result
    _refuse(rejected, len(graph))
    builder.nodes = [builder.door(node) if isinstance(node, Input) else node for node in builder.nodes]
    for name, ref in graph.outputs.items():
        value = values[ref.name]
        if not isinstance(value, Stream):
            raise UnsupportedOperation(f"output '{name}' does not depend on the input: there is nothing to convert")
        builder.put(Output(name, (value.node,)), Origin("output"))
    return _alive(SpikingNetwork(tuple(builder.nodes), origins=builder.origins))


def _value(op: Op, builder: Builder, values: dict[str, Any], stream: bool) -> Any:
    args = _resolve(op.args, values)
    kwargs = _resolve(op.kwargs, values)
    try:
        if not stream:
            if op.target.split(".")[0].endswith("_"):
                args = (args[0].clone(), *args[1:])  # in place, but never on the model's own memory
            with torch.no_grad():
                return op.call(*(_shaped(value, builder.device) for value in args), **kwargs)
        found = find(op.target)
        assert found is not None
        return found(builder, *args, **kwargs)
    except RuntimeError as error:
        if builder.device != "meta":
            raise
        raise Reject(f"needs values, and a model on torch's meta device has none ({error})") from error


def _shaped(value: Any, device: str) -> Any:
    """A tensor of a stream's shape, for calls that read nothing else of it."""
    return torch.zeros(value.shape, device=device) if isinstance(value, Stream) else value


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
