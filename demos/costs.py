"""What weight sharing buys
========================

Who can buy it, and what it costs those who cannot: networks from their shapes, on a brain, a chip and a GPU.

::

    python demos/costs.py [--out out/costs.html]

Ten seconds, no weights and no data. Expected, among much else::

    resnet50 25.5 M 4,089 M 160 50 500 ms depth
    llama2_7b 6,738 M 6,738 M 1 194 1,940 ms depth
    infeasible within 15 ticks of 10.0 ms: the fastest takes 50 ticks, 500 ms
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from hardware import compare, estimate, lanes, load_platform, net
from spiking import table

NETS = ("pilotnet", "mobilenet_v1", "resnet50", "vgg16", "vit_b", "bert_base", "lstm", "llama2_7b")


def main(out: Path) -> None:
    traces = {name: net(name).trace(activity=0.1) for name in NETS}

    heading("Sharing: W weights become S synapses where nothing is shared, R = S/W; one stage takes one tick of 10 ms")
    rows = []
    for name, trace in traces.items():
        brain = estimate(trace, platform="brain")
        reuse = trace.unrolled / trace.weights
        counts = [millions(trace.weights), millions(trace.unrolled), f"{reuse:,.0f}", str(trace.stages)]
        rows.append([name, *counts, f"{10 * trace.stages:,} ms", "fits" if brain.feasible else brain.binding])
    print(table(["network", "W", "S", "R", "stages", "at 100 Hz", "150 ms on a brain"], rows))

    heading("Matrix multiplication is sharing: what an H100 makes of R, at batch 1 and 64")
    peak = load_platform("h100").prices["peak_16"].value
    rows = []
    for name, trace in traces.items():
        row = [name]
        for batch in (1, 64):
            report = estimate(trace, platform="h100", batch=batch)
            assert report.latency_s is not None
            used = 2 * trace.macs * batch / report.latency_s.value / peak
            bound, layers = Counter(report.bounds.values()).most_common(1)[0]
            row += [f"{100 * used:.2g} %", report.energy.total.nominal, f"{bound} ({layers} of {len(report.bounds)})"]
        rows.append(row)
    head = ["network", "batch 1: of peak", "an inference", "layers bound by"]
    print(table([*head, "batch 64: of peak", *head[2:]], rows))

    heading("Streaming buys the sharing back with ticks: ResNet-50 in fewer copies of its weights")
    front = lanes(traces["resnet50"], ticks=(1, 4, 16, 49, 196, 784, 12544))
    print(f"{front}\n\n{front.within(0.150)}\n{front.within(1.0)}")

    heading("One network, one batch, every kind of machine")
    platforms = ["brain", "loihi2", "northpole", "jetson_orin", "h100"]
    found = compare(traces["resnet50"], platforms=platforms, batch=1)
    print(found)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(found.to_html(f"python demos/costs.py --out {out}"), encoding="utf-8")
    print(f"\nthe same as a page that recomputes itself: {out}")


def millions(n: int) -> str:
    return f"{n / 1e6:,.1f} M" if n < 1e9 else f"{n / 1e6:,.0f} M"


def heading(text: str) -> None:
    print(f"\n{text}\n{'═' * len(text)}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out/costs.html"))
    main(parser.parse_args().out)
