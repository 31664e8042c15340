"""`flowdsl compile`: write payloads, prompts, schemas and source maps to a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from flowdsl.diagnostics.render.summary import format_count
from flowdsl.host.writing import reason_of, write_files

from ...runtime.command_line.options import add_options
from ...runtime.console import CommandError, Console, UsageError
from ...runtime.exit_codes import SOURCE_ERRORS, SUCCESS
from ...runtime.target import choose_environment, compile_target, open_target, require_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from flowdsl.incremental.compiling import Compiled
    from flowdsl.incremental.index import Made

DEFAULT_FOLDER = "build/flowdsl"


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        f"""
        PATH
        -o folder=DIR  where to write (default: {DEFAULT_FOLDER}); files of earlier runs stay
        --env ENV  the environment to compile for; default: FLOWDSL_ENV, else the only one
        --stdin-filename
        --stats  print what each prompt costs: model calls, and estimated tokens by section
        --json  with --stats: one JSON object
        """,
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write every artifact, or none when there are errors.

    Findings and the outcome go to standard error, statistics to standard output.
    """
    if arguments.json and not arguments.stats:
        raise UsageError("`--json` prints figures; add `--stats`")
    target = open_target(arguments.paths, arguments.stdin_filename)
    if target.problems:
        target.show(target.problems, 1, console)
        return SOURCE_ERRORS
    environment = choose_environment(target.project, arguments.env)
    if environment is None and target.project is not None and target.project.environments:
        environment = require_environment(target.project, arguments.env)
    compiled = compile_target(target, environment, by_content=False)
    findings, made = compiled.findings, compiled.made
    if made is None:
        target.show_findings(findings, console)
        return SOURCE_ERRORS
    if findings.diagnostics:
        target.show(findings.diagnostics, len(findings.paths), console)
    folder = DEFAULT_FOLDER if arguments.folder is None else arguments.folder
    try:
        _write_artifacts(compiled, made, arguments.folder)
    except OSError as error:
        raise UsageError(f"`{folder}` cannot be written: {reason_of(error)}") from None
    console.err(describe_artifacts(made, folder))
    if arguments.stats:
        from . import statistics

        bundle = compiled.load(None)
        console.out(
            statistics.stats_json(bundle) if arguments.json else statistics.stats_text(bundle)
        )
    return SUCCESS


def _write_artifacts(compiled: Compiled, made: Sequence[Made], named: str | None) -> None:
    """Write the files of artifacts to the folder `named`, or to the default one.

    Files that an earlier run left just so are not written again. Raises `OSError`, and
    `CommandError` if two would be one file.
    """
    # A folder that the user names may be a link; the default one may not.
    full = os.path.realpath(os.curdir if named is None else named)
    below = full if named is not None else os.path.join(full, *DEFAULT_FOLDER.split("/"))
    outputs = None if compiled.outputs is None else compiled.outputs(full)

    start = os.path.join(below, "")

    def full_paths(each: Made) -> list[str]:
        return [start + path.replace("/", os.sep) for path in artifact_paths(each)]

    stale = [
        each
        for each in made
        if outputs is None or not outputs.are_there(each.digest, full_paths(each))
    ]
    if stale:
        _refuse_path_clash(made)
        from .files import ArtifactFiles

        files = ArtifactFiles(compiled, {each: full_paths(each) for each in stale})
        # Not durable: compiling again after a power cut is cheaper than waiting for the disk each
        # time.
        write_files(files, below=full, durable=False)
        if outputs is not None:
            for each, paths in files.paths.items():
                outputs.note(each.digest, paths, files.digests[each])
    if outputs is not None:
        outputs.save()


def _refuse_path_clash(made: Sequence[Made]) -> None:
    """Raise `CommandError` if two artifacts would be written to one file."""
    twice = find_path_clash(path for each in made for path in artifact_paths(each))
    if twice is not None:
        raise CommandError(
            f"`{twice[0]}` and `{twice[1]}` would be one file; rename a workflow or chain",
            SOURCE_ERRORS,
        )


CHAINS = "chains"


def artifact_paths(made: Made) -> list[str]:
    """The relative POSIX paths of the files of an artifact."""
    if made.kind == "chain":
        first = f"{CHAINS}/{made.name}"
        return [f"{first}.json", *(f"{first}.{at}.json" for at in range(2, made.bodies + 1))]
    return [f"{made.name}/{file}" for file in WORKFLOW_FILES]


WORKFLOW_FILES = (
    "payload.json",
    "prompt.md",
    "input.schema.json",
    "output.schema.json",
    "source_map.json",
)


def find_path_clash(paths: Iterable[str]) -> tuple[str, str] | None:
    """Find two paths that are the same file on a case-insensitive disk; None if there are none."""
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(path.casefold(), path)
        if other is not path:
            return other, path
    return None


def describe_artifacts(made: Sequence[Made], folder: str) -> str:
    chains = sum(each.kind == "chain" for each in made)
    parts = [format_count(len(made) - chains, "workflow")] if len(made) > chains else []
    if chains:
        parts.append(format_count(chains, "chain"))
    if not parts:
        return "no workflow and no chain is declared; nothing is written"
    return f"{' and '.join(parts)} written to {folder}"
