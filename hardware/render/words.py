"""Facts in words: what a record says, in the phrases that text, Markdown and the page share."""

from __future__ import annotations

from ..models.base import Bound


def bound(found: Bound | None) -> str:
    """Return what limits a node: the resource, and on how many cores it lies."""
    if found is None:
        return ""
    return found.resource if found.cores is None else f"{found.resource} × {found.cores}"
