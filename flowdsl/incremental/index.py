"""The index of a project: what the last check learned about its files and groups."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from flowdsl import __version__
from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec, Edit, Fix, Label
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span

PLACE = ".flowdsl/cache/check.json"
UNTRACKED = ".flowdsl/cache/.gitignore"
FORMAT_VERSION = 2
MAX_BYTES = 128 * 1024 * 1024
"""Bytes of an index that is read, many times what one of the largest projects has."""

_SEAL = 32
"""Bytes of the seal that an index begins with, in hexadecimal digits and with a line end."""
_RACE = 2_000_000_000
"""Nanoseconds before the index was written within which the time of a file proves nothing.

It may have changed again within one tick of the clock, without another time.
"""


class FileFacts(Record):
    """What was learned about one file.

    `size` is in bytes, and `changed` and `noted` in nanoseconds: the mtime, which unpacking an
    archive sets, and the ctime, which programs cannot set. `digest` is that of its bytes, and
    `imports` are the files that it could import.
    """

    size: int
    changed: int
    noted: int
    digest: str
    imports: tuple[str, ...]


class Group(Record):
    """What a check of one group found.

    `reads` are all files that were read for it, `names` the names of the workflows and chains it
    declares, and `findings` the diagnostics in the form of `stored`.
    """

    entries: tuple[str, ...]
    reads: tuple[str, ...]
    names: tuple[str, ...]
    findings: list[Any]


class Index(Record):
    """The facts of files by path and the groups by their entries.

    `written` is the time in nanoseconds; 0 for an index that knows nothing.
    """

    written: int
    files: dict[str, FileFacts]
    groups: dict[tuple[str, ...], Group]

    def is_unchanged_file(self, path: str, status: os.stat_result) -> bool:
        """Whether size and time alone prove that a file is unchanged."""
        known = self.files.get(path)
        return (
            known is not None
            and known.size == status.st_size
            and known.changed == status.st_mtime_ns
            and known.noted == status.st_ctime_ns
            and max(known.changed, known.noted) < self.written - _RACE
        )


NOTHING = Index(0, {}, {})


def read_index(root: str, key: str, secret: bytes) -> Index:
    """The index below `root`; `NOTHING` if missing, damaged, or made under another `key`.

    It is trusted only if it was sealed for this folder with the `secret`, which no repository has.
    Any other index is not parsed at all.
    """
    from flowdsl.host.folders import read_file

    try:
        place = os.path.join(root, *PLACE.split("/"))
        content = read_file(place, below=root, limit=MAX_BYTES)
        if content is None or len(content) > MAX_BYTES:
            return NOTHING
        body = memoryview(content)[2 * _SEAL + 1 :]
        if content[: 2 * _SEAL + 1] != _make_seal(root, body, secret):
            return NOTHING
        document = json.loads(str(body, "utf-8", "surrogatepass"))
        if document["format_version"] != FORMAT_VERSION or document["key"] != key:
            return NOTHING
        files = {
            path: FileFacts(size, changed, noted, digest, tuple(imports))
            for path, (size, changed, noted, digest, imports) in document["files"].items()
        }
        groups = {}
        for entries, reads, names, findings in document["groups"]:
            group = Group(tuple(entries), tuple(reads), tuple(names), list(findings))
            groups[group.entries] = group
        return Index(int(document["written"]), files, groups)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return NOTHING


def write_index(root: str, key: str, index: Index, secret: bytes) -> None:
    """Write the index below `root`; if that fails, the next check starts without it."""
    from flowdsl.host.writing import write_files

    document = {
        "format_version": FORMAT_VERSION,
        "key": key,
        "written": index.written,
        "files": {
            path: [each.size, each.changed, each.noted, each.digest, each.imports]
            for path, each in sorted(index.files.items())
        },
        "groups": [
            [group.entries, group.reads, group.names, group.findings]
            for _, group in sorted(index.groups.items())
        ],
    }
    content = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    try:
        body = content.encode("utf-8", "surrogatepass")
        files = {
            os.path.join(root, *UNTRACKED.split("/")): b"*\n",
            os.path.join(root, *PLACE.split("/")): _make_seal(root, body, secret) + body,
        }
        write_files(files, below=root, durable=False)
    except (OSError, UnicodeError):
        return


def _make_seal(root: str, body: bytes | memoryview, secret: bytes) -> bytes:
    """Return the first line of an index, which cannot be forged without the secret."""
    # `hashlib` loads OpenSSL, which takes longer than to read an index.
    from _blake2 import blake2b

    seal = blake2b(root.encode("utf-8", "surrogateescape") + b"\0", digest_size=_SEAL, key=secret)
    seal.update(body)
    return seal.hexdigest().encode() + b"\n"


def program_key(project_text: str, package: str) -> str:
    """What an index depends on besides the files of the project, as one text.

    That is `project_text` and this program: its version, and the number, sizes and newest time of
    the modules below `package`.
    """
    count, size, newest = 0, 0, 0
    pending = [package]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if "." not in entry.name and entry.name != "__pycache__":
                    pending.append(entry.path)
                elif entry.name.endswith(".py"):
                    status = entry.stat()
                    count += 1
                    size += status.st_size
                    newest = max(newest, status.st_mtime_ns)
    return f"{__version__} {count} {size} {newest}\n{project_text}"


# Findings as JSON, and back: the form in which the index and the worker processes pass them on.

Source = Callable[[str], SourceFile]
"""Gives the text of a file by its path."""


def to_json(found: Diagnostic) -> list[Any]:
    """A finding as nested lists, numbers and texts, in the order that `from_json` reads."""
    spec = found.spec
    return [
        [spec.name, spec.category, spec.message, spec.help, spec.severity_override, spec.arguable],
        _span_to_json(found.span),
        found.message,
        found.label,
        [[_span_to_json(label.span), label.text] for label in found.labels],
        list(found.notes),
        found.help,
        [
            [
                fix.title,
                [[_span_to_json(e.span), e.replacement] for e in fix.edits],
                fix.applicability,
            ]
            for fix in found.fixes
        ],
    ]


def from_json(stored: list[Any], source: Source) -> Diagnostic:
    """The finding that `to_json` made a list of.

    Raises `ValueError`, `TypeError`, `KeyError` or `IndexError` for a list that it did not make.
    """
    spec, span, message, label, labels, notes, help, fixes = stored
    return Diagnostic(
        DiagnosticSpec(*spec),
        _restore_span(span, source),
        message,
        label,
        tuple(Label(_restore_span(at, source), text) for at, text in labels),
        tuple(notes),
        help,
        tuple(
            Fix(
                title,
                tuple(Edit(_restore_span(at, source), new) for at, new in edits),
                applicability,
            )
            for title, edits, applicability in fixes
        ),
    )


def _span_to_json(span: Span) -> list[Any]:
    return [span.path, span.start, span.end]


def _restore_span(stored: list[Any], source: Source) -> Span:
    path, start, end = stored
    text = source(path)
    if not 0 <= int(start) <= int(end) <= len(text.text):
        raise ValueError("a place outside its file")
    return Span(text, int(start), int(end))
