"""`flowdsl pull` against the local service.

What was edited there comes into the source, and a deploy has nothing to do then.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import json
import re
import shutil
import stat
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from flowdsl.cli.main import run
from flowdsl.emulator.store import Store
from tests.support.command_line import Result, read_tree, write_tree
from tests.support.effort import rows
from tests.support.services.embedded_service import Client, Service

PROJECT = """\
[project]
name = "desk"
id = "prj_5e1ec7ed"

[env.local]
api = "local"
"""
FLOW = """\
flow 1

# Kept by the dispatch desk.
## Looks up a parcel.
workflow parcel_lookup {
  title = "Parcel lookup"  # as on the wall
  webhooks = true

  inputs {
    ## The number on the label.
    parcel_no: string
    day: date
  }
  outputs { status: string }

  steps {
    # first the search
    step "Find the parcel" {
      do "Open the search of \\"Parcels\\" and type {parcel_no}."
      press "Enter"  # not Tab
      expect "the parcel is shown"
    }

    step "Read it" {
      extract status: string from "the cell \\"Status\\""
      emit status = status
    }
  }
}
"""


class Desk:
    """A project that was deployed to its embedded service."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, root: Path, files: Mapping[str, str | bytes]) -> Desk:
        """Make files below `root` and deploy what is there."""
        write_tree(root, dict(files))
        desk = cls(root)
        done = desk.deploy()
        assert done.code == 0, done.err
        return desk

    def run(self, *words: str) -> Result:
        """The command in this process: starting one takes longer than all it does."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
        with contextlib.chdir(self.root), redirect_stdout(out), redirect_stderr(err):
            code = run(["--color=never", *words])
        out.flush()
        err.flush()
        said = err.buffer.getvalue().decode()  # type: ignore[attr-defined]
        assert "internal error" not in said, said
        return Result(code, out.buffer.getvalue(), said)  # type: ignore[attr-defined]

    def deploy(self) -> Result:
        return self.run("deploy", "--yes", "--env", "local")

    def pull(self, *words: str) -> Result:
        return self.run("pull", "--env", "local", *words)

    def client(self, method: str, path: str, **given: Any) -> Any:
        with Store.open(self.root / ".flowdsl/emulator.sqlite") as store:
            reply = Client(store)(method, path, **given)
            assert reply.status_code < 300, reply.text
            return reply.json() if reply.content else None

    def live(self, title: str) -> dict[str, Any]:
        (found,) = [each for each in Service(self.root).replies().values() if each["name"] == title]
        return found

    def edit(self, title: str, **fields: Any) -> None:
        self.client("PATCH", f"workflows/{self.live(title)['id']}", json=fields)

    def reword(self, title: str, *pairs: tuple[str, str]) -> None:
        prompt = self.live(title)["main_prompt"]
        for old, new in pairs:
            assert old in prompt
            prompt = prompt.replace(old, new)
        self.edit(title, main_prompt=prompt)

    def sources(self) -> dict[str, bytes]:
        return {
            path: content
            for path, content in read_tree(self.root).items()
            if not path.startswith(".flowdsl/")
        }

    def is_settled(self) -> None:
        """A deploy sends nothing, and a second pull has nothing to bring."""
        before = Service(self.root).replies()
        sources = self.sources()
        done = self.deploy()
        assert done.code == 0, done.err
        assert "nothing to do" in done.err
        again = self.pull("--all", "--yes")
        assert (again.code, again.out) == (0, b""), again.err
        assert again.err.startswith("nothing to pull: ")
        assert Service(self.root).replies() == before
        assert self.sources() == sources


def _without_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "FLOWDSL_ENV"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_environment(monkeypatch)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of one workflow as it is after its first deploy."""
    root = tmp_path_factory.mktemp("deployed")
    with pytest.MonkeyPatch.context() as monkeypatch:
        _without_environment(monkeypatch)
        Desk.of(root, {"flowdsl.toml": PROJECT, "flows/parcel.flow": FLOW})
    return root


@pytest.fixture
def desk(tmp_path: Path, deployed: Path) -> Desk:
    shutil.copytree(deployed, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path)


