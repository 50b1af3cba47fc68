"""The page says what Python says, under every setting, to everyone, and fetches nothing."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import ask, program, start
from page_script import TARGET, script
from test_hardware_estimate import CNN, RUN, attention, measured

from hardware import Comparison, CostReport, Platform, compare, load_platform, references
from hardware.platform.parameter import Parameter
from hardware.render import words
from hardware.render.page import _cited, html
from hardware.render.page_data import embedded, packed
from hardware.render.pages import FILES
from hardware.render.text import break_even_rows
from hardware.workload.zoo import net
from spiking import InvalidInput

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "spiking cost network.npz --html <page>.html"
PLATFORMS = ("brain", "loihi1", "truenorth", "a100", "a100_eager", "h100_events", "horowitz45nm", "xylo")
STEP = {"brain": "tick", "neuromorphic": "t_step_min"}


def bare(name: str) -> Platform:
    """A neuromorphic platform of which nothing but its room is published."""
    loihi = load_platform("loihi1")
    limits = {key: price for key, price in loihi.prices.items() if price.section == "limits"}
    return replace(loihi, name=name, parameters=limits)


def everything(network: Any = CNN, activity: Any = RUN, batch: int = 1) -> Comparison:
    return compare(network, activity, [*PLATFORMS, bare("room")], batch=batch)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return everything()


@pytest.fixture(scope="module")
def page(comparison: Comparison) -> str:
    return html(comparison, title="A <small> network", command=COMMAND)


@pytest.fixture(scope="module")
def resnet() -> str:
    return html(compare(net("resnet50").trace(activity=0.1), None, ("brain", "loihi1", "a100", "horowitz45nm")))


# --- the page computes what Python computes


def cases(comparison: Comparison) -> list[dict[str, Any]]:
    """Every platform as it is, at other batches and activities, and with other ticks and prices of events."""
    found: list[dict[str, Any]] = []
    for row in comparison.rows:
        slots, kind = row.platform.slots, row.platform.kind
        steps = (None, 3e-3) if kind in STEP else (None,)
        events = (None, 5e-12) if "synaptic_event" in slots else (None,)
        changes = [*product((1,), (1.0,), steps, events), (7, 0.1, steps[-1], None), (64, 2.5, None, events[-1])]
        changes += [(1024, 10.0, None, None), (3, 0.37, steps[-1], events[-1])]
        found += [
            {"platform": row.platform.name, "batch": b, "activity": f, "tick": t, "event": e} for b, f, t, e in changes
        ]
    return found


def expected(comparison: Comparison, case: dict[str, Any]) -> CostReport:
    before = comparison[case["platform"]]
    numbers = {STEP.get(before.platform.kind, ""): case["tick"], "synaptic_event": case["event"]}
    changed = before.platform.replaced({name: value for name, value in numbers.items() if value is not None})
    work = before.work.scaled(case["activity"])
    return compare(work, None, [changed], batch=case["batch"]).reports[0]


SAY = """
const q = (x) => x && [x.value, x.low, x.high, x.atLeast];
return CASES.map((state) => {
  const r = window.costs.evaluate(window.costs.data, state);
  return { latency: q(r.latency), throughput: q(r.throughput), power: q(r.power), edp: q(r.edp),
    total: q(r.energy.total), dynamic: q(r.energy.dynamic), static: q(r.energy.static), io: q(r.energy.io),
    nodes: [...r.nodes].map(([name, x]) => [name, q(x)]), actions: [...r.actions].map(([name, x]) => [name, q(x)]),
    alternatives: [...r.alternatives].map(([name, x]) => [name, q(x)]), feasible: r.feasible, binding: r.binding,
    constraints: r.constraints.map((one) => [one.name, one.needed, one.available]), bounds: [...r.bounds],
    ticks: r.ticks, cores: r.cores, chips: r.chips, copies: r.copies, pace: r.pace,
    unpriced: r.unpriced.map((one) => [one.node, one.action, one.group, one.why]) };
});
"""


def four(q: Any) -> Any:
    return None if q is None else [q.value, q.low, q.high, q.at_least]


def said(r: CostReport) -> dict[str, Any]:
    """A report in the shape of SAY."""
    e = r.energy
    return {
        **{"latency": four(r.latency_s), "throughput": four(r.throughput), "power": four(r.power), "edp": four(r.edp)},
        **{"total": four(e.total), "dynamic": four(e.dynamic), "static": four(e.static), "io": four(e.io)},
        "nodes": [[name, four(q)] for name, q in r.by_node().items()],
        "actions": [[name, four(q)] for name, q in r.by_action().items()],
        "alternatives": [[name, four(q)] for name, q in r.alternatives.items()],
        **{"feasible": r.feasible, "binding": r.binding, "ticks": r.ticks, "cores": r.cores, "chips": r.chips},
        "constraints": [[one.name, one.needed, one.available] for one in r.constraints],
        "bounds": [[name, words.bound(limit)] for name, limit in r.bounds.items()],
        **{"copies": r.copies, "pace": r.pace},
        "unpriced": [[one.node, one.action, one.group, one.why] for one in r.unpriced],
    }


def apart(found: Any, wanted: Any, where: str = "") -> list[str]:
    """Every place where two nested values differ by more than 1e-9 of the wanted one."""
    if isinstance(wanted, dict):
        return [line for key in wanted for line in apart(found[key], wanted[key], f"{where}.{key}")]
    if isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return [f"{where}: {len(found)} instead of {len(wanted)}"]
        pairs = enumerate(zip(found, wanted, strict=True))
        return [line for i, (a, b) in pairs for line in apart(a, b, f"{where}[{i}]")]
    if isinstance(wanted, int | float) and not isinstance(wanted, bool) and isinstance(found, int | float):
        return [] if abs(found - wanted) <= 1e-9 * abs(wanted) else [f"{where}: {found} instead of {wanted}"]
    return [] if found == wanted else [f"{where}: {found!r} instead of {wanted!r}"]


def in_chromium(comparison: Comparison, asked: list[dict[str, Any]], folder: Path) -> Any:
    return ask(html(comparison), SAY.replace("CASES", json.dumps(asked)), folder)


def in_node(comparison: Comparison, asked: list[dict[str, Any]], folder: Path) -> Any:
    """The same question to the scripts alone."""
    names = ("format.js", "curves.js", "generated.js", "drawn.js", "model.js")
    code = [(FILES / name).read_text(encoding="utf-8") for name in names]
    code.append(f"const window = {{ costs: {{ data: {embedded(comparison)}, evaluate }} }};")
    code.append(f"const say = () => {{ {SAY.replace('CASES', json.dumps(asked))} }};")
    code.append("process.stdout.write(JSON.stringify(say()));")
    script = folder / "asked.js"
    script.write_text("\n".join(code), encoding="utf-8")
    done = subprocess.run([program("node"), script], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("where", [in_chromium, in_node])
@pytest.mark.parametrize("name", ["cnn", "attention", "resnet50", "lstm"])
def test_the_page_computes_what_python_computes(name: str, where: Callable[..., Any], tmp_path: Path) -> None:
    network, activity = {
        "cnn": lambda: (CNN, RUN),
        "attention": lambda: (attention(), measured(attention(), steps=5, delay=0)),
        "resnet50": lambda: (net("resnet50").trace(activity=0.1), None),
        "lstm": lambda: (net("lstm", hidden=256, steps=12, features=64).trace(activity=0.3), None),
    }[name]()
    comparison = everything(network, activity)
    asked = cases(comparison)
    found = where(comparison, asked, tmp_path)
    assert len(asked) == len(found) >= 60
    faults = [
        f"{case}{line}"
        for case, answer in zip(asked, found, strict=True)
        for line in apart(answer, said(expected(comparison, case)))
    ]
    assert faults == []


def test_the_script_is_made_from_the_python_of_today() -> None:
    assert TARGET.read_text(encoding="utf-8") == script(), "run `python -m tests.page_script`"


def test_a_term_in_python_is_a_term_in_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more term in a cost function changes the script, and with it what the page would say."""
    source = inspect.getsource
    more = ("work.laid * latency / batch", "work.laid * latency / batch + 1.5 * work.stages")
    monkeypatch.setattr(inspect, "getsource", lambda module: source(module).replace(*more))
    changed = script()
    assert changed != TARGET.read_text(encoding="utf-8")
    assert "_pyfunc_op_mult(1.5, work.stages)" in changed


