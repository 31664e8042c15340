"""Chains that pause, at a terminal: asks a person for answers, and continues the chain."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, make_printable
from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.inputs.answers import PauseQuestion, find_question, parse_answer
from flowdsl.runs.inputs.assemble import TRANSFERS
from flowdsl.runs.inputs.places import InputsRefused, Problem
from flowdsl.runs.patience import Patience
from flowdsl.runs.starting.parts import (
    ChainParts,
    PartRequests,
    carry_out,
    let_go,
    read_begun_parts,
)
from flowdsl.runs.submit import ChainRequest
from flowdsl.workspace.state import system_runtime

from ...runtime import exit_codes
from ...runtime.command_line.options import IS_OVER
from ...runtime.console import CommandError, Console, UsageError
from ...runtime.engine.questions import is_interactive, read_typed_line
from ...runtime.interrupts import Interrupts
from ...runtime.runs.follow import Following
from ...runtime.runs.options import SECRET_SOURCES, is_source, read_unseen_line, secret_at


class Pausing:
    """The answers of one start of a chain, from options or from a person, and its continuation.

    Raises `InputsRefused` and `UsageError` for invalid answers on the command line.
    """

    def __init__(self, arguments: argparse.Namespace, parts: ChainParts, console: Console) -> None:
        self._arguments, self.parts, self._console = arguments, parts, console
        self._read_options()
        if arguments.resume is None:
            self._refuse_without_terminal(0)

    # Answers

    def _read_options(self) -> None:
        problems: list[Problem] = []
        seen: set[str] = set()
        for name, written in self._arguments.answer:
            place = f"`--answer {make_printable(name)}`"
            try:
                question = find_question(self.parts.chain, self.parts.questions, name, place)
                if name in seen:
                    raise InputsRefused([Problem(place, f"answer `{name}` is given twice")])
                seen.add(name)
                if question.is_secret:
                    self._read_secret(question, written, place)
                else:
                    self.parts.answers[name] = parse_answer(question, written, place)
            except InputsRefused as refused:
                problems += refused.problems
        if problems:
            raise InputsRefused(problems)

    def _read_secret(self, question: PauseQuestion, source: str, place: str) -> None:
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
        self.parts.answers[question.name] = parse_answer(question, text, place)

    def _refuse_without_terminal(self, part: int) -> None:
        """Raise `UsageError` for answers from `part` on for which nobody can be asked."""
        missing = self.parts.missing(part)
        if not missing or is_interactive():
            return
        names = " and ".join(f"`{each.name}`" for each in missing)
        options = " ".join(each.option for each in missing)
        raise UsageError(
            f"chain `{self.parts.chain.name}` asks for {names}, and there is no terminal to "
            f"ask on; give it as `{options}`"
        )

    def ask(self, requests: PartRequests, part: int) -> None:
        """Ask for the answers due before `part` until they are valid; raises `CommandError`.

        Raises `InputsRefused` for answers on the command line that a step does not accept, or that
        differ from those of an earlier step. If nobody can be asked, each missing answer has a
        default or is optional.
        """
        due, answers = self.parts.due_now(part), self.parts.answers
        if not is_interactive():
            answers |= {each.name: parse_answer(each, "", each.name) for each in due}
            requests.check_part(part)
            return
        question = self.parts.chain.pauses[part - 1].question
        for line in (question or "").splitlines() if due else ():
            self._console.err(make_printable(line))
        while True:
            for each in due:
                self._ask_one(each)
            try:
                requests.check_part(part)
                return
            except InputsRefused as refused:
                if not due:
                    raise
                for line in refused.lines():
                    self._console.err(line)
                for each in due:
                    del answers[each.name]

    def _ask_one(self, question: PauseQuestion) -> None:
        spec = question.spec
        for line in (spec.description or "").splitlines():
            self._console.err(f"  {make_printable(line)}")
        how = ["not shown"] if question.is_secret else []
        if spec.has_default:
            default = spec.default if isinstance(spec.default, str) else repr(spec.default)
            how.append(f"Enter for `{make_printable(default)}`")
        elif not spec.required:
            how.append("Enter for none")
        prompt = f"{spec.name} ({', '.join(how)}): " if how else f"{spec.name}: "
        while True:
            text = None
            try:
                text = (read_unseen_line if question.is_secret else read_typed_line)(
                    prompt, self._console
                )
            finally:
                if text is None:  # further output begins on a new line
                    self._console.err("")
            if text is None:
                raise CommandError(f"nobody answered what `{spec.name}` is", exit_codes.USAGE)
            try:
                self.parts.answers[spec.name] = parse_answer(question, text, f"`{spec.name}`")
                return
            except InputsRefused as refused:
                for line in refused.lines():
                    self._console.err(line)

    # Parts

    @property
    def watches_last_part(self) -> bool:
        return bool(self._arguments.watch)

    async def begun(self, client: CyberdeskClient, ids: Mapping[str, str]) -> list[list[Run]]:
        """The runs of the parts that the session of `--resume` already has; empty for a new start.

        Raises `NoSuchName` for a session that does not belong to the chain.
        """
        patience = Patience(system_runtime(), self._console.err)
        return await read_begun_parts(client, self.parts, ids, self._arguments.resume, patience)

    async def carry_out(
        self,
        client: CyberdeskClient,
        requests: PartRequests,
        where: Mapping[str, Any],
        following: Following,
        interrupts: Interrupts,
    ) -> None:
        """Start every part that has not been started, and watch each but the last until it ends.

        Raises `InputsRefused` and `UsageError` before anything is sent if a value is invalid or
        missing.
        """
        count = len(requests.begun)
        if 0 < count < len(self.parts):
            self._refuse_without_terminal(count)
        for note in requests.check():
            following.say(f"note: {note}")
        if count == len(self.parts):
            following.say("note: no pause of the chain is left")
        attended = _AttendedPart(self, client, requests, following, interrupts)
        await carry_out(requests, where, attended)

    def resume(self, session: str | None, part: int) -> str:
        """The command that continues with `part`, without the value of any secret."""
        options = self._arguments
        words = ["flowdsl", "run", self.parts.chain.name, "--resume", make_printable(session or "")]
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
        read = self.parts.read_by(part)
        typed_here = dict(options.answer)
        for each in self.parts.questions.values():
            written = typed_here.get(each.name)
            if written is None and not each.is_secret and each.name in self.parts.answers:
                written = _format_answer(self.parts.answers[each.name])
            if written is not None and (
                each.pause >= part - 1 or (each.is_secret, each.name) in read
            ):
                words += ["--answer", f"{each.name}={written}"]
        words += ["--watch"] * options.watch
        return shlex.join(words)


class _AttendedPart:
    """Carries out the parts of a chain with a person at a terminal or options, and the display."""

    def __init__(
        self,
        pausing: Pausing,
        client: CyberdeskClient,
        requests: PartRequests,
        following: Following,
        interrupts: Interrupts,
    ) -> None:
        self._pausing, self._client, self._requests = pausing, client, requests
        self._following, self._interrupts = following, interrupts

    async def answer(self, part: int) -> None:
        self._pausing.ask(self._requests, part)
        if self._interrupts.limit.left() == 0.0:
            raise CommandError(f"{IS_OVER}; the chain waits", exit_codes.RUN_UNFINISHED)

    async def begin(self, part: int, request: ChainRequest) -> Sequence[Run]:
        return await self._following.make(self._client, [(request, "")], self._interrupts)

    async def follow(self, part: int, runs: Sequence[Run]) -> bool:
        following, interrupts = self._following, self._interrupts
        is_last = part == len(self._requests.parts) - 1
        following.waits("" if is_last else self._pausing.resume(runs[0].session_id, part + 1))
        if interrupts.received():
            return False
        is_new = part >= len(self._requests.begun)
        if is_last and is_new and not self._pausing.watches_last_part:
            following.leave()
            return False
        await following.watch(self._client, runs, interrupts.limit.left)
        if interrupts.received() or following.any_goes_on():
            return False
        if following.all_succeeded():
            return True
        if not is_last:
            await self._end(runs)
        return False

    async def _end(self, runs: Sequence[Run]) -> None:
        """Release the session of a chain whose part before a pause did not succeed."""
        self._following.waits("")
        self._following.say("the chain ends before its pause")
        try:
            await let_go(self._client, self._requests.parts.chain, runs, system_runtime())
        except CyberdeskError as error:
            self._following.say(f"warning: its session may still hold the machine: {error}")


def _format_answer(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
