"""The generator of `flowdsl/emulator/wire/models.py` from `tests/sdk/contract.json`.

`python -m tools.wire_models --write` writes the models of every body that the emulator
takes or gives; `--check` says whether they are fresh. What differs from the contract stands in
`DEVIATIONS`, what all models have in common in `wire/values.py`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from textwrap import shorten
from typing import Any

from flowdsl.emulator.wire import values
from tests.support.services.contract import contract, operations, outside

MODELS = Path(values.__file__).with_name("models.py")

HEADER = '''"""Request and reply bodies of the contract of SDK {version}. Generated, do not edit.

To regenerate: `python -m tools.wire_models --write`.
Made of the schemas with the digest {digest}.
"""'''

REFERENCE = "#/components/schemas/"

JSON = "application/json"

WEBHOOK = "RunCompletedEvent"
"""The root of the one body that belongs to no operation."""

VALUES = ("ReplyId", "ReplyTime", "RepeatedTime", "OpenObject")
"""The types of `wire/values.py` that stand for values of the contract."""

PAGE = frozenset({"items", "total", "skip", "limit"})
"""The fields of `values.PageModel`, of which a page of a list says what its items are."""

Schema = dict[str, Any]
Uses = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference of the models from the contract.

    `place` is a class, or a field as `Class.field`. `change` holds keys of its schema, of which a
    null one is dropped. Three keys are no keys of schemas: `required` adds the field to the
    required ones, `base` is a class of `values`, and `open` keeps the unknown keys of a reply.
    """

    place: str
    change: dict[str, Any]
    why: str


_EMPTY = "the contract knows neither a default nor null for it: it is empty, and never absent"

DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "IncludedResource",
        {"open": True},
        "the fields of the related row stand beside `type` and `id`",
    ),
    Deviation(
        "ProviderCredentialUpsert",
        {"base": "SecretRequestModel"},
        "a message about the body must not repeat a secret",
    ),
    Deviation(
        "ProviderCredentialResponse.display_metadata",
        {"default_factory": "dict", "validate_default": True},
        _EMPTY,
    ),
    Deviation("PoolWithMachines.machines", {"default_factory": "list"}, _EMPTY),
    Deviation("RunBulkCreateResponse.errors", {"default_factory": "list"}, _EMPTY),
    Deviation(
        "WorkflowPostRunCheckUpsert.expected_match_count",
        {"x-inferred": None},
        "a lower bound of 1 is inferred from one sample page and not enforced",
    ),
    Deviation(
        "RunCreate.main_prompt",
        {"minLength": 1},
        "the prompt of a run is bounded as that of a workflow is",
    ),
    Deviation(
        "RunCompletedEvent.run",
        {"$ref": "#/components/schemas/RunResponse"},
        "the payload has the fields of `RunResponse` and is made by the same code",
    ),
    Deviation(
        "RunCompletedEvent.event_id",
        {"required": True},
        "a receiver knows by it that an event came twice",
    ),
    Deviation(
        "RunCompletedEvent.occurred_at",
        {"required": True},
        "an event that is sent again keeps the time of its first sending",
    ),
)
"""Where the models differ from the contract, and why.

Every model takes the fields, limits and defaults of the contract, limits that it only infers from
a sibling included. Two rules hold for all and are no rows here: the classes of replies are closed,
so that a field of the store cannot slip out, and their ids and times are text that the store has
already checked (`values.ReplyId`, `values.ReplyTime`).
"""


