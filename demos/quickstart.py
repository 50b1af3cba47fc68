"""Quick start: a CNN on three engines
===================================

Convert a trained CNN and run it: on Norse, on a 100 Hz clock in Brian2, and on paper for four machines.

::

    python demos/quickstart.py [--out out/quickstart.png]

Half a minute on two cores. Expected, among much else::

    source accuracy 99.4 % on 360 test images
    T=2 99.4 % 100.0 % 0.054
    first answer tick 4 40 ms
    all answers final tick 5 50 ms
    last spikes arrive tick 6 60 ms
    norse float64 identical identical identical identical identical
    brian2 float64 identical identical identical identical identical
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from converters import convert
from converters.examples import digits
from hardware import compare
from spiking import SpikeRecord, run, table
from spiking.plot import TICK, accuracy_over_time, raster

HEAD = ["accuracy", "agreement", "rel. error", "spikes/neuron"]


def main(out: Path) -> None:
    heading("A trained CNN, and the spiking network made of it")
    model, calibration, test, labels = digits()
    source = model(test).detach().numpy()
    accuracy = float((source.argmax(1) == labels).mean())
    network = convert(model, calibration)
    print(f"source accuracy {percent(accuracy)} on {len(labels)} test images\n\n{network.summary()}")

    heading("Norse, delay 0: a tick flows through the whole network")
    rate = convert(model, calibration, method="rate")
    free, slow = (run(made, test, steps=8, delay=0, backend="norse", record=True) for made in (network, rate))
    pairs = zip(curves(free, source, labels), curves(slow, source, labels), strict=True)
    rows = [[f"T={t}", *left, "│", *right] for t, (left, right) in enumerate(pairs, 1)]
    print(table(["", *HEAD, "│", "rate: accuracy", *HEAD[1:]], rows))
    bits = [max(neuron.alphabet.bits for neuron in made.populations) for made in (network, rate)]
    print(f"a neuron says up to {bits[0]:.1f} bits in a tick; with rate coding {bits[1]:.1f}")

    heading("Brian2, delay 1, a wavefront: a spike is seen one tick of 10 ms later")
    last = max(neuron.start + neuron.window for neuron in network.populations)  # when the last spikes can arrive
    plan = {"steps": last, "delay": 1, "record": True}
    brian = run(network, test, backend="brian2", **plan)
    answer = brian.readout.argmax(-1)
    final = [float((answer[t:] == answer[-1]).all(0).mean()) for t in range(last)]
    rows = [[*at(t), *row, percent(final[t - 1])] for t, row in enumerate(curves(brian, source, labels), 1)]
    print(table(["tick", "time", *HEAD, "answers final"], rows), end="\n\n")
    print("first answer        tick", *at(network.depth["output"] + 1))
    print("all answers final   tick", *at(final.index(1) + 1))
    print("last spikes arrive  tick", *at(last))

    heading("Three engines, the same images, delay 1: spikes that differ from the reference's")
    reference = run(network, test, backend="reference", **plan)
    double, single = (run(network, test, backend="norse", dtype=dtype, **plan) for dtype in ("float64", "float32"))
    sent = spikes(reference.rasters)
    rows = [["reference sends", *(f"{n:,}" for n in sent), f"{sent.sum():,}", "–"]]
    for name, record in {"norse float64": double, "brian2 float64": brian, "norse float32": single}.items():
        rows.append([name, *beside(record, reference)])
    print(table(["", *(f"tick {t + 1}" for t in range(last)), "spikes", "readout off by"], rows))

    heading("What one image costs")
    costs = compare(network, brian.activity, platforms=["brain", "loihi1", "a100", "horowitz45nm"], batch=1)
    print(costs)

    named = {"sigma-delta, Norse, delay 0": free, "rate, Norse, delay 0": slow, "sigma-delta, Brian2, delay 1": brian}
    left, right = Figure(figsize=(11, 4.6), dpi=150, layout="constrained").subplots(1, 2)
    raster(brian, ax=left).set_title("Spikes for one digit, Brian2 at 100 Hz", loc="left")
    left.inset_axes((0.8, 0.03, 0.18, 0.26), xticks=[], yticks=[]).imshow(test[0, 0], cmap="gray_r")
    accuracy_over_time(named, labels, accuracy, ax=right)
    out.parent.mkdir(parents=True, exist_ok=True)
    left.figure.savefig(out)
    page = out.with_suffix(".html")
    page.write_text(costs.to_html("python demos/quickstart.py"), encoding="utf-8")
    print(f"\nplots: {out}\ncosts, as a page that recomputes itself: {page}")


def curves(record: SpikeRecord, source: np.ndarray, labels: np.ndarray) -> list[list[str]]:
    """Return for each tick the columns of HEAD; spikes are those sent until then, for one image."""
    neurons = sum(train[0].size for train in record.rasters.values())
    columns = record.accuracy(labels), record.agreement(source), record.relative_error(source)
    ticks = zip(*columns, np.cumsum(spikes(record.rasters)) / neurons, strict=True)
    return [[percent(right), percent(same), f"{error:.3f}", f"{sent:.2f}"] for right, same, error, sent in ticks]


def spikes(rasters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return how many values are not zero at each tick, over all neurons and images."""
    return np.sum([np.count_nonzero(train.reshape(len(train), -1), axis=1) for train in rasters.values()], axis=0)


def beside(record: SpikeRecord, reference: SpikeRecord) -> list[str]:
    """Return the spikes that differ at each tick, those sent, and max|readout − reference| / max|reference|."""
    differ = spikes({name: train != reference.rasters[name] for name, train in record.rasters.items()})
    off = np.abs(record.readout - reference.readout).max() / np.abs(reference.readout).max()
    return [*(f"{n:,}" if n else "identical" for n in differ), f"{spikes(record.rasters).sum():,}", f"{off:.1e}"]


def at(tick: int) -> tuple[str, str]:
    return str(tick), f"{1e3 * TICK * tick:.0f} ms"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def heading(text: str) -> None:
    print(f"\n{text}\n{'═' * len(text)}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out/quickstart.png"))
    main(parser.parse_args().out)
