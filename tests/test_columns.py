"""One list of columns feeds every view; the page's script formats as Python does."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import subprocess
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from browser import ask
from test_hardware_estimate import CNN, RUN

from hardware import compare, estimate
from hardware.quantity import Quantity, scaled
from hardware.render import cells, columns
from hardware.render.columns import Column, value
from hardware.render.page import SCRIPTS, html
from hardware.render.page_data import embedded
from hardware.render.pages import FILES
from hardware.render.rows import limit_row, node_rows, platform_row
from hardware.render.tables import page_table, script_table

NEW = {
    "NODES": Column("counts.physical / counts.weights", "1", "copies laid down", "laid_down", "Copies laid down"),
    "PLATFORMS": Column("report.chips", "1", "chips", "chips", "Chips"),
}


@pytest.fixture
def widened(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more column of nodes and one more of platforms: each is a line in one list."""
    for name, column in NEW.items():
        monkeypatch.setattr(columns, name, (*getattr(columns, name), column))


def markdown_table(text: str) -> list[list[str]]:
    return [re.split(r" \| ", line[2:-2]) for line in text.splitlines() if line.startswith("| ")]


@pytest.mark.usefixtures("widened")
def test_a_new_column_of_nodes_is_in_text_markdown_and_csv() -> None:
    """conv1: 3×3×3×8 weights; off the padding each of 24 channels × 8 columns of a pixel has (3·8 − 2)² synapses."""
    report = estimate(CNN, RUN, "loihi1")
    place = next(place for place in report.work.places if place.name == "conv1")
    ratio = place.physical / place.weights
    assert ratio > 1
    head, *_ = [line for line in str(report).splitlines() if line.startswith("node ")]
    conv1 = next(line for line in str(report).splitlines() if line.startswith("conv1 "))
    assert head.endswith("bound by  copies laid down")
    assert conv1.endswith(f"  {ratio:,.1f}")
    table = markdown_table(report.to_markdown())
    assert [line[-1] for line in table if line[0] in ("node", "conv1")] == ["copies laid down", f"{ratio:,.1f}"]
    lines = [line for line in csv.DictReader(StringIO(report.to_csv())) if line["node"] == "conv1"]
    assert {float(line["laid_down"]) for line in lines} == {ratio}


@pytest.mark.usefixtures("widened")
def test_a_new_column_of_platforms_is_in_text_markdown_and_csv() -> None:
    found = compare(CNN, RUN, ["brain", "loihi1"])
    chips = str(found["loihi1"].chips)
    head = next(line for line in str(found).splitlines() if line.startswith("platform "))
    loihi = next(line for line in str(found).splitlines() if line.startswith("loihi1 "))
    assert (head.split()[-1], loihi.split()[-1]) == ("chips", chips)
    table = markdown_table(found.to_markdown())
    assert {line[0]: line[-1] for line in table} == {"platform": "chips", "---": "---:", "brain": "–", "loihi1": chips}
    lines = csv.DictReader(StringIO(found.to_csv()))
    assert {line["platform"]: line["chips"] for line in lines} == {"brain": "", "loihi1": chips}


def script(body: str, tmp_path: Path, *files: str, data: str = "{}") -> Any:
    """What a function of this body returns beside scripts of the page, in node or else in a browser."""
    code = "\n".join([f"const data = {data};", *((FILES / file).read_text(encoding="utf-8") for file in files)])
    if shutil.which("node") is None:
        return ask(f"<!doctype html><title>f</title><body><script>{code}</script></body>", body, tmp_path)
    file = tmp_path / "asked.js"
    file.write_text(f"{code}\nconsole.log(JSON.stringify((() => {{ {body} }})()));", encoding="utf-8")
    return json.loads(subprocess.run(["node", file], capture_output=True, text=True, check=True).stdout)


CELLS = """
return data.platforms.map(({ name }) => {
  const r = evaluate(data, { platform: name, batch: 1, activity: 1 });
  const cells = (columns, row) => columns.map((column) => Object.values(cellOf(column, row)));
  return [cells(data.columns.platforms, platformRow(r)), nodeRows(r).map((row) => cells(data.columns.layers, row)),
    r.constraints.map((limit) => cells(data.columns.limits, limitRow(limit)))];
});
"""


@pytest.mark.usefixtures("widened")
def test_every_cell_of_the_script_is_that_of_python(tmp_path: Path) -> None:
    """Without a browser: the scripts that compute, beside the data of the page."""
    found = compare(CNN, RUN, ["brain", "loihi1", "truenorth", "a100", "horowitz45nm"])
    computing = [name for name in SCRIPTS if name not in ("charts.js", "figures.js", "page.js")]
    asked = script(CELLS, tmp_path, *computing, data=embedded(found))
    for report, (platform, nodes, limits) in zip(found.rows, asked, strict=True):
        for table, rows, got in (
            (columns.PLATFORMS, [platform_row(report)], [platform]),
            (columns.NODES, node_rows(report), nodes),
            (columns.LIMITS, list(map(limit_row, report.constraints)), limits),
        ):
            assert got == [[list(cell) for cell in row] for row in page_table(table, rows).rows], report.platform.name


SHOW = """
const text = (cell) => cell.textContent;
const table = (id) => [...document.getElementById(id).rows].map((row) => [...row.cells].map(text));
const before = [table("layers"), table("compare")];
document.getElementById("activity").value = "2";
document.getElementById("activity").dispatchEvent(new Event("input", { bubbles: true }));
return [before, [table("layers"), table("compare")]];
"""


