"""The one style, rule by rule; `tests/corpus/format` shows whole files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from flowdsl.format import formatter
from flowdsl.format.formatter import format_source
from flowdsl.format.tree import ITEM_BUILDS
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parser.driver import MAX_DEPTH
from flowdsl.syntax.parser.operations import NODE
from flowdsl.syntax.parser.tables import RULES
from tests.support.cpu import assert_linear
from tests.support.rows import in_rows

CORPUS = Path(__file__).parents[2] / "corpus" / "format"
CASES = sorted(path for path in CORPUS.glob("*.flow") if ".expected" not in path.name)


def formatted(text: str) -> str:
    result = format_source(SourceFile("x.flow", text))
    assert result.problem is None
    again = format_source(SourceFile("x.flow", result.text))
    assert again.text == result.text
    return result.text


def statement(text: str) -> str:
    """A statement in the body of a task, formatted, without the indent of the body."""
    head, foot = "flow 1\n\ntask t() {\n", "}\n"
    result = formatted(f"{head}{text}\n{foot}")
    assert result.startswith(head) and result.endswith(foot)
    return "\n".join(line[2:] for line in result[len(head) : -len(foot)].splitlines())


def declaration(text: str) -> str:
    return formatted(f"flow 1\n\n{text}").removeprefix("flow 1\n\n").removesuffix("\n")


@in_rows("path", CASES, ids=lambda path: path.stem)
def test_a_file_of_the_corpus(path: Path) -> None:
    expected = path.with_suffix(".expected.flow").read_bytes().decode()
    assert formatted(path.read_bytes().decode()) == expected
    assert formatted(expected) == expected


@in_rows(
    ("written", "expected"),
    [
        ("const a=1\n\n\n\nconst b=2\nconst c=3", "const a = 1\n\nconst b = 2\nconst c = 3"),
        ("const a = 1\ntask t() {}", "const a = 1\n\ntask t() {}"),
        ("const a = 1\n# note\n\ntask t() {}", "const a = 1\n# note\n\ntask t() {}"),
        ("const a = 1\n# note\ntask t() {}", "const a = 1\n\n# note\ntask t() {}"),
        ("type A { a: string }\ntype B { b: int }", "type A { a: string }\ntype B { b: int }"),
        ("type A {\n  a: int\n}\ntype B = A", "type A {\n  a: int\n}\n\ntype B = A"),
        ('task t() {\n\n  do "a"\n\n\n  do "b"\n\n}', 'task t() {\n  do "a"\n\n  do "b"\n}'),
        ("task t() {\n\n  # a\n\n  # b\n\n}", "task t() {\n  # a\n\n  # b\n}"),
    ],
)
def test_blank_lines(written: str, expected: str) -> None:
    assert declaration(written) == expected


@in_rows(
    ("written", "expected"),
    [
        ("type T { a: int b: int, c: int, }", "type T { a: int, b: int, c: int }"),
        ("type T {\n a: int, b: int, c: int, }", "type T {\n  a: int\n  b: int\n  c: int\n}"),
        ("type T {}", "type T {}"),
        ("type T { # none\n}", "type T {  # none\n}"),
        ("const a = [1, 2,]", "const a = [1, 2]"),
        ("const a = {\n a: 1 }", "const a = {\n  a: 1,\n}"),
        ("const a = { a: 1,\n b: 2, }", "const a = { a: 1, b: 2 }"),
        ("const a = [{\n a: 1 }]", "const a = [\n  {\n    a: 1,\n  },\n]"),
        ("type T = a . B ? [ ]", "type T = a.B?[]"),
    ],
)
def test_what_stays_on_one_line(written: str, expected: str) -> None:
    assert declaration(written) == expected


@in_rows(
    ("written", "expected"),
    [
        ("if a{}else if b{}else{}", "if a {} else if b {} else {}"),
        ("if ( ( a ) ) {}", "if ((a)) {}"),
        ("if not(a or rows [ 0 ] . b){}", "if not (a or rows[0].b) {}"),
        ('type $ key . a into "F"', 'type $key.a into "F"'),
        ("emit a+={}", "emit a += {}"),
        ("call m . t ( a : [ ] , )as r", "call m.t(a: []) as r"),
        ('expect "a" else{fail "b"}', 'expect "a" else { fail "b" }'),
        ('expect "a" else{fail "b" }  # why', 'expect "a" else { fail "b" }  # why'),
        ('expect "a" else # why\n{fail "b"}', 'expect "a" else {  # why\n  fail "b"\n}'),
        ('@ a ( 1 , b = 2 , ) @b step "s" {}', '@a(1, b = 2)\n@b\nstep "s" {}'),
        ('press "a" # why\n\n  2 times', 'press "a"  # why\n  2 times'),
        (
            'extract a: string from r"b"\n  in background',
            'extract a: string from r"b" in background',
        ),
    ],
)
def test_statements(written: str, expected: str) -> None:
    assert statement(written) == expected


def test_else_joins_its_statement_while_both_fit() -> None:
    fits = f'expect "{"a" * 40}" else abort "{"b" * 35}"'
    assert len(fits) == 98
    assert statement(fits) == fits
    assert statement(fits.replace("aa", "aaa", 1)) == fits.replace("aa", "aaa", 1).replace(
        " else", "\n  else"
    )


def test_a_clause_moves_down_alone() -> None:
    text = f'choose "{"a" * 85}" using "vision"'
    assert statement(text) == text.replace(" using", "\n  using")


def test_a_long_condition_is_set_off_from_its_body() -> None:
    parts = [f'sees "{word * 12}"' for word in ("aaa", "bbb", "ccc")]
    assert statement(f'if {parts[0]} and {parts[1]} or {parts[2]} {{ fail "x" }}').split("\n") == [
        f"if {parts[0]} and {parts[1]}",
        f"    or {parts[2]} {{",
        '  fail "x"',
        "}",
    ]


def test_the_body_behind_broken_clauses_is_set_off() -> None:
    text = f'wait until "{"a" * 85}" timeout 30s else {{ press "F5" }}'
    assert statement(text).split("\n")[1:] == ["  timeout 30s", "else {", '  press "F5"', "}"]


def test_parameters_break_before_the_result_of_a_task() -> None:
    text = f"task t(a: {'a' * 60}, b: int) -> {{ first: string, other: int }} {{}}"
    assert declaration(text).split("\n")[1:] == [
        f"  a: {'a' * 60},",
        "  b: int,",
        ") -> { first: string, other: int } {",
        "}",
    ]


LONG = f'sees "{"a" * 60}" or  sees "{"b" * 60}"'
MARK = "# flow: ignore[x] y"


@in_rows(
    ("written", "expected"),
    [
        (
            f'expect  "{LONG[6:60]}" else fail "{"c" * 60}" {MARK}',
            f'expect "{LONG[6:60]}" else fail "{"c" * 60}"  {MARK}',
        ),
        (f"if {LONG} {{ {MARK}\n}}", f"if {LONG.replace('  ', ' ')} {{  {MARK}\n}}"),
        (f'{MARK}\nif  a {{ press  "a" }}', f'{MARK}\nif a {{ press "a" }}'),
        (f'@a @b  step "s" {{ {MARK}\n}}', f'@a @b step "s" {{  {MARK}\n}}'),
        (
            f'choose   "{"a" * 60}"\n  else  abort "{"b" * 60}" {MARK}',
            f'choose "{"a" * 60}"\n  else abort "{"b" * 60}"  {MARK}',
        ),
        (f'do  """\n    {{{MARK} #}}\n    a\n"""', f'do """\n  {{{MARK} #}}\n  a\n"""'),
    ],
)
def test_a_line_with_a_suppression_stays_one(written: str, expected: str) -> None:
    assert statement(written) == expected


