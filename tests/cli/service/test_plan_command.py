"""`flowdsl plan` and `deploy --plan`, in the embedded emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowdsl.emulator.store import Store
from tests.support.command_line import LOCAL_PROJECT, Result, read_tree, run_command, run_here
from tests.support.rows import check_rows

FLOW = """\
flow 1

## Opens a record.
workflow look_up {
  title = "Look up a patient"
  inputs { mrn: string }
  outputs { phone: string? }
  steps {
    step "Open" {
      do "Open the record of {mrn}."
      extract phone: string? from "the phone number"
      emit phone = phone
    }
  }
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flowdsl.toml").write_text(LOCAL_PROJECT)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/desk.flow").write_text(FLOW)
    return tmp_path


Run = Callable[..., Result]


@pytest.fixture
def run(project: Path) -> Run:
    return lambda *words, **environ: run_here(project, *words, CI="", **environ)


def change(project: Path, before: str, after: str) -> None:
    file = project / "flows/desk.flow"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def edit_by_hand(project: Path) -> None:
    data = project / ".flowdsl/emulator.sqlite"
    with Store.open(data) as store, store.write("org_local") as transaction:
        statement = "UPDATE workflows SET main_prompt = ?"
        transaction.connection.exec_driver_sql(statement, ("By hand.",))


def test_a_plan_writes_nothing(run: Run, project: Path) -> None:
    result = run("plan")
    assert result.code == 0 and "1 to create" in result.err
    assert not (project / ".flowdsl/state").exists()


def test_the_json_is_what_its_schema_says_and_standard_output_has_nothing_else(run: Run) -> None:
    schema = json.loads(run("debug", "plan-schema").text)
    Draft202012Validator.check_schema(schema)

    plan = json.loads(run("plan", "--json").text)

    Draft202012Validator(schema).validate(plan)
    assert (plan["kind"], plan["format_version"], plan["state"]) == ("plan", 1, None)
    assert plan["summary"]["create"] == 1


def test_a_saved_plan_is_carried_out_once_and_exactly(run: Run, project: Path) -> None:
    assert run("plan", "-o", "plan.json").code == 0
    assert run("deploy", "--yes", "--plan", "plan.json").code == 0
    again = run("deploy", "--yes", "--plan", "plan.json")
    assert again.code == 6 and "the saved plan no longer holds" in again.err


def test_open_writes_are_settled_before_a_saved_plan(run: Run, project: Path) -> None:
    run("deploy", "--yes")
    file = project / ".flowdsl/state/local.json"
    state = json.loads(file.read_bytes())
    deployed = state["resources"]["workflow.look_up"]
    write = {"id": "0" * 32, "action": "update", "address": "workflow.look_up", "generation": 1}
    write |= {"name": deployed["name"], "resource_id": deployed["id"]}
    write["created_at"] = "2026-01-01T00:00:00Z"
    file.write_text(json.dumps({**state, "pending": [write]}))
    change(project, "the phone number", "the mobile number")
    assert run("plan", "-o", "plan.json").code == 0
    refused = run("deploy", "--yes", "--plan", "plan.json")
    assert refused.code == 6, refused.err
    assert "an earlier deploy left writes open" in refused.err
    assert "`flowdsl recover --env local`" in refused.err
    assert run("recover", "--env", "local", "--yes").code == 0
    assert run("plan", "-o", "plan.json").code == 0
    assert run("deploy", "--yes", "--plan", "plan.json").code == 0


