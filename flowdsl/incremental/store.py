"""The store: the artifacts of an index, as lines that are named by their digests.

The lines stand in a few files, those of one group in one of them, so that a change rewrites little.
A line counts only if its digest is that by which the sealed index names it, so that the files need
no seal of their own, and another process may replace them at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from .index import Group, read_cached

SHARES = 32


class MissingLine(ValueError):
    """A line of the store is not there, or not as it was written."""


def line_digest(line: str) -> str:
    """Return the digest by which an index names a line."""
    from _blake2 import blake2b

    return blake2b(line.encode("ascii"), digest_size=24).hexdigest()


class Store:
    """The store in the folder `place` below `root`; its files are read when they are needed."""

    def __init__(self, root: str, place: str) -> None:
        self._root = root
        self._place = place
        self._shares: dict[int, dict[str, str]] = {}

    def line(self, group: Group, digest: str) -> str:
        """Return a line of a group; raises `MissingLine`."""
        line = self._share(_share_of(group)).get(digest)
        if line is None or line_digest(line) != digest:
            raise MissingLine(digest)
        return line

    def _share(self, number: int) -> dict[str, str]:
        if number not in self._shares:
            self._shares[number] = self._read_share(number)
        return self._shares[number]

    def _read_share(self, number: int) -> dict[str, str]:
        try:
            content = read_cached(self._root, self._path(number)) or b""
            lines = content.decode("ascii").splitlines()
        except (OSError, ValueError):
            return {}
        return dict(line.partition(" ")[::2] for line in lines)

    def _path(self, number: int) -> str:
        return f"{self._place}/{number:02}.txt"

    def changed_files(
        self, groups: Iterable[Group], fresh: Iterable[Group], lines: Mapping[str, str]
    ) -> tuple[list[Group], dict[str, Callable[[], bytes]]]:
        """Return the groups that the store can hold, and what makes its files that change.

        The files are named by their places.

        `fresh` are those of the `groups` whose artifacts are new; `lines` has them by digest.
        """
        changed = {_share_of(group) for group in fresh}
        held: list[Group] = []
        contents: dict[int, dict[str, str]] = {number: {} for number in changed}
        for group in groups:
            number = _share_of(group)
            if number not in changed:
                held.append(group)
                continue
            known = self._share(number)
            found = {
                made.digest: lines.get(made.digest, known.get(made.digest)) for made in group.made
            }
            if None not in found.values():
                held.append(group)
                contents[number].update((name, line) for name, line in found.items() if line)
        return held, {
            self._path(number): partial(_join_lines, content)
            for number, content in contents.items()
        }


def _join_lines(lines: Mapping[str, str]) -> bytes:
    return "".join(f"{digest} {line}\n" for digest, line in sorted(lines.items())).encode("ascii")


def _share_of(group: Group) -> int:
    from _blake2 import blake2b

    name = group.entries[0].encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(name, digest_size=2).digest(), "big") % SHARES
