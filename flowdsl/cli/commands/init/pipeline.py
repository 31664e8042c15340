"""The files of a pipeline, by what runs it."""

from __future__ import annotations

import json
import os
import re

from flowdsl.source.record import Record

from .shipped import pipeline

GITLAB_ENTRY = ".gitlab-ci.yml"
NO_COMMIT = "0" * 40
"""Stands for the commit of FlowDSL that somebody reviewed; it fetches nothing."""


class Pipeline(Record):
    """`files` by their paths from the top of the repository, `remarks` about what is left to do."""

    files: dict[str, str]
    remarks: tuple[str, ...]


def pipeline_of(ci: str, folder: str, top: str) -> Pipeline:
    """The pipeline `ci` of the project in `folder`, a POSIX path from the top of the repository.

    `top` is that top, whose own `.gitlab-ci.yml` stays as it is.
    """
    if ci == "github":
        return _github(folder)
    return _gitlab(folder, os.path.lexists(os.path.join(top, GITLAB_ENTRY)))


def _github(folder: str) -> Pipeline:
    text = pipeline("github-workflow-git-state.yml")
    text = text.replace("Copy to .github/workflows/flowdsl.yml. ", "", 1)
    if folder:
        where = f"working-directory: {json.dumps(folder)}"
        text = re.sub(r"(?m)^( +)command: \w+\n", lambda at: f"{at[0]}{at[1]}{where}\n", text)
    return Pipeline(
        {".github/workflows/flowdsl.yml": text},
        (
            "replace `owner/flowdsl@0000...` in the workflow by the repository and commit "
            "of FlowDSL that you reviewed",
            "make the environments `prod` and `prod-plan` with the secret CYBERDESK_API_KEY",
        ),
    )


def _gitlab(folder: str, has_entry: bool) -> Pipeline:
    lines = [
        "include:",
        "  - local: .gitlab/flowdsl.yml",
        "    inputs:",
        "      environment: prod",
        *([f"      working-directory: {json.dumps(folder)}"] if folder else []),
        "      # Where git gets FlowDSL, and the commit of it that you reviewed.",
        "      flowdsl-repository: https://git.acme.test/tools/flowdsl.git",
        f'      flowdsl-commit: "{NO_COMMIT}"',
    ]
    entry = "".join(f"{line}\n" for line in lines)
    files = {".gitlab/flowdsl.yml": pipeline("gitlab-ci.yml")}
    todo = "make the variable CYBERDESK_API_KEY for the scopes `prod` and `prod/plan`"
    if has_entry:
        shown = "".join(f"\n    {line}" for line in lines)
        return Pipeline(files, (f"add to `{GITLAB_ENTRY}`:{shown}", todo))
    return Pipeline(
        {GITLAB_ENTRY: entry, **files},
        (f"name the repository and the commit of FlowDSL in `{GITLAB_ENTRY}`", todo),
    )
