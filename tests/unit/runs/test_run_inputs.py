"""Inputs of runs: read, made what is declared, and refused with their place before anything is
sent.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.cyberdesk.models.machine import Machine, Pool
from flowdsl.ir import nodes
from flowdsl.runs.inputs import documents
from flowdsl.runs.inputs.answers import parse_answer, questions_of
from flowdsl.runs.inputs.assemble import (
    InputSources,
    RunValues,
    Upload,
    assemble,
    assemble_rows,
    missing_secrets,
)
from flowdsl.runs.inputs.convert import fill_in_defaults, find_mismatches
from flowdsl.runs.inputs.declared import DeclaredInputs, collect_declared, declared_from_schema
from flowdsl.runs.inputs.documents import is_table, read_one, read_rows
from flowdsl.runs.inputs.machine_parameters import MachineParameters, on_machine, on_pools
from flowdsl.runs.inputs.places import Given, InputsRefused, Problem
from flowdsl.runs.inputs.python_values import parse_given_inputs, parse_given_rows
from flowdsl.runs.inputs.today import UnknownTimezone, today_in
from flowdsl.runs.starting.plan import RequestPlan
from flowdsl.runs.starting.uploads import require_distinct_names
from flowdsl.runs.submit import ChainRequest
from flowdsl.source.files import MemoryFiles
from tests.support.rows import for_rows, in_rows

FLOW = r"""flow 1

type Line {
  code: string @pattern(r"^[A-Z]{2}[0-9]+$")
  amount: number @min(0)
  unit: "piece" | "hour" = "piece"
}

