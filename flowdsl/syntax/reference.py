"""Lark: the generator of `parser/tables.py` and the oracle of the tests.

`python -m flowdsl.syntax.reference --write` compiles `grammars/flowdsl.lark` into integer tables;
`--check` says whether they are up to date. The compiler never imports this module.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lark import Lark, Token, Tree
from lark.grammar import Terminal
from lark.lexer import PatternStr

from flowdsl.syntax.parser.operations import ADD, EXTEND, LIST, NODE, SAME

if TYPE_CHECKING:
    from lark.grammar import Rule
    from lark.lexer import Token as LarkToken
    from lark.parsers.lalr_analysis import IntParseTable


class _AlwaysOffered:
    """Terminals that the lexer offers in every state of the parser.

    With `NAME`, keywords are whole words even where no name may stand. The other two give
    unterminated text one form.
    """

    always_accept = ("NAME", "BAD_STRING", "BAD_BLOCK")

    def process(self, stream: Iterator[LarkToken]) -> Iterator[LarkToken]:
        return stream


def grammar_text() -> str:
    """Return the text of the grammar, from the wheel or the `grammars` folder of a checkout."""
    packed = Path(__file__).with_name("flowdsl.lark")
    checkout = Path(__file__).parents[2] / "grammars" / "flowdsl.lark"
    return (packed if packed.is_file() else checkout).read_text(encoding="utf-8")


def reference_parser(*, strict: bool = False, **options: Any) -> Lark:
    """Return a plain Lark parser for the grammar.

    `strict` also proves that the grammar has no conflicts and no colliding terminals.
    """
    return Lark(
        grammar_text(),
        parser="lalr",
        lexer="contextual",
        start="file",
        strict=strict,
        maybe_placeholders=True,
        propagate_positions=True,
        postlex=_AlwaysOffered(),
        **options,
    )


class Leaf(NamedTuple):
    """A token of the generic tree."""

    terminal: str
    start: int
    end: int


class Branch(NamedTuple):
    """A node of the generic tree: Lark's `Tree`, comparable and without line numbers."""

    rule: str
    start: int
    end: int
    children: tuple[Branch | Leaf | None, ...]


def generic_tree(tree: Tree[Token]) -> Branch:
    """Convert a Lark tree to the form of `driver_tree`."""
    children: list[Branch | Leaf | None] = []
    for child in tree.children:
        if isinstance(child, Tree):
            children.append(generic_tree(child))
        elif child is None:
            children.append(None)
        else:
            assert child.start_pos is not None
            assert child.end_pos is not None
            children.append(Leaf(child.type, child.start_pos, child.end_pos))
    return Branch(str(tree.data), tree.meta.start_pos, tree.meta.end_pos, tuple(children))


def driver_tree(text: str) -> Branch | None:
    """Parse a text with the tables and the driver to a generic tree; None if they reject it."""
    from flowdsl.syntax.parser.driver import Build, Stack, make_rules, run
    from flowdsl.syntax.parser.lexer import Lexemes
    from flowdsl.syntax.parser.tables import TERMINALS

    tokens = Lexemes(text)

    def leaf(index: int) -> Leaf:
        return Leaf(TERMINALS[tokens.kinds[index]], tokens.starts[index], tokens.ends[index])

    def build(name: str) -> Build:
        def branch(_: object, start: int, end: int, children: Sequence[Any]) -> Branch:
            kept = (leaf(child) if isinstance(child, int) else child for child in children)
            return Branch(name, start, end, tuple(kept))

        return branch

    stack = Stack()
    stopped = run(tokens, stack, 0, make_rules(build))
    tree: Branch | None = stack.values[-1] if stopped < 0 else None
    return tree


def _parse_table_of(parser: Lark) -> IntParseTable:
    table: IntParseTable = parser.parser.parser._parse_table
    return table


def find_reserved_words(parser: Lark) -> frozenset[str]:
    """Return the keywords that cannot be names: the lexer prefers them to names."""
    keywords = {
        terminal.name: terminal.pattern.value
        for terminal in parser.terminals
        if isinstance(terminal.pattern, PatternStr) and terminal.pattern.value.isalpha()
    }
    reserved: set[str] = set()
    for row in _parse_table_of(parser).states.values():
        if "NAME" in row and row["NAME"][0].name == "Shift":
            reserved |= {keywords[name] for name in row if name in keywords}
    return frozenset(reserved)


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
        self.stored: dict[tuple[int, ...], int] = {}

    def index(self, pairs: Iterable[tuple[int, int]]) -> int:
        row = tuple(value for pair in sorted(pairs) for value in pair)
        return self.stored.setdefault(row, len(self.stored))


def _render_wrapped_tuple(name: str, items: Iterable[object], comment: str) -> str:
    lines = [""]
    for item in items:
        text = f"{item!r},"
        if len(lines[-1]) + len(text) > 118:
            lines.append("")
        lines[-1] += text
    return f"# {comment}\n{name} = (\n" + "\n".join(lines) + "\n)\n"


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

    automaton = _Automaton(_parse_table_of(parser), rules)
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
        'To regenerate: `python -m flowdsl.syntax.reference --write`.\n"""\n\n',
        f"END_STATE = {automaton.end}\n",
        _render_wrapped_tuple("TERMINALS", terminals, "names; a terminal is its index"),
        _render_wrapped_tuple("WORDS", words, "keywords and punctuation, and their terminal"),
        _render_wrapped_tuple("STATE_ROWS", row_of_state, "state -> its row in ROWS"),
        _render_wrapped_tuple("ACCESS", automaton.access, "state -> the symbol that leads to it"),
        _render_wrapped_tuple(
            "ROWS", rows.stored, "terminal, action, ...: a state to shift to, or ~rule"
        ),
        _render_wrapped_tuple(
            "GOTOS", goto_rows.stored, "state, next state, ... after a reduction"
        ),
        "# the children that the tree keeps of a rule's symbols\nPICKS = (\n",
        *(f"    lambda a: {pick},\n" for pick in picks),
        ")\n",
        _render_wrapped_tuple("RULES", rule_rows, "length, operation, pick, goto row, name"),
    ]
    return "".join(parts)


def main(arguments: list[str]) -> int:
    """Write or check `tables.py`; returns 1 if it is out of date."""
    options = argparse.ArgumentParser(prog="python -m flowdsl.syntax.reference")
    mode = options.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write tables.py")
    mode.add_argument("--check", action="store_true", help="exit 1 when tables.py is stale")
    fresh = render_tables(reference_parser())
    tables = Path(__file__).with_name("parser") / "tables.py"
    if options.parse_args(arguments).write:
        tables.write_text(fresh, encoding="utf-8")
        return 0
    return 0 if tables.read_text(encoding="utf-8") == fresh else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
