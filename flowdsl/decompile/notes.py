"""Remarks of the importer on a workflow, and reasons why a schema is kept in a file."""

from __future__ import annotations

from typing import Any

from flowdsl.semantics.values.schema_files import is_short_notation
from flowdsl.source.record import Record

OPEN, LOST, WRONG, RISKY, NAMED, PASSED, KEPT = range(7)
"""Categories of remarks, the most important first.

In this order: security is missing, something comes out differently, something looks like a mistake,
something may surprise, a name was chosen, a field is passed through, a part is kept verbatim.
"""


class Remark(Record):
    """A remark on one workflow.

    `many` is the text for several workflows, to follow their number. `cause` is the reason, as a
    text that can follow `many`; the most frequent causes are shown.
    """

    weight: int
    message: str
    many: str = ""
    cause: str = ""


def quote_payload_words(words: str, longest: int = 60) -> str:
    """Quote text from a payload for a note: no backticks, at most `longest` characters."""
    plain = words.replace("`", "")
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


# Why a JSON schema cannot be declared: the first part of it that no type expresses


class FieldReason(Record):
    """A reason about the field at `path`; `cause` is the same reason without the field."""

    words: str
    cause: str
    path: tuple[str, ...] = ()

    def inside(self, name: str) -> FieldReason:
        """Return the same reason for a field called `name`, or for list entries if it is `[]`."""
        return FieldReason(self.words, self.cause, (name, *self.path))

    def describe(self) -> str:
        """Return the reason as a clause: the field, and what is wrong with it."""
        path = ".".join(self.path).replace(".[]", "[]")
        return f"{f'`{quote_payload_words(path)}`' if path else 'it'} {self.words}"


def explain_keyword(name: str) -> FieldReason:
    """Return the reason for a keyword that no type has."""
    return FieldReason(
        f"has `{quote_payload_words(name)}`, which no type says", f"`{quote_payload_words(name)}`"
    )


def _explain_untyped_schema(schema: dict[str, Any]) -> FieldReason:
    """Return the reason for a schema that no type but `any` says."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return FieldReason("has several types", "fields of several types")
    if kind == "object":
        return FieldReason("is an object without `properties`", "objects without `properties`")
    name = next((each for each in schema if each not in ("description", "type")), None)
    if name is not None:
        return explain_keyword(name)
    if isinstance(kind, str):
        return FieldReason(
            f"has the type `{quote_payload_words(kind)}`, which types do not know", "odd types"
        )
    return FieldReason("has no type", "fields without a type")


def why_no_object(schema: Any) -> FieldReason | None:
    """Return why a schema is not that of an object; None if it is."""
    if isinstance(schema, dict) and schema.get("type") == "object":
        return None
    if isinstance(schema, dict) and is_short_notation(schema):
        return FieldReason("is in the short notation, not a JSON schema", "the short notation")
    if isinstance(schema, dict) and not schema:
        return FieldReason("is empty", "empty schemas")
    if isinstance(schema, dict) and "properties" in schema and "type" not in schema:
        return FieldReason("has no `type` beside its `properties`", "objects without `type`")
    return FieldReason("is no schema of an object", "schemas of no object")


def schema_difference(declared: Any, schema: Any) -> FieldReason:
    """Return the first difference between the schema of a declaration and `schema`."""
    if declared is None:
        return FieldReason("has no fields", "schemas without fields")
    if not isinstance(declared, dict) or not isinstance(schema, dict):
        return FieldReason("is another value when declared", "values that change")
    if schema and not declared.keys() - {"description"}:
        return _explain_untyped_schema(schema)
    required = schema.get("required")
    if required == []:
        return FieldReason("has an empty list `required`", "an empty `required`")
    inner, properties = declared.get("properties"), schema.get("properties")
    if isinstance(inner, dict) and isinstance(properties, dict):
        wanted = required if isinstance(required, list) else []
        for name, field in properties.items():
            if name in wanted and name not in (declared.get("required") or ()):
                words = "may be null but not absent, which no type says"
                return FieldReason(words, "fields that may be null but not absent", (name,))
            known = inner.get(name) or {}
            if not _is_equal_json(known, field):
                is_default = isinstance(field, dict) and "default" in field.keys() - known.keys()
                if is_default and name not in wanted:
                    words = "has a default and may be absent"
                    return FieldReason(words, "defaults that may be absent", (name,))
                return schema_difference(known, field).inside(name)
    if "items" in schema and not _is_equal_json(declared.get("items"), schema["items"]):
        return schema_difference(declared.get("items"), schema["items"]).inside("[]")
    for name in schema:
        if name not in declared:
            return explain_keyword(name)
    if declared.get("items") == {} and "items" not in schema:
        return FieldReason("is a list of entries that nothing describes", "lists without `items`")
    for name in declared:
        if name not in schema:
            return FieldReason(f"lacks `{name}`", f"a missing `{name}`")
        if not _is_equal_json(declared[name], schema[name]):
            return FieldReason(f"has another `{name}` than a type gives it", f"another `{name}`")
    return FieldReason("comes out differently", "other differences")


def _is_equal_json(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
