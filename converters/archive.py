"""Exported programs from files: nothing that an archive holds is run to read it."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import torch
from torch.export import ExportedProgram

from spiking import InvalidFile, arguments

PICKLED = b"\x80"  # how every pickle of protocol 2 and later begins
HINT = "write one with torch.export.save(torch.export.export(model.eval(), (x,)), 'model.pt2')"
PARTS = ("/data/weights/", "/data/constants/")


def load_program(path: str | Path) -> ExportedProgram:
    """Return the exported program of a .pt2 file.

    Weights and constants that torch would unpickle are refused before anything is loaded, because a pickle runs what
    its writer put into it. Raises InvalidFile with the reason, FileNotFoundError if there is no file.
    """
    source = arguments.existing("path", path)
    if not source.is_file():  # a device has no end to look for the table of contents at
        raise _no_program(path, ValueError("it is no regular file"))
    try:
        pickled = _pickled(source)
    except (BadZipFile, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise _no_program(path, error) from error
    if pickled:
        raise InvalidFile(
            f"{path} holds {len(pickled)} pickled value(s) ({', '.join(pickled[:3])}): torch would run what is in "
            "them; load it yourself with torch.export.load if you trust who made it, or export it again with plain "
            "tensors as parameters and buffers"
        )
    try:
        return torch.export.load(str(source))
    except Exception as error:  # torch raises errors of many kinds for damaged archives
        raise _no_program(path, error) from error


def _pickled(path: Path) -> list[str]:
    """The names of the weights and constants that an archive holds as pickles, by its own configuration."""
    with path.open("rb") as file:
        if file.read(1) == PICKLED:
            raise ValueError("it is a pickle: a model or a state dict, and no program of it")
    with ZipFile(path) as archive:
        names = archive.namelist()
        configured = [name for name in names if name.endswith("_config.json") and any(p in name for p in PARTS)]
        if not configured:
            raise ValueError(_other_kind(names))
        parts = [dict(json.loads(archive.read(name))["config"]) for name in configured]
    return [key for part in parts for key, entry in part.items() if dict(entry).get("use_pickle") is not False]


def _other_kind(names: list[str]) -> str:
    """What an archive is that does not say how its weights are stored."""
    if any(name.endswith("/constants.pkl") for name in names):
        return "it is TorchScript: load the module that it was made from, and export that"
    if any(name.endswith("/data.pkl") for name in names):
        return "it is a pickle, as torch.save writes a model or a state dict: load it into the module, and export that"
    if any("serialized_exported_program" in name for name in names):
        return "it does not say how its weights are stored: it was written by a torch that is too old"
    return "it holds no weights as torch.export.save writes them"


def _no_program(path: str | Path, error: Exception) -> InvalidFile:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return InvalidFile(f"{path} is not an exported program ({reason}); {HINT}")
