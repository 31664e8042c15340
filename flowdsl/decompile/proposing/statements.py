"""Builds the statements of a proposal, with the `else` that source leaves out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Literal

from flowdsl.format.literals import is_name
from flowdsl.ir import nodes
from flowdsl.ir.lowering.statements import DEFAULT_TIMEOUT_MILLISECONDS
from flowdsl.ir.lowering.values import LOOP_ITEM, negate_condition, not_come, unmet_reason
from flowdsl.ir.walk import walk
from flowdsl.source.record import replace

from ..model import NOWHERE
from .sentences.decisions import says_none_found

MOST_ENTRIES = 100
"""The bound of a loop over an input list that names none itself."""


def is_scalar(type_: nodes.Type) -> bool:
    inner = type_.inner if isinstance(type_, nodes.OptionalType) else type_
    return isinstance(inner, nodes.ScalarType | nodes.EnumType)


def make_default_else(type_: nodes.Type, source: nodes.Text) -> nodes.Body | None:
    """Return the `else` of a read that must not fail, as lowering adds it if source has none."""
    if isinstance(type_, nodes.OptionalType):
        return None
    return make_abort(unmet_reason(source))


def make_abort(reason: nodes.Text) -> nodes.Body:
    return (nodes.Leave(origin=NOWHERE, action="abort", reason=reason),)


def make_decision(
    condition: nodes.Condition,
    then: Sequence[nodes.Statement],
    otherwise: Sequence[nodes.Statement],
) -> nodes.Statement | None:
    """Return an `if`, turned round if only its second part does something; None for no act."""
    if not then:
        condition, then, otherwise = negate_condition(condition), otherwise, ()
    if not then:
        return None
    branch = nodes.Branch(origin=NOWHERE, condition=condition, body=tuple(then))
    return nodes.If(origin=NOWHERE, branches=(branch,), otherwise=tuple(otherwise))


def chain_decisions(before: nodes.Statement, last: nodes.Statement) -> nodes.Statement | None:
    """Return one decision of two about the same thing, of which the last has the `otherwise`.

    "If it is open, X. If it is closed, Y. Otherwise Z": Z is for neither. None for other pairs, of
    which the `otherwise` belongs to the last.
    """
    if is_plain_choice(before) and isinstance(last, nodes.If) and not last.otherwise:
        assert isinstance(before, nodes.Choose)
        (branch, *others) = last.branches
        if not others and says_none_found(_words_seen(branch.condition)):
            return replace(before, otherwise=branch.body)
    if not isinstance(before, nodes.If) or not isinstance(last, nodes.If):
        return None
    if before.otherwise or not last.otherwise:
        return None
    first, second = before.branches[-1].condition, last.branches[0].condition
    about, also = _subject_of(first), _subject_of(second)
    if not (about and also and (about <= also or also <= about)):
        return None
    branches = (*before.branches, *last.branches)
    return nodes.If(origin=NOWHERE, branches=branches, otherwise=last.otherwise)


def chain_statements(
    before: Sequence[nodes.Statement], last: nodes.Statement
) -> tuple[nodes.Statement, ...] | None:
    """Return statements with a decision chained to their last one; None if they are no chain.

    Acts behind a choice are done where there was one: "Select X and double-click. No hit: fail".
    """
    at = find_plain_choice(before) if isinstance(last, nodes.If) else None
    at = len(before) - 1 if at is None else at
    chained = chain_decisions(before[at], last) if before else None
    behind = before[at + 1 :]
    if chained is None or (behind and not _ends_run(chained)):
        return None
    return (*before[:at], chained, *behind)


def _ends_run(statement: nodes.Statement) -> bool:
    ends = statement.otherwise[-1:] if isinstance(statement, nodes.Choose) else ()
    return any(isinstance(each, nodes.Leave) for each in ends)


def find_plain_choice(statements: Sequence[nodes.Statement]) -> int | None:
    """Return the place of a choice without an `else`, behind which there are only acts in prose."""
    for at in range(len(statements) - 1, -1, -1):
        if not isinstance(statements[at], nodes.Do):
            return at if is_plain_choice(statements[at]) else None
    return None


def is_plain_choice(statement: nodes.Statement) -> bool:
    """Whether a statement is a choice without an `else` of its own."""
    return isinstance(statement, nodes.Choose) and statement.otherwise == make_abort(
        unmet_reason(statement.target)
    )


def _words_seen(condition: nodes.Condition) -> str:
    """Return the words of a look at the screen, without its values; empty for another one."""
    text = condition.text if isinstance(condition, nodes.Sees) else ()
    return "".join(each.value if isinstance(each, nodes.TextPiece) else "_" for each in text)


def _subject_of(condition: nodes.Condition) -> set[str]:
    """Return the words of what a condition is about, in front of its verb or a colon."""
    names = {each.name for each in walk(condition) if isinstance(each, nodes.Variable)}
    text = _words_seen(condition)
    if not text:
        return names
    subject = re.split(r": |\b(?:is|are|has|have|says|shows|ist|hat|was|does|contains)\b", text)[0]
    if not subject:
        return names | set(re.findall(r"\w{4,}", text))
    named = set(re.findall(r"\"([^\"]+)\"", subject))
    words = set(re.findall(r"\w{3,}", subject.lower()))
    return names | named or words - {"the", "any", "der", "die", "das", "ein", "eine"}


def make_leap(words: nodes.Text, label: str | None) -> nodes.Leave:
    """Return what leaves all up to the entry called `label`, or up to the end of a loop's body.

    It stands at the end of a branch until `leaps.resolve_leaps` makes an `else` of it.
    """
    return nodes.Leave(origin=NOWHERE, action="retry", reason=words, noted=label or "")


def is_leap(node: object) -> bool:
    """Whether a node is one of `make_leap`."""
    return isinstance(node, nodes.Leave) and node.noted is not None


def make_extract(variable: str, type_: nodes.Type, source: nodes.Text) -> nodes.Extract:
    """Return the statement that reads a value; without it, the run ends unless it is optional."""
    return nodes.Extract(
        origin=NOWHERE,
        variable=variable,
        type=type_,
        source=source,
        model=None,
        otherwise=make_default_else(type_, source),
    )


def make_wait_until(
    condition: nodes.Text | nodes.Condition, milliseconds: int | None
) -> nodes.Statement:
    """Return `wait until`, with the default time if there is none."""
    return nodes.WaitUntil(
        origin=NOWHERE,
        condition=condition,
        timeout_milliseconds=milliseconds or DEFAULT_TIMEOUT_MILLISECONDS,
        otherwise=make_abort(not_come(condition)),
    )


def make_expect(condition: nodes.Text) -> nodes.Statement:
    """Return `expect`, which ends the run."""
    otherwise = make_abort(unmet_reason(condition))
    return nodes.Expect(origin=NOWHERE, condition=condition, otherwise=otherwise)


def make_choose(target: nodes.Text) -> nodes.Choose:
    """Return `choose`, which ends the run."""
    otherwise = make_abort(unmet_reason(target))
    return nodes.Choose(origin=NOWHERE, target=target, model=None, otherwise=otherwise)


def make_loop(
    noun: str,
    field: nodes.FieldSpec | None,
    taken: Collection[str],
    body: Sequence[nodes.Statement],
    sigil: Literal["input", "runtime"] = "input",
) -> nodes.Statement | None:
    """Return the loop over a list, None for another value; its first line names the entry.

    `noun` is what the prompt calls an entry, and `taken` are names that the entry cannot have.
    """
    items = None if field is None else field.type
    if isinstance(items, nodes.OptionalType):
        items = items.inner
    if field is None or not isinstance(items, nodes.ListType):
        return None
    name = "_".join(re.findall(r"\w+", noun.lower()))
    entry = nodes.Variable(sigil="runtime", name=LOOP_ITEM)
    before, after = (nodes.TextPiece(value=each) for each in (f"The {noun} to work on is ", "."))
    source = nodes.Variable(sigil=sigil, name=field.name)
    return nodes.Loop(
        origin=NOWHERE,
        variable=name if is_name(name) and name not in taken else "entry",
        items=nodes.TextValue(text=(source,), json=True),
        limit=field.constraints.get("maxItems", MOST_ENTRIES),
        counted=True,
        body=(nodes.Do(origin=NOWHERE, text=(before, entry, after)), *body),
    )
