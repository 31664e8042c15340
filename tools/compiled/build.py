"""Compile the core with mypyc: a copy of the sources in, extension modules out.

    HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 pip wheel --no-deps -w DIST .

makes a wheel for this Python and platform. It has the same `.py` files as the pure one, and beside
each module of `modules.MODULES` an extension, which Python imports in its place. Takes a C
compiler, which runs once at a time, and some two minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .modules import MODULES
from .records import BASE, BASE_TEXT, write_out_records

_PATCHES = {
    # Native classes are no `Record` to a type checker.
    "flowdsl/source/record.py": (
        ('TypeVar("_AnyRecord", bound=Record)', 'TypeVar("_AnyRecord")'),
        ("= record.__replace__(", "= cast(Any, record).__replace__("),
        ("import Any, TypeVar,", "import Any, TypeVar, cast,"),
    ),
    # The patterns of tests are made of pairs, too, and hold what is no expression.
    "flowdsl/syntax/ast.py": (
        (
            "    key: Name | StringLit\n    value: Expr\n",
            "    key: Name | StringLit\n    value: Any\n",
        ),
        ("from typing import TYPE_CHECKING\n", "from typing import TYPE_CHECKING, Any\n"),
    ),
}
"""What is changed in the copy beside the records, for the type checker."""

_MYPY = """[mypy]
strict = true
warn_unused_ignores = false
follow_imports = silent
ignore_missing_imports = true
"""
_BUILD = """
import sys
from mypyc.build import mypycify
from setuptools import setup

modules = sys.argv[1:]
made = mypycify(
    ["--config-file=mypy.ini", *modules], opt_level="1", debug_level="0", multi_file=True
)
sys.argv[1:] = ["build_ext", "--build-lib", "made"]
setup(name="flowdsl", packages=[], ext_modules=made)
"""


def compile_core(root: Path, folder: Path) -> list[Path]:
    """Compile the modules of the checkout `root`, and return the extensions, below `folder`.

    Raises `subprocess.CalledProcessError` where a compiler fails.
    """
    copy = folder / "copy"
    shutil.copytree(
        root / "flowdsl", copy / "flowdsl", ignore=shutil.ignore_patterns("__pycache__", "*.so")
    )
    prepare(copy)
    modules = [BASE, *MODULES]
    subprocess.run([sys.executable, "-c", _BUILD, *modules], cwd=copy, check=True)
    made: list[Path] = []
    for built in sorted((copy / "made").rglob("*")):
        if built.is_file():
            place = folder / built.relative_to(copy / "made")
            place.parent.mkdir(parents=True, exist_ok=True)
            made.append(Path(os.fspath(shutil.move(built, place))))
    return made


def prepare(copy: Path) -> None:
    """Change a copy of the sources into what mypyc compiles."""
    (copy / "mypy.ini").write_text(_MYPY, encoding="utf-8")
    (copy / BASE).write_text(BASE_TEXT, encoding="utf-8")
    for name, patches in _PATCHES.items():
        for old, new in patches:
            _patch(copy / name, old, new)
    for name in MODULES:
        path = copy / name
        path.write_text(write_out_records(path.read_text(encoding="utf-8")), encoding="utf-8")
    tables = re.findall(
        r"^        self\.(\w+): ",
        (copy / "flowdsl/semantics/program.py")
        .read_text(encoding="utf-8")
        .partition("class SideTables:")[2]
        .partition("\nclass ")[0],
        re.MULTILINE,
    )
    # A native class has no `__dict__`.
    _patch(copy / "flowdsl/semantics/semantic_model.py", "in vars(self):", f"in {tuple(tables)!r}:")


def _patch(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path}: `{old}` is not there any more")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
