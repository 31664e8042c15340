"""One module knows how an address is put together.

Nobody else builds one from text or takes one apart.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import flowdsl
from flowdsl.config.address import KINDS
from tests.support.rows import in_rows

PACKAGE = Path(flowdsl.__file__).parent
OWNER = PACKAGE / "config" / "address.py"

_ANY = "|".join(KINDS)
_PREFIX = re.compile(rf"(?:{_ANY})\.")
_INSIDE = re.compile(rf"(?:^|\W)(?:{_ANY})\.$")
_PATTERN = re.compile(rf"(?:{_ANY})\\\.")
_KIND = re.compile(r"(?:.*[._])?(?:kind|KIND|NAME|WORKFLOW|TAG|TAG_GROUP|MODEL|IMAGE)")
_ADDRESS = re.compile(r"(?:.*[._])?address", re.IGNORECASE)
_TAKES_APART = "r?partition|r?split|startswith|endswith|removeprefix|removesuffix|find|index"
_MAY_BE = re.compile(
    rf"address\s*\.\s*(?:{_TAKES_APART})\b"
    rf"|(?:{_ANY})(?:\.[\"'{{]|\\)|(?:kind|name|{_ANY})\}}\.",
    re.IGNORECASE,
)
"""Stands in a module where `by_hand` finds anything."""


def by_hand(tree: ast.AST) -> Iterator[int]:
    """The lines on which a module builds an address from text, or takes one apart."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if _PREFIX.fullmatch(text) or _PATTERN.search(text):
                yield node.lineno
            case ast.JoinedStr(values=values):
                for piece, following in pairwise(values):
                    if isinstance(following, ast.FormattedValue) and _ends_in_kind(piece):
                        yield node.lineno
                match values:
                    case [ast.FormattedValue(value=first), ast.Constant(value="."), *_] if (
                        _KIND.fullmatch(ast.unparse(first))
                    ):
                        yield node.lineno
            case ast.Call(func=ast.Attribute(value=held, attr=attr)) if re.fullmatch(
                _TAKES_APART, attr
            ) and _ADDRESS.fullmatch(ast.unparse(held)):
                if any(
                    isinstance(each, ast.Constant) and each.value == "." for each in node.args
                ) or attr in ("startswith", "removeprefix"):
                    yield node.lineno


def _ends_in_kind(piece: ast.expr) -> bool:
    return isinstance(piece, ast.Constant) and bool(_INSIDE.search(str(piece.value)))


@in_rows(
    "source",
    [
        'address.partition(".")[0]',
        'change.address.partition(".")',
        'address.split(".", 1)',
        'address.startswith(f"{kind}.")',
        'each.startswith("workflow.")',
        'f"workflow.{name}"',
        'f"`tag_group.{name}` is new"',
        'f"{workflow.NAME}.{name}"',
        'f"{WORKFLOW}."',
        'f"{kind}.{name}"',
        're.compile(r"workflow\\.[a-z]+")',
    ],
)
def test_the_search_finds(source: str) -> None:
    assert [*by_hand(ast.parse(source))] and _MAY_BE.search(source)


@in_rows(
    "source",
    [
        'path.partition(".")[0]',
        'f"{MODELS}.{role}"',
        '"write `workflow.NAME`"',
        'f"the workflow. {name}"',
        "address.kind == WORKFLOW",
        "Address(TAG, name)",
    ],
)
def test_the_search_leaves_alone(source: str) -> None:
    assert not [*by_hand(ast.parse(source))]


def test_no_other_module_does_it_by_hand() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        # In the emulator, which knows nothing of ours, an address is that of a picture.
        if path != OWNER and "emulator" not in path.relative_to(PACKAGE).parts
        for text in (path.read_text(encoding="utf-8"),)
        # To parse all takes seconds.
        if _MAY_BE.search(text)
        for line in by_hand(ast.parse(text))
    ]
    assert not found, "use `flowdsl.config.address` there"
