"""What `flowdsl convert` says about a proposal: both prompts, counts of statements, and notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from flowdsl.decompile.proposing.convert import Proposal
from flowdsl.decompile.proposing.prompt_variables import VariableDifference
from flowdsl.decompile.proposing.rich_text import is_rich_text, plain_text
from flowdsl.diagnostics.render.cells import split_into_cells
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.sink import Sink
from flowdsl.diagnostics.suggest import join_names
from flowdsl.prompt.text import spell_variable
from flowdsl.source.alignment import Effort
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.statements import STATEMENTS
from flowdsl.syntax.visit import walk

_UNCHECKED = frozenset(("do", "step"))
"""Statements in free words, which only an agent reads."""


def diff_prompts(before: str, after: str) -> Iterator[str]:
    """Yield the lines of a unified difference of two prompts, safe to print."""
    lines = Effort().unified_diff_lines(
        (plain_text(before) if is_rich_text(before) else before).split("\n"),
        after.split("\n"),
        "the prompt as it is",
        "the prompt of the statements",
        end="",
    )
    for line in lines:
        yield "".join(shown for shown, _ in split_into_cells(line.removesuffix("\r")))


def show_beside(before: str, after: str, width: int) -> Iterator[str]:
    """Return the lines of two prompts in two columns that take `width` columns together.

    The sign between them is blank for equal lines, `|` for changed ones, `<` and `>` for lines that
    only one of the prompts has.
    """
    column = max((width - 3) // 2, 10)
    before = plain_text(before) if is_rich_text(before) else before
    old, new = before.split("\n"), after.split("\n")
    yield f"{'the prompt as it is':<{column}}   the prompt of the statements".rstrip()
    for tag, a, b, c, d in Effort().compute_opcodes(old, new):
        left = [_wrap_cells(line, column) for line in old[a:b]]
        right = [_wrap_cells(line, column) for line in new[c:d]]
        for at in range(max(len(left), len(right))):
            one = left[at] if at < len(left) else []
            other = right[at] if at < len(right) else []
            sign = " " if tag == "equal" else "|" if one and other else "<" if one else ">"
            for row in range(max(len(one), len(other))):
                shown, taken = one[row] if row < len(one) else ("", 0)
                beside = other[row][0] if row < len(other) else ""
                yield f"{shown}{' ' * (column - taken)} {sign} {beside}".rstrip()


def _wrap_cells(line: str, width: int) -> list[tuple[str, int]]:
    """Return a line in pieces of at most `width` columns, each with the columns that it takes.

    It is cut behind a blank where there is one in the second half of a piece.
    """
    cells = split_into_cells(line.removesuffix("\r"))
    pieces: list[tuple[str, int]] = []
    begin = taken = at = 0
    while at < len(cells):
        if taken + cells[at][1] > width and at > begin:
            blanks = [end for end in range(begin + 1, at + 1) if cells[end - 1][0] == " "]
            at = blanks[-1] if blanks and blanks[-1] > (begin + at) // 2 else at
            pieces.append(_join_cells(cells[begin:at]))
            begin, taken = at, 0
            continue
        taken += cells[at][1]
        at += 1
    return [*pieces, _join_cells(cells[begin:])]


def _join_cells(cells: list[tuple[str, int]]) -> tuple[str, int]:
    return "".join(shown for shown, _ in cells), sum(columns for _, columns in cells)


def other_variables(found: VariableDifference, prompt: str) -> Iterator[str]:
    """Describe the problem with each variable that only the prompt or only the statements have."""
    for each in found.lost:
        shown = f"`{spell_variable(each.variable)}`"
        if not is_rich_text(prompt):  # offsets in HTML are those of its plain text
            shown += f" in line {prompt.count(chr(10), 0, each.start) + 1}"
        if each.escaped:
            yield (
                f"{shown} follows a backslash, which makes it literal text on the "
                "platform; write `/` in place of the backslash, or put the separator into the "
                "value"
            )
        else:
            yield f"{shown} would no longer be filled in; write its instruction by hand"
    for variable in found.gained:
        yield f"`{spell_variable(variable)}` would be filled in, which the prompt does not do"


def count_statements(source: SourceFile, workflow: str, rules: int) -> Iterator[str]:
    """Yield the statements of a workflow by kind, `4 statements: 2 do, 1 press, 1 step`.

    A second line has those that are checked, and the `rules`, which are in no steps.
    """
    module = parse_module(source, Sink())
    kinds = Counter(
        STATEMENTS[type(node)].keyword
        for declaration in module.declarations
        if isinstance(declaration, ast.WorkflowDecl) and declaration.name.text == workflow
        for node in walk(declaration)
        if type(node) in STATEMENTS
    )
    yield f"{format_count(kinds.total(), 'statement')}: {_list_counts(kinds)}"
    checked = Counter({kind: count for kind, count in kinds.items() if kind not in _UNCHECKED})
    checked["always"] = rules
    if checked.total():
        yield f"checked now that was not before: {_list_counts(checked)}"


def _list_counts(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()) if count)


def describe_proposal(proposal: Proposal) -> Iterator[str]:
    """List what a person should review before the proposal replaces the prompt."""
    yield (
        "statements change the words of the prompt: read the difference, and test the workflow "
        "before it is deployed"
    )
    if proposal.rich_text:
        yield "the prompt is HTML; its text was taken, without colours and type"
    if proposal.brackets:
        yield (
            "the prompt has some of `⟦ ⟧ ⟪ ⟫`, by which prompts of FlowDSL mark values; `[` and "
            "`]` stand in their place"
        )
    if proposal.references:
        yield (
            f"the prompt says {join_names(proposal.references)}; check each, because statements "
            "are numbered anew"
        )
    if proposal.entries_in_words:
        yield (
            "`{{loop_item}}` stands in no loop that could be understood; `the entry` stands in its "
            "place, which a replay does not fill in, so write that loop as a `for`"
        )
    if proposal.read_before:
        names = join_names(proposal.read_before)
        yield (
            f"the prompt names {names} and does not say how to read it; an `extract` in front of "
            "its first use does, so look at its words"
        )
    if proposal.read_at_the_end:
        names = join_names(proposal.read_at_the_end)
        yield (
            f"the prompt does not say where to read {names}; `Read the results` at the end does, "
            "so move each `extract` to where its value is on screen"
        )
