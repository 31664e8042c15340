"""Checks of this machine and of the project in the working folder; nothing is sent."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from flowdsl import __version__
from flowdsl.compiler.pipeline import analyze
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.host.disk import PROJECT_FILE, find_root
from flowdsl.host.git import NoCheckout, checkout_at
from flowdsl.source.failure import FlowdslError
from flowdsl.source.record import Record
from flowdsl.workspace.environments import UnusableProject
from flowdsl.workspace.state import require_project_id

from ...runtime.target import CommandTarget, any_environment, open_flows, open_project

Outcome = Literal["ok", "note", "problem", "unknown"]
"""`note` is worth knowing and needs no action; `unknown` could not be found out."""


class DoctorResult(Record):
    """What one check found.

    `subject` names what was looked at, and `environment` whose it is, empty for what all share.
    `advice` says what to do, empty if there is nothing to do.
    """

    subject: str
    outcome: Outcome
    message: str
    advice: str = ""
    environment: str = ""


_EXTRAS = (
    ("cloud", "obstore", "state in a bucket (`s3://`, `gs://`, `az://`)"),
    ("watch", "watchfiles", "`flowdsl check --watch`"),
)
"""The extras of the installation: name, package, and what needs it."""


def check_installation() -> Iterator[DoctorResult]:
    """Look at Python, FlowDSL and its extras."""
    yield DoctorResult(
        "Python",
        "ok",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.prefix}",
    )
    yield DoctorResult("FlowDSL", "ok", __version__)
    for extra, package, needed_for in _EXTRAS:
        subject = f"the extra `{extra}`"
        try:
            yield DoctorResult(subject, "ok", f"{package} {version(package)}")
        except PackageNotFoundError:
            yield DoctorResult(
                subject,
                "note",
                f"it is not installed; {needed_for} needs it",
                f'where you use that: pip install "flowdsl[{extra}]"',
            )


def find_project() -> tuple[CommandTarget | None, list[DoctorResult]]:
    """Return the project of the working folder, None without a usable one, and what was found."""
    if find_root(os.curdir) is None:
        return None, [
            DoctorResult(
                "the project",
                "problem",
                f"there is no `{PROJECT_FILE}` in this folder or above it",
                "`flowdsl init` makes a project here; `flowdsl -C FOLDER doctor` looks elsewhere",
            )
        ]
    try:
        target = open_project(os.curdir)
    except FlowdslError as failure:  # `flows` names something else
        return None, [DoctorResult("the project", "problem", str(failure))]
    if target.project is None or target.problems:
        found = format_count(len(target.problems), "error")
        message = f"`{PROJECT_FILE}` has {found}, the first: {target.problems[0].message}"
        return None, [
            DoctorResult("the project", "problem", message, "`flowdsl check` shows where they are")
        ]
    name = f"{target.project.name}, in {target.root}"
    try:
        own_id = require_project_id(target.project)
    except UnusableProject as failure:
        result = DoctorResult("the project", "problem", f"{name}: {failure}")
    else:
        result = DoctorResult("the project", "ok", f"{name}, with the id {own_id}")
    return target, [result]


def check_flows(target: CommandTarget) -> DoctorResult:
    subject = "the flows"
    try:
        whole = open_flows()
    except FlowdslError as failure:
        help = "`flowdsl new workflow NAME` writes one, `flowdsl import` takes those of a dashboard"
        return DoctorResult(subject, "problem" if target.entries else "note", str(failure), help)
    environment = any_environment(whole.project, None)
    analysis = analyze(whole.files, whole.entries, whole.options(environment))
    files = format_count(len(whole.entries), "file")
    errors = sum(each.severity == "error" for each in analysis.diagnostics)
    if analysis.has_errors:
        found = format_count(errors, "error")
        return DoctorResult(subject, "problem", f"{found} in {files}", "`flowdsl check` shows them")
    workflows = format_count(len(analysis.model.workflows), "workflow")
    return DoctorResult(subject, "ok", f"{workflows} in {files}, no error")


def check_git(target: CommandTarget) -> DoctorResult:
    subject = "git"
    try:
        checkout = checkout_at(target.root, target.libraries.values())
    except NoCheckout as reason:
        return DoctorResult(
            subject,
            "note",
            f"{reason}; a deploy cannot say which commit it is of, nor notice an older one",
            "`git init`, and a first commit",
        )
    commit = checkout.commit[:12]
    if checkout.shallow:
        return DoctorResult(
            subject,
            "problem",
            f"{commit}, in a shallow clone: whether a deploy goes back in history is not known",
            "clone the whole history (`git fetch --unshallow`; in CI `fetch-depth: 0`)",
        )
    if checkout.dirty:
        return DoctorResult(subject, "note", f"{commit}, with changes that no commit has yet")
    return DoctorResult(subject, "ok", f"{commit}, nothing uncommitted")
