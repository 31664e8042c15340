r"""Finds the variables of a prompt without the patterns that statements are parsed with.

`flowdsl convert` compares the variables of the prompt with those of the proposal; a variable that
one parser misses is then found by the other. In `Save {a} in C:\Out\{b}`, `{a}` is a variable, and
`{b}` was meant to be one: the platform parses `\{` as an escaped brace (assumption `brace-escape`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM
from flowdsl.ir.walk import walk
from flowdsl.prompt.text import spell_variable
from flowdsl.source.record import Record

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


def compare_variables(
    found: Sequence[VariableUse], body: nodes.Body, printed: str | None = None
) -> VariableDifference:
    """Compare the variables of a prompt with those of the statements that would replace it.

    With `printed`, the prompt that was compiled from the statements, its variables are compared
    instead of theirs. A variable that a statement sets is never a difference: an output is read
    even if the prompt does not name its variable.
    """
    own = {each.variable for each in walk(body) if isinstance(each, nodes.Extract | nodes.Copy)}
    if any(isinstance(each, nodes.Loop) for each in walk(body)):
        own.add(LOOP_ITEM)
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
    odd = sorted(
        (name for name in declared if _scan_longest_name(name, 0) != name), key=len, reverse=True
    )
    at = prompt.find("{")
    while at >= 0:
        found = _scan_runtime_variable(prompt, at, odd) or _scan_plain_variable(prompt, at, odd)
        if found is not None:
            yield found
        at = prompt.find("{", found.end if found is not None else at + 1)


def _scan_runtime_variable(prompt: str, at: int, odd: list[str]) -> VariableUse | None:
    if not prompt.startswith("{{", at):
        return None
    begin = _behind_blanks(prompt, at + 2)
    reference = _scan_reference(prompt, begin, odd)
    if reference is None:
        return None
    name, path, end = reference
    end = _behind_blanks(prompt, end)
    if not prompt.startswith("}}", end):
        return None
    variable = nodes.Variable(sigil="runtime", name=name, path=path)
    return VariableUse(at, end + 2, variable, prompt[at - 1 : at] == "\\")


def _scan_plain_variable(prompt: str, at: int, odd: list[str]) -> VariableUse | None:
    secret = prompt.startswith("$", at + 1)
    reference = _scan_reference(prompt, at + 1 + secret, odd)
    if reference is None:
        return None
    name, path, end = reference
    if not prompt.startswith("}", end):
        return None
    variable = nodes.Variable(sigil="secret" if secret else "input", name=name, path=path)
    return VariableUse(at, end + 1, variable, prompt[at - 1 : at] == "\\")


def _scan_reference(
    prompt: str, at: int, odd: list[str]
) -> tuple[str, tuple[str | int, ...], int] | None:
    """Return the name and path that begin at an offset, and the offset after them."""
    name = next((each for each in odd if prompt.startswith(each, at)), None) or _scan_longest_name(
        prompt, at
    )
    if not name:
        return None
    at += len(name)
    path: list[str | int] = []
    while (part := _scan_path_part(prompt, at)) is not None:
        path.append(part[0])
        at = part[1]
    return name, tuple(path), at


def _scan_path_part(prompt: str, at: int) -> tuple[str | int, int] | None:
    """Parse `.name`, `[0]`, `['key']` or `["key"]`; return it and the offset after it."""
    if prompt.startswith(".", at):
        name = _scan_longest_name(prompt, at + 1)
        return (name, at + 1 + len(name)) if name else None
    if not prompt.startswith("[", at):
        return None
    quote = prompt[at + 1 : at + 2]
    if quote in ("'", '"'):
        end = prompt.find(quote, at + 2)
        key: str | int = prompt[at + 2 : end]
        end += 1
    else:
        end = prompt.find("]", at)
        digits = prompt[at + 1 : end]
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
            return None
        key = int(digits)
    return (key, end + 1) if end > 0 and prompt.startswith("]", end) else None


def _scan_longest_name(prompt: str, at: int) -> str:
    """Return the longest name of the language at an offset; empty if none begins there."""
    end = at
    while (
        end < len(prompt)
        and prompt[end].isascii()
        and (prompt[end].isalnum() or prompt[end] == "_")
    ):
        end += 1
    name = prompt[at:end]
    return name if not name[:1].isdecimal() else ""


def _behind_blanks(prompt: str, at: int) -> int:
    while prompt[at : at + 1] in (" ", "\t"):
        at += 1
    return at
