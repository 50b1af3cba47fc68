"""What a run is given: arrays, dicts and streams of batches, with the labels they carry, checked on the way in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arguments import array, shown, whole
from .errors import InvalidInput
from .nodes import Input

Array = NDArray[Any]
LABELS = ("labels", "label")  # what a dict calls them


def batches(inputs: Any, batch_size: int, names: tuple[str, ...] = ("x",)) -> Iterator[dict[str, Array]]:
    """Yield batches, input name -> (B, …), of an array, a tensor, a dict of them, an iterable of batches, a DataLoader.

    `names` are the network's inputs: a bare array is the first of them, and the only one.
    """
    return (batch for batch, _ in labelled(inputs, batch_size, names))


def labelled(
    inputs: Any, batch_size: int, names: tuple[str, ...] = ("x",)
) -> Iterator[tuple[dict[str, Array], Array | None]]:
    """Yield batches as `batches` does, and the labels (B,) that come with them: the second of a tuple, or a dict's."""
    size = whole("batch_size", batch_size)
    if _arraylike(inputs) or isinstance(inputs, Mapping):
        given = _named(inputs, names)
        if any(len(x.shape) == 0 for x in given.values()):
            raise InvalidInput("inputs must have a batch axis in front: (B, …)")
        sizes = {name: len(x) for name, x in given.items()}
        if len(set(sizes.values())) > 1:
            raise InvalidInput(f"the inputs differ in their number of samples: {sizes}")
        samples = next(iter(sizes.values()), 0)
        truth = _labels(_carried(inputs, names), samples)
        for begin in range(0, samples, size):
            part = slice(begin, begin + size)
            yield {name: array(x[part]) for name, x in given.items()}, None if truth is None else truth[part]
    elif isinstance(inputs, tuple) and len(inputs) > 1 and all(map(_arraylike, inputs)):
        raise InvalidInput(
            f"a tuple of {len(inputs)} arrays can mean two things: several inputs, then give a dict of them by name, "
            "{'name': x, …}; or batches, then give a list of them, and of (batch, label) pairs if they have labels"
        )
    elif isinstance(inputs, Iterable) and not isinstance(inputs, str | bytes):
        for item in inputs:
            pair = isinstance(item, tuple | list)
            given = _named(item[0] if pair and item else item, names)
            made = {name: array(x) for name, x in given.items()}
            if any(x.ndim == 0 for x in made.values()):
                raise InvalidInput("every batch must be an array (B, …); of nested lists make one: np.asarray(lists)")
            carried = (item[1] if len(item) > 1 else None) if pair else _carried(item, names)
            yield made, _labels(carried, len(next(iter(made.values()))))
    else:
        raise InvalidInput(f"inputs must be an array, a tensor or an iterable of batches, not {_kind(inputs)}")


def fitting(batch: Mapping[str, Array], inputs: Sequence[Input]) -> dict[str, Array]:
    """Return the batch as it is, or raise InvalidInput with every fault: names, shapes, types, NaN, unknown ids."""
    faults = [f"'{node.name}' is missing" for node in inputs if node.name not in batch]
    known = {node.name: node for node in inputs}
    for name, x in batch.items():
        if name in known:
            faults += [f"'{name}' {fault}" for fault in _misfits(x, known[name])]
    if faults:
        raise InvalidInput("\n  ".join(["the inputs do not fit the network:", *faults]))
    return {name: batch[name] for name in known}


def _misfits(x: Array, node: Input) -> Iterator[str]:
    if x.dtype.kind not in "fiub":
        yield f"must be real numbers, not {x.dtype}"
    elif x.shape[1:] != node.shape:
        yield f"takes (B, {', '.join(map(str, node.shape))}), not {x.shape}"
    elif x.dtype.kind == "f" and not np.all(np.isfinite(x)):
        yield f"holds {np.count_nonzero(~np.isfinite(x))} NaN or infinite values"
    elif node.binary and not np.all((x == 0) | (x == 1)):
        yield "is a mask: it takes only zeros and ones"
    elif node.vocabulary and (x.dtype.kind not in "iu" or (x.size and not 0 <= x.min() <= x.max() < node.vocabulary)):
        yield f"takes ids 0 … {node.vocabulary - 1}, as integers"


def _arraylike(x: Any) -> bool:
    return hasattr(x, "shape") and hasattr(x, "__getitem__") and not isinstance(x, type)


def _kind(x: Any) -> str:
    return shown(x) if isinstance(x, type) else type(x).__name__


def _named(x: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(x, Mapping):
        return {names[0]: x}
    missing = [name for name in names if name not in x]
    if missing:
        raise InvalidInput(f"the inputs lack {', '.join(missing)}; given: {', '.join(map(str, x))}")
    found = {name: x[name] for name in names}
    return {name: value if _arraylike(value) else array(value) for name, value in found.items()}


def _carried(x: Any, names: tuple[str, ...]) -> Any:
    """The labels in a dict, unless they are an input of the network."""
    keys = [key for key in LABELS if isinstance(x, Mapping) and key in x and key not in names]
    return x[keys[0]] if keys else None


def _labels(x: Any, samples: int) -> Array | None:
    """One whole number for each sample (B,), or None: what else came with a batch is not a class."""
    if x is None or isinstance(x, str | bytes | Mapping):
        return None
    try:
        found = array(x)
    except (InvalidInput, TypeError):
        return None
    return found.ravel() if found.dtype.kind in "iu" and found.ndim and found.size == samples else None
