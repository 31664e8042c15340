"""Reports unexpected tokens, and describes what was expected."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Fix, Label

from .. import errors
from ..parser.driver import Stack, find_expected_terminals, is_terminal_allowed
from ..parser.lexer import END, KEYWORDS, TERMINAL, UNKNOWN, Lexemes
from ..parser.tables import TERMINALS, WORDS
from .advice import advice_for_unfinished, character_advice, token_advice
from .broken_file import BrokenFile
from .corrections import find_rewritings
from .quotes import report_unterminated
from .resynchronisation import is_orphan, statement_words

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
    "ORIGIN": "a name with `from`",
    "KEYNAME": "a key in single quotes",
    "NAME": "a name",
    "NUMBER": "a number",
    "RAW": 'raw text `r"..."`',
    "SHIFT": "a step in time such as `- 7d`",
    "START": "`start of month`",
    "COUNT_OF": "`count of`",
    "AT_LEAST": "`at least`",
    "AT_MOST": "`at most`",
    "ROOT": "a name with `.`",
    "STRING": 'text in double quotes `"..."`',
}


def _terminals_named(names: str) -> frozenset[str]:
    return frozenset(names.split())


_GROUPS = (
    (
        "a declaration",
        _terminals_named("CHAIN CONST TASK TEST TYPE WORKFLOW"),
        _terminals_named("AT"),
    ),
    ("a check", _terminals_named("FILE FILES IMAGE ON OUTPUT"), _terminals_named("")),
    (
        "a section of the workflow",
        _terminals_named("ALWAYS CHECKS EXTRA INPUTS MODEL OUTPUTS PROMPT SECRETS STEPS TERMINAL"),
        _terminals_named(""),
    ),
    (
        "a condition",
        _terminals_named("FALSE LPAR NOT NULL SEES TRUE"),
        _terminals_named("BLOCK DOLLAR INT NAME NUMBER RAW STRING"),
    ),
    (
        "a comparison such as `==` or `contains`",
        _terminals_named("CMP CONTAINS ENDS IN MATCHES STARTS"),
        _terminals_named("NOT"),
    ),
    (
        "a value",
        _terminals_named("FALSE INT NULL NUMBER STRING TRUE"),
        _terminals_named("BLOCK DOLLAR LBRACE LSQB NAME RAW"),
    ),
    ("text", _terminals_named("BLOCK RAW STRING"), _terminals_named("")),
)
"""A phrase, the terminals that it stands for if all fit, and more that it covers."""

_PATHS = frozenset(("DOT", "LSQB"))
"""Signs that continue the name before them. Nobody forgets them, so they are not suggested."""


def token_phrase(tokens: Lexemes, index: int) -> str:
    """Return a phrase for a token as the subject of a message."""
    kind = tokens.kinds[index]
    if kind == END:
        return "the end of the file"
    if kind != UNKNOWN and TERMINALS[kind] in _TEXTS:
        return "text"
    if kind in _NAMES_BY_SIGN and tokens.words[index] in KEYWORDS:
        return f"`{tokens.words[index]}` with `{tokens.words[index + 1]}`"
    return f"`{tokens.words[index]}`"


def describe_expected(terminals: Sequence[int]) -> str:
    """Describe the terminals that may come next, with six alternatives at most."""
    names = [TERMINALS[term] for term in terminals]
    left = {*names} - {"RUNTIME"}  # a former spelling
    if len(left) > len(_PATHS) + 1:
        left -= _PATHS
    phrases: list[str] = []
    statements = frozenset(TERMINALS[KEYWORDS[word]] for word in statement_words())
    for phrase, needed, covered in (("a statement", statements, _terminals_named("AT")), *_GROUPS):
        if needed <= left:
            left -= needed | covered
            phrases.append(phrase)
    phrases += [_SPELLINGS.get(name, name) for name in names if name in left]
    if len(phrases) > _MAX_ALTERNATIVES:
        return ", ".join(phrases[:_MAX_ALTERNATIVES]) + " or another word"
    return " or ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)


def report_unexpected(
    file: BrokenFile,
    stack: Stack,
    index: int,
    *,
    help: str | None = None,
    fixes: tuple[Fix, ...] = (),
) -> None:
    """Report the token that stopped the parser, or the invisible character after it.

    Without `help`, the advice for the place is used.
    """
    tokens, sink = file.tokens, file.sink
    if (
        tokens.kinds[index + 1 : index + 2] == [UNKNOWN]
        and not tokens.words[index + 1].isprintable()
    ):
        index += 1
    word, kind = tokens.words[index], tokens.kinds[index]
    span = file.span(index)
    opening = _find_unterminated_text(tokens, index)
    if opening is not None:
        report_unterminated(file, opening)
    elif kind == UNKNOWN and len(word) > 1 and not word[0].isalpha():
        sink.report(errors.MALFORMED_NUMBER, span, written=word)
    elif kind == UNKNOWN and len(word) == 1:
        help = help or character_advice(tokens, index, stack)
        sink.report(
            errors.UNKNOWN_CHARACTER,
            span,
            help=help,
            fixes=find_rewritings(file, index, help) or fixes,
            character=_format_character(word),
        )
    elif word == "import" and is_terminal_allowed(stack.states, END):
        sink.report(errors.MISPLACED_IMPORT, span)
    else:
        help = help or token_advice(tokens, index, stack)
        sink.report(
            errors.UNEXPECTED_TOKEN,
            span,
            labels=_early_end(file, stack, index),
            help=help,
            fixes=find_rewritings(file, index, help) or fixes,
            found=token_phrase(tokens, index),
            expected=describe_expected(find_expected_terminals(stack.states)),
        )


def _early_end(file: BrokenFile, stack: Stack, index: int) -> tuple[Label, ...]:
    """Return the label at a brace that ends a declaration too early."""
    if file.tokens.words[index - 1] != "}" or not is_terminal_allowed(stack.states, END):
        return ()
    if not is_orphan(file.tokens, index):
        return ()
    return (Label(file.span(index - 1), "the declaration ends here"),)


def report_broken_off(
    file: BrokenFile, states: Sequence[int], index: int, spec: DiagnosticSpec
) -> None:
    """Report a declaration or a line that ends too early before token `index`.

    That token begins the next declaration, statement, section or field, or is the end of the file.
    """
    allowed = find_expected_terminals(states)
    file.sink.report(
        spec,
        file.span(index - 1),
        help=advice_for_unfinished(file.tokens, index, allowed),
        found=token_phrase(file.tokens, index),
        expected=describe_expected(allowed),
    )


def _find_unterminated_text(tokens: Lexemes, index: int) -> int | None:
    """Return the token of the unterminated text that stops the parser at `index`, if any.

    An unclosed block takes the next block's opening quotes for its own end, and so on, so that the
    lexer reads prose after the first block as code.
    """
    bad = (TERMINAL["BAD_STRING"], TERMINAL["BAD_BLOCK"])
    found = None
    if tokens.kinds[index] in bad:
        found = index
    elif tokens.kinds[-2:-1] == [bad[1]] and tokens.kinds[index - 1] == TERMINAL["BLOCK"]:
        found = index - 1
    # Recovery joins tokens into one, which keeps the word of the first.
    return found if found is not None and '"' in tokens.words[found] else None


def _format_character(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"
