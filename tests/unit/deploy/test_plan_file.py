"""The plan file: what it says, who may read it, and when it no longer holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from flowdsl.codegen.artifacts import Bundle
from flowdsl.config.load import load_project
from flowdsl.deploy.plan_file.format import Source, StateRef, plan_schema
from flowdsl.deploy.plan_file.reader import (
    MAX_BYTES,
    MOVES_ON,
    SavedPlan,
    UnusablePlan,
    find_plan_mismatches,
    read_plan,
)
from flowdsl.deploy.plan_file.writer import PlanFacts, dump_plan, plan_document
from flowdsl.deploy.planning.desired import resolve_desired_state
from flowdsl.deploy.planning.named import plan_named
from flowdsl.deploy.planning.plan import Action, Plan
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.target import target_of
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.sink import Sink
from flowdsl.state.document import new_document
from tests.support.effort import THOROUGH
from tests.support.flows.generated.plans import (
    NOW,
    facts,
    gone_named,
    intent,
    model_change,
    plans,
    sample_plan,
)
from tests.support.rows import for_rows, in_rows
from tests.support.services.changes import change_of, live_of

VALIDATOR = Draft202012Validator(plan_schema(), format_checker=FormatChecker(("date-time",)))
DOCUMENT = plan_document(sample_plan(), facts(pending=(intent(),)))


def saved(plan: Plan, given: PlanFacts) -> SavedPlan:
    return read_plan(dump_plan(plan_document(plan, given)), where="plan.json", now=NOW)


def entry(document: dict[str, Any], address: str) -> dict[str, Any]:
    (found,) = (change for change in document["changes"] if change["address"] == address)
    return dict(found)


# What it says


def test_a_plan_with_everything() -> None:
    VALIDATOR.validate(DOCUMENT)
    assert DOCUMENT["summary"] == {
        "create": 3,
        "update": 4,
        "rename": 1,
        "adopt": 1,
        "delete": 3,
        "forget": 1,
        "keep": 1,
        "unchanged": 1,
        "drifted": 2,
        "missing": 1,
    }
    assert [change["address"] for change in DOCUMENT["changes"]] == [
        f"image.{'d' * 64}",
        "tag.old",
        "tag.ehr",
        "tag.seen",
        "model.Old",
        *(
            f"workflow.{name}"
            for name in [
                "adopted",
                "both",
                "fresh",
                "gone",
                "kept",
                "let_go",
                "look_up",
                "lost",
                "moved",
                "renamed",
            ]
        ),
    ]
    update = entry(DOCUMENT, "workflow.look_up")
    assert {field["path"]: field["diff"] for field in update["fields"]} == {
        "input_schema": "+ dob: string, required",
        "main_prompt": "  Open the record of the [-day-]{+week+}.",
        "post_run_checks": '! "chart"\n    file_names: ["a.png"] -> ["b.png"]\n'.replace(
            "    file", "!   file"
        )
        + '+ "new": output_data_agentic_check\n+   check_prompt: "It is?"\n'
        + '- "old": output_data_agentic_check\n-   check_prompt: "Is it?"',
        "terminal_command_allowlist": "- whoami\n+ hostname",
        "tags": "+ new\n- old",
    }
    assert [item["kind"] for item in update["breaking"]] == ["new-required-input"]
    assert update["trajectories"] == [{"id": "t1", "name": "Morning"}, {"id": "t2", "name": "Noon"}]
    assert update["base"]["updated_at"] == "2026-03-01T09:00:00Z"
    assert update["base"]["versions"] == 2
    assert entry(DOCUMENT, "workflow.gone")["impact"] == {
        "runs_total": 12,
        "runs_active": 1,
        "trajectories_total": 3,
    }
    deletion = entry(DOCUMENT, "tag.old")
    assert (deletion["action"], deletion["workflow_id"]) == ("delete", "old-id")
    assert deletion["reason"] == "it is no longer declared, and its deletion is asked for"
    assert entry(DOCUMENT, "workflow.moved")["previous_address"] == "workflow.before"
    assert DOCUMENT["drift"] == [
        {"address": "workflow.both", "path": "main_prompt", "origin": "both"},
        {"address": "workflow.moved", "path": "main_prompt", "origin": "drift"},
    ]
    fresh = entry(DOCUMENT, "workflow.fresh")
    assert (fresh["base"], fresh["workflow_id"]) == (None, None)
    assert {field["before_sha256"] for field in fresh["fields"]} == {None}
    assert DOCUMENT["guards"][0]["name"] == "deletes"
    assert DOCUMENT["pending"][0]["address"] == "workflow.late"
    assert DOCUMENT["diagnostics"][0]["level"] == "note"


def test_hashes_are_those_of_the_normal_form() -> None:
    before = {"input_schema": '{"type":"object","properties":{"a":{}}}', "main_prompt": "x"}
    spelled = {"input_schema": '{ "properties": {"a": {}}, "type": "object" }', "main_prompt": "x"}
    documents = [
        plan_document(Plan((change_of(there, {"main_prompt": "y"}),), (), ()), facts())
        for there in (before, spelled)
    ]
    assert documents[0] == documents[1]


@given(plans(st.text(st.characters(exclude_categories=()), max_size=12)))
def test_any_plan_is_valid_and_survives_being_written(plan: Plan) -> None:
    document = plan_document(plan, facts())
    VALIDATOR.validate(document)
    content = dump_plan(document)
    for field in (field for change in document["changes"] for field in change["fields"]):
        assert all(line == make_printable(line) for line in (field["diff"] or "").split("\n"))
    for item in (item for change in document["changes"] for item in change["breaking"]):
        assert all(
            make_printable(text) == text
            for text in (item["message"], item["path"], *item["chains"])
        )
    read = read_plan(content, where="plan.json", now=NOW)
    assert json.loads(content) == read.document.model_dump(mode="json")
    assert find_plan_mismatches(read, document) == []


def test_the_key_of_a_declared_model_is_not_in_it() -> None:
    """Keys are read when a model is created; a plan does not ask for them."""
    canary = "key-canary-3d5f"
    text = """
