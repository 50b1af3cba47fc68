"""Files: what comes back is what went in, and what was cut, altered or forged is refused in one way."""

from __future__ import annotations

import io
import json
import os
import pickle
import stat
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from zoo import ZOO

from spiking import Activity, Alphabet, InvalidFile, Origin, SpikeRecord, SpikingNetwork, fingerprint, run, store

BYTES = 200


@pytest.fixture
def network() -> SpikingNetwork:
    made = ZOO["residual"]().network
    return replace(made, origins={"c1": Origin("conv2d", "stem.conv", "net.py:12", 0.25), "n1": Origin("relu")})


@pytest.fixture
def saved(network: SpikingNetwork, tmp_path: Path) -> Path:
    path = tmp_path / "net.npz"
    network.save(path)
    return path


def equal(a: object, b: object) -> bool:
    """Whether two field values are the same, arrays by type, shape and every entry."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, Alphabet) and isinstance(b, Alphabet):
        return all(equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("name", ZOO)
def test_a_network_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    """Node by node, field by field, and so every node and function of the vocabulary."""
    network = ZOO[name]().network
    network.save(tmp_path / "n.npz")
    back = SpikingNetwork.load(tmp_path / "n.npz")
    assert (back.schedule, back.method) == (network.schedule, network.method)
    for a, b in zip(network, back, strict=True):
        assert type(a) is type(b)
        assert [f.name for f in fields(a) if not equal(getattr(a, f.name), getattr(b, f.name))] == []
    assert fingerprint(back) == fingerprint(network)


def test_origins_come_back(network: SpikingNetwork, saved: Path) -> None:
    back = SpikingNetwork.load(saved).origins
    assert back["c1"] == network.origins["c1"]
    assert np.isnan(back["n1"].error)


def test_a_fingerprint_sees_every_value(network: SpikingNetwork) -> None:
    """One weight, one unit, one start, the schedule: each changes it. Where a node came from does not."""
    seen = {fingerprint(network), fingerprint(replace(network, origins={}))}
    assert len(seen) == 1
    weight = network["c2"].weight.copy()
    weight.flat[0] += 2.0**-20
    neuron = network["n1"]
    variants = [
        replace(network, schedule="rate"),
        *(
            replace(network, nodes=tuple(changed if n.name == changed.name else n for n in network))
            for changed in (
                replace(network["c2"], weight=weight),
                replace(neuron, start=2),
                replace(neuron, alphabet=replace(neuron.alphabet, unit=neuron.alphabet.unit * 2)),
            )
        ),
    ]
    assert len(seen | {fingerprint(v) for v in variants}) == 5


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    case = ZOO["broadcast"]()
    record = run(case.network, case.x, steps=5, delay=1, backend="reference", record=True, progress=False)
    record.save(tmp_path / "r.npz")
    back = SpikeRecord.load(tmp_path / "r.npz")
    assert isinstance(back.activity, Activity)
    pairs = [(record.readouts, back.readouts), (record.rasters, back.rasters)]
    pairs += [(record.activity.spikes, back.activity.spikes), (record.activity.events, back.activity.events)]
    for a, b in pairs:
        assert a.keys() == b.keys()
        assert all(equal(a[name], b[name]) for name in a)
    numbers = ("steps", "samples", "delay", "network")
    assert [getattr(record.activity, n) for n in numbers] == [getattr(back.activity, n) for n in numbers]
    assert (back.backend, back.steps, back.delay) == ("reference", 5, 1)


def test_equal_networks_make_equal_files(network: SpikingNetwork, tmp_path: Path) -> None:
    for name in "ab":
        network.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_file_cut_anywhere_is_refused(saved: Path, rng: np.random.Generator) -> None:
    whole = saved.read_bytes()
    cuts = {0, 1, 3, 4, 29, 30, 31, len(whole) - 22, len(whole) - 21, len(whole) - 1}
    for cut in sorted(cuts | {*rng.integers(0, len(whole), 60).tolist()}):
        saved.write_bytes(whole[:cut])
        with pytest.raises(InvalidFile):
            SpikingNetwork.load(saved)


@pytest.mark.parametrize("bits", [0xFF, 0x01, 0x08])
def test_a_byte_altered_anywhere_is_seen_or_without_effect(
    saved: Path, network: SpikingNetwork, rng: np.random.Generator, bits: int
) -> None:
    """200 places at random, and the whole directory at the end, where an archive keeps what it believes of itself.

    What still loads (a time stamp changed, say) is the same network.
    """
    whole, wanted = saved.read_bytes(), fingerprint(network)
    directory = whole.rindex(b"PK\x01\x02")
    places = {*rng.integers(0, len(whole), BYTES).tolist(), *range(0, 64), *range(directory, len(whole))}
    refused = 0
    for place in sorted(places):
        damaged = bytearray(whole)
        damaged[place] ^= bits
        saved.write_bytes(damaged)
        try:
            assert fingerprint(SpikingNetwork.load(saved)) == wanted
        except InvalidFile:
            refused += 1
    assert refused > BYTES / 2  # most places do matter


def test_a_weight_changed_with_its_checksum_is_seen(saved: Path) -> None:
    """Rewrite one array inside the archive, so that zip finds nothing wrong: the digest does."""

    def nudge(name: str, content: bytes) -> bytes:
        if name != "a/c2/weight.npy":
            return content
        array = np.load(io.BytesIO(content))
        array.flat[0] += 1
        file = io.BytesIO()
        np.save(file, array)
        return file.getvalue()

    rewrite(saved, nudge)
    with pytest.raises(InvalidFile, match="altered after it was written: its digest"):
        SpikingNetwork.load(saved)


def test_rewriting_without_a_change_loads(saved: Path, network: SpikingNetwork) -> None:
    """The control of the one above."""
    rewrite(saved, lambda name, content: content)
    assert fingerprint(SpikingNetwork.load(saved)) == fingerprint(network)


def rewrite(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Write an archive anew with every member passed through `change`."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members.items():
            new.writestr(name, change(name, content))


def head(path: Path, **changes: Any) -> None:
    """Change entries of a file's JSON header."""
    with np.load(path) as file:
        arrays = dict(file)
    content = json.loads(arrays.pop("header").tobytes()) | changes
    np.savez(path, header=np.frombuffer(json.dumps(content).encode(), np.uint8), **arrays)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 2}, "has format version 2; this release reads 1"),
        ({"format": "other"}, "is not a hectohertz file"),
        ({"kind": "record"}, "holds a record, not a network"),
        ({"digest": "0"}, "its digest does not match"),
        ({"content": []}, "its digest does not match"),
        ({}, ""),
    ],
)
def test_a_header_is_believed_only_if_it_fits(
    saved: Path, network: SpikingNetwork, changes: dict[str, Any], reason: str
) -> None:
    head(saved, **changes)
    if not reason:  # the control: nothing changed, nothing said
        assert fingerprint(SpikingNetwork.load(saved)) == fingerprint(network)
        return
    with pytest.raises(InvalidFile, match=reason):
        SpikingNetwork.load(saved)


