"""`flowdsl state`, `unlock` and `ids`, with file state and the emulator."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowdsl.emulator.store import Store
from flowdsl.state.stores import open_store
from tests.support.command_line import Beside, Result, environment, read_tree, run_here, write_tree
from tests.support.services.embedded_service import Client, Service
from tests.support.terminal import flowdsl_at_terminal, needs_terminal

PROJECT = """\
[project]
name = "harbour"
id = "prj_harbour"

[env.local]
api = "local"

[env.other]
api = "local"
"""
FLOW = """\
flow 1

workflow look_up {
  title = "Look up a patient"
  tags = ["ehr"]
  protect = true
  steps {
    step "Open the record" {
      do "Open the record of the day."
    }
  }
}

workflow close_day {
  title = "Close the day"
  steps {
    step "Close" {
      do "Press Close."
    }
  }
}
"""
STATE = ".flowdsl/state/local.json"
FREE = {"CI": "", "GITHUB_ACTIONS": ""}


def run(root: Path, *words: str) -> Result:
    return run_here(root, *words, **FREE, FLOWDSL_ENV="local")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a project after its first deploy."""
    root = tmp_path_factory.mktemp("harbour")
    write_tree(root, {"flowdsl.toml": PROJECT, "flows/desk.flow": FLOW})
    done = run(root, "deploy", "--yes")
    assert done.code == 0, done.err
    return read_tree(root)


@pytest.fixture
def root(tmp_path: Path, deployed: dict[str, bytes]) -> Path:
    write_tree(tmp_path, dict(deployed))
    return tmp_path


def state_of(root: Path, path: str = STATE) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / path).read_bytes())
    return found


def change_state(root: Path, **changes: Any) -> None:
    (root / STATE).write_text(json.dumps({**state_of(root), **changes}))


def nothing_to_do(root: Path) -> None:
    done = run(root, "deploy", "--yes")
    assert done.code == 0, done.err
    assert done.err.startswith("nothing to do: "), done.err


LEASE = {
    "holder": "runner-4 \x1b[31m(process 311)",
    "id": "0f2a6c1de4b94e0c8d1a77f0a3b5c9e2",
    "acquired_at": "2026-03-02T08:00:00Z",
    "expires": "2026-03-02T08:00:30Z",
}
INTENT = {
    "id": "a" * 32,
    "action": "update",
    "address": "workflow.close_day",
    "created_at": "2026-03-02T08:00:00Z",
    "generation": 1,
    "name": "Close the day",
}


def test_show_says_everything_for_people_and_for_programs(root: Path) -> None:
    change_state(root, lease=LEASE, pending=[INTENT])
    before = read_tree(root)

    text, plain = run(root, "state", "show"), run(root, "state", "show", "--json")

    assert (text.code, plain.code) == (0, 0)
    state = state_of(root)
    for said in (state["lineage"], "org_local", LEASE["id"], "2026-03-02 08:00:00 UTC", "a" * 32):
        assert str(said) in text.text
    assert "\x1b" not in text.text and "\\x1b[31m" in text.text
    shown = json.loads(plain.out)
    assert shown["format_version"] == 1
    for key in ("lineage", "serial", "organization_id", "api_base", "source", "lease", "moved_to"):
        assert shown[key] == state[key]
    assert [each["address"] for each in shown["resources"]] == [
        "workflow.close_day",
        "workflow.look_up",
    ]
    assert shown["resources"][1] == {
        "address": "workflow.look_up",
        "id": state["resources"]["workflow.look_up"]["id"],
        "name": "Look up a patient",
        "generation": 1,
        "protect": True,
        "tags": ["ehr"],
    }
    assert [each["address"] for each in shown["pending"]] == ["workflow.close_day"]
    one = run(root, "state", "show", "workflow.close_day", "--json")
    resource = json.loads(one.out)
    known = state["resources"]["workflow.close_day"]
    assert {key: resource[key] for key in known} == known
    assert len(resource["pending"]) == 1
    assert known["id"] in run(root, "state", "show", "workflow.close_day").text
    assert read_tree(root) == before, "reading writes nothing"


HOSTILE = "\x1b]0;pwned\a\x9b2J"
SHOWN = "\\x1b]0;pwned\\x07\\x9b2J"
LEFT, OPEN = f"workflow.left{HOSTILE}", f"workflow.open{HOSTILE}"


