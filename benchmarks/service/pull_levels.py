"""How fine are the edits of a pull? Measured on edits such as people make in a dashboard.

    python benchmarks/service/pull_levels.py [--edits N] [--seed S] [--show N] [--as-file]
    python benchmarks/service/pull_levels.py --table [--show N]

With `--table` it makes the forty edits of `tests/support/services/dashboard_edits.py` and prints by
kind how many came back as the lines of source that a person would write, with no other line changed
that was not told, how many came back otherwise, and how many were left.

Else the edits are random, made to the shipped programs, always the same ones. For each kind of edit
(`tests/support/services/dashboard.py`) it prints how many were brought in as settings and fields,
as statements, and as a file that holds a part verbatim (with `--as-file` only). Those that were
left are told apart: the source says so already and only lines are cut otherwise, words of the
compiler were changed, or anything else. At the end the time. Checks of each that the sources
compile to what the service has, and that a second pull changes nothing; exits 1 if one does not.
`--show N` prints the first N edits of each kind that needed a file or were left.
Needs the development dependencies.
"""

from __future__ import annotations

import argparse
import difflib
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from flowdsl.codegen.artifacts import ImageRef, ModelName, stand_in  # noqa: E402
from flowdsl.decompile.pulling.attempts import FILE, SETTINGS, STATEMENTS  # noqa: E402
from tests.docs.guides.cookbook import write_projects  # noqa: E402
from tests.support.flows.compiling import PROJECTS, read_folder  # noqa: E402
from tests.support.flows.decompile.pulling import DEFAULT_NAME, Desk  # noqa: E402
from tests.support.services import dashboard  # noqa: E402
from tests.support.services.dashboard import Values  # noqa: E402
from tests.support.services.dashboard_edits import KINDS as TABLE_KINDS  # noqa: E402
from tests.support.services.dashboard_edits import TABLE, judge_pull  # noqa: E402
from tests.support.services.office_edits import KINDS as OFFICE  # noqa: E402

KINDS = {
    "reword_prose": "words of the author's prose",
    "reword": "words of any line",
    "renumbered": "a line added, taken out or moved, numbers put right",
    "add_line": "a line added without a number",
    "add_numbered_line": "a line of the main agent added, numbers left",
    "drop_line": "a line taken out, numbers left",
    "add_rule": "a rule added",
    "add_blanks": "words of any line, and blanks at line ends",
    "save_as_rich_text": "a line added and saved by an editor of rich text",
    "field": "one setting, field or check",
}
LEVELS = (SETTINGS, STATEMENTS, FILE)
SAID, OURS = "said so", "compiler's"
COLUMNS = ("no edit", *LEVELS, SAID, OURS, "left")


def name_of(part: ModelName | ImageRef) -> str:
    """An open part of a prompt, as the service of the benchmark fills it in."""
    return DEFAULT_NAME if isinstance(part, ModelName) else stand_in(part)


def edit(desk: Desk, address: str, rng: random.Random, kind: str) -> Values:
    """The fields of a workflow after one edit."""
    values = desk.values(address)
    if kind == "field":
        dashboard.change_field(rng, values)
    elif kind == "renumbered":
        workflow = desk.built.workflow(address)
        capabilities = desk.workspace.capabilities
        values["main_prompt"] = dashboard.renumbered(rng, workflow, capabilities, name_of)
    else:
        values["main_prompt"] = getattr(dashboard, kind)(rng, str(values["main_prompt"]))
    return values


def print_table(show_first: int) -> int:
    """Make the edits of the table; 1 if one of them is lost or changes another line."""
    desks: dict[str, Desk] = {}
    counts: Counter[tuple[str, str]] = Counter()
    seconds: Counter[str] = Counter()
    shown = 0
    print(f"{'edit':<36} {'edits':>5} {'expected':>9} {'otherwise':>9} {'left':>5} {'ms':>6}")
    for each in TABLE:
        if each.project not in desks:
            desks[each.project] = Desk(read_folder(ROOT / each.project))
        started = time.perf_counter()
        verdict, reasons = judge_pull(desks[each.project], each)
        seconds[each.kind] += time.perf_counter() - started
        counts[each.kind, verdict] += 1
        if reasons and shown < show_first:
            shown += 1
            print(f"--- {each.address}, {each.kind}: {verdict}", *reasons, sep="\n    ")
    verdicts = ("expected", "otherwise", "left")
    for kind in TABLE_KINDS:
        own = [counts[kind, verdict] for verdict in verdicts]
        taken = 1000 * seconds[kind] / max(sum(own), 1)
        print(f"{kind:<36} {sum(own):>5} {own[0]:>9} {own[1]:>9} {own[2]:>5} {taken:>6.0f}")
    totals = [sum(counts[kind, verdict] for kind in TABLE_KINDS) for verdict in verdicts]
    print(f"{'all':<36} {sum(totals):>5} {totals[0]:>9} {totals[1]:>9} {totals[2]:>5}")
    return 1 if totals[1] else 0


