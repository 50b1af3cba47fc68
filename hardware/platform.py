"""Platforms: files of numbers, each with a band, a unit and a source, checked when read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from math import isfinite
from pathlib import Path

from spiking import InvalidFile, InvalidInput

from .checks import faults
from .kinds import KINDS
from .model import SECTIONS, Slot, Values
from .price import Price


@dataclass(frozen=True)
class Platform:
    """A piece of hardware: what kind it is, and the numbers that kind reads."""

    name: str
    kind: str
    title: str
    prices: Mapping[str, Price]

    def __repr__(self) -> str:
        """Return one line."""
        return f"Platform({self.name}, {self.kind}, {len(self.prices)} numbers)"

    @property
    def slots(self) -> Mapping[str, Slot]:
        """The numbers the platform's kind reads, by name."""
        return {slot.name: slot for slot in KINDS[self.kind].slots}

    def values(self, end: str = "value", only: str = "") -> Values:
        """Return the numbers by name: nominal, or all (or `only` one) at their "cheap" or "dear" end."""
        return {name: self._at(price, end if only in ("", name) else "value") for name, price in self.prices.items()}

    def limited(self, budgets: Mapping[str, float | None]) -> Platform:
        """Return the platform with some of its limits replaced; None lifts a limit that is not required."""
        limits = {slot.name: slot for slot in KINDS[self.kind].slots if slot.section == "limits"}
        prices, wrong = dict(self.prices), []
        for name, value in budgets.items():
            if name not in limits:
                wrong.append(f"'{name}' is no limit of '{self.name}'; it has: {', '.join(sorted(limits)) or 'none'}")
            elif value is None and limits[name].required:
                wrong.append(f"'{self.name}' cannot do without {name}")
            elif value is None:
                prices.pop(name, None)
            elif not isfinite(value) or value < 0:
                wrong.append(f"{name} must be finite and not negative, not {value}")
            else:
                unit = limits[name].unit
                prices[name] = Price(name, "limits", value, value, value, unit, "the caller's argument", "assumed")
        if wrong:
            raise InvalidInput("\n  ".join(["the budgets do not fit:", *wrong]) if len(wrong) > 1 else wrong[0])
        return replace(self, prices=prices)

    def _at(self, price: Price, end: str) -> float:
        slot = self.slots.get(price.name)
        cheap, dear = (price.high, price.low) if slot is not None and slot.better == "high" else (price.low, price.high)
        return {"value": price.value, "cheap": cheap, "dear": dear}[end]


def platforms() -> dict[str, str]:
    """Return the platforms that come with the package: name -> one line about each."""
    return {name: load_platform(name).title for name in _names()}


def load_platform(platform: str | Path | Platform) -> Platform:
    """Return a platform by name, or from a path to a .toml file.

    Raises InvalidInput for an unknown name, FileNotFoundError without the file, InvalidFile with every fault in it.
    """
    if isinstance(platform, Platform):
        return platform
    if isinstance(platform, Path) or str(platform).endswith(".toml"):
        path = Path(platform)
        if not path.exists():
            raise FileNotFoundError(f"no such platform file: {path}")
        return _parse(path.read_bytes(), str(path), path.stem)
    if platform not in _names():
        known = ", ".join(_names())
        raise InvalidInput(f"unknown platform '{platform}'; there are {known}, or give the path of a .toml file")
    file = files(__package__) / "platforms" / f"{platform}.toml"
    return _parse(file.read_bytes(), f"{platform}.toml", platform)


def _names() -> list[str]:
    return sorted(f.name[:-5] for f in (files(__package__) / "platforms").iterdir() if f.name.endswith(".toml"))


def _parse(content: bytes, label: str, stem: str) -> Platform:
    try:
        raw = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidFile(f"{label} is not TOML: {error}") from error
    found = list(faults(raw, stem))
    if found:
        raise InvalidFile("\n  ".join([f"{label} is not a platform, {len(found)} fault(s):", *found]))
    prices = {}
    for section in (*SECTIONS, "functions"):
        for key, entry in raw.get(section, {}).items():
            name = f"functions.{key}" if section == "functions" else key
            prices[name] = Price(name, section, **entry)
    return Platform(raw["name"], raw["kind"], raw["title"], prices)
