"""Text from models and files on its way out, one function for each border: a name acts as no more than a name."""

from __future__ import annotations

import re
from unicodedata import category

FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"  # what makes a cell a formula in a spreadsheet, in full width too
MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "\\|", "\\": "&#92;", "`": "\\`", "*": "\\*"}
MARKUP |= {"[": "\\[", "]": "\\]"}
ACTIVE = re.compile(r"[&<>|\\`*\[\]]|(?<![^\W_])_|_(?![^\W_])")  # an underscore inside a word is only that


def cell(text: str) -> str:
    """Return text as one printable line: control, direction and line characters as their code, such as \\x1b."""
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str) -> str:
    """Return text of several lines for a terminal: line ends stay, all other control characters as their code."""
    return "\n".join(map(cell, text.split("\n")))


def csv(text: str) -> str:
    """Return the text of a cell in CSV that no spreadsheet takes for a formula."""
    shown = cell(text)
    return f"'{shown}" if shown.lstrip()[:1] in tuple(FORMULA) else shown


def markdown(text: str) -> str:
    """Return text that Markdown shows as it is: in a cell of a table, in an item of a list, in a heading."""
    return ACTIVE.sub(lambda found: MARKUP.get(found[0], f"\\{found[0]}"), cell(text.replace("\n", " "))).strip()


def dot(*words: str) -> str:
    """Return a quoted string of Graphviz, an id or a label, each word on a line of its own."""
    shown = (cell(word).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for word in words)
    return '"' + "\\n".join(shown) + '"'


def script(json: str) -> str:
    """Return JSON that cannot end the script element of a page."""
    return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def plot(text: str) -> str:
    """Return a label of a plot in which a dollar begins no formula."""
    return cell(text).replace("$", "\\$")


def _shown(char: str) -> str:
    return char if char.isprintable() or category(char) == "Zs" else char.encode("unicode_escape").decode()
