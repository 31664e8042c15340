"""The job that keeps one issue open while the service differs from the main branch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.services.fake_forge import Forge, github_issues, gitlab_issues, serving
from tests.support.services.pipeline import EMPTY, SUMMARY, Job, github_job, gitlab_job

BOT = {"id": 77, "login": "acme-ci", "username": "project_42_bot"}
STRANGER = {"id": 9, "login": "mallory", "type": "User"}


class Repository:
    """A forge with issues, and how the job is run there."""

    def __init__(self, forge: Forge, folder: Path) -> None:
        self.forge, self._folder, self._runs = forge, folder, 0

    def compare(self, summary: str | None, plan: int = 2, **given: Any) -> tuple[int, str]:
        """Run the job with a plan that ends with a code; returns the job's code and its output."""
        self._runs += 1
        here = self._folder / str(self._runs)
        here.mkdir()
        self.job = self._job(here, **given)
        self.job.script = {"codes": {"plan": plan}, "summary": summary}
        github = self.forge.number == "number"
        return self.job.run(*(["github"] if github else ["gitlab", "drift"]))

    def _job(self, here: Path, **given: Any) -> Job:
        if self.forge.number != "number":
            source = "merge_request_event" if "payload" in given else "schedule"
            fork = {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "43"} if "payload" in given else {}
            return gitlab_job(here, api=self.forge.url, source=source, **fork)
        event = {"event": "schedule", "payload": {"repository": {"id": 5}}, **given}
        return github_job(here, api=self.forge.url, command="drift", **event)

    @property
    def bodies(self) -> list[str]:
        return [issue[self.forge.text] for issue in self.forge.comments]


@pytest.fixture(params=["github", "gitlab"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repository]:
    forge = github_issues() if request.param == "github" else gitlab_issues(BOT)
    with serving(forge):
        yield Repository(forge, tmp_path)


def test_one_issue_is_opened_kept_up_to_date_and_closed(repository: Repository) -> None:
    forge = repository.forge
    forge.add(STRANGER, SUMMARY)
    forge.add(forge.as_author, "Something else.")
    if forge.number == "number":  # GitHub lists pull requests among the issues
        forge.add(forge.as_author, SUMMARY)["pull_request"] = {}
    before = repository.bodies
    assert repository.compare(SUMMARY)[0] == 0
    assert repository.job.commands == ["plan"]
    made = forge.comments[-1]
    assert made["title"] == "FlowDSL: prod differs from the sources"
    assert made[forge.text].startswith(SUMMARY.rstrip())
    assert repository.compare(SUMMARY.replace("1 to update", "2 to update"))[0] == 0
    assert "2 to update" in made[forge.text]
    assert len(forge.said("POST")) == 1
    assert repository.compare(EMPTY, plan=0)[0] == 0
    assert forge.closed == [made] and "No changes" in made[forge.text]
    # What others wrote is left alone, also what looks like ours.
    assert repository.bodies == before
    assert repository.compare(EMPTY, plan=0)[0] == 0 and len(forge.closed) == 1


def test_what_could_not_be_compared_or_told_fails_the_job(repository: Repository) -> None:
    code, text = repository.compare(None, plan=11)
    assert code == 11 and "exit code 11" in text
    assert repository.forge.said("POST") == []
    repository.forge.failing = {"POST": 403}
    code, text = repository.compare(SUMMARY)
    assert code == 1 and "the token may not write issues" in text


def test_a_fork_compares_nothing(repository: Repository) -> None:
    fork = {"repository": {"id": 5}, "pull_request": {"head": {"repo": {"id": 6}}}}
    code, text = repository.compare(SUMMARY, event="pull_request", payload=fork)
    assert code == 64 and "nothing is compared" in text
    assert repository.job.calls == [] and repository.forge.requests == []
