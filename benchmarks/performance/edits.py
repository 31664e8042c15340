"""Random edits of projects: a compilation with an index gives what one without gives.

    python benchmarks/performance/edits.py [--edits N] [--seed N] [--files N]

Edits the examples, each as a project, and one project of many files: lines, whole files of every
kind, the project file, the index itself. After every edit the findings and artifacts with the index
are compared with those without. Prints the differences, and exits 1 if there are any.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import corpus

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.host.listing import expand_patterns
from flowdsl.incremental.artifacts import pack_artifact
from flowdsl.incremental.check import check_project
from flowdsl.incremental.compiling import compile_with_index
from flowdsl.incremental.index import Request, to_json
from flowdsl.workspace.project import read_project

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = b"a secret of this machine, 32 by!"


class Study:
    """One project that is edited at random."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root = root
        self.chance = chance
        self.original = {
            path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()
        }
        self.done: Counter[str] = Counter()

    def edit(self) -> str:
        """Make one edit; returns its name."""
        edits: list[Callable[[], object]] = [
            *[self.change_line] * 6,
            *[self.restore_file] * 3,
            *[self.restore_all] * 5,
            self.delete_file,
            self.rename_file,
            self.copy_file,
            self.touch_file,
            self.change_project,
            self.damage_index,
        ]
        edit = self.chance.choice(edits)
        edit()
        return edit.__name__

    def file(self, pattern: str = "*") -> Path | None:
        found = [
            path
            for path in sorted(self.root.rglob(pattern))
            if path.is_file() and ".flowdsl" not in path.parts and path.name != "flowdsl.toml"
        ]
        return self.chance.choice(found) if found else None

    def change_line(self) -> None:
        path = self.file(self.chance.choice(("*.flow", "*.flow", "*")))
        if path is None:
            return
        lines = path.read_bytes().split(b"\n")
        at = self.chance.randrange(len(lines))
        how = self.chance.choice(("twice", "gone", "word", "other", "comment"))
        if how == "twice":
            lines.insert(at, lines[at])
        elif how == "gone":
            del lines[at]
        elif how == "word":
            words = lines[at].split(b" ")
            words[self.chance.randrange(len(words))] = b"other"
            lines[at] = b" ".join(words)
        elif how == "other":
            lines[at] = self.chance.choice(lines)
        else:
            lines.insert(at, b"# an edit")
        path.write_bytes(b"\n".join(lines))

    def restore_file(self) -> None:
        name = self.chance.choice(sorted(self.original))
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_bytes(self.original[name])

    def restore_all(self) -> None:
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root)
            if path.is_file() and ".flowdsl" not in name.parts and name not in self.original:
                path.unlink()
        for name, content in self.original.items():
            path = self.root / name
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)

    def delete_file(self) -> None:
        if (path := self.file()) is not None:
            path.unlink()

    def rename_file(self) -> None:
        one, other = self.file(), self.file()
        if one is not None and other is not None:
            one.rename(other)

    def copy_file(self) -> None:
        if (path := self.file("*.flow")) is not None:
            copy = path.with_name(f"copy_{self.chance.randrange(3)}.flow")
            copy.write_bytes(path.read_bytes())

    def touch_file(self) -> None:
        if (path := self.file()) is not None:
            path.touch()

    def change_project(self) -> None:
        path = self.root / "flowdsl.toml"
        text = self.original[Path("flowdsl.toml")].decode()
        added = ("", "# another\n", '\n[[lint.forbid]]\ntext = "the"\nmessage = "no"\n')
        path.write_text(text + self.chance.choice(added))

    def damage_index(self) -> None:
        kept = [path for path in self.root.glob(".flowdsl/cache/**/*") if path.is_file()]
        if kept:
            path = self.chance.choice(sorted(kept))
            content = bytearray(path.read_bytes())
            at = self.chance.randrange(len(content) + 1)
            content[at : at + self.chance.choice((1, 40))] = b"?"
            path.write_bytes(content)

    def differences(self) -> list[str]:
        """What the index changes now; nothing for a project that cannot be read."""
        read = read_project(str(self.root))
        if read.project is None or read.problems:
            return []
        entries = tuple(expand_patterns(read.files, read.project.flows).flows)
        environment = self.chance.choice([*read.project.environments.values()])
        options = CompileOptions(read.project, environment, True, read.rules)
        text = (self.root / "flowdsl.toml").read_text("utf-8")
        asked = Request(
            read.files.root, read.files, entries, text, lambda: options, time.time_ns(), SECRET, 1
        )
        settings = {"environment": environment.name, **environment.vars}
        wanted = compile_project(read.files, entries, options)
        compiled = compile_with_index(asked, settings, by_content=self.chance.random() < 0.5)
        found = []
        diagnostics = wanted.analysis.diagnostics
        if list(map(to_json, compiled.findings.diagnostics)) != list(map(to_json, diagnostics)):
            found.append("findings")
        if compiled.findings.paths != wanted.analysis.findings.paths:
            found.append("paths")
        if (compiled.made is None) != (wanted.bundle is None):
            found.append("whether anything is made")
        elif wanted.bundle is not None:
            bundle = compiled.load(None)
            for kind in ("artifacts", "images", "sources"):
                one, other = getattr(bundle, kind), getattr(wanted.bundle, kind)
                if kind == "artifacts":
                    same = [*map(pack_artifact, one)] == [*map(pack_artifact, other)]
                elif kind == "images":
                    same = {k: v.content for k, v in one.items()} == {
                        k: v.content for k, v in other.items()
                    }
                else:
                    same = dict(one) == dict(other)
                if not same:
                    found.append(kind)
            self.done["compiled"] += 1
        checked = check_project(asked)
        if checked.diagnostics and not diagnostics:
            found.append("check")
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--edits", type=int, default=2000)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        studies = []
        for example in sorted(EXAMPLES.iterdir()):
            if (example / "flowdsl.toml").exists():
                shutil.copytree(example, Path(folder, example.name))
                studies.append(Study(Path(folder, example.name), chance))
        if options.files:
            corpus.write(corpus.project(options.files), Path(folder, "many"))
            studies.append(Study(Path(folder, "many"), chance))
        done: Counter[str] = Counter()
        for number in range(options.edits):
            study = studies[number % len(studies)]
            edit = study.edit()
            done[edit] += 1
            for difference in study.differences():
                differing += 1
                print(f"{study.root.name}, edit {number} ({edit}): {difference} differ", flush=True)
        compiled = sum(study.done["compiled"] for study in studies)
    print(f"{options.edits} edits of {len(studies)} projects, {differing} differences; {compiled}")
    print(", ".join(f"{name} {count}" for name, count in done.most_common()))
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
