"""Models that write in place: into views, slices, tables, their input and their buffers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from models import samples
from torch import Tensor, nn

from converters import convert
from spiking import UnsupportedOperation, run


class Model(nn.Module):
    """y = last(op(first(x)))"""

    def __init__(self, op: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last, self.op = nn.Linear(8, 8), nn.Linear(8, 4), op

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.op(self.first(x)))  # type: ignore[no-any-return]


def _view(y: Tensor) -> Tensor:
    y.view(-1, 2, 4).clamp_(max=1.0)
    return y


def _slice(y: Tensor) -> Tensor:
    F.hardtanh_(y[:, 2:])
    return y


def _entry(y: Tensor) -> Tensor:
    y[:, 3] = y[:, 0] * 2
    return y


def _copy(y: Tensor) -> Tensor:
    state = torch.zeros_like(y)
    state[:, :4].copy_(y[:, 4:])
    state[:, 4:] += 1.0
    return state


def _view_of_view(y: Tensor) -> Tensor:
    z = y.view(-1, 2, 4).transpose(1, 2)
    z[:, 1:3].relu_()
    return y + 1


def _reader_before(y: Tensor) -> Tensor:
    """What was read before it was overwritten stays as it was read."""
    before = y.view(-1, 8)
    doubled = before * 2
    y.relu_()
    return before + doubled


def _constant(y: Tensor) -> Tensor:
    y[:, :2] = 0.5
    y[:, 6:].fill_(-0.25).add_(1)
    y[:, 4].zero_()
    return y


WRITERS = {f.__name__[1:]: f for f in (_view, _slice, _entry, _copy, _view_of_view, _reader_before, _constant)}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_through_a_view_is_read(name: str) -> None:
    """On samples larger than those of the calibration too: no bound or write is lost where these do not show it."""
    model, quiet, loud = Model(WRITERS[name]).eval(), 0.3 * samples(16, 8), 3 * samples(50, 8, seed=2)
    with torch.no_grad():
        wanted = model(loud).numpy()
    network = convert(model, quiet, precision=2.0**-6)
    np.testing.assert_allclose(network.dense()(loud).numpy(), wanted, rtol=1e-4, atol=1e-4)
    assert run(network, loud, steps=64, progress=False).relative_error(wanted)[-1] < 0.05


class Table(nn.Module):
    """Positions written into a table in forward."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        table, t = torch.zeros(6, 8), torch.arange(6.0)[:, None]
        table[:, 0::2], table[:, 1::2] = torch.sin(t), torch.cos(t)
        return self.linear(x + table)  # type: ignore[no-any-return]


def test_a_constant_table_written_by_slices_is_what_was_written() -> None:
    model, x = Table().eval(), samples(12, 6, 8)
    np.testing.assert_allclose(convert(model, x).dense()(x).numpy(), model(x).detach().numpy(), atol=1e-5)


class Normalises(nn.Module):
    """Its own input, in place."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x /= 255.0
        x -= 0.5
        return self.linear(x)  # type: ignore[no-any-return]


def test_an_input_written_in_place_converts_and_stays_the_callers() -> None:
    model, x = Normalises().eval(), 255 * samples(20, 8).sigmoid()
    before = x.clone()
    network = convert(model, x, precision=2.0**-6)
    assert torch.equal(x, before)
    record = run(network, x, steps=16, progress=False)
    assert record.relative_error(model(x.clone()).detach().numpy())[-1] < 0.05


def test_one_of_the_parts_of_a_chunk_is_refused_by_name() -> None:
    def op(y: Tensor) -> Tensor:
        y.chunk(2, -1)[0].add_(1)
        return y

    with pytest.raises(UnsupportedOperation, match=r"aten\.add_\.Tensor at test_writing\.py:\d+; torch itself"):
        convert(Model(op).eval(), samples(8, 8))


class Counting(nn.Module):
    """Counts its calls; with `reads`, the count is in the answer."""

    calls: Tensor

    def __init__(self, reads: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.reads = nn.Linear(8, 4), reads
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        y = self.linear(x)
        return y + self.calls if self.reads else y  # type: ignore[no-any-return]


def test_a_buffer_that_forward_changes_is_left_as_it_was() -> None:
    model = Counting(reads=False).eval()
    convert(model, samples(8, 8))
    assert model.calls == 0


def test_an_output_that_depends_on_such_a_buffer_is_refused_by_name() -> None:
    model = Counting(reads=True).eval()
    with pytest.raises(UnsupportedOperation, match="depends on buffers that forward changes: calls"):
        convert(model, samples(8, 8))
    assert model.calls == 0


def half_inside() -> nn.Module:
    class Casts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(8, 4).half()

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x.half()).float()  # type: ignore[no-any-return]

    return Casts()


def weight_normed(dtype: torch.dtype) -> nn.Module:
    with pytest.warns(FutureWarning, match="weight_norm"):
        layer = nn.utils.weight_norm(nn.Linear(8, 16))
    return nn.Sequential(layer, nn.ReLU(), nn.Linear(16, 4)).to(dtype)


TYPES = (torch.float16, torch.bfloat16, torch.float64)
PRECISE: dict[str, Callable[[], Any]] = {
    "casts its input": half_inside,
    **{f"weight norm, {dtype}": lambda dtype=dtype: weight_normed(dtype) for dtype in TYPES},
    **{f"module, {dtype}": lambda dtype=dtype: Model(torch.relu).to(dtype) for dtype in TYPES},
}


@pytest.mark.parametrize("name", PRECISE)
def test_models_of_other_precisions_convert(name: str) -> None:
    torch.manual_seed(0)
    model, x = PRECISE[name]().eval(), samples(12, 8)
    types = {value.dtype for value in model.parameters()}
    network = convert(model, x, precision=2.0**-6)
    assert {value.dtype for value in model.parameters()} == types
    given = x if name == "casts its input" else x.to(next(iter(types)))
    wanted = model(given).detach().float().numpy()
    assert run(network, x, steps=16, progress=False).relative_error(wanted)[-1] < 0.05


@pytest.mark.parametrize("dtype", TYPES)
def test_programs_of_other_precisions_convert(dtype: torch.dtype) -> None:
    model, x = Model(torch.relu).eval().to(dtype), samples(12, 8)
    program = torch.export.export(model, (x[:1].to(dtype),))
    wanted = model(x.to(dtype)).detach().float().numpy()
    record = run(convert(program, x, precision=2.0**-6), x, steps=16, progress=False)
    assert record.relative_error(wanted)[-1] < 0.05


def test_models_convert_side_by_side_in_threads() -> None:
    """One model in four threads: the same four networks, and the model in the mode it had."""
    model, x = Model(torch.relu).train(), samples(12, 8)
    wanted = convert(model, x).dense()(x)
    with ThreadPoolExecutor(4) as pool:
        networks = list(pool.map(lambda _: convert(model, x), range(4)))
    assert all(torch.equal(network.dense()(x), wanted) for network in networks)
    assert model.training
    assert all(module.training for module in model.modules())


def test_autocast_around_a_conversion_changes_nothing() -> None:
    model, x = Model(torch.relu).eval(), samples(12, 8)
    with torch.autocast("cpu", torch.bfloat16):
        network = convert(model, x)
    assert torch.equal(network.dense()(x), convert(model, x).dense()(x))