FORGED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no nodes": {"nodes": [], "origins": {}, "schedule": "rate", "method": ""},
    "nodes are a number": {"nodes": 5, "origins": {}, "schedule": "rate", "method": ""},
    "a node is a number": {"nodes": [5], "origins": {}, "schedule": "rate", "method": ""},
    "an unknown kind": {"nodes": [{"kind": "System"}], "origins": {}, "schedule": "rate", "method": ""},
    "an array that is absent": {
        "nodes": [{"kind": "Linear", "name": "l", "inputs": ["x"], "weight": {"array": "l/weight"}, "bias": None}],
        "origins": {},
        "schedule": "rate",
        "method": "",
    },
    "a weight that is no array": {
        "nodes": [
            {"kind": "Input", "name": "x", "inputs": [], "shape": [3]},
            {"kind": "Linear", "name": "l", "inputs": ["x"], "weight": 5, "bias": None},
            {"kind": "Output", "name": "o", "inputs": ["l"]},
        ],
        "origins": {},
        "schedule": "rate",
        "method": "",
    },
    "a unit that is no number": {
        "nodes": [
            {"kind": "Input", "name": "x", "inputs": [], "shape": [3]},
            {"kind": "Neuron", "name": "n", "inputs": ["x"], "function": [{"function": "Relu"}], "v0": 1, "start": "a"},
        ],
        "origins": {},
        "schedule": "rate",
        "method": "",
    },
    "origins are a list": {"nodes": [], "origins": [1], "schedule": "rate", "method": ""},
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_file_with_a_valid_digest_is_refused(what: str, tmp_path: Path) -> None:
    store.write(tmp_path / "f.npz", "network", FORGED[what], {})
    with pytest.raises(InvalidFile, match="does not hold a valid network"):
        SpikingNetwork.load(tmp_path / "f.npz")


