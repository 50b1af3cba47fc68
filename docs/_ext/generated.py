"""The pages that are made from the code each time: what converts, platforms, architectures, validation, the API."""

from __future__ import annotations

import csv
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
OUT = DOCS / "reference"
WIDE = "---\nhtml_theme.sidebar_secondary.remove: true\n---\n\n"
PACKAGES = ("converters", "spiking", "hardware")
KINDS = {
    "brain": "Brains",
    "neuromorphic": "Neuromorphic chips",
    "event_driven": "GPUs that simulate by events",
    "von_neumann": "CPUs, GPUs and TPUs",
    "operation_count": "Operation counts",
}
BOUNDARIES = {"chip": "the chip", "board": "the board", "system": "the whole system"}


def grid(head: list[str], rows: list[list[str]], right: int = 0) -> str:
    """Return a Markdown table; columns from `right` on are numbers, if it is given."""
    rule = ["---:" if right and k >= right else "---" for k in range(len(head))]
    return "\n".join(f"| {' | '.join(cell.replace('|', '∣') for cell in row)} |" for row in (head, rule, *rows))


def page(title: str, *parts: str) -> str:
    """Return a page of Markdown."""
    return "\n\n".join([f"# {title}", *parts]) + "\n"


def ops() -> str:
    """Return every rule by what it becomes, with the ATen calls it takes."""
    from converters import supported

    calls: dict[str, list[str]] = {}
    for target, text in supported().items():
        calls.setdefault(text.rstrip("."), []).append(f"`{target.removesuffix('.default')}`")
    rows = sorted([", ".join(names), text] for text, names in calls.items())
    return page(
        "Operations",
        f"The {len(supported())} ATen calls that have a rule, and what each becomes. An in-place call uses the rule "
        "of its plain twin; a call without an overload is the `default` one. A model with any other call is refused "
        "before any work starts, and every such call is named with its module, shape and source line: see "
        "{doc}`../guide/convert`. `spiking list ops` prints this table.",
        grid(["ATen call", "what it becomes"], rows),
    )


def platform_list() -> str:
    """Return the platforms by kind, and the network of pages behind."""
    from hardware import load_platform, platforms

    found = {name: load_platform(name) for name in platforms()}
    parts = []
    for kind in sorted({p.kind for p in found.values()}, key=[*KINDS].index):
        title = KINDS[kind]
        some = {name: p for name, p in found.items() if p.kind == kind}
        rows = [[f"{{doc}}`{name} <platforms/{name}>`", p.title, BOUNDARIES[p.boundary]] for name, p in some.items()]
        parts += [f"## {title}", grid(["name", "what it is", "its energies include"], rows)]
    toctree = "\n".join(["```{toctree}", ":hidden:", "", *(f"platforms/{name}" for name in found), "```"])
    return page(
        "Platforms",
        f"The {len(found)} platforms that `estimate` and `compare` take by name. Behind each name: every number, with "
        "its band (low … high), its basis and its source. A platform of your own is a TOML file: see "
        "{doc}`../guide/extend`. Which of them were compared with measurements: {doc}`validation`.",
        *parts,
        toctree,
    )


def platform_page(name: str) -> str:
    """Return every number of a platform with its band, basis and source, and the literature it cites."""
    from hardware import Quantity, load_platform, references

    platform = load_platform(name)
    parts, cited = [], set()
    for section in dict.fromkeys(price.section for price in platform.prices.values()):
        rows = []
        for price in (p for p in platform.prices.values() if p.section == section):
            text = str(Quantity(price.value, price.low, price.high, price.unit)).replace(" ", "\u00a0")
            value, _, band = text.partition("\u00a0(")
            source = f"{price.source}; {price.page}" if price.page else price.source
            rows.append([f"`{price.name}`", value, band.rstrip(")"), price.basis, plain(source)])
            cited |= {key for key in references() if f"[{key}]" in source}
        parts += [f"## {section.capitalize()}", grid(["number", "value", "band", "basis", "source"], rows)]
    if cited:
        parts += ["## References", "\n".join(f"- {plain(f'[{key}] {references()[key]}')}" for key in sorted(cited))]
    title = f"{platform.title[0].upper()}{platform.title[1:]}"
    return WIDE + page(name, f"{title}. Its energies include {BOUNDARIES[platform.boundary]}.", *parts)


def plain(text: str) -> str:
    """Return the text with nothing in it that Markdown would read as markup."""
    return "".join(f"\\{c}" if c in "[]*_<>`~$" else c for c in text)


def networks() -> str:
    """Return the counts of the networks that come as shapes."""
    from hardware import net, nets
    from spiking import InvalidInput

    rows = []
    for name, text in nets().items():
        try:
            trace = net(name).trace()
        except InvalidInput:  # it has no sizes of its own
            rows.append([f"`{name}`", text, *"–––––"])
            continue
        reuse = f"{trace.unrolled / trace.weights:,.1f}" if trace.weights else "–"
        counts = [trace.weights, trace.unrolled, trace.neurons, trace.stages]
        w, s, neurons, stages = (f"{n:,}" for n in counts)
        rows.append([f"`{name}`", text, w, s, reuse, neurons, stages])
    return grid(["name", "what it is", "weights W", "synapses S", "reuse R", "neurons", "stages"], rows, right=2)


