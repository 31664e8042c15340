"""`flowdsl check`: find mistakes in flows."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from flowdsl.diagnostics.diagnostic import SEVERITIES
from flowdsl.diagnostics.findings import Findings

from ...runtime.command_line.options import add_options, parse_positive_number
from ...runtime.console import Console, UsageError
from ...runtime.exit_codes import FINDINGS, SUCCESS
from ...runtime.places import ShownFrom
from ...runtime.target import (
    CommandTarget,
    choose_environment,
    flows_of_project,
    has_index,
    make_request,
    open_target,
    root_remark,
)
from .view import FORMATS, Shown, render_findings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from flowdsl.config.project import Environment

    from ...runtime.watching import WatchScope

WATCHED_FORMATS = ("text", "terse")
"""The formats whose reports can be printed one after another, as `--watch` does."""


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "PATH")
    add_options(
        parser,
        f"--format FORMAT  {', '.join(FORMATS)} (default: text)",
        format={"default": "text"},
    )
    parser.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        default="error",
        help="the mildest finding that fails the check (default: error)",
    )
    add_options(
        parser,
        """
        --env ENV  check for one environment of the project
        --stdin-filename
        --fix  apply the safe fixes; with `-`, print the fixed text
        --unsafe-fixes  with --fix or --diff: also the fixes that may change what a flow does
        --diff  print what --fix would change and write nothing
        --baseline FILE  leave out the findings that FILE lists; default: `baseline` of `[lint]`
        --write-baseline FILE  list what is found in FILE and succeed
        --jobs N  processes for a large project (default: one for each core, at most 8)
        --watch  check again whenever a file changes, until Ctrl-C
        """,
        jobs={"type": parse_positive_number},
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the findings to standard output; 1 when one of them is severe enough."""
    _refuse_nonsense(arguments)
    arguments.failing = SEVERITIES[: SEVERITIES.index(arguments.fail_on) + 1]
    if arguments.watch:
        from ...runtime.watching import check_forever, watch_scope_of

        def once() -> WatchScope:
            _, target, paths = _check_once(arguments, console)
            return watch_scope_of(target, paths)

        target = open_target(arguments.paths, arguments.stdin_filename)
        check_forever(watch_scope_of(target, target.entries), once, console)
    code, _, _ = _check_once(arguments, console)
    return code


def _refuse_nonsense(arguments: argparse.Namespace) -> None:
    """Raise `UsageError` for options that make no sense, by themselves or together."""
    if arguments.format not in FORMATS:
        raise UsageError(
            f"there is no format `{arguments.format}`; the formats are {', '.join(FORMATS)}"
        )
    fixing = arguments.fix or arguments.diff
    if arguments.unsafe_fixes and not fixing:
        raise UsageError("`--unsafe-fixes` goes with `--fix` or `--diff`")
    if arguments.diff and arguments.write_baseline is not None:
        raise UsageError(
            "`--write-baseline` cannot be combined with `--diff`, which writes nothing"
        )
    if not arguments.watch:
        return
    if fixing or arguments.write_baseline is not None or "-" in arguments.paths:
        raise UsageError(
            "`--watch` only checks files: it goes without `-`, fixes and `--write-baseline`"
        )
    if arguments.format not in WATCHED_FORMATS:
        raise UsageError(f"`--watch` prints {' or '.join(WATCHED_FORMATS)}, not {arguments.format}")


def _check_once(
    arguments: argparse.Namespace, console: Console
) -> tuple[int, CommandTarget, Sequence[str]]:
    """Check once; returns the exit code, the target, and the files that were read."""
    try:
        target = open_target(arguments.paths, arguments.stdin_filename)
    except UsageError:
        _hand_on(arguments, console)
        raise
    show_path = _path_printer(arguments, target)
    if target.problems:
        _hand_on(arguments, console)
        report = deciding = Shown(target.problems, (target.problems[0].span.path,))
    else:
        environment = choose_environment(target.project, arguments.env)
        selected = _report_selection(arguments, target)

        def select(findings: Findings) -> Shown:
            return selected(_name_imports(findings, target))

        if arguments.fix or arguments.diff:
            from .fixes import fix_findings, hand_over

            fixed = fix_findings(
                target, target.options(environment), select, unsafe=arguments.unsafe_fixes
            )
            hand_over(fixed, target, console, show_path, diff=arguments.diff)
            findings, report = fixed.findings, fixed.report
            # With `--diff` nothing is fixed yet.
            deciding = fixed.unfixed if arguments.diff else report
        else:
            findings = _find_problems(target, environment, arguments.jobs)
            report = deciding = select(findings)
        if arguments.write_baseline is not None:
            from .baseline import write_baseline

            console.err(write_baseline(arguments.write_baseline, target, findings.diagnostics))
            return SUCCESS, target, report.paths
    _print_report(report, arguments, console, show_path, target.from_root)
    remark = root_remark(target, report.diagnostics)
    if remark is not None:
        console.err(remark)
    failed = any(found.severity in arguments.failing for found in deciding.diagnostics)
    return FINDINGS if failed else SUCCESS, target, report.paths


