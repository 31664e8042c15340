"""Broken compilers: how many does the law of meaning notice?

    python benchmarks/prompts/mutants.py [--draw kinds|functions|sentences] [--seed N ...]
        [--count N] [--programs N] [--bent N] [--jobs N] [--results FILE] [--resume | --survivors]
        [--within PATTERN] [--only PATTERN] [--show] [--mend]

Nobody chooses the mutants, and none is found by a text that somebody quoted:

- kinds: each is one change of the syntax tree of a function of `ir`, `codegen`, `prompt` or
  `semantics.control_flow`, drawn from all there are, as many of each kind: a comparison or an
  `and` turned, a condition negated or decided, a statement or an element dropped, arguments, sides
  or branches swapped, a number one more, a flag turned, another variable or text of the function
  (`broken/sites.py`).
- functions: the same changes, as many of each function, so that none is left out.
- sentences: every sentence, printed without one of its values, with two of them swapped, with its
  other choice of words, or as another sentence (`broken/said.py`).

Each breaks a process of its own, in which the programs that come by the changed lines are compiled
and carried out: those of `tests/corpus/meaning`, then the rare ones and bent ones, then
`--programs` generated ones (`broken/programs.py`, `broken/judging.py`). Nothing else may notice a
mutant: no unit test, no golden file, no snapshot.

- corpus, law: a program of it refused, or a payload that does something else than its program; or
  a program taken that should be refused, and a run that shows why.
- crash: the compiler ends with an exception on each of the programs that come there, or never ends.
- survived: payloads came out otherwise or not, and nothing was noticed.
- dearer: each payload that came out otherwise did the same by more lines that use a tool; the price
  is a matter of `economy.py`.
- no payload: what came out otherwise is no part of a payload: a diagnostic, the map of lines.
- equivalent: judged by hand, with its reason in `mutants.toml`; one that is noticed all the same is
  an error of that table.
- unreached: no program comes by the changed lines.

`--within` draws from the files alone whose paths match, and from all of them where the count is
larger than what there is. `--results` keeps a line of JSON for each mutant and round; `--resume`
goes on with what has no line there, `--survivors` tries those again that were missed. Where a
function, a file or a variable has another name, a line of the table is found by its mark, and
`--mend` writes the new id there.
Exits 1 where less than `GOAL` of the mutants are noticed that are neither equivalent nor without a
payload, and 2 where the table is wrong.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import re
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from broken import programs as sources  # noqa: E402
from broken import sites as places  # noqa: E402
from broken.functions import Functions, Gone  # noqa: E402
from broken.judging import Judge, Places, Refusal  # noqa: E402
from broken.programs import Program  # noqa: E402
from broken.said import Said, said, said_otherwise  # noqa: E402
from broken.sites import Site  # noqa: E402
from broken.table import TABLE, equivalents, gone, moved, table_text  # noqa: E402

GOAL = 0.97
FIRST = 60
"""The generated programs of the round before the last; only what they miss meets the others."""
MOST_CHANGED = 250
"""Payloads that came out otherwise and do the same, after which a round is given up."""
CRASHES = 5
"""A mutant that crashes on so many programs, and on no fewer of those tried, crashes on all."""
PATIENCE = 4
"""Seconds on a processor that one program may take."""
LONGEST = 120
"""Seconds on a processor that the programs of one round may take."""
NOTICED = ("corpus", "law", "crash")
MISSED = ("survived", "unreached")
APART = ("dearer", "no payload")
ALL = "all"


class Result(NamedTuple):
    """What became of a mutant, and how: after how many programs, how many came out otherwise."""

    id: str
    verdict: str
    about: str
    programs: int
    changed: int
    seconds: float
    round: int = 1


Mutant = Site | Said


class Late(BaseException):
    """A program takes too long; no handler of the compiler catches it."""


class Study:
    """The programs and the functions of this process, which those of the mutants have from it."""

    def __init__(self, judges: Sequence[Judge] = ()) -> None:
        self.functions = Functions()
        self.judges = list(judges)

    def result(self, mutant: Mutant) -> Result:
        """What becomes of a mutant, in a process that ends with it."""
        started = time.process_time()
        verdict, about, programs, changed = self._verdict(mutant, started)
        seconds = round(time.process_time() - started, 2)
        return Result(mutant.id, verdict, about[:300], programs, changed, seconds)

    def _verdict(self, mutant: Mutant, started: float) -> tuple[str, str, int, int]:
        is_said = isinstance(mutant, Said)
        try:
            with said(mutant) if is_said else self.functions.broken(mutant):
                return self._judged(mutant.places, started)
        except Gone as gone:
            return "gone", str(gone), 0, 0

    def _judged(self, broken: Places, started: float) -> tuple[str, str, int, int]:
        """The verdict on a broken process, how, and how many programs there were and changed."""
        crashes: list[tuple[str, str]] = []
        beside = ""
        programs = changed = dearer = 0
        for judge in self.judges:
            if not broken & (judge.checking | judge.emitting | judge.running):
                continue
            if time.process_time() - started > LONGEST or changed > MOST_CHANGED:
                break
            programs += 1
            verdict, about = _tried(judge, broken)
            changed += verdict in ("changed", "dearer")
            dearer += verdict == "dearer"
            if verdict == "late":
                return "crash", about, programs, changed
            if verdict == "beside":
                beside = beside or about
            elif verdict == "crash":
                crashes.append((judge.kind, about))
                if len(crashes) == programs < CRASHES:
                    continue
            if crashes:
                kind, about = crashes[0]
                return ("crash" if len(crashes) == programs else kind), about, programs, changed
            if verdict == "noticed":
                return judge.kind, about, programs, changed
        if crashes:
            return "crash", crashes[0][1], programs, changed
        if not programs:
            return "unreached", "", 0, 0
        kind = "survived"
        if changed == dearer:
            kind = "dearer" if dearer else "no payload" if beside else "survived"
        return kind, beside, programs, changed


def _tried(judge: Judge, broken: Places) -> tuple[str, str]:
    """What a broken compiler makes of a program, and how that is noticed."""
    try:
        with _in_time():
            made = judge.made(broken)
    except Refusal as refusal:
        if judge.sound is None:
            return ("beside" if judge.is_said_otherwise(refusal) else "same"), judge.name
        return "noticed", f"{judge.name}: refused: {refusal}"
    except Late as late:
        return "late", f"{judge.name}: {late}"
    except Exception as error:  # noqa: BLE001 - a broken compiler does anything
        return "crash", f"{judge.name}: {type(error).__name__}: {error}"
    is_same = judge.is_same(made)
    # What is broken may also say with which inputs a run begins.
    if is_same and not broken & judge.running:
        return ("beside" if judge.is_harmless(made) else "same"), judge.name
    try:
        with _in_time():
            found = judge.notices(made)
    except (Exception, Late) as error:  # noqa: BLE001 - nor is the machine made for such prompts
        found = f"{type(error).__name__}: {error}"
    if found:
        return "noticed", f"{judge.name}: {found}"
    if is_same:
        return "same", judge.name
    if judge.is_harmless(made):
        return "beside", judge.name
    return ("dearer" if judge.is_dearer(made) else "changed"), judge.name


@contextmanager
def _in_time() -> Iterator[None]:
    def late(*_: object) -> None:
        raise Late("it takes too long")

    signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


STUDY = Study()


def _result(mutant: Mutant) -> Result:
    return STUDY.result(mutant)


def round_of(mutants: Sequence[Mutant], programs: Sequence[Program], jobs: int) -> Iterator[Result]:
    """What becomes of some mutants with some programs."""
    started = time.process_time()
    STUDY.judges = [judge for each in programs if (judge := Judge(each)).is_of_use]
    gc.collect()
    gc.freeze()
    seconds = time.process_time() - started
    print(f"{len(mutants)} mutants, {len(STUDY.judges)} programs, {seconds:.0f} s", flush=True)
    # Each mutant has a process of its own, made from this one, which stays sound.
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        yield from pool.imap(_result, mutants, chunksize=1)


def main() -> int:
    """Runs the study and prints it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--draw", choices=("kinds", "functions", "sentences"), default="kinds")
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--count", type=int, default=600, help="mutants, of all seeds together")
    parser.add_argument("--programs", type=int, default=300, help="generated programs")
    parser.add_argument("--bent", type=int, default=240, help="bent programs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--results", type=Path, help="a file with lines of JSON a mutant")
    parser.add_argument("--resume", action="store_true", help="go on with what has no line there")
    parser.add_argument("--survivors", action="store_true", help="try again what was missed")
    parser.add_argument("--within", default="", help="draw from files whose paths match")
    parser.add_argument("--only", default="", help="of those drawn, the ones whose ids match")
    parser.add_argument("--show", action="store_true", help="tell how each was noticed")
    parser.add_argument("--mend", action="store_true", help="write the table with today's ids")
    options = parser.parse_args()
    if options.mend:
        TABLE.write_text(table_text(), encoding="utf-8")
    mutants = chosen(options.draw, options.seed, options.count, options.only, options.within)
    results: dict[str, Result] = {}
    if options.results and (options.resume or options.survivors):
        results = _read(options.results)
    if options.survivors:
        known = equivalents()
        missed = {each.id for each in results.values() if each.verdict in MISSED}
        mutants = [each for each in mutants if each.id in missed and each.id not in known]
        results = {}
    elif options.results and not options.resume:
        options.results.write_text("")
    for result in tried(mutants, results, options):
        _keep(options.results, result)
    found = [results[each.id] for each in mutants if each.id in results]
    for result in found:
        if options.show or result.verdict not in NOTICED:
            print(f"{result.verdict:<10} {result.id} ({_told(result)})")
    return summary(found)


