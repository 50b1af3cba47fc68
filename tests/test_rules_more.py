"""Every further rule against torch: the same function without spikes, and within a predicted distance with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from models import RULES, After, rule_model, samples
from models_more import (
    MASKED,
    MASKED_BOOL,
    ONE,
    PADDING,
    PAIRS,
    Rms,
    Translator,
    Words,
    masked_model,
    one_model,
    pair_model,
    perturbed,
)
from oracle import ROUNDING, TURNS, bound, faithful, outputs, reach, same, settled
from test_rules_calls import called
from test_writing import WRITERS
from test_writing import Model as Writing
from torch import Tensor, nn

from converters import capture, convert
from converters.program import ordered
from converters.rules import registry
from converters.rules.registry import RULES as TABLE
from spiking import (
    Abs,
    ArgMax,
    Clamp,
    ConvTranspose,
    Elementwise,
    Elu,
    Embedding,
    Function,
    GroupNorm,
    InvalidNetwork,
    LeakyRelu,
    Linear,
    LogSoftmax,
    Multiply,
    Neuron,
    Norm,
    Power,
    Product,
    Scale,
    Softmax,
    SpikingNetwork,
    run,
)
from spiking.backends.reference import apply

STEPS = 24
FINE = {  # the bound of several products and norms in a row says something only for small units
    "encoder layer": 2.0**-12,
    "encoder layer, norm first, gelu": 2.0**-12,
    "encoder of two": 2.0**-17,
    "decoder layer": 2.0**-16,
    "decoder layer, norm first, gelu": 2.0**-16,
}


ASKED: set[str] = set()  # the calls that a rule was looked up for


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    lower = import_module("converters.lower")

    def find(target: str) -> Any:
        name, _, overload = target.partition(".")
        ASKED.update({target, f"{name.removesuffix('_')}.{overload}"})
        return registry.find(target)

    monkeypatch.setattr(lower, "find", find)


def close(model: nn.Module, x: Tensor, precision: float) -> SpikingNetwork:
    """Convert on the samples to be tested and hold the result to the oracle; the bound itself must say something."""
    network = convert(model, x, precision=precision)
    faithful(network, model, x, STEPS)
    assert bound(network, x.numpy(), STEPS).max() < np.abs(outputs(model, x)).max()
    return network


@pytest.mark.parametrize("name", ONE)
def test_a_rule_is_its_operation(name: str) -> None:
    close(*one_model(name), FINE.get(name, 2.0**-8))


@pytest.mark.parametrize("name", PAIRS)
def test_two_streams_meet(name: str) -> None:
    close(*pair_model(name), 2.0**-8)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor:UserWarning")
@pytest.mark.parametrize("norm_first", [False, True])
def test_a_whole_transformer(norm_first: bool) -> None:
    """Its causal mask is a buffer that holds −∞, which is no fault of the weights."""
    torch.manual_seed(0)
    model = perturbed(Translator(norm_first=norm_first, activation="gelu")).eval()
    close(model, samples(4, 5, 6), 2.0**-22)


@pytest.mark.parametrize("nested", [False, True])
def test_an_encoder_is_the_same_on_torchs_fast_path(nested: bool) -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
    model, x = nn.TransformerEncoder(layer, 2, enable_nested_tensor=nested).eval(), samples(4, 5, 8)
    same(convert(model, x), model, x)


# the oracle itself


def points(size: int = 400) -> np.ndarray:
    return np.linspace(-4.0, 4.0, size)[:, None]


FUNCTIONS: dict[str, Function] = {
    **{name: Elementwise(name) for name in ("gelu", "gelu_tanh", "silu", "sigmoid", "tanh", "exp", "hardswish")},
    **{name: Elementwise(name) for name in ("hardsigmoid", "softplus", "mish", "erf", "log", "sqrt")},
    "abs": Abs(),
    "clamp": Clamp(-0.5, 1.0),
    "elu": Elu(0.7, 1.1, 0.9),
    "leaky": LeakyRelu(-0.4),
    "square": Power(2.0),
    "cube": Power(3.0),
    "sin": Elementwise("sin"),
}
LOOSE = {"sin", "leaky"}  # bounded by a Lipschitz constant, not by what happens near a


@pytest.mark.parametrize("name", FUNCTIONS)
def test_reach_is_how_far_a_function_moves(name: str) -> None:
    """Compared with 201 moves between −e and e: never less, and no more than a thousandth of it above."""
    function, a = FUNCTIONS[name], points()
    for e in (0.01, 0.3, 2.0):
        moves = np.linspace(-e, e, 201)
        seen = np.abs(apply((function,), a + moves) - apply((function,), a)).max(axis=1, keepdims=True)
        told = reach((function,), a, np.full_like(a, e))
        assert np.all(seen <= told * (1 + 1e-9) + 1e-12)
        if name not in LOOSE:
            assert np.all(told <= seen * 1.001 + 1e-4)


def test_reach_misses_what_a_function_does_between_the_ends_without_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: from −3 silu falls by 0.136 to its lowest at −1.28; at −3 ± 2.5 it has moved by 0.12 and 0.05."""
    a, e = np.array([[-3.0]]), np.array([[2.5]])
    lowest = abs(apply((Elementwise("silu"),), np.array(-1.278465)) - apply((Elementwise("silu"),), a))
    assert reach((Elementwise("silu"),), a, e) == pytest.approx(lowest)
    monkeypatch.delitem(TURNS, "silu")
    assert np.all(reach((Elementwise("silu"),), a, e) < lowest)