TEXTS = """
return Object.fromEntries(["verdict", "run-batch", "compare-rows", "detail-name", "detail-note", "facts", "limits-rows",
  "layers-rows"].map((id) => [id, document.getElementById(id).textContent.replace(/\\s+/g, "")]));
"""


@pytest.mark.parametrize(
    ("first", "batch"), [("brain", 1), ("loihi1", 8), ("a100", 3), ("xylo", 1), ("horowitz45nm", 2)]
)
def test_the_page_is_written_again_in_the_same_words(first: str, batch: int, tmp_path: Path) -> None:
    """What the template writes and what the script writes over it are the same text."""
    page = html(compare(CNN, RUN, [first, *(name for name in PLATFORMS if name != first)], batch=batch))
    scripted = ask(page, TEXTS, tmp_path)
    silent = re.sub(r"<script>\n\(function.*?</script>", "", page, flags=re.DOTALL)
    assert "function evaluate" not in silent
    assert ask(silent, TEXTS, tmp_path) == scripted


# --- settings


ACT = """
const $ = (id) => document.getElementById(id);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const set = (id, value, event = "input") => {
  $(id).value = value;
  $(id).dispatchEvent(new Event(event, { bubbles: true }));
};
const now = () => ({ hash: location.hash, verdict: $("verdict").textContent, facts: $("facts").textContent,
  rows: $("compare-rows").textContent, name: $("detail-name").textContent, tick: $("tick").value,
  batch: $("batch").value, limits: $("limits-rows").textContent, layers: $("layers-rows").textContent,
  invalid: $("batch").getAttribute("aria-invalid"), error: $("batch-error").textContent,
  spoken: $("spoken").textContent });
"""


