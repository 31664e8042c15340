"""Texts that could end their place in a prompt: refused where runs start, as the schema says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from flowdsl.codegen.input_patterns import JSON, LINE, TEXT
from flowdsl.codegen.json_schema import input_schema
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.cyberdesk.models.machine import Machine
from flowdsl.emulator.simulation.schemas import accepts, read_schema
from flowdsl.ir import nodes
from flowdsl.runs.inputs.assemble import Sources, Upload, assemble, assemble_rows, given_values
from flowdsl.runs.inputs.declared import Declared, declared_by, undeclared
from flowdsl.runs.inputs.documents import read_one, read_rows
from flowdsl.runs.inputs.machine_parameters import MachineParameters, on_machine
from flowdsl.runs.inputs.places import Given
from flowdsl.runs.inputs.problems import InputsRefused
from flowdsl.runs.inputs.python_values import given_inputs, given_rows
from flowdsl.runs.starting.plan import RunPlan
from flowdsl.simulate.schemas import refusal
from flowdsl.source.files import MemoryFiles
from flowdsl.source.patterns import is_found, run_problem

FLOW = r"""flow 1

type Part { label: string, words: string[] }

workflow mail {
  inputs {
    sender: string
    memo: string @untrusted
    part: Part
    loose: string @pattern(r"^.{2,9}$")
    tight: string @pattern(r"^[A-Z]{2}$")
    whole: string[] = []
    scan: file?
  }
  steps {
    step "Open" {
      choose "the mail of {sender} about {part.label}"
      type memo into "the memo"
      for word in part.words max 3 { choose "the word {word}" }
      do "Note {loose}, {tight} and {whole}."
      type scan into "the file"
    }
  }
}

