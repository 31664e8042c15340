"""Detect author's words that look like a sentence of ours, which an agent would execute.

The comparison is coarse: the words of a sentence around its holes, and in each hole anything that
looks like its kind. Matching words are refused, so that no prompt has two meanings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from flowdsl.semantics.capabilities import MODIFIERS, NAMED_KEYS, NEW_KEYS, NEW_MODIFIERS

from .sentences import ASK, LINE, SENTENCES, Hole, sentences_at

_ON_CONDITION = ("If", "Otherwise")
"""The first words of conditional lines, which prose may use, too."""

_ENDS = ("control.ask", "control.ask_else", "control.ask_else_do", "control.ask_decide")

_LEAVES = (
    "control.fail_with",
    "control.fail_last",
    "control.abort_with",
    "control.attempt_failed_with",
    "control.attempt_failed_last",
)
"""Ends of sentences that can be a line of their own, with a capital letter and a full stop."""

_STARTS = (
    "control.else_",
    "control.retry_missing",
    "control.attempt_missing",
    "tools.run_check",
)
"""Words that refer to the line before; prose that begins with them would too."""

_NAMES = MODIFIERS | NAMED_KEYS | NEW_KEYS.keys() | NEW_MODIFIERS.keys()
_MARKED = r"(?:\"[^\"]*\"|'[^']*'|⟦.*⟧)"
_KINDS = {
    "command": r"the command .*⟦.*⟧",
    "count": r"[0-9]+",
    "duration": r"[0-9]+ (?:hour|minute|second|millisecond)s?",
    "exact": rf"(?:{_MARKED}|the (?:(?:text|JSON value) .*⟦.*⟧|secret .+))",
    "held": _MARKED,
    "items": _MARKED,
    "key": _MARKED,
    "reason": _MARKED,
    # Looked at by `_are_keys`: to compile a pattern of all names takes longer than to check a file.
    "keys": r"(\S+(?: \S+)*)",
    "members": f"{_MARKED}: .+",
    "name": _MARKED,
    "picture": "<img .*>",
    "quoted": _MARKED,
    "shown": "“.*”",
    "variable": r"\{\{.*\}\}",
}


@cache
def _sentence_patterns(first: str) -> tuple[re.Pattern[str], ...]:
    """Return patterns for the sentences that begin with a word; a group in one stands for keys.

    All of them in one pattern would take longer to compile than a small project to check.
    """
    spelled = [
        "".join(map(_part_pattern, line))
        for line in _find_line_sentences()
        if _first_word(line[0]) == first
    ]
    keys = _KINDS["keys"]
    whole = "|".join(f"(?:{each})" for each in spelled if keys not in each)
    patterns = ([whole] if whole else []) + [each for each in spelled if keys in each]
    return tuple(re.compile(each, re.DOTALL) for each in patterns)


def _are_keys(text: str | None) -> bool:
    """Whether a text is a list of keys and chords, as `Ctrl+S F5` is; also without any text."""
    for chord in () if text is None else text.split(" "):
        rest = chord
        while rest not in _NAMES and len(rest) != 1:
            name, plus, rest = rest.partition("+")
            if not plus or name not in _NAMES:
                return False
    return True


def _part_pattern(part: str | Hole) -> str:
    return _KINDS.get(part.kind, ".+") if isinstance(part, Hole) else re.escape(part)


def whole_lines() -> list[str]:
    """Return the sentences that are a whole unconditional line."""
    firsts = {name: next(_find_word_variants(name))[0] for name in sentences_at(LINE)}
    return [
        name
        for name, first in firsts.items()
        if isinstance(first, str) and not first.startswith(_ON_CONDITION)
    ]


@cache
def _find_line_sentences() -> tuple[tuple[str | Hole, ...], ...]:
    """Return the words and holes of each sentence that is a line, for each set of choices."""
    found = [line for name in whole_lines() for line in _find_word_variants(name)]
    found += [
        (*ask, *end[1:])
        for name in sentences_at(ASK)
        for ask in _find_word_variants(name)
        for end in map(_first_word_variant, _ENDS)
    ]
    for name in _LEAVES:
        for first, *rest in _find_word_variants(name):
            found.append((f"{str(first)[:1].upper()}{str(first)[1:]}", *rest, "."))
    return tuple(found)


def _find_word_variants(name: str) -> Iterator[tuple[str | Hole, ...]]:
    sentence = SENTENCES[name]
    return (tuple(sentence.words(chosen)) for chosen in sentence.variants())


def _first_word_variant(name: str) -> tuple[str | Hole, ...]:
    return next(_find_word_variants(name))


def _first_word(text: str | Hole) -> str:
    return str(text).partition(" ")[0].removesuffix(".")


@cache
def _line_start_pattern() -> re.Pattern[str]:
    words = "|".join(re.escape(SENTENCES[name].text) for name in _STARTS)
    return re.compile(rf"(?:{words})\b[:, ]")


def like_a_sentence(text: str) -> bool:
    """Whether a line of prose, with a mark for each value, looks like one of our sentences."""
    for pattern in _sentence_patterns(_first_word(text)):
        found = pattern.fullmatch(text)
        if found is not None and _are_keys(found[1] if pattern.groups else None):
            return True
    return _line_start_pattern().match(text) is not None
