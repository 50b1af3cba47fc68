"""Hostile names, through every border: a terminal, CSV, Markdown, Graphviz, the page, a plot, an error."""

from __future__ import annotations

import csv
import html as entities
import io
import json
import re
import shutil
import subprocess
import warnings
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from hardware import compare, estimate, lanes, load_platform, peers
from spiking import (
    Input,
    InvalidNetwork,
    Linear,
    Neuron,
    Output,
    Relu,
    SpikingNetwork,
    SpikingWarning,
    cli,
    escaping,
    run,
    ternary,
)
from spiking.cli import main
from spiking.graph import dot

HOSTILE = {
    "escape sequence": "\x1b[31mred\x1b[0m",
    "title of the window": "\x1b]0;owned\x07",
    "C1": "\x9b31mred",
    "newline": "a\nspiking: all is well",
    "carriage return": "a\rb",
    "tab": "\t=1+1",
    "right to left": "a\u202egnp.exe",
    "line separator": "a\u2028b",
    "formula": '=HYPERLINK("http://x")',
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(A1)",
    "full width": "\uff1d1+1",
    "space and formula": "  =1+1",
    "bar": "a|b",
    "backslash and bar": "a\\|b",
    "html": "<img src=x onerror=alert(1)>",
    "end of script": "</script><script>alert(1)</script>",
    "comment": "<!--<script>",
    "link": "[x](javascript:alert(1))",
    "code": "`a` *b* _c_",
    "entity": "&lt;b&gt;",
    "template": "{{ 7 * 7 }}{% raw %}",
    "quote": 'a"; shell [label="x',
    "backslash at the end": "a\\",
    "escape of Graphviz": "\\N \\G \\l",
    "mathtext": "$\\frac{$",
    "word joiner": "naïve_name·é 日本",
}
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def network(name: str) -> SpikingNetwork:
    """Two layers, every node with the name in its own; the middle one has it alone."""
    first, second = Linear(f"{name}1", ("x",), np.ones((4, 3))), Linear(f"{name}2", (name,), np.ones((2, 4)))
    neurons = Neuron(name, (f"{name}1",), (Relu(),), ternary(0.5))
    return SpikingNetwork((Input("x", (), (3,)), first, neurons, second, Output(f"{name}.out", (f"{name}2",)))).check()


@pytest.mark.parametrize("name", ["a\x00b", "a\udcffb"])
def test_a_network_has_no_name_that_a_file_cannot_hold(name: str) -> None:
    with pytest.raises(InvalidNetwork, match=re.escape(f"name must be text, not {name!a}")):
        network(name)


def test_a_path_may_have_bytes_that_are_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "a\udcffb"]) == 2
    assert "no such file: a\\udcffb" in capsys.readouterr().err


def there(name: str, lines: list[str]) -> bool:
    return any(line.strip() == escaping.cell(name).strip() for line in lines)


@pytest.fixture(params=HOSTILE)
def name(request: pytest.FixtureRequest) -> str:
    return HOSTILE[request.param]


def test_a_harmless_name_stays_as_it_is() -> None:
    for border in (escaping.cell, escaping.lines, escaping.csv, escaping.markdown, escaping.plot):
        assert border("layer1.0.conv_a é·日本 − 3") == "layer1.0.conv_a é·日本 − 3"
    assert escaping.dot("layer1.0") == '"layer1.0"'


def test_a_terminal_gets_no_control_characters(name: str) -> None:
    made = network(name)
    platforms = [load_platform("brain").named(name, name), load_platform("loihi1"), load_platform("a100")]
    found = compare(made, None, platforms)
    texts = [made.summary(), str(made.coverage()), str(found), str(found.reports[0]), str(found.reports[1])]
    texts += [str(found.sweep([1, 2])), str(lanes(made)), str(peers(made)), str(found.reports[0].work)]
    assert not any(CONTROL.search(text) for text in texts)
    assert there(name, [line[: len(escaping.cell(name))] for line in made.summary().splitlines()])