@pytest.mark.parametrize("content", [{}, {"steps": 1, "samples": 1, "delay": 0, "network": ""}])
def test_a_forged_record_is_refused(content: dict[str, Any], tmp_path: Path) -> None:
    store.write(tmp_path / "f.npz", "record", content, {"unknown": np.zeros(1)})
    with pytest.raises(InvalidFile, match="does not hold a valid record"):
        SpikeRecord.load(tmp_path / "f.npz")


class Bomb:
    """A pickle that would run code."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, ("exploded",)


def test_no_pickle_is_ever_opened(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bare, as a .npy, and as a member of an otherwise good file."""
    monkeypatch.chdir(tmp_path)
    bomb = np.array([Bomb()], dtype=object)
    (tmp_path / "bare.npz").write_bytes(pickle.dumps(Bomb()))
    with (tmp_path / "array.npz").open("wb") as file:
        np.save(file, bomb, allow_pickle=True)
    with np.load(saved) as file:
        arrays = dict(file)
    for name in ("header", "a/c2/weight"):
        np.savez(tmp_path / f"{name[:1]}.npz", **{**arrays, name: bomb})
    for name in ("bare", "array", "h", "a"):
        with pytest.raises(InvalidFile):
            SpikingNetwork.load(tmp_path / f"{name}.npz")
    assert not (tmp_path / "exploded").exists()
    pickle.loads((tmp_path / "bare.npz").read_bytes())
    assert (tmp_path / "exploded").exists()  # the control: the pickle does what it threatens


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04", bytes(1000)])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "f.npz").write_bytes(content)
    with pytest.raises(InvalidFile, match="cannot be read"):
        SpikingNetwork.load(tmp_path / "f.npz")


def test_arrays_of_others_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", weight=np.ones(3))
    with pytest.raises(InvalidFile, match="is not a hectohertz file: it has no header"):
        SpikingNetwork.load(tmp_path / "weights.npz")
    np.save(tmp_path / "one.npy", np.ones(3))
    with pytest.raises(InvalidFile, match="is not a hectohertz file: it has no header"):
        SpikingNetwork.load(tmp_path / "one.npy")


def test_a_record_is_no_network(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="holds a network, not a record"):
        SpikeRecord.load(saved)
    case = ZOO["conv1d"]()
    run(case.network, case.x, steps=1, backend="reference", progress=False).save(tmp_path / "r.npz")
    with pytest.raises(InvalidFile, match="holds a record, not a network"):
        SpikingNetwork.load(tmp_path / "r.npz")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such file: .*gone\.npz"):
        SpikingNetwork.load(tmp_path / "gone.npz")


@pytest.mark.parametrize("where", ["savez", "fsync", "replace"])
@pytest.mark.parametrize("how", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_the_old_file(
    where: str, how: type[BaseException], saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it stops while writing, flushing or renaming: the old file is whole, and nothing else lies about."""
    before = saved.read_bytes()

    def stop(*args: Any, **kwargs: Any) -> None:
        raise how("stopped")

    monkeypatch.setattr(np if where == "savez" else os, where, stop)
    with pytest.raises(how, match="stopped"):
        ZOO["conv1d"]().network.save(saved)
    monkeypatch.undo()
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]
    ZOO["conv1d"]().network.save(saved)
    assert saved.read_bytes() != before  # the control: uninterrupted, it is replaced


def test_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="array 'a' holds Python objects"):
        store.write(tmp_path / "f.npz", "network", {}, {"a": np.array([None])})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_file_has_the_permissions_of_any_other(umask: int, network: SpikingNetwork, tmp_path: Path) -> None:
    """0666 without the umask, and not the 0600 of a temporary file."""
    before = os.umask(umask)
    try:
        network.save(tmp_path / "n.npz")
        assert os.umask(umask) == umask  # as it was
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "n.npz").stat().st_mode) == 0o666 & ~umask


def test_a_name_is_taken_as_it_is(network: SpikingNetwork, tmp_path: Path) -> None:
    network.save(str(tmp_path / "no ending"))
    assert [p.name for p in tmp_path.iterdir()] == ["no ending"]
    assert fingerprint(SpikingNetwork.load(tmp_path / "no ending")) == fingerprint(network)
