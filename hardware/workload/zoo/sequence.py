"""Language, speech and recurrent networks."""

from __future__ import annotations

from ..shape_counts import Handle
from ..shapes import Shapes
from .blocks import block, gated_block

BERT = {"base": (768, 12, 12), "large": (1024, 24, 16)}  # width, depth, heads
LLAMA = {  # width, depth, heads, heads of keys, hidden, vocabulary
    "llama2_7b": (4096, 32, 32, 32, 11008, 32000),
    "llama2_70b": (8192, 80, 64, 8, 28672, 32000),
    "llama3_8b": (4096, 32, 32, 8, 14336, 128256),
}


def bert(variant: str, sequence: int) -> Shapes:
    """Return BERT with its answer spans: two numbers a token. Devlin et al. 2019, arXiv 1810.04805.

    Positions and segments are constants that the embedding adds.
    """
    width, depth, heads = BERT[variant]
    net = Shapes(f"bert_{variant}", (sequence,))
    x = net.apply(net.embedding(net.input, "words", 30522, width), 2)
    for i in range(depth):
        x = block(net, x, f"block{i}", heads, 4 * width)
    net.linear(x, "spans", 2)
    return net


def llama(variant: str, context: int = 0) -> Shapes:
    """Return the decoding of one token after `context` others, whose keys and values are stored.

    llama2_7b, llama2_70b: Touvron et al. 2023, arXiv 2307.09288; llama3_8b: Grattafiori et al. 2024, arXiv 2407.21783
    """
    width, depth, heads, kv_heads, hidden, vocabulary = LLAMA[variant]
    net = Shapes(variant, (1,))
    x = net.apply(net.embedding(net.input, "words", vocabulary, width))
    for i in range(depth):
        x = gated_block(net, x, f"block{i}", heads, kv_heads, hidden, context)
    net.linear(x, "head", vocabulary)
    return net


def cell(name: str, gates: int, hidden: int, steps: int, features: int | None) -> Shapes:
    """Return one recurrent layer; without features there is no input matrix, as in DeepBench (CUDNN_SKIP_INPUT)."""
    net = Shapes(name, (steps, hidden if features is None else features))
    net.recurrent(net.input, name, hidden, gates=gates, inputs=features is not None)
    return net


def rnnt(frames: int = 210, labels: int = 90) -> Shapes:
    """Return the RNN transducer of MLPerf Inference: 5 LSTMs listen, 2 spell, a joint network decides, greedily.

    frames   of 30 ms, 240 features each     labels   spelled, 29 with the blank
    Assumed  by default: a mean utterance of LibriSpeech dev-clean below 15 s, 6.3 s and 14 letters a second
    Source   He et al. 2019, arXiv 1811.06621; Reddi et al. 2020, arXiv 1911.02549

    The joint network is asked once for each pair of frames and once for each label; its stages count as if the labels
    were known, its calls one after another.
    """
    net = Shapes("rnnt", (frames, 240))
    x = _lstms(net, net.input, "encoder", (1024, 1024))
    pairs = frames // 2
    x = net.reshape(net.take(x, (2 * pairs, 1024)), (pairs, 2048))
    x = net.linear(_lstms(net, x, "encoder.paired", (1024, 1024, 1024)), "joint.encoder", 512)
    spelled = net.embedding(net.feed("labels", (labels,)), "letters", 28, 320, serial=True)
    y = _lstms(net, spelled, "prediction", (320, 320), serial=True)
    y = net.linear(y, "joint.prediction", 512, serial=True, passes=2)
    net.linear(net.concat(x, y), "joint", 29, serial=True, passes=1)  # one row for each time it is asked
    return net


def _lstms(net: Shapes, x: Handle, name: str, units: tuple[int, ...], serial: bool = False) -> Handle:
    for i, n in enumerate(units):
        x = net.recurrent(x, f"{name}.{i}", n, serial=serial)
    return x


def kws(copies: int = 0) -> Shapes:
    """Return the keyword spotter 390-256-256-29, or the one that was scaled up. Blouw et al. 2019, arXiv 1812.01739.

    Between its hidden layers lie `copies` columns of 10 layers 256-256 (655,360 synapses, 2,560 neurons), side by side;
    the second hidden layer reads them all, which takes 65,536 synapses for each.
    """
    net = Shapes("kws", (390,))
    x = net.linear(net.input, "fc1", 256, passes=1)
    columns = [] if copies else [x]
    for i in range(copies):
        column = x
        for layer in range(10):
            column = net.linear(column, f"copy{i}.fc{layer}", 256, passes=1)
        columns.append(column)
    net.linear(net.linear(net.concat(*columns), "fc2", 256, passes=1), "fc3", 29)
    return net


def gemm(m: int, n: int, k: int) -> Shapes:
    """Return one matrix product: weights (m, k), n columns that it is applied to."""
    net = Shapes("gemm", (n, k))
    net.linear(net.input, "gemm", m)
    return net


def microcircuit() -> Shapes:
    """Return one second of 1 mm² of cortex, in 10,000 steps: 77,169 neurons, 0.3e9 synapses, 9.38e8 events.

    Source   Potjans & Diesmann 2014, Cerebral Cortex 24; events: Knight & Nowotny 2018, Frontiers in Neuroscience 12

    The spikes follow from the events and the mean fan-out; the input stands for the clock and sends nothing.
    """
    neurons, synapses, events = 77_169, 300_000_000, 9.38e8
    net = Shapes("microcircuit", (10_000, 1))
    net.sparse(net.input, "cortex", neurons, synapses, recurrent=True)
    net.events["cortex"] = events
    net.spikes["cortex"] = events / (synapses / neurons)
    return net
