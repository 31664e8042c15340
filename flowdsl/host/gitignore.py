"""Which files git would ignore, by gitignore(5).

The `.gitignore` files from the top of the work tree down to the file's folder count.
`.git/info/exclude` and a user's global list do not: what a project contains must not differ between
two machines.
"""

from __future__ import annotations

import os
import re

from flowdsl.source.globs import translate_glob
from flowdsl.source.record import Record


class _IgnoreRule(Record):
    pattern: re.Pattern[str]
    ignores: bool
    folders_only: bool


class IgnoreFile:
    """The rules of one `.gitignore`, for paths relative to its folder."""

    def __init__(self, text: str) -> None:
        lines = (line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n"))
        self._rules = [rule for line in lines if (rule := _read_rule(line)) is not None]

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Return True for ignored, False for included again, None if no rule matches the path.

        As in git, the last rule that matches decides.
        """
        for rule in reversed(self._rules):
            if (is_folder or not rule.folders_only) and rule.pattern.fullmatch(path):
                return rule.ignores
        return None


def _read_rule(line: str) -> _IgnoreRule | None:
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    if not line or line.startswith("#"):
        return None
    ignores = not line.startswith("!")
    pattern = line.removeprefix("!")
    folders_only = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    anchored = "/" in pattern
    pattern = pattern.removeprefix("/")
    if not pattern:
        return None
    expression = re.compile(translate_glob(pattern if anchored else "**/" + pattern))
    return _IgnoreRule(expression, ignores, folders_only)


class IgnoreChain(Record):
    """The `.gitignore` files that apply to one folder, the deepest first.

    Each has two values that make a project path relative to it: drop `cut` characters from the
    path, then prepend `lead`.
    """

    files: tuple[tuple[int, str, IgnoreFile], ...] = ()

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether git ignores a project path, if no parent folder is ignored."""
        for cut, lead, file in self.files:
            verdict = file.verdict(lead + path[cut:], is_folder)
            if verdict is not None:
                return verdict
        return False

    def below(self, root: str, folder: str) -> IgnoreChain:
        """Return the chain for `folder`, given that this is the chain of its parent.

        `folder` is a project path, "" for the root.
        """
        file = _load_ignore_file(os.path.join(root, folder))
        if file is None:
            return self
        return IgnoreChain(((len(folder) + 1 if folder else 0, "", file), *self.files))


def chain_above(root: str) -> IgnoreChain:
    """Return the `.gitignore` files above the absolute folder `root` in its git work tree.

    None outside of one.
    """
    top = work_tree(root)
    found: list[tuple[int, str, IgnoreFile]] = []
    folder, lead = root, ""
    while top is not None and folder != top:
        lead = f"{os.path.basename(folder)}/{lead}"
        folder = os.path.dirname(folder)
        file = _load_ignore_file(folder)
        if file is not None:
            found.append((0, lead, file))
    return IgnoreChain(tuple(found))


def work_tree(folder: str) -> str | None:
    """Return the top of the git work tree that contains an absolute folder; None outside of git."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def _load_ignore_file(folder: str) -> IgnoreFile | None:
    """The rules of a folder's `.gitignore`; None without one that can be read, as in git."""
    try:
        descriptor = os.open(os.path.join(folder, ".gitignore"), os.O_RDONLY)
        try:
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read()
        finally:
            os.close(descriptor)
    except OSError:
        return None
    return IgnoreFile(content.decode("utf-8", errors="replace"))
