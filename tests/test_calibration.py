"""What a conversion says of its data and of its own result: broken samples, layers that stay 0, a far output."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from models import mlp, samples
from torch import Tensor, nn

from converters import convert
from spiking import InvalidInput, SpikingNetwork, SpikingWarning, run


def error_of(network: SpikingNetwork, model: nn.Module, x: Tensor, steps: int = 16) -> float:
    return float(run(network, x, steps=steps, progress=False).relative_error(model.eval()(x))[-1])


# samples that no other is like


@pytest.mark.parametrize("size", [1e2, 1e4, 1e9])
@pytest.mark.parametrize("method", ["sigma-delta", "rate"])
def test_a_broken_sample_is_left_out_and_named(method: str, size: float) -> None:
    x = samples(20, 6)
    with pytest.warns(SpikingWarning) as said:
        network = convert(mlp(), torch.cat([x, x[3:4] * size]), method=method)
    wanted = r"1 of 21 calibration samples \(20, counted from 0\) are more than 20 times as large"
    assert sum("taken as broken" in str(w.message) for w in said) == 1
    with pytest.warns(SpikingWarning, match=wanted):
        convert(mlp(), torch.cat([x, x[3:4] * size]), method=method)
    if method == "sigma-delta":  # a unit is an rms: that of the others alone
        clean = convert(mlp(), x)
        for a, b in zip(network.populations, clean.populations, strict=True):
            assert a.alphabet.unit == pytest.approx(b.alphabet.unit)
            assert a.alphabet.levels == b.alphabet.levels
        assert error_of(network, mlp(), x) < 0.06


def test_a_broken_sample_is_found_in_a_stream() -> None:
    x = samples(40, 6)
    x[33] *= 1e4
    with pytest.warns(SpikingWarning, match=r"1 of 40 calibration samples \(33, counted from 0\)"):
        convert(mlp(), list(x.split(7)))


def test_what_many_samples_have_is_no_fault() -> None:
    """Three in twenty are large: they are data, and the units are theirs."""
    x = samples(20, 6)
    x[::7] *= 1e3
    network, small = convert(mlp(), x), convert(mlp(), samples(20, 6))
    assert float(network.populations[0].alphabet.unit) > 100 * float(small.populations[0].alphabet.unit)


def test_an_empty_batch_is_passed_over() -> None:
    x = samples(20, 6)
    network, whole = convert(mlp(), [x[:8], x[:0], x[8:], x[:0]]), convert(mlp(), x)
    assert network.populations[0].alphabet.unit == pytest.approx(whole.populations[0].alphabet.unit)


# layers that stay 0


class Adapted(nn.Module):
    """y + gelu(up(relu(down(y)))), y = relu(x): `up` is zero, as in an adapter that has not been trained."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.down, self.up = nn.Linear(6, 8), nn.Linear(8, 2), nn.Linear(2, 8)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.first(x))
        return y + F.gelu(self.up(F.relu(self.down(y))))


@pytest.mark.parametrize(("method", "steps", "allowed"), [("sigma-delta", 16, 0.05), ("rate", 128, 0.1)])
def test_a_branch_that_stays_0_sends_nothing(method: str, steps: int, allowed: float) -> None:
    model, x = Adapted(), samples(20, 6)
    with pytest.warns(SpikingWarning, match=r"1 layer\(s\) stayed 0 on 20 calibration samples: gelu; nothing tells"):
        network = convert(model, x, method=method)
    record = run(network, x, steps=steps, progress=False)
    assert record.activity.spikes["gelu"].sum() == 0
    assert record.activity.spikes["relu"].sum() > 0
    assert record.relative_error(model(x))[-1] < allowed


def test_data_that_are_all_zero_say_nothing() -> None:
    model = nn.Sequential(nn.Linear(6, 8, bias=False), nn.ReLU(), nn.Linear(8, 4))
    with pytest.raises(InvalidInput, match="all 5 calibration samples are zero, and so is every layer"):
        convert(model, torch.zeros(5, 6))


# the result


class Steep(nn.Module):
    """W·1/(relu(x) + 0.001): an error of the spikes is magnified."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.out = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(1 / (F.relu(x - 0.5) + 0.03))


def test_a_far_output_is_warned_of_with_its_cause() -> None:
    model, x = Steep().eval(), samples(40, 6)
    with pytest.warns(SpikingWarning) as said:
        network = convert(model, x)
    (text,) = [str(w.message) for w in said]
    assert "after 8 ticks on the calibration samples the spiking network is far from the source" in text
    assert "the error rises most at 'reciprocal' (reciprocal, " in text
    assert error_of(network, model, x[:16], 8) == pytest.approx(network.origins["output"].error, rel=1e-4)
    assert f"'output' {network.origins['output'].error:.2g}" in text


@pytest.mark.parametrize("method", ["sigma-delta", "rate"])
def test_a_near_output_is_stated_and_not_warned_of(method: str, tmp_path: Path) -> None:
    """The figure is that of the same run, and stays with the network in its file."""
    model, x = mlp().eval(), samples(16, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = convert(model, x, method=method)
    found = error_of(network, model, x, 8)
    assert network.origins["output"].error == pytest.approx(found, rel=1e-4)
    line = f"relative error after 8 ticks on the calibration samples: output {found:.2g}"
    assert network.summary().splitlines()[-1] == line
    network.save(tmp_path / "net.npz")
    assert SpikingNetwork.load(tmp_path / "net.npz").summary() == network.summary()


def test_every_output_has_its_figure() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(6, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> dict[str, Any]:
            y = F.relu(self.a(x))
            return {"first": y, "second": self.b(y)}

    torch.manual_seed(0)
    network = convert(Two(), samples(16, 6))
    errors = [network.origins[name].error for name in ("first", "second")]
    assert all(np.isfinite(errors))
    assert errors[0] != errors[1]
    assert f"first {errors[0]:.2g}, second {errors[1]:.2g}" in network.summary()


@pytest.mark.parametrize(("scale", "whole"), [(1.0, True), (0.5, False), (2.0**30, False)])
def test_counts_have_units_that_are_powers_of_two(scale: float, whole: bool) -> None:
    """Whole numbers do; fractions do not, nor values so large that float32 holds no fractions among them."""
    x = torch.randint(0, 9, (32, 8), generator=torch.Generator().manual_seed(0)).float()
    x[0, 0] = 7 if whole else 7.3
    network = convert(nn.Sequential(nn.ReLU(), nn.Linear(8, 2)), x * scale)
    (unit,) = (node.alphabet.unit.item() for node in network.populations if node.alphabet)
    assert (np.log2(unit).is_integer() and unit <= 1) == whole
