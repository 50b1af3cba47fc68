"""A story of 250 greedy tokens from a trained Llama of 260,000 parameters: the source, and spikes, token by token.

    python -m benchmarks.stories [inverse precision …]

Calibrated on the beginnings of stories, not on the text that is made. The source keeps its keys and values too; both
use one thread and take turns.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from time import perf_counter

import torch

from benchmarks.llama import BOS, Tokenizer, samples, stories
from converters import convert
from spiking import table

TOKENS, LENGTH, STEPS = 250, 256, range(2, 9)
CALIBRATION = 32
HEAD = ["precision", "T", "identical before the first difference", "spikes/neuron/token", "tokens/s", "source tokens/s"]


def main(*inverse: int) -> None:
    torch.set_num_threads(1)
    model, tokenizer = stories(), Tokenizer()
    known = samples(tokenizer, CALIBRATION, LENGTH)
    wanted, logits = model.generate([BOS], TOKENS)
    best = logits.topk(2).values
    margins = (best[:, 0] - best[:, 1]).sort().values
    print(tokenizer.decode(wanted), end="\n\n")
    print(f"margins of the best token over the second: median {margins.median():.2f}, least {margins[0]:.4f}")
    print(f"logits: rms {logits.square().mean().sqrt():.2f}")
    rows = []
    for one in inverse:
        network = convert(model, [known[:2], known[2:]], precision=1 / one)  # the first batch is compared: two will do
        for steps in STEPS:
            begin = perf_counter()
            model.generate([BOS], TOKENS)
            dense = TOKENS / (perf_counter() - begin)
            made = network.generate([BOS], steps=steps, max_new_tokens=TOKENS)
            same = identical(made.tokens[0].tolist(), wanted)
            sent = made.spikes.mean() / (network.neurons / LENGTH)
            speed = TOKENS / made.seconds
            rows.append([f"1/{one}", str(steps), f"{same} of {TOKENS}", f"{sent:.2f}", f"{speed:.1f}", f"{dense:.0f}"])
            print("  ".join(rows[-1]), file=sys.stderr, flush=True)
    print(table(HEAD, rows))


def identical(made: list[int], wanted: list[int]) -> int:
    """Return how many tokens after BOS are the same before the first that is not."""
    pairs = zip(made[1:], wanted[1:], strict=True)
    return next((k for k, (a, b) in enumerate(pairs) if a != b), len(wanted) - 1)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("inverse", nargs="*", type=int, default=[32, 128, 256, 1024])
    main(*parser.parse_args().inverse)
