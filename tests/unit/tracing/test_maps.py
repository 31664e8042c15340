"""Which source map belongs to the prompt of a run, and which version of the prompt that was."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from flowdsl.config.address import workflow_address
from flowdsl.deploy.apply.source_maps import object_name
from flowdsl.deploy.planning.desired import source_map_name
from flowdsl.state.document import ResourceState, StateDocument, new_document
from flowdsl.tracing.history import read_history
from flowdsl.tracing.maps import FoundMap, find_deployed_addresses, find_map
from flowdsl.tracing.versions import PromptVersion, version_of_run

ID = "0b1f33a2-32c5-4f1d-9d92-6c2b9f8f2a77"
CLAIMS, FORMER = workflow_address("claims"), workflow_address("former")
PROMPT = "Claims\n1. Open {day}.\n2. Close."


def a_map(path: str = "a.flow") -> bytes:
    """A map of `PROMPT`."""
    span = {"start": {"line": 4, "column": 1}, "end": {"line": 4, "column": 9}}
    lines = [
        {"line": number, "statement": "do", "source": {"path": path, **span}} for number in (2, 3)
    ]
    return json.dumps({"commit": None, "dirty": True, "lines": lines}).encode()


def state(**more: object) -> StateDocument:
    """State of one workflow that is deployed."""
    resource = ResourceState(id=ID, generation=1, name="Claims").replace(**more)
    document = new_document("p", "e", api_base="https://a.test", lineage="l", nonce="n")
    return document.replace(resources={CLAIMS: resource})


def found(document: StateDocument, kept: dict[str, bytes], prompt: str, *known: str) -> FoundMap:
    addresses = find_deployed_addresses(document, ID.upper())
    versions = [PromptVersion(text, "earlier") for text in known]
    return find_map(kept.get, addresses, PromptVersion(prompt, "live"), versions)


def test_a_renamed_workflow_keeps_the_maps_of_its_former_address() -> None:
    kept = {object_name(source_map_name(FORMER, PROMPT)): a_map()}
    assert found(state(), kept, PROMPT).kind == "none"
    assert found(state(renamed_from=FORMER), kept, PROMPT).kind == "exact"


def test_lines_that_a_deployed_prompt_has_too_keep_their_places() -> None:
    kept = {object_name(source_map_name(CLAIMS, PROMPT)): a_map()}
    edited = "Claims\nNew words.\n1. Open {day}.\n2. Shut."
    carried = found(state(), kept, edited, PROMPT)
    assert (carried.kind, sorted(carried.places)) == ("carried", [3])


def test_a_map_with_lines_that_the_prompt_does_not_have_is_none() -> None:
    kept = {object_name(source_map_name(CLAIMS, "1. Go.")): a_map()}
    assert found(state(), kept, "1. Go.").kind == "none"


def moment(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC)


def test_what_the_agent_was_told_decides_before_the_time() -> None:
    known = [
        PromptVersion("1. Open {day}.", "earlier", moment(1)),
        PromptVersion("1. Close {day}.", "live", moment(5)),
    ]
    told = read_history([{"role": "user", "content": "1. Open  Monday.\n"}]).messages
    inputs = {"day": "Monday"}
    late = version_of_run(None, known, told, inputs, moment(9))
    assert late is not None and (late.origin, late.certainty) == ("earlier", "told")
    by_time = version_of_run(None, known, (), inputs, moment(3))
    assert by_time is not None and (by_time.origin, by_time.certainty) == ("earlier", "time")
    unknown = version_of_run(None, known, (), inputs, None)
    assert unknown is not None and (unknown.origin, unknown.certainty) == ("live", "assumed")
    own = version_of_run("1. Mine.", known, told, inputs, moment(9))
    assert own is not None and (own.origin, own.text) == ("run", "1. Mine.")
    alone = version_of_run(None, [], told, inputs, moment(9))
    assert alone is not None and alone.origin == "told"
    assert version_of_run(None, [], (), inputs, moment(9)) is None
