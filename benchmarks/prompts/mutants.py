"""Broken compilers: how many of them does the law notice?

    python benchmarks/prompts/mutants.py [--programs N] [--jobs N] [--only PATTERN]
        [--first N] [--every N] [--missed FILE] [--show] [--targets]

The law says that a prompt does what its program does. Each mutant breaks the compiler in one place:
a sentence that is printed otherwise, a function of `ir`, `codegen` or `prompt` that does something
else (`broken/words.py`, `broken/code.py`). For each, programs that reach the place are compiled by
the broken compiler, in a process of its own. Where a payload comes out otherwise than it should, it
is carried out in several worlds, on a first run and as a replay, under the main variants of the
service, until it does something else than the program.

All mutants meet the programs of `tests/corpus/meaning` and the rare ones; only those that these do
not notice meet generated ones.

- caught: something else was done, or nothing could be. `refused` says that the service would not
  take inputs that the program takes, `crash` that the compiler ended with an exception, `machine`
  that what carries out prompts did.
- survived: nothing was noticed; of how many payloads that came out otherwise is said.
- unreached: no payload of any program came out otherwise: the programs are too weak.
- equivalent: said by hand, with a reason, and tried all the same: one that is caught is no
  equivalent, which is an error of the list.

Exits 1 where less than `GOAL` of the mutants that are not equivalent are caught, and 2 where the
target of one is gone or the list is wrong otherwise.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from broken.cases import (  # noqa: E402
    Case,
    Program,
    cases,
    generated_programs,
    payload,
    written_programs,
)
from broken.code import CODE  # noqa: E402
from broken.constructs import CONSTRUCTS  # noqa: E402
from broken.patches import Gone, Mutant, Place  # noqa: E402
from broken.trial import inputs_begun, noticed  # noqa: E402
from broken.words import WORDS  # noqa: E402

from flowdsl.simulate.machine.execute import Payload  # noqa: E402

GOAL = 0.98
MOST_CHANGED = 40
"""The payloads that come out otherwise and are tried, before a mutant counts as survived."""
OF_EQUIVALENT = 8
"""As many of a mutant that is said to be equivalent."""
PATIENCE = 30
"""Seconds on a processor that a mutant may take in a round once a payload came out otherwise."""
MISSED = ("survived", "unreached")


class Result(NamedTuple):
    """What became of a mutant: `verdict`, after how many programs and changed payloads."""

    verdict: str
    programs: int
    changed: int
    seconds: float
    about: str


CASES: list[Case] = []
"""The programs. Made before the processes of the mutants are, which all have them."""


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
    for number, case in enumerate(CASES, 1):
        if places is not None and not places & case.reaches:
            continue
        try:
            made = case.compiled()
            deployed = payload(made)
            same = (
                _written(deployed) == _written(case.payload)
                and made.replayable == case.checked.replayable
                and all(inputs_begun(case, each) == each.inputs for each in case.runs)
            )
        except Exception as error:  # noqa: BLE001 - a broken compiler may do anything
            changed += 1
            return result("crash", f"{case.name}: {type(error).__name__}: {error}", number)
        if same:
            continue
        changed += 1
        try:
            found = noticed(case, made, deployed)
        except Exception as error:  # noqa: BLE001 - nor is the machine made for such prompts
            return result("machine", f"{case.name}: {type(error).__name__}: {error}", number)
        if found:
            verdict = "refused" if found.startswith("refused: ") else "caught"
            return result(verdict, f"{case.name}: {found}", number)
        enough = OF_EQUIVALENT if mutant.equivalent else MOST_CHANGED
        if changed >= enough or time.process_time() > PATIENCE:
            return result("survived", case.name, number)
    return result("survived" if changed else "unreached", "", len(CASES))


def _written(payload: Payload) -> tuple[object, ...]:
    return payload.prompt, payload.input_schema, payload.output_schema, payload.allowlist


def main() -> int:
    """Runs the study and prints it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--programs", type=int, default=300, help="generated programs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutants whose name matches")
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--every", type=int, default=1, help="every so many mutants")
    parser.add_argument("--missed", help="only what an earlier run, printed there, has missed")
    parser.add_argument("--show", action="store_true", help="tell how each was noticed")
    parser.add_argument(
        "--targets", action="store_true", help="only look whether what each changes is there"
    )
    arguments = parser.parse_args()
    listed: tuple[Mutant, ...] = (*WORDS, *CODE, *CONSTRUCTS)
    mutants = [
        each
        for each in listed[arguments.first :: arguments.every]
        if re.search(arguments.only, str(each))
    ]
    if arguments.missed:
        missed = _missed(Path(arguments.missed).read_text("utf-8"))
        mutants = [each for each in mutants if str(each) in missed]
    twice = [name for name, count in Counter(map(str, mutants)).items() if count > 1]
    if arguments.targets:
        return _targets(mutants, arguments.jobs)
    start = time.perf_counter()
    results: dict[Mutant, Result] = {}
    rounds = [written_programs()]
    if arguments.programs:
        rounds.append(generated_programs(arguments.programs))
    for number, programs in enumerate(rounds, 1):
        left = [each for each in mutants if each not in results or results[each].verdict in MISSED]
        for mutant, result in _round(left, programs, arguments.jobs):
            before = results.get(mutant)
            results[mutant] = result if before is None else _both(before, result)
            shown = arguments.show or result.verdict == "gone"
            if shown or (result.verdict in MISSED and number == len(rounds)):
                told = _told(results[mutant])
                print(f"{_verdict(mutant, results[mutant]):<18} {mutant} ({told})", flush=True)
    return _summary(mutants, results, twice, time.perf_counter() - start)


