"""Attention: two products with a softmax neuron between them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..builder import Builder, Reject, Stream
from .activation import softmax
from .arithmetic import add, is_constant, scaled
from .indexing import repeat_interleave
from .masks import masked_bias
from .products import matmul, transposed
from .registry import rule


@rule("scaled_dot_product_attention.default")
def attention(
    b: Builder,
    q: Any,
    k: Any,
    v: Any,
    mask: Any = None,
    dropout: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Stream:
    """softmax(q kᵀ·scale + mask) v."""
    if dropout:
        raise Reject("has dropout switched on; convert in eval mode")
    if enable_gqa and q.shape[-3] != k.shape[-3]:
        times = q.shape[-3] // k.shape[-3]
        k, v = (_repeated(b, x, times) for x in (k, v))
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = matmul(b, q * factor if is_constant(q) else scaled(b, q, factor), transposed(b, k))
    if is_causal:
        rows, columns = q.shape[-2], k.shape[-2]
        mask = torch.ones(rows, columns, dtype=torch.bool).tril()
    if mask is not None and is_constant(scores) and isinstance(mask, Tensor):
        scores = scores + masked_bias(b, mask)
    elif mask is not None:
        scores = add(b, scores, masked_bias(b, mask) if isinstance(mask, Tensor) or mask.boolean else mask)
    attended: Stream = matmul(b, _weights(b, scores), v)
    if isinstance(mask, Tensor) and mask.dtype == torch.bool and not mask.is_meta and not mask.any(-1).all():
        return scaled(b, attended, mask.any(-1, keepdim=True).float())  # a row that may see nothing reads zeros
    return attended


def _weights(b: Builder, scores: Any) -> Any:
    return scores.softmax(-1) if is_constant(scores) else softmax(b, scores, -1)


def _repeated(b: Builder, x: Any, times: int) -> Any:
    return x.repeat_interleave(times, -3) if is_constant(x) else repeat_interleave(b, x, times, -3)


@rule("_scaled_dot_product_flash_attention_for_cpu.default")
def flash_attention(
    b: Builder,
    q: Any,
    k: Any,
    v: Any,
    dropout: float = 0.0,
    is_causal: bool = False,
    *,
    attn_mask: Any = None,
    scale: float | None = None,
) -> tuple[Stream, None]:
    """softmax(q kᵀ·scale + mask) v."""
    return attention(b, q, k, v, attn_mask, dropout, is_causal, scale=scale), None
