"""Former spellings are read as what they meant, and their fix writes the same."""

from __future__ import annotations

from flowdsl.diagnostics.fixes import SAFE, apply_fixes
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.visit import dump, walk
from tests.support.rows import for_rows

NEGATED = (
    ('sees "a"', 'not sees "a"'),
    ('not sees "a"', 'sees "a"'),
    ('not (sees "a" or ready)', 'sees "a" or ready'),
    ('sees "a" or ready', 'not (sees "a" or ready)'),
    ('(sees "a")', 'not (sees "a")'),
    ('(sees "a" or ready)', 'not (sees "a" or ready)'),
    ('(sees "a") or (ready)', 'not ((sees "a") or (ready))'),
    ("(state == 3)", "(state != 3)"),
    ("{{state}} == {{ other.a }}", "{{state}} != {{ other.a }}"),
    ("state == max", "state != max"),
    ("state != 3", "state == 3"),
    ("state < 3", "not state < 3"),
    ('state in ["a", "b"]', 'state not in ["a", "b"]'),
    ('state not in ["a"]', 'state in ["a"]'),
    ("state is empty", "state is not empty"),
    ("state is not empty", "state is empty"),
    ("not state is empty", "state is empty"),
    ('state contains "max 3 {"', 'not state contains "max 3 {"'),
)
HEADS = ("max 3", "max most wait 2s", "wait 1m", "")


def program(statement: str) -> str:
    return f"flow 1\nworkflow w {{ steps {{ {statement} }} }}\n"


@for_rows(lambda: NEGATED)
def test_repeat_until_is_while_with_the_opposite_condition(row: tuple[str, str]) -> None:
    condition, negated = row
    for head in HEADS:
        behind = f'{head} {{ press "F5" }} else abort "no end"'
        source = SourceFile("a.flow", program(f"repeat until {condition} {behind}"))
        sink = Sink()
        module = parse_module(source, sink)
        (found,) = sink.findings_in_order()
        assert (found.name, found.span.text) == ("former-spelling", "repeat until")
        fixed = apply_fixes((found,), (SAFE,)).texts["a.flow"]
        assert fixed == program(f"while {negated} {behind}")
        (loop,) = (each for each in walk(module) if isinstance(each, ast.WhileStmt))
        after = Sink()
        again = parse_module(SourceFile("b.flow", fixed), after)
        assert after.findings_in_order() == ()
        (written,) = (each for each in walk(again) if isinstance(each, ast.WhileStmt))
        if "==" not in condition and "!=" not in condition:
            assert dump(loop, offsets=False) == dump(written, offsets=False)


def test_a_comment_in_the_head_is_not_lost() -> None:
    text = program('repeat until  # why\n sees "a" max 3 { press "F5" }')
    sink = Sink()
    parse_module(SourceFile("a.flow", text), sink)
    assert [each.fixes for each in sink.findings_in_order()] == [()]
