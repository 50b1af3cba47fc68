"""Norms, variances and log-sum-exp of axes: means, squares and roots around them."""

from __future__ import annotations

from math import prod
from typing import Any

from spiking import Abs, Clamp, Elementwise, LogSoftmax, Neuron, Power

from ..builder import LARGEST, Builder, Reject, Stream
from .arithmetic import scaled, sub
from .pool import amax, mean, total
from .registry import rule
from .shape import select, unsqueeze


@rule("linalg_vector_norm.default")
def vector_norm(
    b: Builder, x: Stream, order: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Stream:
    """Neuron: √Σa², or Σ|a|, or max |a|, along axes."""
    if dim is None:
        raise Reject("takes the norm over all axes, the batch among them; give it dims")
    match float(order):
        case 2.0:
            return b.neuron(total(b, b.neuron(x, Power(2.0)), dim, keepdim), Elementwise("sqrt"))
        case 1.0:
            return total(b, b.neuron(x, Abs()), dim, keepdim)
        case largest if largest == float("inf"):
            return amax(b, b.neuron(x, Abs()), dim, keepdim)
    raise Reject(f"takes a norm of order {order}; orders 1, 2 and infinity are supported")


@rule("norm.ScalarOpt_dim")
def norm(b: Builder, x: Stream, order: Any = 2, dim: Any = None, keepdim: bool = False) -> Stream:
    """Neuron: √Σa², or Σ|a|, or max |a|, along axes."""
    return vector_norm(b, x, 2 if order is None else order, dim, keepdim)


@rule("var.correction", "var.dim")
def var(b: Builder, x: Stream, dim: Any = None, unbiased: Any = None, keepdim: bool = False, **more: Any) -> Stream:
    """Mean of the squares of what lies off the mean."""
    correction = more.get("correction", 1 if unbiased is None else int(unbiased))
    keepdim = bool(more.get("keepdim", keepdim))
    if dim is None:
        raise Reject("takes the variance over all axes, the batch among them; give it dims")
    middle = mean(b, x, dim, True)
    made = mean(b, b.neuron(sub(b, x, middle), Power(2.0)), dim, keepdim)
    count = prod(x.shape) // prod(middle.shape)
    correction = 1 if correction is None else correction
    if count <= correction:
        raise Reject(f"divides by {count} − {correction} values")
    return scaled(b, made, count / (count - correction))


@rule("std.correction", "std.dim")
def std(b: Builder, x: Stream, dim: Any = None, unbiased: Any = None, keepdim: bool = False, **more: Any) -> Stream:
    """Neuron: the square root of the variance."""
    return b.neuron(var(b, x, dim, unbiased, keepdim, **more), Elementwise("sqrt"))


@rule("var_mean.correction")
def var_mean(b: Builder, x: Stream, dim: Any = None, *, correction: Any = None, keepdim: bool = False) -> Any:
    """Mean of the squares of what lies off the mean, and the mean."""
    made = var(b, x, dim, correction=correction, keepdim=keepdim)
    return made, mean(b, x, dim, keepdim)


@rule("logsumexp.default")
def logsumexp(b: Builder, x: Stream, dim: Any, keepdim: bool = False) -> Stream:
    """Neuron over a group: log Σ exp(a) = a − (a − log Σ exp(a)), of any one entry."""
    axes = [dim] if isinstance(dim, int) else list(dim)
    if len(axes) != 1:
        raise Reject("sums over several axes at once; flatten them first")
    at = axes[0] % len(x.shape)
    logs = b.neuron(x, LogSoftmax(b.axis(x, at)))
    made = sub(b, select(b, x, at, 0), select(b, logs, at, 0))
    return unsqueeze(b, made, at) if keepdim else made


@rule("softplus.default")
def softplus(b: Builder, x: Stream, beta: float = 1, threshold: float = 20) -> Stream:
    """Neuron: log(1 + exp(βa))/β."""
    if threshold < 10:  # above it torch returns a: 5e-5/β less than the function
        raise Reject(f"jumps to a above βa = {threshold:g} (softplus with threshold={threshold:g}); use 10 or more")
    if beta == 1:
        return b.neuron(x, Elementwise("softplus"))
    return scaled(b, b.neuron(scaled(b, x, float(beta)), Elementwise("softplus")), 1 / float(beta))


@rule("hardshrink.default", "threshold.default")
def jump(b: Builder, x: Stream, *setting: Any) -> Stream:
    """Neuron: max(a, t), of threshold(t, t); a function with a jump is rejected."""
    if b.op.plain == "threshold" and setting[0] == setting[1]:
        return b.add(Neuron, [x], function=(Clamp(float(setting[0]), LARGEST),))
    raise Reject("has a jump, which its neuron would cross back and forth")