def office_edit(desk: Desk, address: str, rng: random.Random, kind: str) -> Values | None:
    """The fields of a workflow after one edit of somebody in an office; None if none suits."""
    values = desk.values(address)
    prompt = OFFICE[kind](rng, str(values["main_prompt"]))
    return None if prompt is None else values | {"main_prompt": prompt}


def read_projects(*, cookbook: bool) -> list[Desk]:
    """The shipped programs; with `cookbook`, its projects in the place of the samples."""
    if not cookbook:
        return [Desk(read_folder(folder)) for folder in PROJECTS]
    with tempfile.TemporaryDirectory() as folder:
        written = [
            Desk(read_folder(project))
            for project in write_projects(Path(folder))
            if not (project.parent / "shared").exists()
        ]
    return [*(Desk(read_folder(folder)) for folder in PROJECTS[1:]), *written]


def why_left(*reasons: str) -> str:
    """The column of an edit that was left.

    The source says all that it says, it is of words of the compiler, or it is anything else.
    """
    if all(each.startswith("it says what the source says") for each in reasons):
        return SAID
    return OURS if all("where the compiler" in each for each in reasons) else "left"


def draw(rng: random.Random, desks: list[Desk]) -> tuple[Desk, str]:
    """A project, and one of its workflows."""
    desk = rng.choice(desks)
    return desk, rng.choice(sorted(desk.built.desired))


def main() -> int:
    parser = argparse.ArgumentParser(description="How fine the edits of a pull are.")
    parser.add_argument("--edits", type=int, default=200, help="edits of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--as-file", action="store_true", help="as `flowdsl pull --as-file`")
    parser.add_argument("--table", action="store_true", help="the forty edits by kind")
    parser.add_argument("--office", action="store_true", help="edits of somebody in an office")
    parser.add_argument("--kind", action="append", help="only edits of this kind")
    options = parser.parse_args()
    if options.table:
        return print_table(options.show)
    desks = read_projects(cookbook=options.office)
    kinds = {kind: kind for kind in OFFICE} if options.office else KINDS
    make = office_edit if options.office else edit
    workflows = [(desk, address) for desk in desks for address in sorted(desk.built.desired)]
    failures = 0
    print(f"{'edit':<52} {'edits':>5} " + " ".join(f"{each:>10}" for each in (*COLUMNS, "ms")))
    for kind, words in kinds.items():
        if options.kind and kind not in options.kind:
            continue
        rng = random.Random(f"{options.seed} {kind}")
        counts: Counter[str] = Counter()
        shown = 0
        started = time.perf_counter()
        while counts.total() < options.edits:
            desk, address = rng.choice(workflows) if options.office else draw(rng, desks)
            values = make(desk, address, rng, kind)
            if values is None:
                continue
            before = desk.values(address)
            done = desk.pulled({address: values}, as_file=options.as_file)
            (pulled,) = done.workflows
            level = next((each for each in reversed(LEVELS) if each in pulled.levels.values()), "")
            became = why_left(*pulled.left.values()) if pulled.left else level or "no edit"
            counts[became] += 1
            if became in (SAID, OURS, "left", FILE) and shown < options.show:
                shown += 1
                show(address, before, values, dict(pulled.left))
            after = desk.after(done.texts)
            again = after.pulled({address: values}, as_file=options.as_file)
            if again.texts or (not pulled.left and again.workflows[0].brought):
                failures += 1
                print(f"not settled: {address}, {kind}")
        total = counts.total()
        seconds = time.perf_counter() - started
        columns = [f"{100 * counts[each] / max(total, 1):>9.0f}%" for each in COLUMNS]
        print(f"{words:<52} {total:>5} {' '.join(columns)} {1000 * seconds / max(total, 1):>10.0f}")
    return 1 if failures else 0


def show(address: str, before: Values, after: Values, left: dict[str, str]) -> None:
    print(f"--- {address} {left or 'in a file'}")
    for path in after:
        if after[path] != before.get(path):
            lines = difflib.unified_diff(
                str(before.get(path)).split("\n"), str(after[path]).split("\n"), lineterm="", n=0
            )
            print("\n".join(line[:160] for line in list(lines)[3:9]))


if __name__ == "__main__":
    sys.exit(main())
