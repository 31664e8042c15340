"""What `flowdsl.toml` gives, and what it is refused for."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowdsl.config.keys import PROJECT_FILE, ArrayOf, KeyTable, Shape, TableOf
from flowdsl.config.load import load_project
from flowdsl.config.project import KeySource, Project
from flowdsl.config.schema import project_file_schema
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from tests.support.rows import for_rows, in_rows

FULL = """\
[project]
name  = "care-ops"
id    = "prj_6d6f2c1a"
flows = ["flows/**/*.flow", "more/*.flow"]
requires_flowdsl = ">=0.1, <9"

[lint]
select = ["all"]
ignore = ["unquoted-ui-label"]
[lint.per-file]
"flows/legacy/**" = ["wording"]

[env.local]
api = "local"

[env.prod]
api          = "https://api.cyberdesk.io"
api_key      = { env = "CYBERDESK_API_KEY" }
state        = "s3://acme-flowdsl/care-ops/prod"
protected    = true
vars         = { portal = "https://claims.example.test" }
organization = "org_2abCDef"
[env.prod.models]
claude-main = "Claude Sonnet (EHR)"
[env.prod.tags]
all = ["flowdsl", "care-ops"]

[tag_groups.Team]
color = "blue"
[tags.billing]
group = "Team"
emoji = "💶"

[models.fast]
provider = "anthropic"
model = "quick-1"
max_tokens = 4000
additional_params = { top_p = 0.5 }
api_key = { file = "keys/anthropic" }

[platform]
focused_agent_tools = ["copy_to_clipboard"]

[[adopt]]
env = "prod"
address = "workflow.bill"
id = "0c9d5e3b-4c1b-4a55-8d7c-1f6f00010001"

