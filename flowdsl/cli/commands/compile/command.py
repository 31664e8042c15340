"""`flowdsl compile`: write payloads, prompts, schemas and source maps to a folder."""

from __future__ import annotations

import argparse
import os

from flowdsl.compiler.pipeline import compile_project
from flowdsl.diagnostics.render.text import render_text
from flowdsl.host.writing import reason_of, write_files

from ...runtime.console import Console
from ...runtime.environments import named_environment, required_environment
from ...runtime.exit_codes import SOURCE_ERRORS, SUCCESS
from ...runtime.failure import CommandError, UsageError
from ...runtime.places import add_stdin_filename
from ...runtime.target import open_target, root_remark
from .stats import stats_json, stats_text
from .view import artifact_files, clash, outcome

DEFAULT_FOLDER = "build/flowdsl"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files, folders, globs or `-`; default: the project's flows",
    )
    parser.add_argument(
        "-o",
        dest="folder",
        metavar="DIR",
        help=f"where to write (default: {DEFAULT_FOLDER}); files of earlier runs stay",
    )
    parser.add_argument(
        "--env",
        metavar="ENV",
        help="the environment to compile for; default: FLOWDSL_ENV, else the only one",
    )
    add_stdin_filename(parser)
    parser.add_argument(
        "--stats",
        action="store_true",
        help="print what each prompt costs: model calls, and estimated tokens by section",
    )
    parser.add_argument("--json", action="store_true", help="with --stats: one JSON object")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write every artifact, or none when there are errors.

    Findings and the outcome go to standard error, figures to standard output.
    """
    if arguments.json and not arguments.stats:
        raise UsageError("`--json` prints figures; add `--stats`")
    target = open_target(arguments.paths, arguments.stdin_filename)
    if target.problems:
        console.err(
            render_text(target.problems, 1, color=console.color_err, show_path=target.show_path)
        )
        return SOURCE_ERRORS
    environment = named_environment(target.project, arguments.env)
    if environment is None and target.project is not None and target.project.environments:
        environment = required_environment(target.project, arguments.env)
    compilation = compile_project(target.files, target.entries, target.options(environment))
    analysis, bundle = compilation.analysis, compilation.bundle
    if analysis.diagnostics or bundle is None:
        console.err(
            render_text(
                analysis.diagnostics,
                len(analysis.findings.paths),
                color=console.color_err,
                show_path=target.show_path,
            )
        )
    if bundle is None:
        remark = root_remark(target, analysis.diagnostics)
        if remark is not None:
            console.err(remark)
        return SOURCE_ERRORS
    files = artifact_files(bundle)
    twice = clash(path for path, _ in files)
    if twice is not None:
        raise CommandError(
            f"`{twice[0]}` and `{twice[1]}` would be one file; rename a workflow or chain",
            SOURCE_ERRORS,
        )
    # Whoever names a folder means where it leads to; nobody named the default one.
    folder = DEFAULT_FOLDER if arguments.folder is None else arguments.folder
    full = os.path.realpath(os.curdir if arguments.folder is None else folder)
    below = os.path.join(full, *folder.split("/")) if arguments.folder is None else full
    contents = {os.path.join(below, *path.split("/")): content for path, content in files}
    try:
        # Not durable: after a power cut, to compile again is quicker than to wait for the disk each
        # time.
        write_files(contents, below=full, durable=False)
    except OSError as error:
        raise UsageError(f"`{folder}` cannot be written: {reason_of(error)}") from None
    console.err(outcome(bundle, folder))
    if arguments.stats:
        console.out(stats_json(bundle) if arguments.json else stats_text(bundle))
    return SUCCESS
