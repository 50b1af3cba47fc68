"""Fold: what disappears, what appears, and that the function stays the same."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from models import After, Bare, cnn, normed, samples
from torch import Tensor, nn

from converters import capture, convert
from converters.fold import fold
from converters.lower import lower
from spiking import (
    Add,
    Identity,
    Input,
    InvalidNetwork,
    Linear,
    MaxPool,
    Multiply,
    Neuron,
    Output,
    Relu,
    Scale,
    SpikingNetwork,
    fingerprint,
)
from spiking.backends.dense import DenseModule


def drafts(model: nn.Module, x: Tensor) -> tuple[SpikingNetwork, SpikingNetwork]:
    """The network before folding, and after it."""
    before = lower(capture(model.eval(), x[:1]))
    return before, fold(before).check()


def kinds(network: SpikingNetwork) -> Counter[str]:
    return Counter(type(node).__name__ for node in network)


def same_function(before: SpikingNetwork, after: SpikingNetwork, x: Tensor) -> bool:
    """Whether both compute the same to float32 rounding, 1e-5 of the largest output."""
    with torch.no_grad():  # without check(): before folding, weights may feed weights
        a, b = (DenseModule(network).float().eval()(x).numpy() for network in (before, after))
    return a.shape == b.shape and bool(np.abs(a - b).max() <= 1e-5 * np.abs(a).max())


def conv(out: int = 4, **setting: object) -> nn.Conv2d:
    return nn.Conv2d(4, out, 3, **setting)  # type: ignore[arg-type]


SCALED = {
    "conv, bn, relu": lambda: nn.Sequential(conv(padding=1), normed(nn.BatchNorm2d(4)), nn.ReLU()),
    "bn, padded conv": lambda: nn.Sequential(normed(nn.BatchNorm2d(4)), conv(padding=1, bias=False)),
    "bn, strided grouped conv": lambda: nn.Sequential(
        normed(nn.BatchNorm2d(4)), conv(6, padding=1, stride=2, groups=2)
    ),
    "bn, conv, bn": lambda: nn.Sequential(normed(nn.BatchNorm2d(4)), conv(), normed(nn.BatchNorm2d(4)), nn.ReLU()),
    "conv, bn, bn": lambda: nn.Sequential(conv(), normed(nn.BatchNorm2d(4)), normed(nn.BatchNorm2d(4)), nn.ReLU()),
    "depthwise, bn": lambda: nn.Sequential(conv(8, groups=4), normed(nn.BatchNorm2d(8)), nn.ReLU()),
    "dilated, bn": lambda: nn.Sequential(conv(3, dilation=2), normed(nn.BatchNorm2d(3)), nn.ReLU()),
}


@pytest.mark.parametrize("name", SCALED)
def test_no_scale_is_left_beside_weights(name: str) -> None:
    torch.manual_seed(0)
    model, x = After(nn.Conv2d(2, 4, 3, padding=1), SCALED[name]()), samples(4, 2, 7, 7)
    before, after = drafts(model, x)
    assert kinds(before)["Scale"] >= 1
    assert kinds(after)["Scale"] == 0
    assert same_function(before, after, x)


def test_the_comparison_sees_a_difference() -> None:
    x = samples(4, 2, 6, 6)
    _, after = drafts(cnn(), x)
    last = next(node for node in reversed(after.nodes) if isinstance(node, Linear))
    damaged = Linear(last.name, last.inputs, last.weight * 1.001, last.bias)
    broken = SpikingNetwork(tuple(damaged if node is last else node for node in after))
    assert not same_function(after, broken, x)


def test_a_padded_border_keeps_its_own_bias() -> None:
    """bn then a padded convolution: the border sees β fewer times, so the bias is a map, and its middle is constant."""
    torch.manual_seed(0)
    model = After(nn.Conv2d(2, 4, 3, padding=1), SCALED["bn, padded conv"]())
    _, after = drafts(model, samples(1, 2, 6, 6))
    bias = after["op.1"].bias
    assert bias.shape == (4, 6, 6)
    inner = bias[:, 1:-1, 1:-1]
    np.testing.assert_allclose(inner, np.broadcast_to(inner[:, :1, :1], inner.shape), rtol=1e-5)
    assert np.abs(bias[:, 0] - bias[:, 1]).max() > 0.1


def test_without_padding_the_bias_is_one_number_a_channel() -> None:
    model = After(nn.Conv2d(2, 4, 3), nn.Sequential(normed(nn.BatchNorm2d(4)), conv()))
    _, after = drafts(model, samples(1, 2, 7, 7))
    assert after["op.1"].bias.shape == (4, 1, 1)


def test_a_scale_within_a_channel_stays() -> None:
    """A gain for every place of a map cannot be shared by a kernel."""
    gain = torch.rand(5, 5, generator=torch.Generator().manual_seed(0))
    x = samples(3, 2, 7, 7)
    before, after = drafts(After(nn.Conv2d(2, 4, 3), lambda h: h * gain), x)
    assert kinds(after)["Scale"] == 1
    assert same_function(before, after, x)


class Shared(nn.Module):
    """The convolution is read by its batch norm and by a shortcut: its weights may not be changed for one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 4, 3), normed(nn.BatchNorm2d(4))

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv(x)
        return torch.relu(self.bn(h) + h)


