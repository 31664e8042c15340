"""The reference in `docs/reference`, made of the pages.

`python -m tools.reference --write` makes it anew, `--check` says which files are stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

from flowdsl.catalog import diagnostics
from flowdsl.diagnostics.diagnostic import CATEGORY_SEVERITY
from flowdsl.explain.page import page_of
from flowdsl.lint.rules import RULES

FOLDER = Path(__file__).parents[1] / "docs" / "reference"


def reference() -> dict[str, str]:
    """Every file of the reference by its name."""
    specs = diagnostics()
    rules = {rule.name for rule in RULES}
    lines = [
        "# Diagnostics and rules",
        "",
        "Made by `python -m tools.reference --write`. `flowdsl explain NAME` shows the same pages.",
        "Names in italics are lint rules: `[lint]` of `flowdsl.toml` selects them.",
    ]
    for category in CATEGORY_SEVERITY:
        found = [spec for spec in specs.values() if spec.category == category]
        if found:
            lines += ["", f"## {category}", "", "| Name | Severity |", "|---|---|"]
        for spec in found:
            mark = "*" if spec.name in rules else ""
            lines.append(f"| {mark}[{spec.name}]({spec.name}.md){mark} | {spec.severity} |")
    pages = {f"{name}.md": page_of(name).markdown for name in specs}
    return {"README.md": "\n".join(lines) + "\n", **pages}


def main(words: list[str]) -> int:
    """Write the reference, or name its stale files; returns the exit code."""
    wanted = reference()
    present = {path.name for path in FOLDER.glob("*.md")}
    stale = [name for name in sorted(present | set(wanted)) if not _fresh(name, wanted.get(name))]
    if words == ["--write"]:
        FOLDER.mkdir(exist_ok=True)
        for name in stale:
            if name in wanted:
                (FOLDER / name).write_text(wanted[name], encoding="utf-8", newline="\n")
            else:
                (FOLDER / name).unlink()
        return 0
    if words != ["--check"]:
        sys.stderr.write("usage: python -m tools.reference --write | --check\n")
        return 64
    for name in stale:
        sys.stderr.write(f"docs/reference/{name} is stale; run this with `--write`\n")
    return 1 if stale else 0


def _fresh(name: str, wanted: str | None) -> bool:
    path = FOLDER / name
    return wanted is not None and path.exists() and path.read_text(encoding="utf-8") == wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
