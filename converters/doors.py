"""What convert, outline and survey take for a model, and what becomes of one that cannot be captured."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from spiking import InvalidInput, SpikingNetwork, arguments

LABELS = ("labels", "label")


def model_given(model: Any, door: str) -> TypeGuard[nn.Module | ExportedProgram]:
    """Return True for a module or an exported program; raises InvalidInput with the way out for anything else."""
    if isinstance(model, nn.Module | ExportedProgram):
        return True
    hint = ""
    if isinstance(model, type):
        hint = f": make an instance, {model.__name__}(…)" if issubclass(model, nn.Module) else ""
    elif isinstance(model, Mapping):
        hint = ": a state dict holds weights and no calls; build the module, then module.load_state_dict(…)"
    elif isinstance(model, str | Path):
        hint = ": a path has to be read first, by torch.export.load(path) for a .pt2"
    elif isinstance(model, SpikingNetwork):
        hint = ": that has been converted already"
    elif callable(model):
        hint = ": put a function into the forward of a module"
    kind = arguments.shown(model)
    raise InvalidInput(f"{door} takes a torch.nn.Module or an exported program, not {kind}{hint}")


def tensors_given(example: Any, door: str) -> Tensor | dict[str, Tensor]:
    """Return one sample as tensors; raises InvalidInput for what is neither an array nor a dict of them."""
    parts = dict(example) if isinstance(example, Mapping) else {"": example}
    made = {name: x if isinstance(x, Tensor) else _tensor(x) for name, x in parts.items() if _arraylike(x)}
    wrong = [x for name, x in parts.items() if name not in made or not made[name].ndim]
    if wrong or not made or not all(isinstance(name, str) for name in made):
        what = arguments.shown(wrong[0]) if wrong else "an empty dict"
        raise InvalidInput(f"{door} takes for an example a tensor (1, …) or a dict of them by name, not {what}")
    return made if isinstance(example, Mapping) else made[""]


def _tensor(x: Any) -> Tensor:
    """An array as a tensor; one of what is no number has no axes, as what is no array."""
    made = arguments.array(x)
    return torch.as_tensor(made if made.dtype.kind in "fiub" and made.dtype.itemsize <= 8 else 0)


def _arraylike(x: Any) -> bool:
    return hasattr(x, "shape") and hasattr(x, "dtype") and not isinstance(x, type)


def taken(model: nn.Module | ExportedProgram, batch: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names in a batch that are inputs: all, without labels that the model does not need."""
    if isinstance(model, ExportedProgram):
        needs = set(model.graph_signature.user_inputs)
    else:
        fields = inspect.signature(model.forward).parameters.values()
        needs = {field.name for field in fields if field.default is field.empty}
    kept = tuple(name for name in batch if name not in LABELS or name in needs)
    return kept or tuple(batch)


def refused(model: nn.Module | ExportedProgram, example: Tensor | dict[str, Tensor]) -> str:
    """Return why the model itself does not take the example, or "" if it does."""
    module = model.module() if isinstance(model, ExportedProgram) else model
    try:
        with torch.no_grad():
            module(**example) if isinstance(example, dict) else module(example)
    except Exception as error:
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ""


def described(example: Tensor | dict[str, Tensor]) -> str:
    """Return shape and type of an example, as an error shows them."""
    parts = example if isinstance(example, dict) else {"": example}
    shown = (f"{name} {tuple(x.shape)} {x.dtype}".strip().replace("torch.", "") for name, x in parts.items())
    return ", ".join(shown)


@contextmanager
def quiet(*names: str) -> Iterator[None]:
    """Hold back what torch logs for its own developers when a model cannot be traced: the error says it."""
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.disabled for logger in loggers]
    try:
        for logger in loggers:
            logger.disabled = True
        yield
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.disabled = was
