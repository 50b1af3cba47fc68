"""The source model as an oracle: asked for its outputs, in the precision of the network, and left as it was."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

from .mutation import stateful
from .torch_export import as_taken, evaluating, output_names, state

Array = NDArray[Any]


def single(model: nn.Module | ExportedProgram, example: dict[str, Tensor], bare: bool) -> nn.Module | ExportedProgram:
    """Return the model in float32, the precision of the network: a copy if it computes in another.

    One that casts its input itself, so that a copy in float32 does not answer, stays as it is.
    """
    if not isinstance(model, nn.Module) or _types(model) <= {torch.float32}:
        return model
    held = [value for module in model.modules() for value in vars(module).values() if isinstance(value, Tensor)]
    # what a hook computes anew at each call, as the old weight norm does, cannot be copied with its history
    memo = {id(value): value.detach().clone() for value in held if not value.is_leaf}
    made = deepcopy(model, memo).float()
    try:
        answers(made, example, bare)
    except RuntimeError:
        return model
    return made


def rounding(model: nn.Module | ExportedProgram) -> float:
    """Return the coarsest ε of the floating-point types that a model's parameters and buffers have."""
    return max((float(torch.finfo(dtype).eps) for dtype in _types(model)), default=0.0)


def _types(model: nn.Module | ExportedProgram) -> set[torch.dtype]:
    return {value.dtype for value in state(model) if value.is_floating_point()}


def answers(model: nn.Module | ExportedProgram, probe: dict[str, Tensor], bare: bool) -> dict[str, Array]:
    """Return the source's outputs for the whole batch, sample by sample where a program was exported for one.

    Neither the inputs nor the buffers of the model change, whatever its forward does to them.
    Raises UnsupportedOperation if it answers the same question differently after it has changed a buffer.
    """
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        if not isinstance(model, ExportedProgram):
            with evaluating(model) as changed:
                placed = len(probe) if bare else 0
                first = _asked(model, probe, placed)
                names = changed()
                if names and not _same(first, _asked(model, probe, placed)):
                    raise stateful(names)
            return first
        module, size = model.module(), len(next(iter(probe.values())))
        placed = len(probe) if bare else _placed(model)
        names = list(probe) if bare else [name for name in model.graph_signature.user_inputs if name in probe]
        samples = [as_taken(model, {name: probe[name][k : k + 1] for name in names}) for k in range(size)]
        rows = [_asked(module, sample, placed) for sample in samples if isinstance(sample, dict)]
        return {name: np.concatenate([row[name].reshape(1, -1) for row in rows]) for name in rows[0]}


def _placed(program: ExportedProgram) -> int:
    """How many of its inputs a program takes by their place, the first ones; all others by their name."""
    return len(program.example_inputs[0]) if program.example_inputs else 0


def _asked(module: nn.Module, x: dict[str, Tensor], placed: int) -> dict[str, Array]:
    given = [(name, value.clone()) for name, value in x.items()]
    return tensors(module(*(value for _, value in given[:placed]), **dict(given[placed:])))


def tensors(y: Any) -> dict[str, Array]:
    """Return the tensors of a structured output, by name."""
    paths = [(path, leaf) for path, leaf in pytree.tree_flatten_with_path(y)[0] if isinstance(leaf, Tensor)]
    names = output_names([path for path, _ in paths])
    return {name: _array(leaf) for name, (_, leaf) in zip(names, paths, strict=True)}


def _array(value: Tensor) -> Array:
    value = value.detach().cpu()
    return np.asarray(value.float() if value.is_floating_point() else value)


def _same(first: dict[str, Array], second: dict[str, Array]) -> bool:
    return all(np.array_equal(first[name], second[name], equal_nan=True) for name in first)
