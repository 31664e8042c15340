"""A check with an index finds what one without finds, whatever happened to the files."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.host.disk import DiskFiles
from flowdsl.incremental.check import check_project
from flowdsl.incremental.index import PLACE
from flowdsl.incremental.stored import to_json
from tests.support.effort import examples

PROJECT = '[project]\nname = "care"\n'
NAMES = ("a", "b", "c", "d")
LATER = 4_000_000_000_000_000_000
"""A time long after every file's, so that the sizes and times of files are trusted."""


def text(name: str, imported: str | None, variant: str) -> str:
    """A flow that may import a task of another one, with or without a mistake."""
    head = "flow 1\n" + (
        f'import {{ t_{imported} }} from "./{imported}.flow"\n' if imported else ""
    )
    call = f'call t_{imported}(x: "1")' if imported else 'do "Press F3"'
    body = {
        "clean": f'task t_{name}(x: string) {{ do "Type {{x}}" }}\n',
        "changed": f'task t_{name}(y: string) {{ do "Type {{y}}" }}\n',
        "mistake": f'task t_{name}(x: string) {{ do "Type {{z}}" }}\n',
        "broken": f'task t_{name}(x: string) {{ do "Type \n',
        "picture": f'task t_{name}(x: string) {{ do "Type {{x}}" image "./p.png" }}\n',
    }[variant]
    return f"{head}{body}workflow w_{name} {{ steps {{ {call} }} }}\n"


class Edits(RuleBasedStateMachine):
    """Files come, change and go; the check is asked after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.tick = 1_000_000_000_000_000_000

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def put(self, path: str, content: bytes) -> None:
        self.tick += 1_000_000_000
        (self.root / path).write_bytes(content)
        os.utime(self.root / path, ns=(self.tick, self.tick))

    @rule(
        name=st.sampled_from(NAMES),
        imported=st.sampled_from((None, *NAMES)),
        variant=st.sampled_from(("clean", "changed", "mistake", "broken", "picture")),
    )
    def write(self, name: str, imported: str | None, variant: str) -> None:
        self.put(f"{name}.flow", text(name, imported, variant).encode())

    @rule(name=st.sampled_from(NAMES))
    def same_address(self, name: str) -> None:
        self.put(f"{name}.flow", b'flow 1\nworkflow shared { steps { do "Press F3" } }\n')

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        (self.root / f"{name}.flow").unlink(missing_ok=True)

    @rule(content=st.sampled_from((b"\x89PNG\r\n\x1a\n", b"no picture")))
    def picture(self, content: bytes) -> None:
        self.put("p.png", content)

    @rule(name=st.sampled_from(NAMES))
    def touch(self, name: str) -> None:
        path = self.root / f"{name}.flow"
        if path.exists():
            self.put(path.name, path.read_bytes())

    @rule(how=st.sampled_from(("cut", "garbage", "places", "gone")))
    def damage(self, how: str) -> None:
        path = self.root / PLACE
        if not path.exists():
            return
        content = path.read_bytes()
        if how == "gone":
            path.unlink()
        elif how == "cut":
            path.write_bytes(content[: len(content) // 2])
        elif how == "garbage":
            path.write_bytes(b'{"format_version": 1, "key": []}')
        else:
            document = json.loads(content)
            for group in document["groups"]:
                for finding in group[3]:
                    finding[1][2] = 10**9
            path.write_text(json.dumps(document))

    @invariant()
    def finds_the_same(self) -> None:
        files = DiskFiles(str(self.root))
        entries = sorted(path.name for path in self.root.glob("*.flow"))
        options = CompileOptions(load_project(PROJECT, "flowdsl.toml", Sink()))
        found = check_project(
            str(self.root), files, entries, PROJECT, lambda: options, now=LATER
        ).diagnostics
        wanted = analyze(files, entries, options).diagnostics
        assert list(map(to_json, found)) == list(map(to_json, wanted))


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=examples(60), stateful_step_count=15, deadline=None)