@pytest.mark.skipif(not os.path.islink("/dev/stdout"), reason="open files that have paths")
@pytest.mark.parametrize("started", [True, False], ids=["pipe", "file"])
def test_a_summary_and_a_plan_join_what_goes_to_standard_output(
    project: Path, started: bool
) -> None:
    words = ("plan", "--json", "-o", "/dev/stdout", "--summary-md", "/dev/stdout")
    result = run_command(project, *words, started=started, CI="")
    assert result.code == 0, result.err
    first, end = json.JSONDecoder().raw_decode(result.text)
    rest = result.text[end:].lstrip()
    second, end = json.JSONDecoder().raw_decode(rest)
    assert first == second and first["kind"] == "plan"
    assert rest[end:].lstrip().startswith("<!-- flowdsl-plan prj_1/local -->")


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_a_flow_whose_name_is_no_text_is_compiled_and_deployed(run: Run, project: Path) -> None:
    (project / "flows/desk.flow").rename(project / "flows/\udcff.flow")
    assert run("compile", "-o", "out").code == 0
    source_map = json.loads((project / "out/look_up/source_map.json").read_bytes())
    assert "flows/\udcff.flow" in json.dumps(source_map, ensure_ascii=False)
    assert run("plan", "-o", "plan.json").code == 0
    assert run("deploy", "--yes", "--plan", "plan.json").code == 0
    (kept,) = (project / ".flowdsl/state").rglob("source-maps/*.json")
    assert "flows/\udcff.flow" in json.dumps(json.loads(kept.read_bytes()), ensure_ascii=False)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: change(p, "the record", "the file"), "wants another"),
        (lambda p: change(p, "workflow look_up", "workflow look_it_up"), "workflow.look_it_up"),
        (edit_by_hand, "was edited since the plan was made"),
        (lambda p: run_here(p, "deploy", "--yes", CI=""), "another deploy brought it to"),
    ],
)
def test_a_saved_plan_that_no_longer_holds_writes_nothing(
    run: Run, project: Path, spoil: Callable[[Path], Any], said: str
) -> None:
    run("deploy", "--yes")
    change(project, "the phone number", "the mobile number")
    assert run("plan", "-o", "plan.json", "--detailed-exitcode").code == 2
    spoil(project)
    state = (project / ".flowdsl/state/local.json").read_bytes()

    result = run("deploy", "--yes", "--plan", "plan.json", "--on-drift", "overwrite")

    assert result.code == 6 and said in result.err
    assert (project / ".flowdsl/state/local.json").read_bytes() == state


FOREIGN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "more": lambda plan: {**plan, "more": 1},
    "format": lambda plan: {**plan, "format_version": 9},
    "kind": lambda plan: {**plan, "kind": "result"},
    "expired": lambda plan: {**plan, "expires_at": "2020-01-01T00:00:00Z"},
    "project": lambda plan: {**plan, "project": "prj_2"},
    "organisation": lambda plan: {**plan, "organization_id": "org_2"},
    "changes": lambda plan: {**plan, "changes": []},
}


def test_an_edited_foreign_or_expired_plan_is_refused(run: Run, project: Path) -> None:
    run("plan", "-o", "plan.json")
    file = project / "plan.json"
    plan = json.loads(file.read_text())

    def check(name: str) -> None:
        file.write_text(json.dumps(FOREIGN[name](plan)))
        assert run("deploy", "--yes", "--plan", "plan.json").code == 6
        assert not (project / ".flowdsl/state").exists()

    check_rows(FOREIGN, check)


def later(moment: str) -> str:
    return (datetime.fromisoformat(moment) + timedelta(hours=1)).isoformat()


EDITED: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "created": (lambda plan: plan.update(created_at=later(plan["created_at"])), "`expires_at` is"),
    "expires": (lambda plan: plan.update(expires_at=later(plan["expires_at"])), "`expires_at` is"),
    "summary": (lambda plan: plan["summary"].update(update=0), "`summary.update` is 0 in the plan"),
    "diff": (
        lambda plan: plan["changes"][0]["fields"][0].update(diff="  nothing"),
        '`changes[0].fields[0].diff` of `workflow.look_up` is "  nothing" in the plan',
    ),
    "before": (
        lambda plan: plan["changes"][0]["fields"][0].update(before_sha256="0" * 64),
        "`changes[0].fields[0].before_sha256` of `workflow.look_up` is",
    ),
    "after": (
        lambda plan: plan["changes"][0]["fields"][0].update(after_sha256="0" * 64),
        "the source now wants another `main_prompt`",
    ),
    "breaking": (lambda plan: plan.update(on_breaking="ignore"), "`changes[0].breaking` of"),
}
"""What somebody does to a plan, and what is said of it."""