workflow order {
  inputs {
    customer: string @pattern(r"^[0-9]{6}$")
    day: date
    region: "north" | "south"
    lines: Line[] @min_items(1) @max_items(3)
    copies: int = 1 @min(1) @max(5)
    rush: bool = false
    note: string?
    mail: email?
    contract: file?
    site: string? @machine
  }
  secrets { pin: string @pattern(r"^[0-9]{4}$"), token: string? }
  steps {
    step "Enter" {
      do "Enter {customer}, {day}, {region}, {lines}, {copies} and {rush}."
      type note into "the note"
      type mail into "the mail"
      type contract into "the contract"
      type site into "the site"
      do "Enter {$pin}."
      type $token into "the token"
    }
  }
}
"""
GOOD: dict[str, str] = {
    "customer": "123456",
    "day": "2026-03-01",
    "region": "north",
    "lines": '[{"code": "AB1", "amount": 2.5}]',
}
PIN = Given("pin", "4711", "`--secret pin`", is_text=True)


def declared(flow: str = FLOW) -> DeclaredInputs:
    compilation = compile_project(MemoryFiles({"a.flow": flow}), ["a.flow"], CompileOptions())
    assert compilation.program is not None, compilation.analysis.diagnostics
    return collect_declared(compilation.program.workflows[0])


ORDER = declared()


def options(**values: str) -> tuple[Given, ...]:
    return tuple(
        Given(name, value, f"`--input {name}`", is_text=True) for name, value in values.items()
    )


def run(
    *given: Given, machine_parameters: MachineParameters | None = None, **more: Any
) -> RunValues:
    sources = InputSources(
        given=given,
        **{"secrets": (PIN,), **more},
        machine_parameters=machine_parameters or MachineParameters(),
    )
    return assemble(ORDER, sources)


def refused(*given: Given, **more: Any) -> list[str]:
    with pytest.raises(InputsRefused) as caught:
        run(*given, **more)
    return caught.value.lines()


def without(*names: str, **values: str) -> tuple[Given, ...]:
    return options(**{name: text for name, text in GOOD.items() if name not in names}, **values)


def test_texts_become_what_is_declared_and_defaults_are_filled_in_everywhere() -> None:
    values = run(*options(**GOOD, copies="3"))
    assert values.inputs == {
        "customer": "123456",
        "day": "2026-03-01",
        "region": "north",
        "lines": [{"code": "AB1", "amount": 2.5, "unit": "piece"}],
        "copies": 3,
        "rush": False,
    }
    assert values.secrets == {"pin": "4711"}


WRONG = {
    "unknown": (
        options(**GOOD, custommer="1"),
        (
            "`--input custommer`: `custommer` is no input of workflow `order`; an input named "
            "`customer` exists"
        ),
    ),
    "unknown-far": (
        options(**GOOD, xyzzy="1"),
        (
            "`--input xyzzy`: `xyzzy` is no input of workflow `order`; there are `contract`, "
            "`copies`, `customer`, `day`, `lines`, `mail`, `note`, `region` and 2 more"
        ),
    ),
    "missing": (
        without("day"),
        (
            "order: input `day` is not given; give it as `--input day=...`; it takes a date such "
            "as `2024-05-31`"
        ),
    ),
    "twice": (
        options(**GOOD) + options(day="2026-03-02"),
        "`--input day`: input `day` is given twice; it is given by `--input day`, too",
    ),
    "secret-as-input": (
        options(**GOOD, pin="1234"),
        (
            "`--input pin`: `pin` is a secret of `order` and not given as an input; give it as "
            "`--secret pin=env:NAME` or `--secret pin=file:PATH`"
        ),
    ),
    "date": (
        without("day", day="1.3.2026"),
        (
            "`--input day`: `day` takes a date such as `2024-05-31`, not `1.3.2026`; write "
            "`2026-03-01`"
        ),
    ),
    "no-such-day": (
        without("day", day="2026-02-30"),
        "`--input day`: `day` takes a date such as `2024-05-31`, not `2026-02-30`",
    ),
    "enum": (
        without("region", region="nort"),
        "`--input region`: `region` takes `north` or `south`, not `nort`; `north` exists",
    ),
    "pattern": (
        without("customer", customer="12"),
        "`--input customer`: `customer` matches `^[0-9]{6}$`, not `12`",
    ),
    "int": (
        options(**GOOD, copies="1.5"),
        "`--input copies`: `copies` takes a whole number, not `1.5`",
    ),
    "minimum": (options(**GOOD, copies="0"), "`--input copies`: `copies` is at least 1, not `0`"),
    "maximum": (options(**GOOD, copies="6"), "`--input copies`: `copies` is at most 5, not `6`"),
    "bool": (
        options(**GOOD, rush="yes"),
        "`--input rush`: `rush` takes `true` or `false`, not `yes`; write `true`",
    ),
    "empty": (
        without("customer", customer=""),
        "`--input customer`: `customer` is not optional and takes a text, not an empty text",
    ),
    "sentinel": (
        without("customer", customer="__EMPTY__"),
        "`--input customer`: `customer` is not optional and takes a text, not `__EMPTY__`",
    ),
    "no-list": (
        without("lines", lines="AB1"),
        (
            "`--input lines`: `lines` takes a list, as JSON, whose entries are a record, as JSON, "
            "with `amount`, `code`, `unit`, not `AB1`"
        ),
    ),
    "few": (without("lines", lines="[]"), "`--input lines`: `lines` has at least 1 entry, not 0"),
    "field": (
        without("lines", lines='[{"code": "AB1", "amuont": 2, "amount": 1}]'),
        (
            "`--input lines`: `lines[0].amuont` is no field of the record; a field named `amount` "
            "exists"
        ),
    ),
    "field-missing": (
        without("lines", lines='[{"code": "AB1"}]'),
        "`--input lines`: `lines[0].amount` is missing; it takes a number",
    ),
    "nested": (
        without("lines", lines='[{"code": "AB1", "amount": -1}]'),
        "`--input lines`: `lines[0].amount` is at least 0, not `-1`",
    ),
    "mail": (
        options(**GOOD, mail="ann"),
        "`--input mail`: `mail` takes an e-mail address such as `ann@clinic.test`, not `ann`",
    ),
    "bytes": (
        options(**GOOD, note="caf\udce9"),
        "`--input note`: `note` holds bytes that are no character of UTF-8",
    ),
    "nul": (
        options(**GOOD, note="a\0b"),
        "`--input note`: `note` holds a NUL character, which no field takes",
    ),
}


@for_rows(lambda: WRONG)
def test_a_wrong_input_has_one_message_with_its_place_and_what_exists(case: str) -> None:
    given, message = WRONG[case]
    assert refused(*given) == [message]


def test_every_problem_is_told_at_once() -> None:
    assert len(refused(*without("day", "region", region="nort", rush="yes"), secrets=())) == 4


def test_values_of_a_file_have_the_place_of_the_part_that_is_wrong() -> None:
    text = b"""{
  "customer": 123456, "day": "2026-03-01", "region": "north", "copies": "2",
  "lines": [{"code": "AB1", "amount": 1},
            {"code": "b", "amount": "x"}]
}"""
    assert refused(*read_one("order.json", text)) == [
        "order.json:2:15: `customer` takes a text, not `123456`; write it in quotes",
        "order.json:2:73: `copies` takes a whole number, not `2`; write it without quotes",
        "order.json:4:22: `lines[1].code` matches `^[A-Z]{2}[0-9]+$`, not `b`",
        "order.json:4:37: `lines[1].amount` takes a number, not `x`",
    ]


@in_rows(
    ("name", "text"),
    [
        (
            "a.yaml",
            (
                "customer: '123456'\nday: 2026-03-01\nregion: north\nlines:\n- {code: AB1, amount: "
                "2}\n"
            ),
        ),
        (
            "a.toml",
            (
                'customer = "123456"\nday = 2026-03-01\nregion = "north"\n[[lines]]\ncode = '
                '"AB1"\namount = 2\n'
            ),
        ),
        (
            "a.json",
            (
                '\ufeff{"customer": "123456", "day": "2026-03-01", "region": "north", "lines": '
                '[{"code": "AB1", "amount": 2}]}'
            ),
        ),
    ],
)
def test_the_formats_of_one_run_mean_the_same(name: str, text: str) -> None:
    values = run(*read_one(name, text.encode()))
    assert values.inputs["day"] == "2026-03-01"
    assert values.inputs["lines"] == [{"code": "AB1", "amount": 2, "unit": "piece"}]


@for_rows(
    lambda: [
        (
            "a.json",
            "[{}]",
            (
                "a.json:1:1: it holds a list, and one run is an object of inputs; for many runs, "
                "write one object a line into a `.jsonl` file"
            ),
        ),
        ("a.json", '{"a": 1,\n "b": }', "a.json:2:7: it is no JSON here: expecting value"),
        ("a.json", '{"a": 1, "a": 2}', "a.json:1: the key `a` is there twice"),
        ("a.toml", "a = \n", "a.toml:1:5: it is no TOML here: invalid value"),
        ("a.toml", "= 1", "a.toml:1:1: it is no TOML here: invalid statement"),
        (
            "a.yaml",
            "a: [1\nb: 2",
            "a.yaml:2:2: it is no YAML here: expected ',' or ']', but got ':'",
        ),
        ("a.yaml", "- 1\n", "a.yaml:1:1: it holds no object of inputs"),
        ("a.yaml", "a: !run x\n", "a.yaml:1:4: it is a value with a tag, which no input takes"),
        ("a.yaml", "a: !!int abc\n", "a.yaml:1:4: its tag is `!!int`, which `abc` is not"),
        (
            "a.txt",
            "",
            (
                "a.txt: its ending does not say what is in it; known are `.json`, `.yaml`, `.yml`, "
                "`.toml`, `.csv`, `.tsv`, `.jsonl`, `.ndjson`"
            ),
        ),
    ]
)
def test_a_file_that_cannot_be_read_says_where(row: tuple[str, str, str]) -> None:
    name, text, message = row
    with pytest.raises(InputsRefused) as caught:
        read_one(name, text.encode())
    if "twice" in message:
        assert caught.value.lines()[0].startswith("a.json:1: ")
    else:
        assert caught.value.lines() == [message]


def test_aliases_of_yaml_do_not_stand_for_billions() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(InputsRefused, match="more than 200000 values"):
        read_one("a.yaml", "\n".join(lines).encode())


HOSTILE = {
    "nested-list.yaml": "[" * 8_000,
    "nested-objects.yaml": "a: " + "{a: " * 4_000,
    "nested-block.yaml": "- " * 4_000,
    "nested-keys.yaml": "? " * 4_000,
    "tagged-list.yaml": "a: !x [1, 2]",
    "tagged-object.yaml": "a:\n  b: !!python/object/apply:os.system {c: 1}",
    "tagged-set.yaml": "a: !!set {b, c}",
    "binary.yaml": "a: !!binary aGk=",
    "ordered.yaml": "a: !!omap [b: 1]",
    "alias-of-itself.yaml": "a: &a [*a]",
    "alias-of-nothing.yaml": "a: *b",
    "two-documents.yaml": "a: 1\n---\nb: 2\n",
    "list-as-key.yaml": "[1]: 2\n",
    "number-as-key.yaml": "1: 2\n",
    "key-twice.yaml": "a: 1\na: 2\n",
    "merge-of-a-number.yaml": "a: {<<: 1}\n",
    "merge-at-the-root.yaml": "<<: {a: {b: 1}}\n",
    "moment.yaml": "day: 0001-01-01T00:00:00+05:00\n",
    "whole.yaml": "a: " + "9" * 5_000,
    "based.yaml": "a: 0x" + "f" * 5_000,
    "long.yaml": "a: " + "x" * 600_000,
    "control.yaml": "a: \x07",
    "merges.yaml": "a0: &a0 {x: 1}\n"
    + "".join(f"a{n}: &a{n} {{b: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)),
    "nested.toml": "a = " + "[" * 8_000,
    "nested-objects.toml": "a = " + "{a = " * 4_000,
    "dotted.toml": "a." * 100_000 + "a = 1",
    "dotted-quoted.toml": '"a".' * 100_000 + "a = 1",
    "dotted-behind-a-comment.toml": f"# {'a.' * 200}a\n{'a.' * 100_000}a = 1",
    "whole.toml": "a = " + "9" * 5_000,
    "beyond-floats.toml": "count = " + "9" * 309,
    "long.toml": "a = '" + "x" * 1_000_001 + "'",
    "nested.json": '{"a": ' + "[" * 8_000,
    "closed.json": '{"a": ' + "[" * 800 + "]" * 800 + "}",
    "whole.json": '{"a": ' + "9" * 5_000 + "}",
    "key-twice.json": '{"' + "a\\u001b" * 2_000 + '": 1, "' + "a\\u001b" * 2_000 + '": 2}',
    "key-twice.toml": ("a" * 2_000 + " = 1\n") * 2,
    "surrogate.json": '{"a": "\\ud800"}',
    "nested.jsonl": "[" * 8_000,
    "field.csv": "a\n" + "x" * 140_000 + "\n",
    "quote.csv": 'a\n"x\n',
    "nul.csv": "a\n\0\n",
}


@for_rows(lambda: HOSTILE)
def test_a_hostile_file_is_an_error_of_its_inputs(name: str) -> None:
    with pytest.raises(InputsRefused) as caught:
        if is_table(name):
            assemble_rows(
                ORDER, InputSources(secrets=(PIN,)), read_rows(name, HOSTILE[name].encode())
            )
        else:
            run(*read_one(name, HOSTILE[name].encode()))
    assert all(len(line) < 400 and line.isprintable() for line in caught.value.lines())
    assert caught.value.problems[0].place.startswith(name.removesuffix(":1"))


def test_nothing_is_read_behind_what_nests_too_deep() -> None:
    for text, place in (("[" * 200, "a.yaml:1:102"), ("a: " + "[" * 200, "a.yaml:1:104")):
        with pytest.raises(InputsRefused) as caught:
            read_one("a.yaml", text.encode())
        assert caught.value.lines() == [f"{place}: it nests deeper than 100 levels"]


@given(
    st.text("[]{},:-?!&*|>'\"#%@`~ \n\ta1.=<", max_size=60),
    st.sampled_from(["a.yaml", "a.toml", "a.json", "a.jsonl", "a.csv"]),
)
def test_no_text_in_a_file_is_an_error_of_python(text: str, name: str) -> None:
    try:
        read_rows(name, text.encode()) if is_table(name) else read_one(name, text.encode())
    except InputsRefused as refused:
        assert refused.problems


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    # An end of a line that is none of JSON is folded like one in YAML.
    | st.text(st.characters(exclude_categories=["C", "Z"]))
    | st.sampled_from(["null", "1", "~"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab<1 ", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), JSON_VALUES, max_size=4))
def test_yaml_that_another_writer_wrote_has_its_values(values: dict[str, Any]) -> None:
    written = StringIO()
    YAML(typ="safe", pure=True).dump(values, written)
    found = read_one("a.yaml", written.getvalue().encode())
    assert {each.name: each.value for each in found} == values
    as_json = read_one("a.yaml", json.dumps(values, ensure_ascii=False).encode())
    assert {each.name: each.value for each in as_json} == values


def test_yaml_means_what_the_standard_says() -> None:
    text = """
