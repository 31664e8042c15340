"""What is wrong with the outputs of a run, whatever was read in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.types import NO_CONSTRAINTS, Constraints

from ..wrapping import RESULT


def wrong_outputs(record: types.RecordOf, outputs: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each value that has to be there and is not, and each list of a wrong length.

    Other bounds are about values that a desktop shows, and say nothing of the program.
    """
    for field in record.fields:
        name = "the result" if field.name == RESULT else f"`{field.name}`"
        yield from _wrong(field.type, outputs.get(field.wire_name), name, field.constraints)


def _wrong(
    type_: types.Type, value: Any, name: str, constraints: Constraints = NO_CONSTRAINTS
) -> Iterator[str]:
    match type_, value:
        case types.Optional(), None:
            return
        case _, None:
            yield f"{name} is missing, and has to be there"
        case _, list():
            yield from _wrong_length(len(value), name, constraints)
            inner = types.strip_optional(type_)
            if isinstance(inner, types.ListOf):
                for entry in value:
                    yield from _wrong(inner.element, entry, f"an entry of {name}")
        case _, dict():
            inner = types.strip_optional(type_)
            if isinstance(inner, types.RecordOf):
                for field in inner.fields:
                    part = f"`{field.name}` of {name}"
                    yield from _wrong(
                        field.type, value.get(field.wire_name), part, field.constraints
                    )
        case _:
            return


def _wrong_length(entries: int, name: str, constraints: Constraints) -> Iterator[str]:
    least, most = constraints.min_items, constraints.max_items
    has = "1 entry" if entries == 1 else f"{entries} entries"
    if least is not None and entries < least:
        yield f"{name} has {has}, and has to have {least} or more"
    elif most is not None and entries > most:
        yield f"{name} has {has}, and may have {most}"
