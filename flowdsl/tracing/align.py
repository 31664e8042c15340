"""Finds the line of the prompt that each entry of a run belongs to. Pure.

The agent words its messages freely and rarely gives a line number, so each entry gets *evidence*
for each unit of the prompt, strongest first: the reason it fails with, the instruction or the names
that it passes to a tool, the number it mentions, the tool, and words that it shares with the line,
where rare ones count more. Then dynamic programming finds the walk over the units that fits all
entries best. The walk goes forward; it goes back only within a loop, or, at a high cost, elsewhere.
An entry whose evidence is less than the cost of its place is left out of the walk and is *not
placed*.

    entries   "Pressing F3"   focused_action "Find the row…"   "Anything else?"
    units     3.1 ──────────> 3.3                              (not placed)

A walk over E entries and U units takes E x U steps.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from flowdsl.tracing.filling import EMPTY, Pattern
from flowdsl.tracing.history import Entry
from flowdsl.tracing.prompt_units import TOOLS, PromptUnit
from flowdsl.tracing.reasons import Reasons, normalise_reason

Confidence = Literal["high", "medium", "low"]

LEAST = 2.0
"""Minimum evidence for a placement."""
SURE, LIKELY = 7.0, 3.5
"""Minimum evidence for each confidence, which also requires a lead over every other unit."""

_BACK, _BACK_IN_LOOP, _SKIP, _MOST_SKIPPED = -4.0, -0.5, -0.1, -1.5
_WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*")
_SAID_NUMBER = re.compile(r"(?:^|\n)\W{0,4}(?:step\s+)?(\d{1,3}(?:\.\d{1,3})*)(?=[.):\s]|$)", re.I)
_SAID_STEP = re.compile(r"\b(?:step|line)\s+(\d{1,3}(?:\.\d{1,3})*)\b", re.I)
_MAX_WORDS = 400
_FEW = 20
"""Maximum number of units of a prompt in which every word counts."""

_Add = Callable[[int, float, str], None]
"""Adds points and a kind of evidence to a unit."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The place of an entry: the index of a unit, and the line of the prompt within it.

    `evidence` says why it was placed there: `reason`, `instruction`, `key`, `name`, `number`,
    `tool`, `words`, `between` two entries of the same line, or `answer`: it declares the failure
    that the previous entry returned.
    """

    unit: int
    line: int
    confidence: Confidence
    evidence: tuple[str, ...]


def place_entries(
    entries: Sequence[Entry], units: Sequence[PromptUnit]
) -> tuple[Placement | None, ...]:
    """Return the place of each entry, None for one that is not placed."""
    if not units:
        return (None,) * len(entries)
    scorer = _Scorer(units)
    scores = [scorer.scores(entry) for entry in entries]
    walk = _best_walk(entries, units, scores)
    placed: list[Placement | None] = []
    for entry, found, score in zip(entries, walk, scores, strict=True):
        placed.append(None if found is None else _make_placement(entry, units, found, score))
    return tuple(_place_declared_failures(entries, _place_between(entries, placed)))


@dataclass(slots=True)
class _Score:
    points: float
    evidence: list[str]


class _Scorer:
    """Computes the evidence of entries for the units of one prompt."""

    def __init__(self, units: Sequence[PromptUnit]) -> None:
        self._units = units
        words = [
            _unique_words("\n".join(" ".join(line.pattern.pieces) for line in unit.lines))
            for unit in units
        ]
        seen = Counter(word for each in words for word in each)
        # A word in a third of the lines of a long prompt distinguishes nothing, and costs the most.
        common = {word for word, count in seen.items() if count * 3 > len(units) > _FEW}
        words = [{word: None for word in each if word not in common} for each in words]
        self._weights = {word: math.log(1 + len(units) / count) for word, count in seen.items()}
        self._by_word: dict[str, list[int]] = defaultdict(list)
        for index, each in enumerate(words):
            for word in each:
                self._by_word[word].append(index)
        self._totals = [sum(self._weights[word] for word in each) or 1.0 for each in words]
        self._plain = [_squeeze_pattern(_instruction_of_unit(unit)) for unit in units]
        self._quoted = [
            frozenset(name.pieces[0] for name in unit.quoted if not name.is_open) for unit in units
        ]
        self._open = [[name for name in unit.quoted if name.is_open] for unit in units]
        self._reasons = Reasons(
            tuple(each for unit in units for line in unit.lines for each in line.reasons)
        )
        labels = Counter(unit.label for unit in units)
        self._labels = {
            unit.label: index for index, unit in enumerate(units) if labels[unit.label] == 1
        }

    def scores(self, entry: Entry) -> Mapping[int, _Score]:
        """Return the evidence for each unit that has any; empty for messages of the service."""
        if entry.kind in ("told", "note"):
            return {}
        found: dict[int, _Score] = defaultdict(lambda: _Score(0.0, []))

        def add(unit: int, points: float, evidence: str) -> None:
            score = found[unit]
            score.points += points
            if evidence not in score.evidence:
                score.evidence.append(evidence)

        self._reason(entry, add)
        self._given(entry, add)
        self._number(entry, add)
        self._common_words(entry, add)
        for index, score in found.items():
            tool = self._tool_fits(entry, self._units[index])
            score.points += tool
            if tool > 0:
                score.evidence.append("tool")
            if entry.loop is not None:
                score.points += 0.5 if self._units[index].loop is not None else -6.0
        return found

    def _reason(self, entry: Entry, add: _Add) -> None:
        for said in reasons_said(entry):
            if lines := {each.line for each in self._reasons.fitting(said)}:
                for index, unit in enumerate(self._units):
                    if any(line.number in lines for line in unit.lines):
                        add(index, 9.0, "reason")
                return

    def _given(self, entry: Entry, add: _Add) -> None:
        use = entry.use
        if use is None or entry.kind == "failure":
            return
        instruction = _squeeze_words(" ".join(use.texts))
        names = {text.strip() for text in use.texts if 2 < len(text.strip()) <= 300}
        for index, unit in enumerate(self._units):
            plain = self._plain[index]
            if len(instruction) >= 12 and _is_instruction(plain, instruction):
                add(index, 7.0, "instruction")
            if names & self._quoted[index]:
                add(index, 4.0, "name")
            elif any(text.fits(name) for text in self._open[index] for name in names):
                add(index, 3.0, "name")
            if use.tool == "upsert_runtime_values" and unit.variables & set(use.keys):
                add(index, 4.0, "key")

    def _number(self, entry: Entry, add: _Add) -> None:
        start = _SAID_NUMBER.match(entry.said)
        if start is not None and start[1] in self._labels:
            add(self._labels[start[1]], 5.0 if "." in start[1] else 3.5, "number")
            return
        for found in list(_SAID_STEP.finditer(entry.said))[:3]:
            if found[1] in self._labels:
                add(self._labels[found[1]], 4.0, "number")

    def _common_words(self, entry: Entry, add: _Add) -> None:
        text = entry.said
        if entry.use is not None:
            text = " ".join((text, *entry.use.texts))
        words = list(_unique_words(text))[:_MAX_WORDS]
        total = sum(self._weights.get(word, 1.0) for word in words)
        common: dict[int, float] = defaultdict(float)
        for word in words:
            for index in self._by_word.get(word, ()):
                common[index] += self._weights[word]
        for index, weight in common.items():
            ours, theirs = weight / self._totals[index], weight / total
            # A short remark about a long line is about it, and a long one about a short line.
            likeness = 0.65 * max(ours, theirs) + 0.35 * min(ours, theirs)
            if likeness >= 0.2 and weight >= 1.0:
                add(index, 6.0 * likeness, "words")

    @staticmethod
    def _tool_fits(entry: Entry, unit: PromptUnit) -> float:
        """Return the evidence of the tool for or against a unit."""
        if entry.use is None:
            return 0.0
        if unit.is_heading:
            return -2.0  # The title of further lines is not an action.
        if entry.kind == "failure" and any(line.reasons for line in unit.lines):
            return 0.0  # A rule for all lines says how to fail.
        tool = "extract_prompt" if "extract_prompt" in entry.use.keys else entry.use.tool
        if tool in unit.tools:
            return 2.0 if tool == unit.own_tool else 1.0
        if tool in TOOLS:
            return -4.0
        return -1.0 if unit.own_tool is not None else 0.5


def _best_walk(
    entries: Sequence[Entry], units: Sequence[PromptUnit], scores: Sequence[Mapping[int, _Score]]
) -> list[int | None]:
    """Return the unit of each entry on the best walk; None for entries that the walk leaves out.

    `best[u]` is the value of the best walk so far that ends at unit `u`; index 0 is before the
    first unit.
    """
    count = len(units)
    best = [0.0] + [-math.inf] * count
    chosen: list[dict[int, int]] = []
    previous: Entry | None = None
    for entry, score in zip(entries, scores, strict=True):
        came_from: dict[int, int] = {}
        after = list(best)
        paying = {unit + 1: each.points for unit, each in score.items() if each.points >= LEAST}
        if paying:
            ahead = _best_before(best)
            anywhere = max(range(count + 1), key=best.__getitem__)
            for state, points in paying.items():
                source, value = ahead[state], -math.inf
                if source >= 0:
                    value = best[source] + max(_SKIP * max(state - source - 1, 0), _MOST_SKIPPED)
                if best[anywhere] + _BACK > value:
                    source, value = anywhere, best[anywhere] + _BACK
                unit = units[state - 1]
                if unit.loop is not None and unit.loop_end is not None:
                    within = range(state, unit.loop_end + 2)
                    back = max(within, key=best.__getitem__)
                    price = 0.0 if _goes_on(previous, entry) else _BACK_IN_LOOP
                    if best[back] + price > value:
                        source, value = back, best[back] + price
                if value + points > after[state]:
                    after[state] = value + points
                    came_from[state] = source
            previous = entry
        best = after
        chosen.append(came_from)
    state = max(range(count + 1), key=best.__getitem__)
    walk: list[int | None] = []
    for came_from in reversed(chosen):
        if state in came_from:
            walk.append(state - 1)
            state = came_from[state]
        else:
            walk.append(None)
    return walk[::-1]


def _best_before(best: Sequence[float]) -> list[int]:
    """Return, for each state, the best state at or before it to come from; -1 if there is none.

    Skipped states are charged.
    """
    found: list[int] = []
    source, value, top = -1, -math.inf, 0
    for state, each in enumerate(best):
        value += _SKIP
        if each > best[top]:
            top = state
        if best[top] + _MOST_SKIPPED > value:
            source, value = top, best[top] + _MOST_SKIPPED
        if each >= value:
            source, value = state, each
        found.append(source if value > -math.inf else -1)
    return found


def _goes_on(previous: Entry | None, entry: Entry) -> bool:
    """Whether the history itself says that the loop has begun its next iteration."""
    return (
        previous is not None
        and previous.loop == entry.loop
        and (entry.iteration or 0) > (previous.iteration or 0)
    )


def _make_placement(
    entry: Entry, units: Sequence[PromptUnit], unit: int, scores: Mapping[int, _Score]
) -> Placement:
    score = scores[unit]
    text = _text_without_number(units[unit])
    others = {index: _text_without_number(units[index]) for index in scores if index != unit}
    # Lines of equal text are distinguished by their order, unless the entry says the number.
    twins = "number" not in score.evidence and text in others.values()
    rivals = [scores[index].points for index, other in others.items() if other != text]
    lead = score.points - max(rivals, default=0.0)
    confidence: Confidence = "low"
    if score.points >= SURE and lead >= 1.5 and not twins:
        confidence = "high"
    elif score.points >= LIKELY and lead >= 0.5:
        confidence = "medium"
    line = _check_line(units[unit], reasons_said(entry)) or units[unit].lines[0].number
    return Placement(unit, line, confidence, tuple(score.evidence))


def _check_line(unit: PromptUnit, said: Sequence[str]) -> int | None:
    """Return the first line of a unit of which one of these texts is the reason."""
    reasons = Reasons(tuple(each for line in unit.lines for each in line.reasons))
    return next((found.line for text in said for found in reasons.fitting(text)), None)


def reasons_said(entry: Entry) -> tuple[str, ...]:
    """Return the texts that an entry gives as reasons of a failure."""
    declared = entry.use.texts if entry.kind == "failure" and entry.use is not None else ()
    return ((entry.error,) if entry.error else ()) + declared


def _place_between(
    entries: Sequence[Entry], placed: Sequence[Placement | None]
) -> list[Placement | None]:
    """Place entries without evidence, such as clicks, between two entries of the same line."""
    result = list(placed)
    before: Placement | None = None
    waiting: list[int] = []
    for index, place in enumerate(placed):
        if place is not None:
            if before is not None and before.unit == place.unit:
                for each in waiting:
                    result[each] = Placement(place.unit, before.line, "low", ("between",))
            before, waiting = place, []
        elif entries[index].kind == "tool" and not entries[index].said.strip():
            # Such as a click: it has no words that could contradict a place.
            waiting.append(index)
    return result


def _place_declared_failures(
    entries: Sequence[Entry], placed: Sequence[Placement | None]
) -> Iterator[Placement | None]:
    """Place the declaration of a failure that the previous entry returned."""
    for index, (entry, place) in enumerate(zip(entries, placed, strict=True)):
        before = placed[index - 1] if index else None
        if place is None and before is not None and _is_repeated_failure(entry, entries[index - 1]):
            place = Placement(before.unit, before.line, "medium", ("answer",))
        yield place


def _is_repeated_failure(entry: Entry, before: Entry) -> bool:
    if entry.kind != "failure" or before.kind != "tool":
        return False
    if before.error is not None:
        return True
    came_back = normalise_reason("\n".join(before.results))
    return any(
        len(said) >= 8 and said in came_back for said in map(normalise_reason, reasons_said(entry))
    )


def _instruction_of_unit(unit: PromptUnit) -> Pattern:
    """Return the part passed to a tool: a unit's bullets, or its line without the number."""
    lines = unit.lines
    if len(lines) > 1 and unit.own_tool == "focused_action":
        lines = lines[1:]
    return Pattern(tuple("\n".join("\0".join(line.pattern.pieces) for line in lines).split("\0")))


