"""Rules of a scenario: which runs they match, how such runs go, and the answers in them.

Answers to the questions of a program are looked up by the text of the question:

    screen = { "~No patients found" = true }      # of `sees`, `expect`, `choose` and `wait`
    reads = { total_due = [3, 4] }                # of `extract`, `copy` and `run ... as`
    commands = { "~Get-Item" = "failed" }         # of `run ... else`

A key is the whole question with its values filled in, or `~` and a part of it; for a read it may
also be the variable. A list holds the answers for the first time, the second time and so on; its
last item is used for all later times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from flowdsl.emulator.clock import Seconds
from flowdsl.emulator.simulation.variables import EMPTY, PathError, Values, parse_path, value_at

NEVER, UNREADABLE, COMMAND_FAILED = "never", "unreadable", "failed"
PART = "~"


def _yes_or_no(word: str, value: object) -> object:
    """Replace `word` by False in a value or list; ValueError if anything else is no boolean."""
    entries = value if isinstance(value, list) else [value]
    if not entries or any(each != word and not isinstance(each, bool) for each in entries):
        raise ValueError(f"it is true, false, `{word}`, or a list of them")
    plain = [False if each == word else each for each in entries]
    return plain if isinstance(value, list) else plain[0]


def _require_question_names(answers: dict[str, Any]) -> dict[str, Any]:
    for key in answers:
        if not key.removeprefix(PART).strip():
            raise ValueError(f"`{key}` names no question")
    return answers


Answer = Annotated[bool | list[bool], BeforeValidator(lambda value: _yes_or_no(NEVER, value))]
CommandAnswer = Annotated[
    bool | list[bool], BeforeValidator(lambda value: _yes_or_no(COMMAND_FAILED, value))
]


class ScenarioAnswers(BaseModel):
    """Answers by the text of questions; a question without an answer gets the usual one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    screen: Annotated[dict[str, Answer], AfterValidator(_require_question_names)] = Field(
        default_factory=dict
    )
    reads: Annotated[dict[str, JsonValue], AfterValidator(_require_question_names)] = Field(
        default_factory=dict
    )
    commands: Annotated[dict[str, CommandAnswer], AfterValidator(_require_question_names)] = Field(
        default_factory=dict
    )


class EntryAnswers(ScenarioAnswers):
    """Answers for one pass of a loop; `entry` is its number, from 1."""

    entry: Annotated[int, Field(ge=1)]


class Replies:
    """The answers of one run, with a count of how often each was given."""

    def __init__(self, answers: ScenarioAnswers, entries: Sequence[EntryAnswers]) -> None:
        self._answers = answers
        self._entries = entries
        self._given: dict[tuple[int, str, str], int] = {}

    def find(
        self, table: str, names: Sequence[str], entries: Sequence[int], *, is_list: bool = False
    ) -> tuple[bool, JsonValue]:
        """Return whether the scenario answers a question, and the answer.

        `names` are the keys that can identify the question, its text first; `entries` the numbers
        of the passes of the loops around it. `is_list` is true if the answer itself is a list.
        """
        for place, answers in self._tables_to_search(table, entries):
            key = _find_key(answers, names)
            if key is not None:
                count = self._given.get((place, table, key), 0)
                self._given[place, table, key] = count + 1
                turns = _split_into_turns(answers[key], is_list)
                return True, turns[min(count, len(turns) - 1)]
        return False, None

    def unused(self) -> Iterator[str]:
        """Yield the keys of answers that no question has used."""
        for place, group in enumerate((self._answers, *self._entries)):
            for table in ScenarioAnswers.model_fields:
                for key in getattr(group, table):
                    if (place, table, key) not in self._given:
                        yield key

    def _tables_to_search(
        self, table: str, entries: Sequence[int]
    ) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
        """Yield the tables to search, those for a pass of a loop first."""
        for place, group in enumerate(self._entries, 1):
            if group.entry in entries:
                yield place, getattr(group, table)
        yield 0, getattr(self._answers, table)


