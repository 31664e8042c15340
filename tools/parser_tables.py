"""Compile the grammar into the integer tables that the parser runs on.

`python -m tools.parser_tables --write` makes `flowdsl/syntax/parser/tables.py` from
`grammars/flowdsl.lark`; `--check` says whether it is up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lark import Lark
from lark.grammar import Terminal
from lark.lexer import PatternStr

from flowdsl.syntax.parser.operations import ADD, EXTEND, LIST, NODE, SAME
from flowdsl.syntax.reference import reference_parser

from .made import write_or_check

if TYPE_CHECKING:
    from lark.grammar import Rule
    from lark.parsers.lalr_analysis import IntParseTable

_HEAD = """from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

"""
_NAMES = "tuple[str, ...]"
_NUMBERS = "tuple[int, ...]"
_ROWS = "tuple[dict[int, int], ...]"
"""Types of tables; without them a type checker infers one with an item for each entry."""

TABLES = Path(__file__).parents[1] / "flowdsl" / "syntax" / "parser" / "tables.py"


def parse_table_of(parser: Lark) -> IntParseTable:
    """Return the automaton that Lark made of the grammar."""
    table: IntParseTable = parser.parser.parser._parse_table
    return table


def _describe_rule_shape(rule: Rule) -> str:
    """Describe which symbols of a rule Lark's tree shaping keeps.

    One character for each symbol: `.` is dropped, `x` kept, and `*` is a helper rule whose children
    are put in its place. `-` is a None for an optional part that is left out.
    """
    shape = ""
    placeholders = list(rule.options.empty_indices or [False] * len(rule.expansion))
    symbols = iter(rule.expansion)
    for absent in placeholders:
        if absent:
            shape += "-"
            continue
        symbol = next(symbols)
        if isinstance(symbol, Terminal):
            dropped = symbol.filter_out and not rule.options.keep_all_tokens
            shape += "." if dropped else "x"
        else:
            shape += "*" if symbol.name.startswith("_") else "x"
    assert next(symbols, None) is None
    return shape


def _picking_expression(shape: str, operation: int) -> str:
    """Return the expression that picks the children of a rule from the list `a` of its symbols.

    For `ADD` and `EXTEND`, these are the symbols after the list.
    """
    if operation in (ADD, EXTEND):
        shape = "." + shape[1:]
    parts: list[str] = []
    position = 0
    for mark in shape:
        if mark == "-":
            parts.append("None")
            continue
        if mark != ".":
            parts.append(f"{'*' if mark == '*' else ''}a[{position}]")
        position += 1
    if operation == SAME:
        return parts[0]
    if len(parts) == 1 and parts[0].startswith("*"):
        return parts[0][1:]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _find_operation(rule: Rule, shape: str) -> int:
    kept = shape.replace(".", "")
    if rule.origin.name.startswith("_"):
        if kept.startswith("*"):
            return ADD if kept == "*x" and shape.endswith("x") else EXTEND
        return LIST
    return SAME if rule.options.expand1 and not rule.alias and kept == "x" else NODE


class _Automaton:
    """Lark's states, numbered by a walk from the start.

    Lark itself numbers them in the order of a set, which differs from run to run.
    """

    def __init__(self, table: IntParseTable, rules: list[Rule]) -> None:
        start = table.start_states["file"]
        number = {start: 0}
        queue = [start]
        for state in queue:
            for symbol in sorted(table.states[state]):
                action, target = table.states[state][symbol]
                if action.name == "Shift" and target not in number:
                    number[target] = len(number)
                    queue.append(target)
        rule_number = {rule: index for index, rule in enumerate(rules)}
        nonterminals = {rule.origin.name for rule in rules}
        self.end = number[table.end_states["file"]]
        self.access = [""] * len(number)
        self.actions: list[dict[str, int]] = [{} for _ in number]
        self.gotos: dict[str, dict[int, int]] = {name: {} for name in sorted(nonterminals)}
        for state in queue:
            for symbol, (action, target) in table.states[state].items():
                if action.name != "Shift":
                    self.actions[number[state]][symbol] = ~rule_number[target]
                    continue
                self.access[number[target]] = symbol
                if symbol in nonterminals:
                    self.gotos[symbol][number[state]] = number[target]
                else:
                    self.actions[number[state]][symbol] = number[target]

    def take_short_cuts(self, rules: list[Rule], operations: list[int]) -> None:
        """Skip the states that only reduce `a: b` without building anything.

        Such a state is entered through `b` only and always left through `a`, so that its goto can
        lead there at once. An error is then found by the next state, before anything is shifted.
        """
        passing: dict[int, str] = {}
        for state, row in enumerate(self.actions):
            rule = ~min(row.values(), default=0)
            if (
                len(set(row.values())) == 1
                and rule >= 0
                and operations[rule] == SAME
                and len(rules[rule].expansion) == 1
            ):
                passing[state] = rules[rule].origin.name
        for goto in self.gotos.values():
            for origin, target in goto.items():
                while target in passing:
                    target = self.gotos[passing[target]][origin]
                goto[origin] = target


class _Rows:
    """Rows of numbers, each stored once and known by its index."""

    def __init__(self) -> None:
        self.stored: dict[tuple[tuple[int, int], ...], int] = {}

    def index(self, pairs: Iterable[tuple[int, int]]) -> int:
        return self.stored.setdefault(tuple(sorted(pairs)), len(self.stored))


def _render_wrapped_tuple(name: str, type_: str, items: Iterable[object], comment: str) -> str:
    lines = [""]
    for item in items:
        text = f"{item!r},"
        if len(lines[-1]) + len(text) > 118:
            lines.append("")
        lines[-1] += text
    return f"# {comment}\n{name}: {type_} = (\n" + "\n".join(lines) + "\n)\n"


def render_tables(parser: Lark) -> str:
    """Return the text of `tables.py` for a parser; deterministic for a grammar."""
    rules = list(parser.rules)
    shapes = [_describe_rule_shape(rule) for rule in rules]
    operations = [_find_operation(rule, shape) for rule, shape in zip(rules, shapes, strict=True)]
    chosen = [
        _picking_expression(shape, operation)
        for shape, operation in zip(shapes, operations, strict=True)
    ]
    picks = sorted(set(chosen))

    automaton = _Automaton(parse_table_of(parser), rules)
    automaton.take_short_cuts(rules, operations)
    terminals = [terminal.name for terminal in parser.terminals] + ["$END"]
    terminal = {name: number for number, name in enumerate(terminals)}
    rows, goto_rows = _Rows(), _Rows()
    row_of_state = [
        rows.index((terminal[symbol], action) for symbol, action in row.items())
        for row in automaton.actions
    ]
    goto_of_symbol = {name: goto_rows.index(row.items()) for name, row in automaton.gotos.items()}
    rule_rows = [
        (
            len(rule.expansion),
            operation,
            picks.index(pick),
            goto_of_symbol[rule.origin.name],
            str(rule.alias or rule.origin.name),
        )
        for rule, operation, pick in zip(rules, operations, chosen, strict=True)
    ]
    words = sorted(
        (each.pattern.value, terminal[each.name])
        for each in parser.terminals
        if isinstance(each.pattern, PatternStr)
    )
    parts = [
        '"""LALR(1) tables of `grammars/flowdsl.lark`. Generated, do not edit.\n\n',
        'To regenerate: `python -m tools.parser_tables --write`.\n"""\n\n',
        _HEAD,
        f"END_STATE = {automaton.end}\n",
        _render_wrapped_tuple("TERMINALS", _NAMES, terminals, "names; a terminal is its index"),
        _render_wrapped_tuple(
            "WORDS",
            "tuple[tuple[str, int], ...]",
            words,
            "keywords and punctuation, and their terminal",
        ),
        _render_wrapped_tuple("STATE_ROWS", _NUMBERS, row_of_state, "state -> its row in ROWS"),
        _render_wrapped_tuple(
            "ACCESS", _NAMES, automaton.access, "state -> the symbol that leads to it"
        ),
        _render_wrapped_tuple(
            "ROWS", _ROWS, map(dict, rows.stored), "by terminal: a state to shift to, or ~rule"
        ),
        _render_wrapped_tuple(
            "GOTOS",
            _ROWS,
            map(dict, goto_rows.stored),
            "by state: the next state after a reduction",
        ),
        "# the children that the tree keeps of a rule's symbols\n",
        "PICKS: tuple[Callable[[list[Any]], Any], ...] = (\n",
        *(f"    lambda a: {pick},\n" for pick in picks),
        ")\n",
        _render_wrapped_tuple(
            "RULES",
            "tuple[tuple[int, int, int, int, str], ...]",
            rule_rows,
            "length, operation, pick, goto row, name",
        ),
    ]
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(
        write_or_check(
            sys.argv[1:], "tools.parser_tables", TABLES, render_tables(reference_parser())
        )
    )