def _text_without_number(unit: PromptUnit) -> str:
    """Return the text of a unit without its number."""
    return unit.text.lstrip().removeprefix(unit.label).lstrip(".) \t")


def _squeeze_pattern(text: Pattern) -> Pattern:
    """Return a pattern with only the words of its pieces; pieces without words are dropped."""
    return Pattern(tuple(filter(None, map(_squeeze_words, text.pieces))) or ("",))


def _is_instruction(plain: Pattern, instruction: str) -> bool:
    """Whether a tool was given the text of a unit, a part of it, or more than that text."""
    if any(instruction in piece for piece in plain.pieces):
        return True
    return sum(map(len, plain.pieces)) >= 12 and plain.is_within(instruction)


def _squeeze_words(text: str) -> str:
    """Return only the words of a text, so that bullets, line breaks and quotes do not matter."""
    return " ".join(_WORD.findall(text.casefold()))


def _unique_words(text: str) -> dict[str, None]:
    """Return the distinct words of a text in order; names of tools are not words."""
    return {
        word: None
        for word in _WORD.findall(text.casefold())
        if len(word) > 1 and word not in _NO_WORDS and not word.isdecimal()
    }


_NO_WORDS = frozenset(
    {
        *TOOLS,
        EMPTY.strip("_").casefold(),
        *("the", "and", "then", "that", "this", "with", "from", "for", "into", "not", "are"),
        *("its", "has", "have", "will", "now", "use", "uses", "used", "an", "as", "at", "be"),
        *("by", "do", "if", "in", "is", "it", "of", "on", "or", "so", "to", "up", "was"),
    }
)
