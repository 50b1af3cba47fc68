"""A census of two model libraries: what of transformers and timm converts, how exactly, and what is refused and why.

    python -m benchmarks.census [name …] [--out out/census.jsonl] [--markdown FILE]

Every architecture is built small with random weights, exported, converted on 8 random samples and measured on 8
others: relative L2 error of the first output after 8 ticks. Each runs in a process of its own, with 120 s and 4 GB,
forked from one that has imported the libraries. Finished ones are kept in the file of lines that --out names: start
again and it goes on. Without a model whose own forward fails on the small configuration there is nothing to convert.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import multiprocessing
import os
import re
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
ROUTING = re.compile(r"^aten\.(topk|sort|argsort)\.")  # what depends on the order of values, by intent
WHAT = (
    "Small configurations with random weights, converted at the default precision on 8 random samples and measured on "
    "8 others, each in a process with 120 s and 4 GB: `python -m benchmarks.census --markdown docs/census.md`."
)
FORK = multiprocessing.get_context("fork")
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
    **{"chunk_size": 8, "mamba_chunk_size": 8, "max_source_positions": PIXELS},
    **{"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 1},
}
# what a model type needs beyond the sizes
ALSO: dict[str, dict[str, Any]] = {
    "convnext": {"hidden_sizes": [16, 32], "depths": [1, 1], "num_stages": 2},
    "convnextv2": {"hidden_sizes": [16, 32], "depths": [1, 1], "num_stages": 2},
    "donut-swin": {"embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4, "patch_size": 2},
    "lilt": {"channel_shrink_ratio": 4, "hidden_size": 48},
    "prophetnet": {"num_encoder_layers": 2, "num_decoder_layers": 2},
    "funnel": {"block_sizes": [1, 1], "num_decoder_layers": 1},
    "resnet": {"embedding_size": 16, "hidden_sizes": [16, 32], "depths": [1, 1]},
    "swin": {"embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4, "patch_size": 2},
    "swinv2": {"embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4, "patch_size": 2},
}
DROPPED = {
    **dict.fromkeys(("funnel", "prophetnet"), ("num_hidden_layers",)),
    **dict.fromkeys(("donut-swin", "swin", "swinv2"), ("hidden_size",)),
    "xlnet": ("max_position_embeddings",),
}


def transformer(kind: str) -> tuple[Any, dict[str, Any]]:
    """Return a model of a type of transformers, small, and samples for it by name."""
    import torch
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    transformers.logging.set_verbosity_error()
    make = transformers.CONFIG_MAPPING[kind]
    usual = make()
    known = {k: getattr(usual, k, "absent") for k in SIZES if k not in DROPPED.get(kind, ())}
    sizes = {k: SIZES[k] for k, value in known.items() if _single(value)}
    sizes |= {k: [SIZES[k]] * len(value) for k, value in known.items() if isinstance(value, list | tuple)}
    config = make(**{**sizes, **ALSO.get(kind, {})})
    config.use_cache = False
    named = MODEL_MAPPING_NAMES[kind]
    model = getattr(transformers, named if isinstance(named, str) else named[0])(config).eval()
    ids = torch.randint(2, VOCABULARY, (SAMPLES, LENGTH))
    channels = getattr(config, "num_channels", 3)
    bands = getattr(config, "num_mel_bins", None) or getattr(config, "input_feat_per_channel", 80)
    samples = {
        "pixel_values": lambda: torch.randn(SAMPLES, channels, PIXELS, PIXELS),
        "input_values": lambda: torch.randn(SAMPLES, 1600),
        "input_features": lambda: torch.randn(SAMPLES, bands, 64),
        "input_ids": lambda: ids,
    }
    found = {model.main_input_name: samples[model.main_input_name]()}
    if "decoder_input_ids" in inspect.signature(model.forward).parameters:
        found["decoder_input_ids"] = ids[:, :6]
    return model, found


def _single(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def family(spec: str) -> tuple[Any, dict[str, Any]]:
    """Return a model of timm, NAME:SIDE, and images for it; NAME:=SIDE where the model must be told the side."""
    import timm
    import torch

    name, side = spec.split(":")
    told = {"img_size": int(side[1:])} if side.startswith("=") else {}
    size = int(side.lstrip("="))
    model = timm.create_model(name, num_classes=10, **told).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1 and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)  # a head that begins at zero would answer nothing
    return model, {"x": torch.randn(SAMPLES, 3, size, size)}


def census(name: str) -> dict[str, Any]:
    """Build, export, convert and run one architecture; say how far it came, why no farther, and how exactly."""
    import torch

    warnings.filterwarnings("ignore")
    torch.manual_seed(0)
    library, _, kind = name.partition("/")
    timm = library == "timm"
    try:
        model, samples = (family if timm else transformer)(kind)
        given, named = (tuple(samples.values()), {}) if timm else ((), samples)
        with torch.no_grad():
            answer = model(*given, **named)
    except Exception as error:
        return {"outcome": "model fails", "why": f"{type(error).__name__}: {_line(error)}"}
    row: dict[str, Any] = {"parameters": sum(p.numel() for p in model.parameters())}
    try:
        with torch.no_grad():
            torch.export.export(model, given, named, strict=False)
    except Exception as error:
        return {**row, "outcome": "not captured by torch.export", "why": _line(error)}
    return row | converted(model, samples, answer, timm)


def converted(model: Any, samples: dict[str, Any], answer: Any, bare: bool) -> dict[str, Any]:
    """Convert a model and measure it on other samples."""
    import torch

    from converters import convert
    from spiking import SpikingError, run

    start = time.perf_counter()
    try:
        network = convert(model, samples["x"] if bare else samples, outputs=_first(answer))
    except SpikingError as error:
        return {"outcome": "refused", "why": _line(error), "seconds": time.perf_counter() - start}
    seconds = time.perf_counter() - start
    fresh = {key: _others(value) for key, value in samples.items()}
    with torch.no_grad():
        answer = model(*fresh.values()) if bare else model(**fresh)
    wanted = answer if isinstance(answer, torch.Tensor) else answer[next(iter(answer.keys()))]
    record = run(network, fresh["x"] if bare else fresh, steps=TICKS, progress=False)
    wanted = wanted.numpy().reshape(record.readout.shape[1:])
    errors = record.relative_error(wanted) if wanted.any() else [0.0 if not record.readout.any() else float("inf")]
    return {"outcome": "converted", "error": float(errors[-1]), "neurons": network.neurons, "seconds": seconds}


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
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = FORK.Process(target=_report, args=(name, theirs))
    process.start()
    theirs.close()
    start, over = time.monotonic(), ""
    while not over and not ours.poll(0.1):
        over = "time-out" if time.monotonic() - start > SECONDS else ""
        over = "out of memory" if _resident(process.pid) > BYTES else over
    try:
        row = {"outcome": over} if over else ours.recv()
    except EOFError:
        row = {"outcome": "crash", "why": f"exit status {process.exitcode}"}
    process.kill()
    process.join()
    return {"name": name, "why": "", **row}


def _report(name: str, to: Any) -> None:
    try:
        to.send(census(name))
    except Exception as error:
        to.send({"outcome": "crash", "why": f"{type(error).__name__}: {_line(error)}"})


def _load(names: list[str]) -> None:
    """Import what every architecture of a library needs, once."""
    from benchmarks import torchvision_stub

    timm = names[0].startswith("timm/")
    (torchvision_stub.stubbed if timm else torchvision_stub.absent)()
    import torch

    torch.set_num_threads(1)  # no thread of this process is needed behind a fork
    for module in ("timm",) if timm else ("transformers", "transformers.models.auto.modeling_auto"):
        importlib.import_module(module)
    for module in ("converters", "norse", "spiking.backends.norse"):
        importlib.import_module(module)


def _resident(pid: int | None) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0.0


def summary(rows: list[dict[str, Any]]) -> str:
    """Return how many came how far, and the median error of those that converted."""
    outcomes = Counter(row["outcome"] for row in rows)
    errors = [row["error"] for row in rows if row["outcome"] == "converted"]
    captured = len(rows) - outcomes["not captured by torch.export"] - outcomes["model fails"]
    routed = sum(row["outcome"] == "refused" and bool(ROUTING.search(row["why"])) for row in rows)
    counts = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.most_common())
    middle = f"; relative error at T={TICKS}: median {median(errors):.3f}, worst {max(errors):.3f}" if errors else ""
    share, apart = (len(errors) / max(n, 1) for n in (captured, captured - routed))
    shares = f"{share:.1%} of what is captured, {apart:.1%} without the {routed} that sort or route by data"
    return f"{len(rows)} architectures: {counts}; {shares}{middle}"


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the census as a Markdown table."""
    head = ["| architecture | parameters | outcome | error at T=8 | seconds |", "| --- | ---: | --- | ---: | ---: |"]
    lines = []
    for row in rows:
        outcome = ": ".join(part for part in (row["outcome"], row.get("why", "")) if part)
        error = f"{row['error']:.4f}" if "error" in row else "–"
        seconds = f"{row.get('seconds', 0):.0f}"
        outcome = outcome.replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| {row['name']} | {row.get('parameters', 0):,} | {outcome} | {error} | {seconds} |")
    return "\n".join(["# Census of two model libraries", "", WHAT, "", summary(rows), "", *head, *lines]) + "\n"


def _kept(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def _go(names: list[str], out: Path) -> None:
    _load(names)
    for name in names:
        row = watched(name)
        with out.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{name}: {row['outcome']} {row.get('error', row['why'])}", flush=True)


def main() -> None:
    """Go through the list, or the names given; print each line, and the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path, default=Path("out/census.jsonl"))
    parser.add_argument("--markdown", type=Path)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    done = {row["name"] for row in _kept(args.out)}
    waiting = [name for name in args.names or NAMES if name not in done]
    for library in ("transformers", "timm"):
        names = [name for name in waiting if name.startswith(library)]
        if names:
            process = FORK.Process(target=_go, args=(names, args.out))  # each library meets another torchvision
            process.start()
            process.join()
    known = _kept(args.out)
    if args.markdown:
        args.markdown.write_text(markdown(known), encoding="utf-8")
    print(summary(known))


if __name__ == "__main__":
    main()
