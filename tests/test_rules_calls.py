"""Calls as real models write them: each converts to the same function, with spikes to within what its units allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from models import samples
from torch import Tensor, nn

from converters import convert
from spiking import UnsupportedOperation, run

Op = Callable[..., Any]


class Model(nn.Module):
    """y = op(first(x), parameters…), the parameters normal."""

    def __init__(self, op: Op, *shapes: tuple[int, ...]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(8, 8)
        self.op = op
        self.held = nn.ParameterList(torch.randn(*shape) for shape in shapes)

    def forward(self, x: Tensor) -> Any:
        return self.op(self.first(x), *self.held)


def attended(q: Tensor, x: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, x, x)


TOKENS: dict[str, tuple[Any, ...]] = {  # of tokens (B, 6, 8): what is done with them, and shapes of parameters
    "a learned query": (lambda x, q: attended(q.expand(len(x), -1, -1), x), (1, 3, 8)),
    "learned keys and values": (
        lambda x, k, v: F.scaled_dot_product_attention(x, k.expand(len(x), -1, -1), v.expand(len(x), -1, -1)),
        (1, 5, 8),
        (1, 5, 8),
    ),
    "a constant matrix for each head": (lambda x, w: x.unflatten(-1, (2, 4)).transpose(1, 2) @ w, (1, 2, 4, 3)),
    "the same on the left": (lambda x, w: w @ x.unflatten(-1, (2, 4)).transpose(1, 2), (2, 3, 6)),
    "matrices shared along one axis": (lambda x, w: x.unflatten(-1, (2, 4)).transpose(1, 2) @ w, (1, 1, 4, 3)),
    "matrices broadcast over the stream": (lambda x, w: x.unsqueeze(1) @ w, (3, 8, 2)),
    "a constant vector": (lambda x, w: x @ w, (8,)),
    "a constant by type_as, reshaped": (lambda x, w: x + w.type_as(x).reshape(1, 8), (2, 4)),
    "a parameter by expand_as": (lambda x, w: x * w.expand_as(x), (1, 1, 8)),
    "einsum of three": (lambda x, u, v: torch.einsum("btc,cd,de->bte", x, u, v), (8, 3), (3, 5)),
    "einsum with an ellipsis": (lambda x, w: torch.einsum("...c,cd->...d", x, w), (8, 3)),
    "einsum that sums": (lambda x, w: torch.einsum("btc,td->bd", x, w), (6, 3)),
    "einsum of heads by a constant": (
        lambda x, w: torch.einsum("bthc,hcd->bthd", x.unflatten(-1, (2, 4)), w),
        (2, 4, 3),
    ),
    "einsum of two streams": (lambda x: torch.einsum("bqc,bkc->bqk", x, x),),
    "group norm over batch and time": (lambda x: F.group_norm(x.reshape(-1, 8), 2).reshape(len(x), 6, 8),),
    "instance norm over batch and time": (lambda x: F.instance_norm(x.reshape(-1, 2, 4)).reshape(len(x), 6, 8),),
    "convolution over batch and time": (
        lambda x, w: F.conv1d(x.reshape(-1, 2, 4), w, padding=1).reshape(len(x), 6, 12),
        (3, 2, 3),
    ),
    "a boolean mask of two axes": (lambda x: (x @ x.transpose(1, 2))[:, torch.ones(6, 6).triu().bool()],),
    "places of axes apart": (lambda x: x.unflatten(-1, (2, 4))[:, [0, 2], :, [1, 3]].transpose(0, 1),),
    "padding of no batch": (lambda x: F.pad(x, (0, 0, 0, 2, 0, 0)),),
    "padding by a mirror": (lambda x: F.pad(x, (2, 1), mode="reflect"),),
    "padding by the border": (lambda x: F.pad(x, (2, 1), mode="replicate"),),
    "padding by the other end": (lambda x: F.pad(x, (2, 1), mode="circular"),),
    "padding by −∞ before a maximum": (lambda x: F.max_pool1d(F.pad(x, (0, 1), value=float("-inf")), 3, 2),),
    "padding by −1e5 before a maximum": (lambda x: F.max_pool1d(F.pad(x, (1, 1), value=-1e5), 3, 2),),
    "an empty slice": (lambda x: torch.cat([x[:, :0], x[:, 3:], x[:, 6:]], 1),),
    "uneven largest of windows": (lambda x: F.adaptive_max_pool1d(x, 3),),
    "columns back into a map": (lambda x: F.fold(x.reshape(len(x), 12, 4), (3, 3), 2),),
    "addcmul": (lambda x, w: torch.addcmul(x, x, w, value=0.5), (8,)),
    "log_sigmoid": (F.logsigmoid,),
    "logsumexp": (lambda x: x.logsumexp(-1, keepdim=True),),
    "variance": (lambda x: x.var(-1, keepdim=True),),
    "standard deviation": (lambda x: (x + 3 * torch.arange(8.0)).std(-1),),
    "the length of a vector": (lambda x: x.norm(dim=-1),),
    "a vector of length one": (lambda x: F.normalize(x, dim=-1),),
    "a vector of length one, an axis before": (lambda x: x / torch.linalg.vector_norm(x, dim=1, keepdim=True),),
    "rolled": (lambda x: x.roll((1, -2), (1, 2)),),
    "swapped axes": (lambda x: torch.swapaxes(x, 1, 2).movedim(-1, 1),),
    "written into a slice": (lambda x: torch.slice_scatter(x, 2 * x[:, :2], 1, 4, 6),),
    "written into an entry": (lambda x, w: torch.select_scatter(x, w.expand(len(x), 8), 1, -2), (8,)),
    "rms norm written out": (lambda x: x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6),),
    "layer norm written out": (lambda x: layer_norm(x, -1),),
    "layer norm written out, an axis before": (lambda x: layer_norm(x, 1),),
    "below a diagonal": (lambda x: torch.tril(x, 1) + torch.triu(x, 2) * 2,),
    "between two parameters": (lambda x, v, w: torch.clamp(x, torch.minimum(v, w), torch.maximum(v, w)), (8,), (8,)),
    "between numbers held as tensors": (lambda x: torch.clamp(x, torch.tensor(-0.5), torch.tensor(0.75)),),
    "at least, at most": (lambda x, w: ATEN.clamp_max.Tensor(ATEN.clamp_min.Tensor(x, w), w + 1), (8,)),
    "clipped": (lambda x: ATEN.clip.Tensor(x, None, torch.tensor(0.5)),),
    "logarithms": (lambda x: torch.log2(x * x + 1) + torch.log10(x.abs() + 0.5),),
    "powers of two": (lambda x: torch.exp2(x.tanh()),),
    "hyperbolic functions": (lambda x: torch.sinh(x) - torch.cosh(x),),
    "angles": (lambda x: torch.atan(x) + torch.asin(x.clamp(-0.9, 0.9)) + torch.acos(x.clamp(-0.9, 0.9)),),
    "broadcast": (lambda x: torch.broadcast_to(x[:, None], (len(x), 2, 6, 8)),),
    "two sides of 0": (lambda x: torch.where(x > 0, x * x / 4 + x, torch.expm1(x.clamp(max=-1e-6))),),
    "two sides of a number": (lambda x: torch.where(x <= 0.5, x, 0.5 + (x - 0.5) / 4),),
    "the lesser, spelled out": (lambda x: torch.where(x < x.flip(-1), x, x.flip(-1)),),
    "at least a parameter": (lambda x, w: torch.where(x >= w, x - w, w - x), (8,)),
    "layer norm by var": (
        lambda x: (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, unbiased=False) + 1e-5).sqrt(),
    ),
}


ATEN = torch.ops.aten
ALIASES: dict[str, tuple[Any, ...]] = {  # other names of calls, as older and lowered programs hold them
    "sums": (lambda x: ATEN.subtract.Tensor(ATEN.add.Scalar(x, 1.0), ATEN.sub.Scalar(x, 0.5) * 2),),
    "sums with numbers": (lambda x: ATEN.negative(ATEN.subtract.Scalar(x, 0.25)),),
    "products": (lambda x: ATEN.multiply.Tensor(ATEN.multiply.Scalar(x, 2.0), x),),
    "quotients": (lambda x: ATEN.true_divide.Tensor(ATEN.divide.Scalar(x, 2.0), 3.0 + ATEN.divide.Tensor(x, x + 9)),),
    "addcdiv": (lambda x, w: ATEN.addcdiv(x, x, 1.5 + w.abs(), value=0.5), (8,)),
    "shapes": (lambda x: ATEN.reshape_as(ATEN.view_as(x, x.flatten(1)), x),),
    "axes": (lambda x: ATEN.swapdims(ATEN.moveaxis.intlist(ATEN.movedim.intlist(x, [1], [2]), [2], [1]), 1, 2),),
    "an axis": (lambda x: ATEN.moveaxis.int(ATEN.movedim.int(x, 1, 2), 2, 1),),
    "joined": (lambda x: ATEN.concatenate([x, x], 1),),
    "a matrix and a vector": (lambda x, w: ATEN.mv(x.reshape(-1, 8), w).reshape(len(x), 6), (8,)),
    "mirrors": (lambda x: ATEN.reflection_pad1d(ATEN.replication_pad1d(x, [1, 1]), [2, 0]),),
    "mirrors of maps": (lambda x: ATEN.reflection_pad2d(ATEN.replication_pad2d(x[:, None], [1] * 4), [2, 0, 1, 0]),),
    "mirrors of volumes": (
        lambda x: ATEN.reflection_pad3d(ATEN.replication_pad3d(x.reshape(-1, 1, 2, 3, 8), [1] * 6), [1] * 6),
    ),
    "lengths": (lambda x: ATEN.norm.ScalarOpt_dim(x, None, [-1]),),
    "the largest length": (lambda x: torch.linalg.vector_norm(x, float("inf"), -1),),
    "variances": (lambda x: ATEN.var.dim(x, [-1], False) + ATEN.std.dim(x, [-1], True) + ATEN.std.correction(x, [2]),),
    "a variance and its mean": (lambda x: sum(ATEN.var_mean.correction(x, [-1], correction=0)),),
    "a variance corrected": (lambda x: torch.var(x, -1, correction=2),),
    "all axes turned": (lambda x: ATEN.numpy_T(ATEN.numpy_T(x) * 2),),
    "a mask of steps": (lambda x: ATEN.log1p(ATEN.expm1(x).clamp(min=0)),),
    "whole numbers": (lambda x: ATEN.fix(4 * x) / 4 + ATEN.sgn(x - 9),),
    "a lower bound": (lambda x: ATEN.threshold(x, 0.25, 0.25),),
    "attention as CPUs name it": (lambda x: flash(x.unflatten(-1, (2, 4)).transpose(1, 2)),),
    "core norms": (lambda x: ATEN.native_layer_norm(x, [8], None, None, 1e-5)[0],),
    "core group norms": (lambda x: ATEN.native_group_norm(x, None, None, len(x), 6, 8, 2, 1e-5)[0],),
    "core dropout": (lambda x: ATEN.native_dropout(x, 0.5, False)[0],),
    "core pools": (
        lambda x: ATEN._adaptive_avg_pool2d(ATEN.max_pool2d_with_indices(x.unsqueeze(1), [2, 2])[0], [2, 3]),
    ),
    "core pools of volumes": (
        lambda x: ATEN._adaptive_avg_pool3d(
            ATEN.max_pool3d_with_indices(x.reshape(-1, 1, 2, 3, 8), [1, 2, 2])[0], [1, 1, 2]
        ),
    ),
    "core batch norm": (
        lambda x, m, v: ATEN._native_batch_norm_legit_no_training(x, None, None, m, 0.5 + v.abs(), 0.1, 1e-5)[0],
        (6,),
        (6,),
    ),
    "core convolution": (
        lambda x, w: ATEN.convolution(x, w, None, [1], [1], [1], False, [0], 1),
        (4, 6, 3),
    ),
    "places unchecked": (lambda x: ATEN._unsafe_index(x, [None, torch.tensor([2, 0])]),),
    "a copy": (lambda x, w: x + ATEN.copy(x, w), (8,)),
    "fake quantisation by tensors": (
        lambda x, s: ATEN.fake_quantize_per_tensor_affine.tensor_qparams(
            x * 8, s.abs()[0] + 4, torch.zeros(1, dtype=torch.int32)[0], 0, 1
        ),
        (1,),
    ),
}


def flash(x: Tensor) -> Tensor:
    return ATEN._scaled_dot_product_flash_attention_for_cpu(x, x, x)[0]  # type: ignore[no-any-return]


def layer_norm(x: Tensor, axis: int) -> Tensor:
    mean = x.mean(axis, keepdim=True)
    spread = (x - mean).pow(2).mean(axis, keepdim=True)
    return (x - mean) / torch.sqrt(spread + 1e-5)


def agrees(model: nn.Module, x: Any, error: float = 0.05, steps: int = 16, **setting: Any) -> None:
    """Fail unless the network is the model to rounding without spikes, and within `error` of it with them."""
    with torch.no_grad():
        wanted = (model(**x) if isinstance(x, dict) else model(x)).numpy()
    network = convert(model, x, precision=2.0**-6, **setting)
    found = network.dense()(**x) if isinstance(x, dict) else network.dense()(x)
    np.testing.assert_allclose(found.detach().numpy().reshape(wanted.shape), wanted, rtol=1e-4, atol=1e-4)
    record = run(network, x, steps=steps, progress=False)
    assert record.relative_error(wanted.reshape(record.readout[-1].shape))[-1] < error


CALLS = TOKENS | ALIASES


@pytest.mark.parametrize("name", CALLS)
def test_a_call_as_models_write_it(name: str) -> None:
    op, *shapes = CALLS[name]
    agrees(Model(op, *shapes).eval(), samples(12, 6, 8))


STAIRS: dict[str, Op] = {
    "clip, floor and shift": lambda x: torch.floor(x.clamp(0, 1) * 4 + 0.5) / 4,
    "fake quantisation": lambda x: torch.fake_quantize_per_tensor_affine(x, 0.25, 3, 0, 15),
    "fake quantisation of channels": lambda x: torch.fake_quantize_per_channel_affine(
        x, 0.1 + 0.05 * torch.arange(8.0), torch.zeros(8, dtype=torch.int32), 1, -8, 7
    ),
    "round": torch.round,
    "ceil": torch.ceil,
    "trunc": torch.trunc,
    "sign": torch.sign,
}


@pytest.mark.parametrize("name", STAIRS)
def test_a_stair_is_a_function_of_a_neuron(name: str) -> None:
    """Behind one layer of spikes an input settles within half a unit: only values that near an edge may differ."""
    model, x = Model(STAIRS[name]).eval(), samples(64, 8)
    network = convert(model, x, precision=2.0**-8)
    wanted = model(x).detach().numpy()
    readout = run(network, x, steps=24, progress=False).readout[-1]
    assert np.mean(np.abs(readout - wanted) > 0.02) < 0.02


def test_halves_are_rounded_to_the_even_number() -> None:
    x = torch.tensor([[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49, -3.2]])
    network = convert(Rounded().eval(), x.repeat(4, 1), precision=2.0**-8)
    for backend in ("reference", "norse", "brian2"):
        readout = run(network, x, steps=4, backend=backend, progress=False).readout[-1]
        np.testing.assert_allclose(readout, torch.round(x), atol=0.02)


class Rounded(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.round(x)


def called() -> Iterator[tuple[nn.Module, Any]]:
    """Every model above and below that converts, for one sample."""
    for op, *shapes in CALLS.values():
        yield Model(op, *shapes).eval(), samples(1, 6, 8)
    yield from ((Model(op).eval(), samples(1, 8)) for op in STAIRS.values())
    yield from ((Model(op).eval(), samples(1, 6, 8)) for op, _ in REFUSED.values())
    yield from ((Ids(op).eval(), {"ids": torch.zeros(1, 6, dtype=torch.int64)}) for op in IDS.values())
    yield from ((Cells(kind).eval(), samples(1, 5, 8)) for kind in CELLS)


class Ids(nn.Module):
    """y = op(ids, table, linear)"""

    def __init__(self, op: Op) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table, self.linear, self.op = nn.Embedding(9, 8), nn.Linear(8, 4), op

    def forward(self, ids: Tensor) -> Tensor:
        return self.op(ids, self.table, self.linear)


IDS: dict[str, Op] = {
    "transposed": lambda ids, t, f: f(t(ids.transpose(0, 1)).transpose(0, 1)),
    "cut": lambda ids, t, f: f(t(ids[:, 1:4])),
    "turned round": lambda ids, t, f: f(t(ids.flip(1))),
    "beside themselves": lambda ids, t, f: f(t(torch.cat([ids, ids[:, :2]], 1))),
    "those that are not padding": lambda ids, t, f: f((t(ids) * (ids != 0).unsqueeze(-1)).sum(1)),
    "compared with one that is not 0": lambda ids, t, f: f((t(ids) * (ids == 1)[..., None]).sum(1)),
    "below one": lambda ids, t, f: f((t(ids) * (ids < 4).float().unsqueeze(-1)).mean(1)),
    "up to one": lambda ids, t, f: f((t(ids) * (ids <= 3).unsqueeze(-1)).sum(1)),
    "a mask that is cut": lambda ids, t, f: f(t(ids[:, :3]) * (ids > 2)[:, 3:].unsqueeze(-1)),
    "one place later, behind a constant": lambda ids, t, f: f(t(_later(ids))),
    "another in place of one": lambda ids, t, f: f(t(ids.masked_fill(ids == 3, 5))),
    "another in place of none": lambda ids, t, f: f(t(ids.masked_fill(ids == -100, 5))),
    "their remainders": lambda ids, t, f: f(
        t((ids * 7 + 3) % 5) + t(ids // 2) + t(ids & 3) + t(ATEN.bitwise_and.Scalar(ids, 5))
    ),
    "the number of what is not padding": lambda ids, t, f: f(t((ids != 0).cumsum(1) * (ids != 0) + 1)),
    "a buffer by numbers": lambda ids, t, f: f(t(ids)) * torch.arange(8.0)[(ids != 0).int().cumsum(1)].unsqueeze(-1),
    "a row by a comparison": lambda ids, t, f: f(t(ids) + t((ids.sum(1, keepdim=True) > 20).int().expand(-1, 6))),
    "a buffer by ids": lambda ids, t, f: f(t(ids)) * torch.arange(9.0).expand(len(ids), -1).gather(1, ids)[..., None],
    "a buffer of zeros": lambda ids, t, f: f(t(torch.zeros(len(ids), 9).long().gather(1, ids) + ids)),
    "rows of a buffer": lambda ids, t, f: f(
        t(ids) + torch.arange(72.0).view(9, 8).index_select(0, ids.view(-1)).view(-1, 6, 8) / 9
    ),
    "masks beside a constant": lambda ids, t, f: f(
        t(ids).masked_fill(torch.cat([torch.ones(len(ids), 1).bool(), ids[:, 1:] > 3], 1)[..., None], 0.5)
    ),
    "of another's type": lambda ids, t, f: f(t((ids != 0).to(ids) * ids)),
    "unequal places": lambda ids, t, f: f(t(ids) * torch.ne(ids > 4, torch.arange(6) > 2)[..., None]),
    "the largest": lambda ids, t, f: f(t(ids))[torch.arange(len(ids)), ids.argmax(-1)],
    "the first that is one": lambda ids, t, f: f(t(ids))[torch.arange(len(ids)), (ids == 3).int().argmax(-1)],
    "the last that is not padding": lambda ids, t, f: f(t(ids))[
        torch.arange(len(ids)), (torch.arange(6) * (ids != 0).int()).argmax(-1)
    ],
    "both": lambda ids, t, f: f(t(ids) * ((ids > 2) & (ids < 7) & torch.tensor([True] * 5 + [False]))[..., None]),
    "either": lambda ids, t, f: f(t(ids) * ((ids < 2) | (ids >= 7) | torch.tensor([True] + [False] * 5))[..., None]),
    "one of two": lambda ids, t, f: f(
        t(ids) * ((ids < 4) ^ (ids > 2) ^ torch.tensor([True] * 3 + [False] * 3))[..., None]
    ),
    "in words": lambda ids, t, f: f(
        t(ids) * (ids < 2).logical_or(ids > 7).logical_xor(ids == 4).logical_and((ids == 5).logical_not())[..., None]
    ),
    "bit by bit": lambda ids, t, f: f(
        t(ids) * (ids < 2).bitwise_or(ids > 7).bitwise_xor(ids == 4).bitwise_and(~(ids == 5))[..., None]
    ),
    "any of them": lambda ids, t, f: f(t(ids)) * ((ids == 3).any(-1) & (ids[:, None] < 8).any((1, 2)))[:, None, None],
    "all of them": lambda ids, t, f: f(t(ids)) * ((ids < 8).all(-1) | (ids[:, None] > 0).all((1, 2)))[:, None, None],
    "as truth": lambda ids, t, f: f(t(ids) * ids.bool()[..., None]),
    "how many": lambda ids, t, f: f(t(ids)) * _several((ids > 3).sum(1))[:, None, None],
    "compared with a constant tensor": lambda ids, t, f: f(t(ids) * (torch.tensor(4) > ids)[..., None]),
    "compared place by place": lambda ids, t, f: f(t(ids) * ((ids > 4) <= (torch.arange(6) > 2))[..., None]),
}


def _later(ids: Tensor) -> Tensor:
    made = ids.new_zeros(ids.shape)
    made[:, 1:] = ids[:, :-1].clone()
    made[:, 0] = 2
    return made


def _several(count: Tensor) -> Tensor:
    """Every relation of a count to a number, each with a share of its own."""
    one, two = (count > 2).float() + 2 * (count >= 2).float(), 4 * (count < 4).float() + 8 * (count <= 1).float()
    return one + two + 16 * (count == 3).float() + 32 * (count != 2).float()


@pytest.mark.parametrize("name", IDS)
def test_ids_may_be_moved_cut_and_compared(name: str) -> None:
    ids = torch.randint(0, 9, (12, 6), generator=torch.Generator().manual_seed(1))
    ids[0] = torch.arange(6)
    agrees(Ids(IDS[name]).eval(), {"ids": ids})


CELLS = ("LSTM cell", "GRU cell", "RNN cell", "ReLU cell")


class Cells(nn.Module):
    """Recurrent cells and layers, begun and projected in the ways that models do."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.kind = kind
        self.begin = nn.Linear(8, 4)
        if kind == "projected":
            self.layer: nn.Module = nn.LSTM(8, 6, 2, batch_first=True, proj_size=4)
        elif kind.endswith("cell"):
            cell = {"LSTM": nn.LSTMCell, "GRU": nn.GRUCell, "RNN": nn.RNNCell, "ReLU": nn.RNNCell}[kind.split()[0]]
            self.layer = nn.RNNCell(8, 4, nonlinearity="relu") if kind.startswith("ReLU") else cell(8, 4)
        else:
            self.layer = {"LSTM": nn.LSTM, "GRU": nn.GRU}[kind.split()[0]](8, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        if self.kind.endswith("cell"):
            state: Any = None
            for t in range(x.shape[1]):
                state = self.layer(x[:, t], state)
            return state[0] if isinstance(state, tuple) else state
        if self.kind == "projected":
            return self.layer(x)[0]
        h = self.begin(x.mean(1)).unsqueeze(0)
        return self.layer(x, (h, torch.tanh(h)) if self.kind.startswith("LSTM") else h)[0]


@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@pytest.mark.parametrize(
    "kind", ["LSTM cell", "GRU cell", "RNN cell", "ReLU cell", "projected", "LSTM begun", "GRU begun"]
)
def test_recurrent_cells_projections_and_beginnings(kind: str) -> None:
    agrees(Cells(kind).eval(), samples(12, 5, 8), steps=24)


class Final(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.LSTM(8, 4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[1][0]


def test_an_output_whose_batch_is_not_first_comes_batch_first() -> None:
    model, x = Final().eval(), samples(12, 6, 8)
    wanted = model(x).detach().numpy()
    record = run(convert(model, x, precision=2.0**-6), x, steps=24, progress=False)
    assert wanted.shape == (2, 12, 4)
    assert record.readout[-1].shape == (12, 2, 4)
    assert record.relative_error(wanted.swapaxes(0, 1))[-1] < 0.05


@pytest.mark.filterwarnings("ignore::FutureWarning")  # torch's own, of its decomposition
@pytest.mark.parametrize("decomposed", [nn.Conv2d, nn.ConvTranspose2d])
def test_a_program_after_its_decomposition(decomposed: type[nn.Module]) -> None:
    torch.manual_seed(0)
    layers = [decomposed(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.GroupNorm(2, 4), nn.Flatten(2)]
    model, x = nn.Sequential(*layers, nn.LayerNorm(9 if decomposed is nn.Conv2d else 25)).eval(), samples(8, 3, 8, 8)
    program = torch.export.export(model, (x[:1],)).run_decompositions()
    with torch.no_grad():
        wanted = model(x).numpy()
    record = run(convert(program, x, precision=2.0**-6), x, steps=16, progress=False)
    assert record.relative_error(wanted)[-1] < 0.05


REFUSED: dict[str, tuple[Op, str]] = {
    "the place of a maximum": (lambda x: x.max(-1)[0] + x.max(-1)[1].float(), "place of a maximum"),
    "a softplus that jumps": (lambda x: F.softplus(x, 3, 2), "threshold=2"),
    "a jump": (lambda x: F.hardshrink(x), "has a jump"),
    "a roll of the batch": (lambda x: x.roll(1), "mixes the samples"),
    "equal to what is computed": (lambda x: x * (x == x.mean(-1, keepdim=True)), "equals another"),
    "sorting": (lambda x: x.sort(-1)[0], "aten.sort"),
    "routing": (lambda x: x.topk(2)[0], "aten.topk"),
    "a grid from the input": (lambda x: F.grid_sample(x[:, None], x[:, None, :, :2].tanh()), "grid_sampler"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_spikes_is_refused_by_name(name: str) -> None:
    op, text = REFUSED[name]
    with pytest.raises(UnsupportedOperation, match=text):
        convert(Model(op).eval(), samples(12, 6, 8))


def test_a_refused_call_does_not_hide_what_stands_behind_it() -> None:
    """Parts of unknown sizes behind a refused call: the list names the calls, whatever else goes wrong there."""

    def op(x: Tensor, w: Tensor) -> Tensor:
        a, b = x.sort(-1)[0].split([6, 2], -1)
        return F.softplus(torch.cat([a, b + w], -1), 3, 2)

    with pytest.raises(UnsupportedOperation, match=r"(?s)aten\.sort") as caught:
        convert(Model(op, (2,)).eval(), samples(12, 6, 8))
    assert "operations cannot be converted" in str(caught.value)


def test_a_row_that_may_see_nothing_reads_zeros() -> None:
    mask = torch.ones(6, 6).tril(-1).bool()
    agrees(Model(lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=mask)).eval(), samples(12, 6, 8))
