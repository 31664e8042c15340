"""Collect what the worker runs in the folder `code`, and the examples in `examples.json`.

`python pack.py FOLDER`. The code is the package of the checkout without what needs a network or a
database, `bridge.py`, and what stands in for native packages.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LEFT_OUT = {"api", "cyberdesk", "decompile", "deploy", "emulator", "lsp", "runs", "state"}
OPENED = {
    "accounts-payable": "flows/invoice_batch.flow",
    "claims-reports": "flows/claims_export.flow",
    "clinic": "flows/patient_lookup.flow",
}


def pack_code(target: Path) -> None:
    """Copy the sources."""
    package = ROOT / "flowdsl"
    files = {name: HERE / "src" / name for name in ("bridge.py", "jsonschema_rs.py", "re2.py")}
    for path in sorted(package.rglob("*")):
        parts = path.relative_to(package).parts
        if path.is_file() and "__pycache__" not in parts and parts[0] not in LEFT_OUT:
            files["/".join(("flowdsl", *parts))] = path
    reference = "docs/language-reference.md"  # what a word of the language is, for a hover
    files[f"flowdsl/shipped/{reference}"] = ROOT / reference
    for name, path in files.items():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())


def pack_examples(target: Path) -> None:
    """Write the examples: their names, their files, and the file that is opened."""
    examples = []
    for name, opens in OPENED.items():
        folder = ROOT / "examples" / name
        files = {
            path.relative_to(folder).as_posix(): (
                path.read_text("utf-8")
                if path.suffix in (".flow", ".toml")
                else {"base64": base64.b64encode(path.read_bytes()).decode()}
            )
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".flowdsl" not in path.parts
        }
        examples.append({"name": name, "opens": opens, "files": files})
    target.write_text(json.dumps(examples, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    pack_code(Path(sys.argv[1]) / "code")
    pack_examples(Path(sys.argv[1]) / "examples.json")