base: &base {x: 1, y: 2}
more: &more {y: 3, z: 4}
merged: {y: 0, <<: [*base, *more]}
same: *base
words: [yes, no, on, 12:30, 1_000, "1", '1', !!str 1, 0o17, 0x1F, 010, .5, 1e3, ~, Null, True]
tags: [! "12", ! 12, !!int "12", !!float 12, !!null ~]
moments: [2026-03-01, 2026-03-01 10:00:00, 2026-03-01T10:00:00+05:00]
texts: [2024-01-31 2nd, 2024-01-31 12, 2024-01-31 10:00, 2024-01-31 10:00:00x]
folded: >
  one
  two
"""
    found = {each.name: each.value for each in read_one("a.yaml", text.encode())}
    assert found["merged"] == {"x": 1, "y": 0, "z": 4}
    assert found["same"] == {"x": 1, "y": 2}
    assert found["words"] == [
        *("yes", "no", "on", "12:30", "1_000", "1", "1", "1", 15, 31, 10, 0.5, 1000.0),
        *(None, None, True),
    ]
    assert found["moments"] == ["2026-03-01", "2026-03-01T10:00:00", "2026-03-01T10:00:00+05:00"]
    assert found["tags"] == ["12", "12", 12, 12, None]
    assert found["texts"] == [
        "2024-01-31 2nd",
        "2024-01-31 12",
        "2024-01-31 10:00",
        "2024-01-31 10:00:00x",
    ]
    assert found["folded"] == "one two\n"


CSV = "customer,day,region,lines\n"
LINES = '"[{""code"": ""AB1"", ""amount"": 2}]"'


def rows_refused(text: str, name: str = "orders.csv") -> list[str]:
    with pytest.raises(InputsRefused) as caught:
        assemble_rows(ORDER, InputSources(secrets=(PIN,)), read_rows(name, text.encode()))
    return caught.value.lines()


def test_a_row_is_a_run_and_an_empty_cell_gives_nothing() -> None:
    text = (
        CSV.strip()
        + f",note\n123456,2026-03-01,north,{LINES},\n654321,2026-03-02,south,{LINES},call\n"
    )
    rows = read_rows("orders.csv", text.encode())
    made = assemble_rows(ORDER, InputSources(secrets=(PIN,)), rows)
    assert [each.inputs.get("note") for each in made] == [None, "call"]
    assert [each.place for each in made] == ["orders.csv:2", "orders.csv:3"]
    semicolons = b"customer;day;region;lines\n123456;2026-03-01;north;[]\n"
    assert [each.name for each in read_rows("orders.csv", semicolons)[0].given] == [
        "customer",
        "day",
        "region",
        "lines",
    ]


def test_a_wrong_cell_has_its_row_and_column() -> None:
    text = CSV + f"123456,2026-03-01,north,{LINES}\n12345,1.3.2026,nort,{LINES}\n"
    assert rows_refused(text) == [
        "orders.csv:3:1: `customer` matches `^[0-9]{6}$`, not `12345`",
        (
            "orders.csv:3:2: `day` takes a date such as `2024-05-31`, not `1.3.2026`; write "
            "`2026-03-01`"
        ),
        "orders.csv:3:3: `region` takes `north` or `south`, not `nort`; `north` exists",
    ]


def test_what_is_wrong_with_every_row_is_told_once() -> None:
    body = "".join(f"123456,2026-03-0{day},north\n" for day in range(1, 6))
    assert rows_refused("customer,day,region\n" + body) == [
        "orders.csv: input `lines` is not given; it takes a list, as JSON, whose entries are a "
        "record, as JSON, with `amount`, `code`, `unit`"
    ]


def test_a_table_of_another_shape_is_refused() -> None:
    assert rows_refused("customer,customer\n1,2\n")[0] == (
        "orders.csv:1:2: column `customer` is there twice; it stands in column 1, too"
    )
    assert rows_refused("customer,day\n1,2,3\n") == [
        "orders.csv:2:3: the row has 3 cells under 2 columns"
    ]
    assert rows_refused("customer,day\n") == ["orders.csv: it holds no run; write one in each row"]
    good = json.dumps({**GOOD, "lines": [{"code": "AB1", "amount": 2}]})
    assert rows_refused(good + '\n{"x"\n', "orders.jsonl") == [
        "orders.jsonl:2:5: it is no JSON here: expecting ':' delimiter"
    ]


def test_a_wrong_header_is_told_once_and_what_it_lacks_with_it() -> None:
    body = "".join(f"123456,2026-03-{day:02},north\n" for day in range(1, 29)) * 18
    lacking = [
        "orders.csv: input `customer` is not given; it takes a text",
        (
            "orders.csv: input `lines` is not given; it takes a list, as JSON, whose entries are a "
            "record, as JSON, with `amount`, `code`, `unit`"
        ),
    ]
    misspelt = (
        "orders.csv:1:1: `custommer` is no input of workflow `order`; an input named `customer` "
        "exists"
    )
    assert rows_refused("custommer,day,region\n" + body) == [misspelt, *lacking]
    # What else is wrong stands beside it, at its row and column.
    wrong = body + "1,1.3.2026,north\n1,2026-03-01,\n1,2,3,4\n"
    assert rows_refused("custommer,day,region\n" + wrong) == [
        misspelt,
        *lacking,
        (
            "orders.csv:506:2: `day` takes a date such as `2024-05-31`, not `1.3.2026`; write "
            "`2026-03-01`"
        ),
        "orders.csv:507:3: input `region` is not given; it takes `north` or `south`",
        "orders.csv:508:4: the row has 4 cells under 3 columns",
    ]


def test_a_column_that_means_nothing_is_told_though_its_cells_are_empty() -> None:
    text = CSV.strip() + f",pin,site name\n123456,2026-03-01,north,{LINES},,\n"
    assert [line.partition(";")[0] for line in rows_refused(text)] == [
        "orders.csv:1:5: `pin` is a secret of `order` and not given as an input",
        "orders.csv:1:6: `site name` is no input of workflow `order`",
    ]


def test_a_name_that_every_line_has_is_told_once() -> None:
    line = json.dumps({**GOOD, "lines": [{"code": "AB1", "amount": 2}], "rushed": True})
    assert rows_refused(f"{line}\n" * 300, "orders.jsonl") == [
        f"orders.jsonl:1:{line.index('true') + 1}: `rushed` is no input of workflow `order`; an "
        "input named `rush` exists"
    ]
    rows = parse_given_rows([json.loads(line)] * 300)
    with pytest.raises(InputsRefused) as caught:
        assemble_rows(ORDER, InputSources(secrets=(PIN,)), rows)
    assert len(caught.value.problems) == 1


@in_rows(
    ("header", "line"),
    [
        ("," * 499_999, "orders.csv:1: the header has 500,000 columns; a table has 1,000 at most"),
        (
            "," + "c," * 499_998 + "c",
            "orders.csv:1: the header has 500,000 columns; a table has 1,000 at most",
        ),
        (
            "",
            "orders.csv:1: the header names no column; write the name of the input into the first "
            "row of each column",
        ),
        (
            "customer,day",
            "orders.csv:1: every row has more cells than the 2 columns of the header; name the "
            "input of each column",
        ),
    ],
    ids=("unnamed", "wide", "empty", "short"),
)
def test_a_header_that_fits_no_row_is_one_error(header: str, line: str) -> None:
    assert rows_refused(header + "\n" + "123456,2026-03-01,north\n" * 40)[:1] == [line]


@in_rows("name", ["a.json", "a.yaml", "a.toml", "a.jsonl"])
def test_a_file_of_a_thousand_names_is_one_error(name: str) -> None:
    names = [f"n{at}" for at in range(1_001)]
    text = json.dumps(dict.fromkeys(names, 1))
    if name == "a.toml":
        text = "".join(f"{each} = 1\n" for each in names)
    with pytest.raises(InputsRefused) as caught:
        if is_table(name):
            assemble_rows(ORDER, InputSources(), read_rows(name, text.encode()))
        else:
            read_one(name, text.encode())
    place = f"{name}:1" if is_table(name) else name
    assert caught.value.lines() == [f"{place}: it gives 1,001 inputs; a run has 1,000 at most"]


def test_a_table_of_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_CELLS", 1_000)
    line = ["orders.csv: it holds more than 1,000 values; split the file"]
    assert rows_refused("a,b,c\n" + "1,2,3\n" * 334) == line
    good = json.dumps({**GOOD, "lines": []})
    with pytest.raises(InputsRefused) as caught:
        read_rows("orders.jsonl", f"{good}\n".encode() * 251)
    assert caught.value.lines() == ["orders.jsonl: it holds more than 1,000 values; split the file"]


def test_a_plan_tells_what_is_missing_beside_what_is_wrong_and_asks_nobody() -> None:
    compilation = compile_project(MemoryFiles({"a.flow": FLOW}), ["a.flow"], CompileOptions())
    assert compilation.program is not None
    (source,) = compilation.program.workflows

    def ask(spec: nodes.FieldSpec) -> Given:
        raise AssertionError(f"`{spec.name}` is asked for in vain")

    rows = read_rows("orders.csv", b"custommer,day,region\n123456,2026-03-01,north\n")
    for asked, count in ((ask, 3), (None, 4)):
        with pytest.raises(InputsRefused) as caught:
            RequestPlan(compilation.program, source, InputSources(), rows, ask=asked).check(
                is_placed=False
            )
        assert len(caught.value.problems) == count
        assert caught.value.problems[0].place == "orders.csv:1:1"


PLAIN = declared(
    """flow 1
