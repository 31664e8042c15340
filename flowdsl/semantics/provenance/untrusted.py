"""Text from outside: `@untrusted` fields, and values that contain one or are part of one."""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.source.text import Span

from ..program import Program
from ..types import FieldType, ListOf, Optional, RecordOf, Type
from .origins import Origin, find_origin_declaration

OWN = "own"
PART = "part"
WHOLE = "whole"


class UntrustedPart(Record):
    """An `@untrusted` field in a value.

    `relation` says whether the value is that field (`OWN`), a part of it (`PART`), or a whole that
    contains it (`WHOLE`).
    """

    field: FieldType
    relation: str
    span: Span

    def why(self, *, direct: bool) -> str:
        """Explain why a value is text from outside, for a sentence whose subject is the value.

        `direct`: the value is written with its own declared name.
        """
        if not direct:
            return f"comes from `{self.field.name}`, which is `@untrusted`"
        match self.relation:
            case "own":
                return "is `@untrusted`"
            case "part":
                return f"is part of `{self.field.name}`, which is `@untrusted`"
            case _:
                return f"holds `{self.field.name}`, which is `@untrusted`"


def is_declared_untrusted(program: Program) -> bool:
    """Whether anything in the program is declared `@untrusted`."""
    return any(constraints.untrusted for constraints in program.bound_places)


def find_untrusted_part(program: Program, origin: Origin) -> UntrustedPart | None:
    """Return the first `@untrusted` field around an origin or inside it; None if it is trusted."""
    type_, own = origin.symbol.type, origin.symbol.field
    way: tuple[FieldType, ...] = () if own is None else (own,)
    if origin.path:
        found = find_origin_declaration(origin)
        type_, own, way = found.type, found.field, found.way
    for field in way:
        if field.constraints.untrusted:
            relation = OWN if field is own else PART
            return UntrustedPart(field, relation, _place(program, field))
    inside = _inside(program, type_)
    return None if inside is None else UntrustedPart(inside, WHOLE, _place(program, inside))


def _place(program: Program, field: FieldType) -> Span:
    return program.bound_places[field.constraints]["untrusted"]


def _inside(program: Program, type_: Type) -> FieldType | None:
    while isinstance(type_, Optional | ListOf):
        type_ = type_.inner if isinstance(type_, Optional) else type_.element
    if not isinstance(type_, RecordOf):
        return None
    known = program.untrusted_fields
    if type_ not in known:
        known[type_] = _field_inside(program, type_)
    return known[type_]


def _field_inside(program: Program, record: RecordOf) -> FieldType | None:
    for field in record.fields:
        inside = field if field.constraints.untrusted else _inside(program, field.type)
        if inside is not None:
            return inside
    return None
