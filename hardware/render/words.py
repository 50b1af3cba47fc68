"""Facts in words: what a record says, in the phrases that text, Markdown and the page share."""

from __future__ import annotations

from ..analysis.records import CostReport
from ..models.base import Bound


def bound(found: Bound | None) -> str:
    """Return what limits a node: the resource, and on how many cores it lies."""
    if found is None:
        return ""
    return found.resource if found.cores is None else f"{found.resource} × {found.cores}"


def limit(r: CostReport) -> str:
    """Return which limit decides whether the network fits."""
    if not r.constraints:
        return "no limit applies"
    return f"{'tightest' if r.feasible else 'exceeds'}: {label(r.binding)}"


def label(name: str) -> str:
    """Return the name of a parameter, an action or a limit as words."""
    return name.removeprefix("functions.").replace("_", " ")
