"""What a spiking network is, and running one: on a 100 Hz clock, on a GPU, or tick by tick in NumPy."""

from .alphabets import Alphabet, binary, graded, ternary
from .api import SpikingNetwork
from .backends import TABLE as BACKENDS
from .backends import Backend
from .counts import Synapses, count, macs, synapses
from .coverage import Coverage
from .errors import (
    CapacityError,
    InvalidFile,
    InvalidInput,
    InvalidNetwork,
    MissingPackage,
    SpikingError,
    SpikingWarning,
    UnsupportedNode,
    UnsupportedOperation,
)
from .fan_out import fan_outs, fan_totals, handed_on, laid_out
from .formatting import csv_text, html_table, si, table
from .functions import Abs, Clamp, Elementwise, Elu, Function, Identity, LeakyRelu, Power, Relu
from .groups import ArgMax, GroupNorm, LogSoftmax, MaxPool, Norm, Softmax
from .inputs import batches, fitting
from .linear_maps import (
    Add,
    AvgPool,
    Concat,
    Conv,
    ConvTranspose,
    Embedding,
    Gather,
    Linear,
    Mean,
    Mix,
    Pad,
    Permute,
    Reshape,
    Scale,
    Slice,
    Synapse,
    Weighted,
)
from .network import TICK, Origin, is_linear, is_wiring
from .nodes import Input, MatMul, Multiply, Neuron, Node, Output, Product
from .record import Activity, SpikeRecord
from .shape_only import ShapeOnly, is_missing, missing
from .simulation import run
from .store import fingerprint

__version__ = "0.1.0"

__all__ = ["SpikingNetwork", "Origin", "Coverage", "TICK"]
__all__ += ["Node", "Input", "Output", "Neuron", "Product", "MatMul", "Multiply", "Synapse", "Weighted"]
__all__ += ["is_linear", "is_wiring"]
__all__ += ["Linear", "Conv", "ConvTranspose", "Embedding", "AvgPool", "Mean", "Mix", "Scale"]
__all__ += ["Add", "Concat", "Gather", "Pad", "Permute", "Reshape", "Slice"]
__all__ += ["Function", "Abs", "Clamp", "Elementwise", "Elu", "Identity", "LeakyRelu", "Power", "Relu"]
__all__ += ["ArgMax", "GroupNorm", "LogSoftmax", "MaxPool", "Norm", "Softmax"]
__all__ += ["Alphabet", "binary", "graded", "ternary", "ShapeOnly", "is_missing", "missing"]
__all__ += ["Activity", "BACKENDS", "Backend", "SpikeRecord", "batches", "fingerprint", "fitting", "run"]
__all__ += [
    "Synapses",
    "count",
    "csv_text",
    "fan_outs",
    "fan_totals",
    "handed_on",
    "html_table",
    "laid_out",
    "macs",
    "si",
]
__all__ += ["synapses", "table"]
__all__ += ["SpikingError", "CapacityError", "InvalidFile", "InvalidInput", "InvalidNetwork", "MissingPackage"]
__all__ += ["SpikingWarning", "UnsupportedNode", "UnsupportedOperation"]
