"""Checks variables in the files of `prompt from` against the schemas of the workflow.

Such a file is copied verbatim from elsewhere. A name that is clearly a misspelling of a declared
one is an error, as is a path that no value can have. Any other name that no schema lists is a
warning: a parameter of the machine or its pool may supply it (Cyberdesk's documentation), and an
agent may keep runtime values of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Label
from flowdsl.diagnostics.suggest import Names, find_misspelt_name, suggest_known_names
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from .. import errors
from ..model import WorkflowSymbol
from ..program import Program, WorkflowFields
from ..types import ANY, FieldType, ListOf, RecordOf, Type, Unknown, strip_optional

_PATH = r"((?:\.[A-Za-z_]\w*|\[\d+\]|\[(?:'[^'\n]*'|\"[^\"\n]*\")\])*)"
_PLAIN = r"(?<![\\{])\{(\$?)([A-Za-z_]\w*)" + _PATH + r"\}(?!\})"
_RUNTIME = r"(?<![\\{])\{\{[ \t]*([A-Za-z_]\w*)" + _PATH + r"[ \t]*\}\}(?!\})"
_PART = r"\.([A-Za-z_]\w*)|\[(\d+)\]|\[['\"]([^'\"\n]*)['\"]\]"


class _PromptFile:
    """A prompt file and the workflow that uses it.

    `labels` point to the line of the flow that names the file: a suppression comment there applies
    to findings in the file.
    """

    def __init__(self, program: Program, workflow: WorkflowSymbol, path: str) -> None:
        self.source = SourceFile(path, program.texts[path])
        self.sink = program.sink
        self.workflow = workflow.name
        named = next(
            item.path for item in workflow.declaration.items if isinstance(item, ast.PromptFrom)
        )
        self.labels = (Label(named.span(workflow.module.source), "taken in here"),)
        self._names: dict[RecordOf, Names] = {}

    def names_of(self, record: RecordOf) -> Names:
        """Return the names of a record's fields, sorted once."""
        found = self._names.get(record)
        if found is None:
            found = self._names[record] = Names(record.by_wire_name)
        return found

    def report(self, spec: DiagnosticSpec, span: Span, **values: Any) -> None:
        """Report a finding in the file."""
        self.sink.report(spec, span, labels=self.labels, **values)


class _GivenValues(Record):
    """The values that a run is given, by name.

    `is_open`: the schema allows others.
    """

    inputs: dict[str, FieldType]
    secrets: dict[str, FieldType]
    is_open: bool


def check_prompt_file(program: Program, workflow: WorkflowSymbol, declared: WorkflowFields) -> None:
    """Report undeclared variables and impossible paths in the prompt file of a workflow.

    An undeclared name is reported once, at its first use.
    """
    path = workflow.prompt_from
    assert path is not None
    prompt = _PromptFile(program, workflow, path)
    given = _collect_given_values(program, workflow, declared)
    if given is not None:
        _check_given(prompt, given)
    outputs = _collect_output_names(program, workflow, declared)
    if outputs:
        _check_runtime(prompt, outputs)


def _collect_given_values(
    program: Program, workflow: WorkflowSymbol, declared: WorkflowFields
) -> _GivenValues | None:
    """Return the values that the schema lists.

    None without a schema, or if it does not list all values: then any name may be given.
    """
    secrets = {field.wire_name: field for field in declared.secrets}
    if workflow.inputs_from is None:
        if declared.inputs is None or (not declared.inputs and not secrets):
            return None
        inputs = {field.wire_name: field for field in declared.inputs}
        return _GivenValues(inputs, secrets, is_open=False)
    from ..values.schema_files import read_schema_fields

    listed = read_schema_fields(program.texts[workflow.inputs_from])
    if listed is None:
        return None
    inputs = {field.name: field for field in listed.fields if field.name[0] != "$"}
    secrets |= {field.name[1:]: field for field in listed.fields if field.name[0] == "$"}
    return _GivenValues(inputs, secrets, listed.is_open) if inputs or secrets else None


def _collect_output_names(
    program: Program, workflow: WorkflowSymbol, declared: WorkflowFields
) -> frozenset[str]:
    """Return the names of the outputs that are known."""
    if workflow.outputs_from is None:
        return frozenset(field.wire_name for field in declared.outputs or ())
    from ..values.schema_files import read_schema_fields

    listed = read_schema_fields(program.texts[workflow.outputs_from])
    return frozenset() if listed is None else frozenset(field.name for field in listed.fields)


