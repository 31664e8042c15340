"""Words that people write for workflows, chains and runs."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from flowdsl.config.address import workflow_address
from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.names import NoSuchName, find_run, find_workflow_id, source_named
from tests.support.rows import in_rows

ID = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
OTHER = "7d444840-9dc0-11d1-b245-5ffdce74fad3"


@in_rows(
    ("word", "meant"),
    [
        ("intake", ("workflow", "intake")),
        ("workflow.both", ("workflow", "both")),
        ("chain.both", ("chain", "both")),
        ("month", ("chain", "month")),
    ],
)
def test_a_word_means_one_thing(word: str, meant: tuple[str, str]) -> None:
    assert source_named(word, ["intake", "both"], ["month", "both"]) == meant


@in_rows(
    ("word", "message"),
    [
        ("both", "`both` may be `workflow.both` or `chain.both`; write one of them"),
        ("intke", "`intke` is no workflow or chain of the sources; a workflow `intake` exists"),
        (
            "chain.mont",
            ("`chain.mont` is no workflow or chain of the sources; a chain `month` exists"),
        ),
        (
            "chain.intake",
            ("`chain.intake` is no workflow or chain of the sources; a workflow `intake` exists"),
        ),
    ],
)
def test_a_word_that_means_nothing_or_two_things_says_what_exists(word: str, message: str) -> None:
    with pytest.raises(NoSuchName) as caught:
        source_named(word, ["intake", "both"], ["month", "both"])
    assert str(caught.value) == message


def test_without_sources_there_are_none() -> None:
    with pytest.raises(NoSuchName, match="there are none"):
        source_named("x", [], [])


def test_a_workflow_is_found_by_id_address_and_name() -> None:
    deployed = {workflow_address("intake"): ID}
    for word in ("intake", "workflow.intake", ID.upper()):
        assert find_workflow_id(word, deployed) == ID
    with pytest.raises(NoSuchName, match="`intake` exists"):
        find_workflow_id("intak", deployed)


class _Runs:
    def __init__(self, *ids: str) -> None:
        self._runs = [Run(id=each, status="running", created_at="2026-01-01") for each in ids]

    async def list_all(self, **_filters: Any) -> list[Run]:
        # The service finds the digits anywhere, also in inputs.
        return self._runs

    async def list(self, **_wanted: Any) -> Any:
        return SimpleNamespace(items=())

    async def get(self, run_id: str) -> Run:
        return next(run for run in self._runs if run.id == run_id)


def found(word: str, *ids: str) -> Run:
    client: Any = SimpleNamespace(runs=_Runs(*ids))
    return asyncio.run(find_run(client, word))


def test_a_run_is_found_by_the_first_digits_of_its_id() -> None:
    stranger = "aaaa7d44-9dc0-11d1-b245-5ffdce74fad2"
    assert found("7d44", ID, stranger).id == ID
    assert found(ID, ID, OTHER).id == ID


@in_rows(
    ("word", "message"),
    [
        ("7d44", "the ids of 2 runs begin with `7d44`; write more of the id"),
        ("9999", "the id of no run begins with `9999`"),
        (
            "7d4",
            "`7d4` is no id of a run, nor the first 4 digits or more of one; "
            "`last` is the newest run",
        ),
        ("last", "there is no last run: this organisation has no runs"),
        (
            "intake",
            "`intake` is no id of a run, nor the first 4 digits or more of one; "
            "`last` is the newest run",
        ),
    ],
)
def test_digits_that_are_not_enough_are_refused(word: str, message: str) -> None:
    with pytest.raises(NoSuchName) as caught:
        found(word, ID, OTHER)
    assert str(caught.value) == message
    assert len(caught.value.candidates) == (2 if word == "7d44" else 0)
