"""V4 to V7, V9, V11 and V13: GPUs, by latency, throughput and energy at the wall, on dense networks and on cortex."""

from __future__ import annotations

from .row import Group, Row, cost, rate, seconds

OFFLINE = 256  # the batch that stands for "offline"; submissions do not state theirs here
TOKENS = {"sequence": 180}  # mean of SQuAD pairs, from memory, without padding; at the cap of 384 an A100 beat its peak
EVENTS = 9.38e8  # of the microcircuit in one biological second
NETS: tuple[tuple[str, dict[str, int], int], ...] = (("resnet50", {}, 8), ("bert_large", TOKENS, 8), ("rnnt", {}, 16))


def latency() -> Group:
    """Latency of a compiled graph and of an eager one, batch 1 to 256."""
    compiled = {
        "resnet50": (0.58, 0.62, 0.69, 0.88, 1.33, 2.40, 4.53, 8.57, 16.58),
        "vit_b": (1.02, 1.15, 1.57, 2.20, 3.64, 6.51, 12.67, 25.10, 48.55),
    }
    eager = (("resnet50", 1, 7.68), ("resnet50", 32, 7.53), ("resnet50", 256, 50.93), ("vit_b", 1, 4.95))
    rows = [
        Row(f"{name}, batch {2**k}", "s", ms / 1e3, seconds(cost(name, "a100", 2**k)), 2.0)
        for name, times in compiled.items()
        for k, ms in enumerate(times)
    ]
    rows += [
        Row(f"{name}, eager, batch {batch}", "s", ms / 1e3, seconds(cost(name, "a100_eager", batch)), 2.0)
        for name, batch, ms in (*eager, ("vit_b", 256, 115.0))
    ]
    return Group("V4", "A100 40 GB, fp16, latency", "aitemplate", tuple(rows))


def benchmark() -> Group:
    """Single-stream latency, offline rate, and their product: what a machine built for batches loses on one."""
    measured = {
        "a100_80gb_pcie": ((0.471, 39152), (1.486, 3168), (20.31, 13342)),
        "a100_80gb": ((0.455, 42379), (1.483, 3590), (19.66, 14088)),
        "l4": ((0.356, 13158), (2.39, 1032), (30.46, 3980)),
        "jetson_orin": ((0.630, 6438), (4.316, 544), (53.9, 1170)),
        "h100": ((None, 91826), (None, 9369), (None, 23106)),
        "h100_pcie": ((None, 56635), (None, 5878), (None, 17395)),
    }
    rows = []
    for device, figures in measured.items():
        order: list[tuple[float, float]] = []
        for (name, options, bits), (ms, offline) in zip(NETS, figures, strict=True):
            precision = {"weight_bits": bits, "activation_bits": bits}
            many = rate(cost(name, device, OFFLINE, options, **precision))
            rows.append(Row(f"{device}: {name}, offline", "1/s", offline, many, 2.0))
            if ms is not None:
                single = seconds(cost(name, device, 1, options, **precision))
                rows.append(Row(f"{device}: {name}, single stream", "s", ms / 1e3, single, 2.5))
                order.append((ms / 1e3 * offline, single * many))
                rows.append(Row(f"{device}: {name}, latency × rate", "1", *order[-1], 3.0))
        if order:
            same = _ranks([m for m, _ in order]) == _ranks([p for _, p in order])
            rows.append(Row(f"{device}: order of latency × rate", "1", 1.0, 1.0 if same else 2.0, 1.0))
    return Group(
        "V5",
        "MLPerf Inference v3.0, int8 (rnnt fp16); BERT at 180 tokens, the mean without padding",
        "mlperf2023",
        tuple(rows),
    )


def power() -> Group:
    """Energy at the wall, one at a time and in batches."""
    rows = []
    orin = {"resnet50": (22.2, 6.54), "bert_large": (160.0, 83.7), "rnnt": (1719.0, 35.2)}
    server = {"resnet50": 8.00, "bert_large": 112.7, "rnnt": 25.6}
    for name, options, bits in NETS:
        precision = {"weight_bits": bits, "activation_bits": bits}
        for batch, label, mj in ((1, "single stream", orin[name][0]), (OFFLINE, "offline", orin[name][1])):
            found = cost(name, "jetson_orin", batch, options, **precision).energy.total.value
            rows.append(Row(f"jetson_orin: {name}, {label}", "J", mj / 1e3, found, 2.0))
        found = cost(name, "a100_80gb_pcie", OFFLINE, options, **precision).energy.total.value
        rows.append(Row(f"a100_80gb_pcie in a server: {name}, offline", "J", server[name] / 1e3, found, 2.0))
    return Group("V6", "MLPerf Inference v3.0, energy at the wall", "mlperf2023", tuple(rows))


def recurrent() -> Group:
    """Each time step waits for the one before and reads the weights anew."""
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


def tokens() -> Group:
    """Tokens a second, one after another."""
    measured = (
        *(("llama2_7b", 16, 104.9), ("llama2_7b", 8, 155.6), ("llama2_7b", 4, 196.8)),
        *(("llama2_70b", 8, 19.13), ("llama3_8b", 16, 93.89)),
    )
    rows = []
    for name, bits, per_s in measured:
        found = rate(cost(name, "a100_80gb", weight_bits=bits))
        rows.append(Row(f"{name}, {bits}-bit weights", "1/s", per_s, found, 1.5 if bits == 16 else 2.0))
    return Group("V9", "language models, batch 1, A100 80 GB", "gptfast", tuple(rows))


def large_batches() -> Group:
    """Images a second of eager PyTorch with mixed precision, batch 1,024."""
    names = ("resnet50", "vit_b", "vgg16", "vit_ti", "mobilenet_v2")
    measured = {"rtx3090": (3730, 1572, 1729, 10406, 9888), "rtx4090": (5088, 2843, 2905, 17590, 11768)}
    rows = []
    for device, rates in measured.items():
        for name, images in zip(names, rates, strict=True):
            batch = 512 if images == 5088 else 1024
            found = rate(cost(name, f"{device}_eager", batch))
            rows.append(Row(f"{device}: {name}", "1/s", images, found, 4.0 if name == "mobilenet_v2" else 2.0))
    return Group("V11", "consumer GPUs, mixed precision, batch 1,024", "timm", tuple(rows))


def microcircuit() -> Group:
    """A cortical microcircuit: 10 s of it took this long; a dense product of its matrix must be rejected."""
    measured = {"k40c": (4.19, 1.08e-6), "gtx1050ti": (13.76, 2.0e-6), "tx2": (25.8, 0.30e-6), "v100": (2.2, 0.47e-6)}
    rows = []
    for name, (s, joules) in measured.items():
        report = cost("microcircuit", f"{name}_events")
        rows.append(Row(f"{name}: one second", "s", s, seconds(report), 3.0))
        rows.append(Row(f"{name}: energy of an event", "J", joules, report.energy.total.value / EVENTS, 3.0))
    dense = 10_000 * seconds(cost("gemv", "v100", 1, {"m": 77_169, "k": 77_169}))  # all pairs, every 0.1 ms
    what = f"v100: a dense product, {dense / 2.2:,.0f} × off, is rejected"
    rows.append(Row(what, "1", 1.0, 1.0 if dense / 2.2 > 3 else 2.0, 1.0))
    return Group("V13", "cortical microcircuit on GPUs", "knight2018", tuple(rows))


def _ranks(values: list[float]) -> list[int]:
    return sorted(range(len(values)), key=lambda k: values[k])
