"""What a scenario answers to the questions of a program, and how they are looked up.

    screen = { "~No patients found" = true }      # of `sees`, `expect`, `choose` and `wait`
    reads = { total_due = [3, 4] }                # of `extract`, `copy` and `run ... as`
    commands = { "~Get-Item" = "failed" }         # of `run ... else`

A key is the whole question with its values filled in, or, behind `~`, a part of it; of a read it
may be the variable too. A list answers the first time, the second time and so on, its last entry
ever after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from flowdsl.emulator.simulation.variables import EMPTY

NEVER, UNREADABLE, COMMAND_FAILED = "never", "unreadable", "failed"
PART = "~"


def _yes_or_no(word: str, value: object) -> object:
    """`value` with False for `word`; anything that is neither is refused."""
    entries = value if isinstance(value, list) else [value]
    if not entries or any(each != word and not isinstance(each, bool) for each in entries):
        raise ValueError(f"it is true, false, `{word}`, or a list of them")
    plain = [False if each == word else each for each in entries]
    return plain if isinstance(value, list) else plain[0]


def _named(answers: dict[str, Any]) -> dict[str, Any]:
    for key in answers:
        if not key.removeprefix(PART).strip():
            raise ValueError(f"`{key}` names no question")
    return answers


Answer = Annotated[bool | list[bool], BeforeValidator(lambda value: _yes_or_no(NEVER, value))]
CommandAnswer = Annotated[
    bool | list[bool], BeforeValidator(lambda value: _yes_or_no(COMMAND_FAILED, value))
]


class Answers(BaseModel):
    """Answers by the words of questions; what is not answered goes as it usually does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    screen: Annotated[dict[str, Answer], AfterValidator(_named)] = Field(default_factory=dict)
    reads: Annotated[dict[str, JsonValue], AfterValidator(_named)] = Field(default_factory=dict)
    commands: Annotated[dict[str, CommandAnswer], AfterValidator(_named)] = Field(
        default_factory=dict
    )


class EntryAnswers(Answers):
    """Answers for one pass of a loop, the `entry`th of its list, counted from 1."""

    entry: Annotated[int, Field(ge=1)]


class Replies:
    """The answers of one run, which counts how often each was given."""

    def __init__(self, answers: Answers, entries: Sequence[EntryAnswers]) -> None:
        self._answers = answers
        self._entries = entries
        self._given: dict[tuple[int, str, str], int] = {}

    def find(
        self, table: str, names: Sequence[str], entries: Sequence[int], *, is_list: bool = False
    ) -> tuple[bool, JsonValue]:
        """Whether there is an answer to a question, and the answer.

        `names` are the ways to name the question, its words first; `entries` the passes of the
        loops around it. `is_list` says that the answer itself is a list.
        """
        for place, answers in self._tables(table, entries):
            key = _key(answers, names)
            if key is not None:
                count = self._given.get((place, table, key), 0)
                self._given[place, table, key] = count + 1
                turns = _turns(answers[key], is_list)
                return True, turns[min(count, len(turns) - 1)]
        return False, None

    def unused(self) -> Iterator[str]:
        """The keys of answers that nothing has asked for."""
        for place, group in enumerate((self._answers, *self._entries)):
            for table in Answers.model_fields:
                for key in getattr(group, table):
                    if (place, table, key) not in self._given:
                        yield key

    def _tables(
        self, table: str, entries: Sequence[int]
    ) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
        """The tables to look into, those for a pass of a loop first."""
        for place, group in enumerate(self._entries, 1):
            if group.entry in entries:
                yield place, getattr(group, table)
        yield 0, getattr(self._answers, table)


def _key(answers: Mapping[str, JsonValue], names: Sequence[str]) -> str | None:
    """The key of a question: one of its names, or else the longest part of its words."""
    for name in names:
        if name in answers:
            return name
    parts = [key for key in answers if key.startswith(PART) and key[len(PART) :] in names[0]]
    return max(parts, key=len, default=None)


def _turns(answer: JsonValue, is_list: bool) -> list[JsonValue]:
    """The answers of the first time, the second time, and so on."""
    turns = answer if isinstance(answer, list) and answer else [answer]
    if is_list and not all(isinstance(each, list) or _is_missing(each) for each in turns):
        turns = [answer]
    return [None if _is_missing(each) else each for each in turns]


def _is_missing(value: JsonValue) -> bool:
    return value in (None, "", EMPTY, UNREADABLE)
