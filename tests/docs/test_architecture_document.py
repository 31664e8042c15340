"""What `docs/architecture.md` says of the code is so."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "flowdsl"
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
COMPILING = tuple(
    re.findall(
        r"\w+", "source diagnostics config syntax semantics format ir prompt lint codegen compiler"
    )
)
"""The packages from `source` to `compiler`: the same input gives the same bytes."""

OUTSIDE = re.compile(
    "asyncio|getpass|glob|importlib|io|locale|multiprocessing|os|pathlib|platform|random|secrets"
    "|shutil|socket|subprocess|sys|tempfile|threading|time|urllib|uuid"
)
HARMLESS = {
    ("diagnostics/render/sarif.py", "urllib"),  # quotes an address
    ("lint/rule.py", "importlib"),  # loads a rule that a trigger wakes
    ("prompt/sentences.py", "os"),  # the sentences are a file beside their module
    ("semantics/values/tables.py", "io"),  # reads a table from a string
    ("syntax/reference.py", "pathlib"),  # the grammar is a file beside the package
}


@cache
def read_tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def list_modules(*packages: str, naming: str = "") -> Iterator[tuple[str, ast.Module]]:
    """Each module of these packages: its path below `flowdsl`, and its tree.

    With `naming`, a pattern, those alone in which a line with `import` has it: to parse all takes
    seconds.
    """
    line = re.compile(rf"^\s*(?:import|from)\b.*{naming}", re.MULTILINE)
    for package in packages:
        for file in sorted((PACKAGE / package).rglob("*.py")):
            name = file.relative_to(PACKAGE).as_posix()
            if not naming or line.search(file.read_text("utf-8")):
                yield name, read_tree(file)


def list_imports(tree: ast.Module) -> set[str]:
    """The names that a module imports, each with its module in front."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_a_package_imports_only_what_stands_above_it_in_the_table() -> None:
    opening = TEXT.partition("\n## ")[0]
    order = re.findall(r"^\| `(\w+)` \|", opening, re.MULTILINE)
    packages = {file.parent.name for file in PACKAGE.glob("*/__init__.py")} | {"catalog"}
    assert sorted(order) == sorted(packages)
    for number, package in enumerate(order):
        allowed = set(order[: number + 1])
        for file in [*(PACKAGE / package).rglob("*.py"), *PACKAGE.glob(f"{package}.py")]:
            text = file.read_text(encoding="utf-8")
            imported = set(re.findall(r"^\s*(?:from|import) flowdsl\.(\w+)", text, re.MULTILINE))
            assert imported <= allowed, file


def test_every_path_that_it_names_is_there() -> None:
    named = re.findall(r"`((?:[\w.]+/)+[\w.]*)`", TEXT)
    assert len(named) > 25
    for name in named:
        if name.startswith("flowdsl/shipped/"):  # where the wheel has what stands elsewhere here
            continue
        places = [folder / name for folder in (ROOT, PACKAGE, PACKAGE / "deploy", ROOT / "docs")]
        assert any(place.exists() or place.with_suffix(".py").exists() for place in places), name


def test_what_compiles_imports_nothing_that_reaches_outside() -> None:
    reached = {
        (name, imported.partition(".")[0])
        for name, tree in list_modules(*COMPILING, naming=rf"\b(?:{OUTSIDE.pattern})\b")
        for imported in list_imports(tree)
        if OUTSIDE.fullmatch(imported.partition(".")[0])
    }
    assert reached == HARMLESS


def test_compiling_opens_no_file_and_asks_no_system() -> None:
    # A second witness: the interpreter's own audit of what a compilation does, once all modules
    # and the sentences are loaded.
    code = """
        import sys
        from pathlib import Path
        from flowdsl.compiler.pipeline import CompileOptions, compile_project
        from flowdsl.source.files import MemoryFiles
        flows = Path("examples/clinic/flows")
        texts = {file.relative_to(flows).as_posix(): file.read_text("utf-8")
                 for file in sorted(flows.rglob("*.flow"))}
        def compiled():
            return compile_project(MemoryFiles(texts), sorted(texts), CompileOptions())
        first = compiled()
        assert first.bundle is not None, first.analysis.diagnostics
        asked = []
        sys.addaudithook(lambda event, _: asked.append(event))
        second = compiled()
        asked = [event for event in asked if event.partition(".")[0] in
                 ("open", "os", "socket", "subprocess", "shutil", "tempfile", "time", "glob")]
        assert repr(first.bundle) == repr(second.bundle)
        print(asked)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("room", ["planning", "comparison"])
def test_planning_and_comparison_are_pure(room: str) -> None:
    forbidden = ("flowdsl.cyberdesk.client", "flowdsl.state.stores", "flowdsl.host", "asyncio")
    for name, tree in list_modules(f"deploy/{room}"):
        waits = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
        assert waits == [], f"{name} awaits something"
        reached = [each for each in list_imports(tree) if each.startswith(forbidden)]
        assert reached == [], name


def test_only_resources_build_bodies_of_requests() -> None:
    builders = {
        name
        for name, tree in list_modules("deploy", naming=r"flowdsl\.cyberdesk\.models")
        for imported in list_imports(tree)
        if re.fullmatch(r"flowdsl\.cyberdesk\.models\.\w+\.\w+(Create|Patch)", imported)
    }
    # A version of a workflow is compared in the form that the service would be sent.
    assert {name for name in builders if not name.startswith("deploy/resources/")} == {
        "deploy/comparison/versions.py"
    }


def test_the_command_line_and_the_api_do_not_know_each_other() -> None:
    for package, other in (("cli", "flowdsl.api"), ("api", "flowdsl.cli")):
        for name, tree in list_modules(package, naming=re.escape(other)):
            assert not [each for each in list_imports(tree) if each.startswith(other)], name


def test_a_document_of_state_is_written_by_whoever_holds_its_lease() -> None:
    writers = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if re.search(r"\b_?store\.write\b", file.read_text(encoding="utf-8"))
    }
    writers = {name for name in writers if not name.startswith("emulator/")}
    assert writers == {"state/held.py", "state/lease.py"}


def _read_section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/architecture.md has no section `{title}`"
    return found[1]


def test_every_step_of_a_walk_is_a_function() -> None:
    steps = re.findall(r"^\d+\. `([\w.]+)`", _read_section("Five walks"), re.MULTILINE)
    assert len(steps) > 25
    for step in steps:
        module, _, name = f"flowdsl.{step}".rpartition(".")
        try:
            owner = importlib.import_module(module)
        except ModuleNotFoundError:
            outer, _, class_name = module.rpartition(".")
            owner = getattr(importlib.import_module(outer), class_name)
        assert callable(getattr(owner, name, None)), f"`{step}` is no function"
