"""`flowdsl import` as people and scripts meet it.

Files, standard input, and workflows of an emulator.
"""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from flowdsl.cli.commands.import_.destination import prompt_attributes
from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.decompile.project import find_differing_fields
from flowdsl.emulator.store import Store
from tests.support.command_line import LOCAL_PROJECT, Result, read_tree, run_here, write_tree
from tests.support.flows.compiling import only_workflow
from tests.support.services.embedded_service import Client, Service
from tests.support.services.served import Server

CANARY = "key-canary-7a1f"
WORDS = "zebra-crossing"
"""Part of a prompt: no message may quote it."""

OWN = """\
flow 1
## Looks up a patient.
workflow look_up {
  title = "Look up a patient"
  inputs { mrn: string }
  outputs { phone: string }
  steps {
    step "Open the record" {
      do "Search for {mrn} and open the record."
      extract phone: string from "the phone number in the header"
      emit phone = phone
    }
  }
}
"""
CLAIMS = {
    "name": "Check a claim",
    "main_prompt": f"Open the portal and look for {{claim}}.\r\nMind the {WORDS}.",
    "input_schema": (
        '{"type": "object", "properties": {"claim": {"type": "string"}}, "required": ["claim"]}'
    ),
    "post_run_checks": None,
}


def flowdsl(folder: Path, *words: str, stdin: bytes = b"", **environ: str) -> Result:
    """One command that ends well or with one error line, and quotes no prompt."""
    result = run_here(folder, *words, stdin=stdin, DESK_KEY=CANARY, CI="", **environ)
    assert WORDS not in result.err and CANARY not in result.err + result.text
    return result


def error(result: Result, code: int) -> str:
    """The error of a command that wrote nothing."""
    assert (result.code, result.out) == (code, b""), result.err
    (line,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
    return line


def written(result: Result) -> list[str]:
    assert result.code == 0, result.err
    return result.text.splitlines()


def outcome(result: Result) -> str:
    return result.err.splitlines()[-1]


def compiled(folder: Path) -> dict[str, dict[str, Any]]:
    """The payloads of a project, by the name of the workflow."""
    done = flowdsl(folder, "compile", "-o", "out")
    assert done.code == 0, done.err
    return {
        path.parent.name: json.loads(path.read_text("utf-8"))
        for path in (folder / "out").glob("*/payload.json")
    }


def ours() -> dict[str, Any]:
    """The body that FlowDSL makes of `OWN`."""
    body: dict[str, Any] = render_plain_json(only_workflow(OWN.removeprefix("flow 1\n")).payload)
    return body


# Files


def test_a_file_becomes_a_project_that_compiles_to_it(tmp_path: Path) -> None:
    write_tree(tmp_path, {"claims.json": json.dumps(CLAIMS)})

    result = flowdsl(tmp_path, "import", "claims.json")

    assert written(result) == [
        ".gitattributes",
        "flowdsl.toml",
        "flows/check_a_claim.flow",
        "flows/check_a_claim.prompt.md",
    ]
    assert outcome(result) == "1 workflow imported into flows/: 1 with its prompt in a file"
    assert "note: check_a_claim: the prompt is kept in check_a_claim.prompt.md" in result.err
    prompt = (tmp_path / "flows/check_a_claim.prompt.md").read_bytes()
    assert prompt == CLAIMS["main_prompt"].encode()  # type: ignore[union-attr]
    assert flowdsl(tmp_path, "check").code == 0
    assert find_differing_fields(CLAIMS, compiled(tmp_path)["check_a_claim"]) == ()
    assert "adopt" not in tomllib.loads((tmp_path / "flowdsl.toml").read_text("utf-8"))


def test_what_compile_writes_comes_back_as_statements(tmp_path: Path) -> None:
    write_tree(tmp_path, {"one/flowdsl.toml": LOCAL_PROJECT, "one/flows/desk.flow": OWN})
    assert flowdsl(tmp_path / "one", "compile", "-o", "out").code == 0

    result = flowdsl(tmp_path, "import", "one/out/look_up/payload.json", "-o", "two")

    assert outcome(result) == "1 workflow imported into two/flows/: 1 as statements"
    assert "two/flows/look_up_a_patient.flow" in written(result)
    text = (tmp_path / "two/flows/look_up_a_patient.flow").read_text("utf-8")
    assert 'extract phone from "the phone number in the header"' in text


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
    ],
    ids=["utf-8", "with a mark", "utf-16"],
)
def test_standard_input_in_the_encodings_of_shells(tmp_path: Path, encode: Any) -> None:
    result = flowdsl(tmp_path, "import", "-", stdin=encode(json.dumps([CLAIMS, CLAIMS])))

    assert [path for path in written(result) if path.endswith(".flow")] == [
        "flows/check_a_claim.flow",
        "flows/check_a_claim_2.flow",
    ]
    assert flowdsl(tmp_path, "check").code == 0


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "CON", "a/b", "C:\\x", "nul.txt", ".", "\x1b[31m"]
)
def test_no_name_of_the_service_leaves_the_folder(tmp_path: Path, name: str) -> None:
    write_tree(tmp_path, {"in.json": json.dumps({**CLAIMS, "name": name})})

    result = flowdsl(tmp_path, "import", "in.json", "-o", "project")

    assert "\x1b" not in result.err
    paths = {path.removeprefix("project/") for path in written(result)}
    assert set(read_tree(tmp_path)) == {"in.json", *(f"project/{path}" for path in paths)}
    for path in paths - {".gitattributes", "flowdsl.toml"}:
        stem = re.fullmatch(r"flows/([a-z0-9_]+)\.(flow|prompt\.md|extra\.json)", path)
        assert stem is not None and stem[1] not in ("con", "nul")
    assert flowdsl(tmp_path / "project", "check").code == 0