workflow order {
  inputs {
    number: string @pattern(r"^[0-9]+$")
    region: "north" | "south"
    copies: int = 1 @min(1)
    note: string?
  }
  steps { step "Go" { do "Go with {number}, {region}, {copies}." type note into "the note" } }
}
"""
)
FITS: dict[str, Callable[[str], bool]] = {
    "number": lambda cell: cell.isdecimal() and cell.isascii(),
    "region": lambda cell: cell in ("north", "south"),
    "copies": lambda cell: cell in ("1", "2"),
    "note": lambda cell: True,
}
"""What the cells below fit, told by hand."""
CELLS = st.sampled_from(["", "", "1", "2", "0", "north", "south", "x", "a,b", 'a"b', "a\nb"])


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    names = st.sampled_from(["number", "region", "copies", "note", "nummer", "", "pin"])
    header = draw(st.lists(names, min_size=1, max_size=6).filter(any))
    row = st.lists(CELLS, min_size=1, max_size=len(header) + 1)
    return [header, *draw(st.lists(row.filter(any), min_size=1, max_size=6))]


def faults_of(table: list[list[str]]) -> set[str]:
    """The places of all faults of a table, found cell by cell."""
    header, *rows = table
    first = {name: header.index(name) for name in header if name}
    found = {
        f"t.csv:1:{at}"
        for at, name in enumerate(header, 1)
        if name not in FITS or first[name] != at - 1
    }
    read = [row for row in rows if len(row) <= len(header)]
    if not read and len(rows) > 1:
        return found | {"t.csv:1"}
    for number, row in enumerate(rows, 2):
        if len(row) > len(header):
            found.add(f"t.csv:{number}:{len(header) + 1}")
            continue
        for name, fits in FITS.items():
            at = first.get(name)
            cell = row[at] if at is not None and at < len(row) else ""
            if cell and not fits(cell):
                found.add(f"t.csv:{number}:{(at or 0) + 1}")
            if cell or name not in ("number", "region"):
                continue
            others = (row[at] for row in read if at is not None and at < len(row))
            is_empty = len(read) > 1 and not any(others)
            found.add("t.csv" if at is None or is_empty else f"t.csv:{number}:{at + 1}")
    return found


@given(tables())
def test_every_fault_of_a_table_is_told_at_its_place_and_once(table: list[list[str]]) -> None:
    written = StringIO()
    csv.writer(written).writerows(table)
    problems: tuple[Problem, ...] = ()
    try:
        assemble_rows(PLAIN, InputSources(), read_rows("t.csv", written.getvalue().encode()))
    except InputsRefused as refused:
        problems = refused.problems
    assert {each.place for each in problems} == faults_of(table)
    assert len({(each.place, each.message) for each in problems}) == len(problems)


def test_two_sources_of_one_input_are_refused_across_files_and_options() -> None:
    rows = read_rows("orders.csv", (CSV + f"123456,2026-03-01,north,{LINES}\n").encode())
    with pytest.raises(InputsRefused) as caught:
        assemble_rows(ORDER, InputSources(given=options(region="south"), secrets=(PIN,)), rows)
    assert caught.value.lines() == [
        "orders.csv:1:3: input `region` is given twice; it is given by `--input region`, too"
    ]


# Secrets


def test_a_secret_that_does_not_fit_is_refused_without_a_word_of_it() -> None:
    given = Given("pin", "canary-77", "`--secret pin`", is_text=True)
    (line,) = refused(*options(**GOOD), secrets=(given,))
    assert line == "`--secret pin`: the secret `pin` does not fit: it matches `^[0-9]{4}$`"
    assert "canary-77" not in repr(given)


def test_a_missing_secret_names_both_ways_to_give_it() -> None:
    assert refused(*options(**GOOD), secrets=()) == [
        "order: the secret `pin` is not given; give it as `--secret pin=env:NAME` or "
        "`--secret pin=file:PATH`"
    ]
    assert [spec.name for spec in missing_secrets(ORDER, InputSources())] == ["pin"]


def test_a_secret_nobody_declared_is_refused() -> None:
    stray = Given("pni", "x", "`--secret pni`", is_text=True)
    assert refused(*options(**GOOD), secrets=(PIN, stray)) == [
        "`--secret pni`: `pni` is no secret of workflow `order`; a secret named `pin` exists"
    ]


# Files


def test_a_file_gives_its_input_the_path_on_the_machine() -> None:
    upload = Upload("contract", "`--file contract`", "deal.pdf", b"%PDF", "C:/In")
    assert run(*options(**GOOD), uploads=(upload,)).inputs["contract"] == "C:/In/deal.pdf"
    other = Upload("note", "`--file note`", "deal.pdf", b"%PDF")
    assert refused(*options(**GOOD), uploads=(other,)) == [
        (
            "`--file note`: `note` takes a text, or nothing, not a file; give it with `--input "
            "note=...`"
        )
    ]


# Machines and pools

SITED = declared(
    """flow 1
