"""Print FlowDSL's own words: sentences with their holes filled, and whole paragraphs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache

from .sentences import FOCUSED, SENTENCES, Choice, Sentence

RULES = {
    name.removeprefix("rules."): name
    for name, sentence in SENTENCES.items()
    if name.startswith("rules.") and FOCUSED in sentence.readers and name != "rules.always"
}
"""The rules that words in lines may need, in order, by the keys of their sentences."""


def say_sentence(name: str, *values: object) -> str:
    """Return the sentence `name`, with one value for each of its holes."""
    sentence = SENTENCES[name]
    count, choices = _find_choices(sentence)
    if len(values) != count:
        raise ValueError(f"{name} has {count} holes, and not {len(values)}")
    chosen = tuple([choice.chosen(values[index]) for index, choice in choices]) if choices else ()
    return _make_template(sentence, chosen).format(*values)


@cache
def _find_choices(sentence: Sentence) -> tuple[int, tuple[tuple[int, Choice], ...]]:
    """Return the number of holes of a sentence, and its choices with the indices of their holes."""
    indices = {hole.name: index for index, hole in enumerate(sentence.holes)}
    return len(indices), tuple((indices[each.hole.name], each) for each in sentence.choices)


@cache
def _make_template(sentence: Sentence, chosen: tuple[bool, ...]) -> str:
    """Return the words of a sentence with these choices; `{0}` stands for its first hole."""
    holes = [hole.name for hole in sentence.holes]
    choices = zip((each.hole.name for each in sentence.choices), chosen, strict=True)
    return "".join(
        word.replace("{", "{{").replace("}", "}}")
        if isinstance(word, str)
        else f"{{{holes.index(word.name)}}}"
        for word in sentence.words(dict(choices))
    )


def heading_paragraph(title: str, description: str) -> str:
    """Return the heading: a line for each of title and description that is not empty."""
    lines = [say_sentence("heading.title", title)] if title else []
    lines += [say_sentence("heading.description", description)] if description else []
    return "\n".join(lines)


def rules_paragraph(
    *,
    titles: bool,
    focused: bool,
    told: Collection[str],
    passed: Collection[str],
    rules: Iterable[str],
    flags: Collection[str] = (),
) -> str:
    """Return the rules before the steps, one per line.

    `told` are the keys of RULES that the main agent receives, `passed` those that focused agents
    receive as well, and `rules` the author's. `focused` means that there are such agents, `flags`
    are the keys of the rules with their optional words.
    """
    lines = [say_sentence("rules.title"), _say_rule("rules.order", titles)]
    flags = {*flags, "fail"} if focused else flags
    lines += _find_rule_lines([key for key in told if key not in passed], flags)
    if focused:
        lines.append(_say_rule("rules.instruction"))
    lines += _find_rule_lines(passed, flags)
    lines += [_say_rule("rules.always", rule) for rule in rules]
    return "\n".join(lines).strip("\n")


def _find_rule_lines(keys: Collection[str], flags: Collection[str]) -> Iterator[str]:
    for key in RULES:
        if key in keys:
            yield rule_line(key, key in flags)


def rule_line(key: str, flag: bool) -> str:
    """Return the line of a rule; `flag` means that it has its optional words, if there are any."""
    name = RULES[key]
    return _say_rule(name, flag) if SENTENCES[name].choices else _say_rule(name)


def _say_rule(name: str, *values: object) -> str:
    return f"- {say_sentence(name, *values)}"
