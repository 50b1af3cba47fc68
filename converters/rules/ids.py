"""What a table is looked up by: ids, values that are functions of one id each, and values that count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, from_numpy

from spiking import Add, Clamp, Embedding, Multiply, Neuron, Node, Scale, is_missing, missing

from ..builder import STRUCTURE, Array, Builder, Reject, Stream
from .counts import applied, counted
from .linear import linear
from .shape import cat, gathered, unsqueeze

CHUNK = 4096  # ids that are tried at once
LONGEST = 4096  # entries of a table that a count is looked up in: as many neurons an entry
Rows = Callable[[Array], Array]  # values (N,) -> rows (N, D)


@dataclass(frozen=True)
class ById:
    """A value of which every entry is a function of one id.

    source   the integer input
    places   where in it the id stands that an entry depends on, in the shape of the value; −1 for a constant
    values   of every entry for each id, (V, entries); None where each is the id itself
    """

    source: str
    places: Array
    values: Array | None


def by_id(b: Builder, x: Stream) -> ById | None:
    """Return a value as a function of ids; None if it is none, or if the ids have no known end."""
    nodes, roots = b.above(x.node), b.roots[x.node]
    if len(roots) != 1 or not roots <= b.integers:
        return None
    (source,) = roots
    places: dict[str, Array | None] = {source: np.arange(prod(b.shapes[source])).reshape(b.shapes[source])}
    for node in nodes:
        places[node.name] = _owned(b, node, [places[name] for name in node.inputs])
    found = places[x.node]
    if found is None:
        return None
    if all(isinstance(node, STRUCTURE) or _is_numbers(node) for node in nodes) and found.min() >= 0:
        return ById(source, found, None)
    vocabulary = b.vocabularies.get(source, 0)
    return ById(source, found, _tried(b, source, nodes, x, vocabulary)) if vocabulary else None


def _is_numbers(node: Node) -> bool:
    """Whether a table holds for each id the id itself."""
    if not isinstance(node, Embedding) or node.weight.shape[1] != 1 or is_missing(node.weight):
        return False
    return np.array_equal(node.weight[:, 0], np.arange(len(node.weight)))


def _owned(b: Builder, node: Node, given: list[Array | None]) -> Array | None:
    """Where the id stands that each entry of a node depends on; None if one depends on several."""
    owners = [owner for owner in given if owner is not None]
    if len(owners) < len(given):
        return None
    match node:
        case Scale():
            return np.broadcast_to(owners[0], b.shapes[node.name])
        case Embedding() if node.weight.shape[1] == 1:
            return np.asarray(owners[0][..., None])
        case Neuron() if all(function.formula is not None for function in node.function):
            return owners[0]
        case Add() | Multiply():
            left, right = np.broadcast_arrays(*owners)
            same = (left == right) | (left < 0) | (right < 0)
            return np.asarray(np.maximum(left, right)) if same.all() else None
    if not isinstance(node, STRUCTURE):
        return None
    moved = applied(node, [owner[None] + 1 for owner in owners])  # padding becomes 0
    return np.asarray(moved[0], np.int64) - 1


def _tried(b: Builder, source: str, nodes: list[Node], x: Stream, vocabulary: int) -> Array:
    """Every entry of x for each id, (V, entries)."""
    shape, parts = b.shapes[source], []
    for start in range(0, vocabulary, CHUNK):
        ids = np.arange(start, min(start + CHUNK, vocabulary), dtype=np.float64)
        held = {source: np.broadcast_to(ids.reshape(-1, *(1,) * len(shape)), (len(ids), *shape))}
        for node in nodes:
            held[node.name] = _value(node, [held[name] for name in node.inputs])
        parts.append(held[x.node].reshape(len(ids), -1).astype(np.float32))
    return np.concatenate(parts)


def _value(node: Node, given: list[Array]) -> Array:
    """What a node makes of a batch, be it ids or numbers."""
    match node:
        case Embedding():
            return np.asarray(node.weight[given[0].astype(np.int64)], np.float64)
        case Multiply():
            rank = max(x.ndim for x in given)
            left, right = (x.reshape(len(x), *(1,) * (rank - x.ndim), *x.shape[1:]) for x in given)
            return np.asarray(left * right)
    return applied(node, given)


def tabulated(b: Builder, x: Stream, value: ById, rows: Rows, vocabulary: int) -> Any:
    """Return rows(v) for every entry v of x, (…) -> (…, D), as the one event of each id; a constant if it is one.

    All ids are looked up, once for each function that entries are of them, and the rows are moved to their places.
    """
    number = b.vocabularies.setdefault(value.source, vocabulary)
    shape, places = b.shapes[value.source], value.places.ravel()
    ids = Stream(value.source, (1, *shape))
    every, of = _functions(value, number)
    if len(every) == 1 and np.array_equal(places, np.arange(prod(shape))):
        made = b.add(Embedding, [ids], weight=rows(every[0]))
        return b.reshape(made, (*x.shape, made.shape[-1]))
    parts: list[Stream | Tensor] = []
    starts = []
    for values in every:
        starts.append(sum(part.shape[1] for part in parts))
        if np.all(values == values[0]) and not is_missing(rows(values[:1])):
            parts.append(from_numpy(np.array(rows(values[:1])))[None])
            continue
        made = b.add(Embedding, [ids], weight=rows(values))
        parts.append(b.reshape(made, (1, prod(shape), made.shape[-1])))
    constant = np.array([isinstance(part, Tensor) for part in parts])
    at = np.array(starts)[of] + np.where(constant[of], 0, places)
    if constant.all():
        return torch.cat(parts, 1)[0, at].reshape(*x.shape, -1)  # type: ignore[arg-type]
    joined = cat(b, parts, 1)  # type: ignore[arg-type]
    return b.reshape(gathered(b, joined, -2, at), (*x.shape, joined.shape[-1]))


def _functions(value: ById, vocabulary: int) -> tuple[list[Array], Array]:
    """The different functions of an id that entries are, (V,) each, and which of them each entry is."""
    if value.values is None:
        return [np.arange(vocabulary)], np.zeros(value.places.size, np.int64)
    known: dict[bytes, int] = {}
    columns = np.ascontiguousarray(value.values.T)
    of = [known.setdefault(column.tobytes(), len(known)) for column in columns]
    first = [of.index(k) for k in range(len(known))]
    return [columns[k] for k in first], np.array(of)


def looked_up(b: Builder, x: Stream, table: Array) -> Any:
    """Return the row of `table` (V, D) for each entry of x, (…) -> (…, D)."""
    value = by_id(b, x)
    if value is not None:

        def rows(values: Array) -> Array:
            at, count = values.astype(np.int64), table.shape[0]
            if np.array_equal(at, np.arange(count)):
                return table
            if is_missing(table):
                return missing((len(at), table.shape[1]))
            return np.asarray(table[np.clip(at, 0, count - 1)])  # an id beyond it is an error of the source, too

        return tabulated(b, x, value, rows, table.shape[0])
    bounds = counted(b, x.node)
    if bounds is None:
        raise Reject("looks up what is neither an id nor a count of masks; only those have a row for each value")
    return _by_count(b, x, table, bounds)


def _by_count(b: Builder, x: Stream, table: Array, bounds: tuple[Array, Array]) -> Any:
    """The row of a count n, low ≤ n ≤ high: t[low] + Σ (t[k] − t[k−1])·min(max(n − k + 1, 0), 1)."""
    low, high = int(bounds[0].min()), int(bounds[1].max())
    if low < 0 or high >= table.shape[0]:
        low, high = (
            max(low, 0),
            min(high, table.shape[0] - 1),
        )  # one beyond is an error of the source, too
    if high - low > LONGEST:
        raise Reject(f"looks up a count of {low} … {high}, {LONGEST:,} rows at most")
    if is_missing(table):
        used = torch.empty(high - low + 1, table.shape[1], device="meta")
        return linear(b, thermometer(b, x, low, high), used[1:].T, used[0])
    used = torch.as_tensor(np.asarray(table[low : high + 1]))
    steps = used.diff(dim=0)
    if not bool(steps.any()):
        return used[0].expand(*x.shape, -1)
    above = thermometer(b, x, low, high)
    return linear(b, above, steps.T.contiguous(), used[0])


def thermometer(b: Builder, x: Stream, low: int, high: int) -> Stream:
    """Return 1 where a whole number n is at least k, 0 elsewhere, for k = low + 1 … high: (…) -> (…, high − low)."""
    wide = b.expand(unsqueeze(b, x, len(x.shape)), (*x.shape, high - low))
    bias = -np.arange(low, high, dtype=np.float32)
    made = b.add(Scale, [wide], None, "steps", bias=bias)
    return b.add(Neuron, [made], None, "reached", function=(Clamp(0.0, 1.0),))
