"""The block of a transformer."""

from __future__ import annotations

from ..shape_counts import Handle
from ..shapes import Shapes


def block(net: Shapes, x: Handle, name: str, heads: int, hidden: int) -> Handle:
    """Attend and mix, each with a norm and a shortcut: queries, keys and values are one matrix."""
    width = x.shape[-1]
    q, k, v = net.split(net.linear(x, f"{name}.qkv", 3 * width), width, width, width)
    mixed = net.attention(q, k, v, f"{name}.attention", heads)
    x = net.apply(net.add(net.linear(mixed, f"{name}.out", width), x))
    y = net.linear(net.linear(x, f"{name}.up", hidden, passes=1), f"{name}.down", width)
    return net.apply(net.add(y, x))


def gated_block(net: Shapes, x: Handle, name: str, heads: int, kv_heads: int, hidden: int, keys: int) -> Handle:
    """Attend to `keys` stored tokens and to x itself, causally; a gate multiplies what is between (SwiGLU)."""
    width, part = x.shape[-1], x.shape[-1] // heads
    qkv = net.linear(x, f"{name}.qkv", (heads + 2 * kv_heads) * part)
    q, k, v = net.split(net.apply(qkv), width, kv_heads * part, kv_heads * part)  # the pass: rotary positions
    mixed = net.attention(q, k, v, f"{name}.attention", heads, kv_heads=kv_heads, keys=keys, causal=True)
    x = net.apply(net.add(net.linear(mixed, f"{name}.out", width), x))
    gate = net.linear(x, f"{name}.gate", hidden, passes=1)
    y = net.multiply(net.linear(x, f"{name}.up", hidden), gate)
    return net.apply(net.add(net.linear(y, f"{name}.down", width), x))
