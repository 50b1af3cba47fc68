"""The zoo: networks of the literature by name, made from their shapes in milliseconds."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from spiking import InvalidInput

from ..shape_counts import is_size
from ..shapes import Shapes
from .sequence import bert, cell, gemm, kws, llama, microcircuit, rnnt
from .vision import convnext_t, mixer_b16, mobilenet_v1, mobilenet_v2, pilotnet, resnet50, vgg16, vit


def bert_base(sequence: int = 128) -> Shapes:
    """Return BERT-base on one sequence."""
    return bert("base", sequence)


def bert_large(sequence: int = 384) -> Shapes:
    """Return BERT-large on one sequence."""
    return bert("large", sequence)


def lstm(hidden: int = 1024, steps: int = 25, features: int | None = None) -> Shapes:
    """Return an LSTM layer; without features it has no input matrix, as in DeepBench."""
    return cell("lstm", 4, hidden, steps, features)


def gru(hidden: int = 1024, steps: int = 25, features: int | None = None) -> Shapes:
    """Return a GRU layer; without features it has no input matrix, as in DeepBench."""
    return cell("gru", 3, hidden, steps, features)


def rnn(hidden: int = 1024, steps: int = 25, features: int | None = None) -> Shapes:
    """Return a plain recurrent layer; without features it has no input matrix, as in DeepBench."""
    return cell("rnn", 1, hidden, steps, features)


def gemv(m: int, k: int) -> Shapes:
    """Return one matrix (m, k) times one vector."""
    return gemm(m, 1, k)


NETS: dict[str, tuple[Callable[..., Shapes], str]] = {
    "resnet50": (resnet50, "ResNet-50 v1.5"),
    "vgg16": (vgg16, "VGG-16"),
    "vit_ti": (partial(vit, "ti"), "ViT-Ti/16"),
    "vit_s": (partial(vit, "s"), "ViT-S/16"),
    "vit_b": (partial(vit, "b"), "ViT-B/16"),
    "vit_l": (partial(vit, "l"), "ViT-L/16"),
    "mobilenet_v1": (mobilenet_v1, "MobileNet"),
    "mobilenet_v2": (mobilenet_v2, "MobileNetV2"),
    "convnext_t": (convnext_t, "ConvNeXt-T"),
    "mixer_b16": (mixer_b16, "MLP-Mixer-B/16"),
    "pilotnet": (pilotnet, "PilotNet, a steering angle from 200×66 pixels"),
    "bert_base": (bert_base, "BERT-base"),
    "bert_large": (bert_large, "BERT-large"),
    "lstm": (lstm, "one LSTM layer"),
    "gru": (gru, "one GRU layer"),
    "rnn": (rnn, "one plain recurrent layer"),
    "rnnt": (rnnt, "RNN transducer, speech to letters"),
    "llama2_7b": (partial(llama, "llama2_7b"), "Llama 2 7B, one token"),
    "llama2_70b": (partial(llama, "llama2_70b"), "Llama 2 70B, one token"),
    "llama3_8b": (partial(llama, "llama3_8b"), "Llama 3 8B, one token"),
    "kws": (kws, "keyword spotter 390-256-256-29"),
    "gemv": (gemv, "one matrix times one vector"),
    "gemm": (gemm, "one matrix times several vectors"),
    "microcircuit": (microcircuit, "1 mm² of cortex for one second"),
}


def nets() -> dict[str, str]:
    """Return the networks of the zoo: name -> what it is, with its options and their defaults."""
    return {name: f"{line}{_options(make)}" for name, (make, line) in NETS.items()}


def _options(make: Callable[..., Shapes]) -> str:
    given = inspect.signature(make).parameters.values()
    options = [option.name if option.default is option.empty else f"{option.name}={option.default}" for option in given]
    return f" ({', '.join(options)})" if options else ""


def _fault(option: str, value: object) -> str:
    least = 0 if option in ("context", "copies") else 1
    if is_size(value, least) or (option == "features" and value is None):
        return ""
    return f"{option} must be a whole number of at least {least}, not {value!r}"


def net(name: str, /, **options: Any) -> Shapes:
    """Return a network of `nets()`, by name; its trace() can be priced on every platform.

    Raises InvalidInput: unknown names; options that the network does not have, or whose values are out of range.
    """
    if name not in NETS:
        raise InvalidInput(f"no network '{name}' in the zoo; there are {', '.join(NETS)}")
    make = NETS[name][0]
    signature = inspect.signature(make)
    try:
        signature.bind(**options)
    except TypeError as error:
        raise InvalidInput(f"'{name}': {error}; its options are {', '.join(signature.parameters) or 'none'}") from error
    wrong = list(filter(None, (_fault(option, value) for option, value in options.items())))
    if wrong:
        raise InvalidInput("\n  ".join([f"'{name}':", *wrong]))
    return make(**options)
