"""The table of every goal of speed and memory, as ratios within one run.

    python benchmarks/performance/speed.py [--wheel FOLDER [--python PYTHON]] [--large]
        [--peers FOLDER] [--only T3,C1] [--results FILE] [--quick] [--busy] [--list]

Every figure is the median of interleaved runs, because machines drift: `P` is `python -c pass`, `L`
is `python -c "import lark"`, and `K` is stock Lark (contextual lexer, positions, trees) on the same
sources, in the same process. With `--wheel` a wheel of this checkout is installed into FOLDER, its
byte code compiled, and measured there; otherwise the Python that runs this is. `--results` keeps
what was measured after each section: the same command again goes on behind the last. Exits 1 if a
gate is missed. On a machine that is busy it exits 2 before it measures anything; with `--busy` it
measures, and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import corpus
import peers
from measuring import (
    IDLE,
    Job,
    Report,
    Results,
    interleaved,
    is_met,
    measure_idleness,
    process,
    render_row,
)

BENCHMARKS = Path(__file__).parents[1]
EXAMPLES = BENCHMARKS.parent / "examples"
ONE_TEST = {
    "clinic": ("flows/appointment_move_tests.flow", "is moved to a free slot"),
    "accounts-payable": ("flows/invoice_batch_tests.flow", "a batch: is entered"),
    "claims-reports": ("flows/claims_export_tests.flow", "archives the report"),
}
"""One test of each example, that takes the longest to begin there: its file, and its words."""


class Options(NamedTuple):
    """What is measured: sizes of projects in files, runs, and where peers are installed."""

    runs: int
    files: int
    large_files: int
    peers: Path | None


def start_up(report: Report, folder: Path, options: Options) -> None:
    """Processes of a small project: every start."""
    corpus.write(corpus.project(2), folder)
    flow = "flows/account_1.flow"
    cli = ("-m", "flowdsl")
    tests = {
        name: process(*cli, "test", file, "-k", words, folder=EXAMPLES / name)
        for name, (file, words) in ONE_TEST.items()
    }
    found = interleaved(
        {
            "pass": process("-c", "pass", folder=folder),
            "lark": process("-c", "import lark", folder=folder),
            "version": process(*cli, "--version", folder=folder),
            "check": process(*cli, "check", flow, folder=folder),
            "compile": process(*cli, "compile", flow, "-o", "out", folder=folder),
            **tests,
        },
        options.runs * 3,
    )
    report.remark(f"P = {found['pass'] * 1000:.1f} ms, L = {found['lark'] * 1000:.1f} ms")
    report.row("S1", "flowdsl --version", found["version"] / found["pass"], "P", 2.0, 1.3)
    report.row("S2", "flowdsl check one.flow", found["check"] / found["lark"], "L", 1.0, 0.6)
    report.row("S4", "flowdsl compile one.flow", found["compile"] / found["lark"], "L", 3.0, 2.5)
    longest = max(found[name] for name in tests)
    report.row("V1", "flowdsl test, one test", longest / found["lark"], "L", 2.5, 2.0)
    for command in ("check", "fmt"):
        words = [sys.executable, "-X", "importtime", *cli, command, flow]
        told = subprocess.run(words, cwd=folder, stderr=subprocess.PIPE, text=True, check=True)
        names = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
        loaded = len(names & {"lark", "pydantic", "jinja2", "httpx", "rich", "asyncio"})
        report.row("S5", f"heavy modules that {command} loads", loaded, "modules", 0)


def _set_old_times(folder: Path) -> None:
    """Set the times of the sources so far back that they prove that a file is unchanged."""
    old = time.time() - 3600
    for path in folder.rglob("*.flow"):
        os.utime(path, (old, old))


def _check_anew(root: Path, *words: str) -> Job:
    """A job that checks a project without its index."""
    run = process("-m", "flowdsl", "check", *words, folder=root)

    def job() -> None:
        (root / ".flowdsl/cache/check.json").unlink(missing_ok=True)
        run()

    return job


def _edit(path: Path, run: Job) -> Job:
    """A job that adds a comment to a file before it runs another."""

    def job() -> None:
        path.write_text(path.read_text("utf-8") + "# an edit\n", "utf-8")
        run()

    return job


def whole_project(report: Report, folder: Path, options: Options) -> None:
    """Processes that check 1,000 files.

    With one and two workers, and again when nothing or one file has changed.
    """
    count = options.files
    corpus.write(corpus.project(count), folder)
    _set_old_times(folder)
    unchanged = process("-m", "flowdsl", "check", folder=folder)
    found = interleaved(
        {
            "pass": process("-c", "pass", folder=folder),
            "two": _check_anew(folder, "--jobs", "2"),
            "one": _check_anew(folder, "--jobs", "1"),
            "unchanged": unchanged,
            "edited": _edit(folder / "flows/account_1.flow", unchanged),
        },
        options.runs,
    )
    two, one = found["two"], found["one"]
    report.remark(f"check of {count:,} files in one process {one:.2f} s, in two {two:.2f} s")
    report.row("T4", f"check of {count:,} files, two processes", two / one, "x", 0.65, 0.55)
    passing = found["pass"]
    report.row("W1", "nothing changed", found["unchanged"] / passing, "P", 4.5, 2.5)
    report.row("W2", "one file changed", found["edited"] / passing, "P", 6.0, 4.0)
    peak = _peak_of(folder, "check", "--jobs", "1")
    report.row("M1", f"peak of check, {count:,} files", peak, "MiB", 64, 32)


BARE_REQUESTS = """
import asyncio
from pathlib import Path
from flowdsl.config.load import load_project
from flowdsl.deploy.refresh.tracked import PAGE
from flowdsl.diagnostics.sink import Sink
from flowdsl.workspace.service import open_service

