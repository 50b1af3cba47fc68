"""Time `import hardware` in a fresh interpreter, and ResNet-50 from shapes: estimated, and compared on three platforms.

python -m benchmarks.cost_speed [--runs 20]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from hardware import compare, estimate, net, platforms
from hardware.models.registry import KINDS
from spiking import table

THREE = ("brain", "loihi1", "a100")


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
    times = []
    for _ in range(runs):
        begin = perf_counter()
        with redirect_stdout(StringIO()):
            print(compare(net("resnet50").trace(), platforms=THREE))
        times.append(perf_counter() - begin)
    rows.append([f"print(compare({', '.join(THREE)}))", f"{1e3 * median(times):.1f} ms", f"{1e3 * max(times):.1f} ms"])
    print(table(["ResNet-50 from shapes, on", "median", "slowest"], rows))
    made, read = evaluations()
    print(f"cost models evaluated {made} times for the comparison, {read} times for its text")


def evaluations() -> tuple[int, int]:
    """Count the evaluations of cost models that making a comparison takes, and printing it."""
    calls: list[str] = []

    def counted(name: str, cost: Any) -> Any:
        return lambda *arguments: calls.append(name) or cost(*arguments)

    for name, kind in KINDS.items():
        KINDS[name] = replace(kind, cost=counted(name, kind.cost))
    found = compare(net("resnet50").trace(), platforms=THREE)
    made = len(calls)
    str(found)
    return made, len(calls) - made


def timed(code: str, cache: str) -> float:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begin = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env={**env, "PYTHONPYCACHEPREFIX": cache})
    return perf_counter() - begin


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    main(parser.parse_args().runs)
