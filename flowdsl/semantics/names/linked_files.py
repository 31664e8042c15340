"""Files that imports connect, and files that flows take in, by the text of the flows alone.

What is found in a file depends on no file outside its set, save that addresses are unique in a
project. The text decides and not the tree, so that the answer needs no parser and stays the same
while a file has mistakes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from flowdsl.source.files import resolve_path
from flowdsl.syntax.parser.lexer import Lexemes
from flowdsl.syntax.texts.literals import plain_string

_FLOW_PATH = re.compile(r'"([^"\r\n]+\.flow)"')
_SECTIONS = frozenset(("prompt", "inputs", "outputs", "checks", "extra"))
"""The words in front of `from` and the name of a file."""
_WORDS = ("image", "rows")
"""The words in front of the name of a file."""


def imports_in(path: str, text: str) -> tuple[str, ...]:
    """The project paths of all files that the text at `path` could import, sorted.

    That is whatever looks like the path of a flow, in a comment too.
    """
    found = (resolve_path(path, written) for written in _FLOW_PATH.findall(text))
    return tuple(sorted({each for each in found if each is not None}))


def taken_in(path: str, text: str) -> tuple[str, ...]:
    """The project paths of all files that the flow `text` at `path` takes in, sorted.

    That is what stands behind `prompt from`, `const name from` and the like, and behind `image` and
    `rows`.
    """
    words = ["", "", "", *Lexemes(text).words]
    written = [
        word
        for first, before, at, word in zip(words, words[1:], words[2:], words[3:], strict=False)
        if word[:1] == '"'
        and (at in _WORDS or (at == "from" and (before in _SECTIONS or first == "const")))
    ]
    found = (resolve_path(path, plain_string(word)) for word in written)
    return tuple(sorted({each for each in found if each is not None}))


def connected(
    paths: Iterable[str], imports_of: Callable[[str], Sequence[str]]
) -> list[tuple[str, ...]]:
    """The paths in groups, each sorted: imports connect those of a group with each other.

    The direction of an import does not count, and it may lead over files that are not in `paths`.
    """
    leader: dict[str, str] = {}

    def find(path: str) -> str:
        while leader[path] != path:
            leader[path] = leader[leader[path]]
            path = leader[path]
        return path

    names = list(paths)
    pending = list(names)
    leader.update((path, path) for path in names)
    while pending:
        path = pending.pop()
        for imported in imports_of(path):
            if imported not in leader:
                leader[imported] = imported
                pending.append(imported)
            one, other = find(path), find(imported)
            if one != other:
                leader[other] = one
    groups: dict[str, list[str]] = {}
    for path in sorted(names):
        groups.setdefault(find(path), []).append(path)
    return [tuple(group) for group in groups.values()]
