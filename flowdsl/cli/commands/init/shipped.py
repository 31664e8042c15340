"""Files that ship with the package: the examples, and the pipelines of `docs/ci`.

In the repository they are in `examples` and `docs/ci`; `pyproject.toml` maps both into the wheel.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[3]
_PACKED = _PACKAGE / "shipped"
_CHECKOUT = _PACKAGE.parent

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
    folder = _find_packed_folder("examples", "examples") / EXAMPLES[name]
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    files = {path.relative_to(folder).as_posix(): path for path in found}
    return {
        path: file.read_bytes()
        for path, file in files.items()
        if not path.startswith(f"{LOCAL_STATE}/")
    }


def read_pipeline_text(name: str) -> str:
    """The text of a file of `docs/ci`."""
    return (_find_packed_folder("ci", "docs/ci") / name).read_text(encoding="utf-8")


def _find_packed_folder(packed: str, checkout: str) -> Path:
    """Find a folder of the wheel, or of the checkout that is running."""
    folder = _PACKED / packed
    return folder if folder.is_dir() else _CHECKOUT / checkout