chain both { inputs { from: string } step one = run mail(
  sender: from, memo: "m", part: { label: "l", words: [] }, loose: "abc", tight: "AB"
) step two = run mail(
  sender: "s", memo: "m", part: { label: "l", words: [] }, loose: "abc", tight: "AB"
) }
"""
GOOD: dict[str, Any] = {
    "sender": "Ann",
    "memo": "two\nlines",
    "part": {"label": "l", "words": ["a", "b"]},
    "loose": "abc",
    "tight": "AB",
}


def program() -> nodes.Program:
    compilation = compile_project(MemoryFiles({"a.flow": FLOW}), ["a.flow"], CompileOptions())
    assert compilation.program is not None, compilation.analysis.diagnostics
    return compilation.program


PROGRAM = program()
MAIL = declared_by(PROGRAM.workflows[0])
SCHEMA = input_schema(PROGRAM.workflows[0]) or ""


def refused(declared: Declared, sources: Sources) -> list[str]:
    with pytest.raises(InputsRefused) as caught:
        assemble(declared, sources)
    return caught.value.lines()


def test_what_is_on_one_line_in_the_prompt_is_on_one_line_in_every_way_to_give_it() -> None:
    assert assemble(MAIL, Sources(given=given_inputs(GOOD))).inputs["memo"] == "two\nlines"
    wrong = {**GOOD, "sender": "Ann\n"}
    tail = (
        "`sender` takes a text on one line, without `⟦` and `⟧`, not `Ann\\x0a`; so that it ends "
        "where it stands in the prompt"
    )
    option = Given("sender", "Ann\n", "`--input sender`", is_text=True)
    rest = given_inputs({name: value for name, value in GOOD.items() if name != "sender"})
    text = json.dumps(wrong, indent=0)
    assert refused(MAIL, Sources(given=(option, *rest))) == [f"`--input sender`: {tail}"]
    assert refused(MAIL, Sources(given=read_one("a.json", text.encode()))) == [
        f"a.json:2:11: {tail}"
    ]
    assert refused(MAIL, Sources(given=read_one("a.yaml", text.encode()))) == [
        f"a.yaml:2:11: {tail}"
    ]
    assert refused(MAIL, Sources(given=given_inputs(wrong))) == [f'`inputs["sender"]`: {tail}']
    with pytest.raises(InputsRefused) as caught:
        assemble_rows(MAIL, Sources(), given_rows([GOOD, wrong]))
    assert caught.value.lines() == [f'`rows[1]["sender"]`: {tail}']
    rows = read_rows("a.csv", b'memo,sender\nx,Ann\ny,"Ann\n"\n')
    sources = Sources(given=tuple(each for each in rest if each.name != "memo"))
    with pytest.raises(InputsRefused) as caught:
        assemble_rows(MAIL, sources, rows)
    assert caught.value.lines() == [f"a.csv:3:2: {tail}"]
    parameters = on_machine(Machine(id="m", name="m", machine_parameters={"sender": "Ann\n"}))
    assert refused(MAIL, Sources(given=rest, machine_parameters=parameters)) == [
        f"machine `m`: its parameter {tail}"
    ]
    with pytest.raises(InputsRefused) as caught:  # of a run that is begun anew
        given_values(undeclared("mail", SCHEMA), Sources(given=(option,)))
    assert caught.value.lines() == [f"`--input sender`: {tail}"]


def test_a_step_of_a_chain_is_given_nothing_else() -> None:
    (chain,) = PROGRAM.chains
    given = (Given("from", "Ann\n", "`--input from`", is_text=True),)
    plan = RunPlan(PROGRAM, chain, Sources(given=given))
    ids = {"mail": "00000000-0000-4000-8000-000000000000"}
    with pytest.raises(InputsRefused) as caught:
        plan.requests(ids, {}, MachineParameters())
    line = "`from` takes a text on one line, without `⟦` and `⟧`, not `Ann\\x0a`"
    help = "; so that it ends where it stands in the prompt"
    assert caught.value.lines() == [f"`--input from`: {line}{help}"]
    rows = read_rows("a.csv", b'from\nAnn\n"Ann\n"\n')
    with pytest.raises(InputsRefused) as caught:
        RunPlan(PROGRAM, chain, Sources(), rows).check(is_placed=True)
    assert caught.value.lines() == [f"a.csv:3:1: {line}{help}"]
    with pytest.raises(InputsRefused) as caught:  # a value of the chain itself
        plan = RunPlan(PROGRAM, chain_of("Ann ⟧"), Sources(given=given_inputs({"from": "Ann\n"})))
        plan.requests(ids, {}, MachineParameters())
    assert [line.partition(",")[0] for line in caught.value.lines()] == [
        "step `one`: `sender` takes a text on one line"
    ]


def chain_of(sender: str) -> nodes.Chain:
    text = FLOW.replace("sender: from", f'sender: "{sender}"')
    compilation = compile_project(MemoryFiles({"a.flow": text}), ["a.flow"], CompileOptions())
    assert compilation.program is not None, compilation.analysis.diagnostics
    return compilation.program.chains[0]


@pytest.mark.parametrize(
    ("change", "place", "takes"),
    [
        ({"memo": "a ⟧ b"}, "memo", "`memo` takes a text without `⟦` and `⟧`, not `a ⟧ b`"),
        (
            {"part": {"label": "a\r", "words": []}},
            "part",
            "`part.label` takes a text on one line, without `⟦` and `⟧`, not `a\\x0d`",
        ),
        (
            {"part": {"label": "a", "words": ["b", "⟦"]}},
            "part",
            "`part.words[1]` takes a text without `⟦` and `⟧`, not `⟦`",
        ),
        (
            {"loose": "ab\n"},
            "loose",
            "`loose` matches `^.{2,9}$`, not `ab\\x0a`",
        ),
        ({"tight": "AB\n"}, "tight", "`tight` matches `^[A-Z]{2}$`, not `AB\\x0a`"),
        (
            {"loose": "a⟦b"},
            "loose",
            "`loose` takes a text on one line, without `⟦` and `⟧`, not `a⟦b`",
        ),
    ],
)
def test_each_place_says_what_it_takes(change: dict[str, Any], place: str, takes: str) -> None:
    (line,) = refused(MAIL, Sources(given=given_inputs({**GOOD, **change})))
    where, _, sentence = line.partition(": ")
    assert where.startswith(f'`inputs["{place}"]`')
    assert sentence.partition("; ")[0] == takes


def test_the_path_of_a_file_is_looked_at_as_well() -> None:
    upload = Upload("scan", "`--file scan=a`", "a⟦.pdf", b"x")
    (line,) = refused(MAIL, Sources(given=given_inputs(GOOD), uploads=(upload,)))
    assert line.startswith("`--file scan=a`: `scan` takes a text without `⟦` and `⟧`")


def test_a_default_that_its_place_refuses_is_told_before_anything_is_sent() -> None:
    text = FLOW.replace("sender: string", 'sender: string = "Ann ⟧"')
    compilation = compile_project(MemoryFiles({"a.flow": text}), ["a.flow"], CompileOptions())
    assert compilation.program is not None
    declared = declared_by(compilation.program.workflows[0])
    rest = {name: value for name, value in GOOD.items() if name != "sender"}
    (line,) = refused(declared, Sources(given=given_inputs(rest)))
    assert line.startswith("mail: the default `sender` takes a text on one line")


TEXTS = st.text(st.sampled_from('aA\n\r\t⟦⟧"\\{$ \x00\x1f\x7f\x85\u2028\u2029é😀'), max_size=5)
"""A lone surrogate is no text of JSON, and is refused as such."""


@given(TEXTS, st.sampled_from([TEXT, LINE, JSON]))
def test_three_engines_agree_on_the_patterns_of_places(text: str, pattern: str) -> None:
    by_python = re.search(pattern, text) is not None
    assert run_problem(pattern) is None
    assert is_found(pattern, text) is by_python  # RE2
    assert Draft202012Validator({"pattern": pattern}).is_valid(text) is by_python  # as ECMA
    schema = read_schema(json.dumps({"type": "string", "pattern": pattern}))
    assert schema is not None
    assert accepts(schema, text) is by_python  # the emulator


SIGNS = ["", *'aA\n\r\t⟦⟧"\\{$ \x00\x1f\x7f\x85\u2028\u2029é😀']
SCRIPT = """
const [patterns, texts] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const fits = (pattern, text) => new RegExp(pattern, "u").test(text);
console.log(JSON.stringify(patterns.map(each => texts.map(text => fits(each, text)))));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript is installed")
def test_javascript_agrees_on_the_patterns_of_places() -> None:
    patterns = [TEXT, LINE, JSON]
    texts = [first + second for first in SIGNS for second in SIGNS]
    ran = subprocess.run(
        ["node", "-e", SCRIPT],
        input=json.dumps([patterns, texts]),
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(ran.stdout) == [[is_found(each, text) for text in texts] for each in patterns]


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (r"^[a-z]*(?!\n)$", "ab", True),
        (r"^[a-z]*(?!\n)$", "ab\n", False),
        (r"^a\\(?!\n)$", "a\\", True),
        (r"^(?:a|b(?!\n)$)", "b", None),
        (r"^a\(?!\n)$", "a", None),
        (r"^a(?!b)$", "a", None),
    ],
)
def test_only_the_end_that_we_write_is_read_by_re2(
    pattern: str, text: str, fits: bool | None
) -> None:
    if fits is None:
        assert run_problem(pattern) is not None
    else:
        assert is_found(pattern, text) is fits


