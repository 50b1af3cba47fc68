"""Programs that write into views, inputs or buffers, as programs that write nothing: torch's functionalisation."""

from __future__ import annotations

import re
from operator import getitem

import torch
from torch.export import ExportedProgram

from spiking import UnsupportedOperation

Node = torch.fx.Node
TORCH = torch.__path__[0]
PASSES = tuple(f"aten.{name}." for name in ("to", "_to_copy", "clone", "alias", "detach", "copy", "lift_fresh_copy"))
FRAME = re.compile(r'File "([^"]+)", line (\d+), in')


def line_of(node: Node) -> str:
    """Return the user's source line of a call, "file.py:12"; "" where it is not known."""
    frames = [f for f in FRAME.findall(node.meta.get("stack_trace") or "") if not f[0].startswith(TORCH)]
    return f"{frames[-1][0].rsplit('/', 1)[-1]}:{frames[-1][1]}" if frames else ""


def functional(program: ExportedProgram) -> ExportedProgram:
    """Return a program of the same function in which nothing reads what another name has overwritten.

    A call in place on a value that nothing else shares memory with is followed by name and stays. Any other makes
    torch rewrite the program: what was written into a slice is put back with a `slice_scatter`, and so on.
    Raises UnsupportedOperation if an output depends on a buffer that the model changes.
    """
    writers = [node for node in program.graph.nodes if _writes_elsewhere(node)]
    if not writers:
        return program
    _refuse_parts(writers)
    made: ExportedProgram = program.run_decompositions({})
    _refuse_state(made)
    return made


def _writes_elsewhere(node: Node) -> bool:
    """Whether a call overwrites memory that more than one name stands for, or that is not the program's own."""
    if node.op != "call_function" or not isinstance(node.target, torch._ops.OpOverload):
        return False
    return any(_shares(value, node) for value in _written(node))


def _written(node: Node) -> list[Node]:
    """The values that a call overwrites."""
    pairs = zip(node.args, node.target._schema.arguments, strict=False)  # type: ignore[union-attr]
    written = [given for given, argument in pairs if argument.alias_info and argument.alias_info.is_write]
    return [given for given in written if isinstance(given, Node)]


def _shares(value: Node, writer: Node) -> bool:
    """Whether a value is an input, a buffer or a view, or another name may be a view of it."""
    if value.op != "call_function" or _is_view(value):
        return not _in_place(value) or _shares(value.args[0], value)  # type: ignore[arg-type]
    return any(user is not writer and _is_view(user) for user in value.users)


def _in_place(node: Node) -> bool:
    schema = getattr(node.target, "_schema", None)
    first = schema.arguments[0].alias_info if schema and schema.arguments else None
    return bool(first and first.is_write) and isinstance(node.args[0], Node)


def _is_view(node: Node) -> bool:
    """Whether the result of a call may share memory with its first argument."""
    if node.target is getitem:
        return isinstance(node.args[0], Node) and _is_view(node.args[0])
    schema = getattr(node.target, "_schema", None)
    return schema is not None and any(value.alias_info is not None for value in schema.returns)


def _refuse_parts(writers: list[Node]) -> None:
    """Refuse to follow a write into one of several parts of a value, which torch refuses itself when it trains."""
    parts = [node for node in writers if any(value.target is getitem and _is_view(value) for value in _written(node))]
    if parts:
        named = [str(node.target).removesuffix(".default") for node in parts]
        calls = "; ".join(f"{name} at {line_of(node) or '?'}" for name, node in zip(named, parts, strict=True))
        raise UnsupportedOperation(
            f"{len(parts)} call(s) in place on one of the parts that a chunk, split or unbind gives: {calls}; torch "
            "itself refuses them where it keeps gradients: write y = y.add(1) for y.add_(1), and join the parts again"
        )


def _refuse_state(program: ExportedProgram) -> None:
    """Refuse a program in which an output reads a buffer that the program changes."""
    signature = program.graph_signature
    nodes = {node.name: node for node in program.graph.nodes}
    written = signature.buffers_to_mutate.items()
    held = signature.inputs_to_buffers
    changed = {buffer for name, buffer in written if held.get(_source(nodes[name]).name) != buffer}
    if not changed:
        return
    waiting = [nodes[name] for name in signature.user_outputs if isinstance(name, str) and name in nodes]
    seen = set(waiting)
    while waiting:
        fresh = set(waiting.pop().all_input_nodes) - seen
        seen |= fresh
        waiting += fresh
    read = {signature.inputs_to_buffers.get(node.name, "") for node in seen}
    if read & changed:
        raise stateful(sorted(read & changed))


def _source(node: Node) -> Node:
    """The value that a chain of copies and casts to where it is begins with: `self.x = self.x.to(device)`."""
    while str(node.target).startswith(PASSES) and node.args[0].meta["val"].dtype == node.meta["val"].dtype:  # type: ignore[union-attr]
        node = node.args[0]  # type: ignore[assignment]
    return node


def stateful(changed: list[str]) -> UnsupportedOperation:
    """Return the error for a model whose output depends on buffers that its forward changes."""
    return UnsupportedOperation(
        f"the output depends on buffers that forward changes: {', '.join(changed)}; a spiking network keeps "
        "nothing from one sample to the next: return the new state, or pass the old one in as an input"
    )
