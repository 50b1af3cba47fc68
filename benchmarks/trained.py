"""Networks trained by others, unmodified: a small ViT, a LeNet with max-pooling, a bias-free MNIST CNN.

    python -m benchmarks.trained [vit] [lenet] [mnist]

Calibrated on training images (CIFAR-10); the MNIST network, for which there is none, on the last 200 test images, which
are then left out of its accuracy.
"""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.sources import CIFAR, HALF, cifar10, cnn_mnist, lenet, mnist, vit
from converters import convert
from spiking import run


def report(
    name: str,
    model: nn.Module,
    calibration: Tensor,
    x: Tensor,
    labels: NDArray[np.uint8],
    *,
    precision: float,
    steps: int = 4,
) -> None:
    """Print accuracy, agreement, relative error and spikes of a neuron for each tick."""
    with torch.inference_mode():
        source = torch.cat([model(part) for part in x.split(100)]).numpy()
    print(f"{name}: source {100 * (source.argmax(1) == labels).mean():.2f} % on {len(labels):,} images", flush=True)
    network = convert(model, calibration, precision=precision)
    record = run(network, x, steps=steps)
    inner = {node.name for node in network.populations}
    spikes = np.cumsum(sum(c for n, c in record.activity.spikes.items() if n in inner)) / network.neurons
    rows = zip(record.accuracy(labels), record.agreement(source), record.relative_error(source), spikes, strict=True)
    for t, (accuracy, agreement, error, sent) in enumerate(rows, 1):
        print(
            f"  T={t}  {100 * accuracy:.2f} %  agreement {100 * agreement:.2f} %"
            f"  relative error {error:.3f}  {sent:.2f} spikes/neuron",
            flush=True,
        )


def run_vit() -> None:
    x, labels = cifar10("test", *CIFAR)
    report("ViT, precision 1/32", vit(), cifar10("train", *CIFAR)[0][:200], x, labels, precision=1 / 32)


def run_lenet() -> None:
    x, labels = cifar10("test", *HALF)
    report("LeNet, max-pool", lenet(), cifar10("train", *HALF)[0], x, labels, precision=1 / 8)


def run_mnist() -> None:
    x, labels = mnist()
    report("MNIST CNN", cnn_mnist(), x[-200:], x[:-200], labels[:-200], precision=1 / 8)


RUNS: dict[str, Callable[[], None]] = {"lenet": run_lenet, "mnist": run_mnist, "vit": run_vit}

if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", choices=[[], *RUNS], metavar="run")
    for chosen in parser.parse_args().runs or RUNS:
        RUNS[chosen]()
