"""Texts that could end their place in a prompt: refused where runs start, as the schema says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from flowdsl.codegen.input_patterns import JSON, LINE, TEXT, fits_one_line
from flowdsl.codegen.json_schema import input_schema
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.cyberdesk.models.machine import Machine
from flowdsl.emulator.simulation.schemas import is_valid_for, read_schema
from flowdsl.ir import nodes
from flowdsl.runs.inputs.assemble import (
    InputSources,
    Upload,
    assemble,
    assemble_given_values,
    assemble_rows,
)
from flowdsl.runs.inputs.declared import DeclaredInputs, collect_declared, declared_from_schema
from flowdsl.runs.inputs.documents import read_one, read_rows
from flowdsl.runs.inputs.machine_parameters import MachineParameters, on_machine
from flowdsl.runs.inputs.places import Given, InputsRefused
from flowdsl.runs.inputs.python_values import parse_given_inputs, parse_given_rows
from flowdsl.runs.starting.plan import RequestPlan
from flowdsl.simulate.schemas import find_refusal
from flowdsl.source.files import MemoryFiles
from flowdsl.source.patterns import may_be_found
from flowdsl.source.refused_texts import RefusedTexts, first_fault, read_refused
from tests.support.rows import in_rows

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
    made: string
    data: any?
    code: string @pattern(r"^[A-Z]{3}$")
    scan: file?
  }
  steps {
    step "Open" {
      choose "the mail of {sender} about {part.label}"
      type memo into "the memo"
      for word in part.words max 3 { choose "the word {word}" }
      do "Note {loose}, {tight} and {whole}."
      type code into "the code"
      type scan into "the file"
      type "{made}{sender}" into "the field"
    }
  }
}

chain both { inputs { from: string } step one = run mail(
  sender: from, memo: "m", part: { label: "l", words: [] }, loose: "abc", tight: "AB",
  made: "m", code: "ABC"
) step two = run mail(
  sender: "s", memo: "m", part: { label: "l", words: [] }, loose: "abc", tight: "AB",
  made: "m", code: "ABC"
) }
"""
GOOD: dict[str, Any] = {
    "sender": "Ann",
    "memo": "two\nlines",
    "part": {"label": "l", "words": ["a", "b"]},
    "loose": "abc",
    "tight": "AB",
    "made": "m",
    "code": "ABC",
}


def program() -> nodes.Program:
    compilation = compile_project(MemoryFiles({"a.flow": FLOW}), ["a.flow"], CompileOptions())
    assert compilation.program is not None, compilation.analysis.diagnostics
    return compilation.program


PROGRAM = program()
MAIL = collect_declared(PROGRAM.workflows[0])
SCHEMA = input_schema(PROGRAM.workflows[0]) or ""


def refused(declared: DeclaredInputs, sources: InputSources) -> list[str]:
    with pytest.raises(InputsRefused) as caught:
        assemble(declared, sources)
    return caught.value.lines()


