"""`flowdsl fmt`: lay flows out in the one style there is."""

from __future__ import annotations

import argparse
import sys

from flowdsl.diagnostics.render.cells import printable
from flowdsl.host.disk import SIZE_LIMIT, Overlay
from flowdsl.source.files import SUFFIX, MemoryFiles, UnreadableFile

from ...runtime.console import Console
from ...runtime.exit_codes import FINDINGS, SUCCESS
from ...runtime.places import (
    STANDARD_INPUT,
    add_stdin_filename,
    means_standard_input,
    standard_input,
)
from ...runtime.rewrites import Rewrite, print_difference, write_rewrites
from .files import (
    format_content,
    format_files,
    no_flow,
    sources_of,
    summary,
    unreadable_remark,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files, folders, globs or `-`; default: every flow below the project's folder",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; list the files that would change, and exit 1 when there are any",
    )
    parser.add_argument(
        "--diff", action="store_true", help="print what would change and write nothing"
    )
    add_stdin_filename(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Format files, or standard input to standard output; returns the exit code.

    1 when something could not be formatted: a file cannot be read, has syntax errors (the rest of
    it is formatted all the same), or would have been damaged. With `--check`, 1 also when a file
    would change; without it, `--diff` only shows the difference.
    """
    if means_standard_input(arguments.paths, arguments.stdin_filename):
        return _format_buffer(arguments, console)
    keep = arguments.check or arguments.diff
    formatted = format_files(sources_of(arguments.paths, writes=not keep))
    for remark in formatted.remarks:
        console.err(remark)
    rewrites = formatted.rewrites
    if keep:
        _show(rewrites, arguments, console)
    elif rewrites:
        write_rewrites(rewrites, during="formatting")
    console.err(summary(len(rewrites), formatted.count, formatted.unreadable, written=not keep))
    failed = formatted.remarks or (arguments.check and rewrites)
    return FINDINGS if failed else SUCCESS


def _show(rewrites: list[Rewrite], arguments: argparse.Namespace, console: Console) -> None:
    """Print what would change, as a difference or as names alone."""
    if arguments.diff:
        print_difference(rewrites, console)
        return
    for rewrite in rewrites:
        console.out(printable(rewrite.name))


def _format_buffer(arguments: argparse.Namespace, console: Console) -> int:
    """Format standard input.

    What cannot be formatted is printed unchanged, so that an editor loses nothing.
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
        _show(rewrites, arguments, console)
    return FINDINGS if remark is not None or (arguments.check and rewrites) else SUCCESS


def _hand_on(content: bytes, original: bytes, console: Console) -> None:
    """Print the new content of standard input.

    Where the input is too long to be read, the rest of it is copied behind that.
    """
    console.out_bytes(content)
    if len(original) > SIZE_LIMIT:
        console.out_bytes(sys.stdin.buffer.read())
