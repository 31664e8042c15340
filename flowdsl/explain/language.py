"""Entries of the reference of the language, as `flowdsl explain` prints them.

`docs/language-reference.md` holds them.
"""

from __future__ import annotations

from collections.abc import Iterator

from .guides import read_shipped_page


def find_language_entries(name: str) -> list[str]:
    """Return the entries of a name, such as `repeat`, `@min` or `min`, each below its chapter."""
    wanted = name.removeprefix("@")
    return [
        f"{chapter}\n\n{text}"
        for chapter, each, text in _read_entries()
        if each.removeprefix("@") == wanted
    ]


def list_language_names() -> list[str]:
    """Return the names of all entries, once each."""
    return list(dict.fromkeys(name for _, name, _ in _read_entries()))


def _read_entries() -> Iterator[tuple[str, str, str]]:
    """Read the entries of the page: chapter, name and text. `##` in a block is a comment."""
    chapter, lines, is_in_block = "", [""], False
    for line in [*read_shipped_page("language-reference").splitlines(), "## "]:
        is_in_block ^= line.startswith("```")
        if is_in_block or not line.startswith(("## ", "### ")):
            lines.append(line)
            continue
        if lines[0].startswith("### `"):
            yield chapter, lines[0].removeprefix("### `").rstrip("`"), "\n".join(lines).rstrip()
        chapter = line if line.startswith("## ") else chapter
        lines = [line]
