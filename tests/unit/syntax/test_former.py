"""Former spellings are read as what they meant, and their fix writes the same."""

from __future__ import annotations

from flowdsl.diagnostics.fixes import SAFE, apply_fixes
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.former import report_former_values
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.visit import dump, walk
from tests.support.rows import check_rows, for_rows, in_rows

NEGATED = (
    ('sees "a"', 'not sees "a"'),
    ('not sees "a"', 'sees "a"'),
    ('not (sees "a" or ready)', '(sees "a" or ready)'),
    ('sees "a" or ready', 'not (sees "a" or ready)'),
    ('(sees "a")', 'not (sees "a")'),
    ('(sees "a" or ready)', 'not (sees "a" or ready)'),
    ('(sees "a") or (ready)', 'not ((sees "a") or (ready))'),
    ("(state == 3)", "(state != 3)"),
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


def test_a_comment_in_the_head_stays() -> None:
    former = 'repeat until  # why\n not sees "a" max 3 { press "F5" }'
    assert fix(program(former)) == program('while  # why\n sees "a" max 3 { press "F5" }')


VALUES = {
    "type {{a}} into": "type a into",
    "type {{ a.b[0]['k e'] }}into": "type a.b[0]['k e'] into",
    "for x in{{a}}max 2 {": "for x in a max 2 {",
    "if not{{a}}and({{b}}==1)": "if not a and(b==1)",
    "call t(x:{{a}})": "call t(x:a)",
    'do "{{a}} {{ b.c }}{{d}}"': 'do "{a} {b.c}{d}"',
    'do """\n  {{a}}\n  {{b}}"""': 'do """\n  {a}\n  {b}"""',
    r'do "\{{{a}}} \{"a": {{a}}} \"{{a}}\""': r'do "\{{a}} \{"a": {a}} \"{a}\""',
}
"""What is a former spelling, and what its fix makes of it."""
KEPT = (
    'do r"{{a}}"',
    'do "{a} {$a} {# {{a}} #} { {x } {"',
    '# {{a}}\n## {{a}}\ndo "x"',
    r'do "\{{a}} \{\{a}} {{"',
    'prompt contains "{{a}}"',
    'press "{{a}}"',
    'test "{{a}}" for w { case "{{ a }}" { } }',
    'prompt omits """ {{a}} """',
    'emit a = { b: { c: "d" } }',
)
"""What none is: raw texts, comments, literal braces, and texts that speak of the prompt."""


def fix(text: str) -> str:
    """A text, or a part of one, as all fixes of former spellings leave it."""
    sink, source = Sink(), SourceFile("a.flow", text)
    if text.startswith("flow 1"):
        parse_module(source, sink)
    else:
        report_former_values(source, sink, ())
    found = [each for each in sink.findings_in_order() if each.name == "former-spelling"]
    return apply_fixes(found, (SAFE,), group_of=lambda each: 1).texts.get("a.flow", text)


def test_values_of_the_run_lose_their_second_braces() -> None:
    def check(row: tuple[str, str]) -> None:
        former, now = row
        assert fix(former) == now
        assert fix(now) == now

    check_rows(VALUES.items(), check)
    check_rows([(each, each) for each in KEPT], check)


@in_rows("text", ['do "{{{a}}}"', 'do "${{a}}"', 'do "{{a b}}"'])
def test_malformed_variables_are_no_former_spellings(text: str) -> None:
    assert fix(text) == text
