"""One start of a chain that pauses: its parts one after the other, and the answers in between.

Also what the parts read, and how many of them a session has had.
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
from flowdsl.runs.inputs.answers import Question, questions_of
from flowdsl.runs.inputs.assemble import RunValues
from flowdsl.runs.inputs.declared import Declared
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.inputs.places import InputsRefused, Problem, Ways
from flowdsl.runs.names import NoSuchName
from flowdsl.runs.patience import Patience
from flowdsl.runs.submit import Chain
from flowdsl.source.record import replace as replace_record
from flowdsl.state.held import Runtime

Parameter = tuple[bool, str]
"""An input or an answer of a chain by its name, behind True for a secret one."""


def parameters_read(
    chain: nodes.Chain, steps: Iterable[nodes.ChainStep], workflows: Mapping[str, Declared]
) -> set[Parameter]:
    """What some steps of a chain are given of its inputs, secrets and answers."""
    return {
        (value.secret, value.name)
        for step in steps
        for values in bindings_of(chain, step, workflows[step.workflow])
        for value in values.values()
        if isinstance(value, nodes.ChainParameter)
    }


def needing_only(declared: Declared, read: Collection[Parameter]) -> Declared:
    """What a chain takes when only `read` is still needed: the rest may be given, or left out."""

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
    """The runs of each part of the chain that was begun in a session, in the order of its steps.

    `rows` are the runs of the session, newest first, and `ids` those of workflows by name in
    source. Where the chain ran there twice, the last time counts. Raises `NoSuchName` for a session
    in which no part of the chain was begun.
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
    workflows: Mapping[str, Declared],
    given: Mapping[str, Any],
) -> list[Problem]:
    """Inputs and answers that are not those with which the chain began.

    `given` are the values by name. Only texts, numbers and the like are compared: the service may
    have filled up what holds more.
    """
    runs = {run.session_alias: run for part in begun for run in part}
    found: dict[str, Problem] = {}
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
                found[value.name] = Problem(
                    f"`{value.name}`",
                    f"step `{step.name}` was begun with `{make_printable(str(then))}`, not with "
                    f"`{make_printable(str(now))}`",
                    "a chain goes on with the values that it began with",
                )
    return list(found.values())


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
"""What is read of the runs of a session that a chain goes on in."""


class ChainParts:
    """The parts of a chain that pauses, what its pauses ask for, and the answers so far.

    `answers` are by name, None for one that is left out on purpose. `workflows` are those of the
    steps, by name in source.
    """

    def __init__(self, chain: nodes.Chain, workflows: Mapping[str, Declared]) -> None:
        self.chain, self.workflows = chain, workflows
        self.questions = questions_of(chain)
        self.answers: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.chain.parts)

    def read_by(self, part: int) -> set[Parameter]:
        """What the parts from `part` on read of the chain."""
        steps = [step for each in self.chain.parts[part:] for step in each]
        return parameters_read(self.chain, steps, self.workflows)

    def due(self, part: int) -> list[Question]:
        """The questions without an answer, for the parts from `part` on, in the order of asking.

        What an earlier pause asked for is needed once more where a later step reads it.
        """
        read = self.read_by(part)
        return [
            each
            for each in self.questions.values()
            if each.name not in self.answers
            and (each.pause >= part - 1 or (each.is_secret, each.name) in read)
        ]

    def due_now(self, part: int) -> list[Question]:
        """The questions without an answer that have to have one before `part` begins."""
        return [each for each in self.due(part) if each.pause < part]

    def missing(self, part: int) -> list[Question]:
        """The questions of `due` that have no answer by themselves when the chain is at `part`.

        Of an earlier pause also a default is none: something else may have been answered there.
        """
        return [each for each in self.due(part) if each.spec.required or each.pause < part - 1]

    def merge_answers(self, values: RunValues) -> RunValues:
        """The values of the chain and what was answered so far."""
        given = {name: value for name, value in self.answers.items() if value is not None}
        secret = {name for name in given if self.questions[name].is_secret}
        return replace(
            values,
            inputs=values.inputs | {n: v for n, v in given.items() if n not in secret},
            secrets=values.secrets | {n: v for n, v in given.items() if n in secret},
        )

    def find_unanswered(self) -> set[Parameter]:
        """The answers that nobody has given yet."""
        return {
            (each.is_secret, each.name)
            for each in self.questions.values()
            if each.name not in self.answers
        }

    def find_needed_values(self, declared: Declared, begun: Sequence[object]) -> Declared:
        """What the chain still takes of its inputs and secrets when some parts have begun."""
        return needing_only(declared, self.read_by(len(begun))) if begun else declared


class PartRequests:
    """The requests of the parts, in which the answers are filled in when they are made.

    `begun` are the runs of the parts that were begun before, and `shared` the fields that every
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
        ways: Ways,
        today: date | None = None,
    ) -> None:
        self.parts, self.begun = parts, begun
        self._values, self._ids = values, ids
        self._machine_parameters, self._shared, self._ways = machine_parameters, shared, ways
        self._today = today

    def check(self) -> tuple[str, ...]:
        """Notes about what is left to machines; raises `InputsRefused` for what does not fit in the
        parts that have not begun, as far as the answers are known.
        """
        notes = [*self._values.notes]
        for part in range(len(self.begun), len(self.parts)):
            notes += self.check_part(part)
        return tuple(dict.fromkeys(notes))

    def check_part(self, part: int) -> tuple[str, ...]:
        """As `check`, of one part."""
        parts = self.parts
        given = parts.merge_answers(self._values).inputs
        if problems := find_contradictions(parts.chain, self.begun, parts.workflows, given):
            raise InputsRefused(problems)
        return self._steps(part)[1]

    def request(self, part: int, where: Mapping[str, Any]) -> Chain:
        """The request that begins a part; raises `InputsRefused`."""
        keep = part < len(self.parts) - 1
        more = {**where, **self._shared}
        return Chain(chain_body(self.parts.chain, self._steps(part)[0], more, keep_session=keep))

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
            self._ways,
            self._today,
        )


class Attendant(Protocol):
    """Who answers, begins and watches the parts of a chain."""

    async def answer(self, part: int) -> None:
        """Give the answers that are due in front of `part`; raises where there are none."""

    async def begin(self, part: int, request: Chain) -> Sequence[Run]:
        """The runs of a part that were made: fewer than its steps where something failed."""

    async def follow(self, part: int, runs: Sequence[Run]) -> bool:
        """Wait for the runs of a part that has begun; whether the chain goes on behind it."""


async def carry_out(requests: PartRequests, where: Mapping[str, Any], attendant: Attendant) -> None:
    """Begin every part that has not begun, each when the one before has ended well.

    `where` says where the first part runs; the others go on in its session.
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
    """The runs of the parts that a session has had; none for a new start, which has no session.

    Raises `NoSuchName` for a session that is not one of the chain, and `CyberdeskError`.
    """
    if session is None:
        return []
    rows = await patience.read(lambda: client.runs.list_all(session_id=session, fields=_OF_SESSION))
    return parts_in(parts.chain, ids, session, rows)


async def let_go(
    client: CyberdeskClient, chain: nodes.Chain, runs: Sequence[Run], runtime: Runtime
) -> None:
    """Free the machine of a chain that ended in front of a pause; raises `CyberdeskError`.

    Its session was kept for the parts behind it, which come no more. Where the chain keeps its
    session, as at its end, nothing is sent.
    """
    if not chain.keep_session:
        await client.runs.update(
            runs[-1].id,
            RunPatch(release_session_after=True),
            idempotency_key=runtime.new_id(),
        )
