"""`flowdsl fmt`: format flows in the one standard style."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from flowdsl.compiler.collector import collector_paused
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.render.terse import terse_line
from flowdsl.diagnostics.sink import Sink
from flowdsl.format.formatter import format_source
from flowdsl.host.disk import PROJECT_FILE, SIZE_LIMIT, DiskFiles, Overlay, find_root
from flowdsl.host.listing import expand_patterns
from flowdsl.source.files import SUFFIX, MemoryFiles, UnreadableFile, decode_text
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile

from ..runtime.command_line.options import add_options
from ..runtime.console import Console, UsageError
from ..runtime.exit_codes import FINDINGS, SUCCESS
from ..runtime.places import (
    NAME_FLOWS,
    STANDARD_INPUT,
    Place,
    ShownFrom,
    means_standard_input,
    nothing_found,
    root_here,
    standard_input,
)
from ..runtime.rewrites import BOM, Rewrite, print_difference, write_rewrites


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        paths=PATH*  files, folders, globs or `-`; default: every flow below the project's folder
        --check  write nothing; list the files that would change, and exit 1 when there are any
        --diff  print what would change and write nothing
        --stdin-filename
        """,
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Format files, or standard input to standard output; returns the exit code.

    It is 1 when something could not be formatted: a file cannot be read, has syntax errors (the
    rest of it is formatted anyway), or would have been damaged. With `--check`, it is also 1 when a
    file would change; without it, `--diff` only shows the difference.
    """
    if means_standard_input(arguments.paths, arguments.stdin_filename):
        return _format_buffer(arguments, console)
    keep = arguments.check or arguments.diff
    formatted = format_files(sources_of(arguments.paths, writes=not keep))
    for remark in formatted.remarks:
        console.err(remark)
    rewrites = formatted.rewrites
    if keep:
        _print_rewrites(rewrites, arguments, console)
    elif rewrites:
        write_rewrites(rewrites, during="formatting")
    console.err(
        summarize_formatting(len(rewrites), formatted.count, formatted.unreadable, written=not keep)
    )
    failed = formatted.remarks or (arguments.check and rewrites)
    return FINDINGS if failed else SUCCESS


def _print_rewrites(
    rewrites: list[Rewrite], arguments: argparse.Namespace, console: Console
) -> None:
    if arguments.diff:
        print_difference(rewrites, console)
        return
    for rewrite in rewrites:
        console.out(make_printable(rewrite.name))


def _format_buffer(arguments: argparse.Namespace, console: Console) -> int:
    """Format standard input.

    Text that cannot be formatted is printed unchanged, so that an editor loses nothing.
    """
    original = standard_input()
    keep = arguments.check or arguments.diff
    name = arguments.stdin_filename or STANDARD_INPUT
    if arguments.stdin_filename and not name.endswith(SUFFIX):
        if not keep:
            _hand_on(original, original, console)
        raise no_flow((name,))
    content, remark = original, None
    try:
        read = Overlay(MemoryFiles({}), {name: original}).read_bytes(name)
        content, remark = format_content(name, read, str)
    except UnreadableFile as error:
        remark = unreadable_remark(name, error.reason)
    finally:
        if not keep:
            _hand_on(content, original, console)
    rewrites = [] if content == original else [Rewrite(name, "", name, original, content)]
    if remark is not None:
        console.err(remark)
    if keep:
        _print_rewrites(rewrites, arguments, console)
    return FINDINGS if remark is not None or (arguments.check and rewrites) else SUCCESS


def _hand_on(content: bytes, original: bytes, console: Console) -> None:
    """Print the new content of standard input.

    If the input is longer than the limit, the unread rest is copied after it.
    """
    console.out_bytes(content)
    if len(original) > SIZE_LIMIT:
        console.out_bytes(sys.stdin.buffer.read())


Sources = tuple[str, tuple[str, ...]]
"""An absolute folder, and the paths of files below it."""


class Formatted(Record):
    """The files that change, and a line for each file that could not be formatted.

    `count` is the number of all files, `unreadable` that of unreadable ones.
    """

    rewrites: list[Rewrite]
    remarks: list[str]
    count: int
    unreadable: int


def sources_of(paths: Sequence[str], *, writes: bool = True) -> list[Sources]:
    """Resolve paths of a command line to files, grouped by project.

    Raises `UsageError` for a path that matches no file, and for one of a library if the command
    `writes`. Every path belongs to the project around it, so one command line may include several
    projects. Without paths, all flows below the project's folder are used, and those that its
    project file names; the project file counts only then, and need not be valid.
    """
    patterns: dict[str, list[str]] = {}
    if paths:
        roots: dict[str, str] = {}
        for place in map(Place, paths):
            folder = place.folder
            if folder not in roots:
                root = find_root(folder)
                if root is None and writes:
                    _refuse_library(place)
                roots[folder] = root or folder
            patterns.setdefault(roots[folder], []).append(place.below(roots[folder]))
    else:
        root = root_here(NAME_FLOWS)
        patterns[root] = ["", *_project_flows(root)]
    sources: list[Sources] = []
    seen: set[str] = set()
    strangers: list[str] = []
    for root, wanted in patterns.items():
        meant = expand_patterns(DiskFiles(root), wanted)
        strangers += map(ShownFrom(root), meant.named)
        # For nested projects, a file may belong to both.
        found = {os.path.join(root, path): path for path in meant.flows}
        sources.append((root, tuple(path for full, path in found.items() if full not in seen)))
        seen |= found.keys()
    if strangers:
        raise no_flow(strangers)
    if not any(found for _, found in sources):
        root, wanted = next(iter(patterns.items()))
        raise nothing_found(wanted, root)
    return sources


def _refuse_library(place: Place) -> None:
    """Raise `UsageError` for a place in a library of the working folder's project."""
    from ..runtime.target import reader_of

    reading = reader_of(place)
    library = None if reading is None else reading.library_name_of(place)
    if reading is not None and library is not None:
        kept = reading.library_refusal(library, "fmt .")
        raise UsageError(f"`{place.written}` is not formatted from here: {kept}")