[[removed]]
address = "workflow.old"
mode = "forget"
"""

MINIMAL = '[project]\nname = "x"\n'


def load(text: str) -> tuple[Project | None, tuple[Diagnostic, ...]]:
    sink = Sink()
    project = load_project(text, "flowdsl.toml", sink)
    return project, sink.findings_in_order()


def only(text: str) -> Diagnostic:
    project, found = load(text)
    assert project is None
    assert len(found) == 1, found
    return found[0]


def test_every_key_reaches_the_project() -> None:
    project, found = load(FULL)
    assert found == ()
    assert project is not None
    assert (project.name, project.id) == ("care-ops", "prj_6d6f2c1a")
    assert project.flows == ("flows/**/*.flow", "more/*.flow")
    assert project.requires_flowdsl == ">=0.1, <9"
    assert project.lint.select == ("all",)
    assert project.lint.ignore == ("unquoted-ui-label",)
    assert project.lint.per_file == (("flows/legacy/**", ("wording",)),)
    assert list(project.environments) == ["local", "prod"]
    prod = project.environments["prod"]
    assert prod.api == "https://api.cyberdesk.io"
    assert prod.api_key == KeySource("env", "CYBERDESK_API_KEY")
    assert prod.state == "s3://acme-flowdsl/care-ops/prod"
    assert prod.protected
    assert prod.vars == {"portal": "https://claims.example.test"}
    assert prod.models == {"claude-main": "Claude Sonnet (EHR)"}
    assert prod.tags_all == ("flowdsl", "care-ops")
    assert prod.organization == "org_2abCDef"
    assert project.tags["billing"].group == "Team"
    assert project.tags["billing"].emoji == "💶"
    assert project.tag_groups["Team"].color == "blue"
    fast = project.models["fast"]
    assert fast.name == "fast"
    assert fast.settings == {
        "provider": "anthropic",
        "model": "quick-1",
        "max_tokens": 4000,
        "additional_params": {"top_p": 0.5},
    }
    assert fast.api_key == KeySource("file", "keys/anthropic")
    assert project.platform.focused_agent_tools == ("copy_to_clipboard",)
    assert project.adopt[0].address == "workflow.bill"
    assert project.removed[0].mode == "forget"


def test_what_is_left_out_has_its_default() -> None:
    project, _ = load(MINIMAL + '[env.local]\napi = "local"\n')
    assert project is not None
    assert project.id is None
    assert project.flows == ("flows/**/*.flow",)
    assert project.lint.select == ("all",)
    local = project.environments["local"]
    assert (local.api_key, local.state, local.protected) == (None, None, False)
    assert (local.vars, local.models, local.tags_all) == ({}, {}, ())
    assert project.platform.focused_agent_tools == ()
    assert (project.adopt, project.removed, project.models) == ((), (), {})


def every_key(shape: Shape, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    """Table path and name of every key in the table of keys; user-chosen names are `some`."""
    match shape:
        case KeyTable(keys=keys):
            own = [(path, key.name) for key in keys]
            inner = [found for key in keys for found in every_key(key.shape, (*path, key.name))]
            return own + inner
        case TableOf(of=inner_shape):
            return every_key(inner_shape, (*path, "some"))
        case ArrayOf(of=table):
            return every_key(table, (*path, "[]"))
        case _:
            return []


@for_rows(lambda: every_key(PROJECT_FILE, ()))
def test_a_misspelt_key_is_an_error_that_names_the_right_one(
    row: tuple[tuple[str, ...], str],
) -> None:
    path, name = row
    wrong = name + "x"
    is_array = path[-1:] == ("[]",)
    header = ".".join(part for part in path if part != "[]")
    text = "# first\n"
    if path:
        text += f"[[{header}]]\n" if is_array else f"[{header}]\n"
    text += f'  {wrong} = "x"\n'
    _, found = load(text)
    (diagnostic,) = [d for d in found if d.name == "unknown-config-key"]
    assert diagnostic.help == f"a key named `{name}` exists"
    assert diagnostic.span.first.line == text.count("\n")
    assert diagnostic.span.first.column == 3
    assert diagnostic.span.text in (wrong, "*" * len(wrong))


@for_rows(
    lambda: [
        ("name = 3", "`project.name` is a whole number; it must be a string", "3"),
        ('flows = "x"', "`project.flows` is a string; it must be an array of strings", '"x"'),
        ("flows = [1]", "`project.flows[0]` is a whole number; it must be a string", "1"),
        ('name = ""', "`project.name` is not a name", '""'),
        ('id = "a b"', "`project.id` is not 1 to 64 ASCII letters, digits, `_` and `-`", '"a b"'),
        (
            'requires_flowdsl = "~1"',
            "`project.requires_flowdsl` is not a version range such as `>=0.1,<2`",
            '"~1"',
        ),
        ("id = 1979-05-27", "`project.id` is a date or time; it must be a string", "1979-05-27"),
    ]
)
def test_wrong_values_are_named_where_they_stand(row: tuple[str, str, str]) -> None:
    line, message, marked = row
    name = "" if line.startswith("name") else 'name = "x"\n'
    diagnostic = only(f"[project]\n{name}{line}\n")
    assert diagnostic.message == message
    assert diagnostic.span.text == marked


@for_rows(
    lambda: [
        ("[env]\nprod = 1", "`env.prod` is a whole number; it must be a table"),
        ('[env."a/b"]\napi="local"', '`"a/b"` is not a name of ASCII letters, digits, `_` and `-`'),
        ('[env.p]\napi="ftp://x"', "`env.p.api` is not `local` or the URL of a service"),
        ('[env.p]\napi="https://u:p@x.test"', "`env.p.api` is not `local` or the URL of a service"),
        (
            '[env.p]\napi="local"\nprotected=1',
            "`env.p.protected` is a whole number; it must be true or false",
        ),
        (
            '[env.p]\napi="local"\nvars={a=1}',
            "`env.p.vars.a` is a whole number; it must be a string",
        ),
        ("[env.p]", "`[env.p]` has no `api`"),
        ("[[adopt]]\nenv='p'\naddress='workflow.x'\nid='y'", "`adopt[0].id` is not a UUID"),
        ("[adopt]", "`adopt` is a table; it must be an array of tables"),
        (
            "[[removed]]\naddress='workflow.x'\nmode='drop'",
            "`removed[0].mode` is not one of `delete`, `forget`",
        ),
        ("[[removed]]\nmode='forget'", "`[[removed]]` has no `address`"),
        (
            "[models.x]\nprovider='a'\nmodel='b'\nmax_tokens=0",
            "`models.x.max_tokens` is not a whole number of at least 1",
        ),
        (
            "[models.x]\nprovider='a'\nmodel='b'\ntemperature=nan",
            "`models.x.temperature` is not a number",
        ),
        (
            "[models.x]\nprovider='a'\nmodel='b'\nadditional_params={a=[inf]}",
            "`models.x.additional_params.a[0]` is not a value that JSON has",
        ),
        ("[tags.x]\ngroup='g'", "there is no tag group `g`"),
        (
            "[[adopt]]\nenv='p'\naddress='workflow.x'\nid='0c9d5e3b-4c1b-4a55-8d7c-1f6f00010001'",
            "there is no environment `p`",
        ),
        (
            "[platform]\nfocused_agent_tools=['fly']",
            "`platform.focused_agent_tools[0]` is not one of",
        ),
    ]
)
def test_other_tables_are_checked(row: tuple[str, str]) -> None:
    text, message = row
    diagnostic = only(f"{MINIMAL}{text}\n")
    assert diagnostic.message.startswith(message)
    assert diagnostic.span.first.line > 2


@pytest.mark.parametrize("second", [("workflow.a", "2"), ("workflow.b", "1")])
def test_an_address_or_an_object_is_adopted_once(second: tuple[str, str]) -> None:
    entries = "".join(
        (
            f"[[adopt]]\nenv = 'p'\naddress = '{address}'\nid = "
            f"'0c9d5e3b-4c1b-4a55-8d7c-1f6f0001000{last}'\n"
        )
        for address, last in (("workflow.a", "1"), second)
    )
    found = only(f"{MINIMAL}[env.p]\napi = 'local'\n{entries}")
    assert found.message.endswith("is adopted twice in environment `p`")
    load_twice = entries.replace("env = 'p'", "env = 'q'", 1)
    project, _ = load(f"{MINIMAL}[env.p]\napi = 'local'\n[env.q]\napi = 'local'\n{load_twice}")
    assert project is not None, "another environment has objects of its own"


def test_a_table_may_not_be_a_value() -> None:
    diagnostic = only("env = 1\n" + MINIMAL)
    assert diagnostic.message == "`env` is a whole number; it must be a table"


def test_a_file_without_project_says_what_to_add() -> None:
    diagnostic = only("")
    assert diagnostic.message == "the project file has no `project`"
    assert diagnostic.span.first.line == 1


@in_rows(
    ("text", "line", "column"),
    [
        ("[project\n", 1, 9),
        ('[project]\r\nname = "x\r\n', 2, 10),
        ("[project]\nname = \n", 2, 8),
        ("[project]\nname = 'a'\nname = 'b'\n", 3, 11),
        ("x = [1,", 1, 8),
        ("\x00", 1, 1),
        ("x = " + "9" * 5000, 1, 1),
    ],
)
def test_toml_mistakes_have_a_place(text: str, line: int, column: int) -> None:
    diagnostic = only(text)
    assert diagnostic.name == "toml-syntax"
    assert (diagnostic.span.first.line, diagnostic.span.first.column) == (line, column)


@pytest.mark.parametrize("text", ["x = " + "[" * 9000 + "]" * 9000, "x = " + "{a=" * 9000])
def test_deep_nesting_is_a_finding(text: str) -> None:
    assert only(text).name == "toml-too-deep"


def test_a_number_may_have_many_digits() -> None:
    project, found = load(
        f'[project]\nname = "x"\n[models.m]\nprovider = "p"\nmodel = "m"\nmax_tokens = {"9" * 400}'
    )
    assert project is not None and not found


def test_an_unsatisfied_version_is_the_only_finding() -> None:
    diagnostic = only('[project]\nrequires_flowdsl = ">=99"\nnew_key = 1\n')
    assert diagnostic.name == "unsupported-flowdsl-version"
    assert "`>=99`" in diagnostic.message


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    project, found = load(text)
    assert (project is None) == bool(found)


@given(st.integers(0, len(FULL)), st.integers(0, 30), st.text(max_size=4))
def test_no_damaged_file_raises(start: int, length: int, inserted: str) -> None:
    project, found = load(FULL[:start] + inserted + FULL[start + length :])
    assert (project is None) == bool(found)


SCHEMA = Draft202012Validator(project_file_schema())


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(project_file_schema())


@for_rows(
    lambda: [
        FULL,
        MINIMAL,
        "",
        "[project]\nname = 1",
        MINIMAL + "extra = 1",
        MINIMAL + "flows = [1]",
        MINIMAL + "requires_flowdsl = '>= 0.0.1'",
        MINIMAL + "requires_flowdsl = '>=a'",
        MINIMAL + "id = 'ä'",
        MINIMAL + "[env.p]\napi = 'local'\napi_key = {}",
        MINIMAL + "[env.p]\napi = 'local'\napi_key = 'x'",
        MINIMAL + "[env.p]\napi = 'local'\napi_key = { env = 'A', file = 'b' }",
        MINIMAL + "[env.p]\napi = 'local'\napi_key = { file = 'b' }",
        MINIMAL + "[env.'p/q']\napi = 'local'",
        MINIMAL + "[env.p]\napi = 'https://x.test'\nvars = { 'a-b' = 'c' }",
        MINIMAL + f"[tags.t]\nemoji = '{'x' * 11}'",
        MINIMAL + "[models.m]\nprovider = 'a'\nmodel = 'b'\nmax_retries = -1",
        MINIMAL + "[[removed]]\naddress = 'workflow.x'\nmode = 'delete'",
        MINIMAL + "[[removed]]\naddress = 'flow.x'\nmode = 'forget'",
        MINIMAL + "[[removed]]\naddress = 'workflow.x'\nmode = 'forget'",
        MINIMAL + "[env.p]\napi = 'local'\norganization = ''",
        MINIMAL + "[platform]\nfocused_agent_tools = ['start_loop']",
    ]
)
def test_schema_and_loader_agree(text: str) -> None:
    accepted = load_project(text, "flowdsl.toml", Sink()) is not None
    assert SCHEMA.is_valid(tomllib.loads(text)) == accepted


def test_patterns_mean_the_same_to_ecma_262() -> None:
    patterns = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(project_file_schema()))
    assert patterns
    for pattern in map(json.loads, patterns):
        assert not re.search(r"\(\?[a-zA-Z<P#]|\\[dwAZzb]", pattern)
