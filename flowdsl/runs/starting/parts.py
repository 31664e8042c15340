"""One start of a chain that pauses: its parts in sequence, and the answers between them.

Also computes the values that the parts read, and how many parts a session has had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import make_printable
from flowdsl.cyberdesk.models.run import ChainStep, Run, RunField, RunPatch
from flowdsl.ir import nodes
from flowdsl.runs.chain_body import bindings_of, chain_body, chain_steps
from flowdsl.runs.inputs.answers import PauseQuestion, questions_of
from flowdsl.runs.inputs.assemble import RunValues
from flowdsl.runs.inputs.declared import DeclaredInputs
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.inputs.places import Advice, InputsRefused, Problem
from flowdsl.runs.names import NoSuchName
from flowdsl.runs.patience import Patience
from flowdsl.runs.submit import ChainRequest
from flowdsl.source.record import replace as replace_record
from flowdsl.state.held import Runtime

Parameter = tuple[bool, str]
"""An input or an answer of a chain: whether it is secret, and its name."""


def parameters_read(
    chain: nodes.Chain, steps: Iterable[nodes.ChainStep], workflows: Mapping[str, DeclaredInputs]
) -> set[Parameter]:
    """Return the inputs, secrets and answers of a chain that some of its steps read."""
    return {
        (value.secret, value.name)
        for step in steps
        for values in bindings_of(chain, step, workflows[step.workflow])
        for value in values.values()
        if isinstance(value, nodes.ChainParameter)
    }


def needing_only(declared: DeclaredInputs, read: Collection[Parameter]) -> DeclaredInputs:
    """Return the declarations of a chain if only `read` is still needed: the rest is optional."""

    def relaxed(
        fields: Mapping[str, nodes.FieldSpec], is_secret: bool
    ) -> dict[str, nodes.FieldSpec]:
        return {
            name: spec
            if (is_secret, name) in read
            else replace_record(spec, has_default=True, default=None)
            for name, spec in fields.items()
        }

    return replace_record(
        declared,
        inputs=relaxed(declared.inputs, False),
        secrets=relaxed(declared.secrets, True),
    )


def parts_in(
    chain: nodes.Chain, ids: Mapping[str, str], session: str, rows: Sequence[Run]
) -> list[list[Run]]:
    """Return the runs of each part of the chain that was started in a session, in step order.

    `rows` are the runs of the session, newest first, and `ids` those of workflows by name in
    source. If the chain ran there twice, the last time counts. Raises `NoSuchName` for a session in
    which no part of the chain was started.
    """
    newest: dict[tuple[str | None, str | None], int] = {}
    for at, row in enumerate(rows):
        newest.setdefault((row.session_alias, row.workflow_id), at)
    begun: list[list[Run]] = []
    oldest = len(rows)
    for steps in chain.parts:
        found = [newest.get((step.name, ids[step.workflow])) for step in steps]
        places = [at for at in found if at is not None]
        if len(places) < len(steps) or max(places) >= oldest:
            break
        oldest = min(places)
        begun.append([rows[at] for at in places])
    if not begun:
        raise NoSuchName(
            f"session `{session}` has no runs of the first part of chain `{chain.name}`, so that "
            "there is nothing to go on with"
        )
    return begun


def find_contradictions(
    chain: nodes.Chain,
    begun: Sequence[Sequence[Run]],
    workflows: Mapping[str, DeclaredInputs],
    given: Mapping[str, Any],
) -> list[Problem]:
    """Return the inputs and answers that differ from those with which the chain began.

    `given` are the values by name. Only texts, numbers and other scalars are compared: the service
    may have added defaults to larger values.
    """
    runs = {run.session_alias: run for part in begun for run in part}
    problems: dict[str, Problem] = {}
    for step in chain.steps:
        run = runs.get(step.name)
        if run is None:
            continue
        inputs, _ = bindings_of(chain, step, workflows[step.workflow])
        for taken, value in inputs.items():
            if not isinstance(value, nodes.ChainParameter) or value.path:
                continue
            now, then = given.get(value.name), (run.input_values or {}).get(taken)
            if now != then and all(isinstance(each, str | int | float) for each in (now, then)):
                problems[value.name] = Problem(
                    f"`{value.name}`",
                    f"step `{step.name}` was begun with `{make_printable(str(then))}`, not with "
                    f"`{make_printable(str(now))}`",
                    "a chain goes on with the values that it began with",
                )
    return list(problems.values())


_OF_SESSION: tuple[RunField, ...] = (
    "session_id",
    "session_alias",
    "started_at",
    "ended_at",
    "error",
    "input_values",
    "output_data",
    "output_attachment_ids",
    "post_run_checks",
)
"""The fields to read of the runs of a session in which a chain continues."""


class ChainParts:
    """The parts of a chain that pauses, the questions of its pauses, and the answers so far.

    `answers` are by name, None for one that is deliberately left out. `workflows` are those of the
    steps, by name in source.
    """

    def __init__(self, chain: nodes.Chain, workflows: Mapping[str, DeclaredInputs]) -> None:
        self.chain, self.workflows = chain, workflows
        self.questions = questions_of(chain)
        self.answers: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.chain.parts)

    def read_by(self, part: int) -> set[Parameter]:
        """Return the inputs and answers of the chain that the parts from `part` on read."""
        steps = [step for each in self.chain.parts[part:] for step in each]
        return parameters_read(self.chain, steps, self.workflows)

    def due(self, part: int) -> list[PauseQuestion]:
        """Return the unanswered questions for the parts from `part` on, in the order of asking.

        A question of an earlier pause is asked again if a later step reads its answer.
        """
        read = self.read_by(part)
        return [
            each
            for each in self.questions.values()
            if each.name not in self.answers
            and (each.pause >= part - 1 or (each.is_secret, each.name) in read)
        ]

    def due_now(self, part: int) -> list[PauseQuestion]:
        """Return the unanswered questions that need an answer before `part` starts."""
        return [each for each in self.due(part) if each.pause < part]

    def missing(self, part: int) -> list[PauseQuestion]:
        """Return the questions of `due` that have no default answer when the chain is at `part`.

        For an earlier pause a default does not count: another answer may have been given there.
        """
        return [each for each in self.due(part) if each.spec.required or each.pause < part - 1]

    def merge_answers(self, values: RunValues) -> RunValues:
        """Return the values of the chain combined with the answers so far."""
        given = {name: value for name, value in self.answers.items() if value is not None}
        secret = {name for name in given if self.questions[name].is_secret}
        return replace(
            values,
            inputs=values.inputs | {n: v for n, v in given.items() if n not in secret},
            secrets=values.secrets | {n: v for n, v in given.items() if n in secret},
        )

    def find_unanswered(self) -> set[Parameter]:
        """Return the answers that are not given yet."""
        return {
            (each.is_secret, each.name)
            for each in self.questions.values()
            if each.name not in self.answers
        }

    def find_needed_values(
        self, declared: DeclaredInputs, begun: Sequence[object]
    ) -> DeclaredInputs:
        """Return the inputs and secrets that the chain needs after some parts have started."""
        return needing_only(declared, self.read_by(len(begun))) if begun else declared


class PartRequests:
    """The requests of the parts, in which the answers are filled in when each is built.

    `begun` are the runs of the parts that were started before, and `shared` the fields that every
    request gets.
    """

    def __init__(
        self,
        parts: ChainParts,
        begun: Sequence[Sequence[Run]],
        values: RunValues,
        ids: Mapping[str, str],
        machine_parameters: MachineParameters,
        shared: Mapping[str, Any],
        advice: Advice,
        today: date | None = None,
    ) -> None:
        self.parts, self.begun = parts, begun
        self._values, self._ids = values, ids
        self._machine_parameters, self._shared, self._advice = machine_parameters, shared, advice
        self._today = today

    def check(self) -> tuple[str, ...]:
        """Return notes about inputs left to machines; raises `InputsRefused` for invalid values.

        Checks the parts that have not started, as far as the answers are known.
        """
        notes = [*self._values.notes]
        for part in range(len(self.begun), len(self.parts)):
            notes += self.check_part(part)
        return tuple(dict.fromkeys(notes))

    def check_part(self, part: int) -> tuple[str, ...]:
        """Like `check`, for one part."""
        parts = self.parts
        given = parts.merge_answers(self._values).inputs
        if problems := find_contradictions(parts.chain, self.begun, parts.workflows, given):
            raise InputsRefused(problems)
        return self._steps(part)[1]

    def request(self, part: int, where: Mapping[str, Any]) -> ChainRequest:
        """Return the request that starts a part; raises `InputsRefused`."""
        keep = part < len(self.parts) - 1
        more = {**where, **self._shared}
        return ChainRequest(
            chain_body(self.parts.chain, self._steps(part)[0], more, keep_session=keep)
        )

    def _steps(self, part: int) -> tuple[list[ChainStep], tuple[str, ...]]:
        parts = self.parts
        return chain_steps(
            parts.chain,
            parts.chain.parts[part],
            parts.merge_answers(self._values),
            parts.workflows,
            self._ids,
            self._machine_parameters,
            parts.find_unanswered(),
            self._advice,
            self._today,
        )


class Attendant(Protocol):
    """The caller's side of a chain: answers questions, and starts and watches its parts."""

    async def answer(self, part: int) -> None:
        """Give the answers that are due before `part`; raises if there are none."""

    async def begin(self, part: int, request: ChainRequest) -> Sequence[Run]:
        """Return the created runs of a part: fewer than its steps if something failed."""

    async def follow(self, part: int, runs: Sequence[Run]) -> bool:
        """Wait for the runs of a started part; return whether the chain continues after it."""