def tried(
    mutants: Sequence[Mutant], results: dict[str, Result], options: argparse.Namespace
) -> Iterator[Result]:
    """What becomes of the mutants in each round, as far as `results` do not tell it yet."""
    for number, (area, programs) in enumerate(_rounds(options.programs, options.bent), 1):
        left = [
            each
            for each in mutants
            if each.id.startswith(area) and _is_open(results.get(each.id), number)
        ]
        if not left:
            continue
        for mutant, result in zip(left, round_of(left, programs(), options.jobs), strict=True):
            both = _both(results.get(mutant.id), result)._replace(round=number)
            results[mutant.id] = both
            yield both


def _is_open(result: Result | None, number: int) -> bool:
    """Whether a mutant meets the programs of a round."""
    if result is None:
        return number == 1
    return result.verdict not in (*NOTICED, "gone") and result.round < number


Round = tuple[str, Callable[[], list[Program]]]
"""Where the mutants stand that meet some programs, and these programs."""


def _rounds(count: int, bent: int) -> Iterator[Round]:
    """The programs of each round; only what one misses meets the next."""
    yield "", sources.corpus_programs
    yield (
        "",
        lambda: [*sources.refused(), *sources.rare(), *sources.corpus_in_other_worlds()],
    )
    yield sources.CHECKER, sources.checked
    if not count + bent:
        return
    yield "", lambda: [*sources.bent(bent), *map(sources.generated, range(min(FIRST, count)))]
    if count > FIRST:
        yield "", lambda: [sources.generated(each) for each in range(FIRST, count)]


