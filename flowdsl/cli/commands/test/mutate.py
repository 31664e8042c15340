"""`flowdsl test --mutate`: which wrong edits of the flows their tests notice."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowdsl.compiler.collector import keep_what_is_there, sweep_garbage
from flowdsl.compiler.pipeline import Compilation, compile_project
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.suggest import join_names
from flowdsl.host.disk import Overlay
from flowdsl.source.record import Record, replace
from flowdsl.testing.mutation.study import (
    NOTICED,
    REFUSED,
    SAME,
    SURVIVED,
    Edited,
    Judge,
    Mutant,
    Subject,
    collect_subjects,
    edits_of,
)
from flowdsl.testing.run import has_unmet_expectations

from ...runtime.console import Console, UsageError
from ...runtime.exit_codes import FINDINGS, SUCCESS
from ...runtime.target import CommandTarget
from ...views.table import object_json
from .compiling import TestTarget
from .sharing import map_in_order

_EDITS_OF_A_PROCESS = 20
"""The number of edits from which a further process is faster."""
ALL = ""
"""The value of `--mutate` without a name."""


class Studied(Record):
    """The edits of one body."""

    subject: Subject
    mutants: tuple[Mutant, ...]

    def count(self, fate: str) -> int:
        return sum(each.fate == fate for each in self.mutants)


def study_edits(tests: TestTarget) -> int:
    """Print each edit that no test notices, and a table; returns the exit code.

    Raises `UsageError` for an unknown name, and for a test that fails without any edit.
    """
    arguments, console, target, model = tests.arguments, tests.console, tests.target, tests.model
    every = collect_subjects(model, tests.compiled.entries)
    subjects = _select_subjects(every, arguments.mutate)
    _require_passing_tests(tests, subjects)
    texts = {each.source.path: each.source.text.encode() for each in model.modules}
    options = replace(target.options(tests.environment), whole=False)

    def compile_edited(paths: frozenset[str], changed: Mapping[str, str]) -> Compilation:
        contents = texts | {path: text.encode() for path, text in changed.items()}
        return compile_project(Overlay(target.files, contents), sorted(paths), options)

    edited = Edited(compile_edited, tests.variables)
    keep_what_is_there()
    by_subject: dict[Subject, list[Mutant]] = {subject: [] for subject in subjects}
    for subject, mutant in _judge_edits(edited, subjects, arguments.jobs):
        by_subject[subject].append(mutant)
        if mutant.fate == SURVIVED and not arguments.json:
            for line in _describe_survivor(mutant, target):
                console.out(make_printable(line))
    studied = [Studied(subject, tuple(mutants)) for subject, mutants in by_subject.items()]
    if arguments.json:
        console.out(_studied_to_json(studied))
    else:
        for line in _render_table(studied):
            console.err(line)
    return _judge_share(arguments, console, studied)


def _judge_edits(
    edited: Edited, subjects: Sequence[Subject], jobs: int | None
) -> Iterator[tuple[Subject, Mutant]]:
    """Yield the edits of all bodies with their fates, in order, however many processes judge.

    Neighbours share a process, which explores the paths of their flow once.
    """
    drawn = [(subject, edit) for subject in subjects for edit in edits_of(subject)]
    most = jobs or min(os.cpu_count() or 1, 8)
    workers = max(1, min(most, -(-len(drawn) // _EDITS_OF_A_PROCESS)))
    size = max(1, -(-len(drawn) // (2 * workers)))
    judges: dict[Subject, Judge] = {}

    def judge_some(start: int) -> list[tuple[str, str]]:
        fates = []
        for subject, edit in drawn[start : start + size]:
            if subject not in judges:
                judges.clear()
                judges[subject] = Judge(edited, subject)
            mutant = judges[subject].judge(edit)
            fates.append((mutant.fate, mutant.hint))
            sweep_garbage()
        return fates

    starts = range(0, len(drawn), size)
    some = map_in_order(judge_some, starts, min(workers, len(starts)))
    fates = (fate for each in some for fate in each)
    for (subject, edit), fate in zip(drawn, fates, strict=True):
        yield subject, Mutant(edit, *fate)


def _select_subjects(subjects: list[Subject], name: str) -> list[Subject]:
    if name == ALL:
        return subjects
    found = [each for each in subjects if each.symbol.name == name]
    if not found:
        known = join_names(each.symbol.name for each in subjects) or "none"
        paths = "; paths come before `--mutate`" if name.endswith(".flow") else ""
        raise UsageError(
            f"no workflow or task of these flows is named `{name}`; known: {known}{paths}"
        )
    return found


def _require_passing_tests(tests: TestTarget, subjects: Sequence[Subject]) -> None:
    suite = tests.suite()
    for case in dict.fromkeys(case for subject in subjects for case in subject.cases):
        if has_unmet_expectations(suite, case):
            raise UsageError(
                f"`{case.subject}: {case.title}` fails without any edit; see `flowdsl test`"
            )


def _judge_share(
    arguments: argparse.Namespace, console: Console, studied: Sequence[Studied]
) -> int:
    least = arguments.mutate_fail_under
    share = _percent_noticed(studied)
    if least is None:
        return SUCCESS
    untested = [each.subject.symbol.name for each in studied if not each.subject.cases]
    if untested and least > 0:
        console.err(f"no test runs {join_names(untested)}; write one, which notices wrong edits")
        return FINDINGS
    if share >= least:
        return SUCCESS
    console.err(f"{share:.1f} % of the wrong edits are noticed, and {least:g} % are asked for")
    return FINDINGS


def _percent_noticed(studied: Sequence[Studied]) -> float:
    noticed = sum(each.count(NOTICED) for each in studied)
    wrong = noticed + sum(each.count(SURVIVED) for each in studied)
    return 100 * noticed / wrong if wrong else 100.0


def _describe_survivor(mutant: Mutant, target: CommandTarget) -> Iterator[str]:
    place = mutant.edit.place
    yield f"{target.show_path(place.path)}:{place.first.line}: no test notices: {mutant.edit.words}"
    if mutant.hint:
        yield f"  a test that would: {mutant.hint}"


def _render_table(studied: Sequence[Studied]) -> Iterator[str]:
    width = max((len(each.subject.symbol.name) for each in studied), default=0)
    for each in studied:
        name = each.subject.symbol.name.ljust(width)
        if not each.subject.cases:
            yield f"{name}  no test runs it"
            continue
        noticed, survived = each.count(NOTICED), each.count(SURVIVED)
        others = f"{each.count(REFUSED)} refused by the check, {each.count(SAME)} mean nothing"
        yield f"{name}  {noticed} of {noticed + survived} wrong edits noticed; {others}"
    number = sum(each.count(NOTICED) + each.count(SURVIVED) for each in studied)
    if number:
        yield f"{_percent_noticed(studied):.1f} % of {format_count(number, 'wrong edit')} noticed"


def _studied_to_json(studied: Sequence[Studied]) -> str:
    items: list[dict[str, Any]] = [
        {
            "subject": each.subject.symbol.name,
            "path": mutant.edit.place.path,
            "line": mutant.edit.place.first.line,
            "edit": mutant.edit.words,
            "fate": mutant.fate,
            "hint": mutant.hint,
        }
        for each in studied
        for mutant in each.mutants
    ]
    untested = [each.subject.symbol.name for each in studied if not each.subject.cases]
    head = {"percent": round(_percent_noticed(studied), 1), "untested": untested}
    return object_json({**head, "items": items})