project = load_project(Path("flowdsl.toml").read_text("utf-8"), "flowdsl.toml", Sink())

async def ask(client):
    skip, total = 0, 1
    while skip < total:
        page = await client.workflows.list(
            skip=skip, limit=PAGE, include=("tags", "post_run_checks")
        )
        skip, total = skip + PAGE, page.total

with open_service(project.environments["local"], ".") as client:
    asyncio.run(ask(client))
"""


def compiling_and_planning(report: Report, folder: Path, options: Options) -> None:
    """Processes that compile and plan 1,000 files when nothing has changed, or one file."""
    corpus.write(corpus.project(options.files), folder)
    cli = ("-m", "flowdsl")
    _set_old_times(folder)
    process(*cli, "deploy", "--yes", folder=folder)()
    checked, compiled, planned = (
        process(*cli, word, folder=folder) for word in ("check", "compile", "plan")
    )
    for job in (compiled, compiled, checked, planned):
        job()
        time.sleep(2.1)  # from when on the times of the files that were written count
    found = interleaved(
        {
            "pass": process("-c", "pass", folder=folder),
            "check": checked,
            "compile": compiled,
            "bare": process("-c", BARE_REQUESTS, folder=folder),
            "plan": planned,
            "edited": _edit(folder / "flows/account_1.flow", planned),
        },
        options.runs,
    )
    passing, floor = found["pass"], found["check"] + found["bare"]
    report.remark(", ".join(f"{name} {each * 1000:.0f} ms" for name, each in found.items()))
    report.row("C2", "compile, nothing changed", found["compile"] / passing, "P", 8, 5)
    report.row("W3", "plan, nothing changed", found["plan"] / floor, "x", 2.5, 1.5)
    report.row("W4", "plan after one edit", found["edited"] / found["plan"], "x W3", 1.3, 1.1)
    kept = sum(path.stat().st_size for path in (folder / ".flowdsl/cache").rglob("*.*"))
    report.row("", "the index, for each file", kept / options.files, "bytes")


MEMORY = """
import resource, subprocess, sys