@pytest.mark.parametrize("function", [Softmax(-1), LogSoftmax(-1), Norm(1, 1e-3), Norm(1, 0.1, center=False)])
def test_reach_of_a_group_holds_for_every_corner(function: Function, rng: np.random.Generator) -> None:
    """All 2⁵ corners of the box a ± e: softmax reaches the bound at one of them, a norm stays below it."""
    a, e = rng.normal(size=(20, 5)), rng.uniform(0, 0.2, (20, 5))
    signs = np.array(np.meshgrid(*[[-1, 1]] * 5)).reshape(5, -1).T
    seen = np.max([np.abs(apply((function,), a + s * e) - apply((function,), a)) for s in signs], axis=0)
    told = reach((function,), a, e)
    assert np.all(seen <= told * (1 + 1e-9))
    if isinstance(function, Softmax | LogSoftmax):
        np.testing.assert_allclose(told, seen)
    else:
        assert told.mean() < 4 * seen.mean()


def test_reach_of_groups_of_channels_is_that_of_their_norm(rng: np.random.Generator) -> None:
    a, e = rng.normal(size=(3, 4, 2)), rng.uniform(0, 0.1, (3, 4, 2))
    weight = rng.normal(size=(4, 1))
    told = reach((GroupNorm(2, 1e-3, weight),), a, e)
    rows = reach((Norm(1, 1e-3),), a.reshape(3, 2, 4), e.reshape(3, 2, 4)).reshape(3, 4, 2)
    np.testing.assert_allclose(told, rows * abs(weight))


def test_reach_is_infinite_where_a_norm_may_divide_by_zero() -> None:
    """σ = 1 and δ = 2: the group could become constant."""
    assert np.all(np.isinf(reach((Norm(1, 0.0),), np.array([[1.0, -1.0]]), np.full((1, 2), 2.0))))


