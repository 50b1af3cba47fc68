"""A network from its shapes alone: the counts of a Trace, without weights and without running anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import ceil, isfinite, prod
from numbers import Real

from spiking import arguments

from .parts import Curve, Layer, Matrix, Place
from .places import halo
from .shape_counts import (
    GATES,
    Handle,
    LayerDraft,
    Padding,
    Shape,
    Size,
    axes,
    between,
    is_size,
    joined,
    positive,
    product,
    quoted,
    spread,
    weighted,
)
from .shape_wiring import Wiring
from .trace import ASSUMED, Trace


class Shapes(Wiring):
    """A network built layer by layer from shapes.

        S = M·N·K, padding counted      stage = max(stages of the sources) + 1      neurons = Σ outputs of the layers
        events = activity·MACs, of a place at stage d at ticks d … d + steps − 1;  ticks = stages − 1 + steps

    Layers that take a stage and have their outputs for neurons: weighted ones, and both products of an attention.
    Functions (activation, norm, softmax, pooling) belong to the layer before. So do sums: the addend that comes last
    forms it, with one more synapse a neuron for each other addend, and alone sends it on.
    A recurrent cell is one set of neurons and synapses, and takes a stage for each of its T time steps; L cells in a
    row hand on step by step and take T + L − 1.
    """

    def conv(
        self,
        x: Handle,
        name: str,
        outputs: int,
        kernel: Size,
        *,
        stride: Size = 1,
        padding: Padding = "same",
        groups: int = 1,
        passes: int = 0,
    ) -> Handle:
        """Convolve (channels, *size): S = outputs·|out|·(channels/groups)·|kernel|; "same" gives ⌈size/stride⌉."""
        channels, *size = x.shape
        found, faults = axes(tuple(size), kernel, stride, padding)
        faults += positive(outputs=outputs, groups=groups)
        if not faults and (channels % groups or outputs % groups):
            faults.append(f"{groups} groups do not divide {channels} input and {outputs} output channels")
        self._check(name, faults, x)
        windows = tuple(axis.windows for axis in found)
        inner = channels // groups * prod(axis.kernel for axis in found)
        place = weighted(
            name,
            "Conv",
            x,
            Matrix(prod(windows), outputs // groups, inner, groups),
            1,
            passes,
            physical=outputs * (channels // groups) * prod(axis.real for axis in found),
            taps=outputs * inner // channels,
            channels=channels,
            halo=halo(tuple(axis.kernel for axis in found), tuple(size)),
        )
        return self._layer(name, [place], x, (outputs, *windows))

    def linear(
        self, x: Handle, name: str, outputs: int, *, serial: bool = False, barrier: bool = False, passes: int = 0
    ) -> Handle:
        """Multiply each row of (..., inner) by one matrix: S = rows·outputs·inner.

        serial    the rows are time steps, one after another: S = outputs·inner, used `rows` times
        barrier   no row is complete before all of its input has arrived, as behind a transposition
        """
        *lead, inner = x.shape
        self._check(name, positive(outputs=outputs), x)
        calls, rows = (prod(lead), 1) if serial else (1, prod(lead))
        place = weighted(name, "Linear", x, Matrix(rows, outputs, inner, 1), calls, passes)
        return self._layer(name, [replace(place, barrier=barrier)], x, (*lead, outputs), calls, stream=True)

    def embedding(self, x: Handle, name: str, vocabulary: int, width: int, *, serial: bool = False) -> Handle:
        """Look up ids in a table: S = ids·vocabulary·width, of which one evaluation reads and drives ids·width."""
        faults = positive(vocabulary=vocabulary, width=width)
        if not set(x.names) <= set(self._inputs):
            faults.append(f"ids come from an input, not from {quoted(x.names)}; feed(name, shape) makes one")
        self._check(name, faults, x)
        calls, ids = (prod(x.shape), 1) if serial else (1, prod(x.shape))
        for source in x.names:
            self._words[source] = max(self._words.get(source, 1), vocabulary)
        used = ids * vocabulary * width
        place = weighted(
            name,
            "Embedding",
            x,
            Matrix(ids, width, 1, 1),
            calls,
            0,
            weights=vocabulary * width,
            reads=ids * width,
            unrolled=used,
            physical=used,
            fan_in=vocabulary,
            channels=vocabulary,
        )
        return self._layer(name, [place], x, (*x.shape, width), calls, stream=True)

    def attention(
        self,
        q: Handle,
        k: Handle,
        v: Handle,
        name: str,
        heads: int,
        *,
        kv_heads: int | None = None,
        keys: int | None = None,
        causal: bool = False,
        passes: int = 1,
    ) -> Handle:
        """Multiply q (rows, heads·d) by k (keys, kv_heads·d), then by v: 2·rows·keys·heads·d gating synapses.

        keys     keys and values stored from earlier tokens, read before those of k and v
        causal   no row waits for a later one: no barrier
        """
        kv, stored = heads if kv_heads is None else kv_heads, 0 if keys is None else keys
        faults = positive(heads=heads, kv_heads=kv)
        if not is_size(stored, 0):
            faults.append(f"keys must be a whole number of at least 0, not {keys!r}")
        shapes = f"q {q.shape}, k {k.shape}, v {v.shape} with {heads} heads, {kv} of keys"
        if any(len(x.shape) != 2 for x in (q, k, v)):
            faults.append(f"q, k and v are (rows, width): {shapes}")
        elif not faults and (heads % kv or q.shape[1] % heads or k.shape[1] % kv or v.shape[1] % kv):
            faults.append(f"heads do not divide widths, or one another: {shapes}")
        elif not faults and (q.shape[1] // heads != k.shape[1] // kv or k.shape[0] != v.shape[0]):
            faults.append(f"keys do not meet queries, or values keys: {shapes}")
        scores, values = f"{name}.scores", f"{name}.values"
        self._check(scores, [*faults, *self._taken(values)], q, k, v)
        (rows, _), columns = q.shape, k.shape[0] + stored
        deep, wide, share, inside = q.shape[1] // heads, v.shape[1] // kv, heads // kv, heads * rows * columns
        matrix, read = Matrix(rows * share, columns, deep, kv), prod(q.shape) + prod(k.shape) + inside
        score = product(scores, (q, k), matrix, stored * k.shape[1], read, passes)
        score = replace(score, barrier=not causal, inside=(0, inside))
        s = self._layer(scores, [score], joined((q, k), ()), (heads, rows, columns))
        matrix, read = Matrix(rows * share, wide, columns, kv), inside + prod(v.shape) + rows * heads * wide
        value = replace(product(values, (s, v), matrix, stored * v.shape[1], read, 0), inside=(inside, 0))
        return self._layer(values, [value], joined((s, v), ()), (rows, heads * wide))

    def recurrent(
        self, x: Handle, name: str, units: int, *, gates: int = 4, inputs: bool = True, serial: bool = False
    ) -> Handle:
        """Step a cell through x (T, features): W = S = gates·units·(features + units), used T times.

        gates    1 plain, 3 GRU, 4 LSTM; a cell with gates has 3·units gating synapses as well
        inputs   False: no input matrix, x (T, units) is added to each gate as it is
        serial   x arrives one time step after another, as in a decoder: T products of one row, not one of T rows
        """
        parts = [f"{name}.{part}" for part in ("input", "recurrent", "gates")[: 3 if gates > 1 else 2]]
        faults = positive(units=units, gates=gates) + [fault for part in parts for fault in self._taken(part)]
        if len(x.shape) != 2 or not (inputs or x.shape[1] == units):
            also = "" if inputs else f", as many features as units ({units}) without an input matrix"
            faults.append(f"a cell reads (time steps, features){also}, not {x.shape}")
        self._check(name, faults, x)
        time_steps, features = x.shape
        wide, rows, own = gates * units, 1 if serial else time_steps, Handle((name,), (1, units))
        size = {"unrolled": wide * features, "physical": wide * features}
        made = [
            weighted(parts[0], "Linear", x, Matrix(rows, wide, features, 1), time_steps // rows, 0, **size)
            if inputs
            else between(parts[0], "Add", x.names, wide, 0, units + 2 * wide, time_steps),
            weighted(parts[1], "Linear", own, Matrix(1, wide, units, 1), time_steps, 1, values=units + wide),
        ]
        if gates > 1:
            gated = GATES * units
            made.append(between(parts[2], "Multiply", own.names, 0, gated, 3 * gated, time_steps))
        return self._layer(name, made, x, (time_steps, units), time_steps, wide, main=parts[1])

    def sparse(self, x: Handle, name: str, neurons: int, synapses: int, *, recurrent: bool = False) -> Handle:
        """Wire neurons by single synapses with weights of their own: from x, or recurrently for each row of x."""
        self._check(name, positive(neurons=neurons, synapses=synapses), x)
        time_steps = x.shape[0] if recurrent else 1
        source = Handle((name,), (neurons,)) if recurrent else x
        fan_in = ceil(synapses / neurons)
        own = {"weights": synapses, "reads": synapses, "unrolled": synapses, "physical": synapses}
        own |= {"macs": synapses * time_steps, "values": prod(source.shape) + neurons}
        own |= {"channels": prod(source.shape), "taps": ceil(synapses / prod(source.shape))}
        place = weighted(name, "Sparse", source, Matrix(1, neurons, fan_in, 1), time_steps, 0, **own)
        return self._layer(name, [place], x, (time_steps, neurons) if recurrent else (neurons,), time_steps)

    def _layer(
        self,
        name: str,
        places: list[Place],
        x: Handle,
        shape: Shape,
        time_steps: int = 1,
        integrators: int = 0,
        main: str = "",
        stream: bool = False,
    ) -> Handle:
        first = (x.first if (stream and len(shape) > 1) or time_steps > 1 else x.stage) + 1
        stage = max(x.stage + 1, first + time_steps - 1)
        neurons = prod(shape) // time_steps
        names = [place.name for place in places]
        sums = max(integrators, neurons)
        self._layers[name] = LayerDraft(neurons, sums, stage, first, time_steps, main or names[0], names)
        self._places |= {place.name: place for place in places}
        self._order += [*names, name]
        return Handle((name,), shape, stage, first)

    def trace(
        self,
        activity: float = ASSUMED,
        steps: int = 1,
        *,
        events: Mapping[str, float] | None = None,
        spikes: Mapping[str, float] | None = None,
    ) -> Trace:
        """Return the counts of one inference at an assumed activity.

        activity   spikes of an element, of the input's too, in one inference; at each time step of a recurrent cell
        steps      ticks for which each layer fires, at an even rate
        events     of places, and spikes of senders, known otherwise: per inference, beside self.events, self.spikes

        Raises InvalidInput: no layers; activity, steps; events and spikes that are NaN, infinite, negative or of
        unknown names.
        """
        events, spikes = {**self.events, **(events or {})}, {**self.spikes, **(spikes or {})}
        self._fits("trace", list(self._faults(activity, steps, events, spikes)))
        stages = max(layer.stage for layer in self._layers.values())
        ticks = stages - 1 + steps
        lay = partial(spread, steps=steps, ticks=ticks)
        places, senders = self._driven(activity, events, lay), self._sent(activity, spikes, lay)
        neurons = sum(layer.neurons for layer in self._layers.values())
        sizes = {name: prod(shape) * self._words.get(name, 1) for name, shape in self._inputs.items()}
        return Trace(
            network=f"{self.name}, {len(self._layers)} layers, {neurons:,} neurons",
            order=tuple(dict.fromkeys(self._order)),
            steps=steps,
            delay=0,
            stages=stages,
            ticks=ticks,
            samples=0,
            neurons=neurons,
            bits=1.0,
            places=tuple(places[name] for name in self._places),
            layers=tuple(self._traced(places, senders, lay(0.0, 0, 0))),
            senders=senders,
            columns=dict.fromkeys(self._layers, 1),
            sizes=sizes | {name: layer.neurons for name, layer in self._layers.items()},
            inputs=frozenset(self._inputs),
            assumptions=tuple(self._assumptions({**events, **spikes})),
            name=self.name,
        ).check()

    def _driven(self, activity: float, known: Mapping[str, float], lay: Callable[..., Curve]) -> dict[str, Place]:
        """The places with their events: activity·MACs where they are not known, one for each wire of a sum."""
        places = {}
        for layer in self._layers.values():
            for name in layer.places:
                place = self._places[name]
                uses = place.physical * place.calls if place.kind == "Add" else place.macs
                curve = lay(known.get(name, activity * uses), layer.first - 1, layer.span)
                passes = place.passes + (layer.passes if name == layer.main else 0)
                places[name] = replace(place, events=curve, stage=layer.stage, passes=passes)
        return places

    def _sent(self, activity: float, known: Mapping[str, float], lay: Callable[..., Curve]) -> dict[str, Curve]:
        """Spikes of what some place reads; an input fires as long as the slowest of its readers takes it in."""
        spans: dict[str, int] = {}
        for layer in self._layers.values():
            for name in layer.places:
                spans |= {source: max(spans.get(source, 0), layer.span) for source in self._places[name].sources}
        sent = {}
        for name, span in spans.items():
            if name in self._inputs:
                elements, first = prod(self._inputs[name]), 0
            else:
                sender = self._layers[name]
                elements, first, span = sender.neurons * sender.time_steps, sender.first, sender.span
            sent[name] = lay(known.get(name, activity * elements), first, span)
        return sent

    def _traced(self, places: Mapping[str, Place], senders: Mapping[str, Curve], silent: Curve) -> Iterator[Layer]:
        for name, layer in self._layers.items():
            spikes, feeding = senders.get(name, silent), tuple(places[place] for place in layer.places)
            yield Layer(name, layer.neurons, layer.integrators, 1, (), spikes, feeding, layer.time_steps)

    def _assumptions(self, known: Mapping[str, float]) -> Iterator[str]:
        given = f", but given for {quoted(sorted(known))}" if known else ""
        yield f"shapes only, nothing ran: every element, the input's too, sends equally many spikes{given}"
        yield "pooling, norms, softmax and sums are done by the layer before; one neuron for each of its outputs"

    def _faults(
        self, activity: float, steps: int, events: Mapping[str, float], spikes: Mapping[str, float]
    ) -> Iterator[str]:
        if not self._layers:
            yield "the network has no layer; add one, such as linear(net.input, 'fc', 10)"
        if not _amount(activity):
            yield f"activity must be a number of at least 0, not {activity!r}"
        if not is_size(steps):
            yield f"steps must be a whole number of at least 1, not {steps!r}"
        elif max((layer.stage for layer in self._layers.values()), default=1) - 1 + steps > arguments.LONGEST:
            yield f"steps and stages make more ticks than can be kept, {arguments.LONGEST:,}: take fewer time steps"
        for label, given, known in (
            ("events", events, set(self._places)),
            ("spikes", spikes, {source for place in self._places.values() for source in place.sources}),
        ):
            for name, value in given.items():
                if name not in known:
                    yield f"{label} of '{name}', which has none; there are {', '.join(sorted(known)[:20]) or 'none'}"
                elif not _amount(value):
                    yield f"{label} of '{name}' must be a number of at least 0, not {value!r}"


def _amount(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value) and float(value) >= 0
