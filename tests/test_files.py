"""Files are written whole, into what is there: links, pipes and devices stay what they are."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
import torch
from models import cnn, samples
from torch import nn

from converters import convert, load_program
from spiking import InvalidFile, SpikingNetwork, fingerprint
from spiking.cli import main
from spiking.files import PREFIX, SUFFIX, write_text


@pytest.fixture(scope="module")
def network() -> SpikingNetwork:
    return convert(cnn(), samples(8, 2, 6, 6))


def test_a_link_is_followed(network: SpikingNetwork, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    link = tmp_path / "link.npz"
    link.symlink_to(tmp_path / "deep" / "net.npz")
    network.save(link)
    network.save(link)
    assert link.is_symlink()
    assert fingerprint(SpikingNetwork.load(tmp_path / "deep" / "net.npz")) == fingerprint(network)


def test_a_device_stays_a_device(network: SpikingNetwork) -> None:
    network.save("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_pipe_is_written_through(network: SpikingNetwork, tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", tmp_path / "got.npz"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.write_bytes(pipe.read_bytes()))
    reader.start()
    network.save(pipe)
    reader.join(30)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert fingerprint(SpikingNetwork.load(got)) == fingerprint(network)


def test_a_file_keeps_its_mode(network: SpikingNetwork, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    path.touch(mode=0o600)
    network.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_name_as_long_as_the_system_takes(network: SpikingNetwork, tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".npz")
    network.save(path)
    assert path.exists()


def test_what_killed_processes_left_is_swept_and_what_others_write_is_not(tmp_path: Path) -> None:
    old, new = (tmp_path / f"{PREFIX}{name}{SUFFIX}" for name in ("old", "new"))
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    write_text(tmp_path / "report.html", "x")
    assert not old.exists()
    assert new.exists()
    assert (tmp_path / "report.html").read_text() == "x"


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    path.write_text("good")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_text(path, "new")
    assert path.read_text() == "good"
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def program(path: Path) -> Path:
    torch.export.save(torch.export.export(nn.Linear(2, 2).eval(), (torch.randn(1, 2),)), path)
    return path


def rewritten(path: Path, change: tuple[bytes, bytes], payload: bytes) -> Path:
    """The same archive with words of its configuration changed, and a weight that is something else."""
    made = path.with_name("made.pt2")
    with ZipFile(path) as old, ZipFile(made, "w", ZIP_STORED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("model_weights_config.json"):
                assert change[0] in content
                content = content.replace(*change)
            new.writestr(name, payload if name.endswith("weight_0") else content)
    return made


@pytest.mark.parametrize("change", [(b'"use_pickle": false', b'"use_pickle": true'), (b'"use_pickle": false, ', b"")])
def test_a_program_that_torch_would_unpickle_is_refused_unread(
    change: tuple[bytes, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = tmp_path / "ran"
    path = rewritten(program(tmp_path / "good.pt2"), change, f"cposix\nsystem\n(S'touch {ran}'\ntR.".encode())
    with pytest.raises(InvalidFile, match=r"pickled value\(s\) \(weight"):
        load_program(path)
    assert main(["show", str(path)]) == 2
    assert "torch would run what is in them" in capsys.readouterr().err
    assert not ran.exists()


def test_a_program_comes_back(tmp_path: Path) -> None:
    loaded = load_program(program(tmp_path / "good.pt2"))
    assert len(convert(loaded, samples(8, 2)).outputs) == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x80\x04N.", b"x" * 100])
def test_what_is_no_program_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.pt2"
    path.write_bytes(content)
    with pytest.raises(InvalidFile, match="is not an exported program"):
        load_program(path)
