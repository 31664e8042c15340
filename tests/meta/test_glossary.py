"""The words of the code are those of `docs/glossary.md`: one word a concept, one class a name."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")


def modules() -> Iterator[tuple[Path, str]]:
    """The modules of the package: paths and texts."""
    for path in sorted((ROOT / "flowdsl").rglob("*.py")):
        yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def section(title: str) -> list[list[str]]:
    """The cells of the table under a title of the glossary, without its two head lines."""
    text = GLOSSARY.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in text.split("\n") if line.startswith("|")]
    return rows[2:]


def test_a_layer_has_one_public_class_of_a_name() -> None:
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, text in modules():
        for name in re.findall(r"(?m)^class ([A-Za-z]\w*)", text):
            places[path.parts[1], name].append(str(path))
    assert len(places) > 1000, "the classes are not found any more"
    assert {key: where for key, where in places.items() if len(where) > 1} == {}


def test_no_name_is_made_of_a_word_that_gave_way() -> None:
    retired = {word for row in section("Words that gave way") for word in row[0].split(", ")}
    assert len(retired) > 10
    found = [
        f"{path}: {name}"
        for path, text in modules()
        # To parse all takes seconds.
        if any(map(f"{path.stem} {text}".lower().count, retired))
        for name in {path.stem, *defined(ast.parse(text))}
        if retired & set(words_of(name))
    ]
    assert found == []


def defined(tree: ast.Module) -> Iterator[str]:
    """The names that a module defines: classes, functions, parameters and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.arg():
                yield node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case; a plural counts as its singular too."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    return [*words, *(word.removesuffix("s") for word in words)]
