"""Machines, pools, connections, recordings and usage from Python, beside what the commands say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from flowdsl import api
from flowdsl.emulator.faults import Fault
from tests.api.api_desk import DAY, PIN, ApiDesk
from tests.support.command_line import run_here

UNKNOWN_ID = "0f9b2c04-7f64-4a3e-9d0a-b8f3b0a3f2f5"


def send(desk: ApiDesk, method: str, path: str, body: Any = None) -> Any:
    return asyncio.run(desk.send(method, path, body))


def machine(desk: ApiDesk, name: str) -> str:
    body = {"fingerprint": "f", "unkey_key_id": "k", "name": name, "hostname": f"{name}.test"}
    found: str = send(desk, "POST", "machines", body)["id"]
    return found


def listed(desk: ApiDesk, *words: str) -> list[str]:
    """The ids that a command lists, in its order."""
    done = run_here(desk.root, *words, "--json")
    assert done.code == 0, done.err
    return [row["id"] for row in json.loads(done.out)["items"]]


def ids(rows: Any) -> list[str]:
    return [row.id for row in rows]


def test_machines_and_pools_are_those_that_the_commands_list(
    desk: ApiDesk, project: api.Project
) -> None:
    hill, dale = machine(desk, "Hill"), machine(desk, "Dale")
    night = send(desk, "POST", "pools", {"name": "night"})["id"]
    send(desk, "POST", "pools", {"name": "empty"})
    send(desk, "POST", f"pools/{night}/machines", {"machine_ids": [hill]})
    assert ids(project.machines()) == listed(desk, "machines", "list")
    assert ids(project.machines()) == [dale, hill]
    assert ids(project.machines(name="Hill")) == [hill]
    assert ids(project.machines(search="dale.t")) == [dale]
    assert ids(project.machines(pool="night")) == [hill]
    assert ids(project.machines(pool=night, status="connected")) == listed(
        desk, "machines", "list", "--pool", "night", "--status", "connected"
    )
    assert project.machines(since=date(2099, 1, 1)) == []
    (one,) = project.machines(name="Hill")
    assert isinstance(one, api.Machine) and [pool.id for pool in one.pools or ()] == [night]
    assert project.get_machine("Hill") == project.get_machine(hill)
    assert [pool.name for pool in project.get_machine(dale).pools or ()] == []
    assert [pool.name for pool in project.pools()] == ["empty", "night"]
    assert ids(project.pools(machine="Hill")) == [night] and project.pools(machine=dale) == []
    assert [each.id for each in project.get_pool("night").machines or ()] == [hill]
    assert [pool.machine_count for pool in project.pools()] == [0, 1]


def test_connections_are_those_that_the_command_lists(desk: ApiDesk, project: api.Project) -> None:
    hill = machine(desk, "Hill")
    found = project.connections()
    assert ids(found) == listed(desk, "connections", "list")
    assert ids(project.connections(machine="Hill")) == listed(
        desk, "connections", "list", "--machine", hill
    )
    for each in found:
        assert isinstance(each, api.Connection)
        assert project.get_connection(each.id) == each


def test_trajectories_are_those_that_the_command_lists(desk: ApiDesk, project: api.Project) -> None:
    run = project.run("note", {"text": "a"}, watch=True)
    assert run.workflow_id is not None
    made = {
        name: send(
            desk,
            "POST",
            "trajectories",
            {
                "workflow_id": run.workflow_id,
                "name": name,
                "trajectory_data": [{"func_name": "click", "args": [1, 2]}],
                "dimensions": {"width": 1024, "height": 768},
                "is_approved": approved,
            },
        )["id"]
        for name, approved in (("Morning", True), ("Noon", False))
    }
    assert ids(project.trajectories()) == listed(desk, "trajectories", "list")
    assert set(made.values()) <= set(ids(project.trajectories(workflow="note")))
    assert project.trajectories(workflow="look_up") == []
    assert made["Noon"] not in ids(project.trajectories(approved=True))
    assert ids(project.trajectories(approved=False)) == listed(
        desk, "trajectories", "list", "--unapproved"
    )
    assert ids(project.trajectories(search="Morn")) == [made["Morning"]]
    for generated, option in ((True, "--generated"), (False, "--recorded")):
        assert ids(project.trajectories(generated=generated)) == listed(
            desk, "trajectories", "list", option
        )
    assert ids(project.trajectories(run=run)) == listed(
        desk, "trajectories", "list", "--run", run.id
    )
    assert project.trajectories(updated_since=datetime(2099, 1, 1, tzinfo=UTC)) == []
    one = project.get_trajectory("Morning")
    assert one == project.get_trajectory(made["Morning"])
    assert one.trajectory_data == [{"func_name": "click", "args": [1, 2]}]


def test_usage_is_what_the_command_sums_up(desk: ApiDesk, project: api.Project) -> None:
    project.run_many("note", [{"text": "a"}, {"text": "b"}], watch=True)
    project.run("look_up", DAY, secrets=PIN, watch=True)
    words = ("usage", "--from", "2027-01-01", "--to", "2028-01-01", "--json")
    told = json.loads(run_here(desk.root, *words).out)
    report = project.usage(since="2027-01-01", until=date(2028, 1, 1))
    assert isinstance(report, api.UsageReport)
    assert (report.since, report.until, report.mode) == (told["from"], told["to"], "simulated")
    assert {each.workflow: each.sums.runs for each in report.workflows} == {"note": 2, "look_up": 1}
    assert {each.title for each in report.workflows} == {"Note", "Look up"}
    for each, row in zip(report.workflows, told["items"], strict=True):
        sums = (each.sums.agentic_steps, each.sums.cached_steps, each.sums.cost_usd)
        assert each.workflow_id == row["workflow_id"]
        assert sums == (row["agentic_steps"], row["cached_steps"], row["cost_usd"])
        assert each.sums.has_unpriced == row["has_unpriced"]
    assert report.totals.runs == told["totals"]["runs"] == 3
    assert report.totals.cost_usd == told["totals"]["cost_usd"]
    assert report.service is not None
    assert report.service.total_agentic_steps == told["service"]["total_agentic_steps"]
    one = project.usage(since="2027-01-01", until="2028-01-01", workflow="note", mode="billed")
    assert [each.workflow for each in one.workflows] == ["note"] and one.service is None
    assert project.usage(since="2098-12-01", until="2099-01-01").totals.runs == 0


def test_a_service_without_prices_is_told_to_the_log(
    desk: ApiDesk, project: api.Project, caplog: pytest.LogCaptureFixture
) -> None:
    desk.faults = [Fault("GET /v1/usage/llm-costs", None, "status", status=403)]
    project.run("note", {"text": "a"}, watch=True)
    report = project.usage(since="2027-01-01", until="2028-01-01")
    assert (report.totals.cost_usd, report.totals.has_unpriced) == (None, None)
    assert report.totals.runs == 1 and "costs are missing" in caplog.text


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (
            lambda project: project.get_machine("desk-9"),
            api.NoSuchName,
            "there is no machine `desk-9`; there are no machines with a name",
        ),
        (
            lambda project: project.get_pool(UNKNOWN_ID),
            api.NoSuchName,
            f"there is no pool `{UNKNOWN_ID}` in this organisation",
        ),
        (
            lambda project: project.get_connection(UNKNOWN_ID),
            api.NoSuchName,
            f"there is no connection `{UNKNOWN_ID}` in this organisation",
        ),
        (
            lambda project: project.get_trajectory("Morning"),
            api.NoSuchName,
            "there is no trajectory `Morning`; there are no trajectories with a name",
        ),
        (
            lambda project: project.machines(status="conected"),
            api.NoSuchName,
            "`conected` is no status of a machine; `connected` exists",
        ),
        (
            lambda project: project.trajectories(workflow="notes"),
            api.NoSuchName,
            "there is no deployed workflow `notes`; `note` exists",
        ),
        (
            lambda project: project.usage(since="2027-02-01", until="2027-01-01"),
            api.NoPeriod,
            "the period ends at 2027-01-01T00:00:00.000000Z, which is not after its beginning at "
            "2027-02-01T00:00:00.000000Z",
        ),
        (
            lambda project: project.usage(until="0001-01-05"),
            api.NoPeriod,
            "the 30 days before 0001-01-05T00:00:00.000000Z begin before the year 1",
        ),
        (
            lambda project: project.usage(mode="both"),
            api.UnusableArguments,
            '`mode` takes "simulated" or "billed"',
        ),
    ],
)
def test_a_word_that_means_nothing_is_one_sentence(
    project: api.Project, ask: Callable[[Any], object], kind: type[api.FlowdslError], message: str
) -> None:
    with pytest.raises(api.FlowdslError) as failure:
        ask(project)
    assert (type(failure.value), str(failure.value)) == (kind, message)


def test_a_service_that_refuses_is_an_error_of_the_family(
    desk: ApiDesk, project: api.Project
) -> None:
    desk.faults = [Fault("GET /*", None, "status", status=403)]
    for ask in (
        project.machines,
        project.pools,
        project.connections,
        project.trajectories,
        project.usage,
    ):
        with pytest.raises(api.AuthenticationRefused):
            ask()


def test_the_awaited_methods_are_the_same(desk: ApiDesk) -> None:
    async def work() -> None:
        async with api.open_async_project(desk.root) as project:
            machines, pools, report = await asyncio.gather(
                project.machines(), project.pools(), project.usage()
            )
            assert machines == pools == [] and report.totals.runs == 0

    asyncio.run(work())