def test_controls_address_and_reset(page: str, comparison: Comparison, tmp_path: Path) -> None:
    script = """
    const steps = { start: now() };
    set("batch", "8"); steps.batch = now();
    set("activity", "2"); steps.activity = now();
    set("tick", "5"); steps.tick = now();
    set("event", "1"); steps.event = now();
    await wait(900); steps.spoken = now();
    set("platform", "loihi1", "change"); steps.loihi = now();
    set("batch", "0"); steps.wrong = now();
    set("batch-range", "5"); steps.range = now();
    $("reset").click(); steps.reset = now();
    location.hash = "#platform=a100&batch=16&tick.brain=0.002"; await wait(50); steps.address = now();
    $("compare-rows").querySelector("button").click(); steps.row = now();
    set("tick", ""); steps.empty = now();
    location.hash = "#platform=nobody&batch=-3&activity=999&tick.a100=1&event.brain=x&__proto__=1";
    await wait(50); steps.bad = now();
    return steps;
    """
    found = ask(page, ACT + script, tmp_path)
    assert found["start"]["hash"] == ""
    assert found["start"]["verdict"] == comparison.verdict.sentence
    assert found["batch"]["hash"] == "#batch=8"
    assert found["activity"]["hash"] == "#batch=8&activity=2"
    assert found["event"]["hash"] == "#batch=8&activity=2&tick.brain=0.005&event.brain=1e-15"
    python = expected(comparison, {"platform": "brain", "batch": 8, "activity": 2.0, "tick": 5e-3, "event": 1e-15})
    assert str(python.latency_s) in found["event"]["facts"]
    assert str(python.energy.total) in found["event"]["facts"]
    assert found["event"]["verdict"].startswith("At batch 8, 2 × the activity, a tick of 5.00 ms on brain, an event of")
    assert found["spoken"]["spoken"].startswith("At batch 8")
    assert python.energy.total.nominal in found["spoken"]["spoken"]
    assert found["loihi"]["name"] == "loihi1"
    assert "platform=loihi1" in found["loihi"]["hash"]
    assert found["loihi"]["tick"] == ""
    assert (found["wrong"]["invalid"], found["wrong"]["hash"]) == ("true", found["loihi"]["hash"])
    assert "whole number" in found["wrong"]["error"]
    assert "batch=32" in found["range"]["hash"]
    assert found["reset"]["hash"] == "#platform=loihi1"
    assert all(found["reset"][one] == found["start"][one] for one in ("rows", "verdict", "batch"))
    assert (found["address"]["name"], found["address"]["batch"]) == ("a100", "16")
    assert (found["row"]["name"], found["row"]["tick"]) == ("brain", "2")
    assert found["empty"]["hash"] == "#batch=16"
    assert found["bad"]["rows"] == found["start"]["rows"]


