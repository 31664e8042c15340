"""Text files that declarations name, each read once."""

from __future__ import annotations

from flowdsl.syntax import ast

from .. import errors
from ..modules import project_path, read_text
from ..program import ModuleScope, Program


def load_text(program: Program, scope: ModuleScope, written: ast.StringLit) -> str | None:
    """The project path of a text file that the source names; None, reported, when unreadable.

    Its content is kept in `program.texts`.
    """
    outside = errors.FILE_OUTSIDE_PROJECT
    path = project_path(scope.source, written, outside, program.sink)
    if path is None:
        return None
    if path not in program.texts:
        text = read_text(program.files, path, written.span(scope.source), program.sink)
        if text is None:
            return None
        program.texts[path] = text
    return path
