"""Print IR text: variables in the platform's spelling, literal braces escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise, zip_longest

from flowdsl.ir import nodes
from flowdsl.ir.facts import find_statements
from flowdsl.source.record import replace

from .sentences import DATA_NOTE, SENTENCES, Hole
from .words import say_sentence

PROTECTED = re.compile(r"\{(?=[A-Za-z_${])")
"""A literal `{` that the platform could take for the start of a variable.

Assumption `brace-token`.
"""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

QUOTES = (
    ('"', '"'),
    ("'", "'"),
    ("\u00ab", "\u00bb"),
    ("\u2039", "\u203a"),
    ("\u300c", "\u300d"),
)
"""Quotation marks, in the order of preference. “ and ” are those of `quote_screen_text`."""

OPEN_PART = "\0"
"""Delimits a part that only the target organisation can decide; no source text contains it."""


def spell_path(path: tuple[str | int, ...]) -> str:
    """Return the path of a variable: `.name`, `[0]`, `['any key']`."""
    spelled = ""
    for part in path:
        if isinstance(part, int):
            spelled += f"[{part}]"
        elif _PLAIN_KEY.match(part):
            spelled += f".{part}"
        else:
            quote = '"' if "'" in part else "'"
            spelled += f"[{quote}{part}{quote}]"
    return spelled


def spell_variable(variable: nodes.Variable) -> str:
    """Return a variable in the platform's spelling: `{input}`, `{{runtime}}`, `{$secret}`."""
    inside = variable.name + spell_path(variable.path)
    match variable.sigil:
        case "input":
            return f"{{{inside}}}"
        case "runtime":
            return f"{{{{{inside}}}}}"
        case "secret":
            return f"{{${inside}}}"
        case "saved":
            return f"\u27ea{inside}\u27eb"


def spell_text(text: nodes.Text) -> str:
    """Return a text for a prompt: an untrusted value is in brackets, with a note."""

    def spell(variable: nodes.Variable) -> str:
        spelled = spell_variable(variable)
        return _as_data(spelled) if variable.quoted else spelled

    return _spell_pieces(text, spell, lambda each: each.sigil != "saved" and not each.quoted)


def spell_marked_text(text: nodes.Text) -> str:
    """Return the author's own words, with each value of an input or of the run in brackets."""
    return _spell_pieces(text, _mark_variable, lambda each: each.sigil == "secret")


def _spell_pieces(
    text: nodes.Text,
    spell: Callable[[nodes.Variable], str],
    opens: Callable[[nodes.Variable], bool],
) -> str:
    """Return a text; `opens` says of a variable that a brace begins it."""
    if len(text) == 1 and isinstance(only := text[0], nodes.TextPiece):
        return spell_literal(only.value)
    spelled: list[str] = []
    for piece, following in zip_longest(text, text[1:]):
        if isinstance(piece, nodes.Variable):
            spelled.append(spell(piece))
            continue
        value = spell_literal(piece.value)
        if value.endswith("{") and isinstance(following, nodes.Variable) and opens(following):
            value = value[:-1] + "\\{"
        spelled.append(value)
    return "".join(spelled)


def _mark_variable(variable: nodes.Variable) -> str:
    spelled = spell_variable(variable)
    if variable.quoted:
        return _as_data(spelled)
    opening, closing = bracket_pair(1)
    bare = variable.sigil in ("saved", "secret")
    return spelled if bare else f"{opening}{spelled}{closing}"


def _as_data(variable: str) -> str:
    opening, closing = bracket_pair(1)
    return f"{opening}{variable}{closing}{DATA_NOTE}"


def spell_literal(value: str) -> str:
    """Return literal characters, escaped for a prompt."""
    return PROTECTED.sub(r"\\{", value) if "{" in value else value


def without_marks(text: nodes.Text) -> nodes.Text:
    """Return a text for people: its untrusted values get no note."""
    return tuple(
        replace(piece, quoted=False) if isinstance(piece, nodes.Variable) else piece
        for piece in text
    )


