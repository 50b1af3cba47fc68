"""Platform files: every number has a band, a unit and a source, and every fault is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hardware import load_platform, platforms, references
from hardware.models.registry import KINDS
from spiking import InvalidFile

GOOD = """
name = "mine"
kind = "operation_count"
title = "one number"
boundary = "chip"

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
        ('unit = "J"\n', "", "prices.synaptic_event.unit: 'J' was expected, not None"),
        ('basis = "measured"\n', "", "prices.synaptic_event.basis: None is not one of measured, simulated"),
        ('basis = "measured"', 'basis = "heard"', "prices.synaptic_event.basis: 'heard' is not one of"),
        ('scope = "marginal"\n', "", "prices.synaptic_event.scope: 'None' is not one of marginal, aggregate"),
        ('unit = "J"', 'unit = "eV"', "prices.synaptic_event.unit: 'eV' is unknown; 'J' was expected"),
        ('unit = "J"', 'unit = "W"', "prices.synaptic_event.unit: 'J' was expected, not 'W'"),
        ("low = 1e-12", "low = -1e-12", "prices.synaptic_event: value, low and high must not be negative"),
        ("low = 1e-12", "low = 4e-12", "prices.synaptic_event: low <= value <= high does not hold for 4e-12"),
        ("value = 2e-12", "value = nan", "prices.synaptic_event: value, low and high must be finite numbers"),
        ("value = 2e-12", 'value = "two"', "prices.synaptic_event: value, low and high must be finite numbers"),
        ("value = 2e-12\n", "", "prices.synaptic_event: value, low and high must be finite numbers"),
        ("value = 2e-12", "value = 1e99", "prices.synaptic_event: value, low and high must be finite numbers"),
        ("value = 2e-12", "value = true", "prices.synaptic_event: value, low and high must be finite numbers"),
        ('unit = "J"', 'unit = "J"\npage = 3', "prices.synaptic_event.page: a string was expected, not 3"),
        ('unit = "J"', 'unit = "J"\nvolume = 3', "prices.synaptic_event.volume: unknown; expected are basis"),
        ('boundary = "chip"', 'boundary = "room"', "boundary: one of chip, board, system was expected, not 'room'"),
        ("[prices.synaptic_event]", "[prices.spike]", "prices.spike: unknown to kind 'operation_count'; expected are"),
        ('name = "mine"', 'name = "yours"', "name: 'yours' must be the file's own, 'mine'"),
        ('kind = "operation_count"', 'kind = "quantum"', "kind: 'quantum' is not one of brain, event_driven"),
        ('title = "one number"', 'title = ""', "title: a string was expected"),
        (
            'title = "one number"',
            'title = "x"\ncolor = 1',
            "color: unknown; expected are boundary, extends, functions, kind",
        ),
        (
            "[prices.synaptic_event]",
            "[speeds.tick]",
            "speeds.tick: unknown to kind 'operation_count'; expected are none",
        ),
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
    text = 'name = "mine"\nkind = "brain"\ntitle = "no clock"\nboundary = "chip"\n'
    with pytest.raises(InvalidFile, match=r"speeds.tick: missing; a table with value, low, high, unit 's'"):
        load_platform(written(tmp_path, text))


def test_not_toml(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"mine.toml is not TOML"):
        load_platform(written(tmp_path, "name = "))


@pytest.mark.parametrize("text", ["prices = 3", "functions = 3", "[prices]\nsynaptic_event = 3"])
def test_tables_that_are_none(tmp_path: Path, text: str) -> None:
    head = 'name = "mine"\nkind = "operation_count"\ntitle = "t"\nboundary = "chip"\n'
    with pytest.raises(InvalidFile, match="a table"):
        load_platform(written(tmp_path, head + text))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such platform file: .*mine\.toml"):
        load_platform(tmp_path / "mine.toml")


