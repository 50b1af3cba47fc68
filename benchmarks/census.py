"""A census of two model libraries: what of transformers and timm converts, how exactly, and what is refused and why.

    python -m benchmarks.census [name …] [--out out/census.jsonl] [--markdown FILE]

Every architecture is built small with random weights, exported, converted on 8 random samples and measured on 8
others: relative L2 error of the first output after 8 ticks. Each runs in a process of its own, with 120 s and 4 GB.
Finished ones are kept in the file of lines that --out names: start again and it goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SECONDS, BYTES = 120.0, 4e9
SAMPLES, LENGTH, VOCABULARY, PIXELS, TICKS = 8, 12, 100, 32, 8

# transformers/TYPE: a model type whose configuration is made small by the sizes below; timm/NAME:SIDE: the smallest of
# each family below 32 M parameters and the side of its images, with = where the model must be told the side
NAMES = (ROOT / "benchmarks" / "census.txt").read_text(encoding="utf-8").split()

SIZES: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "dim", "n_embd", "embed_dim", "embedding_size"), 32),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("head_dim", "d_kv"), 8),
    **dict.fromkeys(("intermediate_size", "hidden_dim", "d_ff", "d_inner"), 64),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim", "ffn_dim", "max_position_embeddings"), 64),
    **{"num_key_value_heads": 2, "vocab_size": VOCABULARY, "image_size": PIXELS, "patch_size": 8},
    **{"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 1},
}
# what a model type needs beyond the sizes
ALSO: dict[str, dict[str, Any]] = {
    "convnext": {"hidden_sizes": [16, 32], "depths": [1, 1], "num_stages": 2},
    "convnextv2": {"hidden_sizes": [16, 32], "depths": [1, 1], "num_stages": 2},
    "donut-swin": {"embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4, "patch_size": 2},
    "funnel": {"block_sizes": [1, 1], "num_decoder_layers": 1},
    "resnet": {"embedding_size": 16, "hidden_sizes": [16, 32], "depths": [1, 1]},
    "swin": {"embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4, "patch_size": 2},
    "swinv2": {"embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4, "patch_size": 2},
}
DROPPED = {"funnel": ("num_hidden_layers",), **dict.fromkeys(("donut-swin", "swin", "swinv2"), ("hidden_size",))}


def transformer(kind: str) -> tuple[Any, dict[str, Any]]:
    """Return a model of a type of transformers, small, and samples for it by name."""
    from benchmarks import torchvision_stub

    torchvision_stub.absent()
    import torch
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    transformers.logging.set_verbosity_error()
    make = transformers.CONFIG_MAPPING[kind]
    usual = make()
    sizes = {k: v for k, v in SIZES.items() if _single(getattr(usual, k, "absent")) and k not in DROPPED.get(kind, ())}
    config = make(**{**sizes, **ALSO.get(kind, {})})
    config.use_cache = False
    named = MODEL_MAPPING_NAMES[kind]
    model = getattr(transformers, named if isinstance(named, str) else named[0])(config).eval()
    ids = torch.randint(2, VOCABULARY, (SAMPLES, LENGTH))
    channels, side = getattr(config, "num_channels", 3), getattr(config, "image_size", PIXELS)
    bands = getattr(config, "num_mel_bins", None) or getattr(config, "input_feat_per_channel", 80)
    samples = {
        "pixel_values": lambda: torch.randn(SAMPLES, channels, side, side),
        "input_values": lambda: torch.randn(SAMPLES, 1600),
        "input_features": lambda: torch.randn(SAMPLES, bands, 64),
        "input_ids": lambda: ids,
    }
    found = {model.main_input_name: samples[model.main_input_name]()}
    if "input_ids" in found and "decoder_input_ids" in model.forward.__code__.co_varnames:
        found["decoder_input_ids"] = ids[:, :6]
    return model, found


def _single(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def family(spec: str) -> tuple[Any, dict[str, Any]]:
    """Return a model of timm, NAME:SIDE, and images for it; NAME:=SIDE where the model must be told the side."""
    from benchmarks import torchvision_stub

    torchvision_stub.stubbed()
    import timm
    import torch

    name, side = spec.split(":")
    told = {"img_size": int(side[1:])} if side.startswith("=") else {}
    size = int(side.lstrip("="))
    return timm.create_model(name, num_classes=10, **told).eval(), {"x": torch.randn(SAMPLES, 3, size, size)}


def census(name: str) -> dict[str, Any]:
    """Build, export, convert and run one architecture; say how far it came, why no farther, and how exactly."""
    import torch

    warnings.filterwarnings("ignore")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    library, _, kind = name.partition("/")
    model, samples = (transformer if library == "transformers" else family)(kind)
    row: dict[str, Any] = {"parameters": sum(p.numel() for p in model.parameters())}
    given = tuple(samples.values()) if library == "timm" else ()
    named = {} if library == "timm" else samples
    with torch.no_grad():
        answer = model(*given, **named)
        try:
            torch.export.export(model, given, named, strict=False)
        except Exception as error:
            return {**row, "outcome": "not captured by torch.export", "why": _line(error)}
    from converters import convert
    from spiking import SpikingError, run

    start = time.perf_counter()
    try:
        data = samples["x"] if library == "timm" else samples
        network = convert(model, data, outputs=_first(answer))
    except SpikingError as error:
        return {**row, "outcome": "refused", "why": _line(error), "seconds": time.perf_counter() - start}
    row["seconds"] = time.perf_counter() - start
    fresh = {key: _others(value) for key, value in samples.items()}
    with torch.no_grad():
        answer = model(*fresh.values()) if library == "timm" else model(**fresh)
    wanted = answer if isinstance(answer, torch.Tensor) else answer[next(iter(answer.keys()))]
    record = run(network, fresh["x"] if library == "timm" else fresh, steps=TICKS, progress=False)
    errors = record.relative_error(wanted.numpy().reshape(record.readout.shape[1:]))
    return {**row, "outcome": "converted", "error": float(errors[-1]), "neurons": network.neurons}


def _first(answer: Any) -> list[str] | None:
    """The name of the first of several outputs."""
    import torch
    from torch.utils import _pytree as pytree

    tensors = [leaf for leaf in pytree.tree_leaves(answer) if isinstance(leaf, torch.Tensor)]
    return [next(iter(answer.keys()))] if len(tensors) > 1 else None


def _others(samples: Any) -> Any:
    import torch

    generator = torch.Generator().manual_seed(1)
    if samples.is_floating_point():
        return torch.randn(samples.shape, generator=generator)
    return torch.randint(2, VOCABULARY, samples.shape, generator=generator)


def _line(error: Exception) -> str:
    """The first line that names an operation, or the first line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[1] if len(lines) > 1 and lines[0].endswith(":") else (lines or [type(error).__name__])[0]
    return re.sub(r"\s+", " ", text)[:160]