WRONG: dict[str, Callable[[Function], Function]] = {
    "gelu": lambda f: Elementwise("gelu_tanh"),
    "layer_norm": lambda f: replace(f, eps=1e-2),
    "softmax": lambda f: Softmax(-2),
    "elu": lambda f: replace(f, alpha=0.75),
    "group_norm": lambda f: replace(f, groups=4),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_oracle_sees_a_wrong_function(name: str) -> None:
    """The control for the oracle: a function nearly right is not the model."""
    model, x = one_model(name)
    network = convert(model, x, precision=2.0**-8)
    nodes = tuple(
        replace(n, function=tuple(map(WRONG[name], n.function))) if isinstance(n, Neuron) else n for n in network
    )
    with pytest.raises(AssertionError, match="is not the model"):
        faithful(replace(network, nodes=nodes), model, x, STEPS)


def test_the_oracle_sees_a_unit_too_large() -> None:
    """A network of eight times the unit breaks the bound of the fine one."""
    model, x = one_model("gelu, then linear")
    fine, coarse = (convert(model, x, precision=p) for p in (2.0**-8, 2.0**-5))
    record = run(coarse, x, steps=STEPS, backend="reference", progress=False)
    assert settled(record, coarse)
    gap = np.abs(record.readout[-1] - outputs(model, x))
    assert np.any(gap > bound(fine, x.numpy(), STEPS))
    assert np.all(gap <= bound(coarse, x.numpy(), STEPS) + ROUNDING * np.abs(outputs(model, x)).max())


# what a call becomes


def kinds(name: str) -> list[str]:
    """What the nodes behind `first` are called: classes, and functions of neurons."""
    model, x = one_model(name)
    found = [[f.label for f in n.function] if isinstance(n, Neuron) else type(n).__name__ for n in convert(model, x)]
    return [word for part in found for word in (part if isinstance(part, list) else [part])]


@pytest.mark.parametrize(("name", "function"), [("softmax read out", Softmax), ("log_softmax read out", LogSoftmax)])
def test_what_only_an_output_reads_has_no_neuron(name: str, function: type[Function]) -> None:
    model, x = one_model(name)
    network = convert(model, x)
    assert network.populations == ()
    assert [type(f) for f in network.outputs[0].function] == [function]


def test_an_argmax_is_read_out() -> None:
    """No neuron; and wherever the largest leads by more than both errors can close, the index is the source's."""
    model, x = After(nn.Linear(6, 8), nn.Linear(8, 5)).eval(), samples(40, 6)
    named = nn.Sequential(model, Index())
    network, plain = (convert(m, x, precision=2.0**-8) for m in (named, model))
    assert isinstance(network.outputs[0].function[-1], ArgMax)
    top = np.sort(outputs(model, x), axis=1)
    clear = top[:, -1] - top[:, -2] > 2 * bound(plain, x.numpy(), STEPS).max(axis=1)
    assert clear.mean() > 0.9
    record = run(network, x, steps=STEPS, backend="reference", progress=False)
    np.testing.assert_array_equal(record.readout[-1][clear], outputs(named, x)[clear])


class Index(nn.Module):
    def forward(self, h: Tensor) -> Tensor:
        return h.argmax(1)


def test_an_argmax_that_weights_read_is_refused() -> None:
    class Again(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(6, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            h = self.first(x)
            return self.second(h * h.argmax(1)[:, None])

    with pytest.raises(InvalidNetwork, match="only an output may have one"):
        convert(Again().eval(), samples(4, 6))


def test_the_spelled_out_rms_norm_is_one_neuron() -> None:
    """Not a square, a mean, a root and two products."""
    network = convert(*one_model("rms_norm spelled out"))
    assert [[f.label for f in n.function] for n in network.populations] == [["rms_norm"]]
    assert not [n for n in network if isinstance(n, Product)]


def test_what_only_looks_like_an_rms_norm_stays_a_product() -> None:
    """The control: another value divided by the root of this one's mean square."""

    class Other(Rms):
        def forward(self, h: Tensor) -> Tensor:
            return self.weight * (h.roll(1, -1) * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-3))

    torch.manual_seed(3)
    model, x = After(nn.Linear(6, 8), Other(8)).eval(), samples(4, 5, 6)
    network = close(model, x, 2.0**-8)
    assert [type(n) for n in network if isinstance(n, Product)] == [Multiply]
    assert "rms_norm" not in [f.label for n in network.populations for f in n.function]


def test_batch_norm_with_nothing_to_fold_into_is_a_scale() -> None:
    assert "Scale" in kinds("batch_norm after a product")
    model, x = rule_model("batch_norm then relu")
    assert not [n for n in convert(model, x) if isinstance(n, Scale)]


def test_a_transposed_convolution_keeps_its_weights() -> None:
    model, x = one_model("conv_transpose2d grouped")
    (node,) = (n for n in convert(model, x) if isinstance(n, ConvTranspose))
    np.testing.assert_array_equal(node.weight, model.op.weight.detach().numpy())


# ids


@pytest.mark.parametrize("tied", [False, True])
def test_embeddings_of_words_and_places(tied: bool) -> None:
    """Positions and types are constants; a head tied to the table of words is one array with it."""
    torch.manual_seed(0)
    model = Words(tied).eval()
    ids = torch.randint(0, 11, (6, 5), generator=torch.Generator().manual_seed(0))
    network = convert(model, ids, precision=2.0**-8)
    assert [n.vocabulary for n in network.inputs] == [11]
    (table,) = (n for n in network if isinstance(n, Embedding))
    (head,) = (n for n in network if isinstance(n, Linear))
    assert (table.weight is head.weight) == tied
    faithful(network, model, ids, STEPS)
    assert bound(network, ids.numpy(), STEPS).max() < np.abs(outputs(model, ids)).max()


# masks that depend on the input


def padded(kind: torch.dtype) -> dict[str, Tensor]:
    return {"x": samples(4, 5, 6), "mask": PADDING.to(kind)}


@pytest.mark.parametrize("backend", ["reference", "norse"])
@pytest.mark.parametrize("name", MASKED)
def test_a_mask_of_zeros_and_ones(name: str, backend: str) -> None:
    model, x = masked_model(MASKED[name]), padded(torch.int64)
    faithful(convert(model, x, precision=2.0**-8), model, x, STEPS, backend)


@pytest.mark.parametrize("backend", ["reference", "norse"])
@pytest.mark.parametrize("name", MASKED_BOOL)
def test_a_mask_of_booleans(name: str, backend: str) -> None:
    model, x = masked_model(MASKED_BOOL[name]), padded(torch.bool)
    faithful(convert(model, x, precision=2.0**-8), model, x, STEPS, backend)


def test_a_mask_matters() -> None:
    """The control: a model with the same weights that sees everything answers something else."""
    model, blind, x = masked_model(MASKED["bool"]), masked_model(lambda m: m > -1), padded(torch.int64)
    network = convert(model, x)
    same(network, blind, {**x, "mask": torch.ones_like(PADDING)})
    with pytest.raises(AssertionError, match="is not the model"):
        same(network, blind, x)


def test_a_mask_is_itself_after_it_was_narrowed() -> None:
    """`a & b` ends in an underscore, `__and__`, and yet leaves a as it is: what reads a later sees a."""

    class Twice(nn.Module):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            narrowed = mask & torch.tensor([True, False, True, False, True])
            return F.softmax(x.masked_fill(narrowed, -torch.inf), -1) + F.softmax(x.masked_fill(mask, -torch.inf), -1)

    x = {"x": samples(3, 5), "mask": torch.tensor([[0, 0, 0, 0, 1], [0, 1, 0, 0, 0], [0, 1, 0, 0, 1]]).bool()}
    model = Twice().eval()
    same(convert(model, x), model, x)


# the table


def lone(op: Callable[[Tensor], Tensor]) -> tuple[nn.Module, Tensor]:
    """A model for one sample: what it does reaches over the batch axis."""
    torch.manual_seed(3)
    return After(nn.Linear(6, 8), op).eval(), samples(1, 6)


ALONE: dict[str, Callable[[Tensor], Tensor]] = {
    "mean of everything": lambda h: h.mean()[None, None],
    "sum of everything": lambda h: h.sum()[None, None],
}


@pytest.mark.parametrize("name", ALONE)
def test_a_program_of_one_sample(name: str) -> None:
    close(*lone(ALONE[name]), 2.0**-8)


def made() -> Iterator[tuple[nn.Module, Any]]:
    """Every model, for one sample."""
    yield Words().eval(), torch.zeros(1, 5, dtype=torch.int64)
    yield Index(), samples(1, 4)
    for table, kind in ((MASKED, torch.int64), (MASKED_BOOL, torch.bool)):
        for op in table.values():
            yield masked_model(op), {name: value[:1] for name, value in padded(kind).items()}
    yield from (lone(op) for op in ALONE.values())
    yield from called()
    yield from ((Writing(op).eval(), samples(1, 8)) for op in WRITERS.values())
    for table, make in ((PAIRS, pair_model), (RULES, rule_model), (ONE, one_model)):
        yield from (make(name, 1) for name in table)


def test_no_rule_is_left_untried() -> None:
    """Every call in the table is asked for by one of the models; what the tests above converted is not asked again."""
    missing = set(TABLE) - ASKED
    for model, x in made():
        if not missing:
            break
        for op in capture(model, x).ops:
            target, _, overload = op.target.partition(".")
            missing -= {op.target, f"{target.removesuffix('_')}.{overload}"}
    assert missing == set()


def test_arguments_count_by_their_schema_not_by_how_they_were_given() -> None:
    """A version of torch that names every argument gives the rules the same call."""
    seen = set()
    for model, x in made():
        for op in capture(model, x).ops:
            schema = getattr(op.call, "_schema", None)
            if schema is None:
                continue
            names = [argument.name for argument in schema.arguments]
            every = dict(zip(names, op.args, strict=False)) | op.kwargs
            assert ordered(schema, (), every) == (op.args, op.kwargs)
            seen.add(op.target)
    assert len(seen) > 200
