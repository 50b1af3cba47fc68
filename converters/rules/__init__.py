"""One rule for each ATen call: a small function that says which linear map, neuron or product it is."""

from __future__ import annotations

from ..builder import Reject
from . import (  # noqa: F401  # each file puts its rules in the table
    activation,
    arithmetic,
    attention,
    compare,
    decomposed,
    indexing,
    linear,
    lookup,
    masks,
    norm,
    padding,
    pool,
    products,
    recurrent,
    resize,
    scatter,
    shape,
    stairs,
    statistics,
    windows,
)
from .registry import RULES, Rule, rule, supported

__all__ = ["RULES", "Reject", "Rule", "rule", "supported"]
