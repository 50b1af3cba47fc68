"""Errors as texts: what, where, why and what next. The models come first, as golden files name their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Fraction(nn.Module):
    """Whole numbers."""

    def forward(self, x: Tensor) -> Tensor:
        return x.frac()


class Ranked(nn.Module):
    """Values in the order of their size."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.out = nn.LayerNorm(8), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.out(self.norm(x).sort(-1).values)


class Ordered(nn.Module):
    """Three kinds of call have no rule: a fraction twice, sort, and a cumulative product at the top."""

    def __init__(self) -> None:
        super().__init__()
        self.mlp1 = nn.Sequential(nn.Linear(8, 8), Fraction())
        self.block = Ranked()
        self.mlp2 = nn.Sequential(nn.Linear(8, 8), Fraction())

    def forward(self, x: Tensor) -> Tensor:
        x = self.mlp2(self.block(self.mlp1(x)))
        return torch.relu(x.cumprod(1))


class Variants(nn.Module):
    """Every call has a rule, and every rule refuses: a jump, live dropout, the mean of a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.shrink = nn.Hardshrink()

    def forward(self, x: Tensor) -> Tensor:
        x = F.dropout(self.shrink(x), 0.5, training=True)
        return x - x.mean(0)


from models import cnn, mlp, samples  # noqa: E402

import spiking  # noqa: E402
from converters import convert  # noqa: E402
from spiking import (  # noqa: E402
    CapacityError,
    InvalidFile,
    InvalidInput,
    InvalidNetwork,
    MissingPackage,
    SpikingError,
    SpikingWarning,
    UnsupportedNode,
    UnsupportedOperation,
    run,
)


def said(model: nn.Module, data: Any, error: type[SpikingError], **setting: Any) -> str:
    """The text of the error that a conversion raises; no other kind will do."""
    with pytest.raises(error) as caught:
        convert(model.eval(), data, **setting)
    assert type(caught.value) is error
    return str(caught.value)


def test_everything_without_a_rule_is_listed_at_once(golden: Callable[[str, str], None]) -> None:
    """Grouped by call, with how often, where, which line and shape, and a way out."""
    text = said(Ordered(), samples(4, 5, 8), UnsupportedOperation)
    assert text.startswith("4 of ")
    golden("unsupported_operations", text)


def test_every_variant_without_a_rule_is_listed_at_once(golden: Callable[[str, str], None]) -> None:
    golden("unsupported_variants", said(Variants(), samples(4, 2, 6, 6), UnsupportedOperation))


def test_nothing_is_done_before_the_list() -> None:
    """Of a stream of calibration batches only the first is asked for, and the model is never run on it."""
    asked, ran = 0, 0

    def stream() -> Iterator[Tensor]:
        nonlocal asked
        for k in range(5):
            asked += 1
            yield samples(4, 5, 8, seed=k)

    class Watched(Ordered):
        def forward(self, x: Tensor) -> Tensor:
            nonlocal ran
            ran += type(x) is Tensor  # and not the fake one of torch.export
            return super().forward(x)

    model = Watched()
    said(model, stream(), UnsupportedOperation)
    assert (asked, ran) == (1, 0)
    model(samples(4, 5, 8))
    assert ran == 1  # the control


def broken(value: float) -> nn.Module:
    model = cnn()
    with torch.no_grad():
        model[0].weight[0, 0, 0, 0] = value
        model[1].running_var[2:] = value
    return model


def test_broken_weights_are_named(golden: Callable[[str, str], None]) -> None:
    golden("broken_weights", said(broken(float("nan")), samples(4, 2, 6, 6), InvalidInput))


def test_a_complex_parameter_is_named() -> None:
    model = mlp()
    model.register_parameter("phase", nn.Parameter(torch.ones(2, dtype=torch.complex64)))
    assert said(model, samples(4, 6), InvalidInput).splitlines()[1:] == ["  phase: torch.complex64 is not supported"]


class Sized(nn.Module):
    """Pixels 0 … 255, as many models take them."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = cnn()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x.float() / 255)


def poisoned(value: float) -> Tensor:
    x = samples(4, 6)
    x[2, 3:5] = value
    return x


