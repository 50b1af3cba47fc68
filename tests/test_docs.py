"""The documentation builds without a warning, holds all it should, and the code on its pages prints what they show."""

from __future__ import annotations

import ast
import html
import importlib
import re
import subprocess
import sys
from collections.abc import Iterable
from configparser import ConfigParser
from pathlib import Path
from zlib import decompress

import pytest
from pages import PAGES, README, ROOT, differences, executed

from benchmarks.architectures import ARCHITECTURES
from converters import supported
from hardware import load_platform, nets, platforms, validate

GUIDE = [page for page in PAGES if page != README]
OUTPUT = re.compile(r'<div class="sphx-glr-script-out.*?</pre>', re.DOTALL)


@pytest.mark.parametrize("page", GUIDE, ids=[page.stem for page in GUIDE])
def test_the_code_of_a_page_prints_what_stands_below_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert differences(executed(page), text) == [], "run `python -m tests.pages`"


def test_the_documentation_builds_and_is_whole(tmp_path: Path) -> None:
    """One test for all of it: the build takes half a minute, and runs the demos of the gallery."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""

    names = documented(tmp_path / "objects.inv")
    for package in ("spiking", "converters", "hardware"):
        public = {f"{package}.{name}" for name in importlib.import_module(package).__all__}
        assert public - names == set()
    assert "spiking.SpikingNetwork.summary" in names  # methods too

    assert missing(tmp_path / "reference" / "ops.html", (name.removesuffix(".default") for name in supported())) == []
    assert missing(tmp_path / "reference" / "platforms.html", platforms()) == []
    for name in platforms():
        page = tmp_path / "reference" / "platforms" / f"{name}.html"
        assert missing(page, [name, *load_platform(name).prices]) == []
    assert missing(tmp_path / "reference" / "architectures.html", [*ARCHITECTURES, *nets()]) == []
    found = validate()
    rows = [row.what for group in found.groups for row in group.rows]
    assert missing(tmp_path / "reference" / "validation.html", [found.headline, *rows]) == []

    scripts = {script.stem: promised(script) for script in (ROOT / "demos").glob("*.py")}
    assert sorted(name for name, lines in scripts.items() if lines) == EXECUTED
    for name, lines in scripts.items():
        page = tmp_path / "gallery" / f"{name}.html"
        output = text(" ".join(OUTPUT.findall(page.read_text(encoding="utf-8"))))
        assert bool(output) == bool(lines), name
        assert [line for line in lines if line not in output] == [], name
    shown = text((tmp_path / "gallery" / "quickstart.html").read_text(encoding="utf-8"))
    assert [name for name in ("brain", "loihi1", "a100", "horowitz45nm") if f" {name} " not in shown] == []
    for name in ("quickstart", "costs"):
        assert (tmp_path / f"{name}.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "_images" / "sphx_glr_quickstart_001.png").stat().st_size > 30_000


EXECUTED = ["costs", "language_model", "quickstart", "recurrent", "transformer"]


def documented(inventory: Path) -> set[str]:
    """Return the names that the API reference defines."""
    body = inventory.read_bytes().split(b"\n", 4)[4]
    return {line.split()[0] for line in decompress(body).decode().splitlines() if " py:" in line}


def missing(page: Path, words: Iterable[str]) -> list[str]:
    shown = text(page.read_text(encoding="utf-8"))
    return [word for word in words if " ".join(word.split()) not in shown]


def text(page: str) -> str:
    """Return what a reader sees, all white space alike."""
    return " ".join(html.unescape(re.sub("<[^>]*>", "", page)).split())


def promised(script: Path) -> list[str]:
    """Return the indented lines at the end of a script's docstring, after 'Expected'."""
    _, _, lines = (ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or "").partition("Expected")
    return [line.strip() for line in lines.splitlines()[1:] if line.strip()]


def test_it_is_no_package() -> None:
    assert not (ROOT / "docs" / "__init__.py").exists()
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert config["options.packages.find"]["include"].split() == ["spiking*", "converters*", "hardware*"]
