"""Reading back a field that a secret was typed into."""

from __future__ import annotations

from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import MemoryFiles
from tests.support.rows import in_rows

NAME = "secret-read-back"
HEAD = """flow 1
const box = "the Box"
task enter(secret p: string, place: string = "the PIN box") { type $p into "{place}" }
task look(place: string) -> { v: string } { extract v: string from "{place}" emit v = v }
task wipe(place: string) { clear "{place}" }
task both(secret p: string, at: { name: string }) { call enter(p: $p, place: "field {at.name}") }
"""


def lines(body: str, declarations: str = "") -> list[int]:
    """The lines of `body`, from 1, where something is read back."""
    sections = "inputs { x: string, rows: string[] @max_items(3) } secrets { s: string }"
    head = f"{HEAD}{declarations}workflow w {{ {sections} steps {{\n"
    files = MemoryFiles({"main.flow": f"{head}{body}\n}} }}\n"})
    sink = Sink()
    analyze_program(load_sources(files, ["main.flow"], sink), None, files, sink)
    found = sink.findings_in_order()
    assert {each.name for each in found if each.severity == "error"} <= {NAME}, found
    return [each.span.first.line - head.count("\n") for each in found if each.name == NAME]


READ = 'extract v: string from "the Box"'


@in_rows(
    ("typed", "read"),
    [
        ('type $s into "the Box"', True),
        ('type "{$s}!" into "THE  box "', True),
        ('type $s into "{box}"', True),
        ('type $s into """\n  the\n  Box\n"""', True),
        ('do "Type {$s} into the Box."', False),
        ('type $s into "the Box 2"', False),
        ('type $s into "the Box"\nclear "the box"', False),
        ('type $s into "the Box"\ntype x into "the Box"', False),
        ('type x into "the Box"\ntype $s into "the Box"', True),
        ('clear "the Box"\ncall enter(p: $s, place: box)', True),
        ('call enter(p: $s, place: "the box")\ncall wipe(place: "THE BOX")', False),
        ('call enter(p: $s, place: "the box")\ncall wipe(place: x)', True),
    ],
)
def test_a_field_is_known_by_its_text(typed: str, read: bool) -> None:
    last = typed.count("\n") + 2
    assert lines(f"{typed}\n{READ}") == [last] * read
    assert lines(f'{typed}\ncopy v from "the BOX"') == [last] * read
    assert lines(f'{typed}\ncall look(place: "the Box") as v') == [last] * read


@in_rows(
    ("body", "expected"),
    [
        ('if sees "a" { type $s into "the Box" } else { clear "the Box" }\n' + READ, [2]),
        ('if sees "a" { clear "the Box" } else { type x into "the Box" }\n' + READ, []),
        ('type $s into "the Box"\nif sees "a" { clear "the Box" }\n' + READ, [3]),
        ('type $s into "the Box"\nfor r in rows { clear "the Box" }\n' + READ, [3]),
        (f'for r in rows {{\n{READ}\ntype $s into "the Box"\n}}', [2]),
        ('for r in rows {\ncopy v from "row {r}"\ntype $s into "row {r}"\n}', []),
        ('for r in rows {\ntype $s into "row {r}"\ncopy v from "row {r}"\n}', [3]),
        (f'while not sees "a" max 3 {{\n{READ}\ntype $s into "the Box"\n}}', [2]),
        (f'retry 3 {{\n{READ}\ntype $s into "the Box"\nexpect "a"\n}}', [2]),
        (f'retry 3 {{\n{READ}\ntype $s into "the Box"\n}}', []),
        (
            f'retry 3 {{ type $s into "the Box" expect "a" clear "the Box" }} else {{\n{READ}\n}}',
            [2],
        ),
        (
            f'retry 3 {{ type $s into "the Box" clear "the Box" expect "a" }} else {{\n{READ}\n}}',
            [],
        ),
        (f'expect "a" else {{ type $s into "the Box" abort "b" }}\n{READ}', []),
        (
            'copy n from "the name"\ntype $s into "box {n}"\ncopy n from "the name"\n'
            'copy v from "box {n}"',
            [],
        ),
        ('copy n from "the name"\ntype $s into "box {n}"\ncopy v from "box {n}"', [3]),
    ],
)
def test_paths_are_followed(body: str, expected: list[int]) -> None:
    assert lines(body) == expected


def test_arguments_stand_in_the_place_of_parameters_two_tasks_down() -> None:
    body = 'call both(p: $s, at: { name: "{x} 1" })\n'
    assert lines(body + 'copy v from "field {x} 1"') == [2]
    assert lines(body + 'copy v from "field {x} 2"') == []
    assert lines('call enter(p: $s)\ncopy v from "the pin box"') == [2]


def test_inside_a_task_the_reading_itself_is_reported() -> None:
    task = 'task t(secret p: string, f: string) { type $p into "{f}" copy v from "{f}" do "{v}" }\n'
    assert lines('call t(p: $s, f: x)\ncall t(p: $s, f: "y")', task) == [-1]
