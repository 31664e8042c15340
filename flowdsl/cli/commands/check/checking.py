"""Checking a target: with the index of its project, or file by file."""

from __future__ import annotations

from flowdsl.diagnostics.findings import Findings

from ...runtime.target import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.config.project import Environment


INDEX_FROM = 50
"""Flows from which a project gets an index; fewer are checked before one is read."""


def check_target(target: Target, environment: Environment | None, jobs: int | None) -> Findings:
    """What is found in a target. All flows of a large project are checked with its index, by up to `jobs` processes."""
    if target.whole and len(target.entries) >= INDEX_FROM:
        from time import time_ns

        from flowdsl.host.disk import PROJECT_FILE
        from flowdsl.incremental.check import check_project

        text = target.files.read_text(PROJECT_FILE)
        return check_project(
            target.root,
            target.files,
            target.entries,
            text,
            lambda: target.options(environment),
            now=time_ns(),
            jobs=jobs,
        )
    from flowdsl.compiler.pipeline import analyze

    return analyze(target.files, target.entries, target.options(environment)).findings
