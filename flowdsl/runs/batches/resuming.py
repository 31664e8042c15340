"""Continues a batch whose process died, without creating its runs twice by accident. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flowdsl.cyberdesk.errors import CyberdeskError, make_printable
from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.batches.ledger import RESOLVED, SENT, Batch, digest_shared_parts, row_digest
from flowdsl.runs.inputs.places import InputsRefused, Problem
from flowdsl.runs.submit import BulkRequest, Request, Submission

_SHOWN = 20
"""The number of rows that are listed; the rest are counted."""

Requests = Sequence[tuple[Request, str]]
"""The requests of a command, each with the place of its row."""


def find_earlier_batches(batches: Sequence[Batch], requests: Requests) -> list[Batch]:
    """Return the batches that have created, or may have created, a run that a request asks for.

    For a process that is alive, runs that it will create count as well.
    """
    earlier: list[Batch] = []
    for batch in batches:
        begun = {
            each.digest
            for each in batch.entries
            if each.runs or each.stage == SENT or batch.is_live
        }
        if not begun.isdisjoint(row_digest(batch.salt, request) for request, _ in requests):
            earlier.append(batch)
    return earlier


def check_same(batch: Batch, ids: Mapping[str, str], requests: Requests) -> None:
    """Raise `InputsRefused` if the requests differ from those that the batch began with."""
    problems = [*_other_workflows(batch, ids)]
    first = [each for each in batch.entries if each.of is None]
    if not problems and digest_shared_parts(batch.salt, requests[0][0]) != batch.shared:
        problems.append(
            Problem(
                "`--resume`",
                "the batch began with another `--machine`, `--pool`, `--priority`, "
                "`--start-session` or `--file`",
                "give what it began with",
            )
        )
    changed: list[Problem] = []
    for at in range(max(len(first), len(requests))):
        if at >= len(requests):
            place = _format_request_place(first[at].place, at, len(first))
            changed.append(Problem(place, "it was there when the batch began, and is gone"))
        elif at >= len(first):
            place = _format_request_place(requests[at][1], at, len(requests))
            changed.append(Problem(place, "it was not there when the batch began"))
        else:
            request, place = requests[at]
            is_same = row_digest(batch.salt, request) == first[at].digest
            if not is_same or request.count != first[at].count:
                what = "the number of its runs is" if is_same else "its values are"
                changed.append(
                    Problem(
                        _format_request_place(place, at, len(requests)),
                        f"{what} not what the batch began with",
                    )
                )
    if len(changed) > _SHOWN:
        rest = len(changed) - _SHOWN
        changed = changed[:_SHOWN]
        changed.append(Problem("`--resume`", f"{rest} more rows are not what they were"))
    if changed:
        changed.append(
            Problem(
                "`--resume`",
                f"batch `{batch.id}` goes on with the values that it began with only",
                f"{batch.describe_progress()}; {_not_made(batch)}",
            )
        )
    if problems or changed:
        raise InputsRefused([*problems, *changed])


def _other_workflows(batch: Batch, ids: Mapping[str, str]) -> list[Problem]:
    return [
        Problem(
            f"workflow `{name}`",
            f"it was `{make_printable(was)}` when the batch began and is "
            f"`{make_printable(ids.get(name, 'not deployed'))}` now: it was deleted and deployed "
            "anew",
            "see with `flowdsl runs list` what there is, and start what is missing in a batch of "
            "its own",
        )
        for name, was in batch.about.ids.items()
        if ids.get(name) != was
    ]


def _format_request_place(place: str, at: int, of: int) -> str:
    return place or (f"request {at + 1} of {of}" if of > 1 else "`--resume`")


def _not_made(batch: Batch) -> str:
    """Return the places of runs that were not created, for people who start them in another way."""
    places = [
        each.place or f"request {at + 1}"
        for at, each in enumerate(batch.entries)
        if each.of is None and (each.stage != RESOLVED or batch.missing(at))
    ]
    if not places:
        return "nothing is missing"
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return f"not made: {', '.join(map(make_printable, places[:_SHOWN]))}{more}"


def submissions_of(
    batch: Batch, requests: Requests, new_key: Callable[[], str]
) -> list[Submission]:
    """Return the requests in the ledger's order, and those for missing runs.

    Settled requests are complete; a request that was sent without a reply is `unknown`; the others
    are to be sent, with their recorded keys. A run that the service refused is requested once more,
    with a new key from `new_key`.
    """
    submissions: list[Submission] = []
    for at, entry in enumerate(batch.entries):
        request, place = requests[at if entry.of is None else entry.of]
        each = Submission(_replace_count(request, entry.count), entry.key, place)
        each.is_sent = entry.stage != "waiting"
        if entry.stage == RESOLVED:
            each.runs = list(entry.runs)
        elif entry.stage == SENT:
            each.unknown = CyberdeskError(
                "the process that sent it was ended before the reply", outcome_unknown=True
            )
        submissions.append(each)
    for at, entry in enumerate(batch.entries):
        missing = batch.missing(at) if entry.of is None else 0
        if missing > 0:
            request, place = requests[at]
            again = Submission(_replace_count(request, missing), new_key(), place)
            again.instead_of = entry.key
            submissions.append(again)
    return [each for each in submissions if each.runs or each.unknown or not each.is_sent]


def update_statuses(submissions: Sequence[Submission], rows: Sequence[Run]) -> None:
    """Replace runs that were created before by their current rows in the service's list."""
    known = {row.id: row for row in rows}
    for each in submissions:
        each.runs = [known.get(run.id, run) for run in each.runs]


def _replace_count(request: Request, count: int) -> Request:
    if isinstance(request, BulkRequest) and request.count != count:
        return BulkRequest(request.body.model_copy(update={"count": count}))
    return request
