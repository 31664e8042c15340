"""The IR as a versioned JSON document; the only place where it is validated."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from . import nodes

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@cache
def _adapter() -> TypeAdapter[nodes.Program]:
    from pydantic import TypeAdapter

    return TypeAdapter(nodes.Program)


def dump_program(program: nodes.Program) -> str:
    """The program as indented JSON; the same bytes for the same program."""
    return _adapter().dump_json(program, indent=2).decode() + "\n"


def load_program(text: str) -> nodes.Program:
    """The program in a document; raises `pydantic.ValidationError` if it is not of this version."""
    return _adapter().validate_json(text)
