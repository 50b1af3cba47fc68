"""Calibration and the two methods: the unit of every neuron, recomputed by hand from the activations."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, log2

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models import cnn, mlp, rule_model, samples
from oracle import outputs
from torch import nn

from converters import METHODS, RateCoding, SigmaDelta, convert
from converters.calibrate import Range, _count, calibrate
from spiking import InvalidInput, Neuron, Output, SpikingNetwork, fingerprint, run

QUICK = settings(max_examples=20, deadline=None, derandomize=True, database=None)


def hidden(model: nn.Module, x: torch.Tensor, layers: int) -> np.ndarray:
    """The activations behind the first `layers` modules of a sequence."""
    return outputs(model.eval()[:layers], x)  # type: ignore[index]


def draft(network: SpikingNetwork) -> SpikingNetwork:
    """The network without its alphabets."""
    nodes = (replace(n, alphabet=None, v0=None) if isinstance(n, Neuron) else n for n in network)
    return replace(network, nodes=tuple(nodes))


@pytest.mark.parametrize(("precision", "alpha"), [("fast", 1 / 4), ("default", 1 / 8), ("exact", 1 / 16), (0.3, 0.3)])
def test_the_unit_is_a_fraction_of_the_rms(precision: str | float, alpha: float) -> None:
    """u = α·√mean(y²) over all neurons and samples; K = 1 + ⌈log2(max|y| / 1.5u)⌉."""
    x = samples(40, 6)
    (neuron,) = convert(mlp(), x, precision=precision).populations
    y = hidden(mlp(), x, 2)
    unit = alpha * np.sqrt((y**2).mean())
    assert neuron.alphabet.kind == "graded"
    assert float(neuron.alphabet.unit) == pytest.approx(unit, rel=1e-6)
    assert neuron.alphabet.levels == 1 + ceil(log2(y.max() / (1.5 * unit)))


@pytest.mark.filterwarnings("ignore:after 8 ticks")  # of units as coarse as these
@QUICK
@given(st.floats(0.01, 4.0))
def test_the_largest_value_is_within_reach(precision: float) -> None:
    """1.5·2^(K−1)·u covers the largest activation seen, and 1.5·2^(K−2)·u does not: no level too many."""
    x = samples(20, 6)
    (neuron,) = convert(mlp(), x, precision=precision).populations
    largest, top = hidden(mlp(), x, 2).max(), 1.5 * 2.0 ** (neuron.alphabet.levels - 1) * float(neuron.alphabet.unit)
    assert top * (1 + 1e-6) >= largest
    assert neuron.alphabet.levels == 1 or top / 2 < largest * (1 + 1e-6)


def test_precision_buys_exactness_with_spikes() -> None:
    x = samples(32, 2, 6, 6)
    wanted, errors, spikes = outputs(cnn(), x), [], []
    for precision in ("fast", "default", "exact"):
        record = run(convert(cnn(), x, precision=precision), x, steps=12, backend="reference", progress=False)
        errors.append(record.relative_error(wanted)[-1])
        spikes.append(record.activity.total_spikes)
    assert errors == sorted(errors, reverse=True)
    assert spikes == sorted(spikes)


def test_sigma_delta_sets_a_wavefront() -> None:
    """start = depth, window = 3 unless told."""
    network = convert(cnn(), samples(8, 2, 6, 6))
    assert [(n.start, n.window) for n in network.populations] == [(1, 3), (2, 3)]
    assert [n.window for n in convert(cnn(), samples(8, 2, 6, 6), window=5).populations] == [5, 5]
    assert (network.schedule, network.method) == ("sigma-delta", "sigma-delta")


def test_rate_coding_takes_a_percentile_of_each_channel() -> None:
    """θ_c within the width of a bin, 1/32 octave = 2.2 %, above the percentile; v0 = θ/2; ReLU sites are binary."""
    x = samples(64, 2, 6, 6)
    network = convert(cnn(), x, method="rate", percentile=99.0)
    neuron = network.populations[0]
    y = hidden(cnn(), x, 3).transpose(1, 0, 2, 3).reshape(4, -1)
    wanted = np.quantile(y, 0.99, axis=1, method="inverted_cdf")
    assert wanted.tolist()[1] == 0 < wanted[0]  # channel 1 is silent nearly always: the layer's largest stands in
    wanted[1] = y.max()
    found = neuron.alphabet.unit.ravel()
    assert neuron.alphabet.unit.shape == (4, 1, 1)
    assert np.all(found >= wanted * (1 - 1e-6))
    assert np.all(found <= wanted * 2 ** (1 / 32) * (1 + 1e-6))
    assert neuron.alphabet.kind == "binary"
    np.testing.assert_array_equal(neuron.v0, neuron.alphabet.unit / 2)
    assert (network.schedule, network.method) == ("rate", "rate")


def test_a_signed_site_is_ternary_under_rate_coding() -> None:
    model, x = rule_model("leaky_relu")
    (neuron,) = convert(model, x, method="rate").populations
    assert neuron.alphabet.kind == "ternary"
    assert neuron.v0 is None


@pytest.mark.filterwarnings("ignore:after 8 ticks")  # a rate: too few
def test_a_vector_has_one_threshold() -> None:
    """The largest of its neurons' percentiles; a neuron that is silent for once has no say in it."""
    x = samples(64, 6)
    (neuron,) = convert(mlp(), x, method="rate", percentile=50.0).populations
    medians = np.quantile(hidden(mlp(), x, 2), 0.5, axis=0, method="inverted_cdf")
    assert neuron.alphabet.unit.shape == ()
    assert medians.min() == 0  # some neuron is silent half of the time
    assert medians.max() <= float(neuron.alphabet.unit) * (1 + 1e-6) <= medians.max() * 1.023


