"""The payload fields that FlowDSL writes itself, and the format of the service's ids.

Each field is listed with the way to set it in the source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flowdsl.diagnostics.suggest import join_names
from flowdsl.syntax import ast

from .. import errors
from ..program import Program
from ..types import Enum, FieldType, ListOf, Primitive, RecordOf, Type, strip_optional
from ..values.expressions import key_text
from .constants import constant_json

SCHEMAS = ("input_schema", "output_schema")

_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def is_uuid(text: str) -> bool:
    """Whether a text has the format of an id of the service."""
    return re.fullmatch(_UUID, text) is not None


WORKFLOW_FIELDS = {
    "main_prompt": "`steps` or `prompt from`",
    "name": "`title`",
    "input_schema": "`inputs` or `inputs from`",
    "output_schema": "`outputs` or `outputs from`",
    "includes_file_exports": "`file_exports`",
    "is_webhooks_enabled": "`webhooks`",
    "terminal_command_allowlist": "`run` and `terminal`",
    "model_metadata": "`model`",
    "post_run_checks": "`checks` or `checks from`",
    "post_run_check_failure_cleanup_prompt": "`cleanup`",
    "tags": "`tags`",
}

CHECK_FIELDS = {
    "name": '`as "name"`',
    "type": "the kind of check",
    "description": "a doc comment",
    "file_target_mode": "the file target",
    "file_names": "the file target",
    "file_name_regex": "the file target",
    "expected_match_count": "`count`",
    "expected_match_count_ref": "`count`",
    "loop_input": "`files each`",
    "loop_item_filename_template": "`files each`",
    "allow_missing_attachments": "`if present`",
    "check_prompt": "`shows` or `satisfies`",
    "model": "`using`",
}


def check_extra(
    program: Program, module: ast.Module, extra: ast.ObjectExpr, known: Mapping[str, str]
) -> None:
    """Report the keys of an `extra` that FlowDSL writes itself.

    `known` maps each key to the way to set it in the source. What types do not say of schemas may
    be in it.
    """
    for pair in extra.pairs:
        field = key_text(pair.key)
        if field in known and field not in SCHEMAS:
            span = pair.key.span(module.source)
            program.sink.report(errors.EXTRA_SETS_KNOWN_FIELD, span, field=field, way=known[field])


# What types do not say of a schema


_KINDS = {"int": "integer", "number": "number", "bool": "boolean"}
"""The kinds of values in JSON of primitive types; those of all others are strings."""


def check_schema_patches(
    program: Program, workflow: ast.WorkflowDecl, module: ast.Module, extra: ast.ObjectExpr
) -> None:
    """Report what an `extra` says of the schemas of a workflow that its types contradict."""
    fields, symbol = program.workflow_fields[workflow], program.workflows[workflow]
    inputs = {field.wire_name: field for field in symbol.inputs}
    inputs |= {f"${field.wire_name}": field for field in fields.secrets}
    outputs = {field.wire_name: field for field in symbol.outputs}
    for pair in extra.pairs:
        key = key_text(pair.key)
        if key not in SCHEMAS:
            continue
        section, known, from_file = (
            ("inputs", inputs, symbol.inputs_from)
            if key == "input_schema"
            else ("outputs", outputs, symbol.outputs_from)
        )
        patch = constant_json(program, pair.value)
        if from_file is not None:
            problem: str | None = f"stands beside `{section} from`, which has all of it"
        elif not isinstance(patch, dict):
            problem = "is no object"
        else:
            problem = _find_contradiction(patch, known, "")
        if problem is not None:
            span = pair.key.span(module.source)
            program.sink.report(
                errors.EXTRA_CONTRADICTS_TYPES, span, field=key, problem=problem, section=section
            )


def _find_contradiction(
    patch: dict[str, Any], fields: Mapping[str, FieldType], path: str
) -> str | None:
    """Return how the patch of an object contradicts its fields; None if it does not."""
    properties = patch.get("properties")
    for name, entry in properties.items() if isinstance(properties, dict) else ():
        if name not in fields:
            return f"names `{path}{name}`, which is no field"
        if entry is None:
            return f"takes out `{path}{name}`"
        if isinstance(entry, dict):
            problem = _find_wrong_kind(entry, strip_optional(fields[name].type), f"{path}{name}")
            if problem is not None:
                return problem
    return None


def _find_wrong_kind(patch: dict[str, Any], type_: Type, path: str) -> str | None:
    kinds = patch.get("type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    match type_:
        case RecordOf():
            kind, inner = "object", _find_contradiction(patch, type_.by_wire_name, f"{path}.")
        case ListOf(element=element):
            entry = patch.get("items")
            kind, inner = "array", None
            if isinstance(entry, dict):
                inner = _find_wrong_kind(entry, strip_optional(element), f"{path}[]")
        case Primitive(name) if name != "any":
            kind, inner = _KINDS.get(name, "string"), None
        case Enum():
            kind, inner = "integer" if type_.numeric else "string", None
        case _:
            return None
    if kinds is not None and kind not in listed:
        return f"gives `{path}` the type `{join_names(map(str, listed))}`, and it is a `{kind}`"
    return inner
