"""outline(): a network from shapes alone, to be costed and not run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from spiking import Neuron, SpikingNetwork, arguments, graded, missing

from .doors import model_given, tensors_given
from .fold import fold
from .lower import lower
from .torch_export import capture, example_of, state


def outline(
    model: nn.Module | ExportedProgram,
    example: Tensor | dict[str, Tensor] | None = None,
    *,
    outputs: Sequence[str] | str | None = None,
    levels: int = 7,
    window: int = 3,
) -> SpikingNetwork:
    """Return the network a model would become, without its values: for a model too large to hold, or not yet trained.

    model     built under torch.device("meta") it takes no memory; values it has are kept
    example   one sample (1, …), or keyword inputs by name: only shapes and types are read.
              An exported program has its own
    levels    K of the graded alphabet assumed of every neuron, as nothing calibrates it; its unit stays unknown
    window    ticks assumed for a neuron to stay open behind the wavefront

    Raises UnsupportedOperation (every call without a rule, at once), InvalidInput, InvalidNetwork.
    """
    assert model_given(model, "outline")
    levels, window = arguments.whole("levels", levels, 1, 30), arguments.whole("window", window)
    names = None if outputs is None else arguments.names("outputs", outputs)
    if example is None:
        example = example_of(model, "outline")
    example = tensors_given(example, "outline")
    device = "meta" if any(value.is_meta for value in state(model)) else "cpu"
    if isinstance(example, dict):
        graph = capture(model, {name: x[:1].to(device) for name, x in example.items()})
    else:
        graph = capture(model, example[:1].to(device))
    with torch.no_grad(), torch.device("cpu"):  # whatever the caller's default: numbers that rules make have values
        draft = fold(lower(graph.only(names)))
    alphabet = graded(missing(()), levels)
    nodes = tuple(replace(n, alphabet=alphabet) if isinstance(n, Neuron) else n for n in draft)
    return replace(draft, nodes=nodes, method="outline").wavefront(window).check()