def chosen(
    draw: str, seeds: Sequence[int], count: int, only: str = "", within: str = ""
) -> list[Mutant]:
    """The mutants of some seeds, each once; or those of all sentences."""
    if draw == "sentences":
        found: dict[str, Mutant] = {each.id: each for each in said_otherwise()}
        count = len(found)
    else:
        share = -(-count // len(seeds))
        paths = [path for path in places.files() if re.search(within, path)]
        found = {each.id: each for seed in seeds for each in places.drawn(seed, share, draw, paths)}
    return [each for each in list(found.values())[:count] if re.search(only, each.id)]


def _both(before: Result | None, after: Result) -> Result:
    """What became of a mutant in two rounds, the first of which missed it."""
    if before is None:
        return after
    verdict, about = after.verdict, after.about
    if verdict not in NOTICED:
        # What is worse, or else what tells more.
        verdict, about = max(
            ((each.verdict, each.about) for each in (before, after) if each.verdict in RANKS),
            key=lambda each: RANKS.index(each[0]),
        )
        if "survived" in (before.verdict, after.verdict) and not before.changed + after.changed:
            apart = [each for each in (before, after) if each.verdict == "no payload"]
            verdict = "no payload" if apart else verdict
    return Result(
        after.id,
        verdict,
        about,
        before.programs + after.programs,
        before.changed + after.changed,
        round(before.seconds + after.seconds, 2),
    )


RANKS = ("unreached", "no payload", "dearer", "survived")


def _told(result: Result) -> str:
    place = f"{result.changed} of {result.programs} payloads differ, {result.seconds:.1f} s"
    return f"{place}: {result.about}" if result.about else place


def _read(path: Path) -> dict[str, Result]:
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [Result(**json.loads(line)) for line in lines]
    return {each.id: each for each in found}


def _keep(path: Path | None, result: Result) -> None:
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result._asdict(), ensure_ascii=False) + "\n")


def summary(results: Sequence[Result]) -> int:
    """Prints what became of the mutants, by the package they are in; the exit code of the study."""
    known = equivalents()
    areas: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in results:
        is_known = each.id in known and each.verdict in MISSED
        kind = "equivalent" if is_known else each.verdict
        for area in (re.sub(r"/[^/]*$", "", each.id.split(":")[0]), ALL):
            areas[area][kind] += 1
    columns = (*NOTICED, *MISSED, "equivalent", *APART, "gone")
    print(f"{'':32}{''.join(f'{each:>11}' for each in (*columns, 'noticed', 'but crash'))}")
    for area in sorted(areas, key=lambda each: (each == ALL, each)):
        kinds = areas[area]
        shares = (f"{_share(kinds):.1%}", f"{_share(kinds, 'corpus', 'law'):.1%}")
        figures = (*(str(kinds[each]) for each in columns), *shares)
        print(f"{area:32}{''.join(f'{each:>11}' for each in figures)}")
    wrong = [each for each in results if each.id in known and each.verdict in NOTICED]
    for each in wrong:
        print(f"is said to be equivalent, and is not: {each.id} ({_told(each)})")
    for each in moved():
        print(f"is said to be equivalent, and has another name: {each}")
    lost = gone()
    for each in lost:
        print(f"is said to be equivalent, and is gone: {each}")
    if wrong or lost:
        return 2
    return 0 if _share(areas[ALL]) >= GOAL else 1


def _share(kinds: Counter[str], *noticed: str) -> float:
    """The share of mutants with one of some verdicts, among those and the ones that are missed."""
    found = sum(kinds[each] for each in noticed or NOTICED)
    return found / max(1, found + sum(kinds[each] for each in MISSED))


if __name__ == "__main__":
    sys.exit(main())
