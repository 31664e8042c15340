"""Edits single statements that were added, removed or changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice, product, takewhile

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import join_pieces as joined_text
from flowdsl.ir.lowering.values import literal_text
from flowdsl.prompt.reading.own_lines import bracket_inputs
from flowdsl.source.alignment import Effort
from flowdsl.source.record import replace
from flowdsl.syntax import ast

from ...added import source_form
from ...model import NOWHERE, Payload, PromptProgram
from ...payload import ImportProblem, read_workflow
from ...reading.prompt import read_prompt
from ...shapes import read_hints
from ..attempts import STATEMENTS, Choices, EditContext, Edits, SourceVariant
from ..checks import description_edits, rule_edits
from ..editing import Edit, doc_start, indent_at, insertion_after, line_start
from ..fields import edit_fields_with_statements
from ..goal import PROMPT
from ..references import value_edits
from ..sections import first_in, item_removal, join_indented_lines, parse_single_statement
from ..splicing import Block, Draft, Splicer
from .drafting import Drafter
from .tree import (
    Home,
    Place,
    Placed,
    Range,
    Unit,
    call_of,
    homes_of,
    inner_blocks,
    map_position,
    place_units,
    replace_source_bodies,
    split_into_units,
    widen_to_statements,
)

_MOST_COMBINATIONS = 24
_MOST_WITH_FIELDS = 4
_OPENED = (
    "statements stand in the place of a `call`, because its task is used elsewhere too, where "
    "nothing changed"
)


def attempt_steps(context: EditContext) -> Iterator[SourceVariant]:
    """Return all changes of statements together, in every combination of ways; then each alone.

    At the end together with fields, which may come and go with what uses them.
    """
    if PROMPT not in context.open_fields or context.item(ast.StepsSection) is None:
        return
    found, instead, fields = _collect_changes(context)
    changes = [each for each in found if each]
    for chosen in islice(product(*changes), _MOST_COMBINATIONS):
        yield from context.attempt(STATEMENTS, [edit for edits in chosen for edit in edits])
    if len(changes) > 1:
        for choices in changes:
            for edits in choices:
                yield from context.attempt(STATEMENTS, edits)
    for chosen in islice(product(*changes), _MOST_WITH_FIELDS) if fields else ():
        edits = (*fields, *(edit for edits in chosen for edit in edits))
        yield from context.attempt(STATEMENTS, edits)
    yield from context.attempt(STATEMENTS, [edit for edits in instead for edit in edits], _OPENED)
    for edits in instead:
        yield from context.attempt(STATEMENTS, edits, _OPENED)


def _collect_changes(context: EditContext) -> tuple[list[Choices], list[Edits], Edits]:
    """Return the changes, each with the ways to make it, edits that open calls, and of fields.

    To open a call is to replace it by its statements, because its task is also used elsewhere,
    where nothing changed.
    """
    have, wanted = (
        _read_wanted_program(context, context.payload_as_built()),
        _read_wanted_program(
            context, context.payload_to_reach(), edited=PROMPT in context.goal.loose
        ),
    )
    steps = context.item(ast.StepsSection)
    if have is None or wanted is None or not isinstance(steps, ast.StepsSection):
        return [], [], ()
    found = [rule_edits(context, have, wanted), description_edits(context, have, wanted)]
    homes = homes_of(context.built.model.modules)
    workflow = context.built.workflow(context.goal.address)
    placed = place_units(
        split_into_units(source_form(have.body)), source_form(workflow.body), homes
    )
    fields = edit_fields_with_statements(context, wanted.sources)
    if placed is None:
        return found, [], fields
    editor = _Editor(context, Drafter(context, placed, wanted.sources))
    where = Place(context.path, steps.body, context.symbol.declaration, None)
    found += editor.body(placed, split_into_units(source_form(wanted.body)), where)
    return found, editor.instead_of_calls, fields


def _read_wanted_program(
    context: EditContext, payload: Payload, *, edited: bool = False
) -> PromptProgram | None:
    try:
        stored = read_workflow(payload, "the workflow")
    except ImportProblem:
        return None
    hints = read_hints(stored, context.pictures())
    prompt = stored.prompt
    if edited:
        compiled = str(context.built.desired[context.goal.address].values[PROMPT])
        prompt = bracket_inputs(prompt, compiled, [each.name for each in hints.inputs or ()])
    return read_prompt(prompt, hints, context.workspace.capabilities, edited=edited)


class _Editor:
    """Finds the edits that turn the statements of one workflow into the wanted ones."""

    def __init__(self, context: EditContext, drafter: Drafter) -> None:
        self._context = context
        self._drafter = drafter
        self.instead_of_calls: list[Edits] = []

    def body(self, placed: Sequence[Placed], wanted: Sequence[Unit], where: Place) -> list[Choices]:
        """Return the changes of a body, each with the ways to make it."""
        found: list[Choices] = []
        have = [each.unit.key for each in placed]
        want = [each.key for each in wanted]
        opcodes = Effort().compute_opcodes(have, want)
        gone = {
            placed[at].unit.key: placed[at]
            for tag, i1, i2, _, _ in opcodes
            if tag in ("delete", "replace")
            for at in range(i1, i2)
        }
        ranges = widen_to_statements(placed, opcodes)
        for i1, i2, j1, j2 in ranges:
            found += self._change_range(placed, i1, i2, wanted[j1:j2], where, gone)
        self._open_calls(placed, wanted, where, ranges)
        return found

    def _open_calls(
        self,
        placed: Sequence[Placed],
        wanted: Sequence[Unit],
        where: Place,
        ranges: Sequence[Range],
    ) -> None:
        """Record the statements that would replace calls inside which something changes."""
        owners = [call_of(self._context, placed, each, where) for each in placed]
        for call in dict.fromkeys(each for each in owners if each is not None):
            first = owners.index(call)
            last = len(owners) - owners[::-1].index(call)
            if not any(i1 < last and max(i2, i1 + 1) > first for i1, i2, _, _ in ranges):
                continue
            own = _home_in(where)
            new = wanted[
                map_position(first, ranges, end=False) : map_position(last, ranges, end=True)
            ]
            text = self._text(where.path)
            indent = indent_at(text, call.start)
            drafted = list(islice(self._draft_for_place(new, own, {}), 2))
            for end in _ends_of_calls(where.block, call):
                for lines in drafted:
                    edit = Edit(where.path, call.start, end, join_indented_lines(lines, indent))
                    self.instead_of_calls.append((edit,))

    def _change_range(
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
                    choices
                    for one, other in pairs
                    for choices in self._change_statement(one, other)
                ]
        kinds = Effort().compute_opcodes(
            [type(each.unit.node).__name__ for each in old],
            [type(each.node).__name__ for each in wanted],
        )
        found: list[Choices] = []
        for tag, a1, a2, b1, b2 in kinds:
            if tag == "equal" and all(each.parts == 1 for each in old[a1:a2]):
                for one, other in zip(old[a1:a2], wanted[b1:b2], strict=True):
                    if one.unit.key != other.key:
                        found += self._change_statement(one, other)
                continue
            found += self._remove_statements(placed, i1 + a1, i1 + a2, where)
            if b2 > b1:
                found.append(self._add_statements(placed, i1 + a2, wanted[b1:b2], where, gone))
        return found

    # A statement that was changed

    def _change_statement(self, old: Placed, new: Unit) -> list[Choices]:
        """Return the changes that turn a statement into another: of itself, then of its blocks."""
        if old.unit.key == new.key:
            return []
        if old.home is None:
            return [[]]
        apart = dict(self._blocks_apart(old, new))
        found: list[Choices] = []
        for number, block in apart.items():
            inner, wanted = old.bodies[number] or (), new.bodies[number]
            if [each.unit.key for each in inner] != [each.key for each in wanted]:
                found += self.body(inner, wanted, _place_in(old.home, block))
        own = self._rewrite_statement(old, new, apart.keys())
        return [own, *found] if own != [()] else found

    def _blocks_apart(self, old: Placed, new: Unit) -> Iterator[tuple[int, ast.Block]]:
        """Return the numbers of a statement's blocks that stay and are edited separately."""
        if old.home is None or type(old.unit.node) is not type(new.node):
            return
        inside = inner_blocks(old.home.statement)
        if len(old.bodies) != len(new.bodies):
            return
        for number, block in enumerate(inside[: len(new.bodies)]):
            if isinstance(block, ast.Block) and old.bodies[number] and new.bodies[number]:
                yield number, block

    def _rewrite_statement(self, old: Placed, new: Unit, apart: Collection[int]) -> Choices:
        """Return ways to rewrite a statement, without the blocks that are edited separately.

        The first keeps its unchanged parts; `()` if nothing of its own changes.
        """
        home = old.home
        assert home is not None
        text = self._text(home.path)
        start = home.outer.start
        if isinstance(home.statement, ast.StepStmt):
            start = doc_start(text, start)
        bases = self._draft_statement(old.unit, home, apart)
        inside = inner_blocks(home.statement)
        held = [Block(b.start, b.end, n) for n in apart if isinstance(b := inside[n], ast.Block)]
        choices: Choices = []
        for number, draft in enumerate(self._draft_statement(new, home, apart)):
            splicer = Splicer(home.path, text, self._drafter.find_rendered_words(old))
            base = bases[min(number, len(bases) - 1)] if bases else None
            edits = tuple(splicer.splice_range(start, home.outer.end, base, draft, held))
            choices += [*value_edits(self._context.built.model, splicer.changed), edits]
            if not apart:
                indent = indent_at(text, home.outer.start)
                lines = draft.text.split("\n")
                choices.append(
                    (Edit(home.path, start, home.outer.end, join_indented_lines(lines, indent)),)
                )
        return [()] if () in choices else list(dict.fromkeys(choices))

    def _draft_statement(self, unit: Unit, home: Home, apart: Collection[int]) -> list[Draft]:
        """Return a rewritten statement with placeholders in the blocks edited separately."""
        bodies = [
            (_ANYTHING,) if number in apart else tuple(each.node for each in body)
            for number, body in enumerate(unit.bodies)
        ]
        drafts: list[Draft] = []
        for lines in self._drafter.variants(replace_source_bodies(unit.node, bodies), home):
            statement, shift = parse_single_statement(lines)
            inside = inner_blocks(statement)
            held = [
                Block(block.start - shift, block.end - shift, number)
                for number in apart
                if number < len(inside) and isinstance(block := inside[number], ast.Block)
            ]
            if len(held) == len(apart):
                drafts.append(Draft("\n".join(lines), held))
        return drafts

    def _lines_of_one(self, old: Sequence[Placed], new: Sequence[Unit]) -> Choices | None:
        """Return ways to change a `do` of several lines: edit its literal, or replace it.

        None unless `old` is exactly one such `do`.
        """
        first = old[0] if old else None
        if first is None or first.parts == 1 or first.home is None or len(old) != first.parts:
            return None
        if any(each.home is not first.home for each in old):
            return None
        if not new:
            return [(self._make_statement_removal(first.home),)]
        choices: Choices = []
        before, after = _as_one([each.unit for each in old]), _as_one(new)
        if before is not None and after is not None:
            choices += self._rewrite_statement(replace(first, unit=before), after, ())
        found = [self._drafter.variants(each.node, first.home) for each in new]
        if all(found):
            lines = [line for variants in found for line in variants[0]]
            indent = indent_at(self._text(first.home.path), first.home.outer.start)
            outer = first.home.outer
            choices.append(
                (Edit(first.home.path, outer.start, outer.end, join_indented_lines(lines, indent)),)
            )
        return choices

    # Statements that are removed and added

    def _remove_statements(
        self, placed: Sequence[Placed], start: int, end: int, where: Place
    ) -> list[Choices]:
        found: list[Choices] = []
        for each in dict.fromkeys(placed[start:end]):
            if each.home is None:
                found.append([])
            elif each.part == 0:
                choices: Choices = [(self._make_statement_removal(each.home),)]
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

    def _make_statement_removal(self, home: Home) -> Edit:
        return item_removal(self._text(home.path), home.path, home.outer)

    def _add_statements(
        self,
        placed: Sequence[Placed],
        at: int,
        new: Sequence[Unit],
        where: Place,
        gone: dict[str, Placed],
    ) -> Choices:
        """Return ways to insert statements before the placed one at `at`."""
        choices: Choices = []
        for home, before, path in self._find_insertion_spots(placed, at, where):
            drafted = self._draft_for_place(new, home, gone)
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

    def _find_insertion_spots(
        self, placed: Sequence[Placed], at: int, where: Place
    ) -> Iterator[tuple[Home, ast.Stmt | None, str]]:
        """Return the places where statements may be inserted before the placed one at `at`.

        Each place is a home with the right names, the statement to insert after (None: first in the
        block), and the file.
        """
        own = _home_in(where)
        before = next((each for each in reversed(placed[:at]) if _is_beside(each, where)), None)
        behind = next((each for each in placed[at:] if _is_beside(each, where)), None)
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

    def _draft_for_place(
        self, new: Sequence[Unit], home: Home, gone: dict[str, Placed]
    ) -> Iterator[list[str]]:
        """Return the lines of statements for a place, in each possible way.

        A statement that moved there keeps its source text.
        """
        written: list[list[list[str]]] = []
        for each in new:
            kept = gone.get(each.key)
            variants = self._drafter.variants(each.node, home)
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


