"""Reading a .npz that may come from a stranger: what it says of itself is checked before anything is allocated.

Members are stored plain, as `numpy.savez` stores them, so they cannot be larger than the file that holds them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import IO, Any, BinaryIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from .errors import InvalidFile

HEADER = "header.npy"
LONGEST_HEADER = 64 * 2**20  # bytes of JSON: a network of 100,000 nodes needs half of it
PREFIX, SUFFIX = "a/", ".npy"
HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], Any]] = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}
Array = NDArray[Any]


class Archive:
    """A .npz whose members fit the file: its header is read first, its arrays when they are asked for."""

    def __init__(self, source: Path, file: BinaryIO) -> None:
        self.source, self.zip = source, ZipFile(file)
        self.members = {member.filename: member for member in self.zip.infolist()}
        whole = file.seek(0, 2)
        if len(self.members) < len(self.zip.infolist()):
            raise InvalidFile(f"{source} holds two arrays of one name")
        for member in self.members.values():
            if member.flag_bits & 1:
                raise InvalidFile(f"{source} is encrypted; save it without a password")
            if member.compress_type != ZIP_STORED or member.file_size != member.compress_size:
                raise InvalidFile(f"{source} is compressed: its size says nothing of what it holds; use numpy.savez")
        if sum(member.file_size for member in self.members.values()) > whole:
            raise BadZipFile(f"it claims more than its {whole:,} bytes")

    def header(self) -> Any:
        """Return the JSON header, None if there is none."""
        member = self.members.get(HEADER)
        if member is None:
            return None
        if member.file_size > LONGEST_HEADER:
            raise InvalidFile(f"{self.source} has a header of {member.file_size:,} bytes; {LONGEST_HEADER:,} are read")
        return json.loads(self._array(member, "u").tobytes())

    def arrays(self) -> dict[str, Array]:
        """Return the arrays by name."""
        mine = {name: member for name, member in self.members.items() if name.startswith(PREFIX)}
        return {
            name.removeprefix(PREFIX).removesuffix(SUFFIX): self._array(member, "biuf") for name, member in mine.items()
        }

    def _array(self, member: ZipInfo, kinds: str) -> Array:
        """Read one member, once its own header says that it is an array of numbers and fits into it."""
        with self.zip.open(member) as file:
            shape, dtype = _promised(file)
            need = file.tell() + prod(shape) * dtype.itemsize
        if dtype.kind not in kinds or not dtype.isnative:
            raise InvalidFile(f"{self.source} holds an array of the type {dtype.str} in '{member.filename}'")
        if need != member.file_size or min(shape, default=0) < 0:
            raise BadZipFile(
                f"'{member.filename}' has {member.file_size:,} bytes, but its array {shape} needs {need:,}"
            )
        with self.zip.open(member) as file:
            return np.asarray(npy.read_array(file, allow_pickle=False))  # type: ignore[no-untyped-call]


def _promised(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and type that an array's own header promises."""
    version = npy.read_magic(file)  # type: ignore[no-untyped-call]
    if version not in HEADERS:
        raise BadZipFile(f"it holds an array of the format version {version}")
    shape, _, dtype = HEADERS[version](file)
    return shape, dtype
