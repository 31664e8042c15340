r"""Finds the variables of a prompt without the patterns that statements are parsed with.

`flowdsl convert` compares the variables of the prompt with those of the proposal; a variable that
one parser misses is then found by the other. In `Save {a} in C:\Out\{b}`, `{a}` is a variable, and
`{b}` was meant to be one: the platform parses `\{` as an escaped brace (assumption `brace-escape`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from flowdsl.format.literals import is_name
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM
from flowdsl.ir.walk import walk
from flowdsl.prompt.reading.texts import read_path
from flowdsl.prompt.text import spell_variable
from flowdsl.source.record import Record

_NAME = r"[A-Za-z_][A-Za-z0-9_]*+"
_PATH = rf"(?:\.{_NAME}|\[[0-9]{{1,18}}\]|\['[^']*'\]|\[\"[^\"]*\"\])*"
_BEFORE_SEPARATOR = frozenset("_:.)}]%")
"""Characters, besides letters and digits, that a path may have before a backslash separator."""


class VariableUse(Record):
    """A variable in a prompt, from the offset `start` to `end`.

    `escaped`: a backslash precedes it.
    """

    start: int
    end: int
    variable: nodes.Variable
    escaped: bool


class VariableDifference(Record):
    """Variables that only the prompt has (`lost`), and that only its statements have (`gained`)."""

    lost: tuple[VariableUse, ...]
    gained: tuple[nodes.Variable, ...]


def variables_in(prompt: str, declared: Collection[str]) -> tuple[VariableUse, ...]:
    """Return the variables of a prompt in order, and the text that was meant to be one.

    `declared` are the wire names of inputs and secrets, which may be any text. A variable after a
    backslash counts if it is in a path, or if its name is declared or used elsewhere in the prompt
    without a backslash.
    """
    every = tuple(_scan_prompt(prompt, declared))
    names = {each.variable.name for each in every if not each.escaped} | set(declared)
    return tuple(
        each
        for each in every
        if not each.escaped or each.variable.name in names or _is_in_path(prompt, each.start)
    )


def infer_type(paths: Iterable[tuple[str | int, ...]]) -> nodes.Type:
    """Return the type of a value of which a prompt uses the parts at `paths`; texts inside it.

    `{a.b}` and `{a.c}` use a record with the fields `b` and `c`. What `{a[0]}` uses may be missing,
    so that it stays of any type.
    """
    inner: dict[str | int, list[tuple[str | int, ...]]] = {}
    for path in paths:
        if path:
            inner.setdefault(path[0], []).append(path[1:])
    fields = []
    for name, below in inner.items():
        if isinstance(name, int):
            return nodes.ScalarType(name="any")
        fields.append(nodes.FieldSpec(name=name, type=infer_type(below)))
    return nodes.RecordType(fields=tuple(fields)) if fields else nodes.ScalarType(name="string")


def compare_variables(
    found: Sequence[VariableUse], body: nodes.Body, printed: str | None = None
) -> VariableDifference:
    """Compare the variables of a prompt with those of the statements that would replace it.

    With `printed`, the prompt that was compiled from the statements, its variables are compared
    instead of theirs. A variable that a statement sets is never a difference: an output is read
    even if the prompt does not name its variable.
    """
    own = {
        each.variable
        for each in walk(body)
        if isinstance(each, nodes.Extract | nodes.Copy | nodes.Assignment)
    }
    own.add(LOOP_ITEM)  # where no loop sets it, words say what it is
    used = {each for each in walk(body) if isinstance(each, nodes.Variable)}
    if printed is not None:
        declared = {each.variable.name for each in found if each.variable.sigil != "runtime"}
        filled = {each.variable for each in variables_in(printed, declared) if not each.escaped}
        # The compiler has variables of its own, which its sentences set.
        used = {each for each in filled if each.sigil != "runtime" or each in used}
    known = {each.variable for each in found if not each.escaped}

    def is_new(variable: nodes.Variable, others: set[nodes.Variable]) -> bool:
        is_own = variable.sigil == "runtime" and variable.name in own
        return variable not in others and not is_own

    return VariableDifference(
        tuple(each for each in found if each.escaped or is_new(each.variable, used)),
        tuple(sorted((each for each in used if is_new(each, known)), key=spell_variable)),
    )


def _is_in_path(prompt: str, brace: int) -> bool:
    before = prompt[:brace].rstrip("\\")[-1:]
    return before.isalnum() or before in _BEFORE_SEPARATOR


def _scan_prompt(prompt: str, declared: Collection[str]) -> Iterator[VariableUse]:
    odd = sorted((each for each in declared if not is_name(each)), key=len, reverse=True)
    reference = f"({'|'.join((*map(re.escape, odd), _NAME))})({_PATH})"
    pattern = rf"\{{\{{[ \t]*{reference}[ \t]*\}}\}}|\{{(\$?){reference}\}}"
    for found in re.finditer(pattern, prompt):
        start = found.start()
        variable = variable_of_match(*found.groups())
        yield VariableUse(start, found.end(), variable, prompt[start - 1 : start] == "\\")


def variable_of_match(
    runtime: str | None, runtime_path: str, secret: str, name: str, path: str
) -> nodes.Variable:
    """Return the variable of the groups of a pattern: of `{{runtime}}`, or else of `{$name}`."""
    return nodes.Variable(
        sigil="runtime" if runtime else "secret" if secret else "input",
        name=runtime or name,
        path=read_path(runtime_path if runtime else path),
    )
