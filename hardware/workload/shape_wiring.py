"""Everything in a network of shapes that is not a layer: inputs, functions, sums, and views of the same elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from spiking import InvalidInput

from .parts import Place
from .shape_counts import Handle, LayerDraft, Padding, Shape, Size, axes, between, is_size, joined, quoted


class Wiring:
    """Inputs, the functions and sums that the layer before does, views of tensors; names and faults of them all.

    name             of the network
    input            the first input
    events, spikes   of places and senders where they are known, per inference, instead of the assumed ones
    """

    def __init__(self, name: str, shape: Size) -> None:
        self.name = name
        self.events: dict[str, float] = {}
        self.spikes: dict[str, float] = {}
        self._inputs: dict[str, Shape] = {}
        self._words: dict[str, int] = {}
        self._places: dict[str, Place] = {}
        self._layers: dict[str, LayerDraft] = {}
        self._order: list[str] = []
        self.input = self.feed("input", shape)

    def feed(self, name: str, shape: Size) -> Handle:
        """Return one more input; it is there from the start."""
        found = (shape,) if isinstance(shape, int) else tuple(shape)
        fits = found and all(map(is_size, found))
        fault = f"an input has a shape of whole numbers of at least 1, without the batch, not {found}"
        self._check(name, [] if fits else [fault])
        self._inputs[name] = found
        self._order.append(name)
        return Handle((name,), found)

    def apply(self, x: Handle, passes: int = 1) -> Handle:
        """Put elementwise functions behind the layer that sends x: an activation, a norm, a softmax."""
        owner = self._owner(x)
        if owner is None:
            raise InvalidInput(f"{self.name}: no layer gives {quoted(x.names)}; a function needs one in front of it")
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
        """Sum tensors of one shape in the layer of the one that comes last: one synapse a neuron for each other one."""
        return self._meet("Add", "+", xs)

    def multiply(self, *xs: Handle) -> Handle:
        """Multiply tensors element by element in the layer of the one that comes last: one gating synapse a neuron."""
        return self._meet("Multiply", "·", xs)

    def concat(self, *xs: Handle, axis: int = 0) -> Handle:
        """Put tensors side by side along an axis."""
        rest = {(*x.shape[:axis], *x.shape[axis + 1 :]) for x in xs}
        fits = len(rest) == 1 and all(0 <= axis < len(x.shape) for x in xs)
        self._require(fits, "concat", f"{[x.shape for x in xs]} do not fit side by side along axis {axis}")
        shape = (*xs[0].shape[:axis], sum(x.shape[axis] for x in xs), *xs[0].shape[axis + 1 :])
        return joined(xs, shape)

    def reshape(self, x: Handle, shape: Size) -> Handle:
        """See the same elements in another shape."""
        found = (shape,) if isinstance(shape, int) else tuple(shape)
        fits = all(map(is_size, found)) and prod(found) == prod(x.shape)
        self._require(fits, f"reshape of {quoted(x.names)}", f"{x.shape} does not make {found}")
        return replace(x, shape=found, first=x.first if len(found) > 1 else x.stage)

    def take(self, x: Handle, shape: Size) -> Handle:
        """See a part of the elements, such as the first of all tokens."""
        found = (shape,) if isinstance(shape, int) else tuple(shape)
        fits = all(map(is_size, found)) and prod(found) <= prod(x.shape)
        self._require(fits, f"part of {quoted(x.names)}", f"{x.shape} has no {found} in it")
        return replace(x, shape=found, first=x.first if len(found) > 1 else x.stage)

    def split(self, x: Handle, *widths: int) -> list[Handle]:
        """Divide the last axis."""
        fits = all(map(is_size, widths)) and sum(widths) == x.shape[-1]
        self._require(fits, f"split of {quoted(x.names)}", f"{widths} do not sum up to the last of {x.shape}")
        return [replace(x, shape=(*x.shape[:-1], width)) for width in widths]

    def prepend(self, x: Handle, rows: int = 1) -> Handle:
        """Put constant rows in front, such as a class token: no synapses."""
        return replace(x, shape=(x.shape[0] + rows, *x.shape[1:]))

    def _owner(self, x: Handle) -> LayerDraft | None:
        """The layer that forms sums and functions of x: the last of its senders that is one."""
        return next((self._layers[name] for name in reversed(x.names) if name in self._layers), None)

    def _meet(self, kind: str, sign: str, xs: Sequence[Handle]) -> Handle:
        fits = len(xs) >= 2 and len({x.shape for x in xs}) == 1
        self._require(fits, kind.lower(), f"it takes two or more of one shape, not {[x.shape for x in xs]}")
        last = max(xs, key=lambda x: x.stage)
        met, owner = replace(joined(xs, last.shape), names=last.names), self._owner(last)
        if owner is None:
            return joined(xs, last.shape)  # inputs only: whoever reads them sums them up
        n = max(prod(last.shape) // owner.time_steps, 1)
        for x in xs:
            if x is not last:
                name = f"{owner.main} {sign} {' '.join(x.names)}"
                while name in self._places:
                    name += "'"
                wired = (n, 0) if kind == "Add" else (0, n)
                self._places[name] = between(name, kind, x.names, *wired, 3 * n, owner.time_steps)
                self._order.append(name)
                owner.places.append(name)
                self.apply(last)
        return met

    def _taken(self, name: str) -> list[str]:
        taken = name in self._places or name in self._layers or name in self._inputs
        return [f"the name '{name}' is taken already; choose another"] if taken else []

    def _check(self, name: str, faults: Sequence[str], *xs: Handle) -> None:
        strange = [n for x in xs for n in x.names if n not in self._layers and n not in self._inputs]
        lost = [f"{quoted(strange)} belong(s) to another network"] if strange else []
        self._fits(f"'{name}'", [*self._taken(name), *lost, *faults])

    def _require(self, fits: bool, what: str, fault: str) -> None:
        self._fits(what, [] if fits else [fault])

    def _fits(self, what: str, faults: Sequence[str]) -> None:
        if faults:
            raise InvalidInput("\n  ".join([f"{self.name}: {what} does not fit:", *faults]))
