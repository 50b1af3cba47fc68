"""transformers and timm without torchvision, whose build may not fit this torch; a model alone needs nothing of it."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import ClassVar


class _Names(type):
    """A class whose attributes are their own names: an enumeration nobody looks into."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class _Stub(types.ModuleType):
    __path__: ClassVar[list[str]] = []

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Names(name, (), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        mine = name.split(".")[0] == "torchvision"
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if mine else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Stub(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""


def absent() -> None:
    """Let `import torchvision` fail as if it were not installed: transformers then goes without."""
    sys.modules.setdefault("torchvision", None)  # type: ignore[arg-type]


def stubbed() -> None:
    """Let `import torchvision` give empty modules: timm imports it and, for a model alone, uses nothing of it."""
    if sys.modules.get("torchvision", None) is None:
        sys.modules.pop("torchvision", None)
        sys.meta_path.insert(0, _Finder())