def _project_flows(root: str) -> tuple[str, ...]:
    """The globs of the project file, or none if it has errors.

    They may match files that git ignores.
    """
    try:
        text = DiskFiles(root).read_text(PROJECT_FILE)
    except UnreadableFile:
        return ()
    from flowdsl.config.load import load_project

    project = load_project(text, PROJECT_FILE, Sink())
    return () if project is None else project.flows


def no_flow(shown: Sequence[str]) -> UsageError:
    """The failure for files that are not formatted because they are not flows."""
    from ..runtime.takers import no_flow

    return no_flow(shown, f"`{SUFFIX}` files, for nothing else is laid out")


def format_files(sources: Sequence[Sources]) -> Formatted:
    rewrites: list[Rewrite] = []
    remarks: list[str] = []
    unreadable = 0
    with collector_paused():
        for root, paths in sources:
            files = DiskFiles(root)
            show_path = ShownFrom(root)
            for path in paths:
                try:
                    original = files.read_bytes(path)
                    content, remark = format_content(path, original, show_path)
                except UnreadableFile as error:
                    remarks.append(unreadable_remark(show_path(path), error.reason))
                    unreadable += 1
                    continue
                if content != original:
                    full = os.path.join(root, *path.split("/"))
                    rewrites.append(Rewrite(show_path(path), root, full, original, content))
                if remark is not None:
                    remarks.append(remark)
    return Formatted(rewrites, remarks, sum(len(paths) for _, paths in sources), unreadable)


def format_content(
    path: str, original: bytes, show_path: Callable[[str], str]
) -> tuple[bytes, str | None]:
    """Return the formatted bytes of a file, and a remark if a part could not be formatted.

    Raises `UnreadableFile`.
    """
    text = decode_text(path, original)
    formatted = format_source(SourceFile(path, text))
    remark = None
    if formatted.problem is not None:
        remark = f"error: `{make_printable(show_path(path))}` stays as it is: {formatted.problem}"
    elif formatted.mistakes:
        remark = syntax_remark(formatted.mistakes, show_path)
    if formatted.text == text:
        return original, remark
    return BOM * original.startswith(BOM) + formatted.text.encode(), remark


def syntax_remark(errors: Sequence[Diagnostic], show_path: Callable[[str], str]) -> str:
    """The first syntax error of a file, and its consequence for formatting."""
    first = min(errors, key=lambda found: found.span.start)
    line = terse_line(first, show_path)
    more = f" and {format_count(len(errors) - 1, 'more error')}" if len(errors) > 1 else ""
    return f"{line}{more}; what is not understood is left unchanged"


def unreadable_remark(name: str, reason: str) -> str:
    return f"error: `{make_printable(name)}` cannot be read: {reason}"


def summarize_formatting(changed: int, count: int, unreadable: int, *, written: bool) -> str:
    """A summary, as in `3 files reformatted, 12 left unchanged`; `count` is that of all files."""
    would = "" if written else "would be "
    parts = [
        (changed, f"{would}reformatted"),
        (count - changed - unreadable, f"{would}left unchanged"),
        (unreadable, "not read"),
    ]
    (number, what), *rest = ((number, what) for number, what in parts if number)
    return ", ".join([f"{format_count(number, 'file')} {what}", *(f"{n} {w}" for n, w in rest)])
