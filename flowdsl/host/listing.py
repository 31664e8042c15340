"""Finds the files of a project that a list of paths, folders and globs selects."""

from __future__ import annotations

import os
import re

from flowdsl.source.files import SUFFIX
from flowdsl.source.globs import is_pattern, translate_glob
from flowdsl.source.record import Record

from .disk import DiskFiles


class Listed(Record):
    """Paths of files, each list sorted and without repetition.

    `flows` are read as flows, because of their suffix. `named` are other files that a pattern names
    exactly, `matched` other files that only a glob matches.
    """

    flows: list[str]
    named: list[str]
    matched: list[str]


def expand_patterns(files: DiskFiles, patterns: list[str]) -> Listed:
    """Return the project paths of the files that the patterns select.

    A pattern is a file, a folder (every `.flow` file below it) or a glob; an existing path is never
    a glob. Folders and globs leave out what `.gitignore` excludes, hidden files, and symbolic
    links, so that a flow has one name. A file that is named is always included. `flows` also holds
    paths that do not exist or lead out of the project, and folders that cannot be listed but may
    hold a match: reading them reports the reason.
    """
    named: set[str] = set()
    matched: set[str] = set()
    unread: set[str] = set()
    for pattern in patterns:
        parts = [part for part in pattern.split("/") if part not in ("", ".")]
        path = "/".join(parts)
        full = os.path.join(files.root, *parts)
        if os.pardir in parts or "\0" in path:
            unread.add(path)
            continue
        if os.path.isfile(full):
            named.add(path)
            continue
        literal = next((i for i, part in enumerate(parts) if is_pattern(part)), len(parts))
        start = parts[:literal]
        if literal < len(parts):
            glob = path
        elif os.path.isdir(full):
            glob = "/".join([*map(_escape_pattern, parts), "**", f"*{SUFFIX}"])
        else:
            (named if os.path.exists(full) else unread).add(path)
            continue
        if files.is_inside_root(os.path.join(files.root, *start)):
            _walk_folders(files.root, start, glob, matched, unread)
        else:
            unread.add("/".join(start))
    flows = {path for path in named | matched if path.endswith(SUFFIX)} | unread
    return Listed(sorted(flows), sorted(named - flows), sorted(matched - named - flows))


def _escape_pattern(part: str) -> str:
    """Return a pattern that matches `part` only."""
    return re.sub(r"([*?\[\\])", r"\\\1", part)


def _walk_folders(
    root: str, start: list[str], pattern: str, found: set[str], unread: set[str]
) -> None:
    """Add to `found` the files at or below `start` that match `pattern`.

    Folders that cannot be listed go to `unread` when they may hold a match.
    """
    from .gitignore import chain_above

    matches = re.compile(translate_glob(pattern)).fullmatch
    chain = chain_above(root)
    for depth in range(len(start)):
        chain = chain.below(root, "/".join(start[:depth]))
    pending = [("/".join(start), chain)]
    while pending:
        folder, above = pending.pop()
        chain = above.below(root, folder)
        prefix = folder + "/" if folder else ""
        try:
            listed = _list_visible(os.path.join(root, folder))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            # Not treated as empty: a deploy would take its workflows for deleted ones.
            if _may_hold(folder, pattern):
                unread.add(folder or ".")
            continue
        for name, is_folder in listed:
            path = prefix + name
            if not (is_folder or matches(path)) or chain.ignores(path, is_folder=is_folder):
                continue
            if is_folder:
                pending.append((path, chain))
            else:
                found.add(path)


def _list_visible(folder: str) -> list[tuple[str, bool]]:
    """Return the entries of a folder that are neither hidden nor links, each with "is a folder".

    Raises `OSError`.
    """
    with os.scandir(folder) as entries:
        return [
            (entry.name, entry.is_dir(follow_symlinks=False))
            for entry in entries
            if not entry.name.startswith(".") and not entry.is_symlink()
        ]


def _may_hold(folder: str, pattern: str) -> bool:
    """Whether a file below `folder` can match `pattern`."""
    names, parts = folder.split("/") if folder else [], pattern.split("/")
    for name, part in zip(names, parts, strict=False):
        # A class that is not closed within its part may contain the slash.
        if part == "**" or part.count("[") > part.count("]"):
            return True
        if not re.fullmatch(translate_glob(part), name):
            return False
    return len(names) < len(parts)