[project]
name = "desk"

[env.prod]
api = "local"

[models.main]
name = "Main"
provider = "openai"
model = "gpt"
api_key = { env = "MODEL_KEY" }
"""
    project = load_project(text, "flowdsl.toml", Sink())
    assert project is not None
    nothing = new_document("prj_1", "prod", api_base="x", lineage="l", nonce="n")
    asked: list[str] = []

    def secrets(address: str) -> dict[str, str]:
        asked.append(address)
        return {"api_key": canary}

    target = target_of(
        project, "prj_1", project.environments["prod"], api_base="x", secrets=secrets
    )
    wanted = resolve_desired_state(Bundle((), (), {}), target, Directory())
    named = plan_named(wanted.named, nothing, Directory())
    content = dump_plan(plan_document(Plan((), named, ()), facts())).decode()
    assert "model.Main" in content
    assert canary not in content and asked == []
    (entry,) = json.loads(content)["model_keys"]
    assert entry["source"] == {"kind": "env", "name": "MODEL_KEY"}


# Reading


def broken(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(json.dumps(DOCUMENT))
    change(document)
    return json.dumps(document).encode()


def nodes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if isinstance(value, dict) else []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items if isinstance(value, dict | list) else ():
        if isinstance(inner, dict | list):
            found += nodes(inner, (*path, key))
    return found


@for_rows(lambda: nodes(DOCUMENT))
def test_an_unknown_field_is_refused_at_every_level(path: tuple[Any, ...]) -> None:
    def add(document: Any) -> None:
        for key in path:
            document = document[key]
        document["surprise"] = 1

    with pytest.raises(UnusablePlan, match=r"wrong at `.*surprise`"):
        read_plan(broken(add), where="plan.json", now=NOW)
    document = json.loads(broken(add))
    assert not VALIDATOR.is_valid(document)


@for_rows(
    lambda: [
        (dump_plan(DOCUMENT)[:-9], "not JSON, perhaps cut off"),
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"1" * 10_000, "not JSON"),
        (b'{"kind": "plan", "kind": "plan"}', "not JSON"),
        (b'{"kind": NaN}', "not JSON"),
        (b"[]", "has no `kind`"),
        (b'{"kind": "deploy_result"}', "holds `deploy_result`"),
        (b'{"kind": "\\u001b"}', r"holds `\\x1b`"),
        (b'{"kind": "plan"}', "no `format_version`"),
        (b'{"kind": "plan", "format_version": true}', "no `format_version`"),
        (broken(lambda d: d.update(format_version=2, flowdsl_version="9.1.0")), "flowdsl 9.1.0"),
        (broken(lambda d: d.update(format_version=2, flowdsl_version=[])), "that made it"),
        (broken(lambda d: d.pop("guards")), "wrong at `guards`"),
        (broken(lambda d: d.update(created_at="2026-03-02T12:00:00")), "wrong at `created_at`"),
        (broken(lambda d: d["changes"][0].update(action="explode")), "wrong at `changes.0.action`"),
        (broken(lambda d: d["summary"].update(create="3")), "wrong at `summary.create`"),
        (b" " * (MAX_BYTES + 1), "more than 64 MiB"),
    ]
)
def test_what_is_no_plan_is_refused_with_advice(row: tuple[bytes, str]) -> None:
    content, words = row
    with pytest.raises(UnusablePlan, match=words) as refused:
        read_plan(content, where="plan.json", now=NOW)
    assert str(refused.value).startswith("`plan.json` ") and str(refused.value).isprintable()


def test_what_a_forged_plan_names_is_printed_safely() -> None:
    content = broken(lambda d: d["changes"][0].update(address="workflow.a\x1b[2J"))
    read = read_plan(content, where="plan.json", now=NOW)
    found = find_plan_mismatches(read, DOCUMENT)
    assert found and all(each.isprintable() for each in found)


@given(st.integers(0, len(dump_plan(DOCUMENT)) - 3), st.binary(max_size=3))
def test_a_damaged_file_is_refused_or_says_the_same_kind_of_thing(at: int, noise: bytes) -> None:
    content = dump_plan(DOCUMENT)
    damaged = content[:at] + noise + content[at + len(noise) + 1 :]
    try:
        read = read_plan(damaged, where="plan.json", now=NOW)
    except UnusablePlan as refused:
        assert str(refused).isprintable()
    else:
        VALIDATOR.validate(read.document.model_dump(mode="json"))


@in_rows(
    ("after", "expired"),
    [(timedelta(), False), (timedelta(minutes=59), False), (timedelta(hours=1), True)],
)
def test_a_plan_expires(after: timedelta, expired: bool) -> None:
    read = read_plan(dump_plan(DOCUMENT), where="plan.json", now=NOW + after)
    assert read.expired is expired


# Holding


PLACES: dict[str, tuple[dict[str, Any], dict[str, Any], str | None]] = {
    "nothing": ({}, {}, None),
    "other times": ({}, {"expires_at": NOW + timedelta(hours=2)}, "`expires_at` is"),
    "breaking changes": ({}, {"on_breaking": "ignore"}, "`on_breaking` is"),
    "project": ({}, {"project": "prj_2"}, "for the project `prj_1`, and this is `prj_2`"),
    "environment": ({}, {"environment": "test"}, "environment `prod`, and this is `test`"),
    "service": ({}, {"api_base": "http://127.0.0.1:1"}, "for the service `https://api.cyb"),
    "organisation": ({}, {"organization_id": "org_2"}, "shows `org_2`"),
    "organisation unseen": ({}, {"organization_id": None}, "shows nothing"),
    "organisation seen first now": (
        {"organization_id": None},
        {},
        "organisation nothing, and the API key shows",
    ),
    "version": ({}, {"flowdsl_version": "0.1.9"}, "made by flowdsl 0.1.0, and this is 0.1.9"),
    "lineage": ({}, {"state": StateRef(lineage="x", serial=7)}, "another state"),
    "serial": ({}, {"state": StateRef(lineage="b" * 32, serial=8)}, "brought it to 8"),
    "first deploy": ({"state": None}, {"state": None}, None),
    "no first deploy any more": ({"state": None}, {}, "there is state now"),
    "state is gone": ({}, {"state": None}, "there is no state"),
    "commit": (
        {},
        {"source": Source(commit="c" * 40, dirty=False)},
        f"commit `{'a' * 40}`, and this is commit `cccc",
    ),
    "no repository": ({}, {"source": None}, "this is sources outside a repository"),
}


@in_rows(("then", "now", "words"), PLACES.values(), ids=PLACES)
def test_where_a_plan_holds(then: dict[str, Any], now: dict[str, Any], words: str | None) -> None:
    plan = sample_plan()
    found = find_plan_mismatches(saved(plan, facts(**then)), plan_document(plan, facts(**now)))
    assert (len(found) == 1 and words in found[0]) if words else found == []


BASE = {"main_prompt": "old", "is_webhooks_enabled": False}
PLANNED = change_of(BASE, {"main_prompt": "new"})

CHANGES: dict[str, tuple[Any, Any, str]] = {
    "edited": (
        PLANNED,
        change_of({"main_prompt": "edited"}, {"main_prompt": "new"}, applied=BASE),
        "`workflow.look_up` was edited since the plan was made",
    ),
    "wanted otherwise": (
        PLANNED,
        change_of(BASE, {"main_prompt": "newer"}),
        "the source now wants another `main_prompt` for `workflow.look_up`",
    ),
    "done already": (
        PLANNED,
        change_of(
            {"main_prompt": "new"},
            {"main_prompt": "new"},
            applied={"main_prompt": "new"},
            action=Action.UNCHANGED,
        ),
        "`workflow.look_up` is to update in the plan, and needs nothing now",
    ),
    "new": (
        None,
        PLANNED,
        "`workflow.look_up` is not in the plan, and is to update now",
    ),
    "another action": (
        PLANNED,
        replace(PLANNED, action=Action.DELETE),
        "`workflow.look_up` is to update in the plan, and to delete now",
    ),
    "another workflow": (
        PLANNED,
        replace(PLANNED, prior=PLANNED.prior.replace(id="other") if PLANNED.prior else None),
        "`workflow.look_up` is now another workflow, `other`",
    ),
    "moved": (
        PLANNED,
        replace(PLANNED, previous_address="workflow.old"),
        "`workflow.look_up` moves from nothing in the plan, and now from `workflow.old`",
    ),
    "tagged otherwise": (
        change_of(BASE, {"main_prompt": "new"}, tags=((), ("a",))),
        change_of(BASE, {"main_prompt": "new"}, tags=((), ("b",))),
        "the source now wants another `tags` for `workflow.look_up`",
    ),
}


@in_rows(("then", "now", "sentence"), CHANGES.values(), ids=CHANGES)
def test_changes_that_no_longer_hold(then: Any, now: Any, sentence: str) -> None:
    before, after = (Plan((change,) if change else (), (), ()) for change in (then, now))
    (found,) = find_plan_mismatches(saved(before, facts()), plan_document(after, facts()))
    assert found.startswith(sentence)


# Every value of it holds


def every_kind_of_change() -> Plan:
    plan = sample_plan()
    here = {"base_url": "https://models.acme.test/v1"}
    return replace(
        plan,
        named=(
            *plan.named,
            model_change("Fresh", None, {"additional_params": here}, key=("file", "keys/fresh")),
            model_change("Moved", {"additional_params": None}, {"additional_params": here}),
        ),
    )


WHOLE = plan_document(every_kind_of_change(), facts(pending=(intent(), intent("workflow.b"))))

MAY_DIFFER = {
    "changes.base.updated_at",  # what is not ours is edited, and what is ours is hashed beside it
    "changes.base.versions",  # the same
    "changes.impact.runs_total",  # callers start runs while the plan waits
    "changes.impact.runs_active",  # and these end
    "changes.impact.trajectories_total",  # and leave recordings
}
"""All that may be another value when a plan is carried out.

