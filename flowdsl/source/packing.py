"""Texts that are much alike, compressed in memory."""

from __future__ import annotations

import zlib


class PackedText:
    """A text, compressed beside `first`."""

    __slots__ = ("_first", "_packed")

    def __init__(self, packed: bytes, first: bytes) -> None:
        self._packed = packed
        self._first = first

    def unpack(self) -> bytes:
        return zlib.decompressobj(zdict=self._first).decompress(self._packed)


class Packer:
    """Compresses texts, each to what distinguishes it from the first."""

    def __init__(self) -> None:
        self._first = b""

    def pack(self, text: bytes) -> PackedText:
        # The fastest level: beside a similar text, a higher one gains little.
        packer = zlib.compressobj(1, zdict=self._first)
        packed = PackedText(packer.compress(text) + packer.flush(), self._first)
        self._first = self._first or text
        return packed
