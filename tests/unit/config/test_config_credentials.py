"""A credential in the project file is refused, and never shown by what refuses it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.config.load import load_project
from flowdsl.config.redaction import redact_credentials
from flowdsl.diagnostics.render.json import render_json
from flowdsl.diagnostics.render.text import render_text
from flowdsl.diagnostics.sink import Sink
from tests.support.rows import for_rows

CANARY = "ck_live_c4n4ry"
HEAD = '[project]\nname = "x"\n'


@for_rows(
    lambda: [
        f'[env.p]\napi = "local"\napi_key = "{CANARY}"',
        f'[env.p]\napi = "local"\napi_key = {CANARY}',
        f'[env.p]\napi = "local"\napi_key = "{CANARY}',
        f"[env.p]\napi = 'local'\napi_key = '{CANARY}'",
        f'[env.p]\napi = "local"\n"api_key" = "{CANARY}"',
        f'[env.p]\napi = "local"\napi-key = "{CANARY}"',
        f'[env.p]\napi = "local"\nApiKey = "{CANARY}"',
        f'[env.p]\napi = "local"\napi_key = {{ value = "{CANARY}" }}',
        f'[env.p]\napi = "local"\napi_key = {{ env = "A", value = "{CANARY}" }}',
        f'[env.p]\napi = "local"\napi_key = ["{CANARY}"]',
        f'[env.p]\napi = "local"\n[env.p.api_key]\nvalue = "{CANARY}"',
        f'[env.p]\napi = "local"\napi_key = ["x", # [\n"{CANARY}"]',
        f'[env.p]\napi = "local"\napi_key = [\n"""\n{CANARY}""", \'\'\'\n{CANARY}\'\'\'\n]',
        f'[env.p]\napi = "local"\napi_key = [{{ x = "]" }},\n{{ x = 1 }}, {{ y = "{CANARY}" }} ]',
        f'[env.p]\napi = "local"\napi_key.value = "{CANARY}"',
        f'[env.p]\napi = "local"\napi_key = "x\u2028{CANARY}"',
        f'[env.p]\napi = "local"\napi_key = "x\x0c{CANARY}"',
        f'[env.p]\napi = "local"\n"api_key" . env . value = "{CANARY}"',
        f'[env.p]\napi = "local"\n[env.p.api_key]\nvalue = [\n"x", "{CANARY}"]',
        f'[env.p]\napi = "local"\napi_key = """\n{CANARY}"""\nx = 1',
        f'env.p = {{ api = "local", api_key = "{CANARY}" }}',
        f'[env.p]\napi = "local"\napi_key: "{CANARY}"',
        f'[models.m]\nprovider = "a"\nmodel = "b"\napi_key = "{CANARY}"',
        f'[models.m]\nprovider = "a"\nmodel = "b"\ntoken = "{CANARY}"',
        f'[env.p]\napi = "local"\npassword = "{CANARY}" # {CANARY}',
    ]
)
def test_no_report_shows_the_credential(text: str) -> None:
    sink = Sink()
    assert load_project(HEAD + text + "\n", "flowdsl.toml", sink) is None
    found = sink.findings_in_order()
    assert found
    assert CANARY not in render_text(found, 1) + render_json(found) + repr(found)


def test_a_literal_key_is_refused_with_what_to_write() -> None:
    sink = Sink()
    load_project(f'{HEAD}[env.p]\napi = "local"\napi_key = "{CANARY}"\n', "flowdsl.toml", sink)
    (found,) = sink.findings_in_order()
    assert found.name == "api-key-in-config"
    assert found.span.first.line == 5
    assert found.help is not None and '{ env = "NAME" }' in found.help


@given(st.text(max_size=80))
def test_redaction_moves_nothing(text: str) -> None:
    result = redact_credentials(text)
    assert len(result) == len(text)
    assert [c for c in result if c.isspace()] == [c for c in text if c.isspace()]


def test_what_is_no_credential_stays_readable() -> None:
    text = (
        '[env.p]\napi = "local"\napi_key = { env = "CYBERDESK_API_KEY" }\n[lint]\nselect = ["x"]\n'
        '[env.q]\napi = "local"\napi_key.env = "ANOTHER"\nvars = { a = "b" }\n'
    )
    assert redact_credentials(text) == text
