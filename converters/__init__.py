"""From a trained network to a spiking one with the same function: capture, lower, fold, calibrate, assign, check."""

from .capture import Graph, Op, capture
from .convert import convert
from .methods import METHODS, Method, RateCoding, SigmaDelta
from .rules import supported

__all__ = ["METHODS", "Graph", "Method", "Op", "RateCoding", "SigmaDelta", "capture", "convert", "supported"]
