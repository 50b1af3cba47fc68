"""Attention: two products with a softmax neuron between them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from spiking import Softmax

from ..builder import Builder, Reject, Stream
from .arithmetic import add, matmul, scaled, transposed
from .indexing import repeat_interleave
from .masks import masked_bias
from .registry import rule


@rule("scaled_dot_product_attention.default")
def attention(
    b: Builder,
    q: Stream,
    k: Stream,
    v: Stream,
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
        k, v = (repeat_interleave(b, x, times, -3) for x in (k, v))
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = matmul(b, scaled(b, q, factor), transposed(b, k))
    if is_causal:
        rows, columns = q.shape[-2], k.shape[-2]
        mask = torch.ones(rows, columns, dtype=torch.bool).tril()
    if mask is not None:
        scores = add(b, scores, masked_bias(b, mask) if isinstance(mask, Tensor) or mask.boolean else mask)
    return matmul(b, b.neuron(scores, Softmax(-1)), v)
