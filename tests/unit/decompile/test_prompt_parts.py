"""What single lines of a prompt tell, and what is told elsewhere."""

from __future__ import annotations

import json
from typing import Any

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.config.load import load_project
from flowdsl.decompile.model import PromptHints, PromptProgram
from flowdsl.decompile.reading.prompt import read_prompt
from flowdsl.diagnostics.sink import Sink
from flowdsl.ir import nodes
from flowdsl.ir.walk import statements
from flowdsl.prompt.reading.conditions import Conditions
from flowdsl.prompt.reading.frames import Free, Sentences
from flowdsl.prompt.reading.phrases import Phrases
from flowdsl.prompt.reading.texts import Texts, in_quotes, read_duration, whole_number
from flowdsl.prompt.text import QUOTES, quote_words, spell_text
from flowdsl.prompt.values import condition_words, type_words, value_words
from flowdsl.prompt.words import say_sentence
from flowdsl.source.files import MemoryFiles
from tests.support.flows.compiling import workflow
from tests.support.flows.decompile.prompt_reading import compiled_prompts
from tests.support.rows import in_rows

TEXTS = Texts()
PHRASES = Phrases(TEXTS)
STRING = nodes.ScalarType(name="string")
X = nodes.Variable(sigil="input", name="x")


def _read(source: str, **options: Any) -> PromptProgram:
    files = MemoryFiles({"w.flow": f"flow 1\n{source}"})
    compilation = compile_project(files, ["w.flow"], CompileOptions(**options))
    ((_, prompt, hints),) = compiled_prompts(compilation)
    program = read_prompt(prompt, hints, CompileOptions(**options).capabilities)
    assert program is not None
    return program


def _text(*parts: str | nodes.Variable) -> nodes.Text:
    return tuple(nodes.TextPiece(value=part) if isinstance(part, str) else part for part in parts)


# Texts


@in_rows(
    "text",
    [
        _text("{x}"),
        _text("{{x}}"),
        _text("a {", X, "} b"),
        _text("\\{ 1 } and \\{{x}"),
        _text("{", nodes.Variable(sigil="runtime", name="x", path=("a", 0, "k v", "it's"))),
        _text("see ", nodes.Variable(sigil="input", name="x", quoted=True), "."),
        _text("see '", nodes.Variable(sigil="input", name="x", quoted=True), "'."),
        _text('""', nodes.Variable(sigil="input", name="x", quoted=True), '""'),
        _text("{", nodes.Variable(sigil="input", name="x", quoted=True)),
        _text(
            nodes.Variable(sigil="secret", name="x", path=("a",)),
            nodes.Variable(sigil="runtime", name="y"),
        ),
    ],
    ids=spell_text,
)
def test_a_text_is_read_piece_by_piece(text: nodes.Text) -> None:
    read = TEXTS.text(spell_text(text))
    assert read is not None
    assert spell_text(read) == spell_text(text)
    assert _variables(read) == _variables(text)


def _variables(text: nodes.Text) -> list[nodes.Variable]:
    return [piece for piece in text if isinstance(piece, nodes.Variable)]


@in_rows("spelled", ["{x", "{x y}", "{{x}", "{x.}", "{$}", "{x[01]}"])
def test_braces_that_code_generation_protects_are_never_bare(spelled: str) -> None:
    assert TEXTS.text(spelled) is None


def test_names_of_the_wire_are_read_where_the_schema_tells_them() -> None:
    fields = tuple(
        nodes.FieldSpec(name=name, type=STRING) for name in ("first name", "番号", "a.b")
    )
    hints = PromptHints(inputs=fields, secrets=fields, outputs=None, pictures={})
    read = Texts(*hints.names()).text("{first name[0]} {$番号} {a.b.c} { first name }")
    assert read is not None
    found = [(piece.sigil, piece.name, piece.path) for piece in _variables(read)]
    assert found == [
        ("input", "first name", (0,)),
        ("secret", "番号", ()),
        ("input", "a.b", ("c",)),
    ]


def test_a_text_in_quotation_marks_ends_at_the_closing_one_whatever_it_holds() -> None:
    text = ""
    for opening, closing in QUOTES[:-1]:
        text += opening + closing
        spelled = quote_words(text)
        assert in_quotes(str)(f"{spelled} and {spelled}", 0) == (text, len(spelled))


# Types, values and conditions


def _record(**fields: nodes.Type) -> nodes.RecordType:
    return nodes.RecordType(
        fields=tuple(nodes.FieldSpec(name=name, type=type_) for name, type_ in fields.items())
    )


def _optional(type_: nodes.Type) -> nodes.Type:
    return nodes.OptionalType(inner=type_)


def _list(type_: nodes.Type) -> nodes.Type:
    return nodes.ListType(element=type_)


