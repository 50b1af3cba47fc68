"""V1 to V3 and V8: one network, or one matrix product, on devices of several kinds."""

from __future__ import annotations

from ..analysis.records import CostReport
from ..quantity import Quantity
from .row import Group, Row, cost, rate, seconds

SOURCE = "blouw2018"
STREAM = 2000  # inferences one after another, as measured
RATE = 0.1  # spikes of a neuron each step: not published; assumed
INPUT = "an input: framework and transfers were measured here"
BOUNDARY = "dynamic alone, not scored: what counts as idle differs"
SKINNY = "not scored: so skinny that the library splits it otherwise"
PACKED = "gemmlowp packs the whole matrix anew for each product and wastes most columns of its kernel on one vector"


def batch_one() -> Group:
    """Energy at the measured rate; Loihi with its host."""
    measured = {"k4000": (770.4, 29.7e-3, 49.1e-3), "xeon_e5_2630": (1813.6, 6.32e-3, 15.7e-3)}
    measured["jetson_tx1"] = (419.0, 5.60e-3, 11.9e-3)
    rows = []
    for name, (speed, dynamic, total) in measured.items():
        report = cost("kws", name)
        rows.append(Row(f"{name}: rate", "1/s", speed, rate(report), None, INPUT))
        rows.append(Row(f"{name}: energy", "J", total, report.energy.total.value, 2.0))
        rows.append(Row(f"{name}: dynamic energy", "J", dynamic, _dynamic(report), None, BOUNDARY))
    loihi = cost("kws", "loihi1", STREAM, activity=RATE * 10, steps=10)
    rows.append(Row("loihi1: rate", "1/s", 296.5, rate(loihi), None, "t_host is fitted to these runs"))
    rows.append(Row("loihi1: energy with host", "J", 372e-6, loihi.energy.total.value, 2.0))
    return Group("V1", "keyword spotter, batch 1", SOURCE, tuple(rows))


def batches() -> Group:
    """Dynamic energy of batch 1 over that of batch 64."""
    measured = {"k4000": (29.67e-3, 7.27e-4), "jetson_tx1": (5.60e-3, 1.02e-4), "xeon_e5_2630": (6.32e-3, 3.5e-4)}
    rows = []
    for name, (single, many) in measured.items():
        found = [_dynamic(cost("kws", name, batch)) for batch in (1, 64)]
        rows.append(Row(f"{name}: energy, batch 1 over 64", "1", single / many, found[0] / found[1], 2.0))
    return Group("V2", "keyword spotter, batch 1 to 64", SOURCE, tuple(rows))


def scaled_up() -> Group:
    """More columns of layers: cores work side by side, a GPU and a CPU work one layer after another."""
    rows = []
    slopes = {share: _slope(share) for share in (0.05, 0.10, 0.15)}
    for share, slope in slopes.items():
        what = f"loihi1: energy for each column, {share:.2f} spikes a step"
        band = f"band {slope.low * 1e6:.1f} to {slope.high * 1e6:.1f} uJ"
        rows.append(Row(what, "J", 16.8e-6, slope.value, None, band))
    low, high = slopes[0.05].low, slopes[0.15].high
    nearest = min(max(16.8e-6, low), high)
    rows.append(Row("loihi1: energy for each column, nearest in the band", "J", 16.8e-6, nearest, 1.0 + 1e-9))
    flat = [rate(cost("kws", "loihi1", STREAM, {"copies": n}, activity=RATE * 10, steps=10)) for n in (1, 10)]
    rows.append(Row("loihi1: rate, 10 columns over 1", "1", 114.0 / 114.7, flat[1] / flat[0], 1.1))
    for name, speeds in (
        ("k4000", {2: 267.0, 4: 178.0, 6: 134.0, 8: 109.0, 10: 93.0}),
        ("xeon_e5_2630", {2: 506.0, 4: 355.0, 6: 286.0, 8: 233.0, 10: 186.0}),
    ):
        found = {n: rate(cost("kws", name, 1, {"copies": n})) for n in speeds}
        rows += [Row(f"{name}: rate, {n} columns", "1/s", v, found[n], None, "shown") for n, v in speeds.items()]
        added = [(1 / v[10] - 1 / v[2]) / 8 for v in (speeds, found)]
        rows.append(Row(f"{name}: time for each column", "s", added[0], added[1], 2.0))
    return Group("V3", "keyword spotter, scaled up", SOURCE, tuple(rows))


def products() -> Group:
    """Matrix times vector in int8."""
    int8 = {"weight_bits": 8, "activation_bits": 8}
    titan = {(7680, 2560, 1): 53, (7680, 2560, 2): 54, (7680, 2560, 4): 73, (6144, 2048, 1): 38, (4608, 1536, 1): 26}
    titan |= {(8448, 2816, 1): 80, (3072, 1024, 1): 14, (512, 512, 1): 7, (512, 500000, 1): 3249}
    t4 = {(7680, 2560, 1): 71, (7680, 2560, 4): 73, (6144, 2048, 1): 48, (4608, 1536, 1): 29, (8448, 2816, 1): 102}
    t4 |= {(3072, 1024, 1): 9, (512, 512, 1): 5, (512, 500000, 1): 3779}
    rows = []
    for device, figures, cached in (("titan_xp", titan, ()), ("t4", t4, ((3072, 1024), (512, 512)))):
        for (m, k, n), us in figures.items():
            found = seconds(cost("gemm", device, 1, {"m": m, "n": n, "k": k}, **int8))
            tolerance: float | None = 5.0 if (m, k) in cached else 1.5
            why = "stays in the cache" if (m, k) in cached else ""
            if k == 500000:
                tolerance, why = None, SKINNY
            if device == "titan_xp" and m == 512 and k == 512:
                tolerance, why = None, "fitted: the platform's launch"
            rows.append(Row(f"{device}: {m}×{k}, {n} vector(s)", "s", us / 1e6, found, tolerance, why))
    for n, s in ((1, 14.94e-3), (1500, 2 * 3072 * 1024 * 1500 / 18.3e9)):
        found = seconds(cost("gemm", "raspberry_pi3", 1, {"m": 3072, "n": n, "k": 1024}, **int8))
        rows.append(Row(f"raspberry_pi3: 3072×1024, {n} vector(s)", "s", s, found, 1.5, PACKED if n == 1 else ""))
    return Group("V8", "matrix times vector, int8", "deepbench", tuple(rows))


def _slope(share: float) -> Quantity:
    """Dynamic energy of one column more, at so many spikes of a neuron each step."""
    first, last = (
        cost("kws", "loihi1", STREAM, {"copies": n}, activity=share * 10, steps=10).energy.dynamic for n in (1, 10)
    )
    assert first is not None
    assert last is not None
    value, low, high = ((getattr(last, end) - getattr(first, end)) / 9 for end in ("value", "low", "high"))
    return Quantity(value, low, high, "J")


def _dynamic(report: CostReport) -> float:
    assert report.energy.dynamic is not None
    return report.energy.dynamic.value
