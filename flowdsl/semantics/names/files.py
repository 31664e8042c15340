"""Finds the files that a flow depends on, by its text.

Where nothing has changed, a check comes here and no further, so this imports no parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from flowdsl.source.files import resolve_path

_FLOW_PATH = re.compile(r'"([^"\r\n]+\.flow)"')
_SECTIONS = frozenset(("prompt", "inputs", "outputs", "checks", "extra"))
"""The keywords before `from` and the name of a file."""
_WORDS = ("image", "rows")
"""The keywords before the name of a file."""


def imports_in(path: str, text: str) -> tuple[str, ...]:
    """Return the project paths of all files that the text at `path` could import, sorted.

    Anything that looks like the path of a flow counts, even in a comment.
    """
    found = (resolve_path(path, written) for written in _FLOW_PATH.findall(text))
    return tuple(sorted({each for each in found if each is not None}))


def find_files_taken_in(path: str, text: str) -> tuple[str, ...]:
    """Return the project paths of all files that the flow `text` at `path` includes, sorted.

    These are the files after `prompt from`, `const name from` and the like, and after `image` and
    `rows`.
    """
    from flowdsl.syntax.parser.lexer import Lexemes
    from flowdsl.syntax.texts.literals import plain_string

    words = ["", "", "", *Lexemes(text).words]
    written = [
        word
        for first, before, at, word in zip(words, words[1:], words[2:], words[3:], strict=False)
        if word[:1] == '"'
        and (at in _WORDS or (at == "from" and (before in _SECTIONS or first == "const")))
    ]
    found = (resolve_path(path, plain_string(word)) for word in written)
    return tuple(sorted({each for each in found if each is not None}))


def group_connected_paths(
    paths: Iterable[str], imports_of: Callable[[str], Sequence[str]]
) -> list[tuple[str, ...]]:
    """Group paths that imports connect; each group is sorted.

    The direction of an import is irrelevant, and connections may lead through files that are not in
    `paths`.
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
