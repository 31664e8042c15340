"""Installs the command line that the job calls."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from .errors import JobError
from .process import run
from .process_environment import bare, fetching

INSTALLED = "installed"
"""The version that stands for the one on PATH."""

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc|\.post|\.dev)[0-9]+)*")


def executable(version: str, source: Path, scratch: Path, environ: Mapping[str, str]) -> str:
    """The path of `flowdsl`, installed into `scratch`; raises `JobError`.

    `version` is empty for the files in `source`, `installed` for the one on PATH, or a release in
    the package index.
    """
    if version == INSTALLED:
        found = shutil.which("flowdsl", path=environ.get("PATH", ""))
        if found is None:
            raise JobError("there is no `flowdsl` on PATH; leave `version` out to install it")
        return str(Path(found).absolute())
    if version and not _VERSION.fullmatch(version):
        raise JobError(f"{version!r} is not a version of FlowDSL, such as `1.2.0`, nor `installed`")
    wanted = f"flowdsl[cloud]=={version}" if version else f"{source}[cloud]"
    pins = [] if version else ["-c", str(source / "constraints.txt")]
    folder = scratch / "venv"
    windows = sys.platform == "win32"
    binaries = folder / ("Scripts" if windows else "bin")
    python = str(binaries / ("python.exe" if windows else "python"))
    # Isolated, because `-m pip` would import a folder `pip` of the repository.
    _expect(
        run(
            [sys.executable, "-I", "-m", "venv", str(folder)], folder=scratch, environ=bare(environ)
        )
    )
    _expect(
        run(
            [
                python,
                "-I",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-input",
                *pins,
                wanted,
            ],
            folder=scratch,
            environ=fetching(environ),
        )
    )
    return os.fspath(binaries / ("flowdsl.exe" if windows else "flowdsl"))


def _expect(code: int) -> None:
    if code:
        raise JobError("FlowDSL cannot be installed", 1)
