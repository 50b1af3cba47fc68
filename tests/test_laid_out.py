"""The synapses that a network is laid out as: counted from shapes alone, and made one by one by Brian2."""

from __future__ import annotations

import numpy as np
import pytest

from hardware import estimate, load_platform
from spiking import (
    Add,
    AvgPool,
    Conv,
    Input,
    Linear,
    MatMul,
    Mean,
    Mix,
    Multiply,
    Neuron,
    Output,
    Relu,
    Reshape,
    SpikingNetwork,
    handed_on,
    laid_out,
    ternary,
)
from spiking.backends.compose import ONE, links
from tests.test_unroll import WEIGHTED, WIRING
from tests.zoo import ZOO


def made(network: SpikingNetwork) -> dict[str, int]:
    """Synapses that Brian2 makes, by source; those of the biases left out."""
    found: dict[str, int] = {}
    for link in links(network):
        if link.source != ONE:
            found[link.source] = found.get(link.source, 0) + link.wires.pre.size
    return found


def driving(counted: dict[str, int]) -> dict[str, int]:
    """The sources that have any synapse."""
    return {name: n for name, n in counted.items() if n}


@pytest.mark.parametrize("name", WEIGHTED | WIRING)
def test_a_linear_map_is_laid_out_as_counted(name: str) -> None:
    node, shapes = (WEIGHTED | WIRING)[name]
    words = 5 if "embedding" in name else 0
    doors = [Input(above, (), shape, words) for above, shape in zip(node.inputs, shapes, strict=True)]
    network = SpikingNetwork((*doors, node, Output("out", (node.name,)))).check()
    assert driving(laid_out(network)) == made(network)


@pytest.mark.parametrize("name", ZOO)
def test_no_network_is_laid_out_as_more_than_counted(name: str) -> None:
    """Paths that join the same two elements become one synapse, after they were made."""
    network = ZOO[name]().network
    counted = laid_out(network)
    assert all(counted[source] >= n for source, n in made(network).items())


def test_what_lies_behind_a_pool_is_laid_out_for_each_entry_of_the_map() -> None:
    """3·32·64 of the kernel, and 64·32·50 of a matrix that alone has 32·50."""
    head = Linear("l", ("flat",), np.ones((50, 32)))
    kernel = Conv("c", ("x",), np.ones((32, 3, 1, 1)), None, (1, 1), (0, 0), (1, 1))
    nodes = Input("x", (), (3, 8, 8)), kernel, Neuron("n", ("c",), (Relu(),), ternary(0.5)), Mean("m", ("n",), (-2, -1))
    network = SpikingNetwork((*nodes, Reshape("flat", ("m",), (32,)), head, Output("out", ("l",)))).check()
    assert laid_out(network) == made(network) == {"x": 6_144, "n": 102_400}


def test_a_running_sum_behind_a_matrix_is_laid_out_too() -> None:
    """2·300 weights; of the sums the k-th reads k: 2·300·301/2 synapses."""
    matrix = Linear("l", ("x",), np.ones((300, 2)))
    sums = Mix("m", ("l",), -1, np.tri(300))
    network = SpikingNetwork((Input("x", (), (2,)), matrix, sums, Output("out", ("m",)))).check()
    assert laid_out(network) == {"x": 90_300}
    assert made(network) == {"x": 600}  # all paths from an input to a sum are one synapse in the end


def test_a_pool_wider_than_its_map_reads_the_map() -> None:
    """A window of 640 × 640 on a map of 4 × 4: 16 synapses a channel."""
    pool = AvgPool("p", ("x",), (640, 640), (640, 640), (0, 0), ceil=True)
    network = SpikingNetwork((Input("x", (), (3, 4, 4)), pool, Output("out", ("p",)))).check()
    assert laid_out(network) == made(network) == {"x": 48}


@pytest.mark.parametrize(("product", "a", "b", "gates"), [(Multiply, (3, 1), (3, 4), 12), (MatMul, (3, 5), (5, 2), 30)])
def test_a_gate_has_two_synapses_in_and_one_out(
    product: type[Multiply | MatMul], a: tuple[int, ...], b: tuple[int, ...], gates: int
) -> None:
    nodes = Input("a", (), a), Input("b", (), b), product("p", ("a", "b")), Output("out", ("p",))
    network = SpikingNetwork(nodes).check()
    assert laid_out(network) == made(network) == {"a": gates, "b": gates, "p": gates}


def summed(size: int, ahead: tuple[Input | Linear, ...]) -> SpikingNetwork:
    """A running sum of `size` values behind what gives them."""
    sums = Mix("m", (ahead[-1].name,), -1, np.tri(size))
    return SpikingNetwork((*ahead, sums, Output("out", ("m",)))).check()


def test_a_brain_has_the_synapses_of_a_running_sum() -> None:
    """Of 3,000 sums the k-th takes k: 3,000·3,001/2; behind a matrix its weights, and that many but one for each."""
    bare = summed(3000, (Input("x", (), (3000,)),))
    behind = summed(3000, (Input("x", (), (2,)), Linear("l", ("x",), np.ones((3000, 2)))))
    assert handed_on(bare) == {}
    assert handed_on(behind) == {"l": 4_501_500 - 3_000}
    for network, synapses in ((bare, 4_501_500), (behind, 6_000 + 4_501_500 - 3_000)):
        report = estimate(network, platform="brain", synapse_budget=1e6)
        assert next(limit for limit in report.constraints if limit.name == "synapses").needed == synapses
        assert report.to_dict()["synapses"]["laid"] == synapses
        rest = report.alternatives["resting share"].value
        assert rest == pytest.approx(
            synapses * report.latency_s.value * load_platform("brain").prices["resting_power"].value
        )
    assert sum(laid_out(bare).values()) == estimate(bare, platform="brain").work.laid
    assert "4,498,500 of wiring behind sums" in str(estimate(behind, platform="brain"))


def test_shared_weights_pay_for_no_wiring() -> None:
    """A chip that adds in its cores has the synapses of the matrix, whatever is wired behind it."""
    ahead = (Input("x", (), (2,)), Linear("l", ("x",), np.ones((300, 2))))
    plain = SpikingNetwork((*ahead, Output("out", ("l",)))).check()
    for platform in ("loihi1", "truenorth", "a100"):
        with_sums, without = (estimate(net, platform=platform) for net in (summed(300, ahead), plain))
        assert with_sums.physical_synapses == without.physical_synapses == 600
        assert with_sums.cores == without.cores


@pytest.mark.parametrize("name", ZOO)
def test_wiring_behind_sums_is_no_more_than_what_is_laid_out(name: str) -> None:
    """Handing a sum on takes no more than forming it again for each reader: what Brian2 lays out."""
    network = ZOO[name]().network
    assert sum(handed_on(network).values()) <= sum(laid_out(network).values())


def test_each_further_reader_of_a_sum_takes_a_synapse() -> None:
    nodes = Input("x", (), (4,)), Linear("l", ("x",), np.ones((3, 4))), Neuron("a", ("l",), (Relu(),), ternary(0.5))
    network = SpikingNetwork((*nodes, Add("s", ("l", "a")), Output("out", ("s",)))).check()
    assert handed_on(network) == {"l": 3}