def test_functions_can_be_priced(tmp_path: Path) -> None:
    softmax = GOOD + GOOD[GOOD.index("[prices") :].replace("prices.synaptic_event", "functions.Softmax")
    assert load_platform(written(tmp_path, softmax)).prices["functions.Softmax"].value == 2e-12


def test_what_a_file_extends(tmp_path: Path) -> None:
    """One number of one's own, the others of the platform that is extended."""
    head = 'name = "mine"\ntitle = "a faster clock"\nextends = "brain"\n[speeds]\n'
    tick = 'tick = { value = 1e-3, unit = "s", basis = "assumed", source = "what if" }\n'
    mine, brain = load_platform(written(tmp_path, head + tick)), load_platform("brain")
    assert (mine.kind, mine.boundary) == (brain.kind, brain.boundary)
    assert mine.prices["tick"].value == mine.prices["tick"].low == mine.prices["tick"].high == 1e-3
    others = {name: price for name, price in brain.prices.items() if name != "tick"}
    assert {name: price for name, price in mine.prices.items() if name != "tick"} == others


@pytest.mark.parametrize("name", ['"nobody"', "3", '["brain"]'])
def test_extending_what_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidFile, match=r"mine.toml: extends: one of .*brain.* was expected"):
        load_platform(written(tmp_path, f"extends = {name}\n" + GOOD))


def test_a_price_without_low_and_high_is_exact(tmp_path: Path) -> None:
    exact = GOOD.replace("low = 1e-12\n", "").replace("high = 3e-12\n", "")
    price = load_platform(written(tmp_path, exact)).prices["synaptic_event"]
    assert price.low == price.value == price.high == 2e-12


def test_what_is_divided_by_is_not_zero(tmp_path: Path) -> None:
    head = 'name = "mine"\ntitle = "no clock"\nextends = "brain"\n[speeds]\n'
    tick = 'tick = { value = 1, low = 0, high = 1, unit = "s", basis = "assumed", source = "what if" }\n'
    with pytest.raises(InvalidFile, match=r"speeds.tick: must be above 0, its low end too"):
        load_platform(written(tmp_path, head + tick))


def test_a_share_is_at_most_one(tmp_path: Path) -> None:
    head = 'name = "mine"\ntitle = "too good"\nextends = "a100"\n[speeds]\n'
    share = 'memory_efficiency = { value = 1, high = 1.5, unit = "1", basis = "assumed", source = "what if" }\n'
    with pytest.raises(InvalidFile, match=r"speeds.memory_efficiency: must be at most 1, its high end too, not 1.5"):
        load_platform(written(tmp_path, head + share))


@pytest.mark.parametrize("name", sorted(platforms()))
def test_what_is_shipped_is_whole(name: str) -> None:
    """Every number has a source: known literature, or the word that it is assumed: then a band, or a choice."""
    platform = load_platform(name)
    for price in platform.prices.values():
        assert price.low <= price.value <= price.high
        keys = set(re.findall(r"\[([a-z0-9_]+)\]", price.source))
        assert keys <= set(references()), price
        assert keys or price.basis == "assumed", price
        chosen = price.section == "limits" or "a design choice" in price.source
        assert price.low < price.high or price.basis != "assumed" or chosen, price
    assert platform.title
    assert platform.kind in KINDS


def test_every_reference_is_cited() -> None:
    sources = " ".join(price.source for name in platforms() for price in load_platform(name).prices.values())
    assert [key for key in references() if f"[{key}]" not in sources] == []


@pytest.mark.parametrize(("former", "name"), [("convention", "operation_count"), ("gather", "event_driven")])
def test_the_former_name_of_a_kind_is_understood(former: str, name: str, tmp_path: Path) -> None:
    base = {"operation_count": "horowitz45nm", "event_driven": "v100_events"}[name]
    file = tmp_path / "mine.toml"
    file.write_text(f'extends = "{base}"\nname = "mine"\nkind = "{former}"\n')
    assert load_platform(file).kind == name
