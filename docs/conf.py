"""How the documentation is built: `make docs`, without network, every warning an error."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]
os.environ.setdefault("TQDM_DISABLE", "1")

import spiking  # noqa: E402

project = "hectohertz"
author = "The hectohertz developers"
copyright = "The hectohertz developers"
version = release = spiking.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
    "docstrings",  # the form of this project's docstrings
    "generated",  # pages made from the code
]
exclude_patterns = ["_static", "gallery/GALLERY_HEADER.rst"]
nitpicky = True
# types in signatures that are other libraries' or private; a public name must be found
nitpick_ignore_regex = [("py:class|py:obj", r"(?!(spiking|converters|hardware)\.\w+$).*")]
highlight_language = "none"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "member-order": "bysource", "show-inheritance": True}
autodoc_inherit_docstrings = False
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 100
python_use_unqualified_type_names = True
autosummary_generate = False
add_module_names = False

sphinx_gallery_conf = {
    "examples_dirs": "../demos",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/(quickstart|transformer|recurrent|language_model|costs)\.py$",  # the others are shown only
    "within_subsection_order": "gallery.order",
    "image_scrapers": ("gallery.carried",),
    "reference_url": {"spiking": None, "converters": None, "hardware": None},
    "run_stale_examples": True,  # what they print depends on the packages, not on the script alone
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "hectohertz"
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_extra_path = ["reference/pages"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 6,
}
html_sidebars = {page: [] for page in ("index", "glossary")}
