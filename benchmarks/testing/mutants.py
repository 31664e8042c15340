"""Broken flows: how many of them do the tests of the examples notice?

    python benchmarks/testing/mutants.py [--only EXAMPLE] [--jobs N] [--show]

Each mutant changes one place of a flow of an example: an `emit`, an `expect` or an `else` is taken
out, a condition is turned round, a branch is emptied, a bound is one less or more, a literal is
another one. Then the tests of the example run.

- killed: a test fails, or says something that can no longer be.
- refused: `flowdsl check` says that the flow is wrong; such a mutant shows nothing of the tests.
- survived: every test passes.
- equivalent: said by hand in `EQUIVALENT`, with a reason, and tried all the same: one that is
  killed is no equivalent, which is an error of the list.

What is written for the agent alone (the words of `do`, of questions, of targets, and how long to
wait) is not changed: a test answers a question by its words, whatever they are.

Exits 1 where less than `GOAL` of the mutants that are neither refused nor equivalent are killed,
and 2 where the list of equivalent ones is wrong.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from flowdsl.compiler.pipeline import CompileOptions, compile_project  # noqa: E402
from flowdsl.config.load import load_project  # noqa: E402
from flowdsl.diagnostics.sink import Sink  # noqa: E402
from flowdsl.semantics.semantic_model import SemanticModel  # noqa: E402
from flowdsl.semantics.traversal import statements  # noqa: E402
from flowdsl.source.files import MemoryFiles  # noqa: E402
from flowdsl.source.text import SourceFile  # noqa: E402
from flowdsl.syntax import ast  # noqa: E402
from flowdsl.testing.cases import cases_of  # noqa: E402
from flowdsl.testing.run import run_test  # noqa: E402
from flowdsl.testing.suite import Suite  # noqa: E402
from flowdsl.testing.wrapping import render_wrapped_files, select_tested_tasks  # noqa: E402

GOAL = 0.95
EXAMPLES = ROOT / "examples"

KILLED, REFUSED, SURVIVED = "killed", "refused", "survived"

_SAVING = "accounts-payable/flows/lib/ledgerpro.flow: "
_OWN_REASON = "the `retry` around it has an `else`, which aborts with a reason of its own"
EQUIVALENT: dict[str, str] = {
    _SAVING + 'without `else fail "saving did not finish"`': _OWN_REASON,
    _SAVING + "`saving did not finish` changed as a reason": _OWN_REASON,
}
"""Mutants that mean what the flow means, as `--show` names them, each with the reason."""


class Mutant(NamedTuple):
    """A change of one place of a file: what stands there is replaced."""

    example: str
    path: str
    start: int
    end: int
    text: str
    line: int
    words: str

    @property
    def name(self) -> str:
        """Names the mutant, also after lines have moved."""
        return f"{self.example}/{self.path}: {self.words}"


def read_example(folder: Path) -> dict[str, str | bytes]:
    """The files of an example, by their path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".flowdsl" not in path.parts
    }


def compiled(
    files: dict[str, str | bytes], *, wrapped: bool = True
) -> tuple[Suite | None, list[str]]:
    """The suite of an example, or the places in which the check finds errors.

    With `wrapped`, the tasks that are tested have workflows around them.
    """
    sink = Sink()
    project = load_project(bytes(files["flowdsl.toml"]).decode(), "flowdsl.toml", sink)  # type: ignore[arg-type]
    assert project is not None, sink.findings_in_order()
    options = CompileOptions(project, project.environments["local"])
    entries = sorted(name for name in files if name.endswith(".flow"))
    done = compile_project(MemoryFiles(files), entries, options)
    if done.bundle is not None and wrapped:
        around = render_wrapped_files(select_tested_tasks(done.analysis.model))
        done = compile_project(MemoryFiles({**files, **around}), entries, options)
    if done.bundle is None:
        wrong = [each for each in done.analysis.diagnostics if options.stops(each)]
        return None, [f"{each.span.path}:{each.span.start}" for each in wrong]
    variables = project.environments["local"].vars
    return Suite(done.analysis.model, done.bundle, variables), []


# What is changed


