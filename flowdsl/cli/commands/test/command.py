"""`flowdsl test`: run the tests of flows, without a machine."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import NoReturn

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.suggest import join_names
from flowdsl.host import signals
from flowdsl.host.environment import in_ci
from flowdsl.source.failure import FlowdslError
from flowdsl.testing.explore import MOST_PATHS

from ...runtime.command_line.options import add_options, parse_positive_number
from ...runtime.console import CommandError, Console, UsageError, command_error
from ...runtime.exit_codes import FINDINGS, SOURCE_ERRORS, SUCCESS
from ...runtime.exit_codes import INTERNAL as INTERNAL_ERROR
from ...runtime.rewrites import write_product
from ...runtime.target import (
    CommandTarget,
    any_environment,
    has_index,
    open_target,
    root_remark,
)
from ...views.table import object_json
from .reports import TestReports
from .troubles import INTERNAL, SOURCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.testing.cases import Case
    from flowdsl.testing.outcome import Result

    from .compiling import Compiled, TestTarget
    from .sharing import Timed
    from .unchanged import IndexedTests


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        f"""
        PATH
        -k words=WORDS
            only tests with these words in their title, the name of what they test, or their path;
            `and`, `or`, `not` and parentheses combine them
        --env ENV
            the environment whose `vars` hold; default: FLOWDSL_ENV, else the only one, else the
            first of flowdsl.toml
        --stdin-filename
        --last-failed  only the tests that failed when they ran last; all where none did
        --watch  test again whenever a file changes, until Ctrl-C
        --list  list the tests, and run none
        --fail-fast  end at the first test that fails
        -v, --verbose  show whole traces where a test fails
        --json  one JSON object with every result
        --junit FILE  write a report as JUnit XML too
        --html FILE
            write a page of its own with each run beside the prompts, and the branches taken
        --update  write the snapshots of prompts, and compare then
        --pass-with-no-tests  exit 0 where the flows have no test, for pipelines of any project
        --cov  tell which statements no test reaches, and which branches of the flows none takes
        --cov-fail-under N
            exit 1 when less than N percent of the statements and branches are tested
        --lcov FILE  write what is taken as LCOV, which editors read
        --explore NAME
            run no test, but find the paths of this workflow, task or chain; prints tests for those
            that no test takes
        --at-most paths_at_most=N  paths that are looked for (default: {MOST_PATHS})
        --mutate NAME?
            run the tests against wrong edits of the flows, or of one workflow or task; prints those
            that no test notices
        --mutate-fail-under N  exit 1 when less than N percent of the wrong edits are noticed
        -j, --jobs N  processes for many tests or edits (default: one for each core, at most 8)
        """,
        words={"default": ""},
        cov_fail_under={"type": parse_percentage},
        paths_at_most={"type": parse_positive_number},
        mutate={"const": ""},
        mutate_fail_under={"type": parse_percentage},
        jobs={"type": parse_positive_number},
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the selected tests; print a line for each, followed by the reasons of a failure.

    Results go to standard output, findings that prevent compilation to standard error. The
    requested reports are written however the command ends.
    """
    if arguments.watch:
        _watch(arguments, console)
    report = TestReports(arguments, console)
    with signals.BeforeEnding(report.interrupt):
        try:
            return _run_selected_tests(arguments, console, report)
        except FlowdslError as error:
            failure = command_error(error)
            report.add_failure(failure)
            try:
                report.close()
            except UsageError as unwritten:
                further = (*failure.messages[1:], *unwritten.messages)
                raise CommandError(failure.messages[0], failure.code, *further) from None
            raise
        except (KeyboardInterrupt, signals.Interrupted):
            report.interrupt(0)
            raise
        except Exception as bug:
            message = f"FlowDSL itself has failed: {type(bug).__name__}"
            report.add_failure(CommandError(message, INTERNAL_ERROR), INTERNAL)
            raise
        finally:
            report.close()


_NOT_WATCHED = ("explore", "mutate", "list", "json", "junit", "html", "update", "lcov")
"""Options that cannot be combined with `--watch`, which prints and writes nothing."""


def _watch(arguments: argparse.Namespace, console: Console) -> NoReturn:
    """Run the selected tests again and again; a failure of one run ends that run alone."""
    from ...runtime.watching import WatchScope, check_forever, watch_scope_of

    unusable = [name for name in _NOT_WATCHED if getattr(arguments, name) not in (None, False)]
    if unusable or "-" in arguments.paths:
        raise UsageError(f"`--watch` goes without {f'`--{unusable[0]}`' if unusable else '`-`'}")

    def once() -> WatchScope:
        _run_selected_tests(arguments, console, TestReports(arguments, console))
        target = open_target(arguments.paths)
        return watch_scope_of(target, target.entries)

    target = open_target(arguments.paths, arguments.stdin_filename)
    check_forever(watch_scope_of(target, target.entries), once, console)


