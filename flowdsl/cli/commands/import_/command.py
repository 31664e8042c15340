"""`flowdsl import`: turn workflows of the service into a project that compiles to the same ones."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from flowdsl.compiler.pipeline import CompileOptions
from flowdsl.config.project import Environment
from flowdsl.decompile.model import ImportedProject, Payload
from flowdsl.decompile.naming import is_name
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.suggest import join_names
from flowdsl.host.disk import PROJECT_FILE
from flowdsl.host.writing import ChangedFile, reason_of, write_files
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.source.record import Record, replace

from ...runtime.command_line.options import add_options
from ...runtime.console import CommandError, Console, UsageError
from ...runtime.exit_codes import CONFLICT, SOURCE_ERRORS, SUCCESS
from ...runtime.places import no_project, read_named, standard_input
from ...runtime.target import CommandTarget, open_project, require_environment
from .destination import Destination, describe_import, open_destination, place_files, render_notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.cyberdesk.client import CyberdeskClient
    from flowdsl.deploy.resources.mark import Mark

    from .service import Owned

T = TypeVar("T")

SIZE_LIMIT = 256 * 1024 * 1024
"""The maximum size of a file of payloads in bytes. All workflows of an organisation, even with the
longest prompts, fit into it many times over."""

STANDARD_INPUT = "standard input"


class Read(Record):
    """The workflows to import.

    - `environment`: the environment they were fetched from; None for files.
    - `home`: the project of that environment.
    - `taken`: names that the state uses for other workflows.
    - `remarks`: messages about workflows that were left out.
    """

    payloads: tuple[Payload, ...]
    environment: Environment | None = None
    home: CommandTarget | None = None
    taken: frozenset[str] = frozenset()
    remarks: tuple[str, ...] = ()


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        files=FILE*  JSON of one workflow or of several, or `-` for standard input
        -e, --env ENV  fetch from this environment; default: FLOWDSL_ENV, else the only one
        --id ids=UUID...  fetch this workflow; may be repeated
        --tag tags=TAG...  fetch the workflows with this tag; repeated: with all of the tags
        --all  fetch every workflow
        --required  make every input required that may not be null
        --as name=NAME  the name in source of the only workflow
        -o folder=DIR  where to write; default: the project, without one the working folder
        --timeout --verbose
        """,
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write every file or none.

    Paths go to standard output, notes and the outcome to standard error.
    """
    _check_usage(arguments)
    destination = open_destination(arguments.folder)
    destination.target.require_sound(console)
    if arguments.files:
        read = Read(tuple(_read_files(arguments.files)))
    else:
        read = _fetch_payloads(arguments, destination.target.root, console)
        if not read.payloads:
            for remark in read.remarks:
                console.err(f"note: {make_printable(remark)}")
            console.err("nothing to import")
            return SUCCESS
    from flowdsl.decompile.payload import require_inputs
    from flowdsl.decompile.project import import_workflows

    required: list[str] = []
    if arguments.required:
        completed = [require_inputs(each) for each in read.payloads]
        read = replace(read, payloads=tuple(payload for payload, _ in completed))
        required = [name for _, names in completed for name in names]
    taken = destination.taken() | read.taken
    _check_name(arguments.name, len(read.payloads), taken)
    name = make_printable(os.path.basename(destination.target.root)) or "workflows"
    imported = import_workflows(
        read.payloads,
        taken=taken,
        name=arguments.name,
        capabilities=CompileOptions(destination.target.project).capabilities,
        project=name if destination.is_new else None,
    )
    remarks = _write_project(imported, destination, read, console)
    if required:
        remarks.append(
            f"{format_count(len(required), 'input')} became required, so the first deploy changes "
            "the schemas, and a run without a value is refused"
        )
    for line in (
        *render_notes(imported.notes),
        *(f"note: {make_printable(remark)}" for remark in remarks),
    ):
        console.err(line)
    console.err(describe_import(imported, destination.target.show_path(destination.folder or ".")))
    return SUCCESS


def _check_usage(arguments: argparse.Namespace) -> None:
    """Raise `UsageError` for options that make no sense, by themselves or together."""
    chosen = [
        option
        for option, given in (
            ("--id", arguments.ids),
            ("--tag", arguments.tags),
            ("--all", arguments.all),
        )
        if given
    ]
    if len(chosen) > 1:
        raise UsageError(f"`{chosen[0]}` and `{chosen[1]}` cannot be combined")
    if arguments.files:
        online = [*(["--env"] if arguments.env else []), *chosen]
        online += ["--timeout"] if arguments.timeout.left() is not None else []
        if online:
            raise UsageError(
                f"`{online[0]}` fetches workflows, and files are read offline; drop one"
            )
        if "-" in arguments.files and len(arguments.files) > 1:
            raise UsageError("`-` reads standard input and cannot be combined with files")
    elif not chosen:
        raise UsageError(
            "there is nothing to import; name JSON files, or fetch with `--id`, `--tag` or `--all`"
        )
    for each in arguments.ids:
        if not is_uuid(each):
            raise UsageError(f"`--id {make_printable(each)}` is not a UUID")
    if arguments.name is not None and not is_name(arguments.name):
        raise UsageError(
            f"`--as {make_printable(arguments.name)}` cannot be the name of a workflow and of its "
            "file; a name has ASCII letters, digits and `_`"
        )


def _check_name(name: str | None, count: int, taken: set[str]) -> None:
    if name is None:
        return
    if count != 1:
        raise UsageError(f"`--as` names one workflow, and {count} were read")
    if name in taken or name.casefold() in taken:
        raise CommandError(
            f"the project has a workflow or chain `{name}` already; nothing was written", CONFLICT
        )


# Files


def _read_files(paths: Sequence[str]) -> list[Payload]:
    payloads: list[Payload] = []
    for path in paths:
        where = STANDARD_INPUT if path == "-" else make_printable(path)
        text = _decode_text(_read_content(path), where)
        payloads += _parse_payloads(text, where)
    if not payloads:
        raise CommandError("the input holds no workflow", SOURCE_ERRORS)
    return payloads


def _parse_payloads(text: str, where: str) -> list[Payload]:
    from flowdsl.decompile.payload import ImportProblem, read_payloads

    try:
        return read_payloads(text, where)
    except ImportProblem as problem:
        raise CommandError(make_printable(str(problem)), SOURCE_ERRORS) from None


def _read_content(path: str) -> bytes:
    if path != "-" and os.path.isdir(path):
        raise UsageError(f"`{make_printable(path)}` is a folder; name its JSON files")
    content = standard_input(SIZE_LIMIT) if path == "-" else read_named(path, SIZE_LIMIT)
    if len(content) > SIZE_LIMIT:
        raise UsageError(f"`{make_printable(path)}` has more than {SIZE_LIMIT // 1024 // 1024} MB")
    return content


def _decode_text(content: bytes, where: str) -> str:
    # PowerShell writes UTF-16 when it redirects output.
    encoding = json.detect_encoding(content)
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise CommandError(
            f"`{where}` is not UTF-8 (byte {error.start}); save it as UTF-8", SOURCE_ERRORS
        ) from None


# Services


def _fetch_payloads(arguments: argparse.Namespace, into: str, console: Console) -> Read:
    """Fetch the selected workflows.

    Workflows that the project at `into` already has, or must not adopt, are left out.
    """
    from ...runtime.engine.deployment import use_service
    from .service import WorkflowSelection, fetch_workflows, read_owned_workflows

    home = open_project(os.curdir)
    home.require_sound(console)
    if home.project is None:
        raise no_project("name JSON files")
    environment, root = require_environment(home.project, arguments.env), home.root
    ids = dict.fromkeys(each.lower() for each in arguments.ids)
    selection = WorkflowSelection(tuple(ids), tuple(arguments.tags))
    mine = read_owned_workflows(home.project, environment, home.root)

    def ask(work: Callable[[CyberdeskClient], Awaitable[T]]) -> T:
        return use_service(arguments, console, environment, root, work)

    replies = ask(lambda client: fetch_workflows(client, selection, environment.name))
    for reply in replies:
        mine.check_organization(reply)
    kept = replies
    left: list[str] = []
    if into == home.root:
        lost = mine.unknown(replies)
        if lost:
            lost = mine.lost(lost, ask(lambda client: client.workflows.list_all()))
        kept, left = _separate_claimed(replies, mine, lost)
    if left and selection.ids:
        raise CommandError(f"{left[0]}; nothing was written", CONFLICT)
    payloads = _parse_payloads(json.dumps(kept), f"the reply of {environment.name}")
    return Read(tuple(payloads), environment, home, frozenset(mine.names()), tuple(left))


def _separate_claimed(
    replies: Sequence[dict[str, Any]], mine: Owned, lost: Mapping[str, Mark]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the workflows that no project has in source yet, and remarks on the others.

    `lost` are marks by the id of the workflow.
    """
    kept = [
        reply
        for reply in replies
        if not (mine.address(reply) or mine.owner(reply) or str(reply["id"]) in lost)
    ]
    known = [address for reply in replies if (address := mine.address(reply)) is not None]
    left = (
        [f"{join_names(known)} {'is' if len(known) == 1 else 'are'} in this project already"]
        if known
        else []
    )
    for reply in replies:
        owner = mine.owner(reply)
        shown = f"`{make_printable(reply.get('name') or '')}` ({make_printable(str(reply['id']))})"
        if owner is not None and mine.address(reply) is None:
            left.append(f"{shown} was deployed by project {owner}, and is left to it")
        elif (mark := lost.get(str(reply["id"]))) is not None:
            left.append(
                f"{shown} was deployed by this project as `{make_printable(mark.address)}`, which "
                f"its state does not know; `flowdsl state rebuild --env {mine.environment.name}` "
                'brings it back, and an entry in `[[removed]]` with `mode = "forget"` lets it go'
            )
    return kept, left


