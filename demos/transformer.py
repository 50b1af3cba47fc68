"""Convert a trained vision transformer, unmodified: attention, softmax, layer norm and GELU become spikes too.

    python demos/transformer.py

Expected, among more:

    source accuracy 95.6 % on 360 test images
    T=3 96.1 % agreement 98.9 % relative error 0.056
    nothing is left unconverted
"""

from __future__ import annotations

import torch
from digits import load

from converters import convert
from spiking import run

STEPS = 6


def main() -> None:
    model, calibration, images, labels = load("vit")
    with torch.no_grad():
        source = model(images).numpy()
    network = convert(model, calibration, precision=1 / 16)
    print(network.summary(), end="\n\n")
    print(network.coverage(), end="\n\n")
    record = run(network, images, steps=STEPS)
    print(f"source accuracy {100 * (source.argmax(1) == labels).mean():.1f} % on {len(labels)} test images")
    rows = zip(record.accuracy(labels), record.agreement(source), record.relative_error(source), strict=True)
    for t, (accuracy, agreement, error) in enumerate(rows, 1):
        print(f"T={t}  {100 * accuracy:.1f} %  agreement {100 * agreement:.1f} %  relative error {error:.3f}")


if __name__ == "__main__":
    main()
