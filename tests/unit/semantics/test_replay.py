"""Decisions that a replay would not make again, found from the source alone."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import ERROR, INFO, Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import MemoryFiles
from tests.support.flows.compiling import workflow
from tests.support.rows import in_rows

FROZEN = "branch-frozen-by-replay"
OUTSIDE = "branch-outside-focused-action"
IN_LOOP = "branch-frozen-in-loop"
ONCE = "decided-once"
INPUTS = "inputs { fast: bool, mode: string, rows: string[] @max_items(9) }"
CAPTURE = "save_screenshot_as_run_attachment"
TERMINAL = "execute_terminal_command"
SHOT = 'capture "a.png"'
SHOOT = 'task shoot() { capture "a.png" }\n'
PROVE = 'task prove(wanted: bool, name: string = "x") { if wanted { capture "{name}.png" } }\n'


def analyzed(
    declarations: str,
    *,
    verified: frozenset[str] = frozenset(),
    environments: dict[str, dict[str, str]] | None = None,
    **others: str,
) -> tuple[Diagnostic, ...]:
    files = MemoryFiles(
        {"main.flow": "flow 1\n" + declarations}
        | {f"{name}.flow": "flow 1\n" + text for name, text in others.items()}
    )
    sink = Sink()
    sources = load_sources(files, ["main.flow"], sink)
    capabilities = Capabilities(verified)
    analyze_program(sources, environments, files, sink, capabilities=capabilities)
    return sink.findings_in_order()


def names(found: tuple[Diagnostic, ...]) -> list[str]:
    return [each.name for each in found]


def only(found: tuple[Diagnostic, ...], name: str) -> Diagnostic:
    assert names(found) == [name]
    return found[0]


def labels(found: Diagnostic) -> list[tuple[int, str]]:
    return [(label.span.first.line, label.span.text) for label in found.labels]


def test_the_label_shows_what_needs_the_main_agent_two_tasks_down() -> None:
    found = only(
        analyzed(
            SHOOT
            + "task middle() { call shoot() }\n"
            + workflow("if fast {\ncall middle()\n}", sections=INPUTS)
        ),
        FROZEN,
    )
    assert found.span.text == "if"
    assert labels(found) == [(2, "capture"), (7, "call middle")]


def test_a_statement_in_another_file_is_shown_there() -> None:
    found = only(
        analyzed(
            'import { shoot } from "lib.flow"\n'
            + workflow('if sees "x" { call shoot() }', sections=INPUTS),
            lib=SHOOT,
        ),
        OUTSIDE,
    )
    assert [label.span.path for label in found.labels] == ["lib.flow", "main.flow"]


@in_rows(
    ("calls", "labelled"),
    [
        ("call prove(wanted: true)", None),
        ("call prove(wanted: false)", None),
        ("call prove(wanted: true)\ncall prove(wanted: false)", None),
        ("call prove(wanted: fast)", 5),
        ("call prove(wanted: true)\ncall prove(wanted: fast)\ncall prove(wanted: fast)", 6),
    ],
)
def test_a_decision_that_every_call_settles_is_none(calls: str, labelled: int | None) -> None:
    found = analyzed(PROVE + workflow(calls, sections=INPUTS))
    if labelled is None:
        assert found == ()
    else:
        decision = only(found, FROZEN)
        assert decision.span.first.line == 2
        assert (labelled, "call prove") in labels(decision)


def test_a_decision_in_a_task_that_nothing_calls_is_open() -> None:
    assert names(analyzed(PROVE + workflow('do "x"'))) == [FROZEN]


def test_constants_are_handed_on_through_tasks() -> None:
    outer = "task outer(shot: bool) { call prove(wanted: shot) }\n"
    assert analyzed(PROVE + outer + workflow("call outer(shot: false)")) == ()
    found = analyzed(PROVE + outer + workflow("call outer(shot: fast)", sections=INPUTS))
    assert labels(only(found, FROZEN)) == [(2, "capture"), (3, "call prove")]


@in_rows(
    ("condition", "argument", "decided"),
    [
        ('mode == "pdf"', '"pdf"', True),
        ('mode == "pdf" and fast', '"csv"', True),
        ('mode == "pdf" and fast', '"pdf"', False),
        ('mode == "pdf" or fast', '"pdf"', True),
        ('not (mode == "pdf")', '"{kind}"', True),
        ("mode is empty", '""', True),
        ('mode == "pdf"', "kind", True),
        ('mode == "pdf"', "kinds.first", True),
        ('mode == "pdf"', "name", False),
        ('mode == "pdf"', '"{name}"', False),
    ],
)
def test_what_decides_a_condition(condition: str, argument: str, decided: bool) -> None:
    source = (
        'const kind = "pdf"\nconst kinds = { first: "pdf" }\n'
        + f'task save(mode: string, fast: bool) {{ if {condition} {{ capture "a.png" }} }}\n'
        + workflow(
            f"call save(mode: {argument}, fast: fast)",
            sections="inputs { fast: bool, name: string }",
        )
    )
    assert names(analyzed(source)) == ([] if decided else [FROZEN])


def test_a_branch_that_can_not_be_taken_needs_no_agent() -> None:
    body = 'if size > 3 { run "Get-Date" } else if fast { press "F5" }'
    source = f"const size = 2\n{workflow(body, sections=INPUTS)}"
    assert analyzed(source) == ()


def test_an_environment_decides_where_every_environment_has_a_value() -> None:
    source = workflow('if env.kind == "test" { capture "a.png" }')
    environments = {"test": {"kind": "test"}, "live": {"kind": "live"}}
    assert analyzed(source, environments=environments) == ()
    mixed = workflow('if env.kind == "live" and fast { capture "a.png" }', sections=INPUTS)
    assert names(analyzed(mixed, environments=environments)) == [FROZEN]


def test_a_tool_that_the_team_has_verified_fits() -> None:
    source = workflow('if fast { capture "a.png" copy x from "y" }', sections=INPUTS)
    found = only(analyzed(source, verified=frozenset((CAPTURE,))), FROZEN)
    assert [text for _, text in labels(found)] == ["copy"]
    assert analyzed(source, verified=frozenset((CAPTURE, "copy_to_clipboard"))) == ()


@in_rows(
    ("body", "expected", "word"),
    [
        ('retry 2 {\nexpect "a" else fail "x"\ncapture "a.png"\n}', OUTSIDE, "retry"),
        (
            'retry 2 { expect "a" else fail "x" } else { capture "a.png" abort "y" }',
            OUTSIDE,
            "retry",
        ),
        (
            'keep n: string = "b"\nwhile n != "a" max 3 { call shoot() keep n = "a" }',
            FROZEN,
            "while",
        ),
        ('while not sees "b" max 3 { press "F5" } else finish "x"', ONCE, "while"),
        ('wait until "c" else finish "nothing came"', ONCE, "else"),
        ('for r in rows { wait until "c" else finish "nothing came" }', IN_LOOP, "else"),
        ('for r in rows { step "s" { if sees "x" { call shoot() } } }', IN_LOOP, "if"),
        (
            'for r in rows { retry 2 {\nexpect "a" else fail "x"\ncall shoot()\n} }',
            IN_LOOP,
            "retry",
        ),
        ('extract n: int from "d" else { call shoot() abort "no n" }', OUTSIDE, "else"),
        ('copy n from "d" else { call shoot() abort "no n" }', OUTSIDE, "else"),
        ("for r in rows { if fast { call shoot() } }", FROZEN, "if"),
        ('if fast { for r in rows { capture "{r}.png" } }', FROZEN, "if"),
        ('if fast { step "s" { if sees "x" { press "F5" } image "p.png" } }', FROZEN, "if"),
    ],
)
def test_the_word_that_opens_the_decision(body: str, expected: str, word: str) -> None:
    files = MemoryFiles(
        {
            "main.flow": "flow 1\n" + SHOOT + workflow(body, sections=INPUTS),
            "p.png": b"\x89PNG\r\n\x1a\n",
        }
    )
    sink = Sink()
    analyze_program(load_sources(files, ["main.flow"], sink), None, files, sink)
    found = [each for each in sink.findings_in_order() if each.name != "picture-limits-inputs"]
    assert only(found, expected).span.text == word


@in_rows(
    "body",
    [
        'if fast { press "F5" }',
        'if fast { for r in rows { press "F5" } }',
        'if fast { expect "x" else abort "no" } else { extract n: int from "d" do "Type {n}" }',
        'for r in rows { capture "{r}.png" }',
        'for r in rows { if fast { press "F5" } }',
        'retry 2 { press "F5" expect "x" else fail "y" } else { abort "z" }',
        'step "s" { call shoot() }',
    ],
)
def test_what_one_focused_agent_can_do_is_decided_afresh(body: str) -> None:
    assert analyzed(SHOOT + workflow(body, sections=INPUTS)) == ()


def test_two_models_do_not_fit_one_focused_agent() -> None:
    two = 'extract a: string from "a" using "one"\nchoose "b" using "two"'
    found = only(analyzed(workflow(f"if fast {{\n{two}\n}}", sections=INPUTS)), FROZEN)
    assert "more than one model" in found.message
    assert [text for _, text in labels(found)] == ['"one"', '"two"']
    apart = 'if fast { choose "a" using "one" } else { choose "b" using "two" }'
    found = only(analyzed(workflow(apart, sections=INPUTS)), FROZEN)
    assert [text for _, text in labels(found)] == ['"one"', '"two"']
    same = 'if fast { choose "a" using "one" } else { choose "b" using "one" }'
    assert analyzed(workflow(same, sections=INPUTS)) == ()


@in_rows(
    "body",
    [
        'choose "a" using "one" else { choose "b" using "two" }',
        'extract a: string from "a" using "one" else { choose "b" using "two" }',
        'retry 2 { choose "a" using "one" } else { choose "b" using "two" }',
        'if sees "it" { choose "a" using "one" } else { choose "b" using "two" }',
    ],
)
def test_what_another_model_does_is_decided_by_the_main_agent(body: str) -> None:
    assert OUTSIDE in names(analyzed(workflow(body)))


def test_one_decision_is_reported_once_and_as_the_worse_of_its_calls() -> None:
    task = (
        "task save(blind: bool, fast: bool) {\n"
        'if sees "a" { press "F5" } else if blind and fast { press "F6" } else { capture '
        '"x.png" }\n}\n'
    )
    calls = "call save(blind: false, fast: fast)\ncall save(blind: true, fast: fast)"
    assert names(analyzed(task + workflow(calls, sections=INPUTS))) == [FROZEN]
    once = "call save(blind: false, fast: fast)"
    assert names(analyzed(task + workflow(once, sections=INPUTS))) == [OUTSIDE]


def test_a_task_is_judged_inside_and_outside_of_a_loop() -> None:
    task = 'task look() {\nif sees "x" { capture "a.png" }\n}\n'
    inside, outside = "for r in rows { call look() }", "call look()"
    for calls in (f"{inside}\n{outside}", f"{outside}\n{inside}", inside):
        found = only(analyzed(task + workflow(calls, sections=INPUTS)), IN_LOOP)
        assert (found.severity, found.span.first.line) == (ERROR, 3)
    assert names(analyzed(task + workflow(outside))) == [OUTSIDE]


def test_an_end_and_a_screenshot_in_one_branch_are_more_than_an_end() -> None:
    both = 'if sees "x" {\ncapture "a.png"\nfinish "done"\n}'
    assert only(analyzed(workflow(both)), OUTSIDE).message.count("`capture`") == 1
    once = only(analyzed(workflow('if sees "x" { finish "done" }')), ONCE)
    assert (once.severity, once.span.text) == (INFO, "if")


@in_rows(
    ("wrong", "right", "help"),
    [
        (
            'if fast { run "ipconfig" }',
            "run \"if ('{fast}' -eq 'true') { ipconfig }\"",
            "`run \"if ('{fast}' -eq 'true') { ... }\"`",
        ),
        ('if fast { capture "a.png" }', 'capture "a.png"\nif fast { press "F5" }', "in front of"),
        ('if fast { export file "a" }', 'if fast { press "F5" }\nexport file "a"', "behind this"),
        (
            'if fast { for r in rows { press "F5" capture "{r}.png" } }',
            'for r in rows { if fast { press "F5" } capture "{r}.png" }',
            "into the `for`",
        ),
        (
            'if not fast { finish "no" }\npress "F5"',
            'if fast { press "F5" }',
            "under `if fast { ... }`",
        ),
        (
            'if mode == "a" or fast { finish "no" }\npress "F5"',
            'if not (mode == "a" or fast) { press "F5" }',
            'under `if not (mode == "a" or fast) { ... }`',
        ),
        (
            'if fast { copy a: string from "b" type a into "c" }',
            'if fast { extract a: string from "b" type a into "c" }',
            "write `extract`",
        ),
        (
            'expect "x" else {\ncapture "a.png"\nabort "no"\n}',
            'capture "a.png"\nexpect "x" else abort "no"',
            "in front of this `expect`",
        ),
        (
            'for r in rows { if sees "x" { finish "no" } press "F5" }',
            "keep done: bool = false\nfor r in rows { if not done {\n"
            'if sees "x" { keep done = true } else { press "F5" }\n} }',
            "`if not done { ... }`",
        ),
    ],
)
def test_the_help_shows_a_form_that_has_no_finding(wrong: str, right: str, help: str) -> None:
    (found,) = analyzed(workflow(wrong, sections=INPUTS))
    assert help in str(found.help)
    assert analyzed(workflow(right, sections=INPUTS)) == ()


def test_tasks_that_call_each_other_end() -> None:
    source = 'task a() { call b() }\ntask b() { if sees "x" { call a() } }\n'
    assert names(analyzed(source + workflow("call a()"))) == ["recursive-task"]


# Commands


def test_the_main_agent_decides_the_else_of_a_command() -> None:
    source = 'task go() { run "dir" else abort "x" }\n' + workflow("call go()\ncall go()")
    assert only(analyzed(source), "decided-once").span.text == "else"


@in_rows(
    ("body", "expected"),
    [
        ('for r in rows { run "dir" else abort "x" }', IN_LOOP),
        ('for r in rows { run "dir" else { press "F5" } }', IN_LOOP),
        ('for r in rows { step "s" { run "dir" else { } } }', IN_LOOP),
        ("for r in rows { call go() }", IN_LOOP),
        ("call go()\nfor r in rows { call go() }", IN_LOOP),
        ("for r in rows { call go() }\ncall go()", IN_LOOP),
        ('for r in rows { press "F5" } call go()', ONCE),
        ('while not sees "b" max 2 { press "F5" } call go()', ONCE),
    ],
)
def test_an_else_of_a_command_in_a_loop_is_decided_for_the_first_entry_only(
    body: str, expected: str
) -> None:
    task = 'task go() { run "dir" else abort "x" }\n' if "go()" in body else ""
    found = only(analyzed(task + workflow(body, sections=INPUTS)), expected)
    assert found.span.text == "else"
    assert found.severity == (ERROR if expected == IN_LOOP else INFO)


@in_rows(
    ("body", "expected"),
    [
        ('for r in rows { run "dir" else abort "x" }', [IN_LOOP]),
        ('for r in rows { run "dir" as a: string else abort "x" }', []),
        ('for r in rows { run "dir" as a: string else { capture "a.png" } }', [IN_LOOP]),
        ('for r in rows { if sees "x" { run "dir" else abort "x" } }', []),
        ('for r in rows { for n in 2 { run "dir" else abort "x" } }', []),
        ('for r in rows { run "dir" else fail "x" } on failure { }', []),
        ('if fast { for r in rows { run "dir" else abort "x" } }', []),
        ('if 1 < 2 { for r in rows { run "dir" else abort "x" } }', [IN_LOOP]),
        ('if 1 < 2 { run "dir" else abort "x" }', [ONCE]),
    ],
)
def test_a_terminal_of_focused_agents_decides_what_one_call_holds(
    body: str, expected: list[str]
) -> None:
    verified = frozenset((TERMINAL,))
    assert names(analyzed(workflow(body, sections=INPUTS), verified=verified)) == expected


def test_an_else_that_a_focused_agent_decides_is_decided_afresh() -> None:
    verified = frozenset((TERMINAL,))
    inside = workflow('if fast { run "dir" else abort "x" }', sections=INPUTS)
    assert analyzed(inside, verified=verified) == ()
    reading = workflow('run "dir" as files: string else abort "x"')
    assert analyzed(reading, verified=verified) == ()
    alone = workflow('run "dir" else abort "x"')
    assert names(analyzed(alone, verified=verified)) == ["decided-once"]


def test_the_output_of_a_command_is_marked_at_its_name() -> None:
    found = only(analyzed(workflow('run "dir" as files: string')), "command-output-unreadable")
    assert (found.span.text, found.severity) == ("files", ERROR)


def test_a_picture_and_a_command_are_found_through_tasks() -> None:
    source = (
        "flow 1\n"
        'task see() { image "p.png" }\n'
        'task clean(really: bool) { if really { run "dir" } }\n'
        "workflow w { steps { call see() call clean(really: true) } }\n"
        "workflow v { steps { call see() call clean(really: false) } }\n"
    )
    files = MemoryFiles({"main.flow": source, "p.png": b"\x89PNG\r\n\x1a\n"})
    sink = Sink()
    analyze_program(load_sources(files, ["main.flow"], sink), None, files, sink)
    found = only(sink.findings_in_order(), "image-with-command")
    assert (found.span.text, found.span.first.line) == ("call see", 4)
    assert labels(found) == [(3, "run"), (2, "image"), (4, "call clean")]


@in_rows(("head", "found"), [("", [FROZEN]), ('import { alone } from "./a.flow"', [])])
def test_a_task_whose_callers_cannot_be_read_decides_nothing(head: str, found: list[str]) -> None:
    """What cannot be read may call the task with a constant, if it imports its file."""
    files = {
        "a.flow": 'flow 1\ntask alone(urgent: bool) { if urgent { run "ipconfig" } }\n',
        "b.flow": f"flow 1\n{head}\nworkflow {{\n",
    }
    sink = Sink()
    memory = MemoryFiles(files)
    analyze_program(load_sources(memory, [*files], sink), None, memory, sink)
    errors = [each for each in sink.findings_in_order() if each.severity == ERROR]
    assert [each.name for each in errors if each.span.path == "a.flow"] == found
