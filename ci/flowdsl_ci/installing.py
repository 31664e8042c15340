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

_RELEASE = re.compile(
    r"([0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc|\.post|\.dev)[0-9]+)*)((?: sha256:[0-9a-f]{64})*)"
)
"""A release with the digests of its wheels, such as `1.2.0 sha256:5f70bf18…`."""

_REQUIREMENTS = Path("ci") / "requirements.txt"
"""What FlowDSL needs, its build included: exact versions with the digests of their files."""


def executable(version: str, source: Path, scratch: Path, environ: Mapping[str, str]) -> str:
    """The path of `flowdsl`, installed into `scratch`; raises `JobError`.

    `version` is empty for the files in `source`, `installed` for the one on PATH, or a release in
    the package index with the digest of its wheel. What is installed is fixed by `source`, whose
    commit somebody reviewed, and by `version`: pip takes wheels alone, each with a known digest,
    and builds nothing but `source`, with the build tools that came the same way.
    """
    if version == INSTALLED:
        found = shutil.which("flowdsl", path=environ.get("PATH", ""))
        if found is None:
            raise JobError("there is no `flowdsl` on PATH; leave `version` out to install it")
        return str(Path(found).absolute())
    release = _read_release(version) if version else None
    windows = sys.platform == "win32"
    binaries = scratch / "venv" / ("Scripts" if windows else "bin")
    python = str(binaries / ("python.exe" if windows else "python"))

    def install(*arguments: str, otherwise: str = "FlowDSL cannot be installed") -> None:
        # Isolated, because `-m pip` would import a folder `pip` of the repository.
        command = [python, "-I", "-m", "pip", "--disable-pip-version-check", *arguments]
        _expect(run(command, folder=scratch, environ=fetching(environ)), otherwise)

    creation = [sys.executable, "-I", "-m", "venv", str(scratch / "venv")]
    _expect(run(creation, folder=scratch, environ=bare(environ)))
    hashed = ("install", "--quiet", "--no-input", "--require-hashes", "--only-binary", ":all:")
    install(*hashed, "-r", str(source / _REQUIREMENTS))
    if release is None:
        unfetched = ("install", "--quiet", "--no-input", "--no-index", "--no-deps")
        install(*unfetched, "--no-build-isolation", str(source))
    else:
        wanted = scratch / "release.txt"
        wanted.write_text(release, encoding="utf-8")
        install(*hashed, "--no-deps", "-r", str(wanted))
        # The release may need what the reviewed commit does not fix.
        number = version.split()[0]
        needs = f"FlowDSL {number} needs other versions than this commit of it fixes"
        install("check", otherwise=f"{needs}; name the commit of {number} in the pipeline")
    return os.fspath(binaries / ("flowdsl.exe" if windows else "flowdsl"))


def _read_release(version: str) -> str:
    """The line of a requirements file that names a release and its digests."""
    form = _RELEASE.fullmatch(version)
    if form is None:
        raise JobError(
            f"{version!r} is not a version of FlowDSL with the digest of its wheel, such as"
            " `1.2.0 sha256:5f70…`, nor `installed`"
        )
    number, digests = form[1], form[2].split()
    if not digests:
        raise JobError(
            f"`version: {number}` leaves open which files are installed: write `{number} sha256:…`"
            f" with the digest that `pip download --no-deps flowdsl=={number} && pip hash *.whl`"
            " prints"
        )
    return " ".join([f"flowdsl=={number}", *(f"--hash={digest}" for digest in digests)]) + "\n"


def _expect(code: int, otherwise: str = "FlowDSL cannot be installed") -> None:
    if code:
        raise JobError(otherwise, 1)