def _run_selected_tests(
    arguments: argparse.Namespace, console: Console, report: TestReports
) -> int:
    if arguments.update and in_ci(os.environ):
        raise UsageError("`--update` writes snapshots for somebody to look at, and not in CI")
    target = open_target(arguments.paths, arguments.stdin_filename)
    report.show_path = target.show_path
    if target.problems:
        report.add_findings(target.problems)
        target.show(target.problems, 1, console)
        return SOURCE_ERRORS
    _check_together(arguments)
    environment = any_environment(target.project, arguments.env)
    if has_index(target):
        from .unchanged import open_indexed_tests

        indexed = open_indexed_tests(arguments, console, target, environment)
        if indexed is not None:
            return _run_indexed_tests(indexed, arguments, console, target, report)
    from .compiling import TestTarget, compile_tests

    compiled = compile_tests(target, environment, arguments.words, also=arguments.explore)
    tests = TestTarget(arguments, console, target, environment, compiled)
    _tell_errors(tests, report)
    runs_tests = arguments.explore is None and arguments.mutate is None
    if compiled.compilation.bundle is None or not (runs_tests or compiled.is_whole):
        return SOURCE_ERRORS
    if arguments.mutate is not None:
        from .mutate import study_edits

        code = study_edits(tests)
        report.leave_to_command()
        return code
    if arguments.explore is not None:
        from .explore import explore_paths

        code = explore_paths(tests)
        report.leave_to_command()
        return code
    return _run_tests(tests, report)


def _tell_errors(tests: TestTarget, report: TestReports) -> None:
    """Report the findings that prevent some or all flows from being tested."""
    compiled, target, console = tests.compiled, tests.target, tests.console
    if compiled.stopping:
        analysis = compiled.analysis
        others = [each for each in compiled.stopping if each not in analysis.diagnostics]
        found = (*analysis.diagnostics, *others)
        number = len(analysis.findings.paths)
        target.show(found, number, console)
        remark = root_remark(target, analysis.diagnostics)
        if remark is not None:
            console.err(remark)
        report.add_findings(compiled.stopping)
    if compiled.untestable:
        failure = CommandError(compiled.untestable[0], SOURCE_ERRORS, *compiled.untestable[1:])
        report.add_failure(failure, SOURCE)
        for message in failure.messages:
            console.err(f"error: {make_printable(message)}")


def _run_tests(run: TestTarget, report: TestReports) -> int:
    """Run the tests of the flows that could be compiled."""
    from .compiling import tests_of
    from .kept import key_of, read_kept_snapshots, tell_unused, update_snapshots, write_failed
    from .sharing import run_tests_timed
    from .view import summarize_results

    arguments, console, target, compiled = run.arguments, run.console, run.target, run.compiled
    tests = tests_of(compiled.compilation, compiled.entries)
    if tests or (compiled.is_whole and not arguments.pass_with_no_tests):
        tests = _select_tests(tests, arguments.words, compiled)
    if arguments.last_failed:
        tests = _keep_last_failed(tests, target, console)
    if arguments.list:
        report.leave_to_command()
        _list_tests(tests, console, target, as_json=arguments.json)
        return SUCCESS if compiled.is_whole else SOURCE_ERRORS
    snapshots, unreadable = read_kept_snapshots(target, tests)
    suite = run.suite(snapshots, unreadable)
    if arguments.html is not None:
        from .html_report import Tested

        name = "flows" if target.project is None else target.project.name
        report.tested = Tested(suite, tests, compiled.entries, name)
    if arguments.update:
        update_snapshots(suite, target, tests, snapshots, console)
    is_all = compiled.is_whole and not (arguments.paths or arguments.words or arguments.last_failed)
    if is_all:
        tell_unused(target, {*snapshots, *unreadable}, console, remove=arguments.update)
    for timed in run_tests_timed([(suite, test) for test in tests], arguments.jobs):
        _tell_result(timed, arguments, console, report)
        if arguments.fail_fast and not timed.result.passed:
            break
    keys = map(key_of, tests)
    ran = zip(keys, (each.result.passed for each in report.results), strict=False)
    write_failed(target, ran, is_all=is_all and not arguments.fail_fast)
    report.close()
    results = [each.result for each in report.results]
    if not tests and compiled.is_whole:
        console.err("there is no test in these flows")
    elif tests and not arguments.json:
        console.err(summarize_results(results))
    if compiled.left_out:
        shown = join_names(map(target.show_path, compiled.left_out))
        console.err(f"the tests of {shown} did not run: they have errors, or need what has")
    is_covered = _report_coverage(run, results)
    if not compiled.is_whole:
        return SOURCE_ERRORS
    passed = all(result.passed for result in results)
    return SUCCESS if passed and is_covered else FINDINGS


