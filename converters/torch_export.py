"""Capture: a torch module to a list of ATen calls, each with its module path, shape and the user's source line."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import getitem
from threading import RLock
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

from spiking import InvalidInput, SpikingError, UnsupportedOperation

from .doors import described, model_given, quiet, refused, tensors_given
from .mutation import functional, line_of
from .program import Graph, Op, Ref, ordered, references

LOCK = RLock()  # modes of a module, torch's flags and warning filters belong to the process
# calls that read the shape of a value, and nothing else of it
READS_SHAPE = {f"{fill}_like.default" for fill in ("zeros", "ones", "full", "empty")}
READS_SHAPE |= {f"new_{fill}.default" for fill in ("zeros", "ones", "full", "empty")}
# and those that read a value, and of a second one the shape or type
READS_FIRST = {"type_as.default", "expand_as.default", "reshape_as.default", "view_as.default"}
DEVELOPERS = ("torch._subclasses.fake_tensor", "torch.fx.experimental.symbolic_shapes", "torch.export")  # loggers
UNKNOWN = (torch.SymInt, torch.SymBool)


def capture(model: nn.Module | ExportedProgram, example: Tensor | dict[str, Tensor]) -> Graph:
    """Return the program of a model for one sample: `example` is (1, …), or keyword inputs by name.

    The module comes back in the mode it had. Raises UnsupportedOperation if torch.export cannot capture it.
    """
    assert model_given(model, "capture")
    example = tensors_given(example, "capture")
    if isinstance(model, ExportedProgram):
        return _graph(_reexport(model, example))
    with evaluating(model):
        try:
            return _graph(_export(model, example))
        except UnsupportedOperation:
            reason = refused(model, example)
            if not reason:
                raise
        have = described(example)
        raise InvalidInput(
            f"{type(model).__name__} itself does not take one sample of the data, {have}: {reason}; give a batch "
            "(B, …) as the model was trained on, channels where it has them, or a dict of its inputs by name"
        )


@contextmanager
def evaluating(model: nn.Module) -> Iterator[Callable[[], list[str]]]:
    """Put a module in evaluation mode, and every submodule back in the mode it had, every buffer to what it held.

    torch's fused transformer layers are off meanwhile: they blank or cut what a padding mask hides. Yields a function
    that names the buffers that are changed by then.
    """
    with LOCK, torch.autocast("cpu", enabled=False), _restored(model) as changed:
        modes = [(module, module.training) for module in model.modules()]
        fast = torch.backends.mha.get_fastpath_enabled()
        try:
            torch.backends.mha.set_fastpath_enabled(False)
            model.eval()
            yield changed
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
            for module, mode in modes:
                module.training = mode


@contextmanager
def _restored(model: nn.Module) -> Iterator[Callable[[], list[str]]]:
    """Give back the buffers of a model as they were; yields a function that names those that are changed by then."""
    before = {name: (value, value.clone()) for name, value in model.named_buffers()}

    def changed() -> list[str]:
        after = dict(model.named_buffers())
        return [name for name, (_, old) in before.items() if not torch.equal(_plain(after[name]), _plain(old))]

    try:
        yield changed
    finally:
        for name, (value, old) in before.items():
            value.copy_(old)
            path, _, leaf = name.rpartition(".")
            model.get_submodule(path)._buffers[leaf] = value


def _plain(value: Tensor) -> Tensor:
    return value.nan_to_num() if value.is_floating_point() else value


def _export(model: nn.Module, example: Tensor | dict[str, Tensor]) -> ExportedProgram:
    try:
        with LOCK, torch.no_grad(), warnings.catch_warnings(), quiet(*DEVELOPERS):
            warnings.simplefilter("ignore")  # notes of torch.export to its own developers
            if isinstance(example, dict):
                return torch.export.export(model, (), example, strict=False)
            return torch.export.export(model, (example,), strict=False)
    except SpikingError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        lines = [f"torch.export cannot capture {type(model).__name__}:", *reason[:6]]
        hint = "control flow that depends on data has to become torch.where, or be decided before the call"
        raise UnsupportedOperation("\n  ".join([*lines, hint])) from error


def state(model: nn.Module | ExportedProgram) -> list[Tensor]:
    """Return the parameters and buffers of a model."""
    if isinstance(model, ExportedProgram):
        return list(model.state_dict.values())
    return [*model.parameters(), *model.buffers()]


def example_of(model: nn.Module | ExportedProgram, door: str) -> Tensor | dict[str, Tensor]:
    """Return one sample of zeros as an exported program takes it; raises InvalidInput for any other model."""
    if not isinstance(model, ExportedProgram):
        name = type(model).__name__
        raise InvalidInput(f"{name} needs an example: {door}(model, example), one sample (1, …)")
    made = {}
    for node in _takes(model):
        value = node.meta["val"]
        sizes = (size if isinstance(size, int) else int(size.node.hint) for size in value.shape[1:])
        made[node.name] = torch.zeros((1, *sizes), dtype=value.dtype)
    return next(iter(made.values())) if len(made) == 1 else made


def _takes(program: ExportedProgram) -> list[torch.fx.Node]:
    """The placeholders that the caller fills, in order."""
    users = set(program.graph_signature.user_inputs)
    return [node for node in program.graph.nodes if node.op == "placeholder" and node.name in users]


def _reexport(program: ExportedProgram, example: Tensor | dict[str, Tensor]) -> ExportedProgram:
    taken = [tuple(node.meta["val"].shape) for node in _takes(program)]
    given = [tuple(x.shape) for x in (example.values() if isinstance(example, dict) else [example])]
    if all(isinstance(size, int) for shape in taken for size in shape) and taken == given:
        return program
    try:
        return _export(program.module(), as_taken(program, example))
    except UnsupportedOperation as error:
        want, have = (", ".join(map(str, shapes)) for shapes in (taken, given))
        raise InvalidInput(
            f"the exported program takes {want} and cannot be captured for one sample {have}; "
            "export it with batch 1 or a dynamic batch"
        ) from error


def as_taken(program: ExportedProgram, given: Tensor | dict[str, Tensor]) -> Tensor | dict[str, Tensor]:
    """Return inputs in the floating-point type that a program takes them in; all others as they are."""
    dtypes = [node.meta["val"].dtype for node in _takes(program)]

    def typed(x: Tensor, dtype: torch.dtype) -> Tensor:
        return x.to(dtype) if x.is_floating_point() and dtype.is_floating_point else x

    if isinstance(given, Tensor):
        return typed(given, dtypes[0])
    return {name: typed(x, dtype) for (name, x), dtype in zip(given.items(), dtypes, strict=False)}


def _graph(program: ExportedProgram) -> Graph:
    with LOCK, warnings.catch_warnings(), quiet(*DEVELOPERS):
        warnings.simplefilter("ignore")  # notes of torch to its own developers
        program = functional(program)
    signature = program.graph_signature
    values: dict[str, Any] = {**program.state_dict, **program.constants}
    held = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    held |= signature.inputs_to_lifted_tensor_constants
    taken = {node.name: node.meta["val"] for node in _takes(program) if node.users}
    calls = [node for node in program.graph.nodes if node.op == "call_function" and not _idle(node)]
    returned = [Ref(name) for name in signature.user_outputs if isinstance(name, str)]
    ops = _read([op for node in calls for op in _inlined(node, "")], references(returned))
    streams = set(taken)
    for op in ops:
        read = op.args[:1] if op.target in READS_FIRST else (op.args, op.kwargs)
        if op.target not in READS_SHAPE and not streams.isdisjoint(references(read)):
            streams.add(op.name)
    return Graph(
        inputs={name: tuple(value.shape) for name, value in taken.items()},
        constants={name: values[key].detach() for name, key in held.items()},
        ops=ops,
        outputs=dict(zip(_output_names(program), returned, strict=True)),
        streams=frozenset(streams),
        integers=frozenset(name for name, value in taken.items() if not value.is_floating_point()),
        masks=frozenset(name for name, value in taken.items() if value.dtype == torch.bool),
    )


def _read(ops: list[Op], returned: list[str]) -> tuple[Op, ...]:
    """The calls that what is returned depends on: no assertion, no result that nobody reads."""
    kept, needed = [], set(returned)
    for op in reversed(ops):
        written = references(op.args[:1]) if op.in_place else []
        if op.name in needed or not needed.isdisjoint(written):
            kept.append(op)
            needed.update(references((op.args, op.kwargs)))
    return tuple(reversed(kept))


def _output_names(program: ExportedProgram) -> list[str]:
    """Names of the tensors it returns: the fields of a dict or dataclass, or numbers; "output" of one without."""
    kept = [isinstance(name, str) for name in program.graph_signature.user_outputs]
    spec = program.call_spec.out_spec
    if spec is None:
        return ["output"]
    tree = pytree.tree_unflatten(list(range(spec.num_leaves)), spec)
    paths = [path for path, _ in pytree.tree_flatten_with_path(tree)[0]]
    return output_names([path for path, keep in zip(paths, kept, strict=True) if keep])


def output_names(paths: list[Any]) -> list[str]:
    """Return the names of the leaves of a structured output: their fields and numbers, joined by dots."""
    names = ["".join(_key(key) for key in path).strip(".") or "output" for path in paths]
    return ["output"] if len(names) == 1 and names[0].replace(".", "").isdigit() else names


def _key(key: Any) -> str:
    name = getattr(key, "key", getattr(key, "name", None))
    return f".{name}" if name is not None else f".{getattr(key, 'idx', key)}"


def _inlined(node: torch.fx.Node, prefix: str) -> list[Op]:
    """The call, or the calls inside it where torch.export wrapped a region (no_grad, autocast)."""
    if not str(node.target).startswith("wrap_with"):
        return [_op(node, prefix)]
    at = next(k for k, a in enumerate(node.args) if isinstance(a, torch.fx.Node) and a.op == "get_attr")
    inner = getattr(node.graph.owning_module, str(node.args[at].target))  # type: ignore[union-attr]
    given = iter(node.args[at + 1 :])
    ops: list[Op] = []
    mark = f"{prefix}{node.name}."
    for step in inner.graph.nodes:
        if step.op == "placeholder":
            ops.append(_passed(mark + step.name, _refs(next(given), prefix)))
        elif step.op == "call_function":
            ops += _inlined(step, mark)
        elif step.op == "output":
            ops.append(_passed(prefix + node.name, _refs(step.args[0], mark)))
    return ops


def _passed(name: str, value: Any) -> Op:
    """The value itself under another name."""
    return Op(name, "getitem", getitem, ([value], 0), {}, (), "", "")


def _idle(node: torch.fx.Node) -> bool:
    """Whether a call takes a result that nobody reads, or only checks a size."""
    return (node.target is getitem and not node.users) or _checks(node)


def _checks(node: torch.fx.Node) -> bool:
    """Whether a call only checks, at run time, a size that capture could not know."""
    if str(node.target) == "aten._assert_scalar.default":
        return True
    return bool(node.users) and isinstance(node.meta.get("val"), UNKNOWN) and all(map(_checks, node.users))


def _op(node: torch.fx.Node, prefix: str) -> Op:
    value = node.meta.get("val")
    first = value[0] if isinstance(value, tuple | list) and value else value
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path = re.sub(r"^L\['self'\]\.?", "", str(stack[-1][0])) if stack else ""
    line = line_of(node)
    aten = hasattr(node.target, "_schema")
    target = str(node.target).removeprefix("aten.") if aten else getattr(node.target, "__name__", str(node.target))
    shape = tuple(_size(n) for n in first.shape) if isinstance(first, Tensor) else ()
    args, kwargs = _refs(node.args, prefix), _refs(node.kwargs, prefix)
    if aten:
        args, kwargs = ordered(node.target._schema, args, kwargs)  # type: ignore[union-attr]
    return Op(prefix + node.name, target, node.target, args, kwargs, shape, path, line)


def _size(size: int | torch.SymInt) -> int:
    """A size as a number; −1 for one that depends on values, like the count of a mask."""
    return int(size) if isinstance(size, int) or size.node.has_hint() else -1


def _refs(value: Any, prefix: str) -> Any:
    match value:
        case torch.fx.Node():
            return Ref(prefix + value.name)
        case tuple() | list():
            made = [_refs(item, prefix) for item in value]
            return made if isinstance(value, list) else tuple(made)
        case dict():
            return {key: _refs(item, prefix) for key, item in value.items()}
    return value