def _check_given(prompt: _PromptFile, given: _GivenValues) -> None:
    seen: set[str] = set()
    names = {"": Names(given.inputs), "$": Names(given.secrets)}
    for found in re.finditer(_PLAIN, prompt.source.text):
        sigil, name, tail = found.groups()
        span = Span(prompt.source, *found.span())
        fields = given.secrets if sigil else given.inputs
        if name in fields:
            _check_path(prompt, span, fields[name], tail)
        elif sigil + name not in seen:
            seen.add(sigil + name)
            _report_unknown(prompt, span, sigil, name, given, names[sigil])


def _report_unknown(
    prompt: _PromptFile, span: Span, sigil: str, name: str, given: _GivenValues, names: Names
) -> None:
    kind = "secret" if sigil else "input"
    meant = find_misspelt_name(name, names)
    is_likely = True
    if meant is not None:
        help = suggest_known_names(kind, (meant,), meant)
    elif not sigil and name in given.secrets:
        help = f"`{name}` is a secret; write `{{${name}}}`"
    elif sigil and name in given.inputs:
        help = f"`{name}` is an input; write `{{{name}}}`"
    else:
        help, is_likely = suggest_known_names(kind, names, name), False
    if meant is not None and not given.is_open:
        prompt.report(
            errors.UNDECLARED_IN_PROMPT, span, help=help, workflow=prompt.workflow, name=name
        )
    elif is_likely or not given.is_open:
        prompt.report(
            errors.UNLISTED_IN_PROMPT, span, help=help, workflow=prompt.workflow, name=sigil + name
        )


def _check_runtime(prompt: _PromptFile, outputs: frozenset[str]) -> None:
    """Report runtime values that are very likely misspelt outputs.

    An agent may keep runtime values of its own. A name that is used several times is written and
    read consistently, so the run works: that is a warning. A name that is used once is an error.
    """
    uses = list(re.finditer(_RUNTIME, prompt.source.text))
    counts = Counter(found[1] for found in uses)
    ordered = Names(outputs)
    for found in uses:
        name = found[1]
        meant = None if name in outputs else find_misspelt_name(name, ordered)
        if meant is None or name not in counts:
            continue
        help = suggest_known_names("output", (meant,), meant)
        span = Span(prompt.source, *found.span())
        once = counts.pop(name) == 1
        spec = errors.UNDECLARED_IN_PROMPT if once else errors.UNLISTED_IN_PROMPT
        prompt.report(spec, span, help=help, workflow=prompt.workflow, name=name)


def _check_path(prompt: _PromptFile, span: Span, field: FieldType, tail: str) -> None:
    type_: Type = field.type
    owner = field.name
    for found in re.finditer(_PART, tail):
        key = found[1] if found[1] is not None else found[3]
        type_ = strip_optional(type_)
        if isinstance(type_, Unknown) or type_ == ANY:
            return
        inner = _type_inside(type_, key)
        if inner is None:
            _report_path(prompt, span, type_, owner, found[0], key)
            return
        type_ = inner
        owner += found[0]


def _report_path(
    prompt: _PromptFile, span: Span, type_: Type, owner: str, part: str, key: str | None
) -> None:
    """Report a path that leads nowhere.

    In a record, a field that resembles none of the listed ones may still exist, so that is a
    warning; anything else is certain.
    """
    is_certain = True
    if isinstance(type_, ListOf):
        help = "it is a list; write `[0]` for its first entry"
    elif isinstance(type_, RecordOf) and key is not None:
        names = prompt.names_of(type_)
        help = suggest_known_names("field", names, key)
        is_certain = find_misspelt_name(key, names) is not None
    elif isinstance(type_, RecordOf):
        help = "it is a record; name a field"
    else:
        help = "it is a single value"
    if is_certain:
        prompt.report(
            errors.UNKNOWN_PATH_IN_PROMPT,
            span,
            help=help,
            workflow=prompt.workflow,
            owner=owner,
            part=part,
        )
    else:
        prompt.report(
            errors.UNLISTED_IN_PROMPT, span, help=help, workflow=prompt.workflow, name=owner + part
        )


def _type_inside(type_: Type, key: str | None) -> Type | None:
    if isinstance(type_, ListOf):
        return type_.element if key is None else None
    if isinstance(type_, RecordOf) and key is not None:
        field = type_.by_wire_name.get(key)
        return None if field is None else field.type
    return None
