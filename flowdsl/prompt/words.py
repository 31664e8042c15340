"""Prompts in FlowDSL's own words: sentences with their holes filled, and whole paragraphs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .sentences import SENTENCES

if TYPE_CHECKING:
    from jinja2 import Environment


TOLD = ("data", "fail", "save")
"""The rules that say what words of the lines mean, where there are such words, in their order."""


def say(name: str, *values: object) -> str:
    """The words of the sentence `name`, with one value for each of its holes."""
    sentence = SENTENCES[name]
    given = {hole.name: value for hole, value in zip(sentence.holes, values, strict=True)}
    chosen = {each.hole.name: each.chosen(given[each.hole.name]) for each in sentence.choices}
    words = sentence.words(chosen)
    return "".join([word if isinstance(word, str) else str(given[word.name]) for word in words])


@cache
def environment() -> Environment:
    """Jinja as paragraphs use it: with marks that no prompt has, and with `say`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("flowdsl.prompt", "paragraphs"),
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
        auto_reload=False,
    )
    environment.globals["say"] = say
    return environment


def paragraph(name: str, **values: object) -> str:
    """The text of a paragraph, without blank lines around it."""
    return environment().get_template(f"{name}.j2").render(**values).strip("\n")
