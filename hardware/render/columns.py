"""Every column of every table, declared once: text, Markdown, CSV, the page and its script all read these lists."""

from __future__ import annotations

from dataclasses import dataclass

from .cells import Value


@dataclass(frozen=True)
class Column:
    """One column, in every view that gives it a title.

    of      the value in a row: the path of a field, a quotient of two ("a / b") or a band ("a … b")
    unit    "" for words, "1" for counts and ratios, "%", "load", or SI; a Quantity has its own
    text    title in plain text and Markdown
    csv     title in CSV; a band has none
    page    title on the page, which its script computes again
    below   what stands small beneath the value on the page: a band or words
    """

    of: str
    unit: str = ""
    text: str = ""
    csv: str = ""
    page: str = ""
    below: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the cells are figures, set to the right."""
        return self.unit not in ("", "cited")

    def value(self, row: object) -> Value:
        """Return the value in a row."""
        return value(self.of, row)


def value(of: str, row: object) -> Value:
    """Return the value of a path, a quotient or a band; None where a part is missing, or where the last part is 0."""
    for sign in (" / ", " … "):
        if sign in of:
            first, last = (value(path, row) for path in of.split(sign))
            if not isinstance(first, int | float) or not isinstance(last, int | float) or not last:
                return None
            return (first / last or None) if sign == " / " else (first, last)
    found: object = row
    for name in of.split("."):
        found = None if found is None else getattr(found, name)
    return found  # type: ignore[return-value]


LATENCY_BAND = "report.latency_s.low … report.latency_s.high"
ENERGY_BAND = "report.energy.total.low … report.energy.total.high"

PLATFORMS = (
    Column("report.platform.name", text="platform", csv="platform", page="Platform", below="report.platform.boundary"),
    Column("report.platform.boundary", csv="boundary"),
    Column("report.batch", "1", csv="batch"),
    Column("report.latency_s", "s", "latency", "latency_s", "Latency", LATENCY_BAND),
    Column("report.latency_s.low", "s", csv="latency_low"),
    Column("report.latency_s.high", "s", csv="latency_high"),
    Column("report.throughput", "1/s", "throughput", "throughput", "Throughput"),
    Column("report.energy.total", "J", "energy/inf.", "energy_J", "Energy", ENERGY_BAND),
    Column(ENERGY_BAND, "J", text="band of the energy"),
    Column("report.energy.total.low", "J", csv="energy_low"),
    Column("report.energy.total.high", "J", csv="energy_high"),
    Column("report.energy.total.at_least", csv="at_least"),
    Column("report.edp", "J·s", "EDP", "edp_Js", "Energy × delay"),
    Column("report.energy.dynamic", "J", csv="dynamic_J"),
    Column("report.energy.static", "J", csv="static_J"),
    Column("report.energy.io", "J", csv="io_J"),
    Column("report.power", "W", csv="power_W", page="Power"),
    Column("report.cores", "1", csv="cores"),
    Column("report.chips", "1", csv="chips"),
    Column("report.feasible", csv="feasible"),
    Column("fits", text="feasible", page="Feasible", below="limit"),
    Column("report.binding", text="binding", csv="binding"),
    Column("report.copies", "1", csv="copies_per_weight", page="Copies of a weight"),
    Column("flips", csv="flips"),
    Column("left_out", csv="left_out"),
)

PARTS = (  # of a comparison, the second table in Markdown
    Column("report.platform.name", text="platform"),
    Column("report.energy.dynamic", "J", text="dynamic"),
    Column("report.energy.static", "J", text="static"),
    Column("report.energy.io", "J", text="io"),
    Column("report.power", "W", text="power"),
    Column("report.cores", "1", text="cores"),
    Column("report.chips", "1", text="chips"),
)

SHARE = Column("energy.value / whole.value", "%", text="share", page="Share")  # the page sorts by it at first
NODES = (
    Column("name", text="node", page="Layer"),
    Column("neurons", "1", text="neurons", page="Neurons"),
    Column("weights", "1", page="Weights W"),
    Column("macs", "1", text="synapses S"),
    Column("synapses", "1", page="Synapses S"),
    Column("counts.unrolled / counts.weights", "1", "reuse R", "reuse", "Reuse R"),
    Column("spikes", "1", text="spikes", page="Spikes"),
    Column("events", "1", "syn. events", "events", "Events"),
    Column("energy", "J", text="energy", page="Energy"),
    SHARE,
    Column("bound", text="bound by", page="Bound by"),
)

# CSV has a line for each node and action; what NODES gives to CSV stands behind these, again on each line of the node.
ENTRIES = (
    Column("node.name", csv="node"),
    Column("action", csv="action"),
    Column("group", csv="group"),
    Column("count", "1", csv="count"),
    Column("price.name", csv="price"),
    Column("price.value", "J", csv="unit_price"),
    Column("price.unit", csv="unit"),
    Column("energy.value", "J", csv="energy"),
    Column("energy.low", "J", csv="low"),
    Column("energy.high", "J", csv="high"),
    Column("at_least", csv="at_least"),
)

LIMITS = (
    Column("name", page="Limit"),
    Column("needed", "1", page="Needed"),
    Column("available", "1", page="Available"),
    Column("load", "load", page="Load"),
    Column("state", page="State"),
)

PARAMETERS = (
    Column("name", text="parameter"),
    Column("label", page="Parameter"),
    Column("value", "1", text="value", page="Value"),
    Column("band", "1", text="band", page="Band"),
    Column("unit", page="Unit"),
    Column("basis", text="basis"),
    Column("scope", text="scope"),
    Column("grounds", page="Basis"),
    Column("source", "cited", text="source", page="Source"),
)