def test_an_edited_plan_is_refused_before_anything_is_written(run: Run, project: Path) -> None:
    """`tests/unit/deploy/test_plan_file.py` edits every value there is."""
    run("deploy", "--yes")
    change(project, "the phone number", "the mobile number")
    change(project, "phone: string? }", "mobile: string? }")
    change(project, "extract phone: string?", "extract mobile: string?")
    change(project, "emit phone = phone", "emit mobile = mobile")
    assert run("plan", "-o", "plan.json", "--detailed-exitcode").code == 2
    file = project / "plan.json"
    whole = file.read_text()
    before = read_tree(project / ".flowdsl")

    def check(name: str) -> None:
        edit, said = EDITED[name]
        plan = json.loads(whole)
        edit(plan)
        file.write_text(json.dumps(plan))
        result = run("deploy", "--yes", "--plan", "plan.json")
        assert result.code == 6 and said in result.err, result.err
        assert read_tree(project / ".flowdsl") == before

    check_rows(EDITED, check)
    file.write_text(whole)
    assert run("deploy", "--yes", "--plan", "plan.json").code == 0


def test_a_deploy_of_a_plan_treats_breaking_changes_as_the_plan_did(
    run: Run, project: Path
) -> None:
    run("deploy", "--yes")
    change(project, "mrn: string", "mrn: string, site: string")
    change(project, "of {mrn}", "of {mrn} at {site}")
    assert run("plan", "-o", "plan.json", "--breaking", "error").code == 9
    refused = run("deploy", "--yes", "--plan", "plan.json")
    assert refused.code == 9 and "`--accept-guard breaking=1`" in refused.err
    other = run("deploy", "--yes", "--plan", "plan.json", "--breaking", "ignore")
    assert other.code == 6 and "`on_breaking` is" in other.err
    assert run("plan", "-o", "plan.json", "--breaking", "ignore").code == 0
    assert run("deploy", "--yes", "--plan", "plan.json").code == 0


def test_a_plan_that_is_cut_off_or_not_there(run: Run, project: Path) -> None:
    assert run("deploy", "--yes", "--plan", "plan.json").code == 64
    run("plan", "-o", "plan.json")
    (project / "plan.json").write_text((project / "plan.json").read_text()[:200])
    assert run("deploy", "--yes", "--plan", "plan.json").code == 6


def test_a_declared_tag_and_model_are_deleted_as_the_plan_says(run: Run, project: Path) -> None:
    file = project / "flowdsl.toml"
    file.write_text(
        LOCAL_PROJECT
        + (
            "[tags.ehr]\ncolor = 'red'\n[models.main]\nname = 'Main'\nprovider = 'openai'\nmodel "
            "= 'gpt'\n"
        )
        + "api_key = { env = 'MODEL_KEY' }\n"
    )
    assert run("deploy", "--yes", MODEL_KEY="k").code == 0
    resources = json.loads((project / ".flowdsl/state/local.json").read_text())["resources"]
    addresses = ["tag.ehr", "model.Main"]
    file.write_text(
        LOCAL_PROJECT
        + "".join(f"[[removed]]\naddress = '{each}'\nmode = 'delete'\n" for each in addresses)
    )

    planned = run("plan", "-o", "plan.json", "--summary-md", "plan.md")

    assert planned.code == 0, planned.err
    assert "- tag.ehr  is deleted for good" in planned.err
    assert "- model.Main  is deleted for good" in planned.err
    assert planned.err.endswith("1 up to date, 2 other objects to delete\n")
    assert "**Deletes** `tag.ehr`" in (project / "plan.md").read_text()
    changes = json.loads((project / "plan.json").read_text())["changes"]
    assert {change["address"]: (change["action"], change["workflow_id"]) for change in changes} == {
        address: ("delete", resources[address]["id"]) for address in addresses
    }
    done = run("deploy", "--yes", "--plan", "plan.json", "--result", "result.json")
    assert done.code == 0 and done.err.endswith("deployed to local: 2 other objects deleted\n")
    results = json.loads((project / "result.json").read_text())["results"]
    assert {result["address"]: (result["action"], result["id"]) for result in results} == {
        address: ("delete", resources[address]["id"]) for address in addresses
    }
    assert run("plan", "--detailed-exitcode").code == 0


