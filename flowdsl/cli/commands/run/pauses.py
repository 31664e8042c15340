"""A chain that pauses: its parts one after the other, and what a person answers in between."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, printable
from flowdsl.cyberdesk.models.run import ChainStep, FileInput, Run, RunField, RunPatch
from flowdsl.ir import nodes
from flowdsl.runs.chain_body import chain_body, chain_steps
from flowdsl.runs.inputs.answers import Question, answered, asked_for, questions_of
from flowdsl.runs.inputs.assemble import TRANSFERS, RunValues
from flowdsl.runs.inputs.declared import Declared
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.inputs.problems import InputsRefused, Problem
from flowdsl.runs.patience import Patience
from flowdsl.runs.pauses import (
    Parameter,
    contradictions,
    needing_only,
    parameters_read,
    parts_in,
)
from flowdsl.runs.submit import Chain

from ...runtime import exit_codes
from ...runtime.console import Console
from ...runtime.engine.deployment import system_runtime
from ...runtime.engine.questions import is_interactive, typed
from ...runtime.failure import CommandError, UsageError
from ...runtime.interrupts import Interrupts
from ...runtime.runs.follow import Following
from ...runtime.runs.options import SECRET_SOURCES, is_source, secret_at, unseen
from ...runtime.time_limit import IS_OVER

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


class Pausing:
    """The parts of one start of a chain, and the answers so far.

    Raises `InputsRefused` and `UsageError` for answers on the command line that do not fit.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        chain: nodes.Chain,
        workflows: Mapping[str, Declared],
        console: Console,
    ) -> None:
        self._arguments, self._chain, self._workflows = arguments, chain, workflows
        self._console = console
        self._questions = questions_of(chain)
        self._answers: dict[str, Any] = {}
        self._read_options()
        if arguments.resume is None:
            self._refuse_without_terminal(self._due(0))

    # Answers

    def _read_options(self) -> None:
        """Take the answers of the command line."""
        problems: list[Problem] = []
        seen: set[str] = set()
        for name, written in self._arguments.answer:
            place = f"`--answer {printable(name)}`"
            try:
                question = asked_for(self._chain, self._questions, name, place)
                if name in seen:
                    raise InputsRefused([Problem(place, f"answer `{name}` is given twice")])
                seen.add(name)
                if question.is_secret:
                    self._read_secret(question, written, place)
                else:
                    self._answers[name] = answered(question, written, place)
            except InputsRefused as refused:
                problems += refused.problems
        if problems:
            raise InputsRefused(problems)

    def _read_secret(self, question: Question, source: str, place: str) -> None:
        if not is_source(source):
            why = f"`{question.name}` is a secret, which is not written where others can read it"
            raise InputsRefused([Problem(place, why, f"name its source: {SECRET_SOURCES}")])
        if source == "ask":
            if not is_interactive():
                why = "there is no terminal to ask on"
                raise InputsRefused([Problem(place, why, f"give it as `{question.option}`")])
            return
        text, why = secret_at(source)
        if why:
            raise InputsRefused([Problem(place, why)])
        self._answers[question.name] = answered(question, text, place)

    def _read_by(self, part: int) -> set[Parameter]:
        """What the parts from `part` on read of the chain."""
        steps = [step for each in self._chain.parts[part:] for step in each]
        return parameters_read(self._chain, steps, self._workflows)

    def _due(self, part: int) -> list[Question]:
        """The questions without an answer, for the parts from `part` on, in the order of asking.

        What an earlier pause asked for is needed once more where a later step reads it.
        """
        read = self._read_by(part)
        return [
            each
            for each in self._questions.values()
            if each.name not in self._answers
            and (each.pause >= part - 1 or (each.is_secret, each.name) in read)
        ]

    def _refuse_without_terminal(self, due: Sequence[Question], part: int = 1) -> None:
        """Raise `UsageError` for answers that nobody can be asked for."""
        missing = [each for each in due if each.spec.required or each.pause < part - 1]
        if not missing or is_interactive():
            return
        names = " and ".join(f"`{each.name}`" for each in missing)
        options = " ".join(each.option for each in missing)
        raise UsageError(
            f"chain `{self._chain.name}` asks for {names}, and there is no terminal to ask on; "
            f"give it as `{options}`"
        )

    def _ask(self, due: Sequence[Question], part: int, check: Callable[[], object]) -> None:
        """Ask for what is due in front of `part`, until it fits; raises `CommandError`.

        `check` raises `InputsRefused` for answers that a step does not take, or that are not those
        of an earlier step. Where nobody can be asked, what is due has a default or may be missing.
        """
        if not is_interactive():
            self._answers |= {each.name: answered(each, "", each.name) for each in due}
            check()
            return
        question = self._chain.pauses[part - 1].question
        for line in (question or "").splitlines() if due else ():
            self._console.err(printable(line))
        while True:
            for each in due:
                self._ask_one(each)
            try:
                check()
                return
            except InputsRefused as refused:
                if not due:
                    raise
                for line in refused.lines():
                    self._console.err(line)
                for each in due:
                    del self._answers[each.name]

    def _ask_one(self, question: Question) -> None:
        spec = question.spec
        for line in (spec.description or "").splitlines():
            self._console.err(f"  {printable(line)}")
        how = ["not shown"] if question.is_secret else []
        if spec.has_default:
            default = spec.default if isinstance(spec.default, str) else repr(spec.default)
            how.append(f"Enter for `{printable(default)}`")
        elif not spec.required:
            how.append("Enter for none")
        prompt = f"{spec.name} ({', '.join(how)}): " if how else f"{spec.name}: "
        while True:
            text = None
            try:
                text = (unseen if question.is_secret else typed)(prompt, self._console)
            finally:
                if text is None:  # what follows begins a line of its own
                    self._console.err("")
            if text is None:
                raise CommandError(f"nobody answered what `{spec.name}` is", exit_codes.USAGE)
            try:
                self._answers[spec.name] = answered(question, text, f"`{spec.name}`")
                return
            except InputsRefused as refused:
                for line in refused.lines():
                    self._console.err(line)

    # Parts

    async def begun(self, client: CyberdeskClient, ids: Mapping[str, str]) -> list[list[Run]]:
        """The runs of the parts that the session of `--resume` has had; none for a new start.

        Raises `NoSuchName` for a session that is not one of the chain.
        """
        session = self._arguments.resume
        if session is None:
            return []
        patience = Patience(system_runtime(), self._console.err)
        rows = await patience.read(
            lambda: client.runs.list_all(session_id=session, fields=_OF_SESSION)
        )
        return parts_in(self._chain, ids, session, rows)

    def needed(self, declared: Declared, begun: Sequence[object]) -> Declared:
        """What the chain still takes of its inputs and secrets when some parts have begun."""
        return needing_only(declared, self._read_by(len(begun))) if begun else declared

    async def carry_out(
        self,
        client: CyberdeskClient,
        begun: Sequence[Sequence[Run]],
        values: RunValues,
        ids: Mapping[str, str],
        where: Mapping[str, Any],
        machine_parameters: MachineParameters,
        files: list[FileInput],
        following: Following,
        interrupts: Interrupts,
    ) -> None:
        """Begin every part that has not begun, and watch each but the last to its end.

        Raises `InputsRefused` and `UsageError` before anything is sent, where something does not
        fit or is missing.
        """
        chain, parts = self._chain, self._chain.parts
        if begun and len(begun) < len(parts):
            self._refuse_without_terminal(self._due(len(begun)), len(begun))

        def steps_of(part: int) -> tuple[list[ChainStep], tuple[str, ...]]:
            return chain_steps(
                chain,
                parts[part],
                self._with_answers(values),
                self._workflows,
                ids,
                machine_parameters,
                {(e.is_secret, e.name) for e in self._questions.values()}
                - {(self._questions[name].is_secret, name) for name in self._answers},
            )

        def check(part: int) -> tuple[str, ...]:
            self._refuse_other_values(begun, values)
            return steps_of(part)[1]

        notes = [*values.notes]
        for part in range(len(begun), len(parts)):
            notes += check(part)
        for note in dict.fromkeys(notes):
            following.say(f"note: {note}")
        last = len(parts) - 1
        if len(begun) == len(parts):
            following.say("note: no pause of the chain is left")
        place: Mapping[str, Any] = where
        for part in range(len(parts)):
            if part < len(begun):
                runs = list(begun[part])
                if part < len(begun) - 1:
                    continue
            else:
                if part:
                    due = [each for each in self._due(part) if each.pause < part]
                    self._ask(due, part, partial(check, part))
                    self._refuse_when_over(interrupts)
                more = {**place, **({"is_priority": True} if self._arguments.priority else {})}
                if files:
                    more["shared_file_inputs"] = files
                body = chain_body(chain, steps_of(part)[0], more, keep_session=part < last)
                runs = await following.make(client, [(Chain(body), "")], interrupts)
                if len(runs) < len(parts[part]):
                    return
            session = runs[0].session_id
            place = {"session_id": session}
            following.waits(self._resume(session, part + 1) if part < last else "")
            if interrupts.received():
                return
            if part == last and part >= len(begun) and not self._arguments.watch:
                following.leave()
                return
            await following.watch(client, runs, interrupts.limit.left)
            if interrupts.received() or following.any_goes_on():
                return
            if not following.all_succeeded():
                if part < last:
                    await self._end(client, runs, following)
                return

    def _with_answers(self, values: RunValues) -> RunValues:
        given = {name: value for name, value in self._answers.items() if value is not None}
        secret = {name for name in given if self._questions[name].is_secret}
        return replace(
            values,
            inputs=values.inputs | {n: v for n, v in given.items() if n not in secret},
            secrets=values.secrets | {n: v for n, v in given.items() if n in secret},
        )

    def _refuse_other_values(self, begun: Sequence[Sequence[Run]], values: RunValues) -> None:
        given = self._with_answers(values).inputs
        if problems := contradictions(self._chain, begun, self._workflows, given):
            raise InputsRefused(problems)

    def _refuse_when_over(self, interrupts: Interrupts) -> None:
        if interrupts.limit.left() == 0.0:
            raise CommandError(f"{IS_OVER}; the chain waits", exit_codes.RUN_UNFINISHED)

    async def _end(
        self, client: CyberdeskClient, runs: Sequence[Run], following: Following
    ) -> None:
        """End a chain that did not get to its pause.

        Its session was kept for the parts behind it: the machine is let go as it is at the end of a
        chain without pauses.
        """
        following.waits("")
        following.say("the chain ends in front of its pause")
        if self._chain.keep_session:
            return
        try:
            await client.runs.update(
                runs[-1].id,
                RunPatch(release_session_after=True),
                idempotency_key=system_runtime().new_id(),
            )
        except CyberdeskError as error:
            following.say(f"warning: its session may still hold the machine: {error}")

    def _resume(self, session: str | None, part: int) -> str:
        """The command that goes on with `part`, without the value of any secret."""
        options = self._arguments
        words = ["flowdsl", "run", self._chain.name, "--resume", printable(session or "")]
        for name, value in options.input:
            words += ["--input", f"{name}={value}"]
        for name, variable in options.input_env:
            words += ["--input-env", f"{name}={variable}"]
        if options.inputs is not None:
            words += ["--inputs", options.inputs]
        for name, source in options.secret:
            words += ["--secret", f"{name}={source}"]
        for path in options.file:
            words += ["--file", path]
        if options.file_folder != TRANSFERS:
            words += ["--file-folder", options.file_folder]
        words += ["--remove-files"] * options.remove_files
        words += ["--priority"] * options.priority
        read = self._read_by(part)
        typed_here = dict(options.answer)
        for each in self._questions.values():
            written = typed_here.get(each.name)
            if written is None and not each.is_secret and each.name in self._answers:
                written = _written(self._answers[each.name])
            if written is not None and (
                each.pause >= part - 1 or (each.is_secret, each.name) in read
            ):
                words += ["--answer", f"{each.name}={written}"]
        words += ["--watch"] * options.watch
        return shlex.join(words)


def _written(value: Any) -> str:
    """An answer as it is written on a command line."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