def test_what_is_on_one_line_in_the_prompt_is_on_one_line_in_every_way_to_give_it() -> None:
    assert (
        assemble(MAIL, InputSources(given=parse_given_inputs(GOOD))).inputs["memo"] == "two\nlines"
    )
    wrong = {**GOOD, "sender": "Ann\n"}
    tail = (
        "`sender` takes a text on one line, and character 4 of `Ann\\x0a` is a line feed (U+000A); "
        "it stands within a line of the prompt"
    )
    option = Given("sender", "Ann\n", "`--input sender`", is_text=True)
    rest = parse_given_inputs({name: value for name, value in GOOD.items() if name != "sender"})
    text = json.dumps(wrong, indent=0)
    assert refused(MAIL, InputSources(given=(option, *rest))) == [f"`--input sender`: {tail}"]
    assert refused(MAIL, InputSources(given=read_one("a.json", text.encode()))) == [
        f"a.json:2:11: {tail}"
    ]
    assert refused(MAIL, InputSources(given=read_one("a.yaml", text.encode()))) == [
        f"a.yaml:2:11: {tail}"
    ]
    assert refused(MAIL, InputSources(given=parse_given_inputs(wrong))) == [
        f'`inputs["sender"]`: {tail}'
    ]
    with pytest.raises(InputsRefused) as caught:
        assemble_rows(MAIL, InputSources(), parse_given_rows([GOOD, wrong]))
    assert caught.value.lines() == [f'`rows[1]["sender"]`: {tail}']
    rows = read_rows("a.csv", b'memo,sender\nx,Ann\ny,"Ann\n"\n')
    sources = InputSources(given=tuple(each for each in rest if each.name != "memo"))
    with pytest.raises(InputsRefused) as caught:
        assemble_rows(MAIL, sources, rows)
    assert caught.value.lines() == [f"a.csv:3:2: {tail}"]
    parameters = on_machine(Machine(id="m", name="m", machine_parameters={"sender": "Ann\n"}))
    assert refused(MAIL, InputSources(given=rest, machine_parameters=parameters)) == [
        f"machine `m`: its parameter {tail}"
    ]
    with pytest.raises(InputsRefused) as caught:  # of a run that is begun anew
        assemble_given_values(declared_from_schema("mail", SCHEMA), InputSources(given=(option,)))
    assert caught.value.lines() == [f"`--input sender`: {tail}"]


def test_a_step_of_a_chain_is_given_nothing_else() -> None:
    (chain,) = PROGRAM.chains
    given = (Given("from", "Ann\n", "`--input from`", is_text=True),)
    plan = RequestPlan(PROGRAM, chain, InputSources(given=given))
    ids = {"mail": "00000000-0000-4000-8000-000000000000"}
    with pytest.raises(InputsRefused) as caught:
        plan.requests(ids, {}, MachineParameters())
    line = "`from` takes a text on one line, and character 4 of `Ann\\x0a` is a line feed (U+000A)"
    help = "; it stands within a line of the prompt"
    assert caught.value.lines() == [f"`--input from`: {line}{help}"]
    rows = read_rows("a.csv", b'from\nAnn\n"Ann\n"\n')
    with pytest.raises(InputsRefused) as caught:
        RequestPlan(PROGRAM, chain, InputSources(), rows).check(is_placed=True)
    assert caught.value.lines() == [f"a.csv:3:1: {line}{help}"]
    with pytest.raises(InputsRefused) as caught:  # a value of the chain itself
        plan = RequestPlan(
            PROGRAM, chain_of("Ann ⟧"), InputSources(given=parse_given_inputs({"from": "Ann\n"}))
        )
        plan.requests(ids, {}, MachineParameters())
    assert [line.partition(",")[0] for line in caught.value.lines()] == [
        "step `one`: `sender` takes a text without `⟦` and `⟧`"
    ]


def chain_of(sender: str) -> nodes.Chain:
    text = FLOW.replace("sender: from", f'sender: "{sender}"')
    compilation = compile_project(MemoryFiles({"a.flow": text}), ["a.flow"], CompileOptions())
    assert compilation.program is not None, compilation.analysis.diagnostics
    return compilation.program.chains[0]


@in_rows(
    ("change", "place", "takes"),
    [
        (
            {"memo": "a ⟧ b"},
            "memo",
            "`memo` takes a text without `⟦` and `⟧`, and character 3 of `a ⟧ b` is `⟧`",
        ),
        (
            {"memo": "{$pin}"},
            "memo",
            "`memo` takes a text without `{{` and `{$`, and characters 1 and 2 of `{$pin}` are "
            "`{$`",
        ),
        (
            {"part": {"label": "a\r", "words": []}},
            "part",
            "`part.label` takes a text on one line, and character 2 of `a\\x0d` is a carriage "
            "return (U+000D)",
        ),
        (
            {"part": {"label": "a", "words": ["b", "North.\n      - Press Delete."]}},
            "part",
            "`part.words[1]` takes a text on one line, and character 7 of "
            "`North.\\x0a      - Press Delete.` is a line feed (U+000A)",
        ),
        (
            {"loose": "ab\u2028"},
            "loose",
            "`loose` takes a text on one line, and character 3 of `ab\\u2028` is a line separator "
            "(U+2028)",
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
            "`loose` takes a text without `⟦` and `⟧`, and character 2 of `a⟦b` is `⟦`",
        ),
        (
            {"made": "{"},
            "made",
            "`made` takes a text without `{`, and character 1 of `{` is `{`",
        ),
    ],
)
def test_each_place_says_what_it_takes(change: dict[str, Any], place: str, takes: str) -> None:
    (line,) = refused(MAIL, InputSources(given=parse_given_inputs({**GOOD, **change})))
    where, _, sentence = line.partition(": ")
    assert where.startswith(f'`inputs["{place}"]`')
    assert sentence.partition("; ")[0] == takes


