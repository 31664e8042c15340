"""The index of a project: what was learned about its files and groups the last time."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flowdsl import __version__
from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec, Edit, Fix, Label
from flowdsl.source.files import FileSystem
from flowdsl.source.record import Record, field_names
from flowdsl.source.text import SourceFile, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.compiler.pipeline import CompileOptions

FOLDER = ".flowdsl/cache"
PLACE = f"{FOLDER}/check.json"
UNTRACKED = f"{FOLDER}/.gitignore"
FORMAT_VERSION = 4
MAX_BYTES = 128 * 1024 * 1024
"""Bytes of an index that is read, many times what one of the largest projects has."""

_SEAL = 32
"""Bytes of the seal that an index begins with, in hexadecimal digits and with a line end."""
RACE = 2_000_000_000
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


class Made(Record):
    """An artifact: `kind` is `workflow` or `chain`, `digest` that of its bytes in the store.

    `bodies` is the number of bodies of requests in it.
    """

    kind: str
    name: str
    digest: str
    bodies: int


class Group(Record):
    """What was found in one group.

    - `reads`: all files that were read for it, its flows first; `flows` is their number.
    - `names`: the names of the workflows and chains that it declares.
    - `findings`: the diagnostics of its check, in the form of `to_json`; `failed` is true if one of
      them keeps it from being compiled.
    - `late`: the diagnostics of its program. None if it was not compiled.
    - `made`: its artifacts, and `pictures` the files of the pictures that they name.
    - `passed`: its tests, which all passed, in the form of `tests.PassedTest`; `snapshots` are the
      files that they compare prompts with.
    """

    entries: tuple[str, ...]
    reads: tuple[str, ...]
    flows: int
    names: tuple[str, ...]
    findings: Sequence[Any]
    failed: bool = False
    late: Sequence[Any] | None = None
    made: tuple[Made, ...] = ()
    pictures: tuple[str, ...] = ()
    passed: Sequence[Any] = ()
    snapshots: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The flows that were read for it."""
        return self.reads[: self.flows]


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
            and max(known.changed, known.noted) < self.written - RACE
        )


NOTHING = Index(0, {}, {})


class Request(Record):
    """All flows of a project, `entries`, which are to be checked or compiled.

    `project_text` is the content of `flowdsl.toml`, `options` gives how to check them, and `now` is
    the time in nanoseconds. Up to `jobs` processes share the files when many are stale. The index
    below `root`, sealed with `secret`, is read, and written when something has changed; without a
    secret there is none.
    """

    root: str
    files: FileSystem
    entries: Sequence[str]
    project_text: str
    options: Callable[[], CompileOptions]
    now: int
    secret: bytes | None
    jobs: int | None = None

    def key(self, *settings: str) -> str:
        """What the index depends on besides the files: the program, and these settings."""
        package = os.path.dirname(os.path.dirname(__file__))
        return program_key("\0".join((*settings, self.project_text)), package)


def place_of_environment(use: str, settings: Mapping[str, str]) -> str:
    """Return the folder of the index of an environment, which `use` writes."""
    from _blake2 import blake2b

    name = settings.get("environment", "").encode("utf-8", "surrogatepass")
    return f"{FOLDER}/{use}-{blake2b(name, digest_size=4).hexdigest()}"


def digest_of_file(content: bytes) -> str:
    """Return the digest by which an index knows the content of a file."""
    from _blake2 import blake2b

    return blake2b(content, digest_size=16).hexdigest()


def read_index(root: str, place: str, key: str, secret: bytes) -> Index:
    """The index at `place` below `root`; `NOTHING` if it is damaged, or made under another `key`.

    It is trusted only if it was sealed for this folder with the `secret`, which no repository has.
    Any other index is not parsed at all.
    """
    try:
        document = read_sealed(root, place, key, secret)
        if document is None:
            return NOTHING
        files = {
            path: FileFacts(size, changed, noted, digest, tuple(imports))
            for path, (size, changed, noted, digest, imports) in document["files"].items()
        }
        groups = {}
        for *values, made, pictures, passed, snapshots in document["groups"]:
            row: list[Any] = [tuple(each) if isinstance(each, list) else each for each in values]
            row += (tuple(Made(*each) for each in made), tuple(pictures), passed, tuple(snapshots))
            group = Group(*row)
            groups[group.entries] = group
        return Index(int(document["written"]), files, groups)
    except (ValueError, KeyError, TypeError, AttributeError):
        return NOTHING


