"""Variables in the files of `prompt from`, checked as far as the schemas of the workflow tell.

Such a file is taken verbatim from elsewhere, so that what looks wrong is a warning.
"""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.source.text import SourceFile, Span

from . import errors
from .program import Program, WorkflowFields
from .scopes import known_names
from .types import ANY, FieldType, ListOf, RecordOf, Type, Unknown, strip_optional

_PATH = r"((?:\.[A-Za-z_]\w*|\[\d+\]|\[(?:'[^'\n]*'|\"[^\"\n]*\")\])*)"
_PLAIN = r"(?<![\\{])\{(\$?)([A-Za-z_]\w*)" + _PATH + r"\}(?!\})"
_PART = r"\.([A-Za-z_]\w*)|\[(\d+)\]|\[['\"]([^'\"\n]*)['\"]\]"


def check_prompt_file(program: Program, path: str, declared: WorkflowFields) -> None:
    """Warn of inputs and secrets in the prompt at `path` that are not declared, each where it stands first, and of paths that lead
    nowhere.
    """
    if declared.inputs == () and not declared.secrets:
        return  # Without an input schema, any name may be given.
    text = program.texts[path]
    source = SourceFile(path, text)
    warned: set[str] = set()
    inputs = None if declared.inputs is None else {f.wire_name: f for f in declared.inputs}
    secrets = {field.wire_name: field for field in declared.secrets}
    for found in re.finditer(_PLAIN, text):
        sigil, name, tail = found.groups()
        span = Span(source, *found.span())
        fields = secrets if sigil else inputs
        if fields is None:
            continue
        if name in fields:
            _check_path(program, span, fields[name], tail)
        elif sigil + name not in warned:
            warned.add(sigil + name)
            _warn(program, span, sigil, name, inputs or {}, secrets)


def _warn(
    program: Program,
    span: Span,
    sigil: str,
    name: str,
    inputs: dict[str, FieldType],
    secrets: dict[str, FieldType],
) -> None:
    spec: DiagnosticSpec = errors.UNDECLARED_IN_PROMPT
    if not sigil and name in secrets:
        help = f"`{name}` is a secret; write `{{${name}}}`"
    elif sigil and name in inputs:
        help = f"`{name}` is an input; write `{{{name}}}`"
    elif sigil:
        help = known_names("secret", secrets, name)
    else:
        help = known_names("input", inputs, name)
    program.sink.report(spec, span, name=name, help=help)


def _check_path(program: Program, span: Span, field: FieldType, tail: str) -> None:
    type_: Type = field.type
    owner = field.name
    for found in re.finditer(_PART, tail):
        key = found[1] if found[1] is not None else found[3]
        type_ = strip_optional(type_)
        if isinstance(type_, Unknown) or type_ == ANY:
            return
        inner = _inside(type_, key)
        if inner is None:
            names = [f.wire_name for f in type_.fields] if isinstance(type_, RecordOf) else []
            if isinstance(type_, ListOf):
                help = "it is a list; write `[0]` for its first entry"
            elif isinstance(type_, RecordOf) and key is not None:
                help = known_names("field", names, key)
            elif isinstance(type_, RecordOf):
                help = "it is a record; name a field"
            else:
                help = "it is a single value"
            part = found[0]
            program.sink.report(
                errors.UNKNOWN_PATH_IN_PROMPT, span, owner=owner, part=part, help=help
            )
            return
        type_ = inner
        owner += found[0]


def _inside(type_: Type, key: str | None) -> Type | None:
    if isinstance(type_, ListOf):
        return type_.element if key is None else None
    if isinstance(type_, RecordOf) and key is not None:
        for field in type_.fields:
            if key == field.wire_name:
                return field.type
    return None
