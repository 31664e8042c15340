"""`flowdsl init`: what it writes works at once, and what is there stays as it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from flowdsl.cli.commands.init.project import EXAMPLES
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from tests.support.command_line import Result, environment, read_tree, run_here, write_tree
from tests.support.flows.compiling import EXAMPLES as EXAMPLE_FOLDERS
from tests.support.terminal import flowdsl_at_terminal, needs_terminal

NEXT = re.compile(r"project `(?P<name>.*)` \((?P<id>.*)\); it checks and deploys as it is:")


def init(folder: Path, *words: str) -> Result:
    return run_here(folder, "init", *words)


def project_of(folder: Path) -> dict[str, object]:
    """What the project file says, after it was loaded without a finding."""
    text = (folder / "flowdsl.toml").read_text("utf-8")
    sink = Sink()
    assert load_project(text, "flowdsl.toml", sink) is not None
    assert not sink.findings_in_order()
    return tomllib.loads(text)


def test_a_new_project_checks_without_a_word_and_deploys(tmp_path: Path) -> None:
    done = init(tmp_path, "desk")
    assert done.code == 0
    assert set(done.text.splitlines()) == {f"desk/{path}" for path in read_tree(tmp_path / "desk")}
    assert set(read_tree(tmp_path / "desk")) == {
        ".gitignore",
        "flowdsl.toml",
        "flows/record_status.flow",
    }
    said = NEXT.match(done.err)
    assert said is not None
    project = project_of(tmp_path / "desk")
    assert project["project"] == {
        "name": "desk",
        "id": said["id"],
        "flows": ["flows/**/*.flow"],
    }
    assert re.fullmatch("prj_[0-9a-f]{8}", said["id"])
    assert project["env"] == {"local": {"api": "local"}}
    assert 'test "' in (tmp_path / "desk/flows/record_status.flow").read_text()
    for line in done.err.splitlines()[1:]:
        assert run_here(tmp_path, *line.split()[1:]).code == 0
    found = run_here(tmp_path, "-C", "desk", "check", "--fail-on", "info")
    assert (found.code, found.text) == (0, "no problems in 1 file\n")
    assert run_here(tmp_path, "-C", "desk", "fmt", "--check").code == 0
    again = run_here(tmp_path / "desk", "deploy", "--yes")
    assert (again.code, "nothing to do" in again.err + again.text) == (0, True)


@pytest.mark.parametrize("word", EXAMPLES)
def test_an_example_is_copied_under_a_name_and_an_id_of_its_own(tmp_path: Path, word: str) -> None:
    done = init(tmp_path, "copy", "--example", word)
    assert done.code == 0
    source = EXAMPLE_FOLDERS / EXAMPLES[word]
    original = {
        path: content
        for path, content in read_tree(source).items()
        if not path.startswith(".flowdsl/")
    }
    copied = read_tree(tmp_path / "copy")
    changed = {path for path, content in copied.items() if original.get(path) != content}
    assert changed == {".gitignore", "flowdsl.toml"}
    assert original.keys() <= copied.keys()
    before = tomllib.loads(original["flowdsl.toml"].decode())
    after = project_of(tmp_path / "copy")
    assert after["env"] == before["env"]
    assert after["project"] == before["project"] | {
        "name": word,
        "id": after["project"]["id"],  # type: ignore[index]
    }
    assert after["project"]["id"] != before["project"]["id"]  # type: ignore[index]
    assert run_here(tmp_path, "-C", "copy", "check", "--fail-on", "warning").code == 0


def test_every_example_of_the_repository_can_be_asked_for() -> None:
    folders = {path.parent.name for path in EXAMPLE_FOLDERS.glob("*/flowdsl.toml")}
    assert set(EXAMPLES.values()) == folders


@pytest.mark.parametrize("name", ['say "hi"', "Zahlungen äöü", "a\\b", "[env.x]"])
def test_any_name_is_written_as_it_is_meant(tmp_path: Path, name: str) -> None:
    for words in ((), ("--example", "clinic", "--ci", "github")):
        folder = tmp_path / str(len(words))
        assert init(tmp_path, str(folder), "--name", name, "--id", "prj_1", *words).code == 0
        project = project_of(folder)["project"]
        assert project["id"] == "prj_1"  # type: ignore[index]
        assert project["name"] == name  # type: ignore[index]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--id", "a b"), "`--id a b` is not 1 to 64 ASCII letters"),
        (("--id", ""), "`--id ` is not 1 to 64 ASCII letters"),
        (("--name", " "), "`--name` needs a name"),
        (("--name", "a\tb"), "`--name` has characters that nobody sees"),
        (("--name", "a\udcff"), "`--name` has characters that nobody sees"),
        (("--example", "clinics"), "argument --example: invalid choice"),
        (("--empty", "--example", "clinic"), "argument --example: not allowed with argument"),
        (("--ci", "jenkins"), "argument --ci: invalid choice"),
        (("file",), "`file` is not a folder"),
        (("",), "an empty path names no folder"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    write_tree(tmp_path, {"file": "x"})
    done = init(tmp_path, *words)
    assert (done.code, done.out) == (64, b"")
    assert done.err.startswith(f"error: {said}")
    assert read_tree(tmp_path) == {"file": b"x"}


def test_an_empty_project_takes_workflows_in(tmp_path: Path) -> None:
    done = init(tmp_path, "desk", "--empty")
    assert done.code == 0
    assert set(read_tree(tmp_path / "desk")) == {".gitignore", "flowdsl.toml"}
    project_of(tmp_path / "desk")
    new, uncomment, take_in = [line.split() for line in done.err.splitlines()[1:]]
    assert "[env.prod]" in " ".join(uncomment)
    file = tmp_path / "desk/flowdsl.toml"
    file.write_text(re.sub("(?m)^# (?=.* = |\\[)", "", file.read_text("utf-8")), "utf-8")
    without_key = run_here(tmp_path, *take_in[1:])
    assert "CYBERDESK_API_KEY" in without_key.err
    assert run_here(tmp_path, *new[1:]).code == 0
    assert run_here(tmp_path, "-C", "desk", "check", "--fail-on", "info").code == 0


def test_a_second_time_nothing_is_touched(tmp_path: Path) -> None:
    assert init(tmp_path).code == 0
    before = read_tree(tmp_path)
    for words in ((), (".",), ("--example", "clinic", "--ci", "github"), ("--yes",)):
        done = init(tmp_path, *words)
        assert (done.code, done.out) == (6, b"")
        assert done.err == (
            "error: there is a project here already (`flowdsl.toml`); nothing was written: "
            "`flowdsl new workflow NAME` adds a workflow to it\n"
        )
        assert read_tree(tmp_path) == before


def test_a_project_that_is_there_gets_a_pipeline_and_nothing_else(tmp_path: Path) -> None:
    assert init(tmp_path).code == 0
    before = read_tree(tmp_path)
    done = init(tmp_path, "--ci", "github")
    assert (done.code, done.out) == (0, b".github/workflows/flowdsl.yml\n"), done.err
    assert 'state = "git+ref://origin/refs/flowdsl/prod"' in done.err
    after = read_tree(tmp_path)
    assert before.items() <= after.items()
    assert after.keys() - before.keys() == {".github/workflows/flowdsl.yml"}
    again = init(tmp_path, "--ci", "github")
    assert (again.code, again.out) == (6, b"")
    assert read_tree(tmp_path) == after


def test_within_a_project_only_a_named_folder_becomes_another(tmp_path: Path) -> None:
    assert init(tmp_path).code == 0
    before = read_tree(tmp_path)
    done = init(tmp_path / "flows")
    assert (done.code, done.out) == (6, b"")
    assert "there is a project in `..` already" in done.err
    assert read_tree(tmp_path) == before
    assert init(tmp_path / "flows", "inner").code == 0
    assert before.items() <= read_tree(tmp_path).items()


@pytest.mark.parametrize(
    "path", ["flows/record_status.flow", ".gitlab-ci.yml", ".gitlab/flowdsl.yml"]
)
def test_no_file_is_overwritten(tmp_path: Path, path: str) -> None:
    write_tree(tmp_path, {path: "mine\n"})
    done = init(tmp_path, "--ci", "gitlab")
    if path == ".gitlab-ci.yml":  # which everybody shares: the lines to add are shown
        assert done.code == 0
        (shown,) = re.findall(r"add to `\.gitlab-ci\.yml`:\n((?:    .*\n)+)", done.err)
        added = YAML(typ="safe").load(shown)
        assert added["include"][0]["inputs"]["environment"] == "prod"
        assert (tmp_path / path).read_text() == "mine\n"
    else:
        assert (done.code, done.out) == (6, b"")
        assert done.err == f"error: `{path}` exists already; nothing was written\n"
        assert read_tree(tmp_path) == {path: b"mine\n"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ".flowdsl/\n"),
        ("build/", "build/\n.flowdsl/\n"),
        ("build/\r\n", "build/\r\n.flowdsl/\r\n"),
        ("# .flowdsl/\n", "# .flowdsl/\n.flowdsl/\n"),
        (".flowdsl/\n!.flowdsl/\n", ".flowdsl/\n!.flowdsl/\n.flowdsl/\n"),
        (".flowdsl/\n", ".flowdsl/\n"),
        ("/.flowdsl\n", "/.flowdsl\n"),
        (".*\n", ".*\n"),
    ],
)
def test_a_gitignore_only_grows(tmp_path: Path, before: str, after: str) -> None:
    write_tree(tmp_path, {".gitignore": before})
    done = init(tmp_path)
    assert done.code == 0
    assert (tmp_path / ".gitignore").read_bytes() == after.encode()
    assert ("note: `.gitignore` was there" in done.err) == (before != after)
    assert (".gitignore" in done.text.splitlines()) == (before != after)


def test_a_gitignore_that_cannot_be_read_stops_it(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").mkdir()
    done = init(tmp_path)
    assert (done.code, done.out) == (6, b"")
    assert read_tree(tmp_path) == {}


@pytest.mark.parametrize("below", ["", "desks/north side"])
@pytest.mark.parametrize("words", [(), ("--example", "reports")])
def test_the_pipeline_of_github_stands_at_the_top_of_the_repository(
    tmp_path: Path, below: str, words: tuple[str, ...]
) -> None:
    (tmp_path / ".git").mkdir()
    assert init(tmp_path, below or ".", "--ci", "github", *words).code == 0
    env = project_of(tmp_path / below)["env"]
    assert env["prod"]["state"].startswith("git+ref://")  # type: ignore[index]
    text = (tmp_path / ".github/workflows/flowdsl.yml").read_text("utf-8")
    template = Path(__file__).parents[3] / "docs/ci/github-workflow-git-state.yml"
    expected = YAML(typ="safe").load(template.read_text("utf-8"))
    written = YAML(typ="safe").load(text)
    calls = 0
    for job in written["jobs"].values():
        for step in job["steps"]:
            if "command" in step.get("with", {}):
                calls += 1
                assert step["with"].pop("working-directory", "") == below
    assert calls == 4
    assert written == expected
    assert text.startswith(
        "# State lies on a ref of this repository, so that no cloud is needed:\n"
    )


@pytest.mark.parametrize("below", ["", "desks/north side"])
def test_the_pipeline_of_gitlab_includes_its_template(tmp_path: Path, below: str) -> None:
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")  # a work tree beside its repository
    assert init(tmp_path, below or ".", "--ci", "gitlab").code == 0
    template = Path(__file__).parents[3] / "docs/ci/gitlab-ci.yml"
    assert (tmp_path / ".gitlab/flowdsl.yml").read_bytes() == template.read_bytes()
    spec = YAML(typ="safe").load(template.read_text("utf-8").split("\n---\n")[0])["spec"]["inputs"]
    (include,) = YAML(typ="safe").load((tmp_path / ".gitlab-ci.yml").read_text())["include"]
    assert include["local"] == ".gitlab/flowdsl.yml"
    inputs = include["inputs"]
    assert inputs.keys() <= spec.keys()
    assert {name for name, each in spec.items() if "default" not in each} <= inputs.keys()
    assert inputs.get("working-directory", "") == below
    for name, value in inputs.items():
        assert isinstance(value, str)
        assert re.fullmatch(spec[name].get("regex", "(?s).*"), value)


@needs_terminal
def test_a_person_is_asked_three_things(tmp_path: Path) -> None:
    words = ["init", "care"]
    with flowdsl_at_terminal(words, folder=tmp_path, environ=environment()) as screen:
        screen.until("start from an example: clinic, accounts, reports or none ")
        screen.type("\udcff\n")
        screen.until("is none of them")
        screen.type("clinc\n")
        screen.until("do you mean clinic")
        screen.type("clinic\n")
        screen.until(r"name of the project \[clinic\]: ")
        screen.type("Care Ops\n")
        screen.until("write a pipeline: github, gitlab or none ")
        screen.type("\n")
        code, _ = screen.ended()
    assert code == 0
    assert project_of(tmp_path / "care")["project"]["name"] == "Care Ops"  # type: ignore[index]
    assert (tmp_path / "care/flows/patient_lookup.flow").is_file()
    assert not (tmp_path / "care/.github").exists()


@needs_terminal
def test_a_person_who_says_yes_is_asked_nothing(tmp_path: Path) -> None:
    words = ["init", "care", "--yes"]
    with flowdsl_at_terminal(words, folder=tmp_path, environ=environment()) as screen:
        code, said = screen.ended()
    assert (code, "?" in said, "example" in said) == (0, False, False)
    assert project_of(tmp_path / "care")["project"]["name"] == "care"  # type: ignore[index]
