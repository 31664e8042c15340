"""Text files that declarations name, each read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowdsl.syntax import ast

from .. import errors
from ..model import RowsFile
from ..modules import project_path, read_text
from ..program import ModuleScope
from ..values.expressions import key_text


def load_text(scope: ModuleScope, written: ast.StringLit) -> str | None:
    """Return the project path of a text file that the source names; None if it is unreadable.

    In that case it is reported; otherwise its content is kept in `program.texts`.
    """
    program = scope.program
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


def rows_file(scope: ModuleScope, rows: ast.GivenRows) -> RowsFile | None:
    """Return the file that `rows` names; None, with a report, if it cannot be used."""
    if rows.word.text != "rows":
        scope.report(errors.NO_ROWS, rows.word, word=rows.word.text)
        return None
    path = load_text(scope, rows.path)
    return None if path is None else RowsFile(path, rows.path.span(scope.source))


def collect_rows_files(
    scope: ModuleScope, value: ast.ObjectExpr | None, rows: Iterable[ast.GivenRows]
) -> Iterator[tuple[str, RowsFile | None]]:
    """Yield the files that a record names besides its values; None for one that is reported.

    A repeated name is reported, and its first occurrence counts.
    """
    pairs = () if value is None else value.pairs
    first: dict[str, ast.Node] = {key_text(pair.key): pair.key for pair in pairs}
    for each in rows:
        file, name = rows_file(scope, each), each.name.text
        if scope.is_first(first, name, each.name, errors.DUPLICATE_FIELD, "set"):
            yield name, file
