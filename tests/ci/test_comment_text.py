"""The Markdown of the comment: short enough, closed where it is cut, known by its first line."""

from __future__ import annotations

from pathlib import Path

import pytest
from flowdsl_ci.comment.text import bounded, expected_marker, marker_of, with_note
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.cli.commands.plan.markdown import render_markdown
from flowdsl.deploy.planning.plan import Plan
from tests.support.flows.generated.plans import facts, model_change
from tests.support.rows import in_rows
from tests.support.services.changes import change_of
from tests.support.services.pipeline import MARKER, PROJECT, SUMMARY

BLOCKS = st.sampled_from(
    [
        "word " * 8 + "\n",
        "ä🙂" * 9 + "\n",
        "<details><summary>one</summary>\n\n```diff\n- a\n+ b\n```\n\n</details>\n",
        "<details>\n\n<details>\n\ninner\n\n</details>\n</details>\n",
        "````text\n```\n<details>\n```\n````\n",
        "~~~\n```\n~~~\n",
        "# no line break",
        "```code``` in a line\n",
        "one\u2028```\x0b~~~\n",
    ]
)


def left_open(text: str) -> tuple[str, int]:
    """The fence and details left open, by the rules of CommonMark for what is in `BLOCKS`."""
    fence, details = "", 0
    for line in text.split("\n"):
        bare = line.strip(" ")
        if fence:
            if bare and set(bare) == {fence[0]} and len(bare) >= len(fence):
                fence = ""
        elif bare.startswith(("```", "~~~")) and "`" not in bare.lstrip("`"):
            fence = bare[: len(bare) - len(bare.lstrip(bare[0]))]
        else:
            details += bare.count("<details>") - bare.count("</details>")
    return fence, details


@given(st.lists(BLOCKS, max_size=12), st.integers(300, 900))
def test_a_body_fits_and_is_closed(blocks: list[str], limit: int) -> None:
    text = SUMMARY + "".join(blocks)
    body = bounded(text, "<sub>log</sub>", limit)
    assert len(body.encode()) <= limit
    assert body.startswith(MARKER + "\n")
    assert body.endswith("\n<sub>log</sub>\n")
    assert left_open(body) == ("", 0)
    if "is left out here" not in body:
        assert text.rstrip() in body


@given(st.text(), st.integers(400, 1000))
def test_no_text_is_too_much(text: str, limit: int) -> None:
    assert len(bounded(text, "", limit).encode("utf-8", "surrogatepass")) <= limit


def test_a_text_that_fits_is_kept_whole() -> None:
    assert bounded(SUMMARY, "") == SUMMARY


@in_rows(
    "text",
    [
        "",
        "\n" + MARKER,
        f"text {MARKER}",
        f"{MARKER} more",
        "<!-- flowdsl-plan a/b/c -->",
        "<!-- flowdsl-plan a b/c -->",
        "<!-- flowdsl-plan a/b --><script>",
        "<!-- flowdsl-plan / -->",
    ],
)
def test_what_only_looks_like_a_marker_is_none(text: str) -> None:
    assert marker_of(text) is None


def test_line_breaks_of_windows_do_not_hide_a_marker() -> None:
    assert marker_of(SUMMARY.replace("\n", "\r\n")) == MARKER


def test_a_note_stands_below_the_marker() -> None:
    assert with_note(SUMMARY, "Stopped.").splitlines()[:2] == [MARKER, "**Stopped.**"]


@pytest.mark.parametrize("environment", ["prod", ""])
def test_the_marker_of_a_project(tmp_path: Path, environment: str) -> None:
    (tmp_path / "flowdsl.toml").write_text(PROJECT)
    assert expected_marker(tmp_path, environment) == MARKER


@pytest.mark.parametrize(
    "project",
    [
        "",
        "[project",
        "project = 3",
        '[project]\nid = "a --><b"\n[env.prod]\n',
        '[project]\nid = ["a"]\n[env.prod]\n',
        PROJECT + "[env.dev]\n",
        "\0",
    ],
)
def test_a_project_file_that_does_not_tell(tmp_path: Path, project: str) -> None:
    (tmp_path / "flowdsl.toml").write_text(project)
    assert expected_marker(tmp_path, "") is None
    assert expected_marker(tmp_path / "nowhere", "prod") is None


def test_a_key_that_goes_elsewhere_stays_in_the_comment_however_much_else_there_is() -> None:
    there = {"additional_params": {"base_url": "https://keys.evil.test/v1"}}
    redirected = model_change("Main", {"additional_params": None}, there)
    changes = tuple(
        change_of({"main_prompt": "a"}, {"main_prompt": "word " * 4_000}, name=f"w{number:02}")
        for number in range(40)
    )
    plan = Plan(changes, (redirected,), ())
    text = bounded(render_markdown(plan, facts(), 60_000), "footer", 2_000)
    assert marker_of(text) is not None
    assert text.index("**Key of a model provider**") < text.index("https://keys.evil.test/v1")
    assert text.index("new endpoint, before") < text.index("### Changes")
