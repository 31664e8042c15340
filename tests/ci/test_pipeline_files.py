"""The action, the workflows and the template.

Valid, linted, and without the mistakes that cost a secret.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from flowdsl_ci.commands import Settings
from flowdsl_ci.errors import MEANINGS
from ruamel.yaml import YAML

from flowdsl.cli.runtime import exit_codes
from tests.support.rows import in_rows

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / "docs/ci").glob("github-*.yml"))
OURS = sorted((ROOT / ".github/workflows").glob("*.yml"))
"""Those of this repository, not for users."""
TEMPLATE = ROOT / "docs/ci/gitlab-ci.yml"
TOOLS = Path(sysconfig.get_path("scripts"))
EXAMPLES = {
    "environment": "prod",
    "flowdsl-repository": "https://git.acme.test/tools/flowdsl.git",
    "flowdsl-commit": "0" * 40,
}


def load(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def template() -> tuple[dict[str, Any], str]:
    """The inputs of the template, and its jobs with the inputs put in as GitLab does."""
    header, jobs = TEMPLATE.read_text("utf-8").split("\n---\n")
    inputs = load(header)["spec"]["inputs"]
    values = EXAMPLES | {
        name: spec["default"] for name, spec in inputs.items() if "default" in spec
    }
    assert set(values) == set(inputs)
    return inputs, re.sub(r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda found: values[found[1]], jobs)


def strings(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    """Every text of a document with its path."""
    match value:
        case str():
            return [(path, value)]
        case dict():
            return [
                found
                for key, inner in value.items()
                for found in [((*path, str(key)), str(key)), *strings(inner, (*path, str(key)))]
            ]
        case list():
            return [found for inner in value for found in strings(inner, (*path, "-"))]
        case _:
            return []


def steps(path: Path) -> list[dict[str, Any]]:
    document = load(path.read_text("utf-8"))
    if path == ACTION:
        found: list[dict[str, Any]] = document["runs"]["steps"]
        return found
    return [step for job in document["jobs"].values() for step in job["steps"]]


def scripts() -> dict[str, tuple[str, str]]:
    """Every piece of shell, with the shell it is for."""
    found = {
        f"action.yml step {index}": ("bash", step["run"])
        for index, step in enumerate(steps(ACTION))
        if "run" in step
    }
    for path in OURS:
        for index, step in enumerate(steps(path)):
            if "run" in step:
                found[f"{path.name} step {index}"] = ("bash", step["run"])
    for path in sorted((ROOT / "ci").glob("*.sh")):
        found[path.name] = ("bash", path.read_text("utf-8"))
    jobs = load(template()[1])
    for name, job in jobs.items():
        before = jobs[job["extends"]]["before_script"] if "extends" in job else []
        lines = [*before, *job.get("script", job.get("before_script", []))]
        found[f"{TEMPLATE.name} {name}"] = ("sh", "\n".join(lines))
    return found


def tool(*words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    name, *rest = words
    return subprocess.run(
        [str(TOOLS / name), *rest], input=stdin, capture_output=True, text=True, timeout=120
    )


def schema(name: str, *files: Path) -> None:
    done = tool("check-jsonschema", "--builtin-schema", f"vendor.{name}", *map(str, files))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_and_the_workflows_have_the_form_of_github() -> None:
    schema("github-actions", ACTION)
    schema("github-workflows", *WORKFLOWS, *OURS)


def test_the_template_has_the_form_of_gitlab(tmp_path: Path) -> None:
    header = tmp_path / "header.yml"
    header.write_text(TEMPLATE.read_text("utf-8").split("\n---\n")[0])
    jobs = tmp_path / "jobs.yml"
    jobs.write_text(template()[1])
    schema("gitlab-ci", header, jobs)


def test_zizmor_finds_nothing() -> None:
    done = tool(
        "zizmor",
        *("--offline", "--no-progress", "--persona", "auditor", "--format", "json", "--no-config"),
        *map(str, (ACTION, *WORKFLOWS, *OURS)),
    )
    found = [
        (one["ident"], one["desc"], one["locations"][0]["symbolic"]["key"])
        for one in json.loads(done.stdout)
    ]
    assert (done.returncode, found) == (0, [])


def test_zizmor_looks_at_what_it_is_given(tmp_path: Path) -> None:
    bad = tmp_path / "action.yml"
    text = ACTION.read_text("utf-8").replace("set -euo pipefail", "echo ${{ github.head_ref }}")
    bad.write_text(text)
    assert tool("zizmor", "--offline", "--no-progress", str(bad)).returncode != 0


@in_rows("name", scripts())
def test_shellcheck_finds_nothing(name: str) -> None:
    shell, text = scripts()[name]
    done = tool("shellcheck", "--shell", shell, "-", stdin=text)
    assert done.returncode == 0, done.stdout


@in_rows("path", [ACTION, *WORKFLOWS, *OURS], ids=lambda path: path.name)
def test_expressions_stand_outside_of_scripts(path: Path) -> None:
    texts = strings(load(path.read_text("utf-8")))
    assert any("${{" in text for _, text in texts)
    assert [text for at, text in texts if at[-1] == "run" and "${{" in text] == []


def test_inputs_of_the_template_stand_outside_of_scripts() -> None:
    jobs = load(TEMPLATE.read_text("utf-8").split("\n---\n")[1])
    texts = strings(jobs)
    assert any("$[[" in text for _, text in texts)
    inside = [text for at, text in texts if {"script", "before_script"} & set(at) and "$[[" in text]
    assert inside == []


@in_rows("path", [ACTION, *WORKFLOWS, *OURS], ids=lambda path: path.name)
def test_foreign_actions_are_pinned_by_commit_with_their_version(path: Path) -> None:
    lines = re.findall(r"uses: (\S+)( # v\d+\.\d+\.\d+)?$", path.read_text("utf-8"), re.MULTILINE)
    assert lines
    for action, version in lines:
        name, _, commit = action.partition("@")
        assert re.fullmatch("[0-9a-f]{40}", commit), action
        # Ours is a placeholder that fetches nothing.
        assert (name == "owner/flowdsl" and set(commit) == {"0"}) or version, action


def test_files_name_the_same_commit_of_the_same_action() -> None:
    used: dict[str, set[str]] = {}
    for path in (ACTION, *WORKFLOWS, *OURS):
        for step in steps(path):
            if "uses" in step:
                name, _, commit = step["uses"].partition("@")
                used.setdefault(name, set()).add(commit)
    assert {name: len(commits) for name, commits in used.items()} == dict.fromkeys(used, 1)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_key_is_the_only_secret_and_reaches_one_step_of_a_job_with_an_environment(
    path: Path,
) -> None:
    document = load(path.read_text("utf-8"))
    everywhere = re.findall(r"secrets\.?\S*", re.sub("#.*", "", path.read_text("utf-8")))
    assert set(everywhere) == {"secrets.CYBERDESK_API_KEY"}
    assert "secrets" not in str(document.get("env")) and document["permissions"] == {}
    for name, job in document["jobs"].items():
        holders = [step for step in job["steps"] if "secrets." in str(step)]
        assert "secrets." not in str({key: job[key] for key in job if key != "steps"})
        assert [step["uses"].partition("@")[0] for step in holders] == (
            [] if name == "check" else ["owner/flowdsl"]
        )
        assert all("secrets." not in str(step.get("with")) for step in holders)
        assert ("environment" in job) == bool(holders)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_have_the_fewest_permissions_and_forks_none_of_value(path: Path) -> None:
    document = load(path.read_text("utf-8"))
    assert set(document["on"]) == {"pull_request", "push", "schedule", "workflow_dispatch"}
    jobs = document["jobs"]
    cloud = {"id-token": "write"} if "configure-aws-credentials" in path.read_text() else {}
    state = "read" if cloud else "write"
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "check": {"contents": "read"},
        "plan": {"contents": "read", "pull-requests": "write", **cloud},
        "deploy": {"contents": state, **cloud},
        "drift": {"contents": "read", "issues": "write", **cloud},
    }
    same = "github.event.pull_request.head.repo.id == github.event.pull_request.base.repo.id"
    assert same in jobs["plan"]["if"]
    assert same.replace("==", "!=") in jobs["check"]["if"]
    assert jobs["deploy"]["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"
    asked = "(github.event_name == 'schedule' || github.event_name == 'workflow_dispatch')"
    assert jobs["drift"]["if"] == f"{asked} && github.ref == 'refs/heads/main'"
    assert jobs["drift"]["environment"] == jobs["plan"]["environment"]
    assert jobs["deploy"]["concurrency"]["cancel-in-progress"] is False
    assert jobs["deploy"]["environment"] != jobs["plan"]["environment"]


def test_every_input_of_the_action_reaches_the_program_and_nothing_else_does() -> None:
    document = load(ACTION.read_text("utf-8"))
    (step,) = (step for step in steps(ACTION) if "run" in step)
    expected = {
        f"FLOWDSL_ACTION_{name.upper().replace('-', '_')}": f"${{{{ inputs.{name} }}}}"
        for name in document["inputs"]
        if name != "python-version"
    }
    assert step["env"] == expected
    code = "".join(file.read_text("utf-8") for file in (ROOT / "ci").rglob("*.py"))
    assert [name for name in document["inputs"] if f'"{name}"' not in code] == ["python-version"]
    assert [name for name in document["outputs"] if f'outputs["{name}"]' not in code] == []
    assert not [name for name in document["inputs"] if "key" in name]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_use_inputs_that_exist(path: Path) -> None:
    known = set(load(ACTION.read_text("utf-8"))["inputs"])
    for step in steps(path):
        if step.get("uses", "").startswith("owner/flowdsl@"):
            assert set(step["with"]) <= known
            assert all(isinstance(value, str) for value in step["with"].values())


def test_the_template_gives_the_key_no_job_of_a_fork() -> None:
    jobs = {name: job for name, job in load(template()[1]).items() if not name.startswith(".")}
    check, plan, deploy, drift = (
        jobs.pop(f"flowdsl-{name}-prod") for name in ("check", "plan", "deploy", "drift")
    )
    assert not jobs
    assert drift["environment"] == plan["environment"]
    [rule] = drift["rules"]
    assert rule["if"] == (
        '$CI_PIPELINE_SOURCE == "schedule" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'
    )
    assert "environment" not in check and "id_tokens" not in check
    assert plan["environment"] == {"name": "prod/plan", "action": "verify"}
    assert deploy["environment"] == {"name": "prod"}
    assert deploy["resource_group"] == "flowdsl-prod" and deploy["interruptible"] is False
    same = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID"
    assert [same in rule["if"] for rule in plan["rules"]] == [True]
    assert [same.replace("==", "!=") in rule["if"] for rule in check["rules"]] == [True]
    assert [rule["if"] for rule in deploy["rules"]] == [
        '$CI_PIPELINE_SOURCE != "merge_request_event" && $CI_PIPELINE_SOURCE != "schedule"'
        " && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
    ]
    assert "CYBERDESK_API_KEY" not in str(jobs)


def test_two_environments_of_the_template_share_no_job() -> None:
    jobs = load(TEMPLATE.read_text("utf-8").split("\n---\n")[1])
    assert all("$[[ inputs.environment ]]" in name for name in jobs)


def test_choices_of_the_template_are_those_of_the_program() -> None:
    inputs, jobs = template()
    for value in inputs["breaking"]["options"]:
        Settings(breaking=value)
    for value in inputs["fail-on"]["options"]:
        Settings(fail_on=value)
    for value in inputs["on-drift"]["options"]:
        Settings(on_drift=value)
    code = "".join(file.read_text("utf-8") for file in (ROOT / "ci").rglob("*.py"))
    given = set(re.findall(r"FLOWDSL_CI_(\w+):", jobs)) - {"REPOSITORY", "COMMIT"}
    assert [name for name in given if f'"{name.lower().replace("_", "-")}"' not in code] == []


def test_the_program_needs_the_standard_library_alone() -> None:
    names: set[str] = set()
    for file in (ROOT / "ci").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add((node.module or "").partition(".")[0])
    assert names - {"flowdsl_ci"} <= sys.stdlib_module_names


def test_every_exit_code_is_known_to_the_jobs_and_to_the_document() -> None:
    numbers = {
        value
        for name, value in vars(exit_codes).items()
        if name.isupper() and isinstance(value, int)
    }
    failures = numbers - {exit_codes.SUCCESS, exit_codes.CHANGES}
    assert set(MEANINGS) >= failures
    section = (ROOT / "docs/ci.md").read_text("utf-8").partition("## Exit codes")[2]
    rows = re.findall(r"^\| (\d[\d, ]*) \|", section, re.MULTILINE)
    assert sorted(int(code) for row in rows for code in row.split(", ")) == sorted(MEANINGS)


@in_rows(
    "changed", ["flows/a.flow", "flowdsl.toml", "parts/a.prompt", "parts/in.json", "icon.png", None]
)
def test_the_hook_checks_after_any_change_also_a_deletion(changed: str | None) -> None:
    """pre-commit passes only existing files to a hook; without any it runs only `always_run`."""
    hooks = load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    check, fmt, test = (
        next(each for each in hooks if each["id"] == f"flowdsl-{name}")
        for name in ("check", "fmt", "test")
    )
    assert (test["always_run"], test["pass_filenames"]) == (True, False)
    assert test["entry"] == "flowdsl test --pass-with-no-tests"
    matching = changed is not None and re.search(check.get("files", ""), changed)
    assert check.get("always_run") or matching
    assert check["pass_filenames"] is False
    assert fmt["files"] == r"\.flow$" and not fmt.get("always_run")
