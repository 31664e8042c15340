"""The programs that judge a broken compiler: those of the corpus of meaning, and generated ones.

Each was compiled and executed by the compiler as it is. A broken one is noticed where it ends with
an exception, refuses the program, or makes a payload that does something else than the program in
a world in which the payload of the unbroken compiler does not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from types import FrameType
from typing import Any, NamedTuple

from broken.trial import _with_spoiled

from flowdsl.compiler.pipeline import Compilation
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.simulate.executions import (
    disagreements_with,
    on_its_day,
    payload_of,
    replay_disagreements_with,
)
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload, Refused, accepted_inputs
from flowdsl.simulate.trace import SUCCESS, Trace
from flowdsl.simulate.world import Unanswerable, World
from tests.support.meaning import corpus
from tests.support.meaning.checked import Checked, checked
from tests.support.meaning.generator.programs import program
from tests.support.meaning.shrinking import two_worlds

from .sites import ROOT, files

CORPUS, LAW = "corpus", "law"
WORLDS = 6
"""The pairs of worlds of a generated program."""
SPOILED = 2
"""The worlds of a program of which each part of the inputs is spoiled, as a broken schema lets."""
UNSOUND = frozenset({"branch-outside-focused-action", "decided-once"})
"""Diagnostics of programs that no replay does justice."""

Reached = frozenset[tuple[str, int]]
"""Functions by their files and first lines."""


class Refusal(Exception):
    """The compiler refuses a program that it should take."""


class Made(NamedTuple):
    """What a compiler makes of a program: `other` is what it makes besides the payload."""

    payload: Payload
    replayable: bool
    compilation: Compilation
    other: str


class Run(NamedTuple):
    """A world, the inputs that a run in it begins with, and what the program does."""

    world: World
    inputs: dict[str, Any]
    trace: Trace


class Judge:
    """A program with what it does; pairs of runs are of one that is recorded and its replay."""

    kind = LAW

    def __init__(self, name: str) -> None:
        self.name = name
        self.environment: dict[str, str] = {}
        with _reached() as compiling:
            self.sound = self.made()
        with _reached() as running:
            self.pairs = [self._runs(*each) for each in self._worlds()]
            # Which payload is executed is no matter of the compiler, but for days of inputs.
            for at in range(len(self.pairs)):
                self.differs(at, self.sound)
        self.reached: Reached = frozenset(compiling | running)
        self.runs_by: Reached = frozenset(running)

    # What a kind of programs says

    def made(self) -> Made:
        """The program as the compiler of this process compiles it."""
        raise NotImplementedError

    def _worlds(self) -> Iterator[tuple[World, World | None]]:
        raise NotImplementedError

    @property
    def workflow(self) -> WorkflowSymbol:
        return self.sound.compilation.analysis.model.workflows[-1]

    def _afresh(self, run: Run) -> World:
        """The world of a run before anybody asked it anything."""
        return run.world

    # Judging

    def _runs(self, first: World, again: World | None) -> tuple[Run | None, Run | None]:
        begun = self._run(first)
        recorded = begun is not None and begun.trace.ending.status == SUCCESS
        return begun, self._run(again) if again is not None and recorded else None

    def _run(self, world: World) -> Run | None:
        model = self.sound.compilation.analysis.model
        try:
            trace = interpret(model, self.workflow, world, self.environment)
        except (MissingInText, Unanswerable):
            return None
        return Run(world, dict(on_its_day(self.workflow, world).inputs), trace)

    def differs(self, at: int, made: Made) -> str:
        """How a payload differs from the program in one of its pairs of runs; empty: not at all."""
        first, again = self.pairs[at]
        if first is None:
            return ""
        try:
            began = self._begin(first, made)
            for found in disagreements_with(first.trace, made.payload, began):
                return f"{found.variant}: {found.difference}"
            if again is not None and made.replayable:
                begins = self._begin(again, made)
                for found in replay_disagreements_with(
                    first.trace, again.trace, made.payload, began, begins
                ):
                    return f"replay, {found.variant}: {found.difference}"
        except Refused as refused:
            return f"refused: {refused}"
        return ""

    def _begin(self, run: Run, made: Made) -> World:
        """The world of a run with the days that this process fills in, broken or not."""
        inputs = run.inputs
        if made is not self.sound:
            inputs = dict(on_its_day(self.workflow, run.world).inputs)
        return _given(run.world, inputs)

    def notices(self, made: Made) -> str:
        """The first difference that a broken payload alone has; empty where there is none."""
        for at in range(len(self.pairs)):
            found = self.differs(at, made)
            if found and not self.differs(at, self.sound):
                return found
        return self._lets_in(made)

    def _lets_in(self, made: Made) -> str:
        """A difference in a run with inputs that only the broken schema takes."""
        before, after = self.sound.payload.input_schema, made.payload.input_schema
        if before == after:
            return ""
        for first, _ in islice(self.pairs, SPOILED):
            for inputs in () if first is None else _with_spoiled(first.inputs):
                if not _takes(after, inputs) or _takes(before, inputs):
                    continue
                run = self._run(_given(self._afresh(first), inputs))
                if run is None:
                    continue
                for found in disagreements_with(
                    run.trace, made.payload, _given(run.world, run.inputs)
                ):
                    return f"let in, {found.variant}: {found.difference}"
        return ""

    def is_same(self, made: Made) -> bool:
        """Whether a broken compiler makes what it should of the program, as far as runs see it."""
        return _parts(made) == _parts(self.sound)


def _made(compilation: Compilation, workflow: str) -> Made:
    bundle = compilation.bundle
    if bundle is None:
        errors = [each for each in compilation.analysis.diagnostics if each.severity == "error"]
        raise Refusal(errors[0].message if errors else "no bundle")
    (artifact,) = (each for each in bundle.workflows if each.name == workflow)
    names = sorted(each.name for each in compilation.analysis.diagnostics)
    return Made(
        payload_of(artifact),
        not UNSOUND & set(names),
        compilation,
        repr((artifact, bundle.chains, names)),
    )


def _parts(made: Made) -> tuple[object, ...]:
    payload = made.payload
    schemas = payload.input_schema, payload.output_schema
    return payload.prompt, *schemas, payload.allowlist, repr(payload.checks), made.replayable


class Written(Judge):
    """A program of the corpus, in the worlds that are written down for it."""

    kind = CORPUS

    def made(self) -> Made:
        case = corpus.Case(self.name)
        return _made(case.compilation, case.workflow.name)

    def _worlds(self) -> Iterator[tuple[World, World | None]]:
        case = corpus.Case(self.name)
        yield case.first.world(), None if case.again is None else case.again.world()

    def _afresh(self, run: Run) -> World:
        # Answers of a list are consumed.
        return corpus.Case(self.name).first.world()


class Generated(Judge):
    """A generated program, in generated worlds."""

    def __init__(self, seed: int) -> None:
        self.seed, self.source = seed, program(seed)
        super().__init__(f"program {seed}")

    def _checked(self) -> Checked:
        found = checked(self.source)
        if found is None:
            raise Refusal("it does not check")
        return found

    def made(self) -> Made:
        found = self._checked()
        self.environment = dict(found.environment)
        return _made(found.compilation, found.workflow.name)

    @property
    def workflow(self) -> WorkflowSymbol:
        return self.sound.compilation.analysis.model.workflows[0]

    def _worlds(self) -> Iterator[tuple[World, World | None]]:
        found = self._checked()
        for number in range(WORLDS):
            yield two_worlds(self.seed, found, number)


def judges(seeds: Sequence[int] | None = None) -> Iterator[Judge]:
    """The programs of the corpus, the shortest first, or generated ones that check."""
    if seeds is None:
        for each in sorted(corpus.cases(), key=lambda each: len(each.source)):
            yield Written(each.name)
        return
    for seed in seeds:
        try:
            yield Generated(seed)
        except Refusal:
            continue


def _given(world: World, inputs: dict[str, Any]) -> World:
    return World(inputs, world.answer, world.situations, world.today)


def _takes(schema: str | None, inputs: dict[str, Any]) -> bool:
    try:
        accepted_inputs(schema, inputs)
    except Refused:
        return False
    return True


@contextmanager
def _reached() -> Iterator[set[tuple[str, int]]]:
    """The functions of the back end that are called meanwhile."""
    found: set[tuple[str, int]] = set()
    paths = {str(ROOT / each) for each in files()}

    def see(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename in paths:
            found.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    sys.setprofile(see)
    try:
        yield found
    finally:
        sys.setprofile(None)
