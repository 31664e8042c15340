"""FlowDSL's own words: Jinja frames with delimiters that no prompt uses."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("flowdsl.prompt", "frames"),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        optimized=False,
    )


@cache
def _macros(family: str) -> Any:
    return _environment().get_template(f"{family}.j2").module


def say(frame: str, *values: object) -> str:
    """The words of a frame (`family.name`) with `values` filled in; surrounding white space is dropped."""
    family, _, name = frame.partition(".")
    macro: Callable[..., str] = getattr(_macros(family), name)
    return str(macro(*values)).strip()


def paragraph(name: str, **values: object) -> str:
    """A whole frame of its own, without surrounding blank lines."""
    return _environment().get_template(f"{name}.j2").render(**values).strip("\n")