def test_a_view_can_be_linked(page: str, comparison: Comparison, tmp_path: Path) -> None:
    address = "#platform=loihi1&batch=8&activity=0.5&event.loihi1=3e-11"
    found = ask(page, ACT + "return now();", tmp_path, hash=address)
    case = {"platform": "loihi1", "batch": 8, "activity": 0.5, "tick": None, "event": 3e-11}
    assert (found["hash"], found["name"]) == (address, "loihi1")
    assert str(expected(comparison, case).energy.total) in found["facts"]


def test_columns_sort(resnet: str, tmp_path: Path) -> None:
    script = """
    const heads = [...$("layers").tHead.rows[0].cells], result = [];
    const column = (i) => [...$("layers-rows").rows].map((row) => row.cells[i].textContent);
    const sorts = () => heads.map((head) => head.getAttribute("aria-sort"));
    result.push([sorts(), column(8)]);
    heads[8].querySelector("button").click(); result.push([sorts(), column(8)]);
    heads[0].querySelector("button").click(); result.push([sorts(), column(0)]);
    heads[2].querySelector("button").click(); result.push([sorts(), column(2)]);
    return result;
    """
    (by, shares), (up, upward), (_, names), (_, weights) = ask(resnet, ACT + script, tmp_path)
    numbers = [float(one[:-2]) for one in shares if one != "–"]
    assert by == ["none"] * 8 + ["descending", "none"]
    assert numbers == sorted(numbers, reverse=True)
    assert up[8] == "ascending"
    assert [float(one[:-2]) for one in upward if one != "–"] == numbers[::-1]
    assert upward[-1] == "–"
    assert names.index("layer2.0.conv1") < names.index(
        "layer10.conv1" if "layer10.conv1" in names else "layer4.0.conv1"
    )
    scale = {"k": 1e3, "M": 1e6}
    sizes = [float(w.split()[0].replace(",", "")) * scale.get(w[-1], 1) for w in weights if w != "–"]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) == 54


def test_every_figure_has_a_text_and_a_table(page: str, tmp_path: Path) -> None:
    script = """
    const found = {}, all = (what) => [...document.querySelectorAll(what)];
    const clipped = (svg) => {
      const box = svg.getBoundingClientRect();
      return [...svg.querySelectorAll("text")].filter((text) => {
        const b = text.getBoundingClientRect();
        return b.left < box.left - 1 || b.right > box.right + 1 || b.top < box.top - 1 || b.bottom > box.bottom + 1;
      }).map((text) => text.textContent);
    };
    const words = (svg) => ["title", "desc"].every((tag) => svg.querySelector(tag).textContent);
    const told = (svg) => svg.getAttribute("role") === "img" && words(svg);
    for (const one of $("platform").options) {
      set("platform", one.value, "change");
      const svgs = all("figure > svg");
      found[one.value] = {
        figures: all("figure").length,
        tables: all("figure table").length,
        broken: svgs.filter((svg) => /NaN|Infinity|undefined/.test(svg.outerHTML)).map((svg) => svg.outerHTML),
        unlabelled: svgs.filter((svg) => !told(svg)).length,
        outside: svgs.flatMap(clipped),
        captions: all("table").filter((table) => !table.caption || !table.caption.textContent).length,
      };
    }
    return found;
    """
    for width in (400, 1400):
        for name, one in ask(page, ACT + script, tmp_path, width=width).items():
            assert one["figures"] == 5, name
            assert one["tables"] >= 4, name
            assert (one["broken"], one["unlabelled"], one["outside"], one["captions"]) == ([], 0, [], 0), (name, width)


