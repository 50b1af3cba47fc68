"""Every public function, given what it cannot take: one of this package's errors, never one from the inside."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import converters
import spiking
from spiking import InvalidInput, SpikingError, SpikingNetwork

WRONG: dict[str, Any] = {
    "None": None,
    "True": True,
    "-1": -1,
    "2.5": 2.5,
    "nan": float("nan"),
    "10**30": 10**30,
    "text": "wrong",
    "bytes": b"wrong",
    "list": [1, "two"],
    "dict": {"a": 1},
    "class": int,
    "object": object(),
    "complex": np.array([1j]),
    "scalar array": np.float64(0.5),
}


def network() -> SpikingNetwork:
    torch.manual_seed(0)
    return converters.convert(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), torch.rand(8, 3))


NETWORK = network()
X = np.random.default_rng(0).random((2, 3), dtype=np.float32)
RECORD = spiking.run(NETWORK, X, steps=3, progress=False)
# function -> right arguments, each of which is replaced by each wrong value in turn
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "run": (
        spiking.run,
        {
            "network": NETWORK,
            "inputs": X,
            "steps": 3,
            "backend": "norse",
            "delay": 0,
            "wavefront": None,
            "record": (),
            "batch_size": 2,
            "progress": False,
        },
    ),
    "fingerprint": (spiking.fingerprint, {"network": NETWORK}),
    "graded": (spiking.graded, {"unit": 1.0, "levels": 3, "theta": 0.75}),
    "binary": (spiking.binary, {"unit": 1.0, "theta": 1.0}),
    "ternary": (spiking.ternary, {"unit": 1.0, "theta": 0.5}),
    "accuracy": (RECORD.accuracy, {"labels": [0, 1], "top": 1}),
    "agreement": (RECORD.agreement, {"reference": np.zeros((2, 2))}),
    "relative_error": (RECORD.relative_error, {"reference": np.ones((2, 2))}),
    "fan_outs": (spiking.fan_outs, {"network": NETWORK}),
    "fan_totals": (spiking.fan_totals, {"network": NETWORK}),
    "synapses": (spiking.synapses, {"network": NETWORK}),
    "upstream": (NETWORK.upstream, {"name": NETWORK.outputs[0].name}),
    "downstream": (NETWORK.downstream, {"name": NETWORK.inputs[0].name}),
    "consumers": (NETWORK.consumers, {"name": NETWORK.inputs[0].name}),
    "sources": (NETWORK.sources, {"name": NETWORK.outputs[0].name}),
    "load": (SpikingNetwork.load, {"path": "/nowhere/network.npz"}),
    "wavefront": (NETWORK.wavefront, {"window": 3}),
    "module": (NETWORK.module, {"steps": 3, "delay": 0, "wavefront": None}),
    "generate": (NETWORK.generate, {"ids": [1, 2], "steps": 3, "max_new_tokens": 2}),
    "convert": (converters.convert, {"model": nn.Linear(3, 2), "calibration": X, "method": "sigma-delta"}),
    "outline": (converters.outline, {"model": nn.Linear(3, 2), "example": torch.rand(1, 3)}),
}

NAMED = ("network", "name", "path", "window")
CASES = [(door, name, wrong) for door, (_, given) in CALLS.items() for name in given for wrong in WRONG]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("door", "name", "wrong"), CASES)
def test_a_wrong_value_gets_a_clear_error_or_an_answer(door: str, name: str, wrong: str) -> None:
    """Some values are right for some arguments; what is refused is refused by this package, or is no file."""
    call, given = CALLS[door]
    refused = (SpikingError, FileNotFoundError) if name == "path" else SpikingError
    with suppress(refused):  # type: ignore[arg-type]
        call(**{**given, name: WRONG[wrong]})


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("door", "name"), [(d, n) for d, (_, given) in CALLS.items() for n in given if n in NAMED])
def test_the_error_names_the_argument(door: str, name: str, wrong: str) -> None:
    """None of the values is a network, a node's name, a path, or a window."""
    call, given = CALLS[door]
    if (name, wrong) in {("window", "None"), ("path", "text")}:
        return
    with pytest.raises(InvalidInput, match=f"^{name} must be "):
        call(**{**given, name: WRONG[wrong]})