workflow sited {
  inputs { site: "Harbour" | "Hill" @machine, day: date }
  secrets { pin: string }
  steps { step "Go" { do "Go to {site} on {day} with {$pin}." } }
}
"""
)


def machine(name: str, **parameters: Any) -> Machine:
    secrets = {"pin": "alias"} if parameters.pop("pin", False) else None
    return Machine(
        id=name, name=name, machine_parameters=parameters, machine_sensitive_parameters=secrets
    )


def sited(machine_parameters: MachineParameters, *given: Given) -> RunValues:
    sources = InputSources(
        given=(*options(day="2026-03-01"), *given),
        secrets=(PIN,),
        machine_parameters=machine_parameters,
    )
    return assemble(SITED, sources)


def sited_refused(machine_parameters: MachineParameters, *given: Given) -> list[str]:
    with pytest.raises(InputsRefused) as caught:
        sited(machine_parameters, *given)
    return caught.value.lines()


def test_a_parameter_of_the_machine_is_checked_and_left_to_it() -> None:
    assert sited(on_machine(machine("desk-1", site="Hill"))).inputs == {"day": "2026-03-01"}
    assert sited_refused(on_machine(machine("desk-1", site="Hil"))) == [
        "machine `desk-1`: its parameter `site` takes `Harbour` or `Hill`, not `Hil`; `Hill` exists"
    ]
    assert sited_refused(on_machine(machine("desk-1", sites="Hill", blank=""))) == [
        "sited: input `site` is not given, and machine `desk-1` has no parameter `site`; a "
        "parameter "
        "named `sites` exists; give it as `--input site=...`; it takes `Harbour` or `Hill`"
    ]


def test_a_value_of_the_run_comes_before_the_machine_and_that_before_the_pool() -> None:
    wrong = machine("desk-1", site="Hil")
    assert sited(on_machine(wrong), *options(site="Hill")).inputs["site"] == "Hill"
    good = machine("desk-1", site="Hill")
    pool = Pool(id="p", name="front", pool_parameters={"site": "Hil"}, machines=[good])
    assert "site" not in sited(on_pools((pool,))).inputs
    bare = Pool(id="p", name="front", pool_parameters={"site": "Hil"}, machines=[machine("d2")])
    assert sited_refused(on_pools((bare,)))[0].startswith("pool `front`: its parameter `site`")


def test_machines_that_are_away_are_told_of() -> None:
    away = machine("desk-1", site="Hill").model_copy(update={"status": "disconnected"})
    here = machine("desk-2", site="Hill").model_copy(update={"status": "connected"})
    assert on_machine(away).away() == "machine `desk-1` is disconnected; the run waits for it"
    assert on_machine(here).away() == ""
    assert on_pools((Pool(id="p", name="front", machines=[away, here]),)).away() == ""
    both = [away, away.model_copy(update={"id": "desk-3"})]
    assert on_pools((Pool(id="p", name="front", machines=both),)).away() == (
        "all 2 machines of the pool are away; the run waits for one"
    )


def test_of_a_pool_every_machine_has_to_supply_the_input() -> None:
    pool = Pool(id="p", name="front", machines=[machine("desk-1", site="Hill"), machine("desk-2")])
    assert sited_refused(on_pools((pool,)))[0].startswith(
        "sited: input `site` is not given, and machine `desk-2` has no parameter of it"
    )


def test_an_input_of_the_machine_is_left_open_where_the_service_chooses_one() -> None:
    values = sited(MachineParameters())
    assert values.inputs == {"day": "2026-03-01"}
    assert values.notes == ("`site` is left to the machine that the run gets",)


def test_a_secret_parameter_of_the_machine_is_enough() -> None:
    sources = InputSources(
        given=options(day="2026-03-01", site="Hill"),
        machine_parameters=on_machine(machine("d", pin=True)),
    )
    assert assemble(SITED, sources).secrets == {}


def test_nothing_on_purpose_keeps_a_parameter_from_filling_the_input() -> None:
    machine_parameters = on_machine(machine("desk-1", note="from the desk"))
    assert (
        run(*options(**GOOD, note=""), machine_parameters=machine_parameters).inputs["note"]
        == "__EMPTY__"
    )
    assert "note" not in run(*options(**GOOD, note="")).inputs


LEFT_OUT = declared("""flow 1
type Part { name: string, phone?: string, fax: string? }
workflow order {
  inputs {
    part: Part
    since?: date
    site?: string @machine @max_length(9)
    pay?: any
  }
  # flow: ignore[optional-read-unguarded] only the inputs matter here
  steps { do "Enter {part}, {since} and {site}." }
}
""")


def test_what_may_be_left_out_is_never_sent_as_null() -> None:
    part = '{"name": "Ann", "fax": null}'
    machines = on_machine(machine("desk-1", site="from the desk"))
    sources = InputSources(given=options(part=part, since="", site=""), machine_parameters=machines)
    assert assemble(LEFT_OUT, sources).inputs == {
        "part": {"name": "Ann", "fax": None},
        "site": "__EMPTY__",
    }
    given = read_one("a.json", b'{"part": {"name": "Ann", "phone": null}, "since": null}')
    with pytest.raises(InputsRefused) as caught:
        assemble(LEFT_OUT, InputSources(given=given))
    assert caught.value.lines() == [
        "a.json:1:35: `part.phone` may be left out, and is never null; leave it out",
        "a.json:1:51: `since` may be left out, and is never null; leave it out",
    ]


def test_a_text_has_so_many_characters() -> None:
    short = "flow 1\nworkflow order { inputs { a?: string @min_length(2) @max_length(3) } "
    order = declared(short + 'steps { type a into "the field A" } }')
    assert assemble(order, InputSources(given=options(a="👍👍"))).inputs == {"a": "👍👍"}
    for text, message in (("a", "at least 2 characters, not 1"), ("abcd", "at most 3 char")):
        with pytest.raises(InputsRefused, match=message):
            assemble(order, InputSources(given=options(a=text)))


def test_choices_of_numbers_and_open_ones_take_what_they_list() -> None:
    head = 'flow 1\nworkflow order { inputs { size: 1 | 2, code: "CO-16" | "PR-1" | string } '
    order = declared(head + 'steps { type code into "the field {size}" } }')

    def made(**values: str) -> dict[str, Any]:
        return assemble(order, InputSources(given=options(**values))).inputs

    assert made(size="2", code="Z-9") == {"size": 2, "code": "Z-9"}
    for size in ("3", "two", "1.0", "true"):
        with pytest.raises(InputsRefused, match="`size` takes `1` or `2`, not"):
            made(size=size, code="CO-16")
    given = read_one("a.json", b'{"size": "1", "code": 7}')
    with pytest.raises(InputsRefused) as caught:
        assemble(order, InputSources(given=given))
    assert caught.value.lines() == [
        "a.json:1:10: `size` takes `1` or `2`, not `1`; write it without quotes",
        "a.json:1:23: `code` takes `CO-16`, `PR-1` or any other text, not `7`",
    ]


# Schemas from files


def test_a_schema_file_declares_inputs_and_secrets_and_is_applied_whole() -> None:
    schema = """{"type": "object", "required": ["a", "$pw"], "properties":
      {"a": {"type": "integer", "multipleOf": 5}, "$pw": {"type": "string"}}}"""
    workflow = declared_from_schema("old", schema)
    secret = Given("pw", "s", "`--secret pw`", is_text=True)
    good = assemble(workflow, InputSources(given=options(a="10"), secrets=(secret,)))
    assert (good.inputs, good.secrets) == ({"a": 10}, {"pw": "s"})
    for text, line in (
        ("12", "old: `a` does not fit the schema: 12 is not a multiple of 5"),
        ("x", "`--input a`: `a` takes a whole number, not `x`"),
    ):
        with pytest.raises(InputsRefused) as caught:
            assemble(workflow, InputSources(given=options(a=text), secrets=(secret,)))
        assert caught.value.lines() == [line]


def test_what_json_cannot_hold_is_refused_in_a_value_of_any_type() -> None:
    text = b"data:\n  - {x: .nan}\n  - {y: -.inf}\n"
    with pytest.raises(InputsRefused) as caught:
        assemble(declared_from_schema("old", None), InputSources(given=read_one("a.yaml", text)))
    assert caught.value.lines() == [
        "a.yaml:2:9: `data[0].x` takes a value that JSON can hold, not `NaN`",
        "a.yaml:3:9: `data[1].y` takes a value that JSON can hold, not `-Infinity`",
    ]


def test_a_number_beyond_the_largest_float_fits_no_number() -> None:
    for name in ("int", "number"):
        (wrong,) = find_mismatches(2**1024 - 1, nodes.ScalarType(name=name))
        assert wrong.found.startswith("`17976931348623159077293051907890")


def test_a_header_of_semicolons_may_end_with_a_carriage_return() -> None:
    (row,) = read_rows("a.csv", b"day;count\r2026-03-01;1,5\r")
    assert {each.name: each.value for each in row.given} == {"day": "2026-03-01", "count": "1,5"}


def test_a_reference_fits_where_runs_of_a_session_are_read() -> None:
    given = (*without("day"), Given("day", {"$ref": "first.outputs.day"}, "a.json:1:1"))
    assert run(*given, references=True).inputs["day"] == {"$ref": "first.outputs.day"}
    assert refused(*given) == ["a.json:1:1: `day` takes a date such as `2024-05-31`, not a record"]


# Defaults of records

RECORDS = """flow 1