# Writing


def _write_project(
    imported: ImportedProject, destination: Destination, read: Read, console: Console
) -> list[str]:
    """Write the project and print the paths; return the remarks."""
    remarks = list(read.remarks)
    fresh, grown = place_files(imported.files, destination)
    if not destination.found:
        remarks.append(
            f"no glob under `flows` in `{PROJECT_FILE}` finds `{destination.folder}`; add "
            f'`"{destination.folder}/**/*.flow"`, or the project does not have these workflows'
        )
    target = destination.target
    expected = {path: target.files.read_bytes(path) for path in grown}
    if read.environment is not None and imported.addresses:
        assert read.home is not None
        if read.home.root == target.root:
            expected[PROJECT_FILE], grown[PROJECT_FILE] = _write_adoptions(
                imported, read.environment, target
            )
        else:
            remarks.append(
                f"no `[[adopt]]` entry was written, so a deploy to `{read.environment.name}` "
                "would create these workflows anew"
            )

    full = target.full_path
    try:
        write_files(
            {full(path): content for path, content in {**fresh, **grown}.items()},
            below=target.root,
            expected={full(path): content for path, content in expected.items()},
        )
    except ChangedFile as changed:
        raise CommandError(f"{changed} meanwhile; nothing was written", CONFLICT) from None
    except OSError as error:
        shown = target.show_path(destination.folder or ".")
        raise UsageError(f"`{shown}` cannot be written: {reason_of(error)}") from None
    for path in sorted({**fresh, **grown}):
        console.out(make_printable(target.show_path(path)))
    return remarks


def _write_adoptions(
    imported: ImportedProject, environment: Environment, target: CommandTarget
) -> tuple[bytes, bytes]:
    """Return `flowdsl.toml` without and with the `[[adopt]]` entries of the imported workflows.

    Raises `CommandError` when the file cannot hold them.
    """
    from .service import append_adoptions

    old = target.files.read_bytes(PROJECT_FILE)
    new = append_adoptions(old, environment.name, imported.addresses)
    if new is None:
        raise CommandError(
            f"`{PROJECT_FILE}` takes no `[[adopt]]` entries at its end; write `adopt = "
            "[...]` as such entries, without which a deploy would create the workflows "
            "anew; nothing was written",
            CONFLICT,
        )
    return old, new
