"""Imports one workflow in the best shape that compiles to its payload.

The prompt, the two schemas and the checks can each be written in source or be kept in a file; a
shape says which. Shapes are tried from everything in source to everything in files: each is
written, compiled and compared, and the parts that cause a difference are kept in files in the next
one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flowdsl.deploy.resources.workflow import CHECKS
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.suggest import join_names
from flowdsl.format.literals import value_literal
from flowdsl.ir import nodes
from flowdsl.ir.walk import statements
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.source.record import Record
from flowdsl.syntax import ast

from .checks import ReadChecks, find_renamed_inputs, read_checks
from .fields import Fields, SchemaFields, loose_fields, read_inputs, read_outputs, split_secrets
from .layout import (
    FOLDER,
    Shape,
    WorkflowParts,
    compile_written_files,
    file_name,
    lay_out_source,
)
from .model import Payload, PromptHints
from .notes import KEPT, LOST, PASSED, RISKY, WRONG, FieldReason, Remark
from .payload import CLEANUP, Schema, StoredWorkflow, find_differing_fields
from .prompt_notes import backslash_remarks, has_frames, prompt_remarks
from .reading.prompt import read_prompt
from .settings import read_settings
from .writing.writer import write_flow

_SCHEMA_IN_A_TEXT = FieldReason("is no JSON object", "schemas that are no JSON objects")


class Imported(Record):
    """The files of one workflow by path, and remarks on it."""

    files: dict[str, bytes]
    remarks: tuple[Remark, ...]


def import_workflow(
    name: str,
    stored: StoredWorkflow,
    payload: Payload,
    capabilities: Capabilities,
) -> Imported:
    """Import `payload` as the workflow called `name`."""
    hints = read_hints(stored, {})
    parts = WorkflowParts(
        name=name,
        stored=stored,
        settings=read_settings(stored),
        hints=hints,
        checks=read_checks(stored, hints),
        program=read_prompt(stored.prompt, hints, capabilities),
    )
    return _Import(parts, payload | {"tags": list(stored.tags)}, capabilities).run()


def read_hints(stored: StoredWorkflow, pictures: Mapping[str, bytes]) -> PromptHints:
    """Return what the other fields of a workflow say about the variables in its prompt."""
    read = _read_input_schema(stored.input_schema, restricted=True)
    inputs: Fields | None
    if isinstance(read, SchemaFields):
        inputs, secrets = read.inputs, read.secrets
    else:
        inputs = _list_fields(stored.input_schema)
        inputs, secrets = (None, ()) if inputs is None else split_secrets(inputs)
    return PromptHints(
        inputs=inputs,
        secrets=secrets,
        outputs=_list_fields(stored.output_schema),
        pictures=dict(pictures),
    )


def _list_fields(schema: Schema | None) -> Fields | None:
    """Return the fields of a schema without constraints and defaults; None if it names none."""
    return () if schema is None else loose_fields(schema.document)


def _read_input_schema(schema: Schema | None, *, restricted: bool) -> SchemaFields | FieldReason:
    if schema is None:
        return SchemaFields()
    if schema.document is None:
        return _SCHEMA_IN_A_TEXT
    return read_inputs(schema.document, restricted=restricted)


class _ShapeOutcome(Record):
    """The result of trying a shape: its files, its faults, and the parts that cause them.

    `mistakes` are the names of the errors that the workflow has as it is, one for each.
    """

    files: dict[str, bytes]
    blamed: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()


class _Import:
    """The import of one workflow."""

    def __init__(self, parts: WorkflowParts, payload: Payload, capabilities: Capabilities) -> None:
        self._parts = parts
        self._payload = payload
        self._capabilities = capabilities
        self._why: dict[str, str] = {}
        self._inputs: dict[bool, SchemaFields | FieldReason] = {}

    def run(self) -> Imported:
        """Return the files of the best shape that compiles to the payload, or of the last shape."""
        parts = self._parts
        best = Shape(
            statements=parts.program is not None,
            inputs=self._can_declare(self._read_inputs(restricted=parts.program is not None)),
            outputs=True,
            checks=isinstance(parts.checks, ReadChecks),
        )
        shape = best
        while True:
            outcome = self._try_shape(shape)
            if not outcome.problems:
                break
            for part in outcome.blamed:
                self._why.setdefault(part, outcome.problems[0])
            worse = _next_shape_without(shape, outcome.blamed, best)
            if worse is None:
                break
            shape = worse
        return Imported(outcome.files, tuple(self._remark_on_outcome(shape, outcome)))

    # One shape

    def _try_shape(self, shape: Shape) -> _ShapeOutcome:
        """Write a shape, compile it and compare the result with the payload."""
        parts = self._parts
        if isinstance(parts.checks, ReadChecks) and shape.checks and not shape.inputs:
            renamed = find_renamed_inputs(parts.checks, parts.hints.inputs or ())
            if renamed:
                which = "input" if len(renamed) == 1 else "inputs"
                words = (
                    f"they name the {which} {join_names(renamed)}, which source would have to "
                    "rename"
                )
                return _ShapeOutcome({}, frozenset(("checks",)), (words,))
        outputs = self._read_outputs(shape) if shape.outputs else SchemaFields()
        if not self._can_declare(outputs):
            return _ShapeOutcome(
                {}, frozenset(("outputs",)), ("types cannot say the output schema",)
            )
        inputs = self._read_inputs(restricted=shape.statements) if shape.inputs else SchemaFields()
        assert isinstance(inputs, SchemaFields) and isinstance(outputs, SchemaFields)
        flow, files = lay_out_source(parts, shape, inputs, outputs)
        outcome = None
        for set_outputs in (True, False) if shape.statements else (True,):
            text = write_flow(flow, set_outputs=set_outputs)
            if text is not None:
                path = f"{FOLDER}/{parts.name}.flow"
                found = self._compiled(path, {path: text.encode(), **files})
                outcome = found if outcome is None or not found.problems else outcome
                if not found.problems:
                    break
        if outcome is None:
            blamed = "checks" if flow.workflow.checks is not None else "statements"
            return _ShapeOutcome(
                files, frozenset((blamed,)), ("no literal holds one of their texts",)
            )
        return outcome

    def _read_inputs(self, *, restricted: bool) -> SchemaFields | FieldReason:
        """Return the inputs and secrets, with what their types do not say of the schema.

        `restricted`: the uses of inputs in statements add to the schema.
        """
        if restricted not in self._inputs:
            self._inputs[restricted] = _read_input_schema(
                self._parts.stored.input_schema, restricted=restricted
            )
        return self._inputs[restricted]

    def _read_outputs(self, shape: Shape) -> SchemaFields | FieldReason:
        program, schema = self._parts.program, self._parts.stored.output_schema
        if schema is None:
            return SchemaFields()
        if schema.document is None:
            return _SCHEMA_IN_A_TEXT
        sources = program.sources if program is not None and shape.statements else ()
        return read_outputs(schema.document, sources)

    def _can_declare(self, read: SchemaFields | FieldReason) -> bool:
        """Whether a section declares the fields, and `extra` can hold their patch."""
        if isinstance(read, FieldReason) or not read.patch:
            return isinstance(read, SchemaFields)
        return not self._parts.settings.kept and value_literal(read.patch) is not None

    def _compiled(self, path: str, files: dict[str, bytes]) -> _ShapeOutcome:
        result = compile_written_files(files, path, self._capabilities)
        if result.payload is None:
            blamed = frozenset(_parts_of(result.errors, result.module))
            return _ShapeOutcome(files, blamed, tuple(each.message for each in result.errors))
        changed = self._parts.settings.changed
        differing = set(find_differing_fields(self._payload, result.payload)) - changed
        blamed = frozenset(_PART_OF_FIELD.get(field, "statements") for field in differing)
        phrases = (_FIELD_WORDS.get(field, f"`{field}` comes") for field in sorted(differing))
        problems = tuple(f"{words} out differently" for words in phrases)
        mistakes = tuple(each.name for each in result.errors)
        return _ShapeOutcome(files, blamed, problems, mistakes)

    # Remarks

    def _models_of(self, shape: Shape) -> set[str]:
        """Return the models that statements name."""
        program = self._parts.program
        if program is None or not shape.statements:
            return set()
        asking = nodes.Choose | nodes.Extract | nodes.BackgroundExtract
        return {
            each.model
            for each in statements(program.body)
            if isinstance(each, asking) and each.model is not None
        }

    def _remark_on_outcome(self, shape: Shape, outcome: _ShapeOutcome) -> Iterator[Remark]:
        parts = self._parts
        stored = parts.stored
        if outcome.problems:
            words = "what is written does not compile to the same workflow"
            yield Remark(LOST, f"{words}: {outcome.problems[0]}")
        if outcome.mistakes:
            yield _mistakes_remark(outcome.mistakes)
        yield from parts.settings.remarks
        named = self._models_of(shape)
        if named:
            words = "by display name; a deploy wants an alias in `flowdsl.toml`"
            yield Remark(RISKY, f"statements ask for {join_names(named)} {words}")
        yield from backslash_remarks(stored, prompt=not shape.statements)
        if not shape.statements:
            yield from prompt_remarks(stored)
            yield self._prompt_remark()
        for part, schema, read in (
            ("inputs", stored.input_schema, self._read_inputs(restricted=shape.statements)),
            ("outputs", stored.output_schema, self._read_outputs(shape)),
        ):
            if schema is not None and schema.document is not None:
                yield from self._schema_remark(part, read, is_kept=not getattr(shape, part))
        if not shape.checks:
            why = parts.checks if isinstance(parts.checks, str) else self._why.get("checks", "")
            yield Remark(
                KEPT,
                f"the post-run checks are kept in {file_name(parts.name, 'checks')}: {why}",
                (
                    "workflows keep post-run checks in files, because a `checks` section would "
                    "not give the same"
                ),
                why,
            )

    def _prompt_remark(self) -> Remark:
        """Return a remark on why the prompt is kept in a file."""
        kept = f"the prompt is kept in {file_name(self._parts.name, 'prompt')}"
        if self._parts.program is not None:
            why = self._why.get("statements", "they do not fit the rest of the workflow")
            return Remark(
                KEPT,
                f"{kept}: its statements would not compile to the same workflow ({why})",
                (
                    "prompts are kept in files, because their statements would not compile to "
                    "the same workflows"
                ),
            )
        if has_frames(self._parts.stored.prompt):
            return Remark(
                KEPT,
                f"{kept}: it has the form of FlowDSL, and this version writes it differently",
                (
                    "prompts in the form of FlowDSL are kept in files, because this version "
                    "writes them differently"
                ),
            )
        return Remark(
            KEPT,
            f"{kept}: FlowDSL did not write it",
            (
                "prompts are kept in files, because FlowDSL did not write them; `flowdsl "
                "convert` proposes statements"
            ),
        )

    def _schema_remark(
        self, part: str, read: SchemaFields | FieldReason, *, is_kept: bool
    ) -> Iterator[Remark]:
        """Return a remark on what no type says of a schema, which may be all of it."""
        reason = read if isinstance(read, FieldReason) else read.reason
        if is_kept:
            # Fields may give the schema on their own, but not in this workflow.
            words = self._why.get(part, "its fields do not fit the rest of the workflow")
            yield Remark(
                KEPT,
                f"the schema of the {part} is kept in {file_name(self._parts.name, part)}: "
                f"{words if reason is None else reason.describe()}",
                f"schemas of {part} are kept in files, because no types give them",
                "fields that do not fit the rest" if reason is None else reason.cause,
            )
        elif reason is not None:
            yield Remark(
                PASSED,
                f"what no type says of the schema of the {part} stands in `extra`: "
                f"{reason.describe()}",
                f"schemas of {part} have parts in `extra`, because no types give them",
                reason.cause,
            )


def _mistakes_remark(names: Sequence[str]) -> Remark:
    """Return a remark on errors that the workflow has in the service, too.

    They are not suppressed here: a comment would also cover what is misspelt there later.
    """
    listed = ", ".join(dict.fromkeys(names))
    count = "an error" if len(names) == 1 else f"{len(names)} errors"
    way = (
        "correct what `flowdsl check` shows, or keep it as it was with "
        f"`# flow: ignore[{listed}] REASON` above the line of the flow that it names"
    )
    return Remark(
        WRONG,
        f"{count} of the workflow would stop a deploy; {way}",
        f"workflows have errors that would stop a deploy; {way}",
    )


_PART_OF_FIELD = {
    "input_schema": "inputs",
    "output_schema": "outputs",
    CHECKS: "checks",
    CLEANUP: "checks",
}
"""The part of a workflow that determines a field of the payload; by default the statements."""

_FIELD_WORDS = {
    "main_prompt": "the prompt comes",
    CHECKS: "a check comes",
    CLEANUP: "the clean-up comes",
}
"""The phrase for a field that comes out differently, with its verb."""

_PART_OF_SECTION: dict[type, str] = {
    ast.InputsSection: "inputs",
    ast.SecretsSection: "inputs",
    ast.OutputsSection: "outputs",
    ast.ChecksSection: "checks",
    ast.StepsSection: "statements",
    ast.AlwaysSection: "statements",
}


def _parts_of(errors: Sequence[Diagnostic], module: ast.Module) -> Iterator[str]:
    """Return the parts of a workflow that contain the errors."""
    sections = [
        (item.start, item.end, _PART_OF_SECTION[type(item)])
        for declaration in module.declarations
        if isinstance(declaration, ast.WorkflowDecl)
        for item in declaration.items
        if type(item) in _PART_OF_SECTION
    ]
    for error in errors:
        for start, end, part in sections:
            if start <= error.span.start < end:
                yield part


def _next_shape_without(shape: Shape, blamed: frozenset[str], best: Shape) -> Shape | None:
    """Return the next shape to try; None if everything is in files.

    Blamed parts are kept in files; if all of them already are, the statements are too.
    """
    kept = {
        part: getattr(shape, part) and part not in blamed
        for part in ("inputs", "outputs", "checks")
    }
    rest = Shape(statements=shape.statements, **kept)
    if rest != shape:
        return rest
    if shape.statements:
        # Fields that did not fit the statements may fit a verbatim prompt.
        return Shape(
            statements=False, inputs=best.inputs, outputs=best.outputs, checks=shape.checks
        )
    if shape.inputs or shape.outputs:
        return Shape(statements=False, inputs=False, outputs=False, checks=shape.checks)
    if shape.checks:
        return Shape(statements=False, inputs=False, outputs=False, checks=False)
    return None
