"""The schema of a platform file: every fault in one, found at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from ..bounds import number, said
from ..models.base import SECTIONS, Slot
from ..models.registry import KINDS
from .parameter import BASES, BOUNDARIES, SCOPES, UNITS

HEAD = {"name", "kind", "title", "boundary", "extends", "functions", *SECTIONS}
KEYS = {"value", "low", "high", "unit", "source", "page", "basis", "scope"}


def faults(raw: dict[str, Any], stem: str) -> Iterator[str]:
    """Yield one line for each fault of a platform file: the key, and what was expected."""
    for key in ("name", "kind", "title"):
        if not isinstance(raw.get(key), str) or not raw[key]:
            yield f"{key}: a string was expected"
    if raw.get("boundary") not in get_args(BOUNDARIES):
        yield f"boundary: one of {', '.join(get_args(BOUNDARIES))} was expected, not {said(raw.get('boundary'))}"
    if isinstance(raw.get("name"), str) and raw["name"] != stem:
        yield f"name: '{raw['name']}' must be the file's own, '{stem}'"
    for key in sorted(set(raw) - HEAD):
        yield f"{key}: unknown; expected are {', '.join(sorted(HEAD))}"
    kind = KINDS.get(raw["kind"]) if isinstance(raw.get("kind"), str) else None
    if kind is None:
        yield f"kind: {said(raw.get('kind'))} is not one of {', '.join(KINDS)}"
        return
    for section in SECTIONS:
        slots = {slot.name: slot for slot in kind.slots if slot.section == section}
        entries = raw.get(section, {})
        if not isinstance(entries, dict):
            yield f"{section}: a table was expected"
            continue
        for key in sorted(set(entries) - set(slots)):
            yield f"{section}.{key}: unknown to kind '{kind.name}'; expected are {', '.join(slots) or 'none'}"
        for key, slot in slots.items():
            if key in entries:
                yield from _parameter_faults(f"{section}.{key}", entries[key], slot)
            elif slot.required:
                yield f"{section}.{key}: missing; a table with value, low, high, unit '{slot.unit}', source, basis"
        for group, names in _alternatives(kind.slots, section).items():
            if not names & set(entries):
                yield f"{section}: one of {', '.join(sorted(names))} was expected ({group})"
    functions = raw.get("functions", {})
    if not isinstance(functions, dict):
        yield "functions: a table was expected"
        return
    for key, entry in functions.items():
        yield from _parameter_faults(f"functions.{key}", entry, Slot("prices", key, "J"))


def _alternatives(slots: Iterable[Slot], section: str) -> dict[str, set[str]]:
    """Names of the slots of which a platform must state at least one, by what they have in common."""
    groups: dict[str, set[str]] = {}
    for slot in slots:
        if slot.section == section and slot.one_of:
            groups.setdefault(slot.one_of, set()).add(slot.name)
    return groups


def _parameter_faults(where: str, entry: Any, slot: Slot) -> Iterator[str]:
    unit = slot.unit
    if not isinstance(entry, dict):
        yield f"{where}: a table with value, low, high, unit, source and basis was expected, not {said(entry)}"
        return
    for key in sorted(set(entry) - KEYS):
        yield f"{where}.{key}: unknown; expected are {', '.join(sorted(KEYS))}"
    value = entry.get("value")
    band: list[Any] = [entry.get("low", value), value, entry.get("high", value)]
    if not all(map(number, band)):
        low, nominal, high = map(said, band)
        yield f"{where}: value, low and high must be finite numbers, not {nominal}, {low} and {high}"
    elif min(band) < 0:
        yield f"{where}: value, low and high must not be negative, not {band[1]}, {band[0]} and {band[2]}"
    elif not band[0] <= band[1] <= band[2]:
        yield f"{where}: low <= value <= high does not hold for {band[0]}, {band[1]}, {band[2]}"
    elif slot.positive and band[0] == 0:
        yield f"{where}: must be above 0, its low end too: something is divided by it"
    elif band[0] < slot.least:
        yield f"{where}: must be at least {slot.least:g}, its low end too, not {band[0]}"
    elif band[2] > slot.most:
        yield f"{where}: must be at most {slot.most:g}, its high end too, not {band[2]}"
    if not isinstance(entry.get("source"), str) or not entry["source"].strip():
        yield f"{where}.source: missing; say where the number is from"
    if not isinstance(entry.get("page", ""), str):
        yield f"{where}.page: a string was expected, not {said(entry['page'])}"
    if entry.get("basis") not in get_args(BASES):
        yield f"{where}.basis: {said(entry.get('basis'))} is not one of {', '.join(get_args(BASES))}"
    if not isinstance(entry.get("unit"), str):
        yield f"{where}.unit: '{unit}' was expected, not {said(entry.get('unit'))}"
    elif entry["unit"] not in UNITS:
        yield f"{where}.unit: '{entry['unit']}' is unknown; '{unit}' was expected"
    elif entry["unit"] != unit:
        yield f"{where}.unit: '{unit}' was expected, not '{entry['unit']}'"
    if unit == "J" and entry.get("scope") not in get_args(SCOPES):
        scope = entry["scope"] if isinstance(entry.get("scope"), str) else said(entry.get("scope"))
        yield f"{where}.scope: '{scope}' is not one of {', '.join(get_args(SCOPES))}"
    elif unit != "J" and "scope" in entry:
        yield f"{where}.scope: only an energy per event has one"
