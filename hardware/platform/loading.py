"""Platforms: files of parameters, each with a band, a unit and a source, checked when read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from spiking import InvalidFile, InvalidInput

from ..bounds import LARGEST, SMALLEST, complaint, number, said
from ..models.base import SECTIONS, Slot, Values
from ..models.registry import KINDS
from .parameter import Parameter
from .schema import faults

HERE = Path(__file__).parent
SHIPPED, FAMILIES = HERE / "shipped", HERE / "families"
FORMER_KINDS = {"convention": "operation_count", "gather": "event_driven"}  # names that older files give
CITED = re.compile(r"\[([A-Za-z0-9_-]+)\]")  # a key of references.toml in the text of a source


@dataclass(frozen=True)
class Platform:
    """A piece of hardware: its kind, and the parameters that the cost model of that kind reads.

    name        as in `load_platform(name)`; the file's own name
    kind        the cost model: a key of `models.registry.KINDS`
    title       one line about it
    boundary    what its energies include: the chip, the board, or the system with its host
    parameters  by name; those of functions are called "functions.<function>"
    """

    name: str
    kind: str
    title: str
    boundary: str
    parameters: Mapping[str, Parameter]

    def __repr__(self) -> str:
        """Return one line."""
        return f"Platform({self.name}, {self.kind}, {len(self.parameters)} parameters)"

    @property
    def prices(self) -> Mapping[str, Parameter]:
        """The former name of `parameters`."""
        return self.parameters

    @cached_property
    def slots(self) -> Mapping[str, Slot]:
        """The parameters that the platform's kind reads, by name."""
        return {slot.name: slot for slot in KINDS[self.kind].slots}

    def values(self, end: str = "value", only: str = "") -> Values:
        """Return the parameters by name: nominal, or all (or `only` one) at one end of their bands.

        end   "value", nominal; "optimistic", where the cost is lowest: low prices and times, high rates, budgets and
              capacities; "pessimistic", where it is highest
        """
        return {name: self._at(name, end if only in ("", name) else "value") for name in self.parameters}

    def replaced(self, numbers: Mapping[str, float | None]) -> Platform:
        """Return the platform with some parameters replaced by exact values; None drops an optional one.

        Raises InvalidInput with every value that does not fit.
        """
        parameters, wrong = dict(self.parameters), []
        for name, value in numbers.items():
            slot = self.slots.get(name)
            if slot is None:
                wrong.append(f"'{self.name}' has no parameter '{name}'; it has: {', '.join(sorted(self.slots))}")
            elif value is None and slot.required:
                wrong.append(f"'{self.name}' cannot do without {name}")
            elif value is None:
                parameters.pop(name, None)
            elif not number(value):
                wrong.append(f"{name} must be a finite number, not {said(value)}: 0, or {SMALLEST:g} to {LARGEST:g}")
            elif not slot.least <= value <= slot.most or (value == 0 and slot.positive):
                least = "above 0" if slot.positive and not slot.least else f"at least {slot.least:g}"
                most = f" and at most {slot.most:g}" if isfinite(slot.most) else ""
                wrong.append(f"{name} must be {least}{most}, not {value}")
            else:
                parameters[name] = _exact(slot, float(value), parameters.get(name))
        if wrong:
            raise InvalidInput(complaint("the parameters do not fit:", wrong))
        return replace(self, parameters=parameters)

    def named(self, name: str, title: str) -> Platform:
        """Return the platform under another name."""
        return replace(self, name=name, title=title)

    def _at(self, name: str, end: str) -> float:
        slot = self.slots.get(name)
        best, worst = ("high", "low") if slot is not None and slot.better == "high" else ("low", "high")
        return float(getattr(self.parameters[name], {"value": "value", "optimistic": best, "pessimistic": worst}[end]))


def platforms() -> dict[str, str]:
    """Return the platforms that come with the package: name -> one line about each."""
    return {name: load_platform(name).title for name in _names()}


def load_platform(platform: str | Path | Platform) -> Platform:
    """Return a platform by name, or from a path to a .toml file.

    Raises InvalidInput for an unknown name, FileNotFoundError without the file, InvalidFile with every fault in it.
    """
    if isinstance(platform, Platform):
        return platform
    if not isinstance(platform, str | Path):
        raise InvalidInput(
            f"a platform is a name of platforms(), the path of a .toml file or a Platform, not {said(platform)}"
        )
    if isinstance(platform, Path) or str(platform).endswith(".toml"):
        path = Path(platform)
        if not path.exists():
            raise FileNotFoundError(f"no such platform file: {path}")
        return _parse(_raw(path.read_bytes(), str(path)), str(path), path.stem)
    return _shipped(platform)


@cache
def references() -> Mapping[str, str]:
    """Return the bibliography of the platforms that come with the package: key -> full text."""
    import tomllib

    found: dict[str, str] = tomllib.loads((HERE / "references.toml").read_text(encoding="utf-8"))
    return found


def cited(parameters: Iterable[Parameter]) -> dict[str, str]:
    """Return the literature that parameters cite: key -> full text, each once, by key."""
    keys = {key for parameter in parameters for key in CITED.findall(f"{parameter.source} {parameter.page}")}
    return {key: text for key, text in sorted(references().items()) if key in keys}


@cache
def _shipped(name: str) -> Platform:
    if name not in _names():
        shipped = ", ".join(_names())
        raise InvalidInput(f"unknown platform '{name}'; there are {shipped}, or give the path of a .toml file")
    return _parse(_raw((SHIPPED / f"{name}.toml").read_bytes(), f"{name}.toml"), f"{name}.toml", name)


def _names() -> list[str]:
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


def _raw(content: bytes, label: str, below: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read a file; what it does not state is taken, entry by entry, from the one it extends."""
    import tomllib

    try:
        own = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:  # bad TOML or UTF-8, a number of too many digits, endless nesting
        raise InvalidFile(f"{label} is not TOML: {error}") from error
    if isinstance(own.get("kind"), str):
        own["kind"] = FORMER_KINDS.get(own["kind"], own["kind"])
    if "extends" not in own:
        return own
    known = {file.stem: file for folder in (SHIPPED, FAMILIES) for file in folder.glob("*.toml")}
    name = own["extends"]
    if not isinstance(name, str) or name not in known or name in below:
        raise InvalidFile(f"{label}: extends: one of {', '.join(sorted(known))} was expected, not {said(name)}")
    merged = _raw(known[name].read_bytes(), f"{name}.toml", (*below, name))
    for key, value in own.items():
        base = merged.get(key)
        merged[key] = {**base, **value} if isinstance(base, dict) and isinstance(value, dict) else value
    return merged


def _parse(raw: dict[str, Any], label: str, stem: str) -> Platform:
    found = list(faults(raw, stem))
    if found:
        raise InvalidFile("\n  ".join([f"{label} is not a platform, {len(found)} fault(s):", *found]))
    parameters = {}
    for section in (*SECTIONS, "functions"):
        for key, entry in raw.get(section, {}).items():
            name = f"functions.{key}" if section == "functions" else key
            parameters[name] = Parameter(name, section, **{"low": entry["value"], "high": entry["value"], **entry})
    return Platform(raw["name"], raw["kind"], raw["title"], raw["boundary"], parameters)


def _exact(slot: Slot, value: float, before: Parameter | None) -> Parameter:
    scope = None if slot.unit != "J" else before.scope if before is not None else "marginal"
    return Parameter(slot.name, slot.section, value, value, value, slot.unit, "the caller's argument", "assumed", scope)
