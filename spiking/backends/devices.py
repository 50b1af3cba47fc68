"""Where torch computes, and in what: the options `device` and `dtype`."""

from __future__ import annotations

from typing import Any

import torch

from ..arguments import shown
from ..errors import InvalidInput

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def placed(device: Any, dtype: Any) -> tuple[torch.device, torch.dtype]:
    """Return device and type, tried with one number; raises InvalidInput if this machine or torch has none such."""
    chosen = (
        DTYPES.get(dtype)
        if isinstance(dtype, str)
        else dtype
        if isinstance(dtype, torch.dtype) and dtype in DTYPES.values()
        else None
    )
    if chosen is None:
        raise InvalidInput(f"dtype must be {' or '.join(map(repr, DTYPES))}, not {shown(dtype)}")
    have = f"this machine has {', '.join(there())}"
    if not isinstance(device, str | torch.device):
        raise InvalidInput(f"device must be the name of a torch device, not {shown(device)}; {have}")
    try:
        found = torch.device(device)
        works = found.type != "meta" and torch.zeros(1, dtype=chosen, device=found).add(1).item() == 1
    except (RuntimeError, AssertionError, TypeError, NotImplementedError, ImportError):
        works = False
    if not works:
        raise InvalidInput(f"device '{device}' cannot be used here with {chosen}; {have}".replace("torch.", ""))
    return found, chosen


def there() -> list[str]:
    """Return the devices of this machine."""
    made = ["cpu", *(f"cuda:{k}" for k in range(torch.cuda.device_count()))]
    return [*made, "mps"] if torch.backends.mps.is_available() else made
