"""Rules of a scenario: which runs they are for, and how such a run goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from flowdsl.emulator.durations import Seconds
from flowdsl.emulator.simulation.answers import Answers, EntryAnswers
from flowdsl.emulator.simulation.variables import PathError, parse_path, value_at

CheckResult = Literal["failed", "infra_error"]
HeldState = Literal["scheduling", "running", "running_checks"]

Values = Mapping[str, JsonValue]


class StepFailure(BaseModel):
    """The step at which the task fails, by its number in the prompt, as in `3` or `3.2`.

    Without a reason, the one that the prompt declares there counts. A step in a loop fails in the
    entry of its list that `entry` counts, from 1; past the end, in the last there is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    step: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$")]
    reason: str | None = None
    entry: Annotated[int, Field(ge=1, le=100)] = 1


class Effects(Answers):
    """How a run goes that would else go well. Absent keys change nothing.

    The answers, and those of `entries` for single passes of loops, are given to the questions of
    FlowDSL's own prompts.

    `refuse` is the text with which the run cannot be dispatched, `error` the one with which it
    breaks. `outputs` sets values by path, `checks` results by name. `slow` is time added to the
    running time, `stay` the state that is never left, `cancelled` the seconds after which the run
    is cancelled. `attachments` names the files that come out instead of those of the prompt.
    `approve` has what the run records approved at its end, so that later runs replay it.
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

    `workflow` is a name, in which `*` stands for any text; `inputs` are values by path; `nth` is
    one run, counted from 1, of those that match the other two.
    """

    workflow: str = "*"
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    nth: Annotated[int, Field(ge=1)] | None = None

    def effects(self) -> Effects:
        """The effects without the conditions."""
        values = self.model_dump(include=self.model_fields_set & set(Effects.model_fields))
        return Effects.model_validate(values)

    def fits(self, workflow: str, inputs: Values) -> bool:
        """Whether a run of `workflow` with `inputs` is one of those the rule counts."""
        if not fnmatchcase(workflow, self.workflow):
            return False
        return all(_holds(inputs, path, value) for path, value in self.inputs.items())


class RuleTally:
    """The rules in their order, and how many runs each has counted so far."""

    def __init__(self, rules: Sequence[RunRule] = ()) -> None:
        self._rules = tuple(rules)
        self._counts = [0] * len(self._rules)

    def effects(self, workflow: str | None, inputs: Values) -> Effects:
        """Counts the run for every rule; the effects of the first whose turn it is."""
        due = self.rule(workflow, inputs)
        return due.effects() if due is not None else Effects()

    def rule(self, workflow: str | None, inputs: Values) -> RunRule | None:
        """Counts the run for every rule; the first whose turn it is, if there is one."""
        due: RunRule | None = None
        for index, rule in enumerate(self._rules):
            if rule.fits(workflow or "", inputs):
                self._counts[index] += 1
                if due is None and rule.nth in (None, self._counts[index]):
                    due = rule
        return due


def _holds(inputs: Values, path: str, expected: JsonValue) -> bool:
    parts = parse_path(path)
    if parts is None:
        return False
    try:
        return value_at(inputs, parts) == expected
    except PathError:
        return False
