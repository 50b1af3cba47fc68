"""The docstrings of this project as reStructuredText.

A docstring is blocks between empty lines. An indented block is an equation, kept as it stands. A line "name   text" of
two columns explains a name, what is indented below goes on with it. All else is prose, with `code` between backticks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from textwrap import dedent
from typing import Any

PACKAGES = ("spiking", "converters", "hardware")
PUBLIC = {name: package for package in PACKAGES for name in import_module(package).__all__}
ITEM = re.compile(r"(Raises|\S.{0,40}?\S|\S)(?: {2,}|(?<=Raises) )(\S.*)")
CODE = re.compile(r"`([^`]+)`")
ERROR = re.compile(r"\b(?:Unsupported|Invalid)[A-Z]\w+|\bCapacityError\b")


def restructured(lines: list[str]) -> list[str]:
    """Return the lines of a docstring as reStructuredText."""
    blocks = re.split(r"\n[ ]*\n", "\n".join(lines).strip("\n"))
    return [line for block in blocks for line in (*_block(block), "")]


def _block(block: str) -> Iterator[str]:
    lines = block.split("\n")
    if all(line.startswith("    ") for line in lines):
        yield from (".. code-block:: none", "", *(f"   {line}" for line in dedent(block).split("\n")))
        return
    for name, text in _parts(lines):
        if name:
            yield from ("", ".. rst-class:: item", "", _inline(name), f"    {_inline(text)}")
        else:
            bullet = re.match(r"[-+•] |\(?\w{1,4}[.)] ", text)
            yield from ("", ("\\" if bullet else "") + _inline(re.sub(r" {3,}", "\u2003", text)))


def _parts(lines: list[str]) -> list[tuple[str, str]]:
    """Return what the lines explain, name by name; prose has no name."""
    parts: list[tuple[str, str]] = []
    for line in lines:
        item = ITEM.fullmatch(line)
        if item and not (item[1].endswith((".", ":", ",")) or re.search("[=@]", item[1])):
            parts.append((item[1], item[2]))
        elif parts and (line.startswith("  ") or not parts[-1][0]):
            parts[-1] = (parts[-1][0], f"{parts[-1][1]} {line.strip()}")
        else:
            parts.append(("", line.strip()))
    return parts


def _inline(text: str) -> str:
    """Escape what reStructuredText reads as markup; link public names between backticks, and errors anywhere."""
    parts = CODE.split(text)
    plain = [ERROR.sub(lambda m: _link(m[0]), re.sub(r"([*|_\\])", r"\\\1", part)) for part in parts[::2]]
    codes = [_link(code) for code in parts[1::2]]
    return "".join(a + b for a, b in zip(plain, [*codes, ""], strict=True))


def _link(code: str) -> str:
    name = code.removesuffix("()")
    return f":py:obj:`{code} <{PUBLIC[name]}.{name}>`" if name in PUBLIC else f"``{code}``"


def rewritten(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Rewrite a docstring that autodoc has read."""
    lines[:] = restructured(lines)


def resolved(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Link a type in a signature, known there by the module that defines it, to the public name."""
    name = node.get("reftarget", "").rsplit(".", 1)[-1]
    if node.get("refdomain") != "py" or name not in PUBLIC:
        return None
    document = node.get("refdoc", env.docname)
    target = f"{PUBLIC[name]}.{name}"
    return env.get_domain("py").resolve_xref(env, document, app.builder, "obj", target, node, contnode)


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", rewritten, priority=400)
    app.connect("missing-reference", resolved)
    return {"parallel_read_safe": True}