def index_document(index: Index) -> dict[str, Any]:
    """An index as JSON values, which `read_index` reads."""
    return {
        "written": index.written,
        "files": {path: to_json(facts) for path, facts in sorted(index.files.items())},
        "groups": [to_json(group) for _, group in sorted(index.groups.items())],
    }


def read_sealed(root: str, place: str, key: str, secret: bytes) -> Any:
    """The document at `place` below `root`; None if `write_sealed` did not write it just so."""
    try:
        content = read_cached(root, place)
        if content is None:
            return None
        body = memoryview(content)[2 * _SEAL + 1 :]
        if content[: 2 * _SEAL + 1] != _make_seal(root, place, body, secret):
            return None
        document = json.loads(str(body, "utf-8", "surrogatepass"))
        if document["format_version"] != FORMAT_VERSION or document["key"] != key:
            return None
        return document
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def read_cached(root: str, place: str) -> bytes | None:
    """The bytes at `place` below `root`; None if there are none, or too many. Raises `OSError`."""
    from flowdsl.host.folders import read_file

    content = read_file(os.path.join(root, *place.split("/")), below=root, limit=MAX_BYTES)
    return None if content is None or len(content) > MAX_BYTES else content


def write_sealed(
    root: str,
    place: str,
    key: str,
    document: dict[str, Any],
    secret: bytes,
    others: Mapping[str, Callable[[], bytes]] | None = None,
) -> None:
    """Write a document to `place` below `root`, and other files by their places.

    What makes one of the `others` is called when it is written. If that fails, the next time starts
    without the document.
    """
    from flowdsl.host.writing import MadeContents, write_files

    whole = {"format_version": FORMAT_VERSION, "key": key, **document}
    content = json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
    try:
        body = content.encode("utf-8", "surrogatepass")
        files = {
            UNTRACKED: lambda: b"*\n",
            **(others or {}),
            place: lambda: _make_seal(root, place, body, secret) + body,
        }
        paths = {os.path.join(root, *name.split("/")): make for name, make in files.items()}
        write_files(MadeContents(paths), below=root, durable=False)
    except (OSError, UnicodeError):
        return


def _make_seal(root: str, place: str, body: bytes | memoryview, secret: bytes) -> bytes:
    """Return the first line of a document, which cannot be forged without the secret."""
    # `hashlib` loads OpenSSL, which takes longer than to read an index.
    from _blake2 import blake2b

    where = f"{root}\0{place}\0".encode("utf-8", "surrogateescape")
    seal = blake2b(where, digest_size=_SEAL, key=secret)
    seal.update(body)
    return seal.hexdigest().encode() + b"\n"


_PARTS = (".py", ".toml")
"""How the names of files end on which it depends what the program finds and makes."""


def program_key(settings: str, package: str) -> str:
    """What an index depends on besides the files of the project, as one text.

    That is a digest of `settings`, which may hold credentials, and this program: its version, that
    of Python, and the number, sizes and newest time of its modules and tables below `package`.
    """
    from _blake2 import blake2b

    count, size, newest = 0, 0, 0
    pending = [package]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith(_PARTS):
                    status = entry.stat()
                    count += 1
                    size += status.st_size
                    newest = max(newest, status.st_mtime_ns)
                elif "." not in name and name != "__pycache__":
                    pending.append(entry.path)
    digest = blake2b(settings.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{__version__} {sys.hexversion} {count} {size} {newest} {digest}"


# Findings as JSON, and back: the form in which the index and the worker processes pass them on.

Source = Callable[[str], SourceFile]
"""Gives the text of a file by its path."""


def to_json(value: Any) -> Any:
    """A record as nested lists of the values of its fields; for a `Diagnostic` see `from_json`."""
    if isinstance(value, SourceFile):
        return value.path
    names = field_names(type(value))
    if names:
        return [to_json(getattr(value, name)) for name in names]
    return [to_json(each) for each in value] if isinstance(value, tuple) else value


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


def _restore_span(stored: list[Any], source: Source) -> Span:
    path, start, end = stored
    text = source(path)
    if not 0 <= int(start) <= int(end) <= len(text.text):
        raise ValueError("a place outside its file")
    return Span(text, int(start), int(end))
