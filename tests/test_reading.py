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
from hardware import compare, estimate
from spiking import InvalidInput, MissingPackage, SpikeRecord, SpikingNetwork, run
from spiking.blocks import grouped
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
