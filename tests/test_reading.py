"""Networks, records and reports as they are read: blocks that fit on a screen, notebooks, tables."""

from __future__ import annotations

import csv
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models import samples
from torch import nn

from converters import convert
from hardware import Comparison, compare, estimate, net
from hardware.render import columns
from hardware.workload.shapes import Shapes
from spiking import (
    Activity,
    Input,
    InvalidInput,
    Linear,
    MissingPackage,
    Output,
    SpikeRecord,
    SpikingNetwork,
    html_table,
    is_wiring,
    run,
    synapses,
)
from spiking.blocks import SCREEN, finest, grouped
from spiking.cli import main


class Blocks(nn.Module):
    """Two blocks of attention and a perceptron, as a vision transformer has them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu", norm_first=True)
        self.blocks, self.head = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(x).mean(1))  # type: ignore[no-any-return]


class Recurrent(nn.Module):
    """An LSTM over 16 steps."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.lstm, self.head = nn.LSTM(8, 8, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(x)[0][:, -1])  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def network() -> SpikingNetwork:
    return convert(Blocks().eval(), samples(16, 6, 8))


@pytest.fixture(scope="module")
def record(network: SpikingNetwork) -> SpikeRecord:
    return run(network, samples(4, 6, 8), steps=3, backend="reference", progress=False)


@pytest.mark.parametrize(("model", "shape"), [(Blocks, (6, 8)), (Recurrent, (16, 8))])
def test_a_summary_fits_on_a_screen(model: type[nn.Module], shape: tuple[int, ...]) -> None:
    made = convert(model().eval(), samples(16, *shape))
    whole, short = made.summary(depth=None).splitlines(), made.summary().splitlines()
    assert len(short) <= 32 < len(whole)


def test_blocks_add_up_to_the_network(network: SpikingNetwork) -> None:
    whole = next(line for line in network.summary(depth=None).splitlines() if line.startswith("total")).split()
    for depth in (1, 2, 3, 9):
        blocks = grouped(network, depth)
        assert sum(block.nodes for block in blocks) == len(network.nodes)
        figures = [sum(getattr(block, name) for block in blocks) for name in ("neurons", "weights", "synapses")]
        assert [f"{n:,}" for n in figures] == whole[1:4]
        assert str(f"{figures[2]:,}") in network.summary(depth=depth)


def test_nothing_is_in_no_block(network: SpikingNetwork) -> None:
    counted = synapses(network).values()
    for depth in (1, 3, 9):
        blocks = grouped(network, depth)
        assert sum(block.wiring for block in blocks) == sum(is_wiring(node) for node in network)
        assert sum(block.gating for block in blocks) == sum(found.dynamic for found in counted) > 0


@pytest.mark.parametrize(("model", "shape"), [(Blocks, (6, 8)), (Recurrent, (16, 8))])
def test_the_printed_rows_add_up_to_the_printed_totals(model: type[nn.Module], shape: tuple[int, ...]) -> None:
    """As a reader adds them: by the places of their titles."""
    head, _, *lines = convert(model().eval(), samples(16, *shape)).summary().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("total"))
    for title in ("neurons", "weights W", "synapses S", "gating"):
        end = head.index(title) + len(title)
        figures = [line[:end].split()[-1].strip("·").replace(",", "") for line in [*lines[: place - 1], lines[place]]]
        *parts, whole = [int(figure) if figure.isdecimal() else 0 for figure in figures]
        assert sum(parts) == whole > 0, title


def test_a_cell_is_a_row_with_its_time_steps() -> None:
    """16 steps of every gate, 15 of what reads an earlier state; 4·8 rows of 8 weights each way."""
    made = convert(Recurrent().eval(), samples(16, 16, 8))
    rows = {block.name: block for block in grouped(made, finest(made))}
    gate, hidden = rows["lstm.layer0.input"], rows["lstm.layer0.hidden"]
    assert dict(gate.kinds) == {"Linear": 1, "Neuron": 1, "Multiply": 1}
    assert (gate.moments, hidden.moments, gate.weights, hidden.weights) == (16, 15, 256, 256)
    assert "Linear × 15 time steps" in made.summary()


