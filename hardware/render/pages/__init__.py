"""The template of the page, its style, its scripts, and the data they compute with."""

from importlib.resources import files

FILES = files(__name__)
