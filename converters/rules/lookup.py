"""Look-ups: tables by what depends on the input, and places that a largest value names."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor

from spiking import ArgMax, Clamp, Neuron, Reshape

from ..builder import Array, Builder, Reject, Stream
from .arithmetic import is_constant, shifted, sub
from .counts import counted
from .ids import looked_up
from .indexing import gather, index
from .pool import total
from .products import matmul
from .registry import rule
from .shape import unsqueeze

LONGEST = 1024  # entries among which one neuron for each pair finds the first of the largest


@rule("embedding.default")
def embedding(b: Builder, weight: Any, ids: Any, padding: int = -1, scale: bool = False, sparse: bool = False) -> Any:
    """Embedding: the row of each id, as the one event of a one-hot population; for a count, a neuron for each row."""
    if not isinstance(weight, Tensor):
        raise Reject("looks up in a table that depends on the input")
    return looked_up(b, ids, b.weight(weight))


@rule("index.Tensor", "_unsafe_index.Tensor")
def indexed(b: Builder, x: Any, indices: Any) -> Any:
    """Gather at constant indices; a constant table by ids; the entry that the largest of a count names, a product."""
    moving = [d for d, value in enumerate(indices) if isinstance(value, Stream)]
    if not moving:
        return index(b, x, indices)
    (d, *more), others = moving, [v for v in indices if v is not None and not isinstance(v, Stream)]
    if is_constant(x) and not more and not others and d == 0:
        made = looked_up(b, indices[0], _rows(b, x.reshape(len(x), -1)))
        shape = (*indices[0].shape, *x.shape[1:])
        return b.reshape(made, shape) if isinstance(made, Stream) else made.reshape(shape).to(x.dtype)
    batch = all(isinstance(v, Tensor) and v.numel() == 1 for v in others)
    if is_constant(x) or more or not batch or d != 1 or x.shape[0] != 1 or indices[1].shape != (1,):
        raise Reject("takes indices that depend on the input")
    one_hot = first_of_largest(b, indices[1])
    flat = b.reshape(x, (1, x.shape[1], prod(x.shape[2:])))
    return b.reshape(matmul(b, unsqueeze(b, one_hot, 1), flat), (1, *x.shape[2:]))


@rule("index_select.default")
def index_select(b: Builder, x: Any, dim: int, indices: Any) -> Any:
    """Gather at constant indices along one axis; a constant table by ids or counts."""
    return indexed(b, x, [None] * (dim % len(x.shape)) + [indices])


@rule("gather.default")
def gathered_by(b: Builder, x: Any, dim: int, indices: Any, *, sparse_grad: bool = False) -> Any:
    """Gather, a constant index for each entry; a constant by ids or counts where it changes along that axis only."""
    if not isinstance(indices, Stream):
        return gather(b, x, dim, indices)
    if not is_constant(x):
        raise Reject("takes indices that depend on the input")
    rows = x.movedim(dim, 0).reshape(x.shape[dim], -1)
    if not bool((rows == rows[:, :1]).all()):
        raise Reject("takes a row of its own for each place from a table by ids")
    made = looked_up(b, indices, _rows(b, rows[:, :1]))
    return b.reshape(made, indices.shape) if isinstance(made, Stream) else made.reshape(indices.shape).to(x.dtype)


def _rows(b: Builder, table: Tensor) -> Array:
    return b.weight(table.float())


def first_of_largest(b: Builder, place: Stream) -> Stream:
    """Return 1 at the first of the largest of whole numbers and 0 elsewhere, (…, n), for their argmax (…).

    i beats j if c_ij = min(max(n_i − n_j + [i < j], 0), 1) is 1, and is first if it beats all others:
    min(max(Σ_j c_ij − (n − 2), 0), 1).
    """
    node = b.nodes[place.node]
    while isinstance(node, Reshape):
        node = b.nodes[node.inputs[0]]
    if not (isinstance(node, Neuron) and node.function == (ArgMax(-1),)) or counted(b, node.inputs[0]) is None:
        raise Reject("takes a place that depends on the input; only the largest of ids, masks and counts names one")
    shape = (1, *b.shapes[node.inputs[0]])
    n = shape[-1]
    if n > LONGEST:
        raise Reject(f"finds the largest of {n:,}; {LONGEST:,} at most")
    ranked, square = Stream(node.inputs[0], shape), (*shape, n)
    rows, columns = (b.expand(unsqueeze(b, ranked, at), square) for at in (len(shape), len(shape) - 1))
    earlier = torch.ones(n, n).triu(1)
    beats = b.add(Neuron, [shifted(b, sub(b, rows, columns), earlier)], None, "beats", function=(Clamp(0.0, 1.0),))
    ahead = shifted(b, total(b, beats, -1), float(2 - n))
    return b.add(Neuron, [ahead], None, "first", function=(Clamp(0.0, 1.0),))
