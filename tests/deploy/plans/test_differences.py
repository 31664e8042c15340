"""How source, service and the last deploy differ, without a write or a lease."""

from __future__ import annotations

from typing import Any

import pytest

from flowdsl.cli.commands.diff import difference_items, render_differences
from flowdsl.codegen.artifacts import Bundle
from flowdsl.deploy.addressing import NoSuchAddress
from flowdsl.deploy.differences import WorkflowDifference, find_differences
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.planning.plan import Action
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import World, bundle, flow
from tests.deploy.ops_world import of_another_organization, perform

DEPLOYED = bundle(flow("a", "One."), flow("b", tags=["t"]))


def differing(
    world: World, project: Bundle, *addresses: str, **more: Any
) -> dict[str, WorkflowDifference]:
    found = perform(world, lambda job: find_differences(job, addresses), project=project, **more)
    assert world.writes == []
    return {each.change.address: each for each in found}


def shown(differences: dict[str, WorkflowDifference], *, unified: bool = False) -> str:
    return render_differences(list(differences.values()), "test", unified=unified, color=False)


def test_right_after_a_deploy_there_is_no_difference(world: World) -> None:
    world.begin(DEPLOYED)
    before = world.state_text()

    found = differing(world, DEPLOYED)

    assert not any(each.differs for each in found.values())
    assert shown(found) == "no difference: 2 workflows in test"
    assert difference_items(list(found.values())) == []
    assert world.state_text() == before


def test_a_change_of_the_source_is_shown_whole(world: World) -> None:
    lines = [f"Line {number} of many." for number in range(300)]
    world.begin(bundle(flow("a", "\n".join(lines))))
    changed = [line.replace("many", "more") for line in lines]

    found = differing(world, bundle(flow("a", "\n".join(changed))))

    text = shown(found)
    assert text.count("[-many-]{+more+}") == 300
    assert found["workflow.a"].edits == ()
    unified = shown(found, unified=True)
    assert "      -Line 7 of many." in unified and "      +Line 7 of more." in unified


def test_an_edit_is_shown_from_what_was_last_applied(world: World) -> None:
    """State holds hashes; the text of the last deploy is in the versions that the service saved."""
    world.begin(DEPLOYED)
    world.edit("A", main_prompt="One by hand.")

    found = differing(world, bundle(flow("a", "One more."), flow("b", tags=["t"])))

    compared = found["workflow.a"]
    (field,) = compared.change.difference.fields if compared.change.difference else ()
    assert (field.before, field.after, field.origin) == ("One by hand.", "One more.", "both")
    (edit,) = compared.edits
    assert (edit.before, edit.after, edit.known) == ("One.", "One by hand.", True)
    text = shown(found)
    assert "main_prompt  edited elsewhere since the last deploy\n" in text
    assert "main_prompt  changed in the source as well; a deploy makes this of the edit\n" in text
    assert "`flowdsl pull workflow.a` takes the edits into the source" in text
    assert "One{+ by hand+}." in text
    (item,) = difference_items([compared])
    assert item["edits"][0]["diff"].splitlines()[1:] == ["-One.", "+One by hand."]


def test_an_edit_alone_is_shown_once(world: World) -> None:
    world.begin(DEPLOYED)
    world.edit("A", main_prompt="One \x1b[31mby hand.")

    text = shown(differing(world, DEPLOYED))

    assert text.count("main_prompt") == 1
    assert "main_prompt  edited elsewhere since the last deploy" in text
    assert "\x1b" not in text
    assert text.endswith("1 workflow of 2 in test differs, 1 edited elsewhere")


def test_an_edit_of_which_no_version_tells(world: World) -> None:
    world.begin(DEPLOYED)
    world.edit("A", is_webhooks_enabled=True)
    world.deploy(bundle(flow("a", "One.", is_webhooks_enabled=True), flow("b", tags=["t"])))
    world.edit("A", is_webhooks_enabled=False)

    found = differing(
        world, bundle(flow("a", "One.", is_webhooks_enabled=False), flow("b", tags=["t"]))
    )

    (edit,) = found["workflow.a"].edits
    assert (edit.path, edit.known) == ("is_webhooks_enabled", False)
    assert "no saved version has what was last applied" in shown(found)