def _is_beside(placed: Placed, where: Place) -> bool:
    """Whether a statement is in a block, or in a task that is called there.

    A value that is set before a loop has the place of a statement in the loop.
    """
    home = placed.home
    if home is None:
        return False
    called = isinstance(home.owner, ast.TaskDecl) and home.owner is not where.owner
    return home.block is where.block or called


def _ends_of_calls(block: ast.Block, call: ast.Stmt) -> Iterator[int]:
    """Yield where a call ends, and where each of the next calls after it ends.

    In a prompt, the last step of a task also has the statements of the calls after it.
    """
    yield call.end
    after = block.statements[block.statements.index(call) + 1 :]
    for statement in islice(takewhile(lambda each: isinstance(each, ast.CallStmt), after), 2):
        yield statement.end


def _place_in(home: Home, block: ast.Block) -> Place:
    """Return a block of the statement at `home` as a place for statements."""
    own = home.statement
    loop = own.variable.text if isinstance(own, ast.ForStmt) else home.loop
    return Place(home.path, block, home.owner, loop)


def _home_in(where: Place) -> Home:
    """Return the home of a statement that is new in a place."""
    nothing = ast.WaitStmt(0, 0, ast.Duration(0, 0, "1s", 1000))
    return Home(where.path, nothing, nothing, where.block, where.owner, where.loop)


def _as_one(lines: Sequence[Unit]) -> Unit | None:
    """Return lines of a prompt as one `do`; None if one of them is another kind of statement."""
    texts = [each.node.text for each in lines if isinstance(each.node, nodes.Do)]
    if not texts or len(texts) < len(lines):
        return None
    text = joined_text(
        piece
        for number, own in enumerate(texts)
        for piece in (*(literal_text("\n") if number else ()), *own)
    )
    (unit,) = split_into_units((nodes.Do(origin=NOWHERE, text=text),))
    return unit


_ANYTHING = nodes.Do(origin=NOWHERE, text=literal_text("x"))
