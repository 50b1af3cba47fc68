"""convert(): the straight line from a trained network to a spiking one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import ExportedProgram

from spiking import InvalidInput, SpikingError, SpikingNetwork, arguments, batches, fitting

from .batch import batch_first
from .calibrate import NO_SAMPLES, calibrate
from .doors import described, model_given, taken
from .fold import fold
from .lower import lower
from .measure import measured
from .methods import Method, method_named
from .source import answers, rounding, single
from .torch_export import LOCK, capture, state

Array = NDArray[Any]
Inputs = dict[str, Array]
BATCH = 64
PROBE = 16  # samples on which the result is compared with the source, before and after it spikes


def convert(
    model: nn.Module | ExportedProgram,
    calibration: Any,
    *,
    method: str | Method = "sigma-delta",
    outputs: Sequence[str] | str | None = None,
    **parameters: Any,
) -> SpikingNetwork:
    """Return a spiking network with the function of a trained model.

    model        a torch.nn.Module, or an exported program; it comes back in the mode it had
    calibration  a batch (B, …), a dict of them for keyword inputs, or an iterable of batches or of (batch, label, …)
                 tuples: read once; boolean arrays are masks, int32 and int64 ones ids or masks of 0 and 1, all
                 others real numbers; labels in a dict are left out unless the model needs them
    method       "sigma-delta" or "rate", with its parameters as keywords, or a Method
    outputs      which of several outputs to keep, a name or several; by default all

    The result runs a few ticks on the first samples: `summary` says how far its outputs are from the source's, and a
    SpikingWarning if that is more than the method tolerates, with the neurons it comes from. There are warnings of
    broken samples and of layers that stay 0, too.

    Raises UnsupportedOperation (every call without a rule, at once), InvalidInput (data, parameters), InvalidNetwork.
    """
    assert model_given(model, "convert")
    recipe = _method(method, parameters)
    names = None if outputs is None else arguments.names("outputs", outputs)
    with LOCK, torch.autocast("cpu", enabled=False):  # torch swaps the parameters of a module while it captures it
        first, data = _peek(calibration, model)
        if isinstance(model, nn.Module):
            _check_weights(model)
        if any(value.is_meta for value in state(model)):
            raise InvalidInput(
                "the model is on torch's meta device: it has shapes but no values, so there is nothing to calibrate; "
                "outline(model, example) gives a network that can be costed"
            )
        return _converted(model, first, data, recipe, names)


def _converted(
    model: nn.Module | ExportedProgram,
    first: Inputs,
    data: Iterator[Inputs],
    recipe: Method,
    names: Sequence[str] | None,
) -> SpikingNetwork:
    """The straight line: capture, lower, fold, compare, calibrate, assign, measure."""
    probe = {name: torch.as_tensor(x[:PROBE]) for name, x in first.items()}
    example = {name: x[:1] for name, x in probe.items()}
    model = single(model, example, "" in first)
    graph = capture(model, example.get("", example))
    if "" in first and len(graph.inputs) == 1:
        (bare,) = graph.inputs
        probe, data = {bare: probe[""]}, ({bare: batch[""]} for batch in data)
    flags = (name for name, x in probe.items() if name in graph.inputs and bool(((x == 0) | (x == 1)).all()))
    lowered = lower(replace(graph.only(names), flags=frozenset(flags)))
    fitting({name: x.numpy() for name, x in probe.items()}, lowered.inputs)
    wanted = _asked(model, probe, "" in first)
    probe = {node.name: probe[node.name] for node in lowered.inputs}  # what the model takes and never reads is none
    lowered, wanted = batch_first(lowered, wanted, len(next(iter(probe.values()))))
    draft = fold(lowered, recipe.averages).check()
    _compare(draft, wanted, probe, rounding(model))
    ranges = calibrate(draft, data, recipe.percentiles)
    network = recipe.settled(draft, ranges, probe).assign(draft, ranges).check()
    return measured(network, draft, probe, recipe)


def _asked(model: nn.Module | ExportedProgram, probe: dict[str, Tensor], bare: bool) -> dict[str, Array]:
    """The source's outputs; raises InvalidInput if it takes the first sample as a symbol, and not as numbers."""
    try:
        return answers(model, probe, bare)
    except SpikingError:
        raise
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InvalidInput(f"the model itself does not take {described(probe)}: {reason}") from error


