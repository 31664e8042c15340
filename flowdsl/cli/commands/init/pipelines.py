"""The CI pipelines that come with a new project."""

from __future__ import annotations

import json
import os
import re

from flowdsl.source.record import Record

from .shipped import read_pipeline_text

GITLAB_ENTRY = ".gitlab-ci.yml"

NO_COMMIT = "0" * 40
"""A placeholder for the commit of FlowDSL that somebody reviewed; it cannot be fetched."""


class Pipeline(Record):
    """The `files` by their paths from the top of the repository, and `remarks` on further steps."""

    files: dict[str, str]
    remarks: tuple[str, ...]


def pipeline_of(ci: str, folder: str, top: str) -> Pipeline:
    """Make the pipeline `ci` for the project in `folder`.

    `folder` is a POSIX path relative to `top`, the top of the repository. An existing
    `.gitlab-ci.yml` in `top` is not changed.
    """
    if ci == "github":
        return _github_pipeline(folder)
    return _gitlab_pipeline(folder, os.path.lexists(os.path.join(top, GITLAB_ENTRY)))


def _github_pipeline(folder: str) -> Pipeline:
    text = read_pipeline_text("github-workflow-git-state.yml")
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


def _gitlab_pipeline(folder: str, has_entry: bool) -> Pipeline:
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
    files = {".gitlab/flowdsl.yml": read_pipeline_text("gitlab-ci.yml")}
    todo = "make the variable CYBERDESK_API_KEY for the scopes `prod` and `prod/plan`"
    if has_entry:
        shown = "".join(f"\n    {line}" for line in lines)
        return Pipeline(files, (f"add to `{GITLAB_ENTRY}`:{shown}", todo))
    return Pipeline(
        {GITLAB_ENTRY: entry, **files},
        (f"name the repository and the commit of FlowDSL in `{GITLAB_ENTRY}`", todo),
    )