def _find_key(answers: Mapping[str, JsonValue], names: Sequence[str]) -> str | None:
    """Return the key for a question: one of its names, else the longest `~` part of its text."""
    for name in names:
        if name in answers:
            return name
    parts = [key for key in answers if key.startswith(PART) and key[len(PART) :] in names[0]]
    return max(parts, key=len, default=None)


def _split_into_turns(answer: JsonValue, is_list: bool) -> list[JsonValue]:
    """Return the answers for the first time, the second time, and so on."""
    turns = answer if isinstance(answer, list) and answer else [answer]
    if is_list and not all(isinstance(each, list) or _is_missing(each) for each in turns):
        turns = [answer]
    return [None if _is_missing(each) else each for each in turns]


def _is_missing(value: JsonValue) -> bool:
    return value in (None, "", EMPTY, UNREADABLE)


CheckResult = Literal["failed", "infra_error"]
HeldState = Literal["scheduling", "running", "running_checks"]


class StepFailure(BaseModel):
    """The step at which the task fails, by its number in the prompt, such as `3` or `3.2`.

    `reason` defaults to the one that the prompt declares there. A step in a loop fails in the pass
    with the number `entry`, from 1, or in the last pass if there are fewer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    step: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$")]
    reason: str | None = None
    entry: Annotated[int, Field(ge=1, le=100)] = 1


class Effects(ScenarioAnswers):
    """How a run deviates from success; absent keys change nothing.

    The answers, and those of `entries` for single passes of loops, are for the questions of prompts
    that FlowDSL generated. `refuse` is the message with which the run cannot be dispatched, `error`
    the one with which it breaks. `outputs` sets values by path, `checks` results by name. `slow` is
    added to the running time, `stay` is a state that is never left, `cancelled` the seconds after
    which the run is cancelled. `attachments` names the attached files instead of those of the
    prompt. With `approve`, the recording of the run is approved when it ends, so that later runs
    replay it.
    """

    refuse: str | None = None
    error: str | None = None
    fail: StepFailure | None = None
    outputs: dict[str, JsonValue] = Field(default_factory=dict)
    checks: dict[str, CheckResult] = Field(default_factory=dict)
    attachments: list[str] | None = None
    slow: Seconds = 0.0
    stay: HeldState | None = None
    cancelled: Seconds | None = None
    approve: bool = False
    entries: tuple[EntryAnswers, ...] = ()


class RunRule(Effects):
    """The effects on the runs that match.

    `workflow` is a name, in which `*` matches any text; `inputs` are values by path; `nth` selects
    one run, counted from 1, of those that match the other two.
    """

    workflow: str = "*"
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    nth: Annotated[int, Field(ge=1)] | None = None

    def effects(self) -> Effects:
        """Return the effects without the conditions."""
        values = self.model_dump(include=self.model_fields_set & set(Effects.model_fields))
        return Effects.model_validate(values)

    def fits(self, workflow: str, inputs: Values) -> bool:
        """Whether a run of `workflow` with `inputs` matches, apart from `nth`."""
        if not fnmatchcase(workflow, self.workflow):
            return False
        return all(_has_value(inputs, path, value) for path, value in self.inputs.items())


class RuleTally:
    """The rules in order, and how many runs each has counted so far."""

    def __init__(self, rules: Sequence[RunRule] = ()) -> None:
        self._rules = tuple(rules)
        self._counts = [0] * len(self._rules)

    def effects(self, workflow: str | None, inputs: Values) -> Effects:
        """Count the run for every rule; return the effects of the first rule that applies."""
        due = self.rule(workflow, inputs)
        return due.effects() if due is not None else Effects()

    def rule(self, workflow: str | None, inputs: Values) -> RunRule | None:
        """Count the run for every rule; return the first rule that applies, or None."""
        due: RunRule | None = None
        for index, rule in enumerate(self._rules):
            if rule.fits(workflow or "", inputs):
                self._counts[index] += 1
                if due is None and rule.nth in (None, self._counts[index]):
                    due = rule
        return due


def _has_value(inputs: Values, path: str, expected: JsonValue) -> bool:
    parts = parse_path(path)
    if parts is None:
        return False
    try:
        return value_at(inputs, parts) == expected
    except PathError:
        return False