def test_a_silent_channel_gets_the_threshold_of_the_layer() -> None:
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 3))
    with torch.no_grad():
        model[0].weight[1], model[0].bias[1] = 0.0, -1.0
    x = samples(16, 2, 6, 6)
    (neuron,) = convert(model, x, method="rate").populations
    assert neuron.alphabet.unit[1] == pytest.approx(hidden(model, x, 2).max(), rel=1e-6)


def test_calibration_is_a_stream_of_statistics() -> None:
    """One batch or ten: the same counts, and rms, extremes and histogram to rounding."""
    x = samples(40, 2, 6, 6)
    network = draft(convert(cnn(), x))
    whole, parts = (
        calibrate(network, ({"input": part} for part in data), percentiles=True)
        for data in (np.split(x.numpy(), 1), np.split(x.numpy(), 10))
    )
    for name, a in whole.items():
        b = parts[name]
        assert (a.count, a.largest, a.lowest) == pytest.approx((b.count, b.largest, b.lowest), rel=1e-6)
        assert a.rms == pytest.approx(b.rms, rel=1e-6)
        assert np.abs(a.channels - b.channels).sum() <= 4  # a value on the edge of a bin may change sides
        assert a.channels.sum() == a.count


@QUICK
@given(st.lists(st.floats(2.0**-10, 2.0**10), min_size=1, max_size=50), st.integers(1, 100))
def test_a_percentile_is_reached_and_not_passed_by_more_than_a_bin(values: list[float], percent: int) -> None:
    """The smallest bin edge with at least that share below it: between the order statistic and 2.2 % above."""
    y = torch.tensor([values], dtype=torch.float32)
    seen = Range(axis=0)
    for part in y.split(3, 1):  # the upper end of the histogram moves with what comes
        _count(seen, part[..., None])
    (found,) = seen.percentile(float(percent))
    wanted = np.quantile(y.numpy(), percent / 100, method="inverted_cdf")
    assert wanted * (1 - 1e-5) <= found <= wanted * 2 ** (1 / 32) * (1 + 1e-5)


