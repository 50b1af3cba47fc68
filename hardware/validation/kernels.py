"""V7 to V10: one thing at a time: recurrent steps, matrix times vector, tokens, images on a CPU."""

from __future__ import annotations

from .row import Group, Row, cost, rate, seconds

SKINNY = "not scored: so skinny that the library splits it otherwise"
PACKED = "gemmlowp packs the whole matrix anew for each product and wastes most columns of its kernel on one vector"


def recurrent() -> Group:
    """Each moment waits for the one before and reads the weights anew."""
    measured = (
        *(("lstm", 512, 25, 1, 1.258), ("lstm", 1024, 25, 1, 1.872), ("lstm", 2048, 25, 1, 5.272)),
        *(("lstm", 2048, 25, 4, 5.701), ("lstm", 1536, 50, 1, 6.198), ("lstm", 256, 150, 1, 1.994)),
        *(("gru", 2048, 1500, 1, 191.0), ("gru", 2048, 1500, 4, 195.8), ("gru", 1536, 1500, 1, 113.6)),
    )
    rows = []
    for name, hidden, steps, batch, ms in measured:
        found = seconds(cost(name, "titan_xp", batch, {"hidden": hidden, "steps": steps}))
        what = f"{name} {hidden}, {steps} steps, batch {batch}"
        rows.append(Row(what, "s", ms / 1e3, found, 1.5 if hidden >= 1024 else 2.5))
    four = [seconds(cost("gru", "titan_xp", batch, {"hidden": 2048, "steps": 1500})) for batch in (1, 4)]
    rows.append(Row("gru 2048: batch 4 over 1", "1", 195.8 / 191.0, four[1] / four[0], 1.1))
    return Group("V7", "recurrent nets on a Titan Xp, fp32", "deepbench", tuple(rows))


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


def tokens() -> Group:
    """Tokens a second, one after another."""
    measured = (
        *(("llama2_7b", 16, 104.9), ("llama2_7b", 8, 155.6), ("llama2_7b", 4, 196.8)),
        *(("llama2_70b", 8, 19.13), ("llama3_8b", 16, 93.89)),
    )
    rows = [
        Row(f"{name}, {bits}-bit weights", "1/s", per_s, rate(cost(name, "a100_80gb", weight_bits=bits)), tolerance)
        for name, bits, per_s in measured
        for tolerance in [1.5 if bits == 16 else 2.0]
    ]
    return Group("V9", "language models, batch 1, A100 80 GB", "gptfast", tuple(rows))


def processors() -> Group:
    """Milliseconds an image, fp32."""
    names = ("mobilenet_v2", "vit_ti", "vit_s", "resnet50", "convnext_t", "mixer_b16", "vit_b", "vgg16", "vit_l")
    measured = {
        "i9_10940x": (5.30, 5.49, 13.06, 14.87, 14.54, 22.2, 30.9, 117.9, 142.0),
        "i7_12700h": (6.59, 12.87, 37.4, 32.8, 37.5, 89.1, 120.0, 196.9, 441.6),
    }
    rows = []
    for device, times in measured.items():
        for name, ms in zip(names, times, strict=True):
            fitted = name == "resnet50"
            why = "fitted: the platform's compute_efficiency" if fitted else ""
            found = seconds(cost(name, device))
            rows.append(Row(f"{device}: {name}", "s", ms / 1e3, found, None if fitted else 3.0, why))
    return Group("V10", "CPUs, fp32, batch 1", "timm", tuple(rows))
