"""Files that the package brings along: the examples, and the pipelines of `docs/ci`.

In the repository they have one place each, `examples` and `docs/ci`; `pyproject.toml` maps both
into the wheel.
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
"""The folder of each example, by the word that asks for it."""

LOCAL_STATE = ".flowdsl"
"""What deploying from a checkout leaves in an example."""


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
    """A folder of the wheel, or that of a checkout it is made of."""
    folder = _PACKED / packed
    return folder if folder.is_dir() else _CHECKOUT / checkout