@pytest.mark.parametrize("color", ["never", "always"])
@pytest.mark.parametrize(
    "words",
    [
        ["plan"],
        ["plan", "--prune", "-v"],
        ["diff"],
        ["diff", LEFT],
        ["state", "show"],
        ["state", "show", LEFT],
        ["state", "list"],
        ["state", "unprotect", LEFT, "--yes"],
        ["state", "mv", "workflow.nobody", "workflow.x", "--yes"],
        ["state", "mv", LEFT, "workflow.left", "--yes"],
        ["recover", "--yes"],
        ["recover", "workflow.nobody", "--yes"],
        ["deploy", "--yes", "-v"],
        ["deploy", "--yes", "--prune", "--accept-guard", "deletes=1"],
        ["restore", "workflow.nobody"],
        ["restore", LEFT],
        ["destroy", "--yes"],
        ["destroy", "--yes", "--accept-guard", "deletes=2"],
        ["destroy", "--yes", "--only", "workflow.nobody"],
        ["unlock", "--lock-id", "x"],
        ["import", "--all"],
    ],
    ids=" ".join,
)
def test_no_text_of_state_drives_the_terminal(root: Path, words: list[str], color: str) -> None:
    resources = state_of(root)["resources"]
    left = {**resources.pop("workflow.close_day"), "name": HOSTILE, "tags": [HOSTILE]}
    lease = {**LEASE, "holder": HOSTILE, "id": HOSTILE} if words[0] == "unlock" else None
    change_state(
        root,
        resources={**resources, LEFT: left},
        pending=[{**INTENT, "address": OPEN, "name": HOSTILE, "resource_id": left["id"]}],
        lease=lease,
    )

    ended = run(root, "--color", color, *words)

    shown = ended.text + ended.err
    assert SHOWN in shown
    assert not any(each in shown for each in ("\x1b]", "\a", "\x9b"))


def test_list_and_export_need_no_sources(root: Path) -> None:
    ids = {address: each["id"] for address, each in state_of(root)["resources"].items()}
    for broken in ("workflow {", None):
        if broken is None:
            (root / "flows/desk.flow").unlink()
        else:
            (root / "flows/desk.flow").write_text(broken)
        shown = json.loads(run(root, "state", "list", "--json").out)
        assert shown == {
            "format_version": 1,
            "items": [
                {
                    "address": "workflow.close_day",
                    "id": ids["workflow.close_day"],
                    "name": "Close the day",
                },
                {
                    "address": "workflow.look_up",
                    "id": ids["workflow.look_up"],
                    "name": "Look up a patient",
                },
            ],
            "total": 2,
        }
        assert len(run(root, "state", "list").text.splitlines()) == 2
        assert run(root, "state", "show").code == 0
        assert json.loads(run(root, "ids", "export").out)["ids"] == ids


