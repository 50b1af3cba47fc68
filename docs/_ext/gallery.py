"""The gallery of executed demos: their order, and the pictures and pages they write."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

ORDER = ("quickstart", "transformer", "recurrent", "language_model", "costs", "train_digits")
PAGES = Path(__file__).resolve().parents[1] / "reference" / "pages"


def order(file: str) -> int:
    """Return where a demo stands in the gallery."""
    return ORDER.index(Path(file).stem)


def carried(block: tuple[Any, ...], variables: dict[str, Any], settings: dict[str, Any]) -> str:
    """Take over the pictures and pages that a demo wrote into its folder `out`, and show them."""
    from sphinx_gallery.scrapers import figure_rst

    script = Path(variables["src_file"])
    pictures, links = [], []
    for file in sorted((script.parent / "out").glob(f"{script.stem}.*")):
        if file.suffix == ".png":
            pictures.append(str(next(variables["image_path_iterator"])))
            file.replace(pictures[-1])
        else:
            file.replace(PAGES / file.name)
            links.append(f"\n`Open the page it wrote: {file.name} <../{file.name}>`__\n")
    with contextlib.suppress(OSError):
        (script.parent / "out").rmdir()  # nothing else is in it
    return figure_rst(pictures, settings["src_dir"]) + "".join(links)
