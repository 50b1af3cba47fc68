"""What can be wrong with a platform file; all of it is found at once."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any, get_args

from .kinds import KINDS
from .model import SECTIONS
from .price import BASES, SCOPES, UNITS

HEAD = {"name", "kind", "title", "functions", *SECTIONS}
KEYS = {"value", "low", "high", "unit", "source", "basis", "scope"}


def faults(raw: dict[str, Any], stem: str) -> Iterator[str]:
    """Yield one line per fault of a platform file: the key, and what was expected."""
    for key in ("name", "kind", "title"):
        if not isinstance(raw.get(key), str) or not raw[key]:
            yield f"{key}: a text was expected"
    if isinstance(raw.get("name"), str) and raw["name"] != stem:
        yield f"name: '{raw['name']}' must be the file's own, '{stem}'"
    for key in sorted(set(raw) - HEAD):
        yield f"{key}: unknown; expected are {', '.join(sorted(HEAD))}"
    kind = KINDS.get(str(raw.get("kind")))
    if kind is None:
        yield f"kind: '{raw.get('kind')}' is not one of {', '.join(KINDS)}"
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
                yield from _price_faults(f"{section}.{key}", entries[key], slot.unit)
            elif slot.required:
                yield f"{section}.{key}: missing; a table with value, low, high, unit '{slot.unit}', source, basis"
    priced = raw.get("functions", {})
    if not isinstance(priced, dict):
        yield "functions: a table was expected"
        return
    for key, entry in priced.items():
        yield from _price_faults(f"functions.{key}", entry, "J")


def _price_faults(where: str, entry: Any, unit: str) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"{where}: a table with value, low, high, unit, source and basis was expected, not {entry!r}"
        return
    for key in sorted(set(entry) - KEYS):
        yield f"{where}.{key}: unknown; expected are {', '.join(sorted(KEYS))}"
    band: list[Any] = [entry.get(key) for key in ("low", "value", "high")]
    if not all(isinstance(x, int | float) and not isinstance(x, bool) and isfinite(x) for x in band):
        yield f"{where}: value, low and high must be finite numbers, not {band[1]}, {band[0]} and {band[2]}"
    elif min(band) < 0:
        yield f"{where}: value, low and high must not be negative, not {band[1]}, {band[0]} and {band[2]}"
    elif not band[0] <= band[1] <= band[2]:
        yield f"{where}: low <= value <= high does not hold for {band[0]}, {band[1]}, {band[2]}"
    if not isinstance(entry.get("source"), str) or not entry["source"].strip():
        yield f"{where}.source: missing; say where the number is from"
    if entry.get("basis") not in get_args(BASES):
        yield f"{where}.basis: '{entry.get('basis')}' is not one of {', '.join(get_args(BASES))}"
    if "unit" not in entry:
        yield f"{where}.unit: missing; '{unit}' was expected"
    elif entry["unit"] not in UNITS:
        yield f"{where}.unit: '{entry['unit']}' is unknown; '{unit}' was expected"
    elif entry["unit"] != unit:
        yield f"{where}.unit: '{unit}' was expected, not '{entry['unit']}'"
    if unit == "J" and entry.get("scope") not in get_args(SCOPES):
        yield f"{where}.scope: '{entry.get('scope')}' is not one of {', '.join(get_args(SCOPES))}"
    elif unit != "J" and "scope" in entry:
        yield f"{where}.scope: only an energy per event has one"
