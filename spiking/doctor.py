"""What is installed, which engines and devices there are, and what is missing."""

from __future__ import annotations

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .formatting import table

PACKAGES = {
    "numpy": "everything",
    "scipy": "everything",
    "torch": "converters, the Norse engine",
    "norse": "the Norse engine",
    "brian2": "the Brian2 engine",
    "matplotlib": "plots",
    "jinja2": "HTML reports",
}


def examined(own: str) -> tuple[str, dict[str, Any]]:
    """Return a table of what is there and what is missing, with the way to get it, and the same as data."""
    found: dict[str, Any] = {"hectohertz": own, "python": platform.python_version(), "system": platform.platform()}
    found |= {name: _version(name) for name in PACKAGES}
    found["devices"] = _devices(found["torch"])
    found["graphviz"] = shutil.which("dot")
    rows = [[name, _said(found[name]), PACKAGES.get(name, "")] for name in found]
    gone = [(name, what) for name, what in PACKAGES.items() if not found[name]]
    missing = [f"{name} is missing, for {what}: pip install {name}" for name, what in gone]
    if not found["graphviz"]:
        missing.append("Graphviz is missing: pictures of networks are written as .dot text, not as .svg")
    return "\n".join(
        [table(["what", "found", "used for"], rows, left=3), "", *(missing or ["nothing is missing"])]
    ), found


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _devices(torch_version: str | None) -> list[str]:
    if torch_version is None:
        return ["cpu"]
    from .backends.devices import there

    return there()


def _said(found: Any) -> str:
    return ", ".join(found) if isinstance(found, list) else str(found or "–")
