"""Does any command write outside of its project, wherever links stand in it?

    python benchmarks/faults/writes_through_links.py [--only COMMAND ...] [--show N]

Runs every command of the command line that writes, in a project that was deployed, and notes the
paths that it makes or changes. Then it runs it again in copies of that project, with a link in the
place of each component of each of these paths: to a folder and to a file outside, to what is not
there, to a folder and to a file of the project. What stood there before stands at the end of the
link. A path that the command line names itself begins below what it names: a link in its place is
the person's own.

Prints by command how many paths a clean run writes, how many links were planted, how many of these
runs ended with an error, and how many bytes and entries outside are not what they were. Exits 1 for
any byte or entry, for a traceback, and where a command of the command line is missing here. Needs
the development dependencies and symbolic links.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flowdsl.cli.main import COMMANDS
from tests.support.command_line import environment, run_here, write_tree

PROJECT = """\
[project]
name = "harbour-claims"
id = "prj_11a71e55"

[env.local]
api = "local"
"""
FLOW = """\
flow 1

## Reads the state of a claim.
workflow claim_state {
  title = "State of a claim"
  inputs { number: string }
  outputs { state: string }
  steps {
    do "Open the claim {number} in the ledger."
    extract state: string from "the field State"
    emit state = state
  }
}

test "what is shown is reported" for claim_state {
  given { number = "HM-1" }
  reads { state = "open" }
  outputs { state = "open" }
  prompt matches snapshot
}
"""
MESSY = 'flow 1\n## Opens it.\nworkflow ledger_open {steps {do "Open   the ledger."}}\n'
CONVERTED = (
    'flow 1\n\n## Prints it.\nworkflow list_print {\n  prompt from "./list_print.prompt.md"\n}\n'
)
PROMPT = "# Print the list\n\n## 1. Print\n\n1. Click **Print** in the window of the ledger.\n"
FIXED = """\
flow 1
import { sign_in, sign_out } from "./shared.flow"

## Signs in.
workflow desk_open { steps { call sign_in() } }
"""
SHARED = """\
flow 1

## Signs in.
task sign_in() { do "Sign in." }