def test_everyday_notes_are_counted_where_many_share_them(tmp_path: Path) -> None:
    schema = json.dumps({"type": "array"})
    few = [{**CLAIMS, "name": f"W{n}", "output_schema": schema} for n in range(5)]
    many = [*few, {**CLAIMS, "name": "W5", "output_schema": '{"a": "number"}'}]
    write_tree(tmp_path, {"few.json": json.dumps(few), "many.json": json.dumps(many)})

    told = flowdsl(tmp_path, "import", "few.json", "-o", "few").err.splitlines()
    counted = flowdsl(tmp_path, "import", "many.json", "-o", "many").err.splitlines()

    assert (
        "note: w0, w1, w2, w3, w4: the prompt is kept in *.prompt.md: FlowDSL did not write it"
        in told
    )
    assert "the agent may run any terminal command" in told[0] and told[0].startswith("note: w0, ")
    assert "the agent may run any terminal command" in counted[0]
    assert [line for line in counted if "kept" in line] == [
        (
            "note: 6 prompts are kept in files, because FlowDSL did not write them; `flowdsl "
            "convert` proposes statements"
        ),
        "note: 6 schemas of outputs are kept in files, because no types give them: schemas of no "
        "object (5); the short notation",
    ]


def test_notes_show_the_title_of_a_workflow_that_has_no_name_of_its_own(tmp_path: Path) -> None:
    body = {**CLAIMS, "terminal_command_allowlist": ["Get-Date"]}
    bodies = [{**body, "name": "請求書"}, {**body, "name": "見積\x1b"}]

    result = flowdsl(tmp_path, "import", "-", stdin=json.dumps(bodies).encode())

    assert "flows/workflow.flow" in written(result) and "flows/workflow_2.flow" in written(result)
    notes = [line for line in result.err.splitlines() if line.startswith("note: ")]
    assert notes and all("(`請求書`)" in line or "(`見積" in line for line in notes)
    assert "\x1b" not in result.err


def test_a_name_of_ones_own(tmp_path: Path) -> None:
    text = json.dumps(CLAIMS).encode()

    assert "flows/claims.flow" in written(
        flowdsl(tmp_path, "import", "-", "--as", "claims", stdin=text)
    )

    again = flowdsl(tmp_path, "import", "-", "--as", "claims", stdin=text)
    assert "a workflow or chain `claims` already; nothing was written" in error(again, 6)
    several = flowdsl(tmp_path, "import", "-", "--as", "x", stdin=b"[%b, %b]" % (text, text))
    assert "`--as` names one workflow, and 2 were read" in error(several, 64)
    for name in ("a-b", "con", ""):
        message = error(flowdsl(tmp_path, "import", "-", "--as", name), 64)
        assert f"`--as {name}` cannot be the name" in message


