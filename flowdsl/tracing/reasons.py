"""The reasons with which the lines of a prompt let the task fail. Pure.

A statement of FlowDSL without a reason of its own fails with what it looked for (`rules.unmet`):

    - Wait up to 2 minutes for “the download is finished”.
                                    fails with "not so or not found: the download is finished"

An agent may leave the first words away, and then the reason reads as success. Which reasons are of
this kind only the prompt can tell, and it is read by the sentences that it was written with
(`flowdsl.prompt.sentences`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Literal

from flowdsl.prompt.sentences import ASK, DATA_NOTE, SENTENCES, Hole, sentences_at
from flowdsl.tracing.filling import Pattern, Told, fill_in_prompt, pattern_of, plain_lines

Sense = Literal["given", "not so or not found"]
"""A reason that says what is wrong; else what is wrong with the words that the reason consists of.
"""

UNMET: Sense = "not so or not found"
_WITH = ("control.fail_with", "control.abort_with", "control.attempt_failed_with")
"""Consequences that say the reason."""

LEAST_LETTERS = 2
MAX_PROMPT, MAX_LINE = 200_000, 2_000
"""Characters of a prompt that are read, and of a line: a line takes its length times itself."""
_MARK = re.compile(r"[ \t\u00a0]*(?:-|\d{1,3}(?:\.\d{1,3})*[.)]?)[ \t\u00a0]+")
_QUOTED = (
    r"(?:\"([^\"\n]{1,MOST})\"|'([^'\n]{1,MOST})'|⟦([^⟧\n]{1,MOST})⟧"
    r"|⟦(\d{1,9})\|([^\n]{1,MOST}?)\|\4⟧|«([^»\n]{1,MOST})»"
    r"|‹([^›\n]{1,MOST})›|「([^」\n]{1,MOST})」)"
).replace("MOST", "1000")
_BRACKETED = re.compile(r"⟦(\d{1,9})\|(.*)\|\1⟧|⟦([^⟦⟧]*)⟧")
_IN_THE_DASHBOARD = r"\bdeclare_task_failed\b[^\"'⟦\n]{0,60}"
"""What people, and FlowDSL's earlier versions, write before a reason."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason that the task may fail with at the line `line` of the prompt.

    That is the line that gives it, or that looked for what is not so.
    """

    line: int
    pattern: Pattern
    sense: Sense = "given"
    alike: Pattern = field(init=False)
    """The pattern as `normalise_reason` makes it."""

    def __post_init__(self) -> None:
        alike = normalise_reason("\0".join(self.pattern.pieces)).split("\0")
        object.__setattr__(self, "alike", Pattern(tuple(alike)))

    def fits(self, said: str, alike: str) -> bool:
        """Whether something that an agent gave as its reason, and likened, is this one."""
        if self.alike.fits(alike):
            return True
        # Word for word, with something around it; a value that is not known could be anything.
        words = self.pattern.pieces[0]
        return not self.pattern.is_open and len(words) >= 8 and words in said


@dataclass(frozen=True, slots=True)
class Reasons:
    """All reasons of a `prompt`, with what is known of the inputs of a run.

    With `is_certain` it is the prompt that the run had.
    """

    all: tuple[Reason, ...] = ()
    prompt: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    told: Told | None = None
    is_certain: bool = False

    def fitting(self, said: str) -> list[Reason]:
        """The reasons that something said is, the nearest alone: with the most known words."""
        alike = normalise_reason(said)
        fits = [each for each in self.all if each.fits(said, alike)]
        most = max((each.pattern.count_known_letters for each in fits), default=0)
        return [each for each in fits if each.pattern.count_known_letters == most]

    def in_words(self, said: str) -> str:
        """What a run failed with, for people.

        Where the reason is what was looked for, that it is not so. Where nobody knows whether it
        is, the reason in quotation marks.
        """
        senses = {each.sense for each in self.fitting(said)} if self.is_certain else set()
        if len(senses) == 1:
            (sense,) = senses
            return said if sense == "given" else f"{sense}: {said}"
        if not said.strip() or (self.is_certain and not senses and not self._has_words(said)):
            return said
        return f'"{said}"'

    def _has_words(self, said: str) -> bool:
        """Whether the prompt has these words anywhere."""
        return normalise_reason(said) in normalise_reason(
            fill_in_prompt(self.prompt, self.inputs, self.told)
        )


def normalise_reason(text: str) -> str:
    """A reason without what agents change about it: case, quotation marks around it, full stop."""
    return re.sub(r"\s+", " ", text.casefold()).strip(" \"'“”⟦⟧").rstrip(".")


def reasons_of(
    prompt: str, inputs: Mapping[str, Any], told: Told | None = None, *, is_certain: bool
) -> Reasons:
    """The reasons of a prompt, with what is known of the inputs of a run."""
    return Reasons(tuple(read_reasons(prompt, inputs, told)), prompt, inputs, told, is_certain)


def read_reasons(
    prompt: str, inputs: Mapping[str, Any], told: Told | None = None
) -> Iterator[Reason]:
    """The reasons in the lines of a prompt, in their order."""
    for number, words, sense in _find_written_reasons(prompt):
        yield Reason(number, pattern_of(words, inputs, told), sense)


@lru_cache(maxsize=64)
def _find_written_reasons(prompt: str) -> tuple[tuple[int, str, Sense], ...]:
    """The line, the words and the sense of each reason, as they are written."""
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
    """The reasons of a line."""
    text = _MARK.sub("", line, count=1).strip() if _MARK.match(line) else line.strip()
    if (words := _find_sought_text(text)) is not None:
        return [(number, f"{UNMET}: {words}", "given"), (number, words, UNMET)]
    return [(number, given, "given") for given in _find_given_reasons(text)]


def _find_sought_text(text: str) -> str | None:
    """What a line looks for that gives no reason, in the author's words."""
    found = next((found for each in _frame_patterns() if (found := each.fullmatch(text))), None)
    return None if found is None else found["shown"]


def _find_given_reasons(text: str) -> Iterator[str]:
    for match in _giving_pattern().finditer(text):
        yield next(group for group in match.groups()[::-1] if group is not None)


def _strip_value_marks(words: str) -> str:
    """Words of a reason as somebody says them: without the marks around values from outside."""
    return _BRACKETED.sub(lambda found: found[2] or found[3] or "", words.replace(DATA_NOTE, ""))


def _is_telling(words: str) -> bool:
    """Whether words say something beside the names of variables."""
    return pattern_of(words, {}).count_known_letters >= LEAST_LETTERS


@cache
def _giving_pattern() -> re.Pattern[str]:
    """What gives a reason: the words of the sentences up to it, and the reason between marks."""
    openings = [_IN_THE_DASHBOARD, r"\bfail with the reason ", r"attempt has failed \("]
    for name in _WITH:
        before = next(part for part in SENTENCES[name].parts if isinstance(part, str))
        openings.append(re.escape(before))
    return re.compile(f"(?:{'|'.join(openings)}){_QUOTED}")


@cache
def _frame_patterns() -> tuple[re.Pattern[str], ...]:
    """What recognises a line that looks for something and gives no reason."""
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