def _names(schema: Any) -> Iterator[str]:
    """The names of the schemas that a schema refers to, again and again where it does so."""
    if isinstance(schema, dict):
        if isinstance(target := schema.get("$ref"), str):
            yield target.removeprefix(REFERENCE)
        for value in schema.values():
            yield from _names(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _names(value)


def _reached(roots: Iterable[str], schemas: dict[str, Schema]) -> set[str]:
    reached: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(_names(schemas[name]))
    return reached


def _served(document: Any) -> tuple[Uses, Uses, Uses]:
    """The schemas of request bodies, replies and parameters, each with the operations it is for."""
    sent, replied, asked = Uses(), Uses(), Uses()
    for name, operation in operations(document):
        if outside(name) is not None:
            continue
        body = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
        replies = [
            response.get("content", {}).get(JSON, {})
            for status, response in operation["responses"].items()
            if status != "422"
        ]
        for uses, part in (
            (sent, body),
            (replied, replies),
            (asked, operation.get("parameters", [])),
        ):
            for schema in dict.fromkeys(_names(part)):
                uses.setdefault(schema, []).append(name)
    replied[WEBHOOK] = ["the webhook `run_complete`"]
    return sent, replied, asked


def _inline(schemas: dict[str, Schema]) -> set[str]:
    """The schemas that are values and no classes: maps, and what is named after its one field."""
    fields = {
        model + "".join(word.capitalize() for word in field.split("_"))
        for model, schema in schemas.items()
        for field in schema.get("properties", ())
    }
    return {
        name
        for name, schema in schemas.items()
        if "properties" not in schema and (schema["type"] == "object" or name in fields)
    }


def _deviate(schemas: dict[str, Schema], deviation: Deviation) -> None:
    name, _, field = deviation.place.partition(".")
    schema = schemas[name]
    target = schema["properties"][field] if field else schema
    for key, value in deviation.change.items():
        if key == "required":
            schema["required"] = [*schema["required"], field]
        elif value is None:
            for branch in (target, *target.get("anyOf", ())):
                branch.pop(key, None)
        else:
            target[key] = value


class _Preparation:
    """Schemas of the contract in the form of which the generator makes the models wanted here."""

    def __init__(self, schemas: dict[str, Schema], sent: set[str], replied: set[str]) -> None:
        self.schemas = schemas
        self.inline = _inline(schemas)
        self.sent = sent
        self.replied = replied

    def model(self, name: str) -> Schema:
        """A class of `wire/models.py`: its base says whether it comes in or goes out."""
        schema = self.schemas[name]
        if "properties" not in schema:
            return schema
        base = schema.get("base", "RequestModel" if name in self.sent else "ReplyModel")
        fields, inherited = schema["properties"], frozenset[str]()
        if fields.keys() >= PAGE:
            base, inherited = "PageModel", PAGE - {"items"}
        made: Schema = {
            "type": "object",
            "properties": {
                field: self.value(value, name)
                for field, value in fields.items()
                if field not in inherited
            },
            "required": [each for each in schema.get("required", []) if each not in inherited],
            "customBasePath": f"{values.__name__}.{base}",
        }
        if schema.get("additionalProperties") is False or "open" in schema:
            made["additionalProperties"] = "open" in schema
        return made

    def value(self, schema: Schema, model: str) -> Schema:
        """A value inside a class; `anyOf` with null becomes a list of types, which keeps limits."""
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(REFERENCE)
            return self.value(self.schemas[name], model) if name in self.inline else schema
        schema = {**schema, **schema.get("x-inferred", {})}
        schema = {k: v for k, v in schema.items() if not k.startswith("x-") and k != "why"}
        if "anyOf" in schema:
            branches = [self.value(branch, model) for branch in schema["anyOf"]]
            kind = branches[0].get("type")
            is_nullable = branches[1:] == [{"type": "null"}]
            if is_nullable and isinstance(kind, str) and kind != "object":
                rest = {key: part for key, part in schema.items() if key != "anyOf"}
                return {**branches[0], **rest, "type": [kind, "null"]}
            return {**schema, "anyOf": branches}
        if named := self.named(schema, model):
            return {"$ref": REFERENCE + named}
        if schema.get("type") == "array":
            return {**schema, "items": self.value(schema["items"], model)}
        if schema.get("enum"):
            return {**schema, "x-enum-field-as-literal": True}
        return schema

    def named(self, schema: Schema, model: str) -> str | None:
        """The type of `wire/values.py` that stands for a value."""
        if schema.get("type") == "object" and schema.get("additionalProperties") is True:
            return "OpenObject"
        goes_out = model in self.replied
        if schema.get("format") == "uuid" and model not in self.sent:
            return "ReplyId"
        if schema.get("format") == "date-time" and goes_out:
            return "RepeatedTime" if model in self.sent else "ReplyTime"
        return None


def _described(name: str, sent: Uses, replied: Uses, asked: Uses, parents: Uses) -> str:
    """Where a class is used: in which operations, or in which other classes."""
    parts = [
        f"{title} {', '.join(uses[name])}."
        for title, uses in (("Body of", sent), ("Reply to", replied), ("Parameter of", asked))
        if name in uses
    ]
    if name in parents:
        parts.append(f"Part of {', '.join(parents[name])}.")
    return shorten(" ".join(parts), 88, placeholder=" …", break_on_hyphens=False)


def _derived(name: str, made: dict[str, Schema]) -> Schema:
    """A class that has all fields of another as one that is derived from the largest such."""
    schema = made[name]
    bases = [base for base, inherited in made.items() if _extends(schema, inherited)]
    if not bases:
        return schema
    base = max(bases, key=lambda each: len(made[each]["properties"]))
    inherited = made[base]["properties"]
    own = {key: value for key, value in schema["properties"].items() if value != inherited.get(key)}
    required = [key for key in schema["required"] if key in own]
    rest = {"type": "object", "properties": own, "required": required}
    return {
        "description": schema["description"],
        "allOf": [{"$ref": REFERENCE + base}, rest],
    }


def _extends(schema: Schema, base: Schema) -> bool:
    """Whether a class has the fields of another, and more."""
    fields, inherited = schema.get("properties", {}), base.get("properties", {})
    return (
        3 <= len(inherited) < len(fields)
        and all(fields.get(key) == value for key, value in inherited.items())
        and {*base["required"]} == {*schema["required"]} & inherited.keys()
        and schema["customBasePath"] == base["customBasePath"]
        and "additionalProperties" not in schema | base
    )


def prepared(document: Any, applied: Sequence[Deviation] = DEVIATIONS) -> dict[str, Schema]:
    """The schemas of which the models are made: what is served of a contract, with deviations."""
    schemas: dict[str, Schema] = deepcopy(document["components"]["schemas"])
    for deviation in applied:
        _deviate(schemas, deviation)
    sent, replied, asked = _served(document)
    incoming, outgoing = _reached(sent, schemas), _reached(replied, schemas)
    preparation = _Preparation(schemas, incoming, outgoing)
    names = sorted(
        name
        for name in incoming | outgoing | _reached(asked, schemas)
        if name not in preparation.inline
    )
    made = {name: preparation.model(name) for name in names}
    parents: Uses = defaultdict(list)
    for name in names:
        for part in dict.fromkeys(_names(made[name].get("properties", {}))):
            parents[part].append(name)
    for name in names:
        made[name] = {
            **made[name],
            "description": _described(name, sent, replied, asked, parents),
        }
    derived = {name: _derived(name, made) for name in names}
    return derived | {name: {"type": "string"} for name in VALUES}


def header(document: Any) -> str:
    """How `wire/models.py` begins: it tells of which contract and deviations it was made."""
    schemas = json.dumps(prepared(document), sort_keys=True)
    digest = sha256(schemas.encode()).hexdigest()[:16]
    return HEADER.format(version=document["info"]["version"], digest=digest)


def render_models(document: Any) -> str:
    """The text of `wire/models.py` for a contract; the same bytes for the same contract."""
    from datamodel_code_generator import (
        DatetimeClassType,
        Formatter,
        InputFileType,
        PythonVersion,
        generate,
    )
    from datamodel_code_generator.config import GenerateConfig
    from datamodel_code_generator.enums import DataModelType

    schemas = prepared(document)
    text = generate(
        json.dumps({"openapi": "3.1.0", "paths": {}, "components": {"schemas": schemas}}),
        config=GenerateConfig(
            input_file_type=InputFileType.OpenAPI,
            output_model_type=DataModelType.PydanticV2BaseModel,
            target_python_version=PythonVersion.PY_311,
            formatters=[Formatter.BUILTIN],
            custom_file_header=header(document),
            disable_timestamp=True,
            use_annotated=True,
            use_double_quotes=True,
            use_schema_description=True,
            use_single_line_docstring=True,
            use_specialized_enum=True,
            capitalise_enum_members=True,
            output_datetime_class=DatetimeClassType.Datetime,
            strict_nullable=True,
            field_extra_keys={"default_factory", "validate_default"},
            type_overrides={name: f"{values.__name__}.{name}" for name in VALUES},
        ),
    )
    assert isinstance(text, str)
    # The generator breaks the docstrings of enumerations, however short they are.
    return re.sub(r'"""\n +(.{1,88})\n +"""', r'"""\1"""', text)


def main(arguments: list[str]) -> int:
    """Write the models, or compare them; 1 when they are stale."""
    options = argparse.ArgumentParser(prog="python -m tools.wire_models")
    mode = options.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write wire/models.py")
    mode.add_argument("--check", action="store_true", help="exit 1 when wire/models.py is stale")
    write = options.parse_args(arguments).write
    fresh = render_models(contract())
    if write:
        MODELS.write_text(fresh, encoding="utf-8")
        return 0
    return 0 if MODELS.read_text(encoding="utf-8") == fresh else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
