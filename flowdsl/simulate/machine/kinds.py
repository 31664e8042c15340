"""Parse the holes of sentences: a reader for each kind of `sentences.toml`.

That file says under `[kinds]` what a text of each kind looks like. The table at the end of
`machine_grammar` has the reader of each: one that needs no other kind is a function of the module,
the others are inside, where they read parts by the grammar.

A reader returns every value that a text has as a hole of its kind. Texts keep their variables;
`characters.fill_in_variables` fills them in when the line is executed. Characters of the inputs of
a run lie outside, in planes of their own (see `characters`), and so never match a reader's words:
only the content of a hole may have them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from flowdsl.prompt.sentences import (
    ALL,
    AND,
    ANY,
    ASK,
    COMPARISONS,
    CONSEQUENCE,
    DATA_NOTE,
    NUMERIC,
    OR,
    PARTS,
    SCALARS,
    SENTENCES,
    START,
    THEN,
    sentences_at,
)
from flowdsl.simulate.shapes import (
    EMPTY,
    EnumShape,
    FieldShape,
    ListShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
)

from .blanks import has_contradiction, is_plain, lacks_note, read_notes
from .characters import (
    PICTURE,
    SAVED,
    TOKEN,
    fill_in_variables,
    move_inside,
    move_outside,
    outside_lines,
    path_parts,
)
from .grammar import Grammar, Reader, Said

_QUOTES = {'"': '"', "'": "'", "«": "»", "‹": "›", "「": "」"}
_BRACKET = re.compile(r"⟦(?:([0-9]{1,9})\|)?")
_SIDE = r"(?:(?:left|right|l|r)[-_]?)?"
_MODIFIER = rf"{_SIDE}(?:ctrl|control|alt|option|shift|win|cmd|super|meta)(?:[-_]?[lr])?"
_KEY = (
    r"(?:enter|return|esc|escape|tab|backspace|delete|del|insert|ins|home|end|page[-_]?up"
    r"|page[-_]?down|pgup|pgdn|up|down|left|right|space|caps[-_]?lock|num[-_]?lock|lock[-_]?screen"
    rf"|f[1-9]|f1[0-2]|{_MODIFIER}|\S)"
)
"""The names of keys that one of the two drivers knows (Cyberdesk's documentation)."""
_CHORD = rf"(?:{_MODIFIER}\+)*{_KEY}"
_CHORDS = re.compile(f"{_CHORD}(?: {_CHORD})*")
_SCALARS = {words: name for name, words in SCALARS.items()}
_MILLISECONDS = {"hour": 3_600_000, "minute": 60_000, "second": 1_000, "millisecond": 1}

_EXACT = {"values.exact", "values.secret", "values.value"}


@cache
def _family_names(name: str) -> tuple[str, ...]:
    return tuple(each for each in SENTENCES if each.startswith(f"{name}."))


# Texts between marks


def split_quotation(text: str) -> tuple[str, str] | None:
    """Split a text into what it begins with, in quotation marks or brackets, and the rest.

    None if it does not begin so, or if a value contains the closing mark.
    """
    bracket = _BRACKET.match(text)
    if bracket is not None:
        number = bracket[1]
        closing = f"|{number}⟧" if number else "⟧"
        start = bracket.end()
    elif text[:1] in _QUOTES:
        closing, start = _QUOTES[text[0]], 1
    else:
        return None
    end = text.find(closing, start)
    if end < 0 or move_outside(closing) in text[start:end]:
        return None
    return text[start:end], text[end + len(closing) :]


def _read_quoted(text: str) -> Iterator[str]:
    """Parse a text that is entirely between marks, on one line."""
    found = split_quotation(text)
    if found is not None and not found[1] and "\n" not in found[0]:
        yield found[0]


def _read_quoted_line(text: str) -> Iterator[str]:
    """Parse the author's words between marks: no value may contain a line end."""
    for found in _read_quoted(text):
        if not outside_lines(found):
            yield found


def _read_bracketed(text: str) -> Iterator[str]:
    if text.startswith("⟦"):
        yield from _read_quoted(text)


def _read_clause(text: str) -> Iterator[str]:
    if text.startswith("⟦"):
        yield from _read_quoted_line(text)
    elif text and text == text.strip(" ") and "\n" not in text and not outside_lines(text):
        yield from own_words(text)


def own_words(text: str) -> Iterator[str]:
    """Yield the author's words, without the brackets around values; empty if a value has none."""
    around = _IN_BRACKETS.sub("", text)
    if around == move_inside(around) and not any(each in around for each in "⟦⟧"):
        bare = any(found["runtime"] or found["input"] for found in TOKEN.finditer(around))
        if not bare:
            yield _IN_BRACKETS.sub(r"\1", text)


_IN_BRACKETS = re.compile(f"⟦([^⟦⟧“”]*)⟧(?:{re.escape(DATA_NOTE)})?")


def _read_shown(text: str) -> Iterator[str]:
    """Parse the author's words between “ and ”, without the brackets around the values in them.

    A value must be in brackets, which it does not contain; elsewhere it could pass for the author's
    words.
    """
    if text[:1] != "“" or text[-1:] != "”" or "\n" in text or outside_lines(text):
        return
    content = text[1:-1]
    around = _IN_BRACKETS.sub("", content)
    if any(each in move_inside(content.replace("⟦", "").replace("⟧", "")) for each in "⟦⟧"):
        return
    if not any(each in around for each in "⟦⟧“”") and around == move_inside(around):
        yield _IN_BRACKETS.sub(r"\1", content)


def _in_parentheses(text: str) -> str | None:
    return text[1:-1] if text.startswith("(") and text.endswith(")") else None


def split_first_part(text: str, separator: str) -> Iterator[tuple[str, str | None]]:
    """Yield every split of a list into its first part and the rest, None after the last."""
    yield text, None
    end = text.find(separator)
    while end >= 0:
        yield text[:end], text[end + len(separator) :]
        end = text.find(separator, end + 1)


def _read_list(text: str, separator: str, part: Reader, rest: Reader) -> Iterator[tuple[Any, ...]]:
    """Yield every list that a text has, of parts and separators; `rest` reads what follows one."""
    for first, others in split_first_part(text, separator):
        for each in part(first):
            if others is None:
                yield (each,)
            else:
                yield from ((each, *more) for more in rest(others))


_MARKED = re.compile(f"⟦([^⟦⟧]*)⟧{re.escape(DATA_NOTE)}")


def without_notes(text: str) -> str:
    """Return a text without the marks around values that are declared to be data."""
    return _MARKED.sub(r"\1", text)


# Names, numbers, variables


def _spell_literal(text: str) -> str:
    return fill_in_variables(text, lambda path, spelled: spelled)


def _read_variable(text: str) -> Iterator[tuple[str | int, ...]]:
    found = TOKEN.fullmatch(text)
    if found is not None and found["runtime"]:
        yield path_parts(found["runtime"])


def _read_saved(text: str) -> Iterator[tuple[str | int, ...]]:
    found = TOKEN.fullmatch(text)
    if found is not None and found["saved"]:
        yield SAVED, *path_parts(found["saved"])


def _read_copied(text: str) -> Iterator[tuple[str | int, ...]]:
    for content in _read_bracketed(text):
        yield from (*_read_variable(content), *_read_saved(content))


def _read_filled(text: str) -> Iterator[tuple[str | int, ...]]:
    for content in _read_bracketed(text):
        yield from _read_variable(content)


def _read_held(text: str) -> Iterator[tuple[str | int, ...]]:
    for content in _read_quoted(text):
        yield from _read_variable(content)


def _read_secret(text: str) -> Iterator[str]:
    found = TOKEN.fullmatch(text)
    if found is not None and found["secret"]:
        yield text


def _read_path(text: str) -> Iterator[tuple[str | int, ...]]:
    for content in _read_quoted(text):
        yield from _read_variable(f"{{{{{content}}}}}")


def _read_name(text: str) -> Iterator[str]:
    for content in _read_quoted(text):
        yield _spell_literal(content)


def _read_key(text: str) -> Iterator[str]:
    return (content for content in _read_quoted(text) if re.fullmatch(r"\w+", content))


_WHOLE = "(?:0|-?[1-9][0-9]*)"


def _read_count(text: str) -> Iterator[int]:
    if re.fullmatch(_WHOLE, text):
        yield int(text)


def _read_numbers(text: str) -> Iterator[tuple[int, ...]]:
    if re.fullmatch(rf"{_WHOLE}(?:{re.escape(OR)}{_WHOLE})*", text):
        yield tuple(map(int, text.split(OR)))


def _read_bound(text: str) -> Iterator[int | str]:
    """Parse a number; one from an input stays a text, as no other words depend on it."""
    yield from _read_count(text)
    if original := _original_of_input(text):
        yield original


def _read_keys(text: str) -> Iterator[str]:
    if _CHORDS.fullmatch(text) and "times" not in text.split(" "):
        yield text


def _read_scalar(text: str) -> Iterator[Any]:
    if text in ("true", "false"):
        yield text == "true"
    elif re.fullmatch(r"-?[0-9]+", text):
        yield int(text)
    elif re.fullmatch(r"-?[0-9]+\.[0-9]+", text):
        yield float(text)


def _read_picture(text: str) -> Iterator[tuple[str, str]]:
    parts = text.split(PICTURE)
    if len(parts) == 4 and not parts[0] and not parts[3]:
        yield parts[1], parts[2]


def _make_word_reader(words: dict[str, str]) -> Reader:
    by_words = {text: name for name, text in words.items()}

    def read(text: str) -> Iterator[str]:
        if text in by_words:
            yield by_words[text]

    return read


# Kinds that hold sentences


def machine_grammar() -> Grammar:
    """Return the grammar of all sentences, with a reader for every kind of hole."""
    grammar = Grammar()

    def one_of(*names: str) -> Callable[[str], tuple[Said, ...]]:
        return lambda text: grammar.read(names, text)

    def exact(text: str) -> Iterator[tuple[str, str]]:
        """Parse a text with visible ends, as its noun and its content: `("command", "dir")`."""
        for said in grammar.sentence("values.value", text):
            yield "JSON value", said["value"]
        yield from (("text", said["value"]) for said in grammar.sentence("values.secret", text))
        for said in grammar.sentence("values.exact", text):
            lines: tuple[tuple[str, str], ...] = said["lines"]
            contents = [content for _, content in lines]
            if len(lines) != (said["count"] or 1):
                continue
            if any(opening != said["open"] for opening, _ in lines):
                continue
            if said["open"].strip("⟦|") != said["close"].strip("⟧|"):
                continue
            if not said["open_ended"] and any(map(outside_lines, contents)):
                continue
            notes = said["notes"] or ()
            if has_contradiction(notes, [move_inside(each) for each in contents]):
                continue
            if lacks_note(notes, contents):
                continue
            yield said["noun"], "\n".join(contents)

    def delimited(text: str) -> Iterator[str]:
        yield from filter(is_plain, _read_bracketed(text))
        yield from (content for noun, content in exact(text) if noun == "text")

    def any_exact(text: str) -> Iterator[str]:
        plain = (said["value"] for said in grammar.sentence("values.text", text))
        yield from filter(is_plain, plain)
        yield from (content for noun, content in exact(text) if noun == "text")

    def lines(text: str) -> Iterator[tuple[tuple[str, str], ...]]:
        """Parse lines in brackets, each as its opening bracket and its content."""
        found: list[tuple[str, str]] = []
        while text:
            start = _BRACKET.match(text[1:])
            part = split_quotation(text[1:]) if text[0] in " \n" and start is not None else None
            if part is None or start is None:
                return
            found.append((start[0], part[0]))
            text = part[1]
        if found:
            yield tuple(found)

    def command(text: str) -> Iterator[str]:
        return (content for noun, content in exact(text) if noun == "command")

    def type_(text: str) -> Iterator[Any]:
        if text in _SCALARS:
            yield ScalarShape(_SCALARS[text])
        enums = ("types.enum", "types.open_enum", "types.number_enum")
        for said in grammar.read((*enums, "types.list", "types.optional"), text):
            match said.name:
                case "types.enum" | "types.number_enum":
                    yield EnumShape(said["values"])
                case "types.open_enum":
                    yield EnumShape(said["values"], open=True)
                case "types.list":
                    yield ListShape(said["element"])
                case _:
                    yield OptionalShape(said["type"])
        for said in grammar.sentence("types.record", text):
            yield RecordShape(said["fields"])
        for said in grammar.sentence("types.records", text):
            yield ListShape(RecordShape(said["fields"]))
        within = _in_parentheses(text)
        if within is not None:
            yield from grammar.hole("type", within)

    def options(text: str) -> Iterator[tuple[str, ...]]:
        values: list[str] = []
        while True:
            found = split_quotation(text)
            if found is None:
                return
            values.append(_spell_literal(found[0]))
            if not found[1]:
                yield tuple(values)
                return
            if not found[1].startswith(OR):
                return
            text = found[1][len(OR) :]

    def fields(text: str) -> Iterator[tuple[FieldShape, ...]]:
        found = split_quotation(text)
        if found is None or not found[1].startswith(": "):
            return
        name = _spell_literal(found[0])
        yield from _read_list(
            found[1][2:],
            AND,
            lambda body: (FieldShape(name, *each) for each in field(body)),
            partial(grammar.hole, "fields"),
        )

    def field(text: str) -> Iterator[tuple[Any, str, str | None]]:
        """Parse what follows the name of a field, as its type, description and default."""
        for words, rest in split_first_part(text, " ("):
            for shape in grammar.hole("type", words):
                if rest is None:
                    yield shape, "", None
                elif rest.endswith(")"):
                    yield from ((shape, *each) for each in notes(rest[:-1]))

    def notes(text: str) -> Iterator[tuple[str, str | None]]:
        """Parse the parentheses after a type: a description, a default, or both."""
        for said in grammar.sentence("types.default", f"({text})"):
            yield "", said["value"]
        for note, rest in split_first_part(text, ") ("):
            quoted = split_quotation(note)
            words = note if quoted is None else quoted[0]
            if quoted is not None and quoted[1]:
                continue
            if quoted is None and not _is_balanced(note):
                continue
            if rest is None:
                yield _spell_literal(words), None
            else:
                for said in grammar.sentence("types.default", f"({rest})"):
                    yield _spell_literal(words), said["value"]

    def value(text: str) -> Iterator[Any]:
        """Parse a value as `View.built` takes it: what kind of description it is, and that."""
        yield from (("json", each) for each in _read_scalar(text))
        yield from (("variable", path) for path in (*_read_variable(text), *_read_saved(text)))
        for noun, content in exact(text):
            if noun != "command":
                yield ("written" if noun == "JSON value" else "text"), content
        for said in grammar.read(tuple(set(_family_names("values")) - _EXACT), text):
            match said.name:
                case "values.text":
                    yield "text", said["value"]
                case "values.missing":
                    yield "json", None
                case "values.no_entries":
                    yield "list", ()
                case "values.no_fields":
                    yield "object", ()
                case "values.entries":
                    yield "list", said["values"]
                case _:
                    yield "object", said["values"]

    def closed(text: str) -> Iterator[Any]:
        """Parse an entry or a member: a list or an object with anything in it has parentheses."""
        within = _in_parentheses(text)
        if within is None:
            yield from (each for each in grammar.hole("value", text) if not _is_open(each))
        else:
            yield from (each for each in grammar.hole("value", within) if _is_open(each))

    def entries(text: str) -> Iterator[tuple[Any, ...]]:
        return _read_list(text, THEN, closed, partial(grammar.hole, "entries"))

    def members(text: str) -> Iterator[tuple[tuple[str, Any], ...]]:
        found = split_quotation(text)
        if found is None or not found[1].startswith(": "):
            return
        name = _spell_literal(found[0])
        yield from _read_list(
            found[1][2:],
            AND,
            lambda body: ((name, member) for member in closed(body)),
            partial(grammar.hole, "members"),
        )

    def operand(text: str) -> Iterator[Any]:
        """Parse what a comparison has at its sides; unlike a value, a text may be in quotes."""
        yield from (("text", content) for content in delimited(text))
        if not text.startswith("⟦"):
            yield from (("text", content) for content in _read_quoted(text))
        yield from (each for each in grammar.hole("value", text) if each[0] != "text")

    def bare(text: str) -> Iterator[Any]:
        """Parse an operand, or an input of a kind whose end is clear."""
        if original := _original_of_input(text):
            if original == EMPTY or any(True for _ in _read_scalar(original)):
                yield "text", text
        else:
            yield from operand(text)

    def truth(text: str) -> Iterator[Any]:
        """Parse a value of the run as an operand, or an input after its name."""
        named = split_quotation(text)
        if named is not None and (within := _in_parentheses(named[1][1:])) is not None:
            if named[1].startswith(" ") and "\n" not in named[0] and _original_of_input(within):
                yield from bare(within)
        elif not _original_of_input(text):
            yield from bare(text)

    def choices(text: str) -> Iterator[tuple[Any, ...]]:
        return _read_list(text, AND, operand, choices)

    def condition(text: str) -> Iterator[Any]:
        yield from grammar.read(_family_names("conditions"), text)
        for word, name in ((ALL, "all"), (ANY, "any")):
            for parts in joined(text, word):
                if len(parts) > 1:
                    yield Said(name, (("operands", parts),))

    def why(text: str) -> Iterator[Any]:
        yield from grammar.hole("condition", text)
        yield from grammar.read(("control.failed", "control.no_condition"), text)

    def joined(text: str, word: str) -> Iterator[tuple[Any, ...]]:
        return _read_list(text, word, bracketed_condition, lambda rest: joined(rest, word))

    def bracketed_condition(text: str) -> tuple[Any, ...]:
        within = _in_parentheses(text)
        return () if within is None else grammar.hole("condition", within)

    def duration(text: str) -> Iterator[int]:
        for said in grammar.read(_family_names("durations"), text):
            yield said["count"] * _MILLISECONDS[said.name.partition(".")[2]]

    def items(text: str) -> Iterator[Any]:
        """Parse the list argument of `start_loop`; a list from an input is the whole text."""
        if text[:1] == '"' == text[-1:] and move_inside(text[1:-1]) == _original_of_input(
            text[1:-1]
        ):
            yield "json", text[1:-1]
            return
        for content in _read_quoted(text):
            if paths := list(_read_variable(content)):
                yield from (("variable", path) for path in paths)
            else:
                yield "json", content

    def reading(text: str) -> Iterator[Said]:
        for content in _read_quoted(text):
            yield from grammar.sentence("data.background_prompt", content)

    def given(text: str) -> Iterator[tuple[str, ...]]:
        """Parse pairs `name = {{name}}`, whole variables, as only objects and lists end clearly."""
        names = []
        for part in text.split(AND):
            name, _, variable = part.partition(" = ")
            if list(_read_variable(variable)) != [(name,)]:
                return
            names.append(name)
        yield tuple(names)

    kinds: dict[str, Reader] = {
        "answer": _read_name,
        "ask": one_of(*sentences_at(ASK)),
        "bare": bare,
        "bound": _read_bound,
        "bracketed": _read_bracketed,
        "choices": choices,
        "clause": _read_clause,
        "closing": _read_mark,
        "command": command,
        "comparison": _make_word_reader(COMPARISONS),
        "condition": condition,
        "consequence": one_of(*sentences_at(CONSEQUENCE)),
        "copied": _read_copied,
        "count": _read_count,
        "delimited": delimited,
        "duration": duration,
        "entries": entries,
        "exact": any_exact,
        "fields": fields,
        "filled": _read_filled,
        "given": given,
        "held": _read_held,
        "items": items,
        "key": _read_key,
        "keys": _read_keys,
        "lines": lines,
        "mark": _read_saved,
        "members": members,
        "model": _read_name,
        "name": _read_name,
        "notes": read_notes(grammar),
        "noun": lambda text: (text,) if text in ("text", "JSON value", "command") else (),
        "numbers": _read_numbers,
        "opening": _read_mark,
        "operand": operand,
        "options": options,
        "part": _make_word_reader(PARTS),
        "path": _read_path,
        "picture": _read_picture,
        "quoted": _read_quoted_line,
        "reading": reading,
        "reason": _read_quoted_line,
        "relation": _make_word_reader(NUMERIC),
        "rule": _read_clause,
        "secret": _read_secret,
        "shown": _read_shown,
        "source": one_of(*_family_names("sources")),
        "spelled": _read_name,
        "start": one_of(*sentences_at(START)),
        "text": _read_quoted,
        "truth": truth,
        "type": type_,
        "value": value,
        "why": why,
    }
    grammar.add(kinds)
    return grammar


def _original_of_input(text: str) -> str:
    """Return the original of a text that is entirely from inputs; empty for any other."""
    original = move_inside(text)
    return original if original and move_outside(original) == text else ""


def _read_mark(text: str) -> Iterator[str]:
    if re.fullmatch(r"⟦(?:[0-9]+\|)?|(?:\|[0-9]+)?⟧", text):
        yield text


def _is_open(value: tuple[str, Any]) -> bool:
    return value[0] in ("list", "object") and bool(value[1])


def _is_balanced(text: str) -> bool:
    depth = 0
    for each in text:
        depth += (each == "(") - (each == ")")
        if depth < 0:
            return False
    return depth == 0
