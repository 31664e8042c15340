"""Write the colours of Sublime Text, which reads the TextMate grammar of VS Code as a plist.

`python -m tools.sublime --write` makes `editors/sublime/FlowDSL.tmLanguage`; `--check` says whether
it is stale.
"""

from __future__ import annotations

import json
import plistlib
import sys
from pathlib import Path

from .made import write_or_check

EDITORS = Path(__file__).parents[1] / "editors"
TARGET = EDITORS / "sublime" / "FlowDSL.tmLanguage"


def make_plist() -> str:
    """Return the grammar as a property list."""
    source = EDITORS / "vscode" / "syntaxes" / "flow.tmLanguage.json"
    return plistlib.dumps(json.loads(source.read_text("utf-8"))).decode()


if __name__ == "__main__":
    sys.exit(write_or_check(sys.argv[1:], "tools.sublime", TARGET, make_plist()))
