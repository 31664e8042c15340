"""The data between a workflow of the service and its source text."""

from __future__ import annotations

from typing import Any

from flowdsl.ir import nodes
from flowdsl.source.record import Record

NOWHERE = nodes.Origin(path="", start_line=1, start_column=1, end_line=1, end_column=1)
"""The origin of nodes that were not read from source."""


class Picture(Record):
    """A picture that a prompt shows: its content, and the file name it gets in a project."""

    name: str
    content: bytes


class PromptHints(Record):
    """What the rest of a workflow tells about the variables in its prompt.

    Fields have their wire names; `inputs` and `outputs` are None where the schema does not say
    which there are. The descriptions of `outputs` still have the sentences that code generation
    adds. `pictures` are by their addresses in the prompt, as in `src`.
    """

    inputs: tuple[nodes.FieldSpec, ...] | None
    secrets: tuple[nodes.FieldSpec, ...]
    outputs: tuple[nodes.FieldSpec, ...] | None
    pictures: dict[str, Picture]

    def names(self) -> tuple[list[str], list[str]]:
        """The names of the known inputs, and of the known secrets."""
        return [each.name for each in self.inputs or ()], [each.name for each in self.secrets]


class PromptProgram(Record):
    """A prompt that FlowDSL wrote, as the parts of `ir.nodes.Workflow` that it was written from.

    `emit_prompt` of a workflow with these parts gives the prompt back. `untrusted` are the names of
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
    verbatim is named by one of the paths, spelled as in source (`./claims.prompt.md`). `comments`
    stand at the top of the file, one line each.
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
    """Something that the owner of an imported workflow should know.

    `workflow` is its name in source; `title` is set where the name does not tell which workflow it
    is. `weight`, `many` and `cause` are those of `notes.Remark`.
    """

    workflow: str
    message: str
    title: str | None = None
    weight: int = 0
    many: str = ""
    cause: str = ""


class ImportedProject(Record):
    """The files of a project by POSIX path, and notes on them.

    `addresses` are the ids that the service gave to workflows, by their names in source.
    """

    files: dict[str, bytes]
    notes: tuple[Note, ...]
    addresses: dict[str, str]


Payload = dict[str, Any]
"""The body of a workflow, as `POST /v1/workflows` takes it or a GET returns it."""