def mutants_of(example: str, model: SemanticModel) -> Iterator[Mutant]:
    """Every mutant of the flows of an example, in the order of the files and of the source."""
    for module in model.modules:
        for declaration in module.declarations:
            for body in _bodies(declaration):
                for statement in statements(body):
                    for start, end, text, words in _changes(module.source, statement):
                        line = module.source.position(start).line
                        yield Mutant(example, module.source.path, start, end, text, line, words)


def _bodies(declaration: ast.Decl) -> Iterator[ast.Block]:
    match declaration:
        case ast.TaskDecl(body=body):
            yield body
        case ast.WorkflowDecl(items=items):
            yield from (item.body for item in items if isinstance(item, ast.StepsSection))
        case _:
            pass


Change = tuple[int, int, str, str]
"""Offsets, what stands there then, and words for people."""


def _changes(source: SourceFile, statement: ast.Stmt) -> Iterator[Change]:
    """The changes of one statement, but for those of the statements in it."""

    def said(node: ast.Node) -> str:
        return " ".join(source.text[node.start : node.end].split())

    def out(start: int, end: int, words: str) -> Change:
        return start, end, " ", words

    otherwise = getattr(statement, "otherwise", None)
    match statement:
        case ast.EmitStmt(name=name):
            yield out(statement.start, statement.end, f"without `{said(statement)}`")
            yield from _values(source, statement.value, f"in `emit {name.text}`")
        case ast.ExpectStmt():
            yield out(statement.start, statement.end, f"without `{said(statement)}`")
        case ast.IfStmt(branches=branches, otherwise=last):
            for branch in branches:
                head = said(branch.condition)
                start, end = branch.condition.start, branch.condition.end
                yield start, end, f"not ({source.text[start:end]})", f"`if not {head}`"
                yield _emptied(branch.body, f"`if {head}` does nothing")
                yield from _conditions(source, branch.condition)
            if last is not None:
                head = said(branches[0].condition)
                yield _emptied(last, f"the `else` of `if {head}` does nothing")
        case ast.RepeatStmt(until=until, limit=limit):
            yield until.start, until.end, f"not ({said(until)})", f"`until not {said(until)}`"
            yield from _bounds(source, limit, said(until))
        case ast.RetryStmt(attempts=attempts, otherwise=last):
            yield from _bounds(source, attempts, "retry")
            if last is not None:
                yield (
                    last.start + 1,
                    last.end - 1,
                    " wait 1s ",
                    "the `else` of `retry` does nothing",
                )
        case ast.ForStmt(limit=ast.IntLit() as limit):
            yield from _bounds(source, limit, "for")
        case ast.PressStmt(keys=keys, times=times):
            yield keys.start, keys.end, '"F12"', f"`F12` for `press {said(keys)}`"
            yield from _bounds(source, times, f"press {said(keys)}")
        case ast.TypeStmt(value=ast.Text() as value):
            yield from _values(source, value, f"in `{said(statement)}`")
        case ast.AbortStmt(reason=reason) | ast.FailStmt(reason=reason):
            yield from _values(source, reason, "as a reason")
        case ast.CaptureStmt(file=file) | ast.ExportStmt(file=file):
            yield from _values(source, file, "as a file")
        case _:
            pass
    if isinstance(otherwise, ast.Otherwise):
        yield out(otherwise.start, otherwise.end, f"without `{said(otherwise)}`")
        if not isinstance(otherwise.action, ast.Block):
            yield from _values(source, otherwise.action.reason, "as a reason")


def _emptied(body: ast.Block, words: str) -> Change:
    """A body that does nothing that a test could see."""
    return body.start + 1, body.end - 1, " wait 1s ", words


def _values(source: SourceFile, value: ast.Node, where: str) -> Iterator[Change]:
    """Each literal in a value as another one."""
    match value:
        case ast.Text():
            for part in value.parts:
                if isinstance(part, ast.TextLiteral) and part.value.strip():
                    yield part.end, part.end, "~", f"`{part.value.strip()}` changed {where}"
                    break
        case ast.IntLit(value=number):
            yield value.start, value.end, str(number + 1), f"`{number}` changed {where}"
        case ast.BoolLit(value=truth):
            yield value.start, value.end, str(not truth).lower(), f"`{truth}` changed {where}"
        case ast.ListExpr(items=items):
            for item in items:
                yield from _values(source, item, where)
        case ast.ObjectExpr(pairs=pairs):
            for pair in pairs:
                yield from _values(source, pair.value, where)
        case _:
            pass


