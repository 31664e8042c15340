"""The edition that a file begins with."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from . import errors
from .parser.driver import Stack, shift_terminal
from .parser.lexer import END, TERMINAL, Lexemes, breaks_line, is_word
from .texts.variables import whole_number

EDITIONS = (1,)
FIRST = 2
"""The index of the first token after the edition."""
DECLARATION_WORDS = frozenset(
    ("chain", "const", "fixture", "import", "task", "test", "type", "workflow")
)
DECLARATIONS = "a file holds declarations such as `workflow name { ... }`"
_LINE = "flow 1"


def read_edition(source: SourceFile, tokens: Lexemes, sink: Sink) -> int:
    """Read the edition from the first two tokens of a file; 0, with a report, if there is none.

    In that case an edition is inserted, so that the parser can begin. An unknown edition is
    reported and returned.
    """
    if tokens.words[0] == "flow" and tokens.kinds[1] == TERMINAL["INT"]:
        start, end = tokens.starts[1], tokens.ends[1]
        edition = whole_number(source, sink, start, end)
        if edition not in EDITIONS:
            known = ", ".join(map(str, EDITIONS))
            span = Span(source, start, end)
            sink.report(errors.UNKNOWN_EDITION, span, edition=tokens.words[1], known=known)
        return edition
    count = _count_misspelled_edition(tokens)
    start = tokens.starts[0]
    end = tokens.ends[max(count - 1, 0)]
    # Any other spelling of the edition is replaced as a whole, including its number.
    edit = Edit(Span(source, start, end if count else start), _LINE if count else f"{_LINE}\n")
    sink.report(
        errors.MISSING_EDITION,
        Span(source, start, end),
        fixes=(Fix("name the edition", (edit,), "safe"),),
        help=None if count else _other_format(source.text, tokens),
    )
    for _ in range(count):
        tokens.remove(0)
    tokens.insert(0, "flow", at_start=True)
    tokens.insert(1, "1")
    return 0


def fresh_stack(tokens: Lexemes) -> Stack:
    """Return the stack of a file of which only the edition has been parsed."""
    stack = Stack()
    for index in range(FIRST):
        shift_terminal(stack.states, tokens.kinds[index])
        stack.values.append(index)
        stack.starts.append(tokens.starts[index])
    return stack


def _count_misspelled_edition(tokens: Lexemes) -> int:
    """Count the tokens at the start that spell the edition in another way.

    For example `flow`, `Flow 1`, `flow: 1`, `flow v1`, `version 1` and the like.
    """
    first = tokens.words[0]
    if not is_word(first) or first in DECLARATION_WORDS:
        return 0
    if first[:4].lower() == "flow" and first[4:].isdigit():
        return 1
    count = 1
    while tokens.kinds[count] != END and not breaks_line(tokens.blanks[count]):
        if tokens.words[count] in DECLARATION_WORDS:
            break
        count += 1
    if first.lower() == "flow":
        return count
    numbers = (TERMINAL["INT"], TERMINAL["NUMBER"])
    return count if count < 4 and tokens.kinds[count - 1] in numbers else 0


def _other_format(text: str, tokens: Lexemes) -> str | None:
    """Return the advice for a file in an entirely different format; None if it is not one."""
    if "\0" in text[:4]:
        return "the file looks like UTF-16: save it as UTF-8"
    if tokens.words[0] in ("{", "["):
        return f"begin it with `flow 1`; {DECLARATIONS}, not JSON"
    if tokens.words[1:2] == [":"] or tokens.words[:3] == ["-"] * 3:
        return f"begin it with `flow 1`; {DECLARATIONS}, not YAML"
    return None
