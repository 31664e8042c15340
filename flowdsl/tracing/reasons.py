"""Finds the reasons with which the lines of a prompt make the task fail. Pure.

A FlowDSL statement without a reason of its own fails with the text it looked for (`rules.unmet`):

    - Wait up to 2 minutes for “the download is finished”.
                                    fails with "not so or not found: the download is finished"

An agent may omit the first words, and then the reason reads like a success. Only the prompt shows
which reasons are of this kind; it is parsed with the sentences that it was written with
(`flowdsl.prompt.sentences`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Literal

from flowdsl.prompt.sentences import ASK, DATA_NOTE, SENTENCES, Hole, sentences_at
from flowdsl.tracing.filling import FoundValues, Pattern, fill_in_prompt, pattern_of, plain_lines

Sense = Literal["given", "not so or not found"]
"""How to read a reason: it says what is wrong, or it names what is not so or was not found."""

UNMET: Sense = "not so or not found"
_WITH = ("control.fail_with", "control.abort_with", "control.attempt_failed_with")
"""Consequences that state the reason."""

LEAST_LETTERS = 2
MAX_PROMPT, MAX_LINE = 200_000, 2_000
"""Maximum length of a prompt, and of a line, in characters; a line takes quadratic time."""
_MARK = re.compile(r"[ \t\u00a0]*(?:-|\d{1,3}(?:\.\d{1,3})*[.)]?)[ \t\u00a0]+")
_QUOTED = (
    r"(?:\"([^\"\n]{1,MOST})\"|'([^'\n]{1,MOST})'|⟦([^⟧\n]{1,MOST})⟧"
    r"|⟦(\d{1,9})\|([^\n]{1,MOST}?)\|\4⟧|«([^»\n]{1,MOST})»"
    r"|‹([^›\n]{1,MOST})›|「([^」\n]{1,MOST})」)"
).replace("MOST", "1000")
_BRACKETED = re.compile(r"⟦(\d{1,9})\|(.*)\|\1⟧|⟦([^⟦⟧]*)⟧")
_IN_THE_DASHBOARD = r"\bdeclare_task_failed\b[^\"'⟦\n]{0,60}"
"""The text before a reason, as people and earlier versions of FlowDSL write it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason with which the task may fail at the line `line` of the prompt.

    That is the line that gives the reason, or that looked for what was not found.
    """

    line: int
    pattern: Pattern
    sense: Sense = "given"
    alike: Pattern = field(init=False)
    """The pattern as `normalise_reason` returns it."""

    def __post_init__(self) -> None:
        alike = normalise_reason("\0".join(self.pattern.pieces)).split("\0")
        object.__setattr__(self, "alike", Pattern(tuple(alike)))

    def fits(self, said: str, alike: str) -> bool:
        """Whether the agent's text `said`, normalised as `alike`, is this reason."""
        if self.alike.fits(alike):
            return True
        # Word for word, with text around it; an unknown value could be anything.
        words = self.pattern.pieces[0]
        return not self.pattern.is_open and len(words) >= 8 and words in said


@dataclass(frozen=True, slots=True)
class Reasons:
    """All reasons of a `prompt`, with the known inputs of a run.

    With `is_certain` it is the prompt that the run had.
    """

    all: tuple[Reason, ...] = ()
    prompt: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    known: FoundValues | None = None
    is_certain: bool = False

    def fitting(self, said: str) -> list[Reason]:
        """Return the reasons that match a text, only those with the most known letters."""
        alike = normalise_reason(said)
        fits = [each for each in self.all if each.fits(said, alike)]
        most = max((each.pattern.known_letters for each in fits), default=0)
        return [each for each in fits if each.pattern.known_letters == most]

    def in_words(self, said: str) -> str:
        """Return the reason of a failed run for people.

        If the reason is a condition that was looked for, the text says that it is not so. If that
        is uncertain, the reason is in quotation marks.
        """
        senses = {each.sense for each in self.fitting(said)} if self.is_certain else set()
        if len(senses) == 1:
            (sense,) = senses
            return said if sense == "given" else f"{sense}: {said}"
        if not said.strip() or (self.is_certain and not senses and not self._has_words(said)):
            return said
        return f'"{said}"'

    def _has_words(self, said: str) -> bool:
        """Whether the prompt contains these words."""
        return normalise_reason(said) in normalise_reason(
            fill_in_prompt(self.prompt, self.inputs, self.known)
        )