def test_names_of_the_project_are_taken(tmp_path: Path) -> None:
    flow = OWN.replace("workflow look_up", "workflow Check_A_Claim")
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT, "flows/all.flow": flow})
    before = read_tree(tmp_path)

    result = flowdsl(tmp_path, "import", "-", stdin=json.dumps(CLAIMS).encode())

    assert "flows/check_a_claim_2.flow" in written(result)
    assert before.items() <= read_tree(tmp_path).items()
    assert flowdsl(tmp_path, "check").code == 0


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT, "flows/check_a_claim.prompt.md": "mine"})
    before = read_tree(tmp_path)
    text = json.dumps([CLAIMS, {**CLAIMS, "name": "Another"}]).encode()

    message = error(flowdsl(tmp_path, "import", "-", stdin=text), 6)

    assert "`flows/check_a_claim.prompt.md` exists already" in message
    assert "`--as NAME`" in message and "`-o DIR`" in message
    assert read_tree(tmp_path) == before
    assert len(written(flowdsl(tmp_path, "import", "-", "-o", "flows/more", stdin=text))) == 5
    assert flowdsl(tmp_path, "check").code == 0


def test_a_folder_inside_a_project_takes_the_flows_themselves(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT, ".gitattributes": "*.png binary"})
    (tmp_path / "flows").mkdir()

    result = flowdsl(
        tmp_path / "flows", "import", "-", "-o", "a b", stdin=json.dumps(CLAIMS).encode()
    )

    assert written(result) == [
        "../.gitattributes",
        "a b/check_a_claim.flow",
        "a b/check_a_claim.prompt.md",
    ]
    attributes = (tmp_path / ".gitattributes").read_text()
    assert attributes == '*.png binary\n"flows/a b/*.prompt.md" -text\n'
    assert "no glob" not in result.err
    assert flowdsl(tmp_path, "check").code == 0


def test_a_folder_that_the_globs_do_not_find_is_told(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT})

    result = flowdsl(tmp_path, "import", "-", "-o", "old", stdin=json.dumps(CLAIMS).encode())

    assert "old/check_a_claim.flow" in written(result)
    assert (
        'no glob under `flows` in `flowdsl.toml` finds `old`; add `"old/**/*.flow"`' in result.err
    )


def test_flows_go_where_the_globs_look(tmp_path: Path) -> None:
    project = LOCAL_PROJECT.replace('id = "prj_1"', 'flows = ["src/desk/*.flow"]')
    write_tree(tmp_path, {"flowdsl.toml": project})

    result = flowdsl(tmp_path, "import", "-", stdin=json.dumps(CLAIMS).encode())

    assert "src/desk/check_a_claim.flow" in written(result)
    assert outcome(result).startswith("1 workflow imported into src/desk/")
    assert flowdsl(tmp_path, "check").code == 0


BAD_FILES: dict[str, tuple[bytes, list[str]]] = {
    "not JSON": (
        b'{"main_prompt": "%b",\n  ?}' % WORDS.encode(),
        ["`in.json`", "line 2, column 3"],
    ),
    "cut off": (b'[{"main_prompt": "x"}', ["`in.json`", "line 1"]),
    "another shape": (b'"%b"' % WORDS.encode(), ["`in.json`"]),
    "no prompt": (b'[{"main_prompt": "x"}, {"name": "y"}]', ["`in.json`", "2", "`main_prompt`"]),
    "wrong type": (b'{"main_prompt": ["%b"]}' % WORDS.encode(), ["`main_prompt`"]),
    "a key twice": (b'{"main_prompt": "a", "main_prompt": "b"}', ["`main_prompt`", "twice"]),
    "not a number": (b'{"main_prompt": "a", "x": NaN}', ["`NaN`"]),
    "no text": (b"\xff\xfe\xfa" + b"\xff" * 5, ["`in.json`"]),
    "empty": (b"", ["`in.json`", "line 1"]),
}


