"""Corrections of syntax from other languages that has one equivalent in FlowDSL.

A correction replaces some tokens by others. It is a proposal: `repair` takes the first one with
which the parser can continue, parses the program as if it were written that way, and offers it as a
fix.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.source.text import Span

from ..parser.lexer import TERMINAL, UNKNOWN, Lexemes, Row, breaks_line, is_word
from ..parser.tables import TERMINALS
from . import foreign_syntax as foreign
from .broken_file import BrokenFile

_KEYNAME = TERMINAL["KEYNAME"]
_STRING = TERMINAL["STRING"]
_NOT_QUOTED = frozenset('"\\')
"""Characters that a text in double quotes cannot contain unescaped."""


_ENDS_TEXT = frozenset(("", "{", ")", ",", "as", "else", "into", "shows", "timeout", "using"))
"""Words that may follow a text on its line."""


class Correction(NamedTuple):
    """A replacement of some tokens by other words.

    `start` is the first of these tokens, `end` the one after the last. `words` are parsed in their
    place, or else the tokens from `kept` on. `help` explains the right form. `written` replaces
    their text, or `width` characters of it. `sure`: nothing else can be meant. `offered`: the
    correction is offered as a fix, and not only used to parse the rest.
    """

    start: int
    end: int
    words: tuple[str, ...]
    help: str
    written: str
    kept: range = range(0)
    width: int = 0
    sure: bool = True
    offered: bool = True

    def rows(self, tokens: Lexemes) -> list[Row]:
        """Return the replacement tokens, at the place of the replaced ones.

        A word that is among the replaced ones stays at its own place.
        """
        if self.kept:
            return [tokens.row(at) for at in self.kept]
        start, end = tokens.starts[self.start], tokens.ends[self.end - 1]
        blanks = [tokens.blanks[self.start], *[" "] * len(self.words)]
        kinds = Lexemes(" ".join(self.words)).kinds
        own = {tokens.words[at]: at for at in range(self.start, self.end)}
        return [
            (word, kind, tokens.starts[own[word]], tokens.ends[own[word]], blank)
            if word in own
            else (word, kind, start, end, blank)
            for word, kind, blank in zip(self.words, kinds, blanks, strict=False)
        ]


def find_corrections(tokens: Lexemes, index: int) -> Iterator[Correction]:
    """Yield possible corrections of the tokens at `index`, where the parser stopped."""
    words = tokens.words
    for written, meant, help in foreign.CORRECTED:
        if (
            len(written) == 1
            and foreign.ONLY_BEHIND.get(written[0], words[index - 1]) != words[index - 1]
        ):
            continue
        end = index + len(written)
        if tuple(words[index:end]) == written and not any(tokens.blanks[index + 1 : end]):
            sure = written[0] not in foreign.UNSURE
            yield Correction(index, end, meant, help, " ".join(meant), sure=sure)
    for correct in (
        _correct_comment,
        _correct_quotes,
        _correct_text_prefix,
        _correct_braces,
        _correct_seconds,
        _correct_step_in_days,
        _correct_end_of,
        _correct_declaration,
        _correct_optional_type,
        _correct_secret_type,
        _correct_is,
        _correct_second_look,
        _correct_between,
        _correct_shown,
        _correct_exists,
        _correct_length,
        _correct_rule,
        _correct_numbered_step,
        _correct_leaving_else,
        _correct_bracketed_choice,
        _correct_bounds,
    ):
        found = correct(tokens, index)
        # The end of the file is replaced by nothing.
        if found is not None and found.end < len(tokens.words):
            yield found


def _line_end(tokens: Lexemes, index: int) -> int:
    """Return the first token after `index` that begins a line, or the end of the file."""
    end = index + 1
    while end < len(tokens.words) - 1 and not breaks_line(tokens.blanks[end]):
        end += 1
    return end


def _correct_comment(tokens: Lexemes, index: int) -> Correction | None:
    """Correct a comment that begins with `//`, up to the end of its line."""
    if tokens.words[index : index + 2] != ["/", "/"] or tokens.blanks[index + 1]:
        return None
    return Correction(index, _line_end(tokens, index), (), foreign.COMMENT, "#", width=2)


def _correct_quotes(tokens: Lexemes, index: int) -> Correction | None:
    """Correct a text in single or typographic quotes on one line."""
    word = tokens.words[index]
    if tokens.kinds[index] == _KEYNAME:
        inner, end = word[1:-1], index + 1
    elif word in foreign.OPENING_QUOTES:
        closers = foreign.OPENING_QUOTES[word]
        last = _line_end(tokens, index)
        end = next((at + 1 for at in range(index + 1, last) if tokens.words[at] in closers), 0)
        if not end:
            return None
        inner = (
            "".join(tokens.blanks[at] + tokens.words[at] for at in range(index + 1, end - 1))
            + tokens.blanks[end - 1]
        )
    else:
        return None
    text = f'"{inner}"'
    if not _NOT_QUOTED.isdisjoint(inner):
        return None
    # Text in braces is a variable now.
    return Correction(index, end, (text,), foreign.DOUBLE_QUOTES, text, sure="{" not in inner)


def _correct_text_prefix(tokens: Lexemes, index: int) -> Correction | None:
    """Correct a letter before a text that makes it a template in other languages."""
    at = index - 1 if tokens.kinds[index] == _STRING else index
    word = tokens.words[at]
    if word not in foreign.PREFIXES or tokens.kinds[at + 1] != _STRING or tokens.blanks[at + 1]:
        return None
    text = tokens.words[at + 1]
    help = f"leave out the `{word}`: every text may hold variables"
    return Correction(at, at + 2, (text,), help, text, range(at + 1, at + 2))


def _correct_braces(tokens: Lexemes, index: int) -> Correction | None:
    """Correct a variable in single braces outside text."""
    start = index if tokens.words[index] == "{" else index - 1
    if tokens.words[start] != "{":
        return None
    end = start + 1
    while tokens.words[end] in (".", "$") or is_word(tokens.words[end]):
        end += 1
    if end == start + 1 or tokens.words[end] != "}":
        return None
    path = "".join(tokens.words[start + 1 : end])
    help = f"outside text a variable stands without braces: write `{path}`"
    return Correction(start, end + 1, (), help, path, range(start + 1, end))


def _correct_seconds(tokens: Lexemes, index: int) -> Correction | None:
    """Correct a number in the place of a duration, with or without a word for its unit."""
    number, unit = [*tokens.words[index : index + 2], ""][:2]
    if not number.isdigit() or tokens.words[index - 1] not in ("wait", "timeout"):
        return None
    known = unit in foreign.UNITS and not breaks_line(tokens.blanks[index + 1])
    written = f"{number}{foreign.UNITS[unit] if known else 's'}"
    help = f"a duration ends in its unit: write `{written}`" + ("" if known else " for seconds")
    return Correction(index, index + 1 + known, (written,), help, written, sure=known)


def _correct_step_in_days(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `today + 7`, `due - 2 weeks` and `today + 1m`."""
    sign, number, unit = [*tokens.words[index : index + 3], "", ""][:3]
    digits = number.rstrip("abcdefghijklmnopqrstuvwxyz")
    inside = number[len(digits) :]
    if sign not in ("+", "-") or not digits.isdecimal():
        return None
    apart = inside == "" and unit != "" and unit in foreign.DAYS_OF
    if apart and breaks_line(tokens.blanks[index + 2]):
        apart = False
    known = foreign.DAYS_OF.get(unit if apart else inside)
    if known is None:
        return None
    written = f"{sign} {digits}{known}"
    sure = tokens.words[index - 1] == "today" and (apart or inside != "m")
    help = f"{foreign.STEPS}: write `{written}`"
    return Correction(index, index + 2 + apart, (written,), help, written, sure=sure)