## Signs out.
task sign_out() { do "Sign out." }
"""
IMPORTED = {"name": "Notes", "main_prompt": "# Notes\n\n1. Click **Notes**.\n"}
SUMMARY = "summary.md"
DATA = ".flowdsl/emulator.sqlite"


@dataclass(frozen=True)
class Call:
    """A call of a command: its words, the files it needs, and what they name to write to.

    `{run}` and `{id}` stand for a run of the project and for its workflow. `fresh` begins without
    what was deployed, `edited` with an edit made in the dashboard. Paths of `named` are those of
    files, with a `/` at the end those of folders. `serves` is for what never ends by itself.
    """

    words: tuple[str, ...]
    files: dict[str, str | bytes] = field(default_factory=dict)
    named: tuple[str, ...] = ()
    fresh: bool = False
    edited: bool = False
    serves: bool = False
    environ: dict[str, str] = field(default_factory=dict)


def call(words: str, *named: str, fresh: bool = False, edited: bool = False, **files: str) -> Call:
    known = {"toml": "flowdsl.toml", "ignored": ".gitignore"}
    tree: dict[str, str | bytes] = {known.get(name, name): text for name, text in files.items()}
    return Call(tuple(words.split()), tree, named, fresh, edited)


def with_files(words: str, files: dict[str, str | bytes], *named: str, fresh: bool = True) -> Call:
    return Call(tuple(words.split()), files, named, fresh)


MANY: dict[str, str | bytes] = {
    f"flows/m{number}.flow": FLOW.split("test")[0].replace("claim_state", f"m{number}")
    for number in range(50)
}

NO_PROJECT: dict[str, str | bytes] = {"flowdsl.toml": b""}

CALLS: dict[str, list[Call]] = {
    "init": [
        with_files("init --yes --name desk --id prj_1", NO_PROJECT),
        with_files("init desk --yes --example clinic --ci github", NO_PROJECT, "desk/"),
        with_files("init desk --yes --ci gitlab", {"desk/.gitignore": "x\n"}, "desk/"),
    ],
    "new": [
        call("new workflow claim_close", fresh=True),
        call("new task sign_off", fresh=True),
        call("new chain claims_day -o flows", fresh=True),
    ],
    "check": [
        with_files("check", MANY),
        with_files("check --fix", {"flows/fixed.flow": FIXED, "flows/shared.flow": SHARED}),
        with_files("check --write-baseline known.json", {"flows/m.flow": MESSY}, "known.json"),
    ],
    "fmt": [with_files("fmt", {"flows/messy.flow": MESSY})],
    "import": [
        with_files("import notes.json", {"notes.json": json.dumps(IMPORTED)}),
        with_files("import notes.json -o more", {"notes.json": json.dumps(IMPORTED)}, "more/"),
    ],
    "convert": [
        with_files(
            "convert list_print --write",
            {"flows/list_print.flow": CONVERTED, "flows/list_print.prompt.md": PROMPT},
        )
    ],
    "compile": [
        call("compile", fresh=True),
        call("compile -o out", "out/", fresh=True),
    ],
    "test": [
        call("test --update", fresh=True),
        with_files("test --update", {"flows/__snapshots__/old.prompt.md": "old\n"}),
        with_files(
            "test --junit report.xml --lcov cover.info",
            {"flows/claims.flow": FLOW.replace("  prompt matches snapshot\n", "")},
            "report.xml",
            "cover.info",
        ),
    ],
    "plan": [
        call("plan", fresh=True),
        call("plan -o plan.json --summary-md plan.md", "plan.json", "plan.md"),
    ],
    "deploy": [
        Call(
            ("deploy", "--yes", "--result", "result.json"),
            named=("result.json", SUMMARY),
            fresh=True,
            environ={"GITHUB_STEP_SUMMARY": SUMMARY},
        ),
    ],
    "run": [
        call("run claim_state --input number=HM-2 --watch --junit runs.xml", "runs.xml"),
    ],
    "runs": [
        call("runs list"),
        call("runs watch {run} --junit runs.xml", "runs.xml"),
        call("runs attachments {run} -o files", "files/"),
        call("runs retry {run} --yes"),
    ],
    "diff": [call("diff")],
    "pull": [call("pull --all --yes", edited=True)],
    "trace": [call("trace {run} --html page.html", "page.html")],
    "recover": [call("recover --yes --result recovered.json", "recovered.json")],
    "restore": [call("restore claim_state --version 1 --yes", edited=True)],
    "destroy": [
        call("destroy --yes --accept-guard deletes=1 --result gone.json", "gone.json"),
    ],
    "state": [
        call("state show"),
        call("state probe"),
        call("state rebuild --yes"),
        call("state unprotect claim_state --yes"),
        call("state mv claim_state claim_now --yes"),
        call("state migrate --to file:kept/local.json --yes"),
    ],
    "unlock": [call("unlock --lock-id 7b1c0a --yes")],
    "ids": [call("ids export -o ids.json", "ids.json")],
    "machines": [call("machines list"), call("machines check")],
    "pools": [call("pools list")],
    "connections": [call("connections list")],
    "trajectories": [call("trajectories list")],
    "models": [call("models list")],
    "tags": [call("tags list")],
    "tag-groups": [call("tag-groups list")],
    "attachments": [call("attachments list --run {run}")],
    "images": [call("images list")],
    "credentials": [call("credentials list")],
    "request-logs": [call("request-logs list")],
    "health": [call("health")],
    "usage": [call("usage")],
    "emulator": [
        Call(("emulator", "--port", "0"), fresh=True, serves=True),
        Call(
            ("emulator", "--port", "0", "--data", "data.sqlite"),
            named=("data.sqlite",),
            fresh=True,
            serves=True,
        ),
    ],
    "completion": [call("completion bash")],
    "explain": [call("explain unused-task")],
    "rules": [call("rules")],
    "doctor": [call("doctor")],
    "lsp": [call("lsp --stdio")],
    "debug": [call("debug parse flows/claims.flow")],
}
"""What each command is called with. One that writes nothing has no path to plant a link at."""

WRITE_NOTHING = frozenset({"completion", "explain", "rules", "debug", "lsp"})


@dataclass
class Found:
    """What the runs of one call showed."""

    paths: int = 0
    links: int = 0
    refused: int = 0
    entries: int = 0
    size: int = 0
    wrong: list[str] = field(default_factory=list)


class Stage:
    """The project that all runs begin with, deployed once, and its copies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self._count = 0
        self._plain = folder / "plain"
        write_tree(self._plain, {"flowdsl.toml": PROJECT, "flows/claims.flow": FLOW})
        self._deployed: Path | None = None
        self.run_id = self.workflow_id = ""

    def copy(self, wanted: Call) -> Path:
        """A folder of its own, with the `project` and an `outside`."""
        self._count += 1
        home = self.folder / f"home{self._count}"
        shutil.copytree(self._plain if wanted.fresh else self.deployed(), home / "project")
        if b"" in wanted.files.values():  # an empty `flowdsl.toml` means none
            (home / "project/flowdsl.toml").unlink()
            shutil.rmtree(home / "project/flows")
        write_tree(home / "project", {path: text for path, text in wanted.files.items() if text})
        if wanted.edited:
            self._edit(home / "project")
        write_tree(home / "outside", {"file": "theirs\n", "folder/file": "theirs\n"})
        return home

    def deployed(self) -> Path:
        """The project after a deploy and a run that had a file."""
        if self._deployed is None:
            root = self.folder / "deployed"
            shutil.copytree(self._plain, root)
            write_tree(root, {"list.txt": "1\n"})
            self._run(root, "test", "--update")
            self._run(root, "deploy", "--yes")
            told = self._run(
                root,
                "run",
                "claim_state",
                "--input",
                "number=HM-1",
                "--file",
                "list.txt",
                "--watch",
                "--json",
            )
            self.run_id = json.loads(told)["runs"][0]["id"]
            ids = json.loads(self._run(root, "ids", "export"))
            self.workflow_id = json.dumps(ids)
            self._deployed = root
        return self._deployed

    def _run(self, root: Path, *words: str) -> bytes:
        done = run_here(root, *words, **self.environ())
        if done.code:
            raise SystemExit(f"`flowdsl {' '.join(words)}` ends {done.code}: {done.err}")
        return done.out

    def _edit(self, root: Path) -> None:
        """Change the words of the workflow, as somebody does in the dashboard."""
        from flowdsl.emulator.store import Store
        from tests.support.services.embedded_service import Client

        with Store.open(root / ".flowdsl/emulator.sqlite") as store:
            client = Client(store)
            row = client("GET", "workflows").json()["items"][0]
            prompt = client("GET", f"workflows/{row['id']}").json()["main_prompt"]
            changed = {"main_prompt": prompt.replace("in the ledger", "in the new ledger")}
            assert client("PATCH", f"workflows/{row['id']}", json=changed).status_code == 200

    def environ(self, **more: str) -> dict[str, str]:
        return {"CI": "", "XDG_CACHE_HOME": str(self.cache), **more}

    def execute(self, wanted: Call, root: Path) -> int:
        """The exit code of the command; 70 for a traceback, 0 for one that serves."""
        words = [word.format(run=self.run_id) for word in wanted.words]
        environ = self.environ(**wanted.environ)
        if wanted.serves:
            return _served(words, root, environ)
        return run_here(root, *words, **environ).code


