"""Maps names of types and values of other languages to FlowDSL's."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.source.text import Span

TYPES = {
    "str": "string",
    "String": "string",
    "text": "string",
    "boolean": "bool",
    "Boolean": "bool",
    "decimal": "number",
    "float": "number",
    "double": "number",
    "real": "number",
    "integer": "int",
    "Integer": "int",
    "long": "int",
    "timestamp": "datetime",
}
_RECORDS = frozenset(("map", "dict", "object", "record", "struct", "Map", "Record"))
_SECRETS = frozenset(("secret", "password", "credential", "Secret", "Password"))
_LISTS = frozenset(("list", "array", "List", "Array"))
VALUES = (
    dict.fromkeys(("True", "TRUE", "yes", "on"), "true")
    | dict.fromkeys(("False", "FALSE", "no", "off"), "false")
    | dict.fromkeys(("none", "None", "nil", "NULL", "Null", "undefined"), "null")
)

DAYS = {"today": "today", "now": "today", "yesterday": "today - 1d", "tomorrow": "today + 1d"}
"""What stands for a day, by names that people expect."""


def foreign_type(name: str, span: Span) -> tuple[str, tuple[Fix, ...]] | None:
    """Return the advice for a type name at `span`, and its fix; None if no language has it."""
    if name in _RECORDS:
        return "a record is written `{ field: type }`, and what is not known before `any`", ()
    if name in _SECRETS:
        return (
            "a task takes a secret as `secret name: string`, and a workflow declares its own in "
            "`secrets { name: string }`",
            (),
        )
    if name in _LISTS:
        return "a list type is written `string[]`", ()
    type_ = TYPES.get(name)
    return None if type_ is None else (f"the type is `{type_}`", make_writing_fix(span, type_))


def foreign_value(name: str, span: Span) -> tuple[str, tuple[Fix, ...]] | None:
    """Return the advice for the name of a value, likewise."""
    value = VALUES.get(name)
    if value is None:
        return None
    if value != "null":
        return f"the value is written `{value}`", make_writing_fix(span, value)
    before = span.source.text[: span.start].rstrip(" \t")
    words = {"==": "is empty", "!=": "is not empty"}.get(before[-2:])
    compared = Span(span.source, len(before) - 2, span.end)
    fixes = make_writing_fix(compared, words) if words else make_writing_fix(span, value)
    return f"a missing value is written `null`; ask with `x {words or 'is empty'}`", fixes


def make_writing_fix(span: Span, word: str, applicability: str = "safe") -> tuple[Fix, ...]:
    """Return the fix that writes `word` at `span`."""
    return (Fix(f"write `{word}`", (Edit(span, word),), applicability),)
