"""The server in a real editor: Neovim without a screen, with the configuration that users get."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.editing.project import make_project
from tests.support.effort import only_thorough

ROOT = Path(__file__).parents[2]
SAID = """\
hover: input rental: string
definition: 3
references: 3
highlights: 2
completion: password
signature: task sign_in(user: string, secret password: string)
symbols: 2
project symbols: 1
tokens: true
folds: true
hints: 1
lenses: 2
links: 1
prompt: cost
finding: undeclared-name at column 25
action: Rename to `rental`
fixed:     do "😀😀 Look at {rental} 😀."
renamed: import { log_on } from "./yard.flow"
formatted:     call log_on(user: user, password: $password)
findings: 0
"""


@only_thorough
@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_every_feature_works_in_neovim(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    command = [sys.executable, "-P", "-m", "flowdsl", "lsp"]
    environment = os.environ | {
        "FLOWDSL_ROOT": str(project),
        "FLOWDSL_CONFIG": str(ROOT / "editors/neovim/flowdsl.lua"),
        "FLOWDSL_COMMAND": "\n".join(command),
        "XDG_STATE_HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
    }
    words = ["nvim", "--headless", "--clean", "-l", str(Path(__file__).with_name("neovim.lua"))]
    done = subprocess.run(
        words,
        env=environment,
        cwd=project,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.stdout, done.returncode) == (SAID, 0), done.stderr
