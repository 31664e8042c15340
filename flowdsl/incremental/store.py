"""The store: the artifacts of an index, as bytes that are named by their digests.

They stand in a few files, those of one group in one of them, so that a change rewrites little.
Bytes count only if their digest is that by which the sealed index names them, so that the files
need no seal of their own, and another process may replace them at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from .index import Group, read_cached

SHARES = 32
_DIGEST, _SIZE = 24, 4
"""Bytes of a digest, and of the size of what it names, both in front of that."""


class NotInStore(ValueError):
    """An artifact is not in the store, or not as it was written."""


def digest_of_packed(packed: bytes) -> str:
    """Return the digest by which an index names the bytes of an artifact."""
    from _blake2 import blake2b

    return blake2b(packed, digest_size=_DIGEST).hexdigest()


class Store:
    """The store in the folder `place` below `root`; its files are read when they are needed.

    `fresh` are artifacts that were just made, by digest.
    """

    def __init__(self, root: str, place: str, fresh: Mapping[str, bytes]) -> None:
        self._root = root
        self._place = place
        self._fresh = fresh
        self._shares: dict[int, dict[str, bytes]] = {}

    def find(self, group: Group, digest: str) -> bytes:
        """Return the bytes of an artifact of a group; raises `NotInStore`."""
        packed = self._fresh.get(digest)
        if packed is None:
            packed = self._share(_share_of(group)).get(digest)
            if packed is None or digest_of_packed(packed) != digest:
                raise NotInStore(digest)
        return packed

    def _share(self, number: int) -> dict[str, bytes]:
        if number not in self._shares:
            self._shares[number] = self._read_share(number)
        return self._shares[number]

    def _read_share(self, number: int) -> dict[str, bytes]:
        try:
            content = read_cached(self._root, self._path(number)) or b""
        except OSError:
            return {}
        found: dict[str, bytes] = {}
        at = 0
        while at < len(content):
            head = content[at : at + _DIGEST + _SIZE]
            at += _DIGEST + _SIZE
            end = at + int.from_bytes(head[_DIGEST:], "big")
            found[head[:_DIGEST].hex()] = content[at:end]
            at = end
        return found

    def _path(self, number: int) -> str:
        return f"{self._place}/{number:02}.packed"

    def changed_files(
        self, groups: Iterable[Group], fresh: Iterable[Group]
    ) -> tuple[list[Group], dict[str, Callable[[], bytes]]]:
        """Return the groups that the store can hold, and what makes its files that change.

        The files are named by their places. `fresh` are those of the `groups` whose artifacts are
        new.
        """
        changed = {_share_of(group) for group in fresh}
        held: list[Group] = []
        contents: dict[int, dict[str, bytes]] = {number: {} for number in changed}
        for group in groups:
            number = _share_of(group)
            if number not in changed:
                held.append(group)
                continue
            known = self._share(number)
            found = {
                made.digest: self._fresh.get(made.digest, known.get(made.digest))
                for made in group.made
            }
            if None not in found.values():
                held.append(group)
                contents[number].update((name, each) for name, each in found.items() if each)
        return held, {
            self._path(number): partial(_join, content) for number, content in contents.items()
        }


def _join(contents: Mapping[str, bytes]) -> bytes:
    parts: list[bytes] = []
    for digest, packed in sorted(contents.items()):
        parts += (bytes.fromhex(digest), len(packed).to_bytes(_SIZE, "big"), packed)
    return b"".join(parts)


def _share_of(group: Group) -> int:
    from _blake2 import blake2b

    name = group.entries[0].encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(name, digest_size=2).digest(), "big") % SHARES