def changed_lines(before: bytes, after: bytes) -> tuple[list[str], list[str]]:
    """The lines that went and those that came; the others stand in their order."""
    old, new = before.decode().split("\n"), after.decode().split("\n")
    gone: list[str] = []
    come: list[str] = []
    for line in difflib.ndiff(old, new):
        if line.startswith("- "):
            gone.append(line[2:])
        elif line.startswith("+ "):
            come.append(line[2:])
    return gone, come


def test_drift_is_pulled_and_a_deploy_has_nothing_to_do(desk: Desk) -> None:
    before = desk.sources()["flows/parcel.flow"]
    desk.reword("Parcel lookup", ("Open the search", 'Open the <b>quick</b> search "2"'))
    assert desk.deploy().code == 6

    done = desk.pull("parcel_lookup", "--yes")

    assert done.code == 0, done.err
    assert done.text == "flows/parcel.flow\n"
    assert changed_lines(before, desk.sources()["flows/parcel.flow"]) == (
        ['      do "Open the search of \\"Parcels\\" and type {parcel_no}."'],
        ['      do "Open the <b>quick</b> search \\"2\\" of \\"Parcels\\" and type {parcel_no}."'],
    )
    desk.is_settled()


def test_diff_only_shows(desk: Desk) -> None:
    desk.edit("Parcel lookup", is_webhooks_enabled=False)
    before = desk.sources()

    done = desk.pull("workflow.parcel_lookup", "--diff")

    assert done.code == 0, done.err
    assert "-  webhooks = true\n+  webhooks = false\n" in done.text
    assert done.text.startswith("--- flows/parcel.flow\n+++ flows/parcel.flow\n")
    assert desk.sources() == before


def test_a_test_that_an_edit_breaks_is_named_and_one_that_failed_before_is_not(
    tmp_path: Path,
) -> None:
    tests = """
test "it says where" for parcel_lookup {
  given { parcel_no = "7" day = "2026-01-02" }
  reads { status = "gone" }
  outputs { status = "gone" }
  prompt contains "and type"
}
test "it is known" for parcel_lookup {
  given { parcel_no = "8" day = "2026-01-02" }
  reads { status = "gone" }
  outputs { status = "here" }
}
"""
    desk = Desk.of(tmp_path, {"flowdsl.toml": PROJECT, "flows/parcel.flow": FLOW + tests})
    desk.reword("Parcel lookup", ("Open the search", "Open the quick search"))
    assert "will fail" not in desk.pull("parcel_lookup", "--diff").err
    desk.reword(
        "Parcel lookup",
        ("and type", "and write"),
    )

    done = desk.pull("parcel_lookup", "--diff")

    assert "the test `it says where` of `parcel_lookup` passes now and will fail: " in done.err
    assert "it is known" not in done.err


def test_the_test_of_a_task_that_an_edit_breaks_is_named(tmp_path: Path) -> None:
    flow = """flow 1

import { find } from "./lib/find.flow"

workflow lookup {
  title = "Lookup"
  inputs { number: string }
  steps { call find(number: number) }
}
"""
    task = """flow 1

task find(number: string) {
  do "Open the search and type {number}."
}

test "it types" for task find {
  given { number = "7" }
  prompt contains "and type"
}
test "it opens" for task find {
  given { number = "7" }
  prompt contains "Open the"
}
"""
    files = {"flowdsl.toml": PROJECT, "flows/lookup.flow": flow, "flows/lib/find.flow": task}
    desk = Desk.of(tmp_path, files)
    desk.reword("Lookup", ("and type", "and write"))

    done = desk.pull("lookup", "--diff")

    assert "and write" in done.text
    assert "the test `it types` of `find` passes now and will fail: " in done.err
    assert "it opens" not in done.err