def test_a_tag_taken_off(world: World) -> None:
    world.begin(DEPLOYED)
    row = world.workflow("B")
    tag = (row.tags or [])[0].id
    world.ask(lambda client: client.workflows.remove_tag(row.id, tag, idempotency_key="1"))

    found = differing(world, DEPLOYED)

    assert found["workflow.b"].tags_lost == ("t",) and found["workflow.b"].differs
    assert "    tags: -t  edited elsewhere since the last deploy\n" in shown(found)


def test_what_is_not_deployed_gone_or_left_the_source(world: World) -> None:
    world.begin(bundle(flow("a"), flow("b"), flow("c")))
    gone = world.workflow("B").id
    world.ask(lambda client: client.workflows.delete(gone, idempotency_key="1"))

    found = differing(world, bundle(flow("a"), flow("b"), flow("new")))

    actions = {address: each.change.action for address, each in found.items()}
    assert actions == {
        "workflow.a": Action.UNCHANGED,
        "workflow.b": Action.MISSING,
        "workflow.c": Action.KEEP,
        "workflow.new": Action.CREATE,
    }
    assert [address for address, each in found.items() if each.differs] == [
        "workflow.b",
        "workflow.new",
    ]
    assert "? " not in shown(found) and "left the source" in shown(found)
    items = difference_items(list(found.values()))
    assert [(each["address"], each["action"], each["differs"]) for each in items] == [
        ("workflow.b", "missing", True),
        ("workflow.c", "keep", False),
        ("workflow.new", "create", True),
    ]


def test_named_workflows_alone_are_read(world: World) -> None:
    world.begin(bundle(*(flow(f"w{number}") for number in range(5))))
    world.edit("W3", main_prompt="By hand.")

    found = differing(world, bundle(*(flow(f"w{number}") for number in range(5))), "workflow.w3")

    assert list(found) == ["workflow.w3"] and found["workflow.w3"].differs
    paths = [each.path for each in world.requests if each.path.count("/") == 3]
    assert paths == [f"/v1/workflows/{world.state().resources['workflow.w3'].id}"]


def test_a_renamed_workflow_is_found_by_its_new_address(world: World) -> None:
    world.begin(bundle(flow("old"), flow("other")))
    project = bundle(flow("new", renamed_from="old"), flow("other"))

    found = differing(world, project, "workflow.new")

    assert found["workflow.new"].change.previous_address == "workflow.old"
    assert "was workflow.old" in shown(found)
    with pytest.raises(Stop, match=r"is called `workflow.new` in the source"):
        differing(world, project, "workflow.old")


def test_workflows_that_change_places(world: World) -> None:
    world.begin(bundle(flow("a", "One."), flow("b", "Two.")))
    project = bundle(flow("a", "Two.", renamed_from="b"), flow("b", "One.", renamed_from="a"))

    found = differing(world, project, "workflow.a")

    assert found["workflow.a"].change.previous_address == "workflow.b"


def test_an_unknown_address(world: World) -> None:
    world.begin(DEPLOYED)

    with pytest.raises(NoSuchAddress, match=r"`workflow.a` exists"):
        differing(world, DEPLOYED, "workflow.aa")


def test_an_interrupted_write_is_no_edit_of_somebody_else(world: World) -> None:
    world.begin(DEPLOYED)
    later = bundle(flow("a", "Two."), flow("b", tags=["t"]))
    world.deploy(
        later,
        Fault("PATCH /v1/workflows/{id}", 1, "after"),
        *(Fault("GET /v1/workflows/{id}", number, "html_502") for number in range(4, 20)),
        concurrency=1,
    )

    found = differing(world, later)

    assert found["workflow.a"].edits == () and found["workflow.a"].pending


def test_a_key_of_another_organisation(world: World) -> None:
    world.begin(DEPLOYED)

    with pytest.raises(Stop) as raised:
        differing(world, DEPLOYED, "workflow.a", app=of_another_organization(world))
    assert raised.value.status is Status.ACCESS


def test_another_deploy_is_not_waited_for(world: World) -> None:
    world.begin(DEPLOYED)
    with world.store().hold():
        assert not differing(world, DEPLOYED)["workflow.a"].differs
