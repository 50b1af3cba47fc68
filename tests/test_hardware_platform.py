"""Platform files: every number has a band, a unit and a source, and every fault is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware import load_platform, platforms
from spiking import InvalidFile

GOOD = """
name = "mine"
kind = "convention"
title = "one number"

[prices.synaptic_event]
value = 2e-12
low = 1e-12
high = 3e-12
unit = "J"
scope = "marginal"
basis = "measured"
source = "my bench"
"""


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    platform = load_platform(written(tmp_path, GOOD))
    price = platform.prices["synaptic_event"]
    assert (price.low, price.value, price.high) == (1e-12, 2e-12, 3e-12)
    assert (price.unit, price.basis, price.scope, price.source) == ("J", "measured", "marginal", "my bench")
    assert load_platform(str(tmp_path / "mine.toml")) == platform
    assert load_platform(platform) is platform


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('source = "my bench"\n', "", "prices.synaptic_event.source: missing"),
        ('unit = "J"\n', "", "prices.synaptic_event.unit: missing; 'J' was expected"),
        ('basis = "measured"\n', "", "prices.synaptic_event.basis: 'None' is not one of measured, simulated"),
        ('basis = "measured"', 'basis = "heard"', "prices.synaptic_event.basis: 'heard' is not one of"),
        ('scope = "marginal"\n', "", "prices.synaptic_event.scope: 'None' is not one of marginal, aggregate"),
        ('unit = "J"', 'unit = "eV"', "prices.synaptic_event.unit: 'eV' is unknown; 'J' was expected"),
        ('unit = "J"', 'unit = "W"', "prices.synaptic_event.unit: 'J' was expected, not 'W'"),
        ("low = 1e-12", "low = -1e-12", "prices.synaptic_event: value, low and high must not be negative"),
        ("low = 1e-12", "low = 4e-12", "prices.synaptic_event: low <= value <= high does not hold for 4e-12"),
        ("value = 2e-12", "value = nan", "prices.synaptic_event: value, low and high must be finite numbers"),
        ("value = 2e-12", 'value = "two"', "prices.synaptic_event: value, low and high must be finite numbers"),
        ("low = 1e-12\n", "", "prices.synaptic_event: value, low and high must be finite numbers"),
        ('unit = "J"', 'unit = "J"\npage = 3', "prices.synaptic_event.page: unknown; expected are basis"),
        ("[prices.synaptic_event]", "[prices.spike]", "prices.spike: unknown to kind 'convention'; expected are"),
        ('name = "mine"', 'name = "yours"', "name: 'yours' must be the file's own, 'mine'"),
        ('kind = "convention"', 'kind = "quantum"', "kind: 'quantum' is not one of brain, convention"),
        ('title = "one number"', 'title = ""', "title: a text was expected"),
        ('title = "one number"', 'title = "x"\ncolor = 1', "color: unknown; expected are functions, kind"),
        ("[prices.synaptic_event]", "[speeds.tick]", "speeds.tick: unknown to kind 'convention'; expected are none"),
    ],
)
def test_one_fault(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidFile) as caught:
        load_platform(written(tmp_path, GOOD.replace(old, new)))
    assert fault in str(caught.value)
    assert "mine.toml is not a platform, 1 fault(s)" in str(caught.value)


def test_all_faults_at_once(tmp_path: Path) -> None:
    bad = GOOD.replace('source = "my bench"\n', "").replace("value = 2e-12", "value = 9").replace('"mine"', '"yours"')
    with pytest.raises(InvalidFile, match=r"3 fault\(s\)"):
        load_platform(written(tmp_path, bad))


def test_what_a_kind_cannot_do_without(tmp_path: Path) -> None:
    text = 'name = "mine"\nkind = "brain"\ntitle = "no clock"\n'
    with pytest.raises(InvalidFile, match=r"speeds.tick: missing; a table with value, low, high, unit 's'"):
        load_platform(written(tmp_path, text))


def test_not_toml(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"mine.toml is not TOML"):
        load_platform(written(tmp_path, "name = "))


@pytest.mark.parametrize("text", ["prices = 3", "functions = 3", "[prices]\nsynaptic_event = 3"])
def test_tables_that_are_none(tmp_path: Path, text: str) -> None:
    head = 'name = "mine"\nkind = "convention"\ntitle = "t"\n'
    with pytest.raises(InvalidFile, match="a table"):
        load_platform(written(tmp_path, head + text))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such platform file: .*mine\.toml"):
        load_platform(tmp_path / "mine.toml")


def test_functions_can_be_priced(tmp_path: Path) -> None:
    softmax = GOOD + GOOD[GOOD.index("[prices") :].replace("prices.synaptic_event", "functions.Softmax")
    assert load_platform(written(tmp_path, softmax)).prices["functions.Softmax"].value == 2e-12


@pytest.mark.parametrize("name", ["a100", "brain", "horowitz45nm", "loihi1"])
def test_what_is_shipped_is_whole(name: str) -> None:
    platform = load_platform(name)
    assert name in platforms()
    for price in platform.prices.values():
        assert price.low <= price.value <= price.high
        assert price.low < price.high or price.section == "limits" or price.basis != "assumed"
        assert price.source
