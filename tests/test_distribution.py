"""What is handed on: a source distribution with all that it takes to test it, and the versions it is tested on."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.floors import ROOT, floors

ROOMS = ("spiking", "converters", "hardware", "tests", "docs", "demos", "benchmarks")
ALONE = ("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "Makefile", "README.md")
ALONE += ("constraints.txt", "pyproject.toml", "setup.cfg")
MADE = ("__pycache__", "*.pyc", "reference", "gallery")  # by the interpreter, by `make docs`
BUILD = "from setuptools import build_meta; build_meta.build_sdist('dist')"


def copied(folder: Path, left_out: str = "") -> set[str]:
    """Copy the project; return its files, as they are named in it."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns(*MADE))
    for name in ALONE:
        shutil.copy(ROOT / name, folder / name)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    (folder / "docs" / "reference").mkdir()
    (folder / "docs" / "reference" / "made.md").touch()
    if left_out:
        kept = [line for line in (folder / "MANIFEST.in").read_text().splitlines() if line != left_out]
        (folder / "MANIFEST.in").write_text("\n".join(kept) + "\n")
    return found


def packed(folder: Path) -> set[str]:
    """Build the source distribution, offline; return what is in it, without what setuptools adds."""
    subprocess.run([sys.executable, "-c", BUILD], cwd=folder, check=True, capture_output=True)
    (archive,) = (folder / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames() if opened.getmember(name).isfile()}
    return {name for name in names if ".egg-info/" not in name and name != "PKG-INFO"}


@pytest.mark.filterwarnings("ignore")
def test_a_source_distribution_is_the_whole_project(tmp_path: Path) -> None:
    whole = copied(tmp_path)
    assert {"tests/golden/hardware_report.txt", "docs/guide/shell.md", "converters/py.typed"} <= whole
    assert packed(tmp_path) == whole


def test_the_test_itself_can_fail(tmp_path: Path) -> None:
    whole = copied(tmp_path, left_out="graft tests")
    assert "tests/models.py" in whole - packed(tmp_path)


def test_every_requirement_has_a_floor_that_is_tested() -> None:
    lines = floors(["torch==2.13.0"])
    assert lines[0] == "torch==2.13.0"
    assert len(lines) == len(set(lines))
    found = [Requirement(line) for line in lines]
    assert {"numpy", "scipy", "norse", "brian2", "jinja2", "matplotlib", "pytest"} <= {each.name for each in found}
    assert sum(each.name == "torch" for each in found) == 1
    assert all(each.specifier != SpecifierSet() for each in found)


def test_what_is_installed_by_default_is_no_older_than_the_floors() -> None:
    least = {each.name: each.specifier for each in map(Requirement, floors())}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pinned = Requirement(line)
            (bound,) = pinned.specifier
            if pinned.name in least and bound.operator == "==":
                (floor,) = least[pinned.name]
                assert SpecifierSet(f">={floor.version}").contains(bound.version), line
