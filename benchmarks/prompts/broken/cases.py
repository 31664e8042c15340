"""The programs of the study of mutants, each compiled as it should be, with its worlds.

Those of `tests/corpus/meaning` and the rare ones of `tests/support/meaning/rare.py` were written to
show what a compiler can do wrong, and notice nearly every mutant; generated ones stand behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from flowdsl.compiler.pipeline import Analysis, CompileOptions, _compile, analyze
from flowdsl.simulate.executions import on_its_day, payload_of
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload
from flowdsl.simulate.trace import Trace
from flowdsl.simulate.world import Unanswerable, World
from flowdsl.source.files import MemoryFiles
from tests.support.meaning.checked import PATH, Checked
from tests.support.meaning.corpus import cases as corpus_cases
from tests.support.meaning.generator.programs import FILES, program
from tests.support.meaning.rare import rare_programs, verified
from tests.support.meaning.worlds import world

from .patches import Place, reached

CORPUS = Path(__file__).parents[3] / "tests/corpus/meaning"
WORLDS = 3
"""The generated worlds of a generated program; one that was written has twice as many."""


class Begun(NamedTuple):
    """A run of a program as it should be: its world, the inputs it begins with, what it does."""

    world: World
    inputs: dict[str, object]
    trace: Trace


class Program(NamedTuple):
    """A program before it is compiled; `written` are worlds that were written down for it."""

    name: str
    source: str
    files: dict[str, str | bytes]
    options: CompileOptions = CompileOptions()
    worlds: int = WORLDS
    written: tuple[World, ...] = ()


class Case:
    """A program, what it compiles to, and what it does in its worlds.

    - `reaches`: the places of the compiler, of those asked for, that it comes by.
    - `runs`: what it does, first in the worlds written for it, then in generated ones.
    """

    def __init__(
        self,
        program: Program,
        analysis: Analysis,
        places: frozenset[Place],
    ) -> None:
        self.name, self.source, self.options = program.name, program.source, program.options
        self.analysis = analysis
        with reached(places) as self.reaches:
            self.checked = self.compiled()
            self.payload = payload(self.checked)
        generated = (self.world(number, self.checked) for number in range(program.worlds))
        found = (self.begun(each) for each in (*program.written, *generated))
        self.runs = tuple(each for each in found if each is not None)
        with reached(places) as days:
            for each in self.runs:
                on_its_day(self.checked.workflow, each.world)
        self.reaches |= days

    def compiled(self) -> Checked:
        """The program as the compiler of this process compiles it, broken or not."""
        return Checked(self.source, _compile(self.analysis, self.options))

    def world(self, number: int, checked: Checked) -> World:
        """A generated world, with inputs that the schema of a compilation takes."""
        return world(1000 * len(self.source) + number, checked)

    def begun(self, given: World) -> Begun | None:
        """What the program does in a world; None where nobody says that.

        It fills a missing value into a text, or asks what the world has no answer for.
        """
        try:
            trace = interpret(self.checked.model, self.checked.workflow, given)
        except (MissingInText, Unanswerable):
            return None
        return Begun(given, dict(on_its_day(self.checked.workflow, given).inputs), trace)


def payload(checked: Checked) -> Payload:
    """What a compilation deploys."""
    assert checked.compilation.bundle is not None
    return payload_of(checked.compilation.bundle.workflows[0])


def written_programs() -> list[Program]:
    """The programs of the corpus, which bring worlds, and the rare ones; the shortest first."""
    pictures: dict[str, str | bytes] = {
        each.name: each.read_bytes() for each in CORPUS.glob("*.png")
    }
    found = [
        Program(name, checked.source, FILES, options, 2 * WORLDS)
        for name, checked, options in rare_programs()
    ]
    for each in corpus_cases():
        runs = (each.first,) if each.again is None else (each.first, each.again)
        worlds = tuple(written.world() for written in runs)
        found.append(
            Program(each.name, each.source, pictures, CompileOptions(), 2 * WORLDS, worlds)
        )
    return sorted(found, key=lambda each: len(each.source))


def generated_programs(count: int) -> Iterator[Program]:
    """Generated programs, a third of them for an account whose focused agents have more tools."""
    tools = verified()
    for seed in range(count):
        options = tools if seed % 3 == 2 else CompileOptions()
        yield Program(f"program {seed}", program(seed), FILES, options)


def cases(programs: Iterable[Program], places: set[Place]) -> Iterator[Case]:
    """Those programs that check, compiled."""
    for each in programs:
        files = MemoryFiles({**each.files, PATH: each.source})
        analysis = analyze(files, [PATH], each.options)
        if not any(map(each.options.stops, analysis.diagnostics)):
            yield Case(each, analysis, frozenset(places))