def _run_indexed_tests(
    tests: IndexedTests,
    arguments: argparse.Namespace,
    console: Console,
    target: CommandTarget,
    report: TestReports,
) -> int:
    """Run those tests of a project that are not known to pass; print the results of all."""
    from .kept import tell_unused, write_failed
    from .view import summarize_results

    tell_unused(target, tests.snapshots, console, remove=False)
    ran = []
    for home, timed in tests.results(arguments.jobs):
        result = timed.result
        ran.append(((home, result.subject, result.title), result.passed))
        _tell_result(timed, arguments, console, report)
        if arguments.fail_fast and not result.passed:
            break
    write_failed(target, ran, is_all=not arguments.fail_fast)
    report.close()
    if not arguments.json:
        console.err(summarize_results([each.result for each in report.results], tests.known))
    return SUCCESS if all(passed for _, passed in ran) else FINDINGS


def _tell_result(
    timed: Timed, arguments: argparse.Namespace, console: Console, report: TestReports
) -> None:
    """Add a result to the report, and print it."""
    from .view import render_result

    report.results.append(timed)
    if not arguments.json:
        color, whole = console.color_out, arguments.verbose
        console.out(render_result(timed.result, report.show_path, color=color, whole=whole))


def _list_tests(
    tests: Sequence[Case], console: Console, target: CommandTarget, *, as_json: bool
) -> None:
    places = [test.title_node.span(test.module.source) for test in tests]
    if as_json:
        items = [
            {
                "subject": test.subject,
                "title": test.title,
                "path": place.path,
                "line": place.first.line,
            }
            for test, place in zip(tests, places, strict=True)
        ]
        console.out(object_json({"total": len(items), "items": items}))
        return
    for test, place in zip(tests, places, strict=True):
        where = f"{target.show_path(place.path)}:{place.first.line}"
        console.out(make_printable(f"{where}  {test.subject}: {test.title}"))


_OF_RUNS = (
    *("words", "last_failed", "list", "fail_fast", "junit", "html", "update", "cov"),
    *("cov_fail_under", "lcov", "watch"),
)
"""Options that cannot be combined with `--explore` and `--mutate`."""


def _check_together(arguments: argparse.Namespace) -> None:
    """Raise `UsageError` for options that cannot be combined."""
    if arguments.explore is None and arguments.paths_at_most is not None:
        raise UsageError("`--at-most` is for `--explore`")
    if arguments.mutate is None and arguments.mutate_fail_under is not None:
        raise UsageError("`--mutate-fail-under` is for `--mutate`")
    has_run = any(getattr(arguments, name) not in (None, False, "") for name in _OF_RUNS)
    if arguments.explore is not None and (has_run or arguments.mutate is not None):
        raise UsageError("`--explore` runs no test: it goes with `--at-most`, `--env` and `--json`")
    if arguments.mutate is not None and has_run:
        raise UsageError("`--mutate` goes with `--mutate-fail-under`, `-j`, `--env` and `--json`")


def parse_percentage(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = -1
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"`{word}` is no number from 0 to 100")
    return number


def _report_coverage(run: TestTarget, results: Sequence[Result]) -> bool:
    """Print and write the coverage of the tests, as far as requested.

    Returns whether it is sufficient.
    """
    arguments, console, target = run.arguments, run.console, run.target
    least = arguments.cov_fail_under
    if not arguments.cov and least is None and arguments.lcov is None:
        return True

    from flowdsl.testing.coverage import Taken, bodies_of, percent_covered, render_lcov

    from .view import COUNTED, coverage_text

    taken = Taken()
    for result in results:
        taken.add(result.branches, result.statements)
    bodies = [*bodies_of(run.model, set(run.compiled.entries))]
    reached = percent_covered(bodies, taken)
    if arguments.cov:
        console.err(coverage_text(bodies, taken, target.show_path))
    if arguments.lcov is not None:
        content = render_lcov(bodies, taken, target.from_root).encode()
        write_product(arguments.lcov, content, durable=False)
    if least is None or reached >= least:
        return True
    console.err(f"{reached:.1f} % of {COUNTED} are tested, and {least:g} % are asked for")
    return False


def _keep_last_failed(
    tests: Sequence[Case], target: CommandTarget, console: Console
) -> Sequence[Case]:
    """Keep the tests that failed when they ran last; all, with a remark, if none did."""
    from .kept import key_of, read_failed

    failed = read_failed(target)
    found = [test for test in tests if key_of(test) in failed]
    if not found:
        console.err("none of these tests failed last: all of them run")
    return found or tests


def _select_tests(tests: Sequence[Case], words: str, compiled: Compiled) -> Sequence[Case]:
    """Select tests by words of their title, their subject and their path.

    If some flows have errors, an empty selection is allowed: the words may match tests of those
    flows.
    """
    from flowdsl.testing.selecting import Selection

    if not tests:
        raise UsageError("there is no test in these flows; `flowdsl new workflow` shows one")
    selection = Selection(words)
    found = [
        test
        for test in tests
        if selection.selects(test.subject, test.title, test.module.source.path)
    ]
    if not found and compiled.is_whole:
        known = "the 1 test has" if len(tests) == 1 else f"none of the {len(tests)} tests has"
        negated = " not" if len(tests) == 1 else ""
        raise UsageError(f"{known}{negated} all of `{words}` in its title, subject or path")
    return found
