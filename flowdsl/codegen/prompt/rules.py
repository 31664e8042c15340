"""Which rules a prompt needs, and which of them its focused agents must receive.

Those come after the rule on what is passed on; only the main agent needs the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from flowdsl.ir import nodes
from flowdsl.ir.facts import facts_of, find_statements, noted_failures
from flowdsl.ir.walk import walk
from flowdsl.prompt.outline import Item, walk_items
from flowdsl.prompt.sentences import SENTENCES
from flowdsl.prompt.text import bracket_pair, spell_marked_text
from flowdsl.prompt.words import rules_paragraph

from .saved import is_final_body


def rules_words(workflow: nodes.Workflow, items: Sequence[Item], told: set[str]) -> str:
    """Return the rules of a prompt with these lines.

    `told` are the rules on failing and saving that words in the lines need, by their keys among the
    sentences of `rules`.
    """
    always = [rule for rule in map(spell_marked_text, workflow.rules) if rule]
    lines = list(_find_numbered_lines(items))
    calls = [list(walk_items(line.children)) for line in lines if line.focused]
    bullets = [bullet for call in calls for bullet in call]
    titles = [item for item in items if item.title]
    own = set(_find_needed_rules((*titles, *lines), always=bool(always)))
    passed = set(_find_needed_rules(bullets, always=bool(always)))
    told_bullets = "\n".join([each.text for each in bullets])
    says_missing = _EMPTY in told_bullets
    named = {each: _find_variables(each.text) for each in (*lines, *bullets)}
    in_bullets = [found for each in bullets for found in named[each]]
    names_entry = any(_ENTRY.search(path) for _, _, path in in_bullets)
    missing = _Missing(workflow, says_missing=says_missing or names_entry)
    asks_missing = any(words in told_bullets for words in _ASKS_MISSING)
    if asks_missing or (says_missing and any(map(missing.may_be_of_run, in_bullets))):
        passed.add("missing")
    if workflow.apart and any(each.statement in ("extract", "run") for each in bullets):
        passed.add("apart")
    typed = [
        {found for each in half if each.statement == "type" for found in named[each]}
        for half in (lines, bullets)
    ]
    if any(missing.may_be(*each) for each in typed[0] | typed[1]):
        (passed if typed[1] else own).add("typed_missing")
    (passed if bullets else own).update(told)
    if bullets:
        passed.add("fail")
    if any(bracket_pair(1)[0] in rule for rule in always):
        (passed if bullets else own).add("data")
    if "marks" in passed:
        # Its statement on brackets applies to the main agent, too.
        passed.add("marked_data")
        own.discard("data")
        passed.discard("data")
    flags = set(_find_rule_flags(calls, named))
    return rules_paragraph(
        titles=bool(titles),
        focused=bool(bullets),
        told=own,
        passed=passed,
        rules=always,
        flags=flags,
    )


def _find_rule_flags(
    calls: Sequence[Sequence[Item]], named: Mapping[Item, Sequence[_Named]]
) -> Iterator[str]:
    """Yield the rules that need their optional words, for calls with these bullets."""
    if any(_marks_own(call, named) for call in calls):
        yield "marks"
    if any(each.statement == "repeat" and _REACH in each.text for call in calls for each in call):
        yield "unmet"


def _marks_own(bullets: Sequence[Item], named: Mapping[Item, Sequence[_Named]]) -> bool:
    """Whether a call refers by mark to a value that it may have saved itself."""
    found = [each for bullet in bullets for each in named[bullet]]
    marked = {name for opening, name, _ in found if opening == "\u27ea"}
    if not marked:
        return False
    given = {name for each in bullets for name in _find_given(each.text)}
    # To append to a list also saves its count.
    saved = {name.removesuffix(nodes.count_of("")) for name in marked & given}
    saves = any(f'"{name}' in each.text for name in saved for each in bullets)
    return saves or not marked <= given


def _find_numbered_lines(items: Sequence[Item]) -> Iterator[Item]:
    for item in items:
        if not item.title:
            yield item
        if not item.focused:
            yield from _find_numbered_lines(item.children)


_Named: TypeAlias = tuple[str, str, str]
"""A variable in a line: opening marks, name, and the path to the part that is named."""


def _find_variables(text: str) -> Sequence[_Named]:
    return _VARIABLE.findall(text) if "{" in text or "\u27ea" in text else ()


def _find_given(text: str) -> Sequence[str]:
    """Return the variables that a bullet gives to its call."""
    return _GIVEN.findall(text) if " = {{" in text else ()


class _Missing:
    """Determines which variables may have no value.

    `says_missing`: a focused agent may save a missing value, including inside another value: the
    lines say so, or name an entry of a list by its number.
    """

    def __init__(self, workflow: nodes.Workflow, *, says_missing: bool) -> None:
        self._workflow = workflow
        self._inputs = {field.name: field for field in workflow.inputs}
        self._says_missing = says_missing
        self._sure, self._kept = _read_and_kept(workflow.body)

    def may_be(self, opening: str, name: str, path: str) -> bool:
        """Whether a variable, which begins with these marks, or a part of it may have no value.

        A record may be kept without a field that has no value, and a list may be shorter.
        """
        if _ENTRY.search(path):
            return True
        if opening == "{":
            # Import declares one unnamed input for everything that may be missing.
            return _is_optional(self._inputs.get(name, self._inputs.get("")))
        if name in self._sure:
            return False
        return (path != "" and name in self._kept) or self._are_values_missing()

    def _are_values_missing(self) -> bool:
        """Whether the prompt may give any value that is missing."""
        return (
            self._says_missing
            or any(map(_is_optional, self._inputs.values()))
            or _stores_empty_text(self._workflow.body)
        )

    def may_be_of_run(self, variable: _Named) -> bool:
        """Whether a mark names a value of the run that may be missing.

        The check of a saved decision states itself what it asks for.
        """
        opening, name, path = variable
        return (
            opening == "\u27ea"
            and (name not in self._sure or _ENTRY.search(path) is not None)
            and name not in noted_failures(self._workflow.body)
        )


def _read_and_kept(body: nodes.Body) -> tuple[set[str], set[str]]:
    """Return the variables that are read and never empty if a run continues; the others."""
    sure, unsure = set[str](), set[str]()
    pending = [*body]
    while pending:
        each = pending.pop()
        if isinstance(each, _READINGS):
            if each.variable is not None:
                (unsure if _may_be_missing(each) else sure).add(each.variable)
            pending += each.otherwise or ()
        elif isinstance(each, nodes.Step):
            pending += each.body
        else:
            unsure |= facts_of(each).sets
    return sure - unsure, unsure


_READINGS = (nodes.Extract, nodes.Copy, nodes.Run)


def _stores_empty_text(body: nodes.Body) -> bool:
    """Whether an empty text, which is no value, is stored as it stands in the source."""
    return any(
        isinstance(each.value, nodes.ConstantValue) and each.value.value == ""
        for statement in find_statements(body, {"store"})
        if isinstance(statement, nodes.Store)
        for each in statement.assignments
    )


def _may_be_missing(statement: nodes.Extract | nodes.Copy | nodes.Run) -> bool:
    """Whether the value read, or a part of it, may be missing if the run continues."""
    otherwise, type_ = statement.otherwise, statement.type
    if otherwise is None:
        return _is_optional(type_)
    inner = None if type_ is None else nodes.strip_optional(type_)
    return _is_optional(inner) or not is_final_body(otherwise)


def _is_optional(node: object) -> bool:
    return any(isinstance(each, nodes.OptionalType) for each in walk(node))


_EMPTY = SENTENCES["values.missing"].text
_ASKS_MISSING = (" has no value", " has a value")
_REACH = str(SENTENCES["control.reach"].parts[0])
_GIVEN = re.compile(r"(\w+) = \{\{\1\}\}")
# The expressions begin with the signs that few lines have, which `re` looks for fast.
_SECRET = re.compile(r"\{(?<!\\\{)\$")
_VARIABLE = re.compile(
    r"(\{(?<!\\\{)\{?|\u27ea(?<!\\\u27ea))"
    rf"(\w+)(?:\.{nodes.BOX}\b)?([^{{}}\u27ea\u27eb]*)"
)
_ENTRY = re.compile(r"\[[0-9]")
"""An entry of a list by its number, in a path."""

_PAUSES = re.compile(
    "From the second (?:attempt|round) on, wait |, and waiting | between them"
    "|looking first and (?!after)"
)


def _find_needed_rules(lines: Sequence[Item], *, always: bool) -> Iterator[str]:
    """Yield the rules that the words of some lines need.

    A pause needs one only if a situation with a rule of the author may arise meanwhile.
    """
    text = "\n".join([each.text for each in lines])
    if bracket_pair(1)[0] in text:
        yield "data"
    if "\u27ea" in text:
        yield "marks"
    if _SECRET.search(text):
        yield "secrets"
    if any(each.statement == "wait_until" or (always and _has_pause(each)) for each in lines):
        yield "wait"


def _has_pause(line: Item) -> bool:
    return line.statement == "wait" or _PAUSES.search(line.text) is not None
