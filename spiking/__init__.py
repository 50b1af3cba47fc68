"""What a spiking network is, and running one: on a 100 Hz clock, on a GPU, or tick by tick in NumPy."""

from .alphabets import Alphabet, binary, graded, ternary
from .backends import TABLE as BACKENDS
from .backends import Backend
from .count import Synapses, count, fan_outs, synapses
from .errors import (
    CapacityError,
    InvalidFile,
    InvalidInput,
    InvalidNetwork,
    SpikingError,
    UnsupportedNode,
    UnsupportedOperation,
)
from .functions import Clamp, Function, Identity, LeakyRelu, MaxPool, Relu
from .network import Origin, SpikingNetwork
from .nodes import Input, MatMul, Multiply, Neuron, Node, Output, Product
from .record import Activity, SpikeRecord
from .run import batches, fitting, run
from .store import fingerprint
from .synapses import (
    Add,
    AvgPool,
    Concat,
    Conv,
    Gather,
    Linear,
    Mean,
    Pad,
    Permute,
    Reshape,
    Scale,
    Slice,
    Synapse,
    Weighted,
)
from .table import si, table

__version__ = "0.1.0"

__all__ = [
    "Activity",
    "Add",
    "Alphabet",
    "AvgPool",
    "BACKENDS",
    "Backend",
    "CapacityError",
    "Clamp",
    "Concat",
    "Conv",
    "Function",
    "Gather",
    "Identity",
    "Input",
    "InvalidFile",
    "InvalidInput",
    "InvalidNetwork",
    "LeakyRelu",
    "Linear",
    "MatMul",
    "MaxPool",
    "Mean",
    "Multiply",
    "Neuron",
    "Node",
    "Origin",
    "Output",
    "Pad",
    "Permute",
    "Product",
    "Relu",
    "Reshape",
    "Scale",
    "Slice",
    "SpikeRecord",
    "SpikingError",
    "SpikingNetwork",
    "Synapse",
    "Synapses",
    "UnsupportedNode",
    "UnsupportedOperation",
    "Weighted",
    "batches",
    "binary",
    "count",
    "fan_outs",
    "fingerprint",
    "fitting",
    "graded",
    "run",
    "si",
    "synapses",
    "table",
    "ternary",
]