def watched(name: str) -> dict[str, Any]:
    """Take the census of one architecture in a process of its own, within its time and memory."""
    command = [sys.executable, str(Path(__file__).resolve()), "--worker", name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    start, over = time.monotonic(), ""
    while process.poll() is None and not over:
        time.sleep(0.2)
        over = "time-out" if time.monotonic() - start > SECONDS else ""
        over = "out of memory" if _resident(process) > BYTES else over
    if over:
        process.kill()
    printed, complained = process.communicate()
    row = {"name": name, "outcome": over or "crash", "why": ""}
    for line in printed.splitlines():
        if line.startswith("{"):
            row |= json.loads(line)
    if row["outcome"] == "crash":
        row["why"] = (complained.strip().splitlines() or ["no word"])[-1][:160]
    return row


def _resident(process: subprocess.Popen[str]) -> float:
    try:
        return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0.0


def summary(rows: list[dict[str, Any]]) -> str:
    """Return how many came how far, and the median error of those that converted."""
    outcomes = Counter(row["outcome"] for row in rows)
    errors = [row["error"] for row in rows if row["outcome"] == "converted"]
    captured = len(rows) - outcomes["not captured by torch.export"]
    counts = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.most_common())
    middle = f"; relative error at T={TICKS}: median {median(errors):.3f}, worst {max(errors):.3f}" if errors else ""
    return f"{len(rows)} architectures: {counts}; {len(errors) / max(captured, 1):.1%} of what is captured{middle}"


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the census as a Markdown table."""
    head = ["| architecture | parameters | outcome | error at T=8 | seconds |", "| --- | ---: | --- | ---: | ---: |"]
    lines = []
    for row in rows:
        outcome = ": ".join(part for part in (row["outcome"], row.get("why", "")) if part)
        error = f"{row['error']:.4f}" if "error" in row else "–"
        seconds = f"{row.get('seconds', 0):.0f}"
        lines.append(f"| {row['name']} | {row.get('parameters', 0):,} | {outcome} | {error} | {seconds} |")
    return "\n".join([summary(rows), "", *head, *lines]) + "\n"


def main() -> None:
    """Go through the list, or the names given; print each line, and the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path, default=Path("out/census.jsonl"))
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        print(json.dumps(census(args.names[0])))
        return
    args.out.parent.mkdir(parents=True, exist_ok=True)
    known = [json.loads(line) for line in args.out.read_text().splitlines()] if args.out.exists() else []
    done = {row["name"] for row in known}
    for name in args.names or NAMES:
        if name not in done:
            row = watched(name)
            known.append(row)
            with args.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{name}: {row['outcome']} {row.get('error', row.get('why', ''))}", flush=True)
    if args.markdown:
        args.markdown.write_text(markdown(known), encoding="utf-8")
    print(summary(known))


if __name__ == "__main__":
    main()
