"""More small torch models, one for every further rule; the conventions are those of models.py.

Most are y = op(relu(first(x))) or y = op(first(x)); some read two streams, ids, or a whole sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from models import FIRST, After, Bare, Two, normed, samples
from torch import Tensor, nn

A, B = After, Bare
aten = torch.ops.aten


def with_gains(norm: nn.Module) -> nn.Module:
    """A normalisation whose gain and shift are not one and zero."""
    with torch.no_grad():
        for value in norm.parameters():
            value.normal_()
    return norm


class Weighing(nn.Module):
    """y = op(h, p), p a parameter."""

    def __init__(self, op: Callable[[Tensor, Tensor], Tensor], *shape: int) -> None:
        super().__init__()
        self.op, self.p = op, nn.Parameter(torch.randn(*shape))

    def forward(self, h: Tensor) -> Tensor:
        return self.op(h, self.p)


class Then(nn.Module):
    """y = linear(op(h)): what op answers is not only read out."""

    def __init__(self, op: Callable[[Tensor], Tensor], features: int) -> None:
        super().__init__()
        self.op, self.linear = op, nn.Linear(features, 3)

    def forward(self, h: Tensor) -> Tensor:
        return self.linear(self.op(h))


class Rms(nn.Module):
    """RMSNorm in the words of the language models: power, mean, rsqrt, two products."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(features))

    def forward(self, h: Tensor) -> Tensor:
        return self.weight * (h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-3))


class Heads(nn.Module):
    """Attention over tokens (B, 5, 8): `heads` query heads on `keys` key heads, and what the call is told."""

    def __init__(self, heads: int = 2, keys: int | None = None, **told: Any) -> None:
        super().__init__()
        self.heads, self.keys, self.told = heads, keys or heads, told
        self.q, self.k, self.v = (nn.Linear(8, 4 * n) for n in (heads, self.keys, self.keys))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            layer(x).unflatten(-1, (n, 4)).transpose(1, 2)
            for layer, n in ((self.q, self.heads), (self.k, self.keys), (self.v, self.keys))
        )
        return F.scaled_dot_product_attention(q, k, v, **self.told).transpose(1, 2).flatten(2)


class Rotary(nn.Module):
    """q kᵀ of rotated tokens (B, 5, 8): cos and sin tables of the position, halves swapped and negated."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k = nn.Linear(8, 8), nn.Linear(8, 8)
        angle = torch.arange(5.0)[:, None] * 10.0 ** -(torch.arange(4.0) / 4)
        angle = torch.cat([angle, angle], -1)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())

    def turned(self, h: Tensor) -> Tensor:
        first, second = h.chunk(2, -1)
        return h * self.cos + torch.cat([-second, first], -1) * self.sin

    def forward(self, h: Tensor) -> Tensor:
        return self.turned(self.q(h)) @ self.turned(self.k(h)).transpose(-1, -2)


class Words(nn.Module):
    """ids (B, 5) of 11 words: embeddings of word, position and type, normed, and scored by the same table."""

    def __init__(self, tied: bool = False) -> None:
        super().__init__()
        self.word, self.position, self.kind = nn.Embedding(11, 8, padding_idx=0), nn.Embedding(7, 8), nn.Embedding(2, 8)
        self.register_buffer("places", torch.arange(7)[None])
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 11, bias=False)
        if tied:
            self.head.weight = self.word.weight

    def forward(self, ids: Tensor) -> Tensor:
        places = self.places[:, : ids.shape[1]]
        h = self.word(ids) + self.position(places) + self.kind(torch.zeros_like(places))
        return self.head(self.norm(h))


class ClassToken(nn.Module):
    """Tokens (B, 5, 8) behind one of their own, plus positions: the entrance of a vision transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.token, self.position = nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(torch.randn(1, 6, 8))
        self.linear = nn.Linear(8, 3)

    def forward(self, h: Tensor) -> Tensor:
        h = torch.cat([self.token.expand(h.shape[0], -1, -1), h], 1) + self.position
        return self.linear(F.relu(h))[:, 0]