def test_an_export_changes_only_with_the_ids(root: Path) -> None:
    first = run(root, "ids", "export").out
    change_state(root, serial=99, nonce="other", lease=LEASE)
    written = run(root, "ids", "export", "-o", "out/ids.json")
    assert (written.code, written.out) == (0, b"")
    assert (root / "out/ids.json").read_bytes() == first
    raw = json.loads(first)
    assert list(raw) == [
        "format_version",
        "kind",
        "project",
        "environment",
        "organization_id",
        "ids",
    ]
    assert list(raw["ids"]) == sorted(raw["ids"])
    assert run(root, "ids", "export", "-o", "flows").code == 64


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["state", "shw"], 64, "invalid choice: 'shw'"),
        (
            ["state", "show", "--jsn"],
            64,
            "`--jsn` is not an option of `flowdsl state show`; an option `--json` exists",
        ),
        (["state", "list", "x"], 64, "`x` is one argument too many"),
        (["state", "show", "\x1b]0;x\a"], 64, "there are `workflow.close_day`"),
        (["state", "unprotect", "workflow.look_up"], 64, "`--yes` takes the protection off"),
        (["state", "mv", "workflow.look_up", "tag.x", "--yes"], 64, "a move stays within a kind"),
        (["state", "mv", "workflow.look_up", "workflow.a b", "--yes"], 64, "write `workflow.NAME`"),
        (["state", "mv", "workflow.look_up", "workflow.look_up", "--yes"], 64, "already"),
        (["state", "mv", "workflow.look_up", "workflow.close_day", "--yes"], 6, "is taken by"),
        (["state", "mv", "workflow.look_up", "workflow.z"], 64, "`--yes` moves it"),
        (["state", "migrate", "--yes"], 64, "required: --to"),
        (["state", "migrate", "--to", "ftp://x", "--yes"], 10, "`ftp://x` is not available"),
        (["state", "migrate", "--to", "file", "--yes"], 64, "`file` is where the state is"),
        (["state", "migrate", "--to", "file:\udcff", "--yes"], 10, "`file:\\udcff` is not UTF-8"),
        (["state", "migrate", "--to", "file:elsewhere.json"], 64, "`--yes` migrates"),
        (["unlock"], 64, "required: --lock-id"),
        (["unlock", "--lock-id", "x", "--yes"], 6, "is free, not under `x`"),
        (["state", "show", "--env", "locl"], 64, "environment `local` exists"),
        (
            ["state", "rebuild", "--ids", "none.json"],
            64,
            "`none.json` cannot be read: no such file",
        ),
        (["state", "rebuild", "--lock-timeout", "soon"], 64, "is not a time such as"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(
    root: Path, words: list[str], code: int, said: str
) -> None:
    before = read_tree(root)

    ended = run(root, *words)

    assert (ended.code, ended.out) == (code, b""), ended.err
    assert ended.err.startswith("error: ") and ended.err.count("\n") == 1
    assert said in ended.err and "\x1b" not in ended.err
    changed = {path for path, content in read_tree(root).items() if before.get(path) != content}
    assert {path for path in changed if not path.endswith(".lock")} == set()


@pytest.mark.parametrize(
    "words",
    [
        ["state", "show"],
        ["state", "list", "--json"],
        ["state", "unprotect", "workflow.look_up", "--yes"],
        ["state", "mv", "workflow.look_up", "workflow.y", "--yes"],
        ["state", "migrate", "--to", "file:elsewhere.json", "--yes"],
        ["ids", "export"],
        ["unlock", "--lock-id", "x", "--yes"],
    ],
    ids=" ".join,
)
def test_state_that_cannot_be_used_is_10(root: Path, words: list[str]) -> None:
    (root / STATE).write_bytes((root / STATE).read_bytes()[:200])
    corrupt = run(root, *words)
    (root / STATE).write_text(json.dumps({"format": 99, "min_cli": "9.1.0"}))
    newer = run(root, *words)
    (root / STATE).unlink()
    missing = run(root, *words)

    assert [corrupt.code, newer.code, missing.code] == [10, 10, 10]
    assert "cut off" in corrupt.err and "flowdsl 9.1.0" in newer.err
    assert "there is no state of `local`" in missing.err and "state rebuild" in missing.err
    assert not (root / STATE).exists() and not (root / "elsewhere.json").exists()
    assert (corrupt.out, newer.out, missing.out) == (b"", b"", b"")


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_lost_state_in_a_folder_whose_name_is_no_text(
    tmp_path: Path, deployed: dict[str, bytes]
) -> None:
    folder = tmp_path / "\udcff"
    write_tree(folder, dict(deployed))
    (folder / STATE).unlink()

    ended = run(folder, "deploy", "--yes", "--json", "--result", "r.json")

    assert ended.code == 10, ended.err
    *_, message, _, summary = map(json.loads, ended.text.splitlines())
    assert (message["type"], summary["exit_code"]) == ("diagnostic", 10)
    result = json.loads((folder / "r.json").read_bytes())
    assert result["messages"][0] == message["message"]
    assert f"{tmp_path}/\udcff/{STATE}" in message["message"]


def test_help_of_every_subcommand(root: Path) -> None:
    for words in (
        *(
            ["state", each]
            for each in ("show", "list", "probe", "rebuild", "unprotect", "mv", "migrate")
        ),
        ["ids", "export"],
    ):
        shown = run(root, *words, "-h")
        assert shown.code == 0
        assert shown.text.startswith(f"usage: flowdsl {' '.join(words)} [-h]")
    assert "rebuild" in run(root, "state", "-h").text


def test_the_folder_may_stand_on_either_side(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shown = run(root, "state", "list").out
    for words in (
        ["-C", str(root), "state", "list"],
        ["state", "-C", str(root), "list"],
        ["state", "list", "-C", str(root)],
    ):
        assert run(elsewhere, *words).out == shown


def test_probe(root: Path) -> None:
    ended = run(root, "state", "probe")
    assert ended.code == 0 and "keeps two writers apart" in ended.err
    (root / STATE).unlink()
    (root / (STATE + ".lock")).unlink()
    (root / (STATE + ".lock")).mkdir()
    ended = run(root, "state", "probe")
    assert ended.code == 10 and "cannot be opened" in ended.err


def test_unprotect_says_that_the_source_puts_it_back(root: Path) -> None:
    serial = state_of(root)["serial"]

    first = run(root, "state", "unprotect", "workflow.look_up", "--yes")
    second = run(root, "state", "unprotect", "workflow.look_up")

    assert first.code == 0 and "the source still says `protect = true`" in first.err
    state = state_of(root)
    assert state["resources"]["workflow.look_up"]["protect"] is False
    assert (state["lease"], state["serial"]) == (None, serial + 2)
    assert second.code == 0 and "is not protected in local" in second.err
    nothing_to_do(root)
    assert state_of(root)["resources"]["workflow.look_up"]["protect"] is True
    (root / "flows/desk.flow").write_text(FLOW.replace("  protect = true\n", ""))
    again = run(root, "state", "unprotect", "workflow.look_up", "--yes")
    assert again.code == 0 and "source" not in again.err


def test_a_move_is_what_renamed_from_does(root: Path) -> None:
    renamed = FLOW.replace("workflow look_up {", 'workflow find {\n  renamed_from = "look_up"')
    identifier = state_of(root)["resources"]["workflow.look_up"]["id"]

    still = run(root, "state", "mv", "workflow.look_up", "workflow.find", "--yes")
    assert "is still in the source, so the next deploy creates it anew" in still.err
    assert "is not in the source" in still.err and '`renamed_from = "look_up"`' in still.err
    (root / "flows/desk.flow").write_text(renamed)

    assert state_of(root)["resources"]["workflow.find"]["id"] == identifier
    nothing_to_do(root)
    assert state_of(root)["resources"]["workflow.find"]["id"] == identifier
    # The address is free for another workflow, and the source's renaming is not done a second time.
    (root / "flows/desk.flow").write_text(
        renamed + FLOW.partition("\n\n")[2].partition("\n\nworkflow close")[0]
    )
    done = run(root, "deploy", "--yes")
    assert done.code == 0 and "1 created" in done.err, done.err
    assert state_of(root)["resources"]["workflow.find"]["id"] == identifier


def test_a_move_leaves_what_an_interrupted_deploy_may_have_created_alone(root: Path) -> None:
    change_state(root, pending=[{**INTENT, "address": "workflow.z", "action": "create"}])
    before = (root / STATE).read_bytes()

    ended = run(root, "state", "mv", "workflow.look_up", "workflow.z", "--yes")

    assert ended.code == 6 and "flowdsl recover workflow.z --env local" in ended.err
    assert (root / STATE).read_bytes() == before


def test_a_lease_is_freed_by_its_id_alone(root: Path) -> None:
    change_state(root, lease=LEASE, pending=[INTENT])
    serial = state_of(root)["serial"]

    wrong = run(root, "unlock", "--lock-id", "b" * 32, "--yes")
    silent = run(root, "unlock", "--lock-id", str(LEASE["id"]))
    freed = run(root, "unlock", "--lock-id", str(LEASE["id"]), "--yes")

    assert wrong.code == 6 and str(LEASE["id"]) in wrong.err
    assert silent.code == 64 and "`--yes` unlocks" in silent.err
    assert freed.code == 0 and "runner-4" in freed.err and "1 write open" in freed.err
    assert "\x1b" not in wrong.err + freed.err
    state = state_of(root)
    assert (state["lease"], state["serial"], len(state["pending"])) == (None, serial + 1, 1)


HOLDER = """
import sys
from pathlib import Path
from flowdsl.state.stores import open_store
store = open_store("file", root=Path(sys.argv[1]), project="prj_harbour", environment="local")
with store.hold():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_living_holder_is_waited_for_and_cannot_be_unlocked(root: Path) -> None:
    change_state(root, lease=LEASE)
    before = (root / STATE).read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        for words in (
            ["state", "unprotect", "workflow.look_up", "--yes", "--lock-timeout", "0s"],
            ["state", "mv", "workflow.look_up", "workflow.z", "--yes", "--lock-timeout", "100ms"],
            ["state", "migrate", "--to", "file:new.json", "--yes", "--lock-timeout", "0s"],
            ["unlock", "--lock-id", str(LEASE["id"]), "--yes"],
        ):
            ended = run(root, *words)
            assert ended.code == 5, ended.err
            assert "runner-4" in ended.err
        assert run(root, "state", "show").code == 0, "reading needs no lease"
        holder.stdin.close()
    assert (root / STATE).read_bytes() == before
    assert not (root / "new.json").exists()
    # The lease is that of a dead process by now.
    assert run(root, "state", "unprotect", "workflow.look_up", "--yes").code == 0


def hears(process: Beside, number: int) -> bool:
    """Whether a process has a handler of its own for a signal."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt"))[7:], 16)
    return bool(caught >> (number - 1) & 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux about signals")
def test_a_signal_while_waiting_changes_nothing(root: Path) -> None:
    store = open_store("file", root=root, project="prj_harbour", environment="local")
    before = (root / STATE).read_bytes()
    with store.hold():
        words = ("state", "unprotect", "workflow.look_up", "--yes")
        process = Beside(root, *words, **FREE, FLOWDSL_ENV="local")
        while not hears(process, signal.SIGTERM):
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
    assert process.returncode == 143 and "Traceback" not in err
    assert (root / STATE).read_bytes() == before


@needs_terminal
@pytest.mark.parametrize(("answer", "protected"), [("n\n", True), ("\n", True), ("y\n", False)])
def test_a_person_is_asked(root: Path, answer: str, protected: bool) -> None:
    words = ["state", "unprotect", "workflow.look_up"]
    environ = environment(**FREE, FLOWDSL_ENV="local")
    with flowdsl_at_terminal(words, folder=root, environ=environ) as screen:
        screen.type(answer)
        code, said = screen.ended()
    assert code == 0
    assert "take the protection off workflow.look_up in local? [y/N]" in said
    assert state_of(root)["resources"]["workflow.look_up"]["protect"] is protected


# Moving state


def move_state(root: Path, url: str) -> Result:
    return run(root, "state", "migrate", "--to", url, "--yes")


def name_store(root: Path, url: str) -> None:
    text = PROJECT.replace('api = "local"\n', f'api = "local"\nstate = "{url}"\n', 1)
    (root / "flowdsl.toml").write_text(text)


def test_state_moves_with_what_stands_beside_it_and_the_old_one_refuses_use(root: Path) -> None:
    before = state_of(root)

    moved = move_state(root, "file:kept/prod.json")

    assert moved.code == 0, moved.err
    assert moved.text == '[env.local]\nstate = "file:kept/prod.json"\n'
    new = state_of(root, "kept/prod.json")
    assert (new["lineage"], new["resources"]) == (before["lineage"], before["resources"])
    assert new["serial"] > before["serial"] and new["lease"] is None and new["moved_to"] is None
    maps = sorted(path.name for path in (root / ".flowdsl/state/local.d/source-maps").iterdir())
    assert sorted(path.name for path in (root / "kept/prod.d/source-maps").iterdir()) == maps
    assert len(maps) == 2
    old = (root / STATE).read_bytes()
    for words in (
        ["deploy", "--yes"],
        ["plan"],
        ["diff"],
        ["pull", "--all", "--diff"],
        ["restore", "workflow.look_up"],
        ["recover", "--yes"],
        ["state", "rebuild", "--yes"],
        ["state", "mv", "workflow.look_up", "workflow.z", "--yes"],
        ["state", "list"],
        ["ids", "export"],
        ["state", "migrate", "--to", "file:third.json", "--yes"],
        ["import", "--all"],
    ):
        refused = run(root, *words)
        assert refused.code == 10, (words, refused.err)
        assert "was moved from" in refused.err and "file:kept/prod.json" in refused.err
    assert (root / STATE).read_bytes() == old
    assert "moved to" in run(root, "state", "show").text
    name_store(root, "file:kept/prod.json")
    nothing_to_do(root)


def test_state_moves_back_over_its_own_trace(root: Path) -> None:
    move_state(root, "file:kept/prod.json")
    name_store(root, "file:kept/prod.json")

    back = move_state(root, "file")

    assert back.code == 0, back.err
    (root / "flowdsl.toml").write_text(PROJECT)
    nothing_to_do(root)
    assert state_of(root, "kept/prod.json")["moved_to"] == "file"


def test_a_migration_that_ended_half_way_is_done_again(root: Path) -> None:
    """The copy is there, and the old store was not marked.

    It is the one in use, also after more deploys.
    """
    before = (root / STATE).read_bytes()
    move_state(root, "file:kept/prod.json")
    copy = state_of(root, "kept/prod.json")
    (root / STATE).write_bytes(before)
    change_state(root, serial=copy["serial"], lease=LEASE)

    again = move_state(root, "file:kept/prod.json")

    assert again.code == 0, again.err
    assert state_of(root)["moved_to"] == "file:kept/prod.json"
    assert state_of(root, "kept/prod.json")["serial"] > copy["serial"]


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"lineage": "another"}, 6, "holds another state of `local` (lineage another"),
        ({"serial": 1000}, 6, "holds the same state at serial 1000, which is newer"),
        ({"lease": LEASE}, 5, "is in use by `runner-4"),
        ({"project": "prj_quay"}, 10, "belongs to project `prj_quay`"),
        ({"format": 99}, 10, "format 99"),
    ],
)
def test_what_another_state_holds_is_not_written_over(
    root: Path, changes: dict[str, Any], code: int, said: str
) -> None:
    (root / "kept.json").write_text(json.dumps({**state_of(root), **changes}))
    before = (root / "kept.json").read_bytes(), (root / STATE).read_bytes()

    ended = move_state(root, "file:kept.json")

    assert (ended.code, ended.out) == (code, b"")
    assert said in ended.err and "\x1b" not in ended.err
    assert ((root / "kept.json").read_bytes(), (root / STATE).read_bytes()) == before