DATA: dict[str, tuple[Callable[[], nn.Module], Any, str]] = {
    "NaN": (mlp, poisoned(float("nan")), "the calibration data hold 2 NaN or infinite values"),
    "infinite": (mlp, poisoned(float("inf")), "the calibration data hold 2 NaN or infinite values"),
    "NaN later": (mlp, [samples(4, 6), poisoned(float("nan"))], "the calibration data hold 2 NaN or infinite values"),
    "complex": (mlp, torch.ones(4, 6, dtype=torch.complex64), "calibration data must be real numbers, not complex64"),
    "text": (mlp, np.array([["a"] * 6]), "calibration data must be real numbers, not <U1"),
    "a path": (mlp, "images.npz", "inputs must be an array, a tensor or an iterable of batches, not str"),
    "no batches": (mlp, [], "the calibration data hold no samples; an iterator can be read only once"),
    "no samples": (mlp, torch.ones(0, 6), "the calibration data hold no samples; an iterator can be read only once"),
    "one sample without a batch": (mlp, torch.ones(()), "inputs must have a batch axis in front: (B, …)"),
    "another shape later": (mlp, [samples(4, 6), samples(4, 7)], "'input' takes (B, 6), not (4, 7)"),
}


@pytest.mark.parametrize("what", DATA)
def test_calibration_data_that_do_not_fit_are_refused(what: str) -> None:
    model, data, reason = DATA[what]
    assert reason in said(model(), data, InvalidInput)


def test_a_used_up_loader_says_so() -> None:
    stream = iter([samples(4, 6)])
    convert(mlp(), stream)
    assert "an iterator can be read only once, a list can be reused" in said(mlp(), stream, InvalidInput)


@pytest.mark.parametrize("shape", [(4, 3, 6, 6), (4, 6), (4, 2, 6), (4, 2, 6, 6, 1)])
def test_data_of_the_wrong_shape_or_rank_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SpikingError) as caught:
        convert(cnn(), samples(*shape))
    assert len(str(caught.value)) > 40


@pytest.mark.parametrize("kind", [torch.uint8, torch.int64, torch.float64])
def test_images_of_whole_numbers_are_fine(kind: torch.dtype) -> None:
    pixels = torch.randint(0, 256, (8, 2, 6, 6), generator=torch.Generator().manual_seed(0)).to(kind)
    network = convert(Sized(), pixels)
    record = run(network, pixels, steps=12, backend="reference", progress=False)
    with torch.no_grad():
        wanted = Sized().eval()(pixels).numpy()
    assert record.relative_error(wanted)[-1] < 0.1


def test_a_layer_that_never_leaves_zero_is_named(golden: Callable[[str, str], None]) -> None:
    """There is nothing to measure its unit by: it gets one of its own."""
    model = mlp()
    with torch.no_grad():
        model[0].bias.fill_(-1e3)
    with pytest.warns(SpikingWarning) as caught:
        convert(model, samples(16, 6))
    golden("silent_layer", "\n".join(str(w.message) for w in caught))


def test_a_network_that_overflows_is_refused() -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))
    with torch.no_grad():
        model[0].weight.fill_(3e38)
    reason = "the source model returns NaN or infinity at 'output'; check its weights and the input's scale"
    assert said(model, samples(4, 6).abs() + 1, InvalidInput) == reason


def test_live_dropout_is_refused() -> None:
    class Live(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.dropout(x, 0.5, training=True)

    text = said(Live(), samples(4, 6), UnsupportedOperation)
    assert "is switched on; convert in eval mode, or remove the training=True" in text


def test_batch_norm_of_the_batch_is_refused() -> None:
    text = said(nn.Sequential(nn.BatchNorm2d(2, track_running_stats=False)), samples(4, 2, 6, 6), UnsupportedOperation)
    assert "uses the statistics of the batch" in text


class Scaled(nn.Module):
    """x·gain"""

    def __init__(self, gain: Any) -> None:
        super().__init__()
        self.gain = gain

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x) * self.gain


def test_a_scale_that_is_not_finite_is_refused() -> None:
    assert "scales by NaN or infinity" in said(Scaled(float("inf")), samples(4, 6), UnsupportedOperation)


KINDS: dict[type[SpikingError], type[Exception]] = {
    UnsupportedOperation: NotImplementedError,
    UnsupportedNode: NotImplementedError,
    InvalidNetwork: ValueError,
    InvalidInput: ValueError,
    InvalidFile: ValueError,
    CapacityError: MemoryError,
    MissingPackage: ImportError,
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_one_of_ours_and_a_standard_one(kind: type[SpikingError]) -> None:
    assert issubclass(kind, SpikingError)
    assert issubclass(kind, KINDS[kind])


def test_no_kind_is_missing_from_this_list() -> None:
    ours = {v for v in vars(spiking.errors).values() if isinstance(v, type) and issubclass(v, SpikingError)}
    assert ours == set(KINDS) | {SpikingError}
