"""convert(): the straight line from a trained network to a spiking one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.export import ExportedProgram
from torch.utils._pytree import tree_leaves

from spiking import InvalidInput, SpikingError, SpikingNetwork, batches

from .calibrate import calibrate
from .capture import capture, evaluating
from .fold import fold
from .lower import lower
from .methods import METHODS, Method

Array = NDArray[Any]
BATCH = 64
PROBE = 16  # samples on which the result is compared with the source, before and after it spikes
TICKS = 8


def convert(
    model: nn.Module | ExportedProgram, calibration: Any, *, method: str | Method = "sigma-delta", **parameters: Any
) -> SpikingNetwork:
    """Return a spiking network with the function of a trained model.

    model        a torch.nn.Module, or an exported program; it comes back in the mode it had
    calibration  a batch (B, …), or an iterable of batches or of (batch, label, …) tuples: read once
    method       "sigma-delta" or "rate", with its parameters as keywords, or a Method

    Raises UnsupportedOperation (every call without a rule, at once), InvalidInput (data, parameters), InvalidNetwork.
    """
    recipe = _method(method, parameters)
    first, data = _peek(calibration)
    if isinstance(model, nn.Module):
        _check_weights(model)
    example = torch.as_tensor(first[:1])
    draft = fold(lower(capture(model, example)), recipe.averages).check()
    _compare(model, draft, first[:PROBE])
    ranges = calibrate(draft, data, recipe.percentiles)
    network = recipe.assign(draft, ranges).check()
    return _measured(network, draft, first[:PROBE])


def _method(method: str | Method, parameters: dict[str, Any]) -> Method:
    if isinstance(method, Method):
        if parameters:
            raise InvalidInput(f"give parameters to the method itself, not beside it: {', '.join(parameters)}")
        return method
    if method not in METHODS:
        raise InvalidInput(f"there is no method '{method}'; there are: {', '.join(METHODS)}")
    try:
        return METHODS[method](**parameters)
    except TypeError:
        known = ", ".join(field.name for field in fields(METHODS[method]))
        raise InvalidInput(f"method '{method}' takes {known}; given: {', '.join(parameters)}") from None


def _peek(calibration: Any) -> tuple[Array, Iterator[Array]]:
    """Return the first batch as float32, and all batches, the first among them."""
    source = (_floats(x) for x in batches(calibration, BATCH))
    first = next(source, None)
    if first is None or not len(first):
        raise InvalidInput("the calibration data hold no samples; an iterator can be read only once, a list more often")
    return first, chain([first], source)


def _floats(x: Array) -> Array:
    if x.dtype.kind not in "fiub":
        raise InvalidInput(f"calibration data must be real numbers, not {x.dtype}")
    made = x.astype(np.float32)
    if not np.all(np.isfinite(made)):
        raise InvalidInput(f"the calibration data hold {np.count_nonzero(~np.isfinite(made))} NaN or infinite values")
    return made


def _check_weights(model: nn.Module) -> None:
    state = [*model.named_parameters(), *model.named_buffers()]
    faults = [f"{name}: {v.dtype} is not supported" for name, v in state if v.is_complex()]
    faults += [
        f"{name}: {int((~torch.isfinite(v)).sum())} NaN or infinite values"
        for name, v in state
        if v.is_floating_point() and not v.is_meta and not bool(torch.isfinite(v).all())
    ]
    if faults:
        raise InvalidInput("\n  ".join([f"{len(faults)} parameter(s) or buffer(s) cannot be converted:", *faults]))


def _outputs(model: nn.Module | ExportedProgram, x: torch.Tensor) -> list[Array]:
    """The source's outputs, sample by sample where a program was exported for one."""
    module = model.module() if isinstance(model, ExportedProgram) else model
    with torch.no_grad():
        if isinstance(model, ExportedProgram):
            parts = [_tensors(module(one[None])) for one in x]
            return [np.stack([p[k].reshape(-1) for p in parts]) for k in range(len(parts[0]))]
        with evaluating(model):
            return _tensors(module(x))


def _tensors(y: Any) -> list[Array]:
    return [np.asarray(v.detach().cpu()) for v in tree_leaves(y) if isinstance(v, torch.Tensor)]


def _compare(model: nn.Module | ExportedProgram, draft: SpikingNetwork, x: Array) -> None:
    """Refuse to go on if the captured function is not the source's: a rule would be wrong, and nobody would notice."""
    wanted = _outputs(model, torch.as_tensor(x))
    found = draft.dense()(torch.as_tensor(x))
    made = list(found.values()) if isinstance(found, dict) else [found]
    for out, want, have in zip(draft.outputs, wanted, made, strict=True):
        if have.numel() != want.size:
            raise SpikingError(
                f"the source answers {want.shape} to {len(x)} samples, where the captured network answers "
                f"{tuple(have.shape)}: the model mixes the samples of a batch"
            )
        if not np.all(np.isfinite(want)):
            raise InvalidInput(
                f"the source answers NaN or infinity at '{out.name}'; check its weights and the input's scale"
            )
        gap = np.abs(have.detach().numpy().reshape(want.shape) - want).max()
        scale = np.abs(want).max()
        if not gap <= 1e-3 * max(scale, 1e-6):
            raise SpikingError(
                f"the captured network differs from the source at '{out.name}' by {gap:.3g} of {scale:.3g}: "
                "the model depends on more than its input (randomness, state, the batch), or a rule is wrong"
            )


def _measured(network: SpikingNetwork, draft: SpikingNetwork, x: Array) -> SpikingNetwork:
    """Write into each neuron's origin how far it was from the source after a few ticks."""
    from spiking import run

    exact: dict[str, Array] = {}
    with torch.inference_mode():
        draft.dense()(torch.as_tensor(x), lambda name, y: exact.update({name: y.numpy()}))
    record = run(network, x, steps=TICKS, backend="norse", record=True, progress=False)
    share = TICKS if network.schedule == "rate" else 1
    origins = dict(network.origins)
    for name, train in record.rasters.items():
        error = float(np.abs(train.sum(axis=0) / share - exact[name]).max())
        origins[name] = replace(origins[name], error=error)
    return replace(network, origins=origins)
