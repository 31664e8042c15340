"""A check and a compilation with an index give what those without give, whatever was edited."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from hashlib import blake2b
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.pipeline import CompileOptions, analyze, compile_project
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.host.disk import DiskFiles
from flowdsl.incremental import index
from flowdsl.incremental.artifacts import pack_artifact
from flowdsl.incremental.check import check_project
from flowdsl.incremental.compiling import compile_with_index
from flowdsl.incremental.index import PLACE, Request, to_json
from tests.support.effort import examples

PROJECT = """
[project]
name = "care"
[env.test]
api = "local"
vars = { site = "North" }
models = { fast = "Fast" }
[env.prod]
api = "local"
vars = { site = "South" }
models = { fast = "Fast" }
"""
NAMES = ("a", "b", "c", "d")
LATER = 4_000_000_000_000_000_000
"""A time long after every file's, so that the sizes and times of files are trusted."""


SECRET = b"a secret of this machine, 32 by!"


def sealed(root: Path, document: object, secret: bytes = SECRET, place: str = PLACE) -> bytes:
    """An index as whoever has the secret writes it."""
    body = json.dumps(document).encode()
    signed = os.fsencode(os.path.realpath(root)) + f"\0{place}\0".encode() + body
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
        "of the environment": f'task t_{name}(x: string) {{ do "Type {{x}} at {{env.site}}" }}\n',
        "of a file": f'const words_{name} from "./words.md"\n'
        f'task t_{name}(x: string) {{ do "Type {{x}}: {{words_{name}}}" }}\n',
        "a chain": f'task t_{name}(x: string) {{ do "Type {{x}}" }}\n'
        f"chain c_{name} {{ step first = run w_{name}() }}\n",
        "open parts": f'task t_{name}(x: string) {{ do "Type {{x}}" }}\n'
        f'workflow more_{name} {{ model {{ main = "fast" }} steps {{ do "Press F4" }} }}\n',
    }[variant]
    return f"{head}{body}workflow w_{name} {{ steps {{ {call} }} }}\n"


VARIANTS = (
    "clean",
    "changed",
    "mistake",
    "broken",
    "picture",
    "of the environment",
    "of a file",
    "a chain",
    "open parts",
)


def request(root: Path, options: CompileOptions, project: str = PROJECT) -> Request:
    """What is to be looked at: all flows of a folder, at a time long after every edit."""
    entries = sorted(path.name for path in root.glob("*.flow"))
    files = DiskFiles(str(root))
    return Request(files.root, files, entries, project, lambda: options, LATER, SECRET)


def written(bundle: Bundle) -> list[object]:
    """Everything that a bundle holds, as JSON values and bytes."""
    return [
        *map(pack_artifact, bundle.artifacts),
        *((each.sha256, each.media_type, each.content) for each in bundle.images.values()),
        *sorted(bundle.sources.items()),
    ]