def _served(words: list[str], root: Path, environ: dict[str, str]) -> int:
    """Start what never ends, and stop it when it says that it serves."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flowdsl", *words],
        cwd=root,
        env=environment(**environ),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process:
        line = process.stderr.readline()
        if line.startswith("serving"):
            process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        code = process.wait(60)
    if "Traceback" in line + rest:
        return 70
    return 0 if line.startswith("serving") else code


def tree(root: Path) -> dict[str, bytes | str | None]:
    """Every entry below a folder: the bytes of a file, where a link leads, None for a folder."""
    found: dict[str, bytes | str | None] = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            shown = path.relative_to(root).as_posix()
            if path.is_symlink():
                found[shown] = os.readlink(path)
            else:
                found[shown] = path.read_bytes() if path.is_file() else None
    return found


def written(stage: Stage, wanted: Call) -> list[str]:
    """The paths that a clean run makes or changes, folders left out."""
    home = stage.copy(wanted)
    before = tree(home)
    code = stage.execute(wanted, home / "project")
    after = tree(home)
    changed = [
        path
        for path in sorted({*before, *after})
        if before.get(path, "") != after.get(path, "")
        and (after.get(path) is not None or before.get(path) is not None)
    ]
    shutil.rmtree(home)
    if code == 70:
        raise SystemExit(f"`flowdsl {' '.join(wanted.words)}` ends 70 without any link")
    outside = [path for path in changed if not path.startswith("project/")]
    if outside:
        raise SystemExit(f"`flowdsl {' '.join(wanted.words)}` writes {outside[0]} without a link")
    return [path.removeprefix("project/") for path in changed]


KINDS = ("folder outside", "file outside", "nothing outside", "folder inside", "file inside")


def plants(paths: list[str], wanted: Call) -> Iterator[tuple[str, str]]:
    """Each place for a link with each kind of link."""
    places: dict[str, None] = {}
    for path in paths:
        parts = path.split("/")
        named = [each for each in wanted.named if path == each or path.startswith(each)]
        own = max(
            (len(each.strip("/").split("/")) for each in named if each.endswith("/")), default=0
        )
        for count in range(1 + own, len(parts) + 1):
            places["/".join(parts[:count])] = None
    for place in places:
        for kind in KINDS:
            yield place, kind


def plant(home: Path, place: str, kind: str) -> None:
    """Put a link into the project; what stands there goes to where it leads."""
    link = home / "project" / place
    what, where = kind.split()
    base = home / "outside/target" if where == "outside" else home / "project/target"
    base.parent.mkdir(exist_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    there = link.exists()
    if there and (what == "folder") == link.is_dir():
        shutil.move(link, base)
    else:
        if there:
            shutil.move(link, home / "project.moved")
        if what == "folder":
            base.mkdir()
        elif what == "file":
            base.write_text("theirs\n")
    link.symlink_to(os.path.relpath(base, link.parent) if where == "inside" else base)


def try_link(stage: Stage, wanted: Call, place: str, kind: str, found: Found) -> None:
    home = stage.copy(wanted)
    plant(home, place, kind)
    before = tree(home / "outside")
    shown = f"flowdsl {' '.join(wanted.words)}: `{place}` is a link to a {kind}"
    try:
        code = stage.execute(wanted, home / "project")
    except AssertionError:  # a traceback
        code = 70
    after = tree(home / "outside")
    found.links += 1
    found.refused += code not in (0, 70)
    if code == 70:
        found.wrong.append(f"{shown}: exit code 70")
    for path in sorted({*before, *after}):
        old, new = before.get(path, ""), after.get(path, "")
        if old != new or (path in before) != (path in after):
            found.entries += 1
            found.size += len(new or b"") if new else len(old or b"")
            found.wrong.append(f"{shown}: outside/{path} is not what it was")
    shutil.rmtree(home)


def examine(stage: Stage, wanted: Call, keep: Callable[[str, str], bool]) -> Found:
    """Run a call once without links, and then with each of those that `keep` takes."""
    found = Found()
    paths = written(stage, wanted)
    if not wanted.fresh and DATA not in paths and wanted.words[0] not in WRITE_NOTHING:
        paths.append(DATA)  # opened to be written, also where it stays as it is
    found.paths = len(paths)
    for place, kind in plants(paths, wanted):
        if keep(place, kind):
            try_link(stage, wanted, place, kind, found)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="*", metavar="COMMAND", help="only calls of these commands")
    parser.add_argument("--show", type=int, default=10, metavar="N", help="faults to show")
    arguments = parser.parse_args()
    missing = sorted(COMMANDS.keys() ^ CALLS.keys())
    if missing:
        print(f"not in both tables of commands: {', '.join(missing)}")
        return 1
    every = Found()
    print(f"{'call':<66} {'paths':>5} {'links':>6} {'errors':>7} {'bytes':>6} {'entries':>8}")
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(os.path.realpath(folder)))
        for name, calls in CALLS.items():
            for wanted in calls if not arguments.only or name in arguments.only else ():
                found = examine(stage, wanted, lambda _place, _kind: True)
                if bool(found.paths) == (name in WRITE_NOTHING):
                    found.wrong.append(f"flowdsl {' '.join(wanted.words)}: {found.paths} paths")
                shown = " ".join(wanted.words)[:66]
                print(
                    f"{shown:<66} {found.paths:>5} {found.links:>6} {found.refused:>7} "
                    f"{found.size:>6} {found.entries:>8}",
                    flush=True,
                )
                every.links += found.links
                every.size += found.size
                every.entries += found.entries
                every.wrong += found.wrong
    print(f"{every.links} links: {every.size} bytes and {every.entries} entries outside")
    for line in every.wrong[: arguments.show]:
        print(f"  {line}")
    return 1 if every.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