def test_an_error_gets_no_control_characters(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network(name).save(tmp_path / "net.npz")
    assert main(["show", str(tmp_path / "net.npz")]) == 0
    np.save(tmp_path / "x.npy", np.ones((2, 5)))
    for words in (["show", f"{tmp_path}/{name}"], ["cost", f"kws:{name}", "--platform", "brain"]):
        assert main(words) == 2
    said = capsys.readouterr()
    assert not CONTROL.search(said.out + said.err)
    assert sum(line.startswith("spiking: ") for line in said.err.splitlines()) == 2


def test_what_is_left_out_of_a_file_is_named_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", **{"x": np.ones((2, 3)), "\x1b[31m\n": np.ones(2)})
    network("n").save(tmp_path / "net.npz")
    assert main(["run", str(tmp_path / "net.npz"), "--inputs", str(tmp_path / "d.npz"), "--steps", "2"]) == 0
    assert "\\x1b[31m\\n" in capsys.readouterr().err


@pytest.mark.filterwarnings("default")
def test_a_warning_is_a_message(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def warned(own: str) -> tuple[str, dict[str, str]]:
        warnings.warn("a layer \x1b[31m\nspiking: stays 0", SpikingWarning, stacklevel=1)
        return "all", {}

    monkeypatch.setattr(cli, "examined", warned)
    assert main(["doctor"]) == 0
    assert capsys.readouterr().err == "spiking: warning: a layer \\x1b[31m\n  spiking: stays 0\n"


def test_csv_has_no_formulas(name: str) -> None:
    platforms = [load_platform("brain").named(name, name), load_platform("loihi1")]
    for text in (
        estimate(network(name), None, platforms[0]).to_csv(),
        compare(network(name), None, platforms).to_csv(),
    ):
        rows = list(csv.reader(io.StringIO(text)))
        cells = [cell for row in rows for cell in row]
        assert not [cell for cell in cells if cell.lstrip()[:1] in tuple("=+@\uff1d") or cell[:1] in ("\t", "\r")]
        assert not [cell for cell in cells if cell.startswith("-") and not re.fullmatch(r"-[\d.e+-]+", cell)]
        assert not CONTROL.search(text)
        assert {len(row) for row in rows} == {len(rows[0])}
        assert any(cell.removeprefix("'").startswith(escaping.cell(name)) for cell in cells)


def read(cell: str) -> str:
    """What a reader of Markdown sees of a cell."""
    return entities.unescape(re.sub(r"\\([\\|`*_\[\]])", r"\1", cell))


def test_a_markdown_table_keeps_its_columns_and_shows_the_name(name: str) -> None:
    text = estimate(network(name), None, "brain").to_markdown()
    table = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    assert {len(row) for row in table} == {len(table[0])}
    assert " ".join(escaping.cell(name.replace("\n", " ")).split()) in [" ".join(read(row[0]).split()) for row in table]
    assert not re.search(r"<[a-zA-Z/!]", text)
    assert not re.search(r"(?<!\\)\]\(", text)
    assert not CONTROL.search(text)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_the_names_and_nothing_else(name: str) -> None:
    done = subprocess.run(
        ["dot", "-Tsvg"], input=dot(network(name)), capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    drawn = [
        entities.unescape(text).replace("\xa0", " ") for text in re.findall(r"<text[^>]*>(.*?)</text>", done.stdout)
    ]
    assert drawn.count("Neuron 4") == 1
    assert len(re.findall('class="node"', done.stdout)) == 5
    assert there(name, drawn)


class Seen(HTMLParser):
    """The elements and attributes of a page, its text, and its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.events: list[str] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.events += [key for key, _ in attrs if key.startswith("on")]

    def handle_data(self, data: str) -> None:
        (self.scripts if self.cdata_elem == "script" else self.text).append(data)


def test_the_page_has_the_elements_it_has_without_hostile_names(name: str) -> None:
    def page(called: str, title: str) -> str:
        platforms = [load_platform("brain").named(title, title), load_platform("loihi1"), load_platform("a100")]
        return compare(network(called), None, platforms).to_html(command=f"spiking cost {called}")

    hostile, tame = Seen(page(name, name)), Seen(page("tame", "tame"))
    assert hostile.tags == tame.tags
    assert hostile.events == tame.events == []
    data = json.loads(next(script for script in hostile.scripts if script.lstrip().startswith('{"')))
    assert name in [place["name"] for place in data["layers"]]
    assert there(name, hostile.text)
    page(name, name).encode()


def test_a_plot_shows_a_name_that_is_no_formula(name: str) -> None:
    from spiking.plot import raster

    made = network(name)
    record = run(made, np.ones((2, 3)), steps=2, record=True, backend="reference", progress=False)
    axes = raster(record)
    axes.figure.canvas.draw()
    assert axes.get_yticklabels()[0].get_text().startswith(escaping.cell(name).replace("$", "\\$"))


def test_the_control_itself_can_fail() -> None:
    assert CONTROL.search("\x1b[31m")
    assert Seen(f"<p>{HOSTILE['html']}</p>").events == ["onerror"]
    assert Seen(f"<script>{HOSTILE['end of script']}</script>").tags == ["script", "script"]
