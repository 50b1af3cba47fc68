"""Draw the point in one picture: a weight shared and unrolled, the spikes of one digit, what an inference costs.

    python docs/picture.py [--out docs/picture.png]

All of it is of the network and the run of the README: the weights of one filter over one row of pixels, the spikes of
the first test image, the energies that `compare` finds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from converters import convert
from converters.examples import digits
from hardware import Comparison, compare
from spiking import Conv, SpikingNetwork, run, si, synapses
from spiking.plot import COLOURS, FAINT, INK, raster

PICKED = ("#0072B2", "#E69F00", "#009E73")  # a colour for each of the three weights
NAMES = {"brain": "brain", "loihi1": "Loihi 1", "a100": "A100", "a100 8 bit": "A100, 8 bit"}


def main(out: Path) -> None:
    """Draw it."""
    model, calibration, images, _ = digits()
    network = convert(model, calibration)
    record = run(network, images, steps=6, delay=1, record=True)
    costs = compare(network, record.activity, platforms=["brain", "loihi1", "a100"])
    figure = Figure(figsize=(13, 4.3), dpi=130, layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 1, 1))
    unrolled(network, images[0, 0].numpy(), left)
    raster(record, ax=middle, most=40).set_title("One digit as spikes", loc="left", color=INK)
    energies(costs, right)
    figure.get_layout_engine().set(wspace=0.06)
    figure.savefig(out)
    print(f"plot: {out}")


def unrolled(network: SpikingNetwork, image: np.ndarray, ax: Axes) -> None:
    """Draw the middle row of a 3×3 filter over one row of pixels: three weights, and a synapse for each use."""
    layer = next(node for node in network if isinstance(node, Conv))
    filters = layer.weight[:, 0, 1]  # (outputs, 3)
    chosen = int(np.argmax(np.ptp(filters, axis=1)))
    weights, row = filters[chosen], image[int(image.sum(axis=1).argmax())]
    size = len(row)
    thick = 1 + 2.5 * np.abs(weights) / np.abs(weights).max()
    for post in range(size):
        for k in range(3):
            if 0 <= post + k - 1 < size:
                ax.plot([post + k - 1, post], [0, 1.1], color=PICKED[k], linewidth=thick[k], zorder=1)
    for x, grey in enumerate(row):
        ax.add_patch(Rectangle((x - 0.28, -0.14), 0.56, 0.28, facecolor=str(1 - float(grey)), edgecolor=INK, zorder=2))
    ax.scatter(range(size), np.full(size, 1.1), 170, "white", edgecolors=INK, zorder=2)
    for k, weight in enumerate(weights):
        ax.add_patch(Rectangle((2.9 + 0.86 * k, 1.82), 0.8, 0.26, facecolor=PICKED[k], edgecolor="none"))
        value = f"{weight:+.2f}".replace("-", "−")
        ax.text(3.3 + 0.86 * k, 1.95, value, ha="center", va="center", color="white", fontsize=9)
    uses = sum(0 <= post + k - 1 < size for post in range(size) for k in range(3))
    note = {"ha": "left", "va": "center", "color": INK, "fontsize": 10}
    ax.text(-0.3, 1.95, "shared: 3 weights", **note)
    ax.text(-0.3, 1.5, f"unrolled: {uses} synapses", **note)
    counted = synapses(network).values()
    w, s = sum(c.weights for c in counted), sum(c.unrolled for c in counted)
    ax.text(-0.3, -0.5, f"the whole network: W = {w:,} weights,\nS = {s:,} synapses, R = S/W = {s / w:.0f}", **note)
    ax.set(xlim=(-0.7, size - 0.3), ylim=(-0.8, 2.15))
    ax.set_axis_off()
    ax.set_title("The same weights, shared and unrolled", loc="left", color=INK)


def energies(costs: Comparison, ax: Axes) -> None:
    """Draw the energy of an inference on each platform with its band, and its latency."""
    for y, row in enumerate(reversed(costs.rows)):
        energy = row.energy.total
        name = row.platform.name
        colour = COLOURS[1] if row.platform.kind == "von_neumann" else COLOURS[0]
        ax.plot([energy.low, energy.high], [y, y], color=colour, linewidth=7, alpha=0.25, solid_capstyle="butt")
        ax.plot(energy.value, y, "o", color=colour, markersize=7)
        text = f"{NAMES.get(name, name)}   {energy.nominal}"
        if row.latency_s is not None:
            text += f", {si(row.latency_s.value, 's')}"
        x, side = (energy.high, "right") if energy.value > 1e-4 else (energy.low, "left")
        ax.text(x, y + 0.24, text, ha=side, color=INK, fontsize=10)
    ax.set_xscale("log")
    ax.set(xlim=(3e-10, 6e-2), ylim=(-0.6, len(costs.rows) - 0.3), yticks=[])
    ax.set_xlabel("energy of an inference; bar: its band")
    ax.set_xticks([1e-9, 1e-6, 1e-3], ["1 nJ", "1 µJ", "1 mJ"])
    ax.minorticks_off()
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(INK)
    ax.tick_params(colors=INK)
    ax.xaxis.label.set_color(INK)
    ax.grid(axis="x", color=FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.set_title("What one inference costs: energy, latency", loc="left", color=INK)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("picture.png"))
    main(parser.parse_args().out)
