"""Workflows of the service as compressed texts, so that a plan of thousands fits in memory."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.resource import Live


class Packer:
    """Packs workflows, each as what distinguishes it from the first."""

    def __init__(self) -> None:
        self._first = b""

    def pack(self, live: Live) -> Live:
        """Return the same workflow, whose values and reply are made when they are asked for."""
        text = json.dumps(live.remote, separators=(",", ":")).encode("ascii")
        # The fastest level: beside a similar text, a higher one gains little.
        packer = zlib.compressobj(1, zdict=self._first)
        packed = packer.compress(text) + packer.flush()
        reply, values = _Packed(packed, self._first), _PackedValues(packed, self._first)
        self._first = self._first or text
        return replace(live, values=values, remote=reply)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Packed(Mapping[str, Any]):
    """A reply of the service, packed beside `first`."""

    packed: bytes
    first: bytes

    def _load(self) -> Mapping[str, Any]:
        return _unpack(self.packed, self.first)

    def __getitem__(self, key: str) -> Any:
        return self._load()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())

    def __repr__(self) -> str:
        return repr(self._load())


class _PackedValues(_Packed):
    """The values of a packed reply."""

    __slots__ = ()

    def _load(self) -> Mapping[str, Any]:
        return _unpack_values(self.packed, self.first)


_IN_A_ROW = 4
"""Workflows that are kept unpacked: one is asked for many fields in a row."""


@lru_cache(_IN_A_ROW)
def _unpack(packed: bytes, first: bytes) -> Mapping[str, Any]:
    reply: Mapping[str, Any] = json.loads(zlib.decompressobj(zdict=first).decompress(packed))
    return reply


@lru_cache(_IN_A_ROW)
def _unpack_values(packed: bytes, first: bytes) -> Mapping[str, Any]:
    return workflow.collect_live_values(_unpack(packed, first))
