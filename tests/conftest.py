"""Fixtures: one seeded generator, golden texts, and real data where it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

GOLDEN = Path(__file__).parent / "golden"
DATA = Path(os.environ.get("HECTOHERTZ_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

torch.set_num_threads(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite tests/golden/*.txt instead of comparing with them")


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every run."""
    return np.random.default_rng(0)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """golden(name, text): the text equals tests/golden/<name>.txt, or becomes it under --golden or GOLDEN=1."""
    rewrite = request.config.getoption("--golden") or os.environ.get("GOLDEN") == "1"

    def compare(name: str, text: str) -> None:
        path = GOLDEN / f"{name}.txt"
        if rewrite:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
        assert path.exists(), f"no tests/golden/{name}.txt yet; pytest --golden writes it"
        assert text.rstrip("\n") + "\n" == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def data() -> Path:
    """The folder of real data and trained weights; the test is skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"real data are absent: no folder {DATA}; set HECTOHERTZ_DATA")
    return DATA