@pytest.mark.usefixtures("widened")
def test_the_script_of_the_page_recomputes_a_new_column(tmp_path: Path) -> None:
    """In a browser: what the template wrote, what the script wrote over it, and sorting by the column."""
    found = compare(CNN, RUN, ["loihi1", "brain"])
    page = html(found)
    rows = {row.name: row for row in node_rows(found["loihi1"])}
    laid = {name: cells.page(NEW["NODES"].value(row), "1") for name, row in rows.items()}
    assert len({text for text in laid.values() if text != "–"}) > 1
    for silent in (page, re.sub(r"<script>\n\(function.*?</script>", "", page, flags=re.DOTALL)):
        for layers, platforms in ask(silent, SHOW, tmp_path):
            assert layers[0][-1].startswith("Copies laid down")
            assert {row[0]: row[-1] for row in layers[1:]} == laid
            assert [row[-1] for row in platforms] == ["Chips", str(found["loihi1"].chips), "–"]
    sort = """
    const heads = [...document.getElementById("layers").tHead.rows[0].cells];
    heads.at(-1).querySelector("button").click();
    return [...document.getElementById("layers-rows").rows].map((row) => row.cells[0].textContent);
    """
    known = [name for name in rows if laid[name] != "–"]
    ratios = {name: NEW["NODES"].value(rows[name]) for name in known}
    assert ask(page, sort, tmp_path)[: len(known)] == sorted(known, key=lambda name: -ratios[name])


# --- values


def test_paths_quotients_and_bands() -> None:
    row = SimpleNamespace(q=Quantity(2.0, 1.0, 4.0, "J"), none=None, zero=Quantity(0.0, 0.0, 0.0, "J"), n=8)
    assert value("q.low", row) == 1.0
    assert value("none.low", row) is None
    assert value("n / q.high", row) == 2.0
    assert value("q.low … q.high", row) == (1.0, 4.0)
    for nothing in ("n / zero.low", "zero.low / n", "n / none", "zero.low … zero.high", "none.low … none.high"):
        assert value(nothing, row) is None
    with pytest.raises(AttributeError, match="chips"):
        value("chips", row)


def test_a_band_is_no_cell_of_csv() -> None:
    with pytest.raises(TypeError, match="two columns"):
        cells.csv((1.0, 2.0))


# --- the two formatters


def numbers() -> list[float]:
    """Whole numbers, exact halves of every place, both sides of every prefix, and 4,000 at random."""
    draw = random.Random(7)
    edges = [near * 10.0**power for power in range(-18, 16) for near in (0.9994, 0.99949, 0.9995, 0.99951, 1.0, 1.0005)]
    halves = [(k + 0.5) * 2.0**-shift for k in range(40) for shift in range(6)]
    anywhere = [draw.uniform(1, 10) * 10.0 ** draw.randint(-20, 15) for _ in range(4000)]
    return [0.0, *map(float, range(1, 120)), 9999.0, 9999.5, 10000.0, *edges, *halves, *anywhere]


def test_both_formatters_write_the_same(tmp_path: Path) -> None:
    units = ("1", "%", "load", "s", "J", "J·s", "W", "1/s", "B", "B/s", "FLOP/s")
    assert {column.unit for column in (*columns.PLATFORMS, *columns.NODES, *columns.LIMITS)} <= {"", *units}
    asked = [[number, unit] for number in numbers() for unit in units]
    found = script(
        f"return {json.dumps(asked)}.map(([value, unit]) => [cell(value, unit), scaled(value, unit)]);",
        tmp_path,
        "format.js",
    )
    plain = ("%", "load")
    wrong = [
        (number, unit, got)
        for (number, unit), got in zip(asked, found, strict=True)
        if got[0] != cells.page(number, unit) or (unit not in plain and got[1] != scaled(number, unit))
    ]
    assert wrong == []


def test_both_formatters_write_the_same_of_other_values(tmp_path: Path) -> None:
    quantities = [
        Quantity(2e-6, 1e-6, 4e-6, "J"),
        Quantity(3.0, 3.0, 3.0, "s", True),
        Quantity(0.0, 0.0, 0.0, "J", True),
    ]
    values: list[Any] = [None, True, False, "", "memory", *quantities, (1e-6, 4e-3)]
    shapes = [
        {"value": v.value, "low": v.low, "high": v.high, "unit": v.unit, "atLeast": v.at_least}
        if isinstance(v, Quantity)
        else v
        for v in values
    ]
    found = script(f"return {json.dumps(shapes)}.map((value) => cell(value, 'J'));", tmp_path, "format.js")
    assert found == [cells.page(value, "J") for value in values]
    assert found == ["–", "yes", "no", "–", "memory", "2.00 µJ", "≥ 3.00 s", "unpriced", "1.00 µJ … 4.00 mJ"]
    assert (
        script("return cell(Infinity, 'load');", tmp_path, "format.js")
        == cells.page(float("inf"), "load")
        == "none available"
    )


def test_the_script_has_the_columns_of_the_page() -> None:
    page = html(compare(CNN, RUN, ["brain"]))
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    for name, table in (("platforms", columns.PLATFORMS), ("layers", columns.NODES), ("limits", columns.LIMITS)):
        assert data["columns"][name] == script_table(table)
        assert len(data["columns"][name]) == sum(bool(column.page) for column in table) > 4


def test_a_figure_that_has_no_sum_leaves_its_total_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "NODES", (*columns.NODES, columns.Column("counts.fan_in", "1", text="fan-in")))
    lines = str(estimate(CNN, RUN, "loihi1")).splitlines()
    conv1, total = (next(line for line in lines if line.startswith(name)) for name in ("conv1 ", "total "))
    assert conv1.split()[-1] == "27"
    assert len(total) < len(conv1)
