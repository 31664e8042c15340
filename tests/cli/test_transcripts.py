"""Commands from end to end: exit codes, what goes to which stream, and what bad input gives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.command_line import read_tree, run_here, write_tree

GOOD = """\
flow 1
## Finds a patient.
workflow look_up {
  title = "Look up a patient"
  inputs { patient_id: string }
  outputs { name: string }
  steps {
    step "Open the record" {
      do "Search for {patient_id} and open the record."
      extract found: string from "the patient's name"
      emit name = found
    }
  }
}
"""
UNDECLARED = GOOD.replace("= found", "= fuond")
PROJECT = '[project]\nname = "care"\nflows = ["flows/**/*.flow"]\n'


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def program(*words: str, stdin: bytes = b"", cwd: Path = tmp_path, **environ: str) -> Result:
        done = run_here(cwd, *words, stdin=stdin, **environ)
        return Result(done.code, done.text, done.err)

    return program


BAD: dict[str, tuple[dict[str, str | bytes], list[str], str]] = {
    "not UTF-8": ({"a.flow": b"flow 1\n\xff\n"}, ["a.flow"], "UTF-8"),
    "empty": ({"a.flow": ""}, ["a.flow"], "flow 1"),
    "blank": ({"a.flow": "\n# nothing\n"}, ["a.flow"], "flow 1"),
    "unterminated text": (
        {"a.flow": 'flow 1\nworkflow a { steps { do "open } }\n'},
        ["a.flow"],
        "",
    ),
    "unterminated block": (
        {"a.flow": 'flow 1\nworkflow a { steps { do """\n  open\n } }\n'},
        ["a.flow"],
        "",
    ),
    "20 MB": ({"a.flow": b"# " + b"x" * (20 * 1024 * 1024)}, ["a.flow"], "the limit is 16 MB"),
    "missing import": (
        {"a.flow": GOOD.replace("flow 1\n", 'flow 1\nimport { x } from "./gone.flow"\n')},
        ["a.flow"],
        "gone.flow",
    ),
    "import outside": (
        {"sub/a.flow": 'flow 1\nimport { x } from "../x.flow"\n', "x.flow": "flow 1\n"},
        ["sub/a.flow"],
        "../x.flow",
    ),
    "import cycle": (
        {
            "a.flow": 'flow 1\nimport { t } from "./b.flow"\ntype s = t\n',
            "b.flow": (
                'flow 1\nimport { s } from "./a.flow"\nconst used = 1\ntype t = string\ntype u = '
                "s\n"
            ),
        },
        ["a.flow"],
        "b.flow",
    ),
    "unknown edition": ({"a.flow": GOOD.replace("flow 1", "flow 7")}, ["a.flow"], "7"),
    "a folder named like a flow": (
        {
            "flowdsl.toml": PROJECT,
            "a.flow": 'flow 1\nimport { x } from "./b.flow"\n',
            "b.flow/x": "",
        },
        ["a.flow"],
        "folder",
    ),
    "unknown key": (
        {"flowdsl.toml": PROJECT + "flwos = 1\n", "flows/a.flow": GOOD},
        [],
        "a key named `flows` exists",
    ),
    "bad TOML": ({"flowdsl.toml": PROJECT + "x =\n", "flows/a.flow": GOOD}, [], "not TOML"),
    "project file not UTF-8": ({"flowdsl.toml": b"\xff"}, [], "UTF-8"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_finding(run: Run, tmp_path: Path, case: str) -> None:
    files, paths, expected = BAD[case]
    write_tree(tmp_path, files)
    before = read_tree(tmp_path)
    result = run("check", *paths, "--format", "json")
    assert result.code == 1
    assert (result.err != "") == (case == "import outside")
    found = json.loads(result.out)["diagnostics"]
    assert [item["severity"] for item in found] == ["error"], found
    assert expected in json.dumps(found, ensure_ascii=False)
    text = run("check", *paths)
    assert text.code == 1
    assert text.out.startswith(f"error[{found[0]['name']}]: {found[0]['message']}\n")
    assert len(text.out) < 2_000
    compiled = run("compile", *paths, "-o", "out")
    assert (compiled.code, compiled.out) == (3, "")
    assert compiled.err.startswith("error[")
    assert read_tree(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_a_clean_check(run: Run, tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/a.flow": GOOD})
    assert run("check") == (0, "no problems in 1 file\n", "")
    assert run("check", "--format", "terse") == (0, "", "")
    assert json.loads(run("check", "--format", "json").out) == {
        "format_version": 1,
        "diagnostics": [],
    }
    assert run("check", "--format", "github").out == "no problems in 1 file\n"
    assert run("check", cwd=tmp_path / "flows").code == 0
    assert run("check", "flows").code == 0
    assert run("check", "flows/*.flow").code == 0
    assert run("check", str(tmp_path / "flows" / "a.flow"), cwd=Path("/")).code == 0


def test_paths_are_shown_from_the_working_folder(run: Run, tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/a.flow": UNDECLARED, "else/x": ""})
    place = "a.flow:11:19: error undeclared-name: "
    for cwd, shown in (
        (tmp_path, "flows/"),
        (tmp_path / "flows", ""),
        (tmp_path / "else", "../flows/"),
    ):
        result = run("check", "--format", "terse", cwd=cwd)
        assert result.code == 1
        assert result.out.startswith(shown + place)
    assert "  --> flows/a.flow:11:19\n" in run("check").out
    (tmp_path / "flowdsl.toml").unlink()
    assert run("check", "flows/a.flow", "--format", "terse").out.startswith("flows/" + place)


def test_an_import_that_leaves_a_folder_without_project_names_the_folder(
    run: Run, tmp_path: Path
) -> None:
    flow = 'flow 1\nimport { x } from "../x.flow"\ntype y = x\n'
    write_tree(tmp_path, {"sub/a.flow": flow, "x.flow": "flow 1\ntype x = string\n"})
    for command in ("check", "compile"):
        assert "the project is the folder `sub` of what was named" in run(command, "sub/a.flow").err
    write_tree(tmp_path, {"flowdsl.toml": PROJECT})
    assert run("check", "sub/a.flow") == (0, "no problems in 2 files\n", "")


def test_fail_on(run: Run, tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": UNDECLARED})
    for severity in ("error", "warning", "info"):
        assert run("check", "a.flow", "--fail-on", severity).code == 1
    assert run("check", "a.flow", "--fail-on", "never").code == 64


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["check"],
            "there is no `flowdsl.toml` in this folder or above; `flowdsl init` makes one, "
            "or name the flows to work on",
        ),
        (["check", "none.flow"], "`none.flow` does not exist"),
        (["check", "none/*.flow"], "no flow is found by "),
        (["check", "empty"], "no flow is found by "),
        (["check", "-", "a.flow"], "`-` reads standard input and cannot be combined with paths"),
        (["check", "a.flow", "--stdin-filename", "x"], "`--stdin-filename` goes with `-`"),
        (
            ["check", "--format", "xml", "a.flow"],
            "there is no format `xml`; the formats are text, terse, json, github",
        ),
        (["check", "p/flows/a.flow", "a.flow"], "`a.flow` is outside "),
        (
            ["check", "p/flows/a.flow", "--env", "porduction"],
            "there is no environment `porduction`; environment `production` exists",
        ),
        (
            ["compile", "p/flows/a.flow"],
            "name an environment with `--env` or `FLOWDSL_ENV`; there are `local`, `production`",
        ),
        (
            ["compile", "a.flow", "--env", "x"],
            "there is no `flowdsl.toml` in this folder or above",
        ),
        (["compile", "a.flow", "-o", "a.flow"], "`a.flow` cannot be written: "),
        (["compile", "a.flow", "--json"], "`--json` prints figures; add `--stats`"),
        (["check", ""], "an empty path names nothing"),
    ],
)
def test_usage_mistakes(run: Run, tmp_path: Path, words: list[str], message: str) -> None:
    environments = '[env.local]\napi = "local"\n[env.production]\napi = "https://x.test"\n'
    files: dict[str, str | bytes] = {
        "a.flow": GOOD,
        "empty/x": "",
        "p/flowdsl.toml": PROJECT + environments,
        "p/flows/a.flow": GOOD,
    }
    write_tree(tmp_path, files)
    result = run(*words)
    assert (result.code, result.out) == (64, "")
    assert result.err.startswith(f"error: {message}")
    assert result.err.count("\n") == 1
    assert read_tree(tmp_path) == {path: str(content).encode() for path, content in files.items()}


def test_the_environment_variable_chooses(run: Run, tmp_path: Path) -> None:
    environments = (
        '[env.a]\napi = "local"\nvars = { site = "https://a.test" }\n[env.b]\napi = '
        '"local"\nvars = { site = "https://b.test" }\n'
    )
    flow = GOOD.replace("Search for", "On {env.site}, search for")
    write_tree(tmp_path, {"flowdsl.toml": PROJECT + environments, "flows/a.flow": flow})
    assert run("check").code == 0
    assert run("check", FLOWDSL_ENV="c").code == 64
    for words, environ, expected in (
        (["--env", "a"], {}, "a.test"),
        ([], {"FLOWDSL_ENV": "b"}, "b.test"),
        (["--env", "a"], {"FLOWDSL_ENV": "b"}, "a.test"),
    ):
        assert run("compile", *words, **environ).code == 0
        assert expected in (tmp_path / "build/flowdsl/look_up/prompt.md").read_text()


def test_the_cost_of_prompts(run: Run, tmp_path: Path) -> None:
    loop = GOOD.replace("{ patient_id: string }", "{ patient_ids: string[] @max_items(9) }")
    loop = loop.replace("look_up", "look_all_up").replace("outputs { name: string }", "")
    loop = re.sub(
        r"steps \{.*",
        'steps { for each in patient_ids max 9 { choose "the row {each}" } } }\n',
        loop,
        flags=re.DOTALL,
    )
    write_tree(tmp_path, {"a.flow": GOOD, "b.flow": loop})
    assert run("compile", "a.flow", "b.flow").out == ""
    text = run("compile", "a.flow", "b.flow", "--stats")
    assert text.code == 0
    found = json.loads(run("compile", "a.flow", "b.flow", "--stats", "--json").out)
    assert (found["format_version"], found["total"]) == (1, 2)
    many, one = found["items"]
    assert one["workflow"] == "look_up"
    assert (one["focused_calls"], one["background_readings"], one["loops"]) == (1, 0, [])
    assert many["loops"] == [
        {"items": "{patient_ids}", "focused_calls": 1, "background_readings": 0}
    ]
    for item in found["items"]:
        tokens = item["tokens"]
        assert list(tokens) == ["all", "title", "rules", "steps"]
        assert tokens["all"] == sum(tokens.values()) - tokens["all"]
    rows = [re.split(r"  +", line.strip()) for line in text.out.splitlines()]
    assert [row[0] for row in rows] == [
        "WORKFLOW",
        "look_all_up",
        "an entry of {patient_ids}",
        "look_up",
    ]
    assert rows[2][1:] == ["1", "0"]
    assert rows[3][1:] == ["1", "0", *(f"{each:,}" for each in one["tokens"].values())]
    assert (tmp_path / "build/flowdsl/look_up/prompt.md").exists()


def test_standard_input(run: Run, tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "flowdsl.toml": PROJECT,
            "flows/a.flow": UNDECLARED,
            "flows/lib.flow": "flow 1\ntype t = string\n",
        },
    )
    assert run("check", "-", stdin=GOOD.encode()).code == 0
    result = run("check", "-", "--format", "terse", stdin=UNDECLARED.encode())
    assert result.code == 1
    assert result.out.startswith("<stdin>:11:19: error undeclared-name")
    assert run("check", "-", "--stdin-filename", "flows/a.flow", stdin=GOOD.encode()).code == 0
    importing = GOOD.replace("flow 1\n", 'flow 1\nimport { t } from "./lib.flow"\n').replace(
        ": string", ": t"
    )
    assert (
        run("check", "-", "--stdin-filename", "flows/new.flow", stdin=importing.encode()).code == 0
    )
    broken = run("check", "-", "--format", "terse", stdin=b"\xff")
    assert broken.code == 1
    assert broken.out.startswith("<stdin>:1:1: error ")


def test_compile_writes_the_documented_files(run: Run, tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": GOOD, "out/kept.txt": "mine"})
    result = run("compile", "a.flow", "-o", "out")
    assert (result.code, result.out) == (0, "")
    assert result.err.splitlines()[-1] == "1 workflow written to out"
    written = read_tree(tmp_path / "out")
    names = [
        "input.schema.json",
        "output.schema.json",
        "payload.json",
        "prompt.md",
        "source_map.json",
    ]
    assert sorted(written) == ["kept.txt", *(f"look_up/{name}" for name in names)]
    payload = json.loads(written["look_up/payload.json"])
    assert payload["name"] == "Look up a patient"
    assert payload["main_prompt"] == written["look_up/prompt.md"].decode().removesuffix("\n")
    assert json.loads(payload["input_schema"]) == json.loads(written["look_up/input.schema.json"])
    assert json.loads(payload["output_schema"]) == json.loads(written["look_up/output.schema.json"])
    source_map = json.loads(written["look_up/source_map.json"])
    assert source_map["workflow"] == "look_up"
    assert all(line["source"]["path"] == "a.flow" for line in source_map["lines"])
    assert all(b"\r" not in content for content in written.values())
    assert run("compile", "-", "-o", "again", stdin=GOOD.encode()).code == 0
    again = read_tree(tmp_path / "again")
    assert again["look_up/payload.json"] == written["look_up/payload.json"]


def test_compiling_is_deterministic(run: Run, tmp_path: Path) -> None:
    other = GOOD.replace("look_up", "find").replace("Look up", "Find")
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/a.flow": GOOD, "flows/b.flow": other})
    for seed in ("1", "2"):
        assert run("compile", "-o", seed, PYTHONHASHSEED=seed).code == 0
    assert read_tree(tmp_path / "1") == read_tree(tmp_path / "2")
    assert run("compile", "-o", "3", "flows/b.flow", "flows/a.flow").code == 0
    assert read_tree(tmp_path / "3") == read_tree(tmp_path / "1")


def test_a_failed_compile_keeps_what_an_earlier_one_wrote(run: Run, tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": GOOD})
    assert run("compile", "a.flow").code == 0
    before = read_tree(tmp_path / "build")
    write_tree(tmp_path, {"a.flow": UNDECLARED})
    assert run("compile", "a.flow").code == 3
    assert read_tree(tmp_path / "build") == before


def test_colour_is_for_people(run: Run, tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": UNDECLARED})
    assert "\x1b" not in run("check", "a.flow").text
    assert "\x1b[1;31merror" in run("check", "a.flow", "--color", "always").out
    assert "\x1b" not in run("check", "a.flow", "--color", "always", "--format", "json").out


def test_a_reader_that_goes_away_changes_no_exit_code(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": UNDECLARED})
    process = subprocess.Popen(
        [sys.executable, "-m", "flowdsl", "check", "a.flow", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 1


NAMES = """flow 1
const clinic = "North"
workflow w {
  inputs { mrn: string }
  secrets { pin: string }
  outputs { phone: string }
  steps {
    extract phone from "the phone number of {mrn} in {clinic}"
    extract seen: string from "the header"
    type $pin into "PIN"
    for row in 2 { expect "row {row} shows {seen} and {phone}" }
  }
}
"""


def test_debug(run: Run, tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": GOOD, "bad.flow": "flow 1\nworkflow {\n"})
    tree_text = run("debug", "parse", "a.flow")
    assert tree_text.code == 0
    assert "WorkflowDecl" in tree_text.out
    write_tree(tmp_path, {"names.flow": NAMES})
    shown = re.findall(
        r"Ref .*: (an? .*)\n +Name .* text='(\w+)'", run("debug", "parse", "names.flow").out
    )
    assert {name: meaning for meaning, name in shown} == {
        "mrn": "an input",
        "clinic": "a const",
        "pin": "a secret",
        "row": "a loop variable",
        "seen": "a runtime variable",
        "phone": "an output",
    }
    assert run("debug", "parse", "a.flow", "--reference").out.startswith("file 0..")
    assert run("debug", "parse", "bad.flow").code == 1
    assert run("debug", "parse", "bad.flow", "--reference").code == 1
    assert run("debug", "tables").out.split()[1::2] == ["terminals,", "rules,", "states"]
    assert json.loads(run("debug", "config-schema").out)["title"] == "flowdsl.toml"
    write_tree(tmp_path, {"flowdsl.toml": "[project\n"})
    broken = run("debug", "parse", "a.flow")
    assert broken.code == 3 and "`flowdsl.toml` has errors" in broken.err