async def carry_out(requests: PartRequests, where: Mapping[str, Any], attendant: Attendant) -> None:
    """Start every part that has not started, each after the one before has succeeded.

    `where` is the place of the first part; the others run in its session.
    """
    parts, begun = requests.parts, requests.begun
    place = where
    for part in range(max(0, len(begun) - 1), len(parts)):
        if part < len(begun):
            runs = begun[part]
        else:
            if part:
                await attendant.answer(part)
            runs = await attendant.begin(part, requests.request(part, place))
            if len(runs) < len(parts.chain.parts[part]):
                return
        place = {"session_id": runs[0].session_id}
        if not await attendant.follow(part, runs):
            return


async def read_begun_parts(
    client: CyberdeskClient,
    parts: ChainParts,
    ids: Mapping[str, str],
    session: str | None,
    patience: Patience,
) -> list[list[Run]]:
    """Return the runs of the parts that a session has had; none without a session.

    Raises `NoSuchName` for a session that is not one of the chain, and `CyberdeskError`.
    """
    if session is None:
        return []
    rows = await patience.read(lambda: client.runs.list_all(session_id=session, fields=_OF_SESSION))
    return parts_in(parts.chain, ids, session, rows)


async def let_go(
    client: CyberdeskClient, chain: nodes.Chain, runs: Sequence[Run], runtime: Runtime
) -> None:
    """Release the machine of a chain that ended before a pause; raises `CyberdeskError`.

    Its session was kept for the following parts, which will not run. If the chain keeps its session
    at its end as well, nothing is sent.
    """
    if not chain.keep_session:
        await client.runs.update(
            runs[-1].id,
            RunPatch(release_session_after=True),
            idempotency_key=runtime.new_id(),
        )
