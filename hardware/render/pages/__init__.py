"""The template of the page, its style, its scripts, and the data they compute with."""

from pathlib import Path

FILES = Path(__file__).parent