def architectures() -> str:
    """Return the models that are converted in the tests, with the figures of the last full measurement."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.architectures import ARCHITECTURES

    with (DOCS / "architectures.csv").open(encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    stale = set(ARCHITECTURES) ^ {row[0] for row in rows}
    assert not stale, f"docs/architectures.csv is not of these models: {stale}; run python -m benchmarks.architectures"
    return page(
        "Architectures",
        "## Converted and measured",
        "Unmodified models of transformers, timm and `torch.nn` in random small configurations, calibrated and "
        'measured on different random samples with `precision="auto", error=0.015`: relative L2 error of the readout '
        "after 3 and 8 ticks, and spikes sent by a neuron for one sample. The tests convert each of them and hold the "
        "error at 8 ticks below 0.02; `python -m benchmarks.architectures` writes the figures.",
        grid(head, rows, right=1),
        "Models with trained weights: {doc}`../measured`.",
        "## Priced from their shapes",
        'Networks of the literature that need no weights and no data: `hardware.net("resnet50").trace()`, or '
        "`spiking cost resnet50 --platform brain h100`. W unique weights become S synapses where nothing is shared; "
        "R = S/W; a stage is one layer of synapses on the longest path, one tick on a brain.",
        networks(),
    )


def validation() -> str:
    """Return every measured figure beside its prediction, and draw them."""
    from benchmarks.validation import draw
    from hardware import validate

    found = validate()
    draw(found).savefig(OUT / "validation.png")
    return page(
        "Validation",
        "The cost models against measured silicon, from the shipped numbers; `spiking validate` prints the same. A "
        "fold is the larger of predicted/measured and measured/predicted; a group passes if each of its scored rows "
        "is within its tolerance. No number is tuned to a row: the few that were fitted to one say so in their "
        "platform file, and that row is shown without a tolerance. Misses stay in.",
        "![Predicted over measured, a column for each group, tolerances as bars](validation.png)",
        found.to_markdown().replace("\n### ", "\n## "),
    )


def citation() -> str:
    """Return CITATION.cff as BibTeX."""
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    fields = {
        "author": " and ".join(f"{{{author['name']}}}" for author in cff["authors"]),
        "title": f"{{{cff['title']}}}",
        "version": cff["version"],
        "year": str(cff["date-released"])[:4],
        "note": f"{cff['license']} license",
    }
    lines = ",\n".join(f"  {key} = {{{value}}}" for key, value in fields.items())
    return f"```bibtex\n@software{{hectohertz,\n{lines}\n}}\n```\n"


def groups(package: Any) -> dict[str, list[str]]:
    """Return the public names of a package by what they are."""
    import spiking

    tests: dict[str, Callable[[Any], bool]] = {
        "Functions": inspect.isroutine,
        "Errors": lambda x: inspect.isclass(x) and issubclass(x, Exception),
        "Linear maps": lambda x: inspect.isclass(x) and issubclass(x, spiking.Synapse),
        "Neurons, products, inputs and outputs": lambda x: inspect.isclass(x) and issubclass(x, spiking.Node),
        "Functions of a neuron": lambda x: inspect.isclass(x) and issubclass(x, spiking.Function),
        "Classes": inspect.isclass,
        "Tables and constants": lambda x: isinstance(x, dict | float),
    }
    order = ("Functions", "Classes", *list(tests)[2:5], "Errors", "Tables and constants")
    found: dict[str, list[str]] = {title: [] for title in order}
    for name in sorted(package.__all__):
        value = inspect.unwrap(getattr(package, name))
        found[next(title for title, test in tests.items() if test(value))].append(name)
    return {title: names for title, names in found.items() if names}


def index() -> str:
    """Return the contents of the reference."""
    return "\n".join(
        [
            "What this version of the code can do and knows, made from it.",
            "",
            "```{toctree}",
            *("ops", "platforms", "architectures", "validation", "../measured", "../census"),
            "```",
        ]
    )


def packages() -> str:
    """Return the packages, a line each."""
    lines = [f"{{doc}}`{name}`\n: {__import__(name).__doc__}\n" for name in PACKAGES]
    return "\n".join([*lines, "```{toctree}", ":hidden:", "", *PACKAGES, "```"])


def api(name: str) -> str:
    """Return the reference of a package: all of `__all__`, from the docstrings."""
    package = __import__(name)
    lines = [name, "=" * len(name), "", package.__doc__ or "", ""]
    parts = groups(package)
    if name == "spiking":
        parts["Plots"] = ["plot.raster", "plot.accuracy_over_time"]
    for title, names in parts.items():
        lines += [title, "-" * len(title), ""]
        if title == "Tables and constants":
            lines += [line for each in names for line in constant(name, each)]
            continue
        lines += [".. autosummary::", "", *(f"   ~{name}.{each}" for each in names), ""]
        kind = {"Functions": "function", "Plots": "function", "Errors": "exception"}.get(title, "class")
        lines += [line for each in names for line in (f".. auto{kind}:: {name}.{each}", "")]
    return "\n".join(lines)


def constant(package: str, name: str) -> list[str]:
    """Return what a public dictionary holds by name, or the value of a public number."""
    value = getattr(sys.modules[package], name)
    text = "By name: " + ", ".join(f'``"{key}"``' for key in value) if isinstance(value, dict) else f"``{value}``"
    return [f".. py:data:: {package}.{name}", "", f"   {text}", ""]


def pages() -> Iterator[tuple[str, str]]:
    """Yield every generated page, by its file."""
    from hardware import platforms

    yield "ops.md", ops()
    yield "platforms.md", platform_list()
    yield from ((f"platforms/{name}.md", platform_page(name)) for name in platforms())
    yield "architectures.md", architectures()
    yield "validation.md", validation()
    yield "index.md", page("Reference", index())
    yield "bibtex.md", citation()
    yield "api/index.md", page("API", packages())
    yield from ((f"api/{name}.rst", api(name)) for name in PACKAGES)


def write(app: Any) -> None:
    """Write what changed."""
    for name, text in pages():
        file = OUT / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx."""
    (OUT / "pages").mkdir(parents=True, exist_ok=True)
    app.connect("builder-inited", write, priority=100)
    return {"parallel_read_safe": True}