class Sequential(nn.Module):
    """A recurrent layer over tokens (B, 5, 8) -> its outputs, or all its last states side by side."""

    def __init__(self, layer: nn.Module, last: bool = False) -> None:
        super().__init__()
        self.layer, self.last = layer, last

    def forward(self, h: Tensor) -> Tensor:
        out, state = self.layer(h if self.layer.batch_first else h.transpose(0, 1))
        if self.last:
            states = state if isinstance(state, tuple) else (state,)
            return torch.cat([s.transpose(0, 1).flatten(1) for s in states], -1)
        return out if self.layer.batch_first else out.transpose(0, 1)


class Started(nn.Module):
    """A recurrent layer with a state of its own to begin with."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.state = layer, nn.Parameter(torch.randn(1, 1, 4))

    def forward(self, h: Tensor) -> Tensor:
        state = self.state.expand(-1, h.shape[0], -1)
        return self.layer(h, (state, state) if isinstance(self.layer, nn.LSTM) else state)[0]


class SelfAttention(nn.Module):
    """nn.MultiheadAttention of tokens with themselves."""

    def __init__(self, **told: Any) -> None:
        super().__init__()
        self.weights = told.pop("need_weights", False)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, **told)

    def forward(self, h: Tensor) -> Tensor:
        return self.attention(h, h, h, need_weights=self.weights)[int(self.weights)]


class Translator(nn.Module):
    """nn.Transformer with a causal mask of −∞ in a buffer: tokens (B, 5, 6) are source and target."""

    def __init__(self, **told: Any) -> None:
        super().__init__()
        self.source, self.target = nn.Linear(6, 8), nn.Linear(6, 8)
        self.inner = nn.Transformer(8, 2, 1, 1, 12, batch_first=True, **told)
        self.register_buffer("causal", nn.Transformer.generate_square_subsequent_mask(5))

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(self.source(x), self.target(x), tgt_mask=self.causal, tgt_is_causal=True)


class Masked(nn.Module):
    """Attention of x (B, 5, 6) that sees only where `allowed(mask)`, mask (B, 5)."""

    def __init__(self, allowed: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.allowed = allowed
        self.q, self.k, self.v = (nn.Linear(6, 8) for _ in range(3))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = (layer(x).unflatten(-1, (2, 4)).transpose(1, 2) for layer in (self.q, self.k, self.v))
        seen = self.allowed(mask[:, None, None, :])
        return F.scaled_dot_product_attention(q, k, v, attn_mask=seen).transpose(1, 2).flatten(2)


class Decoding(nn.Module):
    """A decoder layer whose memory is made of the same tokens."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.memory, self.layer = nn.Linear(8, 8), layer

    def forward(self, h: Tensor) -> Tensor:
        return self.layer(h, self.memory(h))


def perturbed(model: nn.Module) -> nn.Module:
    """Every parameter moved a little: zero biases and unit gains hide mistakes."""
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.1 * torch.randn_like(value))
    return model


def _encoder(layers: int = 1, **told: Any) -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, **told)
    model = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False) if layers > 1 else layer
    return perturbed(model)


def _decoder(**told: Any) -> nn.Module:
    return perturbed(Decoding(nn.TransformerDecoderLayer(8, 2, 12, batch_first=True, **told)))


def _resized(h: Tensor) -> Tensor:
    return aten.upsample_nearest2d.default(aten.upsample_bilinear2d.default(h, [9, 4], False), [5, 11])


def _rows(op: Callable[[Tensor], Tensor]) -> Callable[[], Callable[[Tensor], Tensor]]:
    return lambda: op


MASK = torch.tensor(
    [[1, 1, 0, 0, 1], [0, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 1, 0], [1, 0, 1, 0, 1]], dtype=torch.bool
)
FLOAT_MASK = torch.linspace(-2, 2, 25).reshape(5, 5).masked_fill(~MASK, float("-inf"))
EVEN = torch.arange(8) % 2 == 0
PICK = torch.tensor([[[0, 3, 1, 2, 2, 0, 4, 1]]])