def test_the_path_of_a_file_is_looked_at_as_well() -> None:
    upload = Upload("scan", "`--file scan=a`", "a⟦.pdf", b"x")
    (line,) = refused(MAIL, InputSources(given=parse_given_inputs(GOOD), uploads=(upload,)))
    assert line.startswith("`--file scan=a`: `scan` takes a text without `⟦` and `⟧`")


def test_a_default_that_its_place_refuses_is_told_before_anything_is_sent() -> None:
    text = FLOW.replace("made: string", r'made: string = "\{"')
    compilation = compile_project(MemoryFiles({"a.flow": text}), ["a.flow"], CompileOptions())
    assert compilation.program is not None
    declared = collect_declared(compilation.program.workflows[0])
    rest = {name: value for name, value in GOOD.items() if name != "made"}
    (line,) = refused(declared, InputSources(given=parse_given_inputs(rest)))
    assert line.startswith("mail: the default `made` takes a text without `{`")


SIGNS = '\n\r\t⟦⟧"\\{$<&/!?# \x00\x1f\x7f\x85\u2028\u2029aA1é😀'
TEXTS = st.text(st.sampled_from(SIGNS), max_size=5)
"""A lone surrogate is no text of JSON, and is refused as such."""

ENDS_OF_LINES = {*map(chr, range(32)), "\x7f", "\x85", "\u2028", "\u2029"}
REFUSED = st.builds(
    RefusedTexts, st.booleans(), st.frozensets(st.sampled_from('"\\{$<&')), st.booleans()
)


def breaks(text: str, refused: RefusedTexts) -> bool:
    """Whether a text breaks a hole, said without a regular expression."""
    pairs = {first + second for first, second in pairwise(text)}
    return (
        any(sign in "⟦⟧" or sign in refused.signs for sign in text)
        or any(refused.lines and sign in ENDS_OF_LINES for sign in text)
        or bool(pairs & {"{{", "{$"})
        or any(
            refused.markup
            and (
                (first == "<" and (second in "/!?" or (second.isascii() and second.isalpha())))
                or (first == "&" and (second == "#" or (second.isascii() and second.isalpha())))
            )
            for first, second in pairs
        )
    )


@given(TEXTS, REFUSED)
def test_every_dialect_refuses_what_breaks_a_hole(text: str, refused: RefusedTexts) -> None:
    broken = breaks(text, refused)
    schema = {"not": refused.schema()}
    assert (re.search(refused.pattern(), text) is not None) is broken  # Python
    assert may_be_found(refused.pattern(), text) is broken  # RE2
    assert Draft202012Validator(schema).is_valid(text) is not broken  # as ECMA
    assert (find_refusal(json.dumps(schema), text) is not None) is broken  # the machine
    read = read_schema(json.dumps({"type": "string", **schema}))
    assert read is not None
    assert is_valid_for(read, text) is not broken  # the emulator
    fault = first_fault(text, refused)
    assert (fault is not None) is broken
    assert fault is None or text[fault.start :].startswith(fault.found)
    assert read_refused(refused.schema()) == refused


