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
