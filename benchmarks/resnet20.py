"""ResNet-20 on CIFAR-10, trained by others: accuracy, agreement and spikes of both methods and both delays.

python -m benchmarks.resnet20
"""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter

import numpy as np
import torch

from benchmarks.sources import IMAGENET, cifar10, resnet20
from converters import convert
from spiking import SpikingNetwork, run


def main() -> None:
    torch.set_num_threads(2)
    model = resnet20()
    train, _ = cifar10("train", *IMAGENET)
    test, labels = cifar10("test", *IMAGENET)
    with torch.no_grad():
        source = model(test).numpy()
    print(
        f"source                       {100 * (source.argmax(1) == labels).mean():.1f} % on {len(labels)} test images"
    )
    network = convert(model, train)
    report("sigma-delta, delay 0", network, test, labels, source, steps=4, delay=0, shown=(1, 2, 3, 4))
    report("sigma-delta, delay 1", network, test, labels, source, steps=23, delay=1, shown=(20, 21, 22, 23))
    rate = convert(model, train, method="rate")
    report("rate, delay 0", rate, test, labels, source, steps=32, delay=0, shown=(8, 16, 32))


def report(
    title: str,
    network: SpikingNetwork,
    x: torch.Tensor,
    labels: np.ndarray,
    source: np.ndarray,
    *,
    steps: int,
    delay: int,
    shown: tuple[int, ...],
) -> None:
    record = run(network, x, steps=steps, delay=delay)
    accuracy, agreement = record.accuracy(labels), record.agreement(source)
    error = record.relative_error(source)
    activity = record.activity
    hidden = {name: curve for name, curve in activity.spikes.items() if name not in {i.name for i in network.inputs}}
    spikes = np.cumsum(sum(hidden.values())) / network.neurons
    events = np.cumsum(sum(activity.events.values()))
    for t in shown:
        print(
            f"{title:22s} T={t:<3d} {100 * accuracy[t - 1]:5.1f} %  agreement {100 * agreement[t - 1]:5.1f} %"
            f"  relative error {error[t - 1]:.3f}  {spikes[t - 1]:.2f} spikes/neuron  {events[t - 1]:,.0f} events/image"
        )


if __name__ == "__main__":
    ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter).parse_args()
    main()
