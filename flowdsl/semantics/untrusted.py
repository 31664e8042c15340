"""Text from outside: fields that are `@untrusted`, and every value that holds one or is part of one."""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.source.text import Span

from .program import Program
from .provenance import Origin, declared
from .types import FieldType, ListOf, RecordOf, Type, strip_optional

OWN = "own"
PART = "part"
WHOLE = "whole"


class UntrustedPart(Record):
    """An `@untrusted` field of a value. The value is the field (`OWN`), a part of it, or the whole around it."""

    field: FieldType
    relation: str
    span: Span

    def why(self, *, direct: bool) -> str:
        """Why a value is text from outside, for a sentence that begins with it; `direct`: it has its own declared name."""
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


def untrusted_part(program: Program, origin: Origin) -> UntrustedPart | None:
    """The first `@untrusted` field on the way to an origin, or inside it; None when it can be trusted."""
    found = declared(origin)
    for field in found.way:
        if field.constraints.untrusted:
            relation = OWN if field is found.field else PART
            return UntrustedPart(field, relation, _place(program, field))
    inside = _inside(found.type)
    return None if inside is None else UntrustedPart(inside, WHOLE, _place(program, inside))


def _place(program: Program, field: FieldType) -> Span:
    return program.bound_places[field.constraints]["untrusted"]


def _inside(type_: Type) -> FieldType | None:
    type_ = strip_optional(type_)
    if isinstance(type_, ListOf):
        return _inside(type_.element)
    for field in type_.fields if isinstance(type_, RecordOf) else ():
        inside = field if field.constraints.untrusted else _inside(field.type)
        if inside is not None:
            return inside
    return None
