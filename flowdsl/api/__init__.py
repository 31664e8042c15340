"""The supported Python interface: check and compile flows, run deployed workflows, verify webhooks.

Everything else in the package may change in any release.

    from flowdsl.api import check_text, compile_text

    for finding in check_text(source):
        print(finding.span.path, finding.span.first.line, finding.message)
    payload = compile_text(source).workflows[0].payload

Runs of a project, as `flowdsl run`, `runs` and `trace` create and show them:

    with open_project("desk", env="prod") as project:
        run = project.run("look_up", {"claim": "C4711"}, secrets={"pin": pin}, watch=True)
        print(run.status, run.output_data)

`open_async_project` is the same with `await`. Every expected failure is a `FlowdslError`; a call
that fails after it created runs raises `BrokenOff`, which holds them.

    event = verified_webhook(body, headers, secret)  # raises `NotGenuine`

Names that concern runs are imported on first use, so that importing this module stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from flowdsl.api.sources import SourceErrors, check_text, compile_text
from flowdsl.compiler.pipeline import (
    Analysis,
    Compilation,
    CompileOptions,
    analyze,
    compile_project,
)
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.runs.webhooks import NotGenuine, verified_webhook
from flowdsl.source.failure import FlowdslError
from flowdsl.source.files import FileSystem, MemoryFiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.api.async_project import AsyncProject, open_async_project
    from flowdsl.api.errors import (
        BrokenOff,
        ChainWaits,
        NotAllCancelled,
        OutcomeUnknown,
        RunDeleted,
        RunNotMade,
        StillRunning,
        UnusableArguments,
    )
    from flowdsl.api.made import carried_by
    from flowdsl.api.project import Project, open_project
    from flowdsl.api.results import NotMade, RunBatch, RunFile, RunTrace, SavedAttachments
    from flowdsl.cyberdesk.errors import (
        AuthenticationRefused,
        CyberdeskError,
        NotFound,
        ServiceUnreachable,
    )
    from flowdsl.cyberdesk.models.machine import Connection, Machine, Pool
    from flowdsl.cyberdesk.models.run import Run
    from flowdsl.cyberdesk.models.run_attachment import RunAttachment
    from flowdsl.cyberdesk.models.trajectory import Trajectory
    from flowdsl.host.environment import MissingKey
    from flowdsl.runs.inputs.places import InputsRefused, Problem
    from flowdsl.runs.names import NoSuchName
    from flowdsl.runs.resources.usage import NoPeriod, UsageReport, UsageSums, WorkflowUsage
    from flowdsl.runs.starting.deployed import NotDeployed
    from flowdsl.runs.starting.retrying import RunGoesOn
    from flowdsl.state.errors import StateError
    from flowdsl.workspace.environments import NoProject, NoSuchEnvironment, UnusableProject

__all__ = [
    "Analysis",
    "AsyncProject",
    "AuthenticationRefused",
    "BrokenOff",
    "ChainWaits",
    "Compilation",
    "CompileOptions",
    "Connection",
    "CyberdeskError",
    "Diagnostic",
    "FileSystem",
    "FlowdslError",
    "InputsRefused",
    "Machine",
    "MemoryFiles",
    "MissingKey",
    "NoPeriod",
    "NoProject",
    "NoSuchEnvironment",
    "NoSuchName",
    "NotAllCancelled",
    "NotDeployed",
    "NotFound",
    "NotGenuine",
    "NotMade",
    "OutcomeUnknown",
    "Pool",
    "Problem",
    "Project",
    "Run",
    "RunAttachment",
    "RunBatch",
    "RunDeleted",
    "RunFile",
    "RunGoesOn",
    "RunNotMade",
    "RunTrace",
    "SavedAttachments",
    "ServiceUnreachable",
    "SourceErrors",
    "StateError",
    "StillRunning",
    "Trajectory",
    "UnusableArguments",
    "UnusableProject",
    "UsageReport",
    "UsageSums",
    "WorkflowUsage",
    "analyze",
    "carried_by",
    "check_text",
    "compile_project",
    "compile_text",
    "open_async_project",
    "open_project",
    "verified_webhook",
]

_ON_USE = {
    "api.async_project": ("AsyncProject", "open_async_project"),
    "api.errors": (
        "BrokenOff",
        "ChainWaits",
        "NotAllCancelled",
        "OutcomeUnknown",
        "RunDeleted",
        "RunNotMade",
        "StillRunning",
        "UnusableArguments",
    ),
    "api.made": ("carried_by",),
    "api.project": ("Project", "open_project"),
    "api.results": ("NotMade", "RunBatch", "RunFile", "RunTrace", "SavedAttachments"),
    "cyberdesk.errors": (
        "AuthenticationRefused",
        "CyberdeskError",
        "NotFound",
        "ServiceUnreachable",
    ),
    "cyberdesk.models.machine": ("Connection", "Machine", "Pool"),
    "cyberdesk.models.run": ("Run",),
    "cyberdesk.models.run_attachment": ("RunAttachment",),
    "cyberdesk.models.trajectory": ("Trajectory",),
    "host.environment": ("MissingKey",),
    "runs.inputs.places": ("InputsRefused", "Problem"),
    "runs.names": ("NoSuchName",),
    "runs.resources.usage": ("NoPeriod", "UsageReport", "UsageSums", "WorkflowUsage"),
    "runs.starting.deployed": ("NotDeployed",),
    "runs.starting.retrying": ("RunGoesOn",),
    "state.errors": ("StateError",),
    "workspace.environments": ("NoProject", "NoSuchEnvironment", "UnusableProject"),
}
"""The names that are imported on first use, by the module that defines them."""

_MODULES = {name: module for module, names in _ON_USE.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import the value of a name of `_ON_USE`, and keep it in this module."""
    if name not in _MODULES:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    value = getattr(import_module(f"flowdsl.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