def test_a_block_says_what_its_neurons_send_and_how_far_they_are(network: SpikingNetwork) -> None:
    name = "blocks.layers.0.self_attn"
    (attention,) = [block for block in grouped(network, 4) if block.name == name]
    held = [node for node in network.populations if node.name.startswith(name)]
    units = [float(value) for node in held if node.alphabet for value in np.ravel(node.alphabet.unit)]
    depths = [network.depth[node.name] for node in held]
    assert attention.units == (min(units), max(units))
    assert attention.error == max(network.origins[node.name].error for node in held)
    assert attention.depths is not None
    assert attention.depths[1] == max(depths)
    assert np.isnan(attention.relative)
    (output,) = [block for block in grouped(network, 4) if block.name == "output"]
    assert output.relative == network.origins["output"].error


def test_automatic_is_the_finest_that_fits() -> None:
    def deep(blocks: int) -> SpikingNetwork:
        nodes: list[Any] = [Input("x", (), (2,))]
        for name in (f"stack.{i}.{part}" for i in range(blocks) for part in "ab"):
            nodes.append(Linear(name, (nodes[-1].name,), np.ones((2, 2))))
        return SpikingNetwork((*nodes, Output("out", (nodes[-1].name,))))

    assert [finest(deep(many)) for many in (1, 11, 12, 22, 23, 40)] == [3, 3, 2, 2, 1, 1]
    assert len(grouped(deep(22), 2)) == SCREEN


@pytest.mark.parametrize("depth", [0, -1, 1.5, True, "all", "2"])
def test_a_depth_that_is_none(network: SpikingNetwork, depth: Any) -> None:
    with pytest.raises(InvalidInput, match="depth"):
        network.summary(depth=depth)


