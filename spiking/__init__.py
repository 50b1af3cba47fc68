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
    SpikingError,
    UnsupportedNode,
    UnsupportedOperation,
)
from .fan_out import fan_outs, fan_totals
from .formatting import si, table
from .functions import Abs, Clamp, Elementwise, Elu, Function, Identity, LeakyRelu, Power, Relu
from .groups import ArgMax, GroupNorm, LogSoftmax, MaxPool, Norm, Softmax
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
from .network import TICK, Origin
from .nodes import Input, MatMul, Multiply, Neuron, Node, Output, Product
from .record import Activity, SpikeRecord
from .shape_only import is_missing, missing
from .simulation import batches, fitting, run
from .store import fingerprint

__version__ = "0.1.0"

__all__ = [
    "Abs",
    "Activity",
    "Add",
    "Alphabet",
    "ArgMax",
    "AvgPool",
    "BACKENDS",
    "Backend",
    "CapacityError",
    "Clamp",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Coverage",
    "Elementwise",
    "Elu",
    "Embedding",
    "Function",
    "Gather",
    "GroupNorm",
    "Identity",
    "Input",
    "InvalidFile",
    "InvalidInput",
    "InvalidNetwork",
    "LeakyRelu",
    "Linear",
    "LogSoftmax",
    "MatMul",
    "MaxPool",
    "Mean",
    "Mix",
    "Multiply",
    "Neuron",
    "Node",
    "Norm",
    "Origin",
    "Output",
    "Pad",
    "Permute",
    "Power",
    "Product",
    "Relu",
    "Reshape",
    "Scale",
    "Slice",
    "Softmax",
    "SpikeRecord",
    "SpikingError",
    "SpikingNetwork",
    "Synapse",
    "Synapses",
    "TICK",
    "UnsupportedNode",
    "UnsupportedOperation",
    "Weighted",
    "batches",
    "binary",
    "count",
    "fan_outs",
    "fan_totals",
    "fingerprint",
    "fitting",
    "graded",
    "is_missing",
    "macs",
    "missing",
    "run",
    "si",
    "synapses",
    "table",
    "ternary",
]