type Unit { name: string = "kg", scale: int = 2 @wire("Scale") }
type Line {
  code: string @wire("Code No")
  unit: Unit = { name: "g" }
  parts: Unit[] = [{}, { scale: 3 }]
}

workflow enter {
  inputs {
    first: Line = { code: "a" }
    lines: Line[] = [{ code: "b" }, { code: "c", unit: {}, parts: [] }]
    last: Line = { code: "d", unit: { scale: 9 } }
  }
  steps { do "Enter {first}, {lines} and {last}." }
}

workflow read {
  outputs { found: Line }
  steps { emit found = { code: "z", unit: {}, parts: [] } }
}

workflow write {
  inputs { line: Line }
  steps { do "Write {line}." }
}

chain passed { step a = run read() step b = run write(line: a.outputs.found) }
chain written { step a = run write(line: { code: "q", unit: { scale: 7 } }) step b = run enter() }
chain shared { shared { line = { code: "q" } } step a = run write() step b = run write() }
chain asked {
  step a = run enter()
  pause { line: Line = { code: "p" } }
  step b = run write(line: line)
}
"""
G2 = {"name": "g", "Scale": 2}
PARTS = [{"name": "kg", "Scale": 2}, {"name": "kg", "Scale": 3}]
ENTERED = {
    "first": {"Code No": "a", "unit": G2, "parts": PARTS},
    "lines": [
        {"Code No": "b", "unit": G2, "parts": PARTS},
        {"Code No": "c", "unit": {"name": "kg", "Scale": 2}, "parts": []},
    ],
    "last": {"Code No": "d", "unit": {"name": "kg", "Scale": 9}, "parts": PARTS},
}


def records() -> nodes.Program:
    compilation = compile_project(MemoryFiles({"a.flow": RECORDS}), ["a.flow"], CompileOptions())
    assert compilation.program is not None, compilation.analysis.diagnostics
    return compilation.program


def record_workflow(name: str) -> DeclaredInputs:
    (found,) = (each for each in records().workflows if each.name == name)
    return collect_declared(found)


def test_the_default_of_a_record_has_the_defaults_of_its_fields_at_any_depth() -> None:
    assert assemble(record_workflow("enter"), InputSources()).inputs == ENTERED


def test_a_record_from_anywhere_has_the_defaults_of_its_fields_at_any_depth() -> None:
    wanted = {"Code No": "q", "unit": {"name": "kg", "Scale": 7}, "parts": PARTS}
    written = {"Code No": "q", "unit": {"Scale": 7}}
    text = json.dumps({"line": written})
    cell = json.dumps(written).replace('"', '""')
    yaml = "line:\n  Code No: q\n  unit: {Scale: 7}\n"
    toml = 'line = { "Code No" = "q", unit = { Scale = 7 } }'
    every = (
        options(line=json.dumps(written)),
        read_one("a.json", text.encode()),
        read_one("a.yaml", yaml.encode()),
        read_one("a.toml", toml.encode()),
        read_rows("a.jsonl", text.encode())[0].given,
        read_rows("a.csv", f'line\n"{cell}"\n'.encode())[0].given,
        parse_given_inputs({"line": written}),
        parse_given_rows([{"line": written}])[0].given,
    )
    for values in every:
        made = assemble(record_workflow("write"), InputSources(given=values))
        assert made.inputs == {"line": wanted}, values


@in_rows(
    ("chain", "expected"),
    [
        ("passed", [None, {"line": {"$ref": "a.outputs.found"}}]),
        (
            "written",
            [
                {"line": {"Code No": "q", "unit": {"name": "kg", "Scale": 7}, "parts": PARTS}},
                ENTERED,
            ],
        ),
        ("shared", [{"line": {"Code No": "q", "unit": G2, "parts": PARTS}}] * 2),
    ],
)
def test_the_steps_of_a_chain_have_records_with_their_defaults(
    chain: str, expected: list[Any]
) -> None:
    program = records()
    (source,) = (each for each in program.chains if each.name == chain)
    ids = {each.name: str(UUID(int=1)) for each in program.workflows}
    requests, _ = RequestPlan(program, source, InputSources()).requests(
        ids, {}, MachineParameters()
    )
    ((request, _),) = requests
    assert isinstance(request, ChainRequest)
    assert [step.inputs for step in request.body.steps] == expected


def test_an_answer_that_takes_its_default_has_those_of_its_fields() -> None:
    (chain,) = (each for each in records().chains if each.name == "asked")
    question = questions_of(chain)["line"]
    wanted = {"Code No": "p", "unit": G2, "parts": PARTS}
    assert parse_answer(question, "", "`--answer line`") == wanted


LEAF = nodes.ScalarType(name="int")


@st.composite
def typed_records(draw: st.DrawFn, depth: int = 3) -> tuple[nodes.RecordType, dict[str, Any], Any]:
    """A record, its schema where each field with a default is required, and a value."""
    fields: list[nodes.FieldSpec] = []
    schema: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    value: dict[str, Any] = {}
    for name in "abc"[: draw(st.integers(1, 3))]:
        type_: nodes.Type = LEAF
        inner: dict[str, Any] = {"type": "integer"}
        samples: list[Any] = [1, 2]
        if depth and draw(st.booleans()):
            type_, inner, sample = draw(typed_records(depth - 1))
            samples = [sample, sample]
        if draw(st.booleans()):
            type_, inner = nodes.ListType(element=type_), {"type": "array", "items": inner}
            samples = [samples, []]
        has_default = draw(st.booleans())
        default = draw(st.sampled_from(samples)) if has_default else None
        spec = nodes.FieldSpec(name=name, type=type_, has_default=has_default, default=default)
        fields.append(spec)
        schema["properties"][name] = inner
        schema["required"].append(name)
        if not has_default or draw(st.booleans()):
            value[name] = draw(st.sampled_from(samples))
    return nodes.RecordType(fields=tuple(fields)), schema, value


def parts(value: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """Each number of a value by its path."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {at: leaf for key, each in pairs for at, leaf in parts(each, (*path, key)).items()}
    return {path: value}


