"""What nothing reads is not kept, and what is kept waits for the next focused call."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.ir import nodes
from flowdsl.ir.walk import statements
from flowdsl.source.files import MemoryFiles
from tests.support.rows import in_rows

FIND = """
task find(name: string) -> { id: string?, note: string } {
  if sees "an id of {name}" { extract id: string from "the id"  emit id = id }
  emit note = "seen {name}"
}
"""


SAY_ID = 'if not r.id is empty { do "Say {r.id}." }'


def body_of(steps: str, sections: str = "", tasks: str = FIND) -> nodes.Body:
    source = f"flow 1\n{tasks}\nworkflow w {{ {sections}\n steps {{ {steps} }} }}"
    compilation = compile_project(MemoryFiles({"a.flow": source}), ["a.flow"], CompileOptions())
    assert compilation.program is not None, [
        found.message for found in compilation.analysis.diagnostics
    ]
    return compilation.program.workflows[0].body


def kept(body: nodes.Body) -> Iterator[tuple[str, object]]:
    """The variables that are kept, with the constants among their values."""
    for statement in statements(body):
        if isinstance(statement, nodes.Store):
            for each in statement.assignments:
                value = each.value
                constant = isinstance(value, nodes.ConstantValue)
                yield each.variable, value.value if constant else ...


@in_rows(
    ("steps", "expected"),
    [
        ('call find(name: "Ann")', []),
        ('call find(name: "Ann") as r', []),
        ('call find(name: "Ann") as r do "Say {r.note}."', [("r_note", "seen Ann")]),
        (f'call find(name: "Ann") as r {SAY_ID}', [("r_id", None)]),
        ('keep x: int = 1 keep x = 2 do "Say {x}."', [("x", 2)]),
        ('keep x: int = 1 if sees "a" { keep x = 2 } do "{x}"', [("x", 1), ("x", 2)]),
        ('keep x: int = 1 abort "no"', []),
        ('keep x: string[] = [] keep x += "a"', []),
    ],
)
def test_only_what_is_read_later_is_kept(steps: str, expected: list[tuple[str, object]]) -> None:
    assert list(kept(body_of(steps))) == expected


def test_a_call_in_a_loop_empties_what_the_call_before_it_left() -> None:
    steps = f'for n in ["a", "b"] {{ call find(name: n) as r {SAY_ID} }}'
    # Around the loop: whether a pass has failed, as the id could not be read.
    _, loop, _ = body_of(steps)
    assert isinstance(loop, nodes.Loop)
    assert list(kept(loop.body)) == [("r_id", None)]


def test_what_only_a_later_pass_reads_is_kept() -> None:
    steps = """
      keep last: string = "none"
      for n in ["a", "b"] { do "After {last}." keep last = n }
    """
    assert list(kept(body_of(steps))) == [("last", "none"), ("last", ...)]


def test_an_argument_that_the_call_overwrites_is_taken_first() -> None:
    steps = """
      call find(name: "Ann") as r
      call find(name: r.note) as r
      do "Say {r.note}."
    """
    assert [name for name, _ in kept(body_of(steps))] == ["r_note", "find_name", "r_note"]


def test_a_further_call_renames_nothing() -> None:
    task = 'task ask() -> { v: string } { extract t: string from "t" emit v = "<{t}>" }'
    use = 'call ask() as r do "Say {r.v}."'
    once = body_of(use, tasks=task)
    twice = body_of(f'call ask() as q do "Say {{q.v}}." {use}', tasks=task)
    assert list(kept(once)) == [("r_v", ...)]
    assert list(kept(twice)) == [("q_v", ...), ("r_v", ...)]
    read = [each.variable for each in statements(twice) if isinstance(each, nodes.Extract)]
    assert read == ["ask_t", "ask_t"]


def test_what_is_emitted_before_an_abort_stays() -> None:
    sections = "outputs { state: string? }"
    steps = 'if sees "a" { emit state = "bad" abort "bad" } emit state = "good"'
    assert list(kept(body_of(steps, sections))) == [("state", "bad"), ("state", "good")]


def test_what_an_attempt_always_emits_again_need_not_be_taken_back() -> None:
    sections = "outputs { state: string }"
    always = 'retry 2 { emit state = "x" expect "y" }'
    assert list(kept(body_of(always, sections))) == [("state", "x")]


def test_constants_wait_behind_plain_actions_and_in_steps() -> None:
    steps = """
      keep x: string? = null
      press "Tab"
      step "Look" { do "Look." if sees "a" { keep x = "a" } }
      if x == "a" { do "Say it." }
    """
    press, step, say = body_of(steps)
    assert (press.kind, step.kind, say.kind) == ("press", "step", "if")
    assert isinstance(step, nodes.Step)
    assert [each.kind for each in step.body] == ["do", "store", "if"]


def test_an_action_that_reads_a_constant_comes_behind_it() -> None:
    assert [each.kind for each in body_of('keep x: int = 1 do "Say {x}." press "Tab"')] == [
        "store",
        "do",
        "press",
    ]
