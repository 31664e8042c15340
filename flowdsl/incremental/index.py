"""The index of a project: what is known about its files and groups from the last check."""

from __future__ import annotations

import json
import os
from typing import Any

from flowdsl import __version__
from flowdsl.host.writing import write_files
from flowdsl.source.record import Record

PLACE = ".flowdsl/cache/check.json"
UNTRACKED = ".flowdsl/cache/.gitignore"
FORMAT_VERSION = 1
_RACE = 2_000_000_000
"""Nanoseconds: a file written this shortly before the index may have changed again within the same tick of its clock."""


class FileFacts(Record):
    """A file as it was: size, time of change in nanoseconds, digest of its bytes, and the files it could import."""

    size: int
    changed: int
    digest: str
    imports: tuple[str, ...]


class Group(Record):
    """What was found in a group, as `stored` writes it. `reads` are all files that were read; `names` the addresses it declares."""

    entries: tuple[str, ...]
    reads: tuple[str, ...]
    names: tuple[str, ...]
    findings: list[Any]


class Index(Record):
    """`written` is when, in nanoseconds; 0 for an index that knows nothing."""

    written: int
    files: dict[str, FileFacts]
    groups: dict[tuple[str, ...], Group]

    def same(self, path: str, status: os.stat_result) -> bool:
        """Whether a file is surely what it was, by its size and times alone."""
        known = self.files.get(path)
        return (
            known is not None
            and known.size == status.st_size
            and known.changed == status.st_mtime_ns
            and known.changed < self.written - _RACE
        )


NOTHING = Index(0, {}, {})


def read_index(root: str, key: str) -> Index:
    """The index below `root`; one that knows nothing when it is missing, damaged, or made under another `key`."""
    try:
        with open(os.path.join(root, PLACE), "rb") as file:  # noqa: PTH123 - the index belongs to the host
            document = json.loads(file.read())
        if document["format_version"] != FORMAT_VERSION or document["key"] != key:
            return NOTHING
        files = {
            path: FileFacts(int(size), int(changed), str(digest), tuple(imports))
            for path, (size, changed, digest, imports) in document["files"].items()
        }
        groups = {}
        for entries, reads, names, findings in document["groups"]:
            group = Group(tuple(entries), tuple(reads), tuple(names), list(findings))
            groups[group.entries] = group
        return Index(int(document["written"]), files, groups)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return NOTHING


def write_index(root: str, key: str, index: Index) -> None:
    """Keep the index; one that cannot be written is made again next time."""
    document = {
        "format_version": FORMAT_VERSION,
        "key": key,
        "written": index.written,
        "files": {
            path: [each.size, each.changed, each.digest, each.imports]
            for path, each in sorted(index.files.items())
        },
        "groups": [
            [group.entries, group.reads, group.names, group.findings]
            for _, group in sorted(index.groups.items())
        ],
    }
    content = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    try:
        files = {
            os.path.join(root, UNTRACKED): b"*\n",
            os.path.join(root, PLACE): content.encode("utf-8", "surrogatepass"),
        }
        write_files(files, durable=False)
    except (OSError, UnicodeError):
        return


def program_key(project_text: str, package: str) -> str:
    """What an index depends on besides the files: the project file, and this program by the sizes and times of its modules."""
    count, size, newest = 0, 0, 0
    pending = [package]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if "." not in entry.name:
                    pending.append(entry.path)
                elif entry.name.endswith(".py"):
                    status = entry.stat()
                    count += 1
                    size += status.st_size
                    newest = max(newest, status.st_mtime_ns)
    return f"{__version__} {count} {size} {newest}\n{project_text}"