def normalise_reason(text: str) -> str:
    """Return a reason without what agents vary: case, surrounding quotation marks, full stop."""
    return re.sub(r"\s+", " ", text.casefold()).strip(" \"'“”⟦⟧").rstrip(".")


def reasons_of(
    prompt: str, inputs: Mapping[str, Any], known: FoundValues | None = None, *, is_certain: bool
) -> Reasons:
    """Return the reasons of a prompt, with the known inputs of a run."""
    return Reasons(tuple(read_reasons(prompt, inputs, known)), prompt, inputs, known, is_certain)


def read_reasons(
    prompt: str, inputs: Mapping[str, Any], known: FoundValues | None = None
) -> Iterator[Reason]:
    """Return the reasons in the lines of a prompt, in order."""
    for number, words, sense in _find_written_reasons(prompt):
        yield Reason(number, pattern_of(words, inputs, known), sense)


@lru_cache(maxsize=64)
def _find_written_reasons(prompt: str) -> tuple[tuple[int, str, Sense], ...]:
    """Return the line, the words and the sense of each reason, as written."""
    found: list[tuple[int, str, Sense]] = []
    left = MAX_PROMPT
    for number, line in plain_lines(prompt):
        left -= len(line)
        if left < 0:
            break
        if len(line) <= MAX_LINE:
            found += _of_line(number, line)
    return tuple(
        (number, plain, sense)
        for number, words, sense in found
        if _is_telling(plain := _strip_value_marks(words))
    )


def _of_line(number: int, line: str) -> list[tuple[int, str, Sense]]:
    """Return the reasons of a line."""
    text = _MARK.sub("", line, count=1).strip() if _MARK.match(line) else line.strip()
    if (words := _find_sought_text(text)) is not None:
        return [(number, f"{UNMET}: {words}", "given"), (number, words, UNMET)]
    given = (next(filter(None, each.groups()[::-1])) for each in _giving_pattern().finditer(text))
    return [(number, words, "given") for words in given]


def _find_sought_text(text: str) -> str | None:
    """Return the text that a line without a reason looks for, in the author's words."""
    found = next((found for each in _frame_patterns() if (found := each.fullmatch(text))), None)
    return None if found is None else found["shown"]


def _strip_value_marks(words: str) -> str:
    """Return a reason as agents say it: without the marks around untrusted values."""
    return _BRACKETED.sub(lambda found: found[2] or found[3] or "", words.replace(DATA_NOTE, ""))


def _is_telling(words: str) -> bool:
    """Whether words contain more than the names of variables."""
    return pattern_of(words, {}).known_letters >= LEAST_LETTERS


@cache
def _giving_pattern() -> re.Pattern[str]:
    """Return the pattern of a given reason: the words before it, and the reason between marks."""
    openings = [_IN_THE_DASHBOARD, r"\bfail with the reason ", r"attempt has failed \("]
    for name in _WITH:
        before = next(part for part in SENTENCES[name].parts if isinstance(part, str))
        openings.append(re.escape(before))
    return re.compile(f"(?:{'|'.join(openings)}){_QUOTED}")


@cache
def _frame_patterns() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of lines that look for something and give no reason."""
    _, end = SENTENCES["control.ask"].words({})
    assert isinstance(end, str)
    ends = {**dict.fromkeys(sentences_at(ASK), end), "control.reach": ""}
    return tuple(
        re.compile(
            "".join(map(_look_pattern_part, SENTENCES[name].words(chosen))) + re.escape(ends[name])
        )
        for name in ends
        for chosen in SENTENCES[name].variants()
    )


def _look_pattern_part(word: str | Hole) -> str:
    if isinstance(word, str):
        return re.escape(word)
    return "“(?P<shown>[^”]+)”" if word.kind == "shown" else ".+"
