"""Columns and rows as tables: of text and Markdown, of CSV, of the page, and as the page's script reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from . import cells
from .cells import Raw
from .columns import Column, value

View = Literal["text", "csv", "page"]


class Cell(NamedTuple):
    """A cell of the page: the figure, and what stands small beneath it."""

    main: str
    below: str


class PageTable(NamedTuple):
    """A table of the page."""

    columns: list[Column]
    rows: list[list[Cell]]


def titled(columns: Sequence[Column], view: View) -> list[Column]:
    """Return the columns that a view shows."""
    return [column for column in columns if getattr(column, view)]


def text_table(
    columns: Sequence[Column], rows: Iterable[object], totals: object = None
) -> tuple[list[str], list[list[str]], list[str]]:
    """Return head, rows and totals in text; a column without a single word is left out."""
    shown = titled(columns, "text")
    lines = [[cells.text(column.value(row), column.unit) for column in shown] for row in rows]
    last = [] if totals is None else [_total(column, totals) for column in shown]
    kept = [i for i in range(len(shown)) if any(line[i] for line in lines)]
    return (
        [shown[i].text for i in kept],
        [[line[i] for i in kept] for line in lines],
        [last[i] for i in kept] if last else [],
    )


def page_table(columns: Sequence[Column], rows: Iterable[object]) -> PageTable:
    """Return the table as it stands in the page before any script runs."""
    shown = titled(columns, "page")
    return PageTable(shown, [[Cell(_shown(column, row), _below(column, row)) for column in shown] for row in rows])


def script_table(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return the page's columns for its script, which fills them with what it computes."""
    return [
        {"of": column.of, "unit": column.unit, "below": column.below, "numeric": column.numeric}
        for column in titled(columns, "page")
    ]


def csv_head(columns: Sequence[Column]) -> list[str]:
    """Return the titles in CSV."""
    return [column.csv for column in titled(columns, "csv")]


def csv_line(columns: Sequence[Column], row: object) -> list[Raw]:
    """Return the values of a row in CSV."""
    return [cells.csv(column.value(row)) for column in titled(columns, "csv")]


def _total(column: Column, totals: object) -> str:
    try:
        total = column.value(totals)
    except AttributeError:  # a figure of nodes that has no sum, such as a stage
        return ""
    return "" if total is None else cells.text(total, column.unit)


def _shown(column: Column, row: object) -> str:
    return cells.page(column.value(row), column.unit)


def _below(column: Column, row: object) -> str:
    """A band that is a point is not repeated."""
    found = value(column.below, row) if column.below else None
    if found is None or (isinstance(found, tuple) and found[0] == found[1]):
        return ""
    return cells.page(found, column.unit)
