"""The one gate: every field of every kind is of its declared type, and an archive holds no more than its bytes."""

from __future__ import annotations

import io
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from zoo import ZOO

from spiking import (
    AvgPool,
    Conv,
    Identity,
    Input,
    InvalidFile,
    InvalidNetwork,
    LeakyRelu,
    Linear,
    Mean,
    Neuron,
    Norm,
    Origin,
    Output,
    Pad,
    Scale,
    ShapeOnly,
    Softmax,
    SpikeRecord,
    SpikingNetwork,
    binary,
    run,
    store,
)

X, OUT = Input("x", (), (4,)), Output("out", ("b",))


def faults(*nodes: Any, **setting: Any) -> tuple[str, ...]:
    with pytest.raises(InvalidNetwork) as caught:
        SpikingNetwork(nodes, **setting).check()
    return caught.value.faults


def parts() -> dict[str, tuple[Any, Any]]:
    """One network of the zoo for every kind of node and function, the node it is in, and the part itself."""
    found: dict[str, tuple[Any, Any]] = {}
    for make in ZOO.values():
        network = make().network
        for node in network:
            held = [*getattr(node, "function", ()), *([node.alphabet] if getattr(node, "alphabet", None) else [])]
            for part in (node, *held):
                found.setdefault(type(part).__name__, (network, part))
    return found


PARTS = parts()
FIELDS = [(kind, held.name) for kind, (_, part) in PARTS.items() for held in fields(part)]


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_every_field_has_a_type_and_says_so(kind: str, field: str) -> None:
    """A list of an object fits no field; the fault names it. The network as it was has none."""
    network, part = PARTS[kind]
    network.check()
    before = getattr(part, field)
    try:
        object.__setattr__(part, field, [object()])
        broken = SpikingNetwork(network.nodes, network.schedule)
        with pytest.raises(InvalidNetwork) as caught:
            broken.check()
        assert any(f"{field} must be" in fault or f"{field} a list" in fault for fault in caught.value.faults)
    finally:
        object.__setattr__(part, field, before)


def test_every_fault_of_every_field_at_once() -> None:
    nodes = (
        X,
        Conv("b", ("x",), np.ones((1, 1, 1), int), groups=True, stride=[1], padding=(0.0,)),  # type: ignore[arg-type]
        Neuron("n", ("x",), (LeakyRelu("a"), 3), binary(1.0), v0=0.5),  # type: ignore[arg-type]
        Output("out", ("x",)),
    )
    assert faults(*nodes, method=3, origins={"b": Origin(op=None)}) == (  # type: ignore[arg-type]
        "method must be text, not 3",
        "origins['b'].op must be text, not None",
        "Conv 'b': weight must hold float32 or float64, not <i8",
        "Conv 'b': stride must be a tuple, not a list",
        "Conv 'b': padding[0] must be a whole number of 64 bits, not 0.0",
        "Conv 'b': groups must be a whole number of 64 bits, not True",
        "Neuron 'n': function[0].slope must be a finite number, not 'a'",
        "Neuron 'n': function[1] must be of the kind Function, not 3",
        "Neuron 'n': v0 must be an array, not 0.5",
        "Conv 'b': nothing reads it",
        "Neuron 'n': nothing reads it",
    )


ARRAYS: dict[str, tuple[Any, str]] = {
    "half": (np.ones(4, "f2"), "must hold float32 or float64, not <f2"),
    "long": (np.ones(4, np.longdouble), "must hold float32 or float64"),
    "big-endian": (np.ones(4, ">f8"), "must hold float32 or float64, not >f8"),
    "objects": (np.ones(4, object), "must hold float32 or float64, not |O"),
    "text": (np.array(["a"] * 4), "must hold float32 or float64, not <U1"),
    "pairs": (np.ones(4, [("a", "f8")]), "must hold float32 or float64, not |V8"),
    "complex": (np.ones(4, complex), "must hold float32 or float64, not <c16"),
    "masked": (np.ma.ones(4), "must be an array, not a MaskedArray"),
    "empty": (np.ones((0, 4)), "(0, 4) is empty"),
    "a list": ([1.0] * 4, "must be an array, not a list"),
    "infinite": (np.array([1.0, np.inf, 1, 1]), "has NaN or infinite entries"),
    "no shape": (ShapeOnly((-1,)), "has no possible shape"),
}


