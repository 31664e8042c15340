"""`flowdsl init`: create a project that can be checked and deployed right away."""

from __future__ import annotations

import argparse
import os
import re
import sys
from secrets import token_hex
from shlex import quote

from flowdsl.config.keys import ID
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.host.disk import PROJECT_FILE, DiskFiles, find_root
from flowdsl.host.gitignore import IgnoreFile, work_tree
from flowdsl.host.terminal import is_terminal
from flowdsl.source.files import UnreadableFile, decode_text

from ...runtime.command_line.options import add_options
from ...runtime.console import CommandError, Console, UsageError
from ...runtime.exit_codes import CONFLICT, SUCCESS
from ...runtime.places import ShownFrom
from ...runtime.rewrites import Rewrite, append_lines, write_rewrites
from .project import EXAMPLES, LOCAL_STATE, STATE, NewProject, Pipeline, pipeline_of, project_files

PIPELINES = ("github", "gitlab")

IGNORE_FILE = ".gitignore"
IGNORED = f"{LOCAL_STATE}/"
"""State and data of the local Cyberdesk, which belong to a single machine."""

STATE_REMARK = (
    f"make an environment `prod` in `{PROJECT_FILE}` that keeps its state where runners find it, "
    f'as in `state = "{STATE}"`'
)
"""What a project that a pipeline is added to may lack."""


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "folder=FOLDER?  where to make it; default: this folder")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--example", choices=tuple(EXAMPLES), help="copy an example instead of a single flow"
    )
    add_options(source, "--empty  write no flow, for a project that takes workflows in")
    parser.add_argument(
        "--ci",
        choices=PIPELINES,
        help="write the pipeline that deploys it, also into a project that is there",
    )
    add_options(parser, "--name NAME  its name; default: that of the folder or of the example")
    add_options(parser, "--id ID  the id that marks its workflows; default: a new one")
    add_options(parser, "--yes")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write every file or none; paths go to standard output, next steps to standard error."""
    folder = _resolve_folder(arguments.folder)
    show = ShownFrom(folder)
    asks_more = arguments.example or arguments.empty or arguments.name or arguments.id
    if arguments.ci and not asks_more and os.path.lexists(os.path.join(folder, PROJECT_FILE)):
        pipeline, rewrites = _make_pipeline(arguments.ci, folder)
        _refuse_existing(rewrites)
        write_rewrites(rewrites, during="start of the pipeline")
        for rewrite in rewrites:
            console.out(make_printable(rewrite.name))
        _print_remarks((STATE_REMARK, *pipeline.remarks), console)
        return SUCCESS
    _refuse_project(folder, arguments.folder is not None)
    if arguments.name is not None and not arguments.name.strip():
        raise UsageError("`--name` needs a name")
    if arguments.name is not None and not arguments.name.isprintable():
        raise UsageError("`--name` has characters that nobody sees; a name is one printable line")
    if arguments.id is not None and re.fullmatch(str(ID.pattern), arguments.id) is None:
        raise UsageError(f"`--id {make_printable(arguments.id)}` is not {ID.described}")
    wanted = _collect_wishes(arguments, folder, console)
    rewrites = [_new_file(folder, path, content) for path, content in project_files(wanted).items()]
    remarks: tuple[str, ...] = ()
    if wanted.ci is not None:
        pipeline, files = _make_pipeline(wanted.ci, folder)
        rewrites += files
        remarks = pipeline.remarks
    _refuse_existing(rewrites)
    ignored = _rewrite_gitignore(folder)
    write_rewrites([*rewrites, *([ignored] if ignored else [])], during="start of the project")
    for rewrite in rewrites:
        console.out(make_printable(rewrite.name))
    if ignored is not None:
        console.out(make_printable(ignored.name))
        if ignored.original is not None:
            console.err(f"note: `{ignored.name}` was there; it ends with `{IGNORED}` now")
    _print_next_steps(wanted, show("."), console)
    _print_remarks(remarks, console)
    return SUCCESS


def _make_pipeline(ci: str, folder: str) -> tuple[Pipeline, list[Rewrite]]:
    """Make the pipeline of the project in `folder`, and its files at the top of the repository."""
    top = work_tree(folder) or folder
    below = os.path.relpath(folder, top).replace(os.sep, "/")
    pipeline = pipeline_of(ci, "" if below == os.curdir else below, top)
    return pipeline, [_new_file(top, path, text.encode()) for path, text in pipeline.files.items()]


def _refuse_existing(rewrites: list[Rewrite]) -> None:
    """Raise `CommandError` where a file to be written exists."""
    existing = [each.name for each in rewrites if os.path.lexists(each.path)]
    if existing:
        there = "exists" if len(existing) == 1 else "exist"
        raise CommandError(f"{join_names(existing)} {there} already; nothing was written", CONFLICT)


def _resolve_folder(named: str | None) -> str:
    """Resolve the absolute folder, which need not exist."""
    if named is not None and (not named or "\0" in named):
        raise UsageError("an empty path names no folder")
    folder = os.path.realpath(named or os.curdir)
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(f"`{make_printable(named or folder)}` is not a folder")
    return folder


def _refuse_project(folder: str, named: bool) -> None:
    """Raise `CommandError` if there is already a project, except for a named folder within one."""
    root = find_root(folder)
    if os.path.lexists(os.path.join(folder, PROJECT_FILE)):
        root = folder
    if root is None or (root != folder and named):
        return
    place = "here" if root == folder else f"in `{ShownFrom(root)('.')}`"
    otherwise = "" if root == folder else ", `flowdsl init .` makes a second project here"
    raise CommandError(
        f"there is a project {place} already (`{PROJECT_FILE}`); nothing was written: "
        f"`flowdsl new workflow NAME` adds a workflow to it{otherwise}",
        CONFLICT,
    )


def _collect_wishes(arguments: argparse.Namespace, folder: str, console: Console) -> NewProject:
    """Collect the choices from options; a person at a terminal is asked for the others."""
    asks = not arguments.yes and is_terminal(sys.stdin) and is_terminal(sys.stderr)
    source = arguments.example
    if asks and source is None and not arguments.empty:
        source = _ask_for_choice("start from an example", tuple(EXAMPLES), console)
    name = arguments.name
    if name is None:
        name = source or make_printable(os.path.basename(folder)) or "desk"
        name = (_ask_for_answer(f"name of the project [{name}]: ", console) if asks else "") or name
    ci = arguments.ci
    if asks and ci is None:
        ci = _ask_for_choice("write a pipeline", PIPELINES, console)
    project_id = arguments.id or f"prj_{token_hex(4)}"
    return NewProject(name, project_id, source, ci, is_empty=arguments.empty)


def _ask_for_choice(question: str, choices: tuple[str, ...], console: Console) -> str | None:
    """Ask for one of `choices`, or None, until the answer is valid."""
    while True:
        said = _ask_for_answer(
            f"{question}: {', '.join(choices)} or none [none]: ", console
        ).lower()
        if said in ("", "none", "n", "no"):
            return None
        if said in choices:
            return said
        near = find_closest_name(said, choices)
        console.err(f"`{said}` is none of them{f'; do you mean {near}?' if near else ''}")


def _ask_for_answer(question: str, console: Console) -> str:
    # `asyncio` makes the wait interruptible by a signal.
    from ...runtime.engine.questions import ask_for_answer

    return make_printable(ask_for_answer(question, console))


def _new_file(root: str, path: str, content: bytes) -> Rewrite:
    full = os.path.join(root, *path.split("/"))
    return Rewrite(ShownFrom(root)(path), root, full, None, content)


def _rewrite_gitignore(folder: str) -> Rewrite | None:
    """`.gitignore` with the line for `IGNORED` added; None if it already has it."""
    line = IGNORED.encode()
    shown, path = ShownFrom(folder)(IGNORE_FILE), os.path.join(folder, IGNORE_FILE)
    try:
        content = DiskFiles(folder).read_bytes(IGNORE_FILE)
        text = decode_text(IGNORE_FILE, content)
    except UnreadableFile as error:
        if error.missing and not os.path.lexists(path):
            return Rewrite(shown, folder, path, None, line + b"\n")
        raise CommandError(f"{error}; nothing was written", CONFLICT) from None
    if IgnoreFile(text).verdict(LOCAL_STATE, True):
        return None
    return Rewrite(shown, folder, path, content, append_lines(content, [line]))


def _print_next_steps(wanted: NewProject, place: str, console: Console) -> None:
    command = "flowdsl" if place == "." else f"flowdsl -C {quote(make_printable(place))}"
    if wanted.is_empty:
        console.err(f"project `{wanted.name}` ({wanted.id}); it has no flow yet:")
        console.err(f"  {command} new workflow NAME")
        if wanted.ci is None:
            console.err(f"  remove the `#` of `[env.prod]` in `{PROJECT_FILE}`, then:")
        console.err(f"  {command} import --all --env prod")
        return
    console.err(f"project `{wanted.name}` ({wanted.id}); it checks and deploys as it is:")
    console.err(f"  {command} check")
    console.err(f"  {command} deploy --env local --yes")


def _print_remarks(remarks: tuple[str, ...], console: Console) -> None:
    if remarks:
        console.err("before the pipeline runs:")
        for remark in remarks:
            console.err(f"  {remark}")