ONE: dict[str, tuple[type[nn.Module], str, Callable[[], Any]]] = {
    # activations
    "gelu": (B, "map", nn.GELU),
    "gelu tanh": (B, "map", lambda: nn.GELU("tanh")),
    "silu": (B, "map", nn.SiLU),
    "sigmoid": (B, "map", nn.Sigmoid),
    "tanh": (B, "map", nn.Tanh),
    "exp": (B, "map", _rows(torch.exp)),
    "log": (A, "map", _rows(lambda h: torch.log(h + 0.5))),
    "sqrt": (A, "map", _rows(lambda h: torch.sqrt(h + 0.5))),
    "rsqrt": (A, "map", _rows(lambda h: torch.rsqrt(h + 0.5))),
    "reciprocal": (A, "map", _rows(lambda h: torch.reciprocal(h + 0.5))),
    "reciprocal of negatives": (A, "map", _rows(lambda h: 1 / (-h - 0.5))),
    "hardswish": (B, "map", lambda: lambda a: F.hardswish(4 * a)),
    "hardsigmoid": (B, "map", lambda: lambda a: F.hardsigmoid(4 * a)),
    "elu": (B, "map", lambda: nn.ELU(0.7)),
    "selu": (B, "map", nn.SELU),
    "celu": (B, "map", lambda: nn.CELU(0.4)),
    "softplus": (B, "map", nn.Softplus),
    "softplus, sharp": (B, "map", lambda: nn.Softplus(beta=3.0)),
    "mish": (B, "map", nn.Mish),
    "sin": (B, "map", lambda: lambda a: torch.sin(3 * a)),
    "cos": (B, "map", lambda: lambda a: torch.cos(3 * a)),
    "erf": (B, "map", _rows(torch.erf)),
    "prelu": (B, "map", lambda: nn.PReLU(init=-0.3)),
    "prelu, a slope a channel": (B, "map", lambda: with_gains(nn.PReLU(4))),
    "prelu of vectors": (B, "vector", lambda: with_gains(nn.PReLU(8))),
    "abs": (B, "map", _rows(torch.abs)),
    "clamp_min": (B, "map", _rows(lambda a: torch.clamp_min(a, -0.2))),
    "clamp_max": (B, "map", _rows(lambda a: torch.clamp_max(a, 0.3))),
    "clamp above": (B, "map", _rows(lambda a: a.clamp(max=0.3))),
    "square": (B, "map", _rows(torch.square)),
    "cube": (B, "map", _rows(lambda a: a.pow(3))),
    "root by power": (A, "map", _rows(lambda h: (h + 0.5) ** 0.5)),
    "inverse by power": (A, "map", _rows(lambda h: (h + 0.5) ** -1)),
    "inverse square": (A, "map", _rows(lambda h: (h + 0.5) ** -2)),
    "gelu, then linear": (B, "tokens", lambda: nn.Sequential(nn.GELU(), nn.Linear(8, 3))),
    "glu": (B, "map", lambda: nn.GLU(1)),
    "glu, last axis": (B, "tokens", lambda: nn.GLU()),
    # groups
    "softmax": (B, "tokens", lambda: Then(partial(F.softmax, dim=-1), 8)),
    "softmax over tokens": (B, "tokens", lambda: Then(partial(F.softmax, dim=1), 8)),
    "softmax read out": (B, "vector", lambda: nn.Softmax(-1)),
    "log_softmax": (B, "tokens", lambda: Then(partial(F.log_softmax, dim=-1), 8)),
    "log_softmax read out": (B, "vector", lambda: nn.LogSoftmax(1)),
    "gelu, softmax read out": (B, "vector", lambda: nn.Sequential(nn.GELU(), nn.Softmax(-1))),
    "layer_norm": (B, "tokens", lambda: with_gains(nn.LayerNorm(8))),
    "layer_norm, bare": (B, "tokens", lambda: nn.LayerNorm(8, eps=0.1, elementwise_affine=False)),
    "layer_norm over two axes": (B, "tokens", lambda: with_gains(nn.LayerNorm((5, 8)))),
    "layer_norm, then linear": (B, "tokens", lambda: nn.Sequential(with_gains(nn.LayerNorm(8)), nn.Linear(8, 3))),
    "group_norm": (B, "map", lambda: with_gains(nn.GroupNorm(2, 4))),
    "group_norm of vectors": (B, "vector", lambda: with_gains(nn.GroupNorm(2, 8))),
    "rms_norm": (B, "tokens", lambda: with_gains(nn.RMSNorm(8, eps=1e-3))),
    "rms_norm, torch's own eps": (B, "tokens", lambda: nn.RMSNorm(8)),
    "rms_norm spelled out": (B, "tokens", lambda: Rms(8)),
    "instance_norm": (B, "map", lambda: with_gains(nn.InstanceNorm2d(4, affine=True))),
    "instance_norm1d": (B, "sequence", lambda: nn.InstanceNorm1d(4)),
    "instance_norm, tracked": (B, "map", lambda: normed(nn.InstanceNorm2d(4, affine=True, track_running_stats=True))),
    "batch_norm after a product": (
        A,
        "map",
        lambda: nn.Sequential(Weighing(lambda h, p: h * h[:, :1] * p, 4, 1, 1), normed(nn.BatchNorm2d(4)), nn.ReLU()),
    ),
    "batch_norm3d": (A, "volume", lambda: normed(nn.BatchNorm3d(4))),
    "max over an axis": (A, "map", _rows(lambda h: h.max(1).values)),
    "max over an axis, kept": (A, "map", _rows(lambda h: h.max(-1, keepdim=True)[0])),
    "amax": (A, "map", _rows(lambda h: h.amax((1, 3)))),
    "amax, kept": (B, "map", _rows(lambda h: h.amax(2, keepdim=True))),
    "adaptive_max_pool2d": (A, "map", lambda: nn.AdaptiveMaxPool2d((3, 2))),
    "adaptive_max_pool1d": (A, "sequence", lambda: nn.AdaptiveMaxPool1d(3)),
    "adaptive_max_pool3d": (A, "volume", lambda: nn.AdaptiveMaxPool3d(2)),
    # sums
    "sum": (A, "map", _rows(lambda h: h.sum((2, 3)))),
    "sum, kept": (A, "map", _rows(lambda h: h.sum(1, keepdim=True))),
    "cumsum": (A, "tokens", _rows(lambda h: h.cumsum(1))),
    "cumsum, last axis": (A, "map", _rows(lambda h: h.cumsum(-1))),
    "uneven adaptive_avg_pool2d": (A, "map", lambda: nn.AdaptiveAvgPool2d((4, 5))),
    "uneven adaptive_avg_pool1d": (A, "sequence", lambda: nn.AdaptiveAvgPool1d(4)),
    "uneven adaptive_avg_pool3d": (A, "volume", lambda: nn.AdaptiveAvgPool3d((3, 1, 3))),
    "growing adaptive_avg_pool1d": (A, "sequence", lambda: nn.AdaptiveAvgPool1d(12)),
    # matrices
    "matmul, stream by constant": (A, "tokens", lambda: Weighing(torch.matmul, 8, 3)),
    "matmul, constant by stream": (A, "tokens", lambda: Weighing(lambda h, p: p @ h, 3, 5)),
    "matmul of a stream with itself": (A, "tokens", _rows(lambda h: h @ h.transpose(1, 2))),
    "bmm": (A, "tokens", _rows(lambda h: torch.bmm(h[:, :3], h[:, 1:].transpose(1, 2)))),
    "mm": (A, "vector", lambda: Weighing(torch.mm, 8, 3)),
    "addmm": (A, "vector", lambda: Weighing(lambda h, p: torch.addmm(p[0], h, p), 8, 3)),
    "baddbmm": (A, "tokens", _rows(lambda h: torch.baddbmm(torch.ones(5, 5), h, h.transpose(1, 2), beta=0.5, alpha=2))),
    "einsum of two streams": (A, "map", _rows(lambda h: torch.einsum("bchw,bdhw->bcdh", h, h[:, :2]))),
    "einsum, outer": (A, "vector", _rows(lambda h: torch.einsum("bi,bj->bji", h, h[:, :3]))),
    "einsum with a constant": (A, "tokens", lambda: Weighing(partial(torch.einsum, "btc,cd->bdt"), 8, 3)),
    "einsum, constant first": (A, "tokens", lambda: Weighing(lambda h, p: torch.einsum("dt,btc->bdc", p, h), 3, 5)),
    # attention
    "attention": (B, "tokens", Heads),
    "attention, bool mask": (B, "tokens", lambda: Heads(attn_mask=MASK)),
    "attention, float mask": (B, "tokens", lambda: Heads(attn_mask=FLOAT_MASK)),
    "attention, causal": (B, "tokens", lambda: Heads(is_causal=True)),
    "attention, scale": (B, "tokens", lambda: Heads(scale=0.25)),
    "attention, grouped heads": (B, "tokens", lambda: Heads(4, 2, enable_gqa=True)),
    "rotary": (B, "tokens", Rotary),
    # selections
    "class token": (A, "tokens", ClassToken),
    "stack": (A, "tokens", _rows(lambda h: torch.stack([h, 2 * h, -h], 1))),
    "stack at the end": (A, "vector", _rows(lambda h: torch.stack([h, h + 1], -1))),
    "cat with a constant": (
        A,
        "tokens",
        lambda: Weighing(lambda h, p: torch.cat([h, p.expand(len(h), -1, -1), h[:, :2]], 1), 1, 2, 8),
    ),
    "repeat": (A, "vector", _rows(lambda h: h.repeat(1, 3))),
    "repeat into a new axis": (A, "map", _rows(lambda h: h.repeat(1, 2, 1, 3))),
    "repeat_interleave": (A, "map", _rows(lambda h: h.repeat_interleave(2, dim=1))),
    "unbind": (A, "tokens", _rows(lambda h: h.unbind(1)[3] - h.unbind(1)[0])),
    "chunk": (A, "vector", _rows(lambda h: torch.cat(h.chunk(3, 1)[::-1], 1))),
    "split": (A, "tokens", _rows(lambda h: h.split(2, 1)[2] + h.split(2, 1)[0])),
    "split with sizes": (A, "vector", _rows(lambda h: h.split([1, 4, 3], -1)[1])),
    "tensor_split": (A, "tokens", _rows(lambda h: h.tensor_split(3, 1)[2])),
    "roll": (A, "map", _rows(lambda h: h.roll((2, -1), (2, 3)))),
    "roll all": (A, "vector", _rows(lambda h: h[:, :, None].flatten(1).roll(3, 1))),
    "flip": (A, "map", _rows(lambda h: h.flip(1, -1))),
    "unfold": (A, "sequence", _rows(lambda h: h.unfold(2, 3, 2))),
    "unfold, middle axis": (A, "tokens", _rows(lambda h: h.unfold(1, 2, 1))),
    "index_select": (A, "map", _rows(lambda h: h.index_select(2, torch.tensor([5, 0, 0, 3])))),
    "index by a list": (A, "map", _rows(lambda h: h[:, [2, 0, 3, 3]])),
    "index by negatives": (A, "map", _rows(lambda h: h[:, :, torch.tensor([-1, -3])])),
    "index by a table": (A, "map", _rows(lambda h: h[:, :, torch.tensor([[0, 1], [5, 2]])])),
    "index by two lists": (A, "map", _rows(lambda h: h[:, :, torch.tensor([0, 1]), torch.tensor([3, 2])])),
    "index by a mask": (A, "vector", _rows(lambda h: h[:, EVEN])),
    "gather": (A, "tokens", _rows(lambda h: h.gather(1, PICK.expand(h.shape[0], -1, -1)))),
    "where": (A, "tokens", _rows(lambda h: torch.where(EVEN, h, -h))),
    "where, constant": (A, "tokens", _rows(lambda h: torch.where(EVEN, h, 0.5))),
    "masked_fill": (A, "tokens", _rows(lambda h: h.masked_fill(~EVEN, -1.5))),
    "masked_fill with never": (
        B,
        "tokens",
        lambda: Then(lambda h: F.softmax(h.masked_fill(~EVEN, float("-inf")), -1), 8),
    ),
    "tril": (A, "tokens", _rows(lambda h: (h @ h.transpose(1, 2)) * torch.tril(torch.ones(5, 5)))),
    "where, constant first": (A, "tokens", _rows(lambda h: torch.where(EVEN, 0.5, h))),
    "masked_fill with a tensor": (A, "tokens", _rows(lambda h: h.masked_fill(EVEN, torch.tensor(2.0)))),
    # maps made larger, smaller or rearranged
    "conv_transpose2d": (A, "map", lambda: nn.ConvTranspose2d(4, 3, 3)),
    "conv_transpose2d strided": (A, "map", lambda: nn.ConvTranspose2d(4, 3, 3, 2, 1, output_padding=1)),
    "conv_transpose2d grouped": (
        A,
        "map",
        lambda: nn.ConvTranspose2d(4, 6, (2, 3), (2, 1), (0, 2), groups=2, dilation=2),
    ),
    "conv_transpose1d": (A, "sequence", lambda: nn.ConvTranspose1d(4, 3, 4, 3, 2, output_padding=1)),
    "conv_transpose1d depthwise": (A, "sequence", lambda: nn.ConvTranspose1d(4, 8, 2, 2, groups=4, bias=False)),
    "conv_transpose3d": (A, "volume", lambda: nn.ConvTranspose3d(4, 2, 2, 2, 1)),
    "nearest, factor": (A, "map", lambda: nn.Upsample(scale_factor=2)),
    "nearest, size": (A, "map", lambda: nn.Upsample(size=(9, 4))),
    "nearest, odd factor": (A, "map", _rows(lambda h: F.interpolate(h, scale_factor=(1.4, 0.5)))),
    "nearest1d": (A, "sequence", lambda: nn.Upsample(scale_factor=3)),
    "nearest3d": (A, "volume", lambda: nn.Upsample(scale_factor=2)),
    "linear1d": (A, "sequence", lambda: nn.Upsample(size=5, mode="linear")),
    "bilinear": (A, "map", lambda: nn.Upsample(scale_factor=2, mode="bilinear")),
    "bilinear, aligned": (A, "map", lambda: nn.Upsample(size=(9, 4), mode="bilinear", align_corners=True)),
    "bilinear, size": (A, "map", lambda: nn.Upsample(size=(4, 11), mode="bilinear")),
    "bicubic": (A, "map", lambda: nn.Upsample(scale_factor=1.5, mode="bicubic")),
    "bicubic, aligned": (A, "map", lambda: nn.Upsample(size=(9, 8), mode="bicubic", align_corners=True)),
    "trilinear": (A, "volume", lambda: nn.Upsample(size=(6, 4, 3), mode="trilinear")),
    "pixel_shuffle": (A, "map", lambda: nn.PixelShuffle(2)),
    "pixel_unshuffle": (A, "map", lambda: nn.PixelUnshuffle(3)),
    "channel_shuffle": (A, "map", lambda: nn.ChannelShuffle(2)),
    "im2col": (A, "map", lambda: nn.Unfold((3, 2), dilation=(1, 2), padding=1, stride=(2, 1))),
    # what only a lowered program holds
    "lowered softmax": (B, "tokens", lambda: Then(lambda h: aten._softmax.default(h, -1, False), 8)),
    "lowered log_softmax": (B, "tokens", lambda: Then(lambda h: aten._log_softmax.default(h, -1, False), 8)),
    "lowered resizing": (A, "map", _rows(lambda h: _resized(h))),
    "lowered copies": (A, "map", _rows(lambda h: aten.split.sizes(aten._to_copy.default(h), [1, 3], 1)[1])),
    "lowered nearest1d": (A, "sequence", _rows(lambda h: aten.upsample_nearest1d.default(h, [13]))),
    # recurrent layers
    "rnn": (A, "tokens", lambda: Sequential(nn.RNN(8, 4, batch_first=True))),
    "rnn relu": (A, "tokens", lambda: Sequential(nn.RNN(8, 4, nonlinearity="relu", batch_first=True))),
    "rnn, time first": (A, "tokens", lambda: Sequential(nn.RNN(8, 4))),
    "rnn, two layers, both directions": (
        A,
        "tokens",
        lambda: Sequential(nn.RNN(8, 3, 2, batch_first=True, bidirectional=True), last=True),
    ),
    "rnn without bias": (A, "tokens", lambda: Sequential(nn.RNN(8, 4, bias=False, batch_first=True))),
    "rnn, started": (A, "tokens", lambda: Started(nn.RNN(8, 4, batch_first=True))),
    "lstm": (A, "tokens", lambda: Sequential(nn.LSTM(8, 4, batch_first=True))),
    "lstm, time first, last states": (A, "tokens", lambda: Sequential(nn.LSTM(8, 4), last=True)),
    "lstm, both directions": (A, "tokens", lambda: Sequential(nn.LSTM(8, 3, bidirectional=True, batch_first=True))),
    "lstm, two layers": (A, "tokens", lambda: Sequential(nn.LSTM(8, 3, 2, batch_first=True), last=True)),
    "lstm without bias": (A, "tokens", lambda: Sequential(nn.LSTM(8, 3, bias=False, batch_first=True))),
    "lstm, started": (A, "tokens", lambda: Started(nn.LSTM(8, 4, batch_first=True))),
    "gru": (A, "tokens", lambda: Sequential(nn.GRU(8, 4, batch_first=True))),
    "gru, time first, both directions": (A, "tokens", lambda: Sequential(nn.GRU(8, 3, bidirectional=True), last=True)),
    "gru, two layers": (A, "tokens", lambda: Sequential(nn.GRU(8, 3, 2, batch_first=True))),
    "gru without bias": (A, "tokens", lambda: Sequential(nn.GRU(8, 3, bias=False, batch_first=True))),
    "gru, started": (A, "tokens", lambda: Started(nn.GRU(8, 4, batch_first=True))),
    # transformers
    "multihead attention": (B, "tokens", lambda: perturbed(SelfAttention())),
    "multihead attention, weights": (B, "tokens", lambda: perturbed(SelfAttention(need_weights=True))),
    "multihead attention, bias_kv": (B, "tokens", lambda: SelfAttention(add_bias_kv=True)),
    "encoder layer": (B, "tokens", _encoder),
    "encoder layer, norm first, gelu": (B, "tokens", lambda: _encoder(norm_first=True, activation="gelu")),
    "encoder of two": (B, "tokens", lambda: _encoder(2)),
    "decoder layer": (B, "tokens", _decoder),
    "decoder layer, norm first, gelu": (B, "tokens", lambda: _decoder(norm_first=True, activation="gelu")),
}

