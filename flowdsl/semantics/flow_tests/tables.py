"""Cases from a table: a case for each row, a column for an input, an answer or an expectation.

A column is headed by what stands before `=` in a test. The section may be left out in front of a
name that is only an input, only read or only an output:

    order,reads due,outputs due,aborts
    4711,17.5,17.5,
    9999,,,There is no order 9999

In a test of a chain these are `order`, `step find reads due`, `outputs find due` and `aborts`.

An empty cell says nothing; below an output it says that the output is missing. The cases are AST
nodes at the place of the table, with the values of the cells as constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from flowdsl.diagnostics.sink import Sink
from flowdsl.diagnostics.suggest import suggest_known_names
from flowdsl.source.files import spell_flow_path
from flowdsl.source.record import Record, replace
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast

from .. import errors
from ..declarations.signatures import check_sections, may_be_omitted
from ..declarations.text_files import load_text
from ..model import ChainSymbol, TaskSymbol, ValueSymbol
from ..names.scopes import ValueScope
from ..program import Program, WorkflowFields
from ..types import UNKNOWN, FieldType, ListOf, Optional, Type, strip_optional
from ..values.bounds import make_quotable
from ..values.spelling import spell_constant
from ..values.tables import MalformedTable, find_value_problems, read_cell, read_table
from .acts import Subject
from .answers import answers_in_turn, kind_of
from .items import Given
from .values import COMMAND_WORDS, READ_WORDS, SCREEN_WORDS, Words

MAX_CASES = 1_000
_MOST_FAULTS = 20
"""The most wrong cells of a table that are reported."""

_YES_OR_NO: Mapping[str, Words] = {
    "screen": SCREEN_WORDS,
    "commands": COMMAND_WORDS,
    "checks": COMMAND_WORDS,
}
"""The sections whose answers are yes or no, with their words for no."""
_REASONS = ("aborts", "finishes")
_TITLE = "case"

_Node = TypeVar("_Node", bound=ast.Node)


class Checker(Protocol):
    """What a table asks the checker of its test."""

    program: Program
    scope: ValueScope
    source: SourceFile
    subject: Subject | None
    fields: WorkflowFields

    def collect_givable_fields(self) -> tuple[FieldType, ...] | None: ...
    def find_read(self, path: tuple[ast.Name, ...]) -> ValueSymbol | None: ...
    def find_step(self, name: ast.Name) -> Checker | None: ...
    def check_question(self, section: str, written: ast.PartText) -> None: ...
    def check_reason(self, written: ast.Text | ast.PartText, *, aborts: bool) -> None: ...
    def report_missing(
        self, items: tuple[ast.TestItem, ...], given: Given, place: ast.Node
    ) -> None: ...


class _CaseColumn(Record):
    """A column: its header, its section, its key there, and the field and the type of its values.

    `text` is what a screen, a command or a check is named by, `step` the step of a chain.
    """

    header: str
    section: str
    key: str = ""
    type: Type = UNKNOWN
    field: FieldType | None = None
    text: ast.PartText | None = None
    step: str = ""


def cases_of_table(
    checker: Checker,
    item: ast.CasesFrom,
    common: tuple[ast.TestItem, ...],
    given: Given,
    ends: tuple[ast.TestItem, ...],
) -> tuple[ast.TestCase, ...]:
    """Return the cases of a table, and report its faults at the name of its file.

    `common` and `given` are the items and the inputs that all cases of the test share, `ends` the
    sections among these that a case cannot repeat.
    """
    return _CaseTable(checker, item.path).cases(common, given, ends)


class _CaseTable:
    """A table, or what it says of one step of a chain, which has a checker of its own."""

    def __init__(self, checker: Checker, place: ast.StringLit, path: str = "") -> None:
        self._checker = checker
        self._program = checker.program
        self._place = place
        self._span = place.span(checker.source)
        self._path = path
        self._faults = 0

    def cases(
        self,
        common: tuple[ast.TestItem, ...],
        given: Given,
        ends: tuple[ast.TestItem, ...],
    ) -> tuple[ast.TestCase, ...]:
        program, checker = self._program, self._checker
        path = load_text(checker.scope.module, self._place)
        if path is None or checker.subject is None:
            return ()
        self._path = path
        try:
            table = read_table(path, program.texts[path], MAX_CASES)
        except MalformedTable as problem:
            self._report(str(problem))
            return ()
        columns = [*self._resolve_columns(table.columns)]
        well = {column.header: None for column in columns if column.section not in _REASONS}
        prototype = self._items(columns, well, table.noun)
        check_sections(checker.scope.module, (*ends, *prototype))
        inputs = (column for column in columns if column.section == "given")
        own: Given = {column.key: self._span for column in inputs}
        checker.report_missing((*common, *prototype), given | own, self._place)
        cases = []
        for number, cells in table.rows:
            name = f"{table.noun} {number}"
            self._report_empty_inputs(columns, cells, given, name)
            items = self._items(columns, cells, name)
            title = f"{name}: {cells[_TITLE]}" if cells.get(_TITLE) else name
            cases.append(self._node(ast.TestCase, self._node(ast.StringLit, title), items))
        if self._faults > _MOST_FAULTS:
            self._report(f"{self._faults - _MOST_FAULTS:,} more of its cells are wrong")
        # Without all columns, what a row gives and expects is not known.
        return tuple(cases) if len(columns) == len(table.columns) else ()

    def _node(self, class_: Callable[..., _Node], *fields: Any) -> _Node:
        """Make a node at the place of the table."""
        return class_(self._place.start, self._place.end, *fields)

    def _constant(self, value: Any) -> ast.NullLit:
        """Make a literal with a value."""
        node = self._node(ast.NullLit)
        self._program.constants[node] = value
        return node

    def _text(self, text: str) -> ast.Text:
        return self._node(ast.Text, ast.STRING, (self._node(ast.TextLiteral, text),))

    def _report(self, problem: str, help: str | None = None) -> None:
        self._program.sink.report(
            errors.MALFORMED_ROWS,
            self._span,
            path=spell_flow_path(self._path),
            what="cases",
            problem=problem,
            help=help,
        )

    def _report_cell(self, problem: str, help: str | None = None) -> None:
        self._faults += 1
        if self._faults <= _MOST_FAULTS:
            self._report(problem, help)

    # Columns

    def _resolve_columns(self, headers: tuple[str, ...]) -> Iterator[_CaseColumn]:
        """Yield the columns with a meaning; the others are reported."""
        seen: dict[tuple[str, str, str], str] = {}
        for at, header in enumerate(headers, 1):
            shown = f"column {at}, `{make_quotable(header)}`,"
            column = self._resolve_column(header, shown)
            if column is None:
                continue
            key = column.step, column.section, column.key
            if key in seen:
                self._report(f"{shown} says the same as `{seen[key]}`")
                continue
            seen[key] = header
            yield column

    def _resolve_column(self, header: str, shown: str) -> _CaseColumn | None:
        """Return a column by its header; None, with a report, if it has no meaning."""
        subject = self._checker.subject
        is_chain, is_task = isinstance(subject, ChainSymbol), isinstance(subject, TaskSymbol)
        if header in (_TITLE, "aborts") or (header == "finishes" and not is_chain):
            return _CaseColumn(header, header)
        section, _, key = header.partition(" ")
        known = self._names_by_section()
        if is_chain and section in ("step", "outputs") and key:
            return self._resolve_column_of_step(header, shown)
        is_question = section in _YES_OR_NO and not is_chain
        if is_question and key and not (is_task and section == "checks"):
            return self._resolve_question(header, section, key.strip())
        if section in known and key:
            return self._resolve_name(header, section, key.strip(), shown)
        sections = [each for each, names in known.items() if header in names]
        if "." in header and "reads" in known:
            sections = sections or ["reads"]
        if len(sections) == 1:
            return self._resolve_name(header, sections[0], header, shown)
        if sections:
            words = " or ".join(f"`{each} {header}`" for each in sections)
            self._report(f"{shown} has two meanings", f"write {words}")
            return None
        if not self._are_fields_known():
            return None
        names = [name for each in known.values() for name in each]
        help = suggest_known_names("column", names, header)
        self._report(f"{shown} is no input, no answer and no expectation", help)
        return None

    def _resolve_column_of_step(self, header: str, shown: str) -> _CaseColumn | None:
        """Return a column of a test of a chain: `step name reads x`, `outputs name x`."""
        word, name, *rest = header.split(None, 2)
        checker = self._checker.find_step(self._node(ast.Name, name))
        if checker is None:
            return None
        own = _CaseTable(checker, self._place, self._path)
        inner = " ".join(rest) if word == "step" else " ".join(("outputs", *rest))
        wanted = ("outputs",) if word == "outputs" else ("reads", *_YES_OR_NO)
        if not rest or not inner.startswith(wanted):
            help = f"write `step {name} reads x`, `step {name} screen words` or `outputs {name} x`"
            self._report(f"{shown} says nothing of step `{name}`", help)
            return None
        column = own._resolve_column(inner, shown)
        return None if column is None else replace(column, header=header, step=name)

    def _are_fields_known(self) -> bool:
        """Whether the inputs and the outputs are known: a section of them may have an error."""
        fields, is_chain = self._checker.fields, isinstance(self._checker.subject, ChainSymbol)
        return fields.inputs is not None and (is_chain or fields.outputs is not None)

    def _names_by_section(self) -> dict[str, tuple[str, ...]]:
        """Return the names that a column may have, by section."""
        checker, subject = self._checker, self._checker.subject
        inputs = checker.collect_givable_fields() or ()
        known = {"given": tuple(field.name for field in inputs)}
        if not isinstance(subject, ChainSymbol):
            outputs = "result" if isinstance(subject, TaskSymbol) else "outputs"
            runtime = () if subject is None else tuple(subject.runtime)
            known["reads"] = runtime
            known[outputs] = tuple(field.name for field in checker.fields.outputs or ())
        return known

    def _resolve_question(self, header: str, section: str, words: str) -> _CaseColumn | None:
        text = self._node(ast.PartText, self._text(words.removeprefix("~").strip().strip('"')))
        self._checker.check_question(section, text)
        return _CaseColumn(header, section, words, text=text)

    def _resolve_name(self, header: str, section: str, key: str, shown: str) -> _CaseColumn | None:
        checker = self._checker
        if section == "reads":
            symbol = checker.find_read(self._path_of(key))
            return None if symbol is None else _CaseColumn(header, section, key, symbol.type)
        fields = checker.collect_givable_fields() if section == "given" else checker.fields.outputs
        field = next((each for each in fields or () if each.name == key), None)
        if field is None:
            if not self._are_fields_known():
                return None
            names = [each.name for each in fields or ()]
            noun = "input" if section == "given" else "output"
            self._report(f"{shown} is no {noun}", suggest_known_names(noun, names, key))
            return None
        return _CaseColumn(header, section, key, field.type, field)

    def _path_of(self, key: str) -> tuple[ast.Name, ...]:
        return tuple(self._node(ast.Name, name.strip()) for name in key.split("."))

    # Rows

    def _report_empty_inputs(
        self, columns: list[_CaseColumn], cells: Mapping[str, Any], given: Given, name: str
    ) -> None:
        for column in columns:
            is_empty = column.section == "given" and column.header not in cells
            needed = column.field is not None and not may_be_omitted(column.field)
            if is_empty and needed and given.get(column.key) is None:
                problem = f"{name} has no value for `{column.key}`, which has to have one"
                self._report_cell(problem)

    def _items(
        self, columns: list[_CaseColumn], cells: Mapping[str, Any], name: str
    ) -> tuple[ast.TestItem, ...]:
        """Return the sections of a row; where it aborts, only outputs that it names.

        A cell of None stands for any value.
        """
        by_section: dict[tuple[str, str], list[ast.Node]] = {}
        aborts = any(column.section == "aborts" and column.header in cells for column in columns)
        for column in columns:
            section = by_section.setdefault((column.step, column.section), [])
            is_output = column.section in ("outputs", "result")
            if column.header in cells or (is_output and not aborts):
                item = self._item(column, cells.get(column.header), name)
                if item is not None:
                    section.append(item)
        items: list[ast.TestItem] = []
        for (step, keyword), made in by_section.items():
            if keyword in _REASONS:
                items += made  # type: ignore[arg-type]
            elif made:
                items.append(self._section(step, keyword, tuple(made)))
        return tuple(items)

    def _section(self, step: str, keyword: str, made: tuple[ast.Node, ...]) -> ast.TestItem:
        """Return a section of a row: of a step of a chain, or of the whole."""
        name = self._node(ast.Name, step)
        if keyword == "result":
            return self._node(ast.ExpectResult, made, True)
        if keyword == "outputs" and step:
            return self._node(ast.ExpectStepOutputs, name, made, True)
        if keyword == "outputs":
            return self._node(ast.ExpectOutputs, made, True)
        class_: Callable[..., ast.ReadsSection] = _SECTIONS[keyword]
        section = self._node(class_, made)
        return self._node(ast.StepAnswers, name, (section,)) if step else section

    def _item(self, column: _CaseColumn, cell: Any, name: str) -> ast.Node | None:
        """Return what a cell says; None if it says nothing or is wrong."""
        if column.section == _TITLE:
            return None
        if column.section in _REASONS:
            return self._reason(column, cell, name)
        held = f"{name}, column `{make_quotable(column.header)}`, holds"
        value = self._value(column, cell, held)
        if column.section == "given":
            return self._node(ast.Binding, self._node(ast.Name, column.key), value)
        if column.section == "reads":
            return self._node(ast.ReadAnswer, self._path_of(column.key), value, None)
        if column.section == "screen":
            return self._node(ast.ScreenAnswer, None, column.text, value, None)
        if column.section == "commands":
            return self._node(ast.CommandAnswer, column.text, value, None)
        if column.section == "checks":
            return self._node(ast.JudgedAnswer, column.text, value)
        return self._node(ast.ExpectedValue, self._node(ast.Name, column.key), value)

    def _reason(self, column: _CaseColumn, cell: Any, name: str) -> ast.Node:
        """Return the reason of an end; `~` in front makes it a part of one."""
        class_ = ast.ExpectAborts if column.section == "aborts" else ast.ExpectFinishes
        if cell is None:
            return self._node(class_, None)
        text = self._text(str(cell).removeprefix("~"))
        written = self._node(ast.PartText, text) if str(cell).startswith("~") else text
        sink, self._program.sink = self._program.sink, Sink()
        self._checker.check_reason(written, aborts=column.section == "aborts")
        problems = self._program.sink.findings_in_order()
        self._program.sink = sink
        for each in problems:
            self._report_cell(f"{name}, column `{column.header}`: {each.message}", each.help)
        return self._node(class_, written)

    def _value(self, column: _CaseColumn, cell: Any, held: str) -> ast.NullLit:
        """Return the value of a cell; one of another type is reported."""
        if cell is None:
            return self._constant(None)
        if column.section in _YES_OR_NO:
            return self._yes_or_no(column, cell, held)
        if column.section == "reads" and isinstance(cell, str) and cell in READ_WORDS:
            return self._constant(None)
        wanted = column.type
        value = read_cell(cell, wanted) if isinstance(cell, str) else cell
        if column.section == "reads" and answers_in_turn(kind_of(value), wanted):
            wanted = ListOf(Optional(strip_optional(wanted)))
        what = f"`{column.key}`"
        for problem in find_value_problems(
            self._program, self._span, value, wanted, held, what, column.field
        ):
            self._report_cell(problem)
        return self._constant(value)

    def _yes_or_no(self, column: _CaseColumn, cell: Any, held: str) -> ast.NullLit:
        (word,) = _YES_OR_NO[column.section]
        known = {"true": True, "false": False, word: False}
        value = cell
        if isinstance(cell, str):
            entries = [each.strip() for each in cell.strip("[]").split(",")]
            in_turn = [known.get(each, each) for each in entries]
            value = in_turn if cell.startswith("[") else in_turn[0]
        entries = value if isinstance(value, list) else [value]
        if not entries or not all(isinstance(each, bool) for each in entries):
            shown = make_quotable(spell_constant(cell))
            words = f"answers are `true`, `false` and `{word}`, or a list with one for each time"
            self._report_cell(f"{held} `{shown}`: {words}")
        return self._constant(value)


_SECTIONS: Mapping[str, Any] = {
    "given": ast.GivenSection,
    "reads": ast.ReadsSection,
    "screen": ast.ScreenSection,
    "commands": ast.CommandsSection,
    "checks": ast.JudgedSection,
}
"""The sections of answers, by their keywords."""
