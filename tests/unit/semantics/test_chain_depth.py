"""Chains of declarations that are deeper than anything that walks them: reported, and cut there.

What doubles at each level of a chain, of a nest or of a file is checked all the same, and soon.
"""

from __future__ import annotations

from collections.abc import Callable

from flowdsl.compiler.pipeline import CompileOptions, analyze, compile_project
from flowdsl.source.files import MemoryFiles
from tests.support.rows import in_rows

END = 'workflow w { steps { do "Open {c0}." call t0() extract x: T0 from "the page" } }'


def tasks(length: int, body: str = "{}") -> str:
    calls = (
        f"task t{at}() {{ {body.replace('{}', f'call t{at + 1}()')} }}" for at in range(length)
    )
    return "\n".join([*calls, f'task t{length}() {{ do "Press F3." }}'])


def types(length: int) -> str:
    links = (f"type T{at} {{ inner: T{at + 1}[] }}" for at in range(length))
    return "\n".join([*links, f"type T{length} = string"])


def consts(length: int) -> str:
    links = (f"const c{at} = [c{at + 1}]" for at in range(length))
    return "\n".join([*links, f'const c{length} = "x"'])


def text_of(**parts: str) -> str:
    declared = {"tasks": tasks(0), "types": types(0), "consts": consts(0), **parts}
    return "flow 1\n" + "\n".join([*declared.values(), END])


def errors(text: str) -> list[tuple[str, str]]:
    analysis = analyze(MemoryFiles({"a.flow": text}), ["a.flow"], CompileOptions())
    return [
        (each.name, each.span.text) for each in analysis.diagnostics if each.severity == "error"
    ]


@in_rows("part", [{"tasks": tasks(99)}, {"types": types(99)}, {"consts": consts(99)}])
def test_a_hundred_levels_compile(part: dict[str, str]) -> None:
    files = MemoryFiles({"a.flow": text_of(**part)})
    assert compile_project(files, ["a.flow"], CompileOptions()).bundle is not None


@in_rows(
    ("name", "build", "place"),
    [("tasks", tasks, "t101"), ("types", types, "T100"), ("consts", consts, "c100")],
)
def test_a_longer_chain_is_reported_once_a_hundred_levels(
    name: str, build: Callable[[int], str], place: str
) -> None:
    assert errors(text_of(**{name: build(150)})) == [("nesting-too-deep", place)]


def test_blocks_around_calls_count() -> None:
    nested = 'step "S" { retry 2 { {} expect "a page" } }'
    assert errors(text_of(tasks=tasks(33, nested))) == []
    assert errors(text_of(tasks=tasks(40, nested))) == [("nesting-too-deep", "t7")]


def test_a_cycle_longer_than_the_limit_is_cut() -> None:
    text = text_of(tasks=tasks(300).replace('do "Press F3."', "call t0()"))
    assert {name for name, _ in errors(text)} == {"nesting-too-deep"}


def doubling_tasks(head: str, body: str, end: str, *, levels: int = 60) -> str:
    """Tasks of which each calls the next one twice; `{}` is the name of the next one."""
    steps = (f"task t{at}{head} {{ {body.replace('{}', f't{at + 1}')} }}" for at in range(levels))
    return "\n".join(["flow 1", *steps, f"task t{levels}{head} {{ {end} }}"])


def nest(opening: str, closing: str) -> str:
    """Loops inside loops, of which each pass types a secret and reads a field."""
    inner = 'type $pin into "A" extract x: string from "B" type $pin into "B"'
    return (
        "flow 1\nworkflow w { secrets { pin: string } inputs { xs: string[] @max_items(9) } steps {"
        + "".join(opening.replace("@", str(level)) for level in range(60))
        + inner
        + closing * 60
        + "} }"
    )


def hand_over(output: str, received: str) -> str:
    return f"""flow 1
workflow a {{ outputs {{ x: {output} }} steps {{ emit x = b }} }}
workflow b {{ inputs {{ x: {received} }} steps {{ do "Open it." }} }}
chain c {{ step one = run a() step two = run b(x: one.outputs.x) }}"""


MANY = "999999999999999999"


@in_rows(
    ("text", "expected"),
    [
        (nest("for x@ in xs {", "}"), "secret-read-back"),
        (nest("retry 2 {", 'expect "it" }'), "secret-read-back"),
        (nest("repeat max 2 {", '} until sees "it"'), "secret-read-back"),
        (
            doubling_tasks(
                "(p: string) -> { a: string }",
                'call {}(p: p) as x call {}(p: p) as y emit a = "{x.a}{y.a}"',
                'run "echo {p}" extract a from "the page"',
            ),
            "too-large",
        ),
        (
            doubling_tasks(
                "(p: string) -> { a: string }",
                'call {}(p: p) as x emit a = "{x.a}{x.a}"',
                "emit a = p",
            )
            + "\nworkflow w { inputs { q: string @untrusted } steps { "
            'call t0(p: q) as x do "Open {x.a}." } }',
            "untrusted-in-instruction",
        ),
        (
            doubling_tasks("()", "call {}() call {}()", 'type today into "the day"', levels=14)
            + "\nworkflow w { steps { call t0() } }",
            "day-needs-terminal",
        ),
        (
            hand_over(f"string[] @max_items({MANY})", "string[] @max_items(3)"),
            "value-out-of-bounds",
        ),
        (hand_over(f"string @max_length({MANY})", "string @max_length(3)"), "value-out-of-bounds"),
        (
            f"flow 1\nworkflow w {{ inputs {{ xs: string[] @min_items({'9' * 400}.0) "
            '@max_items(3) } steps { do "Open it." } }',
            "wrong-annotation-argument",
        ),
    ],
)
def test_what_grows_with_each_level_is_checked(text: str, expected: str) -> None:
    assert expected in {name for name, _ in errors(text)}


def test_a_schema_of_many_levels_is_reported() -> None:
    schema = '{"type": "string"}'
    for _ in range(450):
        schema = f'{{"type": "object", "properties": {{"a": {schema}}}}}'
    text = 'flow 1\nworkflow w { inputs from "./s.json" steps { do "Open it." } }'
    files = MemoryFiles({"a.flow": text, "s.json": schema})
    found = analyze(files, ["a.flow"], CompileOptions()).diagnostics
    assert [each.message for each in found if each.name == "malformed-schema-file"] == [
        "`s.json` is no JSON Schema: it is nested too deeply"
    ]
