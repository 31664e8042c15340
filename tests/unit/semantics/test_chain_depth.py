"""Chains of declarations that are deeper than anything that walks them: reported, and cut there."""

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
