"""Statements that appeared, disappeared or changed, edited one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import joined as joined_text
from flowdsl.ir.lowering.values import literal
from flowdsl.source.alignment import Effort
from flowdsl.source.record import replace
from flowdsl.syntax import ast

from ...added import source_form
from ...model import Payload, PromptProgram
from ...payload import ImportProblem, read_workflow
from ...reading.prompt import read_prompt
from ...shapes import read_hints
from ..attempts import STATEMENTS, Attempt, Choices, EditContext, Edits
from ..editing import Edit, doc_start, indent_at, insertion_after, line_start
from ..sections.sections import first_in, item_removal, joined
from ..sections.standing import description_edits, rule_edits
from .blocks import Place, Range, blocks, call_of, moved, widened
from .drafting import Drafter, texts_of_kind
from .tree import Home, Placed, Unit, head_of, homes_of, place, units

PROMPT = "main_prompt"

_MOST_COMBINATIONS = 24
_OPENED = (
    "statements stand in the place of a `call`, because its task is used elsewhere too, where "
    "nothing changed"
)


def attempts(context: EditContext) -> Iterator[Attempt]:
    """All changes of statements at once, in every combination of ways; then each change alone."""
    if PROMPT not in context.open_fields or context.item(ast.StepsSection) is None:
        return
    found, instead = _changes(context)
    changes = [each for each in found if each]
    for chosen in islice(product(*changes), _MOST_COMBINATIONS):
        yield from context.attempt(STATEMENTS, [edit for edits in chosen for edit in edits])
    if len(changes) > 1:
        for choices in changes:
            for edits in choices:
                yield from context.attempt(STATEMENTS, edits)
    yield from context.attempt(STATEMENTS, [edit for edits in instead for edit in edits], _OPENED)
    for edits in instead:
        yield from context.attempt(STATEMENTS, edits, _OPENED)


def _changes(context: EditContext) -> tuple[list[Choices], list[Edits]]:
    """The changes, each with the ways to make it, and edits that open calls.

    To open a call is to put its statements in its place, because its task is also used elsewhere,
    where nothing changed.
    """
    have, wanted = (
        _program(context, context.built_payload()),
        _program(context, context.wanted_payload()),
    )
    steps = context.item(ast.StepsSection)
    if have is None or wanted is None or not isinstance(steps, ast.StepsSection):
        return [], []
    found = [rule_edits(context, have, wanted), description_edits(context, have, wanted)]
    homes = homes_of(context.built.model.modules)
    workflow = context.built.workflow(context.goal.address)
    placed = place(units(source_form(have.body)), source_form(workflow.body), homes)
    if placed is None:
        return found, []
    editor = _Editor(context, Drafter(context, placed, wanted.sources))
    where = Place(context.path, steps.body, context.symbol.declaration, None)
    found += editor.body(placed, units(source_form(wanted.body)), where)
    return found, editor.instead_of_calls


def _program(context: EditContext, payload: Payload) -> PromptProgram | None:
    try:
        stored = read_workflow(payload, "the workflow")
    except ImportProblem:
        return None
    hints = read_hints(stored, context.pictures())
    return read_prompt(stored.prompt, hints, context.workspace.capabilities)


class _Editor:
    """Finds the edits that turn the statements of one workflow into the wanted ones."""

    def __init__(self, context: EditContext, drafter: Drafter) -> None:
        self._context = context
        self._drafter = drafter
        self.instead_of_calls: list[Edits] = []

    def body(self, placed: Sequence[Placed], wanted: Sequence[Unit], where: Place) -> list[Choices]:
        """The changes of a body, each with the ways to make it."""
        found: list[Choices] = []
        have = [each.unit.key for each in placed]
        want = [each.key for each in wanted]
        opcodes = Effort().opcodes(have, want)
        gone = {
            placed[at].unit.key: placed[at]
            for tag, i1, i2, _, _ in opcodes
            if tag in ("delete", "replace")
            for at in range(i1, i2)
        }
        ranges = widened(placed, opcodes)
        for i1, i2, j1, j2 in ranges:
            found += self._change(placed, i1, i2, wanted[j1:j2], where, gone)
        self._open_calls(placed, wanted, where, ranges)
        return found

    def _open_calls(
        self,
        placed: Sequence[Placed],
        wanted: Sequence[Unit],
        where: Place,
        ranges: Sequence[Range],
    ) -> None:
        """Notes the statements that would replace calls inside which something changes."""
        owners = [call_of(self._context, placed, each, where) for each in placed]
        for call in dict.fromkeys(each for each in owners if each is not None):
            first = owners.index(call)
            last = len(owners) - owners[::-1].index(call)
            if not any(i1 < last and max(i2, i1 + 1) > first for i1, i2, _, _ in ranges):
                continue
            own = Home(
                where.path, _NO_STATEMENT, _NO_STATEMENT, where.block, where.owner, where.loop
            )
            new = wanted[moved(first, ranges, end=False) : moved(last, ranges, end=True)]
            text = self._text(where.path)
            indent = indent_at(text, call.start)
            for lines in islice(self._drafted(new, own, {}), 2):
                edit = Edit(where.path, call.start, call.end, joined(lines, indent))
                self.instead_of_calls.append((edit,))

    def _change(
        self,
        placed: Sequence[Placed],
        i1: int,
        i2: int,
        wanted: Sequence[Unit],
        where: Place,
        gone: dict[str, Placed],
    ) -> list[Choices]:
        old = placed[i1:i2]
        lines = self._lines_of_one(old, wanted)
        if lines is not None:
            return [lines]
        if len(old) == len(wanted):
            pairs = list(zip(old, wanted, strict=True))
            if all(each.parts == 1 for each in old):
                return [
                    choices for one, other in pairs for choices in self._pair(one, other, where)
                ]
        kinds = Effort().opcodes(
            [type(each.unit.node).__name__ for each in old],
            [type(each.node).__name__ for each in wanted],
        )
        found: list[Choices] = []
        for tag, a1, a2, b1, b2 in kinds:
            if tag == "equal" and all(each.parts == 1 for each in old[a1:a2]):
                for one, other in zip(old[a1:a2], wanted[b1:b2], strict=True):
                    if one.unit.key != other.key:
                        found += self._pair(one, other, where)
                continue
            found += self._removed(placed, i1 + a1, i1 + a2, where)
            if b2 > b1:
                found.append(self._added(placed, i1 + a2, wanted[b1:b2], where, gone))
        return found

    # A statement that became another one

    def _pair(self, old: Placed, new: Unit, where: Place) -> list[Choices]:
        if old.unit.key == new.key:
            return []
        if old.home is None:
            return [[]]
        whole: Choices = [(edit,) for edit in self._rewritten(old, new)]
        fine = self._fine(old, new)
        if fine is None:
            return [whole]
        if len(fine) == 1:
            return [[*fine[0], *whole]]
        # With several changes inside, each is a change of its own.
        return fine

    def _rewritten(self, old: Placed, new: Unit) -> Iterator[Edit]:
        """Edits that write the statement anew."""
        home = old.home
        if home is None:
            return
        text = self._text(home.path)
        indent = indent_at(text, home.outer.start)
        for lines in self._drafter.variants(new, home, like=old):
            start = home.outer.start
            if isinstance(home.statement, ast.StepStmt):
                start = doc_start(text, start)
            yield Edit(home.path, start, home.outer.end, joined(lines, indent))

    def _fine(self, old: Placed, new: Unit) -> list[Choices] | None:
        """The changes inside a statement; None where it has to be written anew."""
        if type(old.unit.node) is not type(new.node) or old.home is None:
            return None
        if len(old.bodies) != len(new.bodies):
            return None
        edits = self._head(old, new)
        if edits is None:
            return None
        found: list[Choices] = [[tuple(edits)]] if edits else []
        inside = blocks(old.home.statement)
        for number, (placed, unit) in enumerate(zip(old.bodies, new.bodies, strict=True)):
            if [each.key for each in unit] == [each.key for each in old.unit.bodies[number]]:
                continue
            block = inside[number] if number < len(inside) else None
            if isinstance(block, ast.Block) and placed is not None:
                loop = old.home.loop
                if isinstance(old.home.statement, ast.ForStmt):
                    loop = old.home.statement.variable.text
                inner = Place(old.home.path, block, old.home.owner, loop)
                found += self.body(placed, unit, inner)
            elif isinstance(block, _LEAVING) and placed and len(placed) == len(unit) == 1:
                found += self._pair(placed[0], unit[0], Place("", _NOWHERE, old.home.owner, None))
            elif block is not None or not edits:
                return None
        return found

    def _head(self, old: Placed, new: Unit) -> list[Edit] | None:
        """Edits of the part of a statement before its bodies.

        None if its parts cannot be edited singly.
        """
        assert old.home is not None
        before, after = old.unit.node, new.node
        if head_of(before) == head_of(after):
            return []
        edits: list[Edit] = []
        same = before
        for name in texts_of_kind(before):
            if getattr(before, name) == getattr(after, name):
                continue
            node = getattr(old.home.statement, name)
            literal_ = self._drafter.text(getattr(after, name), old)
            if not isinstance(node, ast.Text) or literal_ is None:
                return None
            edits.append(self._literal(old.home, node, literal_))
            same = _with(same, name, getattr(after, name))
        if isinstance(before, nodes.If) and isinstance(after, nodes.If):
            return self._conditions(old, before, after)
        return edits if head_of(same) == head_of(after) else self._first_line(old, new)

    def _first_line(self, old: Placed, new: Unit) -> list[Edit] | None:
        """An edit of a statement up to its first block, if it has one."""
        assert old.home is not None
        statement = old.home.statement
        if not isinstance(statement, ast.RetryStmt | ast.RepeatStmt | ast.ForStmt):
            return None
        variants = self._drafter.variants(new, old.home, like=old)
        if not variants or "{" not in variants[0][0]:
            return None
        head = variants[0][0].removesuffix("}").removesuffix("{")
        return [Edit(old.home.path, statement.start, statement.body.start, head)]

    def _conditions(self, old: Placed, before: nodes.If, after: nodes.If) -> list[Edit] | None:
        assert old.home is not None
        statement = old.home.statement
        if not isinstance(statement, ast.IfStmt) or len(before.branches) != len(after.branches):
            return None
        if len(statement.branches) != len(after.branches):
            return None
        edits: list[Edit] = []
        for one, other, branch in zip(
            before.branches, after.branches, statement.branches, strict=True
        ):
            if one.condition != other.condition:
                written = self._drafter.condition(other.condition, old)
                if written is None:
                    return None
                condition = branch.condition
                edits.append(Edit(old.home.path, condition.start, condition.end, written))
        return edits

    def _literal(self, home: Home, node: ast.Text, written: str) -> Edit:
        if written.startswith('"""'):
            indent = indent_at(self._text(home.path), node.start)
            lines = written.split("\n")
            inner = [f"{indent}  {line}" if line else "" for line in lines[1:-1]]
            written = "\n".join([lines[0], *inner, indent + lines[-1]])
        return Edit(home.path, node.start, node.end, written)

    def _lines_of_one(self, old: Sequence[Placed], new: Sequence[Unit]) -> Choices | None:
        """Ways to change a `do` of several lines: its literal, or statements in its place.

        None where `old` is not exactly one such `do`.
        """
        first = old[0] if old else None
        if first is None or first.parts == 1 or first.home is None or len(old) != first.parts:
            return None
        if any(each.home is not first.home for each in old):
            return None
        choices: Choices = []
        if isinstance(first.home.statement, ast.DoStmt) and new:
            texts = [each.node.text for each in new if isinstance(each.node, nodes.Do)]
            if len(texts) == len(new):
                text = joined_text(
                    piece
                    for number, own in enumerate(texts)
                    for piece in (*(literal("\n") if number else ()), *own)
                )
                written = self._drafter.text(text, first)
                if written is not None:
                    choices.append((self._literal(first.home, first.home.statement.text, written),))
        lines: list[str] | None = []
        for each in new:
            found = self._drafter.variants(each, first.home, like=first)
            lines = None if lines is None or not found else [*lines, *found[0]]
        if lines:
            indent = indent_at(self._text(first.home.path), first.home.outer.start)
            outer = first.home.outer
            choices.append((Edit(first.home.path, outer.start, outer.end, joined(lines, indent)),))
        elif not new:
            choices.append((self._removal(first.home),))
        return choices

    # Statements that disappear and appear

    def _removed(
        self, placed: Sequence[Placed], start: int, end: int, where: Place
    ) -> list[Choices]:
        found: list[Choices] = []
        for each in dict.fromkeys(placed[start:end]):
            if each.home is None:
                found.append([])
            elif each.part == 0:
                choices: Choices = [(self._removal(each.home),)]
                if each.home.block is not where.block:
                    call = call_of(self._context, placed, each, where)
                    inside = [
                        other
                        for other in placed
                        if call_of(self._context, placed, other, where) is call
                    ]
                    if call is not None and all(other in placed[start:end] for other in inside):
                        text = self._text(where.path)
                        choices.insert(0, (item_removal(text, where.path, call),))
                found.append(choices)
        return found

    def _removal(self, home: Home) -> Edit:
        return item_removal(self._text(home.path), home.path, home.outer)

    def _added(
        self,
        placed: Sequence[Placed],
        at: int,
        new: Sequence[Unit],
        where: Place,
        gone: dict[str, Placed],
    ) -> Choices:
        """Ways to put statements in front of the placed one at `at`."""
        choices: Choices = []
        for home, before, path in self._spots(placed, at, where):
            drafted = self._drafted(new, home, gone)
            text = self._text(path)
            for lines in drafted:
                if before is not None:
                    indent = indent_at(text, before.start)
                    steps = isinstance(before, ast.StepStmt) or any(
                        isinstance(each.node, nodes.Step) for each in new
                    )
                    block = ["", *lines] if steps else lines
                    edit = insertion_after(text, path, before.end, block, indent)
                else:
                    block_node = home.block or where.block
                    indent = self._inner_indent(text, block_node)
                    edit = first_in(text, path, block_node.start, lines, indent)
                if (edit,) not in choices:
                    choices.append((edit,))
        return choices

    def _inner_indent(self, text: str, block: ast.Block) -> str:
        if block.statements:
            first = block.statements[0]
            if line_start(text, first.start) > block.start:
                return indent_at(text, first.start)
        return indent_at(text, block.start) + "  "

    def _spots(
        self, placed: Sequence[Placed], at: int, where: Place
    ) -> Iterator[tuple[Home, ast.Stmt | None, str]]:
        """Where statements may be put in front of the placed one at `at`.

        Each place is a home with the right names, the statement that they go behind (None: first in
        the block), and the file.
        """
        own = Home(where.path, _NO_STATEMENT, _NO_STATEMENT, where.block, where.owner, where.loop)
        before = next((each for each in reversed(placed[:at]) if each.home is not None), None)
        behind = next((each for each in placed[at:] if each.home is not None), None)
        statements = list(where.block.statements)
        if before is not None and before.home is not None:
            if before.home.block is where.block:
                yield own, before.home.outer, where.path
            else:
                call = call_of(self._context, placed, before, where)
                if call is not None:
                    yield own, call, where.path
                yield before.home, before.home.outer, before.home.path
        if behind is not None and behind.home is not None:
            if behind.home.block is where.block and behind.home.outer in statements:
                number = statements.index(behind.home.outer)
                yield own, statements[number - 1] if number else None, where.path
            elif behind.home.block is not None and behind.home.block is not where.block:
                inner = list(behind.home.block.statements)
                number = inner.index(behind.home.outer)
                yield behind.home, inner[number - 1] if number else None, behind.home.path
        if before is None:
            yield own, None, where.path

    def _drafted(
        self, new: Sequence[Unit], home: Home, gone: dict[str, Placed]
    ) -> Iterator[list[str]]:
        """The lines of statements for a place, in the ways there are.

        One that moved there keeps its source text.
        """
        written: list[list[list[str]]] = []
        for each in new:
            kept = gone.get(each.key)
            variants = self._drafter.variants(each, home)
            if kept is not None and kept.home is not None and kept.parts == 1:
                variants.insert(0, self._own_lines(kept.home))
            if not variants:
                return
            written.append(variants)
        for number in range(max(map(len, written), default=0)):
            lines: list[str] = []
            for variants, unit in zip(written, new, strict=True):
                if lines and isinstance(unit.node, nodes.Step):
                    lines.append("")
                lines += variants[min(number, len(variants) - 1)]
            yield lines

    def _own_lines(self, home: Home) -> list[str]:
        text = self._text(home.path)
        start = doc_start(text, home.outer.start)
        indent = indent_at(text, home.outer.start)
        return [
            line.rstrip("\r").removeprefix(indent) if number else line.rstrip("\r")
            for number, line in enumerate(text[start : home.outer.end].split("\n"))
        ]

    def _text(self, path: str) -> str:
        return self._context.module(path).source.text


def _with(node: nodes.Statement, name: str, value: object) -> nodes.Statement:
    return replace(node, **{name: value})


_LEAVING = (ast.FailStmt, ast.AbortStmt, ast.FinishStmt)
_NOWHERE = ast.Block(0, 0, ())
_NO_STATEMENT: ast.Stmt = ast.WaitStmt(0, 0, ast.Duration(0, 0, "1s", 1000))