class Edits(RuleBasedStateMachine):
    """Files come, change and go; the check is asked after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.tick = 1_000_000_000_000_000_000
        self.environment, self.project, self.version = "test", PROJECT, "1"

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def put(self, path: str, content: bytes) -> None:
        self.tick += 1_000_000_000
        (self.root / path).write_bytes(content)
        os.utime(self.root / path, ns=(self.tick, self.tick))

    @rule(
        name=st.sampled_from(NAMES),
        imported=st.sampled_from((None, *NAMES)),
        variant=st.sampled_from(VARIANTS),
    )
    def write(self, name: str, imported: str | None, variant: str) -> None:
        self.put(f"{name}.flow", text(name, imported, variant).encode())

    @rule(name=st.sampled_from(NAMES))
    def same_address(self, name: str) -> None:
        self.put(f"{name}.flow", b'flow 1\nworkflow shared { steps { do "Press F3" } }\n')

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        (self.root / f"{name}.flow").unlink(missing_ok=True)

    @rule(content=st.sampled_from((b"Twice.\n", b"Once, {x}.\n", b"\xff")))
    def words(self, content: bytes) -> None:
        self.put("words.md", content)

    @rule(name=st.sampled_from(NAMES), other=st.sampled_from(NAMES))
    def rename(self, name: str, other: str) -> None:
        path = self.root / f"{name}.flow"
        if path.exists():
            path.rename(self.root / f"{other}.flow")

    @rule(environment=st.sampled_from(("test", "prod")))
    def choose(self, environment: str) -> None:
        self.environment = environment

    @rule(site=st.sampled_from(("North", "East")))
    def value(self, site: str) -> None:
        self.project = PROJECT.replace("North", site)

    @rule(version=st.sampled_from(("1", "2")))
    def upgrade(self, version: str) -> None:
        self.version = version

    @rule(content=st.sampled_from((b"\x89PNG\r\n\x1a\n", b"no picture")))
    def picture(self, content: bytes) -> None:
        self.put("p.png", content)

    @rule(name=st.sampled_from(NAMES))
    def touch(self, name: str) -> None:
        path = self.root / f"{name}.flow"
        if path.exists():
            self.put(path.name, path.read_bytes())

    @rule(how=st.sampled_from(("cut", "garbage", "places", "gone")), data=st.data())
    def damage(self, how: str, data: st.DataObject) -> None:
        kept = sorted(path for path in self.root.glob(".flowdsl/cache/**/*.*") if path.is_file())
        if not kept:
            return
        path = data.draw(st.sampled_from(kept))
        content = path.read_bytes()
        if how == "gone":
            path.unlink()
        elif how == "cut":
            path.write_bytes(content[: len(content) // 2])
        elif how == "garbage":
            path.write_bytes(b'{"format_version": 1, "key": []}')
        elif content[64:66] == b"\n{":
            document = json.loads(content[65:])
            for group in document["groups"]:
                for finding in group[4]:
                    finding[1][2] = 10**9
            place = path.relative_to(self.root).as_posix()
            path.write_bytes(sealed(self.root, document, place=place))

    @invariant()
    def gives_the_same(self) -> None:
        project = load_project(self.project, "flowdsl.toml", Sink())
        assert project is not None
        environment = project.environments[self.environment]
        options = CompileOptions(project, environment)
        asked = request(self.root, options, self.project)
        settings = {"environment": environment.name, **environment.vars}
        wanted = compile_project(asked.files, asked.entries, options)
        checked = analyze(asked.files, asked.entries, options).findings
        with patch.object(index, "__version__", self.version):
            found = check_project(asked)
            compiled = compile_with_index(asked, settings, by_content=self.tick % 2 == 0)
        assert list(map(to_json, found.diagnostics)) == list(map(to_json, checked.diagnostics))
        assert found.paths == checked.paths == compiled.findings.paths
        diagnostics = wanted.analysis.diagnostics
        assert list(map(to_json, compiled.findings.diagnostics)) == list(map(to_json, diagnostics))
        assert (compiled.made is None) == (wanted.bundle is None)
        if compiled.made is not None and wanted.bundle is not None:
            assert written(compiled.load(None)) == written(wanted.bundle)
            assert [(made.kind, made.name) for made in compiled.made] == [
                (each.kind, each.name) for each in wanted.bundle.artifacts
            ]


def test_every_variant_can_be_compiled_or_not_for_its_mistake(tmp_path: Path) -> None:
    """Without which the edits would compare messages alone."""
    project = load_project(PROJECT, "flowdsl.toml", Sink())
    assert project is not None
    (tmp_path / "words.md").write_text("Twice.")
    (tmp_path / "p.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    compiled = []
    for variant in VARIANTS:
        (tmp_path / "a.flow").write_text(text("a", None, variant))
        asked = request(tmp_path, CompileOptions(project, project.environments["test"]))
        if compile_project(asked.files, asked.entries, asked.options()).bundle is not None:
            compiled.append(variant)
    assert {*VARIANTS} - {*compiled} == {"mistake", "broken"}


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
        return list(map(to_json, check_project(request(self.root, self.options)).diagnostics))

    def without_findings(self) -> dict[str, object]:
        groups = [[*group[:4], [], *group[5:]] for group in self.document["groups"]]
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
