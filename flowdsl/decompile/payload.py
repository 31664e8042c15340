"""Parses workflow payloads (the JSON of the service's API), and compares two of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from flowdsl.cyberdesk.models.workflow import (
    CHECK_READ_ONLY,
    WORKFLOW_READ_ONLY,
    ModelMetadata,
    WorkflowCreate,
)
from flowdsl.deploy.resources.mark import without_mark
from flowdsl.deploy.resources.policy import PASSED_THROUGH, normalise_value, render_canonical_json
from flowdsl.deploy.resources.workflow import CHECKS, MODELS, POLICIES, UNTITLED
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.semantics.values.json_text import read_json
from flowdsl.source.record import Record

from .model import Payload

CLEANUP = "post_run_check_failure_cleanup_prompt"
ALLOWLIST = "terminal_command_allowlist"

_KNOWN = WORKFLOW_READ_ONLY | WorkflowCreate.model_fields.keys()


class ImportProblem(ValueError):
    """Raised for a value that is not a workflow; its text says what was found and where."""


class Schema(Record):
    """A schema as the service stores it: a text.

    `document` is the JSON object in it without the mark of FlowDSL; None if the text is not a JSON
    object.
    """

    text: str
    document: dict[str, Any] | None


class StoredWorkflow(Record):
    """A workflow of the service, without its read-only fields.

    `name` is None if it is blank. `models` and `unknown_models` are by their key in
    `model_metadata`, model ids in lower case. `extra` holds fields unknown to this version, without
    those whose value is equivalent to absence.
    """

    id: str | None
    name: str | None
    prompt: str
    input_schema: Schema | None
    output_schema: Schema | None
    webhooks: bool
    file_exports: bool
    allowlist: tuple[str, ...]
    models: dict[str, str]
    unknown_models: dict[str, Any]
    checks: tuple[dict[str, Any], ...]
    cleanup: str | None
    tags: tuple[str, ...]
    extra: dict[str, Any]


# A file of workflows


def read_payloads(text: str, where: str) -> list[Payload]:
    """Parse the JSON text of a file: one workflow, a list, or a page of the service's list.

    `where` names the file in messages. Raises `ImportProblem`.
    """
    document = _parse_payload_json(text, where)
    if isinstance(document, dict) and "main_prompt" not in document and "items" in document:
        document = document["items"]
        if not isinstance(document, list):
            raise ImportProblem(
                f"`items` in `{where}` is {_describe_json_kind(document)}, not a list"
            )
    listed = isinstance(document, list)
    payloads: list[Any] = document if isinstance(document, list) else [document]
    for number, payload in enumerate(payloads, 1):
        read_workflow(payload, f"workflow {number} in `{where}`" if listed else f"`{where}`")
    return payloads


def _parse_payload_json(text: str, where: str) -> Any:
    def refuse_constant(constant: str) -> NoReturn:
        raise ImportProblem(f"`{where}` holds `{constant}`, which is no number of JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ImportProblem(f"`{where}` has the key `{key}` twice in one object")
            found[key] = value
        return found

    def number(written: str) -> float:
        value = float(written)
        if value in (float("inf"), float("-inf")):
            raise ImportProblem(
                f"`{where}` holds `{written}`, which is larger than any number here"
            )
        return value

    try:
        document = json.loads(
            text.removeprefix("\ufeff"),
            parse_constant=refuse_constant,
            parse_float=number,
            object_pairs_hook=once,
        )
    except ImportProblem:
        raise
    except RecursionError:
        raise ImportProblem(f"the JSON in `{where}` is nested too deeply") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ImportProblem(f"`{where}` is no JSON: {error.msg} ({place})") from None
    except ValueError as error:
        raise ImportProblem(f"`{where}` is no JSON that can be read: {error}") from None
    return document


# One workflow


def read_workflow(payload: Any, where: str) -> StoredWorkflow:
    """Parse a payload as `POST` accepts it or `GET` returns it.

    Raises `ImportProblem`, whose text begins with `where`.
    """
    fields = _PayloadFields(payload, where)
    if not isinstance(payload, dict):
        fields.refuse(f"is {_describe_json_kind(payload)}, not a workflow")
    if "main_prompt" not in payload:
        fields.refuse("is no workflow: it has no `main_prompt`")
    fields.check_text()
    prompt = fields.text("main_prompt")
    if not prompt:
        fields.refuse("has an empty `main_prompt`")
    models = fields.mapping(MODELS)
    return StoredWorkflow(
        id=fields.text("id"),
        name=name if (name := fields.text("name")) and name.strip() else None,
        prompt=prompt,
        input_schema=fields.schema("input_schema"),
        output_schema=fields.schema("output_schema"),
        webhooks=fields.truth("is_webhooks_enabled"),
        file_exports=fields.truth("includes_file_exports"),
        allowlist=tuple(dict.fromkeys(fields.texts(ALLOWLIST))),
        models={
            key: model_name(model)
            for key, model in models.items()
            if key in ModelMetadata.always_sent and model is not None
        },
        unknown_models={
            key: model
            for key, model in models.items()
            if key not in ModelMetadata.always_sent and model is not None
        },
        checks=tuple(fields.checks()),
        cleanup=fields.text(CLEANUP) or None,
        tags=tuple(dict.fromkeys(fields.tags())),
        extra={
            key: value
            for key, value in payload.items()
            if key not in _KNOWN and says_something(value)
        },
    )


def model_name(written: str) -> str:
    """Return a model in the form used for comparison: ids in lower case, aliases unchanged."""
    return written.lower() if is_uuid(written) else written


def says_something(value: Any) -> bool:
    """Whether a field's value differs in meaning from the absence of the field."""
    return normalise_value(PASSED_THROUGH, value) is not None


