"""The check and the compilation of a project with its index."""

from __future__ import annotations

import os

from .target import CommandTarget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.config.project import Environment
    from flowdsl.incremental.check import Request
    from flowdsl.incremental.compiling import Compiled

INDEX_FROM = 50
"""The number of flows from which a project gets an index; fewer are checked in less time than the
index takes to read."""


def has_index(target: CommandTarget) -> bool:
    """Whether a target is a project that is large enough for an index."""
    return target.whole and len(target.entries) >= INDEX_FROM


def make_request(
    target: CommandTarget, environment: Environment | None, jobs: int | None = None
) -> Request:
    """Return the request to look at all flows of a project, up to `jobs` processes sharing them."""
    from time import time_ns

    from flowdsl.host.disk import PROJECT_FILE
    from flowdsl.host.environment import in_ci
    from flowdsl.host.machine_secret import machine_secret
    from flowdsl.incremental.check import Request

    # A CI build starts from a fresh checkout, so it has no index to reuse.
    secret = None if in_ci(os.environ) else machine_secret(target.root, os.environ)
    return Request(
        target.root,
        target.files,
        target.entries,
        target.files.read_text(PROJECT_FILE),
        lambda: target.options(environment),
        time_ns(),
        secret,
        jobs,
    )


def compile_target(
    target: CommandTarget, environment: Environment | None, *, by_content: bool
) -> Compiled:
    """Compile a target for an environment, a large project with its index.

    With `by_content` the index counts for files whose bytes are the same, and not for those of the
    same size and time. Rules of plugins are code that no index depends on, so there is none.
    """
    if has_index(target) and not target.rules:
        from flowdsl.incremental.compiling import compile_with_index

        settings = {}
        if environment is not None:
            settings = {f"vars.{name}": value for name, value in environment.vars.items()}
            settings["environment"] = environment.name
        return compile_with_index(
            make_request(target, environment), settings, by_content=by_content
        )
    from flowdsl.compiler.pipeline import compile_project
    from flowdsl.incremental.compiling import compiled_at_once
    from flowdsl.source.files import NotedFiles

    read: set[str] = set()
    files = NotedFiles(target.files, read)
    compilation = compile_project(files, target.entries, target.options(environment))
    return compiled_at_once(compilation, read)
