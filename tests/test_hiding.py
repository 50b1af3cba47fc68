"""Masks hide whatever the scores are, flags count as their number, and what is bounded stays bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from models import samples
from torch import Tensor, nn

from converters import convert
from spiking import InvalidInput, run

Op = Callable[..., Tensor]


class Model(nn.Module):
    """y = op(linear(x), x, m)"""

    def __init__(self, op: Op) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.op = nn.Linear(8, 8), op

    def forward(self, x: Tensor, m: Tensor) -> Tensor:
        return self.op(self.linear(x), x, m)


def scores(q: Tensor, x: Tensor, scale: float = 1.0) -> Tensor:
    return q @ x.transpose(1, 2) * scale


HIDING: dict[str, tuple[Op, type]] = {
    "−1e9 for a float mask": (lambda q, x, m: (scores(q, x) + (1 - m[:, None]) * -1e9).softmax(-1) @ x, float),
    "−1e4 for whole numbers": (lambda q, x, m: (scores(q, x) + (1 - m[:, None]) * -1e4).softmax(-1) @ x, int),
    "−∞ by masked_fill": (lambda q, x, m: scores(q, x).masked_fill(~m[:, None], -torch.inf).softmax(-1) @ x, bool),
    "−∞ by where": (lambda q, x, m: torch.where(m[:, None], scores(q, x), -torch.inf).softmax(-1) @ x, bool),
    "the least number, added": (
        lambda q, x, m: (scores(q, x) + torch.where(m[:, None], 0.0, torch.finfo(torch.float32).min)).softmax(-1) @ x,
        bool,
    ),
    "of large scores": (
        lambda q, x, m: scores(q, x, 100.0).masked_fill(~m[:, None], -torch.inf).softmax(-1) @ x,
        bool,
    ),
    "by attention itself": (lambda q, x, m: F.scaled_dot_product_attention(q, x, x, attn_mask=m[:, None]), bool),
    "in a maximum": (lambda q, x, m: q.masked_fill(~m[..., None], -1e9).amax(1), bool),
}


@pytest.mark.parametrize("backend", ["reference", "norse"])
@pytest.mark.parametrize("name", HIDING)
def test_what_a_mask_hides_has_no_part(name: str, backend: str) -> None:
    """Calibrated on full masks, run on half ones; the float32 engine says the same as the reference."""
    op, kind = HIDING[name]
    model, x, full = Model(op).eval(), samples(24, 6, 8), torch.ones(24, 6)
    half = full.clone()
    half[::2, 3:] = 0
    dtype = {float: torch.float32, int: torch.int64, bool: torch.bool}[kind]
    network = convert(model, {"x": x, "m": full.to(dtype)}, precision=2.0**-8)
    data = {"x": x, "m": half.to(dtype)}
    wanted = model(**data).detach().numpy()
    record = run(network, data, steps=32, backend=backend, progress=False)
    assert record.relative_error(wanted)[-1] < 0.05


EMPTY: dict[str, Op] = {  # of a row that sees nothing at all, as one of padding
    "−1e9, added": lambda q, x, m: (scores(q, x) + (1 - m[:, None].float()) * -1e9).softmax(-1) @ x,
    "the least number, added": lambda q, x, m: (
        (scores(q, x) + torch.where(m[:, None], 0.0, torch.finfo(torch.float32).min)).softmax(-1) @ x
    ),
    "−1e4, filled in": lambda q, x, m: scores(q, x).masked_fill(~m[:, None], -1e4).softmax(-1) @ x,
}


@pytest.mark.parametrize("backend", ["reference", "norse", "brian2"])
@pytest.mark.parametrize("name", EMPTY)
def test_where_a_mask_hides_all_every_part_is_equal(name: str, backend: str) -> None:
    model, x, m = Model(EMPTY[name]).eval(), samples(24, 6, 8), torch.ones(24, 6, dtype=torch.bool)
    m[::2] = False
    network = convert(model, {"x": x, "m": m}, precision=2.0**-8)
    few = {"x": x[:2], "m": m[:2]}
    record = run(network, few, steps=24, backend=backend, progress=False)
    wanted = model(**few).detach().numpy()
    np.testing.assert_allclose(wanted[0], np.broadcast_to(x[0].mean(0), (6, 8)), atol=1e-4)
    assert record.relative_error(wanted)[-1] < 0.05


def test_a_bound_that_nothing_reaches_costs_no_digits() -> None:
    """max(scores, the least number): x − y would lose all of the scores in float32."""

    def op(q: Tensor, x: Tensor, m: Tensor) -> Tensor:
        return torch.max(3 * scores(q, x), torch.tensor(torch.finfo(torch.float32).min)).softmax(-1) @ x

    model, data = Model(op).eval(), {"x": samples(24, 6, 8), "m": torch.ones(24, 6, dtype=torch.bool)}
    network = convert(model, data, precision=2.0**-8)
    record = run(network, data, steps=24, backend="reference", progress=False)
    assert record.relative_error(model(**data))[-1] < 0.02


FLAGS: dict[str, Op] = {
    "times −1000": lambda y, x, m: y + m * -1000.0,
    "filled with −2000": lambda y, x, m: y.masked_fill(m, -2000.0),
    "3000 where it is set": lambda y, x, m: y + torch.where(m, 3000.0, 0.0),
    "one of two values": lambda y, x, m: torch.where(m, y, 2 * x),
    "a value or a number": lambda y, x, m: torch.where(m, 7.0, y),
}


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_counts_as_its_number(name: str) -> None:
    model, x = Model(FLAGS[name]).eval(), samples(24, 8)
    none, some = torch.zeros(24, 1).bool(), samples(24, 1, seed=4) > 0
    network = convert(model, {"x": x, "m": none}, precision=2.0**-8)
    wanted = model(x, some).detach().numpy()
    found = network.dense()(x=x, m=some).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-4)
    assert run(network, {"x": x, "m": some}, steps=24, progress=False).relative_error(wanted)[-1] < 0.05


def test_a_number_read_as_a_mask_must_be_one() -> None:
    """A float input that held zeros and ones, and excludes, takes nothing else afterwards."""
    op, _ = HIDING["−1e9 for a float mask"]
    data = {"x": samples(8, 6, 8), "m": torch.ones(8, 6)}
    network = convert(Model(op).eval(), data)
    with pytest.raises(InvalidInput, match="'m' is a mask"):
        run(network, data | {"m": torch.full((8, 6), 0.5)}, steps=2, progress=False)


def test_a_large_factor_of_numbers_stays_what_it_is() -> None:
    model = Model(lambda y, x, m: y + m * -1e5).eval()
    data: dict[str, Any] = {"x": samples(8, 8), "m": samples(8, 8)}
    found = convert(model, data).dense()(**data).numpy()
    np.testing.assert_allclose(found, model(**data).detach().numpy(), rtol=1e-5)


def _layer_norm(y: Tensor) -> Tensor:
    mean = y.mean(1, keepdim=True)
    return (y - mean) / torch.sqrt((y - mean).pow(2).mean(1, keepdim=True) + 1e-6)


NORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "layer norm of channels": _layer_norm,
    "rms norm": lambda y: y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6),
    "rms norm, divided": lambda y: y / (y.square().mean(1, keepdim=True) + 1e-5).sqrt(),
    "length one": lambda y: F.normalize(y, dim=1),
    "group norm": lambda y: _layer_norm(y.flatten(2).reshape(len(y), -1)).reshape(y.shape),
}


class Channels(nn.Module):
    def __init__(self, norm: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.last, self.norm = nn.Conv2d(3, 4, 3), nn.Linear(4, 4), norm

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.norm(self.conv(x)).mean((2, 3)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", NORMS)
def test_a_norm_written_out_does_not_drift(name: str) -> None:
    model, x = Channels(NORMS[name]).eval(), samples(12, 3, 8, 8)
    network = convert(model, x, precision="auto", error=0.02)
    errors = run(network, x, steps=256, progress=False).relative_error(model(x).detach().numpy())
    assert errors[255] < 0.1
    assert errors[255] <= errors[15] + 0.01


class Logarithm(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.log(F.relu(x) + 1e-10)


def test_a_logarithm_reads_down_to_the_sources_own_least_value() -> None:
    network = convert(Logarithm(), samples(24, 8).abs() + 0.5, precision=2.0**-6)
    record = run(network, torch.zeros(4, 8), steps=64, backend="reference", progress=False)
    assert record.readout[-1] == pytest.approx(np.log(1e-10), abs=0.5)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_thresholds_of_a_rate_follow_the_values_at_any_scale(scale: float) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4)).eval()
    with torch.no_grad():
        model[0].weight.mul_(scale)
        model[0].bias.mul_(scale)
        model[2].weight.div_(scale)
    x = samples(64, 8)
    record = run(convert(model, x, method="rate"), x, steps=64, progress=False)
    assert record.relative_error(model(x).detach().numpy())[-1] < 0.1
