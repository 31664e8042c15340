"""Substitutes the known inputs of a run in the texts of its prompt, and matches unknown ones. Pure.

A run reports the values that its caller gave. A machine, a pool or an earlier step of a chain may
supply others (Cyberdesk's documentation), which are known only as far as the history shows them.
Such a value keeps its spelling, `{site}`, and matches any text.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowdsl.tracing.history import shorten_text

EMPTY = "__EMPTY__"
MAX_VALUE = 2_000

FoundValues = Mapping[str, str]
"""Values found in the history, by their spelling in the prompt, such as `{site}`."""

_ROOT = r"[^\W\d]\w*"
_STEPS = r"""(?:\.\w+|\[\d{1,9}\]|\['[^'\]]*'\]|\["[^"\]]*"\])*"""
_TOKEN = re.compile(
    rf"\\(?P<brace>[{{}}])|(?P<runtime>\{{\{{\s*{_ROOT}{_STEPS}\s*\}}\}})"
    rf"|(?P<saved>⟪{_ROOT}{_STEPS}⟫)|\{{(?P<root>{_ROOT})(?P<steps>{_STEPS})\}}"
)
_STEP = re.compile(r"""\.(\w+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]""")
_BREAK = re.compile(r"</(?:p|div|li|h\d|tr)>|<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_LETTER = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text that contains unknown values: these are between the `pieces`."""

    pieces: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether the text contains unknown values."""
        return len(self.pieces) > 1

    @property
    def known_letters(self) -> int:
        """The number of known letters and digits."""
        return sum(len(_LETTER.findall(piece)) for piece in self.pieces)

    def fits(self, text: str) -> bool:
        """Whether `text` is this text with some values in place of the unknown ones."""
        first, *rest = self.pieces
        if not rest:
            return first == text
        at = _end_of(rest[:-1], text, len(first)) if text.startswith(first) else None
        return at is not None and text.endswith(rest[-1]) and len(text) - len(rest[-1]) >= at

    def is_within(self, text: str) -> bool:
        """Whether `text` contains this text, with some values in place of the unknown ones."""
        return _end_of(self.pieces, text, 0) is not None


def fill_in_inputs(text: str, inputs: Mapping[str, Any], known: FoundValues | None = None) -> str:
    r"""Return `text` with the known values of `{inputs}` substituted.

    Unknown ones keep their spelling, and so do `{{runtime}}` and `{$secret}`; `\{` is a brace.
    """
    return shorten_text(
        "".join(shown for shown, _ in _split_known_parts(text, inputs, known or {}))
    )


def pattern_of(text: str, inputs: Mapping[str, Any], known: FoundValues | None = None) -> Pattern:
    """Return the pattern of `text`, with the known values of `{inputs}` filled in.

    Unknown inputs and runtime values match any text.
    """
    pieces = [""]
    for shown, is_known in _split_known_parts(shorten_text(text), inputs, known or {}):
        if is_known:
            pieces[-1] += shown
        else:
            pieces.append("")
    return Pattern(tuple(pieces))


def fill_in_prompt(prompt: str, inputs: Mapping[str, Any], known: FoundValues | None = None) -> str:
    """Return a prompt with the known values substituted, line by line."""
    return "\n".join(fill_in_inputs(line, inputs, known) for line in prompt.split("\n"))


def plain_lines(prompt: str) -> Iterator[tuple[int, str]]:
    """Return the lines, numbered from 1, without the tags of the dashboard's editor.

    In HTML one line of the text may give several lines, all with its number.
    """
    is_html = _BREAK.search(prompt) is not None
    for number, line in enumerate(prompt.split("\n"), 1):
        if not is_html:
            yield number, line
            continue
        for part in _BREAK.split(line):
            plain = html.unescape(_TAG.sub("", part))
            if plain.strip() or part == line:
                yield number, plain


def infer_inputs(prompt: str, inputs: Mapping[str, Any], seen_prompt: str) -> dict[str, str] | None:
    """Infer the inputs that the run does not report, from the prompt that the agent was given.

    `prompt` is aligned with `seen_prompt`; None if that is another prompt. A value is accepted only
    if the text around it leaves no choice, and if it is the same everywhere. Takes a few passes
    over the text.
    """
    unknown_inputs: list[str] = []
    parts: list[str] = []
    for shown, is_known in _split_known_parts(prompt, inputs, {}, limit=None):
        # The agent is given the spelling of a runtime value, which is text to be matched like any.
        is_input = not is_known and not shown.startswith(("{{", "⟪"))
        if is_input:
            unknown_inputs.append(shown)
        parts.append("\0" if is_input else shown.replace("\0", ""))  # NUL is the place of an input
    # Blanks around a value may belong to it.
    pieces = [each.strip() for each in " ".join("".join(parts).split()).split("\0")]
    text = " ".join(seen_prompt.replace("\0", "").split())
    # Aligned from the left and from the right: where both give the same places, no other is
    # possible.
    first, last = _locate_pieces(pieces, text), _places_from_the_end(pieces, text)
    if first is None or last is None:
        return None
    values: dict[str, set[str]] = {}
    unsure: set[str] = set()
    for index, name in enumerate(unknown_inputs):
        value = text[first[index] + len(pieces[index]) : first[index + 1]].strip()
        if value and first[index : index + 2] == last[index : index + 2]:
            values.setdefault(name, set()).add(value)
        else:
            unsure.add(name)
    return {
        name: next(iter(every))
        for name, every in values.items()
        if len(every) == 1 and name not in unsure
    }


def _locate_pieces(pieces: Sequence[str], text: str) -> list[int] | None:
    """Return where each piece begins, as early as possible; None if they do not form the text."""
    first, *rest = pieces
    if not rest:
        return [0] if text == first else None
    *middle, last = rest
    if not text.startswith(first):
        return None
    places, at = [0], len(first)
    for piece in middle:
        at = text.find(piece, at)
        if at < 0:
            return None
        places.append(at)
        at += len(piece)
    end = len(text) - len(last)
    return [*places, end] if text.endswith(last) and end >= at else None


def _places_from_the_end(pieces: Sequence[str], text: str) -> list[int] | None:
    """Return where each piece begins, as late as possible."""
    found = _locate_pieces([piece[::-1] for piece in reversed(pieces)], text[::-1])
    if found is None:
        return None
    return [len(text) - at - len(piece) for at, piece in zip(reversed(found), pieces, strict=True)]


def _end_of(pieces: Sequence[str], text: str, at: int) -> int | None:
    """Return the end of the last piece that `text` contains in this order, from `at`."""
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return None
        at += len(piece)
    return at


def _split_known_parts(
    text: str,
    inputs: Mapping[str, Any],
    known: FoundValues,
    *,
    limit: int | None = MAX_VALUE,
) -> Iterator[tuple[str, bool]]:
    """Return the parts of the text, each with whether it is known; unknown ones are unchanged."""
    at = 0
    for token in _TOKEN.finditer(text):
        if token.start() > at:
            yield text[at : token.start()], True
        at = token.end()
        if token["brace"]:
            yield token["brace"], True
        elif token["root"] is None:
            yield token[0], False
        else:
            value = _find_known_value(inputs, token["root"], token["steps"])
            value = known.get(token[0]) if value is None else value
            if value is None:
                yield token[0], False
            else:
                yield value if limit is None else shorten_text(value, limit), True
    if at < len(text):
        yield text[at:], True


def _find_known_value(inputs: Mapping[str, Any], root: str, steps: str) -> str | None:
    """Return the value at a path as written in a prompt; None if the run does not report it.

    A value that the caller omitted or left blank is the machine's or a pool's, if these have one.
    """
    value = inputs.get(root)
    if value is None or value == "":
        return None
    for found in _STEP.finditer(steps):
        if _is_reference(value):
            return None
        if found[2] is not None:
            index = int(found[2])
            value = value[index] if isinstance(value, list) and index < len(value) else EMPTY
        else:
            name = found[1] or found[3] or found[4] or ""
            value = value.get(name, EMPTY) if isinstance(value, Mapping) else EMPTY
    if _has_reference(value):
        return None
    if value is None or value == "":
        return EMPTY
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_reference(value: object) -> bool:
    """Whether a value is an output of an earlier step of a chain, which the service substitutes."""
    return isinstance(value, Mapping) and "$ref" in value


def _has_reference(value: object) -> bool:
    left = [value]
    while left:
        item = left.pop()
        if _is_reference(item):
            return True
        if isinstance(item, Mapping):
            left += item.values()
        elif isinstance(item, list):
            left += item
    return False
