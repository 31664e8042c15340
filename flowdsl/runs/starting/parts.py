"""One start of a chain that pauses: its parts one after the other, and the answers in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import ChainStep, Run, RunField, RunPatch
from flowdsl.ir import nodes
from flowdsl.runs.chain_body import chain_body, chain_steps
from flowdsl.runs.inputs.answers import Question, questions_of
from flowdsl.runs.inputs.assemble import RunValues
from flowdsl.runs.inputs.declared import Declared
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.inputs.problems import InputsRefused
from flowdsl.runs.inputs.ways import Ways
from flowdsl.runs.patience import Patience
from flowdsl.runs.pauses import Parameter, contradictions, needing_only, parameters_read, parts_in
from flowdsl.runs.submit import Chain
from flowdsl.state.held import Runtime

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

    def with_answers(self, values: RunValues) -> RunValues:
        """The values of the chain and what was answered so far."""
        given = {name: value for name, value in self.answers.items() if value is not None}
        secret = {name for name in given if self.questions[name].is_secret}
        return replace(
            values,
            inputs=values.inputs | {n: v for n, v in given.items() if n not in secret},
            secrets=values.secrets | {n: v for n, v in given.items() if n in secret},
        )

    def unanswered(self) -> set[Parameter]:
        """The answers that nobody has given yet."""
        return {
            (each.is_secret, each.name)
            for each in self.questions.values()
            if each.name not in self.answers
        }

    def needed(self, declared: Declared, begun: Sequence[object]) -> Declared:
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
        given = parts.with_answers(self._values).inputs
        if problems := contradictions(parts.chain, self.begun, parts.workflows, given):
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
            parts.with_answers(self._values),
            parts.workflows,
            self._ids,
            self._machine_parameters,
            parts.unanswered(),
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


async def begun_in(
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
