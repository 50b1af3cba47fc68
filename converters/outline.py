"""outline(): a network from shapes alone, to be costed and not run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from spiking import InvalidInput, Neuron, SpikingNetwork, graded, missing

from .capture import capture
from .convert import chosen, state
from .fold import fold
from .lower import lower


def outline(
    model: nn.Module | ExportedProgram,
    example: Tensor | dict[str, Tensor] | None = None,
    *,
    outputs: Sequence[str] | None = None,
    levels: int = 7,
    window: int = 3,
) -> SpikingNetwork:
    """Return the network a model would become, without its values: for a model too large to hold, or not yet trained.

    model     built under torch.device("meta") it takes no memory; values it has are kept
    example   one sample (1, …), or keyword inputs by name: only shapes and types are read.
              An exported program has its own
    levels    K of the graded alphabet assumed of every neuron, for nothing calibrates it; its unit stays unknown
    window    ticks assumed for a neuron to stay open behind the wavefront

    Raises UnsupportedOperation (every call without a rule, at once), InvalidInput, InvalidNetwork.
    """
    if levels < 1 or window < 1:
        raise InvalidInput(f"levels and window must be at least 1, not {levels} and {window}")
    if example is None:
        example = _example(model)
    device = "meta" if any(value.is_meta for value in state(model)) else "cpu"
    if isinstance(example, dict):
        graph = capture(model, {name: x[:1].to(device) for name, x in example.items()})
    else:
        graph = capture(model, example[:1].to(device))
    with torch.no_grad(), torch.device("cpu"):  # whatever the caller's default: numbers that rules make have values
        draft = fold(lower(chosen(graph, outputs)))
    alphabet = graded(missing(()), levels)
    nodes = tuple(replace(n, alphabet=alphabet) if isinstance(n, Neuron) else n for n in draft)
    return replace(draft, nodes=nodes, method="outline").wavefront(window).check()


def _example(model: nn.Module | ExportedProgram) -> Tensor | dict[str, Tensor]:
    """Zeros of the shapes an exported program was made for, one sample."""
    if not isinstance(model, ExportedProgram):
        raise InvalidInput(
            f"{type(model).__name__} does not say what it takes: outline(model, example), one sample (1, …)"
        )
    users = set(model.graph_signature.user_inputs)
    taken = {n.name: n.meta["val"] for n in model.graph.nodes if n.op == "placeholder" and n.name in users}
    made = {
        name: torch.zeros((1, *(_size(size) for size in value.shape[1:])), dtype=value.dtype)
        for name, value in taken.items()
    }
    return next(iter(made.values())) if len(made) == 1 else made


def _size(size: int | torch.SymInt) -> int:
    """The size itself, or the one that a symbolic size had when the program was exported."""
    return size if isinstance(size, int) else int(size.node.hint)
