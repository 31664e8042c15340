"""Files that imports connect, and files that flows take in, by the text of the flows alone.

What is found in a file depends on no file outside its set, but for the addresses of a project, which are unique. The text decides and
not the tree, so that the answer needs no parser and does not change while a file has mistakes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from flowdsl.source.files import resolve_path
from flowdsl.syntax.lexer import Lexemes
from flowdsl.syntax.text import plain_string

_FLOW_PATH = re.compile(r'"([^"\r\n]+\.flow)"')
_SECTIONS = frozenset(("prompt", "inputs", "outputs", "checks", "extra"))
"""Words that `from` and a file may follow."""


def imports_in(path: str, text: str) -> tuple[str, ...]:
    """The project paths of all files that the text at `path` could import: whatever looks like the path of a flow."""
    found = (resolve_path(path, written) for written in _FLOW_PATH.findall(text))
    return tuple(sorted({each for each in found if each is not None}))


def taken_in(path: str, text: str) -> tuple[str, ...]:
    """The project paths of all files that the flow `text` at `path` takes in: what stands behind `prompt from` and the like, and
    its pictures.
    """
    words = Lexemes(text).words
    written = [
        word
        for before, at, word in zip(["", "", *words], ["", *words], words, strict=False)
        if word[:1] == '"' and (at == "image" or (at == "from" and before in _SECTIONS))
    ]
    found = (resolve_path(path, plain_string(word)) for word in written)
    return tuple(sorted({each for each in found if each is not None}))


def connected(
    paths: Iterable[str], imports_of: Callable[[str], Sequence[str]]
) -> list[tuple[str, ...]]:
    """The paths as groups, each sorted: two are together when imports connect them, in any direction, over any file."""
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
