"""Walks a tree without knowing the classes of its nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from . import ast

_ATOMS = frozenset(
    ("int", "str", "bool", "str | None", "SourceFile", "tuple[str, ...] | None", "Ref | None")
)
"""The type annotations of fields that hold no node, or one that a `Ref` counts and repeats."""

_NODE_FIELDS: dict[type, tuple[str, ...]] = {}


def children(node: ast.Node) -> list[ast.Node]:
    """Return the direct children of a node, in the order of its fields."""
    class_ = type(node)
    names = _NODE_FIELDS.get(class_)
    if names is None:
        names = _NODE_FIELDS[class_] = node_fields(class_)
    found: list[ast.Node] = []
    for name in names:
        value = getattr(node, name)
        if isinstance(value, tuple):
            found.extend(value)
        elif value is not None:
            found.append(value)
    return found


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """Yield a node and every node below it, parents first, in source order."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(children(current)))


def fields(node: ast.Node) -> tuple[str, ...]:
    """Return the names of a node's fields in declaration order."""
    names: tuple[str, ...] = type(node)._fields  # type: ignore[attr-defined]
    return names


def node_fields(class_: type, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the fields of a class that hold nodes, by their type annotations.

    Fields whose annotation is in `without` are left out.
    """
    return tuple(
        name
        for name, annotation in annotations_of(class_).items()
        if annotation not in _ATOMS and annotation not in without
    )


def annotations_of(class_: type) -> dict[str, str]:
    """Return the fields of a node class, each with its type annotation as written."""
    return {
        name: str(annotation)
        for base in reversed(class_.__mro__)
        for name, annotation in vars(base).get("__annotations__", {}).items()
    }


# A tree as text, for tests and `flowdsl debug`.


def dump(
    node: ast.Node, *, offsets: bool = True, meanings: Mapping[ast.Node, str] = MappingProxyType({})
) -> str:
    """Return the tree with one line for each node: indent, class, offsets, and plain fields.

    What `meanings` says of a node ends its line. The output is deterministic.
    """
    lines: list[str] = []
    pending = [(node, 0)]
    while pending:
        current, depth = pending.pop()
        place = f" {current.start}..{current.end}" if offsets else ""
        meaning = f": {meanings[current]}" if current in meanings else ""
        shown = f"{type(current).__name__}{place}{_format_plain_fields(current)}{meaning}"
        lines.append("  " * depth + shown)
        pending += [(child, depth + 1) for child in reversed(list(children(current)))]
    return "\n".join(lines) + "\n"


def _format_plain_fields(node: ast.Node) -> str:
    plain = {
        name: value
        for name in fields(node)
        if isinstance(value := getattr(node, name), str | int | None)
        and name not in ("start", "end")
    }
    return "".join(f" {name}={value!r}" for name, value in plain.items())