@pytest.mark.parametrize("what", ARRAYS)
def test_an_array_that_is_none_is_named(what: str) -> None:
    value, reason = ARRAYS[what]
    assert any(f"Scale 'b': weight {reason}" in fault for fault in faults(X, Scale("b", ("x",), value), OUT))


IMPOSSIBLE: dict[str, tuple[Any, str]] = {
    "axes twice": (Mean("b", ("x",), (-1, -1)), "must be different ones"),
    "no axes": (Mean("b", ("x",), ()), "at least one"),
    "four axes": (AvgPool("b", ("x",), (1,) * 4, (1,) * 4, (0,) * 4), "at most 1"),
    "divided by nothing": (AvgPool("b", ("x",), (1,), (1,), (0,), divisor=0), "the divisor not 0"),
    "padding alone": (AvgPool("b", ("x",), (2,), (1,), (2,)), "at most half the kernel"),
    "cut before it is padded": (Pad("b", ("x",), (-5,), (9,)), "leaves nothing"),
    "too large": (Pad("b", ("x",), (2**62,), (0,)), "too many entries"),
    "softmax of no axis": (Neuron("b", ("x",), (Softmax(0),), binary(1.0)), "axis 0 is not one of"),
    "slope": (Neuron("b", ("x",), (LeakyRelu(np.ones(3)),), binary(1.0)), "slope (3,) does not broadcast"),
    "norm": (Neuron("b", ("x",), (Norm(1, weight=np.ones(3)),), binary(1.0)), "weight (3,) does not broadcast"),
    "eps": (Neuron("b", ("x",), (Norm(1, -1.0),), binary(1.0)), "must not be negative"),
    "a number beyond": (Neuron("b", ("x",), (Identity(),), binary(1.0), start=2**63), "start must be a whole number"),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_no_engine_could_run_is_refused(what: str) -> None:
    node, reason = IMPOSSIBLE[what]
    assert any(reason in fault for fault in faults(X, node, OUT))


def changed(path: Path, change: Callable[[dict[str, Any], dict[str, np.ndarray]], object]) -> Path:
    """A saved network with another content, its digest right."""
    content, arrays = store.encode(ZOO["residual"]().network)
    change(content, arrays)
    store.write(path, "network", content, arrays)
    return path


HEADERS: dict[str, tuple[Callable[[Any, Any], object], str]] = {
    "bool": (lambda c, a: c["nodes"][1].update(groups=True), "Conv 'c1': groups must be a whole number"),
    "float": (lambda c, a: c["nodes"][1].update(stride=[1.0, 1]), r"Conv 'c1': stride\[0\] must be a whole number"),
    "list": (lambda c, a: c["nodes"][1].update(name=["c1"]), "Conv 1: name must be text, not a tuple"),
    "number": (lambda c, a: c["nodes"][1].update(bias=3), "Conv 'c1': bias must be an array, not 3"),
    "field": (lambda c, a: c["nodes"][1].update(kernel=3), "Conv 'c1' has a field 'kernel'"),
    "no field": (lambda c, a: c["nodes"][1].pop("weight"), "Conv 'c1' has no weight"),
    "kind": (lambda c, a: c["nodes"][1].update(kind="Convolution"), "there is no kind 'Convolution'; there are: Input"),
    "array": (lambda c, a: a.pop("c1/weight"), "it holds no array 'c1/weight'"),
    "NUL": (lambda c, a: c.update(method="a\0"), "method must be text"),
    "surrogate": (lambda c, a: c.update(method="\ud800"), "method must be text"),
    "integers": (lambda c, a: a.update({"c1/weight": a["c1/weight"].astype(int)}), "weight must hold float32 or"),
}


@pytest.mark.parametrize("what", HEADERS)
def test_a_field_of_a_file_is_refused_by_name(what: str, tmp_path: Path) -> None:
    change, reason = HEADERS[what]
    with pytest.raises(InvalidFile, match=rf"(?s)does not hold a valid network: .*{reason}"):
        SpikingNetwork.load(changed(tmp_path / "n.npz", change))


@pytest.mark.parametrize("kind", [">f8", "c16", "S8", "M8[s]"])
def test_arrays_of_other_types_are_not_read(kind: str, tmp_path: Path) -> None:
    path = changed(tmp_path / "n.npz", lambda c, a: a.update({"c1/weight": a["c1/weight"].astype(int).astype(kind)}))
    with pytest.raises(InvalidFile, match=r"holds an array of the type .* in 'a/c1/weight\.npy'"):
        SpikingNetwork.load(path)


def test_only_what_can_be_read_again_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidNetwork, match="weight must hold"):
        SpikingNetwork((X, Scale("b", ("x",), np.ones(4, int)), OUT)).save(tmp_path / "n.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_leaves_the_numbers_is_no_answer() -> None:
    """1e30 squared is beyond float32, and a neuron that holds it would send nothing in silence."""
    large = Linear("b", ("n",), np.full((1, 4), 1e30, np.float32))
    nodes = (X, Scale("s", ("x",), np.array(1e30)), Neuron("n", ("s",), (Identity(),), binary(1e30)), large)
    network = SpikingNetwork((*nodes, Neuron("m", ("b",), (Identity(),), binary(1.0)), Output("out", ("m",)))).check()
    x = np.ones((1, 4), np.float32)
    with pytest.raises(InvalidNetwork, match=r"(?s)left the numbers of float32.*dtype='float64'.*neuron 'm' holds NaN"):
        run(network, x, steps=1, progress=False)
    for backend, options in (("norse", {"dtype": "float64"}), ("reference", {})):  # the control
        assert run(network, x, steps=1, progress=False, backend=backend, **options).readout == 1.0


# --- archives


def members(network: str = "residual") -> dict[str, bytes]:
    file = io.BytesIO()
    content, arrays = store.encode(ZOO[network]().network)
    head = {"format": "hectohertz", "kind": "network", "version": 1, "content": content, "digest": ""}
    header = np.frombuffer(store.json.dumps(head).encode(), np.uint8)
    np.savez(file, header=header, **{f"a/{key}": value for key, value in arrays.items()})
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive(path: Path, parts: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return path


def promise(*shape: int) -> bytes:
    """An array of 64-bit numbers that has a header and no entries."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue()


def refusal(path: Path) -> tuple[str, int]:
    """What a file is refused with, and the most bytes that were held meanwhile."""
    tracemalloc.start()
    try:
        with pytest.raises(InvalidFile) as caught:
            SpikingNetwork.load(path)
        return str(caught.value), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(10**11,), (2**40, 2**40), (10**6, 1000)])
@pytest.mark.parametrize("name", ["a/c1/weight.npy", "header.npy"])
def test_an_array_that_promises_more_than_it_has_is_not_allocated(
    name: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    said, held = refusal(archive(tmp_path / "n.npz", {**members(), name: promise(*shape)}))
    assert (
        "holds an array of the type <f8" in said if name == "header.npy" else "but its array" in said or "needs" in said
    )
    assert held < 2**20


def test_a_compressed_archive_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """50 MB of zeros in 50 KB."""
    bomb = {**members(), "a/c1/weight.npy": promise(6_250_000) + bytes(50_000_000)}
    path = archive(tmp_path / "n.npz", bomb, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 200_000
    said, held = refusal(path)
    assert "is compressed: its size says nothing of what it holds; use numpy.savez" in said
    assert held < 2**20


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """A directory that lists one member under many names claims more than the file has."""
    path = archive(tmp_path / "n.npz", members())
    with zipfile.ZipFile(path, "a") as made:
        first = max(made.infolist(), key=lambda member: member.file_size)
        for k in range(100):
            again = zipfile.ZipInfo(f"a/x{k}.npy")
            again.header_offset, again.CRC = first.header_offset, first.CRC
            again.file_size = again.compress_size = first.file_size
            made.filelist.append(again)
            made.NameToInfo[again.filename] = again
        made._didModify = True
    assert "it claims more than its" in refusal(path)[0]


def test_a_locked_archive_is_said_to_be_locked(tmp_path: Path) -> None:
    path = archive(tmp_path / "n.npz", members())
    whole = bytearray(path.read_bytes())
    at = whole.find(b"PK\x01\x02")
    while at >= 0:
        whole[at + 8] |= 1
        at = whole.find(b"PK\x01\x02", at + 1)
    path.write_bytes(whole)
    assert "is encrypted; save it without a password" in refusal(path)[0]


def test_a_header_is_read_first(tmp_path: Path) -> None:
    """What is no network of this version is refused before any array is looked at."""
    other = {**members("conv1d"), "header.npy": members()["header.npy"].replace(b'"version": 1', b'"version": 7')}
    assert "has format version 7" in refusal(archive(tmp_path / "n.npz", {**other, "a/c1/weight.npy": b""}))[0]


# --- records


@pytest.fixture(scope="module")
def record() -> SpikeRecord:
    case = ZOO["residual"]()
    batch = [(case.x, np.array([0, 1, 2]))]
    return run(case.network, batch, steps=4, backend="reference", record=True, progress=False)


RECORDS: dict[str, tuple[Callable[[Any, Any], object], str]] = {
    "steps": (lambda c, a: c.update(steps={}), "activity.steps must be a whole number of 64 bits, not a dict"),
    "ticks": (lambda c, a: c.update(steps=5), r"readout 'out' \(4, 3, 5\) must begin with \(5, 3\)"),
    "samples": (lambda c, a: c.update(samples=2), r"labels \(3,\) must be one for each of 2 samples"),
    "delay": (lambda c, a: c.update(delay=7), "delay 7 is impossible"),
    "backend": (lambda c, a: c.update(backend=1), "backend must be text, not 1"),
    "rank": (lambda c, a: a.update({"readout/out": a["readout/out"][0, 0]}), "must begin with"),
    "raster": (lambda c, a: a.update({"raster/n1": a["raster/n1"][:1]}), "raster 'n1' .* must begin with"),
    "curve": (lambda c, a: a.update({"spikes/n1": a["spikes/n1"][:2]}), "spikes of 'n1' .* each of 4 ticks"),
    "negative": (lambda c, a: a.update({"events/c2": -a["events/c2"]}), "events of 'c2' are NaN, infinite or negative"),
    "NaN": (lambda c, a: a["readout/out"].fill(np.nan), "readout 'out' has NaN"),
    "labels": (lambda c, a: a.update({"labels/labels": np.zeros(3)}), "labels must hold integers, not <f8"),
    "share": (lambda c, a: a.update({"saturated/n1": np.array(2.0)}), "saturated 'n1' is 2.0, no share"),
    "shares": (lambda c, a: a.update({"saturated/n1": np.zeros(1)}), r"saturated\['n1'\] must be a finite number"),
    "nothing": (lambda c, a: a.pop("readout/out"), "it has no readout"),
}


@pytest.mark.parametrize("what", RECORDS)
def test_a_record_that_contradicts_itself_is_refused(what: str, record: SpikeRecord, tmp_path: Path) -> None:
    record.save(tmp_path / "r.npz")
    content, arrays = store.read(tmp_path / "r.npz", "record")
    change, reason = RECORDS[what]
    change(content, arrays)
    store.write(tmp_path / "r.npz", "record", content, arrays)
    with pytest.raises(InvalidFile, match=rf"(?s)does not hold a valid record:.*{reason}"):
        SpikeRecord.load(tmp_path / "r.npz")


def chain(n: int) -> SpikingNetwork:
    """n matrices of their own, one after the other."""
    nodes: list[Any] = [Input("x", (), (2,))]
    for k in range(n):
        nodes.append(Scale(f"s{k}", (nodes[-1].name,), np.array(1.0)))
    return SpikingNetwork((*nodes, Output("out", (nodes[-1].name,))))


def test_a_long_network_is_written_in_a_time_that_grows_with_its_length() -> None:
    """Eight times the nodes: eight times as long, with a wide margin below the 64 of a search at each node."""

    def seconds(network: SpikingNetwork) -> float:
        begin = time.process_time()
        store.encode(network.check())
        return time.process_time() - begin

    short, long = chain(1_000), replace(chain(8_000), method="long")
    assert min(seconds(long) for _ in range(3)) < 24 * min(seconds(short) for _ in range(3))
