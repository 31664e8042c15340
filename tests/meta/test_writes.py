"""All files that the program writes are written in `flowdsl/host/writing.py` and `folders.py`.

They go by opened folders and follow no link. Whoever opened, renamed, made or deleted a file
elsewhere would follow the links of a project that somebody else wrote.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.rows import in_rows

PACKAGE = Path(__file__).parents[2] / "flowdsl"

PLACES = ("host/folders.py", "host/writing.py")

EXCEPTIONS = {
    "state/stores/git_commands.py": (
        {"tempfile.mkdtemp", "shutil.rmtree"},
        "a folder with a random name, which nobody else can enter, for git alone",
    ),
    "cli/commands/convert/steps.py": (
        {"tempfile.TemporaryDirectory", ".write_text"},
        "statements for an editor, in a folder with a random name that nobody else can enter",
    ),
    "runs/batches/folder.py": (
        {"os.O_RDWR", "os.O_APPEND", "os.O_CREAT", "os.O_EXCL", "os.ftruncate", "fdopen to write"},
        "ledgers, by descriptors that `folders` opens",
    ),
    "emulator/store.py": (
        {"create_engine"},
        "SQLite opens by path; `writing.make_database` makes the file, and a check follows",
    ),
    "emulator/faults.py": ({".replace"}, "a list of faults in place of another"),
    "emulator/routes/control.py": ({".replace"}, "a list of faults in place of another"),
    "__main__.py": ({"os.O_RDWR", "fdopen to write"}, "`os.devnull` in place of a closed stream"),
    "lsp/server.py": ({"fdopen to write"}, "the standard output, by another descriptor"),
    "cli/runtime/console.py": (
        {"os.O_WRONLY", ".write_bytes"},
        "`os.devnull` in place of a closed stream; a stream of the console",
    ),
}
"""What else may change files: the calls, and why."""

_OS = """
rename renames replace unlink remove mkdir makedirs rmdir removedirs link symlink chmod chown lchmod
lchown truncate ftruncate utime mkfifo mknod setxattr
"""
_SHUTIL = """
copy copy2 copyfile copyfileobj copymode copystat copytree move rmtree make_archive unpack_archive
chown
"""
_TEMPFILE = """
mkdtemp mkstemp TemporaryFile NamedTemporaryFile SpooledTemporaryFile TemporaryDirectory
"""
_METHODS = """
write_text write_bytes mkdir unlink rename touch rmdir symlink_to hardlink_to chmod lchmod
extractall
"""
FUNCTIONS = {
    "os": frozenset(_OS.split()),
    "shutil": frozenset(_SHUTIL.split()),
    "tempfile": frozenset(_TEMPFILE.split()),
    "sqlite3": frozenset({"connect"}),
    "io": frozenset({"FileIO"}),
}
FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC", "O_EXCL", "O_TMPFILE"}
METHODS = frozenset(_METHODS.split())
OPENING = {"open", "fdopen", "FileHandler"}
_SIGNS = (
    *(f"os.{name}" for name in FUNCTIONS["os"]),
    *(f".{name}(" for name in METHODS),
    *(
        "os.O_",
        '"O_',
        "from os import",
        "shutil",
        "tempfile",
        "sqlite3",
        "FileIO",
        "create_engine(",
    ),
    *("open(", "FileHandler("),
)
_REPLACE = re.compile(r"\.replace\([^,()]*\)")
"""With `_SIGNS`, what stands in every module that changes files: to parse all takes seconds."""


def changes(source: str) -> Iterator[str]:
    """What in a module can change files, as the words of `EXCEPTIONS`."""
    if not any(sign in source for sign in _SIGNS) and _REPLACE.search(source) is None:
        return
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module in FUNCTIONS:
                for each in names:
                    if each.name in FUNCTIONS[module] | FLAGS:
                        yield f"{module}.{each.name}"
            case ast.Constant(value=str(word)) if word in FLAGS:
                yield f"os.{word}"
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in FUNCTIONS.get(
                module, ()
            ) or (module == "os" and name in FLAGS):
                yield f"{module}.{name}"
            case ast.Call(func=ast.Name(id="create_engine")):
                yield "create_engine"
            case ast.Call(func=ast.Name(id=name)) if name in OPENING:
                yield from _opening(node, name, 1)
            case ast.Call(func=ast.Attribute(value=owner, attr=name)):
                module = owner.id if isinstance(owner, ast.Name) else ""
                if module in FUNCTIONS and name not in OPENING:
                    continue  # as an attribute, above
                if name in METHODS:
                    yield f".{name}"
                elif name == "replace" and len(node.args) == 1 and not node.keywords:
                    yield ".replace"  # of a path: that of a text takes two
                elif name in OPENING and (module, name) != ("os", "open"):
                    known = module in ("os", "io", "logging")
                    yield from _opening(node, name, 1 if known else 0, sure=known)
            case _:
                pass


def _opening(call: ast.Call, name: str, place: int, *, sure: bool = True) -> Iterator[str]:
    """What a call changes that opens a file with a mode, which is its argument at `place`.

    A mode that is not written out is one to write with, if it is `sure` that it is a mode.
    """
    named = [each.value for each in call.keywords if each.arg == "mode"]
    mode = next(iter(named), call.args[place] if len(call.args) > place else ast.Constant("r"))
    if isinstance(mode, ast.Constant):
        writes = not set("wax+").isdisjoint(str(mode.value))
    else:
        writes = sure or bool(named)
    if writes:
        yield f"{name} to write"


def modules() -> dict[str, str]:
    return {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def test_no_other_module_changes_files() -> None:
    found = {name: set(changes(source)) for name, source in modules().items() if name not in PLACES}
    allowed = {name: words for name, (words, _) in EXCEPTIONS.items()}
    assert {name: words for name, words in found.items() if words} == {
        # `fdopen` of what `OpenFolder.create` opened.
        "runs/attachments.py": {"fdopen to write"},
        **allowed,
    }, "write with `flowdsl.host.writing`, which follows no link"


def test_the_places_are_where_files_are_changed() -> None:
    for name in PLACES:
        assert set(changes((PACKAGE / name).read_text(encoding="utf-8")))


@in_rows(
    "line",
    [
        'open("a", "w")',
        'open("a", mode="ab")',
        "open(path, mode=mode)",
        'Path("a").open("x")',
        'os.fdopen(1, "r+b")',
        "os.open(path, os.O_RDWR)",
        'os.open(path, getattr(os, "O_CREAT"))',
        "os.replace(a, b)",
        "move = os.rename",
        "from os import unlink",
        "Path(a).write_text(b)",
        "path.replace(other)",
        "shutil.copytree(a, b)",
        "tempfile.NamedTemporaryFile()",
        "sqlite3.connect(path)",
        "logging.FileHandler(path, 'a')",
    ],
)
def test_a_change_is_noticed(line: str) -> None:
    assert list(changes(line))


@in_rows(
    "line",
    ['open("a")', 'open("a", "rb")', "os.fdopen(1)", 'text.replace("a", "b")', "os.stat(path)"],
)
def test_reading_is_no_change(line: str) -> None:
    assert not list(changes(line))
