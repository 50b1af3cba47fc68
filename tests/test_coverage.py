"""What is done by events, and what is not: every count by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from converters import convert, outline
from hardware import assumed, estimate, load_platform
from spiking import Input, Linear, MaxPool, Neuron, Origin, Output, Relu, Softmax, SpikingNetwork, binary


class Attention(nn.Module):
    """One head over 5 tokens of 4 features, then gelu."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.qkv, self.out = nn.Linear(3, 4), nn.Linear(4, 12), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(torch.relu(self.embed(x))).chunk(3, -1)
        mixed = torch.softmax(q @ k.transpose(-1, -2) * 0.5, -1) @ v
        return torch.log_softmax(self.out(nn.functional.gelu(mixed)), -1)


def test_every_multiplication_of_an_attention_layer_is_in_one_column() -> None:
    """5 tokens. embed 5·3·4 = 60 on the analog input; qkv 5·4·12 = 240 and out 5·4·4 = 80 by events;
    QKᵀ 5·5·4 and AV 5·5·4 in products: 200. Softmax on 25 scores, gelu on 20 values, log-softmax on 20 readouts.
    """
    covered = outline(Attention(), torch.zeros(1, 5, 3)).coverage()
    whole = covered.total
    assert (whole.analog, whole.events, whole.products) == (60, 320, 200)
    assert covered.macs == 580
    assert whole.functions == {"softmax": 25, "gelu": 20}
    assert whole.readouts == {"logsoftmax": 20}
    text = str(covered)
    assert "580 MACs: 55.17 % by events, 10.34 % on analog input, 34.48 % in products of spikes" in text
    assert "45 evaluations a tick need an arithmetic unit beside the integrator: softmax, gelu" in text
    assert "left to whoever reads the output: logsoftmax" in text


def test_it_is_by_source_op() -> None:
    rows = {row.op: row for row in outline(Attention(), torch.zeros(1, 5, 3)).coverage().rows}
    assert (rows["linear"].analog, rows["linear"].events) == (60, 320)
    assert rows["matmul"].products == 200
    assert rows["gelu"].functions == {"gelu": 20}
    assert rows["transpose"].wiring
    assert not rows["relay"].wiring


def test_a_cnn_needs_no_arithmetic_unit() -> None:
    """conv on the image 8·3·9·36 = 7,776 analog, conv on spikes 8·8·9·9 = 5,184, head 8·9·5 = 360 (9 places left)."""
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
    model = nn.Sequential(*layers, nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(72, 5))
    network = convert(model, torch.randn(8, 3, 6, 6))
    whole = network.coverage().total
    assert (whole.analog, whole.events, whole.products) == (7776, 5184 + 360, 0)
    assert whole.functions == {}
    assert "no neuron needs an arithmetic unit beside its integrator" in str(network.coverage())


def test_a_look_up_counts_the_events_it_makes() -> None:
    """3 ids of 16 words, 8 features: 3·8 events, not 3·16·8 multiplications."""
    model = nn.Sequential(nn.Embedding(16, 8), nn.ReLU(), nn.Linear(8, 2, bias=False))
    whole = outline(model, torch.zeros(1, 3, dtype=torch.long)).coverage().total
    assert (whole.events, whole.analog) == (3 * 8 + 3 * 8 * 2, 0)


def test_weights_that_read_both_are_shared_out_by_their_synapses() -> None:
    """A Linear over 4 spikes and 2 analog values side by side, 3 outputs: 12 by events, 6 on the input."""

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(2, 4), nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(torch.cat([torch.relu(self.first(x)), x], -1))

    whole = outline(Both(), torch.zeros(1, 2)).coverage().total
    assert (whole.events, whole.analog) == (12, 6 + 2 * 4)


@pytest.mark.parametrize("platform", ["a100", "brain", "loihi1", "horowitz45nm"])
def test_what_coverage_lists_is_what_hardware_lacks_a_price_for(platform: str) -> None:
    network = outline(Attention(), torch.zeros(1, 5, 3))
    report = estimate(network, assumed(network), load_platform(platform))
    missing = {one.action for one in report.unpriced}
    assert set(network.coverage().total.functions) <= missing


def test_a_network_without_origins_goes_by_its_kinds() -> None:
    nodes = (
        Input("x", (), (4,)),
        Linear("l", ("x",), np.ones((8, 4))),
        Neuron("n", ("l",), (Relu(), MaxPool((2,), (2,), (0,), (1,))), binary(1.0)),
        Linear("m", ("n",), np.ones((3, 4))),
        Output("y", ("m",), (Softmax(),)),
    )
    rows = {row.op: row for row in SpikingNetwork(nodes, origins={"m": Origin("addmm")}).check().coverage().rows}
    assert rows["linear"].analog == 32
    assert rows["addmm"].events == 12
    assert rows["neuron"].neurons == 4
    assert rows["output"].readouts == {"softmax": 3}