def test_silence_has_the_percentile_zero() -> None:
    zeros = Range(axis=0)
    _count(zeros, torch.zeros(1, 10, 1))
    assert zeros.percentile(99.9).tolist() == [0]
    assert Range().rms == 0


def test_the_result_knows_how_exact_it_is() -> None:
    """error = max|Σ spikes after 8 ticks − f(a)| over the first 16 samples, for every neuron; an output has its own."""
    x = samples(20, 6)
    network = convert(mlp(), x)
    raster = run(network, x[:16], steps=8, backend="norse", record=True, progress=False).rasters["1"]
    wanted = np.abs(raster.sum(0) - hidden(mlp(), x[:16], 2)).max()
    assert network.origins["1"].error == pytest.approx(wanted, rel=1e-3)
    assert wanted <= 0.75 * float(network["1"].alphabet.unit) * (1 + 1e-5)
    have = {node.name for node in network if not np.isnan(network.origins[node.name].error)}
    assert have == {node.name for node in network if isinstance(node, Neuron | Output)}


def test_a_method_may_be_given_as_an_object() -> None:
    x = samples(8, 6)
    assert fingerprint(convert(mlp(), x, method=SigmaDelta("exact"))) == fingerprint(
        convert(mlp(), x, precision="exact")
    )
    assert fingerprint(convert(mlp(), x, method=RateCoding(50.0))) != fingerprint(convert(mlp(), x, method="rate"))


def test_every_method_names_its_source() -> None:
    assert list(METHODS) == ["sigma-delta", "rate"]
    for name, method in METHODS.items():
        assert method.name == name
        assert "20" in method.citation


def test_the_trained_network_keeps_its_accuracy(data: object) -> None:
    """ResNet-20 on 100 CIFAR-10 images: the spiking network of 8 ticks picks the source's class for 95 of 100."""
    pytest.importorskip("PIL")
    from benchmarks.sources import IMAGENET, cifar10, resnet20

    model = resnet20()
    train, _ = cifar10("train", *IMAGENET)
    test, labels = cifar10("test", *IMAGENET)
    network = convert(model, train[:200])
    record = run(network, test[:100], steps=8, progress=False)
    wanted = outputs(model, test[:100])
    assert (wanted.argmax(1) == labels[:100]).mean() > 0.85
    assert record.agreement(wanted)[-1] >= 0.95


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"method": "temporal"}, "there is no method 'temporal'; there are: sigma-delta, rate"),
        ({"percentile": 99.0}, "method 'sigma-delta' takes precision, error, window; given: percentile"),
        ({"method": "rate", "precision": "exact"}, "method 'rate' takes percentile; given: precision"),
        (
            {"method": SigmaDelta(), "precision": 1.0},
            "pass parameters to the method itself, not alongside",
        ),
        ({"precision": "finest"}, "precision must be one of fast, default, exact, auto, or a number, not 'finest'"),
        ({"precision": 0.0}, r"precision must lie in \(0, 4\], not 0.0"),
        ({"window": 0}, "window must be at least 1, not 0"),
        ({"method": "rate", "percentile": 101.0}, r"percentile must lie in \(0, 100\], not 101.0"),
    ],
)
def test_a_wrong_parameter_is_refused(setting: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        convert(mlp(), samples(4, 6), **setting)  # type: ignore[arg-type]


def test_a_threshold_belongs_to_a_channel_and_not_to_a_place() -> None:
    """Behind a matrix channels come last, (tokens, C); behind a convolution first, (C, L)."""
    torch.manual_seed(0)
    tokens = convert(nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)), samples(8, 4, 3), method="rate")
    maps = convert(nn.Sequential(nn.Conv1d(3, 5, 1), nn.ReLU(), nn.Conv1d(5, 2, 1)), samples(8, 3, 4), method="rate")
    units = [next(n.alphabet.unit.shape for n in network.populations if n.alphabet) for network in (tokens, maps)]
    assert units == [(5,), (5, 1)]
