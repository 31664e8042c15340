"""`flowdsl check`: find mistakes in flows."""

from __future__ import annotations

import argparse

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.diagnostics.diagnostic import SEVERITIES

from ..console import Console
from ..environments import named_environment
from ..exit_codes import FINDINGS, SUCCESS
from ..failure import UsageError
from ..target import open_target, root_remark
from ..views.check import FORMATS, render

PLANNED_FORMATS = ("sarif", "junit")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files, folders, globs or `-`; default: the project's flows",
    )
    parser.add_argument(
        "--format", default="text", metavar="FORMAT", help=f"{', '.join(FORMATS)} (default: text)"
    )
    parser.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        default="error",
        help="the mildest finding that fails the check (default: error)",
    )
    parser.add_argument("--env", metavar="ENV", help="check for one environment of the project")
    parser.add_argument(
        "--stdin-filename", metavar="FILE", help="the file that standard input stands for"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the findings to standard output; 1 when one of them is severe enough."""
    if arguments.format not in FORMATS:
        when = " in this version" if arguments.format in PLANNED_FORMATS else ""
        raise UsageError(
            f"there is no format `{arguments.format}`{when}; the formats are {', '.join(FORMATS)}"
        )
    target = open_target(arguments.paths, arguments.stdin_filename)
    diagnostics, file_count = target.problems, 1
    if not diagnostics:
        environment = named_environment(target.project, arguments.env)
        analysis = analyze(
            target.files, target.entries, CompileOptions(target.project, environment)
        )
        diagnostics, file_count = analysis.diagnostics, analysis.file_count
    report = render(arguments.format, diagnostics, file_count, console.color_out, target.show_path)
    if report:
        console.out(report)
    remark = root_remark(target, diagnostics)
    if remark is not None:
        console.err(remark)
    failing = SEVERITIES[: SEVERITIES.index(arguments.fail_on) + 1]
    return FINDINGS if any(found.severity in failing for found in diagnostics) else SUCCESS