@in_rows(
    "written",
    [
        f'if a {{ press  "a" press "b" }}  {MARK}',
        f'choose "a"\n    else fail  "b"  {MARK}',
        f'{MARK}\n  press  "a"  press "b"',
        f'choose "{{{MARK} #}}"  else fail "{"a" * 80}"',
    ],
)
def test_what_a_suppression_covers_stays_when_it_would_cover_something_else(written: str) -> None:
    result = formatted(f'flow 1\n\ntask t() {{\n  do   "a"\n  {written}\n  do   "b"\n}}\n')
    assert result == f'flow 1\n\ntask t() {{\n  do "a"\n  {written}\n  do "b"\n}}\n'


@in_rows(("breaks", "expected"), [("\n", "\n"), ("\r\n", "\r\n"), ("\r", "\n"), ("\r\n\n", "\r\n")])
def test_the_first_line_break_decides(breaks: str, expected: str) -> None:
    text = f'flow 1{breaks}const a = 1\nworkflow w {{\r\n  always {{ """\r    a\n  """ }}\n}}'
    lines = 'flow 1||const a = 1||workflow w {|  always {|    """|      a|    """|  }|}|'
    assert formatted(text) == lines.replace("|", expected)


def test_comments_move_with_their_imports() -> None:
    text = 'flow 1  # x\n# head\n\n# b\nimport "b" as b  # of b\nimport "a" as a\nconst c = 1'
    assert formatted(text) == (
        'flow 1  # x\n# head\n\nimport "a" as a\n# b\nimport "b" as b  # of b\n\nconst c = 1\n'
    )


def test_names_with_comments_keep_their_order() -> None:
    text = 'flow 1\nimport {\n  b,  # first\n  a,\n} from "a"\n'
    assert formatted(text) == text


def test_a_doc_comment_never_comes_to_describe_something_else() -> None:
    text = "flow 1\n\ntype T {\n    a: int  # a\n  ## of nobody\n  , b: int\n}\n"
    assert formatted(text) == text


def test_marks_in_a_file_where_nothing_follows() -> None:
    assert formatted("flow 1\n# fmt: off") == "flow 1\n# fmt: off\n"
    assert formatted("flow 1\n# fmt: on\nconst  a=1") == "flow 1\n\n# fmt: on\nconst a = 1\n"


