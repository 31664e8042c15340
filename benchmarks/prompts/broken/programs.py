"""The programs that judge a broken compiler: sources, how they are compiled, and their worlds.

- corpus: those of `tests/corpus/meaning`, in the worlds that are written down there.
- refused: those of `tests/corpus/invalid` with mistakes in their control flow alone.
- checked: those of `decisions.py` and `paths.py` in `tests/support/meaning/programs`, by which only
  the checker is judged.
- rare: those of `tests/support/meaning/programs/rare.py`, in generated worlds.
- generated: seeds of the generator; one of three for an account whose focused agents have tools.
- bent: programs of the corpus, and generated ones, with a statement dropped, doubled, or put under
  a condition, into attempts or a loop. The checker refuses many of them, or warns of their replays:
  what it has to see.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.simulate.world import World
from flowdsl.source.files import MemoryFiles
from tests.support.meaning import corpus
from tests.support.meaning.checked import DOCUMENTED, PATH, Checked, account, files_of
from tests.support.meaning.generator.programs import FILES, program
from tests.support.meaning.programs.decisions import decisions
from tests.support.meaning.programs.paths import paths
from tests.support.meaning.programs.rare import TOOLS, rare_programs
from tests.support.meaning.shrinking import two_worlds

ROOT = Path(__file__).parents[3]
CORPUS, LAW = "corpus", "law"

Worlds = tuple[World, World | None]
"""The world of a run, and that of its replay."""

GENERATED_WORLDS = 4
"""The pairs of worlds of a generated program."""
BENT_WORLDS = 3
CHECKED_WORLDS = 2
CHECKER = "flowdsl/semantics/control_flow/"
"""What the programs of `checked` judge."""
FINDINGS = frozenset(
    {
        *("append-repeated", "branch-frozen-by-replay", "branch-frozen-in-loop"),
        *("branch-outside-focused-action", "command-output-unreadable", "decided-once"),
        *("entry-added-twice", "failure-needs-one-call", "for-cannot-fail", "image-with-command"),
        *("missing-emit", "nested-for", "optional-read-unguarded", "retry-cannot-fail"),
        "unreachable-statement",
        "unset-runtime-variable",
    }
)
"""What `semantics/control_flow` finds, or decides for others."""
HARMLESS = frozenset({"append-repeated", "unreachable-statement"})
"""Errors of programs that mean something all the same."""


@dataclass(frozen=True)
class Program:
    """A program. `last` says that the last of its workflows is meant, else it is the first one.

    `sends` is what is sent for it besides its prompt, where that is written down.
    """

    kind: str
    name: str
    files: dict[str, str | bytes]
    options: CompileOptions
    worlds: Callable[[Checked], Iterator[Worlds]]
    path: str = PATH
    last: bool = False
    sends: Mapping[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str:
        found = self.files[self.path]
        assert isinstance(found, str)
        return found


def corpus_programs() -> list[Program]:
    """The programs of the corpus, the shortest first."""
    return sorted(map(_written, corpus.cases()), key=lambda each: len(each.source))


def _written(case: corpus.Case) -> Program:
    path = f"{case.name}.flow"

    def worlds(_: Checked) -> Iterator[Worlds]:
        # Answers of a list are consumed: each caller gets a world of its own.
        again = case.again
        yield case.first.world(), None if again is None else again.world()

    sends = case.first.sends
    return Program(CORPUS, case.name, case.files, case.options, worlds, path, True, sends)


def corpus_in_other_worlds() -> list[Program]:
    """The programs of the corpus in generated worlds, where there are such."""
    taken = {each.name for each in corpus.cases() if each.is_generated_for}
    return [
        replace(each, kind=LAW, name=f"{each.name}, elsewhere", worlds=_seeded(7000 + number))
        for number, each in enumerate(corpus_programs())
        if each.name in taken
    ]


def checked() -> list[Program]:
    """Programs on replays and on what is so on every path; they judge the checker alone."""
    found = [*decisions(), *((*each, DOCUMENTED) for each in paths())]
    return [
        Program(LAW, name, {PATH: source, **FILES}, options, _seeded(number, CHECKED_WORLDS))
        for number, (name, source, options) in enumerate(found)
    ]


def rare() -> list[Program]:
    """The rare programs."""
    return [
        Program(LAW, name, {PATH: each.source, **FILES}, options, _seeded(number))
        for number, (name, each, options) in enumerate(rare_programs())
    ]


def law_program(name: str, source: str) -> Program:
    """A program in generated worlds."""
    return Program(LAW, name, {PATH: source, **FILES}, DOCUMENTED, _seeded(0))


def refused() -> list[Program]:
    """Programs that the checker refuses, or warns of, for their control flow alone.

    Each workflow of a file stands alone, with all else that is declared there, and with one of the
    mistakes in it, as far as each of the others is on a line of its own.
    """
    found: list[Program] = []
    for name in sorted(FINDINGS):
        for path in sorted((ROOT / "tests/corpus/invalid").glob(f"*/{name}/**/*.flow")):
            beside = [each for each in path.parent.iterdir() if each.is_file()]
            files: dict[str, str | bytes] = {each.name: each.read_bytes() for each in beside}
            parts = _WORKFLOW.split(path.read_text(encoding="utf-8"))
            rest = "".join(parts[::2])
            sources = [each for workflow in parts[1::2] for each in _single_mistakes(workflow)]
            for number, source in enumerate(dict.fromkeys(sources)):
                alone = {**FILES, **files, PATH: f"{rest}\n{source}"}
                if _mistakes(alone, PATH, DOCUMENTED) is not None:
                    worlds = _seeded(len(found), BENT_WORLDS)
                    title = f"refused, {name} {path.stem} {number}"
                    found.append(Program(LAW, title, alone, DOCUMENTED, worlds))
    return found


def _single_mistakes(workflow: str) -> Iterator[str]:
    """A workflow as it is, and with each of the mistakes that are marked in it alone."""
    yield workflow
    lines = workflow.split("\n")
    marked = [at for at, line in enumerate(lines) if "#~" in line]
    for kept in marked:
        others = {
            at for at in marked if at != kept and lines[at].count("{") == lines[at].count("}")
        }
        yield "\n".join(line for at, line in enumerate(lines) if at not in others)


_WORKFLOW = re.compile(r"^((?:##.*\n)*workflow .*\n(?:.*\n)*?\}\n)", re.M)


def generated(seed: int) -> Program:
    """The generated program of a seed."""
    files = {**files_of(program(seed)), **FILES}
    options = account(TOOLS) if seed % 3 == 2 else DOCUMENTED
    return Program(LAW, f"program {seed}", files, options, _seeded(seed))


def _seeded(seed: int, pairs: int = GENERATED_WORLDS) -> Callable[[Checked], Iterator[Worlds]]:
    def worlds(checked: Checked) -> Iterator[Worlds]:
        for number in range(pairs):
            first, again = two_worlds(seed, checked, number)
            yield first, again
            # The first one ends well, as what is recorded has to.
            yield again, None

    return worlds


# Bent programs

_STATEMENT = re.compile(
    r"^ +(?:abort|call|choose|clear|click|copy|do|emit|expect|extract|fail|finish|for|if|keep"
    r"|press|repeat|retry|run|type|wait|while)\b"
)
_SETS = re.compile(r"^ +(?:call .* as|copy|emit|extract|keep|run .* as) ")
_AROUND = (
    'if sees "the sign Halt" {',
    'retry 2 { expect "the form" else fail "no form"',
    "for turn in 2 {",
    "for turn in 2 { for again in 2 {",
)
_BEFORE = (
    'if sees "the end" { finish "It is done." }',
    'expect "the form" else fail "no form"',
    'run "date"',
    'if sees "the sign Halt" { run "date" }',
    'if sees "the sign Halt" { press "Enter" } else { fail "no sign" }',
    "finish",
    'fail "never"',
)


def bent(count: int, seed: int = 0) -> list[Program]:
    """So many bent programs, three quarters of which the checker refuses."""
    drawn = random.Random(seed)
    sound = corpus_programs()
    refused: list[Program] = []
    warned: list[Program] = []
    for number in range(20 * count):
        if len(refused) + len(warned) >= count:
            break
        one = drawn.choice(sound) if drawn.randrange(4) else generated(drawn.randrange(1000, 1040))
        files = {**one.files, one.path: _bent(one.source, drawn)}
        stopping = _mistakes(files, one.path, one.options)
        if stopping is None or (stopping and stopping <= HARMLESS):
            continue
        worlds = _seeded(5000 + number, BENT_WORLDS)
        name = f"{one.name}, bent {number}"
        found = Program(LAW, name, files, one.options, worlds, one.path, one.last)
        if stopping:
            refused.append(found)
        elif len(warned) < count // 4:
            warned.append(found)
    return [*refused, *warned]


def _mistakes(
    files: dict[str, str | bytes], path: str, options: CompileOptions
) -> frozenset[str] | None:
    """The errors of a program, where all that the checker finds is in its control flow."""
    analysis = analyze(MemoryFiles(files), [path], options)
    stopping = {each.name for each in analysis.diagnostics if options.stops(each)}
    names = {each.name for each in analysis.diagnostics}
    if analysis.model.workflows and stopping <= FINDINGS and names & FINDINGS:
        return frozenset(stopping)
    return None


def _bent(source: str, drawn: random.Random) -> str:
    """A program with one of its statements changed, or what stands before it."""
    lines = source.split("\n")
    starts = [at for at, line in enumerate(lines) if _STATEMENT.match(line)]
    if not starts:
        return source
    sets = [at for at in starts if _SETS.match(lines[at])]
    start = drawn.choice(sets if sets and drawn.randrange(2) else starts)
    indent = len(lines[start]) - len(lines[start].lstrip())
    end = start + 1
    if lines[start].rstrip().endswith("{"):
        deeper = " " * (indent + 1)
        while end < len(lines) and (not lines[end].strip() or lines[end].startswith(deeper)):
            end += 1
        # The last line, which closes it; an `else` goes on with a block of its own.
        while end < len(lines) and lines[end].rstrip().endswith("{"):
            end += 1
            while end < len(lines) and (not lines[end].strip() or lines[end].startswith(deeper)):
                end += 1
        end += 1
    statement = lines[start:end]
    way = drawn.randrange(5)
    if way == 0:
        statement = []
    elif way == 1:
        statement = [*statement, *statement]
    elif way == 2:
        statement = [drawn.choice(_BEFORE), *statement]
    else:
        around = drawn.choice(_AROUND)
        statement = [around, *statement, "}" * (around.count("{") - around.count("}"))]
    return "\n".join([*lines[:start], *statement, *lines[end:]])