@in_rows(
    "types",
    [
        (_list(_optional(STRING)), _optional(_list(STRING))),
        (_record(a=_record(b=STRING), c=STRING), _record(a=_record(b=STRING, c=STRING))),
        (
            _record(a=_list(_record(b=STRING)), c=STRING),
            _record(a=_list(_record(b=STRING, c=STRING))),
        ),
        (_record(a=_optional(STRING)), _optional(_record(a=STRING))),
        (_list(_optional(_record(a=STRING))), _optional(_list(_record(a=STRING)))),
        (nodes.EnumType(values=("a", "b")), nodes.EnumType(values=('a", "b',))),
    ],
)
def test_types_that_differ_are_told_apart(types: tuple[nodes.Type, nodes.Type]) -> None:
    assert len({type_words(type_) for type_ in types}) == len(types)
    for type_ in types:
        words = type_words(type_)
        assert PHRASES.type(words, 0) == (type_, len(words))


@in_rows("note", ["net (of tax)", "a) b", '"a", "b": c', 'x; "b": a URL', "(", "{x}"])
def test_the_note_on_a_field_ends_where_it_ends(note: str) -> None:
    field = nodes.FieldSpec(name="a", type=STRING, description=note, has_default=True, default="d)")
    type_ = nodes.RecordType(fields=(field, nodes.FieldSpec(name="b", type=STRING)))
    words = type_words(type_)
    assert PHRASES.type(words, 0) == (type_, len(words))


def test_values_inside_values_keep_their_places() -> None:
    one, two = nodes.ConstantValue(value=1), nodes.ConstantValue(value="2, then 3")
    variable = nodes.TextValue(text=(nodes.Variable(sigil="runtime", name="y"),))
    pair = nodes.ObjectValue(fields=(("a", one), ("b; c", variable)))
    for value in (
        nodes.ListValue(items=(nodes.ListValue(items=(one, two)), two)),
        nodes.ListValue(items=(nodes.ListValue(items=(one, two, two)),)),
        nodes.ObjectValue(fields=(("x", pair), ("y", two))),
        nodes.ObjectValue(fields=(("x", nodes.ObjectValue(fields=(*pair.fields, ("y", two)))),)),
        nodes.ListValue(items=(pair, nodes.ConstantValue(value=[]), nodes.ConstantValue(value={}))),
    ):
        words = value_words(value)
        assert PHRASES.value(words, 0) == (value, len(words))


def test_conditions_that_differ_are_told_apart() -> None:
    x = nodes.TextValue(text=(X,))
    true, text = nodes.ConstantValue(value=True), nodes.ConstantValue(value='a" and "b')
    is_true = nodes.IsTrue(operand=x)
    empty = nodes.IsEmpty(operand=x)
    found: dict[str, nodes.Condition] = {}
    for condition in (
        is_true,
        nodes.Not(operand=is_true),
        nodes.Compare(left=x, operator="==", right=true),
        nodes.Compare(left=x, operator="!=", right=true),
        nodes.Compare(left=x, operator="!=", right=text),
        nodes.Compare(left=x, operator="!=", right=nodes.ConstantValue(value=2), numeric=True),
        empty,
        nodes.Not(operand=empty),
        nodes.Not(operand=nodes.Not(operand=empty)),
        nodes.AllOf(operands=(empty, nodes.AnyOf(operands=(is_true, empty)))),
        nodes.AnyOf(operands=(nodes.AllOf(operands=(empty, is_true)), empty)),
        nodes.TextRelation(left=x, relation="contains", right=text),
        nodes.Not(operand=nodes.TextRelation(left=x, relation="contains", right=text)),
        nodes.TextRelation(left=x, relation="ends with", right=text),
        nodes.TextRelation(left=text, relation="starts with", right=x),
        nodes.OneOf(operand=x, values=(text, true)),
        nodes.OneOf(operand=x, values=(text, true), numeric=True),
        nodes.Not(operand=nodes.OneOf(operand=x, values=(text,))),
        nodes.Not(operand=nodes.OneOf(operand=x, values=(text,), numeric=True)),
        nodes.Sees(text=_text("it is so) and (not so")),
        nodes.Not(operand=nodes.Sees(text=_text("a"))),
    ):
        words = condition_words(condition)
        assert words not in found
        found[words] = condition
        assert Conditions(TEXTS, PHRASES).condition(words, 0) == (condition, len(words))


def test_a_sentence_is_heard_as_it_is_said() -> None:
    numbers = {"count": whole_number, "bound": whole_number, "duration": read_duration}
    heard = Sentences({**numbers, "condition": Free(str)})
    for rounds in (1, 5):
        said = say_sentence("control.repeat", "this is so", rounds, "")
        assert heard.match("control.repeat", said) == ("this is so", rounds, "")
        assert heard.match("control.repeat", f"{said} ") is None
    assert heard.match("control.repeat", said.replace("times", "time")) is None
    for delay, said in ((1, "1 milliseconds"), (5000, "5 seconds")):
        waiting = say_sentence("control.retry", 2, said)
        assert heard.match("control.retry", waiting) == (2, delay)


