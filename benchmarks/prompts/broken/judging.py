"""How a program judges a broken compiler.

Each was compiled and executed by the compiler as it is. A broken one is noticed where it ends with
an exception, refuses the program, or makes a payload that does something else than the program in
a world in which the payload of the unbroken compiler does not; and where it takes a program that
should be refused, and some run shows why, or warns of replays of which none goes wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from flowdsl.codegen.artifacts import WorkflowArtifact
from flowdsl.compiler.pipeline import Analysis, Compilation, analyze, compile_analysis
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.semantics.types import Optional
from flowdsl.simulate.executions import (
    FirstRuns,
    disagreements_with,
    on_its_day,
    payload_of,
    replay_disagreements_with,
    world_with_defaults,
)
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload, Refused, accept_inputs
from flowdsl.simulate.trace import SUCCESS, Trace
from flowdsl.simulate.world import Unanswerable, World
from flowdsl.source.files import MemoryFiles
from tests.support.meaning.chains import wrongly_sent
from tests.support.meaning.checked import Checked
from tests.support.meaning.commands import wrongly_allowed
from tests.support.meaning.inputs import forbidden_inputs
from tests.support.meaning.law import most_at_once
from tests.support.meaning.requests import find_wrong_request, requests_for
from tests.support.meaning.worlds import Answers

from .functions import Functions
from .programs import FINDINGS, HARMLESS, Program
from .said import listening

SPOILED = 2
"""The worlds of a program of which each part of the inputs is spoiled, as a broken schema lets."""
SPOILERS = (
    *("a\nb", "a\n", "a\rb", "⟦a⟧", "a⟧ b", 'a"b', "a\\b", "a\n⟦b", '" a'),
    *("{{a}}", "{$a}", "{a", "a{", "$a}", "<b>", "&lt;", "a\\"),
)
"""Texts that a schema keeps out of places where they would end a line, brackets or JSON."""
ENDS = ("\n", "\\", "{", "$", "<")
"""What they may begin or end with."""
FROZEN = frozenset({"branch-frozen-by-replay", "branch-frozen-in-loop"})
"""Errors of programs that a replay does no justice; to warn of it is not enough."""
UNSOUND = frozenset({"branch-outside-focused-action", "decided-once"})
"""Diagnostics of programs that no replay does justice."""
Places = frozenset[tuple[str, int | str]]
"""Lines of files, and sentences of theirs."""


class Refusal(Exception):
    """The compiler refuses a program, and says why with `diagnostics`."""

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.said = _said(diagnostics)


class Made(NamedTuple):
    """What a compiler makes of a program: `other` is what it makes besides what is sent."""

    payload: Payload
    replayable: bool
    compilation: Compilation
    requests: dict[str, Any]
    other: str


class Run(NamedTuple):
    """A world, the inputs that a run in it begins with, and what the program does."""

    world: World
    inputs: dict[str, Any]
    trace: Trace


class Judge:
    """A program with what it does; pairs of runs are of one that is recorded and its replay.

    `checking`, `emitting` and `running` are the places that the compiler comes by when it checks
    the program, when it compiles what was checked, and when a run begins. `sound` is None where
    the program is to be refused, by the errors `wrong`.
    """

    def __init__(self, program: Program) -> None:
        self.program, self.name, self.kind = program, program.name, program.kind
        self.sound: Made | None = None
        self.pairs: list[tuple[Run | None, Run | None]] = []
        self.wrong: frozenset[str] = frozenset()
        self.emitting: Places = frozenset()
        self.running: Places = frozenset()
        with _reached() as checking:
            self.analysis = self._analysis()
        self.checking: Places = frozenset(checking)
        stopping = filter(program.options.stops, self.analysis.diagnostics)
        self.wrong = frozenset(each.name for each in stopping)
        self.said = _said(self.analysis.diagnostics)
        if self.wrong:
            return
        with _reached() as emitting:
            made = self._emitted(self.analysis)
        self.sound = made
        self.environment: Mapping[str, str] = self._checked(made).environment
        with _reached() as running:
            self.pairs = [self._runs(made, *each) for each in self._worlds(made)]
        self.emitting, self.running = frozenset(emitting), frozenset(running)
        self._sound_differs: dict[int, str] = {}

    @property
    def is_of_use(self) -> bool:
        """Whether its control flow or its payload is what it is about, and no other mistake."""
        return self.sound is not None or self.wrong <= FINDINGS

    # Compiling

    def made(self, places: Places | None = None) -> Made:
        """The program as the compiler of this process compiles it.

        What was checked before stays as it is where checking comes by none of the broken places.
        """
        if places is not None and not places & self.checking and self.sound is not None:
            return self._emitted(self.analysis)
        return self._emitted(self._analysis())

    def _analysis(self) -> Analysis:
        given = MemoryFiles(self.program.files)
        return analyze(given, [self.program.path], self.program.options)

    def _emitted(self, analysis: Analysis) -> Made:
        options = self.program.options
        for each in filter(options.stops, analysis.diagnostics):
            raise Refusal(each.message, analysis.diagnostics)
        compilation = compile_analysis(analysis, options)
        bundle = compilation.bundle
        if bundle is None:
            raise Refusal("no bundle")
        artifact = self._artifact(compilation)
        names = sorted(each.name for each in compilation.analysis.diagnostics)
        return Made(
            payload_of(artifact),
            not UNSOUND & set(names),
            compilation,
            requests_for(artifact, bundle),
            repr((artifact, *_said(compilation.analysis.diagnostics))),
        )

    def _artifact(self, compilation: Compilation) -> WorkflowArtifact:
        assert compilation.bundle is not None
        name = self._workflow(compilation).name
        return next(each for each in compilation.bundle.workflows if each.name == name)

    def _workflow(self, compilation: Compilation) -> WorkflowSymbol:
        return compilation.analysis.model.workflows[-1 if self.program.last else 0]

    def _checked(self, made: Made) -> Checked:
        return Checked(self.program.source, made.compilation, self.program.options)

    def _worlds(self, made: Made) -> Iterator[tuple[World, World | None]]:
        return self.program.worlds(self._checked(made))

    # Running

    def _runs(self, made: Made, first: World, again: World | None) -> tuple[Run | None, Run | None]:
        begun = self._run(made, first)
        recorded = begun is not None and begun.trace.ending.status == SUCCESS
        return begun, self._run(made, again) if again is not None and recorded else None

    def _run(self, made: Made, world: World) -> Run | None:
        try:
            return self._begun(made, world)
        except (MissingInText, Unanswerable):
            return None

    def _begun(self, made: Made, world: World) -> Run:
        workflow = self._workflow(made.compilation)
        model = made.compilation.analysis.model
        environment = self._checked(made).environment
        trace = interpret(model, workflow, world, environment)
        return Run(world, dict(on_its_day(workflow, world).inputs), trace)

    def differs(self, at: int, made: Made) -> str:
        """How a payload differs from the program in one of its pairs of runs; empty: not at all."""
        first, again = self.pairs[at]
        return _difference(made, first, again, self._begin)

    def _sound_one_differs(self, at: int) -> bool:
        """Whether even the payload of the sound compiler differs from the program there.

        Which payload is executed is no matter of the compiler that is broken meanwhile.
        """
        assert self.sound is not None
        if at not in self._sound_differs:
            self._sound_differs[at] = self.differs(at, self.sound)
        return bool(self._sound_differs[at])

    def _begin(self, run: Run, made: Made) -> World:
        """The world of a run with the days that this process fills in, broken or not."""
        inputs = run.inputs
        if self.sound is not None and made is not self.sound:
            workflow = self._workflow(self.sound.compilation)
            inputs = dict(on_its_day(workflow, run.world).inputs)
        return _given(run.world, inputs)

    # Judging

    def notices(self, made: Made) -> str:
        """The first thing that is wrong with what a broken compiler made alone; empty: nothing."""
        if most_at_once(made.payload.prompt.split("\n")) > 1:
            return "two loops of the main agent run at one time, and the platform has one entry"
        if self.sound is None:
            return self._shows_why(made)
        bundle = made.compilation.bundle
        assert bundle is not None
        artifact = self._artifact(made.compilation)
        if wrong := find_wrong_request(self.program.sends, artifact, bundle):
            return wrong
        for at in range(len(self.pairs)):
            found = self.differs(at, made)
            if found and not self._sound_one_differs(at):
                return found
        model = self.sound.compilation.analysis.model
        workflow = self._workflow(self.sound.compilation)
        allowed = wrongly_allowed(model, workflow, made.payload)
        if allowed and not wrongly_allowed(model, workflow, self.sound.payload):
            return allowed
        return self._warned(made) or self._sent(made) or self._lets_in(made)

    def _shows_why(self, made: Made) -> str:
        """What goes wrong in a run of a program that should have been refused."""
        if self.wrong & FROZEN:
            made = made._replace(replayable=True)
        required = {
            field.wire_name
            for field in self._workflow(made.compilation).outputs
            if not isinstance(field.type, Optional)
        }
        for first, again in self._worlds(made):
            try:
                begun = self._begun(made, first)
                ending = begun.trace.ending
                lacking = sorted(name for name in required if ending.outputs.get(name) is None)
                if ending.status == SUCCESS and lacking:
                    return f"ends well without {lacking}"
                replayed = None
                if again is not None and ending.status == SUCCESS:
                    replayed = self._begun(made, again)
            except MissingInText as missing:
                return str(missing)
            except Unanswerable:
                continue
            if found := _difference(made, begun, replayed, self._begin):
                return found
        return ""

    def _warned(self, made: Made) -> str:
        """Whether it says falsely that no replay does what the program does."""
        if self.sound is None or made.replayable or not self.sound.replayable:
            return ""
        replayed = [
            at
            for at, (_, again) in enumerate(self.pairs)
            if again and not self._sound_one_differs(at)
        ]
        return f"warns of {len(replayed)} replays, and none goes wrong" if replayed else ""

    def _sent(self, made: Made) -> str:
        """A step of a chain that is sent something else than the chain means."""
        if not made.compilation.analysis.model.chains:
            return ""
        for first, _ in self._worlds(made):
            if found := wrongly_sent(self._checked(made), first):
                return found
        return ""

    def _lets_in(self, made: Made) -> str:
        """What goes wrong with inputs that only the broken schema takes."""
        assert self.sound is not None
        before, after = self.sound.payload.input_schema, made.payload.input_schema
        if before == after:
            return ""
        checked = self._checked(self.sound)
        for at, (first, _) in enumerate(self.pairs[:SPOILED]):
            if first is None:
                continue
            started = world_with_defaults(
                self.sound.payload, _given(first.world, first.inputs)
            ).inputs
            for what, inputs in forbidden_inputs(checked, started):
                if _takes(after, inputs) and not _takes(before, inputs):
                    return f"is let in: {what}"
            for inputs in _with_spoiled(first.inputs):
                if not _takes(after, inputs) or _takes(before, inputs):
                    continue
                # Nobody has written down an answer to what is asked with such inputs.
                world = World(inputs, Answers(at), {}, first.world.today)
                run = self._run(self.sound, world)
                found = "" if run is None else _difference(made, run, None, self._begin)
                if found:
                    return f"let in, {found}"
        return ""

    def is_same(self, made: Made) -> bool:
        """Whether a broken compiler makes what it should of the program, as far as runs see it."""
        return self.sound is not None and _parts(made) == _parts(self.sound)

    def is_dearer(self, made: Made) -> bool:
        """Whether it has more lines, or more of them that use a tool.

        The schema of outputs may say of other places where values are: a run has shown that they
        come out.
        """
        sound = self.sound
        if sound is None or _parts_beside(made) != _parts_beside(sound):
            return False
        return _uses(made) > _uses(sound) or _lines(made) > _lines(sound)

    def is_said_otherwise(self, refusal: Refusal) -> bool:
        """Whether the same mistakes of a refused program are told in other words."""
        return refusal.said != self.said and refusal.said[0] == self.said[0]

    def is_harmless(self, made: Made) -> bool:
        """Whether what came out otherwise is no part of a payload."""
        if self.sound is None:
            return self.wrong <= HARMLESS
        return made.other != self.sound.other and _parts(made) == _parts(self.sound)


def _said(diagnostics: Sequence[Diagnostic]) -> tuple[list[str], list[str]]:
    """The names of diagnostics, and what they say at which places."""
    told = ((each.span, each.message, each.labels, each.notes, each.help) for each in diagnostics)
    return sorted(each.name for each in diagnostics), sorted(map(repr, told))


def _difference(
    made: Made, first: Run | None, again: Run | None, begin: Callable[[Run, Made], World]
) -> str:
    """How a payload differs from the program in a run, or in a replay of it."""
    if first is None:
        return ""
    try:
        began = begin(first, made)
        runs = FirstRuns(made.payload, began, first.trace)
        for found in disagreements_with(runs):
            return f"{found.variant}: {found.difference}"
        if again is not None and made.replayable:
            begins = begin(again, made)
            for found in replay_disagreements_with(runs, again.trace, begins):
                return f"replay, {found.variant}: {found.difference}"
    except Refused as refused:
        return f"refused: {refused}"
    return ""


def _uses(made: Made) -> int:
    return len(_TOOL.findall(made.payload.prompt))


def _lines(made: Made) -> int:
    return sum(bool(line.strip()) for line in made.payload.prompt.splitlines())


_TOOL = re.compile(r"\bUse (?:[a-z]+_[a-z_]+|screenshot)\b")


def _parts(made: Made) -> tuple[object, ...]:
    payload = made.payload
    schemas = payload.input_schema, payload.output_schema
    return payload.prompt, *schemas, made.requests, made.replayable


def _parts_beside(made: Made) -> tuple[object, ...]:
    return made.payload.input_schema, made.requests | {"output_schema": None}, made.replayable


def _given(world: World, inputs: dict[str, Any]) -> World:
    return World(inputs, world.answer, world.situations, world.today)


def _takes(schema: str | None, inputs: dict[str, Any]) -> bool:
    try:
        accept_inputs(schema, inputs)
    except Refused:
        return False
    return True


def _with_spoiled(value: Any) -> Iterator[Any]:
    """A value with one part of it spoiled, in every way."""
    match value:
        case str():
            yield from (
                *SPOILERS,
                *(value + each for each in ENDS),
                *(each + value for each in ENDS),
            )
        case int() if not isinstance(value, bool):
            yield from (0, -1, value + 9)
        case list():
            yield from ([], [*value, *value, *value])
            for index, each in enumerate(value):
                for spoiled in _with_spoiled(each):
                    yield [*value[:index], spoiled, *value[index + 1 :]]
        case dict():
            for name, each in value.items():
                for spoiled in _with_spoiled(each):
                    yield value | {name: spoiled}


@contextmanager
def _reached() -> Iterator[set[tuple[str, int | str]]]:
    """The lines of the back end that are come by meanwhile, and the sentences that are said."""
    with _functions().watched() as found, listening() as said:
        yield found
    found |= said


@cache
def _functions() -> Functions:
    return Functions()