@pytest.mark.parametrize(("content", "words"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_writes_nothing(tmp_path: Path, content: bytes, words: list[str]) -> None:
    write_tree(tmp_path, {"good.json": json.dumps(CLAIMS), "in.json": content})

    message = error(flowdsl(tmp_path, "import", "good.json", "in.json"), 3)

    assert all(word in message for word in words), message
    assert set(read_tree(tmp_path)) == {"good.json", "in.json"}


def test_a_file_without_workflows(tmp_path: Path) -> None:
    assert "holds no workflow" in error(flowdsl(tmp_path, "import", "-", stdin=b"[]"), 3)


USAGE: dict[str, tuple[list[str], str]] = {
    "nothing": ([], "there is nothing to import"),
    "only an environment": (["--env", "local"], "there is nothing to import"),
    "a file and a selection": (["in.json", "--all"], "`--all` fetches workflows"),
    "a file and an environment": (["in.json", "--env", "local"], "`--env` fetches workflows"),
    "two selections": (["--all", "--tag", "x"], "`--tag` and `--all` cannot be combined"),
    "an id that is none": (["--id", "../x"], "`--id ../x` is not a UUID"),
    "standard input and a file": (["-", "in.json"], "cannot be combined with files"),
    "a missing file": (["gone.json"], "`gone.json` cannot be read: no such file"),
    "a folder": (["."], "`.` is a folder"),
    "a file for a folder": (["in.json", "-o", "in.json"], "`-o in.json` is not a folder"),
    "no project": (["--all"], "there is no `flowdsl.toml`"),
}


@pytest.mark.parametrize(("words", "message"), USAGE.values(), ids=USAGE)
def test_usage(tmp_path: Path, words: list[str], message: str) -> None:
    write_tree(tmp_path, {"in.json": json.dumps(CLAIMS)})

    assert message in error(flowdsl(tmp_path, "import", *words), 64)
    assert set(read_tree(tmp_path)) == {"in.json"}


def test_a_project_file_with_errors_stops_everything(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": "[project]\nname = 3\n"})

    message = error(flowdsl(tmp_path, "import", "-", stdin=json.dumps(CLAIMS).encode()), 3)

    assert "`flowdsl.toml` has errors; nothing was written" in message


def test_half_filled_schemas_become_types(tmp_path: Path) -> None:
    properties = {
        "no": {"type": "string"},
        "rows": {"type": "array"},
        "kind": {"enum": ["a", "b"]},
        "note": {"type": ["string", "null"]},
        "$pin": {"type": "string"},
    }
    body = {
        "name": "Half filled",
        "main_prompt": "Look at {no}.",
        "input_schema": json.dumps({"properties": properties, "required": ["$pin"]}),
        "output_schema": json.dumps({"type": "object", "properties": {"seen": {"type": "array"}}}),
    }
    for words, sign in ((), "?"), (("--required",), ""):
        folder = tmp_path / f"project{len(words)}"
        write_tree(folder, {"half.json": json.dumps(body)})
        done = flowdsl(folder, "import", "half.json", *words)
        assert done.code == 0, done.err
        assert ("3 inputs became required" in done.err) is bool(words)
        flow = (folder / "flows/half_filled.flow").read_text("utf-8")
        for line in (
            f"no{sign}: string",
            f"rows{sign}: any[]",
            f'kind{sign}: "a" | "b"',
            "note: string?",
            "pin: string",
            "seen?: any[]",
            "output_schema: { properties: { seen: { items: null } } },",
        ):
            assert f"    {line}\n" in flow, flow
        assert flowdsl(folder, "compile", "-o", "out").code == 0
        payload = json.loads((folder / "out/half_filled/payload.json").read_text("utf-8"))
        assert json.loads(payload["output_schema"]) == json.loads(body["output_schema"])
        assert json.loads(payload["input_schema"])["properties"] == properties


def test_the_page_about_importing_shows_what_happens(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs/importing.md"
    blocks = re.findall(r"^```text\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    printed, flow, prompt, steps, asked = blocks
    status = {"type": "string", "enum": ["open", "paid"]}
    body = {
        "name": "Claim status",
        "main_prompt": prompt,
        "input_schema": _schema(claim_no={"type": "string"}),
        "output_schema": _schema(status=status),
        "terminal_command_allowlist": ["flowdsl: this workflow runs no terminal command"],
    }
    write_tree(tmp_path, {"claim.json": json.dumps(body)})

    imported = flowdsl(tmp_path, "import", "claim.json")

    assert imported.text + imported.err == printed
    assert (tmp_path / "flows/claim_status.flow").read_text("utf-8") == flow
    converted = run_here(tmp_path, "convert", "claim_status")
    before, _, after = flow.partition('  prompt from "./claim_status.prompt.md"\n')
    assert converted.text == before + steps + after
    stepped = run_here(tmp_path, "convert", "claim_status", "--step", stdin=b"q\n")
    assert asked.rstrip() in stepped.err


def _schema(**fields: dict[str, Any]) -> str:
    return json.dumps({"type": "object", "properties": fields, "required": list(fields)})


# Services


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Path, Service]:
    root = tmp_path / "desk"
    write_tree(root, {"flowdsl.toml": LOCAL_PROJECT})
    return root, Service(root)


def adopted(root: Path) -> dict[str, str]:
    """The ids of the adopt entries, by the name of the workflow."""
    project = tomllib.loads((root / "flowdsl.toml").read_text("utf-8"))
    return {each["address"].removeprefix("workflow."): each["id"] for each in project["adopt"]}


def test_a_deploy_after_an_import_takes_over_and_creates_nothing(
    desk: tuple[Path, Service],
) -> None:
    root, service = desk
    service.add([CLAIMS, {**ours(), "name": "Look up"}], "ehr")
    before = service.replies()
    assert flowdsl(root, "import", "--all").code == 0

    result = flowdsl(root, "deploy", "--yes")

    assert result.code == 0, result.err
    after = service.replies()
    assert after.keys() == before.keys()
    for workflow_id, reply in after.items():
        assert find_differing_fields(before[workflow_id], reply) == ()
    assert flowdsl(root, "deploy", "--yes").err.startswith("nothing to do")
    assert "are in this project already" in flowdsl(root, "import", "--all").err


def test_by_id_and_by_tags(desk: tuple[Path, Service]) -> None:
    root, service = desk
    (one,) = service.add([{**CLAIMS, "name": "One"}], "ehr", "daily")
    (two,) = service.add([{**CLAIMS, "name": "Two"}], "ehr")

    both = flowdsl(root, "import", "--tag", "ehr", "--tag", "daily")
    assert "flows/one.flow" in written(both) and "flows/two.flow" not in written(both)
    renamed = flowdsl(root, "import", "--id", two, "--as", "second")
    assert "flows/second.flow" in written(renamed)

    assert adopted(root) == {"one": one, "second": two}
    assert 'tags = ["daily", "ehr"]' in (root / "flows/one.flow").read_text("utf-8")
    assert flowdsl(root, "check").code == 0
    known = error(flowdsl(root, "import", "--id", two), 6)
    assert "`workflow.second` is in this project already; nothing was written" in known


def test_what_does_not_exist(desk: tuple[Path, Service]) -> None:
    root, service = desk
    assert "has no workflow" in error(flowdsl(root, "import", "--all"), 6)
    service.add([CLAIMS], "ehr")
    service.add([], "empty")
    unknown = "00000000-0000-4000-8000-000000000000"

    assert f"no workflow with the id `{unknown}`" in error(
        flowdsl(root, "import", "--id", unknown), 6
    )
    assert "has no tag `weekly`; there are `ehr`, `empty`" in error(
        flowdsl(root, "import", "--tag", "weekly"), 6
    )
    assert "carries the tag `empty`" in error(flowdsl(root, "import", "--tag", "empty"), 6)
    both = error(flowdsl(root, "import", "--tag", "empty", "--tag", "ehr"), 6)
    assert "carries all of the tags `ehr`, `empty`" in both
    assert set(read_tree(root)) == {"flowdsl.toml", ".flowdsl/emulator.sqlite"}


def test_into_another_folder_there_is_nothing_to_adopt_in(
    desk: tuple[Path, Service], tmp_path: Path
) -> None:
    root, service = desk
    service.add([CLAIMS])

    result = flowdsl(root, "import", "--all", "-o", "../elsewhere")

    assert "../elsewhere/flows/check_a_claim.flow" in written(result)
    assert "no `[[adopt]]` entry was written" in result.err
    assert (root / "flowdsl.toml").read_text() == LOCAL_PROJECT
    assert flowdsl(tmp_path / "elsewhere", "check").code == 0


def test_what_another_project_deployed_stays_its_own(desk: tuple[Path, Service]) -> None:
    root, service = desk
    mark = '{"$comment": "flowdsl:prj_9/prod/workflow.x/1/abcdef01", "type": "object"}'
    (foreign,) = service.add([{**CLAIMS, "name": "Theirs", "input_schema": mark}])

    message = error(flowdsl(root, "import", "--id", foreign), 6)
    assert "was deployed by project `prj_9`, environment `prod`" in message
    service.add([CLAIMS])
    result = flowdsl(root, "import", "--all")
    assert "`Theirs`" in result.err and "is left to it" in result.err
    assert adopted(root).keys() == {"check_a_claim"}


STATE = ".flowdsl/state/local.json"


def deploy(root: Path, *words: str) -> Result:
    return flowdsl(root, "deploy", "--yes", *words)


def test_with_lost_state_nothing_of_ours_is_imported(desk: tuple[Path, Service]) -> None:
    root, service = desk
    write_tree(root, {"flows/desk.flow": OWN})
    assert deploy(root).code == 0
    (deployed,) = service.replies()
    (root / STATE).unlink()
    service.add([CLAIMS])
    before = read_tree(root)

    for words in (["--all"], ["--id", deployed]):
        message = error(flowdsl(root, "import", *words), 10)
        assert "there is no state at" in message and "holds 1 workflows" in message
        assert "`flowdsl state rebuild --env local`" in message
    assert {**read_tree(root), ".flowdsl/emulator.sqlite": b""} == {
        **before,
        ".flowdsl/emulator.sqlite": b"",
    }
    assert deploy(root).code == 10
    assert len(service.replies()) == 2


def test_what_an_older_state_does_not_know_is_left_to_a_rebuild(
    desk: tuple[Path, Service],
) -> None:
    root, service = desk
    write_tree(root, {"flows/desk.flow": OWN})
    assert deploy(root).code == 0
    older = (root / STATE).read_bytes()
    more = OWN.replace("look_up", "call_back").replace("Look up a patient", "Call back")
    write_tree(root, {"flows/more.flow": more})
    assert deploy(root).code == 0
    (later,) = [each["id"] for each in service.replies().values() if each["name"] == "Call back"]
    (root / STATE).write_bytes(older)
    service.add([CLAIMS])

    message = error(flowdsl(root, "import", "--id", later), 6)
    result = flowdsl(root, "import", "--all")

    assert f"`Call back` ({later}) was deployed by this project as `workflow.call_back`" in message
    assert "`flowdsl state rebuild --env local` brings it back" in message
    assert message.removeprefix("error: ").removesuffix("; nothing was written") in result.err
    assert adopted(root).keys() == {"check_a_claim"}
    assert deploy(root).code == 10
    assert flowdsl(root, "state", "rebuild", "--yes").code == 0
    assert deploy(root).code == 0
    assert len(service.replies()) == 3


def in_dashboard(service: Service, method: str, path: str) -> None:
    with Store.open(service.path) as store:
        assert Client(store)(method, path).status_code < 300


def test_a_copy_of_our_own_and_what_was_let_go_are_imported(desk: tuple[Path, Service]) -> None:
    root, service = desk
    write_tree(root, {"flows/desk.flow": OWN})
    assert deploy(root).code == 0
    (original,) = service.replies()
    in_dashboard(service, "POST", f"workflows/{original}/duplicate")

    copied = flowdsl(root, "import", "--all")
    assert "flows/look_up_a_patient.flow" in written(copied)
    assert deploy(root).code == 0
    (root / "flows/desk.flow").unlink()
    project = (root / "flowdsl.toml").read_text()
    entry = '\n[[removed]]\naddress = "workflow.look_up"\nmode = "forget"\n'
    (root / "flowdsl.toml").write_text(project + entry)
    assert deploy(root).code == 0
    again = flowdsl(root, "import", "--id", original, "--as", "back_again")

    assert "flows/back_again.flow" in written(again)
    assert deploy(root).code == 0
    assert adopted(root)["back_again"] == original
    (root / STATE).unlink()
    assert deploy(root).code == 0
    assert len(service.replies()) == 2


def test_a_copy_of_what_was_created_anew_is_imported(desk: tuple[Path, Service]) -> None:
    root, service = desk
    write_tree(root, {"flows/desk.flow": OWN})
    assert deploy(root).code == 0
    (original,) = service.replies()
    in_dashboard(service, "POST", f"workflows/{original}/duplicate")
    in_dashboard(service, "DELETE", f"workflows/{original}")
    (copy,) = service.replies()

    assert "state rebuild" in error(flowdsl(root, "import", "--id", copy), 6)
    assert deploy(root, "--recreate", "workflow.look_up").code == 0
    result = flowdsl(root, "import", "--id", copy, "--as", "second")

    assert "flows/second.flow" in written(result)
    assert deploy(root).code == 0
    assert len(service.replies()) == 2


def test_line_breaks_of_the_project_file_stay(desk: tuple[Path, Service]) -> None:
    root, service = desk
    service.add([CLAIMS])
    old = LOCAL_PROJECT.rstrip("\n").replace("\n", "\r\n").encode()
    (root / "flowdsl.toml").write_bytes(old)

    assert flowdsl(root, "import", "--all").code == 0

    new = (root / "flowdsl.toml").read_bytes()
    assert new.startswith(old + b"\r\n\r\n[[adopt]]\r\n")
    assert b"\n" not in new.replace(b"\r\n", b"")


def test_an_id_in_two_cases_is_one_workflow(desk: tuple[Path, Service]) -> None:
    root, service = desk
    (one,) = service.add([CLAIMS])

    result = flowdsl(root, "import", "--id", one, "--id", one.upper())

    assert outcome(result).startswith("1 workflow imported")
    assert adopted(root) == {"check_a_claim": one}


def test_a_project_file_that_takes_no_entries_stops_the_import(desk: tuple[Path, Service]) -> None:
    root, service = desk
    service.add([CLAIMS])
    (root / "flowdsl.toml").write_text("adopt = []\n" + LOCAL_PROJECT)
    before = read_tree(root)

    message = error(flowdsl(root, "import", "--all"), 6)

    assert "write `adopt = [...]` as such entries" in message and "nothing was written" in message
    assert read_tree(root) == before


# A service on the network


@pytest.fixture
def remote(tmp_path: Path, server: Server) -> Path:
    root = tmp_path / "remote"
    write_tree(root, {"flowdsl.toml": _remote(server.url)})
    return root


def _remote(api: str) -> str:
    return LOCAL_PROJECT + f'\n[env.prod]\napi = "{api}"\napi_key = {{ env = "DESK_KEY" }}\n'


def test_a_service_on_the_network(tmp_path: Path, remote: Path) -> None:
    with Store.open(tmp_path / "emulator.sqlite") as store:
        assert Client(store)("POST", "workflows", json=CLAIMS).status_code == 201

    assert "name an environment with `--env`" in error(flowdsl(remote, "import", "--all"), 64)
    result = flowdsl(remote, "import", "--all", FLOWDSL_ENV="prod")

    assert "flows/check_a_claim.flow" in written(result)
    entry = tomllib.loads((remote / "flowdsl.toml").read_text("utf-8"))["adopt"][0]
    assert (entry["env"], entry["address"]) == ("prod", "workflow.check_a_claim")


def test_a_key_of_another_organization(tmp_path: Path, remote: Path) -> None:
    with Store.open(tmp_path / "emulator.sqlite") as store:
        Client(store)("POST", "workflows", json=CLAIMS)
    text = (remote / "flowdsl.toml").read_text() + 'organization = "org_other"\n'
    (remote / "flowdsl.toml").write_text(text)

    message = error(flowdsl(remote, "import", "--all", "--env", "prod"), 4)

    assert "the API key belongs to the organisation `" in message and "`org_other`" in message


@pytest.mark.parametrize("folder", ["", "flows", "my flows", 'a"b', "x[1]", "#c", "d\\e"])
def test_git_keeps_the_line_breaks_of_prompts_in_a_folder_of_any_name(
    tmp_path: Path, folder: str
) -> None:
    (tmp_path / ".gitattributes").write_bytes(prompt_attributes(folder) + b"\n")
    path = f"{folder}/a.prompt.md".lstrip("/")
    for words in (["init", "-q"], ["check-attr", "-z", "text", "--", path]):
        done = subprocess.run(["git", *words], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.split(b"\0")[2] == b"unset"
