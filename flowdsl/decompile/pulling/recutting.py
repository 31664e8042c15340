"""Cuts the lines of an edited prompt as the compiler does, where their words allow it.

A sentence that somebody added behind one of the compiler becomes a line of its own, a sentence of
the compiler that was cut in two becomes whole, two that were joined become two, and words that were
put in beside the marks of a text become words of that text. Words and their order stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flowdsl.prompt.reading.normal_form import normalise_prompt
from flowdsl.prompt.reading.own_lines import (
    CUTS,
    find_place_behind_head,
    list_own_lines,
    say_the_same_words,
)
from flowdsl.source.alignment import Effort, Opcode
from flowdsl.source.record import Record

from ..reading.statements import is_prose

_LINE = re.compile(r"( *)((?:[0-9][0-9.]*|-) )(.*)")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_ENDS = re.compile(r"[.!?]['\")\u201d\u27e7]*$")


class _Token(Record):
    """A word or sign of a text, with its range; `depth` counts the marks “ ” around it."""

    key: str
    start: int
    end: int
    depth: int


def recut_prompt(prompt: str, compiled: str) -> str:
    """Return an edited prompt with its lines cut as in a compiled one, both in normal form.

    The prompt itself if its words do not allow it.
    """
    old, new = compiled.split("\n"), prompt.split("\n")
    effort = Effort()
    before, after = ([_LINE.sub(r"\1\3", line) for line in each] for each in (old, new))
    lines: list[str] = []
    for tag, i1, i2, j1, j2 in effort.compute_opcodes(before, after):
        block = None
        if tag == "replace":
            block = _recut_lines(effort, old[i1:i2], new[j1:j2])
        lines += new[j1:j2] if block is None else block
    recut = normalise_prompt("\n".join(_close_statements(lines)))
    first, second = list_own_lines(recut), list_own_lines(prompt)
    if first is None or second is None or not say_the_same_words(first, second):
        return prompt
    return recut


def _close_statements(lines: Sequence[str]) -> list[str]:
    """Return lines, with what stands between the lines of one statement behind them."""
    closed: list[tuple[str, str]] = []
    for line in lines:
        found = _LINE.fullmatch(line)
        text, lead = (line, "") if found is None else (found[3], "".join(found.group(1, 2)))
        place = find_place_behind_head(text, closed)
        between = [each for each in closed[place:] if not each[0].endswith(":")]
        if not all(is_prose(each) for each, _ in between):
            between = []
        closed[place:] = [each for each in closed[place:] if each not in between]
        closed += [(text, line), *((each, lead + each) for each, _ in between)]
    return [line for _, line in closed]


def _recut_lines(effort: Effort, old: Sequence[str], new: Sequence[str]) -> list[str] | None:
    """Return new lines cut as the old ones, which they replace; None if they cannot be."""
    found = [_LINE.fullmatch(each) for each in (*old, *new)]
    matches = [each for each in found if each is not None]
    if len(matches) < len(found) or len({each[1] for each in matches}) > 1:
        return None
    if all(is_prose(each[3]) for each in matches[: len(old)]):
        return None
    lead = "".join(matches[0].group(1, 2))
    texts = [each[3] for each in matches]
    before, ends = _join(texts[: len(old)])
    after, cuts = _join(texts[len(old) :])
    one, other = _tokens_of(before), _tokens_of(after)
    opcodes = effort.compute_opcodes([each.key for each in one], [each.key for each in other])
    changes = list(_place_changes(opcodes, one, ends, (after, other, cuts)))
    if None in changes:
        return None
    for start, end, words in reversed([each for each in changes if each is not None]):
        before = before[:start] + words + before[end:]
    return [lead + line for line in before.split("\n") if line]


def _join(texts: Sequence[str]) -> tuple[str, set[int]]:
    """Return texts as one, and the offsets at which they end."""
    ends: set[int] = set()
    size = -1
    for text in texts:
        size += len(text) + 1
        ends.add(size)
    return "\n".join(texts), ends


def _tokens_of(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    depth = 0
    for found in _TOKEN.finditer(text):
        depth -= found[0] == "\u201d"
        tokens.append(_Token(found[0].casefold(), found.start(), found.end(), depth))
        depth += found[0] == "\u201c"
    return tokens


def _place_changes(
    opcodes: Sequence[Opcode],
    one: Sequence[_Token],
    ends: set[int],
    new: tuple[str, Sequence[_Token], set[int]],
) -> Iterator[tuple[int, int, str] | None]:
    """Yield what to write in the place of which range of the old lines; None where nothing fits.

    `one` are the tokens of the old lines, joined, and `ends` the offsets at which those end. `new`
    is the same of the new lines, behind their text.
    """
    after, other, cuts = new
    for tag, i1, i2, j1, j2 in opcodes:
        if tag == "equal":
            continue
        start = one[i1].start if i1 < i2 else (one[i1 - 1].end if i1 else 0)
        end = one[i2 - 1].end if i1 < i2 else start
        place = other[j1 - 1].end if j1 else 0
        stop = other[j2 - 1].end if j1 < j2 else place
        inside = bool(0 < i1 < len(one)) and one[i1 - 1].depth + one[i1].depth > 0
        words = after[place:stop].strip() if j1 < j2 else ""
        gone, come = ([each.key for each in side] for side in (one[i1:i2], other[j1:j2]))
        near_cut = any(place <= cut <= stop + 1 for cut in cuts)
        if inside and all(each.depth for each in one[i1:i2]):
            yield one[i1 - 1].end, one[i2].start, after[place : other[j2].start]
        elif CUTS.issuperset(gone) and CUTS.issuperset(come) and (near_cut or start in ends):
            continue
        elif i1 < i2:
            yield None
        elif (not start or start in ends) and _are_sentences(words):
            yield start, end, f"{words}\n" if not start else f"\n{words}"
        elif not all(each[0].isalnum() for each in come):
            yield None
        elif i1 < len(one) and one[i1].key == "\u201c":
            yield one[i1].end, one[i1].end, f"{words} "
        elif i1 and one[i1 - 1].key == "\u201d":
            yield one[i1 - 1].start, one[i1 - 1].start, f" {words}"
        else:
            yield None


def _are_sentences(words: str) -> bool:
    """Whether words can stand alone; `if it is empty` behind a sentence cannot."""
    return not words[:1].islower() and _ENDS.search(words) is not None
