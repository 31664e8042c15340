"""Where imported workflows are written: the folder, taken names, and changes to existing files."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from flowdsl.decompile.model import ImportedProject, Note
from flowdsl.decompile.naming import describe_workflow_name
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.sink import Sink
from flowdsl.diagnostics.suggest import join_names
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import UnreadableFile
from flowdsl.source.globs import is_pattern, translate_glob
from flowdsl.source.record import Record
from flowdsl.syntax import ast

from ...runtime.console import CommandError, UsageError
from ...runtime.exit_codes import CONFLICT
from ...runtime.rewrites import append_lines
from ...runtime.target import CommandTarget, open_project

FLOWS = "flows"
"""The folder that an import uses for its flows, before they are moved to the destination."""

ATTRIBUTES = ".gitattributes"
PROMPT = ".prompt.md"
"""The suffix of prompt files. Git must not change the line breaks in them."""


class Destination(Record):
    """A project that takes imported workflows, or the folder of a new one.

    `folder` is the folder of flows, relative to the root; `found` says whether the project's globs
    include it.
    """

    target: CommandTarget
    folder: str
    found: bool

    @property
    def is_new(self) -> bool:
        """Whether there is no project yet."""
        return self.target.project is None

    def taken(self) -> set[str]:
        """The taken names: of workflows and chains in source, and of objects in `flowdsl.toml`.

        Each is in the set both unchanged and in lower case.
        """
        sources = load_sources(self.target.files, self.target.entries, Sink())
        names = {
            declaration.name.text
            for module in sources.modules
            for declaration in module.declarations
            if isinstance(declaration, ast.WorkflowDecl | ast.ChainDecl)
        }
        project = self.target.project
        if project is not None:
            addresses = [each.address for each in project.adopt]
            addresses += [each.address for each in project.removed]
            names |= {address.name for address in addresses}
        return names | {name.casefold() for name in names}

    def place(self, path: str) -> str:
        """The path, from the root, of the file that an import calls `path`."""
        folder, _, name = path.partition("/")
        if folder != FLOWS:
            return path
        return f"{self.folder}/{name}" if self.folder else name


def open_destination(folder: str | None) -> Destination:
    """Choose the destination: `folder`, else the project around the working folder, else here."""
    if folder is not None and os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(f"`-o {folder}` is not a folder")
    if folder is not None and (not folder or "\0" in folder):
        raise UsageError("`-o` needs the name of a folder")
    target = open_project(folder or os.curdir)
    if target.project is None:
        return Destination(target, FLOWS, True)
    globs = target.project.flows
    below = _folder_below_root(target.root, folder) if folder is not None else None
    if below:
        return Destination(target, below, _is_found(below, globs))
    for candidate in (FLOWS, *map(_literal_folder, globs)):
        if _is_found(candidate, globs):
            return Destination(target, candidate, True)
    return Destination(target, FLOWS, False)


def _folder_below_root(root: str, folder: str) -> str:
    """The path of `folder` from `root`, empty for the root itself."""
    relative = os.path.relpath(os.path.realpath(folder), root).replace(os.sep, "/")
    return "" if relative == "." else relative


def _literal_folder(pattern: str) -> str:
    parts = [part for part in pattern.split("/")[:-1] if part not in ("", ".")]
    literal = next((at for at, part in enumerate(parts) if is_pattern(part)), len(parts))
    return "/".join(parts[:literal])


def _is_found(folder: str, globs: tuple[str, ...]) -> bool:
    path = f"{folder}/a.flow" if folder else "a.flow"
    patterns = (glob.removeprefix("./") for glob in globs)
    return any(re.fullmatch(translate_glob(pattern), path) for pattern in patterns)


def place_files(
    files: Mapping[str, bytes], destination: Destination
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return new files, and the new contents of existing files, by their paths from the root.

    Raises `CommandError` when a file would be overwritten.
    """
    fresh: dict[str, bytes] = {}
    grown: dict[str, bytes] = {}
    if ATTRIBUTES in files or any(path.endswith(PROMPT) for path in files):
        old = existing_bytes(destination.target, ATTRIBUTES)
        content = append_missing_lines(old or b"", [prompt_attributes(destination.folder)])
        if old is None:
            fresh[ATTRIBUTES] = content
        elif content != old:
            grown[ATTRIBUTES] = content
    fresh |= {destination.place(path): files[path] for path in files if path != ATTRIBUTES}
    existing = [path for path in fresh if os.path.lexists(destination.target.full_path(path))]
    if existing:
        shown = join_names(map(destination.target.show_path, existing))
        there = "exists" if len(existing) == 1 else "exist"
        raise CommandError(
            f"{shown} {there} already; nothing was written: `--as NAME` gives a workflow "
            "another name, `-o DIR` writes into another folder",
            CONFLICT,
        )
    return fresh, grown


