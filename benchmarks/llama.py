"""stories260K: a trained Llama of 260,000 parameters, and its tokenizer of 512 entries.

File format: llama2.c (Karpathy 2023), legacy version 0.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.sources import DATA

FOLDER = DATA / "weights" / "stories260k"
BOS = 1
BYTES = 3  # the ids below are unknown, begin and end; then come the 256 bytes


class Attention(nn.Module):
    """Causal attention with grouped keys and values; positions turn pairs of neighbouring features."""

    def __init__(self, dim: int, heads: int, kv_heads: int) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads, dim // heads
        self.wq = nn.Linear(dim, dim, bias=False)
        self.wk = nn.Linear(dim, kv_heads * self.size, bias=False)
        self.wv = nn.Linear(dim, kv_heads * self.size, bias=False)
        self.wo = nn.Linear(dim, dim, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: list[Tensor] | None = None) -> Tensor:
        """x (B, L, D) -> (B, L, D); with a cache [k, v], x is what follows it."""
        batch, length, _ = x.shape
        q = rotate(self.wq(x).view(batch, length, self.heads, self.size), cos, sin).transpose(1, 2)
        k = rotate(self.wk(x).view(batch, length, self.kv_heads, self.size), cos, sin).transpose(1, 2)
        v = self.wv(x).view(batch, length, self.kv_heads, self.size).transpose(1, 2)
        if cache is not None:
            k, v = cache[:] = (
                [torch.cat([old, new], 2) for old, new in zip(cache, (k, v), strict=True)] if cache else [k, v]
            )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1, enable_gqa=True)
        return self.wo(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention, then a gated network, each behind an RMSNorm and added to the stream."""

    def __init__(self, dim: int, hidden: int, heads: int, kv_heads: int) -> None:
        super().__init__()
        self.rms_att, self.rms_ffn = nn.RMSNorm(dim, 1e-5), nn.RMSNorm(dim, 1e-5)
        self.attention = Attention(dim, heads, kv_heads)
        self.w1 = nn.Linear(dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)
        self.w3 = nn.Linear(dim, hidden, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: list[Tensor] | None = None) -> Tensor:
        x = x + self.attention(self.rms_att(x), cos, sin, cache)
        y = self.rms_ffn(x)
        return x + self.w2(F.silu(self.w1(y)) * self.w3(y))


class Llama(nn.Module):
    """forward(ids (B, L)) -> logits (B, L, V); the head is the embedding."""

    cos: Tensor
    sin: Tensor

    def __init__(
        self, dim: int, hidden: int, layers: int, heads: int, kv_heads: int, vocabulary: int, length: int
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, dim)
        self.blocks = nn.ModuleList(Block(dim, hidden, heads, kv_heads) for _ in range(layers))
        self.rms_final = nn.RMSNorm(dim, 1e-5)
        pairs = dim // heads // 2
        angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(pairs) / pairs)
        self.register_buffer("cos", angle.cos()[:, None], persistent=False)
        self.register_buffer("sin", angle.sin()[:, None], persistent=False)

    def forward(self, ids: Tensor, caches: list[list[Tensor]] | None = None) -> Tensor:
        begin = caches[0][0].shape[2] if caches and caches[0] else 0
        here = slice(begin, begin + ids.shape[1])
        x = self.embedding(ids)
        for k, block in enumerate(self.blocks):
            x = block(x, self.cos[here], self.sin[here], None if caches is None else caches[k])
        return F.linear(self.rms_final(x), self.embedding.weight)

    @torch.inference_mode()
    def generate(self, ids: list[int], new: int) -> tuple[list[int], Tensor]:
        """Return the text with `new` greedy tokens, and the logits (n − 1, V) that led there; keys are kept."""
        ids, rows = list(ids), []
        caches: list[list[Tensor]] = [[] for _ in self.blocks]
        for p in range(len(ids) + new - 1):
            rows.append(self(torch.tensor([[ids[p]]]), caches)[0, -1])
            if p + 1 == len(ids):
                ids.append(int(rows[-1].argmax()))
        return ids, torch.stack(rows)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the pairs (x_2i, x_2i+1) of x (B, L, H, d) by the angles of its positions."""
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


def stories() -> Llama:
    """Return the trained stories260K."""
    content = (FOLDER / "stories260K.bin").read_bytes()
    dim, hidden, layers, heads, kv_heads, vocabulary, length = struct.unpack("7i", content[:28])
    model = Llama(dim, hidden, layers, heads, kv_heads, vocabulary, length)
    numbers = torch.from_numpy(np.frombuffer(content, np.float32, offset=28).copy())
    blocks = model.blocks
    order = [
        [model.embedding.weight],
        [b.rms_att.weight for b in blocks],
        *([getattr(b.attention, name).weight for b in blocks] for name in ("wq", "wk", "wv", "wo")),
        [b.rms_ffn.weight for b in blocks],
        *([getattr(b, name).weight for b in blocks] for name in ("w1", "w2", "w3")),
        [model.rms_final.weight],
    ]
    at = 0
    with torch.no_grad():
        for weight in (weight for group in order for weight in group):
            weight.copy_(numbers[at : at + weight.numel()].view_as(weight))
            at += weight.numel()
        angles = numbers[at:].view(2, length, 1, -1)
        model.cos.copy_(angles[0])
        model.sin.copy_(angles[1])
    return model.eval()


class Tokenizer:
    """Byte-pair encoding of tok512.bin: int32 longest, then for each id float32 score, int32 length, its bytes."""

    def __init__(self, path: Path = FOLDER / "tok512.bin") -> None:
        content, at = path.read_bytes(), 4
        self.pieces: list[bytes] = []
        self.scores: list[float] = []
        while at < len(content):
            score, size = struct.unpack("fi", content[at : at + 8])
            self.pieces.append(content[at + 8 : at + 8 + size])
            self.scores.append(score)
            at += 8 + size
        self.ids = {piece: k for k, piece in reversed(list(enumerate(self.pieces)))}

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, BOS first: the neighbours whose pair scores best become one, again and again."""
        ids = [BOS]
        for character in " " + text:
            raw = character.encode()
            ids += [self.ids[raw]] if raw in self.ids else [byte + BYTES for byte in raw]
        while True:
            pairs = [self.ids.get(self.pieces[a] + self.pieces[b]) for a, b in pairwise(ids)]
            found = [(self.scores[pair], -k, pair) for k, pair in enumerate(pairs) if pair is not None]
            if not found:
                return ids
            _, k, pair = max(found)
            ids[-k : -k + 2] = [pair]

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids; BOS and the space it stands before are left out."""
        parts = [bytes([k - BYTES]) if BYTES <= k < BYTES + 256 else self.pieces[k] for k in ids if k != BOS]
        return b"".join(parts).decode(errors="replace").removeprefix(" ")


def samples(tokenizer: Tokenizer, count: int, length: int) -> Tensor:
    """Return the beginnings of stories that are long enough, (count, length)."""
    texts = (DATA / "tinystories" / "sample.txt").read_text(encoding="utf-8").split("<|endoftext|>")
    rows: list[list[int]] = []
    for text in texts:
        ids = tokenizer.encode(text.strip())
        rows += [ids[:length]] if len(ids) >= length else []
        if len(rows) == count:
            return torch.tensor(rows)
    raise ValueError(f"only {len(rows)} of {len(texts)} stories have {length} tokens")
