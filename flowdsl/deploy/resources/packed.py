"""Workflows of the service as compressed texts, so that a plan of thousands fits in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.resource import Live
from flowdsl.source.packing import PackedText, Packer


def pack_live(live: Live, packer: Packer) -> Live:
    """Return the same workflow, whose values and reply are made when they are asked for."""
    text = packer.pack(json.dumps(live.remote, separators=(",", ":")).encode("ascii"))
    return replace(live, values=_PackedValues(text), remote=_PackedReply(text))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _PackedReply(Mapping[str, Any]):
    text: PackedText

    def _load(self) -> Mapping[str, Any]:
        return _unpack_reply(self.text)

    def __getitem__(self, key: str) -> Any:
        return self._load()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())

    def __repr__(self) -> str:
        return repr(self._load())


class _PackedValues(_PackedReply):
    """The values of a packed reply."""

    __slots__ = ()

    def _load(self) -> Mapping[str, Any]:
        return _unpack_values(self.text)


_IN_A_ROW = 4
"""Workflows that are kept unpacked: one is asked for many fields in a row."""


@lru_cache(_IN_A_ROW)
def _unpack_reply(text: PackedText) -> Mapping[str, Any]:
    reply: Mapping[str, Any] = json.loads(text.unpack())
    return reply


@lru_cache(_IN_A_ROW)
def _unpack_values(text: PackedText) -> Mapping[str, Any]:
    return workflow.collect_live_values(_unpack_reply(text))