def test_settings_fields_and_tags_come_in_together(desk: Desk) -> None:
    live = desk.live("Parcel lookup")
    schema = json.loads(live["input_schema"])
    schema["properties"]["parcel_no"] |= {"pattern": "^[0-9]+$", "description": "The long number."}
    desk.edit(
        "Parcel lookup",
        includes_file_exports=True,
        input_schema=json.dumps(schema),
        terminal_command_allowlist=["Get-Date"],
    )
    tag = desk.client("POST", "workflow-tags", json={"name": "desk one"})["id"]
    desk.client("POST", f"workflows/{live['id']}/tags", json={"tag_ids": [tag]})

    done = desk.pull("parcel_lookup", "--yes")

    assert done.code == 0, done.err
    gone, come = changed_lines(FLOW.encode(), desk.sources()["flows/parcel.flow"])
    assert gone == ["    ## The number on the label.", "    parcel_no: string"]
    assert [line.strip() for line in come if line.strip()] == [
        "file_exports = true",
        'tags = ["desk one"]',
        "## The long number.",
        'parcel_no: string @pattern(r"^[0-9]+$")',
        "terminal {",
        'allow = ["Get-Date"]',
        "}",
    ]
    desk.is_settled()


def test_line_breaks_a_mark_and_permissions_stay(tmp_path: Path) -> None:
    source = b"\xef\xbb\xbf" + FLOW.replace("\n", "\r\n").encode()
    desk = Desk.of(tmp_path, {"flowdsl.toml": PROJECT, "flows/parcel.flow": source})
    path = tmp_path / "flows/parcel.flow"
    path.chmod(0o640)
    lines = desk.live("Parcel lookup")["main_prompt"]
    rest = lines.index("2. Press enter.")
    numbers = {"2. ": "3. ", "3. ": "4. ", "4. ": "5. "}
    added = lines[:rest] + "2. Let the list stop moving.\n"
    added += re.sub(r"^\d\. ", lambda found: numbers[found[0]], lines[rest:], flags=re.MULTILINE)
    assert added != lines
    desk.edit("Parcel lookup", main_prompt=added, includes_file_exports=True)

    done = desk.pull("parcel_lookup", "--yes")

    assert done.code == 0, done.err
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    gone, come = changed_lines(source.replace(b"\r\n", b"\n"), content.replace(b"\r\n", b"\n"))
    assert (gone, [line.strip() for line in come]) == (
        [],
        ["file_exports = true", 'do "Let the list stop moving."'],
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    desk.is_settled()


@pytest.mark.parametrize(
    "prompt",
    rows(
        [
            "Entirely by hand.",
            'A secret {$pin}? {# no #} """ \\{x} \\ {{status}} {parcel_no} }} {{ }\n\n"',
            "# head\r\nline\r\n\tTab \u00e9\u6f22 \U0001f600 <img src=x onerror=alert(1)>\n",
            "\ufeffmarked\n  trailing  \n",
            '"}\n}\nworkflow evil { steps { do "x" } }\n',
        ],
        *(1, 3),
    ),
)
def test_a_prompt_that_no_statements_give_is_kept_to_the_letter(desk: Desk, prompt: str) -> None:
    desk.edit("Parcel lookup", main_prompt=prompt)

    done = desk.pull("parcel_lookup", "--yes", "--as-file")

    sources = desk.sources()
    if done.code == 6:
        # The text names what the workflow does not have, which is an error in a file, too.
        assert "main_prompt" in done.err
        assert sources == {"flowdsl.toml": PROJECT.encode(), "flows/parcel.flow": FLOW.encode()}
        return
    assert done.code == 0, done.err
    assert "kept verbatim in `flows/parcel_lookup.prompt.md`" in done.err
    mark = (
        "\ufeff" if prompt.startswith("\ufeff") else ""
    )  # else the reader would take the prompt's own for one
    assert sources["flows/parcel_lookup.prompt.md"].decode() == mark + prompt
    assert b"flows/*.prompt.md -text" in sources[".gitattributes"]
    flow = sources["flows/parcel.flow"].decode()
    assert 'prompt from "./parcel_lookup.prompt.md"' in flow
    assert "# Kept by the dispatch desk." in flow and "# as on the wall" in flow
    desk.is_settled()

    desk.edit("Parcel lookup", main_prompt=prompt + "More.")
    assert desk.pull("parcel_lookup", "--yes").text == "flows/parcel_lookup.prompt.md\n"
    desk.is_settled()


def test_a_title_that_only_the_dashboard_shows_is_sent_in_the_prompt_by_the_next_deploy(
    desk: Desk,
) -> None:
    desk.edit("Parcel lookup", name='Parcels "2"')

    done = desk.pull("parcel_lookup", "--yes")

    assert done.code == 0, done.err
    assert '  - Workflow: Parcel lookup\n  + Workflow: Parcels "2"\n' in done.err
    assert changed_lines(FLOW.encode(), desk.sources()["flows/parcel.flow"]) == (
        ['  title = "Parcel lookup"  # as on the wall'],
        ['  title = "Parcels \\"2\\""  # as on the wall'],
    )
    deployed = desk.deploy()
    assert deployed.code == 0, deployed.err
    assert desk.live('Parcels "2"')["main_prompt"].startswith('Workflow: Parcels "2"\n')
    desk.is_settled()


def test_a_bullet_that_no_statement_gives_is_a_do_and_the_next_deploy_puts_it_right(
    desk: Desk,
) -> None:
    bullet = "   - Check “the parcel is shown”."
    added = f"{bullet}\n   - Close the tip.\n   - Look at the map."
    desk.reword("Parcel lookup", (bullet, added))

    done = desk.pull("parcel_lookup", "--yes")

    assert done.code == 0, done.err
    assert changed_lines(FLOW.encode(), desk.sources()["flows/parcel.flow"]) == (
        [],
        ['      do "Close the tip."', '      do "Look at the map."'],
    )
    assert "the next deploy changes these lines of the prompt" in done.err
    assert done.err.endswith("`flowdsl deploy --env local` sends the lines that it changes\n")
    again = desk.pull("--all", "--yes")
    assert (again.code, again.out) == (0, b""), again.err

    edited = desk.live("Parcel lookup")["main_prompt"]
    desk.reword("Parcel lookup", ("Look at the map.", "Look at the map twice."))
    refused = desk.deploy()
    assert refused.code == 6, "an edit since the pull is not lost"
    assert "was edited since the last deploy" in refused.err
    desk.edit("Parcel lookup", main_prompt=edited)
    deployed = desk.deploy()
    assert deployed.code == 0, deployed.err
    assert "Close the tip." in desk.live("Parcel lookup")["main_prompt"]
    desk.is_settled()


def test_a_test_that_an_edit_leaves_without_its_statement_is_asked_about(tmp_path: Path) -> None:
    tests = 'test "a parcel" for parcel_lookup {\n  given { parcel_no = "7" day = "2026-01-01" }\n'
    tests += '  reads { status = "there" }\n  does press "Enter"\n}\n'
    files = {"flowdsl.toml": PROJECT, "flows/parcel.flow": FLOW + "\n" + tests}
    desk = Desk.of(tmp_path, files)
    desk.reword("Parcel lookup", ("2. Press enter.\n", ""))

    done = desk.pull("parcel_lookup", "--yes")

    assert done.code == 0, done.err
    assert "a test will no longer check: nothing in `parcel_lookup` does" in done.err
    assert "next: change the tests named above" in done.err
    assert b'press "Enter"  # not Tab' not in desk.sources()["flows/parcel.flow"]


def test_a_title_that_was_changed_in_the_prompt_as_well_is_the_title(desk: Desk) -> None:
    prompt = desk.live("Parcel lookup")["main_prompt"]
    desk.edit(
        "Parcel lookup",
        name="Find parcels",
        main_prompt=prompt.replace("Parcel lookup", "Find parcels"),
    )

    done = desk.pull("parcel_lookup", "--yes")

    assert done.code == 0, done.err
    assert changed_lines(FLOW.encode(), desk.sources()["flows/parcel.flow"]) == (
        ['  title = "Parcel lookup"  # as on the wall'],
        ['  title = "Find parcels"  # as on the wall'],
    )
    desk.is_settled()


# Two sides


def test_a_field_that_both_sides_changed_is_a_conflict(desk: Desk) -> None:
    desk.reword("Parcel lookup", ("Open the search", "Open the quick search"))
    path = desk.root / "flows/parcel.flow"
    mine = path.read_text().replace("the parcel is shown", "the parcel is on screen")
    path.write_text(mine)

    done = desk.pull("parcel_lookup", "--yes")

    assert done.code == 6
    assert "`main_prompt` was edited in the source and in the dashboard" in done.err
    assert "quick" in done.err and "on screen" in done.err
    assert path.read_text() == mine

    done = desk.pull("parcel_lookup", "--yes", "--theirs")
    assert done.code == 0, done.err
    written = path.read_text()
    assert "quick search" in written and "the parcel is shown" in written
    desk.is_settled()


def test_what_only_the_source_changed_stays(desk: Desk) -> None:
    path = desk.root / "flows/parcel.flow"
    path.write_text(path.read_text().replace("webhooks = true", "webhooks = false"))
    desk.reword("Parcel lookup", ("Open the search", "Open the quick search"))

    done = desk.pull("parcel_lookup", "--yes")

    assert done.code == 0, done.err
    assert "only the source changed `is_webhooks_enabled`" in done.err
    written = path.read_text()
    assert "webhooks = false" in written and "quick search" in written
    deployed = desk.deploy()
    assert deployed.code == 0, deployed.err
    assert desk.live("Parcel lookup")["is_webhooks_enabled"] is False
    desk.is_settled()


# Usage


def test_usage(desk: Desk) -> None:
    done = desk.pull("--yes")
    assert (done.code, "`workflow.parcel_lookup`, and `--all`" in done.err) == (64, True)
    done = desk.pull("parcel_lookup")
    assert (done.code, "`--yes` writes without asking" in done.err) == (64, True)
    assert desk.pull("parcel_lookup", "--all", "--yes").code == 64
    assert desk.pull("parcel_lookup", "--diff", "--yes").code == 64


def test_a_workflow_without_a_known_id(desk: Desk) -> None:
    (desk.root / "flows/more.flow").write_text('flow 1\n\nworkflow more { steps { do "x" } }\n')

    done = desk.pull("more", "--yes")

    assert done.code == 6
    assert "`workflow.more` has no workflow in `local` that is known" in done.err
    assert "[[adopt]]" in done.err


def test_an_adopted_workflow_is_pulled(desk: Desk) -> None:
    made = desk.client("POST", "workflows", json={"name": "More", "main_prompt": "By hand."})
    (desk.root / "flows/more.flow").write_text('flow 1\n\nworkflow more { steps { do "x" } }\n')
    entry = f'\n[[adopt]]\nenv = "local"\naddress = "workflow.more"\nid = "{made["id"]}"\n'
    (desk.root / "flowdsl.toml").write_text(PROJECT + entry)

    refused = desk.pull("more", "--diff")
    assert refused.code == 6
    assert "no statements give the line `By hand.`; `--as-file` keeps it" in refused.err

    done = desk.pull("more", "--yes", "--as-file")

    assert done.code == 0, done.err
    assert desk.sources()["flows/more.prompt.md"] == b"By hand."
    assert desk.deploy().code == 0
    assert desk.live("More")["main_prompt"] == "By hand."


def test_sources_with_errors_are_left_alone(desk: Desk) -> None:
    desk.edit("Parcel lookup", is_webhooks_enabled=False)
    path = desk.root / "flows/parcel.flow"
    path.write_text(path.read_text().replace("{parcel_no}", "{parcel_nr}"))
    before = desk.sources()

    done = desk.pull("parcel_lookup", "--yes")

    assert done.code == 3
    assert "undeclared-name" in done.err
    assert desk.sources() == before


def test_a_deleted_workflow(desk: Desk) -> None:
    desk.client("DELETE", f"workflows/{desk.live('Parcel lookup')['id']}")

    done = desk.pull("parcel_lookup", "--yes")

    assert (done.code, "does not exist in the organisation" in done.err) == (6, True)
    assert desk.sources()["flows/parcel.flow"] == FLOW.encode()


def test_one_of_several_that_is_gone_is_not_counted(desk: Desk) -> None:
    more = FLOW.replace("parcel_lookup", "more").replace('"Parcel lookup"', '"More"')
    (desk.root / "flows/more.flow").write_text(more)
    assert desk.deploy().code == 0
    desk.client("DELETE", f"workflows/{desk.live('More')['id']}")

    done = desk.pull("--all", "--diff")

    assert (done.code, done.out) == (6, b"")
    assert done.err.splitlines() == [
        "error: workflow.more: it no longer exists in the organisation",
        "nothing to pull: 1 workflow as in local",
    ]


def test_lost_state_is_told_as_in_a_plan(desk: Desk) -> None:
    desk.edit("Parcel lookup", is_webhooks_enabled=False)
    (desk.root / ".flowdsl/state/local.json").unlink()
    before = desk.sources()

    plan = desk.run("plan", "--env", "local")

    assert plan.code == 10 and "`flowdsl state rebuild --env local`" in plan.err
    for words in (["--all", "--yes"], ["parcel_lookup", "--yes"], ["--all", "--diff"]):
        done = desk.pull(*words)
        assert (done.code, done.out, done.err) == (10, b"", plan.err)
    assert desk.sources() == before


def test_before_the_first_deploy_there_is_nothing_to_pull(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/parcel.flow": FLOW})

    done = Desk(tmp_path).pull("--all", "--yes")

    assert (done.code, done.out) == (0, b"")
    assert "no workflow of `local` was deployed or adopted" in done.err


def test_a_state_that_was_moved_away_is_not_read(desk: Desk) -> None:
    desk.edit("Parcel lookup", is_webhooks_enabled=False)
    moved = desk.run("state", "migrate", "--to", "file:kept.json", "--yes", "--env", "local")
    assert moved.code == 0, moved.err
    before = desk.sources()

    done = desk.pull("--all", "--yes")

    assert (done.code, done.out) == (10, b"")
    assert "was moved from" in done.err and '`state = "file:kept.json"`' in done.err
    assert desk.sources() == before


@pytest.mark.parametrize(("answer", "written"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_it_shows_and_asks(
    desk: Desk, answer: str, written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.edit("Parcel lookup", is_webhooks_enabled=False)
    monkeypatch.setattr("flowdsl.cli.runtime.engine.questions.is_terminal", lambda _stream: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))

    done = desk.pull("parcel_lookup")

    assert done.code == 0, done.err
    assert "+  webhooks = false" in done.text
    assert "write what `local` has into these files? [y/N]" in done.err
    changed = b"webhooks = false" in desk.sources()["flows/parcel.flow"]
    assert changed is written


def test_a_file_that_was_saved_meanwhile_is_not_overwritten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.edit("Parcel lookup", is_webhooks_enabled=False)
    path = desk.root / "flows/parcel.flow"

    class Saved(io.StringIO):
        def readline(self, *_: object) -> str:
            path.write_text(FLOW + "# saved\n")
            return "y\n"

    monkeypatch.setattr("flowdsl.cli.runtime.engine.questions.is_terminal", lambda _stream: True)
    monkeypatch.setattr("sys.stdin", Saved())

    done = desk.pull("parcel_lookup")

    assert (done.code, "changed during the pull; nothing is written" in done.err) == (6, True)
    assert path.read_text() == FLOW + "# saved\n"


def test_a_renamed_workflow_is_found_by_its_old_name(desk: Desk) -> None:
    path = desk.root / "flows/parcel.flow"
    source = FLOW.replace(
        "workflow parcel_lookup {", 'workflow parcels {\n  renamed_from = "parcel_lookup"'
    )
    path.write_text(source)
    desk.edit("Parcel lookup", is_webhooks_enabled=False)

    done = desk.pull("parcels", "--yes")

    assert done.code == 0, done.err
    assert path.read_text() == source.replace("webhooks = true", "webhooks = false")


def test_the_requests_are_told_without_keys(desk: Desk) -> None:
    done = desk.pull("parcel_lookup", "--diff", "-v")
    assert "http: GET /v1/workflows/" in done.err
    assert "Bearer" not in done.err and "local" not in re.findall(r"http: .*", done.err)[0]
