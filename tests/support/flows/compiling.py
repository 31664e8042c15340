"""Compiling sources in tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from flowdsl.codegen.artifacts import Bundle, WorkflowArtifact, render_plain_json
from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import MemoryFiles

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "tests/corpus/valid/samples"
EXAMPLES = ROOT / "examples"
PROJECTS = (SAMPLES, *sorted(path.parent for path in EXAMPLES.glob("*/flowdsl.toml")))


def project_path(path: Path) -> str:
    """The path of a file of a project; a folder `@epic` at its top is the library of that name."""
    first, *rest = path.parts
    return f"{first}//{'/'.join(rest)}" if first.startswith("@") else path.as_posix()


def read_folder(folder: Path) -> dict[str, str | bytes]:
    """Every file below a folder by its path, `project_path`."""
    return {
        project_path(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".flowdsl" not in path.parts
    }


def compile_folder(folder: Path, environment: str = "local", reverse: bool = False) -> Compilation:
    """The compilation of a project, or of all flows below a folder without `flowdsl.toml`.

    A folder of the repository is compiled once in a process.
    """
    kept = folder.is_relative_to(ROOT)
    return (_compile_once if kept else _compile)(folder, environment, reverse)


def _compile(folder: Path, environment: str, reverse: bool) -> Compilation:
    files = read_folder(folder)
    entries = sorted((name for name in files if name.endswith(".flow")), reverse=reverse)
    options = CompileOptions()
    if "flowdsl.toml" in files:
        sink = Sink()
        project = load_project(bytes(files["flowdsl.toml"]).decode(), "flowdsl.toml", sink)  # type: ignore[arg-type]
        assert project is not None, [found.message for found in sink.findings_in_order()]
        options = CompileOptions(project, project.environments[environment])
    return compile_project(MemoryFiles(files), entries, options)


_compile_once = cache(_compile)


def compiled(files: str | dict[str, str | bytes], **options: Any) -> Bundle:
    """The bundle of one source text, or of several files; fails the test on any error."""
    given = {"main.flow": "flow 1\n" + files} if isinstance(files, str) else files
    entries = sorted(name for name in given if name.endswith(".flow"))
    compilation = compile_project(MemoryFiles(given), entries, CompileOptions(**options))
    assert compilation.bundle is not None, [
        f"{found.span.path}:{found.span.first.line}: {found.message}"
        for found in compilation.analysis.diagnostics
    ]
    return compilation.bundle


def only_workflow(source: str, **options: Any) -> WorkflowArtifact:
    """The first workflow of a source text."""
    return compiled(source, **options).workflows[0]


def prompt_of(source: str, **options: Any) -> str:
    """The prompt of the first workflow, open parts in their readable form."""
    return str(render_plain_json(only_workflow(source, **options).payload["main_prompt"]))


def steps_of(source: str, **options: Any) -> str:
    """The part of the prompt between "Steps" and "Replay"."""
    return prompt_of(source, **options).partition("\nSteps\n")[2].partition("\n\nReplay\n")[0]


def workflow(body: str, *, sections: str = "") -> str:
    """A workflow around statements, with any other sections."""
    return f"workflow w {{ {sections}\n steps {{\n{body}\n}} }}"
