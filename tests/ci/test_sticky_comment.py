"""One comment at a pull request, on GitHub and on GitLab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flowdsl_ci.comment.text import LIMIT
from flowdsl_ci.rest import Rest, RestError

from tests.support.rows import in_rows
from tests.support.services.fake_forge import Forge, github, gitlab, serving
from tests.support.services.pipeline import (
    EMPTY,
    MARKER,
    SUMMARY,
    TOKEN,
    Job,
    github_job,
    gitlab_job,
    outputs,
)

STRANGER = {"id": 9, "login": "mallory", "type": "User"}
BOT = {"id": 77, "login": "acme-ci", "username": "project_42_bot"}


class Place:
    """A forge with a thread, and how a plan with a comment is run there."""

    def __init__(self, forge: Forge, make: Callable[..., Job], word: list[str], edit: str) -> None:
        self.forge, self.edit = forge, edit
        self._make, self._words, self._runs = make, word, 0

    def plan(
        self, folder: Path, summary: str | None, code: int = 2, **codes: int
    ) -> tuple[int, str]:
        self._runs += 1
        here = folder / str(self._runs)
        here.mkdir()
        self.job = self._make(here, api=self.forge.url)
        self.job.script = {"codes": {"plan": code, **codes}, "summary": summary}
        return self.job.run(*self._words)

    @property
    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self.forge.comments]


@pytest.fixture(params=["github", "gitlab"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with ExitStack() as stack:
        if request.param == "github":
            forge = stack.enter_context(serving(github()))
            yield Place(forge, github_job, ["github"], "PATCH")
        else:
            forge = stack.enter_context(serving(gitlab(BOT)))
            yield Place(forge, gitlab_job, ["gitlab", "plan"], "PUT")


def test_a_comment_is_made_and_then_kept_up_to_date(place: Place, tmp_path: Path) -> None:
    assert place.plan(tmp_path, SUMMARY)[0] == 0
    (first,) = place.bodies
    assert first.startswith(SUMMARY.rstrip())
    assert "forge.test/acme/desktops" in first
    assert place.plan(tmp_path, SUMMARY.replace("1 to update", "2 to update"))[0] == 0
    (second,) = place.bodies
    assert "2 to update" in second and "1 to update" not in second
    assert len(place.forge.said("POST")) == len(place.forge.said(place.edit)) == 1


def test_the_same_plan_writes_nothing(place: Place, tmp_path: Path) -> None:
    place.plan(tmp_path, SUMMARY)
    place.plan(tmp_path, SUMMARY)
    assert place.forge.said(place.edit) == []
    assert len(place.bodies) == 1


def test_a_plan_that_became_empty_says_so_in_the_comment(place: Place, tmp_path: Path) -> None:
    place.plan(tmp_path, SUMMARY)
    place.plan(tmp_path, EMPTY, code=0)
    (body,) = place.bodies
    assert "No changes." in body and "1 to update" not in body


def test_an_empty_plan_makes_no_comment(place: Place, tmp_path: Path) -> None:
    assert place.plan(tmp_path, EMPTY, code=0)[0] == 0
    assert place.bodies == []


def test_a_commit_without_a_plan_does_not_leave_the_old_one_standing(
    place: Place, tmp_path: Path
) -> None:
    place.plan(tmp_path, SUMMARY)
    assert place.plan(tmp_path, None, code=11)[0] == 11
    (body,) = place.bodies
    assert body.startswith(MARKER)
    assert "There is no plan for this commit" in body and "Exit code 11" in body
    place.plan(tmp_path, SUMMARY)
    assert place.plan(tmp_path, None, check=1)[0] == 1
    (body,) = place.bodies
    assert "There is no plan for this commit" in body and "1 to update" not in body


def test_a_failure_before_the_first_plan_makes_no_comment(place: Place, tmp_path: Path) -> None:
    assert place.plan(tmp_path, None, code=4)[0] == 4
    assert place.bodies == []


def test_a_plan_that_is_stopped_is_shown_with_its_exit_code(place: Place, tmp_path: Path) -> None:
    assert place.plan(tmp_path, SUMMARY, code=9)[0] == 9
    (body,) = place.bodies
    assert body.startswith(MARKER) and "1 to update" in body
    assert "exit code 9" in body


def test_comments_of_others_are_left_alone(place: Place, tmp_path: Path) -> None:
    forged = place.forge.add(STRANGER, f"{MARKER}\nmine")["body"]
    quoted = place.forge.add(place.forge.as_author, f"About this:\n{MARKER}\n")["body"]
    other = place.forge.add(place.forge.as_author, "<!-- flowdsl-plan prj_6d6f2c1a/dev -->\n")
    place.plan(tmp_path, SUMMARY)
    place.plan(tmp_path, EMPTY, code=0)
    assert place.bodies[:3] == [forged, quoted, other["body"]]
    assert len(place.bodies) == 4
    assert "No changes." in place.bodies[3]


def test_a_comment_of_a_deleted_account_is_no_trouble(tmp_path: Path) -> None:
    with serving(github()) as forge:
        place = Place(forge, github_job, ["github"], "PATCH")
        forge.comments.append({"id": 5, "user": None, "body": None})
        assert place.plan(tmp_path, SUMMARY)[0] == 0
        assert len(place.bodies) == 2


@pytest.mark.parametrize("position", [0, 99, 100, 149])
def test_our_comment_is_found_on_any_page(place: Place, tmp_path: Path, position: int) -> None:
    for index in range(150):
        if index == position:
            place.forge.add(place.forge.as_author, f"{MARKER}\nold")
        else:
            place.forge.add(STRANGER, f"{MARKER}\nno. {index}")
    place.plan(tmp_path, SUMMARY)
    assert len(place.bodies) == 150
    assert place.bodies[position].startswith(SUMMARY.rstrip())


def test_a_hundred_comments_exactly(place: Place, tmp_path: Path) -> None:
    for _ in range(100):
        place.forge.add(STRANGER, "hello")
    place.plan(tmp_path, SUMMARY)
    assert len(place.bodies) == 101


def test_a_comment_made_twice_at_once_becomes_one(place: Place, tmp_path: Path) -> None:
    first = place.forge.add(place.forge.as_author, f"{MARKER}\nold")
    place.forge.add(place.forge.as_author, f"{MARKER}\nold too")
    place.plan(tmp_path, SUMMARY)
    assert [comment["id"] for comment in place.forge.comments] == [first["id"]]
    assert place.bodies[0].startswith(SUMMARY.rstrip())


def test_a_body_that_is_too_long_is_cut(place: Place, tmp_path: Path) -> None:
    rows = "".join(
        f"<details>\n\n```diff\n+ {'ä' * 500} {n}\n```\n\n</details>\n" for n in range(200)
    )
    place.plan(tmp_path, SUMMARY + rows)
    (body,) = place.bodies
    assert len(body.encode()) <= LIMIT
    assert body.count("<details>") == body.count("</details>")
    assert body.count("```diff") * 2 == body.count("```")
    assert "the job has the whole plan" in body
    assert "forge.test" in body.splitlines()[-1]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refusing_api_does_not_fail_the_plan(
    place: Place, tmp_path: Path, method: str, status: int
) -> None:
    place.forge.failing[method] = status
    code, text = place.plan(tmp_path, SUMMARY)
    assert code == 0
    assert f"answered with {status}" in text
    assert "warning" in text
    assert "<b>no</b>" not in text


def test_an_unreachable_api_does_not_fail_the_plan(tmp_path: Path) -> None:
    job = github_job(tmp_path, api="http://evil.test", comment="true")
    job.script = {"codes": {"plan": 2}, "summary": SUMMARY}
    code, text = job.run("github")
    assert code == 0
    assert "::warning title=FlowDSL::" in text
    assert outputs(job)["changes"] == "true"


def test_a_summary_without_its_marker_is_no_comment(place: Place, tmp_path: Path) -> None:
    code, text = place.plan(tmp_path, "## Plan\n")
    assert (code, place.bodies) == (0, [])
    assert "the line by which a comment is found again" in text


def test_the_token_stays_with_the_server_it_is_for(place: Place, tmp_path: Path) -> None:
    with serving(github()) as elsewhere:
        place.forge.redirect = f"{elsewhere.url}/user"
        code, text = place.plan(tmp_path, SUMMARY)
        assert elsewhere.requests == []
    assert code == 0 and "answered with 302" in text
    sent = [headers for _, _, headers in place.forge.requests]
    assert all(TOKEN in str(headers) for headers in sent)
    assert TOKEN not in str(place.forge.said("GET"))


def test_a_personal_token_knows_its_own_comments(tmp_path: Path) -> None:
    with serving(github(me=BOT)) as forge:
        place = Place(forge, github_job, ["github"], "PATCH")
        forge.add({"login": "github-actions[bot]"}, f"{MARKER}\nanother token's")
        place.plan(tmp_path, SUMMARY)
        place.plan(tmp_path, EMPTY, code=0)
        assert len(place.bodies) == 2
        assert "another token's" in place.bodies[0]


def test_the_token_of_an_app_is_told_its_name(tmp_path: Path) -> None:
    with serving(github()) as forge:
        forge.as_author = {"login": "acme-ci[bot]", "type": "Bot"}
        for run in ("1", "2"):
            (tmp_path / run).mkdir()
            job = github_job(tmp_path / run, api=forge.url, comment_author="acme-ci[bot]")
            job.script = {"codes": {"plan": 2}, "summary": SUMMARY + run}
            job.run("github")
        assert [comment["body"][: len(SUMMARY) + 1] for comment in forge.comments] == [
            SUMMARY + "2"
        ]


def test_without_a_wish_for_a_comment_the_api_is_left_alone(tmp_path: Path) -> None:
    with serving(github()) as forge:
        job = github_job(tmp_path, api=forge.url, comment="false")
        job.script = {"codes": {"plan": 2}, "summary": SUMMARY}
        assert job.run("github")[0] == 0
        assert forge.requests == []


def test_outside_a_pull_request_there_is_no_comment(tmp_path: Path) -> None:
    with serving(github()) as forge:
        job = github_job(tmp_path, api=forge.url, event="push", payload={"repository": {"id": 5}})
        job.script = {"codes": {"plan": 2}, "summary": SUMMARY}
        assert job.run("github")[0] == 0
        assert job.commands == ["fmt", "check", "test", "plan"]
        assert forge.requests == []


@in_rows(("method", "tries"), [("GET", 3), ("PATCH", 3), ("POST", 1)])
def test_only_what_cannot_happen_twice_is_tried_again(method: Any, tries: int) -> None:
    pauses: list[float] = []
    with serving(github()) as forge:
        forge.failing[method] = 502
        rest = Rest(forge.url, {}, pauses.append)
        with pytest.raises(RestError, match="answered with 502"):
            rest.call(method, forge.thread, None if method == "GET" else {"body": ""})
        assert len(forge.said(method)) == tries
    assert len(pauses) == tries - 1


@in_rows(
    "address", ["http://api.test", "file:///etc/passwd", "https://user@api.test", "", "https://a b"]
)
def test_a_token_goes_to_https_alone(address: str) -> None:
    with pytest.raises(RestError):
        Rest(address, {})
