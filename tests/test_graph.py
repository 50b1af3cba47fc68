"""Pictures of networks, and what a model is made of before it is converted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from models import cnn, samples
from torch import nn

from converters import convert, survey
from spiking import InvalidInput, SpikingError
from spiking.cli import main
from spiking.graph import dot, draw


def test_every_node_and_every_edge_is_drawn() -> None:
    network = convert(cnn(), samples(8, 2, 6, 6))
    text = dot(network)
    assert text.count(" [shape=") == len(network.nodes)
    assert text.count(" -> ") == sum(len(set(node.inputs)) for node in network)
    assert all(f'"{node.name}"' in text for node in network)


def test_without_graphviz_the_dot_text_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    network = convert(cnn(), samples(8, 2, 6, 6))
    assert draw(network, tmp_path / "n.svg") == tmp_path / "n.dot"
    assert (tmp_path / "n.dot").read_text() == dot(network)


def test_the_shell_says_that_graphviz_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    convert(cnn(), samples(8, 2, 6, 6)).save(tmp_path / "n.npz")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert main(["show", str(tmp_path / "n.npz"), "--graph", str(tmp_path / "n.svg")]) == 0
    said = capsys.readouterr().err
    assert "Graphviz is missing" in said
    assert f"wrote {tmp_path / 'n.dot'}" in said


def test_what_graphviz_cannot_draw_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/false")
    with pytest.raises(SpikingError, match="Graphviz could not draw"):
        draw(convert(cnn(), samples(8, 2, 6, 6)), tmp_path / "n.svg")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"\.dot or \.svg"):
        draw(convert(cnn(), samples(8, 2, 6, 6)), tmp_path / "n.png")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_with_graphviz_an_svg_is_written(tmp_path: Path) -> None:
    made = draw(convert(cnn(), samples(8, 2, 6, 6)), tmp_path / "n.svg")
    assert "<svg" in made.read_text()


class Sorted(nn.Module):
    """One call with a rule, one without."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x).sort(-1).values


def test_a_survey_names_every_call_and_what_is_missing() -> None:
    found = survey(Sorted(), samples(1, 5))
    assert [call.target for call in found.missing] == ["sort.default"]
    assert "NO RULE" in str(found).splitlines()[2]
    assert not survey(cnn(), samples(1, 2, 6, 6)).missing


def test_show_takes_a_program_and_draws_a_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = samples(4, 2, 6, 6)
    torch.export.save(torch.export.export(cnn().eval(), (x[:1],)), tmp_path / "m.pt2")
    assert main(["show", str(tmp_path / "m.pt2")]) == 0
    assert "aten.conv2d.default" in capsys.readouterr().out
    convert(cnn(), x).save(tmp_path / "n.npz")
    assert main(["show", str(tmp_path / "n.npz"), "--graph", str(tmp_path / "n.dot")]) == 0
    assert (tmp_path / "n.dot").exists()