# --- for everyone


REACHING = ("src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "background", "ping")


class Outline(HTMLParser):
    """Headings, controls and what labels them, as they stand in the file."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.labels: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.attributes: dict[str, list[dict[str, str | None]]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.attributes.setdefault(tag, []).append(given)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "label":
            self.labels.add(given["for"] or "")
        if tag in ("input", "select"):
            self.controls.append(given)
        if given.get("id"):
            self.ids.append(given["id"] or "")


def test_structure(page: str) -> None:
    found = Outline(page)
    assert found.attributes["html"][0]["lang"] == "en"
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(found.headings, found.headings[1:], strict=False))
    assert all(one.get("id") in found.labels or one.get("aria-label") for one in found.controls)
    assert len(found.ids) == len(set(found.ids))
    assert {"header", "main", "footer", "form"} <= set(found.tags)
    assert found.tags.count("table") == found.tags.count("caption") > 3
    assert all(one.get("scope") in ("col", "row") for one in found.attributes["th"])
    named = [
        one[key]
        for tag in found.attributes.values()
        for one in tag
        for key in ("aria-labelledby", "aria-describedby")
        if key in one
    ]
    assert {part for one in named for part in (one or "").split()} <= set(found.ids)
    assert [one for one in found.attributes["th"] if "aria-sort" in one] == [
        {"scope": "col", "class": "n", "aria-sort": "descending"}
    ]
    targets = [one["href"] for one in found.attributes["a"]]
    assert all(target and target.startswith("#") and target[1:] in found.ids for target in targets)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_in_both_themes() -> None:
    style = (FILES / "style.css").read_text()
    themes = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    assert len(themes) == 3
    for theme in themes:
        for ground in ("ground", "raised", "chosen"):
            for ink in ("ink", "soft", "link", "wrong"):
                assert contrast(theme.get(ink, "#000000"), theme[ground]) >= 4.5, (ink, ground)
        for series in ("c1", "c2", "c3", "c4", "c5", "c6", "strong"):
            assert contrast(theme[series], theme["ground"]) >= 3, series


# --- one file


def test_nothing_is_fetched(page: str) -> None:
    given = [one for tags in Outline(page).attributes.values() for one in tags]
    assert all((one[key] or "").startswith("#") for one in given for key in REACHING if key in one)
    assert "default-src 'none'" in page
    for file in FILES.iterdir():
        if file.suffix in (".js", ".css", ".html"):
            text = file.read_text()
            assert not re.search(r"https?:|//\w+\.|url\(|@import|innerHTML = [^\"]", text)
            assert not re.search(r"fetch\(|XMLHttp|WebSocket|EventSource|import\(|eval\(", text)
            assert len(text.splitlines()) <= 350


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_it_fits_the_window(resnet: str, width: int, dark: bool, tmp_path: Path) -> None:
    script = """
    for (const one of document.querySelectorAll("details")) one.open = true;
    return [document.documentElement.scrollWidth, window.innerWidth, getComputedStyle(document.body).backgroundColor];
    """
    needed, there, ground = ask(resnet, script, tmp_path, width=width, dark=dark)
    assert needed <= there == width
    assert ground == ("rgb(22, 24, 27)" if dark else "rgb(255, 255, 255)")
    picture = tmp_path / "page.png"
    path = tmp_path / "page.html"
    path.write_text(resnet)
    start(tmp_path, path, f"--screenshot={picture}", width=width, dark=dark)
    assert picture.stat().st_size > 20_000


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    name = "</script><b id=hostile>__proto__"
    work = net("pilotnet").trace(activity=0.1)
    first = work.layers[0]
    place = replace(first.places[0], name=name)
    layers = (replace(first, name=name, places=(place,)), *work.layers[1:])
    old = first.places[0].name
    work = replace(
        work,
        network=name,
        places=(place, *work.places[1:]),
        layers=layers,
        order=tuple(name if n in (old, first.name) else n for n in work.order),
    )
    platform = replace(
        load_platform("brain"), name="<i id=hostile>'\"&", title="<script>window.faults.push('run')</script>"
    )
    page = html(compare(work, None, [platform, "loihi1"]), title=name, command="<u id=hostile>")
    script = "return [document.getElementById('hostile'), document.querySelector('h1').textContent, now()];"
    found = ask(page, ACT + script, tmp_path)
    assert found[0] is None
    assert found[1] == name
    assert name in found[2]["layers"]
    assert found[2]["name"] == platform.name


def test_what_has_no_price_is_never_zero(page: str, tmp_path: Path) -> None:
    found = ask(
        page,
        ACT + "set('platform', 'room', 'change'); return now();",
        tmp_path,
    )
    assert "Latencyunpriced" in found["facts"]
    assert "Energyunpriced" in found["facts"]
    assert "≥ " in found["rows"]
    priced = ask(page, ACT + "set('platform', 'room', 'change'); set('event', '20'); return now();", tmp_path)
    assert re.search("Energy≥ [1-9]", priced["facts"])


def test_footer(comparison: Comparison, page: str) -> None:
    text = re.sub(r"<[^>]+>", "", page.split("<footer>")[1].split("<script")[0])
    assert "spiking cost network.npz --html &lt;page&gt;.html" in text
    assert "measured on 3 samples" in text
    for row in comparison.rows:
        assert f"Boundary: the {row.platform.boundary}" in text
        assert all(price.name.replace("_", " ").removeprefix("functions.") in text for price in row.prices)
    cited = {key for row in comparison.rows for p in row.prices for key in re.findall(r"\[(\w+)\]", p.source + p.page)}
    listed = set(re.findall(r'id="ref-(\w+)"', page))
    assert listed == cited & set(references())
    assert "davies2018" in listed
    assert listed < set(references())


def test_without_scripts_it_is_complete(page: str, comparison: Comparison) -> None:
    silent = page.split("<script")[0]
    assert comparison.verdict.sentence.replace("'", "&#39;") in silent
    for row in comparison.rows:
        assert row.platform.name in silent
        assert row.energy.total.nominal in silent
    assert "A &lt;small&gt; network" in silent
    assert "<noscript>" in silent


def test_the_template_engine_is_read_when_it_is_needed() -> None:
    code = "import sys, hardware, hardware.render.page; print(*{'jinja2', 'markupsafe'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_too_many_ticks_are_refused() -> None:
    work = net("pilotnet").trace(activity=0.1)
    long = replace(work, ticks=4001)
    comparison = compare(work, None, ["brain"])
    comparison = replace(comparison, reports=(replace(comparison.reports[0], work=long),))
    with pytest.raises(InvalidInput, match="4,000 at most, not 4,001"):
        html(comparison)


def test_curves_travel_without_their_zeros() -> None:
    assert packed(np.zeros(5)) == [0, [], 0]
    assert packed(np.array([0, 0, 2.0, 2.0, 0])) == [2, [2.0], 2]
    assert packed(np.array([1.0, 0, 3.0, 0])) == [0, [1.0, 0.0, 3.0], 3]


def test_a_price_from_nowhere_is_text() -> None:
    price = Parameter("tick", "speeds", 1.0, 1.0, 1.0, "s", "see [nobody2000] and [davies2018]", "assumed")
    assert _cited(price.source) == [("see [nobody2000] and ", ""), ("[davies2018]", "davies2018")]


def test_break_even_stands_on_the_page() -> None:
    found = compare(CNN, RUN, ["brain", "loihi1", "a100"], batch=2)
    head, rows = break_even_rows(found)
    assert (head[1:], [row[0] for row in rows]) == (["brain", "loihi1"], ["a100", "a100 8 bit"])
    page = html(found)
    table = page[page.index('id="even-caption"') : page.index("</table>", page.index('id="even-caption"'))]
    for row in rows:
        assert f'<th scope="row">{row[0]}</th>' + "".join(f'<td class="n">{cell}</td>' for cell in row[1:]) in table
    assert 'id="even-caption"' not in html(compare(CNN, RUN, ["brain"]))
