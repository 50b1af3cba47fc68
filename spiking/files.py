"""Writing files whole: through a temporary file beside the target, into what is no regular file directly."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

PREFIX, SUFFIX = ".hectohertz-", ".tmp"
LITTER = 3600.0  # seconds after which a temporary file is one that a killed process has left


def write_whole(path: str | Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file so that it is the old one or the new one, whenever the process ends.

    Links are followed, the mode of an existing file is kept; a device or a pipe is written to as it is.
    """
    target = Path(os.path.realpath(path))
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        held = BytesIO()  # a pipe cannot be sought in
        write(held)
        target.write_bytes(held.getvalue())
        return
    _sweep(target.parent)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=PREFIX, suffix=SUFFIX)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask() if mode is None else stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write text, in UTF-8, as `write_whole` does."""
    write_whole(path, lambda file: file.write(text.encode()))


def _sweep(folder: Path) -> None:
    """Remove what killed processes have left."""
    for left in folder.glob(f"{PREFIX}*{SUFFIX}"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LITTER:
                left.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