def test_a_new_store_that_fails_gives_the_old_one_back(root: Path) -> None:
    (root / "kept.d").write_text("in the way of the source maps")

    ended = move_state(root, "file:kept.json")

    assert ended.code == 10 and "kept.d/source-maps" in ended.err
    assert not (root / "kept.json").exists()
    assert (state_of(root)["lease"], state_of(root)["moved_to"]) == (None, None)
    nothing_to_do(root)


def test_two_states_that_were_both_written_are_not_merged(root: Path) -> None:
    other = state_of(root)
    (extra,) = [each for address, each in other["resources"].items() if address.endswith("look_up")]
    other["resources"]["workflow.extra"] = {**extra, "id": "0b1e6f0e-0000-4000-8000-000000000000"}
    (root / "kept.json").write_text(json.dumps({**other, "serial": 1}))

    ended = move_state(root, "file:kept.json")

    assert ended.code == 6 and "`workflow.extra`" in ended.err


# Making it anew


def lose(root: Path) -> None:
    (root / STATE).unlink()


def test_a_lost_state_is_shown_written_and_complete(root: Path) -> None:
    before = state_of(root)["resources"]
    lose(root)
    stopped = run(root, "deploy", "--yes")
    assert stopped.code == 10 and "`flowdsl state rebuild --env local`" in stopped.err
    lines = [line for line in stopped.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 2
    for command in ("plan", "diff"):
        said = run(root, command)
        assert (said.code, said.err.splitlines()) == (10, lines)

    shown = run(root, "state", "rebuild")

    assert shown.code == 64 and "`--yes` writes it" in shown.err
    for address, each in before.items():
        assert f'+ {address}  {each["id"]}  "{each["name"]}"  by its mark\n' in shown.err
    assert not (root / STATE).exists()
    done = run(root, "state", "rebuild", "--yes")
    assert done.code == 0 and "the state of local has 2 resources now" in done.err
    nothing_to_do(root)
    assert state_of(root)["resources"] == before
    again = run(root, "state", "rebuild")
    assert again.code == 0 and "nothing was written" in again.err


def client_of(root: Path) -> tuple[Store, Client]:
    store = Store.open(Service(root).path)
    return store, Client(store)


def in_dashboard(root: Path, act: Callable[[Client], Any]) -> Any:
    store, client = client_of(root)
    with store:
        return act(client)


def test_copies_and_text_of_the_service_are_shown_safely(root: Path) -> None:
    identifier = state_of(root)["resources"]["workflow.close_day"]["id"]
    copy = in_dashboard(
        root, lambda c: c("POST", f"workflows/{identifier}/duplicate", json={}).json()
    )
    in_dashboard(
        root, lambda c: c("PATCH", f"workflows/{copy['id']}", json={"name": "Night \x1b[31m\u202e"})
    )
    lose(root)

    done = run(root, "state", "rebuild", "--yes")

    assert done.code == 0, done.err
    assert f"copy with the same mark, left alone: {copy['id']}" in done.err
    assert "\x1b" not in done.err and "\u202e" not in done.err
    assert state_of(root)["resources"]["workflow.close_day"]["id"] == identifier
    nothing_to_do(root)


def test_an_exported_list_finds_what_marks_do_not(root: Path) -> None:
    """Two renamings leave no trace in the mark."""
    for old, new in (("close_day", "close_shift"), ("close_shift", "close_week")):
        renamed = FLOW.replace(
            "workflow close_day {", f'workflow {new} {{\n  renamed_from = "{old}"'
        )
        (root / "flows/desk.flow").write_text(renamed)
        assert run(root, "deploy", "--yes").code == 0
    assert run(root, "ids", "export", "-o", "ids.json").code == 0
    resources = state_of(root)["resources"]
    lose(root)

    without = run(root, "state", "rebuild")
    done = run(root, "state", "rebuild", "--ids", "ids.json", "--yes")

    assert "+ workflow.close_day" in without.err and "not in the source" in without.err
    assert "the next deploy creates it: workflow.close_week" in without.err
    assert done.code == 0 and "listed" in done.err
    nothing_to_do(root)
    assert state_of(root)["resources"] == resources


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"environment": "other"}, "lists the ids of environment `other`, not of `local`"),
        ({"ids": {"workflow.a": "../runs"}}, "at `workflow.a`: `../runs` is no id of a workflow"),
    ],
)
def test_a_list_that_is_not_ours_is_refused(root: Path, changes: Any, said: str) -> None:
    content = {**json.loads(run(root, "ids", "export").out), **changes}
    (root / "ids.json").write_text(json.dumps(content))
    before = (root / STATE).read_bytes()

    ended = run(root, "state", "rebuild", "--ids", "ids.json", "--yes")

    assert ended.code == 64 and said in ended.err, ended.err
    assert (root / STATE).read_bytes() == before


