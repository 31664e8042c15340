"""Prompts in FlowDSL's own words: sentences with their holes filled, and whole paragraphs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .sentences import SENTENCES

TOLD = ("data", "fail", "save", "append")
"""The rules that say what words of the lines mean, where there are such words, in their order."""


def say(name: str, *values: object) -> str:
    """The words of the sentence `name`, with one value for each of its holes."""
    sentence = SENTENCES[name]
    given = {hole.name: value for hole, value in zip(sentence.holes, values, strict=True)}
    chosen = {each.hole.name: each.chosen(given[each.hole.name]) for each in sentence.choices}
    words = sentence.words(chosen)
    return "".join([word if isinstance(word, str) else str(given[word.name]) for word in words])


def heading_paragraph(title: str, description: str) -> str:
    """What the workflow is: a line for each text that it has."""
    lines = [say("heading.title", title)] if title else []
    lines += [say("heading.description", description)] if description else []
    return "\n".join(lines)


def rules_paragraph(
    *,
    titles: bool,
    focused: bool,
    optional: bool,
    secrets: bool,
    told: Sequence[str],
    rules: Iterable[str],
) -> str:
    """The rules before the steps, a line each; `told` are those of TOLD, `rules` the author's."""
    lines = [say("rules.title"), _rule("rules.order", titles)]
    if focused:
        lines.append(_rule("rules.failed"))
    if optional:
        lines.append(_rule("rules.missing"))
    if secrets:
        lines.append(_rule("rules.secrets"))
    if focused:
        lines.append(_rule("rules.instruction"))
    if "data" in told:
        lines.append(_rule("rules.data"))
    if "fail" in told:
        lines.append(_rule("rules.fail"))
    if "save" in told:
        lines.append(_rule("rules.save"))
    if "append" in told:
        lines.append(_rule("rules.append"))
    lines += [_rule("rules.always", rule) for rule in rules]
    return "\n".join(lines).strip("\n")


def _rule(name: str, *values: object) -> str:
    return f"- {say(name, *values)}"