PAIRS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "max, two streams": torch.max,
    "min, two streams": torch.min,
    "divide": lambda a, b: a / (b + 1.0),
    "multiply": torch.mul,
    "multiply, broadcast": lambda a, b: a * b[:, :1],
    "matmul": lambda a, b: a.unflatten(1, (2, 4)) @ b.unflatten(1, (4, 2)),
    "einsum": lambda a, b: torch.einsum("bij,bkj->bik", a.unflatten(1, (2, 4)), b.unflatten(1, (2, 4))),
    "stack": lambda a, b: torch.stack([a, b], 1),
    "where": lambda a, b: torch.where(EVEN, a, b),
}

CAUSAL = torch.ones(5, 5, dtype=torch.bool).tril()
NEVER = float("-inf")
MASKED: dict[str, Callable[[Tensor], Tensor]] = {
    "unequal 0": lambda m: m != 0,
    "equal 1": lambda m: m == 1,
    "above 0": lambda m: m > 0,
    "at least 1": lambda m: m >= 1,
    "not below 1": lambda m: ~(m < 1),
    "not equal 0": lambda m: torch.logical_not(m == 0),
    "bool": lambda m: m.bool(),
    "and causal": lambda m: (m != 0) & CAUSAL,
    "causal and": lambda m: torch.bitwise_and(CAUSAL, m != 0),
    "logical_and": lambda m: torch.logical_and(m.bool(), CAUSAL),
    "a number where not": lambda m: (1.0 - m.float()) * -1e4,
    "the smallest number where not": lambda m: (1.0 - m.float()) * torch.finfo(torch.float32).min,
    "where": lambda m: torch.where(m != 0, 0.0, -1e9),
    "masked_fill": lambda m: torch.zeros(5, 5).masked_fill(m == 0, NEVER),
}
MASKED_BOOL: dict[str, Callable[[Tensor], Tensor]] = {
    "as it is": lambda m: m,
    "not not": lambda m: ~~m,
    "and causal": lambda m: m & CAUSAL,
    "and, in a row": lambda m: torch.bitwise_and(m, CAUSAL),
    "masked_fill": lambda m: torch.zeros(5, 5).masked_fill(~m, NEVER),
}
PADDING = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [1, 0, 1, 1, 0]])


def masked_model(allowed: Callable[[Tensor], Tensor]) -> nn.Module:
    """A model that reads a mask, in evaluation mode."""
    torch.manual_seed(3)
    return Masked(allowed).eval()


def one_model(name: str, batch: int = 4) -> tuple[nn.Module, Tensor]:
    """A rule's model, in evaluation mode, and samples for it."""
    wrap, kind, make = ONE[name]
    first, shape = FIRST[kind]
    torch.manual_seed(3)
    return wrap(first(), make()).eval(), samples(batch, *shape)


def pair_model(name: str, batch: int = 4) -> tuple[nn.Module, Tensor]:
    """A model of two streams, in evaluation mode, and samples for it."""
    torch.manual_seed(3)
    return Two(nn.Linear(6, 8), nn.Linear(6, 8), PAIRS[name]).eval(), samples(batch, 6)
