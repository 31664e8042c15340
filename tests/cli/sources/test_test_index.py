"""`flowdsl test` with its index gives what it gives without one, whatever was edited."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flowdsl.testing import run as running
from tests.support.command_line import run_here, write_tree
from tests.support.effort import examples

PROJECT = """
[project]
name = "care"
[env.test]
api = "local"
vars = { site = "North" }
[env.prod]
api = "local"
vars = { site = "South" }
"""
NAMES = ("a", "b", "c", "d")
FILES = {
    "flowdsl.toml": PROJECT,
    "flows/rows.csv": "reads n,outputs n\n3,3\n4,4\n",
    "flows/words.md": "Press F4.\n",
}


def text(name: str, imported: str | None, variant: str) -> str:
    """A flow with tests that may import a task of another one."""
    head = "flow 1\n" + (
        f'import {{ t_{imported} }} from "./{imported}.flow"\n' if imported else ""
    )
    call = f"call t_{imported}()" if imported else 'press "F3"'
    acts = {
        "environment": 'do "Press F3 at {env.site}."',
        "of a file": f'do "First {{words_{name}}}"',
    }
    act = acts.get(variant, 'press "F3"')
    more = {
        "fails": f'test "fails" for w_{name} {{ reads {{ n = 3 }} outputs {{ n = 4 }} }}',
        "snapshot": f'test "as it was" for w_{name} {{ prompt matches snapshot }}',
        "task": f'test "alone" for task t_{name} {{ does press "F3" }}',
        "table": f'test "rows" for w_{name} {{ cases from "./rows.csv" }}',
        "environment": f'test "site" for w_{name} {{ prompt contains "North" }}',
        "of a file": f'test "words" for w_{name} {{ prompt contains "F4" }}\n'
        f'const words_{name} from "./words.md"',
        "mistake": f'workflow more_{name} {{ steps {{ do "Type {{z}}" }} }}',
        "broken": "workflow {",
        "shared": 'workflow shared { steps { press "F3" } }',
    }.get(variant, "")
    tested = f'test "reads" for w_{name} {{ reads {{ n = 3 }} outputs {{ n = 3 }} }}\n'
    return (
        f"{head}task t_{name}() {{ {act} }}\n"
        f"workflow w_{name} {{ outputs {{ n: int }} steps {{ {call} call t_{name}()\n"
        f'extract n: int from "the total" emit n = n }} }}\n'
        f"{'' if variant == 'untested' else tested}{more}\n"
    )


VARIANTS = ("passes", "untested", "fails", "snapshot", "task", "table", "environment", "of a file")
REFUSED = ("mistake", "broken", "shared")


class Project:
    """A folder that is tested with and without its index."""

    def __init__(self, root: Path) -> None:
        self.root = root / "care"
        self.secrets = root / "cache"
        write_tree(self.root, FILES)
        self.ran = 0

    def put(self, path: str, content: str) -> None:
        write_tree(self.root, {path: content})

    def test(self, *words: str, ci: bool = False) -> tuple[int, str, str]:
        """Run the tests; the times of results are left out."""
        environ = {"CI": "true" if ci else "", "XDG_CACHE_HOME": str(self.secrets)}
        before = running.run_test
        self.ran = 0

        def run_test(*given: object) -> object:
            self.ran += 1
            return before(*given)  # type: ignore[arg-type]

        with (
            patch("flowdsl.cli.runtime.target.INDEX_FROM", 1),
            patch.object(running, "run_test", run_test),
        ):
            found = run_here(self.root, "test", "-j", "1", *words, **environ)
        return found.code, re.sub(r'"seconds": [^,]*', "", found.text), str(found.err)

    def compare(self, *words: str) -> tuple[int, str]:
        """Test with the index, and claim what a run without one says; returns code and messages."""
        kept = self.root / ".flowdsl/cache/tests.json"
        last = kept.read_bytes() if kept.exists() else None
        code, out, told = self.test(*words)
        ran = self.ran
        failed = kept.read_bytes() if kept.exists() else None
        if last is None:
            kept.unlink(missing_ok=True)
        else:
            kept.write_bytes(last)
        wanted = self.test(*words, ci=True)
        assert (code, out, re.sub(r"; \d+ of them unchanged.*", "", told)) == wanted
        assert failed == (kept.read_bytes() if kept.exists() else None)
        self.ran = ran
        return code, told


class Edits(RuleBasedStateMachine):
    """Files come, change and go; the tests are run after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.project = Project(self.folder)
        self.words: tuple[str, ...] = ("--env", "test")

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(
        name=st.sampled_from(NAMES),
        imported=st.sampled_from((None, None, *NAMES)),
        variant=st.sampled_from((*VARIANTS * 2, *REFUSED)),
    )
    def write(self, name: str, imported: str | None, variant: str) -> None:
        self.project.put(f"flows/{name}.flow", text(name, imported, variant))

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        (self.project.root / f"flows/{name}.flow").unlink(missing_ok=True)

    @rule(name=st.sampled_from(NAMES), other=st.sampled_from(NAMES))
    def rename(self, name: str, other: str) -> None:
        path = self.project.root / f"flows/{name}.flow"
        if path.exists():
            path.rename(path.with_name(f"{other}.flow"))

    @rule(environment=st.sampled_from(("test", "prod")))
    def choose(self, environment: str) -> None:
        self.words = ("--env", environment)

    @rule(site=st.sampled_from(("North", "East")))
    def value(self, site: str) -> None:
        self.project.put("flowdsl.toml", PROJECT.replace("North", site))

    @rule(rows=st.sampled_from(("3,3\n", "3,4\n", "3,3\n5,5\n", "3\n")))
    def table(self, rows: str) -> None:
        self.project.put("flows/rows.csv", f"reads n,outputs n\n{rows}")

    @rule(words=st.sampled_from(("Press F4.\n", "Press F5.\n", None)))
    def taken_in(self, words: str | None) -> None:
        path = self.project.root / "flows/words.md"
        if words is None:
            path.unlink(missing_ok=True)
        else:
            self.project.put("flows/words.md", words)

    @rule()
    def update(self) -> None:
        self.project.test("--update", *self.words)

    @rule(name=st.sampled_from(NAMES), how=st.sampled_from(("other", "gone")))
    def snapshot(self, name: str, how: str) -> None:
        path = self.project.root / f"flows/__snapshots__/w_{name}.prompt.md"
        if how == "gone":
            path.unlink(missing_ok=True)
        else:
            self.project.put(path.relative_to(self.project.root).as_posix(), "Other.\n")

    @rule(how=st.sampled_from(("cut", "gone")), data=st.data())
    def damage(self, how: str, data: st.DataObject) -> None:
        kept = sorted(self.project.root.glob(".flowdsl/cache/test-*/*.json"))
        if not kept:
            return
        path = data.draw(st.sampled_from(kept))
        if how == "gone":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-20])

    @rule()
    def nothing(self) -> None:
        self.project.test(*self.words)

    @invariant()
    def gives_the_same(self) -> None:
        self.project.compare(*self.words)


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=examples(60), stateful_step_count=12, deadline=None)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a flow of each variant that can be tested."""
    made = Project(tmp_path)
    names = dict(zip("klmnopqr", VARIANTS, strict=True))
    flows = {f"flows/{name}.flow": text(name, None, each) for name, each in names.items()}
    write_tree(made.root, flows)
    made.test("--update", "--env", "test")
    return made


def test_what_passed_is_not_run_again_and_what_failed_is(project: Project) -> None:
    code, out, told = project.test("--env", "test")
    total = project.ran
    assert (code, out.count("ok  "), out.count("FAILED")) == (1, total - 1, 1), out
    assert told == f"{total} tests, 1 failed\n"
    code, told = project.compare("--env", "test")
    assert (code, project.ran) == (1, 2), "the file with the test that failed"
    assert told == (
        f"{total} tests, 1 failed; {total - 2} of them unchanged since they passed, and not run\n"
    )
    with patch("flowdsl.cli.commands.test.unchanged._compile_part", side_effect=AssertionError):
        (project.root / "flows/m.flow").unlink()
        assert project.compare("--env", "test")[0] == 0
        assert project.ran == 0


@pytest.mark.parametrize(
    ("path", "content", "ran"),
    [
        ("flows/rows.csv", "reads n,outputs n\n3,3\n", 2),
        ("flows/words.md", "Press F4 now.\n", 2),
        ("flows/__snapshots__/w_n.prompt.md", "Other.\n", 2),
        ("flowdsl.toml", PROJECT + "\n# a comment\n", None),
        ("flows/other.md", "nobody reads it", 0),
    ],
)
def test_what_a_test_reads_lets_it_run_again(
    project: Project, path: str, content: str, ran: int | None
) -> None:
    (project.root / "flows/m.flow").unlink()
    project.test("--env", "test")
    total = project.ran
    project.put(path, content)
    project.compare("--env", "test")
    assert project.ran == (total if ran is None else ran)


def test_another_version_of_a_package_runs_all(project: Project) -> None:
    (project.root / "flows/m.flow").unlink()
    project.test("--env", "test")
    total = project.ran
    with patch("flowdsl.incremental.tests._list_installed_packages", return_value=["re2-2"]):
        project.compare("--env", "test")
    assert project.ran == total


def test_only_an_index_of_this_machine_is_believed(project: Project) -> None:
    (project.root / "flows/m.flow").unlink()
    project.test("--env", "test")
    total = project.ran
    (place,) = project.root.glob(".flowdsl/cache/test-*/index.json")
    seal, _, body = place.read_text().partition("\n")
    document = json.loads(body)
    for group in document["groups"]:
        group[-2] = []
    place.write_text(f"{seal}\n{json.dumps(document)}")
    project.compare("--env", "test")
    assert project.ran == total


def test_results_say_the_same_as_json(project: Project) -> None:
    project.test("--env", "test")
    project.compare("--env", "test", "--json")
    assert project.ran == 2


@pytest.mark.parametrize("words", [("--mutate",), ("--explore", ""), ("--lcov", "")], ids=" ".join)
def test_an_option_without_a_value_is_one(project: Project, words: tuple[str, ...]) -> None:
    (project.root / "flows/m.flow").unlink()
    project.test("--env", "test")
    project.compare("--env", "test", *words)