def test_the_shell_groups_as_deep_as_it_is_told(
    network: SpikingNetwork, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network.save(tmp_path / "n.npz")
    shown = {}
    for depth in ("1", "auto", "all"):
        assert main(["show", str(tmp_path / "n.npz"), "--depth", depth]) == 0
        shown[depth] = capsys.readouterr().out
    assert shown["all"].rstrip() == network.summary(depth=None)
    assert shown["auto"].rstrip() == network.summary()
    assert len(shown["1"]) < len(shown["all"])
    assert main(["show", str(tmp_path / "n.npz"), "--depth", "deep"]) != 0
    assert "--depth takes" in capsys.readouterr().err


class Tables(HTMLParser):
    """Whether every element that is opened is closed, and what stands in the cells."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert tag in ("div", "table", "thead", "tbody", "tr", "th", "td")
        assert {name for name, _ in attrs} <= {"style"}
        assert not any(word in (style or "") for _, style in attrs for word in ("color:", "background", "url"))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)


def test_a_notebook_shows_tables(network: SpikingNetwork, record: SpikeRecord) -> None:
    shown = [network, record, estimate(network, record.activity, "loihi1"), compare(network, record.activity, ["a100"])]
    for value in shown:
        tables = Tables()
        tables.feed(value._repr_html_())
        assert not tables.open
        assert len(tables.cells) > 10


def test_a_long_table_says_how_much_is_left() -> None:
    tables = Tables()
    tables.feed(html_table(["a", "b"], [[f"row {i}", "x"] for i in range(100)], ["total", "y"]))
    assert sum(cell.startswith("row ") for cell in tables.cells) == 60
    assert tables.cells[-3:] == ["… and 40 more", "total", "y"]


def test_what_a_terminal_would_act_on_is_shown_as_its_code() -> None:
    text = html_table(["a\x1b[31m"], [["b\u202e"]], title="c\x07", note="d\ne")
    assert not any(char in text for char in "\x1b\u202e\x07")
    assert "d\ne" in text


def test_names_are_text_in_every_table(tmp_path: Path) -> None:
    """A node may be called <script>, or as a formula."""
    made = convert(Named().eval(), samples(8, 4))
    record = run(made, samples(2, 4), steps=2, backend="reference", progress=False)
    assert "<img" not in made._repr_html_() + record._repr_html_()
    assert "&lt;img" in made._repr_html_()
    record.to_csv(tmp_path / "r.csv")
    assert "\n=" not in (tmp_path / "r.csv").read_text()


class Named(nn.Module):
    """Modules whose names a spreadsheet and a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({"<img src=x>": nn.Linear(4, 4), "=1+1": nn.ReLU()})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers["=1+1"](self.layers["<img src=x>"](x))  # type: ignore[no-any-return]


def test_a_record_is_a_table(record: SpikeRecord, tmp_path: Path) -> None:
    """A row a layer and tick; the sums are those of the record, and CSV holds what the frame does."""
    frame = record.to_dataframe()
    layers = {*record.activity.spikes, *record.activity.events}
    assert len(frame) == 3 * len(layers)
    assert set(frame["layer"]) == layers
    assert frame["spikes"].sum() == pytest.approx(sum(float(np.sum(c)) for c in record.activity.spikes.values()))
    assert frame["events"].sum() == pytest.approx(sum(float(np.sum(c)) for c in record.activity.events.values()))
    assert frame.attrs["backend"] == "reference"
    assert frame.attrs["samples"] == 4
    record.to_csv(tmp_path / "r.csv")
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    assert len(rows) == len(frame)
    assert sum(float(row["events"] or 0) for row in rows) == pytest.approx(frame["events"].sum())


def test_without_pandas_it_says_what_to_do(record: SpikeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackage, match=r"pip install pandas.*to_csv"):
        record.to_dataframe()


def made() -> SpikeRecord:
    """A record of two ticks: an input named as a formula, a layer, and where events arrive."""
    spikes = {"=x": np.array([3.0, 0.0]), "n": np.array([0.25, 0.5])}
    activity = Activity(2, 4, 1, "print", spikes, {"w": np.array([1 / 3, 2.0])})
    return SpikeRecord({"out": np.zeros((2, 4, 1))}, activity, "reference", saturated={"n": 0.125})


def test_csv_of_a_record_line_by_line(tmp_path: Path) -> None:
    """Unrounded; empty where a layer has no such figure; the saturated share stands at the last tick."""
    made().to_csv(tmp_path / "run.csv")
    assert (tmp_path / "run.csv").read_text(encoding="utf-8").splitlines() == [
        "layer,step,spikes,events,saturated",
        "'=x,1,3.0,,",
        "'=x,2,0.0,,",
        "n,1,0.25,,",
        "n,2,0.5,,0.125",
        f"w,1,,{1 / 3!r},",
        "w,2,,2.0,",
    ]
    with pytest.raises(InvalidInput, match="path must be the path of a file"):
        made().to_csv(3)  # type: ignore[arg-type]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.csv"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="full"):
        made().to_csv(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_frame_has_the_names_and_types_of_the_record() -> None:
    frame = made().to_dataframe()
    assert list(frame["layer"]) == ["=x", "=x", "n", "n", "w", "w"]  # a frame computes no name
    assert [str(kind) for kind in frame.dtypes[1:]] == ["int64", "float64", "float64", "float64"]
    assert list(frame["saturated"].dropna()) == [0.125]
    assert frame.attrs == {"samples": 4, "steps": 2, "delay": 1, "backend": "reference", "network": "print"}


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return compare(net("lstm").trace(), platforms=["loihi1", "spinnaker2", "a100", "h100"], peers=True)


def fields(view: str) -> set[str]:
    """The fields that the tables of platforms read in a view; a band as its ends."""
    shown = [column for column in (*columns.PLATFORMS, *columns.PARTS) if getattr(column, view)]
    return {path for column in shown for path in column.of.split(" … ")}


def test_csv_has_every_field_that_text_and_markdown_have() -> None:
    assert fields("text") - {"fits"} <= fields("csv")  # "fits" is report.feasible in words
    assert {"report.feasible", "flips", "left_out"} <= fields("csv")


def test_markdown_says_all_that_text_says(compared: Comparison) -> None:
    """Every cell of every table, and every line of what it rests on; flips and who is left out as items of a list."""
    page = compared.to_markdown()
    said = " ".join(page.replace("|", " ").replace("\\", "").split())
    listed = ("─", "batch ", "  energy", "  latency", "  edp", "          flips", "          and ", "  left out")
    for line in str(compared).splitlines():
        if not line.startswith(listed):
            assert all(" ".join(cell.split()) in said for cell in line.split("  ")), line
    for win in compared.verdict.wins:
        assert page.count(f"- {win.metric} flips with ") == len(win.flips)
    assert compared.verdict.left_out
    assert compared.even


def test_no_name_ends_a_block_of_text() -> None:
    shapes = Shapes("a\n```\n# b", (8,))
    shapes.linear(shapes.input, "n", 4)
    page = compare(shapes.trace(), platforms=["brain", "a100"], peers=True).to_markdown()
    assert page.count("\n````text\n") == 1
    assert page.count("\n````\n") == 1
