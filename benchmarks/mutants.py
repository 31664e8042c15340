"""Broken compilers: how many of them does the law notice?

    python benchmarks/mutants.py [--programs N] [--jobs N] [--only PATTERN]
                                 [--first N] [--every N] [--missed FILE] [--show]

The law says that a prompt does what its program does. Each mutant breaks the compiler in one place:
a sentence that is printed otherwise, a function of `ir`, `codegen` or `prompt` that does something
else (`broken/words.py`, `broken/code.py`). For each, the programs of `tests/corpus/meaning` and
generated ones are compiled by the broken compiler, in a process of its own. Where a payload comes
out otherwise than it should, it is carried out in several worlds, on a first run and as a replay,
under the main variants of the service, until it does something else than the program.

- caught: something else was done, or nothing could be. `refused` says that the service would not
  take inputs that the program takes, `crash` that the compiler ended with an exception.
- survived: nothing was noticed; of how many payloads that came out otherwise is said.
- unreached: no payload of any program came out otherwise: the programs are too weak.
- equivalent: said by hand, with a reason, and tried all the same: one that is caught is no
  equivalent, which is an error of the list.

Exits 1 where less than `GOAL` of the mutants that are not equivalent are caught, and 2 where the
target of one is gone or the compiler as it is breaks the law.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from broken.code import CODE  # noqa: E402
from broken.patches import Gone, Mutant, Place, reached  # noqa: E402
from broken.words import WORDS  # noqa: E402

from flowdsl.compiler.pipeline import Analysis, CompileOptions, _compile, analyze  # noqa: E402
from flowdsl.simulate.compare import differences  # noqa: E402
from flowdsl.simulate.executions import payload_of, started_world  # noqa: E402
from flowdsl.simulate.interpreter.errors import MissingInText  # noqa: E402
from flowdsl.simulate.interpreter.interpret import interpret  # noqa: E402
from flowdsl.simulate.machine.execute import Payload, Refused, execute  # noqa: E402
from flowdsl.simulate.machine.variants import main_variants  # noqa: E402
from flowdsl.simulate.trace import SUCCESS, Trace  # noqa: E402
from flowdsl.simulate.world import World  # noqa: E402
from flowdsl.source.files import MemoryFiles  # noqa: E402
from tests.support.meaning.checked import PATH, Checked  # noqa: E402
from tests.support.meaning.programs import FILES, program  # noqa: E402
from tests.support.meaning.rare import RED, rare_programs, verified  # noqa: E402
from tests.support.meaning.worlds import world  # noqa: E402

GOAL = 0.98
WORLDS = 3
"""The worlds in which a generated program is tried; one of the corpus has four times as many."""
LET_IN = 25
"""The worlds in which a program is tried whose inputs a mutant lets in."""
MOST_CHANGED = 60
"""The payloads that come out otherwise and are tried, before a mutant counts as survived."""
PATIENCE = 60
"""Seconds on a processor that a mutant may take once a payload came out otherwise."""
CORPUS = ROOT / "tests/corpus/meaning"


class Case(NamedTuple):
    """A program, its analysis, and what it compiles to."""

    name: str
    source: str
    analysis: Analysis
    options: CompileOptions
    checked: Checked
    payload: Payload
    worlds: tuple[int, ...]


class Result(NamedTuple):
    """What became of a mutant: `verdict`, after how many programs and changed payloads."""

    verdict: str
    programs: int
    changed: int
    seconds: float
    about: str


CASES: list[Case] = []
REACHED: list[set[Place]] = []
PLACES: set[Place] = set()
"""The programs, what each reaches of the places that mutants change, and all of these places. Made
before the processes are, which all have them."""


def _cases(count: int) -> Iterator[Case]:
    for path in sorted(CORPUS.glob("*.flow")):
        files = {each.name: each.read_bytes() for each in CORPUS.glob("*.png")}
        yield from _case(path.stem, path.read_text("utf-8"), files, CompileOptions(), 4 * WORLDS)
    for name, checked, options in rare_programs():
        yield from _case(name, checked.source, FILES, options, 4 * WORLDS)
    tools = verified()
    for seed in range(count):
        options = tools if seed % 3 == 2 else CompileOptions()
        yield from _case(f"program {seed}", program(seed), FILES, options, WORLDS)


def _case(
    name: str, source: str, files: dict[str, str | bytes], options: CompileOptions, worlds: int
) -> Iterator[Case]:
    analysis = analyze(MemoryFiles({**files, PATH: source}), [PATH], options)
    if not any(map(options.stops, analysis.diagnostics)):
        checked = _compiled(source, analysis, options)
        yield Case(
            name, source, analysis, options, checked, _payload(checked), tuple(range(worlds))
        )


def _compiled(source: str, analysis: Analysis, options: CompileOptions) -> Checked:
    return Checked(source, _compile(analysis, options))


def _payload(checked: Checked) -> Payload:
    assert checked.compilation.bundle is not None
    return payload_of(checked.compilation.bundle.workflows[0])


def _written(payload: Payload) -> tuple[object, ...]:
    return payload.prompt, payload.input_schema, payload.output_schema, payload.allowlist


def _tried(case: Case, made: Checked, payload: Payload) -> str:
    """The first difference between a program and a payload; empty where there is none.

    Where other inputs are taken, those are tried too, in many worlds: what must not be let in is
    seldom.
    """
    found = next((found for _, found in _tries(case, made, payload) if found), "")
    if not found and made.input_schema != case.checked.input_schema:
        wider = case._replace(checked=made, worlds=tuple(range(WORLDS, LET_IN)))
        found = next((found for _, found in _tries(wider, made, payload) if found), "")
    return found


def _tries(case: Case, made: Checked, payload: Payload) -> Iterator[tuple[int, str]]:
    """Each world of a case, and the first difference in it between a program and a payload."""
    before: tuple[World, Trace] | None = None
    for number in case.worlds:
        found = ""
        # What the program takes as inputs, and what the payload takes.
        for checked in dict.fromkeys((case.checked, made)):
            if found or (checked is made and made.input_schema == case.checked.input_schema):
                continue
            try:
                given = world(1000 * len(case.source) + number, checked)
                trace = interpret(made.model, made.workflow, given)
                found = _run(payload, given, trace)
                if not found and before is not None and made.replayable:
                    found = _replay(payload, *before, given, trace)
            except MissingInText:
                continue
            except (Refused, ValueError) as refused:
                found = f"refused: {refused}"
            if not found and trace.ending.status == SUCCESS and before is None:
                before = given, trace
        yield number, found


def _run(payload: Payload, given: World, program: Trace) -> str:
    for variant in main_variants():
        done = execute(payload, started_world(payload, given), program, variant).trace
        for found in differences(program, done):
            return f"{variant}: {found}"
    return ""


def _replay(payload: Payload, first: World, recorded: Trace, given: World, program: Trace) -> str:
    """A recording of one world, replayed in another; nobody says then why a task is complete."""
    if program.ending.status == SUCCESS:
        program = program.__replace__(ending=program.ending.__replace__(reason=None))
    for variant in main_variants():
        run = execute(payload, started_world(payload, first), recorded, variant)
        if run.recording is None:
            continue
        done = execute(
            payload, started_world(payload, given), program, variant, run.recording
        ).trace
        for found in differences(program, done):
            return f"replay, {variant}: {found}"
    return ""


def _sound(number: int) -> tuple[tuple[int, ...], str, set[Place]]:
    """The worlds in which the law holds without a mutant, a difference in others, what is reached.

    What a mutant does is looked at in those worlds alone.
    """
    case = CASES[number]
    with reached(frozenset(PLACES)) as places:
        _compiled(case.source, case.analysis, case.options)
    tries = list(_tries(case, case.checked, case.payload))
    sound = tuple(number for number, found in tries if not found)
    return sound, next((found for _, found in tries if found), ""), places


def _study(mutant: Mutant) -> Result:
    """A mutant in this process, which ends with it."""
    start = time.perf_counter()
    changed = 0

    def result(verdict: str, about: str = "", programs: int = 0) -> Result:
        return Result(verdict, programs, changed, time.perf_counter() - start, about)

    try:
        places = mutant.places()
        mutant.apply()
    except Gone as gone:
        return result("gone", str(gone))
    for number, (case, there) in enumerate(zip(CASES, REACHED, strict=True), 1):
        if places is not None and not places & there:
            continue
        try:
            made = _compiled(case.source, case.analysis, case.options)
            payload = _payload(made)
        except Exception as error:  # noqa: BLE001 - a broken compiler may do anything
            changed += 1
            return result("crash", f"{case.name}: {type(error).__name__}: {error}", number)
        if _written(payload) == _written(case.payload):
            continue
        changed += 1
        try:
            found = _tried(case, made, payload)
        except Exception as error:  # noqa: BLE001 - nor is the machine made for such prompts
            return result("machine", f"{case.name}: {type(error).__name__}: {error}", number)
        if found:
            verdict = "refused" if found.startswith("refused: ") else "caught"
            return result(verdict, f"{case.name}: {found}", number)
        if changed >= MOST_CHANGED or time.process_time() > PATIENCE:
            return result("survived", case.name, number)
    return result("survived" if changed else "unreached", "", len(CASES))


def main() -> int:
    """Runs the study and prints it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--programs", type=int, default=1500, help="generated programs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutants whose name matches")
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--every", type=int, default=1, help="every so many mutants")
    parser.add_argument("--missed", help="only what an earlier run, printed there, has missed")
    parser.add_argument("--show", action="store_true", help="tell how each was noticed")
    arguments = parser.parse_args()
    listed: tuple[Mutant, ...] = (*WORDS, *CODE)
    mutants = [
        each
        for each in listed[arguments.first :: arguments.every]
        if re.search(arguments.only, str(each))
    ]
    if arguments.missed:
        missed = _missed(Path(arguments.missed).read_text("utf-8"))
        mutants = [each for each in mutants if str(each) in missed]
    twice = [name for name, count in Counter(map(str, mutants)).items() if count > 1]
    start = time.perf_counter()
    for mutant in mutants:
        with suppress(Gone):
            PLACES.update(mutant.places() or ())
    CASES.extend(_cases(arguments.programs))
    # Each mutant has a process of its own, made from this one, which stays sound.
    processes = multiprocessing.get_context("fork")
    with processes.Pool(arguments.jobs) as pool:
        tried = list(zip(CASES, pool.map(_sound, range(len(CASES)), chunksize=8), strict=True))
    REACHED.extend(there for _, (_, _, there) in tried)
    CASES[:] = [case._replace(worlds=sound) for case, (sound, _, _) in tried]
    broken = [(case, found) for case, (_, found, _) in tried if found]
    print(f"{len(CASES)} programs, {time.perf_counter() - start:.0f} s to make and try them")
    for case, found in broken:
        print(f"  as it is, {case.name} breaks the law: {found[:200]}", flush=True)
    unknown = sum(case.name not in RED for case, _ in broken)
    results: list[Result] = []
    with processes.Pool(arguments.jobs, maxtasksperchild=1) as pool:
        for mutant, result in zip(mutants, pool.imap(_study, mutants, chunksize=1), strict=True):
            results.append(result)
            noticed = result.verdict not in ("survived", "unreached", "gone")
            if arguments.show or not noticed:
                print(f"{_verdict(mutant, result):<18} {mutant} ({_told(result)})", flush=True)
    return _summary(mutants, results, twice, unknown, time.perf_counter() - start)


