"""Facts in words: what a record says, in the phrases that text, Markdown and the page share."""

from __future__ import annotations

from math import inf

from ..analysis.records import CostReport
from ..analysis.verdict import METRICS, Flip, Metric, Omission, Verdict, Win
from ..models.base import Bound
from ..quantity import scaled

CLAIMS: dict[Metric, str] = {
    "energy": "needs the least energy per inference",
    "latency": "answers first",
    "edp": "has the least energy × delay",
}
SHOWN = 4  # flips of a metric in print; all of them are in to_dict()


def bound(found: Bound | None) -> str:
    """Return what limits a node: the resource, and on how many cores it lies."""
    if found is None:
        return ""
    return found.resource if found.cores is None else f"{found.resource} × {found.cores}"


def limit(r: CostReport) -> str:
    """Return which limit decides whether the network fits."""
    if not r.constraints:
        return "no limit applies"
    return f"{'tightest' if r.feasible else 'exceeds'}: {label(r.binding)}"


def cores(r: CostReport) -> str:
    """Return how many cores the network takes, and how many chips."""
    return f"{r.cores:,} on {r.chips:,} {'chip' if r.chips == 1 else 'chips'}"


def label(name: str) -> str:
    """Return the name of a parameter, an action or a limit as words."""
    return name.removeprefix("functions.").replace("_", " ")


def flip(found: Flip, first: str) -> str:
    """Return what would make another one the first instead of `first`."""
    if found.by == "batch":
        unfit = f", {first} not feasible" if found.unfit else ""
        return f"batch {found.value} ({found.winner} is first then{unfit})"
    if found.by == "activity":
        return f"{found.value:.3g} times the activity"
    return f"{found.parameter} of {found.platform} at {scaled(found.value, found.unit)}"


def flips(win: Win) -> list[str]:
    """Return all that would flip one metric."""
    return [flip(found, win.winner) for found in win.flips]


def sentence(verdict: Verdict) -> str:
    """Return one sentence: winner, metric, batch, and what would flip it."""
    if not verdict.wins:
        return f"At batch {verdict.batch} there is nothing to compare: {'; '.join(left_out(verdict))}."
    claims = "; ".join(
        f"{win.winner} {CLAIMS[win.metric]}, {_value(win)}{_against(win)}"
        for win in verdict.wins
        if win.metric != "edp"
    )
    energy = verdict.wins[0]
    if not energy.second:
        return f"At batch {verdict.batch} {claims}."
    if energy.flips:
        end = f"it flips with {', or with '.join(flips(energy)[:3])}"
    else:
        end = f"no single parameter flips it{'' if energy.firm else '; all bands together could'}"
    doubt = "; a figure is incomplete (≥), so the order is not certain" if energy.at_least else ""
    return f"At batch {verdict.batch} {claims}. By energy {end}{doubt}."


def verdict_lines(verdict: Verdict) -> str:
    """Return the sentence, and one line for each metric."""
    lines = [sentence(verdict)]
    for win in verdict.wins:
        lines.append(f"  {win.metric:<8}{win.winner}: {_value(win)}{_against(win)}")
        lines += [f"          flips with {text}" for text in flips(win)[:SHOWN]]
        if len(win.flips) > SHOWN:
            lines.append(f"          and {len(win.flips) - SHOWN} more, each alone")
    return "\n".join([*lines, *(f"  left out: {line}" for line in left_out(verdict))])


def left_out(verdict: Verdict) -> list[str]:
    """Return who takes no part, and why, a line each."""
    lines = [f"{omission.platform}: {why(omission)}" for omission in verdict.omitted]
    if verdict.none_fits:
        lines.append("the network fits none of them: they are compared all the same")
    return lines


def why(omission: Omission) -> str:
    """Return why a platform takes no part."""
    return f"not feasible ({omission.limit})" if omission.lacks == "room" else f"no {omission.lacks}"


def _value(win: Win) -> str:
    return scaled(win.value, METRICS[win.metric])


def _against(win: Win) -> str:
    """The first's figure as a part of the second's: in percent from a tenth up, as a fraction below."""
    if not win.second:
        return ""
    if win.ratio == inf:
        return f", less than {win.second}"
    return f", {_part(win.ratio)} of {win.second}'s"


def _part(ratio: float) -> str:
    if ratio < 10:
        return f"{100 / ratio:.3g} %"
    return f"1/{ratio:.3g}" if ratio < 1000 else f"1/{ratio:,.0f}"