def _conditions(source: SourceFile, condition: ast.Condition) -> Iterator[Change]:
    """Each literal and each word of a condition, but what is seen, as another one."""
    match condition:
        case ast.CompareExpr(left=left, right=right):
            head = " ".join(source.text[condition.start : condition.end].split())
            for operand in (left, right):
                yield from _values(source, operand, f"in `{head}`")
        case ast.AndExpr(operands=operands) | ast.OrExpr(operands=operands):
            for one, other in pairwise(operands):
                word = "or" if isinstance(condition, ast.AndExpr) else "and"
                yield one.end, other.start, f" {word} ", f"`{word}` in a condition"
            for operand in operands:
                yield from _conditions(source, operand)
        case _:
            pass


def _bounds(source: SourceFile, bound: ast.Node | None, where: str) -> Iterator[Change]:
    if isinstance(bound, ast.IntLit):
        for step in (-1, 1):
            if bound.value + step > 0:
                words = f"{bound.value + step} for {bound.value} in `{where}`"
                yield bound.start, bound.end, str(bound.value + step), words


# What becomes of them

_files: dict[str, dict[str, str | bytes]] = {}


def fate(mutant: Mutant) -> tuple[Mutant, str]:
    """What becomes of a mutant."""
    files = dict(_files[mutant.example])
    text = bytes(files[mutant.path]).decode()  # type: ignore[arg-type]
    files[mutant.path] = (text[: mutant.start] + mutant.text + text[mutant.end :]).encode()
    suite, wrong = compiled(files)
    if suite is None:
        # A test that says what can no longer be is a test that fails.
        in_tests = all("_tests.flow:" in place for place in wrong)
        return mutant, KILLED if in_tests else REFUSED
    for case in cases_of(suite.model):
        if not run_test(suite, case).passed:
            return mutant, KILLED
    return mutant, SURVIVED


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", default="", metavar="EXAMPLE", help="the name of one example")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes")
    parser.add_argument("--show", action="store_true", help="name every mutant with its fate")
    options = parser.parse_args()
    began = time.perf_counter()
    mutants: list[Mutant] = []
    for folder in sorted(path.parent for path in EXAMPLES.glob("*/flowdsl.toml")):
        if options.only not in ("", folder.name):
            continue
        _files[folder.name] = read_example(folder)
        suite, wrong = compiled(_files[folder.name], wrapped=False)
        assert suite is not None, wrong
        mutants += mutants_of(folder.name, suite.model)
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        fates = pool.map(fate, mutants, chunksize=1)
    return report(fates, time.perf_counter() - began, show=options.show)


def report(fates: list[tuple[Mutant, str]], seconds: float, *, show: bool) -> int:
    """Print what became of the mutants; returns the exit code."""
    by_example: dict[str, Counter[str]] = {}
    wrong = []
    for mutant, how in fates:
        if mutant.name in EQUIVALENT:
            if how == KILLED:
                wrong.append(mutant)
            how = "equivalent"
            print(f"equivalent {mutant.name}: {EQUIVALENT[mutant.name]}")
        by_example.setdefault(mutant.example, Counter())[how] += 1
        if show or how == SURVIVED:
            print(f"{how:10} {mutant.example}/{mutant.path}:{mutant.line}: {mutant.words}")
    for mutant in wrong:
        print(f"killed, and so not equivalent: {mutant.name}")
    total: Counter[str] = Counter()
    for example, counts in by_example.items():
        total.update(counts)
        print(f"{example:18} {dict(counts)}")
    judged = total[KILLED] + total[SURVIVED]
    share = total[KILLED] / judged if judged else 1.0
    print(f"{share:.1%} of {judged} mutants killed, {dict(total)}, {seconds:.0f} s")
    if wrong:
        return 2
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
