"""The contents of a new project: `flowdsl.toml` and its flows; pipelines are in `pipelines`."""

from __future__ import annotations

import re

from flowdsl.config.toml_text import toml_string
from flowdsl.host.disk import PROJECT_FILE
from flowdsl.source.record import Record

from .shipped import read_example_files
from .templates import workflow_template

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


def project_files(wanted: NewProject) -> dict[str, bytes]:
    """The files of the project by their paths, without pipeline and `.gitignore`."""
    if wanted.is_empty:
        return {PROJECT_FILE: _project_file(wanted).encode()}
    if wanted.example is None:
        flow = workflow_template(WORKFLOW).encode()
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