def _name_imports(findings: Findings, target: CommandTarget) -> Findings:
    """Return the findings, undeclared names with the import line that declares them."""
    if not any(each.name.startswith("undeclared-") for each in findings.diagnostics):
        return findings
    from flowdsl.compiler.import_lines import name_imports

    flows = target.entries if target.whole else None
    return name_imports(findings, target.files, lambda: flows or flows_of_project(target))


def _find_problems(
    target: CommandTarget, environment: Environment | None, jobs: int | None
) -> Findings:
    """Return the findings in a target.

    All flows of a large project are checked with its index, by up to `jobs` processes.
    """
    if has_index(target):
        from flowdsl.incremental.check import check_project

        return check_project(make_request(target, environment, jobs))
    from flowdsl.compiler.pipeline import analyze

    return analyze(target.files, target.entries, target.options(environment)).findings


def _hand_on(arguments: argparse.Namespace, console: Console) -> None:
    """Print standard input unchanged if the caller expects a fixed text and there is none."""
    if arguments.fix and not arguments.diff and list(arguments.paths) == ["-"]:
        from .fixes import print_unfixed

        print_unfixed(console)


def _print_report(
    report: Shown,
    arguments: argparse.Namespace,
    console: Console,
    show_path: Callable[[str], str],
    from_root: Callable[[str], str],
) -> None:
    """Print a report to standard output, or to standard error next to a fixed text or a diff."""
    aside = arguments.diff or (arguments.fix and "-" in arguments.paths)
    color = console.color_err if aside else console.color_out
    text = render_findings(arguments.format, report, arguments.failing, color, show_path, from_root)
    if text:
        (console.err if aside else console.out)(text)
    if report.remark is not None:
        console.err(report.remark)


def _report_selection(
    arguments: argparse.Namespace, target: CommandTarget
) -> Callable[[Findings], Shown]:
    """Return the function that makes a report of findings, without those in the baseline."""
    baseline = _baseline_name(arguments, target)
    if baseline is None:
        return lambda findings: Shown(findings.diagnostics, findings.paths)
    from .baseline import open_baseline

    return open_baseline(baseline, target).new_findings


def _baseline_name(arguments: argparse.Namespace, target: CommandTarget) -> str | None:
    """The path of the baseline to read, relative to the working folder; None without one."""
    if arguments.baseline is not None:
        return str(arguments.baseline)
    configured = target.project.lint.baseline if target.project is not None else None
    if configured is None or arguments.write_baseline is not None:
        return None
    return os.path.join(target.root, *configured.split("/"))


def _path_printer(arguments: argparse.Namespace, target: CommandTarget) -> Callable[[str], str]:
    """Return the function that prints a path.

    Standard input is shown under its given name; other paths are relative to the working folder.
    """
    show_path = target.show_path
    if arguments.format == "github":
        show_path = _from_checkout(target)
    given = arguments.stdin_filename
    if given is None:
        return show_path
    return lambda path: given if path in target.buffers else show_path(path)


def _from_checkout(target: CommandTarget) -> Callable[[str], str]:
    """Make paths relative to the top of the checkout of a CI job.

    GitHub does not know the working folder of a step.
    """
    checkout = os.environ.get("GITHUB_WORKSPACE")
    top = os.path.realpath(checkout) if checkout else ""
    if not top or not os.path.join(target.root, "").startswith(os.path.join(top, "")):
        return target.show_path
    return ShownFrom(target.root, target.libraries, top)
