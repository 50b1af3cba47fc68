"""Capture: what a module does for one sample, where each call stands, and the module left as it was."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from models import After, cnn, mlp, samples
from oracle import faithful
from torch import Tensor, nn
from torch.export import Dim, export

from converters import capture, convert
from converters.lower import lower
from converters.torch_export import evaluating
from spiking import InvalidInput, SpikingError, UnsupportedOperation, fingerprint


class Net(nn.Module):
    """Two matrices with a function of torch between."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Sequential(nn.Dropout(0.5), nn.Linear(8, 4))

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.first(x))
        return self.last(h)


def test_every_call_has_its_place() -> None:
    """Module path, shape at batch 1, and the line of the user's own file."""
    source, start = inspect.getsourcelines(Net.forward)
    relu = start + next(k for k, line in enumerate(source) if "torch.relu" in line)
    last = start + next(k for k, line in enumerate(source) if "self.last(" in line)
    graph = capture(Net(), samples(1, 6))
    assert [(op.target, op.path, op.shape, op.line) for op in graph.ops] == [
        ("linear.default", "first", (1, 8), f"test_capture.py:{relu}"),
        ("relu.default", "", (1, 8), f"test_capture.py:{relu}"),
        ("dropout.default", "last.0", (1, 8), f"test_capture.py:{last}"),
        ("linear.default", "last.1", (1, 4), f"test_capture.py:{last}"),
    ]
    assert list(graph.inputs.values()) == [(1, 6)]
    assert len(graph) == 4
    assert {tuple(value.shape) for value in graph.constants.values()} == {(8, 6), (8,), (4, 8), (4,)}


def test_what_depends_on_the_input_is_a_stream() -> None:
    """A table computed from constants alone is none, and needs no rule: sin and softmax have none."""

    class Table(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + torch.sin(torch.arange(6.0)).softmax(0)

    graph = capture(Table(), samples(1, 6))
    assert {op.target for op in graph.ops if op.name not in graph.streams} == {
        "arange.default",
        "sin.default",
        "softmax.int",
    }
    x = samples(5, 6)
    faithful(convert(Table(), x), Table(), x, 4)


def modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def mixed() -> nn.Module:
    """A model in training, with one frozen batch norm."""
    model = cnn().train()
    model[1].eval()
    return model


def test_the_model_comes_back_in_its_mode() -> None:
    model = mixed()
    before = modes(model)
    assert True in before
    assert False in before
    convert(model, samples(8, 2, 6, 6))
    assert modes(model) == before


@pytest.mark.parametrize("data", [samples(8, 3, 6, 6), torch.zeros(8, 2, 6, 6), samples(8, 6)])
def test_the_model_comes_back_in_its_mode_after_a_failure(data: Tensor) -> None:
    model = mixed()
    before = modes(model)
    with pytest.raises(SpikingError):
        convert(nn.Sequential(model, nn.Hardshrink()) if data.shape[1] == 2 else model, data)
    assert modes(model) == before


def test_evaluating_is_undone_by_an_error() -> None:
    """The control: inside, everything is in evaluation mode."""
    model = mixed()
    before = modes(model)
    with pytest.raises(RuntimeError), evaluating(model):
        model(samples(4, 6))
    assert modes(model) == before
    with evaluating(model):
        inside = modes(model)
    assert not any(inside)
    assert modes(model) == before


def test_nothing_of_the_model_changes() -> None:
    """Parameters and buffers are the same bytes, gradients are as they were, and nothing shares memory with it."""
    model = cnn().train()
    model(samples(8, 2, 6, 6)).sum().backward()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    gradients = [p.grad.clone() for p in model.parameters()]
    network = convert(model, samples(8, 2, 6, 6))
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(torch.equal(p.grad, g) and p.requires_grad for p, g in zip(model.parameters(), gradients, strict=True))
    before = fingerprint(network)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1.0)
    assert fingerprint(network) == before


def test_capturing_runs_no_call_on_the_models_own_memory() -> None:
    """A table changed in place in forward is not changed by capture and lowering."""

    class Growing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", torch.ones(6))

        def forward(self, x: Tensor) -> Tensor:
            self.count.add_(1.0)
            return x * torch.ones(6).add_(1.0)

    model = Growing()
    lower(capture(model, samples(1, 6)))
    assert model.count.tolist() == [1.0] * 6


def test_two_conversions_are_identical() -> None:
    x = samples(8, 2, 6, 6)
    assert fingerprint(convert(cnn(), x)) == fingerprint(convert(cnn(), x))
    other = cnn()
    with torch.no_grad():
        other[0].weight[0, 0, 0, 0] += 1e-3
    assert fingerprint(convert(other, x)) != fingerprint(convert(cnn(), x))  # the control


def test_an_exported_program_is_a_model() -> None:
    """At batch 1, at a dynamic batch, and the module itself: one network."""
    x = samples(8, 6)
    model = mlp().eval()
    one = export(model, (x[:1],))
    dynamic = export(model, (x,), dynamic_shapes=({0: Dim("batch", min=1, max=64)},))
    wanted = fingerprint(convert(model, x))
    assert fingerprint(convert(one, x)) == wanted
    assert fingerprint(convert(dynamic, x)) == wanted