# What stands elsewhere


def test_the_bound_of_a_loop_over_an_input_is_that_of_its_schema() -> None:
    program = _read(
        workflow(
            'for n in names max 9 { do "Type {n}." }\nfor n in names { do "Open {n}." }',
            sections="inputs { names: string[] @max_items(12), item: string }",
        )
    )
    loops = [each for each in program.body if isinstance(each, nodes.Loop)]
    assert [(loop.variable, loop.limit, loop.counted) for loop in loops] == [
        ("item_2", 9, False)
    ] * 2


def test_inputs_that_the_prompt_marks_as_data_are_untrusted() -> None:
    program = _read(
        workflow(
            'expect "the form shows {memo} and {name}"\nif sees "\'{mail}\'" { press "Escape" }',
            sections="inputs { memo: string @untrusted, name: string, mail: string @untrusted }",
        )
    )
    assert program.untrusted == {"memo", "mail"}


def test_a_model_stays_what_the_prompt_calls_it() -> None:
    source = workflow('choose "the row" using "careful"')
    program = _read(source)
    (choose,) = program.body
    assert isinstance(choose, nodes.Choose)
    assert choose.model == "careful"


def test_outputs_with_a_variable_of_their_own_are_told_from_values_that_were_read() -> None:
    program = _read(
        workflow(
            """
            extract read: string from "the total"
            emit total = read
            emit note = "for {name}"
            emit fixed = 5
            """,
            sections="""
            inputs { name: string }
            outputs { total: string, note: string, fixed: int, unset: string? }
            """,
        )
    )
    assert [(source.field, source.kind, source.value) for source in program.sources] == [
        ("total", "runtime", None),
        ("note", "stored", None),
        ("fixed", "const", 5),
        ("unset", "none", None),
    ]


def test_decisions_are_no_variables_of_the_author() -> None:
    program = _read(
        workflow(
            """
            extract decision_1: string from "x"
            if sees "a" { capture "a.png" } else { do "Type {decision_1}." capture "b.png" }
            expect "it is saved" else { capture "c.png" abort "not saved" }
            """
        )
    )
    assert [each.kind for each in program.body] == ["extract", "if", "expect"]
    kept = {each.variable for each in statements(program.body) if isinstance(each, nodes.Extract)}
    assert kept == {"decision_1"}


def test_an_account_with_more_tools_has_its_prompts_read_with_them() -> None:
    toml = '[platform]\nfocused_agent_tools = ["execute_terminal_command", "copy_to_clipboard"]\n'
    project = load_project(
        f'[project]\nname = "p"\nid = "prj_00000001"\n{toml}', "flowdsl.toml", Sink()
    )
    assert project is not None
    source = workflow(
        'run "Get-Date" as now: date else { press "Escape" abort "no date" }\n'
        'if sees "a note" { copy note: int from "the note" run "Get-Item x" else abort "no x" }'
    )
    program = _read(source, project=project)
    run, choice = program.body
    assert isinstance(run, nodes.Run)
    assert isinstance(choice, nodes.If)
    assert run.variable == "now"
    assert [each.kind for each in run.otherwise or ()] == ["press", "leave"]
    assert [each.kind for each in choice.branches[0].body] == ["copy", "run"]


def test_an_else_of_a_copy_goes_to_the_agent_that_can_do_it() -> None:
    own = _read(workflow('copy x from "the ID" else { press "Escape" expect "closed" }'))
    main = _read(workflow('copy x: int from "the ID" else { capture "a.png" abort "no ID" }'))
    for program, kinds in ((own, ["press", "expect"]), (main, ["capture", "leave"])):
        (copy,) = program.body
        assert isinstance(copy, nodes.Copy)
        assert [each.kind for each in copy.otherwise or ()] == kinds


def test_loops_over_literals_come_back_as_literals() -> None:
    program = _read(
        workflow(
            'for n in ["a", "{x}", "it\'s {x}"] { do "Open {n}." }\n'
            'for n in 3 { do "Count to {n}." }',
            sections="inputs { x: string }",
        )
    )
    first, second = program.body
    assert isinstance(first, nodes.Loop)
    assert isinstance(second, nodes.Loop)
    assert first.items == nodes.ListValue(
        items=(
            nodes.ConstantValue(value="a"),
            nodes.TextValue(text=(X,)),
            nodes.TextValue(text=_text("it's ", X)),
        )
    )
    assert (
        json.dumps(second.items.value if isinstance(second.items, nodes.ConstantValue) else None)
        == "3"
    )
