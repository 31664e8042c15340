"""Which rules a prompt needs, and which of them its focused agents are to be told.

Those stand behind the rule that says what is passed on; the main agent alone needs the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flowdsl.ir import nodes
from flowdsl.ir.walk import statements, variables_set, walk
from flowdsl.prompt.outline import Item
from flowdsl.prompt.sentences import SENTENCES
from flowdsl.prompt.text import bracket_pair, marked_text
from flowdsl.prompt.words import rules_paragraph


def rules_words(workflow: nodes.Workflow, items: Sequence[Item], told: set[str]) -> str:
    """The rules of a prompt with these lines.

    `told` are the rules on failing and saving that words of the lines need, by their keys among
    the sentences of `rules`.
    """
    always = [rule for rule in map(marked_text, workflow.rules) if rule]
    lines, bullets = list(_lines(items)), list(_bullets(items))
    titles = [item for item in items if item.title]
    own = set(_needed((*titles, *lines), always=bool(always)))
    passed = set(_needed(bullets, always=bool(always)))
    says_missing = any(_EMPTY in each.text for each in bullets)
    asks_missing = any(words in each.text for words in _ASKS_MISSING for each in bullets)
    if says_missing or asks_missing:
        passed.add("missing")
    if workflow.apart and any(each.statement in ("extract", "run") for each in bullets):
        passed.add("apart")
    missing = _Missing(workflow, says_missing=says_missing)
    typed = [_typed(half) for half in (lines, bullets)]
    if any(missing.may_be(*each) for each in typed[0] | typed[1]):
        (passed if typed[1] else own).add("typed_missing")
    (passed if bullets else own).update(told)
    if bullets:
        passed.add("fail")
    if any(bracket_pair(1)[0] in rule for rule in always):
        (passed if bullets else own).add("data")
    if "marks" in passed:
        # What it says of brackets holds for the main agent, too.
        passed.add("marked_data")
        own.discard("data")
        passed.discard("data")
    return rules_paragraph(
        titles=bool(titles), focused=bool(bullets), told=own, passed=passed, rules=always
    )


def _lines(items: Sequence[Item]) -> Iterator[Item]:
    """The numbered lines."""
    for item in items:
        if not item.title:
            yield item
        if not item.focused:
            yield from _lines(item.children)


def _bullets(items: Sequence[Item], *, inside: bool = False) -> Iterator[Item]:
    """The bullets of all calls."""
    for item in items:
        if inside:
            yield item
        yield from _bullets(item.children, inside=inside or item.focused)


def _typed(lines: Sequence[Item]) -> set[tuple[str, str, bool]]:
    """The variables that lines type: how each begins, its name, and whether a part of it is."""
    texts = (each.text for each in lines if each.statement == "type")
    return {
        (found[1], found[2], found[3] is not None)
        for text in texts
        for found in _VARIABLE.finditer(text)
    }


class _Missing:
    """Tells which variables may have no value.

    `says_missing`: a focused agent may save that there is none, as a part of a value, too.
    """

    def __init__(self, workflow: nodes.Workflow, *, says_missing: bool) -> None:
        self._inputs = {field.name: _is_optional(field) for field in workflow.inputs}
        self._other = says_missing or any(self._inputs.values())
        self._sure, self._kept = _read_and_kept(workflow.body)

    def may_be(self, opening: str, name: str, is_part: bool) -> bool:
        """Whether a variable, which begins with these marks, or a part of it may have no value.

        A record may be kept without a field that has no value.
        """
        if opening == "{":
            # Import declares one input without a name for all that may be missing.
            return self._inputs.get(name, self._inputs.get("", False))
        other = self._other or (is_part and name in self._kept)
        return other and name not in self._sure


def _read_and_kept(body: nodes.Body) -> tuple[set[str], set[str]]:
    """The variables that are read and never empty where a run goes on; those that are set."""
    sure, unsure = set[str](), set[str]()
    for each in statements(body):
        match each:
            case nodes.Extract() | nodes.Copy() | nodes.Run():
                if each.variable is not None and each.type is not None:
                    (unsure if _is_optional(each.type) else sure).add(each.variable)
            case _:
                unsure.update(variables_set((each,)))
    return sure - unsure, unsure


def _is_optional(node: object) -> bool:
    return any(isinstance(each, nodes.OptionalType) for each in walk(node))


_EMPTY = SENTENCES["values.missing"].text
_ASKS_MISSING = (" has no value", " has a value")
_SECRET = re.compile(r"(?<!\\)\{\$")
_VARIABLE = re.compile(rf"(?<!\\)(\{{\{{?|\u27ea)(\w+)(?:\.{nodes.BOX}\b)?([.\[])?")

_PAUSES = (
    *(str(SENTENCES[name].parts[0]) for name in ("control.retry_wait", "control.round_wait")),
    " between,",
    " between them,",
)


def _needed(lines: Sequence[Item], *, always: bool) -> Iterator[str]:
    """The rules without which the words of some lines are not clear.

    A pause needs one only where something may come up meanwhile, for which the author has a rule.
    """
    if any(bracket_pair(1)[0] in each.text for each in lines):
        yield "data"
    if any("\u27ea" in each.text for each in lines):
        yield "marks"
    if any(_SECRET.search(each.text) for each in lines):
        yield "secrets"
    if any(each.statement == "wait_until" or (always and _pauses(each)) for each in lines):
        yield "wait"


def _pauses(line: Item) -> bool:
    return line.statement == "wait" or any(words in line.text for words in _PAUSES)
