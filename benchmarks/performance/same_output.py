"""Compare what two checkouts make of the same programs.

    python benchmarks/performance/same_output.py OLD NEW [--times N]

Each may also be a folder in which a wheel is unpacked, pure or compiled. For whoever makes the
compiler faster. The programs are every flow of the repository that this file is in, alone and as
whole examples, and programs that the tests generate, derive and mutate. For each, the diagnostics
with their places and fixes, the artifacts and the IR have to be equal. Takes some two minutes for
each checkout; with `--times` there are as many more generated programs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests/corpus", "examples", "tests/prose", "docs", "benchmarks")
GENERATED, DERIVED, MUTATED = 520, 250, 500
LARGEST = 300_000
"""Bytes of the largest file that is read beside the flows."""

PARTS = ("findings", "artifacts", "IR")
"""What is compared of each program; of one that crashes, the error as its findings."""

Files = str | dict[str, str]
"""A folder below `ROOT`, or texts (as latin-1, so that every byte is kept)."""

Program = tuple[str, Files, list[str]]
"""A name, the files, and the entries."""


def find_programs(times: int) -> Iterator[Program]:
    """Yield the programs to compile, of those that are made `times` as many."""
    for folder in FOLDERS:
        for entry in _flows_in(ROOT / folder):
            # An example is a project of its own.
            example = f"{entry.split('/')[0]}/" if folder == "examples" else ""
            yield f"{folder}/{entry}", f"{folder}/{example}", [entry.removeprefix(example)]
    for project in sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir()):
        yield f"whole/{project.name}", f"examples/{project.name}", _flows_in(project)
    yield from _make_programs(times)


def _make_programs(times: int) -> Iterator[Program]:
    sys.path.insert(0, str(ROOT))
    from benchmarks.performance import corpus
    from tests.support.flows.generated.programs import mutated
    from tests.support.flows.generated.programs import program as derived
    from tests.support.meaning.checked import files_of
    from tests.support.meaning.generator.programs import program as meaning

    project = {name: _as_text(content) for name, content in corpus.project(30).items()}
    yield "project", project, list(project)
    for seed in range(GENERATED * times):
        files = {name: _as_text(each) for name, each in files_of(meaning(seed * 7919)).items()}
        yield f"generated/{seed}", files, [name for name in files if name.endswith(".flow")]
    for seed in range(DERIVED * times):
        text = derived(random.Random(seed), 14)
        yield f"derived/{seed}", {"main.flow": _as_text(text)}, ["main.flow"]
    flows = sorted(
        path
        for folder in ("examples", "tests/corpus/valid", "tests/corpus/meaning")
        for path in (ROOT / folder).rglob("*.flow")
    )
    for seed in range(MUTATED * times):
        chooser = random.Random(seed)
        text = mutated(chooser, chooser.choice(flows).read_text(encoding="utf-8"))
        yield f"mutated/{seed}", {"main.flow": _as_text(text)}, ["main.flow"]


def _flows_in(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.flow"))]


@cache
def _read_folder(folder: str) -> dict[str, str | bytes]:
    return {
        path.relative_to(ROOT / folder).as_posix(): path.read_bytes()
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.stat().st_size < LARGEST
    }


def _as_text(content: str | bytes) -> str:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return raw.decode("latin-1")


def print_digests(checkout: str, programs: str) -> None:
    """Print a line for each program, made by the `flowdsl` of a checkout."""
    sys.path.insert(0, checkout)
    from flowdsl.compiler.pipeline import CompileOptions, compile_project
    from flowdsl.source.files import MemoryFiles

    for line in Path(programs).read_text(encoding="utf-8").splitlines():
        name, files, entries = json.loads(line)
        content: dict[str, str | bytes] = (
            _read_folder(files)
            if isinstance(files, str)
            else {path: text.encode("latin-1") for path, text in files.items()}
        )
        try:
            made = compile_project(MemoryFiles(content), entries, CompileOptions())
            parts: list[Any] = [made.analysis.diagnostics, made.bundle, made.program]
        except Exception as error:  # noqa: BLE001 - a crash is an output, too
            parts = [repr(error)]
        digests = [hashlib.sha256(repr(_plain(part)).encode()).hexdigest()[:16] for part in parts]
        print(name, *digests)


def _plain(value: Any) -> Any:
    """Return a value without objects that only compare by identity."""
    from flowdsl.source.record import field_names
    from flowdsl.source.text import SourceFile

    if isinstance(value, SourceFile):
        return value.path
    if names := field_names(type(value)):
        fields = {name: _plain(getattr(value, name)) for name in names if name != "check"}
        return [type(value).__name__, fields]
    if isinstance(value, dict):
        return [(_plain(key), _plain(each)) for key, each in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(repr(_plain(each)) for each in value)
    return type(value).__name__ if " at 0x" in repr(value) else value


def main(old: str, new: str, times: int) -> int:
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as programs:
        for program in find_programs(times):
            print(json.dumps(program), file=programs)
        programs.flush()
        before, after = (
            subprocess.run(
                [sys.executable, __file__, "--digests", checkout, programs.name],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            ).stdout.splitlines()
            for checkout in (old, new)
        )
    different: dict[str, list[str]] = {part: [] for part in PARTS}
    for line, other in zip(before, after, strict=True):
        name, *digests = line.split()
        others = other.split()[1:]
        for at, part in enumerate(PARTS):
            if digests[at : at + 1] != others[at : at + 1]:
                different[part].append(name)
    for part, names in different.items():
        print(f"{len(before)} programs, {len(names)} differ in {part}", *names[:20], sep="\n  ")
    return int(any(different.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("old", help="a checkout")
    parser.add_argument("new", help="another one")
    parser.add_argument("--times", type=int, default=1, help="make as many more programs")
    parser.add_argument("--digests", action="store_true", help="of the programs in the file `new`")
    arguments = parser.parse_args()
    if arguments.digests:
        print_digests(arguments.old, arguments.new)
    else:
        raise SystemExit(main(arguments.old, arguments.new, arguments.times))