def _correct_end_of(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `end of month`."""
    first, last = [*tokens.words[index].split(), "", "", ""][:3:2]
    if first != "end" or last not in foreign.LASTING:
        return None
    meant = (f"start of {last}", f"+ {foreign.LASTING[last]}", "- 1d")
    written = " ".join(meant)
    return Correction(index, index + 1, meant, f"{foreign.DAY_ENDS}, `{written}`", written)


def _correct_declaration(tokens: Lexemes, index: int) -> Correction | None:
    """Correct a declaration of a variable with a literal, which gives it its type."""
    word, name, sign, value = [*tokens.words[index : index + 4], "", "", "", ""][:4]
    if word not in foreign.DECLARING or sign != "=" or not value or not is_word(name):
        return None
    kind = tokens.kinds[index + 3]
    type_ = foreign.LITERALS.get(value) or foreign.LITERALS.get(
        "" if kind == UNKNOWN else TERMINALS[kind]
    )
    if type_ is None:
        return None
    meant = ("keep", name, ":", type_, "=")
    written = f"keep {name}: {type_} ="
    return Correction(index, index + 3, meant, foreign.VALUES, written)


def _correct_optional_type(tokens: Lexemes, index: int) -> Correction | None:
    """Correct a type after `optional`."""
    if tokens.words[index - 1] != "optional" or not is_word(tokens.words[index]):
        return None
    type_ = tokens.words[index]
    help = f"what may be missing is written `{type_}?`"
    return Correction(index - 1, index + 1, (type_, "?"), help, f"{type_}?")


def _correct_secret_type(tokens: Lexemes, index: int) -> Correction | None:
    """Correct a type after `secret`, as in `pin: secret string`."""
    name, colon, word = ["", "", "", *tokens.words[:index]][-3:]
    if (colon, word) != (":", "secret") or not is_word(tokens.words[index]):
        return None
    type_ = tokens.words[index]
    help = (
        f"a task takes a secret as `secret {name}: {type_}`, and a workflow declares its own in "
        f"`secrets {{ {name}: {type_} }}`"
    )
    kept = range(index, index + 1)
    return Correction(index - 1, index + 1, (), help, type_, kept, offered=False)


def _correct_is(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `x is "a"` and `x is not 3`."""
    negated = tokens.words[index - 1] == "not"
    start = index - 1 - negated
    value = tokens.words[index]
    compares = tokens.kinds[index] == _STRING or value.isdigit() or value in ("true", "false")
    if tokens.words[start] != "is" or not compares:
        return None
    sign, help = ("!=", foreign.DIFFERENCE) if negated else ("==", foreign.COMPARISON)
    return Correction(start, index, (sign,), help, sign)


def _correct_second_look(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `sees "a" or "b"`, in which only the first text is looked for."""
    at = index - 1
    word = tokens.words[at - 1]
    looked = tokens.kinds[at - 2] == _STRING or tokens.words[at - 2] == "sees"
    if tokens.kinds[at] != _STRING or word not in ("and", "or") or not looked:
        return None
    text = tokens.words[at]
    sure = "not" not in tokens.words[max(at - 4, 0) : at]  # which may be for both texts
    return Correction(at, index, ("sees", text), foreign.LOOKS, f"sees {text}", sure=sure)


def _correct_between(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `x between 1 and 5`."""
    low, word, high = [*tokens.words[index + 1 : index + 4], "", "", ""][:3]
    if tokens.words[index] != "between" or word != "and":
        return None
    start = index - 1
    while tokens.words[start - 1] == ".":
        start -= 2
    if tokens.words[start - 1] == "not":
        return None
    asked = tokens.words[start:index]
    meant = (">=", low, "and", *asked, "<=", high)
    written = f">= {low} and {''.join(asked)} <= {high}"
    return Correction(index, index + 4, meant, foreign.RANGE, written)


def _correct_shown(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `"a" exists`, `"a" is visible`, `"a" is not shown` and `exists "a"`."""
    words, kinds = tokens.words, tokens.kinds
    if words[index - 1] == "exists" and kinds[index] == _STRING:
        looked = ("sees", words[index])
        return Correction(index - 1, index + 1, looked, foreign.SEEN, " ".join(looked))
    negated = words[index - 1] == "not"
    text, end = index - 1 - negated, index
    asked = words[end] == "is"
    if asked:
        negated = words[end + 1] == "not"
        end += 1 + negated
    if kinds[text] != _STRING or words[end] not in (
        foreign.SHOWN if asked else ("exists", "appears")
    ):
        return None
    if words[text - 1] == "sees":
        return None if negated else Correction(index, end + 1, (), foreign.SEEN, "")
    looked = (*(("not",) if negated else ()), "sees", words[text])
    return Correction(text, end + 1, looked, foreign.SEEN, " ".join(looked))


def _correct_exists(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `x exists` and `exists x`."""
    if tokens.words[index] == "exists":
        asked = ("is", "not", "empty")
        return Correction(index, index + 1, asked, foreign.PRESENT, "is not empty")
    if tokens.words[index - 1] != "exists" or not is_word(tokens.words[index]):
        return None
    name = tokens.words[index]
    meant = (name, "is", "not", "empty")
    return Correction(index - 1, index + 1, meant, foreign.PRESENT, f"{name} is not empty")


def _correct_length(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `len(xs)` and `length(xs)`."""
    words = tokens.words
    if words[index] != "(" or words[index - 1] not in ("count", "len", "length", "size"):
        return None
    end = index + 1
    while words[end] == "." or is_word(words[end]):
        end += 1
    if words[end] != ")":
        return None
    listed = words[index + 1 : end]
    written = f"count of {''.join(listed)}"
    return Correction(index - 1, end + 1, ("count of", *listed), foreign.COUNTED, written)


def _correct_rule(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `always { do "..." }`."""
    opens = tokens.words[index - 2 : index] == ["always", "{"]
    if tokens.words[index] != "do" or not (opens or tokens.kinds[index - 1] == _STRING):
        return None
    return Correction(index, index + 1, (), foreign.RULE_ALONE, "")


def _correct_numbered_step(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `step 3: "Title" { }`."""
    number, colon = [*tokens.words[index : index + 2], ""][:2]
    if tokens.words[index - 1] != "step" or not number.isdecimal() or colon != ":":
        return None
    return Correction(index, index + 2, (), foreign.TITLE, "")


def _correct_leaving_else(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `else fail "..."` behind a body, where a block has to stand."""
    word, reason = [*tokens.words[index : index + 2], ""][:2]
    if tokens.words[index - 1] != "else" or word not in ("abort", "fail", "finish"):
        return None
    meant = ("{", word, reason, "}")
    return Correction(index, index + 2, meant, foreign.BODY, " ".join(meant))


def _correct_bracketed_choice(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `("a" | "b")[]`: what stands behind a choice is about all of it."""
    if tokens.words[index] != "(" or tokens.words[index + 2 : index + 3] != ["|"]:
        return None
    end = index + 1
    while end < len(tokens.words) - 1 and tokens.words[end] != ")":
        end += 1
    written = " ".join(tokens.words[index + 1 : end])
    return Correction(index, end + 1, (), foreign.CHOICES, written, range(index + 1, end))


def _correct_bounds(tokens: Lexemes, index: int) -> Correction | None:
    """Correct `task t(code: string @min(1))` and `extract xs: string[] @max_items(5) from "a"`."""
    words = tokens.words
    start = index
    while words[start - 1] in ("[", "]", "?"):
        start -= 1
    name, colon, _ = ["", "", "", *words[:start]][-3:]
    if words[index] != "@" or colon != ":":
        return None
    end = index
    while words[end : end + 1] == ["@"]:
        end += 2
        if words[end : end + 1] == ["("] and ")" in words[end:]:
            end = words.index(")", end) + 1
    if "".join(words[end : end + 1]) not in (")", ",", "=", "from"):
        return None
    if "".join(words[start - 4 : start - 3]) in ("extract", "copy", "keep"):
        check = foreign.CHECKED.get(words[index + 1], "").format(
            name=name, bound="".join(words[index + 3 : end - 1])
        )
        help = f"{foreign.UNBOUNDED}: write {check} behind it" if check else foreign.UNBOUNDED
    else:
        help = f"{foreign.BOUNDS}: `{name}: {''.join(words[start - 1 : index])}`"
    return Correction(index, end, (), help, "", sure=False)


def find_rewritings(file: BrokenFile, index: int, help: str | None) -> tuple[Fix, ...]:
    """Return the fix that applies a piece of advice to the words from token `index` on, if any."""
    tokens, text = file.tokens, file.source.text
    start = tokens.starts[index]
    if help == foreign.INSTRUCTION:
        first = index + 1 if tokens.words[index] in foreign.LIST_MARKS else index
        end = tokens.ends[_line_end(tokens, index) - 1]
        prose = text[tokens.starts[first] : end]
    elif help == foreign.DOUBLE_QUOTES and is_word(tokens.words[index]):
        last = index
        while not breaks_line(tokens.blanks[last + 1]) and tokens.words[last + 1] not in _ENDS_TEXT:
            last += 1
        first, end = index, tokens.ends[last]
        prose = text[start:end]
    else:
        return ()
    if "\\" in prose or first == len(tokens.words) - 1 or prose.endswith("{"):
        return ()
    quoted = '"' + prose.replace('"', '\\"').replace("{", "\\{") + '"'
    written = f"do {quoted}" if help == foreign.INSTRUCTION else quoted
    return (Fix(f"write `{written}`", (Edit(Span(file.source, start, end), written),)),)