def _targets(mutants: Sequence[Mutant], jobs: int) -> int:
    """Prints the mutants whose target is gone."""
    found = [each for each in _round(mutants, (), jobs) if each[1].verdict == "gone"]
    for mutant, result in found:
        print(f"gone {mutant} ({result.about})")
    return 2 if found else 0


def _round(
    mutants: Sequence[Mutant], programs: Iterable[Program], jobs: int
) -> Iterator[tuple[Mutant, Result]]:
    """What becomes of some mutants with some programs."""
    start = time.perf_counter()
    places: set[Place] = set()
    for mutant in mutants:
        with suppress(Gone):
            places.update(mutant.places() or ())
    CASES[:] = cases(programs, places)
    seconds = time.perf_counter() - start
    print(f"{len(mutants)} mutants, {len(CASES)} programs, made in {seconds:.0f} s", flush=True)
    # Each mutant has a process of its own, made from this one, which stays sound.
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        yield from zip(mutants, pool.imap(_study, mutants, chunksize=1), strict=True)


def _both(first: Result, second: Result) -> Result:
    """What became of a mutant in two rounds, the first of which missed it."""
    unreached = second.verdict == "unreached"
    return Result(
        first.verdict if unreached else second.verdict,
        first.programs + second.programs,
        first.changed + second.changed,
        first.seconds + second.seconds,
        second.about,
    )


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
    results: Mapping[Mutant, Result],
    twice: Sequence[str],
    seconds: float,
) -> int:
    kinds = Counter(_verdict(mutant, results[mutant]) for mutant in mutants)
    counted = [
        results[each] for each in mutants if not each.equivalent and results[each].verdict != "gone"
    ]
    missed = [each for each in counted if each.verdict in MISSED]
    wrong = [
        str(each)
        for each in mutants
        if each.equivalent and results[each].verdict not in (*MISSED, "gone")
    ]
    for name in wrong:
        print(f"is said to be equivalent, and is not: {name}")
    for name in twice:
        print(f"is there twice: {name}")
    print(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    share = 1 - len(missed) / max(1, len(counted))
    print(f"{len(mutants)} mutants, {share:.1%} of {len(counted)} noticed, {seconds:.0f} s")
    if wrong or twice or any(each.verdict == "gone" for each in results.values()):
        return 2
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