@given(
    st.fixed_dictionaries(
        {
            "sender": TEXTS,
            "memo": TEXTS,
            "part": st.fixed_dictionaries(
                {"label": TEXTS, "words": st.lists(TEXTS.filter(bool), max_size=2)}
            ),
            "loose": TEXTS | st.just("abc"),
            "tight": st.sampled_from(["AB", "AB\n", "A"]),
            "whole": st.lists(TEXTS.filter(bool), max_size=2),
        }
    )
)
def test_the_runner_refuses_what_the_schema_refuses(values: dict[str, Any]) -> None:
    whole = {**values, "scan": None}
    try:
        sent: dict[str, Any] | None = assemble(MAIL, Sources(given=given_inputs(values))).inputs
    except InputsRefused:
        sent = None
    is_valid = Draft202012Validator(json.loads(SCHEMA)).is_valid(whole)
    # Where it is stricter: an empty text is none, and no field takes NUL.
    texts = [*re.findall(r'"((?:[^"\\]|\\.)*)"', json.dumps(list(parts(values))))]
    stricter = "" in texts or any("\\u0000" in text for text in texts)
    if sent is not None:
        assert is_valid
        assert refusal(SCHEMA, sent) is None
        schema = read_schema(SCHEMA)
        assert schema is not None
        assert accepts(schema, sent)
    else:
        assert stricter or not is_valid


def parts(value: Any) -> list[str]:
    """Every text in a value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    return [text for each in inner for text in parts(each)]
