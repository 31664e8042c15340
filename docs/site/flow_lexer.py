"""Highlights flows on the site, by the words that the lexer of the language knows."""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text

from flowdsl.semantics.types import PRIMITIVES
from flowdsl.syntax.parser.lexer import KEYWORDS

_VALUES = ("true", "false", "null", "missing", "unreadable", "never", "failed")

_INSIDE: list[Any] = [
    (r'\\[{"]', String.Escape),
    (r"\{#(?:.|\n)*?#\}", Comment),
    (r"\{(?=\$?[A-Za-z_])", String.Interpol, "value"),
    (r'[^"\\{\n]+|.|\n', String),
]
"""What a text may hold. Its end comes before this."""


class FlowLexer(RegexLexer):
    """Flows, whole or in part: a page may show a single statement."""

    name = "FlowDSL"
    aliases: ClassVar[list[str]] = ["flow"]
    filenames: ClassVar[list[str]] = ["*.flow"]

    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"##.*", Comment.Special),
            (r"#.*", Comment.Single),
            (r'r"[^"\r\n]*"', String.Regex),
            (r'"""', String, "block"),
            (r'"', String, "text"),
            (r"@[A-Za-z_]\w*", Name.Decorator),
            (r"\$[A-Za-z_]\w*", Name.Variable),
            (r"\d+(?:ms|mo|s|m|h|d|w|y)\b", Number),
            (r"-?\d+(?:\.\d+)?", Number),
            # A field or a setting may have the name of a keyword.
            (r"([A-Za-z_]\w*)(\??\s*)(:|=(?!=))", bygroups(Name.Attribute, Text, Punctuation)),
            (words(_VALUES, suffix=r"\b"), Keyword.Constant),
            (words(sorted(PRIMITIVES), suffix=r"\b"), Keyword.Type),
            (words(sorted(KEYWORDS), suffix=r"\b"), Keyword),
            (r"[A-Za-z_]\w*", Name),
            (r"\.\.\.|[<>=!]=|\+=|[<>=+~|?.-]", Operator),
            (r"[{}()\[\],:]", Punctuation),
            (r"\s+", Text),
            (r".", Text),
        ],
        "block": [(r'"""', String, "#pop"), (r'\\"""', String.Escape), (r'"', String), *_INSIDE],
        "text": [(r'"|$', String, "#pop"), *_INSIDE],
        "value": [
            (r"\$?[A-Za-z_][\w.\[\]']*", Name.Variable),
            (r"\}", String.Interpol, "#pop"),
            (r"[^}\w$]+|.", String.Interpol),
        ],
    }
