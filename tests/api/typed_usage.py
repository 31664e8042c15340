"""What a program writes that uses `flowdsl.api`; mypy checks it with the package, nobody runs it.

A line that has to be wrong carries the error that is expected: strict mode refuses a comment that
suppresses nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_type

from flowdsl import api
from flowdsl.api import open_async_project, open_project


def plain(pin: str) -> None:
    with open_project("desk", env="prod") as project:
        assert_type(project, api.Project)
        run = project.run(
            "look_up",
            {"claim": "C4711", "day": datetime.date(2026, 3, 1), "tags": ["a", {"b": None}]},
            secrets={"pin": pin},
            files=[api.RunFile(Path("scan.png"), input="scan", remove_after=True)],
            pool=["night shift", "dental"],
            watch=True,
            timeout=600,
            on_change=lambda run: print(run.status),
        )
        assert_type(run, api.Run)
        assert_type(run.output_data, dict[str, Any] | None)
        batch = project.run_many("look_up", [{"claim": "C1"}, {"claim": "C2"}], watch=True)
        assert_type(batch, api.RunBatch)
        assert_type(batch.not_made, tuple[api.NotMade, ...])
        assert_type(project.run_chain("month_end").runs, tuple[api.Run, ...])
        project.run_chain("month_end", answers={"note": "n", "code": lambda: input("code: ")})
        assert_type(project.runs(since=datetime.date(2026, 3, 1), limit=None), list[api.Run])
        assert_type(project.watch(run, run.id, timeout=1.5), list[api.Run])
        assert_type(project.retry(run, {"claim": "C2"}, leave_session=True), api.Run)
        assert_type(project.cancel(run.id), list[api.Run])
        assert_type(project.attachments(run, type="output"), list[api.RunAttachment])
        assert_type(project.save_attachments(run, Path("out")).paths[run.id], Path)
        trace = project.trace(run, screenshots=True)
        assert_type(trace, api.RunTrace)
        if trace.failed_at is not None:
            assert_type(trace.failed_at.start_line, int)
        assert_type(trace.to_html(), str)


def resources(project: api.Project, run: api.Run) -> None:
    assert_type(project.machines(status="connected", pool="night"), list[api.Machine])
    assert_type(project.get_machine("desk-1").name, str | None)
    assert_type(project.pools(machine="desk-1"), list[api.Pool])
    assert_type(project.get_pool("night"), api.Pool)
    assert_type(project.connections(machine="desk-1"), list[api.Connection])
    assert_type(project.get_connection("c"), api.Connection)
    assert_type(project.trajectories(run=run, approved=True), list[api.Trajectory])
    assert_type(project.get_trajectory("Morning"), api.Trajectory)
    report = project.usage(since=datetime.date(2026, 3, 1), mode="billed")
    assert_type(report, api.UsageReport)
    assert_type(report.totals, api.UsageSums)
    assert_type(report.workflows, tuple[api.WorkflowUsage, ...])
    assert_type(report.workflows[0].sums.cost_usd, float | None)
    project.machines(name=3)  # type: ignore[arg-type]
    project.usage(mode="both")  # type: ignore[arg-type]


def wrong(project: api.Project, run: api.Run) -> None:
    project.run("look_up", input={"claim": "C1"})  # type: ignore[call-arg]
    project.run("look_up", ["C1"])  # type: ignore[arg-type]
    project.run("look_up", secrets={"pin": 4711})  # type: ignore[dict-item]
    project.run(run)  # type: ignore[arg-type]
    project.run_chain("month_end", answers=["n"])  # type: ignore[arg-type]
    project.runs(sort="newest")  # type: ignore[arg-type]
    project.attachments(run, type="both")  # type: ignore[arg-type]
    print(run.outputs)  # type: ignore[attr-defined]


async def asynchronous() -> None:
    async with open_async_project(Path("desk")) as project:
        assert_type(project, api.AsyncProject)
        run = await project.run("look_up", {"claim": "C4711"}, watch=True)
        assert_type(run, api.Run)
        assert_type(await project.runs(workflow="look_up"), list[api.Run])
        assert_type(await project.machines(), list[api.Machine])
        assert_type(await project.usage(), api.UsageReport)

        async def listen(run: api.Run) -> None:
            print(run.status)

        await project.watch(run, on_change=listen)
        print(project.run("look_up").status)  # type: ignore[attr-defined]


def failures(project: api.Project) -> str:
    try:
        project.run("look_up", watch=True, timeout=60)
    except api.InputsRefused as refused:
        return "\n".join(assert_type(problem, api.Problem).line() for problem in refused.problems)
    except api.NoSuchName as none:
        return assert_type(none.candidates, tuple[str, ...])[0]
    except api.StillRunning as late:
        assert_type(late.rows, Mapping[str, int])
        return assert_type(late.runs, tuple[api.Run, ...])[0].id
    except api.OutcomeUnknown as unknown:
        return unknown.candidates[0].id
    except api.BrokenOff as broken:
        assert_type(broken.not_made, tuple[api.NotMade, ...])
        return assert_type(broken.batch, api.RunBatch).runs[0].id
    except api.RunNotMade as refused:
        return str(assert_type(refused.status, int | None))
    except api.CyberdeskError as error:
        return str(assert_type(error.status, int | None))
    except api.FlowdslError as failure:
        return str(failure)
    except KeyboardInterrupt as interrupt:
        return str(assert_type(api.carried_by(interrupt), api.RunBatch | None))
    return ""


def webhook(body: bytes, headers: dict[str, str], secret: str) -> dict[str, Any]:
    try:
        return assert_type(api.verified_webhook(body, headers, secret), dict[str, Any])
    except api.FlowdslError:
        return {}