def spell_command(text: nodes.Text) -> str:
    """Return a command, the same in prompt and allowlist (assumption `allowlist-exact`)."""
    return "".join(
        piece.value if isinstance(piece, nodes.TextPiece) else spell_variable(piece)
        for piece in text
    )


def commands_of(body: nodes.Body) -> Iterator[str]:
    """Yield the terminal commands of statements, in order, as in the allowlist."""
    for statement in find_statements(body, {"run", "type_day"}):
        match statement:
            case nodes.Run(command=command):
                yield spell_command(command)
            case nodes.TypeDay(command=spelled):
                yield spelled
            case _:
                pass


def limit_words(limit: nodes.Limit) -> int | str:
    """Return a bound, as sentences use it."""
    return spell_variable(limit) if isinstance(limit, nodes.Variable) else limit


def spell_clause(text: nodes.Text) -> str:
    """Return a text inside a sentence of ours.

    It is in brackets if its end, or a part of it, could be taken for the sentence around it.
    """
    spelled = spell_marked_text(text)
    return enclose_in_brackets(spell_text(text)) if _is_unclear(spelled) else spelled


def _is_unclear(spelled: str) -> bool:
    return (
        not spelled
        or spelled.endswith((".", " "))
        or spelled.startswith((" ", bracket_pair(1)[0]))
        or any(words in spelled for words in _BEHIND_CLAUSES)
    )


_BEHIND_CLAUSES = frozenset(
    following.rstrip(" .")
    for sentence in SENTENCES.values()
    for chosen in sentence.variants()
    for words in [tuple(sentence.words(chosen))]
    for hole, following in pairwise(words)
    if isinstance(hole, Hole) and hole.kind == "clause" and isinstance(following, str)
) - {""}
"""The words that follow the author's words in sentences of ours."""


def quote_screen_text(text: nodes.Text) -> str:
    """Return the author's words for something on the screen, with each value in brackets.

    Values that the call has saved itself have other marks.
    """
    return f"\u201c{spell_marked_text(text)}\u201d"


def quote_author_text(text: nodes.Text) -> str:
    """Return the author's words between marks; in brackets if a value is inserted into them."""
    spelled = spell_text(text)
    filled = any(isinstance(piece, nodes.Variable) for piece in text)
    return enclose_in_brackets(spelled) if filled else quote_words(spelled)


def quote_words(text: str) -> str:
    """Return a text in quotation marks whose closing mark it does not contain, or in brackets."""
    pair = next((pair for pair in QUOTES if pair[1] not in text), None)
    if pair is None:
        return enclose_in_brackets(text)
    return f"{pair[0]}{text}{pair[1]}"


def enclose_in_brackets(text: str) -> str:
    """Return a text in brackets that it does not contain."""
    opening, closing = choose_brackets(text)
    return f"{opening}{text}{closing}"


def choose_brackets(text: str) -> tuple[str, str]:
    """Return a pair of brackets of which a text contains neither: `⟦ ⟧`, or `⟦2| |2⟧`.

    No text of a program contains brackets of ours, so `⟦2|` is never inside of another `⟦2|`.
    """
    clear = "\u27e6" not in text and "\u27e7" not in text and not _LIKE_NUMBERED.match(text)
    return bracket_pair(1 if clear else 2)


def bracket_pair(number: int) -> tuple[str, str]:
    """Return a pair of brackets; numbered ones are for texts that contain the plain ones."""
    return ("\u27e6", "\u27e7") if number == 1 else (f"\u27e6{number}|", f"|{number}\u27e7")


_LIKE_NUMBERED = re.compile(r"[0-9]+\|")


def quote_literal(value: str) -> str:
    """Return literal characters in quotation marks."""
    return quote_words(spell_literal(value))


DURATIONS = {
    "durations.hour": 3_600_000,
    "durations.minute": 60_000,
    "durations.second": 1_000,
    "durations.millisecond": 1,
}
"""The milliseconds of the unit of each duration sentence, the largest unit first."""


def duration_words(milliseconds: int) -> str:
    """Return a duration in words, in the largest unit that divides it."""
    name, size = next(each for each in DURATIONS.items() if milliseconds % each[1] == 0)
    return say_sentence(name, milliseconds // size)