subprocess.run(
    sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a command and prints the kilobytes of the largest of its processes."""


def _peak_of(folder: Path, *words: str) -> float:
    """The MiB of the largest process of a command without an index."""
    shutil.rmtree(folder / ".flowdsl/cache", ignore_errors=True)
    command = [sys.executable, "-c", MEMORY, sys.executable, "-m", "flowdsl", *words]
    found = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
    return int(found.stdout) / 1024


def ten_thousand(report: Report, folder: Path, options: Options) -> None:
    """Check, plan, and deploy of one change in 10,000 workflows, against ten times the 1,000.

    And the memory of check, compile and plan: of the largest process, without an index. Two runs
    less than elsewhere, for each takes two minutes.
    """
    jobs: dict[str, Job] = {}
    cli = ("-m", "flowdsl")
    few, many = options.files, options.large_files
    for count in (few, many):
        root = folder / str(count)
        corpus.write(corpus.project(count), root)
        _set_old_times(root)
        for words in (("check", "--jobs", "1"), ("compile",), ("plan",)):
            what = f"peak of {words[0]}, {count:,} files"
            goals = (200, 120) if count == many else (None, None)
            report.row("M2", what, _peak_of(root, *words), "MiB", *goals)
        process(*cli, "deploy", "--yes", folder=root)()
        jobs[f"check {count}"] = _check_anew(root)
        jobs[f"plan {count}"] = process(*cli, "plan", folder=root)
        jobs[f"deploy {count}"] = _deploy_an_edit(root)
    found = interleaved(jobs, max(options.runs - 2, 1))
    report.remark(", ".join(f"{name} {each:.2f} s" for name, each in found.items()))
    times = many / few
    for word, what in (
        ("check", f"check of {many:,} files, without the index"),
        ("plan", f"plan of {many:,} files, unchanged"),
        ("deploy", f"deploy of one change in {many:,} files"),
    ):
        ratio = found[f"{word} {many}"] / found[f"{word} {few}"]
        report.row("X1", what, ratio, f"x {few:,}", 1.1 * times, 1.03 * times)


def _deploy_an_edit(root: Path) -> Job:
    run = process("-m", "flowdsl", "deploy", "--yes", folder=root)
    changed = root / "flows/account_1.flow"

    def job() -> None:
        changed.write_text(
            changed.read_text("utf-8").replace('title = "', 'title = "New ', 1), "utf-8"
        )
        run()

    return job


def formatting(report: Report, folder: Path, options: Options) -> None:
    """Processes that format 1,000 files in memory, against the check of them without its index."""
    corpus.write(corpus.project(options.files), folder)
    raw = folder / "raw"
    corpus.write(corpus.project(options.files), raw)
    cli = ("-m", "flowdsl")
    process(*cli, "fmt", "flows", folder=folder)()
    found = interleaved(
        {
            "check": _check_anew(folder),
            "alone": _check_anew(folder, "--jobs", "1"),
            "fmt": process(*cli, "fmt", "--check", "flows", folder=folder),
            "raw": process(*cli, "fmt", "--diff", folder=raw),
        },
        options.runs,
    )
    for name, what, *goals in (
        ("fmt", "fmt --check", 1.3, 1.0),
        ("raw", "the same, nine in ten would change"),
    ):
        goal = "F1" if goals else ""
        report.row(goal, what, found[name] / found["check"], "x check", *goals)
        report.row("", f"{what}, check in one process", found[name] / found["alone"], "x check")


def stock_lark() -> Callable[[str], object]:
    from lark import Lark

    grammar = BENCHMARKS.parent / "grammars/flowdsl.lark"
    parser = Lark(
        grammar.read_text(encoding="utf-8"),
        parser="lalr",
        start="file",
        maybe_placeholders=True,
        propagate_positions=True,
    )
    return parser.parse


def parse_ours(text: str) -> object:
    from flowdsl.compiler.collector import collector_paused
    from flowdsl.diagnostics.sink import Sink
    from flowdsl.source.text import SourceFile
    from flowdsl.syntax.parse import parse_module

    sink = Sink()
    with collector_paused():
        module = parse_module(SourceFile("one.flow", text), sink)
    assert not sink.has_errors
    return module


def check(files: Sequence[tuple[str, str]]) -> object:
    from flowdsl.api import CompileOptions, MemoryFiles, analyze

    analysis = analyze(MemoryFiles(dict(files)), [name for name, _ in files], CompileOptions())
    assert not analysis.has_errors, analysis.diagnostics[0].message
    return analysis


def check_one(text: str) -> object:
    return check([("one.flow", text)])


def compile_all(files: Sequence[tuple[str, str]]) -> object:
    from flowdsl.api import CompileOptions, MemoryFiles, compile_project

    names = [name for name, _ in files]
    compilation = compile_project(MemoryFiles(dict(files)), names, CompileOptions())
    assert compilation.bundle is not None
    return compilation


def one_large_file(report: Report, _folder: Path, options: Options) -> None:
    """Parse, check and compile one file of 20,000 lines, in this process."""
    large = corpus.one_file(20 * options.files)
    parse_stock = stock_lark()
    found = interleaved(
        {
            "K": lambda: parse_stock(large),
            "parse": lambda: parse_ours(large),
            "check": lambda: check_one(large),
            "compile": lambda: compile_all([("one.flow", large)]),
        },
        options.runs,
    )
    lines, size = large.count("\n"), len(large)
    report.remark(f"one file of {lines:,} lines, {size / 1000:.0f} kB; K = {found['K']:.2f} s")
    stock, checked = found["K"], found["check"]
    report.row("T1", "parse of it", stock / found["parse"], "K", 4.0, 8.0, more=True)
    report.row("T2", "check of it, K's parse alone", stock / checked, "K", 2.0, 4.0, more=True)
    report.row("", "compile of it against its check", found["compile"] / checked, "x")
    tracemalloc.start()
    check_one(large)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    report.row("M1", "peak memory of its check", peak / 1024 / lines, "KiB/line", 3.0, 1.5)


def scaling(report: Report, _folder: Path, options: Options) -> None:
    """Ten times the input, in a process without Lark, as no user's process loads it."""
    found = measure_scaling(options)
    lines, parse, whole, files = found
    goals = 1.1 * lines, 1.03 * lines
    report.row("T6", f"parse of {lines:.1f} times the lines", parse, "x", *goals)
    report.row("T6", f"check of {lines:.1f} times the lines", whole, "x", *goals)
    report.row("T6", "check of 10 times the files", files, "x", 11.0, 10.3)


def measure_scaling(options: Options) -> tuple[float, ...]:
    """How many times the lines there are, and medians of paired ratios.

    These are of parsing, of checking, and of checking many files.
    """
    count = options.files
    large, small = corpus.one_file(20 * count), corpus.one_file(2 * count)
    many, few = (list(corpus.project(each).items()) for each in (count, count // 10))
    jobs: list[tuple[Job, Job]] = [
        (lambda: parse_ours(large), lambda: parse_ours(small)),
        (lambda: check_one(large), lambda: check_one(small)),
        (lambda: check(many), lambda: check(few)),
    ]
    ratios: list[list[float]] = [[] for _ in jobs]
    for _ in range(2 * options.runs - 1):
        for found, (big, little) in zip(ratios, jobs, strict=True):
            times = interleaved({"big": big, "little": little}, 1)
            found.append(times["big"] / times["little"])
    return large.count("\n") / small.count("\n"), *map(statistics.median, ratios)


def many_files(report: Report, _folder: Path, options: Options) -> None:
    """Check and compile projects in one process."""
    parse_stock = stock_lark()
    for count in (options.files // 10, options.files):
        files = list(corpus.project(count).items())
        found = interleaved(
            {
                "K": lambda files=files: [parse_stock(text) for _, text in files],
                "check": lambda files=files: check(files),
                "compile": lambda files=files: compile_all(files),
            },
            options.runs,
        )
        report.remark(
            f"{count:,} files: check {found['check']:.2f} s, compile {found['compile']:.2f} s, "
            f"K {found['K']:.2f} s"
        )
        whole = count == options.files
        for goal, word, against, *goals in (
            ("T3", "check", "K", 0.40, 0.25),
            ("C1", "compile", "check", 2.0, 1.5),
        ):
            what = f"{word} of {count:,} files in one process"
            ratio = found[word] / found[against]
            report.row(goal if whole else "", what, ratio, against, *(goals if whole else ()))


def against_peers(report: Report, _folder: Path, options: Options) -> None:
    """Check against other tools, on inputs of nearly equal size."""
    if options.peers is None:
        report.remark("no peers: `--peers FOLDER`, and peers.py FOLDER --install before")
        return
    one, _ = peers.measure(options.peers, 1, options.runs, leave_out=("robocop", "cfn-lint"))
    slow = ("robocop", "cfn-lint")
    many, sizes = peers.measure(options.peers, options.files, options.runs, leave_out=slow)
    for name, size in sizes.items():
        cpu, wall = many[name]
        report.remark(f"{name:<15}{cpu:6.2f} s of processors, {wall:6.2f} s; {size}")
    for goal, name, gate, stretch in (
        ("S3", "yamllint", 0.8, 0.5),
        ("S3", "baml-cli", 0.8, 0.5),
        ("S3", "wmill lint", 0.25, 0.12),
        ("T5", "wmill lint", 1.2, 0.7),
        ("T5", "yamllint", 0.3, 0.15),
        ("K1", "wmill lint", 1.0, 0.7),
        ("K1", "baml-cli", 1.0, 0.7),
        ("K2", "ruff", 8.0, 5.0),
    ):
        found = one if goal == "S3" else many
        if name not in found:
            report.remark(f"{goal}: {name} is not installed")
            continue
        ours, theirs = found[peers.FLOWDSL], found[name]
        what = f"check of {'one file' if goal == 'S3' else 'all'} against {name}"
        report.row(goal, f"{what}, time", ours[1] / theirs[1], "x", gate, stretch)
        report.row(goal, f"{what}, processors", ours[0] / theirs[0], "x", gate, stretch)
    if "robocop format" in many:
        times = many["robocop format"][0] / many["flowdsl fmt"][0]
        report.row("F1", "fmt --check, times robocop's", times, "x", 4.0, 8.0, more=True)


class Told(NamedTuple):
    """A row in what another script prints: a pattern whose group is the figure."""

    goal: str
    what: str
    pattern: str
    unit: str
    gate: float
    stretch: float | None = None


def _ask_script(report: Report, words: Sequence[str], rows: Sequence[Told]) -> None:
    """Run another script of the benchmarks, and take figures from what it prints."""
    command = [sys.executable, str(BENCHMARKS / words[0]), *words[1:]]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    for row in rows:
        values = re.findall(row.pattern, found.stdout)
        if values:
            worst = max(map(float, values))
            report.row(row.goal, row.what, worst, row.unit, row.gate, row.stretch)
        else:
            report.remark(f"{row.goal}: {words[0]} says nothing: {found.stderr[-300:]}")


def deploying(report: Report, _folder: Path, options: Options) -> None:
    """Deploys of 1,000 workflows, over the bare requests."""
    words = ("service/deploy.py", "--workflows", str(options.files), "--rounds", str(options.runs))
    changed = Told("D1", "deploy, all changed", r"all changed .* ([\d.]+) of the", "x", 1.3, 1.15)
    same = Told("D2", "deploy, nothing changed", r"nothing to do .* (\d+) writes", "writes", 0)
    _ask_script(report, words, (changed, same))


def editing(report: Report, _folder: Path, options: Options) -> None:
    """What an editor waits for."""
    count, runs = str(max(options.files, 100)), str(options.runs)
    words = ("performance/editor.py", "--files", count, "--runs", runs)
    start = Told("E1", "start of the server", r"starts of bare pygls +([\d.]+)", "x pygls", 1.15)
    change = Told("E1", "change to findings", r"a change to its findings +([\d.]+)", "ms", 50)
    _ask_script(report, words, (start, change))


def testing(report: Report, _folder: Path, options: Options) -> None:
    """1,000 tests of flows."""
    words = ("testing/speed.py", "--tests", str(options.files), "--rounds", str(options.runs))
    took = Told("V1", f"{options.files:,} tests", r"processes: ([\d.]+) s", "s", 3.0, 1.5)
    _ask_script(report, words, (took,))


def broken_texts(report: Report, _folder: Path, _options: Options) -> None:
    """Texts that are nothing but mistakes."""
    dense = Told("R1", "broken texts, time per byte", r"(?m) ([\d.]+) (?:MISSED)?$", "x", 3.0)
    _ask_script(report, ("diagnostics/syntax_mutations.py", "--dense"), (dense,))


Section = Callable[[Report, Path, Options], None]


class Entry(NamedTuple):
    """A section: its goals, and the seconds that it takes on two idle cores."""

    goals: str
    measure: Section
    seconds: int
    large: bool = False


SECTIONS = {
    "start-up": Entry("S1 S2 S4 S5 V1", start_up, 15),
    "whole-project": Entry("T4 W1 W2 M1", whole_project, 30),
    "compile-plan": Entry("C2 W3 W4", compiling_and_planning, 70),
    "formatting": Entry("F1", formatting, 35),
    "scaling": Entry("T6", scaling, 25),
    "large-file": Entry("T1 T2 M1", one_large_file, 30),
    "many-files": Entry("T3 C1", many_files, 55),
    "peers": Entry("S3 T5 K1 K2 F1", against_peers, 150),
    "deploy": Entry("D1 D2", deploying, 150),
    "editor": Entry("E1", editing, 60),
    "tests": Entry("V1", testing, 12),
    "broken-texts": Entry("R1", broken_texts, 40),
    "ten-thousand": Entry("M2 X1", ten_thousand, 660, large=True),
}
ELSEWHERE = {
    "R2": "python benchmarks/performance/doubling.py",
    "V2": "the test command of README.md, timed",
}
"""Goals that take longer than a whole run of this, and what measures them."""


def run_section(name: str, options: Options) -> dict[str, Any]:
    """Measure one section, and how idle the machine was before and after it."""
    idle = measure_idleness(0.5)
    report = Report()
    cpu, began = _processor(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        SECTIONS[name].measure(report, Path(folder).resolve(), options)
    seconds, cpu = time.perf_counter() - began, _processor() - cpu
    idle = min(idle, measure_idleness(0.5))
    found = {"rows": report.rows, "remarks": report.remarks}
    return {**found, "idle": idle, "seconds": seconds, "cpu": cpu}


def _processor() -> float:
    """The seconds that this process and those it waited for have used."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def in_process_of_its_own(name: str, options: Options) -> dict[str, Any]:
    """`run_section` in a fresh process, which no other section has filled."""
    command = [sys.executable, __file__, "--section", name, "--runs", str(options.runs)]
    command += ["--files", str(options.files), "--large-files", str(options.large_files)]
    command += [] if options.peers is None else ["--peers", str(options.peers)]
    try:
        found = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    except subprocess.CalledProcessError as error:
        return {"failed": f"exits {error.returncode}"}
    return dict(json.loads(found.splitlines()[-1]))


def print_section(name: str, found: dict[str, Any]) -> None:
    """Print the rows of a section."""
    if "failed" in found:
        print(f"-- {name}: FAILED, {found['failed']}", flush=True)
        return
    print(
        f"-- {name}: {found['seconds']:.0f} s, {found['cpu']:.0f} s of processors; "
        f"a process got {found['idle']:.0%} of a core"
    )
    for remark in found["remarks"]:
        print(f"     {remark}")
    for row in found["rows"]:
        print(render_row(row, judged=found["idle"] >= IDLE), flush=True)


def print_summary(results: Results, chosen: Sequence[str]) -> int:
    """Print what was missed and not measured; returns the exit code."""
    rows = [(found, row) for found in results.sections.values() for row in found.get("rows", ())]
    goals = [(found, row) for found, row in rows if row["gate"] is not None]
    missed = [row for found, row in goals if found["idle"] >= IDLE and not is_met(row, "gate")]
    unsure = sorted({name for name, each in results.sections.items() if each.get("idle", 1) < IDLE})
    failed = [name for name in chosen if "failed" in results.sections.get(name, {})]
    seconds = sum(each.get("seconds", 0) for each in results.sections.values())
    print(f"\n{len(goals)} figures with a goal in {seconds / 60:.1f} minutes, {len(missed)} missed")
    for row in missed:
        print("  " + render_row(row, judged=True))
    if unsure:
        print("not judged, for the machine was busy:", ", ".join(unsure))
    if failed:
        print("failed:", ", ".join(failed))
    for goal, how in ELSEWHERE.items():
        print(f"not measured here: {goal}, {how}")
    left = [name for name in SECTIONS if name not in results.sections]
    if left:
        print("not measured:", ", ".join(f"{name} ({SECTIONS[name].goals})" for name in left))
    return 1 if missed or failed else 0


def install_wheel(folder: Path, python: str) -> Path:
    """Install a wheel of this checkout into an environment in `folder`; returns its Python."""
    found = folder / "bin/python"
    if not found.exists():
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
    # A folder is built and installed anew each time.
    what = f"flowdsl[lsp] @ {BENCHMARKS.parent.as_uri()}"
    pip = [str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--compile", what], check=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--files", type=int, default=1000, metavar="N")
    parser.add_argument("--large-files", type=int, default=10_000, metavar="N")
    parser.add_argument("--quick", action="store_true", help="a tenth of the files, one run")
    parser.add_argument("--large", action="store_true", help="10,000 files, too")
    parser.add_argument("--only", default="", metavar="T3,C1", help="goals, or names of sections")
    parser.add_argument(
        "--peers", type=Path, metavar="FOLDER", help="where peers.py installed them"
    )
    parser.add_argument("--results", type=Path, metavar="FILE", help="keep what was measured")
    parser.add_argument("--wheel", type=Path, metavar="FOLDER", help="measure a wheel, in there")
    parser.add_argument("--python", default=sys.executable, help="of the wheel")
    parser.add_argument("--list", action="store_true", help="the sections, and what they take")
    parser.add_argument("--section", help=argparse.SUPPRESS)
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine as well")
    given = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    if given.quick:
        given.runs, given.files, given.large_files = 1, 100, 1000
    if given.wheel is not None:
        python = install_wheel(given.wheel.absolute(), given.python)
        at = sys.argv.index("--wheel")
        command = [str(python), __file__, *sys.argv[1:at], *sys.argv[at + 2 :]]
        return subprocess.run(command, check=False).returncode
    peers_folder = None if given.peers is None else given.peers.absolute()
    options = Options(given.runs, given.files, given.large_files, peers_folder)
    if given.section is not None:
        print(json.dumps(run_section(given.section, options)))
        return 0
    asked = set(given.only.split(",")) - {""}
    chosen = [
        name
        for name, entry in SECTIONS.items()
        if (
            name in asked or asked & {*entry.goals.split()}
            if asked
            else given.large or not entry.large
        )
    ]
    if given.list:
        for name in SECTIONS:
            entry = SECTIONS[name]
            print(f"{name:<14} {entry.goals:<16} {entry.seconds:4} s")
        return 0
    idle = measure_idleness()
    print(f"a process gets {idle:.0%} of a core; Python {sys.version.split()[0]}")
    if idle < IDLE and not given.busy:
        print(f"this machine is busy: from {IDLE:.0%} on its figures are worth judging")
        return 2
    asked_git = ["git", "-C", str(BENCHMARKS), "rev-parse", "HEAD"]
    commit = subprocess.run(asked_git, capture_output=True, text=True, check=False).stdout.strip()
    key = f"{commit} {sys.version} {options.runs} {options.files} {options.large_files}"
    results = Results(given.results, key)
    for name in chosen:
        known = results.sections.get(name)
        if known is None or "failed" in known or (known["idle"] < IDLE and not given.busy):
            results.keep(name, in_process_of_its_own(name, options))
        print_section(name, results.sections[name])
    return print_summary(results, chosen)


if __name__ == "__main__":
    raise SystemExit(main())
