"""Walks over any part of the IR."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any


def walk(value: Any) -> Iterator[Any]:
    """Every node inside `value`, itself included, outer before inner, in field order."""
    if is_dataclass(value):
        yield value
        for field in fields(value):
            yield from walk(getattr(value, field.name))
    elif isinstance(value, tuple):
        for inner in value:
            yield from walk(inner)
