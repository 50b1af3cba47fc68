"""The table of rules: ATen name with overload -> function(builder, *the call's own arguments)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Rule = Callable[..., Any]
Kept = TypeVar("Kept", bound=Rule)
RULES: dict[str, Rule] = {}


def rule(*targets: str) -> Callable[[Kept], Kept]:
    """Register a rule for ATen calls, "conv2d.default"; an in-place call uses the rule of its plain twin."""

    def register(function: Kept) -> Kept:
        for target in targets:
            if target in RULES:
                raise ValueError(f"{target} already has the rule {RULES[target].__name__}")
            RULES[target] = function
        return function

    return register


def find(target: str) -> Rule | None:
    """Return the rule of a call, or None."""
    name, _, overload = target.partition(".")
    plain = f"{name.removesuffix('_')}.{overload}" if name.endswith("_") else target
    return RULES.get(target) or RULES.get(plain)


def first_line(function: Rule) -> str:
    """Return the first line of a rule's docstring: what the call becomes."""
    return (function.__doc__ or "").strip().splitlines()[0]


def supported() -> dict[str, str]:
    """Return every supported ATen call with the first line of its rule's docstring."""
    return {target: first_line(RULES[target]) for target in sorted(RULES)}