def test_a_corrupt_state_says_what_to_do_and_that_works(root: Path) -> None:
    before = state_of(root)["resources"]
    (root / STATE).write_bytes((root / STATE).read_bytes()[:300])

    ended = run(root, "state", "rebuild", "--yes")

    assert ended.code == 10
    path = (root / STATE).resolve().as_posix()
    assert (
        f"rename `{path}` to `{path}.corrupt`, then run `flowdsl state rebuild --env local`"
        in ended.err
    )
    (root / STATE).rename(f"{path}.corrupt")
    assert run(root, "state", "rebuild", "--yes").code == 0
    nothing_to_do(root)
    assert state_of(root)["resources"] == before


def test_nothing_found_writes_nothing(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/desk.flow": FLOW})

    ended = run(tmp_path, "state", "rebuild", "--yes")

    assert ended.code == 0, ended.err
    assert "a key of another organisation looks the same; nothing was written" in ended.err
    assert "the next deploy creates it: workflow.look_up" in ended.err
    assert not (tmp_path / STATE).exists()


def test_a_rebuild_needs_sound_sources_and_a_service(root: Path) -> None:
    lose(root)
    (root / "flows/desk.flow").write_text("workflow {")
    assert run(root, "state", "rebuild", "--yes").code == 3
    (root / "flows/desk.flow").write_text(FLOW)
    remote = PROJECT.replace(
        'api = "local"', 'api = "https://desk.test"\napi_key = { env = "DESK_KEY" }', 1
    )
    (root / "flowdsl.toml").write_text(remote)
    assert run(root, "state", "rebuild", "--yes").code == 4
    unreachable = remote.replace("https://desk.test", "http://127.0.0.1:9")
    (root / "flowdsl.toml").write_text(unreachable)
    ended = run_here(
        root, "state", "rebuild", "--yes", **FREE, FLOWDSL_ENV="local", DESK_KEY="key-canary-3d"
    )
    assert ended.code == 11 and "canary" not in ended.err
    assert not (root / STATE).exists()
