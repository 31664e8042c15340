"""The file of a batch: JSON lines that are only appended, readable after any crash.

The first lines describe the command and its requests, before anything is sent. After that, one line
is written before each request and one after its reply, each by a single write call, which survives
the death of the process. So a request without a second line has an unknown outcome, and a process
that continues the batch looks for its runs.

The file contains no input values: rows are identified by digests, with a salt of the file's own.
The values of secrets are excluded even from the digests, since a short one could be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.submit import Request
from flowdsl.source.moments import read_moment
from flowdsl.state.errors import StoreUnusable

FORMAT = 1
MAX_BYTES = 64 * 1024**2
"""The size limit of a ledger that is read: ten thousand runs need two million bytes."""

WAITING, SENT, RESOLVED = "waiting", "sent", "resolved"


class UnreadableLedger(StoreUnusable):
    """A ledger that this version did not write, or that somebody changed."""


@dataclass(frozen=True, slots=True)
class About:
    """The description of a batch, besides its requests.

    `kind` is `workflow` or `chain`, `name` that in source, and `api` the address of the service.
    `today` is the day that its values were computed for. `ids` are those of the workflows, and
    `versions` digests of their deployed versions, both by name in source. `session` is the one that
    the command continued.
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
    """One request.

    `of` is the number of the request whose missing runs this one repeats. `stage` is `WAITING`
    before it is sent, `SENT` while its outcome is unknown, and `RESOLVED` once `runs` are all that
    it created.
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
    """The content of a ledger.

    `shared` is the digest of the fields that all requests have in common. `newest` is the newest
    run of the workflow before the first request. `is_live` says that another process is working on
    the batch.
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
        """Every run that is known to have been created."""
        return [run for each in self.entries for run in each.runs]

    @property
    def asked(self) -> int:
        """The number of runs requested."""
        return sum(each.count for each in self.entries if each.of is None)

    @property
    def unknown(self) -> int:
        """The number of runs whose creation is uncertain."""
        return sum(each.count for each in self.entries if each.stage == SENT)

    @property
    def is_whole(self) -> bool:
        """Whether every run was created."""
        return not self.unknown and len(self.runs) >= self.asked

    @property
    def has_begun(self) -> bool:
        """Whether any run was created, or may have been."""
        return any(each.runs or each.stage == SENT for each in self.entries)

    def missing(self, number: int) -> int:
        """Return how many runs of a first entry are neither created nor requested again."""
        entry = self.entries[number]
        more = sum(
            each.count if each.stage != RESOLVED else len(each.runs)
            for each in self.entries
            if each.of == number
        )
        return entry.count - len(entry.runs) - more if entry.stage == RESOLVED else 0

    def describe_progress(self) -> str:
        """The progress for people: `152 of 300 runs are made, of 8 nobody knows`."""
        asked = self.asked
        verb = "is" if asked == 1 else "are"
        progress = f"{len(self.runs)} of {asked} run{'s' if asked != 1 else ''} {verb} made"
        return progress + (f", of {self.unknown} nobody knows" if self.unknown else "")


def row_digest(salt: str, request: Request) -> str:
    """Return a digest that identifies a row: values, alias, and the names of secrets."""
    body = request.body.to_wire()
    steps = body.get("steps")
    return _digest_value(
        salt,
        [_distinguishing_fields(each) for each in steps]
        if steps is not None
        else _distinguishing_fields(body),
    )


def digest_shared_parts(salt: str, request: Request) -> str:
    """Return a digest of the common fields of a batch: machine, pools, priority, files."""
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


def encode_lines(lines: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the lines of a ledger as its file holds them."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in lines)


def describe_batch(batch: Batch) -> dict[str, Any]:
    """Return the first line of a ledger."""
    about = batch.about
    return {
        "ledger": FORMAT,
        "batch": batch.id,
        "began": batch.began.isoformat(),
        "about": {name: getattr(about, name) for name in About.__slots__},
        "salt": batch.salt,
        "shared": batch.shared,
        "newest": None if batch.newest is None else describe_run(batch.newest),
    }


_RUN = ("id", "workflow_id", "session_id", "session_alias", "created_at")


def describe_run(run: Run) -> list[str | None]:
    """Return the fields of a run by which it is found again."""
    return [getattr(run, name) for name in _RUN]


# Reading


def read_ledger(content: bytes, where: str) -> Batch | None:
    """Parse a ledger; None if its process died before anything could be sent.

    A truncated last line is left out: it was being written when the process died. Raises
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
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
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
    """Apply one line after the first."""
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
        entry.stage, entry.runs = RESOLVED, [_read_run(each) for each in line["runs"]]


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
