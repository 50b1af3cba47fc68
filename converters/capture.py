"""Capture: a torch module to a list of ATen calls, each with its module path, shape and the user's source line."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from spiking import InvalidInput, SpikingError, UnsupportedOperation

TORCH = torch.__path__[0]
FRAME = re.compile(r'File "([^"]+)", line (\d+), in')


@dataclass(frozen=True)
class Op:
    """One call of the source program.

    target   ATen name with overload, in-place calls under their own name: "conv2d.default", "relu_.default"
    args     constants, and Ref where another op's value is used
    shape    of the result at batch 1; of the first, if there are several
    path     module path; `line` the source line "file.py:12"
    """

    name: str
    target: str
    call: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shape: tuple[int, ...]
    path: str
    line: str


@dataclass(frozen=True)
class Ref:
    """The value of another op, an input or a constant, by name."""

    name: str


@dataclass(frozen=True)
class Graph:
    """A captured program at batch 1: inputs with their shapes, constants, calls in order, outputs."""

    inputs: dict[str, tuple[int, ...]]
    constants: dict[str, Tensor]
    ops: tuple[Op, ...]
    outputs: tuple[Ref, ...]
    streams: frozenset[str] = field(default=frozenset())

    def __len__(self) -> int:
        return len(self.ops)


def capture(model: nn.Module | ExportedProgram, example: Tensor) -> Graph:
    """Return the program of a model for one sample: `example` is (1, …).

    The module comes back in the mode it had. Raises UnsupportedOperation if torch.export cannot capture it.
    """
    if isinstance(model, ExportedProgram):
        return _graph(_reexport(model, example))
    with evaluating(model):
        return _graph(_export(model, example))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a module in evaluation mode, and every submodule back in the mode it had."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _export(model: nn.Module, example: Tensor) -> ExportedProgram:
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # notes of torch.export to its own developers
            return torch.export.export(model, (example,), strict=False)
    except SpikingError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        lines = [f"torch.export cannot capture {type(model).__name__}:", *reason[:6]]
        hint = "control flow that depends on data has to become torch.where, or be decided before the call"
        raise UnsupportedOperation("\n  ".join([*lines, hint])) from error


def _reexport(program: ExportedProgram, example: Tensor) -> ExportedProgram:
    values = [n.meta["val"] for n in program.graph.nodes if n.op == "placeholder"]
    users = set(program.graph_signature.user_inputs)
    inputs = [n for n in program.graph.nodes if n.op == "placeholder" and n.name in users]
    if len(inputs) == 1 and tuple(inputs[0].meta["val"].shape) == tuple(example.shape) and values:
        return program
    try:
        return _export(program.module(), example)
    except UnsupportedOperation as error:
        shape = tuple(inputs[0].meta["val"].shape)
        raise InvalidInput(
            f"the exported program takes {shape} and cannot be captured for one sample {tuple(example.shape)}; "
            "export it with batch 1 or a dynamic batch"
        ) from error


def _graph(program: ExportedProgram) -> Graph:
    signature = program.graph_signature
    state: dict[str, Any] = {**program.state_dict, **program.constants}
    held = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    held |= signature.inputs_to_lifted_tensor_constants
    inputs: dict[str, tuple[int, ...]] = {}
    constants: dict[str, Tensor] = {}
    ops: list[Op] = []
    streams: set[str] = set()
    outputs: tuple[Ref, ...] = ()
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in held:
            constants[node.name] = state[held[node.name]].detach()
        elif node.op == "placeholder":
            inputs[node.name] = tuple(node.meta["val"].shape)
            streams.add(node.name)
        elif node.op == "call_function":
            ops.append(_op(node))
            if any(above.name in streams for above in node.all_input_nodes):
                streams.add(node.name)
        elif node.op == "output":
            outputs = tuple(Ref(name) for name in signature.user_outputs if isinstance(name, str))
    return Graph(inputs, constants, tuple(ops), outputs, frozenset(streams))


def _op(node: torch.fx.Node) -> Op:
    value = node.meta.get("val")
    first = value[0] if isinstance(value, tuple | list) and value else value
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path = re.sub(r"^L\['self'\]\.?", "", str(stack[-1][0])) if stack else ""
    frames = [f for f in FRAME.findall(node.meta.get("stack_trace") or "") if not f[0].startswith(TORCH)]
    line = f"{frames[-1][0].rsplit('/', 1)[-1]}:{frames[-1][1]}" if frames else ""
    target = str(node.target).removeprefix("aten.") if hasattr(node.target, "_schema") else _name(node.target)
    shape = tuple(int(n) for n in first.shape) if isinstance(first, Tensor) else ()
    return Op(node.name, target, node.target, _refs(node.args), _refs(node.kwargs), shape, path, line)


def _refs(value: Any) -> Any:
    match value:
        case torch.fx.Node():
            return Ref(value.name)
        case tuple() | list():
            return [_refs(v) for v in value] if isinstance(value, list) else tuple(_refs(v) for v in value)
        case dict():
            return {k: _refs(v) for k, v in value.items()}
    return value


def _name(target: Any) -> str:
    return str(getattr(target, "__name__", target))
