"""An LSTM
=======

Convert a trained LSTM that reads a digit row by row: one cell, met eight times, its weights counted once.

::

    python demos/recurrent.py

Expected, among more::

    W 5,440 unique weights, used 37,184 times in a sequence
    source accuracy 96.9 % on 360 test images
    T=4 96.7 % agreement 99.4 % relative error 0.061
"""

from __future__ import annotations

import torch

from converters import convert
from converters.examples import curves, digits
from spiking import run, synapses

STEPS = 6


def main() -> None:
    model, calibration, images, labels = digits("lstm")
    with torch.no_grad():
        source = model(images).numpy()
    network = convert(model, calibration, precision=1 / 16)
    counted = synapses(network).values()
    unique, used = sum(c.weights for c in counted), sum(c.unrolled * c.moments for c in counted)
    print(f"{network.neurons:,} neurons, W {unique:,} unique weights, used {used:,} times in a sequence")
    record = run(network, images, steps=STEPS)
    print(curves(record, source, labels))


if __name__ == "__main__":
    main()
