"""New contents of files, which are shown as a diff or written."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence

from flowdsl.diagnostics.render.cells import escape_character, make_printable, split_into_cells
from flowdsl.host.terminal import is_terminal
from flowdsl.source.record import Record

from .console import CommandError, Console, UsageError
from .exit_codes import CONFLICT

BOM = b"\xef\xbb\xbf"


class Rewrite(Record):
    """A file whose content changes; `original` is None for a new one.

    `name` is its displayed path, and `root` the folder, absolute and without links, that the
    absolute `path` must not leave.
    """

    name: str
    root: str
    path: str
    original: bytes | None
    content: bytes


_COMMANDING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\r(?!\\Z)"
)
"""Characters that command a terminal, or turn text around, wherever a log is read later."""


def print_difference(rewrites: Sequence[Rewrite], console: Console) -> None:
    """Print a unified difference to standard output, without control or bidi characters.

    Elsewhere than on a terminal, a program may apply it: all else stays as it is, such as tabs and
    the carriage return of a line's end.
    """
    to_terminal = is_terminal(sys.stdout)
    for rewrite in rewrites:
        lines = _render_difference(rewrite, to_terminal)
        console.out_bytes("".join(lines).encode(errors="backslashreplace"))


def _render_difference(rewrite: Rewrite, to_terminal: bool) -> Iterator[str]:
    from flowdsl.source.alignment import Effort

    name = make_printable(rewrite.name)
    before, after = _split_file_lines(rewrite.original or b""), _split_file_lines(rewrite.content)
    old_name = name if rewrite.original is not None else os.devnull
    for line in Effort().unified_diff_lines(before, after, old_name, name):
        text = line.removesuffix("\n")
        if to_terminal:
            cells = split_into_cells(text.removesuffix("\r"))
            text = "".join(shown for shown, _ in cells)
        else:
            text = _COMMANDING.sub(lambda found: escape_character(found[0]), text)
        yield text + "\n"
        if not line.endswith("\n"):
            yield "\\ No newline at end of file\n"


def _split_file_lines(content: bytes) -> list[str]:
    """The lines of a file with their ends, as `patch` counts them: only a line feed ends one."""
    lines = content.decode().split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def write_rewrites(rewrites: Sequence[Rewrite], *, during: str) -> None:
    """Write all files or none.

    Raises `CommandError` if one was changed meanwhile or cannot be written. `during` names the
    origin of the new contents: the check, the formatting.
    """
    from flowdsl.host.writing import ChangedFile, reason_of, write_files

    for rewrite in rewrites:
        if rewrite.original is None and os.path.lexists(rewrite.path):
            raise error_for_changed_file(rewrite.name, during)
    try:
        write_files(
            {rewrite.path: rewrite.content for rewrite in rewrites},
            below={rewrite.root for rewrite in rewrites},
            expected={
                rewrite.path: rewrite.original
                for rewrite in rewrites
                if rewrite.original is not None
            },
        )
    except ChangedFile as error:
        name = next(rewrite.name for rewrite in rewrites if rewrite.path == error.path)
        raise error_for_changed_file(name, during) from None
    except OSError as error:
        culprit = _find_unwritable_file(rewrites, error)
        raise UsageError(f"{culprit} cannot be written: {reason_of(error)}") from None


def write_product(path: str, content: bytes, *, durable: bool = True) -> None:
    """Write the result of a command to the file that an option names; raises `UsageError`."""
    from flowdsl.host.writing import reason_of, write_named

    try:
        write_named(path, content, durable=durable)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"`{make_printable(path)}` cannot be written: {reason_of(error)}"
        ) from None


def append_lines(content: bytes, lines: list[bytes]) -> bytes:
    """Append `lines` to `content`, with the same kind of line breaks."""
    end = b"\r\n" if b"\r\n" in content else b"\n"
    between = end if content and not content.endswith(b"\n") else b""
    return content + between + b"".join(line + end for line in lines)


def error_for_changed_file(name: str, during: str) -> CommandError:
    """The failure for a file that was saved by another program meanwhile."""
    return CommandError(
        f"`{make_printable(name)}` changed during the {during}; nothing is written", CONFLICT
    )


def _find_unwritable_file(rewrites: Sequence[Rewrite], error: OSError) -> str:
    """The file that a write error is about, or a folder above it; else `the files`."""
    about = error.filename
    for rewrite in rewrites if about else ():
        for path in (rewrite.path, os.path.realpath(rewrite.path)):
            if about == path or path.startswith(os.path.join(about, "")):
                return f"`{make_printable(rewrite.name)}`"
    return "the files"