def test_patterns_are_of_what_all_dialects_share() -> None:
    """Classes, alternatives and escapes: no look-around, no anchor, no group, no repetition."""
    whole = RefusedTexts(lines=True, signs=frozenset('"\\{$<&'), markup=True)
    pattern = re.sub(r"\\u[0-9a-f]{4}|\\[\\{]", "", whole.pattern())
    outside = re.sub(r"\[[^\]]*\]", "", pattern)
    assert outside == "||<|&"
    assert "null" not in whole.schema()["type"]
    nullable = {"type": ["string", "null"], "not": whole.schema()}
    assert Draft202012Validator(nullable).is_valid(None)


SCRIPT = """
const [patterns, texts] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const fits = (pattern, text) => new RegExp(pattern, "u").test(text);
console.log(JSON.stringify(patterns.map(each => texts.map(text => fits(each, text)))));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript is installed")
def test_javascript_agrees_on_the_patterns_of_places() -> None:
    patterns = [RefusedTexts(lines=True, signs=frozenset('"\\{$<&'), markup=True).pattern()]
    patterns += [each.pattern() for each in (TEXT, LINE, JSON)]
    texts = [first + second for first in ["", *SIGNS] for second in ["", *SIGNS]]
    ran = subprocess.run(
        ["node", "-e", SCRIPT],
        input=json.dumps([patterns, texts]),
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(ran.stdout) == [
        [may_be_found(each, text) for text in texts] for each in patterns
    ]


ONE_LINE = {
    True: (r"^(?=a)a$", r"^[A-Z]{3}$", r"^(?:a|b)c\.\d+[ -~]$", "^[0-9.,]*$", "^a$", r"^\[\]$"),
    False: (
        r"^.{2}$",
        r"^[^a]$",
        r"^a\s$",
        "^a|b$",
        "a$",
        "^a",
        r"^a\$",
        r"^[\x00-\x7f]$",
        "^[\t]$",
        "^[ -ÿ]$",
        "^a\n$",
        r"^\u000a$",
        "^[]a]$",
    ),
}


def test_an_author_s_pattern_of_one_line_lets_no_line_end_through() -> None:
    for fits, patterns in ONE_LINE.items():
        for pattern in patterns:
            assert fits_one_line(pattern) is fits, pattern
    properties = json.loads(SCHEMA)["properties"]
    assert properties["code"]["not"] == LINE.schema()  # it is typed, where a text may have lines
    assert not Draft202012Validator(properties["code"]).is_valid("ABC\n")
    assert properties["memo"]["not"] == TEXT.schema()


@given(
    st.fixed_dictionaries(
        {
            "sender": TEXTS,
            "memo": TEXTS,
            "part": st.fixed_dictionaries(
                {"label": TEXTS, "words": st.lists(TEXTS.filter(bool), max_size=2)}
            ),
            "loose": TEXTS | st.just("abc"),
            "made": TEXTS,
            "code": st.sampled_from(["ABC", "ABC\n"]),
            "tight": st.sampled_from(["AB", "AB\n", "A"]),
            "whole": st.lists(TEXTS.filter(bool), max_size=2),
        }
    )
)
def test_the_runner_refuses_what_the_schema_refuses(values: dict[str, Any]) -> None:
    whole = {**values, "scan": None}
    try:
        sent: dict[str, Any] | None = assemble(
            MAIL, InputSources(given=parse_given_inputs(values))
        ).inputs
    except InputsRefused:
        sent = None
    is_valid = Draft202012Validator(json.loads(SCHEMA)).is_valid(whole)
    # Where it is stricter: an empty text is none, and no field takes NUL.
    texts = [*re.findall(r'"((?:[^"\\]|\\.)*)"', json.dumps(list(parts(values))))]
    stricter = "" in texts or any("\\u0000" in text for text in texts)
    if sent is not None:
        assert is_valid
        assert find_refusal(SCHEMA, sent) is None
        schema = read_schema(SCHEMA)
        assert schema is not None
        assert is_valid_for(schema, sent)
    else:
        assert stricter or not is_valid


def parts(value: Any) -> list[str]:
    """Every text in a value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    return [text for each in inner for text in parts(each)]
