"""Checks of this machine and of the project in the working folder; nothing is sent."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from flowdsl import __version__
from flowdsl.compiler.pipeline import analyze
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.host.disk import PROJECT_FILE, find_root
from flowdsl.host.git import NoCheckout, checkout_at
from flowdsl.source.failure import FlowdslError
from flowdsl.workspace.environments import UnusableProject
from flowdsl.workspace.state import require_project_id

from ...runtime.environments import any_environment
from ...runtime.target import CommandTarget, open_flows, open_project
from .result import Result

_EXTRAS = (
    ("cloud", "obstore", "state in a bucket (`s3://`, `gs://`, `az://`)"),
    ("watch", "watchfiles", "`flowdsl check --watch`"),
)
"""The extras of the installation: name, package, and what needs it."""


def check_installation() -> Iterator[Result]:
    """Look at Python, FlowDSL and its extras."""
    yield Result(
        "Python",
        "ok",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.prefix}",
    )
    yield Result("FlowDSL", "ok", __version__)
    for extra, package, needed_for in _EXTRAS:
        subject = f"the extra `{extra}`"
        try:
            yield Result(subject, "ok", f"{package} {version(package)}")
        except PackageNotFoundError:
            yield Result(
                subject,
                "note",
                f"it is not installed; {needed_for} needs it",
                f'where you use that: pip install "flowdsl[{extra}]"',
            )


def find_project() -> tuple[CommandTarget | None, list[Result]]:
    """Return the project of the working folder, None without a usable one, and what was found."""
    if find_root(os.curdir) is None:
        return None, [
            Result(
                "the project",
                "problem",
                f"there is no `{PROJECT_FILE}` in this folder or above it",
                "`flowdsl init` makes a project here; `flowdsl -C FOLDER doctor` looks elsewhere",
            )
        ]
    target = open_project(os.curdir)
    if target.project is None or target.problems:
        found = format_count(len(target.problems), "error")
        message = f"`{PROJECT_FILE}` has {found}, the first: {target.problems[0].message}"
        return None, [
            Result("the project", "problem", message, "`flowdsl check` shows where they are")
        ]
    name = f"{target.project.name}, in {target.root}"
    try:
        own_id = require_project_id(target.project)
    except UnusableProject as failure:
        result = Result("the project", "problem", f"{name}: {failure}")
    else:
        result = Result("the project", "ok", f"{name}, with the id {own_id}")
    return target, [result]


def check_flows(target: CommandTarget) -> Result:
    """Check the flows of the project."""
    subject = "the flows"
    try:
        whole = open_flows()
    except FlowdslError as failure:
        help = "`flowdsl new workflow NAME` writes one, `flowdsl import` takes those of a dashboard"
        return Result(subject, "problem" if target.entries else "note", str(failure), help)
    environment = any_environment(whole.project, None)
    analysis = analyze(whole.files, whole.entries, whole.options(environment))
    files = format_count(len(whole.entries), "file")
    errors = sum(each.severity == "error" for each in analysis.diagnostics)
    if analysis.has_errors:
        found = format_count(errors, "error")
        return Result(subject, "problem", f"{found} in {files}", "`flowdsl check` shows them")
    workflows = format_count(len(analysis.model.workflows), "workflow")
    return Result(subject, "ok", f"{workflows} in {files}, no error")


def check_git(target: CommandTarget) -> Result:
    """Look at the checkout around the project."""
    subject = "git"
    try:
        checkout = checkout_at(target.root, target.libraries.values())
    except NoCheckout as reason:
        return Result(
            subject,
            "note",
            f"{reason}; a deploy cannot say which commit it is of, nor notice an older one",
            "`git init`, and a first commit",
        )
    commit = checkout.commit[:12]
    if checkout.shallow:
        return Result(
            subject,
            "problem",
            f"{commit}, in a shallow clone: whether a deploy goes back in history is not known",
            "clone the whole history (`git fetch --unshallow`; in CI `fetch-depth: 0`)",
        )
    if checkout.dirty:
        return Result(subject, "note", f"{commit}, with changes that no commit has yet")
    return Result(subject, "ok", f"{commit}, nothing uncommitted")
