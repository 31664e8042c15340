"""What to say about a token that fits nowhere."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from . import errors
from .driver import Stack, expected, fits
from .lexer import END, KEYWORDS, TERMINAL, UNKNOWN, Lexemes, is_word
from .tables import TERMINALS, WORDS

_TEXTS = ("STRING", "BLOCK", "RAW")
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

_DOUBLE_QUOTES = 'text stands in straight double quotes: `"..."`'
_LIST_MARKS = "-*•–"
_INSTRUCTION = 'an instruction is written `do "..."`'
_CHARACTER_HINTS = (
    dict.fromkeys("“”„‟«»‘’‚`'", _DOUBLE_QUOTES)
    | dict.fromkeys("\u00a0\u2007\u202f\u200b\ufeff\v", "replace it by a plain space")
    | {
        "&": "conditions are joined with `and`",
        "!": "a condition is negated with `not`",
        "/": "a comment begins with `#`",
        "+": "values are not computed: there is no arithmetic",
        ";": "statements need no sign between them",
    }
)


def token_phrase(tokens: Lexemes, index: int) -> str:
    """A token as the subject of a message."""
    kind = tokens.kinds[index]
    if kind == END:
        return "the end of the file"
    if kind != UNKNOWN and TERMINALS[kind] in _TEXTS:
        return "text"
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
        sink.report(errors.UNTERMINATED_TEXT, Span(source, start, start + width), closer=closer)
    elif kind == UNKNOWN and len(word) > 1:
        sink.report(errors.MALFORMED_NUMBER, span, written=word)
    elif kind == UNKNOWN:
        sink.report(
            errors.UNKNOWN_CHARACTER,
            span,
            help=_character_hint(tokens, index, stack),
            character=_shown(word),
        )
    elif word == "import" and fits(stack.states, END):
        sink.report(errors.MISPLACED_IMPORT, span)
    else:
        alternatives = expected(stack.states)
        sink.report(
            errors.UNEXPECTED_TOKEN,
            span,
            help=_hint(tokens, index, alternatives),
            found=token_phrase(tokens, index),
            expected=expected_phrase(alternatives),
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


def _character_hint(tokens: Lexemes, index: int, stack: Stack) -> str | None:
    character = tokens.words[index]
    if character in _LIST_MARKS:
        if tokens.blanks[index] == "" and is_word(tokens.words[index - 1]):
            return "a name has no hyphens: use `_`"
        return _INSTRUCTION if fits(stack.states, TERMINAL["DO"]) else None
    if character.isalpha():
        return "names are ASCII letters, digits and `_`; `@wire(...)` gives a field another name for the service"
    return _CHARACTER_HINTS.get(character)


def _hint(tokens: Lexemes, index: int, alternatives: Sequence[int]) -> str | None:
    """Advice for mistakes that people make."""
    word, kind = tokens.words[index], tokens.kinds[index]
    texts = [TERMINAL[name] for name in _TEXTS]
    if kind == TERMINAL["KEYNAME"]:
        return _DOUBLE_QUOTES
    if TERMINAL["DO"] in alternatives and (kind in texts or kind == TERMINAL["INT"]):
        return _INSTRUCTION
    if kind == TERMINAL["INT"] and TERMINAL["DURATION"] in alternatives:
        return f"a duration ends in its unit: write `{word}s` for seconds"
    after = tokens.words[index + 1 : index + 3]
    if word == "{" and after[1:] == ["}"] and is_word(after[0]):
        return f"outside text a variable stands without braces: write `{after[0]}`"
    if is_word(word):
        if TERMINAL["DO"] in alternatives and word not in KEYWORDS:
            return _INSTRUCTION
        if tokens.words[index - 1] == "{" and tokens.words[index + 1] == "}":
            return f"outside text a variable stands without braces: write `{word}`"
        if TERMINAL["STRING"] in alternatives and TERMINAL["NAME"] not in alternatives:
            return _DOUBLE_QUOTES
    return None