@given(typed_records())
def test_what_is_filled_in_fits_a_schema_that_requires_every_field(
    made: tuple[nodes.RecordType, dict[str, Any], Any],
) -> None:
    type_, schema, value = made
    filled = fill_in_defaults(value, type_)
    assert Draft202012Validator(schema).is_valid(filled)
    assert parts(value).items() <= parts(filled).items()
    assert fill_in_defaults(filled, type_) == filled


# Days that are filled in

DAYS = """flow 1

workflow bookings {
  inputs { since: date = start of month - 1mo, until: date = since + 1mo - 1d, desk: string? }
  steps { do "Open {since} to {until}." }
}

workflow find {
  outputs { day: date }
  steps { extract day: date from "the day" emit day = day }
}

chain monthly {
  inputs { first: date = today, last: date = first + 1w }
  step one = run bookings(since: first)
  step two = run bookings(until: last)
}
"""


def test_days_are_filled_in_on_the_day_of_the_runner() -> None:
    of_days = declared(DAYS)
    today = date(2026, 3, 15)
    assert assemble(of_days, InputSources(today=today)).inputs == {
        "since": "2026-02-01",
        "until": "2026-02-28",
    }
    given = InputSources(given=options(since="2026-01-31"), today=today)
    assert assemble(of_days, given).inputs == {"since": "2026-01-31", "until": "2026-02-27"}
    rows = read_rows("a.csv", b"since,until\n2026-05-01,\n,2026-01-01\n")
    assert [each.inputs for each in assemble_rows(of_days, InputSources(today=today), rows)] == [
        {"since": "2026-05-01", "until": "2026-05-31"},
        {"since": "2026-02-01", "until": "2026-01-01"},
    ]


