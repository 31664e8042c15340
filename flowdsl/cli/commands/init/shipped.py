"""The examples and the pipelines of `docs/ci`, which ship with the package."""

from __future__ import annotations

from flowdsl.explain.guides import find_shipped

EXAMPLES = {
    "clinic": "clinic",
    "accounts": "accounts-payable",
    "reports": "claims-reports",
}
"""The folder of each example, by its name on the command line."""

LOCAL_STATE = ".flowdsl"
"""The folder that deploying from a checkout leaves in an example; it is not copied."""


def read_example_files(name: str) -> dict[str, bytes]:
    """The files of an example by their POSIX paths."""
    folder = find_shipped("examples") / EXAMPLES[name]
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    files = {path.relative_to(folder).as_posix(): path for path in found}
    return {
        path: file.read_bytes()
        for path, file in files.items()
        if not path.startswith(f"{LOCAL_STATE}/")
    }


def read_pipeline_text(name: str) -> str:
    """The text of a file of `docs/ci`."""
    return find_shipped(f"docs/ci/{name}").read_text(encoding="utf-8")
