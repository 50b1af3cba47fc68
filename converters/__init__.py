"""From a trained network to a spiking one with the same function: capture, lower, fold, calibrate, assign, check."""

from .archive import load_program
from .calls import Survey, survey
from .conversion import convert
from .from_shapes import outline
from .methods import METHODS, Method, RateCoding, SigmaDelta, method_named
from .program import Graph, Op
from .rules import supported
from .torch_export import capture

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
    "load_program",
    "method_named",
    "outline",
    "supported",
    "survey",
]
