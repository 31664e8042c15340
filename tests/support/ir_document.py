"""The IR as a versioned JSON document; the only place where it is validated.

pydantic knows no records. So their schema is made here, of the annotations of their fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from flowdsl.ir import nodes
from flowdsl.source.record import Record, field_defaults, field_names

if TYPE_CHECKING:
    from pydantic_core import CoreSchema, SchemaValidator


def dump_program(program: nodes.Program) -> str:
    """The program as indented JSON; the same bytes for the same program."""
    from pydantic_core import to_json

    return to_json(program, indent=2, fallback=_fields).decode() + "\n"


def load_program(text: str) -> nodes.Program:
    """The program in a document; raises `pydantic.ValidationError` if it is not of this version."""
    program: nodes.Program = _validator().validate_json(text)
    return program


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in field_names(type(record))}


@cache
def _validator() -> SchemaValidator:
    from pydantic_core import SchemaValidator

    return SchemaValidator(_Schemas().document(nodes.Program))


class _Schemas:
    """Makes the schemas of a record and of those in its fields, each once: some hold themselves."""

    def __init__(self) -> None:
        from pydantic_core import core_schema

        self._make = core_schema
        self._records: dict[type[Record], CoreSchema | None] = {}

    def document(self, record: type[Record]) -> CoreSchema:
        root = self._of(record)
        known = [schema for schema in self._records.values() if schema is not None]
        return self._make.definitions_schema(root, known)

    def _of(self, annotation: Any) -> CoreSchema:
        kind, parts = get_origin(annotation) or annotation, get_args(annotation)
        if isinstance(kind, type) and issubclass(kind, Record):
            if kind not in self._records:
                self._records[kind] = None  # it may stand in its own fields
                self._records[kind] = self._record(kind)
            return self._make.definition_reference_schema(kind.__name__)
        if kind in (Union, UnionType):
            return self._make.union_schema([self._of(part) for part in parts])
        if kind is tuple:
            items = [self._of(part) for part in parts if part is not ...]
            return self._make.tuple_schema(items, variadic_item_index=0 if ... in parts else None)
        if kind is Literal:
            return self._make.literal_schema(list(parts))
        if kind is Mapping:
            return self._make.dict_schema(*map(self._of, parts))
        plain = {
            Any: self._make.any_schema,
            NoneType: self._make.none_schema,
            bool: self._make.bool_schema,
            int: self._make.int_schema,
            str: self._make.str_schema,
        }
        return plain[kind]()

    def _record(self, record: type[Record]) -> CoreSchema:
        defaults = field_defaults(record)
        fields = []
        for name, annotation in get_type_hints(record, vars(nodes)).items():
            schema = self._of(annotation)
            if name in defaults:
                schema = self._make.with_default_schema(schema, default=defaults[name])
            fields.append(self._make.dataclass_field(name, schema, kw_only=True))
        return self._make.dataclass_schema(
            record,
            self._make.dataclass_args_schema(record.__name__, fields),
            [field["name"] for field in fields],
            ref=record.__name__,
            slots=True,
        )
