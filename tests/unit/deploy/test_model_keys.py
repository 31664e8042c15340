"""Where keys of model providers go, as every form of a plan says it.

A new way of a key cannot be overlooked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.cli.commands.plan.markdown import render_markdown
from flowdsl.cli.views.plan import render_plan
from flowdsl.cli.views.plan_words import PLACES_SHOWN
from flowdsl.deploy.plan_file.writer import plan_document
from flowdsl.deploy.planning.model_keys import OWN_HOSTS, Endpoint, KeyRoute, key_routes
from flowdsl.deploy.planning.plan import Action, Plan
from flowdsl.diagnostics.render.cells import make_printable
from tests.support.flows.generated.plans import facts, gone, model_change
from tests.support.rows import for_rows, in_rows

HOSTILE = "https://keys.evil.test/v1"
OURS = "https://models.acme.test/v1"


def params(**values: Any) -> dict[str, Any]:
    return {"additional_params": values or None}


def route(*words: Any, **more: Any) -> KeyRoute:
    (found,) = key_routes([model_change("Main", *words, **more)])
    return found


def urls(**values: Any) -> list[tuple[str, str]]:
    return [(each.path, each.written) for each in route(None, params(**values)).endpoints]


def text(*words: Any, **more: Any) -> list[str]:
    plan = Plan((), (model_change("Main", *words, **more),), ())
    return [line for line in render_plan(plan, color=False).split("\n") if "key: " in line]


@in_rows(
    ("before", "after", "more", "said"),
    [
        (
            None,
            params(),
            {},
            "! key: `model.Main` calls the provider `openai` itself with the key from the "
            "environment variable `MODEL_KEY`; "
            "new configuration",
        ),
        (
            params(),
            params(),
            {},
            (
                "key: `model.Main` calls the provider `openai` itself with the key from the "
                "environment variable `MODEL_KEY`"
            ),
        ),
        (
            params(),
            params(base_url=HOSTILE),
            {},
            "! key: `model.Main` calls `https://keys.evil.test/v1` "
            "(`additional_params.base_url`) as the provider `openai` with "
            "the key from the environment variable `MODEL_KEY`; new endpoint, before: the "
            "provider `openai` itself",
        ),
        (
            params(base_url=OURS),
            params(base_url=OURS),
            {},
            "key: `model.Main` calls `https://models.acme.test/v1` "
            "(`additional_params.base_url`) as the provider `openai` with "
            "the key from the environment variable `MODEL_KEY`",
        ),
        (
            params(base_url=OURS),
            params(),
            {},
            "! key: `model.Main` calls the provider `openai` itself with the key from the "
            "environment variable `MODEL_KEY`; new "
            "endpoint, before: `https://models.acme.test/v1` (`additional_params.base_url`) "
            "as the provider `openai`",
        ),
        (
            params(),
            params(),
            {"key": ("file", "/run/keys/other")},
            "! key: `model.Main` calls the provider `openai` itself with the key from the "
            "file `/run/keys/other`; new key source, "
            "from which nothing is sent to a configuration that exists",
        ),
        (
            params(),
            params(),
            {"key": None},
            "! key: `model.Main` calls the provider `openai` itself with the key that the "
            "service keeps; no key source any more, "
            "and the service keeps the key it has",
        ),
        (
            params(),
            {"provider": "evil"},
            {},
            "! key: `model.Main` calls the provider `evil` itself with the key from the "
            "environment variable `MODEL_KEY`; new "
            "provider, before: `openai`",
        ),
        (
            params(),
            params(base_url=HOSTILE),
            {"key": None, "known_key": None},
            "! key: `model.Main` calls `https://keys.evil.test/v1` "
            "(`additional_params.base_url`) as the provider `openai` with "
            "the key that the service keeps; new endpoint, before: the provider `openai` itself",
        ),
        (
            None,
            params(base_url=HOSTILE),
            {"key": None},
            "! key: `model.Main` calls `https://keys.evil.test/v1` "
            "(`additional_params.base_url`) as the provider `openai` "
            "without a key of ours; new configuration",
        ),
    ],
)
def test_a_route_is_said_and_what_is_new_is_marked(
    before: Any, after: Any, more: dict[str, Any], said: str
) -> None:
    assert text(before, after, **more) == [said]
    plan = Plan((), (model_change("Main", before, after, **more),), ())
    markdown = render_markdown(plan, facts())
    warned = [line for line in markdown.split("\n") if "**Key of a model provider**" in line]
    assert bool(warned) == said.startswith("! ")
    assert ("keys of model providers, as before" in markdown) != bool(warned)
    (entry,) = plan_document(plan, facts())["model_keys"]
    assert bool(entry["news"]) == bool(warned)


def test_a_source_that_state_does_not_know_is_new() -> None:
    """State of an older version, or a configuration that was there before."""
    assert route(params(), params(), known_key=None).news == ("source",)


def test_a_configuration_without_key_and_endpoint_is_not_mentioned() -> None:
    change = model_change("Main", params(), params(), key=None, known_key=None, stored=False)
    assert key_routes([change]) == ()


@for_rows(
    lambda: [
        ({"base_url": HOSTILE}, [("additional_params.base_url", HOSTILE)]),
        ({"x": HOSTILE}, [("additional_params.x", HOSTILE)]),
        ({"x": "//evil.test"}, [("additional_params.x", "//evil.test")]),
        ({"x": "https:\\\\evil.test"}, [("additional_params.x", "https:\\\\evil.test")]),
        ({"x": "evil.test"}, [("additional_params.x", "evil.test")]),
        ({"x": "evil.test:8443/v1"}, [("additional_params.x", "evil.test:8443/v1")]),
        ({"x": "10.0.0.1"}, [("additional_params.x", "10.0.0.1")]),
        ({"x": "[::1]:80"}, [("additional_params.x", "[::1]:80")]),
        ({"x": "localhost:11434"}, [("additional_params.x", "localhost:11434")]),
        ({"x": "bücher.example"}, [("additional_params.x", "bücher.example")]),
        ({"openai_api_base": "gateway"}, [("additional_params.openai_api_base", "gateway")]),
        ({"Host": "x"}, [("additional_params.Host", "x")]),
        ({"a": {"proxies": ["p"]}}, [("additional_params.a.proxies[0]", "p")]),
        ({"a": [{"b": HOSTILE}]}, [("additional_params.a[0].b", HOSTILE)]),
        ({"top_p": 0.5, "stop": ["."], "effort": "high", "version": "2024-06-01"}, []),
        ({"model_name": "claude-3.5-sonnet", "other": "gpt-4.1-mini"}, []),
        ({"base_url": "https://api.openai.com/v1"}, []),
        ({"base_url": "https://api.openai.com"}, []),
    ]
)
def test_which_values_are_endpoints(row: tuple[dict[str, Any], list[tuple[str, str]]]) -> None:
    values, found = row
    assert urls(**values) == found


@in_rows(
    "lookalike",
    [
        "http://api.openai.com/v1",
        "https://api.openai.com.evil.test/v1",
        "https://api.openai.com@evil.test/v1",
        "https://evil.test/api.openai.com",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com\\@evil.test",
        "https://api.openai.com/v1?to=https://evil.test",
        "https://api.openai.com#@evil.test",
        "https://\u0430pi.openai.com/v1",
        "https://api.anthropic.com",
        " https://api.openai.com",
    ],
)
def test_what_only_looks_like_the_providers_own_is_shown(lookalike: str) -> None:
    assert urls(base_url=lookalike) == [("additional_params.base_url", lookalike)]
    assert Endpoint("x", lookalike).url.isascii()


@in_rows(
    ("url", "shown"),
    [
        ("https://user:canary@evil.test/v1", "https://***@evil.test/v1"),
        ("https://evil.test/v1?key=canary", "https://evil.test/v1?..."),
        ("https://evil.test#canary@api.openai.com", "https://evil.test?..."),
        ("https://evil.test?canary@api.openai.com", "https://evil.test?..."),
        ("https://evil.test\\@api.openai.com", "https://evil.test\\@api.openai.com"),
        ("https://evil.test/@api.openai.com", "https://evil.test/@api.openai.com"),
    ],
)
def test_a_credential_is_hidden_and_the_host_is_not(url: str, shown: str) -> None:
    assert Endpoint("x", url).url == shown


HOSTS = st.from_regex(r"[a-z]{1,9}(-[a-z0-9]{1,4}){0,2}\.test", fullmatch=True)
KEYS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)


@given(
    HOSTS,
    st.lists(KEYS | st.integers(0, 3), max_size=4),
    st.sampled_from([*sorted(OWN_HOSTS), "acme"]),
    st.sampled_from(
        ["https://{}", "http://{}/v1", "wss://{}", "{}", "https://me:Zq9@{}/x?y", "//{}:99"]
    ),
)
def test_no_host_hides_however_deep_it_stands(
    host: str, steps: list[str | int], provider: str, form: str
) -> None:
    value: Any = form.format(host)
    for step in reversed(steps):
        value = [*range(step), value] if isinstance(step, int) else {step: value}
    change = model_change(
        "Main", params(), {"provider": provider, "additional_params": {"x": value}}
    )
    plan = Plan((), (change,), ())
    (line,) = (
        line for line in render_plan(plan, color=False).split("\n") if line.startswith("! key: ")
    )
    assert (
        f"{host}" in line and "new endpoint" in line and "Zq9" not in line.replace(str(steps), "")
    )
    assert line == make_printable(line)
    first = render_markdown(plan, facts()).partition("### Look at these first\n\n")[2]
    assert first.startswith("- \N{WARNING SIGN} **Key of a model provider**")
    assert host in first.partition("\n")[0].replace("\u200b", "")


def test_a_new_endpoint_is_not_lost_among_many_and_among_long_ones() -> None:
    many = {f"url{n:02}": f"https://models.acme.test/{'x' * 3_000}{n}" for n in range(40)}
    found = text(params(**many), params(**many, zz_url=HOSTILE))
    assert f"calls `{HOSTILE}` (`additional_params.zz_url`), `https://models" in found[0]
    assert f"and {41 - PLACES_SHOWN} more as the provider" in found[0]
    assert len(found[0]) < 5_000


def test_the_warning_outlasts_everything_in_a_short_comment() -> None:
    change = model_change("Main", params(), params(base_url=HOSTILE))
    plan = Plan(tuple(gone(f"w{n:03}", Action.DELETE) for n in range(300)), (change,), ())
    short = render_markdown(plan, facts(), 2_000)
    assert "keys.evil.test" in short and "more" in short
    assert short.index("Key of a model provider") < short.index("**Deletes**")


def test_a_model_that_a_plan_leaves_out_is_not_in_it() -> None:
    plan = Plan((), (model_change("Main", params(), params(base_url=HOSTILE)),), ())
    assert key_routes(plan.without_others(["workflow.x"]).named) == ()


def test_the_mark_of_a_source_tells_kinds_apart() -> None:
    change = model_change("Main", params(), params(), known_key=("file", "MODEL_KEY"))
    assert key_routes([change])[0].news == ("source",)
    assert change.changes_state and not change.writes
    resulting_state = replace(change, prior=model_change("Main", params(), params()).prior)
    assert key_routes([resulting_state])[0].news == ()
