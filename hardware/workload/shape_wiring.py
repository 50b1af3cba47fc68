"""What a network of shapes is made of beside its layers: inputs, functions, sums, and views of the same elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from spiking import InvalidInput

from .shape_counts import Body, Handle, Padding, Shape, Size, axes, between, joined, quoted, whole
from .trace import Place


class Wiring:
    """Inputs, and what is no layer of its own: names, faults, the functions and sums of the layer before."""

    def __init__(self, name: str, shape: Size) -> None:
        self.name = name
        self.events: dict[str, float] = {}
        self.spikes: dict[str, float] = {}
        self._inputs: dict[str, Shape] = {}
        self._words: dict[str, int] = {}
        self._places: dict[str, Place] = {}
        self._bodies: dict[str, Body] = {}
        self._order: list[str] = []
        self.input = self.feed("input", shape)

    def feed(self, name: str, shape: Size) -> Handle:
        """Return one more input, there from the start."""
        found = (shape,) if isinstance(shape, int) else tuple(shape)
        bad = not found or not all(whole(n) for n in found)
        self._check(name, [f"an input has a shape of whole numbers from 1 on, without the batch, not {found}"] * bad)
        self._inputs[name] = found
        self._order.append(name)
        return Handle((name,), found)

    def apply(self, x: Handle, passes: int = 1) -> Handle:
        """Put elementwise functions behind the layer that sends x: an activation, a norm, a softmax."""
        owner = self._owner(x)
        if owner is None:
            raise InvalidInput(f"{self.name}: no layer gives {quoted(x.names)}, functions need one in front of them")
        owner.passes += passes
        return x

    def pool(self, x: Handle, size: Size, stride: Size | None = None, *, padding: Padding = "same") -> Handle:
        """Pool windows of a map (channels, *size); the stride is the window's size by default."""
        channels, *lengths = x.shape
        found, faults = axes(tuple(lengths), size, size if stride is None else stride, padding)
        self._fits(f"pool of {quoted(x.names)}", faults)
        pooled = replace(x, shape=(channels, *(axis.windows for axis in found)))
        return pooled if self._owner(x) is None else self.apply(pooled)

    def global_pool(self, x: Handle) -> Handle:
        """Pool each channel of (channels, *size) into one value."""
        pooled = replace(x, shape=x.shape[:1], first=x.stage)
        return pooled if self._owner(x) is None else self.apply(pooled)

    def add(self, *xs: Handle) -> Handle:
        """Sum tensors of one shape, in the layer of the one that comes last: a synapse a neuron for each other."""
        return self._meet("Add", "+", xs)

    def multiply(self, *xs: Handle) -> Handle:
        """Multiply tensors element by element, in the layer of the one that comes last: a gating synapse a neuron."""
        return self._meet("Multiply", "·", xs)

    def concat(self, *xs: Handle, axis: int = 0) -> Handle:
        """Put tensors side by side along an axis."""
        rest = {(*x.shape[:axis], *x.shape[axis + 1 :]) for x in xs}
        bad = len(rest) != 1 or any(not 0 <= axis < len(x.shape) for x in xs)
        self._fits("concat", [f"{[x.shape for x in xs]} do not fit side by side along axis {axis}"] * bad)
        shape = (*xs[0].shape[:axis], sum(x.shape[axis] for x in xs), *xs[0].shape[axis + 1 :])
        return joined(xs, shape)

    def reshape(self, x: Handle, shape: Size) -> Handle:
        """See the same elements in another shape."""
        found = (shape,) if isinstance(shape, int) else tuple(shape)
        bad = not all(whole(n) for n in found) or prod(found) != prod(x.shape)
        self._fits(f"reshape of {quoted(x.names)}", [f"{x.shape} does not make {found}"] * bad)
        return replace(x, shape=found, first=x.first if len(found) > 1 else x.stage)

    def take(self, x: Handle, shape: Size) -> Handle:
        """See a part of the elements, such as the first of all tokens."""
        found = (shape,) if isinstance(shape, int) else tuple(shape)
        bad = not all(whole(n) for n in found) or prod(found) > prod(x.shape)
        self._fits(f"part of {quoted(x.names)}", [f"{x.shape} has no {found} in it"] * bad)
        return replace(x, shape=found, first=x.first if len(found) > 1 else x.stage)

    def split(self, x: Handle, *widths: int) -> list[Handle]:
        """Divide the last axis."""
        bad = sum(widths) != x.shape[-1] or not all(whole(n) for n in widths)
        self._fits(f"split of {quoted(x.names)}", [f"{widths} do not sum up to the last of {x.shape}"] * bad)
        return [replace(x, shape=(*x.shape[:-1], width)) for width in widths]

    def prepend(self, x: Handle, rows: int = 1) -> Handle:
        """Put constant rows in front, such as a class token: no synapses."""
        return replace(x, shape=(x.shape[0] + rows, *x.shape[1:]))

    def _owner(self, x: Handle) -> Body | None:
        """The layer that forms sums and functions of x: the last of its senders that is one."""
        return next((self._bodies[name] for name in reversed(x.names) if name in self._bodies), None)

    def _meet(self, kind: str, sign: str, xs: Sequence[Handle]) -> Handle:
        bad = len(xs) < 2 or len({x.shape for x in xs}) > 1
        self._fits(kind.lower(), [f"it takes two or more of one shape, not {[x.shape for x in xs]}"] * bad)
        last = max(xs, key=lambda x: x.stage)
        met, owner = replace(joined(xs, last.shape), names=last.names), self._owner(last)
        if owner is None:
            return joined(xs, last.shape)  # inputs only: whoever reads them sums them up
        n = max(prod(last.shape) // owner.moments, 1)
        for x in xs:
            if x is not last:
                name = f"{owner.main} {sign} {' '.join(x.names)}"
                while name in self._places:
                    name += "'"
                wired = (n, 0) if kind == "Add" else (0, n)
                self._places[name] = between(name, kind, x.names, *wired, 3 * n, owner.moments)
                self._order.append(name)
                owner.places.append(name)
                self.apply(last)
        return met

    def _taken(self, name: str) -> list[str]:
        taken = name in self._places or name in self._bodies or name in self._inputs
        return [f"the name '{name}' is taken already; give it another"] * taken

    def _check(self, name: str, faults: Sequence[str], *xs: Handle) -> None:
        strange = [n for x in xs for n in x.names if n not in self._bodies and n not in self._inputs]
        lost = [f"{quoted(strange)} belong(s) to another network"] if strange else []
        self._fits(f"'{name}'", [*self._taken(name), *lost, *faults])

    def _fits(self, what: str, faults: Sequence[str]) -> None:
        if faults:
            raise InvalidInput("\n  ".join([f"{self.name}: {what} does not fit:", *faults]))
