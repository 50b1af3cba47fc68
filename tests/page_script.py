"""The page's cost functions, made from the Python ones: `python -m tests.page_script` rewrites generated.js."""

from __future__ import annotations

import ast
import inspect
from dataclasses import MISSING, fields, is_dataclass
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any

from pscript import py2js

from hardware.models import base, brain, event_driven, neuromorphic, operation_count, von_neumann
from hardware.render.pages import FILES

TARGET = Path(str(FILES)) / "generated.js"
MODULES = (base, brain, event_driven, neuromorphic, operation_count, von_neumann)
HEAD = """// Made from hardware/models/*.py by `python -m tests.page_script`: change the functions there, not here.
"""
# base.py: constants and functions of Python alone; the page says percentages and finds the largest by curves.js
PYTHON_ONLY = {"rounded", "most", "keys", "streamed", "_assumptions"}
TABLES = {"WIDTHS", "WORK", "RESOURCES", "UNCLOCKED"}  # what cost functions read
DROPPED = {"assumptions"}  # fields of records that the page does not show


def records() -> dict[str, dict[str, Any]]:
    """Records that cost functions make: class name -> field -> default, ... where it has none."""
    found: dict[str, dict[str, Any]] = {}
    for module in MODULES:
        for name, kind in vars(module).items():
            if inspect.isclass(kind) and kind.__module__ == module.__name__:
                if is_dataclass(kind):
                    found[name] = {f.name: _default(f) for f in fields(kind)}
                elif hasattr(kind, "_fields"):
                    found[name] = {field: kind._field_defaults.get(field, ...) for field in kind._fields}
    return found


def _default(field: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else ...


class Plain(ast.NodeTransformer):
    """Python as PScript knows it: no annotations, no docstrings, records as objects, lists joined by +."""

    def __init__(self, known: dict[str, dict[str, Any]], renamed: dict[str, str]) -> None:
        self.known, self.renamed = known, renamed

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Drop annotations and the docstring."""
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
        node.body = node.body[1:] if ast.get_docstring(node) else node.body
        node.name = self.renamed.get(node.name, node.name)
        self.generic_visit(node)
        return node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Drop what only raises: Python has checked the numbers before they came into the page."""
        if all(isinstance(step, ast.Raise) for step in node.body) and not node.orelse:
            return None
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Give helpers of a module its name."""
        node.id = {"sum": "total", **self.renamed}.get(node.id, node.id)  # PScript's own sum wants something to add up
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        """A list does as well."""
        return self.visit(ast.ListComp(node.elt, node.generators))

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        """A dict is made of pairs, by a word of curves.js."""
        pairs = ast.ListComp(ast.List([node.key, node.value], ast.Load()), node.generators)
        return self.visit(ast.Call(ast.Name("keyed", ast.Load()), [pairs], []))

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        """A tuple that is a value is a list."""
        return self.visit(ast.List(node.elts, ast.Load())) if isinstance(node.ctx, ast.Load) else node

    def visit_List(self, node: ast.List) -> ast.AST:
        """Join starred parts by +."""
        self.generic_visit(node)
        parts: list[ast.expr] = []
        loose: list[ast.expr] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                parts += [ast.List(loose, ast.Load()), element.value] if loose else [element.value]
                loose = []
            else:
                loose.append(element)
        parts += [ast.List(loose, ast.Load())] if loose or not parts else []
        return reduce(lambda left, right: ast.BinOp(left, ast.Add(), right), parts)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Make a record an object of its fields."""
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id in self.known):
            return node
        record = self.known[node.func.id]
        given = dict(zip(record, node.args, strict=False)) | {k.arg: k.value for k in node.keywords if k.arg}
        values = {name: given.get(name) or _literal(default) for name, default in record.items() if name not in DROPPED}
        return ast.Dict([ast.Constant(name) for name in values], list(values.values()))


def _literal(default: object) -> ast.expr:
    """A default as JavaScript has it: no tuples."""
    return ast.parse(repr([] if default == () else default), mode="eval").body


def functions(module: ModuleType) -> list[tuple[str, ast.stmt]]:
    """The functions and tables of a module that the page needs, by name."""
    found: list[tuple[str, ast.stmt]] = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef) and node.name not in PYTHON_ONLY:
            found.append((node.name, node))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in TABLES:
            found.append((ast.unparse(node.targets[0]), node))
    return found


def script() -> str:
    """Return the text of generated.js."""
    known = records()
    parts = []
    for module in MODULES:
        name = module.__name__.rpartition(".")[2]
        steps = functions(module)
        renamed = {} if module is base else {word: f"{name}_{word.strip('_')}" for word, _ in steps}
        plain = [Plain(known, renamed).visit(step) for _, step in steps]
        tree = ast.fix_missing_locations(ast.Module(plain, []))
        parts.append(py2js(ast.unparse(tree), inline_stdlib=False))
    return "\n".join([HEAD, *parts])


if __name__ == "__main__":
    TARGET.write_text(script(), encoding="utf-8")
    print(f"wrote {TARGET}")
