"""Time `import hardware` in a fresh interpreter, and estimates of ResNet-50 from shapes: medians of several runs.

python benchmarks/cost_speed.py [--runs 20]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from hardware import estimate, net, platforms
from spiking import table


def main(runs: int) -> None:
    bare, whole = [], []
    with TemporaryDirectory() as cache:
        timed("import hardware", cache)  # writes the bytecode, as an installation does
        for _ in range(runs):
            bare.append(timed("pass", cache))
            whole.append(timed("import hardware", cache))
    start, added = 1e3 * median(bare), 1e3 * (median(whole) - median(bare))
    print(f"import hardware: {added:.0f} ms, on top of {start:.0f} ms of Python")
    platforms()  # reads every file once
    rows = []
    for name in ("brain", "loihi1", "a100", "h100_events"):
        times = []
        for _ in range(runs):
            begin = perf_counter()
            estimate(net("resnet50").trace(), platform=name)
            times.append(perf_counter() - begin)
        rows.append([name, f"{1e3 * median(times):.1f} ms", f"{1e3 * max(times):.1f} ms"])
    print(table(["ResNet-50 from shapes, on", "median", "slowest"], rows))


def timed(code: str, cache: str) -> float:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env={**env, "PYTHONPYCACHEPREFIX": cache})
    return perf_counter() - begin


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    main(parser.parse_args().runs)
