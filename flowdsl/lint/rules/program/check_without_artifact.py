"""Reports a post-run check of a file that no statement saves, so that it always fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from flowdsl.diagnostics.diagnostic import SUSPICIOUS
from flowdsl.diagnostics.suggest import Names, find_closest_name, join_names
from flowdsl.lint.context import LintContext
from flowdsl.semantics.model import TaskSymbol
from flowdsl.source.patterns import may_match
from flowdsl.syntax import ast

SPEC = SUSPICIOUS.spec(
    "check-without-artifact",
    "this check wants {file}, and nothing in the workflow keeps such a file",
)

_ANY = None
"""Stands for a variable in a file name, which may be any characters."""

Pattern: TypeAlias = "tuple[str | None, ...]"
"""A file name as its characters, with `_ANY` for any run of characters."""


def check(context: LintContext, section: ast.ChecksSection) -> None:
    """Report the file names of the checks that no kept file can have."""
    wanted = [
        each.body
        for each in section.checks
        if isinstance(each.body, ast.FileCheck | ast.ImageCheck) and not each.body.if_present
    ]
    if not wanted or context.may_lack_statements():
        return
    kept = _find_kept_names(context)
    if kept is None:
        return
    files = _Kept(kept)
    names = Names(map(_format_pattern, kept))
    for body in wanted:
        for text, matches in _match_targets(context, body.target, files):
            if not matches:
                near = find_closest_name(_format_pattern(_make_name_pattern(context, text)), names)
                if near is not None:
                    help = f"a file `{near}` is kept"
                elif names:
                    help = f"kept are {join_names(names)}"
                else:
                    help = 'keep it with `capture "name.png"` or `export file "path"`'
                file = f"`{context.span(text).text}`"
                context.report(SPEC, context.span(text), file=file, help=help)


COMPARISONS = 20_000
"""The most comparisons of single names for one workflow. Files beyond that count as kept."""


class _Kept:
    """The names of files that are kept.

    Most have no variables and are found by equality; only the others must be compared one by one.
    """

    def __init__(self, patterns: list[Pattern]) -> None:
        self.patterns = list(dict.fromkeys(patterns))
        self.exact = {each for each in self.patterns if _ANY not in each}
        self.variable = [each for each in self.patterns if _ANY in each]
        self._left = COMPARISONS

    def has(self, wanted: Pattern) -> bool:
        """Whether a kept file may have the name `wanted`."""
        others = self.patterns if _ANY in wanted else self.variable
        return (
            wanted in self.exact
            or not self.is_worth(others)
            or any(_may_be_equal(wanted, each) for each in others)
        )

    def is_worth(self, others: list[Pattern]) -> bool:
        """Whether one more name may be compared with each of `others`."""
        self._left -= len(others)
        return self._left >= 0


def _find_kept_names(context: LintContext) -> list[Pattern] | None:
    """The names of the files that the workflow keeps.

    None if they cannot all be known: commands, fields of `extra` and the service's own detection
    keep files, too.
    """
    declaration = context.declaration
    body = context.body
    if body is None or not isinstance(declaration, ast.WorkflowDecl):
        return None
    workflow = context.workflow(declaration)
    if (
        workflow is None
        or workflow.extra
        or workflow.extra_from is not None
        or workflow.settings.get("file_exports", False) is not False
    ):
        return None
    kept: list[Pattern] = []
    pending = [body]
    entered: set[TaskSymbol] = set()
    while pending:
        for statement in context.statements(pending.pop()):
            match statement:
                case ast.CaptureStmt(file=file):
                    kept.append(_base_name(_make_name_pattern(context, file)))
                case ast.ExportStmt(file=file):
                    name = _base_name(_make_name_pattern(context, file))
                    # A name without an ending may be that of a folder.
                    kept.append(name if "." in name else (_ANY,))
                case ast.RunStmt():
                    return None
                case ast.CallStmt():
                    task = context.model.calls.get(statement)
                    if task is None:
                        return None
                    if task not in entered:
                        entered.add(task)
                        pending.append(task.declaration.body)
                case _:
                    pass
    return kept


def _match_targets(
    context: LintContext, target: ast.FileTarget, kept: _Kept
) -> Iterator[tuple[ast.Text, bool]]:
    """The names and patterns of a target, and whether a kept file may fit each."""
    match target:
        case ast.ExactTarget(names=names):
            for name in names:
                wanted = _make_name_pattern(context, name)
                yield name, kept.has(wanted)
        case ast.EachTarget(template=template):
            wanted = _make_name_pattern(context, template)
            yield template, kept.has(wanted)
        case ast.RegexTarget(pattern=pattern):
            yield pattern, _may_match(context.model.constants.get(pattern), kept)


def _may_match(regex: object, kept: _Kept) -> bool:
    """Whether a kept name may fit a regular expression.

    This can be ruled out only for names without variables.
    """
    unknown = kept.variable or (kept.exact and not isinstance(regex, str))
    if unknown or not kept.is_worth(kept.patterns):
        return True
    return any(may_match(str(regex), "".join(map(str, each))) for each in kept.patterns)


def _make_name_pattern(context: LintContext, text: ast.Text) -> Pattern:
    """A text as a pattern, with the values of its consts."""
    found: list[str | None] = []
    for part in text.parts:
        if isinstance(part, ast.TextLiteral):
            found.extend(_ANY if letter in "*?" else letter for letter in part.value)
        elif isinstance(part, ast.Ref):
            value = context.model.constants.get(part)
            found.extend(value if isinstance(value, str) else (_ANY,))
    return tuple(found)


def _base_name(path: Pattern) -> Pattern:
    """The last part of a path; a name without an ending may get one when the file is written."""
    at = max((index for index, letter in enumerate(path) if letter in ("/", "\\")), default=-1)
    name = path[at + 1 :]
    return name if "." in name else (*name, _ANY)


def _may_be_equal(one: Pattern, other: Pattern) -> bool:
    """Whether some text fits both patterns."""
    # The lengths of the beginnings of `other` that fit what has been read of `one`.
    row = {0}
    row = _over_wildcards(row, other)
    for letter in one:
        if letter is _ANY:
            row = set(range(min(row, default=len(other) + 1), len(other) + 1))
        else:
            row = {at + 1 for at in row if at < len(other) and other[at] == letter} | {
                at for at in row if at < len(other) and other[at] is _ANY
            }
        row = _over_wildcards(row, other)
    return len(other) in row


def _over_wildcards(row: set[int], other: Pattern) -> set[int]:
    """Add to `row` the places that are reached if wildcards match nothing."""
    reached = set(row)
    for at in range(len(other)):
        if at in reached and other[at] is _ANY:
            reached.add(at + 1)
    return reached


def _format_pattern(pattern: Pattern) -> str:
    return "".join("*" if letter is _ANY else letter for letter in pattern)