def _missed(printed: str) -> set[str]:
    """The names of mutants that a run has printed as survived or unreached."""
    found = re.finditer(r"^(?:survived|unreached)(?:, equivalent)? +(.*) \(\d+ of ", printed, re.M)
    return {each[1] for each in found}


def _verdict(mutant: Mutant, result: Result) -> str:
    return f"{result.verdict}, equivalent" if mutant.equivalent else result.verdict


def _told(result: Result) -> str:
    place = f"{result.changed} of {result.programs} payloads differ, {result.seconds:.1f} s"
    return f"{place}: {result.about[:300]}" if result.about else place


def _summary(
    mutants: Sequence[Mutant],
    results: Sequence[Result],
    twice: Sequence[str],
    unsound: int,
    seconds: float,
) -> int:
    kinds = Counter(_verdict(mutant, each) for mutant, each in zip(mutants, results, strict=True))
    counted = [
        each
        for mutant, each in zip(mutants, results, strict=True)
        if not mutant.equivalent and each.verdict != "gone"
    ]
    missed = [each for each in counted if each.verdict in ("survived", "unreached")]
    wrong = [
        str(mutant)
        for mutant, each in zip(mutants, results, strict=True)
        if mutant.equivalent and each.verdict not in ("survived", "unreached", "gone")
    ]
    for name in wrong:
        print(f"is said to be equivalent, and is not: {name}")
    for name in twice:
        print(f"is there twice: {name}")
    print(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    share = 1 - len(missed) / max(1, len(counted))
    print(f"{len(mutants)} mutants, {share:.1%} of {len(counted)} noticed, {seconds:.0f} s")
    if wrong or twice or unsound or any(each.verdict == "gone" for each in results):
        return 2
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