def test_weights_with_two_readers_are_left_alone() -> None:
    x = samples(3, 2, 6, 6)
    before, after = drafts(Shared(), x)
    assert kinds(after)["Scale"] == 1
    assert same_function(before, after, x)


def test_a_whole_cnn_is_what_it_should_be() -> None:
    """conv bn relu conv bn relu pool flatten linear: two convolutions, two neurons, no scale, no relay."""
    x = samples(4, 2, 6, 6)
    before, after = drafts(cnn(), x)
    assert kinds(after) == Counter(Input=1, Conv=2, Neuron=2, Mean=1, Reshape=1, Linear=1, Output=1)
    assert after.origins["0"].op == "conv2d+batch_norm"
    assert same_function(before, after, x)


def test_a_maximum_joins_the_neuron_before_it() -> None:
    x = samples(3, 2, 6, 6)
    before, after = drafts(Bare(nn.Conv2d(2, 4, 3), nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))), x)
    (neuron,) = after.populations
    assert [type(f) for f in neuron.function] == [Relu, MaxPool]
    assert len(before.populations) == 2
    assert same_function(before, after, x)


def relays(model: nn.Module, x: Tensor) -> list[str]:
    """The neurons that folding put in, all of them with the identity."""
    _, after = drafts(model, x)
    found = [node for node in after.populations if after.origins[node.name].op == "relay"]
    assert all(node.function == (Identity(),) for node in found)
    return [node.name for node in found]


def test_a_relay_stands_between_weights_and_weights() -> None:
    assert relays(nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4)), samples(3, 6)) == ["0.relay"]


def test_a_relay_stands_behind_wiring_too() -> None:
    """A pooled or reshaped sum of weights is still no spike."""
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 3))
    assert relays(model, samples(3, 2, 6, 6)) == ["2.reshape.relay"]


POOLS = {"average": nn.AvgPool2d(2), "adaptive": nn.AdaptiveAvgPool2d(2), "maximum": nn.MaxPool2d(2)}


def pooled(pool: nn.Module, *more: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(16, 3), *more)


@pytest.mark.parametrize("pool", POOLS)
def test_the_readout_takes_pooled_spikes_as_they_are(pool: str) -> None:
    assert relays(pooled(POOLS[pool]), samples(3, 2, 6, 6)) == []


@pytest.mark.parametrize(
    ("pool", "wanted"), [("average", ["3.reshape.relay"]), ("adaptive", ["3.reshape.relay"]), ("maximum", [])]
)
def test_an_average_that_feeds_a_hidden_layer_gets_a_relay(pool: str, wanted: list[str]) -> None:
    """Composed with the weights behind it, a 2 × 2 average would be four synapses for one; a maximum is a neuron."""
    model, x = pooled(POOLS[pool], nn.ReLU(), nn.Linear(3, 2)), samples(3, 2, 6, 6)
    assert relays(model, x) == wanted
    before = lower(capture(model.eval(), x[:1]))
    assert kinds(fold(before, averages=False))["Neuron"] == 2
    assert len(convert(model, x, method="rate").populations) == 2
    assert len(convert(model, x).populations) == 2 + len(wanted)


def test_sums_of_spikes_need_no_relay() -> None:
    """x and relu are spikes; their sum feeds a matrix as it is. linear(x) + x is not."""

    class Sum(nn.Module):
        def __init__(self, rectified: bool) -> None:
            super().__init__()
            self.inner, self.outer, self.rectified = nn.Linear(6, 6), nn.Linear(6, 3), rectified

        def forward(self, x: Tensor) -> Tensor:
            h = self.inner(x)
            return self.outer((torch.relu(h) if self.rectified else h) + x)

    assert relays(Sum(True), samples(3, 6)) == []
    assert relays(Sum(False), samples(3, 6)) == ["add.relay"]


def test_one_relay_serves_two_readers() -> None:
    class Fork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.a, self.b = nn.Linear(6, 5), nn.Linear(5, 4), nn.Linear(5, 4)

        def forward(self, x: Tensor) -> Tensor:
            h = self.body(x)
            return self.a(h) + self.b(h)

    assert relays(Fork(), samples(3, 6)) == ["body.relay"]


def test_both_operands_of_a_product_are_relayed() -> None:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(6, 4), nn.Linear(6, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.a(x) * self.b(x)

    assert relays(Gated(), samples(3, 6)) == ["a.relay", "b.relay"]


def test_without_its_relay_a_network_is_refused() -> None:
    """The control: the fault that relays are there to prevent."""
    before = lower(capture(nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4)), samples(1, 6)))
    with pytest.raises(InvalidNetwork, match="Linear '1': is fed by '0' without a neuron in between"):
        before.check()


def test_what_needs_no_folding_is_left_as_it_is() -> None:
    nodes = (
        Input("x", (), (3,)),
        Neuron("n", ("x",), (Relu(),)),
        Scale("s", ("n",), np.full(3, 2.0)),
        Add("a", ("n", "s")),
        Multiply("m", ("a", "n")),
        Output("out", ("m",)),
    )
    network = SpikingNetwork(nodes)
    assert fingerprint(fold(network)) == fingerprint(network)