def _method(method: str | Method, parameters: dict[str, Any]) -> Method:
    if isinstance(method, Method):
        if parameters:
            raise InvalidInput(f"pass parameters to the method itself, not alongside it: {', '.join(parameters)}")
        return method
    return method_named(method, parameters)


def _peek(calibration: Any, model: nn.Module | ExportedProgram) -> tuple[Inputs, Iterator[Inputs]]:
    """Return the first batch, and all batches including it; a bare array has the name ""."""
    if isinstance(calibration, Mapping):
        source = batches(calibration, BATCH, taken(model, calibration))
    elif _whole(calibration):
        source = batches(calibration, BATCH, ("",))
    else:
        items = iter(calibration)
        begin = next(items, None)
        item = begin[0] if isinstance(begin, tuple | list) and begin else begin
        names = taken(model, item) if isinstance(item, Mapping) else ("",)
        source = batches(chain([] if begin is None else [begin], items), BATCH, names)
    ready = ({name: _typed(name, x) for name, x in batch.items()} for batch in source)
    first = next(ready, None)
    if not first or not all(len(x) for x in first.values()):
        raise InvalidInput(NO_SAMPLES)
    return first, chain([first], ready)


def _whole(calibration: Any) -> bool:
    """Whether it is no stream of batches: an array, or what `batches` refuses."""
    if hasattr(calibration, "shape") or isinstance(calibration, str | bytes | tuple | type):
        return True
    return not isinstance(calibration, Iterable)


def _typed(name: str, x: Array) -> Array:
    """Return ids as int64, masks as they are, and all else as float32, finite."""
    where = f"'{name}' of " if name else ""
    if x.dtype.kind not in "fiub":
        raise InvalidInput(f"{where}the calibration data must be real numbers, not {x.dtype}")
    if x.dtype in (np.int32, np.int64):
        return x.astype(np.int64)
    if x.dtype == np.bool_:
        return x
    made = x.astype(np.float32)
    broken = np.count_nonzero(~np.isfinite(made))
    if broken:
        raise InvalidInput(f"{where}the calibration data hold {broken} NaN or infinite values")
    return made


def _check_weights(model: nn.Module) -> None:
    faults = []
    for name, value in (*model.named_parameters(), *model.named_buffers()):
        if value.is_complex():
            faults.append(f"{name}: {value.dtype} is not supported")
        elif value.is_floating_point() and not value.is_meta and not _finite(value):
            faults.append(f"{name}: {int((~torch.isfinite(value)).sum())} NaN or infinite values")
    if faults:
        raise InvalidInput("\n  ".join([f"{len(faults)} parameter(s) or buffer(s) cannot be converted:", *faults]))


def _finite(value: torch.Tensor) -> bool:
    """Whether all values are finite; a buffer may hold −∞, which an attention mask adds where it forbids."""
    if not isinstance(value, nn.Parameter) and bool((value < float("inf")).all()):
        return True
    return bool(torch.isfinite(value).all())


def _compare(draft: SpikingNetwork, wanted: dict[str, Array], probe: dict[str, torch.Tensor], eps: float) -> None:
    """Refuse to go on if the captured function is not the source's: a wrong rule must not go unnoticed.

    The gap may be 1e-3 of the largest value, or what a source in half precision rounds away itself: 16 ε.
    """
    with torch.inference_mode():
        found = draft.dense()(**probe)
    made = found if isinstance(found, dict) else {draft.outputs[0].name: found}
    for name, have in made.items():
        want = next(iter(wanted.values())) if len(wanted) == 1 else wanted[name]
        if have.numel() != want.size:
            raise SpikingError(
                f"the source model returns {want.shape} for {len(have)} samples, the captured network "
                f"{tuple(have.shape)}: the model mixes the samples of a batch; let it return one row per sample"
            )
        if not np.all(np.isfinite(want)):
            raise InvalidInput(
                f"the source model returns NaN or infinity at '{name}'; check its weights and the input's scale"
            )
        gap = np.abs(have.numpy().reshape(want.shape) - want).max()
        scale = np.abs(want).max()
        if not gap <= max(1e-3, 16 * eps) * max(scale, 1e-6):
            raise SpikingError(
                f"the captured network differs from the source at '{name}' by {gap:.3g} of {scale:.3g}: "
                "the model depends on more than its input (randomness, state, the batch), or a rule is wrong"
            )
