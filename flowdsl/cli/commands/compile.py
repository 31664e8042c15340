"""`flowdsl compile`: write payloads, prompts, schemas and source maps to a folder."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from flowdsl.codegen.artifacts import Bundle, WorkflowArtifact, render_plain_json
from flowdsl.compiler.pipeline import compile_project
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.host.writing import reason_of, write_files
from flowdsl.prompt.cost import SECTIONS, Calls, PromptCost, prompt_cost

from ..runtime.command_line.global_options import add_flag
from ..runtime.console import Console
from ..runtime.environments import choose_environment, require_environment
from ..runtime.exit_codes import SOURCE_ERRORS, SUCCESS
from ..runtime.failure import CommandError, UsageError
from ..runtime.places import add_stdin_filename
from ..runtime.target import add_paths, open_target
from ..views.json_objects import items_json
from ..views.table import Column, render_table

DEFAULT_FOLDER = "build/flowdsl"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_paths(parser)
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
    add_flag(
        parser,
        "--stats",
        "print what each prompt costs: model calls, and estimated tokens by section",
    )
    add_flag(parser, "--json", "with --stats: one JSON object")


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
    compilation = compile_project(target.files, target.entries, target.options(environment))
    analysis, bundle = compilation.analysis, compilation.bundle
    if bundle is None:
        target.show_analysis(analysis, console)
        return SOURCE_ERRORS
    if analysis.diagnostics:
        target.show(analysis.diagnostics, len(analysis.findings.paths), console)
    files = artifact_files(bundle)
    twice = find_path_clash(path for path, _ in files)
    if twice is not None:
        raise CommandError(
            f"`{twice[0]}` and `{twice[1]}` would be one file; rename a workflow or chain",
            SOURCE_ERRORS,
        )
    # A folder that the user names may be a link; the default one may not.
    folder = DEFAULT_FOLDER if arguments.folder is None else arguments.folder
    full = os.path.realpath(os.curdir if arguments.folder is None else folder)
    below = os.path.join(full, *folder.split("/")) if arguments.folder is None else full
    contents = {os.path.join(below, *path.split("/")): content for path, content in files}
    try:
        # Not durable: compiling again after a power cut is cheaper than waiting for the disk each
        # time.
        write_files(contents, below=full, durable=False)
    except OSError as error:
        raise UsageError(f"`{folder}` cannot be written: {reason_of(error)}") from None
    console.err(describe_bundle(bundle, folder))
    if arguments.stats:
        console.out(stats_json(bundle) if arguments.json else stats_text(bundle))
    return SUCCESS


CHAINS = "chains"


def artifact_files(bundle: Bundle) -> list[tuple[str, bytes]]:
    """The relative POSIX path and the content of every file of a bundle.

    Keys are in the order of the payload. Values that only an organisation can resolve are written
    as an alias or a content hash.
    """
    files = [file for workflow in bundle.workflows for file in _workflow_files(workflow)]
    for chain in bundle.chains:
        files.append(
            (f"{CHAINS}/{chain.name}.json", _json_content(render_plain_json(chain.payload)))
        )
        files += (
            (f"{CHAINS}/{chain.name}.{number}.json", _json_content(render_plain_json(body)))
            for number, body in enumerate(chain.later, 2)
        )
    return files


def _workflow_files(workflow: WorkflowArtifact) -> list[tuple[str, bytes]]:
    payload = render_plain_json(workflow.payload)
    return [
        (f"{workflow.name}/payload.json", _json_content(payload)),
        (f"{workflow.name}/prompt.md", _text_content(payload["main_prompt"])),
        (f"{workflow.name}/input.schema.json", _schema_content(payload.get("input_schema"))),
        (f"{workflow.name}/output.schema.json", _schema_content(payload.get("output_schema"))),
        (f"{workflow.name}/source_map.json", _json_content(workflow.source_map.to_json())),
    ]


def find_path_clash(paths: Iterable[str]) -> tuple[str, str] | None:
    """Find two paths that are the same file on a case-insensitive disk; None if there are none."""
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(path.casefold(), path)
        if other is not path:
            return other, path
    return None


def describe_bundle(bundle: Bundle, folder: str) -> str:
    """Describe in one line what was written."""
    parts = [format_count(len(bundle.workflows), "workflow")] if bundle.workflows else []
    if bundle.chains:
        parts.append(format_count(len(bundle.chains), "chain"))
    if not parts:
        return "no workflow and no chain is declared; nothing is written"
    return f"{' and '.join(parts)} written to {folder}"


def _schema_content(written: str | None) -> bytes:
    """The content of a schema file: the schema of the payload, usually a JSON string.

    Without one, it is the schema that accepts everything.
    """
    if written is None:
        return _json_content({})
    try:
        return _json_content(json.loads(written))
    except ValueError:
        return _text_content(written)


def _json_content(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    # Bytes of a file name that are not valid text become JSON escapes.
    return text.encode(errors="backslashreplace")


def _text_content(text: str) -> bytes:
    return (text if text.endswith("\n") else text + "\n").encode("utf-8")


def stats_text(bundle: Bundle) -> str:
    """A row for each workflow, and below it one for one entry of each of its loops."""

    def number(value: Any) -> str:
        return "" if value is None else f"{value:,}"

    columns = (
        Column("WORKFLOW", "name"),
        Column("FOCUSED CALLS", "focused_calls", number),
        Column("BACKGROUND READINGS", "background_readings", number),
        Column("TOKENS", "all", number),
        *(Column(section.upper(), section, number) for section in SECTIONS),
    )
    return render_table(columns, _workflow_rows(bundle))


def _workflow_rows(bundle: Bundle) -> Iterator[dict[str, Any]]:
    for workflow in bundle.workflows:
        cost = _workflow_cost(workflow)
        yield {"name": workflow.name, **_call_counts(cost.calls), **_token_counts(cost)}
        for loop in cost.loops:
            yield {"name": f"  an entry of {loop.items}", **_call_counts(loop.calls)}


def stats_json(bundle: Bundle) -> str:
    """One JSON object with the statistics of every workflow."""
    return items_json([_workflow_item(workflow) for workflow in bundle.workflows])


def _workflow_item(workflow: WorkflowArtifact) -> dict[str, Any]:
    cost = _workflow_cost(workflow)
    loops = [{"items": loop.items, **_call_counts(loop.calls)} for loop in cost.loops]
    return {
        "workflow": workflow.name,
        **_call_counts(cost.calls),
        "loops": loops,
        "tokens": _token_counts(cost),
    }


def _workflow_cost(workflow: WorkflowArtifact) -> PromptCost:
    return prompt_cost(str(render_plain_json(workflow.payload["main_prompt"])))


def _call_counts(calls: Calls) -> dict[str, int]:
    return {"focused_calls": calls.focused, "background_readings": calls.readings}


def _token_counts(cost: PromptCost) -> dict[str, int]:
    return {"all": cost.all_tokens, **cost.tokens}
