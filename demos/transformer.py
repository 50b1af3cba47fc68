"""A vision transformer
====================

Convert a trained vision transformer, unmodified: attention, softmax, layer norm and GELU become spikes too.

::

    python demos/transformer.py

Expected, among more::

    source accuracy 95.6 % on 360 test images
    T=3 96.1 % agreement 98.9 % relative error 0.056
    nothing is left unconverted
"""

from __future__ import annotations

import torch

from converters import convert
from converters.examples import curves, digits
from spiking import run

STEPS = 6


def main() -> None:
    model, calibration, images, labels = digits("vit")
    with torch.no_grad():
        source = model(images).numpy()
    network = convert(model, calibration, precision=1 / 16)
    print(network.summary(), end="\n\n")
    print(network.coverage(), end="\n\n")
    record = run(network, images, steps=STEPS)
    print(curves(record, source, labels))


if __name__ == "__main__":
    main()
