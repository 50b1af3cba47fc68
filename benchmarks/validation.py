"""Draw every scored prediction against its measurement, as the documentation does.

python -m benchmarks.validation [--out out/validation.png]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from matplotlib.figure import Figure

from hardware import Validation, validate


def main(out: Path) -> None:
    found = validate()
    print(found.headline)
    out.parent.mkdir(parents=True, exist_ok=True)
    draw(found).savefig(out)
    print(f"plot: {out}")


def draw(found: Validation) -> Figure:
    """Return a figure of predicted over measured, a column for each group, its tolerances as bars."""
    figure = Figure(figsize=(11, 4.6), dpi=150, layout="constrained")
    axes = figure.subplots()
    for x, group in enumerate(found.groups):
        rows = [row for row in group.rows if row.tolerance is not None and row.measured != row.predicted]
        for k, row in enumerate(rows):
            place = x + 0.6 * ((k + 0.5) / len(rows) - 0.5)
            assert row.tolerance is not None
            axes.plot([place, place], [1 / row.tolerance, row.tolerance], color="0.85", linewidth=2.2, zorder=1)
            color = "C0" if row.passed else "C3"
            axes.plot(place, row.predicted / row.measured, "o", markersize=3.6, color=color, zorder=2)
    axes.axhline(1, color="0.4", linewidth=0.8, zorder=0)
    axes.set_yscale("log")
    ticks = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4]
    axes.set_yticks(ticks, ["1/16", "1/8", "1/4", "1/2", "1", "2", "4"])
    axes.minorticks_off()
    axes.set_xticks(range(len(found.groups)), [f"{g.key}\n{SHORT[g.key]}" for g in found.groups], fontsize=7.5)
    axes.set_ylabel("predicted / measured")
    axes.set_title(f"{found.headline}; grey: the tolerance of each row, red: misses", loc="left", fontsize=10)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure


SHORT = {
    "V1": "keywords\nbatch 1",
    "V2": "keywords\nbatches",
    "V3": "keywords\nscaled",
    "V4": "A100\nlatency",
    "V5": "MLPerf\ntime",
    "V6": "MLPerf\nenergy",
    "V7": "recurrent",
    "V8": "matrix ×\nvector",
    "V9": "LLM\ndecode",
    "V10": "CPUs",
    "V11": "consumer\nGPUs",
    "V12": "Loihi 2",
    "V13": "cortex\non GPUs",
    "V14": "TrueNorth",
    "V15": "ODIN",
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out/validation.png"))
    main(parser.parse_args().out)