def test_a_program_of_another_batch_is_refused() -> None:
    x = samples(8, 6)
    program = export(mlp().eval(), (x,))
    with pytest.raises(InvalidInput, match=r"takes \(8, 6\).*one sample \(1, 6\).*batch 1 or a dynamic batch"):
        convert(program, x)


def test_control_flow_that_depends_on_data_is_refused() -> None:
    class Branching(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(UnsupportedOperation, match=r"cannot capture Branching:[\s\S]*has to become torch\.where"):
        convert(Branching(), samples(4, 6))


def test_a_model_that_is_not_a_function_of_its_input_is_refused() -> None:
    """Noise is drawn anew in every call: the captured program and the model differ."""

    class Noisy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + torch.rand(6)

    with pytest.raises(SpikingError, match="depends on more than its input \\(randomness, state, the batch\\)"):
        convert(Noisy(), samples(4, 6))


@pytest.mark.parametrize(
    "op", [lambda h: h - h.mean(0), lambda h: h[:1] + h, lambda h: h[0], lambda h: h.flip(0), lambda h: h.sum(0)]
)
def test_a_model_that_mixes_samples_is_refused(op: object) -> None:
    with pytest.raises(SpikingError):
        convert(After(nn.Linear(6, 4), op), samples(8, 6))  # type: ignore[arg-type]


def test_a_graph_of_several_samples_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"input 'input' was captured with shape \(4, 6\); capture one sample"):
        lower(capture(mlp(), samples(4, 6)))
    assert lower(capture(mlp(), samples(1, 6))).inputs


def test_a_constant_output_is_refused() -> None:
    class Constant(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.ones(1, 3)

    with pytest.raises(SpikingError):
        convert(Constant(), samples(4, 6))


def test_several_outputs_keep_their_order() -> None:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.a, self.b = nn.Linear(6, 8), nn.Linear(8, 2), nn.Linear(8, 3)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = torch.relu(self.body(x))
            return self.a(h), self.b(h)

    torch.manual_seed(0)
    model, x = Heads().eval(), samples(5, 6)
    network = convert(model, x)
    assert [network.shapes[out.name] for out in network.outputs] == [(2,), (3,)]
    with torch.no_grad():
        found = list(network.dense()(x).values())
        for mine, wanted in zip(found, model(x), strict=True):
            np.testing.assert_allclose(mine, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("answer", "shapes"),
    [
        (lambda h: {"logits": h, "first": h[:, :1]}, [(8,), (1,)]),
        (lambda h: (h[:, 1:], None, [h]), [(7,), (8,)]),
        (lambda h: (h, h), [(8,), (8,)]),
    ],
    ids=["a dict", "nested, with None", "one value twice"],
)
def test_outputs_may_be_nested(answer: object, shapes: list[tuple[int, ...]]) -> None:
    torch.manual_seed(0)
    network = convert(After(nn.Linear(6, 8), answer), samples(5, 6), precision="exact")  # type: ignore[arg-type]
    assert [network.shapes[out.name] for out in network.outputs] == shapes


def test_a_view_changed_in_place_changes_what_it_is_a_view_of() -> None:
    def raised(h: Tensor) -> Tensor:
        h[:, :1].add_(1.0)
        return h

    model, x = After(nn.Linear(6, 8), raised).eval(), samples(5, 6)
    np.testing.assert_allclose(convert(model, x).dense()(x).numpy(), model(x).detach().numpy(), atol=1e-6)


def test_calibration_is_read_once_and_not_held() -> None:
    """A generator is enough: 5 batches, each asked for once."""
    asked = 0

    def stream() -> Iterator[Tensor]:
        nonlocal asked
        for k in range(5):
            asked += 1
            yield samples(4, 6, seed=k)

    made = convert(mlp(), stream())
    assert asked == 5
    whole = convert(mlp(), torch.cat([samples(4, 6, seed=k) for k in range(5)]))
    units = [(a.alphabet.unit, b.alphabet.unit) for a, b in zip(made.populations, whole.populations, strict=True)]
    assert units
    assert all(np.isclose(a, b, rtol=1e-6) for a, b in units)


class Asserts(nn.Module):
    """What forward asserts of its input, and results that nobody reads, are no part of the function."""

    def forward(self, x: Tensor) -> Tensor:
        torch._assert_async((x.sort().values.max() < 1e9).all())
        x.topk(2)
        y = x.clone()
        y.relu_()
        return y + 1


def test_what_no_output_depends_on_is_no_part_of_the_program() -> None:
    ops = [op.target for op in capture(Asserts(), torch.ones(1, 4)).ops]
    assert ops == ["clone.default", "relu_.default", "add.Tensor"]


class Moves(nn.Module):
    """A buffer that forward only brings to where it is."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.arange(4.0))

    def forward(self, x: Tensor) -> Tensor:
        self.table = self.table.to(x.device)
        return torch.relu(x + self.table)


def test_a_buffer_brought_to_where_it_is_does_not_change() -> None:
    assert convert(Moves(), torch.randn(8, 4)).neurons == 4