def is_model_id(model: Any) -> bool:
    """Whether a model is named by its id, which is valid in one organisation only."""
    return isinstance(model, str) and is_uuid(model)


class _PayloadFields:
    """Typed access to the fields of a payload; null counts as absent.

    Every method raises `ImportProblem` for a value of another type.
    """

    def __init__(self, payload: Any, where: str) -> None:
        self._payload = payload
        self._where = where

    def refuse(self, problem: str) -> NoReturn:
        raise ImportProblem(f"{self._where} {problem}")

    def check_text(self) -> None:
        """Raise `ImportProblem` for a payload that cannot be written as JSON in UTF-8."""
        try:
            json.dumps(self._payload, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            self.refuse("has half of a surrogate pair in a text")
        except ValueError:
            self.refuse("has a number that JSON cannot hold")
        except RecursionError:
            self.refuse("is nested too deeply")

    def text(self, key: str) -> Any:
        return self._value(key, str, "text")

    def truth(self, key: str) -> bool:
        return bool(self._value(key, bool, "true or false"))

    def mapping(self, key: str) -> dict[str, Any]:
        found = self._value(key, dict, "an object") or {}
        for name, value in found.items():
            if name in ModelMetadata.always_sent and not isinstance(value, str | None):
                self.refuse(f"has {_describe_json_kind(value)} in `{key}.{name}`, not text")
        return found

    def texts(self, key: str) -> list[str]:
        return [self._entry(key, number, entry, str, "text") for number, entry in self._list(key)]

    def tags(self) -> Iterable[str]:
        """Return the names of tags: strings in a request body of FlowDSL, objects in a reply."""
        for number, entry in self._list("tags"):
            name = entry.get("name") if isinstance(entry, dict) else entry
            yield self._entry("tags", number, name, str, "the name of a tag")

    def checks(self) -> Iterable[dict[str, Any]]:
        for number, entry in self._list(CHECKS):
            self._entry(CHECKS, number, entry, dict, "a check")
            for key in ("name", "type"):
                if not isinstance(entry.get(key), str):
                    self.refuse(f"has no text in `{CHECKS}[{number}].{key}`")
            yield {
                key: model_name(value) if key == "model" and isinstance(value, str) else value
                for key, value in entry.items()
                if key in ("name", "type")
                or (key != "id" and key not in CHECK_READ_ONLY and says_something(value))
            }

    def schema(self, key: str) -> Schema | None:
        """Return the schema in a field: a text, or an object, which is converted to text."""
        value = self._payload.get(key)
        if isinstance(value, dict | list):
            value = json.dumps(value, ensure_ascii=False)
        elif value is not None and not isinstance(value, str):
            self.refuse(f"has {_describe_json_kind(value)} in `{key}`, not text")
        if not value:
            return None
        return _parse_schema(value)

    def _value(self, key: str, kind: type, expected: str) -> Any:
        value = self._payload.get(key)
        if value is not None and not isinstance(value, kind):
            self.refuse(f"has {_describe_json_kind(value)} in `{key}`, not {expected}")
        return value

    def _list(self, key: str) -> Iterable[tuple[int, Any]]:
        return enumerate(self._value(key, list, "a list") or ())

    def _entry(self, key: str, number: int, entry: Any, kind: type, expected: str) -> Any:
        if not isinstance(entry, kind):
            self.refuse(f"has {_describe_json_kind(entry)} in `{key}[{number}]`, not {expected}")
        return entry


def _parse_schema(text: str) -> Schema | None:
    document = _parse_json_object(text)
    if document is None:
        return Schema(text, None)
    plain = without_mark(document)
    if plain is not document and plain == {"type": "object"}:
        # An empty schema that FlowDSL adds to carry its mark when a workflow has no inputs.
        return None
    return Schema(text, plain)


def _parse_json_object(text: str) -> dict[str, Any] | None:
    """Parse a text as a JSON object.

    None for other text, and for JSON that could not be written again.
    """
    try:
        document = read_json(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _describe_json_kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"a {type(value).__name__}"


# Comparison


def find_differing_fields(one: Payload, other: Payload) -> tuple[str, ...]:
    """Return the names of the fields in which two payloads differ in meaning.

    Read-only fields are not compared, and tags only if both payloads have them. A workflow without
    a name equals one called `UNTITLED`. Raises `ImportProblem` if one is not a workflow.
    """
    forms = [_canonical_form(payload) for payload in (one, other)]
    names = dict.fromkeys(name for form in forms for name in form)
    if not ("tags" in one and "tags" in other):
        names.pop("tags", None)
    first, second = forms
    return tuple(name for name in names if first.get(name) != second.get(name))


def _canonical_form(payload: Payload) -> dict[str, str | None]:
    """Return the fields of a payload in normal form; None for values equivalent to absence."""
    stored = read_workflow(payload, "the payload")
    checks = [{"allow_missing_attachments": False} | check for check in stored.checks]
    fields: Mapping[str, Any] = {
        "name": stored.name or UNTITLED,
        "main_prompt": stored.prompt,
        "input_schema": _schema_form(stored.input_schema),
        "output_schema": _schema_form(stored.output_schema),
        "includes_file_exports": stored.file_exports,
        "is_webhooks_enabled": stored.webhooks,
        ALLOWLIST: sorted(stored.allowlist),
        MODELS: stored.models | stored.unknown_models,
        CHECKS: checks,
        CLEANUP: stored.cleanup,
        "tags": sorted(stored.tags),
        **stored.extra,
    }
    return {
        name: None if value is None or value in ([], {}) else render_canonical_json(value)
        for name, value in fields.items()
    }


def _schema_form(schema: Schema | None) -> str | None:
    """Return a schema in normal form; text that is not JSON, or nests too deeply, is unchanged."""
    value = None if schema is None else normalise_value(POLICIES["input_schema"], schema.text)
    try:
        if value is None or isinstance(value, str):
            return value
        return render_canonical_json(value)
    except RecursionError:
        return None if schema is None else schema.text


# Half-filled schemas


def require_inputs(payload: Payload) -> tuple[Payload, tuple[str, ...]]:
    """Return a payload whose inputs are required unless they may be null, and which now are."""
    text = payload.get("input_schema")
    schema = _parse_json_object(text) if isinstance(text, str) else text
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return payload, ()
    before = schema.get("required")
    listed = before if isinstance(before, list) else []
    required = tuple(
        name
        for name, field in schema["properties"].items()
        if name not in listed and isinstance(field, dict) and not _may_be_null(field)
    )
    every = [each for each in schema["properties"] if each in (*listed, *required)]
    text = json.dumps(schema | {"required": every}, ensure_ascii=False)
    return {**payload, "input_schema": text}, required


def _may_be_null(field: dict[str, Any]) -> bool:
    kind = field.get("type")
    if isinstance(kind, list):
        return "null" in kind
    values = field.get("enum")
    may_be = field.get("nullable") is True or (isinstance(values, list) and None in values)
    return may_be or not field.keys() & {"type", "enum"}
