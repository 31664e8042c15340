"""The contents of a new project: `flowdsl.toml`, its flows, and the pipeline that deploys it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from flowdsl.config.toml_text import toml_string
from flowdsl.explain.guides import find_shipped
from flowdsl.host.disk import PROJECT_FILE
from flowdsl.source.record import Record

WORKFLOW = "record_status"
"""The workflow of a project that is not based on an example."""

STATE = "git+ref://origin/refs/flowdsl/prod"
"""Where a pipeline keeps state; it needs no cloud storage."""

_SERVICE = """\
[env.prod]
api = "https://api.cyberdesk.io"
api_key = { env = "CYBERDESK_API_KEY" }
protected = true
"""


class NewProject(Record):
    """The choices for a new project: `example` and `ci` are None if not wanted.

    An empty project has the project file alone; it has no `example`.
    """

    name: str
    id: str
    example: str | None
    ci: str | None
    is_empty: bool = False


def fill_template(kind: str, name: str) -> str:
    """A file with the workflow, task or chain `name`, which passes `check` unchanged.

    The workflow has tests, and the chain its workflows `<name>_find` and `<name>_close`.
    """
    title = re.sub("_+", " ", name).strip().capitalize() or name
    words = {"NAME": name, "TITLE": title}
    template = Path(__file__).with_name("templates") / f"{kind}.flow"
    text = template.read_text(encoding="utf-8")
    return re.sub("NAME|TITLE", lambda word: words[word[0]], text)


def project_files(wanted: NewProject) -> dict[str, bytes]:
    """The files of the project by their paths, without pipeline and `.gitignore`."""
    if wanted.is_empty:
        return {PROJECT_FILE: _project_file(wanted).encode()}
    if wanted.example is None:
        flow = fill_template("workflow", WORKFLOW).encode()
        return {PROJECT_FILE: _project_file(wanted).encode(), f"flows/{WORKFLOW}.flow": flow}
    files = read_example_files(wanted.example)
    text = _adapt_example(files[PROJECT_FILE].decode(), wanted)
    return files | {PROJECT_FILE: text.encode()}


def _project_file(wanted: NewProject) -> str:
    service = _SERVICE
    if wanted.ci is None:
        service = "".join(f"# {line}\n" for line in service.splitlines())
    else:
        service = _add_pipeline_state(service)
    return f"""\
[project]
name = {toml_string(wanted.name)}
id = "{wanted.id}"
flows = ["flows/**/*.flow"]

# The embedded Cyberdesk: nothing to install, nothing to start.
[env.local]
api = "local"

# The service. The key is read from the environment variable, never from this file.
{service}"""


def _adapt_example(text: str, wanted: NewProject) -> str:
    """Fit the project file of an example to a new project.

    It gets another name and id, since its own id may be in use, and state for a wanted pipeline.
    """
    own = {"name": toml_string(wanted.name), "id": f'"{wanted.id}"'}
    project, table, rest = text.partition("\n[env.")
    project = re.sub(r"(?m)^(name|id) = .*$", lambda key: f"{key[1]} = {own[key[1]]}", project)
    renamed = project + table + rest
    return renamed if wanted.ci is None else _add_pipeline_state(renamed)


def _add_pipeline_state(text: str) -> str:
    """Make the environment `prod` of a project file keep state where a pipeline finds it again."""
    head, table, rest = text.partition("[env.prod]\n")
    state = (
        "# On a ref of the repository; `s3://`, `gs://` and `az://` name a bucket instead.\n"
        f'state = "{STATE}"\n'
    )
    return head + table + re.sub(r"(?m)^api_key = .*\n", lambda key: key[0] + state, rest, count=1)


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
    text = _read_pipeline("github-workflow-git-state.yml")
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
    files = {".gitlab/flowdsl.yml": _read_pipeline("gitlab-ci.yml")}
    todo = "make the variable CYBERDESK_API_KEY for the scopes `prod` and `prod/plan`"
    if has_entry:
        shown = "".join(f"\n    {line}" for line in lines)
        return Pipeline(files, (f"add to `{GITLAB_ENTRY}`:{shown}", todo))
    return Pipeline(
        {GITLAB_ENTRY: entry, **files},
        (f"name the repository and the commit of FlowDSL in `{GITLAB_ENTRY}`", todo),
    )


EXAMPLES = {
    "clinic": "clinic",
    "accounts": "accounts-payable",
    "reports": "claims-reports",
}
"""The folder of each example, by its name on the command line."""

LOCAL_STATE = ".flowdsl"
"""The folder that deploying from a checkout leaves in an example; it is not copied."""


def _read_pipeline(name: str) -> str:
    return find_shipped(f"docs/ci/{name}").read_text(encoding="utf-8")


def read_example_files(name: str) -> dict[str, bytes]:
    """The files of an example by their POSIX paths."""
    folder = find_shipped("examples") / EXAMPLES[name]
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    return {
        path: file.read_bytes()
        for path, file in files.items()
        if file.is_file() and not path.startswith(f"{LOCAL_STATE}/")
    }
