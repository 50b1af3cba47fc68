"""The house: who may import whom, how long a file may be, what must be documented, and that the tools are content."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("spiking", "converters", "hardware")
MAY = {"spiking": set(), "converters": {"spiking"}, "hardware": {"spiking"}}
# beside the standard library and NumPy; spiking/backends holds the engines
THIRD = {
    "spiking": {"numpy", "tqdm", "matplotlib", "pandas"},
    "spiking/backends": {"numpy", "torch", "norse", "brian2", "scipy", "numba"},
    "converters": {"numpy", "torch"},
    "hardware": {"numpy", "jinja2"},
}
FILES = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
ids = [str(p.relative_to(ROOT)) for p in FILES]


def imports(tree: ast.AST) -> list[tuple[str, ast.stmt]]:
    found: list[tuple[str, ast.stmt]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append((node.module or "", node))
    return found


def broken_rules(path: str, source: str) -> list[str]:
    """Every import of a file that its room does not allow."""
    package = path.split("/")[0]
    room = "spiking/backends" if path.startswith("spiking/backends/") else package
    tree = ast.parse(source)
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    faults = []
    for name, node in imports(tree):
        top = name.split(".")[0]
        if top in sys.stdlib_module_names or node in typing_only:
            continue
        if top in PACKAGES:
            if top not in MAY[package]:
                faults.append(f"{path}:{node.lineno} imports {name}")
            elif "." in name:
                faults.append(f"{path}:{node.lineno} reaches past the front door: {name}")
        elif top not in THIRD[room] and not (path == "spiking/cli.py" and top == "torch"):
            faults.append(f"{path}:{node.lineno} imports {name}")
    return faults


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_imports_flow_one_way(path: Path) -> None:
    assert broken_rules(str(path.relative_to(ROOT)), path.read_text()) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("hardware/x.py", "import torch"),
        ("hardware/x.py", "from spiking.network import SpikingNetwork"),
        ("spiking/x.py", "import converters"),
        ("spiking/x.py", "import norse"),
        ("converters/x.py", "from hardware import estimate"),
    ],
)
def test_the_rule_itself_can_fail(path: str, line: str) -> None:
    assert broken_rules(path, line)


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 350


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_documented(package: str) -> None:
    module = importlib.import_module(package)
    bare = [
        name
        for name in module.__all__
        if (inspect.isclass(getattr(module, name)) or inspect.isfunction(getattr(module, name)))
        and not inspect.getdoc(getattr(module, name))
    ]
    assert module.__doc__
    assert bare == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_exists_once(package: str) -> None:
    module = importlib.import_module(package)
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize(
    ("package", "never"),
    [
        ("spiking", {"torch", "norse", "brian2", "matplotlib", "pandas", "scipy", "tqdm"}),
        ("hardware", {"torch", "norse", "brian2", "matplotlib", "scipy", "converters", "jinja2"}),
    ],
)
def test_importing_costs_numpy_only(package: str, never: set[str]) -> None:
    code = f"import sys, {package}; print(*sorted(set(sys.modules) & {never!r}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.split() == []


def test_no_torchvision() -> None:
    assert not [p for p in FILES if "torchvision" in p.read_text()]


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
    ],
    ids=" ".join,
)
def test_tools_are_content(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


Graph = dict[str, set[str]]


def modules(package: str) -> dict[str, Path]:
    """Every module of a package, by its dotted name."""
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in FILES if p.is_relative_to(ROOT / package)}
    return {name.removesuffix(".__init__"): path for name, path in names.items()}


def imported(name: str, source: str, known: set[str], *, is_package: bool) -> set[str]:
    """The modules of `known` that a module imports: at its top, inside functions and under TYPE_CHECKING."""
    parent = name if is_package else name.rpartition(".")[0]
    wanted: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            wanted += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = parent.split(".")[: len(parent.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            wanted += [f"{base}.{alias.name}" for alias in node.names]
    found = set()
    for target in wanted:
        while target and target not in known:  # a name inside a module stands for the module
            target = target.rpartition(".")[0]
        found |= {target} - {"", name}
    return found


def import_graph(package: str) -> Graph:
    known = modules(package)
    return {
        name: imported(name, path.read_text(), set(known), is_package=path.name == "__init__.py")
        for name, path in known.items()
    }


def rings(graph: Graph) -> list[list[str]]:
    """Sets of modules that import each other, directly or through others."""
    reach = {name: set(targets) for name, targets in graph.items()}
    for middle in graph:
        for targets in reach.values():
            if middle in targets:
                targets |= reach[middle]
    found = {
        tuple(sorted(other for other in reach[name] if name in reach[other])) for name in graph if name in reach[name]
    }
    return [list(ring) for ring in sorted(found)]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other_in_a_ring(package: str) -> None:
    assert rings(import_graph(package)) == []


def test_the_ring_rule_itself_can_fail() -> None:
    sources = {
        "p.a": "def f():\n    from .b import g",
        "p.b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import c",
        "p.c": "import p.a",
        "p.d": "from .a import f",
    }
    graph = {name: imported(name, source, set(sources), is_package=False) for name, source in sources.items()}
    assert rings(graph) == [["p.a", "p.b", "p.c"]]


def hidden(names: Iterable[str]) -> list[str]:
    """Modules that a function or class of the same name hides from `import package.module`."""
    return [
        name
        for name in names
        if (parent := name.rpartition(".")[0])
        and not isinstance(getattr(sys.modules[parent], name.rpartition(".")[2]), ModuleType)
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_hidden_by_a_function_of_its_name(package: str) -> None:
    names = [name for name in modules(package) if not name.endswith("__main__")]
    for name in names:
        importlib.import_module(name)
    assert hidden(names) == []


def test_the_module_name_rule_itself_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    import spiking.nodes

    monkeypatch.setattr(spiking, "nodes", lambda: None)
    assert hidden(["spiking.nodes"]) == ["spiking.nodes"]


def untidy(source: str) -> list[str]:
    """What a reader stumbles over: long functions, variables called `one`, lists times conditions, loops as `let`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name, lineno=first, end_lineno=int(last)) if last - first >= 50:
                found.append(f"{first}: {name} has {last - first + 1} lines")
            case ast.Name(id="one", ctx=ast.Store()) | ast.arg(arg="one"):
                found.append(f"{node.lineno}: 'one' says nothing of what it is")
            case ast.BinOp(left=ast.List(), op=ast.Mult(), right=ast.Compare() | ast.BoolOp()):
                found.append(f"{node.lineno}: a list times a condition")
            case ast.comprehension(iter=ast.List(elts=[alone]) | ast.Tuple(elts=[alone])) if not isinstance(
                alone, ast.Starred
            ):
                found.append(f"{alone.lineno}: a loop over one value")
    return found


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_code_is_tidy(path: Path) -> None:
    assert untidy(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n" + "    pass\n" * 50,
        "for one in range(3): pass",
        "lines += ['x'] * (n > 1)",
        "[y for x in range(3) for y in [x + 1]]",
    ],
)
def test_the_tidy_rule_itself_can_fail(source: str) -> None:
    assert untidy(source)
