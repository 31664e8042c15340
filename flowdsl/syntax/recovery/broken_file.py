"""The file that recovery works on."""

from __future__ import annotations

from typing import NamedTuple

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from ..parser.lexer import Lexemes


class BrokenFile(NamedTuple):
    """A file with mistakes: its text, its tokens, which repairs change, and the sink for both."""

    source: SourceFile
    tokens: Lexemes
    sink: Sink

    def span(self, index: int) -> Span:
        """Return the place of a token."""
        return Span(self.source, self.tokens.starts[index], self.tokens.ends[index])
