"""A check with an index finds what one without finds, whatever happened to the files."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.host.disk import DiskFiles
from flowdsl.incremental.check import check_project
from flowdsl.incremental.index import PLACE, to_json
from tests.support.effort import examples

PROJECT = '[project]\nname = "care"\n'
NAMES = ("a", "b", "c", "d")
LATER = 4_000_000_000_000_000_000
"""A time long after every file's, so that the sizes and times of files are trusted."""


SECRET = b"a secret of this machine, 32 by!"


def sealed(root: Path, document: object, secret: bytes = SECRET) -> bytes:
    """An index as whoever has the secret writes it."""
    body = json.dumps(document).encode()
    signed = os.fsencode(os.path.realpath(root)) + b"\0" + body
    return blake2b(signed, digest_size=32, key=secret).hexdigest().encode() + b"\n" + body


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
        elif content[64:65] == b"\n" and content[65:66] == b"{":
            document = json.loads(content[65:])
            for group in document["groups"]:
                for finding in group[3]:
                    finding[1][2] = 10**9
            path.write_bytes(sealed(self.root, document))

    @invariant()
    def finds_the_same(self) -> None:
        files = DiskFiles(str(self.root))
        entries = sorted(path.name for path in self.root.glob("*.flow"))
        options = CompileOptions(load_project(PROJECT, "flowdsl.toml", Sink()))
        found = check_project(
            str(self.root), files, entries, PROJECT, lambda: options, now=LATER, secret=SECRET
        ).diagnostics
        wanted = analyze(files, entries, options).diagnostics
        assert list(map(to_json, found)) == list(map(to_json, wanted))


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=examples(60), stateful_step_count=15, deadline=None)


class Kept:
    """A project with mistakes, and the index of a check that found them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.names = [f"{name}.flow" for name in NAMES]
        for name in NAMES:
            (root / f"{name}.flow").write_text(text(name, None, "mistake"))
            os.utime(root / f"{name}.flow", (10**9, 10**9))
        self.options = CompileOptions(load_project(PROJECT, "flowdsl.toml", Sink()))
        self.found = self.check()
        assert len(self.found) >= len(NAMES)
        self.content = (root / PLACE).read_bytes()
        self.document = json.loads(self.content[65:])
        assert sealed(root, self.document)[64:65] == b"\n"

    def check(self) -> list[object]:
        files = DiskFiles(str(self.root))
        options = self.options
        found = check_project(
            files.root, files, self.names, PROJECT, lambda: options, now=LATER, secret=SECRET
        )
        return list(map(to_json, found.diagnostics))

    def without_findings(self) -> dict[str, object]:
        groups = [[*group[:3], []] for group in self.document["groups"]]
        return {**self.document, "groups": groups}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("kept"))


def test_an_index_of_this_machine_is_believed(kept: Kept) -> None:
    """Without which none of what follows would show anything."""
    (kept.root / PLACE).write_bytes(sealed(kept.root, kept.without_findings()))
    assert kept.check() == []
    (kept.root / PLACE).write_bytes(kept.content)
    assert kept.check() == kept.found


def test_an_index_of_anybody_else_hides_nothing(kept: Kept) -> None:
    empty = kept.without_findings()
    other = Kept(kept.root / "copy")
    assert other.document["files"].keys() == kept.document["files"].keys()
    body = json.dumps(empty).encode()
    forged = {
        "without a seal": body,
        "of the format before": json.dumps({**empty, "format_version": 1}).encode(),
        "with the old seal": kept.content[:65] + body,
        "with a seal of zeros": b"0" * 64 + b"\n" + body,
        "with the seal of a hash": blake2b(body, digest_size=32).hexdigest().encode()
        + b"\n"
        + body,
        "with an empty secret": sealed(kept.root, empty, b""),
        "with another secret": sealed(kept.root, empty, b"1" * 32),
        "of another project": sealed(other.root, empty),
        "of nobody": b"",
        "deeply nested": kept.content[:65] + b"[" * 100_000,
    }
    for content in forged.values():
        (kept.root / PLACE).write_bytes(content)
        assert kept.check() == kept.found
        assert (kept.root / PLACE).read_bytes()[65:66] == b"{", "it is written anew"


@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_of_its_bytes_hides_anything(kept: Kept, data: st.DataObject) -> None:
    content = bytearray(kept.content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 3))
        content[at : at + cut] = data.draw(st.binary(max_size=4))
    (kept.root / PLACE).write_bytes(content)
    assert kept.check() == kept.found


@pytest.mark.skipif(os.name != "posix", reason="symbolic links and pipes of POSIX")
def test_what_lies_in_its_place_is_not_waited_for_nor_followed(kept: Kept) -> None:
    place = kept.root / PLACE
    (kept.root / "kept.json").write_bytes(sealed(kept.root, kept.without_findings()))
    for target in ("/dev/zero", str(kept.root / "kept.json"), None):
        place.unlink(missing_ok=True)
        if target is None:
            os.mkfifo(place)
        else:
            place.symlink_to(target)
        assert kept.check() == kept.found
    place.unlink()
    (kept.root / "kept.json").unlink()


def test_a_file_of_another_content_with_its_size_and_time_is_seen(tmp_path: Path) -> None:
    """As whoever unpacks an archive over a project has it, beside the index that was there."""
    kept = Kept(tmp_path)
    flow = tmp_path / "a.flow"
    before = flow.stat()
    mended = flow.read_text().replace("{z}", "{x}")
    while flow.stat().st_ctime_ns == before.st_ctime_ns:
        flow.write_text(mended)
        os.utime(flow, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert flow.stat().st_size == before.st_size
    assert len(kept.check()) < len(kept.found)
