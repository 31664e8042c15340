"""Converts payloads of the service to the files of a project."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from hashlib import sha256

from flowdsl.config.toml_text import toml_string
from flowdsl.deploy.resources.workflow import UNTITLED
from flowdsl.semantics.capabilities import DOCUMENTED, Capabilities

from .layout import FOLDER
from .model import ImportedProject, Note, Payload
from .naming import Names, telling_title, workflow_name
from .notes import NAMED, Remark
from .payload import StoredWorkflow, read_workflow
from .payload import find_differing_fields as find_differing_fields
from .shapes import import_workflow


def import_workflows(
    payloads: Sequence[Payload],
    *,
    taken: Container[str] = (),
    name: str | None = None,
    capabilities: Capabilities = DOCUMENTED,
    project: str | None = None,
) -> ImportedProject:
    """Return the files of a project that compiles to `payloads`, whose order does not matter.

    `taken` are the names of workflows that the project already has. `name` is the name for a single
    workflow. With `project`, the name of a new project, a project file is added. Raises
    `ImportProblem` if a payload is not a workflow.
    """
    read = [
        (read_workflow(payload, f"workflow {number}"), payload)
        for number, payload in enumerate(payloads, 1)
    ]
    read.sort(key=lambda pair: _workflow_sort_key(*pair))
    titles = Counter(stored.name for stored, _ in read if stored.name)
    names = Names(taken)
    files: dict[str, bytes] = {}
    notes: list[Note] = []
    addresses: dict[str, str] = {}
    for stored, payload in read:
        wished = name if len(read) == 1 else None
        given = names.give(_name_for_workflow(stored) if wished is None else wished)
        title = telling_title(stored.name) if wished is None and stored.name else None
        imported = import_workflow(given, stored, payload, capabilities)
        files |= imported.files
        remarks = list(imported.remarks)
        if stored.name and titles[stored.name] > 1:
            remarks.append(
                Remark(NAMED, f"{titles[stored.name]} workflows are called `{stored.name}`")
            )
        if title is not None:
            remarks.append(Remark(NAMED, "the title has too few Latin letters for a name"))
        remarks.sort(key=lambda remark: remark.weight)
        notes += [
            Note(given, each.message, title, each.weight, each.many, each.cause) for each in remarks
        ]
        if stored.id is not None:
            addresses[given] = stored.id
    if project is not None:
        files |= _project_files(project, files)
    return ImportedProject(dict(sorted(files.items())), tuple(notes), addresses)


def _workflow_sort_key(stored: StoredWorkflow, payload: Payload) -> tuple[str, str, str]:
    return _name_for_workflow(stored), stored.id or "", json.dumps(payload, sort_keys=True)


def _name_for_workflow(stored: StoredWorkflow) -> str:
    return workflow_name(stored.name or UNTITLED)


def _project_files(name: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the project file, and the git rule that keeps line breaks in verbatim prompts."""
    digest = sha256(name.encode())
    for path in sorted(files):
        digest.update(path.encode() + b"\0" + files[path] + b"\0")
    lines = [
        "[project]",
        f"name = {toml_string(name)}",
        f'id = "prj_{digest.hexdigest()[:8]}"',
        f'flows = ["{FOLDER}/**/*.flow"]',
        "",
        "[env.local]",
        'api = "local"',
        "",
    ]
    return {
        "flowdsl.toml": "\n".join(lines).encode(),
        ".gitattributes": f"{FOLDER}/*.prompt.md -text\n".encode(),
    }