def test_a_skipped_import_is_not_moved() -> None:
    text = 'flow 1\nimport "b"  as b  # fmt: skip\nimport "a" as a\n'
    assert formatted(text) == text


@in_rows(
    "text", ["", "const  a=1", "flow  2\nconst  a=1", "{}", "flow 1 }\nconst  a=1", "flow 1\n}}}"]
)
def test_a_file_that_cannot_be_read_at_all_stays_as_it_is(text: str) -> None:
    result = format_source(SourceFile("x.flow", text))
    assert (result.text, result.problem) == (text, None)
    assert result.mistakes


@in_rows(
    "mistake",
    [
        'do "{a b}"',
        'do "{x y}"',
        'do """\n\tx\n  """',
        'press "Tab" 1234567890123456789 times',
        f"emit a = b[{'1' * 19}]",
        'do "${x}"',
    ],
)
def test_a_declaration_with_a_mistake_in_a_text_or_number_stays(mistake: str) -> None:
    broken = f"task  t(){{ {mistake} }}"
    result = format_source(SourceFile("x.flow", f"flow 1\n\n{broken}\n\nconst  a=1\n"))
    assert result.text == f"flow 1\n\n{broken}\n\nconst a = 1\n"
    assert len(result.mistakes) == 1


def test_neighbours_of_a_mistake_on_the_same_line_stay() -> None:
    text = "flow 1\n\nconst  a=1\nconst  b=2 }\nconst  c=3\n"
    result = format_source(SourceFile("x.flow", text))
    assert result.text == "flow 1\n\nconst a = 1\nconst  b=2 }\nconst c = 3\n"


@pytest.mark.parametrize(
    "wrong", ["flow 1\n\nconst a = 2\n", "flow 1\nconst a = 1\n", "flow 1\n\nconst a =\n"]
)
def test_a_wrong_result_is_never_written(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another value, a lost comment, and nothing that can be read."""
    monkeypatch.setattr(formatter, "lay_out", lambda sheet, items: wrong)
    text = "flow 1\n# note\nconst  a=1\n"
    result = format_source(SourceFile("x.flow", text))
    assert result.text == text
    assert result.problem is not None and "report" in result.problem


def test_depth_costs_no_recursion() -> None:
    depth = MAX_DEPTH - 3
    for opening, inner, closing in (("[", "", "]"), ("{ a: ", "1", " }"), ("{\na: ", "1", "}")):
        formatted(f"flow 1\nconst a = {opening * depth}{inner}{closing * depth}")
    formatted("flow 1\ntask t() { " + "if a { " * depth + "}" * depth + " }")
    formatted("flow 1\ntask t() { if " + "(a or b and " * depth + "c" + ")" * depth + " {} }")
    formatted("flow 1\ntask t() { if a {} " + 'else if a { press "Tab" } ' * 2_000 + "}")
    formatted("flow 1\ntype T = a" + "[]?" * 90)


def test_time_grows_with_the_file() -> None:
    def work(count: int) -> Callable[[], object]:
        rows = ", ".join(f'{{ a: "{"x" * 90}", b: [{number}, 2] }}' for number in range(count))
        presses = 'press "Tab" # c\n' * count
        return partial(formatted, f"flow 1\nconst a = [{rows}]\ntask t() {{ {presses} }}")

    def chain(count: int) -> Callable[[], object]:
        long = f' else if sees "{"b" * 60}" {{ do "{"z" * 60}" }}'
        branch = ' else if sees "a" { do "x"\n do "y" }'
        branches = (branch + long + long) * count
        return partial(formatted, f"flow 1\ntask t() {{ if a {{ }}{branches} }}")

    assert_linear(work, 1_600)
    assert_linear(chain, 160)


def test_every_rule_of_the_grammar_is_accounted_for() -> None:
    """A rule that is none of these stands inside of items.

    A new section, statement or setting has to be an item.
    """
    inside = {
        "act_capture", "act_choose", "act_clear", "act_copy", "act_do", "act_export", "act_press",
        "act_run", "act_type", "act_wait", "and_", "annotation", "background", "bare_target",
        "call_arg", "check_agentic", "check_cleanup", "check_file", "check_image", "check_schema",
        "compare", "const_ref", "count_of", "day", "day_of_start", "dotted", "enum_type", "false",
        "any_order", "at_least", "at_most", "attempt_number", "between", "former_cleanup",
        "held_rows", "not_pattern", "rest", "round_number", "screen_text", "if_present",
        "import_name", "input_ref", "int", "is_empty", "is_in", "is_not_empty", "is_not_in",
        "item_number", "item_where", "list", "matches", "matching", "named_arg", "negation", "null",
        "number", "or_", "pair", "param", "part", "path", "pattern_list", "pattern_pair", "place",
        "runtime_ref", "secret_ref", "sees", "target_each", "target_exact", "target_regex",
        "text_relation", "true", "type_name", "type_suffix", "using", "value_list", "value_pair",
    }  # fmt: skip
    made = {rule[4] for rule in RULES if rule[1] == NODE}
    assert made - ITEM_BUILDS == inside
