"""Random shapes and settings: the captured function is torch's, for whatever a call may be told."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from models import samples
from oracle import ROUNDING, outputs
from torch import Tensor, nn

from converters import capture
from converters.fold import fold
from converters.lower import lower

QUICK = settings(max_examples=12, deadline=None, derandomize=True, database=None)
SIZES = st.lists(st.integers(1, 4), min_size=2, max_size=4)


class Call(nn.Module):
    """y = op(relu(x))"""

    def __init__(self, op: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.op = op

    def forward(self, x: Tensor) -> Tensor:
        return self.op(F.relu(x))


def holds(op: Callable[[Tensor], Tensor], *shape: int) -> None:
    """Fail unless the network without spikes is op, on three samples, to rounding."""
    model, x = (op if isinstance(op, nn.Module) else Call(op)), samples(3, *shape)
    wanted = outputs(model, x)
    network = fold(lower(capture(model.eval(), x[:1]))).check()
    with torch.no_grad():
        dense = network.dense()(x).numpy()
    assert dense.shape == wanted.shape
    assert np.abs(dense - wanted).max() <= ROUNDING * max(1.0, np.abs(wanted).max())


def test_what_is_not_the_operation_does_not_hold() -> None:
    """The control: a call that is captured for one sample, and answers another way for three."""
    holds(lambda h: h * 2.0, 4)
    with pytest.raises(AssertionError):
        holds(lambda h: h * float(h.shape[0]), 4)


@st.composite
def transposed(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, ...]]:
    """Any transposed convolution with at least one output, and the shape of what it takes."""
    n, groups = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    each = {name: [draw(st.integers(1, 3)) for _ in range(n)] for name in ("kernel", "stride", "dilation", "size")}
    extra, padding = [], []
    for k in range(n):
        extra.append(draw(st.integers(0, max(each["stride"][k], each["dilation"][k]) - 1)))
        whole = (each["size"][k] - 1) * each["stride"][k] + each["dilation"][k] * (each["kernel"][k] - 1) + extra[k] + 1
        padding.append(draw(st.integers(0, min(2, (whole - 1) // 2))))
    wide, out = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kind = (nn.ConvTranspose1d, nn.ConvTranspose2d)[n - 1]
    torch.manual_seed(0)
    layer = kind(
        *(wide, out, each["kernel"], each["stride"], padding, extra, groups),
        bias=draw(st.booleans()),
        dilation=each["dilation"],
    )
    return nn.Sequential(nn.ReLU(), layer), (wide, *each["size"])


@QUICK
@given(transposed())
def test_any_transposed_convolution(made: tuple[nn.Module, tuple[int, ...]]) -> None:
    model, shape = made
    holds(model, *shape)


@QUICK
@given(SIZES, st.data())
def test_softmax_along_any_axis(shape: list[int], data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, len(shape)))
    dim = data.draw(st.sampled_from([dim, dim - len(shape) - 1]))
    call = data.draw(st.sampled_from([F.softmax, F.log_softmax]))
    holds(lambda h: 2 * call(h, dim=dim), *shape)


@QUICK
@given(SIZES, st.data())
def test_norms_over_any_axes(shape: list[int], data: st.DataObject) -> None:
    axes = shape[-data.draw(st.integers(1, len(shape))) :]
    kind = data.draw(st.sampled_from([nn.LayerNorm, nn.RMSNorm]))
    holds(nn.Sequential(nn.ReLU(), kind(axes, eps=0.1)), *shape)


@QUICK
@given(st.integers(1, 3), st.integers(2, 3), st.lists(st.integers(2, 3), max_size=2), st.booleans())
def test_group_norm_of_any_map(groups: int, wide: int, space: list[int], affine: bool) -> None:
    holds(nn.Sequential(nn.ReLU(), nn.GroupNorm(groups, groups * wide, 0.1, affine)), groups * wide, *space)


@QUICK
@given(SIZES, st.data())
def test_any_permutation(shape: list[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(1, len(shape) + 1)))
    holds(lambda h: h.permute(0, *order) + 1, *shape)


@QUICK
@given(SIZES, st.data())
def test_any_detour_of_the_batch(shape: list[int], data: st.DataObject) -> None:
    """The batch axis goes anywhere and comes back."""
    order = data.draw(st.permutations(range(len(shape) + 1)))
    back = [order.index(d) for d in range(len(order))]
    holds(lambda h: (h.permute(order) * 2).permute(back), *shape)


@QUICK
@given(SIZES, st.data())
def test_any_reshape(shape: list[int], data: st.DataObject) -> None:
    size = prod(shape)
    first = data.draw(st.sampled_from([d for d in range(1, size + 1) if size % d == 0]))
    holds(lambda h: h.reshape(-1, first, size // first), *shape)


@QUICK
@given(SIZES, st.data())
def test_any_cat_of_splits(shape: list[int], data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, len(shape)))
    size = data.draw(st.integers(1, shape[dim - 1]))
    other = data.draw(st.integers(1, len(shape)))

    def op(h: Tensor) -> Tensor:
        parts = h.split(size, dim)
        whole = torch.cat(parts[::-1], dim - len(shape) - 1)
        return torch.cat([whole, h], other)

    holds(op, *shape)


@QUICK
@given(SIZES, st.data())
def test_any_index(shape: list[int], data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, len(shape)))
    size = shape[dim - 1]
    picks = torch.tensor(data.draw(st.lists(st.integers(-size, size - 1), min_size=1, max_size=5)))
    holds(lambda h: h[(slice(None),) * dim + (picks,)] + h.index_select(dim, picks % size), *shape)


@QUICK
@given(SIZES, st.data())
def test_any_slice(shape: list[int], data: st.DataObject) -> None:
    dim = data.draw(st.integers(1, len(shape)))
    size = shape[dim - 1]
    begin = data.draw(st.integers(-size, size - 1))
    part = slice(begin, data.draw(st.integers(begin % size + 1, size + 2)), data.draw(st.integers(1, 3)))
    holds(lambda h: h[(slice(None),) * dim + (part,)] * 2, *shape)


@QUICK
@given(SIZES, st.data())
def test_any_roll_and_flip(shape: list[int], data: st.DataObject) -> None:
    dims = data.draw(st.lists(st.integers(1, len(shape)), min_size=1, max_size=2, unique=True))
    shifts = [data.draw(st.integers(-5, 5)) for _ in dims]
    holds(lambda h: h.roll(shifts, dims) - h.flip(dims), *shape)


@QUICK
@given(SIZES, st.data())
def test_any_repeat(shape: list[int], data: st.DataObject) -> None:
    times = [data.draw(st.integers(1, 2)) for _ in shape]
    dim = data.draw(st.integers(1, len(shape)))
    holds(lambda h: h.repeat(1, *times).repeat_interleave(2, dim=dim), *shape)


@QUICK
@given(SIZES, st.data())
def test_any_sum_mean_and_maximum(shape: list[int], data: st.DataObject) -> None:
    dims = data.draw(st.lists(st.integers(1, len(shape)), min_size=1, max_size=2, unique=True))
    keep = data.draw(st.booleans())
    name = data.draw(st.sampled_from(["sum", "mean", "amax"]))
    holds(lambda h: getattr(h, name)(dims, keepdim=keep), *shape)


@QUICK
@given(st.lists(st.integers(1, 3), max_size=2), st.data())
def test_any_broadcast_of_matrix_products(front: list[int], data: st.DataObject) -> None:
    """Leading axes that are equal, one, or missing on either side."""
    m, k, n = (data.draw(st.integers(1, 3)) for _ in range(3))
    left, right = ([data.draw(st.sampled_from([1, s])) for s in front] for _ in range(2))
    size = prod(left) * m * k

    def op(h: Tensor) -> Tensor:
        a = h[:, :size].reshape(-1, *left, m, k)
        b = h[:, size:].reshape(-1, *right, k, n)
        return a @ b

    holds(op, size + prod(right) * k * n)


@QUICK
@given(st.lists(st.integers(1, 3), max_size=2), st.data())
def test_any_broadcast_of_sums_and_products(front: list[int], data: st.DataObject) -> None:
    left, right = ([data.draw(st.sampled_from([1, s])) for s in front] for _ in range(2))
    call: Any = data.draw(st.sampled_from([torch.add, torch.mul, torch.sub, torch.maximum]))
    size = prod(left)
    holds(lambda h: call(h[:, :size].reshape(-1, *left), h[:, size:].reshape(-1, *right)), size + prod(right))


@st.composite
def equations(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """'bxy,byz->bzx' and the like: an axis is of the batch, of one operand, shared and kept, or summed."""
    sizes = {"b": 3} | {c: draw(st.integers(1, 3)) for c in "ijklm"}
    kinds = {c: draw(st.sampled_from(["left", "right", "kept", "summed"])) for c in "ijkl"}
    first = ["b", *(c for c, kind in kinds.items() if kind != "right")]
    second = ["b", *(c for c, kind in kinds.items() if kind != "left")]
    out = ["b", *(c for c, kind in kinds.items() if kind != "summed")]
    first, second = (["b", *draw(st.permutations(side[1:]))] for side in (first, second))
    out = ["b", *draw(st.permutations(out[1:]))]
    return f"{''.join(first)},{''.join(second)}->{''.join(out)}", sizes


@QUICK
@given(equations())
def test_any_einsum(made: tuple[str, dict[str, int]]) -> None:
    equation, sizes = made
    left, right = equation.split("->")[0].split(",")
    shapes = [[sizes[c] for c in side[1:]] for side in (left, right)]
    size = prod(shapes[0])

    def op(h: Tensor) -> Tensor:
        return torch.einsum(equation, h[:, :size].reshape(-1, *shapes[0]), h[:, size:].reshape(-1, *shapes[1]))

    holds(op, size + prod(shapes[1]))
