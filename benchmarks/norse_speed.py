"""What spikes cost on a CPU: T ticks of ResNet-20 on Norse against T dense forwards, interleaved, one thread.

python -m benchmarks.norse_speed [batch] [steps]
"""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from statistics import median
from time import perf_counter

import torch

from benchmarks.sources import IMAGENET, cifar10, resnet20
from converters import convert

ROUNDS = 7


def main(batch: int = 100, steps: int = 4) -> None:
    torch.set_num_threads(1)
    model = resnet20()
    train, _ = cifar10("train", *IMAGENET)
    x = cifar10("test", *IMAGENET)[0][:batch]
    spiking = convert(model, train[:200]).module(steps)
    ratios = []
    with torch.inference_mode():
        for k in range(ROUNDS + 1):
            begin = perf_counter()
            model(x)
            middle = perf_counter()
            spiking(x)
            end = perf_counter()
            if k:  # the first round warms up
                ratios.append((end - middle) / (steps * (middle - begin)))
    shown = ", ".join(f"{r:.2f}" for r in sorted(ratios))
    print(f"ResNet-20, batch {batch}, T={steps}, one thread: time / (T × dense forward)")
    print(f"median {median(ratios):.2f}   rounds {shown}")


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("batch", nargs="?", type=int, default=100)
    parser.add_argument("steps", nargs="?", type=int, default=4)
    main(**vars(parser.parse_args()))
