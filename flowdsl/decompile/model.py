"""Data types shared by the parsers of workflow payloads and the writers of source text."""

from __future__ import annotations

from typing import Any

from flowdsl.ir import nodes
from flowdsl.source.record import Record

NOWHERE = nodes.Origin(path="", start_line=1, start_column=1, end_line=1, end_column=1)
"""The origin of nodes that were not read from source."""


class PromptHints(Record):
    """What the other fields of a workflow say about the variables in its prompt.

    Fields have their wire names; `inputs` and `outputs` are None if the schema does not list its
    fields. The descriptions of `outputs` still contain the sentences that code generation adds.
    `pictures` maps addresses in the prompt (`src`) to the contents of pictures.
    """

    inputs: tuple[nodes.FieldSpec, ...] | None
    secrets: tuple[nodes.FieldSpec, ...]
    outputs: tuple[nodes.FieldSpec, ...] | None
    pictures: dict[str, bytes]

    def names(self) -> tuple[list[str], list[str]]:
        """Return the names of the known inputs, and of the known secrets."""
        return [each.name for each in self.inputs or ()], [each.name for each in self.secrets]


class PromptProgram(Record):
    """A parsed prompt of FlowDSL: the parts of `ir.nodes.Workflow` that it was written from.

    `emit_prompt` of a workflow with these parts returns the prompt. `untrusted` are the names of
    the inputs that were marked `@untrusted`.
    """

    title: str
    description: str | None
    rules: tuple[nodes.Text, ...]
    body: nodes.Body
    sources: tuple[nodes.OutputSource, ...]
    untrusted: frozenset[str]


class FlowFile(Record):
    """A workflow to be written as one `.flow` file.

    `workflow` has None for `prompt`, `input_schema` and `output_schema`: a part that is kept
    verbatim is named by one of the paths, spelled as in source (`./claims.prompt.md`).
    """

    workflow: nodes.Workflow
    prompt_file: str | None = None
    inputs_file: str | None = None
    outputs_file: str | None = None
    checks_file: str | None = None
    extra_file: str | None = None
    untrusted: frozenset[str] = frozenset()


class Note(Record):
    """Information for the owner of an imported workflow.

    `workflow` is its name in source; `title` is set if the name does not identify the workflow.
    `weight`, `many` and `cause` are those of `notes.Remark`.
    """

    workflow: str
    message: str
    title: str | None = None
    weight: int = 0
    many: str = ""
    cause: str = ""


class ImportedProject(Record):
    """The files of a project by POSIX path, and notes on them.

    `addresses` maps the names of workflows in source to their ids on the service.
    """

    files: dict[str, bytes]
    notes: tuple[Note, ...]
    addresses: dict[str, str]


Payload = dict[str, Any]
"""The body of a workflow, as `POST /v1/workflows` accepts it or a GET returns it."""
