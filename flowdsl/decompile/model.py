"""What is known of a workflow between the service and source text."""

from __future__ import annotations

from typing import Any

from flowdsl.ir import nodes
from flowdsl.source.record import Record

NOWHERE = nodes.Origin(path="", start_line=1, start_column=1, end_line=1, end_column=1)
"""The origin of what was not read from source."""


class Picture(Record):
    """A picture that a prompt shows: its content, and the file name it gets in a project."""

    name: str
    content: bytes


class PromptHints(Record):
    """What the rest of a workflow tells about the variables in its prompt.

    Fields are under their wire names; None where a schema does not say which there are. `outputs` are the fields of the output
    schema with the sentences that code generation adds still in their descriptions. `pictures` are by address, as in `src`.
    """

    inputs: tuple[nodes.FieldSpec, ...] | None
    secrets: tuple[nodes.FieldSpec, ...]
    outputs: tuple[nodes.FieldSpec, ...] | None
    pictures: dict[str, Picture]

    def names(self) -> tuple[list[str], list[str]]:
        """The names of inputs and of secrets, as far as they are known."""
        return [each.name for each in self.inputs or ()], [each.name for each in self.secrets]


class PromptProgram(Record):
    """A prompt that FlowDSL wrote, as the parts of `ir.nodes.Workflow` it was written from.

    `emit_prompt` of a workflow with these parts gives the prompt back. `untrusted` are the inputs that were marked so.
    """

    title: str
    description: str | None
    rules: tuple[nodes.Text, ...]
    body: nodes.Body
    sources: tuple[nodes.OutputSource, ...]
    untrusted: frozenset[str]


class FlowFile(Record):
    """A workflow to be written as one `.flow` file.

    Of `workflow`, `prompt`, `input_schema` and `output_schema` are None: what is taken verbatim is named by the paths, written as
    they stand in the source (`./claims.prompt.md`). `comments` stand at the top of the file, one line each.
    """

    workflow: nodes.Workflow
    prompt_file: str | None = None
    inputs_file: str | None = None
    outputs_file: str | None = None
    checks_file: str | None = None
    extra_file: str | None = None
    untrusted: frozenset[str] = frozenset()
    comments: tuple[str, ...] = ()


class Note(Record):
    """Something about an imported workflow that its owner should know.

    `workflow` is its name in source; `title` is set where that does not tell which one it is. `weight`, `many` and `cause` are those
    of `notes.Remark`.
    """

    workflow: str
    message: str
    title: str | None = None
    weight: int = 0
    many: str = ""
    cause: str = ""


class ImportedProject(Record):
    """The files of a project by POSIX path, and what to tell about them. `addresses` are the ids of the service by workflow name."""

    files: dict[str, bytes]
    notes: tuple[Note, ...]
    addresses: dict[str, str]


Payload = dict[str, Any]
"""The body of a workflow, as `POST /v1/workflows` takes it or as a GET gives it."""
