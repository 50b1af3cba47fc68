"""The house: who may import whom, how long a file may be, what must be documented, and that the tools are content."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("spiking", "converters", "hardware")
MAY = {"spiking": set(), "converters": {"spiking"}, "hardware": {"spiking"}}
# beside the standard library and NumPy; spiking/backends holds the engines
THIRD = {
    "spiking": {"numpy", "tqdm", "matplotlib"},
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
        ("spiking", {"torch", "norse", "brian2", "matplotlib", "scipy", "tqdm"}),
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