def test_a_key_that_is_redirected_is_told_everywhere_and_its_value_nowhere(
    run: Run, project: Path
) -> None:
    canary = "key-canary-90aa"
    file = project / "flowdsl.toml"
    model = (
        "[models.main]\nname = 'Main'\nprovider = 'openai'\nmodel = 'gpt'\n"
        "api_key = { env = 'MODEL_KEY' }\n"
    )

    def planned(more: str) -> tuple[int, str, str, dict[str, Any]]:
        file.write_text(LOCAL_PROJECT + model + more)
        result = run(
            "plan", "--detailed-exitcode", "--json", "--summary-md", "plan.md", MODEL_KEY=canary
        )
        markdown = (project / "plan.md").read_text()
        assert canary not in result.err + result.text + markdown
        lines = [line for line in result.err.split("\n") if "key: `model.Main`" in line]
        (entry,) = json.loads(result.text)["model_keys"]
        return result.code, lines[0], markdown, entry

    code, line, markdown, entry = planned("")
    assert code == 2 and line.startswith("! key: ") and line.endswith("; new configuration")
    assert run("deploy", "--yes", MODEL_KEY=canary).code == 0
    state = (project / ".flowdsl/state/local.json").read_text()
    assert canary not in state and "MODEL_KEY" not in state

    code, line, markdown, entry = planned("")
    assert code == 0 and line.startswith("key: ") and entry["news"] == []
    assert "Key of a model provider" not in markdown

    # A pull request that has the key sent elsewhere: one line in `flowdsl.toml`.
    code, line, markdown, entry = planned(
        "additional_params = { base_url = 'https://evil.test/v1' }\n"
    )
    assert code == 2 and line.startswith("! key: ") and "`https://evil.test/v1`" in line
    first = markdown.partition("### Look at these first\n\n")[2].partition("\n")[0]
    assert first == (
        "- \N{WARNING SIGN} **Key of a model provider**: `model.Main` calls `https://evil.test/v1` "
        "(`additional_params.base_url`) as the provider `openai` with the key from the "
        "environment variable `MODEL_KEY`; new "
        "endpoint, before: the provider `openai` itself"
    )
    assert entry == {
        "address": "model.Main",
        "provider": "openai",
        "source": {"kind": "env", "name": "MODEL_KEY"},
        "stored": True,
        "endpoints": [{"path": "additional_params.base_url", "url": "https://evil.test/v1"}],
        "provider_before": "openai",
        "endpoints_before": [],
        "news": ["endpoints"],
    }

    model = model.replace("MODEL_KEY", "OTHER_KEY")
    code, line, markdown, entry = planned("")
    assert code == 2 and "`OTHER_KEY`; new key source" in line and entry["news"] == ["source"]
    assert run("deploy", "--yes", OTHER_KEY=canary).code == 0
    code, line, markdown, entry = planned("")
    assert code == 0 and entry["news"] == []


def test_breaking_changes_are_told_and_can_be_an_error(run: Run, project: Path) -> None:
    run("deploy", "--yes")
    change(project, "mrn: string", "mrn: string, site: string")
    change(project, "of {mrn}", "of {mrn} at {site}")

    told = run("plan", "--json")
    assert told.code == 0
    (entry,) = [c for c in json.loads(told.text)["changes"] if c["address"] == "workflow.look_up"]
    assert [broken["kind"] for broken in entry["breaking"]] == ["new-required-input"]
    refused = run("plan", "--breaking", "error")
    assert refused.code == 9 and "`--accept-guard breaking=1`" in refused.err
    assert run("deploy", "--yes", "--breaking", "error").code == 9
    assert run("plan", "--breaking", "error", "--accept-guard", "breaking=1").code == 0
    assert run("deploy", "--yes", "--breaking", "error", "--accept-guard", "breaking=1").code == 0


def test_the_summary_is_for_a_pull_request_and_goes_to_the_job(run: Run, project: Path) -> None:
    result = run("plan", "--summary-md", "plan.md", GITHUB_STEP_SUMMARY=str(project / "step.md"))
    assert result.code == 0
    text = (project / "plan.md").read_text()
    assert text.startswith("<!-- flowdsl-plan prj_1/local -->\n")
    assert (project / "step.md").read_text().rstrip("\n") == text.rstrip("\n")
    run("deploy", "--yes", GITHUB_STEP_SUMMARY=str(project / "step.md"))
    assert "1 created" in (project / "step.md").read_text()


def test_a_dirty_protected_tree_is_said_before_the_deploy(run: Run, project: Path) -> None:
    (project / "flowdsl.toml").write_text(LOCAL_PROJECT + "protected = true\n")
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    result = run("plan")
    assert result.code == 0 and "warning: a deploy would stop" in result.err
