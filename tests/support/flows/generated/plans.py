"""Plans with something of everything, and plans made of any text at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from flowdsl.codegen.artifacts import ImageFile
from flowdsl.config.address import MODEL, TAG, Address, workflow_address
from flowdsl.config.project import KeySource
from flowdsl.cyberdesk.models.model_configuration import ModelConfiguration
from flowdsl.deploy.comparison.diff import compare
from flowdsl.deploy.plan_file.format import Source, StateRef
from flowdsl.deploy.plan_file.writer import PlanFacts
from flowdsl.deploy.planning.breaking import breaking_changes
from flowdsl.deploy.planning.desired import DesiredNamed
from flowdsl.deploy.planning.named import NamedChange, key_source_mark, plan_named
from flowdsl.deploy.planning.plan import (
    Action,
    ApprovedTrajectory,
    Breaking,
    Change,
    Guard,
    Impact,
    Plan,
)
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.named import NAMED_KIND
from flowdsl.deploy.resources.resource import Desired, Live, hash_fields
from flowdsl.state.document import Intent, ResourceState, new_document
from tests.support.services.changes import change_of, live_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def facts(**changes: Any) -> PlanFacts:
    """The facts of a plan made at `NOW`, good for an hour."""
    given: dict[str, Any] = {
        "flowdsl_version": "0.1.0",
        "created_at": NOW,
        "expires_at": NOW + timedelta(hours=1),
        "on_breaking": "warn",
        "project": "prj_1",
        "environment": "prod",
        "organization_id": "org_1",
        "api_base": "https://api.cyberdesk.io",
        "source": Source(commit="a" * 40, dirty=False),
        "state": StateRef(lineage="b" * 32, serial=7),
    }
    return PlanFacts(**(given | changes))


_LATE = workflow_address("late")


def intent(address: Address = _LATE) -> Intent:
    return Intent(
        id="c" * 32, action="create", address=address, created_at=NOW, generation=1, name="Late"
    )


def gone(name: str, action: Action, title: str = "Gone") -> Change:
    """A workflow that left the source."""
    state = ResourceState(id="dead", generation=1, name=title)
    return Change(workflow_address(name), action, title, prior=state, live=live_of({"name": title}))


def gone_named(address: str) -> NamedChange:
    """A tag or a model configuration that is deleted."""
    return NamedChange(
        Address.unchecked(address),
        "delete",
        prior=ResourceState(id="old-id", generation=1, name="Old"),
    )


def tag_change(name: str, before: str | None, after: str) -> NamedChange:
    desired = DesiredNamed("tag", name, {"description": after}, managed=True)
    if before is None:
        return NamedChange(desired.address, "create", desired)
    live = Live(
        "tag-1", name, {**dict.fromkeys(NAMED_KIND[TAG].policies), "description": before}, {}
    )
    difference = compare(
        NAMED_KIND[TAG].policies, Desired(desired.address, name, desired.values), None, live
    )
    return NamedChange(desired.address, "update", desired, live, difference)


def model_change(
    name: str,
    before: dict[str, Any] | None,
    after: dict[str, Any],
    *,
    key: tuple[str, str] | None = ("env", "MODEL_KEY"),
    known_key: tuple[str, str] | None = ("env", "MODEL_KEY"),
    stored: bool = True,
) -> NamedChange:
    """A declared model configuration of openai.

    `before` is None where the service has none, and `known_key` is what state says that the key was
    read from.
    """
    common = {"provider": "openai", "model": "gpt"}
    source = None if key is None else KeySource(*key)
    desired = DesiredNamed("model", name, {**common, **after}, managed=True, key=source)
    prior = nothing = new_document("prj_1", "prod", api_base="x", lineage="l", nonce="n")
    rows = []
    if before is not None:
        alias = "open" if stored else None
        row = {"id": f"id-{name}", "name": name, "api_key_alias": alias, **common, **before}
        rows = [ModelConfiguration.model_validate(row)]
        values = {path: row.get(path) for path in NAMED_KIND[MODEL].policies}
        applied = hash_fields(
            NAMED_KIND[MODEL].policies, {path: values[path] for path in desired.values}
        )
        if known_key is not None:
            mark = key_source_mark(KeySource(*known_key))
            assert mark is not None
            applied["api_key"] = mark
        state = ResourceState(id=f"id-{name}", generation=1, name=name, applied=applied)
        prior = nothing.replace(resources={desired.address: state})
    (change,) = plan_named([desired], prior, Directory(models=tuple(rows)))
    return change


def picture() -> ImageFile:
    return ImageFile("d" * 64, "png", "image/png", b"png")


def schema(*required: str, **properties: Any) -> str:
    return json.dumps({"type": "object", "properties": properties, "required": list(required)})


def sample_plan() -> Plan:
    """One change of every kind."""
    text = {"type": "string"}
    update = change_of(
        {
            "main_prompt": "Open the record of the day.\nRead it.",
            "input_schema": schema("mrn", mrn=text),
            "terminal_command_allowlist": ["dir", "whoami"],
            "post_run_checks": [
                {"name": "chart", "type": "run_attachment_exists", "file_names": ["a.png"]},
                {"name": "old", "type": "output_data_agentic_check", "check_prompt": "Is it?"},
            ],
        },
        {
            "main_prompt": "Open the record of the week.\nRead it.",
            "input_schema": schema("mrn", "dob", mrn=text, dob=text),
            "terminal_command_allowlist": ["dir", "hostname"],
            "post_run_checks": [
                {"name": "chart", "type": "run_attachment_exists", "file_names": ["b.png"]},
                {"name": "new", "type": "output_data_agentic_check", "check_prompt": "It is?"},
            ],
        },
        tags=(("ehr", "old"), ("ehr", "new")),
    )
    drifted = change_of(
        {"main_prompt": "By hand."},
        {"main_prompt": "Ours."},
        name="moved",
        applied={"main_prompt": "Ours."},
        previous_address=workflow_address("before"),
    )
    both = change_of(
        {"main_prompt": "By hand."},
        {"main_prompt": "New."},
        name="both",
        applied={"main_prompt": "Ours."},
    )
    wanted = Desired(
        workflow_address("fresh"), "Fresh", {"main_prompt": "Begin.\nEnd."}, frozenset({"ehr"})
    )
    changes = (
        change_of({"main_prompt": "x"}, {"main_prompt": "y"}, name="adopted", action=Action.ADOPT),
        both,
        Change(workflow_address("fresh"), Action.CREATE, "Fresh", wanted),
        gone("gone", Action.DELETE),
        gone("kept", Action.KEEP),
        gone("let_go", Action.FORGET),
        update,
        Change(
            workflow_address("lost"), Action.MISSING, "Lost", prior=gone("lost", Action.KEEP).prior
        ),
        drifted,
        change_of({"name": "A"}, {"name": "B"}, name="renamed", action=Action.RENAME),
        change_of({"main_prompt": "x"}, {"main_prompt": "x"}, name="same", action=Action.UNCHANGED),
    )
    return Plan(
        changes,
        (
            gone_named("tag.old"),
            tag_change("ehr", None, "x"),
            tag_change("seen", "before", "after"),
            gone_named("model.Old"),
        ),
        (picture(),),
        notes=("`main` means the default model here",),
        breaking={
            change.address: found for change in changes if (found := breaking_changes(change, ()))
        },
        impact={
            workflow_address("gone"): Impact((ApprovedTrajectory("t9", "Nightly"),), 12, 1, 3),
            workflow_address("look_up"): Impact(
                (ApprovedTrajectory("t1", "Morning"), ApprovedTrajectory("t2", "Noon"))
            ),
        },
        guards=(Guard("deletes", 1, "1 of 9 workflows would be deleted"),),
    )


def plans(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Plan]:
    """Plans in which everything that a source, the service or state writes is one of `texts`."""

    @st.composite
    def build(draw: st.DrawFn) -> Plan:
        changes: list[Change] = []
        breaking: dict[str, tuple[Breaking, ...]] = {}
        impact: dict[str, Impact] = {}
        for number in range(draw(st.integers(0, 4))):
            name = f"w{number}"
            change = draw(st.sampled_from((_changed, _created, _gone)))(draw, name, texts)
            changes.append(change)
            address = change.address
            if draw(st.booleans()):
                breaking[address] = (
                    Breaking("removed-output", draw(texts), draw(texts), (draw(texts),)),
                )
            if draw(st.booleans()):
                impact[address] = Impact((ApprovedTrajectory(draw(texts), draw(texts)),), 3, 1, 2)
        named = (
            (tag_change(draw(texts), draw(texts), draw(texts)), gone_named(f"tag.{draw(texts)}"))
            if draw(st.booleans())
            else ()
        )
        guards = (Guard("deletes", 2, draw(texts)),) if draw(st.booleans()) else ()
        notes = tuple(draw(st.lists(texts, max_size=2)))
        return Plan(tuple(changes), named, (), notes, breaking, impact, guards)

    return build()


def _changed(draw: st.DrawFn, name: str, texts: st.SearchStrategy[str]) -> Change:
    def values() -> dict[str, Any]:
        check = {"name": draw(texts), "type": "run_attachment_exists", "check_prompt": draw(texts)}
        return {
            "name": draw(texts),
            "main_prompt": draw(texts),
            "input_schema": schema(
                draw(texts), **{draw(texts): {"type": draw(texts), "enum": [draw(texts)]}}
            ),
            "output_schema": draw(texts),
            "terminal_command_allowlist": draw(st.lists(texts, max_size=2)),
            "post_run_checks": [check],
            draw(texts): draw(texts),
        }

    tags = (draw(st.lists(texts, max_size=2)), draw(st.lists(texts, max_size=2)))
    before = draw(st.none() | texts)
    return change_of(
        values(), values(), name=name, applied=values(), tags=tags, previous_address=before
    )


def _created(draw: st.DrawFn, name: str, texts: st.SearchStrategy[str]) -> Change:
    title = draw(texts)
    values = {"main_prompt": draw(texts), "name": title}
    desired = Desired(workflow_address(name), title, values, frozenset({draw(texts)}))
    return Change(desired.address, Action.CREATE, title, desired)


def _gone(draw: st.DrawFn, name: str, texts: st.SearchStrategy[str]) -> Change:
    actions = (Action.DELETE, Action.KEEP, Action.FORGET, Action.MISSING)
    return gone(f"{name}{draw(texts)}", draw(st.sampled_from(actions)), draw(texts))
