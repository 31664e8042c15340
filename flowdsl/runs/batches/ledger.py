"""The file of a batch: lines of JSON that are only added, read again after whatever death.

The first lines say what the command is and what it asks for, before anything is sent. Then comes a
line before each request and one after its reply, each by one write of the operating system, which
keeps it when the process is killed. So a request without a line after it is one of which nobody
knows, and whoever goes on looks for its runs.

No value of a run is in the file: rows are known by digests, with a salt of their own. The values of
secrets are not even in those, since a short one could be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.submit import Record, Request, Submission
from flowdsl.source.moments import read_moment
from flowdsl.state.errors import StateError, StoreUnusable

FORMAT = 1
MAX_BYTES = 64 * 1024**2
"""Bytes of a ledger that are read: ten thousand runs need two million."""

WAITING, SENT, SETTLED = "waiting", "sent", "settled"


class UnreadableLedger(StoreUnusable):
    """A ledger that this version did not write, or that somebody changed."""


@dataclass(frozen=True, slots=True)
class About:
    """What a batch is, beside its requests.

    `kind` is `workflow` or `chain`, `name` that in source, and `api` the address of the service.
    `today` is the day that its values were made for. `ids` are those of the workflows, and
    `versions` digests of what was deployed there, both by name in source. `session` is the one that
    the command went on in.
    """

    environment: str
    api: str
    kind: str
    name: str
    today: str
    ids: Mapping[str, str]
    versions: Mapping[str, str]
    session: str | None = None


@dataclass(slots=True)
class Entry:
    """One request. `of` is the number of the one whose missing runs it asks for.

    `stage` is `WAITING` before it is sent, `SENT` while nobody knows what came of it, and `SETTLED`
    once `runs` are all that it made.
    """

    key: str
    place: str
    count: int
    digest: str
    of: int | None = None
    stage: str = WAITING
    runs: list[Run] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """What a ledger says. `shared` is the digest of what all requests have in common.

    `newest` is the newest run of the workflow before the first request. `is_live` says that another
    process works on it.
    """

    id: str
    began: datetime
    about: About
    salt: str
    shared: str = ""
    newest: Run | None = None
    entries: list[Entry] = field(default_factory=list)
    is_live: bool = False

    @property
    def runs(self) -> list[Run]:
        """Every run that is known to be made."""
        return [run for each in self.entries for run in each.runs]

    @property
    def asked(self) -> int:
        """How many runs it is to be."""
        return sum(each.count for each in self.entries if each.of is None)

    @property
    def unknown(self) -> int:
        """How many runs may be made, and nobody knows."""
        return sum(each.count for each in self.entries if each.stage == SENT)

    @property
    def is_whole(self) -> bool:
        """Whether every run is made."""
        return not self.unknown and len(self.runs) >= self.asked

    @property
    def has_begun(self) -> bool:
        """Whether anything was made, or may have been."""
        return any(each.runs or each.stage == SENT for each in self.entries)

    def missing(self, number: int) -> int:
        """How many runs of a first entry are neither made nor asked for in another one."""
        entry = self.entries[number]
        more = sum(
            each.count if each.stage != SETTLED else len(each.runs)
            for each in self.entries
            if each.of == number
        )
        return entry.count - len(entry.runs) - more if entry.stage == SETTLED else 0

    def told(self) -> str:
        """How far it is, for people: `152 of 300 runs are made, of 8 nobody knows`."""
        asked = self.asked
        verb = "is" if asked == 1 else "are"
        made = f"{len(self.runs)} of {asked} run{'s' if asked != 1 else ''} {verb} made"
        return made + (f", of {self.unknown} nobody knows" if self.unknown else "")


class File(Protocol):
    """Where a ledger is written: `folder.LedgerFile`."""

    @property
    def is_open(self) -> bool:
        """Whether there is a file, and it is ours."""
        ...

    def take(self) -> None:
        """Make the file, unless it is open; raises `OSError`."""

    def append(self, content: bytes) -> None:
        """Add to the file by one write; raises `OSError`."""

    def drop(self) -> None:
        """Delete the file, if there is one."""

    def close(self) -> None:
        """Let others have it."""

    def named(self, error: OSError) -> str:
        """What went wrong, with the path."""
        ...


class Ledger(Record):
    """A ledger that this process holds open: it writes down what becomes of submissions.

    `begin` makes the file, and `end` deletes it where every run is made. A write that fails ends
    the sending of further requests: `sending` raises `StoreUnusable`. `check_alone` is called once
    the file is there, and raises `StateError` where nothing is to be sent after all.
    """

    def __init__(self, batch: Batch, file: File) -> None:
        self.batch = batch
        self._file = file
        self._numbers = {each.key: at for at, each in enumerate(batch.entries)}
        self._failure = ""
        self.check_alone: Callable[[], None] = lambda: None

    def begin(self, every: Sequence[Submission], newest: Run | None) -> None:
        """Write down what is to be sent; raises `StoreUnusable`, and nothing is to be sent then."""
        batch = self.batch
        lines: list[dict[str, Any]] = []
        is_new = not self._file.is_open
        if is_new:
            batch.newest = newest
            batch.shared = digest_shared_parts(batch.salt, every[0].request)
            lines.append(_describe_batch(batch))
        for each in every:
            if each.key in self._numbers:
                continue
            digest = row_digest(batch.salt, each.request)
            of = next((at for at, e in enumerate(batch.entries) if e.key == each.instead_of), None)
            entry = Entry(each.key, each.place, each.request.count, digest, of)
            self._numbers[each.key] = len(batch.entries)
            batch.entries.append(entry)
            lines.append({"request": [entry.key, entry.place, entry.count, entry.digest, of]})
        try:
            self._file.take()
            self._file.append(_encode_lines(lines))
        except OSError as error:
            raise StoreUnusable(
                f"{self._file.named(error)}; nothing was sent: `--no-ledger` runs without "
                "writing down what is started"
            ) from None
        if is_new:
            try:
                self.check_alone()
            except StateError:
                self.give_up()
                raise

    def sending(self, submission: Submission) -> None:
        """A request is about to be sent, or nobody knows any more what came of it."""
        number = self._numbers[submission.key]
        entry = self.batch.entries[number]
        self._write({"sent": number})
        if self._failure:
            raise StoreUnusable(self._failure)
        entry.stage, entry.runs = SENT, []

    def settled(self, submission: Submission) -> None:
        """It is known what came of a request."""
        number = self._numbers[submission.key]
        entry = self.batch.entries[number]
        entry.stage, entry.runs = SETTLED, list(submission.runs)
        self._write({"made": number, "runs": [_of_run(run) for run in submission.runs]})

    def end(self, *, is_told: bool) -> bool:
        """The command has told everything that it knows. Whether the ledger stays, for the runs
        that are not made, or whose ids could not be told.
        """
        stays = self.batch.has_begun and not (self.batch.is_whole and is_told)
        if not stays:
            self._file.drop()
        self._file.close()
        return stays

    def leave(self) -> None:
        """Let others go on with the batch."""
        self._file.close()

    def give_up(self) -> None:
        """Nobody goes on with the batch: delete it."""
        self._file.drop()
        self._file.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._failure:
            return
        try:
            self._file.append(_encode_lines([line]))
        except OSError as error:
            self._failure = self._file.named(error)


def row_digest(salt: str, request: Request) -> str:
    """What tells a row from others: values, alias, and the names of secrets."""
    body = request.body.to_wire()
    steps = body.get("steps")
    return _digest_value(
        salt,
        [_distinguishing_fields(each) for each in steps]
        if steps is not None
        else _distinguishing_fields(body),
    )


def digest_shared_parts(salt: str, request: Request) -> str:
    """What the requests of a batch have in common: machine, pools, priority, files."""
    body = request.body.to_wire()
    own = ("steps", "workflow_id", "count", "session_id", *_OF_ROW)
    return _digest_value(salt, {name: value for name, value in body.items() if name not in own})


_OF_ROW = ("input_values", "inputs", "session_alias", "sensitive_input_values", "sensitive_inputs")


def _distinguishing_fields(body: Mapping[str, Any]) -> list[Any]:
    values, inputs, alias, *secrets = (body.get(name) for name in _OF_ROW)
    return [values or inputs or {}, alias, *(sorted(each or ()) for each in secrets)]


def _digest_value(salt: str, value: Any) -> str:
    spelled = json.dumps(value, sort_keys=True, default=str).encode()
    return hmac.new(salt.encode(), spelled, hashlib.sha256).hexdigest()[:32]


def _encode_lines(lines: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in lines)


def _describe_batch(batch: Batch) -> dict[str, Any]:
    about = batch.about
    return {
        "ledger": FORMAT,
        "batch": batch.id,
        "began": batch.began.isoformat(),
        "about": {name: getattr(about, name) for name in About.__slots__},
        "salt": batch.salt,
        "shared": batch.shared,
        "newest": None if batch.newest is None else _of_run(batch.newest),
    }


_RUN = ("id", "workflow_id", "session_id", "session_alias", "created_at")


def _of_run(run: Run) -> list[str | None]:
    return [getattr(run, name) for name in _RUN]


# Reading


def read_ledger(content: bytes, where: str) -> Batch | None:
    """What a ledger says; None where its process died before anything could be sent.

    A last line that is cut off is left out: it was being written when the process died. Raises
    `UnreadableLedger`.
    """
    lines = content.split(b"\n")[:-1]
    if not lines:
        return None
    try:
        batch = _read_head(json.loads(lines[0]))
        for line in lines[1:]:
            if line:
                _replay_line(batch, json.loads(line))
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        raise UnreadableLedger(
            f"`{where}` is no ledger of runs that this version can read; look at `flowdsl runs "
            "list`, and delete the file when nobody needs it"
        ) from None
    return batch


def _read_head(head: Any) -> Batch:
    if head["ledger"] != FORMAT:
        raise ValueError("another format")
    about = About(**head["about"])
    texts = (about.environment, about.api, about.kind, about.name, about.today)
    _require_types(str, head["batch"], head["salt"], head["shared"], *texts)
    _require_types(str, *about.ids, *about.ids.values(), *about.versions, *about.versions.values())
    date.fromisoformat(about.today)
    began = read_moment(head["began"])
    if began is None:
        raise ValueError("no moment")
    newest = None if head["newest"] is None else _read_run(head["newest"])
    return Batch(
        head["batch"],
        began,
        about,
        head["salt"],
        head["shared"],
        newest,
    )


def _replay_line(batch: Batch, line: Any) -> None:
    """Carry out one line behind the first."""
    if "request" in line:
        key, place, count, digest, of = line["request"]
        _require_types(str, key, place, digest)
        if type(count) is not int or count < 1:
            raise ValueError("no count")
        if of is not None:
            batch.entries[_require_number(of)]
        batch.entries.append(Entry(key, place, count, digest, of))
    elif "sent" in line:
        entry = batch.entries[_require_number(line["sent"])]
        entry.stage, entry.runs = SENT, []
    else:
        entry = batch.entries[_require_number(line["made"])]
        entry.stage, entry.runs = SETTLED, [_read_run(each) for each in line["runs"]]


def _read_run(fields: Any) -> Run:
    values = dict(zip(_RUN, fields, strict=True))
    _require_types(str, values["id"], *(each for each in values.values() if each is not None))
    return Run(status="scheduling", **values)


def _require_number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no number of a request")
    return value


def _require_types(kind: type, *values: Any) -> None:
    if not all(isinstance(each, kind) for each in values):
        raise ValueError(f"no {kind.__name__}")