Numbers and a time that move on by themselves.
"""

Place = tuple[str | int, ...]


def at(document: Any, place: Place) -> Any:
    for step in place:
        document = document[step]
    return document


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    inner = value.items() if isinstance(value, dict) else ()
    for step, each in enumerate(value) if isinstance(value, list) else inner:
        yield from places(each, (*place, step))


def kind_of(place: Place) -> str:
    """The place without the numbers of a list."""
    return ".".join(step for step in place if isinstance(step, str))


SEEN: dict[str, list[Any]] = {}
for _place in places(WHOLE):
    SEEN.setdefault(kind_of(_place), []).append(at(WHOLE, _place))


def tried_places(kind: str) -> list[Place]:
    """The places of a kind; in a quick run one for each type of value there."""
    found = [place for place in places(WHOLE) if kind_of(place) == kind]
    return found if THOROUGH else list({type(at(WHOLE, place)): place for place in found}.values())


def forged(value: Any, place: Place) -> Iterator[Any]:
    """Other values for a place.

    Among them those that stand in other places of its kind, which are of the right form.
    """
    match value:
        case dict():
            yield {**value, "surprise": 1}
            for key in value:
                yield {name: each for name, each in value.items() if name != key}
        case list():
            yield [*value, *value[-1:]] if value else [1]
            yield value[:-1] if value else [{}]
            yield value[::-1]
        case bool():
            yield not value
        case int():
            yield from (value + 1, value + 0.5, str(value))
        case str():
            yield from (f"{value}x", value[:-1], "0" * 64)
            if value.endswith("Z") and "T" in value:
                moment = datetime.fromisoformat(value) + timedelta(seconds=1)
                yield moment.isoformat().replace("+00:00", "Z")
        case None:
            yield from ("x", "0" * 64, 3)
    if place and not isinstance(value, dict | list):
        yield None
    yield from (each for each in SEEN[kind_of(place)] if type(each) is type(value))


def replaced(place: Place, value: Any, document: Any = WHOLE) -> Any:
    """A copy of the document with another value at a place; it shares all the rest."""
    if not place:
        return value
    copy = document.copy()
    copy[place[0]] = replaced(place[1:], value, document[place[0]])
    return copy


WORDS = {
    "": "surprise",
    "organization_id": "organisation",
    "api_base": "service",
    "flowdsl_version": "made by flowdsl",
    "format_version": "format version",
    "state.lineage": "another state",
}
"""How a message names some of the places."""
ADDRESSES = [f"`{address}`" for address in SEEN["changes.address"]]


def words_for(kind: str) -> Iterator[str]:
    yield from {WORDS.get(kind), kind.rpartition(".")[2]} - {None}
    # What is wrong with a change is said of its address.
    yield from ADDRESSES if kind.startswith("changes") else ()
    # And what is wrong with an object may be said of what is in it.
    yield from (
        each.rpartition(".")[2] for each in SEEN if each.startswith(f"{kind}." if kind else "")
    )


@for_rows(lambda: SEEN)
def test_no_value_of_a_saved_plan_can_be_another(kind: str) -> None:
    """Nothing here is listed by hand.

    Every object, list and value of the document is changed in every way that fits.
    """
    tried, accepted = 0, False
    for place in tried_places(kind):
        value = at(WHOLE, place)
        for other in forged(value, place):
            if other == value and type(other) is type(value):
                continue
            tried += 1
            content = json.dumps(replaced(place, other)).encode()
            try:
                found = find_plan_mismatches(read_plan(content, where="plan.json", now=NOW), WHOLE)
            except UnusablePlan as refused:
                found = [str(refused)]
            accepted |= not found
            assert found or kind in MAY_DIFFER, (place, other)
            assert not found or any(word in each for word in words_for(kind) for each in found), (
                found
            )
    assert tried and accepted == (kind in MAY_DIFFER)
    assert MOVES_ON.keys() == MAY_DIFFER


def test_another_tag_of_the_name_is_not_the_one_to_delete() -> None:
    then = gone_named("tag.old")
    assert then.prior is not None
    now = replace(then, prior=then.prior.replace(id="new-id"))
    before, after = (Plan((), (change,), ()) for change in (then, now))
    (found,) = find_plan_mismatches(saved(before, facts()), plan_document(after, facts()))
    assert found == "`tag.old` is now another tag, `new-id`, in the plan `old-id`"


def test_what_is_not_ours_may_change_between_plan_and_deploy() -> None:
    touched = live_of(
        {**BASE, "output_schema": "x"}, ("theirs",), updated_at="2026-03-02T00:00:00Z"
    )
    now = Plan((replace(PLANNED, live=touched),), (), ())
    assert (
        find_plan_mismatches(saved(Plan((PLANNED,), (), ()), facts()), plan_document(now, facts()))
        == []
    )


def test_a_deletion_holds_only_for_the_workflow_as_it_was() -> None:
    """Also what no source ever declared counts: somebody may have begun to use it."""
    then, now = (
        Plan(
            (replace(PLANNED, action=Action.DELETE, desired=None, difference=None, live=live),),
            (),
            (),
        )
        for live in (live_of(BASE), live_of({**BASE, "output_schema": "{}x"}))
    )
    (found,) = find_plan_mismatches(saved(then, facts()), plan_document(now, facts()))
    assert "was edited since" in found
