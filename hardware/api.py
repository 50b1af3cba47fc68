"""The doors: what a network costs, on one platform or several, and the results with their ways out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar

from spiking import Activity, InvalidInput, SpikingNetwork, arguments

from .analysis import comparison as analysis
from .analysis import lanes as layout
from .analysis import other_tools, records, verdict
from .analysis.pricing import Model, priced
from .analysis.sensitivity import bands
from .bounds import said
from .platform.loading import Platform, load_platform
from .render import exports, notebook, page, text, words
from .render import lanes as lanes_text
from .render import other_tools as tools_text
from .workload.assumed_activity import assumed, reassumed
from .workload.counting import tally
from .workload.trace import Trace

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
T = TypeVar("T")


class CostReport(records.CostReport):
    __doc__ = records.CostReport.__doc__

    def __str__(self) -> str:
        """Return the report for people."""
        return text.report(self)

    def sources(self) -> str:
        """Return a table of the numbers used: value, band, basis, scope and source of each."""
        return text.sources(self.prices)

    def to_csv(self) -> str:
        """Return count, price and energy of each node and action as CSV, in SI units."""
        return exports.report_csv(self)

    def to_markdown(self) -> str:
        """Return the report as Markdown."""
        return exports.report_markdown(self)

    def _repr_html_(self) -> str:
        """Return the report as tables for a notebook."""
        return notebook.report(self)

    def to_html(self, command: str = "") -> str:
        """Return the report as one self-contained page that recomputes itself; `command` made it."""
        return page.html(analysis.Comparison((self,), self.batch), command=command)


class Verdict(verdict.Verdict):
    __doc__ = verdict.Verdict.__doc__

    def __str__(self) -> str:
        """Return the sentence, and one line for each metric."""
        return words.verdict_lines(self)

    @property
    def sentence(self) -> str:
        """One sentence: winner, metric, batch, and what would flip it."""
        return words.sentence(self)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Who takes no part, and why."""
        return tuple(words.left_out(self))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, in SI units, and as text."""
        found = super().to_dict()
        for win, plain in zip(self.wins, found["wins"], strict=True):
            for flip, spoken in zip(plain["flips"], words.flips(win), strict=True):
                flip["text"] = spoken
        return {**found, "sentence": self.sentence, "left_out": list(self.left_out)}


class Comparison(analysis.Comparison):
    __doc__ = analysis.Comparison.__doc__
    verdict: Verdict
    peers: Peers | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.verdict, Verdict):
            object.__setattr__(self, "verdict", _opened(Verdict, self.verdict))

    def __str__(self) -> str:
        """Return the comparison for people."""
        return text.comparison(self)

    def sweep(self, batches: Sequence[int] = BATCHES, *, activity: float | None = None) -> Sweep:
        """Return the comparison at other batches: energy, latency and throughput each at the same one.

        activity   spikes that each neuron sends in one inference, where they were assumed; by default the same

        Raises InvalidInput: batches; activity, or one beside a measured one.
        """
        chosen = arguments.several("batches", batches, "a list of whole numbers")
        for batch in chosen:
            _check_batch(batch)
        contest = analysis.Contest(trace(self.work, activity), [report.platform for report in self.reports])
        return Sweep(tuple(_comparison(contest.at(batch)) for batch in chosen))

    def to_csv(self) -> str:
        """Return a line for each platform as CSV, in SI units."""
        return exports.comparison_csv(self)

    def to_markdown(self) -> str:
        """Return the comparison as Markdown."""
        return exports.comparison_markdown(self)

    def _repr_html_(self) -> str:
        """Return the comparison as a table for a notebook."""
        return notebook.comparison(self)

    def to_html(self, command: str = "") -> str:
        """Return the comparison as one self-contained page that recomputes itself; `command` made it."""
        return page.html(self, command=command)


class Sweep(analysis.Sweep):
    __doc__ = analysis.Sweep.__doc__

    def __str__(self) -> str:
        """Return latency and energy of every platform at every batch."""
        return text.sweep(self)


class Choice(layout.Choice):
    __doc__ = layout.Choice.__doc__

    def __str__(self) -> str:
        """Return one sentence."""
        return lanes_text.choice(self)


class Front(layout.Front):
    __doc__ = layout.Front.__doc__

    def __str__(self) -> str:
        """Return the front for people."""
        return lanes_text.front(self)

    def within(self, latency_budget: float, tick: float = 0.01) -> Choice:
        """Return the narrowest point that answers in time.

        latency_budget, tick   s

        Raises InvalidInput for a budget or a tick that is not a time.
        """
        budget, second = arguments.real("latency_budget", latency_budget), arguments.real("tick", tick)
        return _opened(Choice, super().within(budget, second))


class Peers(other_tools.Peers):
    __doc__ = other_tools.Peers.__doc__

    def __str__(self) -> str:
        """Return the rows for people."""
        return tools_text.peers(self)


def trace(network: SpikingNetwork | Trace, activity: Activity | float | None = None) -> Trace:
    """Count a network and its activity: the one trace that every platform prices.

    network    a spiking network, with weights or without (an outline); or a trace made from shapes
    activity   of a run of this very network; or an assumption, the spikes that each neuron sends in one inference:
               by default 0.1 (a trace from shapes: those it was made with)

    Raises InvalidInput (activity of another network, NaN, a run's activity beside a trace), UnsupportedNode.
    """
    rate = None if activity is None or isinstance(activity, Activity) else _rate(activity)
    if isinstance(network, Trace):
        if isinstance(activity, Activity):
            raise InvalidInput("a trace has its activity already; leave the argument out, or give a SpikingNetwork")
        return network.check() if rate is None else reassumed(network.check(), rate)
    if not isinstance(network, SpikingNetwork):
        kind = type(network).__name__
        raise InvalidInput(f"network must be a SpikingNetwork or a Trace, not {kind}; convert() or outline() it first")
    if isinstance(activity, Activity):
        return tally(network.check(), activity)
    return tally(network.check(), assumed(network) if rate is None else assumed(network, spikes_per_neuron=rate))


def estimate(
    network: SpikingNetwork | Trace,
    activity: Activity | float | None = None,
    platform: str | Path | Platform = "loihi1",
    *,
    batch: int = 1,
    **numbers: float | None,
) -> CostReport:
    """Estimate what one inference costs in time, energy and room.

    network    and its activity: see `trace`
    platform   a name of `platforms()`, the path of a .toml file, or a Platform
    batch      inferences asked for at once; latency is of all of them, energy of each
    numbers    of the platform to replace, such as latency_budget=0.15, weight_bits=4 or tick=5e-3; None lifts one

    Raises InvalidInput (see `trace`; batch, unknown platform or number), UnsupportedNode.
    """
    _check_batch(batch)
    _check_platform("platform", platform)
    model = Model(trace(network, activity), load_platform(platform).replaced(numbers))
    return _opened(CostReport, priced(model, batch), bands=bands(model, batch))


def compare(
    network: SpikingNetwork | Trace,
    activity: Activity | float | None = None,
    platforms: str | Path | Platform | Sequence[str | Path | Platform] = ("brain", "loihi1", "a100"),
    *,
    batch: int = 1,
    peers: bool = False,
    **numbers: float | None,
) -> Comparison:
    """Estimate one network on several platforms, at the same batch.

    peers      say too what other tools would have said of the same trace, and why it differs
    platforms  one or several, see `estimate`
    numbers    to replace on each platform that has them; one that none has is an error

    Raises what `estimate` raises; InvalidInput without a platform, or with one named twice.
    """
    _check_batch(batch)
    arguments.flag("peers", peers)
    chosen = [load_platform(platform) for platform in _several(platforms)]
    names = [platform.name for platform in chosen]
    if not names or len(set(names)) < len(names):
        raise InvalidInput(f"compare at least one platform, each once, not [{', '.join(names)}]")
    for name in numbers:
        if not any(name in platform.slots for platform in chosen):
            raise InvalidInput(f"none of {', '.join(names)} has a parameter '{name}'")
    changed = [
        platform.replaced({name: value for name, value in numbers.items() if name in platform.slots})
        for platform in chosen
    ]
    work = trace(network, activity)
    found = _comparison(analysis.Contest(work, changed).at(batch))
    return replace(found, peers=_opened(Peers, other_tools.ask(work))) if peers else found


def lanes(
    network: SpikingNetwork | Trace,
    activity: Activity | float | None = None,
    *,
    ticks: Iterable[int] | None = None,
    policy: layout.Policy = "balanced",
    mode: layout.Mode = "streamed",
) -> Front:
    """Trade synapses for ticks: from every use of a weight in space to one lane for each place.

    network    and its activity: see `trace`
    ticks      passes a layer may take over its map; by default all at which the width changes
    policy     "balanced": each place gets the fewest lanes with which it keeps up; "uniform": all get the same
    mode       which time is the latency: "streamed", patch by patch through all layers, or "serial", layer by layer

    Raises InvalidInput (see `trace`; ticks, policy, mode; no weights), UnsupportedNode.
    """
    return _opened(Front, layout.laid_out(trace(network, activity), ticks, policy, mode))


def peers(
    network: SpikingNetwork | Trace, activity: Activity | float | None = None, *, analog_input: bool = True
) -> Peers:
    """Ask other tools about a network and its activity: their formulas, on the counts of our trace.

    network        and its activity: see `trace`
    analog_input   the first layers get values, not spikes: for most tools they are MACs of the dense network then,
                   at every tick at which an input arrives

    Energies are J per inference. Raises what `trace` raises.
    """
    arguments.flag("analog_input", analog_input)
    return _opened(Peers, other_tools.ask(trace(network, activity), analog_input))


def _opened(kind: type[T], record: Any, **more: Any) -> T:
    """Return a record as its class with doors."""
    return kind(**{field.name: getattr(record, field.name) for field in fields(record)} | more)


def _comparison(found: analysis.Comparison) -> Comparison:
    return _opened(
        Comparison,
        found,
        reports=tuple(_opened(CostReport, report) for report in found.reports),
        quantised={name: _opened(CostReport, report) for name, report in found.quantised.items()},
    )


def _several(platforms: Any) -> Sequence[str | Path | Platform]:
    """Return one platform or several as a list; raises InvalidInput for what is neither."""
    if isinstance(platforms, str | Path | Platform):
        return [platforms]
    if not isinstance(platforms, Iterable) or isinstance(platforms, bytes):
        raise InvalidInput(f"platforms must be a platform or a list of them, not {arguments.shown(platforms)}")
    chosen = list(platforms)
    for platform in chosen:
        _check_platform("platforms", platform)
    return chosen


def _check_platform(name: str, platform: Any) -> None:
    if not isinstance(platform, str | Path | Platform):
        raise InvalidInput(
            f"{name} takes names of platforms(), paths of .toml files and Platforms, not {arguments.shown(platform)}"
        )


def _rate(activity: Any) -> float:
    """Return an assumed activity as a number; raises InvalidInput for what is neither that nor of a run."""
    if isinstance(activity, bool) or not isinstance(activity, Real):
        raise InvalidInput(
            f"activity must be an Activity, or the spikes each neuron sends in one inference, not "
            f"{type(activity).__name__}; a record's is record.activity"
        )
    return arguments.real("activity", activity)


def _check_batch(batch: int) -> None:
    """Raise InvalidInput unless it is a whole number of at least 1, and one that can be computed with."""
    if isinstance(batch, bool) or not isinstance(batch, Integral) or not 1 <= batch <= 10**12:
        raise InvalidInput(f"batch must be a whole number from 1 to 1e12, not {said(batch)}")