def test_other_callers_have_to_give_the_day() -> None:
    compilation = compile_project(MemoryFiles({"a.flow": DAYS}), ["a.flow"], CompileOptions())
    assert compilation.bundle is not None
    schema = json.loads(compilation.bundle.workflows[0].payload["input_schema"])
    assert schema["required"] == ["since", "until"]
    assert "default" not in schema["properties"]["since"]


def test_a_day_that_counts_from_what_a_machine_supplies_is_asked_for() -> None:
    machine = Machine(id="1", name="desk 1", machine_parameters={"since": "2026-01-01"})
    sources = InputSources(machine_parameters=on_machine(machine), today=date(2026, 3, 15))
    with pytest.raises(InputsRefused) as refused:
        assemble(declared(DAYS), sources)
    (problem,) = refused.value.problems
    assert problem.message == (
        "input `until` is not given and counts from `since`, which is no date before the run begins"
    )
    assert problem.help == "give it as `--input until=...`"


def test_every_start_of_a_chain_has_the_day_of_its_beginning() -> None:
    compilation = compile_project(MemoryFiles({"a.flow": DAYS}), ["a.flow"], CompileOptions())
    program = compilation.program
    assert program is not None
    (chain,) = program.chains
    plan = RequestPlan(program, chain, InputSources(today=date(2026, 3, 15)))
    plan.check(is_placed=False)
    ((request, _),), _ = plan.requests({"bookings": str(UUID(int=1))}, {}, MachineParameters())
    assert isinstance(request, ChainRequest)
    assert [step.inputs for step in request.body.steps] == [
        {"since": "2026-03-15", "until": "2026-04-14"},
        {"since": "2026-02-01", "until": "2026-03-22"},
    ]


@in_rows(
    ("timezone", "day"),
    [("Europe/Berlin", 2), ("America/Los_Angeles", 1), ("UTC", 1), ("Asia/Tokyo", 2)],
)
def test_the_day_is_that_of_the_time_zone_of_the_project(timezone: str, day: int) -> None:
    assert today_in(timezone, datetime(2026, 3, 1, 23, 30, tzinfo=UTC)) == date(2026, 3, day)


def test_an_unknown_time_zone_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownTimezone) as refused:
        today_in("Europe/Berlim", datetime(2026, 3, 1, tzinfo=UTC))
    assert str(refused.value) == (
        "`Europe/Berlim`, the `timezone` of the project, is no time zone that this computer knows: "
        "`Europe/Berlin` exists"
    )


def test_two_files_cannot_have_one_name_on_a_machine_that_ignores_case() -> None:
    names = ("a.pdf", "straße.pdf", "strasse.pdf", "A.PDF")
    files = [Upload(None, f"`--file {name}`", name, b"") for name in names]
    assert require_distinct_names(files[:3]) == tuple(files[:3])
    with pytest.raises(InputsRefused) as refusal:
        require_distinct_names(files)
    assert str(refusal.value) == "`--file A.PDF`: another file is named `a.pdf`, too"
