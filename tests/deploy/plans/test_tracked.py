"""Many workflows are read from pages of the list, with the result of reading each by itself."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from functools import partial

import pytest

from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.collector import collector_paused
from flowdsl.deploy.deploy import plan_deployment
from flowdsl.deploy.job import Job
from flowdsl.deploy.planning.plan import Action, Change, Plan
from flowdsl.deploy.refresh import tracked
from flowdsl.source.record import replace as replace_record
from tests.deploy.deploy_world import World, bundle, flow
from tests.deploy.ops_world import perform

MANY = 12


def read(world: World, project: Bundle) -> tuple[list[str], list[str]]:
    """The changes of a plan; what was asked about workflows, as `list` or their ids."""

    async def plan(job: Job) -> Plan:
        return (await plan_deployment(job)).plan

    changes = perform(world, plan, project=project).changes
    paths = [each.path.split("/")[2:] for each in world.requests]
    asked = [path[1] if len(path) > 1 else "list" for path in paths if path[0] == "workflows"]
    return [repr(_without_history(change)) for change in changes], asked


def _without_history(change: Change) -> Change:
    """A change without the history of a workflow that stays as it is."""
    if change.action is not Action.UNCHANGED or change.live is None:
        return change
    return replace(change, live=replace(change.live, remote={}))


def project(*, edited: int | None = None) -> Bundle:
    """Many workflows with a tag, one of them perhaps with another prompt."""
    prompts = dict.fromkeys(range(MANY), "Open the app.")
    if edited is not None:
        prompts[edited] = "Open another app."
    return bundle(*(flow(f"w{number}", text, tags=("a",)) for number, text in prompts.items()))


def test_pages_tell_what_single_requests_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.begin(project())
    world.edit("W3", main_prompt="By hand.")
    ids = {each.name: each.id for each in world.state().workflows().values()}
    world.ask(lambda client: client.workflows.delete(ids["W5"], idempotency_key="by-hand"))

    monkeypatch.setattr(tracked, "LISTED_FROM", MANY + 1)
    wanted, singly = read(world, project(edited=7))
    monkeypatch.setattr(tracked, "LISTED_FROM", MANY)
    monkeypatch.setattr(tracked, "PAGE", 5)
    found, paged = read(world, project(edited=7))

    assert found == wanted
    lists = singly.count("list")  # one of which looks for an organisation
    assert sorted(singly) == sorted([*ids.values(), *["list"] * lists])
    # What differs is read with its history, and what no page has may not exist.
    differing = [ids[name] for name in ("W3", "W5", "W7")]
    assert sorted(paged) == sorted([*differing, *["list"] * (lists + 3)])


def test_a_list_that_is_longer_than_the_project_is_not_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.begin(project())
    monkeypatch.setattr(tracked, "PAGE", 1)
    found, asked = read(world, project())
    assert len(found) == MANY
    assert asked.count("list") == 1 and len(asked) == MANY  # the page has one of them


def test_what_a_list_leaves_out_is_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.begin(project())
    monkeypatch.setattr(tracked, "_INCLUDED", ("tags",))
    _, asked = read(world, project())
    assert asked.count("list") == 1 and len(asked) == MANY + 1


def test_a_plan_holds_little_of_what_stays_as_it_is(world: World) -> None:
    """Less than half of the texts of workflows, though the collector is off, as in `plan`."""
    text = "".join(f"{number}. Press the button {number}.\n" for number in range(4_000))
    flows = [flow(f"w{number}", f"{number} {text}") for number in range(MANY)]
    # As of an index: a payload is made when it is asked for.
    made = [replace_record(each, payload_or_maker=partial(dict, each.payload)) for each in flows]
    world.begin(bundle(*flows))
    held = []

    async def plan(job: Job) -> None:
        await plan_deployment(job)  # Loads what every plan uses.
        tracemalloc.start()
        planned = await plan_deployment(job)
        held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert [each.action for each in planned.plan.changes] == [Action.UNCHANGED] * MANY

    with collector_paused():
        perform(world, plan, project=bundle(*made))
    assert held[0] < len(text) * MANY / 2
