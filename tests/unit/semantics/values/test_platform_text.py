"""Texts that the platform would read otherwise than they are meant: where they are reported."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import MemoryFiles
from tests.support.flows.compiling import workflow
from tests.support.rows import in_rows

BACKSLASH, BRACE = "backslash-before-variable", "brace-in-command"
INPUTS = "inputs { name: string, year: int, rows: string[] @max_items(9) }"
CONSTS = (
    'const folder = r"C:\\Reports\\"\nconst part = r"x\\{y}"\n'
    'const paths = { root: r"D:\\", home: "C:/" }\n'
)


def analyzed(
    source: str, environments: dict[str, dict[str, str]] | None = None
) -> list[Diagnostic]:
    files = MemoryFiles({"main.flow": "flow 1\n" + source})
    sink = Sink()
    analyze_program(load_sources(files, ["main.flow"], sink), environments, files, sink)
    return list(sink.findings_in_order())


def places(source: str, environments: dict[str, dict[str, str]] | None = None) -> list[str]:
    """The name and the place of every finding."""
    return [f"{each.name} {each.span.text}" for each in analyzed(source, environments)]


@in_rows(
    ("body", "place"),
    [
        ('do "Open {folder}{name}."', "{name}"),
        ('do "{paths.root}{year}"', "{year}"),
        ('expect "{folder}{kept}"', "{kept}"),
        ('type "{folder}{name}" into "x"', "{name}"),
        ('type "x" into "{folder}{name}"', "{name}"),
        ('capture "{folder}{name}.png"', "{name}"),
        ('if sees "{folder}{name}" { press "F5" }', "{name}"),
        ('emit out = "{folder}{name}"', "{name}"),
        ('step "{folder}{name}" { press "F5" }', "{name}"),
        ('do "see {part} now"', "{part}"),
        ('type part into "x"', "part"),
        ('do r"see \\{x} now"', "{x"),
        ('do "a { \\\\{x} b"', "{x"),
        ('do """\n  see { a }\n  and \\\\{x}\n"""', "{x"),
        ('do "{folder}{name_2} {name}"', "{name_2}"),
    ],
)
def test_a_backslash_before_a_variable(body: str, place: str) -> None:
    body = 'extract kept: string from "k"\nextract name_2: string from "n"\n' + body
    source = CONSTS + workflow(body, sections=INPUTS + " outputs { out: string? }")
    assert places(source) == [f"{BACKSLASH} {place}"]


@in_rows(
    "body",
    [
        'do "{paths.home}{name}"',
        'do "{folder}/{name}"',
        'do "{name}{folder}"',
        'do "see {folder}"',
        'run "dir { $_ }"',
        'emit out = r"see \\{x}"',
        'if name == r"\\{x}" { press "F5" }',
    ],
)
def test_what_comes_together_well(body: str) -> None:
    sections = f"{INPUTS} outputs {{ out: string? }} checks {{ files matching r'' exists }}"
    sections = sections.replace("r''", 'r"^\\{x\\}$"')
    assert places(CONSTS + workflow(body, sections=sections)) == []


def test_rules_and_checks() -> None:
    sections = (
        INPUTS + ' always { "{folder}{name}" } '
        'checks { file "{folder}{name}" exists output satisfies "{folder}{year}" }'
    )
    found = places(CONSTS + workflow('do "x"', sections=sections))
    assert found == [f"{BACKSLASH} {{name}}"] * 2 + [f"{BACKSLASH} {{year}}"]


def test_the_label_shows_the_const() -> None:
    (found,) = analyzed(CONSTS + workflow('do "{folder}{name}"', sections=INPUTS))
    assert [(label.span.first.line, label.span.text) for label in found.labels] == [
        (7, "{folder}"),
        (2, "folder"),
    ]


TASKS = (
    'task open_file(where: string, name: string, gap: string = "") {\n'
    'do "Open {where}{gap}{name}."\n}\n'
    "task outer(base: string, entry: string) {\ncall open_file(where: base, name: entry)\n}\n"
)


@in_rows(
    ("call", "place"),
    [
        ('open_file(where: r"C:\\", name: name)', 'r"C:\\"'),
        ('open_file(where: "C:/", name: name)', None),
        ('open_file(where: r"C:\\", name: name, gap: "/")', None),
        ('open_file(where: "C:/", name: name, gap: r"\\")', 'r"\\"'),
        ('open_file(where: r"C:\\", name: "x")', None),
        ('open_file(where: r"C:\\", name: "{name}.pdf")', 'r"C:\\"'),
        ('open_file(where: r"C:\\", name: "to {name}")', None),
        ("open_file(where: folder, name: name)", "folder"),
        ("open_file(where: paths.root, name: name)", "paths.root"),
        ("open_file(where: paths.home, name: name)", None),
        ('open_file(where: """\n  C:\\\n""", name: name)', '"""\n  C:\\\n"""'),
        ('outer(base: r"C:\\", entry: name)', 'r"C:\\"'),
        ('outer(base: name, entry: r"C:\\")', None),
        ("open_file(where: part, name: name)", "part"),
    ],
)
def test_arguments_are_followed_into_tasks(call: str, place: str | None) -> None:
    source = CONSTS + TASKS + workflow(f"call {call}", sections=INPUTS)
    assert places(source) == ([] if place is None else [f"{BACKSLASH} {place}"])


def test_the_label_of_an_argument_shows_the_place_in_the_inner_task() -> None:
    (found,) = analyzed(
        CONSTS + TASKS + workflow('call outer(base: r"C:\\", entry: name)', sections=INPUTS)
    )
    assert [(label.span.first.line, label.span.text) for label in found.labels] == [(6, "{where}")]


def test_parts_of_an_argument() -> None:
    task = "type Place { root: string, names: string[] }\n"
    task += 'task go(at: Place, name: string) { do "{at.root}{name} {at.names[0]}{name}" }\n'
    call = 'call go(at: { root: "C:/", names: [r"D:\\"] }, name: name)'
    (found,) = analyzed(task + workflow(call, sections=INPUTS))
    assert [label.span.text for label in found.labels] == ["{at.names[0]}"]


def test_the_values_of_every_environment_count() -> None:
    source = workflow('do "Open {env.base}{name}"', sections=INPUTS)
    good = {"test": {"base": "C:/"}, "live": {"base": "D:/"}}
    assert places(source, good) == []
    assert places(source, good | {"live": {"base": "D:\\"}}) == [f"{BACKSLASH} {{name}}"]


@in_rows(
    ("command", "place"),
    [
        ('r"dir ${env:TEMP}"', "{env:TEMP}"),
        ('r"dir | % {$_.Name}"', "{$_.Name}"),
        ('r"{{x}}"', "{{x}}"),
        ('"dir { a } \\{b"', "{b"),
        ('"dir \\{{year}"', "{"),
        ('"dir {brace}"', "{brace}"),
        ('"dir {open}x"', "{open}"),
    ],
)
def test_a_brace_in_a_command(command: str, place: str) -> None:
    consts = 'const brace = r"{year}"\nconst open = "a { {# #}"\n'.replace("{ {# #}", "\\{")
    found = places(consts + workflow(f"run {command}", sections=INPUTS))
    assert found == [f"{BRACE} {place}"]


def test_a_brace_that_an_argument_brings_into_a_command() -> None:
    task = 'task list(what: string) { run "dir {what}" }\n'
    source = task + workflow('call list(what: "{year}")\ncall list(what: r"{x}")', sections=INPUTS)
    (found,) = analyzed(source)
    assert (found.name, found.span.text) == (BRACE, 'r"{x}"')
    assert [label.span.text for label in found.labels] == ["{what}"]


def test_control_characters_are_marked_one_by_one() -> None:
    (first, second) = analyzed('const bell = "a\x07b"\n' + workflow('do "tab\t and \x1b[0m"'))
    assert (first.name, first.span.text, first.span.first.line) == ("control-character", "\x07", 2)
    assert (second.message, second.span.text) == (
        "this text holds the control character U+001B",
        "\x1b",
    )


def test_a_control_character_between_texts_is_none_of_them() -> None:
    assert places("# a form feed \x0c\n" + workflow('do "x"')) == []


def test_extra_is_reported_at_the_key() -> None:
    source = workflow(
        'do "x"',
        sections='extra { novel: 1, "main_prompt": "mine" }'
        ' checks { output satisfies "a" extra { type: "b", c: 1 } }',
    )
    assert places(source) == [
        'extra-sets-known-field "main_prompt"',
        "extra-sets-known-field type",
    ]
