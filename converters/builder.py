"""What a rule works with: streams, constants as arrays, and the network under construction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, count
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from spiking import (
    Clamp,
    Concat,
    Embedding,
    Function,
    Gather,
    Input,
    Neuron,
    Node,
    Origin,
    Pad,
    Permute,
    Reshape,
    Scale,
    Slice,
    missing,
)

from .program import Op

Array = NDArray[Any]
Shape = tuple[int, ...]
STRUCTURE = (Concat, Gather, Pad, Permute, Reshape, Slice)  # a mask moved by these is still a mask
LARGEST = float(np.finfo(np.float32).max)
LOWEST = -1e30  # stands for the −∞ of a constant mask: exp of it is 0, and sums of it stay finite
EXCLUDES = -1e4  # a mask that adds this much, or less, says "never": no softmax gives it a weight above 0
# What stands for it where the mask comes from the input and meets the scores in one sum: e^-8192 is 0 in every
# type, scores below 4,096 in size cannot undo it, and in float32 the sum still holds them to 5e-4.
UNLIKELY = -8192.0
BOUND = (Clamp(UNLIKELY / 2, LARGEST),)  # before a softmax: what is excluded stays so, and if all is, all is equal
ABSORBS = -1e6  # beside a number of this size float32 keeps of a score no more than its sixteenths


class Reject(Exception):
    """A rule cannot convert this particular call; the text says why and what would work."""


class Misfit(Reject):
    """Shapes do not fit; not reported again where it follows from a call that was rejected before."""


@dataclass(frozen=True)
class Stream:
    """A value that depends on the input.

    node     the node that sends it
    shape    its torch shape at batch 1
    boolean  whether it holds zeros and ones only: a mask
    """

    node: str
    shape: Shape
    boolean: bool = False

    @property
    def sample(self) -> Shape:
        """The shape without the batch axis: a leading axis of 1 is the batch."""
        return self.shape[1:] if self.shape[:1] == (1,) else self.shape


def array(value: Tensor) -> Array:
    """Return a tensor as a NumPy array that no later training step can change; without values if it has none."""
    if value.is_meta:
        return missing(tuple(value.shape))
    return np.array(value.detach().cpu().float().numpy())


def column(value: Tensor | None, behind: int) -> Array | None:
    """Return one value a channel (C,) as an array (C, 1, …) with `behind` axes of one; None stays None."""
    return None if value is None else array(value.reshape(-1, *(1,) * behind))


def replaced(shape: Shape, dim: int, *sizes: int) -> Shape:
    """Return a shape with other sizes, or none, in the place of one axis."""
    at = dim % len(shape)
    return (*shape[:at], *sizes, *shape[at + 1 :])


class Builder:
    """The network under construction, and how rules add to it.

    device        of constants: "meta" if they have shapes and no values
    reserved      names no node may take: those of the outputs
    op            the call being converted; its module path names the nodes
    place         place in a recurrent cell of what is being added, "" outside one
    nodes         name -> node, in topological order
    shapes        name -> output shape, without batch
    origins       name -> the source call
    roots         name -> the inputs that the node depends on
    integers      inputs of integer or boolean type; `whole` adds what only moves their entries about
    vocabularies  integer input -> rows of the tables its ids are looked up in
    binary        inputs that must hold zeros and ones only
    flags         inputs that held nothing else as far as was seen
    weights       memory of a tensor -> the tensor, kept alive so that no other gets its address, and its array
    """

    op: Op

    def __init__(self, integers: frozenset[str], reserved: Iterable[str], device: str) -> None:
        self.device = device
        self.reserved = frozenset(reserved)
        self.place = ""
        self.nodes: dict[str, Node] = {}
        self.shapes: dict[str, Shape] = {}
        self.origins: dict[str, Origin] = {}
        self.roots: dict[str, frozenset[str]] = {}
        self.integers = integers
        self.whole = set(integers)
        self.vocabularies: dict[str, int] = {}
        self.binary: set[str] = set()
        self.flags: frozenset[str] = frozenset()
        self.excluding: set[str] = set()
        self.weights: dict[tuple[Any, ...], tuple[Tensor, Array]] = {}

    def add(
        self, kind: type[Node], inputs: Sequence[Stream], result: Shape | None = None, tag: str = "", /, **fields: Any
    ) -> Stream:
        """Add a node.

        result   torch shape; by default the node's own, behind the batch axis of the first input
        tag      tells several nodes of one call apart
        """
        base = ".".join(part for part in (self.op.path or self.op.name, self.place, tag) if part)
        name = self._unique(base)
        cell = f"{self.op.name}.{self.place}" if self.place else ""
        node = kind(name, tuple(x.node for x in inputs), cell=cell, **fields)
        self.put(node, Origin(self.op.plain, self.op.path, self.op.line))
        if result is None:
            batch = inputs[0].shape[: len(inputs[0].shape) - len(inputs[0].sample)]
            result = (*batch, *self.shapes[name])
        stream = Stream(name, tuple(result), kind in STRUCTURE and all(x.boolean for x in inputs))
        if kind in STRUCTURE and self.whole.issuperset(node.inputs):
            self.whole.add(name)
        if self.shapes[name] == stream.sample:
            return stream
        return self.add(Reshape, [stream], stream.shape, "sample", shape=stream.sample)  # a leading axis became 1

    def put(self, node: Node, origin: Origin) -> None:
        """Append a node; raises Misfit if the shapes of its inputs do not fit."""
        try:
            self.shapes[node.name] = node.infer(*(self.shapes[name] for name in node.inputs))
        except ValueError as error:
            raise Misfit(str(error)) from error
        self.nodes[node.name] = node
        self.origins[node.name] = origin
        self.roots[node.name] = frozenset().union(*(self.roots[name] for name in node.inputs)) or frozenset({node.name})

    def numbers(self, name: str) -> Stream:
        """Return the ids of an input as numbers: what is computed from them reads these."""
        shape, table = self.shapes[name], np.arange(self.vocabularies[name], dtype=np.float32)[:, None]
        column, row = f"{name}.number", f"{name}.numbers"
        self.put(Embedding(column, (name,), weight=table), Origin("input"))
        self.put(Reshape(row, (column,), shape=shape), Origin("input"))
        return Stream(row, (1, *shape))

    def neuron(self, x: Stream, function: Function) -> Stream:
        """Add a draft neuron with function f."""
        return self.add(Neuron, [x], function=(function,))

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
        wanted = replace(x, shape=tuple(shape)).sample
        grown = (1,) * (len(wanted) - len(x.sample)) + x.sample
        if prod(grown) == prod(wanted):
            return self.reshape(x, shape)
        if grown != x.sample:
            x = self.add(Reshape, [x], (1, *grown), "reshape", shape=grown)
        for axis in range(-len(wanted), 0):
            if grown[axis] != wanted[axis]:
                result = (1, *replaced(x.sample, axis, wanted[axis]))
                x = self.add(Gather, [x], result, "expand", axis=axis, indices=np.zeros(wanted[axis], np.int64))
        return replace(x, shape=tuple(shape))

    @contextmanager
    def cell(self, place: str) -> Iterator[None]:
        """Put what is added inside at a place in a recurrent cell; at every time step it is the same node."""
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
            self.weights[key] = value, array(value)
        return self.weights[key][1]

    def above(self, name: str) -> list[Node]:
        """Return the nodes a value is computed by, without the inputs, in order."""
        found, waiting = {name}, [name]
        while waiting:
            inputs = self.nodes[waiting.pop()].inputs
            waiting += set(inputs) - found
            found |= set(inputs)
        return [node for node in self.nodes.values() if node.name in found and not isinstance(node, Input)]

    def unknown(self, op: Op) -> Stream:
        """Return what stands for the result of a rejected call, so that the calls behind it can be tried."""
        self.op = op
        name = self._unique(f"{op.name}.rejected")
        self.put(Input(name, (), op.shape[1:] if op.shape[:1] == (1,) else op.shape), Origin(op.plain))
        return Stream(name, op.shape)

    def integer(self, x: Stream) -> bool:
        """Whether x is an integer input as it came, or a mask."""
        return x.boolean or x.node in self.whole

    def mask(self, x: Stream) -> Stream:
        """Return x marked as a mask of zeros and ones; an integer input that is read so must hold nothing else."""
        if not x.boolean:
            self.binary |= self.roots[x.node]
        return replace(x, boolean=True)

    def flag(self, x: Stream) -> bool:
        """Whether x is a mask, or moved and scaled from one input that held zeros and ones only."""
        if x.boolean or not self.roots[x.node] <= self.integers | self.flags:
            return x.boolean
        return all(isinstance(node, (*STRUCTURE, Scale)) for node in self.above(x.node))

    def constant(self, value: Tensor | float, sample: Shape) -> Array:
        """Return a constant as an array that broadcasts to a sample shape; ±∞ stays finite."""
        if not isinstance(value, Tensor):
            return np.asarray(np.clip(np.asarray(value, np.float32), LOWEST, -LOWEST))
        if value.is_complex():
            raise Reject(f"has a complex constant ({value.dtype}); use two real ones")
        while value.ndim > len(sample) and value.shape[0] == 1:
            value = value[0]
        return array(value) if value.is_meta else np.asarray(np.clip(array(value), LOWEST, -LOWEST))

    def _unique(self, name: str) -> str:
        named = f"{name}.{self.op.plain}"
        tries = chain((name, named), (f"{named}_{k}" for k in count(2)))
        return next(free for free in tries if free not in self.reserved and free not in self.nodes)