def existing_bytes(target: CommandTarget, path: str) -> bytes | None:
    """Read a file of the project; None if there is no such file.

    Raises `CommandError` if it cannot be read.
    """
    try:
        return target.files.read_bytes(path)
    except UnreadableFile as error:
        if error.missing:
            return None
        raise CommandError(f"{error}; nothing was written", CONFLICT) from None


def prompt_attributes(folder: str) -> bytes:
    """The line of `.gitattributes` that keeps git from changing the prompts in `folder`."""
    pattern = re.sub(r"[\\*?\[\]]", r"\\\g<0>", folder) + "/" * bool(folder) + f"*{PROMPT}"
    if re.search(r'[\s"]', pattern) or pattern.startswith("#"):
        pattern = '"' + re.sub(r'[\\"]', r"\\\g<0>", pattern) + '"'
    return f"{pattern} -text".encode(errors="surrogateescape")


def append_missing_lines(content: bytes, lines: list[bytes]) -> bytes:
    """Return `content` with those of `lines` appended that it does not have."""
    present = set(content.splitlines())
    added = [line for line in lines if line not in present]
    return append_lines(content, added) if added else content


SHOWN = 5
"""The maximum number of workflows that a shared note names, and of causes listed for one."""


def render_notes(notes: Iterable[Note]) -> list[str]:
    """Render notes, the most important first, one line each.

    A note that several workflows share is printed once.
    """
    groups: dict[str, list[Note]] = {}
    for note in sorted(notes, key=lambda note: note.weight):
        groups.setdefault(note.many or _message_without_name(note), []).append(note)
    return [f"note: {line}" for group in groups.values() for line in _describe_notes(group)]


def _describe_notes(notes: Sequence[Note]) -> Iterator[str]:
    many = notes[0].many
    if many and len(notes) > SHOWN:
        yield f"{len(notes)} {many}{_describe_causes(notes)}"
        return
    alike: dict[str, list[Note]] = {}
    for note in notes:
        alike.setdefault(_message_without_name(note), []).append(note)
    for message, group in alike.items():
        yield (
            f"{_list_note_names(group)}: "
            f"{make_printable(message if len(group) > 1 else group[0].message)}"
        )


def _message_without_name(note: Note) -> str:
    """The message of a note without the name of its workflow, for finding equal notes."""
    return note.message.replace(f" {note.workflow}.", " *.")


def _describe_causes(notes: Sequence[Note]) -> str:
    causes = Counter(note.cause for note in notes if note.cause).most_common()
    if not causes:
        return ""
    rest = sum(count for _, count in causes[SHOWN:])
    listed = causes[:SHOWN] + ([("others", rest)] if rest else [])
    shown = (f"{cause} ({count})" if count > 1 else cause for cause, count in listed)
    return f": {make_printable('; '.join(shown))}"


def _list_note_names(notes: list[Note]) -> str:
    names = [make_printable(describe_workflow_name(note.workflow, note.title)) for note in notes]
    rest = len(names) - SHOWN
    if rest < 2:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN])} and {rest} more"


def describe_import(imported: ImportedProject, folder: str) -> str:
    """Summarize the imported workflows: `2 workflows imported into flows/: ...`."""
    workflows = sum(path.endswith(".flow") for path in imported.files)
    verbatim = sum(path.endswith(PROMPT) for path in imported.files)
    statements = workflows - verbatim
    parts = [f"{statements} as statements"] if statements or not verbatim else []
    if verbatim:
        its = "its prompt" if verbatim == 1 else "their prompt"
        parts.append(f"{verbatim} with {its} in a file")
    return (
        f"{format_count(workflows, 'workflow')} imported into {make_printable(folder)}/: "
        f"{', '.join(parts)}"
    )
