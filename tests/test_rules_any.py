"""Random shapes and settings, continued: activations, weights, look-ups, resizing, attention and recurrent layers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from test_rules_properties import QUICK, SIZES, holds
from torch import Tensor, nn

from converters import capture
from converters.fold import fold
from converters.lower import lower

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu by tanh": lambda h: F.gelu(h, approximate="tanh"),
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": lambda h: torch.log(h + 1),
    "sqrt": torch.sqrt,
    "rsqrt": lambda h: torch.rsqrt(h + 1),
    "reciprocal": lambda h: torch.reciprocal(h + 1),
    "div": lambda h: h / (h + 2),
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "mish": F.mish,
    "sin": torch.sin,
    "cos": torch.cos,
    "erf": torch.erf,
    "softplus": lambda h: F.softplus(h, beta=2),
    "elu": lambda h: F.elu(h - 1, 0.5),
    "selu": lambda h: F.selu(h - 1),
    "celu": lambda h: F.celu(h - 1, 0.5),
    "abs": lambda h: (h - 1).abs(),
    "neg": lambda h: -h,
    "relu6": F.relu6,
    "hardtanh": lambda h: F.hardtanh(h, -0.3, 0.7),
    "leaky_relu": lambda h: F.leaky_relu(h - 1, 0.2),
    "clamp": lambda h: h.clamp(0.2, 0.9),
    "clamp_min": lambda h: (h - 1).clamp_min(-0.4),
    "clamp_max": lambda h: h.clamp_max(0.4),
    "square": torch.square,
    "cube": lambda h: h**3,
    "power": lambda h: (h + 0.1) ** 1.5,
    "rsub": lambda h: 1 - h,
    "maximum": lambda h: torch.maximum(h, 0.5 - h),
    "minimum": lambda h: torch.minimum(h, 0.5 - h),
    "dropout": lambda h: F.dropout(h, 0.5, training=False),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@QUICK
@given(SIZES)
def test_any_shape_of_an_activation(name: str, shape: list[int]) -> None:
    holds(ACTIVATIONS[name], *shape)


@QUICK
@given(SIZES, st.integers(1, 4), st.booleans())
def test_linear_behind_any_axes(shape: list[int], out: int, bias: bool) -> None:
    torch.manual_seed(0)
    holds(nn.Sequential(nn.Linear(shape[-1], out, bias=bias), nn.ReLU()), *shape)


@QUICK
@given(st.integers(1, 4), st.lists(st.integers(1, 4), max_size=2), st.booleans())
def test_batch_norm_of_any_map(channels: int, space: list[int], affine: bool) -> None:
    torch.manual_seed(0)
    kind = (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d)[len(space)]
    norm = kind(channels, affine=affine)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    holds(nn.Sequential(nn.ReLU(), norm).eval(), channels, *space)


@QUICK
@given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.integers(1, 6), st.integers(1, 6))
def test_adaptive_average_to_any_size(channels: int, height: int, width: int, rows: int, columns: int) -> None:
    holds(lambda h: F.adaptive_avg_pool2d(h, (rows, columns)), channels, height, width)


@QUICK
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_adaptive_maximum_over_equal_windows(channels: int, rows: int, times: int, columns: int) -> None:
    holds(lambda h: F.adaptive_max_pool2d(h, (rows, columns)), channels, rows * times, columns * 2)


@QUICK
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 9), st.sampled_from(["nearest", "bilinear", "bicubic"]))
def test_interpolation_to_any_size(height: int, width: int, new: int, mode: str) -> None:
    align = {} if mode == "nearest" else {"align_corners": new % 2 == 0}
    holds(lambda h: F.interpolate(h, size=(new, 2 * width), mode=mode, **align), 2, height, width)


@QUICK
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_pixels_and_channels_change_places(factor: int, channels: int, height: int, width: int) -> None:
    holds(lambda h: F.pixel_shuffle(h, factor), channels * factor**2, height, width)
    holds(lambda h: F.pixel_unshuffle(h, factor), channels, height * factor, width * factor)
    holds(lambda h: F.channel_shuffle(h, factor), channels * factor, height, width)


@QUICK
@given(st.integers(1, 3), st.integers(1, 2), st.integers(0, 1), st.integers(1, 2), st.integers(5, 7))
def test_any_window_as_a_column(kernel: int, dilation: int, padding: int, stride: int, size: int) -> None:
    holds(lambda h: F.unfold(h, kernel, dilation, padding, stride), 2, size, size)
    holds(lambda h: h.unfold(-1, kernel, stride), 2, size)


@QUICK
@given(st.lists(st.integers(-1, 2), min_size=4, max_size=4), st.floats(-1, 1, width=32))
def test_any_padding(amounts: list[int], value: float) -> None:
    holds(lambda h: F.pad(h, amounts, value=value), 2, 4, 4)


@QUICK
@given(SIZES, st.data())
def test_sums_so_far_along_any_axis(shape: list[int], data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, len(shape)))
    holds(lambda h: h.cumsum(dim), *shape)


@QUICK
@given(SIZES, st.integers(0, 2**12))
def test_any_constant_mask(shape: list[int], bits: int) -> None:
    size = torch.Size(shape).numel()
    mask = torch.tensor([bool(bits >> (k % 12) & 1) for k in range(size)]).reshape(1, *shape)
    holds(lambda h: torch.where(mask, h, 0.5), *shape)
    holds(lambda h: h.masked_fill(mask, -2.0), *shape)


@QUICK
@given(SIZES, st.data())
def test_any_constant_choice(shape: list[int], data: st.DataObject) -> None:
    size = shape[-1]
    picks = torch.tensor(data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=5)))
    holds(lambda h: h.index_select(-1, picks), *shape)
    holds(lambda h: h[..., picks], *shape)


@QUICK
@given(SIZES, st.data())
def test_axes_come_and_go(shape: list[int], data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, len(shape)))
    times = data.draw(st.integers(1, 3))
    holds(lambda h: h.unsqueeze(dim).expand(*h.shape[:dim], times, *h.shape[dim:]), *shape)
    holds(lambda h: h.unsqueeze(dim).squeeze(dim).flatten(1), *shape)
    holds(lambda h: torch.stack(h.unbind(dim), dim), *shape)
    holds(lambda h: h.flatten(1).unflatten(1, shape), *shape)


@QUICK
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_any_attention(heads: int, rows: int, columns: int, width: int, causal: bool) -> None:
    assume(not causal or rows == columns)
    torch.manual_seed(0)
    wide = heads * width

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(wide, wide) for _ in range(3))

        def forward(self, x: Tensor) -> Tensor:
            x = torch.relu(x)
            some = x[:, :rows], x[:, :columns], x[:, :columns]
            q, k, v = (
                f(part).unflatten(-1, (heads, width)).transpose(1, 2)
                for f, part in zip((self.q, self.k, self.v), some, strict=True)
            )
            return F.scaled_dot_product_attention(q, k, v, is_causal=causal)

    holds(Attention(), max(rows, columns), wide)


@QUICK
@given(
    st.sampled_from([nn.RNN, nn.GRU, nn.LSTM]), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.booleans()
)
def test_any_recurrent_layer(kind: type[nn.Module], length: int, width: int, layers: int, both: bool) -> None:
    torch.manual_seed(0)

    class Sequence(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = kind(2, width, layers, bidirectional=both, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.cell(x)[0]

    holds(Sequence(), length, 2)


CUTS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "select": lambda h, d: h.select(d, h.shape[d] - 1) * 2,
    "chunk": lambda h, d: torch.cat(h.chunk(2, d)[::-1], d),
    "tensor_split": lambda h, d: torch.cat([part * k for k, part in enumerate(h.split(1, d), 1)], d),
    "split_with_sizes": lambda h, d: torch.cat(h.split([1, h.shape[d] - 1], d)[::-1], d),
    "max": lambda h, d: h.max(d).values * 2,
    "view": lambda h, d: h.contiguous().view(len(h), -1).clone(),
    "to": lambda h, d: h.to(torch.float64).to(torch.float32).detach(),
    "expand_as": lambda h, d: h.mean(d, keepdim=True).expand_as(h),
    "sum": lambda h, d: h.flatten(1).sum(1, keepdim=True) * h.flatten(1),
}


@pytest.mark.parametrize("name", CUTS)
@QUICK
@given(st.lists(st.integers(2, 4), min_size=2, max_size=3), st.data())
def test_any_cut(name: str, shape: list[int], data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, len(shape)))
    holds(lambda h: CUTS[name](h, dim), *shape)


@QUICK
@given(st.integers(1, 3), st.integers(1, 3), st.lists(st.integers(2, 4), min_size=1, max_size=2))
def test_gates_and_slopes_of_any_width(channels: int, half: int, space: list[int]) -> None:
    torch.manual_seed(0)
    holds(lambda h: F.glu(h, 1), 2 * half, *space)
    slopes = nn.PReLU(channels)
    with torch.no_grad():
        slopes.weight.uniform_(0, 1)
    shift = nn.Conv1d(channels, channels, 1) if len(space) == 1 else nn.Conv2d(channels, channels, 1)
    holds(nn.Sequential(shift, slopes), channels, *space)
    norm = (nn.InstanceNorm1d, nn.InstanceNorm2d)[len(space) - 1](channels, eps=0.1, affine=True)
    holds(nn.Sequential(nn.ReLU(), norm), channels, *space)


@QUICK
@given(st.integers(2, 7), st.lists(st.integers(1, 4), min_size=1, max_size=2), st.integers(1, 4))
def test_any_table_of_any_ids(vocabulary: int, shape: list[int], width: int) -> None:
    torch.manual_seed(0)
    table = nn.Embedding(vocabulary, width)
    ids = torch.randint(0, vocabulary, (3, *shape))
    network = fold(lower(capture(table, ids[:1]))).check()
    with torch.no_grad():
        assert torch.equal(network.dense()(ids), table(ids))


@QUICK
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_the_older_names_of_a_matrix_product(batch: int, rows: int, inner: int, columns: int) -> None:
    torch.manual_seed(0)
    weight, bias = torch.randn(inner, columns), torch.randn(columns)
    holds(lambda h: torch.addmm(bias, h, weight), inner)
    holds(lambda h: torch.mm(h, weight), inner)
    holds(lambda h: torch.bmm(h, h.transpose(1, 2)), rows, inner)
    holds(lambda h: torch.baddbmm(torch.ones(1), h, h.transpose(1, 2), alpha=0.5), rows, inner)


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch says that an even kernel costs it a copy
@QUICK
@given(st.sampled_from([1, 2, 3]), st.integers(1, 4), st.integers(1, 2), st.integers(4, 5))
def test_same_padding_in_any_number_of_axes(n: int, kernel: int, dilation: int, size: int) -> None:
    torch.manual_seed(0)
    conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[n - 1](2, 2, kernel, padding="same", dilation=dilation)
    holds(nn.Sequential(conv, nn.ReLU()), 2, *[size] * n)


@QUICK
@given(st.sampled_from([1, 3]), st.integers(1, 3), st.integers(1, 2), st.booleans(), st.integers(3, 5))
def test_pools_of_one_and_three_axes(n: int, kernel: int, stride: int, ceil: bool, size: int) -> None:
    largest, average = ((F.max_pool1d, F.avg_pool1d), (F.max_pool3d, F.avg_pool3d))[n // 2]
    holds(lambda h: largest(h, kernel, stride, ceil_mode=ceil), 2, *[size] * n)
    holds(lambda h: average(h, kernel, stride, kernel // 2, ceil), 2, *[size] * n)


@QUICK
@given(st.sampled_from([1, 3]), st.integers(2, 3), st.integers(1, 6), st.booleans())
def test_interpolation_of_one_and_three_axes(n: int, size: int, new: int, smooth: bool) -> None:
    mode = ("linear", "trilinear")[n // 2] if smooth else "nearest"
    holds(lambda h: F.interpolate(h, size=(new,) * n, mode=mode), 2, *[size] * n)


@QUICK
@given(st.integers(1, 4), st.integers(2, 5), st.sampled_from(["eq", "ne", "gt", "lt", "not"]))
def test_any_word_for_a_mask(rows: int, columns: int, word: str) -> None:
    """A mask of zeros and ones from the input, in the words models use, rules scores out."""

    class Masked(nn.Module):
        def forward(self, x: Tensor, keep: Tensor) -> Tensor:
            allowed = {
                "eq": keep == 1,
                "ne": keep != 0,
                "gt": keep > 0,
                "lt": ~(keep < 1),
                "not": torch.logical_not(keep.bool() & torch.ones(1, columns, dtype=torch.bool)).logical_not(),
            }[word]
            return torch.softmax(x.masked_fill(~allowed[:, None], float("-inf")), -1) * 2

    torch.manual_seed(0)
    x, keep = torch.randn(3, rows, columns), torch.randint(0, 2, (3, columns))
    keep[:, 0] = 1
    model = Masked()
    network = fold(lower(capture(model, {"x": x[:1], "keep": keep[:1]}))).check()
    with torch.no_grad():
        assert torch.allclose(network.dense()(x=x, keep=keep), model(x, keep), atol=1e-6)


@QUICK
@given(SIZES, st.data())
def test_an_argmax_is_read_out_along_any_axis(shape: list[int], data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, len(shape)))
    holds(lambda h: (h + 0.01 * torch.arange(float(h[:1].numel())).reshape(h[:1].shape)).argmax(dim), *shape)
