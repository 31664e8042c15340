"""The pages of the documentation that come with the package, as `flowdsl explain` prints them.

`llms.txt` lists them with a line each.
"""

from __future__ import annotations

import re
from pathlib import Path

_PACKED = Path(__file__).parents[1] / "shipped"
_CHECKOUT = Path(__file__).parents[2]
_COMMENT = re.compile(r"^<!-- .* -->\n", re.M)
"""What tells a test how a block is carried out."""
_ENTRY = re.compile(r"^- \[[^\]]*\]\(docs/([\w/-]+)\.md\): (.*)$", re.M)


def list_guides() -> dict[str, str]:
    """Return the line about each page by its name, such as `running`, in the order to read them."""
    listed = find_shipped("llms.txt").read_text(encoding="utf-8")
    return {
        name.removesuffix("/README"): line
        for name, line in _ENTRY.findall(listed)
        if _place_of(name).is_file()
    }


def read_guide(name: str) -> str | None:
    """Return the text of a page, or of one below it, such as `cookbook/reading`; None if none."""
    if re.fullmatch(r"\w[\w-]*(?:/\w[\w-]*)?", name) is None:
        return None
    if name.partition("/")[0] not in list_guides():
        return None
    for place in (_place_of(name), _place_of(f"{name}/README")):
        if place.is_file():
            return _COMMENT.sub("", place.read_text(encoding="utf-8"))
    return None


def read_shipped_page(name: str) -> str:
    """Return the text of a page that comes with the package."""
    return _place_of(name).read_text(encoding="utf-8")


def find_shipped(path: str) -> Path:
    """Return where a file or folder is that comes with the package: `examples`, `docs`, `llms.txt`.

    `path` leads there from the top of the repository. The wheel has them below `shipped`.
    """
    return (_PACKED if _PACKED.is_dir() else _CHECKOUT) / path


def _place_of(name: str) -> Path:
    return find_shipped(f"docs/{name}.md")
