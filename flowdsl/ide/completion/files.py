"""Names of files where a flow names one."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from flowdsl.source.files import SUFFIX, resolve_path, spell_flow_path

from ..session import Session
from .context import CompletionContext
from .items import FILE, Item


def complete_file_name(session: Session, path: str, context: CompletionContext) -> Iterator[Item]:
    """Yield the files that may stand in a text that names one: flows after an `import`."""
    assert context.text is not None
    written = context.text.removeprefix('"')
    folder = posixpath.dirname(path)
    is_import = context.words[:1] == ("import",)
    found: set[str] = set()
    if is_import:
        found = {each for each in session.entries if each != path}
    base = resolve_path(path, posixpath.join(posixpath.dirname(written), "x"))
    if base is not None:
        found |= {each for each in session.files.siblings(base) if each != path}
    for each in sorted(found):
        if is_import != each.endswith(SUFFIX):
            continue
        shown = spell_flow_path(each)
        if not shown.startswith("@"):
            shown = posixpath.relpath(each, folder or ".")
            shown = shown if shown.startswith("../") else f"./{shown}"
        if shown.startswith(written):
            yield Item(shown, FILE, insert=shown[len(written) :])
