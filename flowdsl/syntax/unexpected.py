"""What to say about a token that fits nowhere."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from . import errors
from .advice import character_advice, token_advice, unterminated_advice
from .driver import Stack, expected, fits
from .lexer import END, KEYWORDS, TERMINAL, UNKNOWN, Lexemes
from .tables import TERMINALS, WORDS

_TEXTS = ("STRING", "BLOCK", "RAW")
_NAMES_BY_SIGN = (TERMINAL["FIELD"], TERMINAL["KEY"])
_MAX_ALTERNATIVES = 6

_SPELLINGS = {TERMINALS[number]: f"`{word}`" for word, number in WORDS} | {
    "$END": "the end of the file",
    "CMP": "a comparison such as `==`",
    "DURATION": "a duration such as `30s`",
    "EMIT_OP": "`=` or `+=`",
    "FIELD": "a name with `:`",
    "INT": "a whole number",
    "KEY": "a name with `=`",
    "KEYNAME": "a key in single quotes",
    "NAME": "a name",
    "NUMBER": "a number",
    "RAW": 'raw text `r"..."`',
    "ROOT": "a name with `.`",
    "RUNTIME": "a runtime variable `{{name}}`",
    "STRING": 'text in double quotes `"..."`',
}


def _terminals(names: str) -> frozenset[str]:
    return frozenset(names.split())


_GROUPS = (
    (
        "a statement",
        _terminals(
            "ABORT CALL CAPTURE CHOOSE CLEAR COPY DO EMIT EXPECT EXPORT EXTRACT FAIL FINISH FOR IF IMAGE PRESS REPEAT "
            "RETRY RUN STEP TYPE WAIT"
        ),
        _terminals("AT"),
    ),
    ("a declaration", _terminals("CHAIN CONST TASK TEST TYPE WORKFLOW"), _terminals("AT")),
    ("a check", _terminals("FILE FILES IMAGE ON OUTPUT"), _terminals("")),
    (
        "a section of the workflow",
        _terminals("ALWAYS CHECKS EXTRA INPUTS MODEL OUTPUTS PROMPT SECRETS STEPS TERMINAL"),
        _terminals(""),
    ),
    (
        "a condition",
        _terminals("FALSE LPAR NOT NULL SEES TRUE"),
        _terminals("BLOCK DOLLAR INT NAME NUMBER RAW RUNTIME STRING"),
    ),
    (
        "a value",
        _terminals("FALSE INT NULL NUMBER STRING TRUE"),
        _terminals("BLOCK DOLLAR LBRACE LSQB NAME RAW RUNTIME"),
    ),
    ("text", _terminals("BLOCK RAW STRING"), _terminals("")),
)
"""A phrase, the terminals that it stands for when all of them fit, and those it covers besides."""

_PATHS = frozenset(("DOT", "LSQB"))
"""They go on with the name in front; nobody forgets them."""


def token_phrase(tokens: Lexemes, index: int) -> str:
    """A token as the subject of a message."""
    kind = tokens.kinds[index]
    if kind == END:
        return "the end of the file"
    if kind != UNKNOWN and TERMINALS[kind] in _TEXTS:
        return "text"
    if kind in _NAMES_BY_SIGN and tokens.words[index] in KEYWORDS:
        return f"`{tokens.words[index]}` with `{tokens.words[index + 1]}`"
    return f"`{tokens.words[index]}`"


def expected_phrase(terminals: Sequence[int]) -> str:
    """What may stand next, in words, at most six alternatives."""
    names = [TERMINALS[term] for term in terminals]
    left = set(names)
    if len(left) > len(_PATHS) + 1:
        left -= _PATHS
    phrases: list[str] = []
    for phrase, needed, covered in _GROUPS:
        if needed <= left:
            left -= needed | covered
            phrases.append(phrase)
    phrases += [_SPELLINGS.get(name, name) for name in names if name in left]
    if len(phrases) > _MAX_ALTERNATIVES:
        return ", ".join(phrases[:_MAX_ALTERNATIVES]) + " or another word"
    return " or ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)


def report_unexpected(
    source: SourceFile, tokens: Lexemes, stack: Stack, index: int, sink: Sink
) -> None:
    """Report the token that stopped the parser."""
    word, kind = tokens.words[index], tokens.kinds[index]
    span = Span(source, tokens.starts[index], tokens.ends[index])
    opening = _unterminated(tokens, index)
    if opening is not None:
        start = tokens.starts[opening]
        opened = tokens.words[opening]
        closer = '"""' if opened.startswith('"""') else '"'
        width = opened.index('"') + len(closer)
        sink.report(
            errors.UNTERMINATED_TEXT,
            Span(source, start, start + width),
            help=unterminated_advice(opened),
            closer=closer,
        )
    elif kind == UNKNOWN and len(word) > 1:
        sink.report(errors.MALFORMED_NUMBER, span, written=word)
    elif kind == UNKNOWN:
        sink.report(
            errors.UNKNOWN_CHARACTER,
            span,
            help=character_advice(tokens, index, stack),
            character=_shown(word),
        )
    elif word == "import" and fits(stack.states, END):
        sink.report(errors.MISPLACED_IMPORT, span)
    else:
        sink.report(
            errors.UNEXPECTED_TOKEN,
            span,
            help=token_advice(tokens, index, stack),
            found=token_phrase(tokens, index),
            expected=expected_phrase(expected(stack.states)),
        )


def _unterminated(tokens: Lexemes, index: int) -> int | None:
    """The token of the text without an end that stops the parser at `index`.

    A block that is not closed takes the next block's opening quotes for its own, and so on to the last: then what
    follows the first one is prose.
    """
    bad = (TERMINAL["BAD_STRING"], TERMINAL["BAD_BLOCK"])
    if tokens.kinds[index] in bad:
        return index
    if tokens.kinds[-2:-1] == [bad[1]] and tokens.kinds[index - 1] == TERMINAL["BLOCK"]:
        return index - 1
    return None


def _shown(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"
