"""From a trained network to a spiking one with the same function: capture, lower, fold, calibrate, assign, check."""

from .capture import Graph, Op, capture
from .convert import convert
from .methods import METHODS, Method, RateCoding, SigmaDelta
from .outline import outline
from .rules import supported
from .survey import Survey, survey

__all__ = [
    "METHODS",
    "Graph",
    "Method",
    "Op",
    "RateCoding",
    "SigmaDelta",
    "Survey",
    "capture",
    "convert",
    "outline",
    "supported",
    "survey",
]
